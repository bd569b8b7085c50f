"""Records that ended well, and wait until their contacts are in the lists that they name."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

from airflow_provider_hubcontact.sync.decide.membership import (
    HELD,
    is_in_place,
    not_moved,
    unknown_contact,
    unproved,
)
from airflow_provider_hubcontact.sync.flow.calls import ListCall
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result, refused_as
from airflow_provider_hubcontact.sync.model.ports import Lists, Lost, Members, Moved, Refused
from airflow_provider_hubcontact.sync.model.record import Record

MAX_HELD = 8_000
"""Records that may wait for lists at once: this bounds memory."""


class Target(NamedTuple):
    """Where contacts are to be.

    :param name: what the port knows the list by.
    :param leaves: whether they are to leave it.
    """

    name: str
    leaves: bool


Waiting = dict[str, tuple[Result, ...]]
"""Record id → the results of the records that are about this contact."""


class Memberships:
    """Keeps results back until the contacts are in their lists, or have left them.

    A call takes many contacts, so that records wait until there are enough for one, or nothing else is left
    to do. Contacts of which it is known that they are in the list end without a call. HubSpot mentions only
    contacts that a call has moved: of the others it is read whether they are members.

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
        self._unmoved: dict[Target, Waiting] = {}
        self._unread: deque[ListCall] = deque()
        self._reading: set[Target] = set()
        self._halves: deque[ListCall] = deque()
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

    def met(self, key: str, contact: str) -> None:
        """Note the contact of a record that is under way.

        :param key: of the record.
        :param contact: record id.
        """
        if self._lists:
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
                    yield from self._in_place(target, known.list_id, waiting.pop(contact), moved=False)
                self._put(target, self._unchecked.pop(target))

    def next(self, *, is_last: bool) -> ListCall | None:
        """Take the next call; None if more records can still fill it.

        :param is_last: whether nothing else is under way that could.
        """
        for queue in (self._unread, self._halves):
            if queue:
                return queue.popleft()
        # What is being read may save the calls for others of the list.
        targets = [each for each in self._unmoved if each not in self._reading or self.is_full]
        target = max(targets, key=lambda each: len(self._unmoved[each]), default=None)
        if target is None:
            return None
        waiting = self._unmoved[target]
        if not waiting or not (len(waiting) >= self._most or is_last or self.is_full):
            return None
        some = {contact: waiting.pop(contact) for contact in [*islice(waiting, self._most)]}
        return ListCall(target.name, target.leaves, reads=False, results=some)

    def send(self, call: ListCall) -> Moved | Members | Refused | Lost:
        """Make a call.

        :param call: the call.
        """
        contacts = tuple(call.results)
        if call.reads:
            return self._port.members(call.target, contacts)
        return self._port.move(call.target, contacts, leaves=call.leaves)

    def put_back(self, call: ListCall) -> None:
        """Take back a call that was not sent."""
        (self._unread if call.reads else self._halves).append(call)

    def answered(self, call: ListCall, answer: Moved | Members | Refused | Lost) -> Iterator[Result]:
        """Yield the results of the records that a call has decided about.

        :param call: the call.
        :param answer: to it.
        """
        if call.reads:
            self._look_again(Target(call.target, call.leaves))
        if isinstance(answer, Moved):
            yield from self._moved(call, answer)
        elif isinstance(answer, Members):
            yield from self._read(call, answer)
        elif _is_about_its_contacts(call, answer):
            if len(call.results) > 1:
                self._divide(call)
                return
            # It was this contact, and not the number of them.
            self._most = max(1, self._port.batch_size)
            yield from self._refused(call, answer)
        else:
            yield from self._refused(call, answer)

    def _refused(self, call: ListCall, answer: Refused | Lost) -> Iterator[Result]:
        for results in call.results.values():
            yield from self._ended(not_moved(result, answer) for result in results)

    def drain(self) -> Iterator[Result]:
        """Remove all records that wait, and yield their results."""
        calls = (each.results for each in (*self._unread, *self._halves))
        waiting = [*self._unchecked.values(), *self._unmoved.values(), *calls]
        for held in (self._unread, self._halves, self._unchecked, self._unmoved):
            held.clear()
        yield from self._ended(
            [result for each in waiting for results in each.values() for result in results]
        )

    def _moved(self, call: ListCall, answer: Moved) -> Iterator[Result]:
        target = Target(call.target, call.leaves)
        changed = [each for each in call.results if each in answer.changed]
        missing = [each for each in call.results if each in answer.missing and each not in answer.changed]
        self._note(call, answer.list_id, changed, by_this_run=True)
        for contact in changed:
            yield from self._in_place(target, answer.list_id, call.results[contact], moved=True)
        yield from self._missing(call, answer.list_id, missing)
        named = {*changed, *missing}
        silent = {each: results for each, results in call.results.items() if each not in named}
        if silent:
            self._reading.add(target)
            self._unread.append(replace(call, reads=True, results=silent))

    def _missing(self, call: ListCall, list_id: str, contacts: Collection[str]) -> Iterator[Result]:
        """Yield the results of records whose contacts HubSpot does not have any more, in no list neither."""
        if call.leaves:
            self._note(call, list_id, contacts, by_this_run=False)
        for contact in contacts:
            results = call.results[contact]
            if call.leaves:
                target = Target(call.target, call.leaves)
                yield from self._in_place(target, list_id, results, moved=False)
            else:
                yield from self._ended(unknown_contact(result, contact) for result in results)

    def _read(self, call: ListCall, answer: Members) -> Iterator[Result]:
        target = Target(call.target, call.leaves)
        fits = [each for each in call.results if (each in answer.contacts) is not call.leaves]
        self._note(call, answer.list_id, fits, by_this_run=False)
        for contact, results in call.results.items():
            if (contact in answer.contacts) is not call.leaves:
                yield from self._in_place(target, answer.list_id, results, moved=False)
            else:
                yield from self._ended(unproved(result, leaves=call.leaves) for result in results)

    def _divide(self, call: ListCall) -> None:
        """Send the contacts of a refused call in two calls, and later ones in calls of that size."""
        contacts = [*call.results]
        half = len(contacts) // 2
        self._most = min(self._most, half)
        for some in (contacts[:half], contacts[half:]):
            self._halves.append(replace(call, results={each: call.results[each] for each in some}))

    def _look_again(self, target: Target) -> None:
        """Let those that wait be compared with what was read."""
        self._reading.discard(target)
        if waiting := self._unmoved.pop(target, None):
            unchecked = self._unchecked.setdefault(target, {})
            for contact, of_it in waiting.items():
                unchecked[contact] = (*of_it, *unchecked.get(contact, ()))

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
                self._port.note(list_id, keys, leaves=call.leaves, by_this_run=by_this_run)
        except Exception as error:  # noqa: BLE001 - same
            self.failed = self.failed or error

    def _put(self, target: Target, results: Waiting) -> None:
        waiting = self._unmoved.setdefault(target, {})
        for contact, of_it in results.items():
            waiting[contact] = (*waiting.get(contact, ()), *of_it)

    def _in_place(
        self, target: Target, list_id: str, results: Iterable[Result], *, moved: bool
    ) -> Iterator[Result]:
        return self._ended(
            is_in_place(result, list_id, leaves=target.leaves, by_this_run=moved) for result in results
        )

    def _ended(self, results: Iterable[Result]) -> Iterator[Result]:
        for result in results:
            self._held -= 1
            yield result


def _keys(results: Mapping[str, tuple[Result, ...]], contacts: Iterable[str]) -> dict[str, Collection[str]]:
    """Return record id → keys of its records, for some contacts."""
    return {contact: {result.key for result in results[contact]} for contact in contacts}


def _is_about_its_contacts(call: ListCall, answer: Refused | Lost) -> bool:
    """Check whether a call was refused because of one of its contacts, or of their number."""
    is_refused = isinstance(answer, Refused) and refused_as(answer.refusal.status) is Outcome.REJECTED
    return is_refused and not call.reads
