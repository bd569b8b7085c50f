"""The output of a command: tables for people, JSON for machines."""

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
    """Writes to standard output. Progress is shown on standard error, if that is a terminal.

    :param as_json: whether the command writes one JSON document instead of tables.
    """

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self._console = _console()

    def json(self, document: object) -> None:
        """Write a JSON document."""
        sys.stdout.write(printable_json(document) + "\n")

    def facts(self, facts: Mapping[str, object]) -> None:
        """Write facts, one a line: name, value."""
        table = Table.grid(padding=(0, 2))
        for name, value in facts.items():
            table.add_row(_text(name, "bold"), _text(value))
        self._console.print(table)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Write a table. Values are never read as markup."""
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
        """Write an error to standard error.

        :param error: the error.
        :param is_ours: whether we wrote its message, so that its line breaks are kept.
        """
        said = printable_lines(str(error)) if is_ours else printable(str(error))
        _console(sys.stderr).print(Text(f"error: {said}", "red"))

    def progress(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Yield rows, and show on a terminal how many have been read."""
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
    """Open a console that folds long lines only on a terminal.

    A log reader could take the rest of a folded line for a command, such as ``::error``.
    """
    console = Console(file=file, highlight=False, soft_wrap=True)
    if not console.is_terminal:
        console.width = UNLIMITED
    return console


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
