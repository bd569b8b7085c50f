# SPDX-License-Identifier: Apache-2.0
"""The stations of a run, and what drives records through them."""

from __future__ import annotations

import gc
import math
import random
import threading
import tracemalloc
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from airflow_provider_hubcontact.refusal import Refusal
from airflow_provider_hubcontact.sync.decide.lifecycle import STAGE
from airflow_provider_hubcontact.sync.decide.rules import Rules
from airflow_provider_hubcontact.sync.flow.calls import Answer, Call
from airflow_provider_hubcontact.sync.flow.circuit_breaker import MAX_USELESS_CALLS
from airflow_provider_hubcontact.sync.flow.record_reader import RecordReader
from airflow_provider_hubcontact.sync.flow.sync import Sync
from airflow_provider_hubcontact.sync.flow.workers import ThreadWorkers
from airflow_provider_hubcontact.sync.model.change import Stored, Write
from airflow_provider_hubcontact.sync.model.choices import OnRegression
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result, Stop
from airflow_provider_hubcontact.sync.model.ports import (
    Answers,
    Found,
    Lost,
    Reader,
    Refused,
    Step,
    Writer,
    Written,
)
from airflow_provider_hubcontact.sync.rows.comparison import Kind
from airflow_provider_hubcontact.sync.rows.json_schema import Schema
from airflow_provider_hubcontact.sync.rows.portal_schema import PortalSchema, Property
from airflow_provider_hubcontact.sync.rows.record_mapping import RecordMapping
from tests.sync.fakes import (
    BAD,
    LOST_AFTER,
    LOST_ANSWER,
    LOST_BEFORE,
    MAX_CALLS,
    STOP,
    FakePortal,
    Fate,
    Odd,
    ShuffledWorkers,
    refused,
    results_of,
)

SHAPE = RecordMapping(mapping={"firstname": "firstname", "stage": STAGE, "new_email": "email"})

UPDATE = Rules()
UPSERT = Rules(create=True)
RESET = Rules(on_regression=OnRegression.RESET)


def sync_of(portal: FakePortal, rules: Rules = UPDATE, **options: Any) -> Sync:
    return Sync(SHAPE, rules, portal, portal, **options)


def people(count: int) -> list[dict[str, str]]:
    return [{"email": f"p{n}@x.y", "firstname": "a"} for n in range(count)]


def renamed(*numbers: int, to: str = "b") -> list[dict[str, str]]:
    return [{"email": f"p{n}@x.y", "firstname": to} for n in numbers]


def outcomes(results: dict[int, Result]) -> list[Outcome]:
    return [result.outcome for result in results.values()]


def one_by_one(seed: int = 0) -> ShuffledWorkers:
    return ShuffledWorkers(seed, size=1)


# The way of a record


def test_each_record_has_its_own_outcome() -> None:
    """Good and bad records go their ways side by side, and only what differs is written."""
    portal = FakePortal.of(*people(4), {"email": "customer@x.y", STAGE: "customer"})
    rows: list[object] = [
        *renamed(0),
        *renamed(1, to="a"),
        *renamed(2, to=BAD),
        {"email": "nobody@x.y", "firstname": "b"},
        {"email": "customer@x.y", "stage": "lead"},
        {"email": "p3@x.y", "new_email": "P0@x.y"},
        *renamed(3, to="early"),
        *renamed(3),
        5,
        {"email": "p0\n@x.y"},
    ]

    results = results_of(sync_of(portal, max_in_flight=100), rows)

    assert outcomes(results) == [
        Outcome.UPDATED,
        Outcome.UNCHANGED,
        Outcome.REJECTED,
        Outcome.NOT_FOUND,
        Outcome.INVALID,
        Outcome.CONFLICT,
        Outcome.SUPERSEDED,
        Outcome.UPDATED,
        Outcome.INVALID,
        Outcome.INVALID,
    ]
    assert [portal.contacts[n]["firstname"] for n in "1234"] == ["b", "a", "a", "b"]
    assert portal.contacts["5"][STAGE] == "customer"


def test_calls_are_full() -> None:
    """Contacts are looked up and written in full batches, the last ones in what is left."""
    portal = FakePortal.of(*people(7))

    results = results_of(sync_of(portal), renamed(*range(7)))

    assert outcomes(results) == [Outcome.UPDATED] * 7
    assert sorted(len(keys) for keys in portal.reads) == [1, 3, 3]
    assert sorted(portal.writes) == [(Write.UPDATE, 1), (Write.UPDATE, 3), (Write.UPDATE, 3)]


def test_look_ups_wait_to_be_full() -> None:
    """While calls are under way, a look-up waits for more rows rather than go half empty."""
    portal = FakePortal.of(*people(12))

    results_of(sync_of(portal, max_in_flight=4), renamed(*range(12)))

    assert [len(keys) for keys in portal.reads] == [3, 3, 3, 3]


