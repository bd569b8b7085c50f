# SPDX-License-Identifier: Apache-2.0
"""Runs a command, and turns what goes wrong into a sentence and an exit status."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from airflow_provider_hubcontact.cli import definition
from airflow_provider_hubcontact.cli.exit_status import CANNOT, INTERRUPTED, NOBODY_READS
from airflow_provider_hubcontact.cli.output import Output
from airflow_provider_hubcontact.cli.streams import leave
from airflow_provider_hubcontact.compat import CONTEXT
from airflow_provider_hubcontact.job.errors import PreflightError, SetupError
from airflow_provider_hubcontact.printable import printable_lines
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
        _check_given(name, chosen)
        with _as_a_program():
            status = int(import_module(f"{COMMANDS}.{name}").run(chosen, output))
        sys.stdout.flush()  # here, where a full disk can be told
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        leave()
        return NOBODY_READS
    except Exception as error:  # noqa: BLE001 - Python's own end has the status of a problem that was found
        for sentence in _sentences(error):
            output.error(sentence)
        return CANNOT
    return status


def _sentences(error: Exception) -> list[str]:
    """Return what kept a command from its work; of an error that nobody expects, write where it was, too."""
    if isinstance(error, PreflightError):
        return [f"{code_of_error(error)}: {problem}" for problem in error.problems]
    if isinstance(error, FileNotFoundError):
        return [_what_is_missing(error)]
    if isinstance(error, OSError):
        told = error.strerror or str(error)
        return [f"{error.filename}: {told}" if error.filename else told]
    if isinstance(error, _told_in_a_sentence()):
        return [coded(error)]
    sys.stderr.write(printable_lines(traceback.format_exc().rstrip()) + "\n")
    return [f"unexpected, please report it with the lines above: {type(error).__name__}: {error}"]


def _check_given(name: str, chosen: Namespace) -> None:
    """Check that no argument is empty, as ``"$FILE"`` is if nobody has set the variable.

    :raises SetupError: if one is.
    """
    command = next(each for each in definition.COMMANDS if each.name == name)
    for option in command.options if name != "sandbox" else ():  # whose arguments are its own
        flag = option.flags[0]
        value = getattr(chosen, flag.removeprefix("--").replace("-", "_"), None)
        if "" in (value if isinstance(value, list) else [value]):
            shown = flag if flag.startswith("-") else option.settings.get("metavar", flag.upper())
            raise SetupError(f"{shown} is empty: name something, or leave it out")


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
    return f"there is no file {named(str(path), _nearest_beside(path))}"


def _nearest_beside(path: Path) -> str | None:
    """Return the file that may be meant; a suffix that two names share makes them no more alike."""
    beside = [each.name for each in path.parent.iterdir()]
    stems = {Path(name).stem: name for name in beside if Path(name).suffix == path.suffix}
    meant = closest(path.stem, stems)
    return closest(path.name, beside) if meant is None and not stems else stems.get(meant or "")


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
