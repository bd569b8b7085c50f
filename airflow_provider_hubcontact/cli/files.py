# SPDX-License-Identifier: Apache-2.0
"""Records of a file or of standard input: CSV, JSON, JSON lines or Parquet."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
import sys
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from encodings.aliases import aliases
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

from airflow_provider_hubcontact.cli.looks import DELIMITERS, encoding_of, other_delimiter, other_encoding
from airflow_provider_hubcontact.job.errors import SourceError
from airflow_provider_hubcontact.operators.sources.database_errors import lacking
from airflow_provider_hubcontact.operators.sources.drivers import driver_of
from airflow_provider_hubcontact.printable import printable
from airflow_provider_hubcontact.sync.rows.record_mapping import BadRow
from airflow_provider_hubcontact.words import counted, nearest

if TYPE_CHECKING:
    from _csv import Reader

CHUNK = 1_000


HEAD = 64 * 1024
"""Bytes of a file by which its encoding is checked."""


LONGEST_CELL = 16 * 1024 * 1024
"""The most characters of a cell. What is too long for a property makes its own row invalid, and no other."""


STANDARD_INPUT = "-"


class Form(NamedTuple):
    """How a file is written, as far as options say so.

    :param format: one of :data:`FORMATS`; None for that of the suffix, and CSV for standard input.
    :param delimiter: between the cells of CSV; None for a comma.
    :param encoding: of a text; None for UTF-8.
    """

    format: str | None = None
    delimiter: str | None = None
    encoding: str | None = None

    @classmethod
    def of(cls, chosen: Namespace) -> Form:
        """Return what a command's options say."""
        return cls(chosen.format, chosen.delimiter, chosen.encoding)

    @property
    def options(self) -> list[str]:
        """The options that were given."""
        return [f"--{name}" for name, value in self._asdict().items() if value is not None]


UNSAID = Form()
"""The form of a file of which no option says anything."""


class _File(NamedTuple):
    """A file that is read.

    :param name: as it is told.
    :param path: None for standard input.
    :param delimiter: between cells.
    :param encoding: of its text.
    """

    name: str
    path: Path | None
    delimiter: str
    encoding: str

    @property
    def is_no_text(self) -> str:
        """The beginning of an error about its encoding."""
        return f"{self.name} is not text in {self.encoding.removesuffix('-sig')}"


@contextmanager
def records_in(file: str, form: Form = UNSAID) -> Iterator[Iterable[object]]:
    """Open a file of records.

    :param file: its path; its suffix tells its format unless the form does. ``-`` is standard input.
    :param form: how it is written.
    :return: the records, for as long as the context lasts.
    :raises SourceError: if it is not such a file, or has nothing in it.
    :raises OSError: if it is not there.
    """
    is_input = file == STANDARD_INPUT
    name = "standard input" if is_input else printable(file)
    chosen = form.format or _format_of(file)
    if useless := {*form.options} - {"--format", *_OPTIONS[chosen]}:
        raise SourceError(f"no effect on {chosen}: {', '.join(sorted(useless))}")
    source = _File(
        name, None if is_input else Path(file), _delimiter(form.delimiter), _encoding(form.encoding)
    )
    try:
        yield _READERS[chosen](source)
    except UnicodeDecodeError as error:
        raise SourceError(f"{source.is_no_text}: {error.reason}{_hint(encoding_of(error.object))}") from error
    except UnicodeError as error:
        raise SourceError(f"{source.is_no_text}: {error}") from error


def _format_of(file: str) -> str:
    """Return the format that a file's name tells.

    :raises SourceError: if it tells none.
    """
    if file == STANDARD_INPUT:
        return "csv"
    path = Path(file)
    if path.is_dir():
        raise SourceError(f"{printable(file)} is a folder, not a file")
    found = _SUFFIXES.get(path.suffix.lower())
    if found is None:
        raise SourceError(
            f"{printable(file)}: the suffix must be one of {', '.join(_SUFFIXES)}, or --format must "
            "tell what it is"
        )
    return found