@pytest.mark.parametrize("size", [1, 2, 4])
def test_writes_wait_to_be_full(size: int) -> None:
    """Changes of several look-ups share a call."""
    portal = FakePortal.of(*people(9))
    rows = [row for n in range(9) for row in renamed(n, to="a" if n % 3 else "b")]

    results_of(sync_of(portal), rows, ShuffledWorkers(size=size))

    assert portal.writes == [(Write.UPDATE, 3)]


def test_checks_wait_to_be_full() -> None:
    """What several writes have written is read back at once."""
    contacts = FakePortal.of(*people(9))
    writer = FakePortal(contacts.contacts, batch_size=1)
    verifier = FakePortal(contacts.contacts, batch_size=4)

    results = results_of(Sync(SHAPE, UPDATE, contacts, writer, verifier=verifier), renamed(*range(9)))

    assert outcomes(results) == [Outcome.UPDATED] * 9
    assert sorted(len(keys) for keys in verifier.reads) == [1, 4, 4]


def test_a_full_check_does_not_wait() -> None:
    """What fills a call is read back, while others are under way."""
    contacts = FakePortal.of(*people(6))
    verifier = FakePortal(contacts.contacts)
    checked: list[int] = []  # calls that have read back, before each write

    class Writing(FakePortal):
        def write(self, kind: Write, steps: Sequence[Step], /) -> Answers | Refused | Lost:
            checked.append(len(verifier.reads))
            return super().write(kind, steps)

    class NewestFirst(ShuffledWorkers):
        def finished(self) -> tuple[Call, Answer] | None:
            job, call, _ = self._started.pop()
            return job, call()

    sync = Sync(SHAPE, UPDATE, contacts, Writing(contacts.contacts), verifier=verifier)
    results = results_of(sync, renamed(*range(6)), NewestFirst(size=2))

    assert outcomes(results) == [Outcome.UPDATED] * 6
    assert checked == [0, 1]


def test_checks_are_no_more_at_once_than_workers() -> None:
    """Although more of what was written waits to be read back."""
    contacts = FakePortal.of(*people(3))
    verifier = FakePortal(contacts.contacts, batch_size=1)

    results = results_of(sync_of(contacts, verifier=verifier), renamed(*range(3)), one_by_one())

    assert outcomes(results) == [Outcome.UPDATED] * 3
    assert [len(keys) for keys in verifier.reads] == [1, 1, 1]


def test_checks_of_some_properties() -> None:
    """Only contacts whose stage was written are read back, if no more is asked for."""
    contacts = FakePortal.of(*people(3))
    verifier = FakePortal(contacts.contacts)
    rows = [*renamed(0), {"email": "p1@x.y", "firstname": "b", "stage": "lead"}, *renamed(2)]

    results = results_of(Sync(SHAPE, RESET, contacts, contacts, verifier=verifier, verifies=[STAGE]), rows)

    assert outcomes(results) == [Outcome.UPDATED] * 3
    assert verifier.reads == [("p1@x.y",)]


def test_calls_beside_each_other() -> None:
    """Several calls are under way at once, but never more than there are workers."""
    workers = ShuffledWorkers(seed=1, size=3)

    results_of(sync_of(FakePortal.of(*people(20), batch_size=1)), renamed(*range(20)), workers)

    assert workers.most == 3


def test_only_needed_properties_are_read() -> None:
    """A look-up asks for the properties that its records have."""
    portal = FakePortal.of(*people(1))

    results_of(sync_of(portal), [{"email": "p0@x.y", "firstname": "b", "stage": "lead", "city": "x"}])

    assert portal.asked == {"firstname", STAGE}


def test_schema() -> None:
    """A record that the schema refuses is invalid, and costs no call."""
    portal = FakePortal.of(*people(2))
    schema = Schema({"properties": {"firstname": {"maxLength": 1}}})

    results = results_of(sync_of(portal, schema=schema), [*renamed(0, to="long"), *renamed(1)])

    assert outcomes(results) == [Outcome.INVALID, Outcome.UPDATED]
    assert portal.reads == [("p1@x.y",)]


def test_duplicates_refused() -> None:
    """If asked to, the first row of a key is written and later ones are invalid."""
    portal = FakePortal.of(*people(1))

    results = results_of(sync_of(portal, once=True), renamed(0, to="first") + renamed(0, to="second"))

    assert outcomes(results) == [Outcome.UPDATED, Outcome.INVALID]
    assert portal.contacts["1"]["firstname"] == "first"


@pytest.mark.parametrize("always", [True, False], ids=["ids", "emails"])
def test_upsert(always: bool) -> None:
    """An upsert creates who is missing and updates who is there."""
    portal = FakePortal.of(*people(1), always=always)

    results = results_of(sync_of(portal, UPSERT), [*renamed(0), {"email": "new@x.y", "firstname": "n"}])

    assert outcomes(results) == [Outcome.UPDATED, Outcome.CREATED]
    assert portal.contacts["2"] == {"email": "new@x.y", "firstname": "n"}


