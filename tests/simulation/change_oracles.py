# SPDX-License-Identifier: Apache-2.0
"""What must hold of the changes that results tell, however they end: a ledger and an undo go by them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from airflow_provider_hubcontact.sync.flow.engine import CUT_OFF
from airflow_provider_hubcontact.sync.model.outcome import NOT_WRITTEN, WRITES, Outcome, Result
from tests.simulation.plot import Row
from tests.simulation.portal import OTHERS, PROPERTIES, Json, SimulatedPortal, State
from tests.simulation.words import BORN, LOGIN

if TYPE_CHECKING:
    from tests.simulation.oracles import TryWatch


class Sent(NamedTuple):
    """An input of a write that was sent.

    :param row: of the source; 0 if the API has no trace ids.
    :param address: that it is addressed to.
    :param values: property → text.
    """

    row: int
    address: str
    values: Mapping[str, str]


def sent_in(each: Json) -> Sent:
    """Return what an input of a batch asks for."""
    row, address = int(each.get("objectWriteTraceId", "0").partition("-")[0]), str(each.get("id", ""))
    if "properties" not in each:  # it archives a contact, whose values are gone then
        return Sent(row, address, dict.fromkeys(PROPERTIES | {OTHERS}, ""))
    # A contact that is created gets the key by which it was not found. The legacy API has no trace ids.
    key = each.get("idProperty") or (None if row else "email")
    return Sent(row, address, {**({key: address} if key else {}), **each["properties"]})


class ChangeOracles:
    """Compares what results tell with what was sent, and with what the portal has done.

    What was certainly written is told, and what is told was sent. It is in the history of the contact, unless
    the outcome says that it only may be written.

    :param portal: the contacts.
    :param wrong: is told what is wrong.
    """

    def __init__(self, portal: SimulatedPortal, wrong: Callable[[str], None]) -> None:
        self._portal = portal
        self._wrong = wrong

    def check_result(self, watch: TryWatch, result: Result, row: Row) -> None:
        """The changes of a row are true, and complete if no other row is about its contact."""
        if not watch.may_write:
            return
        told = f"{watch.name}: row {result.row} is {result.outcome}"
        sent, had = [*self._sent_for(watch, row)], [*self._states(watch, row)]
        if watch.plot.settings.upsert and self._has_other_keys(watch, row):
            # One batch may have had both of its addresses, and shows only what is left of it.
            had += [each.values for each in sent]
        self._check_true(watch, result, told, sent, had)
        key = watch.plot.settings.key.property
        if result.outcome is Outcome.CREATED and key not in result.changes:
            self._wrong(f"{told}, and does not tell its {key}")
        for contact in {each.contact for each in watch.written if each.row == result.row}:
            if self._rows_of(watch, contact) == [row]:
                self._check_told(watch, contact, _asked([row]), result.changes, told)

    def check_contact(self, watch: TryWatch, result: Result) -> None:
        """So are those of a contact whose row left, or whose writes are undone: its key is its record id."""
        if not watch.may_write:
            return
        contact, told = result.key, f"{watch.name}: the contact {result.key} is {result.outcome}"
        sent = (each for each in watch.sent if each.address == contact)
        self._check_true(watch, result, told, sent, [*self._had_by(contact, watch.since)])
        self._check_told(watch, contact, PROPERTIES, result.changes, told)

    def _check_true(
        self,
        watch: TryWatch,
        result: Result,
        told: str,
        sent: Iterable[Sent],
        had: Sequence[Mapping[str, str]],
    ) -> None:
        """What is told was sent and, unless it only may be written, is in the history; so is the old value.

        :param told: what is said of the record.
        :param sent: for the record.
        :param had: what its contact was since the try began; empty for what nobody was.
        """
        asked = {both for each in sent for both in each.values.items()}
        is_late = CUT_OFF in result.reason  # its call may still go out
        for name, (old, new) in result.changes.items():
            said = f"{told}, and tells that it changed {name} from {old!r} to {new!r}"
            if (name, new) not in asked and not is_late:
                self._wrong(f"{said}, which it never sent")
            elif result.outcome in WRITES | NOT_WRITTEN and not _is_among(had, name, new):
                self._wrong(f"{said}, which it never had")
            elif name not in result.unread and not _is_among(had, name, _day(watch, name, old or "")):
                self._wrong(f"{said}, and it was never so before")

    def check_end(self, watch: TryWatch) -> None:
        """What a try has changed of each contact is told by one of the rows that are about it."""
        if not watch.may_write:
            return
        for contact in {each.contact for each in watch.written}:
            rows = self._rows_of(watch, contact)
            results = [result for row in rows if (result := watch.told(row)) and not result.earlier]
            names = {name for each in results for name in each.changes}
            self._check_told(watch, contact, _asked(rows), names, f"{watch.name} has ended")

    def _check_told(
        self, watch: TryWatch, contact: str, asked: Collection[str], names: Collection[str], told: str
    ) -> None:
        for name in sorted({*asked} & self._changed(watch, contact) - {*names}):
            self._wrong(f"{told}, and does not tell that it changed {name} of {contact}")

    def _changed(self, watch: TryWatch, contact: str) -> set[str]:
        """Return the properties that a try has changed to what it sent, and not put back."""
        sent = {both for each in self._sent_to(watch, contact) for both in each.values.items()}
        first: dict[str, str] = {}
        last: dict[str, str] = {}
        for had, has in self._steps(watch, contact):
            for name in had.keys() | has.keys():
                if had.get(name, "") != has.get(name, "") and (name, has.get(name, "")) in sent:
                    first.setdefault(name, had.get(name, ""))
                    last[name] = has.get(name, "")
        return {name for name, value in last.items() if value != first[name]}

    def _sent_to(self, watch: TryWatch, contact: str) -> Iterator[Sent]:
        """Yield what was sent to a contact: to its record id or address, or for a row that has written it."""
        rows = {each.row for each in watch.written if each.contact == contact} - {0}
        for each in watch.sent:
            owners = self._portal.owners_of(each.address)
            if each.row in rows or each.address == contact or contact in owners:
                yield each

    def _steps(self, watch: TryWatch, contact: str) -> Iterator[tuple[Mapping[str, str], Mapping[str, str]]]:
        """Yield what a contact was before and after each write of a try."""
        states = [State(0.0, None), *self._portal.states.get(contact, ())]
        for before, after in pairwise(states):
            if after.by == watch.name and after.values is not None:
                yield before.values or {}, after.values

    def _rows_of(self, watch: TryWatch, contact: str) -> list[Row]:
        """Return the rows that may be about a contact."""
        written = {each.row for each in watch.written if each.contact == contact}
        return [
            row
            for number, row in enumerate(watch.rows, 1)
            if number in written or any(contact in self._portal.owners_of(key) for key in row.keys)
        ]

    def _sent_for(self, watch: TryWatch, row: Row) -> Iterator[Sent]:
        """Yield what was sent for a row, or one that it may be merged with."""
        numbers = {number for number, each in enumerate(watch.rows, 1) if each.key == row.key}
        for each in watch.sent:
            if each.row in numbers or (not each.row and each.address in row.keys):
                yield each

    def _has_other_keys(self, watch: TryWatch, row: Row) -> bool:
        """Check whether rows of other keys have written a contact of a row."""
        owners = {each for key in row.keys for each in self._portal.owners_of(key)}
        written = {each.row for each in watch.written if each.contact in owners} - {0}
        return any(watch.row(number).key != row.key for number in written)

    def _states(self, watch: TryWatch, row: Row) -> Iterator[Mapping[str, str]]:
        """Yield what the contacts of a row were since a try began; nothing where there was none."""
        for key in row.keys:
            yield from self._portal.had(key, watch.since)
            owners = self._portal.owners_of(key)
            if self._portal.was_free(key, watch.since) or any(
                self._portal.states[each][0].by == watch.name for each in owners
            ):
                yield {}

    def _had_by(self, contact: str, since: float) -> Iterator[Mapping[str, str]]:
        """Yield what a contact was, from a moment on."""
        states = self._portal.states.get(contact, ())
        last = max((place for place, state in enumerate(states) if state.since <= since), default=0)
        yield from (each.values for each in states[last:] if each.values is not None)


def _is_among(had: Iterable[Mapping[str, str]], name: str, value: str) -> bool:
    """Check whether a contact had a value in one of its states."""
    return any(each.get(name, "") == value for each in had)


def _day(watch: TryWatch, name: str, value: str) -> str:
    """Return a value as the portal keeps it: the legacy API shows days in milliseconds."""
    if not (watch.plot.is_legacy and name == BORN and value):
        return value
    return datetime.fromtimestamp(int(value) / 1_000, UTC).date().isoformat()


def _asked(rows: Iterable[Row]) -> set[str]:
    """Return the properties that rows are about."""
    return {name for row in rows for name in (*row.values, *(("email", LOGIN) if row.becomes else ()))}
