# SPDX-License-Identifier: Apache-2.0
"""What the ledger keeps of each record, and what a retry takes from it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import orjson
import pytest

from airflow_provider_hubcontact.clock import Clock
from airflow_provider_hubcontact.sync.decide.policy import Policy
from airflow_provider_hubcontact.sync.keep.ledger import (
    FIELDS,
    Attempt,
    Ledger,
    Line,
    digest_of,
    digest_of_list,
)
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result
from airflow_provider_hubcontact.sync.model.record import Record
from tests.fake_clock import FakeClock

POLICY = Policy.of({})


class Memory:
    """A store that keeps lines in a list."""

    def __init__(self, lines: Sequence[Line] = (), pace: float = 0.0) -> None:
        self.before = list(lines)
        self.lines: list[Line] = []
        self.writes = 0
        self.pace = pace

    def write(self, lines: Sequence[Line], /) -> None:
        self.writes += 1
        self.lines += json.loads(json.dumps(lines))

    def earlier(self) -> Iterator[Line]:
        return iter(self.before)


def ledger(
    store: Memory,
    number: int = 1,
    *,
    values: bool = False,
    policy: Policy = POLICY,
    clock: Clock | None = None,
) -> Ledger:
    return Ledger(
        store, Attempt("dag/run", "task", -1, number), policy, values=values, clock=clock or FakeClock()
    )


def record(row: int, key: str = "a@b.c", **properties: str) -> Record:
    return Record(row, key, properties, {**properties, "email": key})


def tried(
    *ended: tuple[Record, Outcome, int | None], number: int = 1, before: Sequence[Line] = ()
) -> list[Line]:
    """Give the lines of a try in which records ended so, after those of the tries before."""
    store = Memory(before)
    with ledger(store, number) as kept:
        for each, outcome, status in ended:
            if kept.earlier(each) is None:
                kept.settled(Result(each.row, each.key, outcome, status))
    return [*before, *store.lines]


def test_old_values_that_nobody_has_read() -> None:
    """They are not told as if the contact had had none."""
    store = Memory()
    kept = ledger(store, values=True)
    changes = {"city": (None, "Rome"), "phone": (None, "1")}
    kept.settled(Result(1, "a@b.c", Outcome.UPDATED, 200, changes=changes, unread=("city",)))
    kept.flush()

    (line,) = store.lines
    assert (line["changed"], line["changes"]) == (["city", "phone"], {"phone": [None, "1"]})


def test_a_line_in_full() -> None:
    """It says whose result it is, what it is, and why; names of properties, but no values."""
    store = Memory()
    kept = ledger(store)
    kept.earlier(record(3, firstname="Ada"))
    kept.settled(
        Result(
            3,
            "a@b.c",
            Outcome.REJECTED,
            400,
            "BAD",
            "is bad",
            ("firstname",),
            "c-1",
            {"firstname": ("A", "Ada")},
            contact="901",
        )
    )
    kept.flush()

    (line,) = store.lines
    assert tuple(line) == FIELDS
    assert line.pop("time").endswith("+00:00")
    assert len(line.pop("digest")) == 32
    assert line == {
        "run": "dag/run",
        "task": "task",
        "map_index": -1,
        "try": 1,
        "row": 3,
        "key": "a@b.c",
        "outcome": "rejected",
        "status": 400,
        "category": "BAD",
        "reason": "is bad",
        "properties": ["firstname"],
        "correlation_id": "c-1",
        "contact": "901",
        "list_id": None,
        "membership": None,
        "changed": ["firstname"],
        "changes": None,
        "values": None,
    }


def test_values_are_kept_when_asked_for() -> None:
    """Old and new value of what changed, and the record's own."""
    store = Memory()
    with ledger(store, values=True) as kept:
        kept.earlier(record(1, firstname="Ada"))
        kept.settled(Result(1, "a@b.c", Outcome.UPDATED, 200, changes={"firstname": (None, "Ada")}))

    (line,) = store.lines
    assert line["changes"] == {"firstname": [None, "Ada"]}
    assert line["values"] == {"firstname": "Ada", "email": "a@b.c"}


def test_rows_that_are_up_to_date_have_one_line() -> None:
    """Of those that have drifted, each has its own."""
    store = Memory()
    with ledger(store) as kept:
        for row, category in ((1, None), (2, "DRIFT"), (3, None), (4, None)):
            assert kept.earlier(record(row)) is None
            kept.settled(Result(row, "a@b.c", Outcome.UP_TO_DATE, None, category))

    assert [(line["row"], line["category"]) for line in store.lines[:1]] == [(2, "DRIFT")]
    assert [line["reason"].partition(" rows")[0] for line in store.lines[1:]] == ["3"]