def test_nobody_is_created_twice() -> None:
    """Of two records that get one new key, the second finds whom the first created."""
    rows = [{"email": "one@x.y", "new_email": "new@x.y", "firstname": "one"}, {"email": "new@x.y"}]
    for seed in range(50):
        portal = FakePortal.of(batch_size=1 + seed % 3)

        results = results_of(sync_of(portal, UPSERT), rows, ShuffledWorkers(seed))

        assert len(portal.contacts) == 1
        assert Outcome.CREATED in outcomes(results)
        assert set(outcomes(results)) <= {Outcome.CREATED, Outcome.UPDATED, Outcome.UNCHANGED}


def test_a_creation_that_meets_a_contact_becomes_an_update() -> None:
    """Whom somebody else created after the look-up is updated, once, and nobody is there twice."""

    class Crowded(FakePortal):
        """Another app creates the contacts right after the first look-up."""

        def read(self, keys: Sequence[str], properties: Collection[str], /) -> Found | Refused | Lost:
            answer = super().read(keys, properties)
            for key in keys if len(self.reads) == 1 else ():
                self.contacts[str(len(self.contacts) + 1)] = {"email": key, "firstname": "theirs"}
            return answer

    portal = Crowded.of(batch_size=3)
    rows = [*renamed(0, 1), {"email": "p2@x.y", "firstname": "theirs"}]

    results = results_of(sync_of(portal, UPSERT), rows, one_by_one())

    assert outcomes(results) == [Outcome.UPDATED, Outcome.UPDATED, Outcome.UNCHANGED]
    assert [contact["firstname"] for contact in portal.contacts.values()] == ["b", "b", "theirs"]
    assert [kind for kind, _ in portal.writes] == [Write.CREATE, Write.UPDATE]


@pytest.mark.parametrize("size", [1, 3])
def test_a_creation_that_meets_nobody_it_can_find_is_a_conflict(size: int) -> None:
    """It is looked up and tried once more, and then told."""

    class Haunted(FakePortal):
        """Creations are refused, though no look-up finds anybody."""

        def write(self, kind: Write, steps: Sequence[Step], /) -> Answers | Refused | Lost:
            self.writes.append((kind, len(steps)))
            return Refused(Refusal(409, "Contact already exists", "CONFLICT"))

    portal = Haunted.of(batch_size=size)

    results = results_of(sync_of(portal, UPSERT), renamed(0), one_by_one())

    assert outcomes(results) == [Outcome.CONFLICT]
    assert (len(portal.reads), len(portal.writes)) == (2, 2)


@pytest.mark.parametrize("guilty", [1, 2, 5, 20, 100])
def test_splitting_costs_few_calls(guilty: int) -> None:
    """Each record that is refused without a name costs 2·log2(100) calls at most."""

    class Silent(FakePortal):
        """Refuses a batch as a whole, without a word about whom it means."""

        def write(self, kind: Write, steps: Sequence[Step], /) -> Answers | Refused | Lost:
            if any(BAD in step.properties.values() for step in steps):
                self.writes.append((kind, len(steps)))
                return Refused(Refusal(400, "something is wrong", "VALIDATION_ERROR"))
            return super().write(kind, steps)

    portal = Silent.of(*people(100), batch_size=100)
    wrong = set(random.Random(guilty).sample(range(100), guilty))
    rows = [{"email": f"p{n}@x.y", "firstname": BAD if n in wrong else "b"} for n in range(100)]

    results = results_of(sync_of(portal), rows)

    assert {row - 1 for row, result in results.items() if result.outcome is Outcome.REJECTED} == wrong
    assert [contact["firstname"] for contact in portal.contacts.values()].count("b") == 100 - guilty
    assert len(portal.writes) <= 2 * guilty * math.log2(100) + 1


@pytest.mark.parametrize("always", [True, False], ids=["ids", "emails"])
def test_reset_with_a_new_address(always: bool) -> None:
    """A stage is reset and the address changes, in steps that each find the contact."""
    portal = FakePortal.of({"email": "p0@x.y", STAGE: "customer"}, always=always)
    row = {"email": "p0@x.y", "stage": "lead", "firstname": "b", "new_email": "new@x.y"}

    results = results_of(sync_of(portal, RESET), [row])

    assert outcomes(results) == [Outcome.UPDATED]
    assert portal.contacts["1"] == {"email": "new@x.y", STAGE: "lead", "firstname": "b"}
    assert results[1].changes == {
        "firstname": (None, "b"),
        STAGE: ("customer", "lead"),
        "email": ("p0@x.y", "new@x.y"),
    }


# Without looking up first


def test_known_records_are_not_read() -> None:
    """With a port that reads only when it must, records without stage or new key are written at once."""
    portal = FakePortal.of(*people(3), {"email": "lead@x.y", STAGE: "lead"}, always=False, batch_size=1)
    rows = [*renamed(0, 1), {"email": "lead@x.y", "stage": "customer"}, {"email": "no@x.y", "firstname": "b"}]

    results = results_of(sync_of(portal), rows)

    assert outcomes(results) == [*[Outcome.UPDATED] * 3, Outcome.NOT_FOUND]
    assert portal.reads == [("lead@x.y",)]


