# SPDX-License-Identifier: Apache-2.0
"""Which keys of a state a run lacks, and whose contacts are removed for that."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from itertools import chain
from threading import Thread

import pytest

from airflow_provider_hubcontact.job.errors import ClaimLost, GuardExceeded
from airflow_provider_hubcontact.job.settings.state import State
from airflow_provider_hubcontact.job.state.claim import Claim
from airflow_provider_hubcontact.job.state.removals import removals as module
from airflow_provider_hubcontact.job.state.removals import run_keys
from airflow_provider_hubcontact.job.state.removals.removals import Removals
from airflow_provider_hubcontact.job.state.removals.run_keys import Gone, RunKeys
from airflow_provider_hubcontact.sync.decide.plan import MERGED, OTHER_KEY, RENAMED
from airflow_provider_hubcontact.sync.decide.rules import CannotTell
from airflow_provider_hubcontact.sync.model.outcome import SUCCESSES, Outcome, Result
from airflow_provider_hubcontact.sync.model.record import Record
from tests.job.hub import ARCHIVING, STATE, Hub, records

WAITS = "1 new row is not written, and may have the contact of one that left"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    for each in (module, "PAGE"), (run_keys, "SIZE"):
        monkeypatch.setattr(*each, 2)
    return Hub()


@pytest.fixture
def claim(hub: Hub) -> Claim:
    return hub.claimed()


def looked(removals: Removals, *keys: str, most: float | None = None) -> Removals:
    """Read a source with these keys."""
    removals.give(records(*keys))
    removals.look(most)
    return removals


def due(removals: Removals) -> list[str]:
    """Return the contacts that are to be removed."""
    return sorted(each.id for each in chain.from_iterable(removals.due()))


def told(removals: Removals) -> dict[str, object]:
    return {name: value for name, value in removals.told().items() if value}


class TestWhoIsRemoved:
    @pytest.mark.parametrize(
        ("asked", "contacts", "left_alone"),
        [
            (STATE, ["2", "3"], 1),
            (ARCHIVING, ["3"], 2),
            (State("sql://db/hub", on_removed="archive", grace=0), ["3", "5"], 3),
        ],
        ids=["values", "archive", "no grace"],
    )
    def test_origins(
        self, hub: Hub, claim: Claim, asked: State, contacts: list[str], left_alone: int
    ) -> None:
        """Of rows that left for long enough, those whom this sync has written, or created."""
        hub.have("here", "1", "created", missing=None)
        hub.have("written", "2", "written", missing=1)
        hub.have("created", "3", "created", missing=1)
        hub.have("seen", "4", "seen", missing=1)
        hub.have("lately", "5", "created", missing=None)
        hub.have("lately, too", "6", missing=None)
        hub.have("nobody", None, "absent", missing=1)

        removals = looked(hub.removals(claim, asked), "here", "new")

        assert due(removals) == contacts
        assert told(removals) == {"gone": 5, "left_alone": left_alone}

    def test_another_try_of_a_completed_run(self, hub: Hub, claim: Claim) -> None:
        """It does not count as one more run."""
        hub.have("left", "1", missing=1)

        assert due(looked(hub.removals(claim, is_counted=True))) == []

    def test_a_doubt(self, hub: Hub, claim: Claim) -> None:
        """Nobody is removed, and no key leaves the state, however many it would be; the first one is told."""
        for key in ("left", "left, too"):
            hub.have(key, "1", missing=1)
        removals = looked(hub.removals(claim, doubt="the first"), most=0)

        removals.doubts("the second")

        assert (due(removals), told(removals)) == ([], {"gone": 2, "nobody_because": "the first"})
        assert hub.contacts() == ["1", "1"]
        assert [*removals.misses()] == []
        assert removals.waiting() == "the first"

    def test_without_tables(self, hub: Hub) -> None:
        """A dry run before the first run finds nobody, and fails at nothing."""
        removals = looked(hub.removals(None, has_tables=False), "a")

        removals.forget(["k"])
        removals.guard_plan([records("1")], 1)

        assert (due(removals), [*removals.misses()]) == ([], [])
        assert removals.spared(records("1")[0], ["b"], may_move=True) is None

    def test_one_contact_of_several_keys(self, hub: Hub, claim: Claim) -> None:
        """Keys whose contact a row, or another key, has leave the state; one of those that all left stays."""
        hub.have("first", "1", missing=3)
        last = hub.have("last", "1", missing=1)
        hub.have("renamed", "2", missing=1)
        hub.have("its new name", "2")
        hub.have("met", "3", missing=1)
        hub.have("left", "4", missing=1)
        removals = looked(hub.removals(claim), "its new name")
        removals.meet(["3"])

        assert due(removals) == ["1", "4"]

        assert told(removals) == {"gone": 5, "renamed": 3}
        assert hub.contacts() == ["1", "2", "4"]
        assert hub.one("SELECT key_digest FROM hub WHERE record_id = '1'") == last

    def test_a_key_that_is_back(self, hub: Hub, claim: Claim) -> None:
        """It is there again from the beginning; what is still away is missed once more in the end."""
        for number, missing in enumerate((1, 2, 1, 0, None), 1):
            hub.have(f"k{number}", str(number), missing=missing)
        removals = looked(hub.removals(claim, State("sql://db/hub", on_removed="archive", grace=2)), "k1")
        before = dict(hub.do("SELECT record_id, missing FROM hub"))

        hub.database.transact(lambda execute: [execute(each) for each in removals.misses()])

        assert before == {"1": None, "2": 2, "3": 1, "4": 0, "5": None}
        after = dict(hub.do("SELECT record_id, missing FROM hub"))
        assert after == {"1": None, "2": 3, "3": 2, "4": 1, "5": 1}
        counted = hub.removals(claim, is_counted=True)
        assert [*looked(counted, "k1").misses()] == []


class TestGuard:
    @pytest.mark.parametrize(
        ("most", "is_allowed"), [(None, True), (2, True), (1, False), (0, False), (0.5, True), (0.1, False)]
    )
    def test_two_of_four(self, hub: Hub, claim: Claim, most: float | None, is_allowed: bool) -> None:
        """A count, or a share of the keys that have a contact; others do not count."""
        for number, (key, missing) in enumerate(zip("abcd", (1, 1, None, None), strict=True)):
            hub.have(key, str(number), missing=missing)
        hub.have("seen", "5", "seen", missing=1)
        hub.do("DELETE FROM hub WHERE record_id = '3'")
        hub.have("nobody", None, "absent")
        removals = hub.removals(claim)

        if is_allowed:
            looked(removals, "c", most=most)
            return
        says = (
            "2 removals of 4 keys of the state are more than guards.removals=.* allows: nothing was written"
        )
        with pytest.raises(GuardExceeded, match=says):
            looked(removals, "c", most=most)

    def test_a_share_allows_one(self, hub: Hub, claim: Claim) -> None:
        """A share of a small state still allows one contact; a share of 0 allows nobody."""
        hub.have("left", "1", missing=1)

        looked(hub.removals(claim), most=0.1)
        with pytest.raises(GuardExceeded):
            looked(hub.removals(claim), most=0)

    def test_a_plan(self, hub: Hub, claim: Claim) -> None:
        """Those that an earlier try has removed count, too; no doubt is left by then."""
        hub.have("a", "1")
        hub.have("b", "3")
        parts = [records("1"), records("9")]
        removals = hub.removals(claim, doubt="no run is completed")

        with pytest.raises(GuardExceeded, match="2 removals of 3 keys of the state"):
            removals.guard_plan(parts, 1)

        removals.guard_plan(parts, 2)
        assert told(removals) == {}


class TestRowsThatFailed:
    @pytest.mark.parametrize(
        ("result", "actions", "why"),
        [
            (Result(1, "new", Outcome.UPDATED, 200), {}, None),
            (Result(1, "new", Outcome.NOT_ATTEMPTED, None, "WOULD_UPDATE"), {}, None),
            (Result(1, "new", Outcome.NOT_ATTEMPTED), {}, WAITS),
            (Result(1, "new", Outcome.NOT_FOUND, 404), {}, WAITS),
            (Result(1, "new", Outcome.NOT_FOUND, 404), {404: "succeed"}, None),
            (Result(1, "new", Outcome.NOT_FOUND, 404), {404: "skip"}, None),
            (Result(1, "new", Outcome.NOT_FOUND, 404), {404: "retry"}, WAITS),
            (Result(1, "new", Outcome.REJECTED, 400), {400: "succeed"}, WAITS),
            (Result(1, "new", Outcome.INVALID), {}, "a row is not valid"),
        ],
    )
    def test_a_new_row(
        self, hub: Hub, claim: Claim, result: Result, actions: dict[int | str, str], why: str | None
    ) -> None:
        """It may have the contact of a row that left, unless it ended well."""
        hub.have("left", "1", missing=1)
        removals = looked(hub.removals(claim, actions=actions), "new")

        removals.settled(result)

        assert due(removals) == ([] if why else ["1"])
        assert (removals.waiting(), removals.told()["nobody_because"]) == (why, why)

    def test_rows_that_the_state_knows(self, hub: Hub, claim: Claim) -> None:
        """Only new ones count: those of whom the state has no contact."""
        hub.have("known", "1")
        hub.have("nobody", None, "absent")
        removals = looked(hub.removals(claim), "known", "nobody", "new", "another")

        for row, key in enumerate(("known", "nobody", "new", "another"), 1):
            removals.settled(Result(row, key, Outcome.UNAVAILABLE, 503))

        assert removals.waiting() == "3 new rows are not written, and may have the contact of one that left"

    def test_only_rows_that_the_state_knows(self, hub: Hub, claim: Claim) -> None:
        """Nobody waits for them."""
        hub.have("known", "1")
        removals = looked(hub.removals(claim), "known")

        removals.settled(Result(1, "known", Outcome.UNAVAILABLE, 503))

        assert removals.waiting() is None


class TestSpared:
    @pytest.mark.parametrize(
        ("keys", "may_move", "category"),
        [
            (["left"], False, None),
            (["left", "here"], False, RENAMED),
            (["other"], False, OTHER_KEY),
            (["other"], True, None),
            (["left"], True, None),
            (["in the state"], True, None),
        ],
    )
    def test_by_its_keys(
        self, hub: Hub, claim: Claim, keys: list[str], may_move: bool, category: str | None
    ) -> None:
        """A contact with the key of a row, or no longer with that of the row that left, is left alone."""
        hub.have("in the state", "7")
        removals = looked(hub.removals(claim), "here")

        spared = removals.spared(gone("1", hub.digests.of_key("left")), keys, may_move=may_move)

        assert (spared and spared.category) == category

    @pytest.mark.parametrize(
        ("missing", "contact", "category"),
        [(None, "7", RENAMED), (0, "7", RENAMED), (1, "7", None), (None, None, None)],
    )
    def test_of_a_plan(
        self, hub: Hub, claim: Claim, missing: int | None, contact: str | None, category: str | None
    ) -> None:
        """The state tells whether the source has a row."""
        hub.have("new", contact, missing=missing)
        removals = hub.removals(claim)
        removals.guard_plan([], None)

        spared = removals.spared(gone("1", "k"), ["unknown", "new"], may_move=True)

        assert (spared and spared.category) == category

    def test_a_state_that_cannot_be_asked(self, hub: Hub, claim: Claim) -> None:
        """It is no statement about the contact."""
        removals = hub.removals(claim)
        removals.guard_plan([], None)
        hub.lose()

        with pytest.raises(CannotTell):
            removals.spared(gone("1", "k"), ["new"], may_move=True)


def gone(contact: str, key: str) -> Record:
    return Record(1, contact, {}, digest=key)


class TestStillDue:
    @pytest.mark.parametrize(
        ("others", "is_met", "is_due"),
        [
            ([("left", 1)], False, True),
            ([("left", 2), ("left, too", 1)], False, True),
            ([("left", 1), ("back", 0)], False, False),
            ([("left", None)], False, False),
            ([("another", 1)], False, False),
            ([("left", 1)], True, False),
            ([], True, False),
            ([], False, True),
        ],
    )
    def test_what_the_state_has(
        self, hub: Hub, claim: Claim, others: Sequence[tuple[str, int | None]], is_met: bool, is_due: bool
    ) -> None:
        """All keys of the contact must have left, for as long as it takes, and no row may have it."""
        for key, missing in others:
            hub.have(key, "1", missing=missing)
        removals = hub.removals(claim)
        removals.meet(["1"] if is_met else [])
        planned = gone("1", hub.digests.of_key("left"))

        (found,) = removals.still_due([planned])

        if is_due:
            assert found is planned
            assert removals.may_remove(planned) == bool(others)  # else only its look-up tells
        else:
            assert isinstance(found, Result)
            assert (found.row, found.key, found.outcome) == (1, "1", Outcome.CONFLICT)
            assert found.category == "PLAN_OUTDATED"


class TestRemoved:
    @pytest.mark.parametrize(
        ("result", "counts"),
        [
            (Result(1, "1", Outcome.ARCHIVED), {"removed": 1}),
            (Result(1, "1", Outcome.UPDATED), {"removed": 1}),
            (Result(1, "1", Outcome.UNCHANGED, None, MERGED), {"renamed": 1}),
            (Result(1, "1", Outcome.UNCHANGED, None, RENAMED), {"renamed": 1}),
            (Result(1, "1", Outcome.UNCHANGED, None, OTHER_KEY), {"left_alone": 1}),
            (Result(1, "1", Outcome.NOT_ATTEMPTED, None, "WOULD_ARCHIVE"), {"removed": 1}),
            (Result(1, "1", Outcome.UNAVAILABLE), {}),
        ],
    )
    def test_what_is_counted(self, hub: Hub, claim: Claim, result: Result, counts: dict[str, int]) -> None:
        """Each key that left is counted once; those for which nothing is left to be done leave the state."""
        left = hub.have("left", "1", missing=1)
        removals = looked(hub.removals(claim))

        assert removals.removed(result, left) == (result.outcome in SUCCESSES)
        assert told(removals) == {"gone": 1, **counts}

    def test_a_contact_that_the_state_does_not_know(self, hub: Hub, claim: Claim) -> None:
        """Its key stays, since it may be another contact's by now."""
        removals = hub.removals(claim)
        assert [*removals.still_due([gone("1", "k")])]

        assert not removals.removed(Result(1, "1", Outcome.ARCHIVED), "k")


