"""One run of the operator: its settings become the parts of a sync, and the sync is driven."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import Any, Protocol

from airflow.providers.common.compat.sdk import BaseHook

from airflow_provider_hubcontact.client import ConfigurationError, HubSpot, HubSpotError
from airflow_provider_hubcontact.hooks.hubspot import HubSpotHook
from airflow_provider_hubcontact.operators.contacts_port import port_of
from airflow_provider_hubcontact.operators.errors import HubSpotSyncFailed, HubSpotSyncIncomplete
from airflow_provider_hubcontact.operators.progress import Progress
from airflow_provider_hubcontact.operators.properties import Portal, create_missing, portal_of
from airflow_provider_hubcontact.operators.rows import Spool, UnusableSource, query, records_of
from airflow_provider_hubcontact.sync.engine import Sync
from airflow_provider_hubcontact.sync.jobs import Answer, Job
from airflow_provider_hubcontact.sync.lifecycle import STAGE, OnRegression, Stages
from airflow_provider_hubcontact.sync.plan import Rules
from airflow_provider_hubcontact.sync.record import Nulls, Shape, TimeForm
from airflow_provider_hubcontact.sync.report import Report
from airflow_provider_hubcontact.sync.validation import InvalidSchema, Schema
from airflow_provider_hubcontact.sync.workers import ThreadWorkers

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
    create_missing_properties: bool | Mapping[str, Mapping[str, Any]]
    timestamp: str | None
    api_version: str | None


class Execution:
    """A run of one task.

    :param task: what it was asked to do.
    """

    def __init__(self, task: Settings) -> None:
        self._task = task

    def run(self, report: Report) -> None:
        """Sync the records.

        :param report: counts what becomes of them.
        :raises HubSpotSyncFailed: if the task cannot work as it is set up.
        :raises HubSpotSyncIncomplete: if missing properties cannot be created now.
        """
        hook = HubSpotHook(self._task.hubspot_conn_id, self._task.api_version)
        try:
            with hook.get_conn() as hubspot, self._rows() as rows:
                self._sync(hubspot, rows, report)
        except (ConfigurationError, InvalidSchema, UnusableSource) as error:
            raise HubSpotSyncFailed(str(error)) from error

    @contextmanager
    def _rows(self) -> Iterator[Iterable[object]]:
        if self._task.sql is None:
            yield records_of(self._task.records)
            return
        from airflow.providers.common.sql.hooks.sql import DbApiHook  # it brings pandas along

        hook = BaseHook.get_connection(str(self._task.sql_conn_id)).get_hook()
        if not isinstance(hook, DbApiHook):
            raise UnusableSource(f"the connection {self._task.sql_conn_id} is no SQL database")
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

    def _sync(self, hubspot: HubSpot, rows: Iterable[object], report: Report) -> None:
        started = time.monotonic()
        report.api_version = hubspot.api_version
        self._learn_when_the_day_ends(hubspot)
        shape = self._shape(hubspot)
        sync = self._assemble(hubspot, shape, dry_run=report.dry_run)
        remaining = iter(rows)
        first = list(islice(remaining, FIRST_ROWS))
        try:
            report.properties_created = self._create_properties(hubspot, shape, first, dry_run=report.dry_run)
            total = len(rows) if isinstance(rows, Sized) else None
            with (
                Progress(report, hubspot, total),
                ThreadWorkers[Job, Answer](lambda: hubspot.at_once, hubspot.cancel) as workers,
            ):
                report.stopped = sync.run(chain(first, remaining), workers, report.add)
        finally:
            report.seconds = time.monotonic() - started
            report.calls = hubspot.calls.to_dict()

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

    def _assemble(self, hubspot: HubSpot, shape: Shape, *, dry_run: bool) -> Sync:
        port = port_of(hubspot, self._task.id_property)
        writes_stage = self._task.mapping is None or STAGE in self._task.mapping.values()
        compares = writes_stage or port.always
        portal = portal_of(hubspot.properties) if compares else Portal(Stages.default(), {})
        rules = Rules(
            id_property=self._task.id_property,
            create=self._task.mode == "upsert",
            on_regression=OnRegression(self._task.on_stage_regression),
            stages=portal.stages if writes_stage else Stages.default(),
            kinds=portal.kinds,
        )
        source = _read(self._task.schema) if isinstance(self._task.schema, Path) else self._task.schema
        schema = None if source is None else Schema.of(source)
        fold = self._task.duplicates == "last"
        return Sync(shape, rules, port, None if dry_run else port, schema, fold)

    def _create_properties(
        self, hubspot: HubSpot, shape: Shape, first: Sequence[object], *, dry_run: bool
    ) -> list[str]:
        wanted = self._task.create_missing_properties
        if not isinstance(wanted, Mapping):
            wanted = is_true(wanted)
        if not wanted:
            return []
        columns = [column for row in first if isinstance(row, Mapping) for column in shape.columns(row)]
        try:
            return create_missing(hubspot.properties, columns, wanted, dry_run=dry_run)
        except HubSpotError as error:
            raised = HubSpotSyncIncomplete if error.retryable else HubSpotSyncFailed
            raise raised(f"Missing properties cannot be created: {error}") from error


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