def test_known_record_waits_for_its_contact() -> None:
    """A record that is written unread waits for the one that gives a contact its key."""
    rows = [{"email": "p0@x.y", "new_email": "new@x.y"}, *renamed(1), {"email": "new@x.y", "firstname": "b"}]
    for seed in range(50):
        portal = FakePortal.of(*people(2), always=False, batch_size=1)

        results = results_of(sync_of(portal, max_in_flight=2), rows, ShuffledWorkers(seed))

        assert outcomes(results) == [Outcome.UPDATED] * 3


def test_rows_that_end_unread_make_room() -> None:
    """The run goes on, though none of the rows that it had room for needed a call."""
    portal = FakePortal.of(*people(1), always=False)
    allows = PortalSchema([Property("email"), Property("firstname", Kind.NUMBER)])
    wrong = [{"email": f"no{n}@x.y", "firstname": "X"} for n in range(7)]

    results = results_of(
        replace(sync_of(portal, max_in_flight=3), portal=allows),
        [*wrong, {"email": "p0@x.y", "firstname": "1"}],
    )

    assert outcomes(results) == [*[Outcome.INVALID] * 7, Outcome.UPDATED]


def test_stage_is_never_written_unread() -> None:
    """A stage that would go back silently is found out by reading first."""
    portal = FakePortal.of({"email": "p0@x.y", STAGE: "customer"}, always=False)

    results = results_of(sync_of(portal), [{"email": "p0@x.y", "stage": "lead"}])

    assert outcomes(results) == [Outcome.INVALID]
    assert portal.writes == []


@pytest.mark.parametrize("always", [True, False], ids=["ids", "emails"])
def test_dry_run(always: bool) -> None:
    """A dry run reads everything, writes nothing, and tells what would change."""
    portal = FakePortal.of(*people(2), always=always)
    rows = [*renamed(0), *renamed(1, to="a"), {"email": "new@x.y"}]

    results = results_of(Sync(SHAPE, UPSERT, portal, None), rows)

    assert outcomes(results) == [Outcome.NOT_ATTEMPTED, Outcome.UNCHANGED, Outcome.NOT_ATTEMPTED]
    assert [(results[n].category, results[n].reason) for n in (1, 3)] == [
        ("WOULD_UPDATE", "dry run: would update"),
        ("WOULD_CREATE", "dry run: would create"),
    ]
    assert results[1].changes == {"firstname": ("a", "b")}
    assert results[3].changes == {"email": (None, "new@x.y")}
    assert (portal.writes, portal.contacts["1"]["firstname"]) == ([], "a")


def test_a_dry_run_says_why_nobody_is_found() -> None:
    """The contact is there, and would have another key by then."""
    portal = FakePortal.of(*people(1))
    shape = RecordMapping(key="old", mapping={"new": "email", "firstname": "firstname"})
    rows = [{"old": "p0@x.y", "new": "n@x.y"}, {"old": "p0@x.y", "firstname": "b"}]

    results = results_of(Sync(shape, UPDATE, portal, None), rows)

    assert outcomes(results) == [Outcome.NOT_ATTEMPTED, Outcome.NOT_FOUND]
    assert results[2].reason == "no contact would have the email p0@x.y: an earlier row changes it"


# Look-ups that go wrong


@pytest.mark.parametrize("fate", [Odd.SILENT, Odd.FORGETFUL], ids=["all", "the first"])
def test_look_up_that_is_silent_about_a_record(fate: Fate) -> None:
    """A key that a look-up neither finds nor misses is unknown, not missing, and nothing is created."""
    portal = FakePortal.of(*people(2), fates=[fate])

    results = results_of(sync_of(portal, UPSERT), renamed(0, 1))

    assert (results[1].outcome, results[1].status) == (Outcome.UNKNOWN, 200)
    assert results[1].reason == "HubSpot answered the look-up, but does not mention p0@x.y"
    assert len(portal.contacts) == 2


def test_look_up_that_contradicts_itself() -> None:
    """A contact that is found and missing at once is not written."""

    class Torn(FakePortal):
        def read(self, keys: Sequence[str], properties: Collection[str], /) -> Any:
            found = super().read(keys, properties)
            return replace(found, missing=frozenset(keys)) if isinstance(found, Found) else found

    results = results_of(sync_of(Torn.of(*people(1)), UPSERT), renamed(0))

    assert results[1].outcome is Outcome.UNKNOWN
    assert results[1].reason == (
        "HubSpot's answer says both that a contact has p0@x.y and that nobody has it"
    )


class Poisoned(FakePortal):
    """Refuses a look-up because of one of its keys, without saying which."""

    def read(self, keys: Sequence[str], properties: Collection[str], /) -> Found | Refused | Lost:
        found = super().read(keys, properties)
        return Refused(Refusal(400, "a key is wrong")) if "poison@x.y" in keys else found


