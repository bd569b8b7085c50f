# SPDX-License-Identifier: Apache-2.0
"""The output of a command: tables for people, JSON for machines."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import IO, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from airflow_provider_hubcontact.printable import printable, printable_json


class Output:
    """Writes to standard output. Progress is shown on standard error, if that is a terminal.

    :param as_json: whether the command writes one JSON document instead of tables.
    """

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self._console = _console()

    def json(self, document: object) -> None:
        r"""Write a JSON document, with what the output's encoding lacks as ``\uXXXX``."""
        text = printable_json(document)
        try:
            text.encode(sys.stdout.encoding or "utf-8")
        except UnicodeEncodeError:
            text = json.dumps(json.loads(text), indent=2)
        sys.stdout.write(text + "\n")

    def facts(self, facts: Mapping[str, object]) -> None:
        """Write facts, one a line: name, value."""
        table = Table.grid(padding=(0, 2))
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for name, value in facts.items():
            table.add_row(_text(name, "bold"), _text(value))
        self._print(table)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Write a table. Values are never read as markup."""
        table = Table(box=None, header_style="bold", pad_edge=False)
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*("" if cell is None else _text(cell) for cell in row))
        self._print(table)

    def line(self, text: str = "") -> None:
        """Write a line."""
        self._console.print(_text(text))

    def _print(self, table: Table) -> None:
        """Write a table; only on a terminal, whose lines end, its last column is filled up with blanks."""
        if self._console.file.isatty():
            self._console.print(table)
            return
        with self._console.capture() as captured:
            self._console.print(table)
        sys.stdout.write("\n".join(line.rstrip() for line in captured.get().split("\n")))

    def error(self, text: str) -> None:
        """Write what went wrong, to standard error."""
        _console(sys.stderr).print(Text(f"error: {printable(text)}", "red"))

    def warning(self, text: str) -> None:
        """Write what may be wrong, to standard error."""
        _console(sys.stderr).print(Text(f"warning: {printable(text)}", "yellow"))

    @contextmanager
    def counting(self, total: int | None) -> Iterator[Callable[[], None]]:
        """Show on a terminal how far the records are, for as long as the context lasts.

        :param total: how many there are, if that is known.
        :return: to be called once for each record.
        """
        if not sys.stderr.isatty():
            yield _nothing
            return
        console = Console(stderr=True)
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            SpinnerColumn,
            TextColumn,
            TimeElapsedColumn,
        )

        columns = (
            SpinnerColumn(),
            TextColumn("records"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=console, transient=True) as progress:
            yield partial(progress.advance, progress.add_task("", total=total))


def _nothing() -> None:
    """Show nothing: the output is not a terminal."""


def _console(file: IO[str] | None = None) -> Console:
    """Open a console that folds long lines only on a terminal.

    A log reader could take the rest of a folded line for a command, such as ``::error``. Only the file itself
    knows whether it is a terminal: ``FORCE_COLOR``, which CI systems set, makes Rich take any for one.
    """
    console = Console(file=file, highlight=False, soft_wrap=True)
    if not console.file.isatty():
        console.width = UNLIMITED
    console.width = max(console.width, NARROWEST)
    return console


NARROWEST = 40
"""Width below which the terminal folds lines itself: Rich writes nothing at all where ``COLUMNS`` is 0."""


UNLIMITED = 1_000_000
"""Width of a console that folds no line."""


def _text(value: object, style: str = "") -> Text:
    """Return a value as text that is never read as markup."""
    return Text(printable(str(value), MAX_LENGTH), style)


MAX_LENGTH = 5_000
"""The most characters of a cell or a line that are shown."""


def counts(tally: Mapping[Any, int]) -> str:
    """Return counts as part of a sentence, the largest first."""
    ordered = sorted(tally.items(), key=lambda item: -item[1])
    return ", ".join(f"{count:,} {name}" for name, count in ordered) or "none"
