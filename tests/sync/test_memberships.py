# SPDX-License-Identifier: Apache-2.0
"""What holds of lists in every run, whatever HubSpot, the network and the kept knowledge do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_hubcontact.sync.decide.rules import Rules
from airflow_provider_hubcontact.sync.flow.calls import Answer, Call
from airflow_provider_hubcontact.sync.flow.sync import Sync
from airflow_provider_hubcontact.sync.flow.waiting import memberships
from airflow_provider_hubcontact.sync.flow.workers import ThreadWorkers, Workers
from airflow_provider_hubcontact.sync.model.choices import Membership
from airflow_provider_hubcontact.sync.model.outcome import (
    INTERNAL_ERROR,
    LIST,
    SUCCESSES,
    Outcome,
    Result,
    Stop,
)
from airflow_provider_hubcontact.sync.model.ports import Lost, Members, Moved, Refused
from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.sync.rows.record_mapping import RecordMapping
from tests.sync.fakes import (
    BAD,
    LOST_AFTER,
    LOST_ANSWER,
    LOST_BEFORE,
    STOP,
    FakeLists,
    FakePortal,
    FakeProofs,
    Fate,
    Odd,
    ShuffledWorkers,
    refused,
)
from tests.sync.observed import observed as each_record_in_its_place
from tests.sync.test_ends import Interrupted
from tests.sync.test_ledger import Memory, ledger

SHAPE = RecordMapping(mapping={"firstname": "firstname", "new_email": "email"}, list_column="list")

FATES: tuple[Fate, ...] = (
    None,
    None,
    *(refused(status) for status in (400, 404, 409, 413, 423, 429, 500, 503)),
    *(refused(status, stops=True) for status in (403, 429)),
    STOP,
    LOST_BEFORE,
    LOST_AFTER,
    LOST_ANSWER,
    *Odd,
)

ADDRESSES = [f"p{n}@x.y" for n in range(4)]
OTHERS = [f"s{n}@x.y" for n in range(2)]
NEW = [f"u{n}@x.y" for n in range(3)]
LISTS = ["one", "two"]


class WatchedLists(FakeLists):
    """Lists whose every call is checked.

    :ivar failed: whether what is kept could not be looked at.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.failed = False
        self._kept_before = {name: {*ids} for name, ids in self.kept.items()}

    def fail(self, look: int) -> None:
        """Let a look at what is kept fail.

        :param look: its number; 0 for none.
        """
        self._fails = look

    def recover(self) -> None:
        """Answer honestly from now on, and begin the log anew."""
        self._fates, self._fails, self.failed = iter(()), 0, False
        self.moves.clear()
        self.reads.clear()

    def move(self, target: str, contacts: Sequence[str], /, *, leaves: bool) -> Moved | Refused | Lost:
        assert not self.failed, "a call goes out, and what is known can be kept no longer"
        assert len(contacts) == len({*contacts}), "a call names a contact twice"
        assert self._kept_before.get(target, set()).isdisjoint(contacts), "a call for one that is known"
        return super().move(target, contacts, leaves=leaves)

    def members(self, target: str, contacts: Collection[str], /, *, surely: bool) -> Members | Refused | Lost:
        assert not self.failed, "a call goes out, and what is known can be kept no longer"
        assert 0 < len(contacts) <= self.batch_size, "too many contacts for one call"
        return super().members(target, contacts, surely=surely)

    def note(
        self, list_id: str, contacts: Mapping[str, Collection[str]], /, *, leaves: bool, by_this_run: bool
    ) -> None:
        assert contacts, "nothing is kept"
        there = self.now.get(list_id, set())
        assert all((each in there) is not leaves for each in contacts), "what is kept is not true"
        super().note(list_id, contacts, leaves=leaves, by_this_run=by_this_run)

    def _look(self) -> None:
        assert not self.failed, "what is known is looked at, and it can be kept no longer"
        try:
            super()._look()
        except ConnectionError:
            self.failed = True
            raise


