# SPDX-License-Identifier: Apache-2.0
"""``hubcontact``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from airflow_provider_hubcontact import __version__
from airflow_provider_hubcontact.cli.definition import COMMANDS, SUMMARY, Command
from airflow_provider_hubcontact.cli.exit_status import CANNOT
from airflow_provider_hubcontact.cli.streams import make_ready
from airflow_provider_hubcontact.printable import printable
from airflow_provider_hubcontact.words import nearest

PROGRAM = "hubcontact"


UNLIMITED = 1_000_000
"""Width of a help text that folds no line."""


HELP_COLUMN = 32
"""Where the help of an option begins, if its lines are not folded."""


COMMANDS_BY_NAME = {command.name: command for command in COMMANDS}


class _Help(argparse.RawDescriptionHelpFormatter):
    """Folds lines as long as those of the terminal, and none where there is no terminal.

    :param prog: the program's name.
    """

    def __init__(self, prog: str) -> None:
        if sys.stdout.isatty():
            super().__init__(prog)
        else:
            super().__init__(prog, width=UNLIMITED, max_help_position=HELP_COLUMN)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        """Fold a description, whose lines are those of the source, and leave examples as they are."""
        if text.startswith("examples:"):
            return super()._fill_text(text, width, indent)
        return argparse.HelpFormatter._fill_text(self, text, width, indent)  # noqa: SLF001 - what it overrides


class _Parser(argparse.ArgumentParser):
    """Quotes arguments that it does not understand as printable text."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(formatter_class=_Help, **settings)

    def error(self, message: str) -> NoReturn:
        """Print what is wrong, and exit."""
        super().error(printable(message))


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    return _parsers()[0]


def _parsers() -> tuple[_Parser, dict[str, _Parser]]:
    """Return the parser of all commands, and that of each one by its name."""
    whole = _Parser(prog=PROGRAM, description=SUMMARY, epilog=_EPILOG)
    whole.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    subparsers = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    each: dict[str, _Parser] = {}
    for command in COMMANDS:
        own = each[command.name] = subparsers.add_parser(
            command.name,
            help=command.help,
            description=command.description,
            epilog=command.epilog(PROGRAM),
        )
        for option in command.options:
            own.add_argument(*option.flags, **option.settings)
        own.set_defaults(command=command)
    return whole, each


_EPILOG = "\n".join(
    (
        "examples:",
        *(f"  {PROGRAM} {command.examples[0][0]}" for command in COMMANDS),
        f"\n{PROGRAM} COMMAND --help tells all about a command.",
    )
)


def _parsed(given: Sequence[str]) -> argparse.Namespace:
    """Read a command line; what it does not understand is told with the nearest that there is."""
    whole, each = _parsers()
    if not given:
        # A script whose command is an empty variable must not end well.
        whole.print_help(sys.stderr)
        raise SystemExit(CANNOT)
    if not given[0].startswith("-") and given[0] not in each:
        wrong = f"there is no command {nearest(given[0], each)}" if given[0] else "the command is empty"
        whole.error(f"{wrong}; the commands are {', '.join(each)}")
    chosen, more = whole.parse_known_args(given)
    if more:
        own = each[chosen.command.name]
        known = [flag for option in chosen.command.options for flag in option.flags if flag.startswith("-")]
        told = (nearest(name.partition("=")[0], known) if name.startswith("-") else name for name in more)
        own.error(f"it does not take {', '.join(told)}")
    return chosen


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    :param arguments: the command line's, if None.
    :return: 0 if all is well, 1 if a problem was found, 2 if the command could not do its work.
    """
    make_ready()
    given = sys.argv[1:] if arguments is None else list(arguments)
    if given[:1] == ["sandbox"]:  # its options are its own, and argparse would take them for ours
        chosen = argparse.Namespace(command=COMMANDS_BY_NAME["sandbox"], arguments=given[1:])
    else:
        chosen = _parsed(given)
    wanted: Command = chosen.command
    return wanted.run(chosen)
