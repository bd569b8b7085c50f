# SPDX-License-Identifier: Apache-2.0
"""Columns that settings name, looked for in rows that may leave columns out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from airflow_provider_hubcontact.job.settings.key import Key
from airflow_provider_hubcontact.job.settings.lists import Lists
from airflow_provider_hubcontact.job.settings.replay import Replay
from airflow_provider_hubcontact.job.settings.settings import Settings
from airflow_provider_hubcontact.job.settings.source import Source
from airflow_provider_hubcontact.job.settings.writes import Writes
from airflow_provider_hubcontact.job.source.columns import MOST_NAMED, EmptyRows, SourceColumns
from airflow_provider_hubcontact.sync.keep.report import Report
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result
from airflow_provider_hubcontact.sync.model.record import Record


class Broken(Mapping[str, object]):
    """A row whose columns cannot be read."""

    def __getitem__(self, name: str) -> object:
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError

    def __len__(self) -> int:
        return 1


@pytest.mark.parametrize(
    ("settings", "rows", "problem", "warning"),
    [
        ({}, [{"email": "a"}], "no row has a column to send besides the key email", None),
        ({}, [{"email": "a", "city": None}], None, None),
        ({"mapping": {"a": "city"}}, [{"email": "x", "a": 1}], None, None),
        ({"mapping": {"a": "city"}}, [{"email": "x"}], "no row has a column a; the rows have email", None),
        ({"mapping": {"a": "city"}}, [{"email": "x"}, {"a": 1}], None, None),
        ({"mapping": {"a": "city"}}, [], None, None),
        ({"mapping": {"a": "city"}}, ["no row", Broken()], None, None),
        ({"mapping": {"a": "city"}}, ["no row", {"email": "x"}], "no row has a column a", None),
        ({"mapping": {"a": "city"}}, [{5: "x", "b": 1}], "no row has a column a; the rows have b", None),
        (
            {"mapping": {"a": "city", "b": "zip"}},
            [{"email": "x", "a": 1}],
            None,
            "no row has a column b; the rows have email, a",
        ),
        (
            {"mapping": {"a": "city", "b": "zip"}},
            [{"email": "x"}],
            "no row has a column a, b; the rows have email",
            None,
        ),
        ({"mapping": {"email": "email", "a": "city"}}, [{"email": "x"}], "no row has a column a", None),
        ({"mapping": {"email": "email"}}, [{"mail": "x"}], None, None),
        ({"writes": Writes(timestamp="at")}, [{"email": "x", "city": "y"}], None, "no row has a column at"),
        ({"key": Key(becomes="new")}, [{"email": "x", "city": "y"}], None, "no row has a column new"),
        ({"key": Key(becomes="new")}, [{"email": "x", "new": "y"}], None, None),
        (
            {"key": Key("old", becomes="new"), "mapping": {"a": "city"}},
            [{"old": "x"}],
            "no row has a column a, new; the rows have old",
            None,
        ),
        (
            {"key": Key("old", becomes="new"), "mapping": {"a": "city"}},
            [{"old": "x", "a": 1}],
            None,
            "no row has a column new; the rows have old, a",
        ),
        ({"key": Key("old", becomes="new")}, [{"old": "x", "new": "y"}], None, None),
        ({"key": Key("old", becomes="new"), "mapping": {}}, [{"old": "x", "new": "y"}], None, None),
        ({"key": Key("old", becomes="new"), "mapping": {}}, [{"old": "x"}], "no row has a column new", None),
        ({"mapping": {"email": "email"}, "upsert": True}, [{"email": "x"}], None, None),
        ({"mapping": {"email": "work_email", "a": "city"}}, [{"email": "x"}], None, "no row has a column a"),
        (
            {"upsert": True},
            [{"email": "x"}],
            "no row has a column to send besides the key email; the rows have email; for contacts",
            None,
        ),
        ({"source": Source(watermark="at")}, [{"email": "x", "at": 1}], "no row has a column to send", None),
        (
            {"writes": Writes(properties={"zip": "append"})},
            [{"email": "x", "a": 1}],
            None,
            "no row has a column zip",
        ),
        (
            {"writes": Writes(create_properties={"zip": {}})},
            [{"email": "x", "a": 1}],
            None,
            "no row has a column zip",
        ),
        (
            {"writes": Writes(stages="keep")},
            [{"email": "x", "a": 1}],
            None,
            "no row has a column lifecyclestage",
        ),
        (
            {"source": Source(replay=Replay("l"))},
            [{"mail": "x", "a": 1}],
            "no row has a column email (the nearest is mail), the key by which the ledger chooses",
            None,
        ),
        ({"source": Source(replay=Replay("l"))}, [{"email": "x", "a": 1}], None, None),
        (
            {"lists": Lists(column="segment")},
            [{"email": "x", "Segments": "y"}],
            None,
            "no row has a column segment (the nearest is Segments)",
        ),
        (
            {"lists": Lists(column="segment", mirror=True)},
            [{"email": "x", "Segments": "y"}],
            "no row has a column segment (the nearest is Segments), so all contacts would leave their lists",
            None,
        ),
        (
            {"lists": Lists(column="segment", mirror=True)},
            [{"email": "x", "a": "y"}, {"email": "z", "segment": None}],
            None,
            None,
        ),
        ({"lists": Lists("Customers", mirror=True)}, [{"email": "x", "a": "y"}], None, None),
    ],
)
@pytest.mark.parametrize("is_iterator", [True, False])
def test_what_is_found(
    settings: Mapping[str, Any],
    rows: list[object],
    problem: str | None,
    warning: str | None,
    is_iterator: bool,
) -> None:
    """A run that would send nothing has a problem; one that sends something has a warning."""
    columns = SourceColumns(Settings(**settings))
    if is_iterator:
        assert list(columns.watched(rows)) == rows
    else:
        columns.look(rows)

    for told, says in ((columns.problems(), problem), (columns.warnings(), warning)):
        assert len(told) == (says is not None)
        assert says is None or told[0].startswith(says)


def test_no_more_is_read_than_it_takes() -> None:
    """Rows that can be read again are read to the first that tells."""
    read = []

    def rows() -> Iterator[dict[str, int]]:
        for number in range(9):
            read.append(number)
            yield {"a": number} if number == 3 else {}

    SourceColumns(Settings(mapping={"a": "city"})).look(rows())

    assert read == [0, 1, 2, 3]


class Kept:
    """A journal that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def earlier(self, record: Record, /) -> Result | None:
        self.told.append(record)
        return Result(record.row, record.key, Outcome.UPDATED, earlier=1)

    def settled(self, result: Result, /) -> None:
        self.told.append(result)

    def flush(self) -> None:
        self.told.append("flushed")


def test_rows_without_values_are_counted() -> None:
    """Beside a journal, which knows nothing of it, and without one."""
    kept, report = Kept(), Report()
    bare, whole = Record(1, "a", {}), Record(2, "b", {"city": "Rome"})
    ended = Result(2, "b", Outcome.UPDATED)
    for journal in (kept, None):
        rows = EmptyRows(report, journal)
        found = [rows.earlier(record) for record in (bare, whole)]
        rows.settled(ended)
        rows.flush()

        assert [result is not None for result in found] == [journal is kept] * 2
    assert kept.told == [bare, whole, ended, "flushed"]
    assert report.without_values == 2


def test_a_message_names_some_columns() -> None:
    """However many there are."""
    columns = SourceColumns(Settings(mapping={"a": "city"}))
    columns.look([{f"c{number}": 1} for number in range(100)])

    (told,) = columns.problems()

    assert f"c{MOST_NAMED - 1}" in told
    assert f"c{MOST_NAMED}" not in told