@dataclass
class Scene:
    """A run under observation: every result is checked against the lists at the moment it is given."""

    sync: Sync
    portal: FakePortal
    lists: WatchedLists
    most: int = 10_000
    results: dict[int, Result] = field(default_factory=dict)
    records: dict[int, Record] = field(default_factory=dict)
    read: int = 0
    stopped: Stop | None = None

    def __post_init__(self) -> None:
        self._before = {name: {*ids} for name, ids in self.lists.now.items()}

    def run(self, rows: Iterable[object], workers: Workers[Call, Answer], journal: Any = None) -> None:
        self.stopped = self.sync.run(self._watched(rows), workers, self._settled, journal)

    def _watched(self, rows: Iterable[object]) -> Iterator[object]:
        for row, values in enumerate(rows, 1):
            assert self.read - len(self.results) < self.most, "more rows wait than may"
            self.read = row
            shaped = SHAPE.record(row, values)
            if isinstance(shaped, Record):
                self.records[row] = shaped
            yield values

    def _settled(self, result: Result) -> None:
        assert result.row not in self.results, f"row {result.row} ended twice"
        assert result.category != INTERNAL_ERROR, result
        self.results[result.row] = result
        if result.membership is None:
            return
        assert result.membership in {Membership.ADDED, Membership.MEMBER}
        assert result.outcome in SUCCESSES, f"{result} has its place, and did not end well"
        name = self.records[result.row].list
        assert result.list_id == name
        contacts = self.contacts_of(result.row) & self.lists.now.get(name, set())
        assert contacts, f"{result} is not in the list"
        if result.membership is Membership.ADDED:
            assert contacts - self._before.get(name, set()), f"{result} was there before"

    def contacts_of(self, row: int) -> set[str]:
        """Return the contacts that a row may be about: by its key, and by the one that it gets."""
        record = self.records[row]
        keys = (record.key, record.properties.get("email", ""))
        found = {each[0] for key in keys if (each := self.portal.by_address(key))}
        return found | {contact for number, contact in self.portal.applied if number == row}

    def check(self) -> None:
        """Check what can be told only at the end."""
        assert list(range(1, self.read + 1)) == sorted(self.results)
        for result in self.results.values():
            record = self.records.get(result.row)
            if record and record.list and not result.earlier and result.outcome in SUCCESSES:
                assert result.membership, f"{result} has not come to its list"
            if not (record and record.list):
                assert result.category != LIST, f"{result} was to be in no list"
        for name, members in self.lists.now.items():
            meant = {
                contact
                for row, result in self.results.items()
                if (record := self.records.get(row)) and record.list == name
                if result.membership or result.category == LIST
                for contact in self.contacts_of(row)
            }
            new = members - self._before.get(name, set())
            assert new <= meant, f"{new - meant} are in {name}, and their records did not end well"
        assert len(self.lists.moves) + len(self.lists.reads) <= 20 * (self.read + 5), (
            "it goes round in circles"
        )


def portals(fates: int = 4) -> st.SearchStrategy[FakePortal]:
    contacts = {
        str(n): {"email": email, "firstname": "a", **({"other": OTHERS[n - 1]} if n <= len(OTHERS) else {})}
        for n, email in enumerate(ADDRESSES, 1)
    }
    return st.builds(
        FakePortal,
        contacts=st.builds(lambda: {each: dict(values) for each, values in contacts.items()}),
        batch_size=st.integers(1, 4),
        takes_upserts=st.sampled_from([True, True, False]),
        is_terse=st.booleans(),
        fates=st.lists(st.sampled_from(FATES), max_size=fates).map(iter),
    )


def lists(fates: int = 8) -> st.SearchStrategy[WatchedLists]:
    members = st.sets(st.sampled_from(["1", "2", "3", "4"]))
    return st.builds(
        lambda one, size, drawn, kept: WatchedLists(
            {"one": one}, batch_size=size, fates=drawn, kept={"one": one & kept}
        ),
        members,
        st.integers(1, 5),
        st.lists(st.sampled_from(FATES), max_size=fates),
        members,
    )


def rows() -> st.SearchStrategy[list[object]]:
    good = st.fixed_dictionaries(
        {"email": st.sampled_from([*ADDRESSES, *OTHERS, *NEW])},
        optional={
            "firstname": st.sampled_from(["a", "b", "c", BAD]),
            "list": st.sampled_from([*LISTS, *LISTS, " one ", "", None, "unknown"]),
            "new_email": st.sampled_from([ADDRESSES[0], "n0@x.y"]),
        },
    )
    bad: list[object] = [5, None, {"email": ""}, {"email": ADDRESSES[0], "list": 1.5}]
    return st.lists(st.one_of(good, good, good, good, st.sampled_from(bad)), max_size=14)


