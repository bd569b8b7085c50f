"""Drives the stations: source, shape, validate, resolve, plan, deliver, settle."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import orjson

from airflow_provider_hubcontact.printable import printable_logger
from airflow_provider_hubcontact.sync.decide.merging import is_to_be_parted, parted
from airflow_provider_hubcontact.sync.decide.plan import Rules, blind, new_key, plan, unwritten
from airflow_provider_hubcontact.sync.decide.results import halfway, unread
from airflow_provider_hubcontact.sync.decide.settle import Settled, halves, settle
from airflow_provider_hubcontact.sync.decide.verification import key_after, verified
from airflow_provider_hubcontact.sync.flow.calls import Answer, Call, ReadCall, VerifyCall, WriteCall
from airflow_provider_hubcontact.sync.flow.circuit_breaker import CircuitBreaker
from airflow_provider_hubcontact.sync.flow.dry_writes import DryWrites
from airflow_provider_hubcontact.sync.flow.in_flight import InFlight
from airflow_provider_hubcontact.sync.flow.keys_seen import KeysSeen
from airflow_provider_hubcontact.sync.flow.pending_verification import PendingVerification
from airflow_provider_hubcontact.sync.flow.record_reader import RecordReader
from airflow_provider_hubcontact.sync.flow.workers import Workers
from airflow_provider_hubcontact.sync.flow.write_queue import WriteQueue
from airflow_provider_hubcontact.sync.model.change import Change
from airflow_provider_hubcontact.sync.model.outcome import (
    INTERNAL_ERROR,
    Outcome,
    Result,
    Stop,
    internal_error,
    refused_as,
)
from airflow_provider_hubcontact.sync.model.ports import (
    Answers,
    Found,
    Journal,
    Lost,
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

log = printable_logger(__name__)

WINDOW = 8_000
"""Records that may be under way at once: this bounds memory."""


FLUSH_EVERY = 1_000
"""Rows after which the journal is kept, even if the run does not wait."""


MOST_LOGGED = 100
"""Records that code stumbled over, and that have a line of their own in the log; the report counts all."""


INTERRUPTED = "it was told to stop"


@dataclass(frozen=True, slots=True)
class Sync:
    """The parts of a run.

    :param shape: how rows become records.
    :param rules: what the run was asked to do.
    :param reader: looks contacts up.
    :param writer: writes contacts; None for a dry run: what would be written ends ``not_attempted``.
    :param coercer: makes texts such as their properties take; None to leave them alone.
    :param schema: what records must satisfy.
    :param portal: what the portal allows; it is asked about what differs.
    :param once: whether a key may have one valid row only; the later ones are ``invalid``.
    :param verifier: reads back what was written; None to believe the answers.
    :param window: records that may be under way at once.
    """

    shape: RecordMapping
    rules: Rules
    reader: Reader
    writer: Writer | None
    coercer: Coercer | None = None
    schema: Schema | None = None
    portal: PortalSchema | None = None
    once: bool = False
    verifier: Reader | None = None
    window: int = WINDOW

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
        :param workers: what carries the calls out.
        :param settled: called once for each row that was read, in this thread.
        :param journal: remembers results, and knows those of earlier tries.
        :param ended: the rows before the first, which an earlier try has ended.
        :param first: number of the first row.
        :return: why the source was not read to its end, or None if it was.
        :raises Exception: what the source or the journal raised, once every row read before has its outcome.
        """
        seen = KeysSeen() if self.once else None
        intake = RecordReader(
            enumerate(rows, first), self.shape, self.coercer, self.schema, journal, seen=seen
        )
        intake.pass_over(enumerate(ended, 1))
        return _Run(self, intake, workers, settled, journal).through()


