# SPDX-License-Identifier: Apache-2.0
"""A model of rows that leave the source, with kills between any two steps, hand edits, merges and retries."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, event, example, given, settings
from hypothesis import strategies as st

from airflow_provider_hubcontact.job.removing.removal import RemovalJournal
from airflow_provider_hubcontact.job.settings.state import State
from airflow_provider_hubcontact.job.state.claim import DEAD_AFTER
from airflow_provider_hubcontact.job.state.removals.removals import Removals
from airflow_provider_hubcontact.job.state.session import StateSession
from airflow_provider_hubcontact.sync.decide.policy import Policy
from airflow_provider_hubcontact.sync.decide.rules import Rules
from airflow_provider_hubcontact.sync.flow.sync import Sync
from airflow_provider_hubcontact.sync.model.change import Stored, Write
from airflow_provider_hubcontact.sync.model.outcome import DECIDES_VALUES, SUCCESSES, Outcome, Result, Stop
from airflow_provider_hubcontact.sync.model.ports import Answers, Found, Lost, Refused, Step
from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.sync.rows.record_mapping import RecordMapping
from tests.job.test_state_model import (
    KEYS,
    ROWS,
    InOrder,
    Row,
    Way,
    World,
    by_hand,
    contacts,
    killed,
    second,
    tried,
    words,
)
from tests.sync.fakes import BAD, LOST_ANSWER, Whole

GONE = {"left": "yes"}
"""What the contacts of rows that left the source get."""

MOST = (Outcome.UNCHANGED, Outcome.UPDATED, Outcome.CREATED)
LEAST = {Write.REMOVE: Outcome.UPDATED, Write.ARCHIVE: Outcome.CREATED}


class ById:
    """A portal whose contacts are read by their record ids, those of merged contacts included.

    :param world: whose portal it is.
    """

    always = True
    upserts = False

    def __init__(self, world: LeaversWorld) -> None:
        self._world = world
        self.batch_size = world.portal.batch_size

    def read(self, keys: Sequence[str], properties: Collection[str], /) -> Found | Refused | Lost:
        portal, merged = self._world.portal, self._world.merged
        portal.steps.pass_by()
        fate = next(portal.fates, None)
        found = {key: (merged.get(key, key), portal.contacts[merged.get(key, key)]) for key in keys}
        portal.steps.pass_by()
        if isinstance(fate, Whole):
            return fate.answer
        stored = {key: Stored(each, each, dict(contact)) for key, (each, contact) in found.items() if contact}
        return Found(stored, frozenset(keys) - stored.keys())

    def write(self, kind: Write, steps: Sequence[Step], /) -> Answers | Refused | Lost:
        for step in steps:
            self._world.check_removal(kind, step.change.address)
        return self._world.portal.write(kind, steps)


class LeaversWorld(World):
    """A world whose runs remove the contacts of rows that left the source.

    :param removes: what is done about these contacts.
    """

    def __init__(self, file: Path, contacts: Sequence[dict[str, str]], how: tuple[Way, int, Write]) -> None:
        super().__init__(file, contacts, how[0], in_flight=how[1])
        self.removes = how[2]
        self.merged: dict[str, str] = {}  # contact → the one that it has become
        self.dag_run = 0
        self.is_retry = False
        self._completed: dict[int, set[str]] = {}  # run → its keys, if it is completed
        self._of_sync: dict[str, Outcome] = {}  # contact → what this sync has done with it at most
        self._seen_as: dict[str, set[str]] = {}  # contact → keys that a row had for it
        self._keys: set[str] = set()  # of the run
        self._known: set[str] = set()  # digests that the state had when it began
        self._begun: dict[StateSession, tuple[set[str], set[str], Removals]] = {}  # what a run has of these
        self.waits = False  # a new row of the last run did not end well

    def merge(self, one: str, other: str) -> None:
        before = dict(self.portal.contacts[other])
        super().merge(one, other)
        if before and not self.portal.contacts[other]:
            into = {each: one for each, whole in self.merged.items() if whole == other}
            self.merged |= into | {other: one}

    def claimed(self, session: StateSession, rows: Sequence[Row]) -> None:
        self.dag_run += not self.is_retry
        self._keys = {str(row["email"]) for row in rows}
        if not rows:
            return
        asked = "archive" if self.removes is Write.ARCHIVE else GONE
        removals = session.removals(
            State("sql://db/hub", on_removed=asked), Policy.of({}), "task", str(self.dag_run)
        )
        removals.give(Record(number, str(row["email"]), {}) for number, row in enumerate(rows, 1))
        removals.look(None)
        with closing(self._connect()) as db:
            known = db.execute("SELECT key_digest FROM hub WHERE record_id IS NOT NULL")
            self._known = {key for (key,) in known}
        self._begun[session] = self._keys, self._known, removals

    def sent(self, session: StateSession, rows: Sequence[Row], ended: dict[int, Result]) -> Stop | None:
        if session not in self._begun:
            return None
        # Another run may have begun since this one did.
        self._keys, self._known, removals = self._begun.pop(session)
        self._note_ends(rows, ended)
        for result in ended.values():
            removals.settled(result)
        records = (
            Record(row, each.id, GONE, digest=each.key)
            for row, each in enumerate(chain.from_iterable(removals.due()), len(rows) + 1)
        )
        port = ById(self)
        rules = Rules(
            id_property="hs_object_id",
            removes=self.removes,
            spared=lambda record, values: removals.spared(record, addresses(values), may_move=False),
        )
        proofs = session.proofs_of_gone(writes=True)
        sync = Sync(RecordMapping(), rules, port, port, proofs=proofs, max_in_flight=self.in_flight)
        stop = sync.run(records, InOrder(), lambda _: None, RemovalJournal(removals, None))
        told = removals.told()
        for name in ("removed", "renamed", "left_alone"):
            if told[name]:
                event(name)
        return stop

    def _note_ends(self, rows: Sequence[Row], ended: dict[int, Result]) -> None:
        """Note what is told of the contacts, as somebody does who sees only rows, portal and results."""
        self.waits = False
        for row, result in ended.items():
            key = str(rows[row - 1]["email"])
            if result.outcome not in SUCCESSES and self.digests[key] not in self._known:
                self.waits = True
            if result.outcome in DECIDES_VALUES and (found := self.portal.by_address(key)):
                self._seen_as.setdefault(found[0], set()).add(key)
                before = self._of_sync.get(found[0], Outcome.UNCHANGED)
                self._of_sync[found[0]] = max(before, result.outcome, key=MOST.index)

    def closed(self, rows: Sequence[Row], stop: Stop | None) -> None:
        if stop is None:
            self._completed.pop(self.dag_run, None)
            self._completed[self.dag_run] = {str(row["email"]) for row in rows}

    def check_removal(self, kind: Write, contact: str) -> None:
        """Check that the rules do not spare a contact that is about to be removed."""
        assert kind is self.removes
        assert not self.waits, "a new row did not end well"
        has = addresses(self.portal.contacts[contact])
        assert self._keys.isdisjoint(has), f"{contact} has the rows {self._keys & has}"
        assert {key for key in KEYS if self.digests[key] in self._known} & has, f"{contact} is somebody else"
        former = {each for each, into in self.merged.items() if into == contact} | {contact}
        done = max((self._of_sync.get(each, Outcome.UNCHANGED) for each in former), key=MOST.index)
        assert MOST.index(done) >= MOST.index(LEAST[kind]), f"{contact} was only {done}"
        left = {key for each in former for key in self._seen_as.get(each, set())} - self._keys
        earlier = [keys for run, keys in self._completed.items() if run != self.dag_run]
        assert earlier, "no earlier run is completed"
        assert left - earlier[-1], f"the last completed run had {left}"

    def overdue(self) -> list[Any]:
        """Return the keys of the state whose contacts should have been removed by now."""
        origins = "created" if self.removes is Write.ARCHIVE else "created, written"
        query = "SELECT * FROM hub WHERE missing > 1 AND instr(?, origin)"
        with closing(self._connect()) as db:
            return db.execute(query, (origins,)).fetchall()

    def values(self) -> dict[str, dict[str, str] | None]:
        return {key: contact for key, contact in super().values().items() if key in self._keys}

    def without_state(self, rows: Sequence[Row]) -> World:
        self._keys = {str(row["email"]) for row in rows}
        return super().without_state(rows)


def addresses(contact: Mapping[str, str | None]) -> set[str]:
    """Return all addresses of a contact."""
    return {address for name in ("email", "other") if (address := contact.get(name))}


WAYS = (Way.UPDATE, Way.UPSERT, Way.UPSERT_BY_KEY, Way.UPDATE_BY_ID)

FULL = st.lists(
    st.fixed_dictionaries(
        {"email": words(*KEYS), "firstname": words("x", "y", "z")}, optional={"city": words("q", BAD)}
    ),
    min_size=3,
    max_size=5,
)
"""Rows of which most are written."""

ACT = st.one_of(
    st.tuples(st.just("run"), st.booleans()),
    st.tuples(st.just("source"), ROWS),
    st.tuples(st.just("killed"), st.integers(1, 40)),
    st.tuples(st.just("lost"), st.integers(0, 5)),
    st.tuples(st.just("second"), st.integers(1, 40), ROWS, st.booleans()),
    st.tuples(
        st.just("edit"),
        st.integers(1, 3),
        words("firstname", "city", "email", "other"),
        words("x", "n@x.y", "a@x.y"),
    ),
    st.tuples(st.just("merge"), st.integers(1, 3), st.integers(1, 3)),
)
LEAVE = st.tuples(st.just("leave"), words(*KEYS), st.integers(0, 60), st.lists(ACT, max_size=2))
"""The rows of a key leave the source: two runs without it, with a kill and some acts between them."""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state") / "state.db"


@settings(
    max_examples=100,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    words("a b c", "a b c", "a b", "a+b c", "", "c"),
    FULL,
    st.lists(st.one_of(ACT, LEAVE, LEAVE), min_size=1, max_size=5),
    st.tuples(st.sampled_from(WAYS), st.sampled_from([1, 3]), st.sampled_from([Write.REMOVE, Write.ARCHIVE])),
)
@example(
    text="a+b c",
    rows=[
        {"email": "c@x.y", "firstname": "x"},
        {"email": "a@x.y", "firstname": "y"},
        {"email": "c@x.y", "firstname": "x", "city": "q"},
        {"email": "b@x.y", "firstname": "x"},
    ],
    acts=[("killed", 36)],
    how=(Way.UPDATE_BY_ID, 3, Write.REMOVE),
)  # a row is up to date, and ends after a later row of the contact was written
def test_the_model(
    file: Path, text: str, rows: list[Row], acts: list[tuple[Any, ...]], how: tuple[Way, int, Write]
) -> None:
    """Nobody is removed whom the rules spare, whatever happens between any two steps; all others are."""
    world = LeaversWorld(file, [*contacts(text)], how)
    run(world, rows)
    played(world, rows, acts)


def played(world: LeaversWorld, rows: list[Row], acts: list[tuple[Any, ...]]) -> list[Row]:
    """Let things happen.

    :return: the last source.
    """
    for act in acts:
        match act:
            case ("source", new):
                rows = new
            case ("run", is_retry):
                run(world, rows, is_retry=is_retry)
                continue
            case ("leave", key, at, between) if rest := [row for row in rows if row["email"] != key]:
                run(world, rest)
                rows = played(world, rest, between)
                killed(world, rows, at)
            case ("killed", at):
                killed(world, rows, at)
            case ("lost", at):
                world.run(rows, fates=[None] * at + [LOST_ANSWER])
            case ("second", at, others, is_dead):
                second(world, rows, at, others, is_dead=is_dead)
                world.now += DEAD_AFTER
            case _:
                by_hand(world, act)
                continue
        run(world, rows)
    return rows


def run(world: LeaversWorld, rows: list[Row], *, is_retry: bool = False) -> None:
    """Run, and find that nobody is left who should have been removed."""
    world.is_retry = is_retry
    tried(world, rows)
    world.is_retry = False
    if rows and not world.waits:
        assert not world.overdue()