RULES = st.builds(Rules, create=st.booleans())
WORKERS = st.builds(ShuffledWorkers, seed=st.integers(0, 10**6), size=st.integers(1, 6))


def scene(portal: FakePortal, its_lists: WatchedLists, rules: Rules, **options: Any) -> Scene:
    return Scene(Sync(SHAPE, rules, portal, portal, lists=its_lists, **options), portal, its_lists)


@given(
    portal=portals(),
    its_lists=lists(),
    given_rows=rows(),
    rules=RULES,
    workers=WORKERS,
    has_proofs=st.booleans(),
    max_in_flight=st.integers(1, 12),
)
@settings(max_examples=3 * settings().max_examples)
def test_every_record_ends_once_and_none_lies_about_its_list(
    *,
    portal: FakePortal,
    its_lists: WatchedLists,
    given_rows: list[object],
    rules: Rules,
    workers: ShuffledWorkers,
    has_proofs: bool,
    max_in_flight: int,
) -> None:
    """Who is told to be a member is one, and nobody is put into a list whose record did not end well."""
    proofs = FakeProofs() if has_proofs else None
    observed = scene(portal, its_lists, rules, proofs=proofs, max_in_flight=max_in_flight)

    with each_record_in_its_place():
        observed.run(given_rows, workers)

    observed.check()
    if not observed.stopped:
        assert observed.read == len(given_rows)
        assert Outcome.NOT_ATTEMPTED not in {result.outcome for result in observed.results.values()}


PEOPLE = st.lists(
    st.fixed_dictionaries(
        {
            "email": st.sampled_from([*ADDRESSES[:3], *OTHERS]),
            "firstname": st.sampled_from(["a", "b", "c"]),
            "list": st.sampled_from(["one", "one", "one", "two"]),
        }
    ),
    min_size=4,
    max_size=20,
)
"""Rows of few contacts, which all name a list."""


@given(
    portal=portals(0),
    its_lists=lists(10),
    given_rows=PEOPLE,
    seed=st.integers(0, 10**6),
    size=st.integers(2, 6),
    max_in_flight=st.integers(1, 4),
)
@settings(max_examples=5 * settings().max_examples)
def test_rows_of_few_contacts_behind_calls_of_any_fate(
    *,
    portal: FakePortal,
    its_lists: WatchedLists,
    given_rows: list[object],
    seed: int,
    size: int,
    max_in_flight: int,
) -> None:
    """Several calls about a list are under way at once, and the rows of a contact are in several of them."""
    observed = scene(portal, its_lists, Rules(), max_in_flight=max_in_flight)

    observed.run(given_rows, ShuffledWorkers(seed, size))

    observed.check()


@given(portals(), lists(2), rows(), WORKERS, st.integers(1, 8))
def test_what_is_known_fails_at_any_look(
    portal: FakePortal,
    its_lists: WatchedLists,
    given_rows: list[object],
    workers: ShuffledWorkers,
    fails: int,
) -> None:
    """Nothing is sent any more, all that was read ends, and the error is raised then."""
    its_lists.fail(fails)
    observed = scene(portal, its_lists, Rules(create=True))

    with each_record_in_its_place():
        if its_lists_fail := _raises(observed, given_rows, workers):
            assert its_lists.failed, its_lists_fail

    observed.check()
    assert bool(its_lists_fail) is its_lists.failed


def _raises(observed: Scene, given_rows: list[object], workers: Workers[Call, Answer]) -> Exception | None:
    try:
        observed.run(given_rows, workers)
    except ConnectionError as error:
        return error
    return None


