"""One run of the operator: its settings become the parts of a sync, and the sync is driven."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from airflow.providers.common.compat.sdk import BaseHook, ObjectStoragePath

from airflow_provider_hubcontact.client import ConfigurationError, HubSpot, HubSpotError
from airflow_provider_hubcontact.client.properties import PropertyDefinition
from airflow_provider_hubcontact.hooks.hubspot import HubSpotHook
from airflow_provider_hubcontact.operators.contacts_port import Verifier, port_of
from airflow_provider_hubcontact.operators.errors import HubSpotSyncFailed, HubSpotSyncIncomplete
from airflow_provider_hubcontact.operators.interruption import held_back
from airflow_provider_hubcontact.operators.ledger_stores import LedgerFiles, LedgerTable
from airflow_provider_hubcontact.operators.place import Place, place_of
from airflow_provider_hubcontact.operators.progress import Progress
from airflow_provider_hubcontact.operators.properties import Portal, create_missing, missing, portal_of
from airflow_provider_hubcontact.operators.replay import PROBLEMS, replayed, shape_of
from airflow_provider_hubcontact.operators.rows import Spool, UnusableSource, query, records_of
from airflow_provider_hubcontact.sync.comparison import Kind
from airflow_provider_hubcontact.sync.engine import Sync
from airflow_provider_hubcontact.sync.jobs import Answer, Job
from airflow_provider_hubcontact.sync.ledger import Attempt, Ledger, LedgerStore
from airflow_provider_hubcontact.sync.lifecycle import STAGE, OnRegression, Stages
from airflow_provider_hubcontact.sync.outcome import Result
from airflow_provider_hubcontact.sync.plan import Rules, WriteMode
from airflow_provider_hubcontact.sync.policy import Policy
from airflow_provider_hubcontact.sync.portal import PortalSchema
from airflow_provider_hubcontact.sync.record import Nulls, Shape, TimeForm
from airflow_provider_hubcontact.sync.report import Report
from airflow_provider_hubcontact.sync.validation import InvalidSchema, Schema
from airflow_provider_hubcontact.sync.watch import Stop
from airflow_provider_hubcontact.sync.workers import ThreadWorkers

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context
    from airflow.providers.common.sql.hooks.sql import DbApiHook

log = logging.getLogger(__name__)

FIRST_ROWS = 100
"""Rows that are looked at to guess the types of missing properties."""


class Settings(Protocol):
    """The operator's parameters, rendered."""

    records: Any
    sql: str | None
    sql_conn_id: str | None
    parameters: Mapping[str, Any] | Sequence[Any] | None
    hubspot_conn_id: str
    mapping: Mapping[str, str] | None
    key: str
    id_property: str
    schema: str | Path | None
    nulls: str
    duplicates: str
    on_stage_regression: str
    mode: str
    write_modes: Mapping[str, str] | None
    validate_against_portal: bool
    create_missing_properties: bool | Mapping[str, Mapping[str, Any]]
    timestamp: str | None
    api_version: str | None
    verify: bool
    ledger: str | None
    ledger_table: str | None
    ledger_conn_id: str | None
    ledger_values: bool
    records_from_ledger: str | None
    outcomes: Sequence[str] | None
    policy: Policy


class _Memory(NamedTuple):
    report: Report
    ledger: Ledger | None
    place: Place | None


