# SPDX-License-Identifier: Apache-2.0
"""Contacts that take over each other's addresses; they are known by another key, as by record id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_hubcontact.refusal import Refusal
from airflow_provider_hubcontact.sync.decide.rules import Rules
from airflow_provider_hubcontact.sync.flow.sync import Sync
from airflow_provider_hubcontact.sync.model.change import Write
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result
from airflow_provider_hubcontact.sync.model.ports import Answers, Lost, Refused, Step
from airflow_provider_hubcontact.sync.rows.record_mapping import RecordMapping
from tests.sync.fakes import BAD, STOP, FakePortal, ShuffledWorkers, Whole, results_of

SHAPE = RecordMapping(key="number", id_property="other", mapping={"email": "email", "firstname": "firstname"})
RULES = Rules(id_property="other")


def portal_of(*emails: str, batch_size: int = 3) -> FakePortal:
    contacts = [{"email": each, "other": f"k{number}"} for number, each in enumerate(emails)]
    return FakePortal.of(*contacts, batch_size=batch_size)


def moved(*emails: str) -> list[dict[str, str]]:
    return [{"number": f"k{number}", "email": each} for number, each in enumerate(emails)]


def sync(portal: FakePortal, rows: Sequence[dict[str, str]], seed: int = 0) -> dict[int, Result]:
    return results_of(Sync(SHAPE, RULES, portal, portal), rows, ShuffledWorkers(seed))


def addresses(portal: FakePortal) -> list[str]:
    return [contact["email"] for contact in portal.contacts.values()]


@pytest.mark.parametrize("batch_size", [1, 3])
@pytest.mark.parametrize(
    "wanted",
    [("b", "a", "c"), ("b", "c", "a"), ("c", "a", "b"), ("b", "c", "d"), ("d", "a", "b"), ("b", "d", "c")],
    ids="".join,
)
def test_addresses_go_round(wanted: tuple[str, ...], batch_size: int) -> None:
    """Swaps, circles and rows of contacts that follow each other all end as wanted, in any order of calls."""
    for seed in range(20):
        portal = portal_of("a", "b", "c", batch_size=batch_size)

        results = sync(portal, moved(*wanted), seed)

        assert addresses(portal) == list(wanted)
        assert {result.outcome for result in results.values()} <= {Outcome.UPDATED, Outcome.UNCHANGED}
        assert [result.changes["email"] for result in results.values() if result.changes] == [
            (old, new) for old, new in zip("abc", wanted, strict=True) if old != new
        ]


@settings(max_examples=300, deadline=None)
@given(data=st.data(), size=st.integers(2, 7), batch_size=st.integers(1, 4), seed=st.integers(0, 99))
def test_any_exchange(data: st.DataObject, size: int, batch_size: int, seed: int) -> None:
    """Whoever gets whose address, everybody has the wanted one, and a second run changes nothing."""
    before = [f"p{number}" for number in range(size)]
    wanted = data.draw(st.permutations([*before, "new0", "new1"]))[:size]
    portal = portal_of(*before, batch_size=batch_size)

    results = sync(portal, moved(*wanted), seed)
    again = sync(portal, moved(*wanted), seed)

    assert addresses(portal) == list(wanted)
    assert {result.outcome for result in results.values()} <= {Outcome.UPDATED, Outcome.UNCHANGED}
    assert {result.outcome for result in again.values()} == {Outcome.UNCHANGED}


def test_a_third_contacts_address_is_a_conflict() -> None:
    """The reason names the address and who has it; that contact is not touched."""
    portal = portal_of("a", "b", "c")

    results = sync(portal, [{"number": "k0", "email": "c", "firstname": "X"}])

    assert results[1].outcome is Outcome.CONFLICT
    assert (results[1].key, results[1].category) == ("k0", "KEY_TAKEN")
    assert results[1].reason == "the new email c belongs to another contact (3)"
    assert addresses(portal) == ["a", "b", "c"]


def test_a_contact_that_keeps_its_address_is_a_third() -> None:
    """Who waits for it in vain is told; nobody waits for ever."""
    for seed in range(20):
        portal = portal_of("a", "b")

        results = sync(portal, [{"number": "k0", "email": "b"}, {"number": "k1", "firstname": "B"}], seed)

        assert [result.outcome for result in results.values()] == [Outcome.CONFLICT, Outcome.UPDATED]
        assert addresses(portal) == ["a", "b"]


def test_who_waits_goes_on_when_the_address_is_free() -> None:
    """Not only when nothing else is to be done: a source may have millions of rows."""
    portal = portal_of("a", "b", *"cdefghij", batch_size=1)
    others = [{"number": f"k{number}", "firstname": "X"} for number in range(2, 10)]
    ended: list[int] = []

    Sync(SHAPE, RULES, portal, portal, max_in_flight=2).run(
        [*moved("b", "z"), *others], ShuffledWorkers(size=1), lambda result: ended.append(result.row)
    )

    assert addresses(portal)[:2] == ["b", "z"]
    assert ended.index(1) <= 3, ended


def test_an_address_that_was_given_up_is_put_back() -> None:
    """If the other one cannot move after all, both keep what they had."""
    for seed in range(20):
        portal = portal_of("a", "b")
        rows = [{"number": "k0", "email": "b", "firstname": BAD}, {"number": "k1", "email": "a"}]

        results = sync(portal, rows, seed)

        assert results[1].outcome is Outcome.REJECTED
        assert results[2].outcome is Outcome.CONFLICT
        assert addresses(portal) == ["a", "b"]


def test_a_stop_in_the_middle_is_told() -> None:
    """A contact without an address is unknown, and says that it was cleared; the others are as they were."""
    for seed in range(30):
        for calls in range(1, 6):
            portal = portal_of("a", "b", batch_size=2)
            portal.fates = iter([*[None] * calls, STOP, *[STOP] * 5])

            results = sync(portal, moved("b", "a"), seed)

            assert len(results) == 2
            for number, address in enumerate(addresses(portal), 1):
                blank = "email was cleared but not set again" in results[number].reason
                assert blank == (address == "")
                assert not blank or results[number].outcome in {Outcome.UNKNOWN, Outcome.UNAUTHORIZED}


def test_an_answer_that_is_lost_keeps_nobody_waiting() -> None:
    """Whoever waits for a contact whose clearing got no answer goes on."""
    lost = Whole(Lost("no answer", sent=True), applied=True)
    for seed in range(30):
        for calls in range(1, 6):
            portal = portal_of("a", "b", batch_size=2)
            portal.fates = iter([*[None] * calls, lost])

            results = sync(portal, moved("b", "a"), seed)

            assert len(results) == 2
            assert all(result.outcome is not Outcome.NOT_ATTEMPTED for result in results.values())


def test_a_refusal_of_a_whole_batch_comes_to_the_same() -> None:
    """Without trace ids a conflict refuses the batch; halved, each names who is in the way."""

    class Strict(FakePortal):
        """Answers a conflict as HubSpot does without trace ids."""

        def write(self, kind: Write, steps: Sequence[Step], /) -> Answers | Refused | Lost:
            answer = super().write(kind, steps) if len(steps) == 1 else None
            if isinstance(answer, Answers) and answer.refusals:
                return Refused(replace(answer.refusals[0], trace_ids=()))
            return answer or Refused(Refusal(409, "Contact already exists", "CONFLICT"))

    contacts = [{"email": each, "other": f"k{number}"} for number, each in enumerate("abcd")]
    portal = Strict.of(*contacts, batch_size=4)

    results = sync(portal, moved("b", "a", "d", "c"))

    assert addresses(portal) == ["b", "a", "d", "c"]
    assert {result.outcome for result in results.values()} == {Outcome.UPDATED}
