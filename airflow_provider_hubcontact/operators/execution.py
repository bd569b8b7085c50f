"""One run of the operator: its settings become the parts of a sync, and the sync is driven."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from contextlib import contextmanager
from functools import partial
from itertools import chain, islice
from tempfile import TemporaryDirectory
from threading import Event
from typing import TYPE_CHECKING, NamedTuple

from airflow_provider_hubcontact.client import ConfigurationError, HubSpot, HubSpotError
from airflow_provider_hubcontact.client.errors import printable
from airflow_provider_hubcontact.hooks.hubspot import HubSpotHook
from airflow_provider_hubcontact.links.hubspot import PORTAL_URL
from airflow_provider_hubcontact.operators.assembly import Assembly
from airflow_provider_hubcontact.operators.contacts_port import Verifier
from airflow_provider_hubcontact.operators.errors import HubSpotSyncFailed
from airflow_provider_hubcontact.operators.interruption import held_back
from airflow_provider_hubcontact.operators.ledger_stores import store_of
from airflow_provider_hubcontact.operators.place import Place, place_of
from airflow_provider_hubcontact.operators.plans import (
    PlanWriter,
    check_guards,
    records_of_plan,
    totals_of,
)
from airflow_provider_hubcontact.operators.preflight import Preflight
from airflow_provider_hubcontact.operators.progress import Progress
from airflow_provider_hubcontact.operators.replay import PROBLEMS, replayed, shape_of
from airflow_provider_hubcontact.operators.rows import (
    Spool,
    UnusableSource,
    database,
    folder_of,
    query,
    records_of,
)
from airflow_provider_hubcontact.operators.settings import Settings
from airflow_provider_hubcontact.operators.watermark import Watermark, watermark_of
from airflow_provider_hubcontact.sync.jobs import Answer, Job
from airflow_provider_hubcontact.sync.ledger import Attempt, Ledger
from airflow_provider_hubcontact.sync.outcome import Outcome, Result
from airflow_provider_hubcontact.sync.plan import WOULD
from airflow_provider_hubcontact.sync.ports import Journal
from airflow_provider_hubcontact.sync.record import Shape
from airflow_provider_hubcontact.sync.report import Report
from airflow_provider_hubcontact.sync.validation import InvalidSchema
from airflow_provider_hubcontact.sync.watch import Stop
from airflow_provider_hubcontact.sync.workers import ThreadWorkers

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context, ObjectStoragePath

log = logging.getLogger(__name__)

FIRST_ROWS = 100
"""Rows that are looked at to guess the types of missing properties."""


class _Run(NamedTuple):
    hubspot: HubSpot
    assembly: Assembly
    report: Report


class _Memory(NamedTuple):
    settled: Callable[[Result], None]
    journal: Journal | None = None
    place: Place | None = None


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
        self._workers: ThreadWorkers[Job, Answer] | None = None
        self._total: int | None = None  # rows of the source
        self._examples: Sequence[object] = ()
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
        :raises HubSpotSyncFailed: if the task cannot work as it is set up.
        :raises HubSpotSyncIncomplete: if missing properties cannot be created now.
        """
        hook = HubSpotHook(self._task.hubspot_conn_id, self._task.api_version)
        try:
            self.watermark = watermark_of(self._task, self._context)
            with hook.get_conn() as hubspot, self._rows() as rows:
                return self._sync(hubspot, rows, report)
        except (ConfigurationError, InvalidSchema, UnusableSource) as error:
            # It may quote names of columns, and a traceback would show them as they are.
            raise HubSpotSyncFailed(printable(str(error))) from None

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
        self._ask_for_the_portal(hubspot, report)
        assembly = Assembly(self._task, hubspot, report)
        self._preflight(hubspot, assembly, rows, report)
        self._total = len(rows) if isinstance(rows, Sized) else None
        self._examples = [rows.examples] if isinstance(rows, Spool) else ()
        if self.watermark and rows is not None:
            rows = self.watermark.marked(rows)
        shape = assembly.shape()
        if self._task.records_from_ledger:
            wanted = self._task.outcomes or PROBLEMS
            rows, shape = (
                replayed(self._task.records_from_ledger, wanted, rows, shape),
                shape if rows is not None else shape_of(shape),
            )
        drive = partial(self._drive, _Run(hubspot, assembly, report))
        try:
            if report.dry_run and self._task.plan:
                return self._plan(hubspot, partial(drive, shape, rows or ()), report)
            with TemporaryDirectory(prefix="hubcontact-") as temporary:
                if self._task.plan:
                    rows = self._planned(folder_of(self._task.plan))
                elif self._is_guarded and not report.dry_run:
                    folder = folder_of(temporary)
                    stop = self._rehearse(hubspot, partial(drive, shape, rows or ()), report, folder)
                    if stop:
                        return stop
                    rows = self._allowed(folder, report)
                with self._ledger() as ledger, place_of(self._task, self._context, rows, report) as place:
                    memory = _Memory(report.add, ledger, place)
                    return drive(shape, rows or (), memory, writes=not report.dry_run)
        finally:
            report.seconds = time.monotonic() - started
            report.calls = hubspot.calls.to_dict()
            limit = hubspot.rate_limit
            report.quota = {"calls_in_10_seconds": limit.limit, "calls_left_today": limit.daily_remaining}

    def _preflight(
        self, hubspot: HubSpot, assembly: Assembly, rows: Iterable[object] | None, report: Report
    ) -> None:
        """Tell everything that is wrong at once, and what became of the records: nothing.

        :raises HubSpotSyncFailed: if anything is.
        """
        columns = rows.columns if isinstance(rows, Spool) else None
        total = len(rows) if isinstance(rows, Sized) else None
        problems = Preflight(self._task, hubspot, assembly.portal, columns, total).problems()
        if not problems:
            return
        key = self._task.key
        for row, source in enumerate(rows or (), 1):
            found = source.get(key) if isinstance(source, Mapping) else None
            reason = "the run did not begin: " + "; ".join(problems)
            report.add(
                Result(row, str(found or ""), Outcome.NOT_ATTEMPTED, category="PREFLIGHT", reason=reason)
            )
        raise HubSpotSyncFailed("\n".join(["Nothing was sent:", *(f"- {each}" for each in problems)]))

    @property
    def _is_guarded(self) -> bool:
        return self._task.max_changes is not None or self._task.max_creates is not None

    def _planned(self, folder: ObjectStoragePath) -> Iterable[object]:
        """Give the records of a plan that may be applied."""
        check_guards(totals_of(folder), self._task.max_changes, self._task.max_creates)
        return records_of_plan(folder, self._task.id_property)

    def _allowed(self, folder: ObjectStoragePath, report: Report) -> Iterable[object]:
        try:
            return self._planned(folder)
        except UnusableSource as error:
            for record in records_of_plan(folder, self._task.id_property):
                report.add(
                    Result(record.row, record.key, Outcome.NOT_ATTEMPTED, category="GUARD", reason=str(error))
                )
            raise

    def _plan(self, hubspot: HubSpot, drive: Callable[..., Stop | None], report: Report) -> Stop | None:
        """Write a plan instead of contacts."""
        writer = PlanWriter(folder_of(str(self._task.plan)))
        stop = drive(_Memory(report.add, writer), writes=False)
        if stop is None:
            report.plan = writer.finish(hubspot.rate_limit.limit)
        return stop

    def _rehearse(
        self, hubspot: HubSpot, drive: Callable[..., Stop | None], report: Report, folder: ObjectStoragePath
    ) -> Stop | None:
        """Find out what would be written, and give what would not its outcome already."""
        writer = PlanWriter(folder)

        def settled(result: Result) -> None:
            if result.category not in WOULD:
                report.add(result)

        stop = drive(_Memory(settled, writer), writes=False)
        if stop is None:
            report.plan = writer.finish(hubspot.rate_limit.limit)
        return stop

    def _drive(
        self, run: _Run, shape: Shape, rows: Iterable[object], memory: _Memory, *, writes: bool
    ) -> Stop | None:
        hubspot, assembly, report = run
        place = memory.place
        done = place.rows if place else 0
        if self.watermark and place:
            self.watermark.go_on(done, place.tally)
        first, remaining = _peeked(islice(rows, done, None))
        sync = assembly.sync(shape, [*first, *self._examples], writes=writes)

        def settled(result: Result) -> None:
            memory.settled(result)
            if place:
                place.settled(result)
            if self.watermark and result.category not in WOULD:
                self.watermark.settled(result)

        with (
            held_back(self.stop),
            Progress(report, hubspot, self._total),
            ThreadWorkers[Job, Answer](lambda: hubspot.at_once, hubspot.cancel) as workers,
        ):
            self._workers = workers
            if self._stopped.is_set():  # before there was something to stop
                workers.interrupt()
            stop = sync.run(chain(first, remaining), workers, settled, memory.journal, done + 1)
            report.stopped = stop.reason if stop else None
            if isinstance(sync.verifier, Verifier):
                report.verified = {"records": sync.verifier.records, "calls": sync.verifier.calls}
        return stop

    @contextmanager
    def _ledger(self) -> Iterator[Ledger | None]:
        if not self._task.ledger:
            yield None
            return
        store = store_of(self._task.ledger, self._attempt())
        values = self._task.ledger_values
        with Ledger(store, self._attempt(), self._task.policy, values=values, clock=time.monotonic) as ledger:
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
        """Ask for the portal's time zone: its daily quota is back at midnight there."""
        try:
            details = hubspot.account.details()
        except HubSpotError as error:
            log.warning("The portal's time zone cannot be read: %s", error)
            return
        hubspot.rate_limit.time_zone = details.time_zone
        report.portal = {"id": details.portal_id, "url": details.contacts_url}
        if ti := self._context.get("ti"):  # the command line has none
            ti.xcom_push(key=PORTAL_URL, value=details.contacts_url)
