# SPDX-License-Identifier: Apache-2.0
"""How rows become records, and what is checked of them before a call is spent on their contacts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from airflow_provider_hubcontact.client.properties import PropertyDefinition
from airflow_provider_hubcontact.clock import SYSTEM_CLOCK, Clock
from airflow_provider_hubcontact.job.checks.preflight import schema_of
from airflow_provider_hubcontact.job.portal.definitions import Portal, missing
from airflow_provider_hubcontact.job.settings.settings import Settings
from airflow_provider_hubcontact.job.settings.values import Values
from airflow_provider_hubcontact.sync.keep.report import Report
from airflow_provider_hubcontact.sync.model.choices import Nulls
from airflow_provider_hubcontact.sync.rows.coercion import Coercer
from airflow_provider_hubcontact.sync.rows.comparison import kind_of
from airflow_provider_hubcontact.sync.rows.json_schema import Schema
from airflow_provider_hubcontact.sync.rows.portal_schema import PortalSchema
from airflow_provider_hubcontact.sync.rows.record_mapping import RecordMapping
from airflow_provider_hubcontact.sync.rows.texts.owners import OwnerIds
from airflow_provider_hubcontact.sync.rows.texts.reading import Forms, Texts
from airflow_provider_hubcontact.sync.rows.values import TimeForm


class RowChecks:
    """What a run and a validation check of a row alike.

    :param settings: what the run was asked to do.
    :param portal: what the portal's properties are.
    :param report: counts the values that are made fit.
    :param is_legacy: whether the legacy API gets the values.
    :param clock: tells the year, from which the bounds of dates are counted.
    :param owners: knows the ids of owners; None if addresses are left as they are.
    """

    def __init__(
        self,
        settings: Settings,
        portal: Portal,
        report: Report,
        *,
        is_legacy: bool = False,
        clock: Clock = SYSTEM_CLOCK,
        owners: OwnerIds | None = None,
    ) -> None:
        self._settings = settings
        self._portal = portal
        self._report = report
        self._is_legacy = is_legacy
        self._clock = clock
        self._owners = owners
        self._missing: dict[str, PropertyDefinition] | None = None

    def mapping(self) -> RecordMapping:
        """Return how rows become records."""
        asked = self._settings
        return RecordMapping(
            key=asked.key.column,
            id_property=asked.key.property,
            mapping=asked.columns,
            becomes=asked.key.becomes,
            nulls=Nulls(asked.writes.nulls),
            time_form=self._time_form,
            timestamp=asked.writes.timestamp,
            unsent=frozenset(filter(None, [asked.source.watermark])),
            kinds=self._portal.kinds,
            list_name=(asked.lists.name or "").strip() if asked.lists else "",
            list_column=asked.lists.column if asked.lists else None,
            texts=self._texts(),
        )

    def completed(self, mapping: RecordMapping) -> RecordMapping:
        """Return a mapping that also knows the properties that are to be created.

        :param mapping: that rows were seen with.
        """
        texts = self._texts() if mapping.texts and self.missing else None
        if texts is None or mapping.texts is None:
            return mapping
        return replace(mapping, texts=texts.kept() if mapping.texts.is_kept else texts)

    @property
    def _time_form(self) -> TimeForm:
        return TimeForm.MILLIS if self._is_legacy else TimeForm.ISO

    def _texts(self) -> Texts | None:
        """Return what reads texts as the settings say; None if they say nothing."""
        asked = self._settings.values
        if asked == Values():
            return None
        forms = Forms(
            frozenset(asked.null_texts or ()),
            asked.labels,
            asked.decimal,
            asked.formats,
            asked.booleans,
            asked.json_lists,
            self._time_form,
        )
        created = {name: kind_of(name, each.type, each.field_type) for name, each in self.missing.items()}
        options = {
            name: {option.value: option.label for option in each.options}
            for name, each in {**(self._portal.definitions or {}), **self.missing}.items()
            if not each.external_options
        }
        return Texts.of(forms, {**self._portal.kinds, **created}, options)

    def coercer(self) -> Coercer:
        """Return what makes values fit for their properties."""
        portal, key = self._portal, self._settings.key.property
        year = self._clock.now().year
        return Coercer(
            *(portal.kinds, self._report.samples.coerced, key, portal.padded, year),
            owners=self._owners,
        )

    @cached_property
    def schema(self) -> Schema | None:
        """The JSON Schema of the records; None without one.

        :raises InvalidSchema: if it is not valid, or cannot be read.
        """
        return schema_of(self._settings)

    @property
    def missing(self) -> Mapping[str, PropertyDefinition]:
        """The properties that the portal lacks, and that are to be created, as far as rows were seen."""
        return self._missing or {}

    def see(self, mapping: RecordMapping, first: Sequence[object]) -> None:
        """Look at the first rows: their types are those of properties that are to be created.

        :param mapping: how they become records.
        """
        wanted = self._settings.writes.create_properties
        if wanted and self._missing is None:  # a guard pass has seen the source's own rows
            columns = [column for row in first for column in _columns(mapping, row)]
            told = self.schema.properties if self.schema else {}
            self._missing = missing(columns, wanted, self._portal.definitions or (), told)

    def allowed(self) -> PortalSchema | None:
        """Return what the portal allows, with the properties that are to be created; None if nobody knows."""
        return self._portal.schema(self.missing.values())


def _columns(mapping: RecordMapping, row: object) -> list[tuple[str, object]]:
    """Return a row's values with the names of their properties; of one that cannot be read none."""
    try:
        columns = list(mapping.columns(row)) if isinstance(row, Mapping) else []
        return mapping.texts.pairs(columns) if mapping.texts else columns
    except Exception:  # noqa: BLE001 - a row may be of any class; its own outcome says what is wrong
        return []