def test_writes_keep_the_stores_pace() -> None:
    """A store that is slow gets fewer, larger parts; the end writes what is left."""
    store, clock = Memory(pace=2.0), FakeClock()
    with ledger(store, clock=clock) as kept:
        for row in range(1, 6):
            kept.settled(Result(row, "", Outcome.INVALID))
            kept.flush()
            clock.sleep(0.9)
        assert [line["row"] for line in store.lines] == [1, 2, 3, 4]
    assert [line["row"] for line in store.lines] == [1, 2, 3, 4, 5]


class TestResume:
    @pytest.mark.parametrize(
        ("outcome", "status", "is_final"),
        [
            (Outcome.UPDATED, 200, True),
            (Outcome.CREATED, 201, True),
            (Outcome.UNCHANGED, None, True),
            (Outcome.REJECTED, 400, True),
            (Outcome.NOT_FOUND, 404, True),
            (Outcome.CONFLICT, 409, True),
            (Outcome.INVALID, None, True),
            (Outcome.UNKNOWN, None, False),
            (Outcome.THROTTLED, 429, False),
            (Outcome.UNAVAILABLE, 503, False),
            (Outcome.NOT_ATTEMPTED, None, False),
            (Outcome.UNAUTHORIZED, 401, False),
            (Outcome.SUPERSEDED, None, False),
        ],
    )
    def test_what_is_final(self, outcome: Outcome, status: int | None, is_final: bool) -> None:
        """A retry sends only what has no final outcome."""
        lines = tried(
            (record(1, firstname="x"), outcome, status), (record(2, "b@b.c"), Outcome.UNKNOWN, None)
        )

        found = ledger(Memory(lines), 2).earlier(record(7, firstname="x"))

        assert (found is not None) is is_final
        if found:
            assert (found.row, found.outcome, found.status, found.earlier) == (7, outcome, status, 1)

    def test_the_users_actions_count(self) -> None:
        """What the task is told to retry is no end."""
        lines = tried((record(1), Outcome.NOT_FOUND, 404), (record(2, "b@b.c"), Outcome.UNKNOWN, None))
        policy = Policy.of({404: "retry"})

        assert ledger(Memory(lines), 2, policy=policy).earlier(record(1)) is None

    def test_a_cleared_task_tries_again_what_failed(self) -> None:
        """If nothing was left to retry, Airflow does not: a person wants it."""
        lines = tried((record(1), Outcome.REJECTED, 400), (record(2, "b@b.c"), Outcome.UPDATED, 200))
        kept = ledger(Memory(lines), 2)

        assert kept.earlier(record(1)) is None
        assert kept.earlier(record(2, "b@b.c")) is not None

    def test_other_values_are_another_record(self) -> None:
        """A row whose values have changed since is sent."""
        lines = tried((record(1, firstname="x"), Outcome.UPDATED, 200))

        assert ledger(Memory(lines), 2).earlier(record(1, firstname="y")) is None

    def test_a_key_is_sent_again_whole(self) -> None:
        """If one row of a contact has to be sent again, the rows after it have to, too: the last one wins."""
        first, last = record(1, firstname="old"), record(2, firstname="new")
        lines = tried((first, Outcome.UNKNOWN, None), (last, Outcome.UPDATED, 200))
        kept = ledger(Memory(lines), 2)

        assert kept.earlier(first) is None
        assert kept.earlier(last) is None

    def test_a_second_row_of_a_key_says_nothing(self) -> None:
        """That it is refused is about its place, and not about its values, which the first may have, too."""
        lines = tried((record(1), Outcome.UPDATED, 200), (record(2), Outcome.INVALID, None))
        kept = ledger(Memory([lines[0], {**lines[1], "category": "DUPLICATE"}]), 2)

        found = kept.earlier(record(1))

        assert found is not None
        assert found.outcome is Outcome.UPDATED

    def test_the_last_line_of_a_key_decides(self) -> None:
        """What an earlier try wrote is not there any more if a later one wrote something else."""
        one, other = record(1, firstname="A"), record(1, firstname="B")
        lines = tried((one, Outcome.UPDATED, 200))
        lines = tried((other, Outcome.UPDATED, 200), number=2, before=lines)

        assert ledger(Memory(lines), 3).earlier(one) is None
        assert ledger(Memory(lines), 3).earlier(other) is not None

    @pytest.mark.parametrize("order", ["AB", "BA", "ABA", "BAB", "CB", "BCB", "B", "BB"])
    def test_the_last_row_of_a_key_is_what_is_left(self, order: str) -> None:
        """Once a row of a key is sent in a try, so are all that come after it."""
        lines = tried(*((record(row, firstname=name), Outcome.UPDATED, 200) for row, name in enumerate("AB")))
        kept, left = ledger(Memory(lines), 2), "B"

        for row, name in enumerate(order):
            if kept.earlier(record(row, firstname=name)) is None:
                left = name

        assert left == order[-1]

    def test_rows_that_are_read_twice(self) -> None:
        """A pass that only counts has sent nothing."""
        lines = tried((record(1, firstname="A"), Outcome.UPDATED, 200))
        kept = ledger(Memory(lines), 2)

        for _ in range(2):
            assert kept.earlier(record(1, firstname="A")) is not None
            assert kept.earlier(record(2, firstname="B")) is None
            assert kept.earlier(record(3, firstname="A")) is None
            kept.begin_anew()

    def test_three_tries(self) -> None:
        """The last word on a record counts, whichever try said it."""
        one, two = record(1, firstname="x"), record(2, "b@b.c")
        lines = tried((one, Outcome.UPDATED, 200), (two, Outcome.UNKNOWN, None))
        lines = tried((one, Outcome.UNKNOWN, None), (two, Outcome.UPDATED, 200), number=2, before=lines)
        kept = ledger(Memory(lines), 3)

        assert [line["row"] for line in lines] == [1, 2, 2]
        assert kept.earlier(one) is not None
        assert kept.earlier(two) is not None

    def test_the_first_try_reads_nothing(self) -> None:
        """There is nothing before it."""

        class Unreadable(Memory):
            def earlier(self) -> Iterator[Line]:
                raise AssertionError("read")

        assert ledger(Unreadable()).earlier(record(1)) is None

    def test_results_of_earlier_tries_are_not_written_again(self, tmp_path: Path) -> None:
        """A row has one line in each try that did something for it."""
        store = Memory(tried((record(1), Outcome.UPDATED, 200)))
        with ledger(store, 2) as kept:
            found = kept.earlier(record(1))
            assert found is not None
            kept.settled(found)

        assert store.lines == []