class Execution:
    """A run of one task.

    :param task: what it was asked to do.
    :param context: Airflow's.
    """

    def __init__(self, task: Settings, context: Context) -> None:
        self._task = task
        self._context = context
        self._stopped = Event()
        self._workers: ThreadWorkers[Job, Answer] | None = None

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
            with hook.get_conn() as hubspot, self._rows() as rows:
                return self._sync(hubspot, rows, report)
        except (ConfigurationError, InvalidSchema, UnusableSource) as error:
            raise HubSpotSyncFailed(str(error)) from error

    @contextmanager
    def _rows(self) -> Iterator[Iterable[object] | None]:
        if self._task.sql is None:
            yield None if self._task.records is None else records_of(self._task.records)
            return
        hook = self._database(str(self._task.sql_conn_id))
        with query(hook, self._task.sql, self._task.parameters) as spool:
            self._check_columns(spool)
            log.info("The query returned %s rows.", f"{len(spool):,}")
            yield spool

    def _check_columns(self, spool: Spool) -> None:
        task = self._task
        needed = (task.key, *(task.mapping or ()), *((task.timestamp,) if task.timestamp else ()))
        missing = [column for column in needed if column not in spool.columns]
        if missing:
            raise UnusableSource(
                f"the query returns no column {', '.join(missing)}; it returns {', '.join(spool.columns)}"
            )

    def _sync(self, hubspot: HubSpot, rows: Iterable[object] | None, report: Report) -> Stop | None:
        started = time.monotonic()
        report.api_version = hubspot.api_version
        self._learn_when_the_day_ends(hubspot)
        shape = self._shape(hubspot)
        if self._task.records_from_ledger:
            wanted = self._task.outcomes or PROBLEMS
            folder = ObjectStoragePath(self._task.records_from_ledger)
            rows, shape = (
                replayed(folder, wanted, rows, shape),
                shape if rows is not None else shape_of(shape),
            )
        try:
            with self._ledger() as ledger, place_of(self._task, self._context, rows, report) as place:
                return self._drive(hubspot, shape, rows or (), _Memory(report, ledger, place))
        finally:
            report.seconds = time.monotonic() - started
            report.calls = hubspot.calls.to_dict()

    def _drive(self, hubspot: HubSpot, shape: Shape, rows: Iterable[object], memory: _Memory) -> Stop | None:
        report, ledger, place = memory
        done = place.rows if place else 0
        remaining = islice(rows, done, None)
        first = list(islice(remaining, FIRST_ROWS))
        sync = self._assemble(hubspot, shape, first, report)
        total = len(rows) if isinstance(rows, Sized) else None

        def settled(result: Result) -> None:
            report.add(result)
            if place:
                place.settled(result)

        with (
            held_back(self.stop),
            Progress(report, hubspot, total),
            ThreadWorkers[Job, Answer](lambda: hubspot.at_once, hubspot.cancel) as workers,
        ):
            self._workers = workers
            if self._stopped.is_set():  # before there was something to stop
                workers.interrupt()
            stop = sync.run(chain(first, remaining), workers, settled, ledger, done + 1)
            report.stopped = stop.reason if stop else None
            if isinstance(sync.verifier, Verifier):
                report.verified = {"records": sync.verifier.records, "calls": sync.verifier.calls}
        return stop

    @contextmanager
    def _ledger(self) -> Iterator[Ledger | None]:
        store = self._ledger_store()
        if store is None:
            yield None
            return
        values = self._task.ledger_values
        with Ledger(store, self._attempt(), self._task.policy, values=values, clock=time.monotonic) as ledger:
            yield ledger

    def _ledger_store(self) -> LedgerStore | None:
        task = self._task
        if task.ledger:
            return LedgerFiles(ObjectStoragePath(task.ledger), self._attempt())
        if task.ledger_table:
            return LedgerTable(self._database(str(task.ledger_conn_id)), task.ledger_table, self._attempt())
        return None

    def _attempt(self) -> Attempt:
        ti = self._context["ti"]
        return Attempt(
            f"{ti.dag_id}/{ti.run_id}",
            ti.task_id,
            -1 if ti.map_index is None else ti.map_index,
            ti.try_number,
        )

    def _database(self, conn_id: str) -> DbApiHook:
        from airflow.providers.common.sql.hooks.sql import DbApiHook  # it brings pandas along

        hook = BaseHook.get_connection(conn_id).get_hook()
        if not isinstance(hook, DbApiHook):
            raise UnusableSource(f"the connection {conn_id} is no SQL database")
        return hook

    def _learn_when_the_day_ends(self, hubspot: HubSpot) -> None:
        """Ask for the portal's time zone: its daily quota is back at midnight there."""
        try:
            hubspot.rate_limit.time_zone = hubspot.account.details().time_zone
        except HubSpotError as error:
            log.warning("The portal's time zone cannot be read: %s", error)

    def _shape(self, hubspot: HubSpot) -> Shape:
        legacy = hubspot.api_version == "v1"
        if legacy and self._task.id_property != "email":
            raise UnusableSource("the legacy API finds contacts by email only: id_property must be email")
        if self._task.mapping is not None:
            _check_mapping(self._task.mapping)
        if self._task.mode == "upsert" and self._task.id_property == "hs_object_id":
            raise UnusableSource("a contact cannot be created with a record id: upsert by email")
        if self._task.timestamp and not legacy:
            raise UnusableSource("only the legacy API carries a timestamp: set api_version to v1 or drop it")
        return Shape(
            key=self._task.key,
            id_property=self._task.id_property,
            mapping=self._task.mapping,
            nulls=Nulls(self._task.nulls),
            time_form=TimeForm.MILLIS if legacy else TimeForm.ISO,
            timestamp=self._task.timestamp,
        )

    def _assemble(self, hubspot: HubSpot, shape: Shape, first: Sequence[object], report: Report) -> Sync:
        task = self._task
        port = port_of(hubspot, task.id_property)
        portal = portal_of(hubspot.properties)
        schema = self._prepare(hubspot, portal, shape, first, report)
        writes_stage = task.mapping is None or STAGE in task.mapping.values()
        rules = Rules(
            id_property=task.id_property,
            create=task.mode == "upsert",
            on_regression=OnRegression(task.on_stage_regression),
            stages=portal.stages if writes_stage else Stages.default(),
            kinds=portal.kinds,
            modes=_modes(task.write_modes, portal),
        )
        source = _read(task.schema) if isinstance(task.schema, Path) else task.schema
        return Sync(
            shape,
            rules,
            port,
            None if report.dry_run else port,
            schema=None if source is None else Schema.of(source),
            portal=schema if task.validate_against_portal else None,
            fold=task.duplicates == "last",
            verifier=Verifier(port) if task.verify else None,
        )

    def _prepare(
        self, hubspot: HubSpot, portal: Portal, shape: Shape, first: Sequence[object], report: Report
    ) -> PortalSchema | None:
        """Create the properties that the portal lacks, or say which these are.

        :return: what the portal then allows.
        """
        wanted = self._task.create_missing_properties
        if not isinstance(wanted, Mapping):
            wanted = is_true(wanted)
        columns = [column for row in first if isinstance(row, Mapping) for column in shape.columns(row)]
        new: dict[str, PropertyDefinition] = {}
        if wanted:
            new = missing(columns, wanted, portal.definitions or ())
            report.properties_created = self._create(hubspot, new.values(), dry_run=report.dry_run)
        schema = portal.schema(new.values())
        if schema and self._task.validate_against_portal and self._task.mapping is not None:
            _check_names(schema, self._task.mapping.values())
        return schema

    def _create(
        self, hubspot: HubSpot, definitions: Iterable[PropertyDefinition], *, dry_run: bool
    ) -> list[str]:
        try:
            return create_missing(hubspot.properties, definitions, dry_run=dry_run)
        except HubSpotError as error:
            raised = HubSpotSyncIncomplete if error.retryable else HubSpotSyncFailed
            raise raised(f"Missing properties cannot be created: {error}") from error


