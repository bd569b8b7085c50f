"""What every kind of run shares: portal, ledger, report, and how rows are driven through a sync."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from contextlib import closing, contextmanager, nullcontext, suppress
from dataclasses import replace
from functools import cached_property
from itertools import chain, islice
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from airflow_provider_hubcontact.client import ConfigurationError, HubSpot, HubSpotError
from airflow_provider_hubcontact.clock import Clock
from airflow_provider_hubcontact.job.build import SyncBuilder
from airflow_provider_hubcontact.job.checks.preflight import LEGACY, Preflight
from airflow_provider_hubcontact.job.errors import (
    PortalNotReady,
    PreflightError,
    RunStopped,
    SourceError,
    StateError,
)
from airflow_provider_hubcontact.job.files.spool import Spool
from airflow_provider_hubcontact.job.leaving import leave_lists
from airflow_provider_hubcontact.job.portal.contacts_port import ReadBack, port_of
from airflow_provider_hubcontact.job.portal.lists_port import ListsPort
from airflow_provider_hubcontact.job.progress import Progress
from airflow_provider_hubcontact.job.settings.problems import can_be_opened, problems_of
from airflow_provider_hubcontact.job.settings.settings import Settings
from airflow_provider_hubcontact.job.settings.source import Source
from airflow_provider_hubcontact.job.signals import StopSignal, held_back
from airflow_provider_hubcontact.job.source.columns import EmptyRows, SourceColumns
from airflow_provider_hubcontact.job.source.letter_case import LetterCase
from airflow_provider_hubcontact.job.source.replay import replayed, shape_of
from airflow_provider_hubcontact.job.source.rows import peeked, rows_of
from airflow_provider_hubcontact.job.source.watermark import Watermark
from airflow_provider_hubcontact.job.state.announcing import announce
from airflow_provider_hubcontact.job.state.of_run import StateOfRun
from airflow_provider_hubcontact.job.surroundings import RunWorkers, Surroundings
from airflow_provider_hubcontact.printable import printable, printable_logger
from airflow_provider_hubcontact.sync.decide.plan import DRY_RUN_CATEGORIES
from airflow_provider_hubcontact.sync.decide.policy import Policy
from airflow_provider_hubcontact.sync.flow.engine import FLUSH_EVERY, Sync
from airflow_provider_hubcontact.sync.keep.checkpoint import Checkpoint, digest
from airflow_provider_hubcontact.sync.keep.ledger import Ledger
from airflow_provider_hubcontact.sync.keep.report import Report
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result, Stop
from airflow_provider_hubcontact.sync.model.ports import Journal, UnknownList
from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.sync.rows.keys import RECORD_ID
from airflow_provider_hubcontact.sync.rows.record_mapping import RecordMapping

if TYPE_CHECKING:
    from airflow_provider_hubcontact.job.state.members import ListLeavers
    from airflow_provider_hubcontact.job.state.removals import Removals

log = printable_logger(__name__)


class Ended(NamedTuple):
    """How a run ended.

    :param stop: why it did so before its source, if it did.
    :param policy: how its outcomes become the task's.
    :param watermark: to be moved once the outcomes are final.
    :param warnings: a sentence for each thing that may be wrong with the source.
    """

    stop: Stop | None
    policy: Policy
    watermark: Watermark | None = None
    warnings: Sequence[str] = ()


class Rows(NamedTuple):
    """What a run reads.

    :param rows: of the source, as far as they are wanted.
    :param mapping: how they become records.
    :param sequence: the rows that a checkpoint counts; None if they cannot be read again.
    """

    rows: Iterable[object]
    mapping: RecordMapping
    sequence: Iterable[object] | None = None


class Memory(NamedTuple):
    """What remembers the results of a pass over the rows.

    :param settled: called once for each row.
    :param journal: knows those of earlier tries, too.
    :param checkpoint: where the pass begins.
    :param is_final: whether the rows have their outcomes after it.
    """

    settled: Callable[[Result], None]
    journal: Journal | None = None
    checkpoint: Checkpoint | None = None
    is_final: bool = True


class Run:
    """One try of a job.

    :param settings: what it was asked to do.
    :param around: where it takes place.
    :param report: counts what becomes of the records.
    :param signal: may end it from outside.
    :param hubspot: the portal.
    :param rows: of the source; None if they come from a ledger or a plan.
    :param ledger: keeps every result; None without one.
    :param watermark: leaves older rows out; None without one.
    :ivar examples: values that the columns of the source have, if it is known.
    """

    def __init__(
        self,
        settings: Settings,
        around: Surroundings,
        report: Report,
        signal: StopSignal,
        hubspot: HubSpot,
        rows: Iterable[object] | None,
        ledger: Ledger | None,
        watermark: Watermark | None,
    ) -> None:
        self.settings = settings
        self.around = around
        self.report = report
        self.hubspot = hubspot
        self.ledger = ledger
        self.watermark = watermark
        self.builder = SyncBuilder(settings, hubspot, report)
        self._state = StateOfRun(
            settings, around, keeps=rows is not None or settings.source.replay is not None
        )
        self._signal = signal
        self._rows = rows
        self._total: int | None = None  # rows of the source
        self.examples: Sequence[object] = ()
        self._warnings: list[str] = []
        self._lists: ListsPort | None = None

    @cached_property
    def _columns(self) -> SourceColumns:
        return SourceColumns(self.settings)

    def ended(self, stop: Stop | None) -> Ended:
        """Return how the run ended.

        :raises RunStopped: if it stopped for a reason that concerns every record.
        """
        if stop and stop.setup:
            raise RunStopped(printable(f"The run stopped: {stop.reason}"))
        return Ended(stop, self.settings.policy, self.watermark, self._warnings)

    @property
    def leavers(self) -> Removals | None:
        """Knows the rows that left the source; None if they are left alone, or the state is not open."""
        return self._state.leavers

    @property
    def list_leavers(self) -> ListLeavers | None:
        """Knows who leaves lists; None if nobody does, or the state is not open."""
        return self._state.list_leavers

    def warn(self, warning: str) -> None:
        """Log something that may be wrong with the source, and tell it at the end."""
        self._warnings.append(printable(warning))
        log.warning("%s", self._warnings[-1])

    def end(self, result: Result) -> None:
        """Take a record to an outcome that no write led to."""
        if self.ledger:
            self.ledger.settled(result)
            if result.row % FLUSH_EVERY == 0:
                self.ledger.flush()
        self.report.add(result)

    def open_state(self) -> None:
        """Claim the state, or look at it if nothing is written.

        :raises StateError: if it cannot be used; then all records end ``not_attempted``.
        """
        if self.settings.state is None:
            return  # and the portal is not asked how large its calls are
        try:
            told = self._state.open(
                *(self.hubspot, self.report.portal, self.builder.port.batch_size),
                knows_properties=self.builder.portal.definitions is not None,
                writes=not self.report.dry_run,
                target=self._lists.target if self._lists else str,
                name_of=self._lists.name_of if self._lists else str,
            )
        except StateError as error:
            self._give_up("STATE", str(error))
            raise
        self.report.state = told
        if self._lists:
            self._lists.kept = self._state.members

    def open_lists(self) -> None:
        """Ask for the portal's lists, if the settings name any.

        :raises PortalNotReady: if they cannot be read; then all records end ``not_attempted``.
        """
        try:
            self._lists = self.builder.lists
        except HubSpotError as error:
            message = printable(f"the portal's lists cannot be read: {error}")
            self._give_up("PREFLIGHT", message)
            raise PortalNotReady(message, may_pass=error.retryable) from None

    def close(self) -> None:
        """Release the state, if the run has one."""
        if self._lists:
            self.report.name_lists(self._lists.name_of, self._lists.created)
            self._lists.close()
        if told := self._state.close():
            self.report.state = told

    def preflight(self) -> None:
        """Look for everything that is wrong, and end all records ``not_attempted`` if anything is.

        :raises PreflightError: if anything is.
        :raises PortalNotReady: if texts cannot be read, since the portal's properties cannot be read now.
        """
        if problems := self._problems(self._rows):
            self.refuse(problems)
        name, portal = self.settings.values.need_properties, self.builder.portal
        if name and portal.definitions is None and portal.may_pass:
            why = f"values.{name} needs the portal's properties, which cannot be read now"
            self._give_up("PREFLIGHT", why)
            raise PortalNotReady(why, may_pass=True)

    def refuse(self, problems: Sequence[str]) -> NoReturn:
        """End all records ``not_attempted``.

        :param problems: why the run cannot begin, a printable sentence each.
        :raises PreflightError: with these.
        """
        self._give_up("PREFLIGHT", "; ".join(problems))
        raise PreflightError(problems)

    def _give_up(self, category: str, why: str) -> None:
        """End all records ``not_attempted``."""
        reason = f"the run did not start: {why}"
        mapping = RecordMapping(self.settings.key.column, self.settings.key.property)
        with suppress(SourceError):  # of a ledger or a watermark: which rows were meant cannot be told
            for row, source in enumerate(self._meant(mapping), 1):
                key = mapping.key_of(source) or ""
                self.end(Result(row, key, Outcome.NOT_ATTEMPTED, category=category, reason=reason))

    def _meant(self, mapping: RecordMapping) -> Iterable[object]:
        """Return the rows of the source that the run would send: the others are not its business."""
        rows, replay = self._rows, self.settings.source.replay
        if rows is None:
            return ()
        if self.watermark:
            rows = self.watermark.marked(rows)
        return replayed(self.around.ledger_lines(replay.path), replay, rows, mapping) if replay else rows

    def prepared(self) -> Rows:
        """Return what is to be read of the source, after the preflight.

        :raises PreflightError: if anything is wrong.
        :raises PortalNotReady: if the portal's lists cannot be read.
        :raises StateError: if the state cannot be used.
        :raises SourceError: if the ledger to send again is not there.
        """
        self.preflight()
        self.open_lists()
        self.open_state()
        rows = self._rows
        if rows is not None and iter(rows) is rows:
            rows = self._columns.watched(rows)
        self._total = len(rows) if isinstance(rows, Sized) else None
        self.examples = [rows.examples] if isinstance(rows, Spool) else ()
        if why := self._state.looks_all_up:
            announce(why, self._total, self.hubspot.rate_limit, self.builder.port.batch_size)
        sequence = rows
        if self.watermark and rows is not None:
            rows = self.watermark.marked(rows)
        mapping = self.builder.checks.mapping()
        if replay := self.settings.source.replay:
            lines = self.around.ledger_lines(replay.path)
            chosen = replayed(lines, replay, rows, mapping)
            return Rows(chosen, mapping if rows is not None else shape_of(mapping))
        return Rows(rows or (), mapping, sequence)

    def write(self, rows: Rows, journal: Journal | None = None) -> Stop | None:
        """Take every row to its outcome, from where an earlier try has stopped.

        :param journal: remembers the results; the ledger if None.
        :return: why the source was not read to its end, if so.
        """
        with self._checkpoint(rows.sequence) as checkpoint:
            memory = Memory(self.report.add, journal or self.ledger, checkpoint)
            return self.drive(rows, memory, writes=not self.report.dry_run)

    def drive(self, rows: Rows, memory: Memory, *, writes: bool) -> Stop | None:
        """Drive rows through a sync.

        :param memory: gets the results.
        :param writes: whether contacts are written.
        :return: why the source was not read to its end, if so.
        :raises SourceError: if no row has any column that is to be sent.
        """
        done = memory.checkpoint.rows if memory.checkpoint else 0
        if self.watermark and memory.checkpoint:
            self.watermark.go_on(done, memory.checkpoint.tally)
        first, remaining = peeked(islice(rows.rows, done, None))
        ended: Iterator[object] = iter(())
        remaining = chain(first, remaining)
        if done and self.settings.writes.duplicates == "reject":  # their keys count; rows can be read again
            remaining = iter(rows.rows)
            ended = islice(remaining, done)
        sync = self.builder.sync(rows.mapping, [*first, *self.examples], writes=writes)
        if proofs := self._state.proofs(self.builder.definitions, writes=writes):
            sync = replace(sync, proofs=proofs, audit=self._state.audit())
        with self._pass_over(sync) as workers:
            settled = self._settled(memory)
            stop = sync.run(remaining, workers, settled, self._journal(memory), ended=ended, first=done + 1)
            self.report.stopped = printable(stop.reason) if stop else None
            self._tell_of_upserts()
        if stop is None:
            self._tell_of_columns(is_final=memory.is_final)
        self._state.passed(completed=stop is None and writes)
        return stop

    def remove(
        self,
        leavers: Removals,
        records: Iterable[Record | Result],
        settled: Callable[[Result], None],
        journal: Journal,
    ) -> Stop | None:
        """Remove the contacts of rows that left the source.

        :param leavers: knows these rows.
        :param records: a record for each, with its record id as the key, and numbers after the source's rows;
            or the result of one that is not removed.
        :param settled: called with the result of each.
        :param journal: remembers the results.
        :return: why that stopped early, if so.
        """
        writes = not self.report.dry_run
        proofs = self._state.proofs_of_gone(writes=writes)
        sync = replace(self.builder.removal(leavers, writes=writes), proofs=proofs)
        stop = self.go_through(sync, records, settled, journal)
        self._state.passed(completed=stop is None and writes)
        return stop

    def archive(self, records: Iterable[Record], settled: Callable[[Result], None]) -> Stop | None:
        """Archive contacts that still have the values that a plan saw.

        :param records: have their record ids as keys.
        :param settled: called with the result of each.
        :return: why that stopped early, if so.
        """
        writes = not self.report.dry_run
        proofs = self._state.proofs(self.builder.definitions, writes=writes)
        sync = replace(self.builder.archiving(writes=writes), proofs=proofs)
        return self.go_through(sync, records, settled, self.ledger)

    def go_through(
        self,
        sync: Sync,
        records: Iterable[Record | Result],
        settled: Callable[[Result], None],
        journal: Journal | None,
    ) -> Stop | None:
        """Take records through a sync that is not the source's.

        :param settled: called with the result of each.
        :param journal: remembers the results; None for nothing.
        :return: why that stopped early, if so.
        """
        with self._pass_over(sync) as workers:
            stop = sync.run(records, workers, settled, journal)
            self.report.stopped = printable(stop.reason) if stop else None
        return stop

    def leave(self, first: int, settled: Callable[[Result], None]) -> Stop | None:
        """Let contacts leave lists that no row names for them any more.

        :param first: number of the first of them, after the rows of the source.
        :param settled: called with the result of each.
        :return: why that stopped early, if so.
        """
        lists, leavers = self._lists, self.list_leavers
        if lists is None or leavers is None:
            return None
        with held_back(self._signal.stop), self.around.workers(self.hubspot) as workers:
            self._signal.reaches(workers)
            stop = leave_lists(lists, leavers, port_of(self.hubspot, RECORD_ID), first, settled)
        self.report.stopped = printable(stop.reason) if stop else self.report.stopped
        return stop

    @contextmanager
    def _pass_over(self, sync: Sync) -> Iterator[RunWorkers]:
        """Open what carries out the calls of a pass, and count what it has verified."""
        with (
            held_back(self._signal.stop),
            Progress(self.report, self.hubspot, self._total, self.around.beside),
            self.around.workers(self.hubspot) as workers,
        ):
            self._signal.reaches(workers)
            yield workers
            if isinstance(sync.verifier, ReadBack) and (sync.verifies is None or sync.verifier.records):
                earlier = self.report.verified or {"records": 0, "calls": 0}
                self.report.verified = {
                    "records": earlier["records"] + sync.verifier.records,
                    "calls": earlier["calls"] + sync.verifier.calls,
                }

    def _tell_of_upserts(self) -> None:
        refusal = self.builder.port.upsert_refusal
        if refusal is None:
            return
        self.report.upsert_refused = refusal
        log.warning("%s, so the contacts were looked up.", refusal)

    def _journal(self, memory: Memory) -> Journal | None:
        return EmptyRows(self.report, memory.journal) if memory.is_final else memory.journal

    def _settled(self, memory: Memory) -> Callable[[Result], None]:
        def settled(result: Result) -> None:
            memory.settled(result)
            if memory.checkpoint:
                memory.checkpoint.settled(result)
            if self.watermark and memory.is_final and result.category not in DRY_RUN_CATEGORIES:
                self.watermark.settled(result)
            if self.leavers and memory.is_final:
                self.leavers.settled(result)

        return settled

    def _tell_of_columns(self, *, is_final: bool) -> None:
        if problems := self._columns.problems():
            raise SourceError("; ".join(problems))
        if not is_final:
            return
        self._warnings += map(printable, self._columns.warnings())
        if few := self.report.without_values:
            self._warnings.append(f"{few:,} of {self.report.rows:,} rows have nothing to send but their key.")
        for warning in self._warnings:
            log.warning("%s", warning)

    def _problems(self, rows: Iterable[object] | None) -> list[str]:
        total = len(rows) if isinstance(rows, Sized) else None
        try:
            self._ask_for_the_portal()
            rows, doubts = self._named(rows)
            columns = rows.columns if isinstance(rows, Spool) else None
            writes = not self.report.dry_run
            preflight = Preflight(
                *(self.settings, self.hubspot, self.builder.portal, columns, total),
                writes=writes,
                owners=self.builder.owners,
            )
            problems = [*doubts, *preflight.problems(), *self._problems_of_lists()]
        except ConfigurationError as error:
            return [printable(str(error))]
        if columns is not None:
            self._columns.take(columns)
        elif rows is not None and iter(rows) is not rows:
            self._columns.look(rows)
        if columns is None or self.settings.columns is None:  # else the preflight has told what is missing
            problems += map(printable, self._columns.problems())
        return problems

    def _problems_of_lists(self) -> Iterator[str]:
        """Look at the list that the settings name."""
        asked = self.settings.lists
        if asked is None or asked.name is None or self.hubspot.api_version == LEGACY:
            return
        with suppress(HubSpotError):  # it is told when the lists are opened
            try:
                if lists := self.builder.lists:
                    lists.target(asked.name.strip())
            except UnknownList as error:
                yield printable(f"lists: {error}")

    def _named(self, rows: Iterable[object] | None) -> tuple[Iterable[object] | None, list[str]]:
        """Give columns the names that settings and properties have for them, whatever their letters' case is.

        :return: the rows, and a printable sentence for each name that may be several columns.
        """
        if rows is None:
            return rows, []
        names = LetterCase(self.settings, self.builder.portal.definitions)
        self._rows = names.fitted(rows)
        return self._rows, [*map(printable, names.problems)]

    def _ask_for_the_portal(self) -> None:
        """Ask for the portal's time zone: its daily quota is back at midnight there.

        :raises ConfigurationError: if the connection does not lead to HubSpot.
        """
        try:
            details = self.hubspot.account.details()
        except ConfigurationError:
            raise
        except HubSpotError as error:
            log.warning("The portal's time zone cannot be read: %s", error)
            return
        self.hubspot.rate_limit.time_zone = details.time_zone
        self.report.portal = {"id": details.portal_id, "url": details.contacts_url}
        self.around.on_portal(details)

    @contextmanager
    def _checkpoint(self, rows: Iterable[object] | None) -> Iterator[Checkpoint | None]:
        """Open the checkpoint of the task; None if it cannot have one.

        It can if something outlives a try, no ledger or state knows more, and the rows can be read again.
        """
        store = self.around.task_state()
        is_readable = rows is not None and iter(rows) is not rows
        asked = self.settings
        knows_more = asked.ledger or asked.state
        if store is None or knows_more or not is_readable or self.report.dry_run:
            yield None
            return
        since = self.watermark.since if self.watermark else None
        try:
            how = asked.key, asked.upsert, asked.writes, asked.values, asked.json_schema, asked.lists
            source = digest(rows or (), asked.mapping, *how, since)
        except Exception:  # noqa: BLE001 - a row may be of any class, and hold anything
            log.info("The rows cannot be hashed, so a retry starts with the first one.")
            yield None
            return
        checkpoint = Checkpoint(store, source, asked.policy, self.hubspot.clock)
        self.report.resume(checkpoint.tally)
        try:
            yield checkpoint
        finally:
            checkpoint.keep()


@contextmanager
def opened(
    settings: Settings,
    around: Surroundings,
    report: Report,
    signal: StopSignal,
    source: Source | None,
    *,
    keeps_results: bool = True,
) -> Iterator[Run]:
    """Open all that a run needs, and close it.

    :param source: where its rows come from; None if they come from a plan.
    :param keeps_results: whether the ledger that the settings name gets the results.
    :raises PreflightError: if a setting is not valid.
    :raises ConfigurationError: if the connection cannot be used.
    :raises SourceError: if source, watermark or ledger cannot be used.
    """
    problems = [printable(each) for each in problems_of(settings)]
    if problems and not can_be_opened(settings):
        raise PreflightError(problems)
    watermark = None
    if source and source.watermark:
        watermark = Watermark(source.watermark, around.mark_store(settings), settings.policy)
    with around.client() as hubspot, rows_of(source, around, watermark) as rows:
        clock = hubspot.clock
        started = clock.monotonic()
        report.api_version = hubspot.api_version
        try:
            with _ledger(settings, around, report, clock) if keeps_results else nullcontext() as ledger:
                run = Run(settings, around, report, signal, hubspot, rows, ledger, watermark)
                if problems:
                    run.refuse(problems)
                with closing(run):
                    yield run
        finally:
            report.seconds = clock.monotonic() - started
            report.calls = hubspot.calls.to_dict()
            limit = hubspot.rate_limit
            report.quota = {"calls_in_10_seconds": limit.limit, "calls_left_today": limit.daily_remaining}


@contextmanager
def _ledger(
    settings: Settings, around: Surroundings, report: Report, clock: Clock
) -> Iterator[Ledger | None]:
    if settings.ledger is None:
        yield None
        return
    report.ledger = settings.ledger.path
    with (
        around.ledger(settings.ledger.path) as store,
        Ledger(
            store,
            around.attempt,
            settings.policy,
            values=settings.ledger.values,
            reads=settings.state is None,
            clock=clock,
        ) as ledger,
    ):
        yield ledger
