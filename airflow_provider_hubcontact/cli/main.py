"""``hubcontact``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import NoReturn

from airflow_provider_hubcontact import __version__
from airflow_provider_hubcontact.cli.definition import COMMANDS, SUMMARY, Command
from airflow_provider_hubcontact.printable import printable

COMMANDS_BY_NAME = {command.name: command for command in COMMANDS}


class _Parser(argparse.ArgumentParser):
    """Quotes arguments that it does not understand as printable text."""

    def error(self, message: str) -> NoReturn:
        """Print what is wrong, and exit."""
        super().error(printable(message))


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    whole = _Parser(prog="hubcontact", description=SUMMARY)
    whole.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    subparsers = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        own = subparsers.add_parser(command.name, help=command.help, description=command.description)
        for option in command.options:
            own.add_argument(*option.flags, **option.settings)
        own.set_defaults(command=command)
    return whole


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    :param arguments: the command line's, if None.
    :return: 0 if all is well, 1 if a problem was found, 2 if the command could not do its work.
    """
    given = sys.argv[1:] if arguments is None else list(arguments)
    if given[:1] == ["sandbox"]:  # its options are its own, and argparse would take them for ours
        chosen = argparse.Namespace(command=COMMANDS_BY_NAME["sandbox"], arguments=given[1:])
    else:
        chosen = parser().parse_args(given)
    wanted: Command = chosen.command
    return wanted.run(chosen)
