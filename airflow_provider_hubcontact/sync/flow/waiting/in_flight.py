# SPDX-License-Identifier: Apache-2.0
"""The records in flight, and which of them comes next."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable
from itertools import chain, islice

from airflow_provider_hubcontact.sync.decide.merging import merged, with_next
from airflow_provider_hubcontact.sync.decide.rules import Rules, addresses_given, keys_of
from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.sync.rows.keys import lower_case


class InFlight:
    """Keeps two records of one contact from being under way together.

    A record is admitted, taken, claims its contact, and is released when it has its outcome. Then it is
    forgotten, so that memory holds no more than the records in flight. Records that have or get one key, or
    give one address, wait for each other, in their order; those that may be merged are taken as one. So do
    records whose keys differ in letter case alone, since HubSpot may take these for one key; they are not
    merged. ``len`` counts the rows in flight.

    :param rules: what the run was asked to do; it says which records may be merged.
    """

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._rows = 0
        self._first_in_line: dict[str, Record] = {}  # were taken before, or waited for another of their key
        self._waiting: dict[str, Record] = {}
        # Key, or one to come, in lower case → records behind an earlier one.
        self._behind_key: dict[str, deque[Record]] = {}
        self._held: dict[str, tuple[str, ...]] = {}  # the same → all keys of the record that others wait for
        self._taken: dict[str, str | None] = {}  # key → the contact that the record has claimed
        self._merged: dict[str, Record] = {}  # key → the merged record that is waiting again or taken
        self._alone: dict[str, int] = {}  # key in lower case → the last of its rows not to be merged again
        self._claimed: set[str] = set()
        self._behind_claim: dict[str, list[Record]] = {}  # contact → taken records that wait for it

    def __len__(self) -> int:
        return self._rows

    @property
    def waiting(self) -> int:
        """Number of records that can be taken now."""
        return len(self._waiting) + len(self._first_in_line)

    def admit(self, record: Record) -> bool:
        """Let a record in. It waits if a record in flight has, or gets, one of the keys that it has or gets.

        :return: whether it can be taken now.
        """
        self._rows += 1
        keys = self._keys(record)
        if not (self._held.keys().isdisjoint(keys) and self._behind_key.keys().isdisjoint(keys)):
            for key in keys:
                self._behind_key.setdefault(key, deque()).append(record)
            return False
        self._held.update(dict.fromkeys(keys, keys))
        self._waiting[record.key] = record
        return True

    def merged(self, key: str) -> Record | None:
        """Return the merged record that is under way for a key; None if there is none."""
        return self._merged.get(key)

    def take(self, size: int) -> tuple[Record, ...]:
        """Take records for one look-up.

        :param size: keys that the look-up has room for; those that a record may give its contact count, too.
        :return: the records, merged ones among them; none if no record can be taken now.
        """
        chunk: list[Record] = []
        room = size
        for record in islice(self._takeable(), size):
            room -= len(keys_of(record, self._rules))
            if room < 0 and chunk:
                break
            chunk.append(record)
        return self.pick(chunk)

    def chosen(self, admitted: Iterable[Record], is_meant: Callable[[Record], bool]) -> list[Record]:
        """Choose among records that can be taken: those first in line, and those that have just come.

        :param admitted: the records that have come; :meth:`admit` said that they can be taken.
        :param is_meant: whether a record is chosen.
        """
        first = sorted(self._first_in_line.values(), key=lambda record: record.row)
        return [record for record in (*first, *admitted) if is_meant(record)]

    def pick(self, records: Collection[Record]) -> tuple[Record, ...]:
        """Take records that can be taken.

        :return: the records, merged ones among them.
        """
        for record in records:
            if self._first_in_line.pop(record.key, None) is None:
                del self._waiting[record.key]
            self._taken[record.key] = None
        return tuple(map(self._with_those_behind, records)) if self._behind_key else tuple(records)

    def claim(self, record: Record, contact: str | None, outdated: Collection[str] = ()) -> bool:
        """Claim a taken record's contact.

        :param contact: its record id; None if nobody has the key, or if it is not known.
        :param outdated: contacts that were written after the look-up of this record began.
        :return: whether the record may go on. If another record has claimed the contact, this one waits until
            that one ends. If the contact is outdated, this one waits to be looked up again.
        """
        if contact is None:
            return True
        if contact in self._claimed:
            self._behind_claim.setdefault(contact, []).append(record)
            return False
        if contact in outdated:
            self._put_back(record)
            return False
        self._taken[record.key] = contact
        self._claimed.add(contact)
        return True

    def waits_for(self, record: Record, contacts: Iterable[str], outdated: Collection[str]) -> bool:
        """Let a taken record wait if the address that it wants to give may just be given up.

        :param contacts: record ids of the contacts that have the address.
        :param outdated: contacts that were written after the look-up by address began.
        :return: whether it waits: for the record that writes such a contact, or to be looked up again.
        """
        busy = next((each for each in contacts if each in self._claimed or each in outdated), None)
        return busy is not None and not self.claim(record, busy, outdated)

    def release(self, key: str) -> str | None:
        """Forget a taken record that has its outcome, and let the records that waited for it go on.

        :return: the contact that it had claimed.
        """
        whole = self._merged.pop(key, None)
        self._rows -= len(whole.parts) if whole else 1
        contact = self._given_up(key)
        keys = self._held[lower_case(key)]
        for each in keys:
            del self._held[each]
        for each in keys:
            self._move_up(each)
        return contact

    def resume(self, record: Record) -> str | None:
        """Let a taken record begin anew, with a look-up. Those that waited for its contact may go before it.

        :return: the contact that it had claimed.
        """
        contact = self._given_up(record.key)
        self._first_in_line[record.key] = record
        return contact

    def part(self, record: Record) -> str | None:
        """Let the rows of a merged record that is taken begin anew, one by one.

        :return: the contact that the merged record had claimed.
        """
        first, *others = record.parts
        del self._merged[record.key]
        self._alone[lower_case(record.key)] = others[-1].row
        contact = self._given_up(record.key)
        self._first_in_line[record.key] = first
        self._behind_key.setdefault(lower_case(record.key), deque()).extendleft(reversed(others))
        return contact

    def drain(self) -> tuple[Record, ...]:
        """Remove all records that wait: those that can be taken, and those that wait for another record.

        :return: the removed records, merged ones among them.
        """
        behind = [record for queue in self._behind_claim.values() for record in queue]
        queues = self._behind_key.items()
        queued = (each for key, queue in queues for each in queue if lower_case(each.key) == key)
        records = (*behind, *self._takeable(), *queued)
        self._first_in_line.clear()
        self._waiting.clear()
        self._behind_key.clear()
        self._behind_claim.clear()
        for record in behind:
            del self._taken[record.key]
        taken = set(map(lower_case, self._taken))
        self._held = {key: keys for key, keys in self._held.items() if keys[0] in taken}
        self._rows -= sum(len(record.parts) or 1 for record in records)
        return records

    def _takeable(self) -> Iterable[Record]:
        return chain(
            sorted(self._first_in_line.values(), key=lambda record: record.row), self._waiting.values()
        )

    def _keys(self, record: Record) -> tuple[str, ...]:
        keys, given = keys_of(record, self._rules), addresses_given(record, self._rules)
        # A key that is spelt like an address makes records wait that need not. Records with a first address
        # alone do not wait for it: where very many rows have one, each would take a call of its own.
        return tuple(dict.fromkeys(map(lower_case, (*keys, *given))))

    def _move_up(self, key: str) -> None:
        """Let the next record of a key go on, unless it has another key and must wait there."""
        queue = self._behind_key.get(key)
        if not queue:
            self._alone.pop(key, None)
            return
        record = queue[0]
        keys = self._keys(record)
        if any(each in self._held or self._behind_key[each][0] is not record for each in keys):
            return
        for each in keys:
            self._held[each] = keys
            self._behind_key[each].popleft()
            if not self._behind_key[each]:
                del self._behind_key[each]
        self._first_in_line[record.key] = record

    def _given_up(self, key: str) -> str | None:
        """Remove a taken record and its claim, and let the records that waited for its contact go on."""
        contact = self._taken.pop(key)
        if contact is not None:
            self._claimed.remove(contact)
            for record in self._behind_claim.pop(contact, ()):
                self._put_back(record)
        return contact

    def _put_back(self, record: Record) -> None:
        del self._taken[record.key]
        self._first_in_line[record.key] = record

    def _with_those_behind(self, record: Record) -> Record:
        """Return a record merged with those behind it that may be merged with it."""
        key = lower_case(record.key)
        queue = self._behind_key.get(key)
        if not queue or record.parts or record.row <= self._alone.get(key, 0):
            return record
        parts, live = [record], [record]
        while (
            queue
            and queue[0].key == record.key
            and (left := with_next(live, parts[-1], queue[0], self._rules))
        ):
            live = left
            parts.append(queue.popleft())
        if not queue:
            del self._behind_key[key]
        if len(parts) == 1:
            return record
        self._merged[record.key] = whole = merged(parts)
        return whole
