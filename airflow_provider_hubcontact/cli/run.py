# SPDX-License-Identifier: Apache-2.0
"""Runs a command, and turns what goes wrong into a sentence and an exit status."""

from __future__ import annotations

import logging
import os
import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from airflow_provider_hubcontact.cli.exit_status import CANNOT, INTERRUPTED
from airflow_provider_hubcontact.cli.output import Output
from airflow_provider_hubcontact.compat import CONTEXT
from airflow_provider_hubcontact.job.errors import PreflightError
from airflow_provider_hubcontact.sync.model.codes import code_of_error, coded
from airflow_provider_hubcontact.words import closest, named

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
    except FileNotFoundError as error:
        output.error(_what_is_missing(error))
        return CANNOT
    except OSError as error:
        output.error(
            f"{error.filename}: {error.strerror}" if error.filename and error.strerror else str(error)
        )
        return CANNOT
    except _told_in_a_sentence() as error:
        output.error(coded(error))
        return CANNOT


def _told_in_a_sentence() -> tuple[type[Exception], ...]:
    """Return the errors that are told in a sentence; Airflow's only if it was imported."""
    from airflow_provider_hubcontact.client import HubSpotError
    from airflow_provider_hubcontact.job.errors import PortalNotReady, SetupError, StateError

    ours = (HubSpotError, PortalNotReady, SetupError, StateError)
    if "airflow" not in sys.modules:
        return ours
    from airflow.providers.common.compat.sdk import AirflowException

    return (*ours, AirflowException)


def _what_is_missing(error: FileNotFoundError) -> str:
    """Return which file is not there, with the nearest one of its folder."""
    if not isinstance(error.filename, str | os.PathLike):
        return str(error)
    path = Path(error.filename)
    if not path.parent.is_dir():
        return f"there is no folder {path.parent}"
    beside = (each.name for each in path.parent.iterdir())
    return f"there is no file {named(str(path), closest(path.name, beside))}"


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
