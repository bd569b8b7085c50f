# SPDX-License-Identifier: Apache-2.0
"""Which contacts are in a list: read by as few calls as that takes."""

from __future__ import annotations

import sqlite3
from collections import Counter, deque
from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from threading import Lock

from airflow_provider_hubcontact.client.errors import (
    DailyLimitReached,
    Forbidden,
    NotFound,
    StatusError,
    Unauthorized,
    WrongAddress,
)
from airflow_provider_hubcontact.client.lists import MEMBERS_A_PAGE, Lists

UNKNOWN_SIZE = 25_000
"""Members that a list is taken to have if HubSpot does not say it."""


FEW = 50
"""Contacts that are asked for one by one although the pages of their list do not have them."""


MOST_KEYS = 500
"""Values that one query of the file names."""


class MemberReads:
    """Reads which contacts are in a list: many with one call, one by one, or all members by pages.

    What a run will have to ask is not known beforehand. So contacts are asked for until that has taken as
    many calls of a list as its pages would; then all its members are read. This is never more than twice the
    fewest calls.

    :param lists: of the portal.
    :param most: contacts of one call.
    :ivar seen: members that a call has shown.
    """

    def __init__(self, lists: Lists, most: int) -> None:
        self.seen = SeenMembers()
        self._lists = lists
        self._most = max(1, most)
        self._size = self._most  # contacts of one call from now on; 0 if HubSpot takes no such calls
        self._is_taken = False  # whether HubSpot has ever taken one
        self._spent: Counter[str] = Counter()  # list → calls that asked for some of its members
        self._joined: Counter[str] = Counter()  # list → members that this run has put into it
        self._whole: set[str] = set()  # lists all of whose members were read
        self._lock = Lock()  # of pages: another call waits for what they show

    def close(self) -> None:
        """Forget the members that were read."""
        self.seen.close()

    def members(
        self, list_id: str, size: int | None, contacts: Collection[str], *, surely: bool
    ) -> frozenset[str]:
        """Return which contacts are members.

        :param list_id: of the list.
        :param size: its members, as far as that is known.
        :param contacts: record ids.
        :param surely: whether what one answer leaves open is asked for again, in other ways. Else it may be
            of a member, though it is not returned.
        :raises HubSpotError: if a call failed.
        """
        members = self.seen.among(list_id, contacts)
        # In the order of the rows: what a run asks must not depend on hashes.
        left = _others(contacts, members)
        if not surely and list_id in self._whole:
            left = []
        batches = -(-len(left) // self._size) if self._size else 0
        if batches and self._spent[list_id] + batches < self._pages(list_id, size):
            found, left = self._by_batches(list_id, left)
            members |= found
            left = left if surely else []
        if left and self._spent[list_id] + len(left) >= self._pages(list_id, size):
            members |= self._by_pages(list_id, left)
            left = _others(left, members)
            # A record id from before a merge is not on the pages.
            left = left if surely and len(left) <= FEW else []
        return frozenset(members | self._one_by_one(list_id, left))

    def joined(self, list_id: str, contacts: Collection[str]) -> None:
        """Note that contacts have just become members."""
        self._joined[list_id] += len(contacts)
        self.seen.fill(list_id, contacts)

    def _pages(self, list_id: str, size: int | None) -> int:
        """Return how many calls the pages of a list take."""
        known = (UNKNOWN_SIZE if size is None else size) + self._joined[list_id]
        return 1 + known // MEMBERS_A_PAGE

    def _by_batches(self, list_id: str, contacts: Collection[str]) -> tuple[set[str], list[str]]:
        """Return the members, and the contacts of which nothing is known.

        A call that is refused because of its contacts, or of their number, is halved, and so are the later
        ones. Of a single contact it was not their number; unless HubSpot has never taken any such call.
        """
        members: set[str] = set()
        unknown: list[str] = []
        parts = deque([[*contacts]])
        while parts:
            some = parts.popleft()
            if not self._size:
                unknown += some
            elif len(some) > self._size:
                half = len(some) // 2
                parts.extendleft((some[half:], some[:half]))
            elif (lists := self._lists_of(list_id, some)) is not None:
                members.update(each for each in some if list_id in lists.get(each, ()))
                unknown += [each for each in some if each not in lists]
            elif len(some) > 1:
                self._size = len(some) // 2
                parts.appendleft(some)
            else:
                unknown += some
                self._size = self._most if self._is_taken else 0
        self.seen.fill(list_id, members)
        return members, unknown

    def _lists_of(self, list_id: str, contacts: Collection[str]) -> dict[str, frozenset[str]] | None:
        """Return the lists of contacts as far as one call says them; None if HubSpot does not take the call.

        :raises HubSpotError: if it failed because of something else.
        """
        self._spent[list_id] += 1
        try:
            lists = self._lists.of_each(contacts)
        except (StatusError, WrongAddress) as error:  # also a portal that has no such path
            if error.retryable or isinstance(error, Unauthorized | Forbidden | DailyLimitReached):
                raise
            return None
        self._is_taken = True
        return lists

    def _by_pages(self, list_id: str, contacts: Collection[str]) -> set[str]:
        """Return the members by all pages of the list, which another call may have read meanwhile."""
        with self._lock:
            if {*contacts} - self.seen.among(list_id, contacts):
                self.seen.fill(list_id, self._lists.members(list_id))
                self._whole.add(list_id)
                self._spent[list_id] = 0
            return self.seen.among(list_id, contacts)

    def _one_by_one(self, list_id: str, contacts: Collection[str]) -> set[str]:
        self._spent[list_id] += len(contacts)
        members = {each for each in contacts if list_id in self._of(each)}
        self.seen.fill(list_id, members)
        return members

    def _of(self, contact: str) -> Collection[str]:
        try:
            return self._lists.of(contact)
        except NotFound:  # a contact that is not there is in no list
            return ()


class SeenMembers:
    """Members of lists that were read, in an unnamed file once they are many."""

    def __init__(self) -> None:
        self._db: sqlite3.Connection | None = None
        self._lock = Lock()

    def fill(self, list_id: str, members: Iterable[str]) -> None:
        """Keep the members of a list, as they are read."""
        for some in _parts(members):
            with self._lock:
                self._open().executemany(
                    "INSERT OR IGNORE INTO member VALUES (?, ?)", [(list_id, each) for each in some]
                )

    def drop(self, list_id: str, contacts: Collection[str]) -> None:
        """Forget that contacts are members, since they are about to leave."""
        if self._db is not None:
            with self._lock:
                left = [(list_id, each) for each in contacts]
                self._db.executemany("DELETE FROM member WHERE list = ? AND contact = ?", left)

    def _open(self) -> sqlite3.Connection:
        if self._db is None:
            self._db = sqlite3.connect("", check_same_thread=False, isolation_level=None)
            self._db.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN")
            self._db.execute(
                "CREATE TABLE member (list TEXT, contact TEXT, PRIMARY KEY (list, contact)) WITHOUT ROWID"
            )
        return self._db

    def among(self, list_id: str, contacts: Collection[str]) -> set[str]:
        """Return which contacts are among the members that were read."""
        if self._db is None:
            return set()
        found: set[str] = set()
        with self._lock:
            for some in _parts(contacts):
                marks = ", ".join("?" * len(some))
                query = f"SELECT contact FROM member WHERE list = ? AND contact IN ({marks})"  # noqa: S608 - marks alone
                found.update(row[0] for row in self._db.execute(query, (list_id, *some)))
        return found

    def close(self) -> None:
        """Forget everything."""
        if self._db is not None:
            self._db.close()
            self._db = None


def _others(contacts: Iterable[str], members: Collection[str]) -> list[str]:
    """Return the contacts that are no members, each once and in their order."""
    return [each for each in dict.fromkeys(contacts) if each not in members]


def _parts(contacts: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(contacts)
    while some := list(islice(rest, MOST_KEYS)):
        yield some