class TestClaim:
    def test_forget(self, hub: Hub, claim: Claim) -> None:
        """Only a run that has the state changes it."""
        key = hub.have("a", "1")
        hub.removals(None).forget([key])
        assert hub.contacts() == ["1"]

        hub.removals(claim).forget([key])

        assert hub.contacts() == []

    def test_a_lost_one(self, hub: Hub, claim: Claim) -> None:
        """It is found whenever keys are noted, looked for or forgotten, and nothing changes then."""
        key = hub.have("a", "1")
        removals = hub.removals(claim)
        hub.lose()

        acts: Sequence[Callable[[], None]] = (
            lambda: removals.give(records("a")),
            lambda: removals.look(None),
            lambda: removals.forget([key]),
        )
        for act in acts:
            with pytest.raises(ClaimLost):
                act()
        removals.forget([])  # needs no claim

        assert hub.contacts() == ["1"]


class TestRunKeys:
    def test_threads(self) -> None:
        """Keys are noted by one, and looked for by another, as often as need be."""
        keys = RunKeys()
        thread = Thread(target=keys.give, args=(["a", "a", "b"],))
        thread.start()
        thread.join()

        assert [keys.is_given(each) for each in "abc"] == [True, True, False]

    def test_many(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Looking for one does not take longer the more there are."""
        steps: list[int] = []
        opened = sqlite3.connect("", isolation_level=None)
        monkeypatch.setattr(sqlite3, "connect", lambda *_, **__: opened)
        keys = RunKeys()
        keys.give(map(str, range(10_000)))
        keys.is_given("1")
        opened.set_progress_handler(lambda: steps.append(1), 1_000)

        assert all(keys.is_given(str(each)) for each in range(100))

        assert len(steps) < 100

    def test_parts(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Everything is handed out once, in parts, whatever is spared in between."""
        monkeypatch.setattr(run_keys, "SIZE", 2)
        keys = RunKeys()
        keys.lose(Gone(each, each.upper(), "seen", missing) for missing, each in enumerate("abcde"))

        found = []
        for some in keys.gone():
            found += [each.key for each in some]
            keys.spare(each.key for each in some)

        assert found == [*"abcde"]
        assert (keys.count(), [*keys.gone()]) == (0, [])
        assert keys.of_gone(["b", "x"]) == {"b": Gone("b", "B", "seen", 1)}

    def test_how_long_they_are_missing(self) -> None:
        """From one number to another, with it; any number without one."""
        keys = RunKeys()
        keys.lose([Gone("a", "1", "seen", 0), Gone("b", "2", "created", 5), Gone("c", "3", "created", 9)])

        found = [[each.key for each in chain.from_iterable(keys.gone(**how))] for how in HOW_LONG]

        assert found == [["a", "b", "c"], ["b", "c"], ["a", "b"], ["b"]]
        assert [keys.count(), keys.count(["created"]), keys.count(["created"], least=6)] == [3, 2, 1]

    def test_what_is_forgotten(self, hub: Hub, claim: Claim) -> None:
        """Nothing is left of the keys of a run that has ended."""
        removals = hub.removals(claim)
        removals.close()

        with pytest.raises(sqlite3.ProgrammingError):
            removals.meet(["1"])


HOW_LONG: Sequence[dict[str, int]] = ({}, {"least": 5}, {"most": 5}, {"least": 1, "most": 8})
