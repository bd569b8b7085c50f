"""Drives the stations: source, shape, validate, fold, resolve, plan, deliver, settle."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from airflow_provider_hubcontact.sync.jobs import Answer, Job, Reading, Writing
from airflow_provider_hubcontact.sync.moves import EMAIL, Moves
from airflow_provider_hubcontact.sync.outcome import Outcome, Result, refused_as
from airflow_provider_hubcontact.sync.plan import Change, Rules, Write, blind, new_key, plan
from airflow_provider_hubcontact.sync.ports import Answers, Found, Lost, Reader, Refused, Step, Writer
from airflow_provider_hubcontact.sync.record import Record, Shape
from airflow_provider_hubcontact.sync.settle import (
    Retry,
    Settled,
    conclude,
    divide,
    halfway,
    halves,
    settle,
    unread,
)
from airflow_provider_hubcontact.sync.validation import Schema
from airflow_provider_hubcontact.sync.window import Window
from airflow_provider_hubcontact.sync.workers import Workers

WINDOW = 8_000
"""Records that may be under way at once: what folding sees, and what bounds memory."""

MAX_MOVES = 500
"""Changes of address that may wait for another contact at once."""

MAX_USELESS_CALLS = 5
"""Calls in a row that may stay without a usable answer, their retries included, before the run stops."""

_MAY_PASS = frozenset({Outcome.THROTTLED, Outcome.UNAVAILABLE})


@dataclass(frozen=True, slots=True)
class Sync:
    """The parts of a run.

    :param shape: how rows become records.
    :param rules: what the run was asked to do.
    :param reader: looks contacts up.
    :param writer: writes contacts; None for a dry run: what would be written ends ``not_attempted``.
    :param schema: what records must satisfy.
    :param fold: whether the last of several rows with one key wins; else the later ones are ``invalid``.
    :param window: records that may be under way at once.
    """

    shape: Shape
    rules: Rules
    reader: Reader
    writer: Writer | None
    schema: Schema | None = None
    fold: bool = True
    window: int = WINDOW

    def run(
        self,
        rows: Iterable[object],
        workers: Workers[Job, Answer],
        settled: Callable[[Result], None],
    ) -> str | None:
        """Take every row to its outcome.

        :param rows: the source; it is read no faster than HubSpot takes its records.
        :param workers: what carries the calls out.
        :param settled: called once for each row that was read, in this thread.
        :return: why the source was not read to its end, or None if it was.
        :raises Exception: what the source raised, once every row read before has its outcome.
        """
        return _Run(self, workers, settled).through(enumerate(rows, 1))


class _Run:
    """The state of a run. One thread touches it; only the calls run on others."""

    def __init__(self, sync: Sync, workers: Workers[Job, Answer], settled: Callable[[Result], None]) -> None:
        self._sync = sync
        self._workers = workers
        self._settled = settled
        self._window = Window(fold=sync.fold)
        self._stopped: str | None = None
        self._exhausted = False
        self._broken: Exception | None = None
        self._calls = 0  # under way
        self._readings: list[Reading] = []  # look-ups among them
        self._useless = 0  # calls since the last usable answer
        self._lookups: deque[tuple[Record, ...]] = deque()  # to be repeated in parts
        self._steps: dict[Write, deque[Step]] = {kind: deque() for kind in Write}
        self._again: deque[Writing] = deque()
        self._met: set[int] = set()  # rows whose creation met a contact
        self._moves = Moves()
        self._moved: set[int] = set()  # rows that have waited for an address

    def through(self, source: Iterator[tuple[int, object]]) -> str | None:
        while True:
            self._fill(source)
            self._start_writes()
            self._start_reads()
            if not self._calls:
                if not self._moves:
                    break
                self._send_again(self._moves.longest())
                continue
            self._finish(*self._workers.finished())
        if self._broken:
            raise self._broken
        return self._stopped

    # Source, shape, validate, fold

    def _fill(self, source: Iterator[tuple[int, object]]) -> None:
        while not self._stopped and not self._exhausted and len(self._window) < self._sync.window:
            item = self._next_row(source)
            if item is None:
                self._exhausted = True
            else:
                self._take(*item)
        self._plan_known()

    def _next_row(self, source: Iterator[tuple[int, object]]) -> tuple[int, object] | None:
        try:
            return next(source, None)
        except Exception as error:  # noqa: BLE001 - raised again when all that was read has its outcome
            self._broken = error
            return None

    def _take(self, row: int, values: object) -> None:
        shaped = self._sync.shape.record(row, values)
        if isinstance(shaped, Record):
            problem = self._sync.schema.check(shaped) if self._sync.schema else None
            shaped = problem or shaped
        result = shaped if isinstance(shaped, Result) else self._window.admit(shaped)
        if result:
            self._settled(result)

    # Resolve

    def _plan_known(self) -> None:
        """Plan at once what need not be looked up."""
        if self._sync.reader.always or self._sync.writer is None:
            return
        for record in self._window.take_known(self._sync.rules, self._met):
            if self._window.claim(record, None, self._sync.rules):
                self._go_on(record, blind(record, self._sync.rules))

    def _start_reads(self) -> None:
        while self._calls < self._workers.size and (records := self._next_lookup()):
            keys = tuple(dict.fromkeys(key for record in records for key in self._keys(record)))
            names = {name for record in records for name in record.properties}
            self._readings.append(Reading(records))
            self._start(self._readings[-1], partial(self._sync.reader.read, keys, names))

    def _next_lookup(self) -> tuple[Record, ...]:
        if self._lookups:
            return self._lookups.popleft()
        size = self._sync.reader.batch_size
        if self._window.waiting < size and self._calls and not self._exhausted:
            return ()  # a fuller call will be possible
        return self._window.take(size, self._sync.rules)

    def _keys(self, record: Record) -> tuple[str, ...]:
        key = new_key(record, self._sync.rules)
        return (record.key, key) if key else (record.key,)

    def _looked_up(self, job: Reading, answer: Answer) -> None:
        records = job.records
        if isinstance(answer, Found):
            for record in records:
                self._resolve(record, answer, job.outdated)
        elif isinstance(answer, Refused) and answer.status == 400 and len(records) > 1:
            self._lookups.extend(halves(records))
        elif isinstance(answer, Refused | Lost):
            for record in records:
                self._end(unread(record, answer))
        else:
            raise TypeError(f"a look-up was answered with {type(answer).__name__}")

    def _resolve(self, record: Record, found: Found, outdated: set[str]) -> None:
        keys = self._keys(record)
        silent = [key for key in keys if key not in found.contacts and key not in found.missing]
        if silent:
            reason = f"HubSpot answered the look-up, but does not mention {silent[0]}"
            self._end(Result(record.row, record.key, Outcome.UNKNOWN, 200, reason=reason))
            return
        stored = next((found.contacts[key] for key in keys if key in found.contacts), None)
        if self._window.claim(record, stored, self._sync.rules, outdated):
            self._go_on(record, plan(record, found.contacts, self._sync.rules))

    # Plan, deliver, settle

    def _go_on(self, record: Record, planned: Change | Result) -> None:
        if isinstance(planned, Result):
            self._end(planned)
        elif self._sync.writer is None:
            reason = f"dry run: would {planned.write}"
            result = Result(record.row, record.key, Outcome.NOT_ATTEMPTED, category="DRY_RUN", reason=reason)
            self._end(result._replace(changes=planned.diff()))
        else:
            change = planned._replace(met=True) if record.row in self._met else planned
            self._steps[change.write].append(Step(change))

    def _start_writes(self) -> None:
        writer = self._sync.writer
        while writer and self._calls < self._workers.size and (job := self._next_write(writer.batch_size)):
            self._start(job, partial(writer.write, job.kind, job.steps))

    def _next_write(self, size: int) -> Writing | None:
        if self._again:
            return self._again.popleft()
        more_to_come = self._readings or self._lookups or self._window.waiting
        for kind, steps in self._steps.items():
            if len(steps) >= size or (steps and not more_to_come):
                return Writing(kind, tuple(steps.popleft() for _ in range(min(size, len(steps)))))
        return None

    def _delivered(self, job: Writing, answer: Answer) -> None:
        if isinstance(answer, Found):
            raise TypeError("a write was answered with contacts")
        came_to = settle(job.steps, answer)
        for step, refusal in came_to.blocked:
            self._block(step, refusal)
        self._conclude(came_to)
        retries = list(came_to.again)
        if job.others:
            innocent = isinstance(answer, Answers) and not answer.faults and not retries
            retries.append(divide(job.others) if innocent else Retry(job.others))
        self._again.extend(
            Writing(job.kind, each.steps, repeated=True, others=each.others) for each in retries
        )
        for step in came_to.met:
            self._met.add(step.change.record.row)
            self._outdate(self._window.resume(step.change.record))

    def _conclude(self, came_to: Settled) -> None:
        for result in came_to.results:
            self._outdate(self._end(result))
        for step in came_to.onward:
            if self._moves.gave_up(step):
                self._send_again(self._moves.freed(step.change.address))
            else:
                self._steps[step.change.write].append(step)

    def _block(self, step: Step, refusal: Refused) -> None:
        """Let a change of address wait once for the contact that has it."""
        holder = str(refusal.existing_id)
        if step.change.record.row in self._moved or self._stopped:
            address = step.properties[EMAIL]
            reason = f"the new {EMAIL} {address} belongs to another contact ({holder})"
            self._conclude(conclude((step,), replace(refusal, category="KEY_TAKEN", message=reason)))
            return
        clearing = self._moves.block(step, holder)
        if clearing:
            self._steps[clearing.change.write].append(clearing)
        self._send_again(self._moves.longest(MAX_MOVES))

    def _send_again(self, waited: Iterable[Step]) -> None:
        """Send changes of address that have waited once more; what they waited for may be done."""
        for step in waited:
            self._moved.add(step.change.record.row)
            self._steps[step.change.write].append(step)

    def _outdate(self, claims: set[str]) -> None:
        """Let no look-up under way be believed about what was written meanwhile."""
        for reading in self._readings:
            reading.outdated.update(claims)

    # Calls and ends

    def _start(self, job: Job, call: Callable[[], Answer]) -> None:
        self._calls += 1
        self._workers.start(job, call)

    def _finish(self, job: Job, answer: Answer) -> None:
        self._calls -= 1
        self._watch(answer)
        if self._stopped and isinstance(answer, Lost) and not answer.sent:
            self._unsend(job)
        elif isinstance(job, Reading):
            self._readings = [reading for reading in self._readings if reading is not job]
            self._looked_up(job, answer)
        else:
            self._delivered(job, answer)
        if self._stopped:
            self._workers.cancel()
            self._abandon()

    def _unsend(self, job: Job) -> None:
        """Take back a call that was not sent before the run stopped."""
        if isinstance(job, Reading):
            self._readings = [reading for reading in self._readings if reading is not job]
            self._lookups.append(job.records)
        elif job.repeated:
            self._again.append(job)
        else:
            self._steps[job.kind].extend(job.steps)

    def _watch(self, answer: Answer) -> None:
        """Stop the run when no later call can fare better."""
        if isinstance(answer, Found | Answers):
            self._useless = 0
            return
        reason = answer.reason if isinstance(answer, Lost) else answer.message
        useless = isinstance(answer, Lost) or refused_as(answer.status) in _MAY_PASS
        self._useless = self._useless + 1 if useless else 0
        if isinstance(answer, Refused) and answer.stops:
            self._stopped = self._stopped or reason or f"HubSpot answered {answer.status}"
        elif self._useless >= MAX_USELESS_CALLS:
            self._stopped = self._stopped or f"{self._useless} calls in a row failed, the last one: {reason}"

    def _end(self, result: Result) -> set[str]:
        """Give a record that was under way its outcome, and tell what it had claimed."""
        self._settled(result)
        self._met.discard(result.row)
        self._moved.discard(result.row)
        claims = self._window.release(result.key)
        if self._moves:
            for claim in claims:
                if claim.startswith("contact "):
                    self._moves.ended(claim.removeprefix("contact "))
                    self._send_again(self._moves.freed(claim.removeprefix("contact ")))
        return claims

    def _abandon(self) -> None:
        """End what was not sent when the run stopped."""
        blocked = self._moves.drain()
        refused = [step for job in self._again for step in (*job.steps, *job.others)]
        steps = [step for queue in self._steps.values() for step in queue]
        records = [record for chunk in self._lookups for record in chunk]
        for queue in self._steps.values():
            queue.clear()
        self._again.clear()
        self._lookups.clear()
        for step in refused:
            self._end(self._given_up(step.change.record, halfway(step) or "its batch got no clear answer: "))
        for step in (*steps, *blocked):
            self._end(self._given_up(step.change.record, halfway(step)))
        for record in records:
            self._end(self._given_up(record))
        for record in self._window.drain():
            self._settled(self._given_up(record))

    def _given_up(self, record: Record, what: str = "") -> Result:
        outcome = Outcome.UNKNOWN if what else Outcome.NOT_ATTEMPTED
        return Result(record.row, record.key, outcome, reason=f"{what}the run stopped: {self._stopped}")