def test_refused_look_up_of_merged_rows() -> None:
    """They end alike: one by one, values that a later row overwrites would be written first."""
    portal = FakePortal.of({"email": "p0@x.y", "firstname": "a"}, fates=[refused(413)])

    results = results_of(sync_of(portal), renamed(0) + renamed(0, to="a"))

    assert outcomes(results) == [Outcome.REJECTED, Outcome.REJECTED]
    assert (len(portal.reads), portal.writes) == (1, [])


def test_refused_look_up_is_split() -> None:
    """One key that HubSpot refuses does not take the others down."""
    portal = Poisoned.of(*people(8), batch_size=9)
    rows = [*renamed(*range(5)), {"email": "poison@x.y"}, *renamed(5, 6, 7)]

    results = results_of(sync_of(portal), rows)

    assert outcomes(results) == [*[Outcome.UPDATED] * 5, Outcome.REJECTED, *[Outcome.UPDATED] * 3]
    assert results[6].reason == "not looked up: a key is wrong"
    assert len(portal.reads) <= 2 * 9


@pytest.mark.parametrize(
    ("fate", "outcome"),
    [
        (refused(404), Outcome.UNKNOWN),
        (refused(423), Outcome.UNAVAILABLE),
        (refused(429), Outcome.THROTTLED),
        (refused(503), Outcome.UNAVAILABLE),
        (LOST_BEFORE, Outcome.UNAVAILABLE),
        (LOST_AFTER, Outcome.UNAVAILABLE),
    ],
)
def test_failed_look_up(fate: Fate, outcome: Outcome) -> None:
    """A look-up that fails ends its own records only."""
    portal = FakePortal.of(*people(6), fates=[fate])

    results = results_of(sync_of(portal), renamed(*range(6)), one_by_one())

    assert outcomes(results) == [outcome] * 3 + [Outcome.UPDATED] * 3


# Writes that go wrong


@pytest.mark.parametrize("always", [True, False], ids=["by id", "by address"])
def test_stage_is_put_back(always: bool) -> None:
    """A stage that was cleared in vain is put back, and the record ends with what HubSpot refused."""
    fates = iter([None, None, refused(400)])
    portal = FakePortal.of({"email": "p0@x.y", STAGE: "customer"}, always=always, fates=fates)

    results = results_of(sync_of(portal, RESET), [{"email": "p0@x.y", "firstname": "b", "stage": "lead"}])

    assert outcomes(results) == [Outcome.REJECTED]
    assert results[1].reason == "firstname was written, but lifecyclestage stays customer: refused with 400"
    assert results[1].changes == {"firstname": (None, "b")}
    assert portal.contacts["1"] == {"email": "p0@x.y", "firstname": "b", STAGE: "customer"}


def test_stage_cannot_be_put_back() -> None:
    """A stage that stays blank is told as such, and a retry can set it."""
    fates = iter([None, None, refused(400), LOST_BEFORE])
    portal = FakePortal.of({"email": "p0@x.y", STAGE: "customer"}, fates=fates)

    results = results_of(sync_of(portal, RESET), [{"email": "p0@x.y", "stage": "lead"}])

    assert outcomes(results) == [Outcome.UNKNOWN]
    assert "was cleared but not set again" in results[1].reason


def test_putting_back_is_refused_too() -> None:
    """The record is refused, and its changes say that the stage is blank."""
    fates = iter([None, None, refused(400), refused(400)])
    portal = FakePortal.of({"email": "p0@x.y", STAGE: "customer"}, fates=fates)

    results = results_of(sync_of(portal, RESET), [{"email": "p0@x.y", "firstname": "b", "stage": "lead"}])

    assert outcomes(results) == [Outcome.REJECTED]
    assert "was cleared but not set again" in results[1].reason
    assert results[1].changes == {"firstname": (None, "b"), STAGE: ("customer", "")}


def test_refused_batch_is_split_until_the_culprit_is_named() -> None:
    """A batch that is refused as a whole is sent in halves; what must hold the culprit is not sent whole."""

    class Unforgiving(FakePortal):
        def write(self, kind: Write, steps: Sequence[Step], /) -> Answers | Refused | Lost:
            if len(steps) > 1 and any(BAD in step.properties.values() for step in steps):
                assert self.calls < MAX_CALLS, "the run goes round in circles"
                self.writes.append((kind, len(steps)))
                return Refused(Refusal(400, "one of them is bad"))
            return super().write(kind, steps)

    portal = Unforgiving.of(*people(8), batch_size=8)

    results = results_of(sync_of(portal), [*renamed(0, 1, 2), *renamed(3, to=BAD), *renamed(4, 5, 6, 7)])

    assert outcomes(results) == [*[Outcome.UPDATED] * 3, Outcome.REJECTED, *[Outcome.UPDATED] * 4]
    assert sorted(size for _, size in portal.writes) == [1, 1, 2, 4, 4, 8]


