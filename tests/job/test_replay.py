# SPDX-License-Identifier: Apache-2.0
"""Which rows of a ledger are sent again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from airflow_provider_hubcontact.job.errors import SourceError
from airflow_provider_hubcontact.job.settings.replay import Replay
from airflow_provider_hubcontact.job.source.replay import KEY, PROBLEMS, last_lines, replayed, shape_of
from airflow_provider_hubcontact.sync.keep.ledger import Line
from airflow_provider_hubcontact.sync.model.outcome import Outcome
from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.sync.rows.record_mapping import RecordMapping

OLD, NEW = "2026-11-01T00:00:00.000+00:00", "2026-11-02T00:00:00.000+00:00"


REPLAY = Replay("ledger")


def line(outcome: str, time: str = NEW, name: str | None = "A", key: str = "a@x.y") -> Line:
    values = None if name is None else {"firstname": name}
    return {"key": key, "outcome": outcome, "time": time, "values": values}


@pytest.mark.parametrize(
    ("lines", "sent"),
    [
        ([line("rejected", OLD, "A"), line("updated", NEW, "B")], []),
        ([line("updated", NEW, "B"), line("rejected", OLD, "A")], []),
        ([line("updated", OLD, "A"), line("rejected", NEW, "B")], ["B"]),
        ([line("rejected", NEW, "B"), line("updated", OLD, "A")], ["B"]),
        ([line("rejected", NEW, "A"), line("rejected", NEW, "B")], ["B"]),
        ([line("rejected", NEW, "A"), line("superseded", NEW, "B")], ["A"]),
    ],
    ids=["done", "done, read first", "failed", "failed, read first", "at one time", "superseded"],
)
def test_the_last_line_of_a_key_decides(lines: Sequence[Line], sent: Sequence[str]) -> None:
    """By its time: parts of a ledger may be read in any order."""
    rows = list(replayed(lines, REPLAY, None, RecordMapping()))

    assert rows == [{"firstname": name, KEY: "a@x.y"} for name in sent]


def test_what_a_ledger_says_last() -> None:
    """Each record has one line. A ledger without any is not where it was looked for."""
    first = {"run": "r", "task": "t", "map_index": -1, "digest": "d", "try": 1, "row": 1}

    assert list(last_lines([first, {**first, "try": 2}], "kept")) == [{**first, "try": 2}]
    with pytest.raises(SourceError, match="there is no ledger at kept, or it is empty"):
        list(last_lines([], "kept"))


def test_rows_that_another_try_read_in_another_order() -> None:
    """A record is known by its digest, and by its row only if it has no key."""
    first = {"run": "r", "task": "t", "map_index": -1, "digest": "d", "try": 1, "row": 1}
    second = {**first, "try": 2, "row": 5}
    keyless = {**first, "digest": None, "row": 2}
    later = {**keyless, "try": 2, "row": 3}

    assert list(last_lines([first, keyless, second, later], "kept")) == [keyless, second, later]


@pytest.mark.parametrize(
    ("mapping", "row"),
    [
        ({}, {"email": "A@x.y", "firstname": "A"}),
        ({"key": "mail"}, {"mail": "A@x.y", "firstname": "A"}),
        ({"key": "mail"}, {"mail": "a@x.y", "email": "A@x.y", "city": ""}),
        ({"key": "mail", "mapping": {"mail": "email", "a": "city"}}, {"mail": "a@x.y", "a": 5}),
        ({"key": "mail", "mapping": {"a": "city"}}, {"mail": "A@x.y", "a": 5}),
        ({"key": "mail", "mapping": {"mail": "work_email", "a": "city"}}, {"mail": "A@x.y", "a": True}),
        ({"becomes": "new"}, {"email": "a@x.y", "new": "B@x.y"}),
        ({"becomes": "new"}, {"email": "a@x.y", "new": "A@x.y", "city": "Rome"}),
        ({"becomes": "new"}, {"email": "a@x.y", "new": None, "city": "Rome"}),
        ({"becomes": "new"}, {"email": "a@x.y", "city": "Rome"}),
        ({"key": "old", "becomes": "new"}, {"old": "a@x.y", "new": "B@x.y"}),
        ({"key": "old", "becomes": "email"}, {"old": "a@x.y", "email": "B@x.y", "city": "Rome"}),
        (
            {"key": "old", "becomes": "new", "mapping": {"new": "email", "a": "city"}},
            {"old": "a@x.y", "new": "B@x.y", "a": 5},
        ),
        (
            {"key": "email", "becomes": "new", "mapping": {"email": "email", "new": "email"}},
            {"email": "a@x.y", "new": "B@x.y"},
        ),
        (
            {"key": "old", "becomes": "new", "mapping": {"old": "work_email", "new": "email"}},
            {"old": "a@x.y", "new": "B@x.y"},
        ),
        ({"key": "id", "id_property": "hs_object_id"}, {"id": 5, "email": "B@x.y"}),
        ({"key": "no", "id_property": "number", "becomes": "next"}, {"no": "5", "next": "6", "city": "Rome"}),
    ],
)
def test_values_are_sent_as_they_were(mapping: Mapping[str, Any], row: Mapping[str, object]) -> None:
    """What the ledger has kept makes the same record, whatever the columns were called: a new address too."""
    shape = RecordMapping(**mapping)
    first = shape.record(1, row)
    assert isinstance(first, Record)
    kept = {"key": first.key, "outcome": "rejected", "time": NEW, "values": dict(first.document)}

    (again,) = replayed([kept], REPLAY, None, shape)

    second = shape_of(shape).record(1, again)
    assert isinstance(second, Record)
    assert (second.key, second.properties) == (first.key, first.properties)
    assert second.document == first.document


def test_which_outcomes() -> None:
    """All but the good ones, or those that are named; a row that was superseded is in the one that won."""
    lines = [line(outcome, key=f"{outcome}@x.y") for outcome in Outcome]

    def sent(replay: Replay) -> list[str]:
        rows = list(replayed(lines, replay, None, RecordMapping()))
        return [row[KEY].partition("@")[0] for row in rows if isinstance(row, dict)]

    assert sent(REPLAY) == list(PROBLEMS)
    assert set(PROBLEMS).isdisjoint({"updated", "created", "unchanged", "superseded"})
    assert sent(Replay("ledger", ["updated", "invalid"])) == ["updated", "invalid"]


def test_rows_to_choose_from() -> None:
    """Those whose keys the ledger names, by the one form of a key; the others are left alone."""
    rows = [{"email": " A@X.y"}, {"email": "b@x.y"}, {"email": "c@x.y"}, {"email": None}, "no row"]
    lines = [line("rejected", name=None), line("updated", key="b@x.y")]

    assert list(replayed(lines, REPLAY, rows, RecordMapping())) == rows[:1]


def test_no_ledger() -> None:
    """A wrong path is not an empty source."""
    with pytest.raises(SourceError, match="there is no ledger at ledger, or it is empty"):
        list(replayed([], REPLAY, None, RecordMapping()))


def test_lines_without_values(caplog: pytest.LogCaptureFixture) -> None:
    """If none has any, that is told as what to do; if some have, the others are named in the log."""
    without = line("invalid", name=None, key="b@x.y")

    with pytest.raises(SourceError, match=r"no values of 1 invalid row: give records or sql to choose among"):
        list(replayed([without], REPLAY, None, RecordMapping()))
    assert len(list(replayed([line("rejected"), without], REPLAY, None, RecordMapping()))) == 1
    assert "the ledger has kept no values of 1 invalid row: they are not sent." in caplog.text


def test_lines_without_a_key(caplog: pytest.LogCaptureFixture) -> None:
    """Their rows cannot be found again, and are counted in the log."""
    assert list(replayed([line("invalid", key=""), line("rejected")], REPLAY, None, RecordMapping())) == [
        {"firstname": "A", KEY: "a@x.y"}
    ]
    assert "1 lines of the ledger have no key" in caplog.text
