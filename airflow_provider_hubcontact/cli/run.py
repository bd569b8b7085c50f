"""Runs a command, and turns what goes wrong into a sentence and an exit status."""

from __future__ import annotations

import logging
import os
import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

from airflow_provider_hubcontact.cli.exit_status import CANNOT, INTERRUPTED
from airflow_provider_hubcontact.cli.output import Output
from airflow_provider_hubcontact.compat import CONTEXT
from airflow_provider_hubcontact.job.errors import PreflightError
from airflow_provider_hubcontact.sync.model.codes import code_of_error, coded

COMMANDS = "airflow_provider_hubcontact.cli.commands"


def run(name: str, chosen: Namespace) -> int:
    """Run a command.

    :param name: of the command.
    :param chosen: its arguments.
    :return: 0 if all is well, 1 if a problem was found, 2 if it could not do its work.
    """
    output = Output(as_json=getattr(chosen, "json", False))
    try:
        with _as_a_program():
            return int(import_module(f"{COMMANDS}.{name}").run(chosen, output))
    except PreflightError as error:
        for problem in error.problems:
            output.error(f"{code_of_error(error)}: {problem}")
        return CANNOT
    except KeyboardInterrupt:
        return INTERRUPTED
    except _told_in_a_sentence() as error:
        output.error(coded(error))
        return CANNOT


def _told_in_a_sentence() -> tuple[type[Exception], ...]:
    """Return the errors that are told in a sentence; Airflow's only if it was imported."""
    from airflow_provider_hubcontact.client import HubSpotError
    from airflow_provider_hubcontact.job.errors import PortalNotReady, SetupError, StateError

    ours = (HubSpotError, PortalNotReady, SetupError, StateError, OSError)
    if "airflow" not in sys.modules:
        return ours
    from airflow.providers.common.compat.sdk import AirflowException

    return (*ours, AirflowException)


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