def _delimiter(given: str | None) -> str:
    """Read ``--delimiter``.

    :raises SourceError: if it cannot stand between cells.
    """
    if given is None:
        return ","
    meant = {"tab": "\t", "\\t": "\t"}.get(given.lower(), given)
    if len(meant) != 1 or meant in '"\r\n':
        raise SourceError(f"--delimiter must be one character, or tab, not {given!r:.100}")
    return meant


def _encoding(given: str | None) -> str:
    """Read ``--encoding``. A mark at the beginning of UTF-8 is not a part of the text.

    :raises SourceError: if there is no such encoding of texts.
    """
    try:
        name = codecs.lookup(given or "utf-8").name
        "".encode(name)  # some codecs are not about text
    except (LookupError, ValueError):
        told = nearest(str(given), {*aliases, *aliases.values()} - {given})
        raise SourceError(f"--encoding: there is no encoding {told}") from None
    return "utf-8-sig" if name == "utf-8" else name


def _hint(looks: str | None) -> str:
    return f"; it looks like {looks}: say --encoding {looks}" if looks else ""


@contextmanager
def _text(source: _File) -> Iterator[TextIO]:
    """Open a file as text, whose line ends stay as they are.

    :raises SourceError: if it is empty, or certainly in another encoding.
    """
    if source.path is None:
        yield _checked(sys.stdin.buffer, source)
        return
    with source.path.open("rb", buffering=HEAD) as file:
        yield _checked(file, source)


def _checked(file: Any, source: _File) -> TextIO:
    head = file.peek(HEAD)
    if not head:
        raise SourceError(f"{source.name} is empty")
    if other := other_encoding(head, source.encoding):
        raise SourceError(f"{source.is_no_text}{_hint(other)}")
    return io.TextIOWrapper(file, encoding=source.encoding, newline="")


def _csv(source: _File) -> Iterator[object]:
    with _text(source) as file:
        first: list[str] = []
        for line in file:
            first.append(line)
            if line.strip("\r\n"):
                _check_headings(source, line)
                break
        # Not strict, a quotation mark that nobody closes would swallow the rows behind it.
        rows = csv.reader(chain(first, file), delimiter=source.delimiter, strict=True)
        usual = csv.field_size_limit(LONGEST_CELL)  # of the whole process
        try:
            yield from _rows_of_csv(source, rows)
        finally:
            csv.field_size_limit(usual)


def _check_headings(source: _File, line: str) -> None:
    """Look for another delimiter.

    :raises SourceError: if there is one, and not the one that is expected.
    """
    if other := other_delimiter(line, source.delimiter):
        shown = DELIMITERS[other]
        expected = DELIMITERS.get(source.delimiter, source.delimiter)
        raise SourceError(
            f"{source.name} has one column, {line.strip()!r:.200}: there is no {expected} between its "
            f"headings; it looks like {shown}: say --delimiter {shown if shown.isalnum() else repr(shown)}"
        )


def _rows_of_csv(source: _File, rows: Reader) -> Iterator[object]:
    lines = _Lines(source, rows)
    names = _headings(source, lines)
    for cells in lines:
        if len(cells) == len(names):
            yield {name: cell or None for name, cell in zip(names, cells, strict=True)}
        elif cells:  # else the line is blank
            told = f"{counted(len(cells), 'cell')}, but {counted(len(names), 'heading')}"
            yield BadRow(f"{told} (line {rows.line_num})")


