"""From a task's settings, and what its portal is, to the parts of a sync."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from airflow_provider_hubcontact.client import HubSpot, HubSpotError
from airflow_provider_hubcontact.client.properties import PropertyDefinition
from airflow_provider_hubcontact.job.contacts_port import ReadBack, port_of
from airflow_provider_hubcontact.job.errors import PortalNotReady
from airflow_provider_hubcontact.job.portal import Portal, create_missing, missing, portal_of, settings_of
from airflow_provider_hubcontact.job.preflight import schema_of
from airflow_provider_hubcontact.job.settings import Settings, is_true
from airflow_provider_hubcontact.printable import printable
from airflow_provider_hubcontact.sync.decide.lifecycle import STAGE, OnRegression, Stages
from airflow_provider_hubcontact.sync.decide.plan import Rules, WriteMode
from airflow_provider_hubcontact.sync.flow.engine import Sync
from airflow_provider_hubcontact.sync.keep.report import Report
from airflow_provider_hubcontact.sync.rows.coercion import Coercer
from airflow_provider_hubcontact.sync.rows.comparison import Kind
from airflow_provider_hubcontact.sync.rows.json_schema import Schema
from airflow_provider_hubcontact.sync.rows.portal_schema import PortalSchema
from airflow_provider_hubcontact.sync.rows.record_mapping import Nulls, RecordMapping
from airflow_provider_hubcontact.sync.rows.values import TimeForm


class Assembly:
    """Puts the parts of a run together.

    :param task: what it was asked to do.
    :param hubspot: the portal.
    :param report: is told which properties were created.
    """

    def __init__(self, task: Settings, hubspot: HubSpot, report: Report) -> None:
        self._task = task
        self._hubspot = hubspot
        self._report = report
        self._missing: dict[str, PropertyDefinition] | None = None
        self.planned: Mapping[str, Mapping[str, Any]] = {}
        """Properties that the portal lacked when the plan was made that is applied."""

    @cached_property
    def portal(self) -> Portal:
        """What the portal's properties are; asked for once."""
        return portal_of(self._hubspot.properties, rules=self._task.validate_against_portal)

    @property
    def lacking(self) -> dict[str, dict[str, Any]]:
        """Properties that the portal lacks, and that are to be created: name → definition."""
        return {name: settings_of(definition) for name, definition in (self._missing or {}).items()}

    def shape(self) -> RecordMapping:
        """Give how rows become records."""
        legacy = self._hubspot.api_version == "v1"
        return RecordMapping(
            key=self._task.key,
            id_property=self._task.id_property,
            mapping=self._task.mapping,
            nulls=Nulls(self._task.nulls),
            time_form=TimeForm.MILLIS if legacy else TimeForm.ISO,
            timestamp=self._task.timestamp,
            unsent=frozenset([self._task.watermark] if self._task.watermark else ()),
            kinds=self.portal.kinds,
        )

    def sync(self, shape: RecordMapping, first: Sequence[object], *, writes: bool) -> Sync:
        """Give the sync, once the portal is ready for it.

        :param first: the first rows: their types are those of the properties that are created.
        :param writes: whether anything is written.
        :raises PortalNotReady: if missing properties cannot be created.
        """
        task, hubspot = self._task, self._hubspot
        portal = self.portal
        is_number = portal.kinds.get(task.id_property) is Kind.NUMBER
        port = port_of(hubspot, task.id_property, is_number=is_number)
        schema = schema_of(task)
        allowed = self._prepare(shape, first, schema, writes=writes)
        writes_stage = task.mapping is None or STAGE in task.mapping.values()
        rules = Rules(
            id_property=task.id_property,
            create=task.mode == "upsert",
            on_regression=OnRegression(task.on_stage_regression),
            stages=portal.stages if writes_stage else Stages.default(),
            kinds=portal.kinds,
            modes={name: WriteMode(mode) for name, mode in (task.write_modes or {}).items()},
        )
        return Sync(
            shape,
            rules,
            port,
            port if writes else None,
            coercer=Coercer(
                *(portal.kinds, self._report.coerced, task.id_property, portal.padded),
                this_year=hubspot.clock.now().year,
            ),
            schema=schema,
            portal=allowed if task.validate_against_portal else None,
            once=task.duplicates == "reject",
            verifier=ReadBack(port) if task.verify else None,
        )

    def _prepare(
        self, shape: RecordMapping, first: Sequence[object], schema: Schema | None, *, writes: bool
    ) -> PortalSchema | None:
        """Create the properties that the portal lacks.

        :return: what the portal then allows.
        """
        wanted = self._task.create_missing_properties
        if not isinstance(wanted, Mapping):
            wanted = is_true(wanted)
        if wanted:
            if self._missing is None:  # a rehearsal has seen the source's own rows
                wanted = self.planned or wanted
                columns = [column for row in first for column in _columns(shape, row)]
                told = schema.properties if schema else {}
                self._missing = missing(columns, wanted, self.portal.definitions or (), told)
            self._report.properties_created = self._create(self._missing.values(), dry_run=not writes)
        return self.portal.schema((self._missing or {}).values())

    def _create(self, definitions: Iterable[PropertyDefinition], *, dry_run: bool) -> list[str]:
        try:
            return create_missing(self._hubspot.properties, definitions, dry_run=dry_run)
        except HubSpotError as error:
            message = printable(f"Missing properties cannot be created: {error}")
            raise PortalNotReady(message, may_pass=error.retryable) from None


def _columns(shape: RecordMapping, row: object) -> list[tuple[str, object]]:
    """Return a row's values with the names of their properties; of one that cannot be read none."""
    try:
        return list(shape.columns(row)) if isinstance(row, Mapping) else []
    except Exception:  # noqa: BLE001 - a row may be of any class; its own outcome says what is wrong
        return []
