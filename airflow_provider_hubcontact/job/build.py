"""From settings, and what the portal is, to the parts of a sync."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from airflow_provider_hubcontact.client import HubSpot, HubSpotError
from airflow_provider_hubcontact.client.properties import PropertyDefinition
from airflow_provider_hubcontact.job.errors import PortalNotReady
from airflow_provider_hubcontact.job.portal.contacts_port import (
    ContactsPort,
    LegacyContactsPort,
    ReadBack,
    port_of,
)
from airflow_provider_hubcontact.job.portal.definitions import (
    Portal,
    create_missing,
    missing,
    portal_of,
    settings_of,
)
from airflow_provider_hubcontact.job.preflight import schema_of
from airflow_provider_hubcontact.job.settings import Settings
from airflow_provider_hubcontact.printable import printable
from airflow_provider_hubcontact.sync.decide.lifecycle import STAGE, Stages
from airflow_provider_hubcontact.sync.decide.plan import Rules
from airflow_provider_hubcontact.sync.flow.engine import Sync
from airflow_provider_hubcontact.sync.keep.report import Report
from airflow_provider_hubcontact.sync.model.choices import Duplicates, Nulls, OnRegression, WriteMode
from airflow_provider_hubcontact.sync.rows.coercion import Coercer
from airflow_provider_hubcontact.sync.rows.comparison import Kind
from airflow_provider_hubcontact.sync.rows.json_schema import Schema
from airflow_provider_hubcontact.sync.rows.portal_schema import PortalSchema
from airflow_provider_hubcontact.sync.rows.record_mapping import RecordMapping
from airflow_provider_hubcontact.sync.rows.values import TimeForm


class SyncBuilder:
    """Puts the parts of a sync together.

    :param settings: what the run was asked to do.
    :param hubspot: the portal.
    :param report: is told which properties were created.
    """

    def __init__(self, settings: Settings, hubspot: HubSpot, report: Report) -> None:
        self._settings = settings
        self._hubspot = hubspot
        self._report = report
        self._missing: dict[str, PropertyDefinition] | None = None

    @cached_property
    def portal(self) -> Portal:
        """What the portal's properties are; asked for once."""
        return portal_of(self._hubspot.properties, rules=True)

    @cached_property
    def port(self) -> ContactsPort | LegacyContactsPort:
        """How contacts are read and written."""
        name = self._settings.key.property
        return port_of(self._hubspot, name, is_number=self.portal.kinds.get(name) is Kind.NUMBER)

    @property
    def lacking(self) -> dict[str, dict[str, Any]]:
        """Properties that the portal lacks, and that are to be created: name → definition."""
        return {name: settings_of(definition) for name, definition in (self._missing or {}).items()}

    def mapping(self) -> RecordMapping:
        """Return how rows become records."""
        asked = self._settings
        is_legacy = self._hubspot.api_version == "v1"
        return RecordMapping(
            key=asked.key.column,
            id_property=asked.key.property,
            mapping=asked.columns,
            becomes=asked.key.becomes,
            nulls=Nulls(asked.writes.nulls),
            time_form=TimeForm.MILLIS if is_legacy else TimeForm.ISO,
            timestamp=asked.writes.timestamp,
            unsent=frozenset(filter(None, [asked.source.watermark])),
            kinds=self.portal.kinds,
        )

    def sync(self, mapping: RecordMapping, first: Sequence[object], *, writes: bool) -> Sync:
        """Return the sync, once the portal is ready for it.

        :param first: the first rows: their types are those of the properties that are created.
        :param writes: whether anything is written.
        :raises PortalNotReady: if missing properties cannot be created.
        """
        asked, portal = self._settings, self.portal
        schema = schema_of(asked)
        allowed = self._prepare(mapping, first, schema, writes=writes)
        writes_stage = asked.columns is None or STAGE in asked.columns.values()
        modes = asked.writes.properties or {}
        rules = Rules(
            id_property=asked.key.property,
            create=asked.upsert,
            on_regression=OnRegression(asked.writes.stages),
            stages=portal.stages if writes_stage else Stages.default(),
            kinds=portal.kinds,
            modes={name: WriteMode(mode) for name, mode in modes.items()},
        )
        return Sync(
            mapping,
            rules,
            self.port,
            self.port if writes else None,
            coercer=Coercer(
                *(portal.kinds, self._report.coerced, asked.key.property, portal.padded),
                this_year=self._hubspot.clock.now().year,
            ),
            schema=schema,
            portal=allowed,
            once=asked.writes.duplicates == Duplicates.REJECT,
            verifier=ReadBack(self.port) if asked.verify and writes else None,
        )

    def _prepare(
        self, mapping: RecordMapping, first: Sequence[object], schema: Schema | None, *, writes: bool
    ) -> PortalSchema | None:
        """Create the properties that the portal lacks.

        :return: what the portal then allows.
        """
        wanted = self._settings.writes.create_properties
        if wanted:
            if self._missing is None:  # a guard pass has seen the source's own rows
                columns = [column for row in first for column in _columns(mapping, row)]
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


def _columns(mapping: RecordMapping, row: object) -> list[tuple[str, object]]:
    """Return a row's values with the names of their properties; of one that cannot be read none."""
    try:
        return list(mapping.columns(row)) if isinstance(row, Mapping) else []
    except Exception:  # noqa: BLE001 - a row may be of any class; its own outcome says what is wrong
        return []