class _Lines(Iterator[list[str]]):
    """The rows of a CSV file, as their cells.

    :param source: the file.
    :param rows: reads it.
    """

    def __init__(self, source: _File, rows: Reader) -> None:
        self._source = source
        self._rows = rows
        self._read = 0  # lines, at the end of the row before

    def __next__(self) -> list[str]:
        """Return the cells of the next row.

        :raises SourceError: if it is not CSV: it cannot be told where the row ends, and so what follows it.
        """
        try:
            cells = next(self._rows)
        except csv.Error as error:
            first, last = self._read + 1, self._rows.line_num
            place = f"line {first:,}" if last <= first else f"lines {first:,} to {last:,}"
            why = _TOO_LONG if "field limit" in str(error) else str(error)
            raise SourceError(f"{self._source.name} is not CSV: {why}, in the row of {place}") from error
        self._read = self._rows.line_num
        return cells


_TOO_LONG = f"a cell has more than {LONGEST_CELL:,} characters: its quotation mark may not be closed"


def _headings(source: _File, rows: Iterator[list[str]]) -> list[str]:
    """Read the names of the columns.

    :raises SourceError: if there are none, or two columns share one.
    """
    names = next((row for row in rows if any(map(str.strip, row))), None)
    if names is None:
        raise SourceError(f"{source.name} is empty: its first line must have the names of the columns")
    if twice := sorted({name for name in names if names.count(name) > 1}):
        called = ", ".join(name or "'' (an empty heading)" for name in twice)
        raise SourceError(f"{source.name} has two columns called {printable(called)}")
    return names


def _json_lines(source: _File) -> Iterator[object]:
    has_any = False
    with _text(source) as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                has_any = True
                yield _parsed(line, f"{source.name}, line {number}")
    if not has_any:
        raise SourceError(f"{source.name} is empty")


def _json(source: _File) -> list[object]:
    with _text(source) as file:
        text = file.read()
    if not text.strip():
        raise SourceError(f"{source.name} is empty")
    document = _parsed(text, source.name)
    if not isinstance(document, list):
        raise SourceError(f"{source.name}: records must be a JSON array, not a {type(document).__name__}")
    return document


def _parsed(text: str, place: str) -> Any:
    """Read JSON; an object that has a name twice is a row that cannot be read.

    :raises SourceError: if it is not JSON.
    """
    try:
        return json.loads(text, object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{place} is not JSON: {error}") from error


def _object(pairs: list[tuple[str, object]]) -> Mapping[str, object] | BadRow:
    found = dict(pairs)
    return found if len(found) == len(pairs) else BadRow("an object that has a name twice")


def _parquet(source: _File) -> Iterator[Mapping[str, object]]:
    path = source.path
    if path is None:
        raise SourceError("Parquet is read from its end, which standard input does not have yet: name a file")
    try:
        import duckdb
    except ImportError as error:
        raise SourceError(
            "Parquet is read with DuckDB: pip install 'airflow-provider-hubcontact[parquet]'"
        ) from error
    path.stat()  # DuckDB's error would not say that it is not there
    try:
        with duckdb.connect() as connection:
            # A folder's name is not a column, and a file's not a pattern: it would name other files.
            result = connection.execute(
                "SELECT * FROM read_parquet(?, hive_partitioning=false)",
                [_PATTERN.sub("[\\g<0>]", str(path))],
            )
            names = [column[0] for column in result.description or ()]
            while rows := result.fetchmany(CHUNK):
                for row in driver_of(connection).read(rows):
                    yield dict(zip(names, row, strict=True))
    except duckdb.Error as error:
        raise SourceError(f"{path}: {lacking(error) or str(error).splitlines()[0]}") from error


_PATTERN = re.compile(r"[*?\[]")

_READERS: Mapping[str, Callable[[_File], Iterable[object]]] = {
    "csv": _csv,
    "json": _json,
    "jsonl": _json_lines,
    "parquet": _parquet,
}


_OPTIONS: Mapping[str, tuple[str, ...]] = {
    "csv": ("--delimiter", "--encoding"),
    "json": ("--encoding",),
    "jsonl": ("--encoding",),
    "parquet": (),
}
"""Format → the options that have an effect on it."""


_SUFFIXES = {".csv": "csv", ".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}
