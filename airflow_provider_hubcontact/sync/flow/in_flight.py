"""The records in flight, and which of them comes next."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable
from itertools import chain, islice

from airflow_provider_hubcontact.sync.decide.merging import merged, with_next
from airflow_provider_hubcontact.sync.decide.plan import Rules, new_key
from airflow_provider_hubcontact.sync.model.record import Record


class InFlight:
    """Keeps two records of one contact from being under way together.

    A record is admitted, taken, claims its contact, and is released when it has its outcome. Then it is
    forgotten, so that memory holds no more than the records in flight. Records of one key wait for each
    other, in their order; those that may be merged are taken as one. ``len`` counts the rows in flight.

    :param rules: what the run was asked to do; it says which records may be merged.
    """

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._rows = 0
        self._first_in_line: dict[str, Record] = {}  # were taken before, or waited for another of their key
        self._waiting: dict[str, Record] = {}
        self._behind_key: dict[str, deque[Record]] = {}  # behind one of their key that waits or is taken
        self._taken: dict[str, set[str]] = {}  # key → what the record claims
        self._merged: dict[str, Record] = {}  # key → the merged record that is waiting again or taken
        self._alone: dict[str, int] = {}  # key → the last of its rows that are not to be merged again
        self._claimed: set[str] = set()
        self._behind_claim: dict[str, list[Record]] = {}  # claim → taken records that wait for it

    def __len__(self) -> int:
        return self._rows

    @property
    def waiting(self) -> int:
        """Number of records that can be taken now."""
        return len(self._waiting) + len(self._first_in_line)

    def admit(self, record: Record) -> bool:
        """Let a record in. It waits if a record of its key is in flight.

        :return: whether it can be taken now.
        """
        self._rows += 1
        key = record.key
        if key in self._taken or key in self._waiting or key in self._first_in_line:
            self._behind_key.setdefault(key, deque()).append(record)
            return False
        self._waiting[key] = record
        return True

    def merged(self, key: str) -> Record | None:
        """Return the merged record that is under way for a key; None if there is none."""
        return self._merged.get(key)

    def take(self, size: int) -> tuple[Record, ...]:
        """Take records for one look-up.

        :param size: keys that the look-up has room for; a record that changes its key needs two.
        :return: the records, merged ones among them; none if no record can be taken now.
        """
        chunk: list[Record] = []
        room = size
        for record in islice(self._takeable(), size):
            room -= 2 if new_key(record, self._rules) else 1
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
            self._taken[record.key] = set()
        return tuple(map(self._with_those_behind, records)) if self._behind_key else tuple(records)

    def claim(self, record: Record, contact: str | None, outdated: Collection[str] = ()) -> bool:
        """Claim a taken record's contact, its key, and the new key that it is to get.

        :param contact: record id of the record's contact; None if nobody has the key, or if it is not known.
        :param outdated: claims of records that were written after the look-up of this one began.
        :return: whether the record may go on. If another record has one of the claims, this one waits until
            that one ends. If one of the claims is outdated, this one waits to be looked up again.
        """
        keys = {f"key {key}" for key in (record.key, new_key(record, self._rules)) if key}
        claims = keys | {claim_of(contact)} if contact else keys
        if not claims.isdisjoint(self._claimed):
            self._behind_claim.setdefault(min(claims & self._claimed), []).append(record)
            return False
        if not claims.isdisjoint(outdated):
            self._put_back(record)
            return False
        self._taken[record.key] = claims
        self._claimed |= claims
        return True

    def release(self, key: str) -> set[str]:
        """Forget a taken record that has its outcome, and let the records that waited for it go on.

        :return: the claims that it had.
        """
        whole = self._merged.pop(key, None)
        self._rows -= len(whole.parts) if whole else 1
        claims = self._given_up(key)
        if queue := self._behind_key.get(key):
            self._first_in_line[key] = queue.popleft()
            if not queue:
                del self._behind_key[key]
        else:
            self._alone.pop(key, None)
        return claims

    def resume(self, record: Record) -> set[str]:
        """Let a taken record begin anew, with a look-up. Records that waited for it may go before it.

        :return: the claims that it had.
        """
        claims = self._given_up(record.key)
        self._first_in_line[record.key] = record
        return claims

    def part(self, record: Record) -> set[str]:
        """Let the rows of a merged record that is taken begin anew, one by one.

        :return: the claims that the merged record had.
        """
        first, *others = record.parts
        del self._merged[record.key]
        self._alone[record.key] = others[-1].row
        claims = self._given_up(record.key)
        self._first_in_line[record.key] = first
        self._behind_key.setdefault(record.key, deque()).extendleft(reversed(others))
        return claims

    def drain(self) -> tuple[Record, ...]:
        """Remove all records that wait: those that can be taken, and those that wait for another record.

        :return: the removed records; for a merged one, its rows.
        """
        behind = [record for queue in self._behind_claim.values() for record in queue]
        queued = chain.from_iterable(self._behind_key.values())
        records = tuple(_rows_of((*behind, *self._takeable(), *queued)))
        for record in (*behind, *self._takeable()):
            self._merged.pop(record.key, None)
        self._first_in_line.clear()
        self._waiting.clear()
        self._behind_key.clear()
        self._behind_claim.clear()
        for record in behind:
            del self._taken[record.key]
        self._rows -= len(records)
        return records

    def _takeable(self) -> Iterable[Record]:
        if not self._first_in_line:
            return self._waiting.values()
        return chain(
            sorted(self._first_in_line.values(), key=lambda record: record.row), self._waiting.values()
        )

    def _given_up(self, key: str) -> set[str]:
        """Remove a taken record and its claims, and let the records that waited for these go on."""
        claims = self._taken.pop(key)
        self._claimed -= claims
        for claim in sorted(claims & self._behind_claim.keys()):
            for record in self._behind_claim.pop(claim):
                self._put_back(record)
        return claims

    def _put_back(self, record: Record) -> None:
        del self._taken[record.key]
        self._first_in_line[record.key] = record

    def _with_those_behind(self, record: Record) -> Record:
        """Return a record merged with those behind it that may be merged with it."""
        queue = self._behind_key.get(record.key)
        if not queue or record.parts or record.row <= self._alone.get(record.key, 0):
            return record
        parts, live = [record], [record]
        while queue and (left := with_next(live, parts[-1], queue[0], self._rules)):
            live = left
            parts.append(queue.popleft())
        if not queue:
            del self._behind_key[record.key]
        if len(parts) == 1:
            return record
        self._merged[record.key] = whole = merged(parts)
        return whole


def claim_of(contact: str) -> str:
    """Return the claim of a contact.

    :param contact: its record id.
    """
    return f"contact {contact}"


def _rows_of(records: Iterable[Record]) -> Iterable[Record]:
    for record in records:
        yield from record.parts or (record,)
