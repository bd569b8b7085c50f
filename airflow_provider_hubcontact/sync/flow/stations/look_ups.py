# SPDX-License-Identifier: Apache-2.0
"""The first station of a record: its contact is found, and what becomes of it is planned.

If nobody has its key, but keys are not addresses, it is also looked up who has the addresses that the new
contact would get.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from airflow_provider_hubcontact.sync.decide.plan import plan, unwritten
from airflow_provider_hubcontact.sync.decide.results import given_up, unread
from airflow_provider_hubcontact.sync.decide.rules import CannotTell, is_of, keys_of, new_key
from airflow_provider_hubcontact.sync.decide.second_addresses import taken
from airflow_provider_hubcontact.sync.decide.settle import halves
from airflow_provider_hubcontact.sync.flow.calls import Answer, ReadCall
from airflow_provider_hubcontact.sync.flow.stations.ends import Ends
from airflow_provider_hubcontact.sync.flow.stations.parts import Parts
from airflow_provider_hubcontact.sync.model.change import Change, Stored, Write
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result, refused_as
from airflow_provider_hubcontact.sync.model.ports import Found, Lost, Refused, Step
from airflow_provider_hubcontact.sync.model.record import Record

NOTHING_FOUND = Found({}, frozenset())
"""What is known of a contact that is not looked up."""


class LookUps:
    """Finds out which contacts records are about, and plans what becomes of them.

    :param parts: of the run.
    :param ends: ends the records for which nothing is written.
    """

    def __init__(self, parts: Parts, ends: Ends) -> None:
        self._rules = parts.rules
        self._reader = parts.reader
        self._by_address = parts.by_address
        self._source = parts.source
        self._gate = parts.gate
        self._in_flight = parts.in_flight
        self._creations = parts.creations
        self._write_queue = parts.write_queue
        self._memberships = parts.memberships
        self._under_way = parts.under_way
        self._decisions = parts.decisions
        self._direct = parts.direct
        self._dry_writes = parts.dry_writes
        self._breaker = parts.breaker
        self._ends = ends
        self._split: deque[ReadCall] = deque()  # to be looked up again, in parts

    @property
    def is_any_due(self) -> bool:
        """Whether records wait for a look-up that is under way, or is to be started."""
        return bool(self._split or self._creations or self._in_flight.waiting or any(self._under_way.reads))

    # Records that need not be looked up

    def write_directly(self, admitted: Iterable[Record]) -> None:
        """Plan the records that need not be looked up.

        :param admitted: those that have just come.
        """
        if not self._direct.are_possible:
            return
        records = self._in_flight.chosen(admitted, self._direct.has)
        if self._gate and not self._gate.assumed([(each, self._gate.known(each)) for each in records]):
            return
        for record in self._in_flight.pick(records):
            contact = self._direct.contact(record)
            if not self._in_flight.claim(record, contact):
                continue
            self._memberships.met(record.key, contact)
            planned = self._decisions.planned(record, partial(self._direct.change, record))
            if isinstance(planned, Result) and self._reader.always:
                self.look_up(record)  # what is not valid need not be written, if the contact has it
            else:
                self._go_on(record, planned)

    def look_up(self, record: Record) -> None:
        """Let a look-up decide about a record, since a write without one did not."""
        self._direct.left.add(record.row)
        self._under_way.outdate((self._in_flight.resume(record),))

    # Calls

    def start(self) -> None:
        """Start as many look-ups as may run, unless it is better to wait for fuller ones."""
        while self._under_way.has_room and (call := self._next()):
            self._under_way.start(call, self._reading(call))

    def _next(self) -> ReadCall | None:
        if self._split:
            return self._split.popleft()
        size = self._reader.batch_size
        may_fill = bool(self._under_way and not self._source.exhausted)
        more_to_come = may_fill or bool(self._in_flight.waiting or any(self._under_way.reads))
        if creations := self._creations.take(size, more_to_come=more_to_come):
            return ReadCall(tuple(change.record for change in creations), creations)
        if self._in_flight.waiting < size and may_fill:
            return None  # a fuller call will be possible
        records = self._in_flight.take(size)
        return ReadCall(records) if records else None

    def _reading(self, call: ReadCall) -> Callable[[], Found | Refused | Lost]:
        """Return what makes a look-up."""
        if call.creations:
            if self._by_address is None:
                raise ValueError("new contacts are given addresses, and nothing reads contacts by these")
            given = (each for change in call.creations for each in self._creations.addresses(change))
            return partial(self._by_address.read, tuple(dict.fromkeys(given)), {self._rules.id_property})
        keys = tuple(dict.fromkeys(key for record in call.records for key in keys_of(record, self._rules)))
        if self._dry_writes:
            keys = self._dry_writes.asked(keys)
        names = set().union(*(record.properties for record in call.records))
        return partial(self._reader.read, keys, names)

    def put_back(self, call: ReadCall) -> None:
        """Take back a call that was not sent."""
        self._split.append(call)

    def drain(self) -> list[Record]:
        """Remove the records that were to be looked up again, or for their addresses."""
        records = [record for call in self._split for record in call.records]
        self._split.clear()
        return [*records, *self._creations.drain()]

    # Answers

    def answered(self, call: ReadCall, answer: Answer) -> None:
        """Plan what becomes of the records that were looked up.

        :param call: the look-up.
        :param answer: to it.
        """
        records = call.records
        if isinstance(answer, Found):
            for change in call.creations:
                self._give(change, answer, call.outdated)
            if call.creations or not self._may_go_on(call, answer):
                return
            for record in records:
                self._resolve(record, answer, call.outdated)
        elif _is_about_a_key(answer) and len(records) > 1:
            parts = zip(halves(records), halves(call.creations), strict=True)
            self._split.extend(ReadCall(*each) for each in parts)
        elif isinstance(answer, Refused | Lost):
            for record in records:
                # All rows of a merged record have the key that was refused: one by one it would be as well.
                self._ends.end(unread(record, answer), may_part=False)
        else:
            raise TypeError(f"a look-up was answered with {type(answer).__name__}")

    def _may_go_on(self, call: ReadCall, found: Found) -> bool:
        """Void what is proved of contacts that a look-up found, before they are written."""
        if self._gate is None:
            return True
        contacts = [
            (record, stored and stored.id)
            for record in call.records
            for keys in (self._own_keys(record),)
            for stored in (_stored(keys, self._seen(found, keys)),)
        ]
        if self._gate.identified(contacts):
            return True
        self.put_back(call)  # the run stops before it sends anything else
        return False

    def _resolve(self, record: Record, found: Found, outdated: set[str]) -> None:
        keys = keys_of(record, self._rules)
        found = self._seen(found, keys)
        if reason := _unclear(keys, found):
            self._ends.end(Result(record.row, record.key, Outcome.UNKNOWN, 200, reason=reason))
            return
        stored = _stored(self._own_keys(record), found)
        if self._in_flight.claim(record, stored and stored.id, outdated):
            self._memberships.met(record.key, stored and stored.id)
            decide = partial(plan, record, found.contacts, self._rules)
            try:
                planned = self._decisions.planned(record, decide)
            except CannotTell as error:
                cause = error.__cause__ if isinstance(error.__cause__, Exception) else error
                self._breaker.broken = cause
                planned = given_up(record, type(cause).__name__)
            if self._dry_writes:
                planned = self._dry_writes.told(planned)
            self._go_on(record, planned, found)

    def _own_keys(self, record: Record) -> tuple[str, ...]:
        """Return the keys by which a record's contact is found: its key or, if nobody has it, its new key."""
        key = new_key(record, self._rules)
        return (record.key, key) if key else (record.key,)

    def _seen(self, found: Found, keys: Sequence[str]) -> Found:
        """Return what a look-up says of keys; in a dry run, as if what it would have written was."""
        return self._dry_writes.seen(found, keys) if self._dry_writes else found

    def _give(self, change: Change, found: Found, outdated: set[str]) -> None:
        """Create a contact, unless another one has an address that it would get.

        :param change: the creation.
        :param found: who has its addresses.
        :param outdated: contacts that were written after this look-up began.
        """
        record, given = change.record, self._creations.addresses(change)
        if self._dry_writes:
            found = self._dry_writes.seen_by_address(found, given)
        if reason := _unclear(given, found):
            self._decided(record, Result(record.row, record.key, Outcome.UNKNOWN, 200, reason=reason))
            return
        # A contact that got the key meanwhile is met when HubSpot refuses the creation.
        has = {each: found.contacts[each] for each in given if each in found.contacts}
        others = {each: stored for each, stored in has.items() if not is_of(record, stored, self._rules)}
        conflict = taken(record, change.outcome, others)
        if conflict is None:
            self._decided(record, change)
        elif not self._in_flight.waits_for(record, (each.id for each in others.values()), outdated):
            self._decided(record, conflict)

    # What was planned

    def _go_on(self, record: Record, planned: Change | Result, found: Found = NOTHING_FOUND) -> None:
        if isinstance(planned, Change) and record.row in self._direct.left:
            planned = planned._replace(met=True)
        if (
            isinstance(planned, Change)
            and planned.write is Write.CREATE
            and self._creations.addresses(planned)
        ):
            self._creations.add(planned)
        else:
            self._decided(record, planned, found)

    def _decided(self, record: Record, planned: Change | Result, found: Found = NOTHING_FOUND) -> None:
        if self._gate:
            planned = self._gate.judged(record, planned)
        if isinstance(planned, Result):
            self._ends.end(planned)
        elif self._dry_writes:
            self._dry_writes.note(planned, found)
            self._ends.end(unwritten(planned))
        else:
            self._write_queue.add(Step(planned))


def _stored(keys: Sequence[str], found: Found) -> Stored | None:
    """Return the contact that has a record's key or, if nobody has it, its new key."""
    return next((found.contacts[key] for key in keys if key in found.contacts), None)


def _unclear(keys: Sequence[str], found: Found) -> str | None:
    """Return why a look-up does not say whether a contact has these keys; None if it says so."""
    for key in keys:
        has, lacks = key in found.contacts, key in found.missing
        if has and lacks:
            return f"HubSpot's answer says both that a contact has {key} and that nobody has it"
        if not (has or lacks):
            return f"HubSpot answered the look-up, but does not mention {key}"
    return None


def _is_about_a_key(answer: Answer) -> bool:
    """Check whether a look-up was refused because of one of its keys, or of their number."""
    return isinstance(answer, Refused) and refused_as(answer.refusal.status) is Outcome.REJECTED