@pytest.mark.parametrize(
    "other",
    [
        Record(1, "b@b.c", {"firstname": "x"}),
        Record(1, "a@b.c", {"lastname": "x"}),
        Record(1, "a@b.c", {"firstname": "x"}, timestamp=5),
        Record(1, "a@b.c", {"firstname": ""}),
    ],
    ids=["key", "name", "time", "value"],
)
def test_digests_differ(other: Record) -> None:
    """In key, names, values and time; not in the order of columns or the row's number."""
    one = Record(1, "a@b.c", {"firstname": "x"})

    assert digest_of(one) != digest_of(other)
    assert digest_of(Record(1, "k", {"a": "1", "b": "2"})) == digest_of(Record(9, "k", {"b": "2", "a": "1"}))


def test_a_superseded_row_asks_for_no_retry() -> None:
    """A person who clears a failed task has its failures sent, whatever rows were superseded."""
    lines = tried(
        (record(1, firstname="x"), Outcome.SUPERSEDED, None),
        (record(2, firstname="y"), Outcome.UPDATED, 200),
        (record(3, "b@b.c"), Outcome.REJECTED, 400),
    )

    kept = ledger(Memory(lines), 2)

    assert kept.earlier(record(3, "b@b.c")) is None
    assert kept.earlier(record(1, firstname="x")) is None


def test_numbers_that_no_reader_holds() -> None:
    """They are kept as text."""
    store = Memory()
    huge = Record(1, "a@b.c", {"n": str(2**70)}, {"n": 2**70, "m": 2**62, "b": True, "l": [-(2**63), "x"]})
    with ledger(store, values=True) as kept:
        kept.earlier(huge)
        kept.settled(Result(1, "a@b.c", Outcome.UPDATED, 200))

    (line,) = store.lines
    assert line["values"] == {"n": str(2**70), "m": 2**62, "b": True, "l": [str(-(2**63)), "x"]}
    orjson.dumps(line)


def test_a_digest_has_the_list_as_a_row_names_it() -> None:
    """Not what it is known by, which changes when it is created; and all records of a list end alike."""
    one = Record(1, "k", {"a": "1"}, list="New", named_list="New")

    assert digest_of(one) == digest_of(one._replace(list="101"))
    assert digest_of(one) != digest_of(one._replace(named_list="Other"))
    assert digest_of(one).endswith(digest_of_list("New"))
    assert digest_of(Record(2, "other", {}, list="5", named_list="New")).endswith(digest_of_list("New"))
    assert "-" not in digest_of(Record(1, "k", {"a": "1"}))
    assert digest_of_list("") == ""
