"""Ends rows whose values HubSpot is proved to have, and keeps all proofs true while the others are sent.

A run may be killed between any two of its steps. The proofs stay true because of the order of the steps:

1. Before a record may be sent, the proof of its key is void, and that of every key of its contact.
2. Before a contact is written, the proofs of all keys are void that the look-up tells to be the contact's;
   without a look-up, those of the record id that was proved before, and after the write those of the id that
   the answer tells.
3. Before each call that writes, the run makes sure that it still has the state for itself.
4. A record's proof is kept only when all rows of its key have ended, the last of them well, and if the run
   has sent nothing for another key of the same contact.
"""

from __future__ import annotations

from bisect import insort
from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from heapq import heappop, heappush
from typing import NamedTuple

from airflow_provider_hubcontact.sync.decide.drift import has_drifted, left_alone
from airflow_provider_hubcontact.sync.decide.results import still_absent
from airflow_provider_hubcontact.sync.flow.record_reader import RecordReader
from airflow_provider_hubcontact.sync.flow.touched import Touched
from airflow_provider_hubcontact.sync.model.change import Change
from airflow_provider_hubcontact.sync.model.choices import Drift
from airflow_provider_hubcontact.sync.model.outcome import DECIDES_VALUES, Outcome, Result
from airflow_provider_hubcontact.sync.model.ports import Proof, Proofs
from airflow_provider_hubcontact.sync.model.record import Record

CHUNK = 1_000
"""Rows that are compared with one query."""


MAX_HELD = 8_000
"""Rows that may wait until it is known that no row before them is about the same contact."""


_DOUBTS = frozenset({Outcome.UNKNOWN, Outcome.UNAVAILABLE})
"""Outcomes after which a write may still be carried out: nothing is proved for the key by this run."""


_ORIGINS = (Outcome.NOT_FOUND, Outcome.UNCHANGED, Outcome.UPDATED, Outcome.CREATED, Outcome.ARCHIVED)
"""How a contact came to have its values, or to be gone; a later one of these replaces an earlier one."""


_PROVES = DECIDES_VALUES | {Outcome.ARCHIVED}
"""Outcomes that prove what a contact has, or that it is gone."""


CONTESTED = 2
"""Audits in a row that find a contact drifted, after which somebody else is taken to write it, too."""


@dataclass(slots=True)
class Audit:
    """What is done about drift, and what the rows of a run came to.

    :param drift: what becomes of a contact that has drifted.
    :param absent: whether it is remembered that nobody has a key.
    :param changed: rows that differ from what is proved of them, or of which nothing is.
    :param up_to_date: rows that equal what is proved of them, and were not read.
    :param still_absent: rows whose contact was not there, and was not asked for again.
    :param audited: rows that equal their proof, and whose contacts were read back.
    :param drifted: those of them whose contact has not what it was proved to have.
    :param contested: those of these whose contact had drifted in the audit before, too.
    """

    drift: Drift = Drift.WRITE
    absent: bool = False
    changed: int = 0
    up_to_date: int = 0
    still_absent: int = 0
    audited: int = 0
    drifted: int = 0
    contested: int = 0

    def figures(self, rows_of_a_call: int) -> dict[str, int]:
        """Return the counts, and how many calls are saved against reading every contact.

        :param rows_of_a_call: contacts that a look-up takes.
        """
        return {
            "changed": self.changed,
            "up_to_date": self.up_to_date,
            "still_absent": self.still_absent,
            "audited": self.audited,
            "drifted": self.drifted,
            "contested": self.contested,
            "calls_saved": (self.up_to_date + self.still_absent) // rows_of_a_call,
        }


class _Compared(NamedTuple):
    """A record, and what is proved of it."""

    record: Record
    proof: Proof


