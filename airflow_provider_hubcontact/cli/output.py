"""What a command says: tables for people, JSON for machines."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from typing import IO, Any, TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table
from rich.text import Text

from airflow_provider_hubcontact.printable import printable, printable_json, printable_lines

Row = TypeVar("Row")


class Output:
    """Writes to standard output; progress goes to a terminal's standard error.

    :param as_json: one JSON document instead of tables.
    """

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self._console = _console()

    def json(self, document: object) -> None:
        """Write a JSON document."""
        sys.stdout.write(printable_json(document) + "\n")

    def facts(self, facts: Mapping[str, object]) -> None:
        """Write names and what is known of them."""
        table = Table.grid(padding=(0, 2))
        for name, value in facts.items():
            table.add_row(_text(name, "bold"), _text(value))
        self._console.print(table)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Write a table; values are data, and no markup."""
        table = Table(box=None, header_style="bold", pad_edge=False)
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*("" if cell is None else _text(cell) for cell in row))
        self._console.print(table)

    def line(self, text: str = "") -> None:
        """Write a line."""
        self._console.print(_text(text))

    def error(self, error: BaseException, *, is_ours: bool = False) -> None:
        """Write what went wrong, to standard error.

        :param is_ours: whether the lines of its text are ours.
        """
        said = printable_lines(str(error)) if is_ours else printable(str(error))
        _console(sys.stderr).print(Text(f"error: {said}", "red"))

    def progress(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Give the rows, and show on a terminal how far they are."""
        console = Console(stderr=True)
        columns = (
            SpinnerColumn(),
            TextColumn("records"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        total = len(rows) if isinstance(rows, Sized) else None
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
            yield from progress.track(rows, total=total)


def _console(file: IO[str] | None = None) -> Console:
    """Open a console whose lines are as long as they are, unless a person reads them.

    A line that is folded could go on with what a log reader takes for a command: ``::error``.
    """
    console = Console(file=file, highlight=False, soft_wrap=True)
    if not console.is_terminal:
        console.width = UNLIMITED
    return console


UNLIMITED = 1_000_000
"""Characters of a line."""


def _text(value: object, style: str = "") -> Text:
    """Return what is printed: data, and no markup."""
    return Text(printable(str(value), MOST), style)


MOST = 5_000
"""Characters of a cell, or a line."""


def counts(tally: Mapping[Any, int]) -> str:
    """Write counts as a sentence's part, the largest first."""
    ordered = sorted(tally.items(), key=lambda item: -item[1])
    return ", ".join(f"{count:,} {name}" for name, count in ordered) or "none"