class _Run:
    """The state of a run. One thread touches it; only the calls run on others."""

    def __init__(
        self,
        sync: Sync,
        intake: RecordReader,
        workers: Workers[Call, Answer],
        settled: Callable[[Result], None],
        journal: Journal | None,
    ) -> None:
        self._sync = sync
        self._intake = intake
        self._workers = workers
        self._report = settled
        self._journal = journal
        self._watch = CircuitBreaker()
        self._window = InFlight(sync.rules)
        self._broken: Exception | None = None  # what the journal raised, or a call
        self._interrupted = False
        self._calls: list[Call] = []  # under way
        self._lookups: deque[tuple[Record, ...]] = deque()  # to be repeated in parts
        self._outbox = WriteQueue()
        self._met: set[int] = set()  # rows whose creation met a contact
        self._unproved = PendingVerification()
        self._dry_writes = DryWrites() if sync.writer is None else None
        self._stumbled = 0  # records

    def through(self) -> Stop | None:
        while True:
            self._fill()
            self._start_writes()
            self._start_checks()
            self._start_reads()
            self._flush()
            if self._calls:
                self._wait()
            elif self._outbox.waits:
                self._outbox.unblock()
            elif not self._unproved:
                break
        if broken := self._broken or self._intake.broken:
            raise broken
        return self._watch.stop

    @property
    def _readings(self) -> Iterator[ReadCall]:
        return (job for job in self._calls if isinstance(job, ReadCall))

    # Source, shape, validate

    def _fill(self) -> None:
        while not self._watch.stop and not self._intake.exhausted and len(self._window) < self._sync.window:
            taken = self._intake.next()
            if isinstance(taken, Record):
                self._window.admit(taken)
            elif taken:
                self._settled(taken)
                if taken.row % FLUSH_EVERY == 0:
                    self._flush()
        self._plan_known()

    def _settled(self, result: Result) -> None:
        if result.category == INTERNAL_ERROR:
            self._stumbled += 1
            if self._stumbled <= MOST_LOGGED:
                log.error(
                    "Row %d: %s: an error in our code, or in a value's class.", result.row, result.reason
                )
        if self._journal:
            self._journal.settled(result)
        self._report(result)

    def _flush(self) -> None:
        try:
            if self._journal and not self._broken:
                self._journal.flush()
        except Exception as error:  # noqa: BLE001 - raised again when all that was read has its outcome
            self._broken = error
            self._stop(f"the journal cannot be kept: {type(error).__name__}")

    # Resolve

    def _plan_known(self) -> None:
        """Plan at once what need not be looked up."""
        if self._sync.reader.always or self._sync.writer is None:
            return
        for record in self._window.take_known(self._met):
            if self._window.claim(record, None):
                self._go_on(record, partial(blind, record, self._sync.rules))

    def _start_reads(self) -> None:
        while len(self._calls) < self._workers.size and (records := self._next_lookup()):
            keys = tuple(dict.fromkeys(key for record in records for key in self._keys(record)))
            names = {name for record in records for name in record.properties}
            self._start(ReadCall(records), partial(self._sync.reader.read, keys, names))

    def _next_lookup(self) -> tuple[Record, ...]:
        if self._lookups:
            return self._lookups.popleft()
        size = self._sync.reader.batch_size
        if self._window.waiting < size and self._calls and not self._intake.exhausted:
            return ()  # a fuller call will be possible
        return self._window.take(size)

    def _keys(self, record: Record) -> tuple[str, ...]:
        key = new_key(record, self._sync.rules)
        return (record.key, key) if key else (record.key,)

    def _looked_up(self, job: ReadCall, answer: Answer) -> None:
        records = job.records
        if isinstance(answer, Found):
            for record in records:
                self._resolve(record, answer, job.outdated)
        elif _is_about_a_key(answer) and len(records) > 1:
            self._lookups.extend(halves(records))
        elif isinstance(answer, Refused | Lost):
            for record in records:
                self._end(unread(record, answer))
        else:
            raise TypeError(f"a look-up was answered with {type(answer).__name__}")

    def _resolve(self, record: Record, found: Found, outdated: set[str]) -> None:
        keys = self._keys(record)
        if torn := [key for key in keys if key in found.contacts and key in found.missing]:
            reason = f"HubSpot's answer says both that a contact has {torn[0]} and that nobody has it"
            self._end(Result(record.row, record.key, Outcome.UNKNOWN, 200, reason=reason))
            return
        silent = [key for key in keys if key not in found.contacts and key not in found.missing]
        if silent:
            reason = f"HubSpot answered the look-up, but does not mention {silent[0]}"
            self._end(Result(record.row, record.key, Outcome.UNKNOWN, 200, reason=reason))
            return
        if self._dry_writes:
            found = self._dry_writes.seen(found, keys)
        stored = next((found.contacts[key] for key in keys if key in found.contacts), None)
        if self._window.claim(record, stored, outdated):
            self._go_on(record, partial(plan, record, found.contacts, self._sync.rules))

    # Plan, deliver, settle

    def _planned(self, record: Record, decide: Callable[[], Change | Result]) -> Change | Result:
        """Decide what to do for a record; one record never ends a run."""
        try:
            planned = decide()
            if isinstance(planned, Change):
                if self._sync.portal and (problem := _problem(self._sync.portal, record, planned)):
                    return problem
                orjson.dumps(planned.steps)  # the body of the call can be made
        except Exception as error:  # noqa: BLE001 - whatever it holds
            return internal_error(record.row, record.key, error, "planned")
        return planned

    def _go_on(self, record: Record, decide: Callable[[], Change | Result]) -> None:
        planned = self._planned(record, decide)
        if isinstance(planned, Result):
            self._end(planned)
        elif self._dry_writes:
            self._dry_writes.note(planned)
            self._end(unwritten(planned))
        else:
            change = planned._replace(met=True) if record.row in self._met else planned
            self._outbox.add(Step(change))

    def _start_writes(self) -> None:
        writer = self._sync.writer
        while writer and len(self._calls) < self._workers.size:
            more_to_come = bool(self._lookups or self._window.waiting or any(self._readings))
            job = self._outbox.take(writer.batch_size, more_to_come=more_to_come)
            if job is None:
                return
            self._start(job, partial(writer.write, job.kind, job.steps))

    def _delivered(self, job: WriteCall, answer: Answer) -> None:
        if isinstance(answer, Found):
            raise TypeError("a write was answered with contacts")
        came_to = self._settlement(job, answer)
        if self._sync.verifier:
            came_to = replace(came_to, results=self._unproved.hold(job.steps, came_to.results))
        for step, refusal in came_to.blocked:
            self._conclude(self._outbox.block(step, refusal, final=self._watch.stop is not None))
        self._conclude(came_to)
        self._outbox.repeat(job, answer, came_to.again)
        for step in came_to.met:
            self._met.add(step.change.record.row)
            self._outdate(self._window.resume(step.change.record))

    def _settlement(self, job: WriteCall, answer: Answers | Refused | Lost) -> Settled:
        """Read the answer to a write; if code stumbles over it, nothing is proved."""
        try:
            return settle(job.steps, answer, self._sync.rules.kinds)
        except Exception as error:  # noqa: BLE001 - one record never ends a run
            records = [step.change.record for step in job.steps]
            ends = [internal_error(each.row, each.key, error, "found in the answer") for each in records]
            return Settled(tuple(each._replace(outcome=Outcome.UNKNOWN) for each in ends))

    def _start_checks(self) -> None:
        verifier = self._sync.verifier
        while verifier and self._unproved and len(self._calls) < self._workers.size:
            size = verifier.batch_size
            if len(self._unproved) < size and self._calls:
                return  # a fuller call will be possible
            job = self._unproved.take(size)
            keys = tuple(key_after(change, self._sync.rules) for change, _ in job.written)
            names = {name for change, _ in job.written for name in change.outcome}
            self._start(job, partial(verifier.read, keys, names))

    def _checked(self, job: VerifyCall, answer: Answer) -> None:
        if isinstance(answer, Answers):
            raise TypeError("a look-up was answered with writes")
        for change, result in job.written:
            try:
                proved = verified(change, result, answer, self._sync.rules)
            except Exception as error:  # noqa: BLE001 - one record never ends a run
                proved = internal_error(result.row, result.key, error, "verified")
                proved = proved._replace(outcome=Outcome.UNKNOWN)
            self._outdate(self._end(proved))

    def _conclude(self, came_to: Settled) -> None:
        for result in came_to.results:
            self._outdate(self._end(result))
        for step in came_to.onward:
            self._outbox.add_next(step)

    def _outdate(self, claims: set[str]) -> None:
        """Let no look-up under way be believed about what was written meanwhile."""
        for reading in self._readings:
            reading.outdated.update(claims)

    # Calls and ends

    def _start(self, job: Call, call: Callable[[], Answer]) -> None:
        self._calls.append(job)
        self._workers.start(job, partial(self._carried_out, call))

    def _carried_out(self, call: Callable[[], Answer]) -> Answer:
        """Make a call; what it should never raise leaves its records with an outcome, too."""
        try:
            return call()
        except Exception as error:  # noqa: BLE001 - raised again when all that was read has its outcome
            self._broken = error
            return Lost(f"the call ended with {type(error).__name__}", sent=True)

    def _wait(self) -> None:
        finished = self._workers.finished()
        if finished:
            self._finish(*finished)
        elif not self._interrupted:
            self._interrupted = True
            if self._watch.stop is None:
                self._stop(INTERRUPTED)
        else:
            for job in tuple(self._calls):
                self._finish(job, Lost("the run was stopped before HubSpot answered", sent=True))

    def _stop(self, reason: str) -> None:
        self._watch.tell(reason)
        self._workers.cancel()
        self._abandon(reason)

    def _finish(self, job: Call, answer: Answer) -> None:
        self._calls = [each for each in self._calls if each is not job]
        self._watch.see(answer)
        if self._watch.stop and isinstance(answer, Lost) and not answer.sent:
            self._unsend(job)
        elif isinstance(job, ReadCall):
            self._looked_up(job, answer)
        elif isinstance(job, VerifyCall):
            self._checked(job, answer)
        else:
            self._delivered(job, answer)
        if self._broken and not self._watch.stop:
            self._watch.tell(f"a call ended with {type(self._broken).__name__}")
        if self._watch.stop:
            self._stop(self._watch.stop.reason)

    def _unsend(self, job: Call) -> None:
        """Take back a call that was not sent before the run stopped."""
        if isinstance(job, ReadCall):
            self._lookups.append(job.records)
        elif isinstance(job, VerifyCall):
            self._unproved.put_back(job)
        else:
            self._outbox.put_back(job)

    def _end(self, result: Result) -> set[str]:
        """End a record that was under way, and return what it had claimed.

        The rows of a merged one begin anew, one by one, if it may be about one of them.
        """
        self._met.discard(result.row)
        if (whole := self._window.merged(result.key)) is None:
            self._settled(result)
            claims = self._window.release(result.key)
        elif is_to_be_parted(result):
            claims = self._window.part(whole)
        else:
            for each in parted(whole, result):
                self._settled(each)
            claims = self._window.release(result.key)
        self._outbox.ended(result.row, claims)
        return claims

    def _abandon(self, reason: str) -> None:
        """End what was not sent when the run stopped."""
        refused, steps = self._outbox.drain()
        records = [record for chunk in self._lookups for record in chunk]
        self._lookups.clear()
        if self._unproved:
            unread = Lost(f"the run stopped: {reason}", sent=False)
            self._checked(self._unproved.take(len(self._unproved)), unread)
        for step in refused:
            what = halfway(step) or "its batch got no clear answer: "
            self._end(self._given_up(step.change.record, reason, what))
        for step in steps:
            self._end(self._given_up(step.change.record, reason, halfway(step)))
        for record in records:
            self._end(self._given_up(record, reason))
        for record in self._window.drain():
            self._settled(self._given_up(record, reason))

    def _given_up(self, record: Record, reason: str, what: str = "") -> Result:
        outcome = Outcome.UNKNOWN if what else Outcome.NOT_ATTEMPTED
        return Result(record.row, record.key, outcome, reason=f"{what}the run stopped: {reason}")


def _problem(portal: PortalSchema, record: Record, planned: Change) -> Result | None:
    """Return what the portal does not allow; of a merged record, in any of its rows."""
    found = (portal.check(part, part.properties) for part in record.parts)
    return portal.check(record, planned.outcome) or next(filter(None, found), None)


def _is_about_a_key(answer: Answer) -> bool:
    """Check whether a look-up was refused because of one of its keys, or of their number."""
    return isinstance(answer, Refused) and refused_as(answer.refusal.status) is Outcome.REJECTED