@dataclass(slots=True)
class _Open:
    """The rows of one key that are under way.

    :param proof: what the state had for the key.
    :param rows: row → what it wants.
    :param proved: what the contact was last proved to have; None if the last row did not end well.
    :param id: record id of the contact, once it is known.
    :param origin: the outcome of the rows that ended well.
    :param audited: what all rows want, if it is what was proved and is read back; None otherwise.
    :param drifts: in how many audits in a row the contact has drifted.
    :param is_judged: whether this run's audit has found that out.
    :param is_known: whether the contact still has the record id that was proved, as far as is known.
    """

    proof: Proof
    rows: dict[int, str] = field(default_factory=dict)
    proved: str | None = None
    id: str | None = None
    origin: Outcome | None = None
    audited: str | None = None
    drifts: int = 0
    is_judged: bool = False
    is_known: bool = True

    def closed(self) -> Proof | None:
        """Return what is proved once all rows have ended; None if nothing is."""
        is_known = self.id is not None or self.origin is Outcome.NOT_FOUND
        if self.proved is None or self.origin is None or not is_known:
            return None
        earlier = self.proof.origin if self.proof.id == self.id else None
        origin = max(filter(None, (self.origin, earlier)), key=_ORIGINS.index)
        return Proof(self.proof.key, self.proved, self.proved, self.id, origin, drifts=self.drifts)