def _modes(wanted: Mapping[str, str] | None, portal: Portal) -> Mapping[str, WriteMode]:
    if not isinstance(wanted or {}, Mapping) or not set((wanted or {}).values()) <= set(WriteMode):
        raise UnusableSource(f"write_modes is property → {', '.join(WriteMode)}, not {wanted!r:.200}")
    modes = {name: WriteMode(mode) for name, mode in (wanted or {}).items() if mode != WriteMode.OVERWRITE}
    for name, mode in modes.items():
        if mode is WriteMode.APPEND and portal.kinds.get(name, Kind.OPTIONS) is not Kind.OPTIONS:
            raise UnusableSource(f"only multiple checkboxes can be appended to, {name} is none")
    return modes


def _check_names(schema: PortalSchema, names: Iterable[str]) -> None:
    """Fail before the first record if no record could be written."""
    unknown = schema.missing(names)
    if unknown:
        named = ", ".join(
            f"{name} (the nearest is {closest})" if closest else name for name, closest in unknown.items()
        )
        raise UnusableSource(
            f"the portal has no property {named}: correct the mapping, or set create_missing_properties"
        )


def _check_mapping(mapping: object) -> None:
    if not isinstance(mapping, Mapping) or not all(isinstance(name, str) for name in mapping.values()):
        raise UnusableSource(f"mapping is column → property, not {mapping!r:.200}")
    names = list(mapping.values())
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UnusableSource(f"mapping has two columns for {', '.join(twice)}")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UnusableSource(f"the schema {path} cannot be read: {error}") from error


def is_true(value: object) -> bool:
    """Read a flag that a template may have rendered to text."""
    text = str(value).strip().lower()
    if text not in {"true", "false", "1", "0", ""}:
        raise HubSpotSyncFailed(f"dry_run is true or false, not {value!r}")
    return text in {"true", "1"}
