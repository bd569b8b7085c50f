# SPDX-License-Identifier: Apache-2.0
"""Ends rows whose values HubSpot is proved to have, and keeps all proofs true while the others are sent.

A run may be killed between any two of its steps. The proofs stay true because of the order of the steps:

1. Before a record may be sent, the proof of its key is void, and that of every key of its contact.
2. Before a contact is written, the proofs of all keys are void that the look-up tells to be the contact's;
   without a look-up, those of the record id that was proved before, and after the write those of the id that
   the answer tells.
3. Before each call that writes, the run makes sure that it still has the state for itself.
4. A record's proof is kept only when all rows of its key have ended, the last of them well, and if the run
   has sent nothing for another key of the same contact. That nobody has a key is not kept if a row gives
   that key to a contact.
"""

from __future__ import annotations

from bisect import insort
from collections import deque
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime

from airflow_provider_hubcontact.sync.decide.drift import has_drifted, left_alone
from airflow_provider_hubcontact.sync.decide.results import still_absent
from airflow_provider_hubcontact.sync.flow.proofs.audit import Audit
from airflow_provider_hubcontact.sync.flow.proofs.held_rows import Compared, HeldRows, Unidentified
from airflow_provider_hubcontact.sync.flow.proofs.open_keys import OpenKey
from airflow_provider_hubcontact.sync.flow.proofs.touched import Touched
from airflow_provider_hubcontact.sync.flow.record_reader import RecordReader
from airflow_provider_hubcontact.sync.model.change import Change
from airflow_provider_hubcontact.sync.model.choices import Drift
from airflow_provider_hubcontact.sync.model.outcome import IN_DOUBT, Outcome, Result
from airflow_provider_hubcontact.sync.model.ports import Proof, Proofs
from airflow_provider_hubcontact.sync.model.record import Record

CHUNK = 1_000
"""Rows that are compared with one query."""


