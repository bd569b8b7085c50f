# SPDX-License-Identifier: Apache-2.0
"""What a user hands in as records is taken as rows, or one error says what it is and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from itertools import islice
from os import PathLike

from airflow_provider_hubcontact.job.errors import SourceError
from airflow_provider_hubcontact.operators.sources.redacted import revealed
from airflow_provider_hubcontact.operators.sources.tables import Table, table_of

__all__ = ["LOOKED_AT", "records_of"]


_FILE = re.compile(r"[^\n{}\[\]]*\.(csv|json|jsonl|ndjson|parquet|xlsx?|txt)", re.IGNORECASE)
"""A text that names a file."""


LOOKED_AT = 100
"""Rows without a single record among them after which the source is taken to be something else."""


WAYS_OUT = (
    "a record is a mapping of columns to values: pass a list of dicts, a DataFrame or its "
    '.to_dict("records"), sql= for a query, or .expand(records=…) to run a task for each of several lists'
)


def records_of(value: object) -> Iterable[object]:
    """Take what was handed in as records.

    A source none of whose first rows is a mapping is not a list of records, and is refused as a whole. A row
    that is not a mapping among others that are is left in: it gets an outcome of its own.

    :param value: an iterable of mappings, one mapping, or a table (see :mod:`.tables`).
    :return: the records.
    :raises SourceError: if it is something else; of an iterator, when it is read.
    """
    value = revealed(value)
    if value is None or (isinstance(value, str) and value.strip() == "None"):  # as a template renders it
        raise SourceError(
            "records is None: the task that it comes from returned nothing, or nothing under this name. "
            "If there is nothing to do, it must return []; otherwise look for a missing return, "
            "do_xcom_push=False, a skipped task, or a wrong task id in xcom_pull"
        )
    if isinstance(value, Mapping):
        return [_single(value)]
    if isinstance(value, PathLike) or (isinstance(value, str) and _FILE.fullmatch(value.strip())):
        raise SourceError(
            "records is the name of a file, which no operator reads: read it in a task, as with "
            f"csv.DictReader, and pass its output; {WAYS_OUT}"
        )
    if isinstance(value, str):
        raise SourceError(
            "records is text: pass the task's output itself (records=extract(), or extract.output), "
            f"not a template that renders to text; {WAYS_OUT}"
        )
    if _is_lazy(value):
        raise SourceError(f"records is a {_type(value)}, which is lazy: call .collect() or .compute() first")
    if (table := table_of(value)) is not None:
        return _checked_table(table)
    if isinstance(value, bytes | bytearray | memoryview) or not isinstance(value, Iterable):
        raise SourceError(f"records is a {_type(value)}; {WAYS_OUT}")
    return _checked(value)


def _single(record: Mapping[object, object]) -> Mapping[object, object]:
    """Return a single record, which has one value for each column.

    :raises SourceError: if each of its values holds several.
    """
    if record and all(isinstance(each, Iterable) and not _is_text(each) for each in record.values()):
        raise SourceError(
            f"records is one mapping whose values are all lists, like a table by columns; {WAYS_OUT}"
        )
    return record


def _is_text(value: object) -> bool:
    return isinstance(value, str | bytes | bytearray | memoryview)


def _checked_table(table: Table) -> Table:
    """Check the names of a table's columns.

    :raises SourceError: if one is not a text, or occurs twice.
    """
    wrong = sorted({_type(name) for name in table.columns if not isinstance(name, str)})
    if wrong:
        raise SourceError(
            f"records is a table with a column whose name is a {', a '.join(wrong)}; rename it: a column's "
            "name must be text"
        )
    twice = sorted({name for name in table.columns if table.columns.count(name) > 1})
    if twice:
        raise SourceError(f"records is a table with two columns called {', '.join(twice)}")
    return table


def _checked(source: Iterable[object]) -> Iterable[object]:
    """Refuse a source that is not one of records: at once if it can be read again, else when it is read."""
    if isinstance(source, Sequence):
        next(_rows(iter(source)), None)
        return source
    try:
        iterator = iter(source)
    except TypeError:  # numpy's array without a dimension is one
        raise SourceError(f"records is a {_type(source)}; {WAYS_OUT}") from None
    if iterator is source:
        return _rows(iterator)
    return _SizedRows(source) if isinstance(source, Sized) else _Rows(source)


class _Rows:
    def __init__(self, source: Iterable[object]) -> None:
        self._source = source

    def __iter__(self) -> Iterator[object]:
        return _rows(iter(self._source))


class _SizedRows(_Rows):
    def __len__(self) -> int:
        return len(self._source)  # type: ignore[arg-type] # it was checked


def _rows(source: Iterator[object]) -> Iterator[object]:
    first: list[object] = []
    broken: Exception | None = None
    try:
        for row in islice(source, LOOKED_AT):
            first.append(row)
            if isinstance(row, Mapping):
                break
    except Exception as error:  # noqa: BLE001 - raised again when the rows before have been read
        broken = error
    if first and broken is None and not isinstance(first[-1], Mapping):
        raise SourceError(f"records holds {_kind(first[0])}; {WAYS_OUT}")
    yield from first
    if broken is not None:
        raise broken
    yield from source


def _kind(row: object) -> str:
    """Return what the rows are of something that is not a list of records."""
    if row is None:
        return "None: the tasks that it comes from returned nothing"
    if isinstance(row, str):
        return "texts, such as lines or the names of columns: read them with csv.DictReader or json.loads"
    if isinstance(row, tuple):
        return "tuples: make a mapping of each, as dict(zip(columns, row)) does, and dict(row) for a Row"
    if table_of(row) is not None:
        return f"a {_type(row)} where a record should be: yield from its rows"
    if isinstance(row, Sequence) and not _is_text(row):
        return (
            "lists, as the outputs of a mapped task do: run a task for each of them with "
            ".partial(…).expand(records=…), or chain them in a task before, as in "
            "[row for rows in outputs for row in rows]"
        )
    return f"a {_type(row)} where a record should be: make a mapping of each"


def _is_lazy(value: object) -> bool:
    """Check for a frame without rows yet: polars' LazyFrame, the DataFrames of Spark and Dask."""
    kind = type(value)
    is_computed = hasattr(kind, "iter_rows") or (hasattr(kind, "iloc") and not hasattr(kind, "compute"))
    is_later = hasattr(kind, "collect") or hasattr(kind, "compute")
    return hasattr(kind, "columns") and is_later and not is_computed


def _type(value: object) -> str:
    return type(value).__name__
