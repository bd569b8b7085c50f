# SPDX-License-Identifier: Apache-2.0
"""What holds in every run, whatever HubSpot, the network and the source do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_hubcontact.sync.decide.lifecycle import DEFAULT_STAGES, STAGE
from airflow_provider_hubcontact.sync.decide.rules import LookUp, Rules
from airflow_provider_hubcontact.sync.flow.calls import Answer, Call
from airflow_provider_hubcontact.sync.flow.sync import Sync
from airflow_provider_hubcontact.sync.flow.workers import ThreadWorkers, Workers
from airflow_provider_hubcontact.sync.model.choices import OnRegression
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result, Stop
from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.sync.rows.record_mapping import RecordMapping
from tests.sync.fakes import (
    BAD,
    LOST_AFTER,
    LOST_ANSWER,
    LOST_BEFORE,
    STOP,
    FakePortal,
    Fate,
    Odd,
    ShuffledWorkers,
    refused,
)
from tests.sync.observed import observed as each_record_in_its_place

SHAPE = RecordMapping(mapping={"firstname": "firstname", "stage": STAGE, "new_email": "email"})

FATES: tuple[Fate, ...] = (
    None,
    *(refused(status) for status in (400, 404, 409, 423, 429, 500, 503)),
    *(refused(status, stops=True) for status in (403, 429, 477)),
    STOP,
    LOST_BEFORE,
    LOST_AFTER,
    LOST_ANSWER,
    *Odd,
)

MAY_BE_WRITTEN = {
    Outcome.UPDATED,
    Outcome.CREATED,
    Outcome.ARCHIVED,
    Outcome.UNAVAILABLE,
    Outcome.UNKNOWN,
}
"""Outcomes of records that were written, or may have been."""


PRIMARY = [f"p{n}@x.y" for n in range(2)]
SECONDARY = [f"s{n}@x.y" for n in range(2)]
UNKNOWN = [f"u{n}@x.y" for n in range(2)]
STAGES = DEFAULT_STAGES[:3]


def portals(addresses: str) -> st.SearchStrategy[FakePortal]:
    """Two contacts at some stage, behind calls of any fate."""
    contacts = st.tuples(*(st.sampled_from(STAGES) for _ in PRIMARY)).map(
        lambda stages: {
            str(n): {"email": email, "other": other, "firstname": "a", STAGE: stage}
            for n, (email, other, stage) in enumerate(zip(PRIMARY, SECONDARY, stages, strict=True), 1)
        }
    )
    return st.builds(
        FakePortal,
        contacts=contacts,
        batch_size=st.integers(1, 5),
        always=st.just(addresses != "emails"),
        takes_upserts=st.sampled_from([True, True, True, False]),
        is_terse=st.booleans(),
        fates=st.lists(st.sampled_from(FATES), max_size=8).map(iter),
    )


def rows_for(addresses: str) -> st.SearchStrategy[list[object]]:
    """Rows good and bad. A contact has two keys only where contacts are always looked up."""
    keys = [*PRIMARY, *UNKNOWN, *(SECONDARY if addresses == "ids" else ())]
    good = st.fixed_dictionaries(
        {"email": st.sampled_from([*keys, " P0@X.Y "])},
        optional={
            "firstname": st.sampled_from(["a", "b", "c", "", BAD]),
            "stage": st.sampled_from(STAGES),
            "new_email": st.sampled_from([PRIMARY[0], UNKNOWN[0], "n0@x.y", "n1@x.y"]),
        },
    )
    bad: list[object] = [
        5,
        None,
        {},
        {"email": ""},
        {"email": "p0\n@x.y"},
        {"email": PRIMARY[0], "firstname": b"x"},
        {"email": PRIMARY[1], "firstname": {"nested": float("nan")}},
    ]
    return st.lists(st.one_of(good, good, good, good, st.sampled_from(bad)), max_size=14)


@dataclass
class Scene:
    """A run under observation: every result is checked against the portal at the moment it is given."""

    sync: Sync
    portal: FakePortal
    workers: Workers[Call, Answer]
    results: dict[int, Result] = field(default_factory=dict)
    records: dict[int, Record] = field(default_factory=dict)
    read: int = 0
    stopped: Stop | None = None

    def run(self, rows: Iterable[object]) -> None:
        self.stopped = self.sync.run(self._watched(rows), self.workers, self._settled)

    def _watched(self, rows: Iterable[object]) -> Iterator[object]:
        for row, values in enumerate(rows, 1):
            assert self.read - len(self.results) < self.sync.max_in_flight, "more rows under way than may be"
            self.read = row
            shaped = self.sync.shape.record(row, values)
            if isinstance(shaped, Record):
                self.records[row] = shaped
            yield values

    def _settled(self, result: Result) -> None:
        assert result.row not in self.results, f"row {result.row} ended twice"
        self.results[result.row] = result
        if result.outcome in {Outcome.UPDATED, Outcome.CREATED}:
            self._check_written(result)
        if result.outcome is Outcome.UNCHANGED:
            self._check_unchanged(result)
        if result.category == "OBJECT_NOT_FOUND":
            assert not self.portal.by_address(result.key), f"{result} is there"
        if result.outcome not in MAY_BE_WRITTEN and not self._may_have_been_written(result):
            assert not self.portal.last.get(result.row), f"{result} was written"

    def _may_have_been_written(self, result: Result) -> bool:
        """Check whether a row that was not written itself may have its number in a write.

        It is the number of merged rows, and of one that a write without a look-up left to a look-up.
        """
        is_left = self.sync.rules.look_up is LookUp.NONE and result.outcome is Outcome.UNCHANGED
        is_first = any(each.key == result.key and row > result.row for row, each in self.records.items())
        return is_left or (is_first and result.outcome in {Outcome.UNCHANGED, Outcome.SUPERSEDED})

    def _check_written(self, result: Result) -> None:
        key = self.records[
            result.row
        ].key  # rows that are written at once are written under the first one's number
        last = max((n for n in self.portal.last if n <= result.row and self.records[n].key == key), default=0)
        contact_ids = [contact for row, contact in self.portal.applied if row == last]
        assert contact_ids, f"{result} was not written"
        contact = self.portal.contacts[contact_ids[-1]]
        assert result.changes
        assert {name: new for name, (_, new) in result.changes.items()}.items() <= contact.items()

    def _check_unchanged(self, result: Result) -> None:
        wanted = dict(self.records[result.row].properties)
        found = self.portal.by_address(wanted.get("email", result.key)) or self.portal.by_address(result.key)
        assert found, f"{result} has no contact"
        if self.sync.rules.on_regression is OnRegression.KEEP:
            wanted.pop(STAGE, None)
        values = {name: found[1].get(name, "") for name in wanted}
        assert wanted == values, f"{result} differs from its contact"
        assert not result.changes

    def check(self) -> None:
        """Check what can be told only at the end."""
        assert list(range(1, self.read + 1)) == sorted(self.results)
        assert self.portal.calls <= 20 * (self.read + 10), "the run goes round in circles"
        for result in self.results.values():
            if result.outcome is Outcome.SUPERSEDED:
                assert any(
                    record.key == result.key and row > result.row for row, record in self.records.items()
                )
            if result.outcome is Outcome.NOT_ATTEMPTED:
                assert result.row not in {row for row, _ in self.portal.applied}
        keys = {row: record.key for row, record in self.records.items()}
        for key in set(keys.values()):
            rows = [row for row, _ in self.portal.applied if keys[row] == key]
            assert rows == sorted(rows), f"the rows of {key} were written in the order {rows}"


def scene(
    portal: FakePortal,
    workers: Workers[Call, Answer],
    rules: Rules,
    *,
    once: bool = False,
    max_in_flight: int = 100,
) -> Scene:
    return Scene(Sync(SHAPE, rules, portal, portal, once=once, max_in_flight=max_in_flight), portal, workers)


ADDRESSES = pytest.mark.parametrize("addresses", ["ids", "keys", "emails"])
"""How contacts are written: by the ids of look-ups, without one by their keys, or as the legacy API does."""

RULES = st.builds(Rules, create=st.booleans(), on_regression=st.sampled_from(OnRegression))


def by(addresses: str, rules: Rules) -> Rules:
    """Return rules for a way of writing."""
    return replace(rules, create=True, look_up=LookUp.NONE) if addresses == "keys" else rules


WORKERS = st.builds(ShuffledWorkers, seed=st.integers(0, 10**6), size=st.integers(1, 6))


@ADDRESSES
@given(st.data(), RULES, WORKERS)
@settings(max_examples=3 * settings().max_examples)
def test_every_run_accounts_for_all_and_never_lies(
    addresses: str, data: st.DataObject, rules: Rules, workers: ShuffledWorkers
) -> None:
    """Each row read has one true outcome, rows of a key are written in order, and memory is bounded."""
    rows = data.draw(rows_for(addresses), label="rows")
    portal = data.draw(portals(addresses), label="portal")
    once, max_in_flight = (
        data.draw(st.booleans(), label="once"),
        data.draw(st.integers(1, 12), label="max_in_flight"),
    )
    observed = scene(portal, workers, by(addresses, rules), once=once, max_in_flight=max_in_flight)

    with each_record_in_its_place():
        observed.run(rows)

    observed.check()
    if not observed.stopped:
        assert observed.read == len(rows)
        assert Outcome.NOT_ATTEMPTED not in {result.outcome for result in observed.results.values()}


@ADDRESSES
@given(st.data(), RULES, WORKERS, st.integers(1, 6))
def test_broken_source_accounts_for_what_it_gave(
    addresses: str, data: st.DataObject, rules: Rules, workers: ShuffledWorkers, max_in_flight: int
) -> None:
    """A source that breaks has all its rows accounted for before its error is raised."""
    rows = data.draw(rows_for(addresses), label="rows")
    observed = scene(
        data.draw(portals(addresses), label="portal"),
        workers,
        by(addresses, rules),
        max_in_flight=max_in_flight,
    )

    def source() -> Iterator[object]:
        yield from rows
        raise ConnectionResetError("the cursor is gone")

    try:
        observed.run(source())
    except ConnectionResetError:
        assert observed.read == len(rows)
    else:
        assert observed.stopped
    observed.check()


def wishes() -> st.SearchStrategy[list[dict[str, str]]]:
    """What is wanted of each contact, one row a contact, in any order."""
    each = [
        st.fixed_dictionaries(
            {
                "email": st.just(email),
                "stage": st.sampled_from(STAGES),
                "firstname": st.sampled_from(["a", "b"]),
            },
            optional={"new_email": st.just(f"n{n}@x.y")},
        )
        for n, email in enumerate(PRIMARY)
    ]
    return st.tuples(*each).flatmap(st.permutations)


@ADDRESSES
@given(st.data(), WORKERS)
@settings(max_examples=2 * settings().max_examples)
def test_second_run_heals_the_first(addresses: str, data: st.DataObject, workers: ShuffledWorkers) -> None:
    """After any faulty run one good run leaves every contact as wanted; a third writes nothing."""
    rows = data.draw(wishes(), label="rows")
    portal = data.draw(portals(addresses), label="portal")
    rules = Rules(on_regression=OnRegression.RESET)

    faulty = scene(portal, workers, rules)
    faulty.run(rows)
    faulty.check()
    portal.recover()
    good = scene(portal, ShuffledWorkers(), rules)
    good.run(rows)

    assert {result.outcome for result in good.results.values()} <= {Outcome.UPDATED, Outcome.UNCHANGED}
    for row in rows:
        found = portal.by_address(row.get("new_email", row["email"]))
        assert found
        assert (found[1][STAGE], found[1]["firstname"]) == (row["stage"], row["firstname"])
    portal.recover()
    again = scene(portal, ShuffledWorkers(), rules)
    again.run(rows)
    assert portal.writes == []
    assert {result.outcome for result in again.results.values()} == {Outcome.UNCHANGED}


@ADDRESSES
@given(st.data())
def test_blank_stage_is_always_told(addresses: str, data: st.DataObject) -> None:
    """Wherever a run leaves a stage blank, the record's result is a problem that says so or a retry."""
    rows = data.draw(wishes(), label="rows")
    observed = scene(
        data.draw(portals(addresses), label="portal"),
        data.draw(WORKERS, label="workers"),
        Rules(on_regression=OnRegression.RESET),
    )

    observed.run(rows)

    numbers = {str(row["email"]): number for number, row in enumerate(rows, 1)}
    for contact_id, contact in observed.portal.contacts.items():
        if not contact[STAGE]:
            result = observed.results[numbers[PRIMARY[int(contact_id) - 1]]]
            assert result.outcome is Outcome.UNKNOWN or "not set again" in result.reason


@ADDRESSES
@given(st.data(), RULES, st.integers(1, 8), st.integers(1, 4))
@settings(max_examples=max(20, settings().max_examples // 4))
def test_all_holds_on_threads(
    addresses: str, data: st.DataObject, rules: Rules, max_in_flight: int, size: int
) -> None:
    """On real threads, with calls that take their time, every run keeps the same promises."""
    rows = data.draw(rows_for(addresses), label="rows")
    portal = data.draw(portals(addresses), label="portal")
    portal.latency = 0.001
    with ThreadWorkers[Call, Answer](lambda: size) as workers:
        observed = scene(portal, workers, by(addresses, rules), max_in_flight=max_in_flight)

        with each_record_in_its_place():
            observed.run(rows)

    observed.check()
