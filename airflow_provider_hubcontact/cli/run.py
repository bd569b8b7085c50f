"""Runs a command, and turns what goes wrong into a sentence and an exit status."""

from __future__ import annotations

import logging
import os
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from airflow.providers.common.compat.sdk import AirflowException

from airflow_provider_hubcontact.cli.commands import check, ledger, plan, sandbox, schema, validate
from airflow_provider_hubcontact.cli.output import Output
from airflow_provider_hubcontact.client import HubSpotError
from airflow_provider_hubcontact.job.errors import SourceError
from airflow_provider_hubcontact.operators.errors import HubSpotSyncFailed, HubSpotSyncIncomplete
from airflow_provider_hubcontact.sync.rows.json_schema import InvalidSchema

COMMANDS: Mapping[str, Callable[[Namespace, Output], int]] = {
    "check": check,
    "schema": schema,
    "validate": validate,
    "plan": plan,
    "ledger": ledger,
    "sandbox": sandbox,
}

CANNOT, INTERRUPTED = 2, 130

CONTEXT = "_AIRFLOW_PROCESS_CONTEXT"
"""Airflow's variable: what this process is."""


def run(name: str, chosen: Namespace) -> int:
    """Run a command.

    :param name: of the command.
    :param chosen: its arguments.
    :return: 0 if all is well, 1 if a problem was found, 2 if it could not do its work.
    """
    output = Output(as_json=getattr(chosen, "json", False))
    try:
        with _as_a_program():
            return COMMANDS[name](chosen, output)
    except (HubSpotSyncFailed, HubSpotSyncIncomplete) as error:
        output.error(error, is_ours=True)
        return CANNOT
    except (HubSpotError, SourceError, InvalidSchema, AirflowException, OSError) as error:
        output.error(error)
        return CANNOT
    except KeyboardInterrupt:
        return INTERRUPTED


@contextmanager
def _as_a_program() -> Iterator[None]:
    """Let Airflow look connections up in its database too, and keep its log off the terminal.

    Airflow 2 logs to standard output, which is for what the command says.
    """
    disabled, context = logging.root.manager.disable, os.environ.get(CONTEXT)
    logging.disable(logging.WARNING)
    os.environ[CONTEXT] = context or "server"
    try:
        yield
    finally:
        logging.disable(disabled)
        if context is None:
            del os.environ[CONTEXT]
