# SPDX-License-Identifier: Apache-2.0
"""Records that ended well, and wait until their contacts are in the lists that they name."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice

from airflow_provider_hubcontact.sync.decide.membership import (
    HELD,
    is_in_place,
    not_moved,
    unknown_contact,
    unproved,
)
from airflow_provider_hubcontact.sync.flow.calls import ListCall, Stage, Target
from airflow_provider_hubcontact.sync.flow.waiting.refused_lists import RefusedLists
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result, refused_as
from airflow_provider_hubcontact.sync.model.ports import Lists, Lost, Members, Moved, Refused
from airflow_provider_hubcontact.sync.model.record import Record

MAX_HELD = 8_000
"""Records that may wait for lists at once: this bounds memory."""


Waiting = dict[str, tuple[Result, ...]]
"""Record id → the results of the records that are about this contact."""


class Memberships:
    """Keeps results back until the contacts are in their lists, or have left them.

    A call takes many contacts, so that records wait until there are enough for one, or nothing else is left
    to do. Contacts of which it is known that they are in the list end without a call. HubSpot mentions only
    contacts that a call has moved: of the others it is read whether they are members, which is a second call
    for them. If most of a call were members, the next ones of the list are read first, and only those are put
    in that are not there. That goes on until most of those that were read were no members. So the first call
    of a list goes out alone.

    :param lists: knows the lists; None if no record has to be in one.
    :param leaves: whether the contacts are to leave them.
    :ivar failed: what the port raised about what is known, or kept. Nothing may be sent after that.
    """

    def __init__(self, lists: Lists | None, *, leaves: bool = False) -> None:
        self.failed: Exception | None = None
        self._lists = lists
        self._leaves = leaves
        self._most = max(1, lists.batch_size) if lists else 1
        self._named: dict[int, str] = {}  # row under way → its list
        self._contacts: dict[str, str] = {}  # key under way → record id of its contact
        self._unchecked: dict[Target, Waiting] = {}
        self._due: dict[tuple[Stage, Target], Waiting] = {}
        self._parts: deque[ListCall] = deque()
        self._filled: dict[Target, bool | None] = {}
        self._refusals = RefusedLists()
        self._held = 0

    def __len__(self) -> int:
        return self._held

    @property
    def is_full(self) -> bool:
        """Whether no more rows may be read before some of those that wait have ended."""
        return self._held >= MAX_HELD

    # Records under way

    def expect(self, record: Record) -> None:
        """Note the list of a record that was read."""
        if record.list and self._lists:
            self._named[record.row] = record.list

    def met(self, key: str, contact: str | None) -> None:
        """Note the contact of a record that is under way.

        :param key: of the record.
        :param contact: record id; None if it is not known.
        """
        if self._lists and contact is not None:
            self._contacts[key] = contact

    def forget(self, key: str) -> None:
        """Forget the contact of a record that has ended."""
        self._contacts.pop(key, None)

    def hold(self, result: Result) -> Result | None:
        """Keep the result of a record back, if its contact has to be in a list.

        :param result: of the record; one that was not under way has its list.
        :return: the result if it is final; None if it is kept back.
        """
        name = self._named.pop(result.row, result.list_id) if self._lists else None
        if name is None or result.earlier or result.outcome not in HELD:
            return result
        contact = result.contact or self._contacts.get(result.key)
        if contact is None:
            return unknown_contact(result, None)
        waiting = self._unchecked.setdefault(Target(name, self._leaves), {})
        waiting[contact] = (*waiting.get(contact, ()), result)
        self._held += 1
        return None

    # Calls

    def checked(self, *, is_last: bool) -> Iterator[Result]:
        """Yield the results of records that need no call.

        :param is_last: whether those are looked at, too, that are too few for a call.
        """
        for target, waiting in [*self._unchecked.items()]:
            if len(waiting) >= self._most or is_last or self.is_full:
                known = self._known(target, waiting)
                if known is None:
                    return
                for contact in [each for each in waiting if each in known.contacts]:
                    ended = waiting.pop(contact)
                    is_read = contact not in known.kept
                    yield from self._in_place(target, known.list_id, ended, moved=False, is_read=is_read)
                self._put(Stage.LOOK, target, self._unchecked.pop(target))
        for target in self._refusals.all():
            yield from self._given_up(target)

    def _given_up(self, target: Target) -> Iterator[Result]:
        """Yield the results of records whose list HubSpot refuses; what it has accepted is still read."""
        answer = self._refusals.of(target)
        if answer is None:
            return
        waiting = [self._due.pop((stage, target), {}) for stage in (Stage.LOOK, Stage.MOVE)]
        parts, self._parts = self._parts, deque()
        for call in parts:
            if call.target == target and call.stage is not Stage.PROVE:
                waiting.append(dict(call.results))
            else:
                self._parts.append(call)
        for results in waiting:
            yield from self._refused(results, answer)

    def next(self, *, is_last: bool) -> ListCall | None:
        """Take the next call; None if more records can still fill it.

        :param is_last: whether nothing else is under way that could.
        """
        if self._parts:
            return self._parts.popleft()
        is_due = is_last or self.is_full
        full = [
            each
            for each, waiting in self._due.items()
            if (is_due or len(waiting) >= self._most_of(*each))
            and self._filled.get(each[1], False) is not None
        ]
        if not full:
            return None
        due = max(full, key=lambda each: len(self._due[each]))
        waiting, most = self._due[due], self._most_of(*due)
        some = {contact: waiting.pop(contact) for contact in [*islice(waiting, most)]}
        if not waiting:
            del self._due[due]
        call = ListCall(self._now(*due), due[1], some)
        self._filled.setdefault(call.target, None)
        return call

    def _now(self, stage: Stage, target: Target) -> Stage:
        """Return what is done about contacts: a look before the call that moves them has to be worth it."""
        is_worth = stage is not Stage.LOOK or self._filled.get(target)
        return stage if is_worth else Stage.MOVE

    def _most_of(self, stage: Stage, target: Target) -> int:
        """Return how many contacts the next call has at most."""
        return self._most if self._now(stage, target) is Stage.MOVE else max(1, self._port.batch_size)

    def send(self, call: ListCall) -> Moved | Members | Refused | Lost:
        """Make a call.

        :param call: the call.
        """
        contacts, target = tuple(call.results), call.target
        if call.reads:
            return self._port.members(target.name, contacts, surely=call.stage is Stage.PROVE)
        return self._port.move(target.name, contacts, leaves=target.leaves)

    def put_back(self, call: ListCall) -> None:
        """Take back a call that was not sent."""
        self._parts.append(call)

    def answered(self, call: ListCall, answer: Moved | Members | Refused | Lost) -> Iterator[Result]:
        """Yield the results of the records that a call has decided about.

        :param call: the call.
        :param answer: to it.
        """
        self._filled[call.target] = self._filled.get(call.target) or False
        if isinstance(answer, Moved):
            yield from self._moved(call, answer)
        elif call.stage is Stage.LOOK and not (isinstance(answer, Refused) and answer.stops):
            yield from self._looked(call, answer)
        elif isinstance(answer, Members):
            yield from self._read(call, answer)
        elif isinstance(answer, Refused) and _is_about_its_contacts(call, answer):
            if len(call.results) > 1:
                self._divide(call)
                return
            # It was this contact, and not the number of them.
            self._most = max(1, self._port.batch_size)
            self._refusals.refused(call.target, answer)
            yield from self._refused(call.results, answer)
        else:
            yield from self._refused(call.results, answer)

    def _refused(self, waiting: Mapping[str, tuple[Result, ...]], answer: Refused | Lost) -> Iterator[Result]:
        for results in waiting.values():
            yield from self._ended(not_moved(result, answer) for result in results)

    def drain(self) -> Iterator[Result]:
        """Remove all records that wait, and yield their results."""
        calls = (each.results for each in self._parts)
        waiting = [*self._unchecked.values(), *self._due.values(), *calls]
        for held in (self._parts, self._unchecked, self._due):
            held.clear()
        yield from self._ended(
            [result for each in waiting for results in each.values() for result in results]
        )

    def _moved(self, call: ListCall, answer: Moved) -> Iterator[Result]:
        changed = [each for each in call.results if each in answer.changed]
        missing = [each for each in call.results if each in answer.missing and each not in answer.changed]
        self._note(call, answer.list_id, changed, by_this_run=True)
        self._refusals.accepted(call.target)
        for contact in changed:
            yield from self._in_place(call.target, answer.list_id, call.results[contact], moved=True)
        yield from self._missing(call, answer.list_id, missing)
        named = {*changed, *missing}
        silent = {each: results for each, results in call.results.items() if each not in named}
        if 2 * len(silent) > len(call.results) and not call.target.leaves:
            self._filled[call.target] = True
        self._put(Stage.PROVE, call.target, silent)

    def _missing(self, call: ListCall, list_id: str, contacts: Collection[str]) -> Iterator[Result]:
        """Yield the results of records whose contacts HubSpot does not have any more, in no list neither."""
        if call.target.leaves:
            self._note(call, list_id, contacts, by_this_run=False)
        for contact in contacts:
            results = call.results[contact]
            if call.target.leaves:
                yield from self._in_place(call.target, list_id, results, moved=False)
            else:
                yield from self._ended(unknown_contact(result, contact) for result in results)

    def _looked(self, call: ListCall, answer: Members | Refused | Lost) -> Iterator[Result]:
        """Yield the results of members. All others are put in, whatever the answer says of them."""
        found = answer.contacts if isinstance(answer, Members) else frozenset()
        if 2 * len(found) <= len(call.results):
            self._filled[call.target] = False
        members = {each: results for each, results in call.results.items() if each in found}
        others = {each: results for each, results in call.results.items() if each not in found}
        self._put(Stage.MOVE, call.target, others)
        if isinstance(answer, Members):
            yield from self._read(replace(call, results=members), answer)

    def _read(self, call: ListCall, answer: Members) -> Iterator[Result]:
        leaves = call.target.leaves
        fits = [each for each in call.results if (each in answer.contacts) is not leaves]
        self._note(call, answer.list_id, fits, by_this_run=False)
        for contact, results in call.results.items():
            if (contact in answer.contacts) is not leaves:
                yield from self._in_place(call.target, answer.list_id, results, moved=False)
            else:
                yield from self._ended(unproved(result, leaves=leaves) for result in results)

    def _divide(self, call: ListCall) -> None:
        """Send the contacts of a refused call in two calls, and later ones in calls of that size.

        One half is next and the other one last: so the first contacts that are sent alone are from different
        places, and are soon enough to tell whether HubSpot refuses the list.
        """
        contacts = [*call.results]
        half = len(contacts) // 2
        self._most = min(self._most, half)
        first, second = (
            replace(call, results={each: call.results[each] for each in some})
            for some in (contacts[:half], contacts[half:])
        )
        self._parts.appendleft(first)
        self._parts.append(second)

    @property
    def _port(self) -> Lists:
        if self._lists is None:
            raise ValueError("no record has to be in a list")
        return self._lists

    def _known(self, target: Target, waiting: Waiting) -> Members | None:
        try:
            return self._port.known(target.name, _keys(waiting, waiting), leaves=target.leaves)
        except Exception as error:  # noqa: BLE001 - raised again when all that was read has its outcome
            self.failed = self.failed or error
            return None

    def _note(self, call: ListCall, list_id: str, contacts: Collection[str], *, by_this_run: bool) -> None:
        try:
            if contacts:
                keys = _keys(call.results, contacts)
                self._port.note(list_id, keys, leaves=call.target.leaves, by_this_run=by_this_run)
        except Exception as error:  # noqa: BLE001 - same
            self.failed = self.failed or error

    def _put(self, stage: Stage, target: Target, results: Waiting) -> None:
        waiting = self._due.setdefault((stage, target), {}) if results else {}
        for contact, of_it in results.items():
            waiting[contact] = (*waiting.get(contact, ()), *of_it)

    def _in_place(
        self,
        target: Target,
        list_id: str,
        results: Iterable[Result],
        *,
        moved: bool,
        is_read: bool = True,
    ) -> Iterator[Result]:
        return self._ended(
            is_in_place(result, list_id, leaves=target.leaves, by_this_run=moved, is_read=is_read)
            for result in results
        )

    def _ended(self, results: Iterable[Result]) -> Iterator[Result]:
        for result in results:
            self._held -= 1
            yield result


def _keys(results: Mapping[str, tuple[Result, ...]], contacts: Iterable[str]) -> dict[str, Collection[str]]:
    """Return record id → keys of its records, for some contacts."""
    return {contact: {result.key for result in results[contact]} for contact in contacts}


def _is_about_its_contacts(call: ListCall, answer: Refused) -> bool:
    """Check whether a call was refused because of one of its contacts, or of their number."""
    return refused_as(answer.refusal.status) is Outcome.REJECTED and not call.reads