@given(
    portal=portals(),
    its_lists=lists(),
    given_rows=rows(),
    seed=st.integers(0, 10**6),
    after=st.integers(0, 8),
    answers=st.booleans(),
)
def test_a_run_that_is_told_to_end(
    *,
    portal: FakePortal,
    its_lists: WatchedLists,
    given_rows: list[object],
    seed: int,
    after: int,
    answers: bool,
) -> None:
    """At any call: all that was read ends, and says of its list no more than is true."""
    observed = scene(portal, its_lists, Rules(create=True))

    with each_record_in_its_place():
        observed.run(given_rows, Interrupted(seed, after, answers=answers))

    observed.check()


@given(
    portal=portals(),
    its_lists=lists(),
    given_rows=rows(),
    workers=WORKERS,
    fails=st.integers(0, 8),
    has_proofs=st.booleans(),
    has_ledger=st.booleans(),
)
@settings(max_examples=2 * settings().max_examples)
def test_another_try_heals_the_first(
    *,
    portal: FakePortal,
    its_lists: WatchedLists,
    given_rows: list[object],
    workers: ShuffledWorkers,
    fails: int,
    has_proofs: bool,
    has_ledger: bool,
) -> None:
    """After any faulty run a good one leaves each contact in its list, by proofs and ledger as without."""
    proofs = FakeProofs() if has_proofs else None
    store = Memory()
    its_lists.fail(fails)
    first = scene(portal, its_lists, Rules(create=True), proofs=proofs)
    with ledger(store) as kept:
        _raises_with(first, given_rows, workers, kept if has_ledger else None)
    first.check()
    portal.recover()
    its_lists.recover()

    again = scene(portal, its_lists, Rules(create=True), proofs=proofs)
    with ledger(Memory(store.lines), 2) as kept:
        _raises_with(again, given_rows, ShuffledWorkers(), kept if has_ledger else None)

    again.check()
    for row, result in again.results.items():
        assert result.category != LIST or result.earlier or result.outcome is Outcome.INVALID, result
        record = again.records.get(row)
        if record and record.list and result.outcome in SUCCESSES:
            assert again.contacts_of(row) & its_lists.now[record.list], f"{result} is not in its list"


def _raises_with(
    observed: Scene, given_rows: list[object], workers: Workers[Call, Answer], journal: Any
) -> None:
    try:
        observed.run(given_rows, workers, journal)
    except ConnectionError:
        assert observed.lists.failed


@given(st.integers(1, 30), st.integers(1, 7), st.integers(1, 4), WORKERS, st.sets(st.integers(1, 30)))
def test_calls_are_full(
    count: int, batch_size: int, its_lists: int, workers: ShuffledWorkers, known: set[int]
) -> None:
    """One call of a list may have room left, the last; those that are known to be members are in none."""
    people = [{"email": f"p{n}@x.y", "firstname": "a"} for n in range(1, count + 1)]
    kept = {f"list {n}": {str(each) for each in known} for n in range(its_lists)}
    found = WatchedLists(kept, batch_size=batch_size, kept=kept)
    portal = FakePortal.of(*people)
    source = [{**each, "list": f"list {n % its_lists}"} for n, each in enumerate(people)]
    observed = scene(portal, found, Rules())

    observed.run(source, workers)

    observed.check()
    told = Counter(result.membership for result in observed.results.values())
    assert sum(told.values()) == count
    assert told[Membership.MEMBER] == len({each for each in known if each <= count})
    not_full = [call for call in found.moves if len(call) < batch_size]
    assert len(not_full) <= its_lists
    assert found.reads == []


@given(st.integers(1, 5), st.integers(1, 5), st.integers(1, 40), WORKERS)
def test_memory_is_bounded(most: int, in_flight: int, batch_size: int, workers: ShuffledWorkers) -> None:
    """Records that wait for a call do not grow in number, however few of them a list has."""
    people = [{"email": f"p{n}@x.y", "firstname": "a"} for n in range(30)]
    source = [{**each, "list": f"list {n % 7}"} for n, each in enumerate(people)]
    observed = scene(
        FakePortal.of(*people), WatchedLists(batch_size=batch_size), Rules(), max_in_flight=in_flight
    )
    observed.most = most + 2 * in_flight
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(memberships, "MAX_HELD", most)

        observed.run(source, workers)

    observed.check()
    assert Counter(each.membership for each in observed.results.values()) == {Membership.ADDED: 30}


