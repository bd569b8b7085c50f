# SPDX-License-Identifier: Apache-2.0
"""What must hold at every moment of a state: what it proves is true, unless somebody else has edited it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow_provider_hubcontact.job.state.digests import SIZE, Digests
from airflow_provider_hubcontact.sync.model.choices import Drift
from airflow_provider_hubcontact.sync.model.record import Record
from tests.simulation.plot import STAGE, Row
from tests.simulation.portal import OTHERS, SimulatedPortal, addresses_of

if TYPE_CHECKING:
    from tests.simulation.oracles import TryWatch

DAY = 86_400.0
"""Seconds of a day."""

LONGEST_RUN = 10_000.0
"""Seconds that may pass between a look-up and the proof that it makes; a machine may be suspended."""

TABLE = "hub"
"""The table of the state."""


class Wanted(NamedTuple):
    """What a contact is said to have.

    :param key: an address of it.
    :param values: property → text; the address among them, if it gets a new one.
    """

    key: str
    values: Mapping[str, str]

    def parts(self) -> Iterator[Callable[[Mapping[str, str]], bool]]:
        """Yield what checks each part of it in the values of a contact."""
        values = {name: text for name, text in self.values.items() if (name, text) != ("email", self.key)}
        if "email" not in values:  # an address that the contact has is not moved
            yield lambda has: self.key.lower() in addresses_of(has)
        for name, text in values.items():
            yield partial(_has, name, text)


def _is_met(wanted: Wanted, has: Mapping[str, str] | None) -> bool:
    return has is not None and all(part(has) for part in wanted.parts())


def _has(name: str, text: str, has: Mapping[str, str]) -> bool:
    return has.get(name, "") == text


class NotedDigests(Digests):
    """The product's own; what they are of is noted.

    :param oracles: take the note.
    """

    def __init__(self, oracles: StateOracles, _: bytes, *arguments: Any) -> None:
        # The order of digests is that of removals, which the seed decides like everything else.
        super().__init__(bytes(SIZE), *arguments)
        self._oracles = oracles

    def of_key(self, key: str) -> str:
        digest = super().of_key(key)
        self._oracles.keys[digest] = key
        return digest

    def of_content(self, record: Record) -> str:
        digest = super().of_content(record)
        # A contact that exists need not get second addresses: nothing is proved of them.
        wanted = {name: text for name, text in record.properties.items() if name != OTHERS}
        self._oracles.contents[digest] = wanted
        return digest


class StateOracles:
    """Looks at the table of the state, and at what runs say that is up to date.

    :param portal: the contacts.
    :param open_: properties of which a proof says nothing: what the contact has may be left as it is.
    :param wrong: is told what is wrong.
    :param on_completed: is told of each try after which the state counts its run as completed.
    :param is_direct: whether contacts are written without a look-up. Until HubSpot's answer tells that people
        have merged two of them, or that it takes two spellings for one key, the proof of the other key may be
        false.
    :ivar keys: digest → the key that it is of.
    :ivar contents: digest → the values that it is of.
    :ivar look: carries out a statement; None before there is a state.
    """

    def __init__(
        self,
        portal: SimulatedPortal,
        open_: frozenset[str],
        wrong: Callable[[str], None],
        on_completed: Callable[[TryWatch], None],
        *,
        is_direct: bool,
    ) -> None:
        self._on_completed = on_completed
        self._completed: int | None = None  # number of the last completed run
        self._is_direct = is_direct
        self.keys: dict[str, str] = {}
        self.contents: dict[str, Mapping[str, str]] = {}
        self.look: Callable[[str], Any] | None = None
        self._portal = portal
        self._open = open_
        self._wrong = wrong
        self._proofs: Sequence[tuple[str, str, str, int]] = ()
        self._token: str | None = None
        self._is_there = False
        self._owners: dict[str, str] = {}  # token → the try that claimed the state with it
        self._seen = -1  # states of contacts that were there when the proofs were checked

    def take_note(self, watch: TryWatch) -> None:
        """A try has committed something."""
        self._is_there = self._is_there or self._look_for_it()
        if self.look is None or not self._is_there:
            return
        columns = "key_digest, content_digest, record_id, drifts"
        are_proofs = "content_digest IS NOT NULL AND record_id IS NOT NULL"  # else nobody had the key
        found = self.look(f"SELECT {columns} FROM {TABLE} WHERE {are_proofs}")  # noqa: S608 - names alone
        self._proofs = found.fetchall()
        state = watch.plot.settings.state
        if state and state.drift == Drift.TELL:  # of a drifted contact it keeps what the row wants
            self._proofs = [each for each in self._proofs if not each[3]]
        self._seen = -1
        row = self.look(f"SELECT token, completed_run FROM {TABLE}_meta").fetchone()  # noqa: S608 - same
        self._token, completed = row or (None, None)
        if completed != self._completed:
            self._completed = completed
            self._on_completed(watch)
        if self._token:
            self._owners.setdefault(self._token, watch.name)

    def _look_for_it(self) -> bool:
        names = "SELECT count(*) FROM sqlite_master WHERE name IN (?, ?)"
        return bool(self.look) and self.look(names, (TABLE, f"{TABLE}_meta")).fetchone()[0] == 2  # type: ignore[misc,call-arg]

    def has_claim(self, name: str) -> bool:
        """Check whether a try has claimed the state."""
        return self._token is not None and self._owners[self._token] == name

    def check(self) -> None:
        """Check that all proofs are true, or that somebody else has made them false."""
        if self._seen == self._portal.notes:
            return
        self._seen = self._portal.notes
        for key, content, contact, _ in self._proofs:
            if self._is_unclear(contact) or (self._is_direct and self._is_spelt_twice(self.keys[key])):
                continue
            wanted = self._wanted(self.keys[key], self.contents[content])
            for by in filter(None, self._broken_by(contact, wanted)):
                why = "it never had it" if by is NEVER else f"{by} has changed it"
                self._wrong(f"the state proves {dict(wanted.values)!r} of {wanted.key}: {why}")

    def check_change(self, watch: TryWatch, *, may_claim: bool) -> None:
        """A try changes something of the state."""
        if not may_claim:
            self._wrong(f"{watch.name} changes the state, and it may not even claim it")

    def check_up_to_date(self, watch: TryWatch, row: Row) -> None:
        """A row is said to be up to date."""
        if watch.plot.settings.state and watch.plot.settings.state.refresh:
            self._wrong(f"{watch.name}: row {row.number} is up_to_date, and all rows are to be looked up")
        if not self.is_true(watch, row):
            self._wrong(f"{watch.name}: row {row.number} is up_to_date, but {row.key} has other values")

    def check_drift(self, watch: TryWatch, row: Row) -> None:
        """A contact is said to have drifted: one that had the key was not all the time as its row wants."""
        if row.values.keys() <= row.overwritten:  # the later row of the key tells
            return
        wanted = self._wanted_of(row)
        for contact in self._owners_of(row):
            states = self._portal.states[contact]
            last = max((place for place, each in enumerate(states) if each.since <= watch.since), default=0)
            if not all(_is_met(wanted, each.values) for each in states[last:]):
                return
        self._wrong(f"{watch.name}: row {row.number} has drifted, and {row.key} never was otherwise")

    def check_absent(self, watch: TryWatch, row: Row) -> None:
        """It is said that nobody had a key some days ago: there was a moment at which nobody had it."""
        state, now = watch.plot.settings.state, self._portal.now
        since = now - DAY * (state.absent or 0.0) - LONGEST_RUN if state else now
        if not self._portal.was_free(row.key, since):
            self._wrong(f"{watch.name}: row {row.number} was not_found, and its contact was always there")

    def _owners_of(self, row: Row) -> set[str]:
        return {each for key in row.keys for each in self._portal.owners_of(key)}

    def _wanted_of(self, row: Row) -> Wanted:
        values = {name: text for name, text in row.values.items() if name not in row.overwritten}
        if row.becomes:
            values["email"] = row.becomes
        return self._wanted(row.key, values)

    def is_true(self, watch: TryWatch, row: Row) -> bool:
        """Check whether a contact has the values of a row, or somebody else has changed that."""
        wanted, owners = self._wanted_of(row), self._owners_of(row)
        own = self.has_claim(watch.name)

        def is_excused(contact: str, by: str) -> bool:
            if by == watch.name:
                return is_written_later(watch, row, contact)
            return not by or (not own and by != NEVER)

        return any(
            self._is_unclear(each) or all(is_excused(each, by) for by in self._broken_by(each, wanted))
            for each in owners
        )

    def _is_spelt_twice(self, key: str) -> bool:
        """Check whether rows have spelt a key in two ways: HubSpot may find the contact of the other one."""
        return any(each != key and each.lower() == key.lower() for each in self.keys.values())

    def _is_unclear(self, contact: str) -> bool:
        return self._is_direct and contact in self._portal.merged

    def _wanted(self, key: str, values: Mapping[str, str]) -> Wanted:
        return Wanted(key, {name: text for name, text in values.items() if name not in self._open})

    def _broken_by(self, contact: str, wanted: Wanted) -> set[str]:
        """Return who has changed parts of what a contact had; the empty text for somebody else."""
        return {by for part in wanted.parts() if (by := self._part_broken_by(contact, part)) is not None}

    def _part_broken_by(self, contact: str, is_met: Callable[[Mapping[str, str]], bool]) -> str | None:
        """Return who has changed a part; None if it still is so."""
        states = self._portal.states[contact]
        for place in range(len(states) - 1, -1, -1):
            values = states[place].values
            if values is not None and is_met(values):
                return None if place == len(states) - 1 else states[place + 1].by
        return NEVER


def is_written_later(watch: TryWatch, row: Row, contact: str) -> bool:
    """Check whether a try has written a contact only for later rows that name it by another address.

    Such rows are written in any order, also before one that equals its proof and is held back has ended.
    """
    wrote = [watch.row(each.row) for each in watch.written if each.contact == contact]
    return all(each.number > row.number and each.key != row.key for each in wrote)


NEVER = "never"
"""Stands for who has changed what never was there."""


def open_properties(stages: str, modes: Mapping[str, str] | None) -> frozenset[str]:
    """Return the properties whose values a run may leave as they are.

    :param stages: what happens when a stage would go back.
    :param modes: property → how it is written.
    """
    return frozenset(modes or ()) | ({STAGE} if stages == "keep" else frozenset())