class ProofGate:
    """Stands between the reader and the records in flight.

    A row that equals its proof is held back while a row before it may be about the same contact, which only
    that row's look-up tells: then both are sent, in their order. A row that is to be sent is held back while
    one of its key or contact is, so that their order stays. The contact of a row that is only read back is
    taken to be that of its proof: no row waits for it, so that its look-up has time to fill up. So is that of
    every other row whose key has a proof once more rows would have to be held back than memory has room for.
    It is another one only if somebody else has moved the key: then the proofs of that contact's keys become
    void, as those of all contacts that are found.

    :param reader: reads the source.
    :param proofs: what HubSpot was last proved to have.
    :param audit: says what is done about drift, and counts.
    :param full: records that fill a call.
    :ivar failed: what a call of ``proofs`` raised. Nothing may be sent after that.
    """

    def __init__(
        self, reader: RecordReader, proofs: Proofs, audit: Audit | None = None, *, full: int = 100
    ) -> None:
        self.failed: Exception | None = None
        self._reader = reader
        self._proofs = proofs
        self._audit = audit or Audit()
        self._full = full
        self._under_way = 0  # records that were taken, and have not ended
        self._passed_by = 0  # rows that were not sent, since the source was last left to rest
        self._touched = Touched()
        self._touched_here: set[str] = set()  # those of them that the rows of a chunk are about
        self._ready: deque[Record | Result] = deque()
        self._held: OrderedDict[int, _Compared] = OrderedDict()  # its first row is found at once
        self._rows_held: dict[str, list[int]] = {}  # key or record id → rows that are held back
        self._open: dict[str, _Open] = {}
        self._key_of: dict[int, str] = {}  # row that was sent → digest of its key
        self._unidentified: set[int] = set()  # rows that were sent, and whose contact is not known yet
        self._in_order: list[int] = []  # the same, as a heap that also has rows which are known by now
        self._new_in_order: list[int] = []  # those among them whose keys have no proof
        self._to_void: tuple[set[str], set[str]] = (set(), set())  # keys, record ids
        self._to_prove: dict[str, Proof] = {}

    @property
    def exhausted(self) -> bool:
        """Whether no further row can be taken."""
        return self._reader.exhausted and not self._ready and not self._held

    @property
    def broken(self) -> Exception | None:
        """What the source or the journal raised."""
        return self._reader.broken

    def next(self) -> Record | Result | None:
        """Take a row.

        :return: a record that is to be sent, or the result of a row that is not. None if no row can be taken
            now: the rows that are held back have to wait.
        """
        if not self._ready and not self.failed and not self.has_passed:
            self._tried(self._refill)
        if self.failed:
            return None
        if self._under_way >= self._full and self._passed_by >= MAX_HELD:
            self._passed_by = 0  # a full call is not to wait for the end of the source
            return None
        if self.has_passed:
            return self._passed(self._held[self._first])
        if not self._ready:
            return None
        taken = self._ready.popleft()
        self._under_way += isinstance(taken, Record)
        return taken

    def _passed(self, each: _Compared) -> Result:
        """Take a row that need not be sent to its end."""
        record, proof = each
        if record.row in self._held:
            self._take(record.row)
        self._passed_by += 1
        if proof.origin is Outcome.NOT_FOUND:
            self._audit.still_absent += 1
            return still_absent(record, None if proof.at is None else datetime.fromtimestamp(proof.at, UTC))
        self._audit.up_to_date += 1
        return Result(record.row, record.key, Outcome.UP_TO_DATE)

    @property
    def has_passed(self) -> bool:
        """Whether the next row is up to date, for which there is always room."""
        return bool(self._held) and self._is_clear_of(self._in_order, self._first)

    @property
    def _first(self) -> int:
        """The first row that is held back."""
        return next(iter(self._held))

    def is_audited(self, record: Record) -> bool:
        """Check whether a record equals what was proved, and is sent only to be read back."""
        return self._open[self._key_of[record.row]].audited is not None

    def known(self, record: Record) -> str | None:
        """Return the record id of the contact of a record that is sent, as it was proved before.

        :return: None if nothing is proved for the key, or if the contact has another id.
        """
        entry = self._open[self._key_of[record.row]]
        is_known = entry.is_known and entry.proof.proved is not None
        return entry.proof.id if is_known else None

    def assumed(self, contacts: Collection[tuple[Record, str | None]]) -> bool:
        """Note which contacts records are taken to be about, before these are written without a look-up.

        :param contacts: as for :meth:`identified`, which is called with them after the write.
        :return: whether the records may go on.
        """
        return self._tried(lambda: self._identify(contacts, are_certain=False))

    def identified(self, contacts: Collection[tuple[Record, str | None]]) -> bool:
        """Note which contacts records are about: before anything is written for them, if they are looked up.

        :param contacts: each record with its contact's id; None if there is no contact.
        :return: whether the records may go on.
        """
        return self._tried(lambda: self._identify(contacts, are_certain=True))

    def judged(self, record: Record, planned: Change | Result) -> Change | Result:
        """Note whether the contact of a row that equals its proof has drifted.

        :param record: the row, or the record that stands for several rows of its key.
        :param planned: what its current values make of it.
        :return: what becomes of it.
        """
        key = self._key_of[record.row]
        entry, audit = self._open[key], self._audit
        # Once another key of the contact is sent, its current values may be this run's own.
        if entry.audited is None or self._touched.is_spoiled(key):
            return planned
        self._count_drift(entry, has_drifted(planned))
        if audit.drift is not Drift.TELL or not isinstance(planned, Change):
            return planned
        entry.id = entry.id or entry.proof.id
        self._touched.leave_alone(key, entry.audited)
        return left_alone(planned)

    def _count_drift(self, entry: _Open, has: bool | None) -> None:
        """Count the audit of a key once, however many rows of it there are.

        :param has: whether its contact has drifted; None if nobody can tell.
        """
        is_counted = entry.is_judged or self._touched.is_left_alone(entry.proof.key, str(entry.audited))
        if is_counted or has is None:
            return
        entry.is_judged = True
        entry.drifts = entry.proof.drifts + 1 if has else 0
        self._audit.audited += 1
        self._audit.drifted += has
        self._audit.contested += entry.drifts >= CONTESTED

    def may_write(self) -> bool:
        """Check whether the run may write: it still has the state for itself."""
        return self._tried(self._proofs.confirm)

    def ended(self, result: Result) -> None:
        """Note the result of a row."""
        key = self._key_of.pop(result.row, None)
        if key is None:
            return
        self._under_way -= 1
        self._unidentified.discard(result.row)
        entry = self._open[key]
        content = entry.rows.pop(result.row)
        if result.outcome in _PROVES:
            entry.proved = content
            entry.origin = max(filter(None, (entry.origin, result.outcome)), key=_ORIGINS.index)
        elif result.outcome is Outcome.UP_TO_DATE:  # it has drifted, and is left alone
            entry.proved = content
            entry.origin = entry.origin or Outcome.UNCHANGED
        elif result.outcome is Outcome.NOT_FOUND and entry.id is None and self._audit.absent:
            entry.proved, entry.origin = content, Outcome.NOT_FOUND
        elif result.outcome is not Outcome.SUPERSEDED:
            entry.proved = None
        if result.outcome in _DOUBTS:
            self._touched.spoil(key)
        if not entry.rows:
            del self._open[key]
            proof = entry.closed()
            if proof and not self._touched.is_spoiled(key):
                self._to_prove[key] = proof

    def flush(self) -> bool:
        """Keep what was proved.

        :return: whether that worked.
        """
        return not self._to_prove or self._tried(self._prove)

    def drain(self) -> tuple[Record | Result, ...]:
        """Remove all rows that were read and are not to be sent any more."""
        rows = (*self._ready, *(each.record for each in self._held.values()))
        self._ready.clear()
        self._held.clear()
        self._rows_held.clear()
        return rows

    def _tried(self, work: Callable[[], None]) -> bool:
        if not self.failed:
            try:
                work()
            except Exception as error:  # noqa: BLE001 - raised again when all that was read has its outcome
                self.failed = error
        return not self.failed

    # Compare

    def _refill(self) -> None:
        """Read and compare rows until one is ready, or one that is held back has to be waited for."""
        while not self._ready and not self._reader.exhausted:
            if len(self._held) >= MAX_HELD:
                self._let_go()
                return
            taken: list[Record | Result] = []
            while len(taken) < CHUNK and not self._reader.exhausted:
                if (each := self._reader.next()) is not None:
                    taken.append(each)
            self._compare(taken)

    def _let_go(self) -> None:
        """Let the first rows go that are held back, if all rows before them have proofs, or are known."""
        while len(self._held) > MAX_HELD - CHUNK and self._is_clear_of(self._new_in_order, self._first):
            insort(self._ready, self._passed(self._held[self._first]), key=lambda ready: ready.row)

    def _compare(self, taken: Sequence[Record | Result]) -> None:
        records = [each for each in taken if isinstance(each, Record)]
        try:
            self._prove()
            compared = self._proofs.compare(records) if records else ()
            self._touched_here = self._touched.among(
                {name for proof in compared if (name := _contact(proof))}
            )
        except Exception:
            self._ready.extend(taken)  # none of them is lost
            raise
        proofs = iter(compared)
        for each in taken:
            if isinstance(each, Record):
                self._admit(_Compared(each, next(proofs)))
            else:
                self._ready.append(each)
        self._void()

    def _admit(self, each: _Compared) -> None:
        """Decide whether a row is sent; it waits for the rows before it that may be about its contact."""
        record, proof = each
        has_changed = proof.proved != proof.content
        self._audit.changed += has_changed
        is_sent = has_changed or proof.is_audited or _contact(proof) in self._touched_here
        if not is_sent and self._is_clear_of(self._in_order, record.row):
            self._ready.append(self._passed(each))
            return
        if is_sent:
            self._begin(each)
        if is_sent and self._rows_held.keys().isdisjoint(_names(proof)):
            self._ready.append(record)
            return
        self._held[record.row] = each
        for name in _names(proof):
            self._rows_held.setdefault(name, []).append(record.row)

    def _begin(self, each: _Compared) -> None:
        """Note that a row is to be sent."""
        record, proof = each
        self._to_void[0].add(proof.key)
        self._begin_audit(proof)
        if name := _contact(proof):
            self._touched.add(name)
            self._touched_here.add(name)
        if proof.id:
            self._to_void[1].add(proof.id)
        self._open[proof.key].rows[record.row] = proof.content
        self._key_of[record.row] = proof.key
        if self._open[proof.key].audited is None:
            self._unidentified.add(record.row)
            heappush(self._in_order, record.row)
            if proof.proved is None or proof.id is None:
                heappush(self._new_in_order, record.row)

    def _begin_audit(self, proof: Proof) -> None:
        """Note for the rows of a key whether they are an audit: all of them want what was proved."""
        entry = self._open.get(proof.key)
        if entry is None:
            entry = self._open[proof.key] = _Open(proof, drifts=proof.drifts)
            is_first = (
                proof.proved == proof.content and proof.is_audited and proof.id not in self._touched_here
            )
            if is_first or self._touched.is_left_alone(proof.key, proof.content):
                entry.audited = proof.content
        if entry.audited != proof.content:
            entry.audited = None
            self._touched.write_again(proof.key)

    def _begin_later(self, record_id: str, row: int) -> None:
        """Send the rows of a contact that are held back behind one of its rows."""
        rows = [later for later in self._rows_held.get(record_id, ()) if later > row]
        for later in rows:
            if later not in self._key_of:
                self._begin(self._held[later])
        for later in rows:
            self._release(later)

    def _release(self, row: int) -> None:
        """Let a row go that is to be sent, if no row before it has to do with it any more."""
        each = self._held.get(row)
        is_first = each and all(self._rows_held[name][0] == row for name in _names(each.proof))
        if each and is_first and row in self._key_of:
            insort(self._ready, self._take(row), key=lambda ready: ready.row)

    def _take(self, row: int) -> Record:
        """Remove a row that is held back, and let those go that have waited for it."""
        record, proof = self._held.pop(row)
        for name in _names(proof):
            rows = self._rows_held[name]
            rows.remove(row)
            if not rows:
                del self._rows_held[name]
        for name in _names(proof):
            if rows := self._rows_held.get(name, []):
                self._release(rows[0])
        return record

    def _is_clear_of(self, rows: list[int], row: int) -> bool:
        """Check whether the contacts of all rows before a row are known.

        :param rows: those in question, as a heap.
        :param row: the row.
        """
        while rows and rows[0] not in self._unidentified:
            heappop(rows)
        return not rows or rows[0] > row

    # Keep the proofs true

    def _void(self) -> None:
        keys, ids = self._to_void
        if keys:
            self._proofs.void(keys, ids)
        self._to_void = (set(), set())

    def _identify(self, contacts: Collection[tuple[Record, str | None]], *, are_certain: bool) -> None:
        keys: dict[str, set[str]] = {}  # record id → keys of these records
        first: dict[str, int] = {}  # record id → first of their rows
        for record, record_id in contacts:
            key = self._key_of[record.row]
            entry = self._open[key]
            if are_certain:
                self._unidentified.difference_update(part.row for part in record.parts or (record,))
                entry.is_known = record_id == entry.proof.id
            is_new = record_id != entry.id  # what follows from another one was done before
            entry.id = record_id
            if record_id and is_new:
                keys.setdefault(record_id, set()).add(key)
                first[record_id] = min(record.row, first.get(record_id, record.row))
        for record_id, own in keys.items():
            self._touched.add(record_id)
            for key in own:
                self._share(key, self._touched.add_contact(record_id, key))
        for record_id, others in (self._proofs.keys_of(keys) if keys else {}).items():
            self._to_void[0].update(set(others) - keys[record_id])
        for record_id, row in first.items():
            self._begin_later(record_id, row)
        self._void()

    def _share(self, key: str, others: Collection[str]) -> None:
        """Prove nothing for keys of one contact: which of their values it has in the end is not certain."""
        for each in (key, *others) if others else ():
            self._touched.spoil(each)
            self._to_prove.pop(each, None)

    def _prove(self) -> None:
        if self._to_prove:
            self._proofs.prove(tuple(self._to_prove.values()))
            self._to_prove.clear()


def _contact(proof: Proof) -> str | None:
    """Return by what a contact is known: its id, or its key if nobody had that; None if it is not known."""
    return proof.key if proof.origin is Outcome.NOT_FOUND and proof.id is None else proof.id


def _names(proof: Proof) -> tuple[str, ...]:
    """Return the names by which a row may have to do with another one: its key, and its contact's id."""
    return (proof.key, proof.id) if proof.id else (proof.key,)