@pytest.mark.parametrize(
    ("fate", "expected"),
    [
        (Odd.SILENT, [Outcome.UNKNOWN] * 3),
        (Odd.DEAF, [Outcome.UNKNOWN] * 3),
        (Odd.FORGETFUL, [Outcome.UNKNOWN, Outcome.UPDATED, Outcome.UPDATED]),
        (Odd.ANONYMOUS, [Outcome.UPDATED] * 3),
        (LOST_BEFORE, [Outcome.UNAVAILABLE] * 3),
        (LOST_AFTER, [Outcome.UNKNOWN] * 3),
        (LOST_ANSWER, [Outcome.UNKNOWN] * 3),
        (refused(503), [Outcome.UNAVAILABLE] * 3),
        (refused(409), [Outcome.UPDATED] * 3),
    ],
    ids=str,
)
def test_odd_write(fate: Fate, expected: list[Outcome]) -> None:
    """What a write came to is told by its answer alone, and other batches do not suffer."""
    portal = FakePortal.of(*people(6), fates=[None, fate])

    results = results_of(sync_of(portal, max_in_flight=3), renamed(*range(6)), one_by_one())

    assert outcomes(results) == [*expected, *[Outcome.UPDATED] * 3]


def test_reset_that_fails_halfway() -> None:
    """A stage that was cleared and could not be set is told, and set by the next run."""
    portal = FakePortal.of({"email": "p0@x.y", STAGE: "customer"}, fates=[None, None, refused(503)])
    rows = [{"email": "p0@x.y", "stage": "lead"}]

    first = results_of(sync_of(portal, RESET), rows)
    blank = dict(portal.contacts["1"])
    second = results_of(sync_of(portal, RESET), rows)

    assert outcomes(first) == [Outcome.UNAVAILABLE]
    assert first[1].reason == "lifecyclestage was cleared but not set again: refused with 503"
    assert blank[STAGE] == ""
    assert outcomes(second) == [Outcome.UPDATED]
    assert portal.contacts["1"][STAGE] == "lead"


# The end of a run


def test_stop() -> None:
    """When no later call can fare better, no row more is read and no call more is made."""

    class Locked(FakePortal):
        def read(self, keys: Sequence[str], properties: Collection[str], /) -> Found | Refused | Lost:
            super().read(keys, properties)
            return Refused(Refusal(401, "the token is wrong"), stops=True)

    portal = Locked.of(*people(9))
    results: dict[int, Result] = {}
    source = iter(renamed(*range(9)))
    sync = sync_of(portal, max_in_flight=6)

    stop = sync.run(source, one_by_one(), lambda result: results.update({result.row: result}))

    assert stop is not None
    reason = stop.reason
    assert reason == "HubSpot answered 401: it does not accept the token"
    assert outcomes(results) == [Outcome.UNAUTHORIZED] * 3 + [Outcome.NOT_ATTEMPTED] * 3
    assert results[6].reason == f"the run stopped: {reason}"
    assert (len(portal.reads), len(list(source))) == (1, 3)


def test_stop_lets_calls_under_way_end() -> None:
    """A stop takes no success from a call that was already under way."""
    rows = renamed(*range(6))
    ends: set[Outcome] = set()
    for seed in range(30):
        portal = FakePortal.of(*people(6), batch_size=1, fates=[None] * 6 + [STOP])

        results = results_of(sync_of(portal), rows, ShuffledWorkers(seed))

        assert list(results) == [1, 2, 3, 4, 5, 6]
        written = {row for row, _ in portal.applied}
        assert written == {row for row, result in results.items() if result.outcome is Outcome.UPDATED}
        ends.update(outcomes(results))
    assert ends == {Outcome.UPDATED, Outcome.UNAUTHORIZED, Outcome.NOT_ATTEMPTED}


def test_stop_cancels_calls_that_were_not_sent() -> None:
    """What waits for the rate limit when the run stops is not sent, and is unattempted."""
    rows = renamed(*range(6))
    stopped = threading.Event()

    class Waiting(FakePortal):
        """Only the first write is sent at once; the others wait until the run stops."""

        def write(self, kind: Write, steps: Sequence[Step], /) -> Answers | Refused | Lost:
            if steps[0].change.record.row == 1:
                return STOP.answer
            assert stopped.wait(10)
            return Lost("cancelled", sent=False)

    portal = Waiting.of(*people(6), batch_size=1)
    with ThreadWorkers[Call, Answer](lambda: 4, stopped.set) as workers:
        results: dict[int, Result] = {}
        stop = sync_of(portal).run(rows, workers, lambda result: results.update({result.row: result}))

    assert stop == Stop("HubSpot answered 401 CATEGORY: it does not accept the token")
    assert results[1].outcome is Outcome.UNAUTHORIZED
    assert {results[row].outcome for row in results if row > 1} == {Outcome.NOT_ATTEMPTED}
    assert portal.applied == []


def test_stop_in_any_moment() -> None:
    """However keys and contacts are entangled when a run stops, each row read has one outcome."""
    rows = [
        {"email": "nobody@x.y"},
        {"email": "s0@x.y", "firstname": "b"},
        {"email": "p0@x.y", "firstname": "c"},
        *renamed(1),
        {"email": "p0@x.y", "firstname": "d"},
        {"email": "s0@x.y", "firstname": "e"},
        {"email": "p0@x.y", "new_email": "p2@x.y"},
    ]
    for seed in range(100):
        for calls in range(10):
            contacts = [{"email": "p0@x.y", "other": "s0@x.y"}, {"email": "p1@x.y"}]
            portal = FakePortal.of(*contacts, batch_size=1, fates=[None] * calls + [STOP])

            results = results_of(sync_of(portal, max_in_flight=4), rows, ShuffledWorkers(seed))

            assert list(results) == list(range(1, len(results) + 1))


