# SPDX-License-Identifier: Apache-2.0
"""What must hold of an undo: it gives back what the run took, and takes nothing from anybody else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from airflow_provider_hubcontact.sync.keep.ledger import Line as LedgerLine
from airflow_provider_hubcontact.sync.keep.report import Report
from airflow_provider_hubcontact.sync.model.outcome import INTERNAL_ERROR, SUCCESSES, Outcome, Result
from tests.simulation.oracles import CLEARED, TryWatch
from tests.simulation.plot import STAGE
from tests.simulation.portal import PROPERTIES, Applied, State

CLEAN = SUCCESSES | {Outcome.INVALID, Outcome.NOT_FOUND, Outcome.CONFLICT}
"""Outcomes of rows of a run of which everything is known."""


@dataclass(eq=False)
class UndoWatch(TryWatch):
    """What one try of an undo has done so far.

    :param undone: the tries of the run that is undone.
    :param archives: whether contacts that the run has created are to be archived.
    :ivar ends: results of contacts, by their numbers; no row of a source has one.
    """

    undone: Sequence[TryWatch] = ()
    archives: bool = False
    ends: dict[int, Result] = field(default_factory=dict)

    def result(self, result: Result) -> None:
        """A contact has its outcome: it is the first one."""
        if result.row in self.ends:
            self.oracles.wrong(f"{self.name}: contact {result.key} has two outcomes")
        if result.category == INTERNAL_ERROR:
            self.oracles.wrong(f"{self.name}: {result.key} met an error of the product: {result.reason}")
        self.ends[result.row] = result
        self.oracles.changes.check_contact(self, result)

    @property
    def of_contacts(self) -> Mapping[str, Result]:
        """Record id → the result of the contact."""
        return {each.key: each for each in self.ends.values()}

    def ledger(self, lines: Iterable[LedgerLine]) -> None:
        """Lines are kept, one a contact."""
        for line in lines:
            if line["row"] in self.lines:
                self.oracles.wrong(f"{self.name} has two lines of contact {line['key']}")
            self.lines[line["row"]] = line

    def check_end(self, report: Report, *, whole: bool) -> None:
        """A report counts the contacts that were told."""
        if report.rows != len(self.ends):
            self.oracles.wrong(f"{self.name} reports {report.rows} contacts, and told of {len(self.ends)}")

    def applied(self, applied: Sequence[Applied], now: float, *, is_write: bool) -> None:
        """The portal has carried inputs out: only what the run wrote is taken back."""
        del now
        for each in applied if is_write else ():
            if not self.may_write:
                self.oracles.wrong(f"{self.name} writes {each.contact}, and it may write nothing")
            if each.verb == "archive":
                self._check_archived(each.contact)
            elif each.verb == "create":
                self.oracles.wrong(f"{self.name} creates {each.contact}")
            else:
                self._check_undone(each.contact)

    def _states(self, contact: str) -> Sequence[State]:
        return self.oracles.portal.states[contact]

    def _of_run(self, contact: str) -> list[int]:
        """Return the places of the states that the run has made."""
        names = {each.name for each in self.undone}
        return [place for place, state in enumerate(self._states(contact)) if state.by in names]

    def _values_of_run(self, contact: str, name: str) -> set[str]:
        """Return what the run has given a contact, or was to give it."""
        states = self._states(contact)
        made = {(states[place].values or {}).get(name, "") for place in self._of_run(contact)}
        owners_of = self.oracles.portal.owners_of
        rows = {
            row.number: row
            for watch in self.undone
            for row in watch.rows
            if any(contact in owners_of(key) for key in row.keys)
        }
        asked = {row.values[name] for row in rows.values() if name in row.values}
        new_keys = {row.becomes for row in rows.values()} if name == "email" else set()
        return made | asked | new_keys

    def _check_archived(self, contact: str) -> None:
        """A contact that is archived was created by the run, and nobody has edited what that wrote."""
        told, states = f"{self.name} archives {contact}", self._states(contact)
        if not self.archives:
            self.oracles.wrong(f"{told}, and is to archive nobody")
        if states[0].by not in {each.name for each in self.undone}:
            self.oracles.wrong(f"{told}, which the run has not created")
        for name in self._written(contact):
            if not self._values_since(contact, name) & self._values_of_run(contact, name):
                self.oracles.wrong(f"{told}, and somebody has edited its {name}")

    def _written(self, contact: str) -> set[str]:
        """Return the properties that the run has changed; HubSpot gives a new contact its stage."""
        states = self._states(contact)
        sent = {both for watch in self.undone for each in watch.sent for both in each.values.items()}
        return {
            name
            for place in self._of_run(contact)
            for name in PROPERTIES
            if _value(states[place], name) != (_value(states[place - 1], name) if place else "")
            and (name, _value(states[place], name)) in sent
        }

    def _values_since(self, contact: str, name: str) -> set[str]:
        """Return the values that a contact has had since the try began, before it wrote."""
        states = [each for each in self._states(contact) if each.values is not None and each.by != self.name]
        last = max((place for place, each in enumerate(states) if each.since <= self.since), default=0)
        return {_value(each, name) for each in states[last:]}

    def _check_undone(self, contact: str) -> None:
        """A value that is taken back was the run's, and what comes in its place was there before."""
        states = self._states(contact)
        if len(states) < 2 or states[-1].by != self.name:
            return
        if contact in self.oracles.portal.merged:
            if not self._of_run(contact):
                self.oracles.wrong(f"{self.name} writes {contact}, which people have merged since the run")
            return
        for name in PROPERTIES:
            old, new = _value(states[-2], name), _value(states[-1], name)
            if old == new or (name == STAGE and "" in {old, new}):
                continue
            told = f"{self.name} sets {name} of {contact} from {old!r} to {new!r}"
            if not self._values_since(contact, name) & self._values_of_run(contact, name):
                self.oracles.wrong(f"{told}, and the run has not written that")
            if new and new not in {_value(each, name) for each in states if each.by != self.name}:
                self.oracles.wrong(f"{told}, which it never had")


def _value(state: State, name: str) -> str:
    return (state.values or {}).get(name, "")


def is_clear(watches: Sequence[TryWatch], features: frozenset[str]) -> bool:
    """Check whether all that a run has done is known.

    It had one try, it looked at each contact that it wrote, and nobody else wrote them.
    """
    if len(watches) != 1 or not features.isdisjoint({"others edit", "second task", "not compared"}):
        return False
    told = watches[0].results.values()
    return all(each.outcome in CLEAN and CLEARED not in each.reason for each in told)


def not_undone(plan: UndoWatch, applied: UndoWatch, before: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """Yield what is not as it was before a run of which everything is known.

    :param plan: the try that has planned the undo.
    :param applied: the try that has applied the plan to its end.
    :param before: id of a contact → what it was.
    """
    for contact in applied.oracles.portal.contacts():
        result = applied.of_contacts.get(contact.id) or plan.of_contacts.get(contact.id)
        ends = {each.outcome for each in (plan.of_contacts.get(contact.id), result) if each}
        if not ends <= SUCCESSES | {Outcome.NOT_ATTEMPTED} or (result and result.outcome not in SUCCESSES):
            continue  # it was left alone, and says so
        if contact.id not in before:
            if applied.archives:
                yield f"{contact.email} was created by a run that is undone, and is there"
            continue
        for name in PROPERTIES:
            was, now = before[contact.id].get(name, ""), contact.properties.get(name, "")
            if was != now:
                yield f"{contact.email} has {name}={now!r} after the undo, and had {was!r} before the run"
