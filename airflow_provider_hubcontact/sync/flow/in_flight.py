"""The records under way, and whose turn it is."""

from __future__ import annotations

from collections.abc import Collection
from itertools import islice

from airflow_provider_hubcontact.sync.decide.plan import Rules, new_key
from airflow_provider_hubcontact.sync.model.change import Stored
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result
from airflow_provider_hubcontact.sync.model.record import Record


class InFlight:
    """Keeps two records of one contact from being under way together.

    A record is admitted, taken, claims its contact, and is released when it has its outcome. What has
    been released is forgotten, so the window holds no more than the records under way.

    :param fold: whether the last of several records with one key wins; otherwise the first does.
    """

    def __init__(self, *, fold: bool = True) -> None:
        self._fold = fold
        self._waiting: dict[str, Record] = {}
        self._blocked: dict[str, Record] = {}  # the same key is taken
        self._taken: dict[str, set[str]] = {}  # key → what the record claims
        self._claimed: set[str] = set()
        self._behind: dict[str, list[Record]] = {}  # claim → taken records that wait for it

    def __len__(self) -> int:
        return len(self._waiting) + len(self._blocked) + len(self._taken)

    @property
    def waiting(self) -> int:
        """Records that can be taken now."""
        return len(self._waiting)

    def admit(self, record: Record) -> Result | None:
        """Let a record in.

        :return: the result of the record that this one makes superfluous, or its own if it is refused.
        """
        behind_another = record.key in self._taken or record.key in self._blocked
        if not self._fold and (behind_another or record.key in self._waiting):
            reason = f"an earlier row has the key {record.key} too"
            return Result(record.row, record.key, Outcome.INVALID, category="DUPLICATE", reason=reason)
        queue = self._blocked if behind_another else self._waiting
        earlier = queue.pop(record.key, None)  # a later row takes a later turn, too
        queue[record.key] = record
        if earlier is None:
            return None
        reason = f"row {record.row} has the same key and wins"
        return Result(earlier.row, earlier.key, Outcome.SUPERSEDED, reason=reason)

    def take(self, size: int, rules: Rules) -> tuple[Record, ...]:
        """Take records for one look-up.

        :param size: keys that the look-up has room for; a record that changes its key needs two.
        """
        chunk: list[Record] = []
        room = size
        for record in islice(self._waiting.values(), size):
            room -= 2 if new_key(record, rules) else 1
            if room < 0 and chunk:
                break
            chunk.append(record)
        return self._pick(chunk)

    def take_known(self, rules: Rules, unknown: Collection[int] = ()) -> tuple[Record, ...]:
        """Take the records that can be written without a look-up.

        :param unknown: rows that have to be looked up all the same.
        """
        known = [
            record
            for record in self._waiting.values()
            if record.row not in unknown and not rules.needs_current(record)
        ]
        return self._pick(known)

    def claim(
        self, record: Record, stored: Stored | None, rules: Rules, outdated: Collection[str] = ()
    ) -> bool:
        """Claim the record's contact, and the keys that it has and is to have.

        :param outdated: claims under which something was written since the contact was looked up.
        :return: False if another record has one of them; then this one waits for that one's end. False as
            well if one of them is outdated; then this one waits to be looked up again.
        """
        keys = {f"key {key}" for key in (record.key, new_key(record, rules)) if key}
        claims = keys | {f"contact {stored.id}"} if stored else keys
        for claim in sorted(claims & self._claimed):
            self._behind.setdefault(claim, []).append(record)
            return False
        if not claims.isdisjoint(outdated):
            self._put_back(record)
            return False
        self._taken[record.key] = claims
        self._claimed |= claims
        return True

    def release(self, key: str) -> set[str]:
        """Forget a taken record that has its outcome, and let those that waited for it go on.

        :return: what it had claimed.
        """
        claims = self._taken.pop(key)
        self._claimed -= claims
        if key in self._blocked:
            self._waiting[key] = self._blocked.pop(key)
        for record in [record for claim in sorted(claims) for record in self._behind.pop(claim, ())]:
            self._put_back(record)
        return claims

    def resume(self, record: Record) -> set[str]:
        """Let a taken record begin anew, with a look-up; those that waited for it may go before it.

        :return: what it had claimed.
        """
        claims = self._taken[record.key]
        self._claimed -= claims
        for other in [other for claim in sorted(claims) for other in self._behind.pop(claim, ())]:
            self._put_back(other)
        self._put_back(record)
        return claims

    def drain(self) -> tuple[Record, ...]:
        """Give up all records that wait for something, blocked ones included."""
        behind = [record for queue in self._behind.values() for record in queue]
        records = (*behind, *self._waiting.values(), *self._blocked.values())
        self._waiting.clear()
        self._blocked.clear()
        self._behind.clear()
        for record in behind:
            del self._taken[record.key]
        return records

    def _put_back(self, record: Record) -> None:
        del self._taken[record.key]
        self._waiting[record.key] = record

    def _pick(self, records: list[Record]) -> tuple[Record, ...]:
        for record in records:
            del self._waiting[record.key]
            self._taken[record.key] = set()
        return tuple(records)