def test_stop_in_the_middle_of_a_reset() -> None:
    """A record whose stage is blank when the run stops is never called unattempted, and says so."""
    contacts = [{"email": f"p{n}@x.y", STAGE: "customer"} for n in range(3)]
    rows = [{"email": f"p{n}@x.y", "stage": "lead"} for n in range(3)]
    ends: set[Outcome] = set()
    for seed in range(100):
        portal = FakePortal.of(*contacts, batch_size=1, fates=[*[None] * (2 + seed % 5), STOP])

        results = results_of(sync_of(portal, RESET), rows, ShuffledWorkers(seed))

        blank = {row for row in results if not portal.contacts[str(row)][STAGE]}
        assert {row for row, result in results.items() if "not set again" in result.reason} == blank
        ends |= {results[row].outcome for row in blank}
    assert ends == {Outcome.UNKNOWN, Outcome.UNAUTHORIZED}


def test_stop_before_a_second_try() -> None:
    """A record that was sent without an answer of its own is unknown when the run stops, not unattempted."""
    portal = FakePortal.of(*people(3), fates=[None, Odd.ANONYMOUS, STOP])

    results = results_of(sync_of(portal), renamed(0, 1, 2), one_by_one())

    assert outcomes(results) == [Outcome.UNAUTHORIZED, Outcome.UNKNOWN, Outcome.UPDATED]
    assert results[2].reason.startswith("its batch got no clear answer: the run stopped: ")


def test_stop_before_a_split_look_up() -> None:
    """Records whose look-up was to be repeated in parts are unattempted when the run stops."""
    portal = FakePortal.of(*people(3), fates=[refused(400), STOP])

    results = results_of(sync_of(portal), renamed(0, 1, 2), one_by_one())

    assert outcomes(results) == [Outcome.UNAUTHORIZED, Outcome.NOT_ATTEMPTED, Outcome.NOT_ATTEMPTED]


@pytest.mark.parametrize(
    "fate", [LOST_BEFORE, LOST_AFTER, refused(423), refused(429), refused(500), refused(503)], ids=str
)
def test_too_many_useless_calls(fate: Fate) -> None:
    """A run does not try a HubSpot that is down over and over."""
    portal = FakePortal.of(fates=[fate] * 100)
    source = iter(renamed(*range(90)))
    results: list[Result] = []

    stop = sync_of(portal, max_in_flight=9).run(source, one_by_one(), results.append)

    assert stop is not None
    assert stop.reason.startswith(f"{MAX_USELESS_CALLS} calls in a row failed, the last one: ")
    assert portal.calls == MAX_USELESS_CALLS
    assert sorted(result.row for result in results) == list(range(1, len(results) + 1))
    assert len(results) < 90


@pytest.mark.parametrize("fate", [None, refused(404)], ids=["an answer", "a refusal of what was asked"])
def test_useful_calls_in_between(fate: Fate) -> None:
    """Any call that HubSpot answered shows that it is up."""
    useless = [LOST_AFTER] * (MAX_USELESS_CALLS - 1)
    portal = FakePortal.of(fates=[*useless, fate, *useless, fate, *useless], batch_size=1)

    reason = sync_of(portal).run(renamed(*range(20)), one_by_one(), lambda _: None)

    assert reason is None


def test_empty_source() -> None:
    """A source without rows needs no call."""
    portal = FakePortal.of(*people(1))

    assert sync_of(portal).run([], one_by_one(), lambda _: None) is None
    assert portal.calls == 0


class BrokenSource(Exception):
    pass


@pytest.mark.parametrize("max_in_flight", [2, 100])
def test_broken_source(max_in_flight: int) -> None:
    """All rows that a source gave before it broke have their outcome before its error is raised."""
    portal = FakePortal.of(*people(5))
    results: list[Result] = []

    def source() -> Iterator[object]:
        yield from renamed(*range(5))
        raise BrokenSource("the cursor is gone")

    with pytest.raises(BrokenSource, match="the cursor is gone"):
        sync_of(portal, max_in_flight=max_in_flight).run(source(), ShuffledWorkers(), results.append)

    assert sorted((result.row, result.outcome) for result in results) == [
        (row, Outcome.UPDATED) for row in range(1, 6)
    ]