MAX_HELD = 8_000
"""Rows that may wait until it is known that no row before them is about the same contact."""


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
        self._held = HeldRows()
        self._open: dict[str, OpenKey] = {}
        self._key_of: dict[int, str] = {}  # row that was sent → digest of its key
        self._unidentified = Unidentified()
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
            return self._passed(self._held.first)
        if not self._ready:
            return None
        taken = self._ready.popleft()
        self._under_way += isinstance(taken, Record)
        return taken

    def _passed(self, each: Compared) -> Result:
        """Take a row that need not be sent to its end."""
        record, proof = each
        if record.row in self._held:
            self._take(record.row)
        self._passed_by += 1
        if proof.origin is Outcome.NOT_FOUND:
            self._audit.still_absent += 1
            return still_absent(record, None if proof.at is None else datetime.fromtimestamp(proof.at, UTC))
        self._audit.up_to_date += 1
        result = Result(record.row, record.key, Outcome.UP_TO_DATE)
        return result._replace(contact=proof.id, list_id=record.list) if record.list else result

    @property
    def has_passed(self) -> bool:
        """Whether the next row is up to date, for which there is always room."""
        return bool(self._held) and not self._unidentified.any_before(self._held.first.record.row)

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

    def _count_drift(self, entry: OpenKey, has: bool | None) -> None:
        """Count the audit of a key once, however many rows of it there are.

        :param has: whether its contact has drifted; None if nobody can tell.
        """
        is_counted = entry.is_judged or self._touched.is_left_alone(entry.proof.key, str(entry.audited))
        if is_counted or has is None:
            return
        entry.is_judged = True
        entry.drifts = entry.proof.drifts + 1 if has else 0
        self._audit.count(has_drifted=has, drifts=entry.drifts)

    def may_write(self) -> bool:
        """Check whether the run may write: it still has the state for itself."""
        return self._tried(self._proofs.confirm)

    def ended(self, result: Result) -> None:
        """Note the result of a row."""
        key = self._key_of.pop(result.row, None)
        if key is None:
            return
        self._under_way -= 1
        self._unidentified.discard((result.row,))
        entry = self._open[key]
        entry.end(result, remembers_absence=self._audit.absent)
        if result.outcome in IN_DOUBT:  # nothing is proved for the key by this run
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
        rows = (*self._ready, *(each.record for each in self._held))
        self._ready.clear()
        self._held.clear()
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
        while len(self._held) > MAX_HELD - CHUNK:
            first = self._held.first
            if self._unidentified.any_new_before(first.record.row):
                return
            insort(self._ready, self._passed(first), key=lambda ready: ready.row)

    def _compare(self, taken: Sequence[Record | Result]) -> None:
        records = [each for each in taken if isinstance(each, Record)]
        try:
            self._prove()
            proofs = self._proofs.compare(records) if records else ()
            compared = list(map(Compared, records, proofs))
            names = {name for each in compared for name in (each.contact, each.proof.key) if name}
            self._touched_here = self._touched.among(names)
        except Exception:
            self._ready.extend(taken)  # none of them is lost
            raise
        of_records = iter(compared)
        for each in taken:
            if isinstance(each, Record):
                self._admit(next(of_records))
            else:
                self._ready.append(each)
        self._void()

    def _admit(self, each: Compared) -> None:
        """Decide whether a row is sent; it waits for the rows before it that may be about its contact."""
        record, proof = each
        has_changed = proof.proved != proof.content
        self._audit.changed += has_changed
        is_touched = not self._touched_here.isdisjoint((each.contact, proof.key))
        is_sent = has_changed or proof.is_audited or is_touched
        if not is_sent and not self._unidentified.any_before(record.row):
            self._ready.append(self._passed(each))
            return
        if is_sent:
            self._begin(each)
        if is_sent and not self._held.have_any(each.names):
            self._ready.append(record)
            return
        self._held.add(each)

    def _begin(self, each: Compared) -> None:
        """Note that a row is to be sent."""
        record, proof = each
        self._to_void[0].add(proof.key)
        self._begin_audit(proof)
        if name := each.contact:
            self._touched.add(name)
            self._touched_here.add(name)
        if proof.id:
            self._to_void[1].add(proof.id)
        for key in proof.gives:
            self._give(key)
        self._open[proof.key].rows[record.row] = proof.content
        self._key_of[record.row] = proof.key
        if self._open[proof.key].audited is None:
            self._unidentified.add(record.row, is_new=proof.proved is None or proof.id is None)

    def _give(self, key: str) -> None:
        """Note that a contact is to get a key: that nobody has it is not true any more, and not proved."""
        self._to_void[0].add(key)
        self._touched.add(key)
        self._touched_here.add(key)
        self._touched.give(key)

    def _begin_audit(self, proof: Proof) -> None:
        """Note for the rows of a key whether they are an audit: all of them want what was proved."""
        entry = self._open.get(proof.key)
        if entry is None:
            entry = self._open[proof.key] = OpenKey(proof, drifts=proof.drifts)
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
        rows = self._held.after(row, record_id)
        for later in rows:
            if later not in self._key_of:
                self._begin(self._held[later])
        for later in rows:
            self._release(later)

    def _release(self, row: int) -> None:
        """Let a row go that is to be sent, if no row before it has to do with it any more."""
        if row in self._held and row in self._key_of and self._held.is_first(row):
            insort(self._ready, self._take(row), key=lambda ready: ready.row)

    def _take(self, row: int) -> Record:
        """Remove a row that is held back, and let those go that have waited for it."""
        record = self._held[row].record
        for first in self._held.remove(row):
            self._release(first)
        return record

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
                self._unidentified.discard(part.row for part in record.parts or (record,))
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
        proofs = tuple(each for each in self._to_prove.values() if not self._is_outdated(each))
        if proofs:
            self._proofs.prove(proofs)
        self._to_prove.clear()

    def _is_outdated(self, proof: Proof) -> bool:
        """Check whether a row of a key found nobody, and another row gives the key to a contact."""
        return proof.id is None and self._touched.is_given(proof.key)
