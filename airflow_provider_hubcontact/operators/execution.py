"""One run of the operator: its settings become the parts of a sync, and the sync is driven."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import chain, islice
from threading import Event
from typing import TYPE_CHECKING, NamedTuple

from airflow_provider_hubcontact.client import ConfigurationError, HubSpot, HubSpotError
from airflow_provider_hubcontact.hooks.hubspot import HubSpotHook
from airflow_provider_hubcontact.job.build import Assembly
from airflow_provider_hubcontact.job.contacts_port import ReadBack
from airflow_provider_hubcontact.job.errors import PortalNotReady, SourceError
from airflow_provider_hubcontact.job.guards import GuardPass, check_guards, guard_pass
from airflow_provider_hubcontact.job.plans.files import PlanWriter, totals_of, verified
from airflow_provider_hubcontact.job.plans.lines import SpooledLines, spooled_lines
from airflow_provider_hubcontact.job.preflight import Preflight
from airflow_provider_hubcontact.job.progress import Progress
from airflow_provider_hubcontact.job.replay import PROBLEMS, replayed, shape_of
from airflow_provider_hubcontact.job.settings import Settings
from airflow_provider_hubcontact.job.signals import held_back
from airflow_provider_hubcontact.job.source_columns import SourceColumns
from airflow_provider_hubcontact.job.watermark import Watermark
from airflow_provider_hubcontact.links.hubspot import PORTAL_URL
from airflow_provider_hubcontact.operators.errors import HubSpotSyncFailed, HubSpotSyncIncomplete
from airflow_provider_hubcontact.operators.sources.queries import database, query
from airflow_provider_hubcontact.operators.sources.records import records_of
from airflow_provider_hubcontact.operators.sources.spool import Spool
from airflow_provider_hubcontact.operators.stores.folders import folder_of
from airflow_provider_hubcontact.operators.stores.ledger_files import all_lines, store_of
from airflow_provider_hubcontact.operators.stores.marks import watermark_of
from airflow_provider_hubcontact.operators.stores.task_state import checkpoint_of
from airflow_provider_hubcontact.printable import printable, printable_logger
from airflow_provider_hubcontact.sync.decide.plan import DRY_RUN_CATEGORIES
from airflow_provider_hubcontact.sync.flow.calls import Answer, Call
from airflow_provider_hubcontact.sync.flow.engine import FLUSH_EVERY
from airflow_provider_hubcontact.sync.flow.workers import ThreadWorkers
from airflow_provider_hubcontact.sync.keep.checkpoint import Checkpoint
from airflow_provider_hubcontact.sync.keep.ledger import Attempt, Ledger
from airflow_provider_hubcontact.sync.keep.report import Report
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result, Stop
from airflow_provider_hubcontact.sync.model.ports import Journal
from airflow_provider_hubcontact.sync.rows.json_schema import InvalidSchema
from airflow_provider_hubcontact.sync.rows.record_mapping import RecordMapping

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

log = printable_logger(__name__)

FIRST_ROWS = 100
"""Rows that are looked at to guess the types of missing properties."""


class _Run(NamedTuple):
    hubspot: HubSpot
    assembly: Assembly
    report: Report
    ledger: Ledger | None

    def end(self, result: Result) -> None:
        """Give a record an outcome that no write led to."""
        if self.ledger:
            self.ledger.settled(result)
            if result.row % FLUSH_EVERY == 0:
                self.ledger.flush()
        self.report.add(result)


class _Memory(NamedTuple):
    settled: Callable[[Result], None]
    journal: Journal | None = None
    checkpoint: Checkpoint | None = None
    is_final: bool = True


def _peeked(rows: Iterator[object]) -> tuple[list[object], Iterator[object]]:
    """Give the first rows, and then the others; if the source breaks off before, it does so after these."""
    first: list[object] = []
    try:
        first.extend(islice(rows, FIRST_ROWS))
    except Exception as error:  # noqa: BLE001 - raised again when the rows before have been read
        return first, _raising(error)
    return first, rows


def _raising(error: Exception) -> Iterator[object]:
    raise error
    yield


class Execution:
    """A run of one task.

    :param task: what it was asked to do.
    :param context: Airflow's.
    :param goes_on: whether the try goes on after having waited without a worker.
    """

    def __init__(self, task: Settings, context: Context, *, goes_on: bool = False) -> None:
        self._task = task
        self._goes_on = goes_on
        self._context = context
        self._stopped = Event()
        self._workers: ThreadWorkers[Call, Answer] | None = None
        self._total: int | None = None  # rows of the source
        self._examples: Sequence[object] = ()
        self._columns = SourceColumns(task)
        self.watermark: Watermark | None = None

    def stop(self) -> None:
        """Send nothing more, and account for what was sent; from any thread, or a signal's handler."""
        self._stopped.set()
        if self._workers:
            self._workers.interrupt()

    def run(self, report: Report) -> Stop | None:
        """Sync the records.

        :param report: counts what becomes of them.
        :return: why it ended before the source did, if so.
        :raises HubSpotSyncFailed: if the task cannot work as it is set up, or its connection does not lead to
            HubSpot, whatever the policy says of the records' outcomes.
        :raises HubSpotSyncIncomplete: if missing properties cannot be created now.
        """
        hook = HubSpotHook(self._task.hubspot_conn_id, self._task.api_version)
        try:
            self.watermark = watermark_of(self._task, self._context)
            with hook.get_conn() as hubspot, self._rows() as rows:
                stop = self._sync(hubspot, rows, report)
        except (ConfigurationError, InvalidSchema, SourceError) as error:
            # It may quote names of columns, and a traceback would show them as they are.
            raise HubSpotSyncFailed(printable(str(error))) from None
        except PortalNotReady as error:
            raise (HubSpotSyncIncomplete if error.may_pass else HubSpotSyncFailed)(str(error)) from None
        if stop and stop.setup:
            raise HubSpotSyncFailed(printable(f"The run stopped: {stop.reason}"))
        return stop

    @contextmanager
    def _rows(self) -> Iterator[Iterable[object] | None]:
        if self._task.sql is None:
            yield None if self._task.records is None else records_of(self._task.records)
            return
        hook = database(str(self._task.sql_conn_id))
        sql, parameters = self._task.sql, self._task.parameters
        if self.watermark:
            sql, parameters = self.watermark.since_query(sql, parameters, hook.placeholder)
        with query(hook, sql, parameters) as spool:
            log.info("The query returned %s rows.", f"{len(spool):,}")
            yield spool

    def _sync(self, hubspot: HubSpot, rows: Iterable[object] | None, report: Report) -> Stop | None:
        started = time.monotonic()
        report.api_version = hubspot.api_version
        report.ledger = self._task.ledger
        try:
            with self._ledger() as ledger:
                return self._go(_Run(hubspot, Assembly(self._task, hubspot, report), report, ledger), rows)
        finally:
            report.seconds = time.monotonic() - started
            report.calls = hubspot.calls.to_dict()
            limit = hubspot.rate_limit
            report.quota = {"calls_in_10_seconds": limit.limit, "calls_left_today": limit.daily_remaining}

    def _go(self, run: _Run, rows: Iterable[object] | None) -> Stop | None:
        self._preflight(run, rows)
        if rows is not None and iter(rows) is rows:
            rows = self._columns.watched(rows)
        self._total = len(rows) if isinstance(rows, Sized) else None
        self._examples = [rows.examples] if isinstance(rows, Spool) else ()
        sequence = rows  # what a checkpoint counts the rows of
        if self.watermark and rows is not None:
            rows = self.watermark.marked(rows)
        shape = run.assembly.shape()
        if self._task.records_from_ledger:
            wanted = self._task.outcomes or PROBLEMS
            rows, shape = (
                replayed(
                    all_lines(self._task.records_from_ledger),
                    self._task.records_from_ledger,
                    wanted,
                    rows,
                    shape,
                ),
                shape if rows is not None else shape_of(shape),
            )
            sequence = rows
        drive = partial(self._drive, run, shape)
        if run.report.dry_run and self._task.plan:
            return self._plan(run, partial(drive, rows or ()))
        with ExitStack() as kept:
            if self._task.plan:
                rows = sequence = self._planned(run, kept.enter_context(spooled_lines()))
            elif self._is_guarded and not run.report.dry_run:
                counted = kept.enter_context(guard_pass(run.ledger))
                if stop := self._count(run, counted, partial(drive, rows or ())):
                    return stop
                rows = sequence = counted.rows
            since = self.watermark.since if self.watermark else None
            with checkpoint_of(self._task, self._context, sequence, run.report, since) as checkpoint:
                memory = _Memory(run.report.add, run.ledger, checkpoint)
                return drive(rows or (), memory, writes=not run.report.dry_run)

    def _preflight(self, run: _Run, rows: Iterable[object] | None) -> None:
        """Tell everything that is wrong at once, and what became of the records: nothing.

        :raises HubSpotSyncFailed: if anything is.
        """
        columns = rows.columns if isinstance(rows, Spool) else None
        total = len(rows) if isinstance(rows, Sized) else None
        try:
            self._ask_for_the_portal(run.hubspot, run.report)
            problems = Preflight(self._task, run.hubspot, run.assembly.portal, columns, total).problems()
            if rows is not None and iter(rows) is not rows and not isinstance(rows, Spool):
                self._columns.look(rows)
                problems += map(printable, self._columns.problems())
        except ConfigurationError as error:
            problems = [printable(str(error))]
        if not problems:
            return
        shape = RecordMapping(self._task.key, self._task.id_property)
        for row, source in enumerate(rows or (), 1):
            key = shape.key_of(source) or ""
            reason = "the run did not begin: " + "; ".join(problems)
            run.end(Result(row, key, Outcome.NOT_ATTEMPTED, category="PREFLIGHT", reason=reason))
        raise HubSpotSyncFailed("\n".join(["Nothing was sent:", *(f"- {each}" for each in problems)]))

    @property
    def _is_guarded(self) -> bool:
        return self._task.max_changes is not None or self._task.max_creates is not None

    def _planned(self, run: _Run, lines: SpooledLines) -> Iterable[object]:
        """Return the records of the plan to apply: nothing but what was verified.

        :raises SourceError: if the plan is not whole, or the guards do not allow it.
        """
        plan = verified(folder_of(str(self._task.plan)), lines)
        run.assembly.planned = plan.totals["properties"]
        run.report.plan = told = plan.told()
        log.info(
            "The plan of %s is whole: %s changes and %s creates; its digest is %s.",
            *(told["made"], f"{told['changes']:,}", f"{told['creates']:,}", told["sha256"]),
        )
        records = partial(lines.records, self._task.id_property, checked=True)
        try:
            check_guards(told, self._task.max_changes, self._task.max_creates)
        except SourceError as error:
            for record in records():
                if run.ledger:
                    run.ledger.earlier(record)  # it is to know which record this is
                reason = str(error)
                run.end(
                    Result(record.row, record.key, Outcome.NOT_ATTEMPTED, category="GUARD", reason=reason)
                )
            raise
        return records()

    def _count(self, run: _Run, counted: GuardPass, drive: Callable[..., Stop | None]) -> Stop | None:
        """Find out how much the run would write.

        :return: why that stopped, if it did; then every row that was read has its outcome.
        :raises SourceError: if it is more than the guards allow; then likewise.
        """
        reason: str | None = "the run stopped before it wrote: its source broke off"
        try:
            stop = drive(_Memory(lambda _: None, counted, is_final=False), writes=False)
            reason = f"the run stopped before it wrote: {stop.reason}" if stop else None
            totals = totals_of(counted.totals, run.hubspot.rate_limit.limit)
            run.report.plan = {**totals, "sha256": None}
            if stop is None:
                check_guards(totals, self._task.max_changes, self._task.max_creates)
        except SourceError as error:
            reason = str(error)
            raise
        finally:
            if run.ledger:
                run.ledger.begin_anew()
            for result in counted.given_up(reason) if reason else ():
                run.end(result)
        return stop

    def _plan(self, run: _Run, drive: Callable[..., Stop | None]) -> Stop | None:
        """Write a plan instead of contacts."""
        writer = PlanWriter(folder_of(str(self._task.plan)))
        stop = drive(_Memory(run.report.add, writer), writes=False)
        if stop is None:
            run.report.plan = writer.finish(run.hubspot.rate_limit.limit, run.assembly.lacking)
        return stop

    def _drive(
        self, run: _Run, shape: RecordMapping, rows: Iterable[object], memory: _Memory, *, writes: bool
    ) -> Stop | None:
        hubspot, assembly, report, _ = run
        checkpoint = memory.checkpoint
        done = checkpoint.rows if checkpoint else 0
        if self.watermark and checkpoint:
            self.watermark.go_on(done, checkpoint.tally)
        first, remaining = _peeked(islice(rows, done, None))
        ended: Iterator[object] = iter(())
        remaining = chain(first, remaining)
        if done and self._task.duplicates == "reject":  # their keys count; rows can be read twice here
            remaining = iter(rows)
            ended = islice(remaining, done)
        sync = assembly.sync(shape, [*first, *self._examples], writes=writes)

        def settled(result: Result) -> None:
            memory.settled(result)
            if checkpoint:
                checkpoint.settled(result)
            if self.watermark and memory.is_final and result.category not in DRY_RUN_CATEGORIES:
                self.watermark.settled(result)

        with (
            held_back(self.stop),
            Progress(report, hubspot, self._total),
            ThreadWorkers[Call, Answer](lambda: hubspot.at_once, hubspot.cancel) as workers,
        ):
            self._workers = workers
            if self._stopped.is_set():  # before there was something to stop
                workers.interrupt()
            stop = sync.run(remaining, workers, settled, memory.journal, ended=ended, first=done + 1)
            report.stopped = printable(stop.reason) if stop else None
            if isinstance(sync.verifier, ReadBack):
                report.verified = {"records": sync.verifier.records, "calls": sync.verifier.calls}
        if stop is None and (problems := self._columns.problems()):
            raise SourceError("; ".join(problems))
        for warning in self._columns.warnings() if stop is None else ():
            log.warning("%s", warning)
        return stop

    @contextmanager
    def _ledger(self) -> Iterator[Ledger | None]:
        if not self._task.ledger:
            yield None
            return
        attempt, policy, values = self._attempt(), self._task.policy, self._task.ledger_values
        with (
            store_of(self._task.ledger, attempt) as store,
            Ledger(store, attempt, policy, values=values) as ledger,
        ):
            yield ledger

    def _attempt(self) -> Attempt:
        ti = self._context["ti"]
        return Attempt(
            f"{ti.dag_id}/{ti.run_id}",
            ti.task_id,
            -1 if ti.map_index is None else ti.map_index,
            ti.try_number,
            self._goes_on,
        )

    def _ask_for_the_portal(self, hubspot: HubSpot, report: Report) -> None:
        """Ask for the portal's time zone: its daily quota is back at midnight there.

        :raises ConfigurationError: if the connection does not lead to HubSpot.
        """
        try:
            details = hubspot.account.details()
        except ConfigurationError:
            raise
        except HubSpotError as error:
            log.warning("The portal's time zone cannot be read: %s", error)
            return
        hubspot.rate_limit.time_zone = details.time_zone
        report.portal = {"id": details.portal_id, "url": details.contacts_url}
        if ti := self._context.get("ti"):  # the command line has none
            ti.xcom_push(key=PORTAL_URL, value=details.contacts_url)