def test_rows_that_nobody_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that has come to nothing more, but has not read the source to its end, is not a good one."""
    monkeypatch.setattr(RecordReader, "next", lambda _: None)

    with pytest.raises(RuntimeError, match="rows are left"):
        results_of(sync_of(FakePortal.of()), people(2))


class Confused(FakePortal):
    """Answers a look-up as if it were a write, and a write as if it were a look-up."""

    def read(self, keys: Sequence[str], properties: Collection[str], /) -> Any:
        found = super().read(keys, properties)
        return Answers(200) if "p1@x.y" in keys else found

    def write(self, kind: Write, steps: Sequence[Step], /) -> Any:
        return Found({}, frozenset())


@pytest.mark.parametrize(
    ("number", "message"),
    [(0, "a write was answered with Found"), (1, "a look-up was answered with Answers")],
)
def test_port_that_breaks_its_contract(number: int, message: str) -> None:
    """A mistake in a port is an error of the run, not of a record."""
    with pytest.raises(TypeError, match=message):
        results_of(sync_of(Confused.of(*people(2))), renamed(number))


def test_verifier_that_breaks_its_contract() -> None:
    """The same holds of what reads back."""
    portal = FakePortal.of(*people(2))

    with pytest.raises(TypeError, match="a look-up was answered with Answers"):
        results_of(sync_of(portal, verifier=Confused.of(*people(2))), renamed(1))


# Order


def test_last_row_wins_across_windows() -> None:
    """However calls overlap, the last of many rows with a key is what the contact has in the end."""
    rows = [row for n in range(6) for row in renamed(0, 1, to=f"v{n}")]
    for seed in range(100):
        portal = FakePortal.of(*people(2), batch_size=1)

        results = results_of(sync_of(portal, max_in_flight=1 + seed % 5), rows, ShuffledWorkers(seed))

        assert [contact["firstname"] for contact in portal.contacts.values()] == ["v5", "v5"]
        assert set(outcomes(results)) <= {Outcome.UPDATED, Outcome.SUPERSEDED}


def test_look_up_that_is_outdated_when_it_answers() -> None:
    """A contact that is written while its other address is looked up is looked up again."""
    rows = [{"email": "p0@x.y", "firstname": "b"}, {"email": "s0@x.y", "firstname": "a"}]
    ends: set[tuple[Outcome, str]] = set()
    for seed in range(100):
        portal = FakePortal.of({"email": "p0@x.y", "other": "s0@x.y", "firstname": "a"}, batch_size=1)

        def settled(result: Result, portal: FakePortal = portal) -> None:
            if result.row == 2:
                ends.add((result.outcome, portal.contacts["1"]["firstname"]))

        sync_of(portal).run(rows, ShuffledWorkers(seed), settled)

    assert ends == {(Outcome.UPDATED, "a"), (Outcome.UNCHANGED, "a")}


# Memory


class Everybody:
    """Has every contact, and forgets what it is told."""

    batch_size = 20
    always = upserts = True

    def read(self, keys: Sequence[str], properties: Collection[str], /) -> Found:
        return Found({key: Stored(key, key, {"firstname": "old"}) for key in keys}, frozenset())

    def write(self, kind: Write, steps: Sequence[Step], /) -> Answers:
        return Answers(200, tuple(Written(step.change.address) for step in steps))


def test_source_is_read_as_fast_as_records_end() -> None:
    """No more rows are read than may be under way."""
    ended: list[Result] = []

    def source() -> Iterator[object]:
        for row in range(500):
            assert row - len(ended) < 30
            yield {"email": f"{row}@x.y", "firstname": "new"}

    everybody = Everybody()
    Sync(SHAPE, UPDATE, everybody, everybody, max_in_flight=30).run(source(), ShuffledWorkers(), ended.append)

    assert len(ended) == 500


def test_memory_is_constant() -> None:
    """What a run remembers does not grow with the rows that have ended."""
    used: list[int] = []

    def source() -> Iterator[object]:
        for row in range(4_001):
            if row in {1_000, 4_000}:
                gc.collect()
                used.append(tracemalloc.get_traced_memory()[0])
            yield {"email": f"{row:09}@x.y", "firstname": "new"}

    everybody = Everybody()
    sync = Sync(SHAPE, UPDATE, everybody, everybody, max_in_flight=200)
    tracemalloc.start()
    try:
        sync.run(source(), ShuffledWorkers(), lambda _: None)
    finally:
        tracemalloc.stop()

    early, late = used
    assert late - early < 3_000 * 25, "less than the text of a key for each row"


# Threads


def test_on_threads() -> None:
    """On real threads, too, each row ends once and the last row of a key wins."""
    portal = FakePortal.of(*people(10), batch_size=2, latency=0.001)
    rows = [row for n in range(5) for row in renamed(*range(10), to=f"v{n}")]
    results: list[Result] = []

    with ThreadWorkers[Call, Answer](lambda: 4) as workers:
        sync_of(portal, max_in_flight=6).run(rows, workers, results.append)

    assert sorted(result.row for result in results) == list(range(1, 51))
    assert {contact["firstname"] for contact in portal.contacts.values()} == {"v4"}


def test_fake_is_a_port() -> None:
    """The fake has the shape of both ports, and so it can stand for them."""
    portal = FakePortal()
    reader: Reader = portal
    writer: Writer = portal

    assert (reader.batch_size, writer.batch_size) == (3, 3)
