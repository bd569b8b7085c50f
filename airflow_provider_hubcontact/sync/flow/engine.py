"""The engine of a run: takes each record through its stations, from the source to its result."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from airflow_provider_hubcontact.printable import printable_logger
from airflow_provider_hubcontact.sync.decide.membership import stopped
from airflow_provider_hubcontact.sync.decide.merging import is_to_be_parted, parted
from airflow_provider_hubcontact.sync.decide.plan import CannotTell, Rules, keys_of, new_key, plan, unwritten
from airflow_provider_hubcontact.sync.decide.results import halfway, unread, unsure, with_changes
from airflow_provider_hubcontact.sync.decide.settle import Settled, halves
from airflow_provider_hubcontact.sync.decide.verification import key_after
from airflow_provider_hubcontact.sync.flow.calls import (
    Answer,
    Call,
    ListCall,
    ReadCall,
    VerifyCall,
    WriteCall,
)
from airflow_provider_hubcontact.sync.flow.circuit_breaker import CircuitBreaker
from airflow_provider_hubcontact.sync.flow.decisions import Decisions
from airflow_provider_hubcontact.sync.flow.direct_writes import DirectWrites
from airflow_provider_hubcontact.sync.flow.dry_writes import DryWrites
from airflow_provider_hubcontact.sync.flow.in_flight import InFlight
from airflow_provider_hubcontact.sync.flow.keys_seen import KeysSeen
from airflow_provider_hubcontact.sync.flow.memberships import Memberships
from airflow_provider_hubcontact.sync.flow.pending_verification import PendingVerification
from airflow_provider_hubcontact.sync.flow.proofs.audit import Audit
from airflow_provider_hubcontact.sync.flow.proofs.proof_gate import ProofGate
from airflow_provider_hubcontact.sync.flow.record_reader import RecordReader
from airflow_provider_hubcontact.sync.flow.workers import Workers
from airflow_provider_hubcontact.sync.flow.write_queue import WriteQueue
from airflow_provider_hubcontact.sync.model.change import Change, Stored, Write
from airflow_provider_hubcontact.sync.model.outcome import (
    INTERNAL_ERROR,
    Outcome,
    Result,
    Stop,
    refused_as,
)
from airflow_provider_hubcontact.sync.model.ports import (
    Answers,
    Found,
    Journal,
    Lists,
    Lost,
    Proofs,
    Reader,
    Refused,
    Step,
    Writer,
)
from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.sync.rows.coercion import Coercer
from airflow_provider_hubcontact.sync.rows.json_schema import Schema
from airflow_provider_hubcontact.sync.rows.portal_schema import PortalSchema
from airflow_provider_hubcontact.sync.rows.record_mapping import RecordMapping
from airflow_provider_hubcontact.sync.rows.texts.owners import OwnerIds

log = printable_logger(__name__)

MAX_IN_FLIGHT = 8_000
"""Records that may be in flight at once: this bounds memory."""


FLUSH_EVERY = 1_000
"""Rows that end at once after which the journal is flushed, even if the run does not wait for a call."""


MAX_LOGGED = 100
"""Internal errors that get a line of their own in the log; the report counts all of them."""


NOTHING_FOUND = Found({}, frozenset())
"""What is known of a contact that is not looked up."""


INTERRUPTED = "it was told to stop"


@dataclass(frozen=True, slots=True)
class Sync:
    """The parts of a run.

    :param shape: how rows become records.
    :param rules: what the run was asked to do.
    :param reader: looks contacts up.
    :param writer: writes contacts. None for a dry run: what would be written ends ``not_attempted``.
    :param coercer: normalises texts to the formats of their properties; None to leave them alone.
    :param schema: what records must satisfy.
    :param portal: what the portal allows; only values that are to be written are checked.
    :param owners: knows the ids of owners, and says why HubSpot refused one; None to leave them alone.
    :param once: whether a key may have only one valid row; later rows are ``invalid``.
    :param verifier: reads back what was written; None to believe the answers.
    :param verifies: the only properties whose writes are read back; None to read back all writes.
    :param max_in_flight: records that may be in flight at once.
    :param proofs: what HubSpot was last proved to have; None to read every contact.
    :param audit: says what is done about drift, and counts it.
    :param lists: puts the contacts of records that end well into the lists that these name; None for none.
    """

    shape: RecordMapping
    rules: Rules
    reader: Reader
    writer: Writer | None
    coercer: Coercer | None = None
    schema: Schema | None = None
    portal: PortalSchema | None = None
    owners: OwnerIds | None = None
    once: bool = False
    verifier: Reader | None = None
    verifies: Collection[str] | None = None
    max_in_flight: int = MAX_IN_FLIGHT
    proofs: Proofs | None = None
    audit: Audit | None = None
    lists: Lists | None = None

    def run(
        self,
        rows: Iterable[object],
        workers: Workers[Call, Answer],
        settled: Callable[[Result], None],
        journal: Journal | None = None,
        *,
        ended: Iterable[object] = (),
        first: int = 1,
    ) -> Stop | None:
        """Take every row to its outcome.

        :param rows: the source; it is read no faster than HubSpot takes its records.
        :param workers: carries the calls out.
        :param settled: called once for each row that was read, in this thread.
        :param journal: remembers results, and knows those of earlier tries.
        :param ended: the rows before the first, which an earlier try has ended.
        :param first: number of the first row.
        :return: why the source was not read to its end, or None if it was.
        :raises Exception: what the source or the journal raised, once every row read before has its outcome.
        """
        seen = KeysSeen() if self.once else None
        numbered = enumerate(rows, first)
        record_reader = RecordReader(
            numbered, self.shape, self.coercer, self.schema, journal, seen=seen, lists=self.lists
        )
        record_reader.pass_over(enumerate(ended, 1))
        source: RecordReader | ProofGate = record_reader
        if self.proofs:
            source = ProofGate(record_reader, self.proofs, self.audit, full=self.reader.batch_size)
        return Engine(self, source, workers, settled, journal).run()


class Engine:
    """The state of a run. One thread touches it; only the calls run on others.

    ``STATES.md`` shows where a record can be, and what moves it on.

    :param sync: the parts of the run.
    :param record_reader: reads the source; a gate ends the rows that need not be sent.
    :param workers: carries the calls out.
    :param settled: called once for each row that was read.
    :param journal: remembers results.
    """

    def __init__(
        self,
        sync: Sync,
        record_reader: RecordReader | ProofGate,
        workers: Workers[Call, Answer],
        settled: Callable[[Result], None],
        journal: Journal | None,
    ) -> None:
        self._sync = sync
        self._record_reader = record_reader
        self._gate = record_reader if isinstance(record_reader, ProofGate) else None
        self._workers = workers
        self._report = settled
        self._journal = journal
        self._breaker = CircuitBreaker()
        self._decisions = Decisions(sync.rules, sync.portal, sync.owners)
        self._in_flight = InFlight(sync.rules)
        self._broken: Exception | None = None  # what the journal raised, or a call
        self._interrupted = False
        self._calls: list[Call] = []  # under way
        self._split_lookups: deque[tuple[Record, ...]] = deque()  # to be repeated in parts
        self._write_queue = WriteQueue()
        self._direct = DirectWrites(sync.rules, sync.reader, sync.writer, self._gate)
        self._unsure: set[int] = set()  # rows that an attempt without a clear answer may have written
        self._pending_verification = PendingVerification(sync.verifies)
        self._dry_writes = DryWrites(sync.rules.id_property) if sync.writer is None else None
        self._memberships = Memberships(sync.lists if sync.writer else None)
        self._internal_errors = 0  # records

    def run(self) -> Stop | None:
        """Take every row to its outcome; see :meth:`Sync.run`."""
        while True:
            has_read = self._fill()
            self._start_writes()
            self._start_checks()
            self._start_reads()
            self._start_list_calls(may_come=has_read)
            self._flush()
            if self._calls:
                self._wait()
            elif self._write_queue.waits:
                self._write_queue.unblock()
            elif not (self._pending_verification or self._memberships or has_read):
                break
        if len(self._in_flight) or not (self._record_reader.exhausted or self._breaker.stop):
            raise RuntimeError("rows are left, and nothing is under way")
        if broken := self._broken or self._record_reader.broken:
            raise broken
        return self._breaker.stop

    @property
    def _read_calls(self) -> Iterator[ReadCall]:
        return (call for call in self._calls if isinstance(call, ReadCall))

    # Source, shape, validate

    @property
    def _has_room(self) -> bool:
        """Whether a row can be read; there is always room for one that is up to date."""
        if self._breaker.stop or self._record_reader.exhausted or self._memberships.is_full:
            return False
        has_passed = self._gate is not None and self._gate.has_passed
        return len(self._in_flight) < self._sync.max_in_flight or has_passed

    def _fill(self) -> bool:
        """Read rows as long as there is room.

        :return: whether there was any, or will be once the records have ended that wait for lists.
        """
        admitted: list[Record] = []
        has_read = self._memberships.is_full
        while self._has_room:
            taken = self._record_reader.next()
            has_read = has_read or taken is not None
            if isinstance(taken, Record):
                self._memberships.expect(taken)
                if self._in_flight.admit(taken):
                    admitted.append(taken)
            elif taken is None:
                break
            else:
                self._settled(taken)
                if taken.row % FLUSH_EVERY == 0:
                    self._flush()
        self._heed_gate()
        if not self._breaker.stop:
            self._write_directly(admitted)
        return has_read

    def _settled(self, result: Result) -> None:
        if result.category == INTERNAL_ERROR:
            self._internal_errors += 1
            if self._internal_errors <= MAX_LOGGED:
                log.error(
                    "Row %d: %s: an error in the provider's code, or in a value's class.",
                    *(result.row, result.reason),
                )
        if result.row in self._unsure:
            self._unsure.remove(result.row)
            result = unsure(result)
        if self._gate:
            self._gate.ended(result)
        if final := self._memberships.hold(result):
            self._tell(final)

    def _tell(self, result: Result) -> None:
        if self._journal:
            self._journal.settled(result)
        self._report(result)

    def _flush(self) -> None:
        try:
            if self._journal and not self._broken:
                self._journal.flush()
        except Exception as error:  # noqa: BLE001 - raised again when all that was read has its outcome
            self._broken = error
            self._stop(f"results cannot be recorded: {type(error).__name__}")
        if self._gate and not self._gate.flush():
            self._heed_gate()

    def _heed_gate(self) -> None:
        """Stop if what is proved can be kept no longer."""
        if self._gate and self._gate.failed and not self._broken:
            self._broken = self._gate.failed
            self._stop(f"the state cannot be kept: {type(self._broken).__name__}")

    # Resolve

    def _write_directly(self, admitted: Iterable[Record]) -> None:
        """Plan the records that need not be looked up.

        :param admitted: those that have just come.
        """
        if not self._direct.are_possible:
            return
        records = self._in_flight.chosen(admitted, self._direct.has)
        if self._gate and not self._gate.assumed([(each, self._gate.known(each)) for each in records]):
            self._heed_gate()
            return
        for record in self._in_flight.pick(records):
            contact = self._direct.contact(record)
            if not self._in_flight.claim(record, contact):
                continue
            self._meet(record, contact)
            planned = self._decisions.planned(record, partial(self._direct.change, record))
            if isinstance(planned, Result) and self._sync.reader.always:
                self._look_up(record)  # what is not valid need not be written, if the contact has it
            else:
                self._go_on(record, planned)

    def _look_up(self, record: Record) -> None:
        """Let a look-up decide about a record, since a write without one did not."""
        self._direct.left.add(record.row)
        self._outdate((self._in_flight.resume(record),))

    def _start_reads(self) -> None:
        while len(self._calls) < self._workers.size and (records := self._next_lookup()):
            keys = tuple(
                dict.fromkeys(key for record in records for key in keys_of(record, self._sync.rules))
            )
            if self._dry_writes:
                keys = self._dry_writes.asked(keys)
            names = set().union(*(record.properties for record in records))
            self._start(ReadCall(records), partial(self._sync.reader.read, keys, names))

    def _next_lookup(self) -> tuple[Record, ...]:
        if self._split_lookups:
            return self._split_lookups.popleft()
        size = self._sync.reader.batch_size
        if self._in_flight.waiting < size and self._calls and not self._record_reader.exhausted:
            return ()  # a fuller call will be possible
        return self._in_flight.take(size)

    def _own_keys(self, record: Record) -> tuple[str, ...]:
        """Return the keys by which a record's contact is found: its key or, if nobody has it, its new key."""
        key = new_key(record, self._sync.rules)
        return (record.key, key) if key else (record.key,)

    def _looked_up(self, call: ReadCall, answer: Answer) -> None:
        records = call.records
        if isinstance(answer, Found):
            if not self._may_go_on(call, answer):
                return
            for record in records:
                self._resolve(record, answer, call.outdated)
        elif _is_about_a_key(answer) and len(records) > 1:
            self._split_lookups.extend(halves(records))
        elif isinstance(answer, Refused | Lost):
            for record in records:
                # All rows of a merged record have the key that was refused: one by one it would be as well.
                self._end(unread(record, answer), may_part=False)
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
        self._unsend(call)  # the run stops before it sends anything else
        return False

    def _resolve(self, record: Record, found: Found, outdated: set[str]) -> None:
        keys = keys_of(record, self._sync.rules)
        found = self._seen(found, keys)
        if reason := _unclear(keys, found):
            self._end(Result(record.row, record.key, Outcome.UNKNOWN, 200, reason=reason))
            return
        stored = _stored(self._own_keys(record), found)
        if self._in_flight.claim(record, stored and stored.id, outdated):
            self._meet(record, stored and stored.id)
            decide = partial(plan, record, found.contacts, self._sync.rules)
            try:
                planned = self._decisions.planned(record, decide)
            except CannotTell as error:
                self._broken = cause = error.__cause__ if isinstance(error.__cause__, Exception) else error
                planned = self._given_up(record, type(cause).__name__)
            if self._dry_writes:
                planned = self._dry_writes.told(planned)
            self._go_on(record, planned, found)

    def _seen(self, found: Found, keys: Sequence[str]) -> Found:
        """Return what a look-up says of keys; in a dry run, as if what it would have written was."""
        return self._dry_writes.seen(found, keys) if self._dry_writes else found

    # Plan, deliver, settle

    def _go_on(self, record: Record, planned: Change | Result, found: Found = NOTHING_FOUND) -> None:
        if self._gate:
            planned = self._gate.judged(record, planned)
        if isinstance(planned, Result):
            self._end(planned)
        elif self._dry_writes:
            self._dry_writes.note(planned, found)
            self._end(unwritten(planned))
        else:
            change = planned._replace(met=True) if record.row in self._direct.left else planned
            self._write_queue.add(Step(change))

    def _start_writes(self) -> None:
        writer = self._sync.writer
        while writer and len(self._calls) < self._workers.size:
            more_to_come = bool(
                self._split_lookups
                or self._in_flight.waiting
                or any(self._read_calls)
                or (self._calls and not self._record_reader.exhausted)
            )
            call = self._write_queue.take(writer.batch_size, more_to_come=more_to_come)
            if call is None:
                return
            if self._gate and not self._gate.may_write():
                self._write_queue.put_back(call)
                self._heed_gate()
                return
            self._start(call, partial(writer.write, call.kind, call.steps))

    def _delivered(self, call: WriteCall, answer: Answer) -> None:
        if not isinstance(answer, Answers | Refused | Lost):
            raise TypeError(f"a write was answered with {type(answer).__name__}")
        if not isinstance(answer, Lost) and answer.after_loss:
            self._doubt(call.steps)
        came_to = self._decisions.settled(call.steps, answer)
        self._note_contacts(call, came_to)
        self._doubt(came_to.unclear)
        if self._sync.verifier:
            came_to = replace(came_to, results=self._pending_verification.hold(call.steps, came_to.results))
        for step, refusal in came_to.blocked:
            self._conclude(self._write_queue.block(step, refusal, final=self._breaker.stop is not None))
        self._conclude(came_to)
        self._write_queue.repeat(call, answer, came_to.again)
        upserts = () if self._direct.may_upsert else self._write_queue.withdrawn(Write.UPSERT)
        for step in (*came_to.met, *came_to.unclear, *upserts):
            self._look_up(step.change.record)

    def _doubt(self, steps: Iterable[Step]) -> None:
        """Note that steps may have been written, whatever is said of their records later."""
        records = [step.change.record for step in steps]
        self._unsure.update(part.row for record in records for part in record.parts or (record,))

    def _note_contacts(self, call: WriteCall, came_to: Settled) -> None:
        """Note the record ids of contacts that were not known before they were written."""
        ids = came_to.contacts
        records = [step.change.record for step in call.steps if step.change.record.row in ids]
        if self._gate and ids:
            self._gate.identified([(each, ids[each.row]) for each in records])
        for each in records:
            self._meet(each, ids[each.row])
        self._outdate(ids[row] for step in call.steps if (row := step.change.record.row) in ids)

    def _meet(self, record: Record, contact: str | None) -> None:
        """Note the contact of a record that is under way, if it is known."""
        if contact is not None:
            self._memberships.met(record.key, contact)

    def _start_checks(self) -> None:
        verifier = self._sync.verifier
        while verifier and self._pending_verification and len(self._calls) < self._workers.size:
            size = verifier.batch_size
            if len(self._pending_verification) < size and self._calls:
                return  # a fuller call will be possible
            call = self._pending_verification.take(size)
            keys = tuple(key_after(change, self._sync.rules) for change, _ in call.written)
            names = {name for change, _ in call.written for name in change.outcome}
            self._start(call, partial(verifier.read, keys, names))

    def _checked(self, call: VerifyCall, answer: Answer) -> None:
        if not isinstance(answer, Found | Refused | Lost):
            raise TypeError(f"a look-up was answered with {type(answer).__name__}")
        self._end_all(self._decisions.verified(change, result, answer) for change, result in call.written)

    def _start_list_calls(self, *, may_come: bool) -> None:
        """Put contacts into their lists.

        :param may_come: whether rows could be read just now, so that more of them can fill a call.
        """
        waiting = self._memberships
        is_last = not self._calls and (self._record_reader.exhausted or not may_come)
        while waiting and len(self._calls) < self._workers.size and not self._breaker.stop:
            for result in waiting.checked(is_last=is_last):
                self._tell(result)
            call = None if waiting.failed else waiting.next(is_last=is_last)
            if call is None or not self._may_move(call):
                break
            self._start(call, partial(waiting.send, call))
        self._heed_lists()

    def _may_move(self, call: ListCall) -> bool:
        """Check whether the run may still write; a call that may not be sent is taken back."""
        if call.reads or not self._gate or self._gate.may_write():
            return True
        self._memberships.put_back(call)
        self._heed_gate()
        return False

    def _listed(self, call: ListCall, answer: Answer) -> None:
        if isinstance(answer, Found | Answers):
            raise TypeError("a call about a list was answered with contacts")
        for result in self._memberships.answered(call, answer):
            self._tell(result)
        self._heed_lists()

    def _heed_lists(self) -> None:
        """Stop if what is known of lists can be kept no longer."""
        failed = self._memberships.failed
        if failed and not self._broken:
            self._broken = failed
            self._stop(f"the state cannot be kept: {type(failed).__name__}")

    def _conclude(self, came_to: Settled) -> None:
        self._end_all(came_to.results)
        for step in came_to.onward:
            self._write_queue.add_next(step)

    def _end_all(self, results: Iterable[Result]) -> None:
        """End records whose contacts were just written."""
        self._outdate([self._end(result) for result in results])

    def _outdate(self, contacts: Iterable[str | None]) -> None:
        """Mark the look-ups under way as outdated for contacts that were just written, if they are known."""
        known = {contact for contact in contacts if contact is not None}
        for call in self._read_calls:
            call.outdated.update(known)

    # Calls and ends

    def _start(self, call: Call, send: Callable[[], Answer]) -> None:
        self._calls.append(call)
        self._workers.start(call, partial(self._carried_out, send))

    def _carried_out(self, send: Callable[[], Answer]) -> Answer:
        """Make a call. If it raises, which it never should, its records still get an outcome."""
        try:
            return send()
        except Exception as error:  # noqa: BLE001 - raised again when all that was read has its outcome
            self._broken = error
            return Lost(f"the call ended with {type(error).__name__}", sent=True)

    def _wait(self) -> None:
        finished = self._workers.finished()
        if finished:
            self._finish(*finished)
        elif not self._interrupted:
            self._interrupted = True
            if self._breaker.stop is None:
                self._stop(INTERRUPTED)
        else:
            for call in tuple(self._calls):
                self._finish(call, Lost("the run was stopped before HubSpot answered", sent=True))

    def _stop(self, reason: str) -> None:
        self._breaker.trip(reason)
        self._workers.cancel()
        self._abandon(reason)

    def _finish(self, call: Call, answer: Answer) -> None:
        self._calls = [each for each in self._calls if each is not call]
        self._breaker.observe(answer)
        if self._breaker.stop and isinstance(answer, Lost) and not answer.sent:
            self._unsend(call)
        elif isinstance(call, ReadCall):
            self._looked_up(call, answer)
        elif isinstance(call, VerifyCall):
            self._checked(call, answer)
        elif isinstance(call, ListCall):
            self._listed(call, answer)
        else:
            self._delivered(call, answer)
        if self._broken and not self._breaker.stop:
            self._breaker.trip(f"a call ended with {type(self._broken).__name__}")
        if self._breaker.stop:
            self._stop(self._breaker.stop.reason)

    def _unsend(self, call: Call) -> None:
        """Take back a call that was not sent before the run stopped."""
        if isinstance(call, ReadCall):
            self._split_lookups.append(call.records)
        elif isinstance(call, VerifyCall):
            self._pending_verification.put_back(call)
        elif isinstance(call, ListCall):
            self._memberships.put_back(call)
        else:
            self._write_queue.put_back(call)

    def _end(self, result: Result, *, may_part: bool = True) -> str | None:
        """End a record that was under way, and return the contact that it had claimed.

        If the result may be about one of the rows of a merged record, they begin anew, one by one.

        :param may_part: whether it may be about one of them; a look-up is about their key, which all have.
        """
        self._direct.left.discard(result.row)
        if (whole := self._in_flight.merged(result.key)) is None:
            self._settled(result)
            contact = self._in_flight.release(result.key)
        elif may_part and is_to_be_parted(result):
            contact = self._in_flight.part(whole)
        else:
            for each in parted(whole, result):
                self._settled(each)
            contact = self._in_flight.release(result.key)
        self._memberships.forget(result.key)
        self._write_queue.ended(result.row, contact)
        return contact

    def _abandon(self, reason: str) -> None:
        """End the records that are in no call when the run stops."""
        refused, steps = self._write_queue.drain()
        records = [record for chunk in self._split_lookups for record in chunk]
        self._split_lookups.clear()
        if self._pending_verification:
            unread = Lost(f"the run stopped: {reason}", sent=False)
            self._checked(self._pending_verification.take(len(self._pending_verification)), unread)
        for step in refused:
            what = halfway(step) or "its batch got no clear answer: "
            given_up = self._given_up(step.change.record, reason, what)
            self._end(with_changes(given_up, step, may_be_written=True))
        for step in steps:
            given_up = self._given_up(step.change.record, reason, halfway(step))
            self._end(with_changes(given_up, step, may_be_written=False))
        for record in records:
            self._end(self._given_up(record, reason))
        for record in self._in_flight.drain():
            self._settled(self._given_up(record, reason))
        self._abandon_others(reason)

    def _abandon_others(self, reason: str) -> None:
        """End the rows that are not in flight: a gate holds them back, or they wait for lists."""
        for taken in self._gate.drain() if self._gate else ():
            self._settled(self._given_up(taken, reason) if isinstance(taken, Record) else taken)
        for result in self._memberships.drain():
            self._tell(stopped(result, reason))

    def _given_up(self, record: Record, reason: str, what: str = "") -> Result:
        outcome = Outcome.UNKNOWN if what else Outcome.NOT_ATTEMPTED
        return Result(record.row, record.key, outcome, reason=f"{what}the run stopped: {reason}")


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