@given(portals(), lists(), rows(), st.integers(1, 4))
@settings(max_examples=max(20, settings().max_examples // 4))
def test_all_holds_on_threads(
    portal: FakePortal, its_lists: WatchedLists, given_rows: list[object], size: int
) -> None:
    """On real threads, with calls that take their time, every run keeps the same promises."""
    portal.latency = 0.001
    observed = scene(portal, its_lists, Rules(create=True))
    with ThreadWorkers[Call, Answer](lambda: size) as workers, each_record_in_its_place():
        observed.run(given_rows, workers)

    observed.check()


def test_there_are_rows_left_when_all_that_wait_are_known() -> None:
    """A run that reads no more rows, since too many wait, goes on once these have ended without a call."""
    people = [{"email": f"p{n}@x.y", "firstname": "a"} for n in range(1, 9)]
    source = [{**each, "firstname": "b", "list": f"list {n}"} for n, each in enumerate(people, 1)]
    kept = {f"list {n}": {str(n)} for n in range(1, 9)}
    observed = scene(
        FakePortal.of(*people, batch_size=4), WatchedLists(kept, kept=kept), Rules(), max_in_flight=4
    )
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(memberships, "MAX_HELD", 4)

        observed.run(source, ShuffledWorkers(size=1))

    observed.check()
    assert Counter(each.membership for each in observed.results.values()) == {Membership.MEMBER: 8}


PEOPLE_OF_A_LIST = [{"email": f"p{n}@x.y", "firstname": "a"} for n in range(1, 21)]


def of_full_list(members: Collection[int], fates: Iterable[Fate] = (), size: int = 4) -> Scene:
    """Put twenty contacts into a list that some are in already."""
    found = WatchedLists({"one": {str(each) for each in members}}, batch_size=size, fates=fates)
    observed = scene(FakePortal.of(*PEOPLE_OF_A_LIST), found, Rules())
    observed.run([{**each, "list": "one"} for each in PEOPLE_OF_A_LIST], ShuffledWorkers(3, size=6))
    observed.check()
    return observed


def test_a_full_list_costs_one_call_for_each_part() -> None:
    """The first call shows that its contacts are members; the others are looked at before."""
    observed = of_full_list(range(1, 21))

    assert (len(observed.lists.moves), len(observed.lists.reads)) == (1, 5)
    assert Counter(each.membership for each in observed.results.values()) == {Membership.MEMBER: 20}


def test_an_empty_list_is_not_read() -> None:
    """Each call says of all its contacts that they came."""
    observed = of_full_list(())

    assert (len(observed.lists.moves), observed.lists.reads) == (5, [])


def test_few_members_are_read_together() -> None:
    """Those that calls do not mention wait until there are enough of them for one read."""
    observed = of_full_list((1, 5, 9, 13))

    assert len(observed.lists.moves) == 5
    assert len(observed.lists.reads) <= 2


def test_looking_ends_with_those_who_are_not_there() -> None:
    """The first half are members: once most of a look are none, contacts are put in without one."""
    observed = of_full_list(range(1, 9))

    assert len(observed.lists.reads) <= 4
    assert len(observed.lists.moves) <= 5


@pytest.mark.parametrize("fate", [refused(503), refused(400), LOST_ANSWER])
def test_a_look_that_fails_decides_nothing(fate: Fate) -> None:
    """It was to save a call. The contacts are put in, as without it."""
    observed = of_full_list(range(1, 21), [None, None, fate])

    assert {each.outcome for each in observed.results.values()} == {Outcome.UNCHANGED}
    assert len(observed.lists.moves) >= 2


def test_a_look_that_is_forbidden_stops_the_run() -> None:
    """All other calls would be as well: its records end by the status."""
    observed = of_full_list(range(1, 21), [None, None, refused(403, stops=True)])

    outcomes = Counter(each.outcome for each in observed.results.values())
    assert outcomes[Outcome.UNAUTHORIZED] == 4
    assert observed.stopped


def test_a_read_that_fails_decides() -> None:
    """Of contacts that the call did not mention, its status is all that is known."""
    observed = of_full_list(range(1, 21), [None, refused(503)])

    assert Counter(each.outcome for each in observed.results.values())[Outcome.UNAVAILABLE] == 4
