"""Records of a file: CSV, JSON, JSON lines or Parquet."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_hubcontact.job.errors import SourceError
from airflow_provider_hubcontact.operators.sources.drivers import driver_of
from airflow_provider_hubcontact.printable import printable
from airflow_provider_hubcontact.sync.rows.record_mapping import BadRow

if TYPE_CHECKING:
    from _csv import Reader

CHUNK = 1_000


@contextmanager
def records_in(file: str) -> Iterator[Iterable[object]]:
    """Open a file of records.

    :param file: its path; its suffix tells its format.
    :return: the records, for as long as the context lasts.
    :raises SourceError: if it is not such a file.
    :raises OSError: if it is not there.
    """
    path = Path(file)
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise SourceError(f"{path}: the suffix must be one of {', '.join(_READERS)}")
    try:
        yield reader(path)
    except UnicodeError as error:
        raise SourceError(f"{path} is not text in UTF-8: {error}") from error


def _csv(path: Path) -> Iterator[object]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        # Not strict, a quotation mark that nobody closes would swallow the rows behind it.
        rows = csv.reader(file, strict=True)
        try:
            yield from _rows_of_csv(path, rows)
        except csv.Error as error:
            raise SourceError(
                f"{path} is not CSV: {error}, in the row that ends with line {rows.line_num:,}"
            ) from error


def _rows_of_csv(path: Path, rows: Reader) -> Iterator[object]:
    names = _headings(path, rows)
    for cells in rows:
        if len(cells) == len(names):
            yield {name: cell or None for name, cell in zip(names, cells, strict=True)}
        elif cells:  # else the line is blank
            yield BadRow(f"{len(cells)} cells, but {len(names)} headings (line {rows.line_num})")


def _headings(path: Path, rows: Reader) -> list[str]:
    """Read the names of the columns.

    :raises SourceError: if there are none, or two columns share one.
    """
    names = next(filter(None, rows), None)
    if names is None:
        raise SourceError(f"{path} is empty: its first line must have the names of the columns")
    if twice := sorted({name for name in names if names.count(name) > 1}):
        called = ", ".join(name or "'' (an empty heading)" for name in twice)
        raise SourceError(f"{path} has two columns called {printable(called)}")
    return names


def _json_lines(path: Path) -> Iterator[object]:
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield _parsed(line, f"{path}, line {number}")


def _json(path: Path) -> list[object]:
    document = _parsed(path.read_text(encoding="utf-8-sig"), str(path))
    if not isinstance(document, list):
        raise SourceError(f"{path}: records must be a JSON array, not a {type(document).__name__}")
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


def _parquet(path: Path) -> Iterator[Mapping[str, object]]:
    try:
        import duckdb
    except ImportError as error:
        raise SourceError(
            "Parquet is read with DuckDB: pip install 'airflow-provider-hubcontact[parquet]'"
        ) from error
    if not path.exists():
        raise FileNotFoundError(f"{path}: there is no such file")
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
        # What follows the first line is a traceback, where DuckDB lacks a module of Python.
        raise SourceError(f"{path}: {str(error).splitlines()[0]}") from error


_PATTERN = re.compile(r"[*?\[]")

_READERS: Mapping[str, Callable[[Path], Iterable[object]]] = {
    ".csv": _csv,
    ".json": _json,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".parquet": _parquet,
}
