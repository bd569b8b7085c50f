# SPDX-License-Identifier: Apache-2.0
"""Connects the lists of ``client`` and of ``sync``."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from threading import Lock
from typing import Protocol

from airflow_provider_hubcontact.client.errors import HubSpotError
from airflow_provider_hubcontact.client.lists import TAKES_CALLS, Changed, ContactList, Lists
from airflow_provider_hubcontact.job.portal.contacts_port import answered
from airflow_provider_hubcontact.job.portal.member_reads import MemberReads
from airflow_provider_hubcontact.printable import printable
from airflow_provider_hubcontact.status import status_of
from airflow_provider_hubcontact.sync.model.ports import Lost, Members, Moved, Refused, UnknownList
from airflow_provider_hubcontact.words import closest, named


class KnownMembers(Protocol):
    """Remembers between runs which contacts are in a list.

    Contacts are given as record id → keys of the records that are about them.
    """

    def known(self, list_id: str, contacts: Mapping[str, Collection[str]], /) -> Collection[str]:
        """Return those contacts of which it was proved that they are members."""

    def join(self, list_id: str, contacts: Mapping[str, Collection[str]], /, *, by_this_run: bool) -> None:
        """Keep that contacts are members."""

    def leave(self, list_id: str, contacts: Collection[str], /) -> None:
        """Keep that contacts are no members any more."""


class ListsPort:
    """Knows the lists of a portal, and changes their members.

    :param lists: of the portal.
    :param all_lists: the lists that there are.
    :param batch_size: contacts of one call.
    :param creates: whether a list is created that a row names and that there is not.
    :param column: that names the list of each row; None if all rows have the same one.
    :ivar kept: remembers members between runs; None to ask for them each time.
    :ivar created: names of lists that this run has created.

    HubSpot docs: "Lists" guide: calls change the members of MANUAL and SNAPSHOT lists.
    """

    def __init__(
        self,
        lists: Lists,
        all_lists: Iterable[ContactList],
        *,
        batch_size: int,
        creates: bool = False,
        column: str | None = None,
    ) -> None:
        self.batch_size = batch_size
        self.created: list[str] = []
        self._lists = lists
        self._by_id: dict[str, ContactList] = {}
        self._by_name: dict[str, ContactList] = {}
        for each in all_lists:
            self._know(each)
        self._creates = creates
        self._column = column
        self._refused: dict[str, Refused] = {}  # name of a list → why HubSpot does not create it
        self.kept: KnownMembers | None = None
        self._reads = MemberReads(lists, batch_size)
        self._lock = Lock()  # of what is created by calls that run at the same time

    def close(self) -> None:
        """Forget the members that were read."""
        self._reads.close()

    def name_of(self, list_id: str) -> str:
        """Return the name of a list."""
        found = self._by_id.get(list_id)
        return found.name if found else list_id

    def target(self, name: str, /) -> str:
        """Return the id of a list; the name of one that is to be created."""
        by_id, by_name = self._by_id.get(name), self._by_name.get(name)
        if by_id and by_name and by_id is not by_name:
            raise UnknownList(
                f"the list {_shown(name)} is ambiguous: it is the name of one list and the id of another, "
                f"{_shown(by_id.name)}; name it by the other of the two"
            )
        found = by_id or by_name
        if found is None:
            return self._to_create(name)
        if found.processing not in TAKES_CALLS:
            raise UnknownList(
                f"{_shown(found.name)} is an active list, whose members HubSpot chooses by its filters: name "
                "a static list"
            )
        return found.id

    def _to_create(self, name: str) -> str:
        if self._creates and not name.isdecimal():
            return name
        meant = closest(name, self._by_name)
        missing = named(_shown(name), meant and _shown(meant))
        raise UnknownList(f"the portal has no list {missing}{self._way_to_create(name)}")

    def _way_to_create(self, name: str) -> str:
        """Return which setting creates the list that a row names; empty if none does."""
        if name.isdecimal():
            return "; digits are read as an id, so no list is created for them" if self._creates else ""
        given = _shown(name) if self._column is None else f"column={_shown(self._column)}"
        return f"; Lists({given}, create=True) creates it"

    def known(self, target: str, contacts: Mapping[str, Collection[str]], /, *, leaves: bool) -> Members:
        """Return which contacts need no call: those that were read, or that an earlier run has proved."""
        if leaves or target not in self._by_id:
            return Members(target, frozenset())
        kept = self.kept.known(target, contacts) if self.kept else ()
        new = self._reads.seen.among(target, contacts.keys()).difference(kept)
        if new:
            keys = {contact: contacts[contact] for contact in sorted(new)}
            self.note(target, keys, leaves=False, by_this_run=False)
        return Members(target, frozenset({*new, *kept}), frozenset(kept))

    def move(self, target: str, contacts: Sequence[str], /, *, leaves: bool) -> Moved | Refused | Lost:
        """Put contacts into a list, which is created first if need be, or take them out."""

        def call() -> tuple[str, Changed]:
            list_id = self._made(target)
            moved = {"remove": contacts} if leaves else {"add": contacts}
            return list_id, self._lists.change(list_id, **moved)

        def translated(answer: tuple[str, Changed]) -> Moved:
            list_id, changed = answer
            of_call = changed.removed if leaves else changed.added
            if not leaves:
                self._reads.joined(list_id, of_call)
            return Moved(changed.status, list_id, of_call, changed.missing)

        if target in self._refused:
            return self._refused[target]
        if leaves:
            self._reads.seen.drop(target, contacts)
        answer = answered(call, translated)
        is_created = target in self._by_name or target in self._by_id
        if not is_created and isinstance(answer, Refused) and _is_final(answer):
            self._refused[target] = answer
        return answer

    def members(self, target: str, contacts: Collection[str], /, *, surely: bool) -> Members | Refused | Lost:
        """Read which contacts are members, by whatever takes the fewest calls."""
        list_id = self._made(target)
        size = self._by_id[list_id].size
        return answered(
            lambda: self._reads.members(list_id, size, contacts, surely=surely),
            lambda found: Members(list_id, found),
        )

    def note(
        self, list_id: str, contacts: Mapping[str, Collection[str]], /, *, leaves: bool, by_this_run: bool
    ) -> None:
        """Keep what was proved for later runs."""
        if self.kept is None:
            return
        if leaves:
            self.kept.leave(list_id, contacts.keys())
        else:
            self.kept.join(list_id, contacts, by_this_run=by_this_run)

    def _made(self, target: str) -> str:
        """Return the id of a list, which is created if it is not there."""
        if target in self._by_id:
            return target
        with self._lock:
            found = self._by_name.get(target)
            if found is None:
                found = self._created(target)
                self._know(found)
                self.created.append(found.name)
            return found.id

    def _created(self, name: str) -> ContactList:
        try:
            return self._lists.create(name)
        except HubSpotError:
            # A task beside this one may have created it.
            for each in self._lists.all():
                if each.name == name and each.processing in TAKES_CALLS:
                    return each
            raise

    def _know(self, each: ContactList) -> None:
        self._by_id[each.id] = each
        self._by_name[each.name] = each


def _is_final(answer: Refused) -> bool:
    """Check whether HubSpot would refuse the same call again: limits and a server's trouble may pass."""
    status = status_of(answer.refusal.status)
    return answer.refusal.is_hubspots and status.untouched and not status.passes


def _shown(name: str) -> str:
    return printable(repr(name), 120)
