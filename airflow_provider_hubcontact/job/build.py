# SPDX-License-Identifier: Apache-2.0
"""From settings, and what the portal is, to the parts of a sync."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow_provider_hubcontact.client import HubSpot, HubSpotError
from airflow_provider_hubcontact.client.properties import PropertyDefinition
from airflow_provider_hubcontact.job.checks.preflight import LEGACY, as_written
from airflow_provider_hubcontact.job.checks.rows import RowChecks
from airflow_provider_hubcontact.job.errors import PortalNotReady
from airflow_provider_hubcontact.job.plans.calls import PlannedCalls
from airflow_provider_hubcontact.job.portal.contacts_port import (
    ContactsPort,
    LegacyContactsPort,
    ReadBack,
    ReadWithKeys,
    key_names,
    port_of,
)
from airflow_provider_hubcontact.job.portal.definitions import Portal, create_missing, portal_of, settings_of
from airflow_provider_hubcontact.job.portal.lists_port import ListsPort
from airflow_provider_hubcontact.job.portal.owners_port import OwnersPort
from airflow_provider_hubcontact.job.settings.settings import Settings
from airflow_provider_hubcontact.printable import printable
from airflow_provider_hubcontact.sync.decide.lifecycle import STAGE, Stages
from airflow_provider_hubcontact.sync.decide.rules import LookUp, Rules
from airflow_provider_hubcontact.sync.decide.undo import Undoing
from airflow_provider_hubcontact.sync.flow.sync import Sync
from airflow_provider_hubcontact.sync.keep.report import Report
from airflow_provider_hubcontact.sync.model.change import Write
from airflow_provider_hubcontact.sync.model.choices import Duplicates, OnRegression, WriteMode
from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.sync.rows.comparison import Kind
from airflow_provider_hubcontact.sync.rows.keys import EMAIL, RECORD_ID, SECOND_ADDRESSES, normalized_key
from airflow_provider_hubcontact.sync.rows.record_mapping import RecordMapping
from airflow_provider_hubcontact.sync.rows.texts.owners import OwnerIds

if TYPE_CHECKING:
    from airflow_provider_hubcontact.job.state.removals.removals import Removals


_BY_ID = RecordMapping(key=RECORD_ID, id_property=RECORD_ID)


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

    @cached_property
    def portal(self) -> Portal:
        """What the portal's properties are; asked for once."""
        return portal_of(self._hubspot.properties, rules=True)

    @property
    def known_portal(self) -> Portal:
        """What the portal's properties are, as far as it was asked for them."""
        asked: Portal | None = self.__dict__.get("portal")
        return asked or Portal(Stages.default())

    @cached_property
    def checks(self) -> RowChecks:
        """How rows become records, and what is checked of them."""
        is_legacy = self._hubspot.api_version == LEGACY
        return RowChecks(
            *(self._settings, self.portal, self._report),
            is_legacy=is_legacy,
            clock=self._hubspot.clock,
            owners=self.owners,
        )

    @cached_property
    def owners(self) -> OwnerIds:
        """The ids of the portal's owners; asked for when an address of one comes."""
        return OwnerIds(OwnersPort(self._hubspot.owners), self.portal.of_owners)

    @cached_property
    def port(self) -> ContactsPort | LegacyContactsPort:
        """How contacts are read and written."""
        name = self._settings.key.property
        return port_of(self._hubspot, name, is_number=self.portal.kinds.get(name) is Kind.NUMBER)

    @property
    def _by_address(self) -> ContactsPort | LegacyContactsPort | None:
        """How contacts are found by addresses; None if no new one is given any, or if these are the keys."""
        rules = self.rules
        return port_of(self._hubspot, EMAIL) if rules.gives_addresses and rules.id_property != EMAIL else None

    @cached_property
    def lists(self) -> ListsPort | None:
        """The portal's lists, which are asked for once; None if the settings name none.

        :raises HubSpotError: if they cannot be read.
        """
        asked = self._settings.lists
        if asked is None:
            return None
        found = self._hubspot.lists
        return ListsPort(
            *(found, found.all()), batch_size=asked.batch_size, creates=asked.create, column=asked.column
        )

    @property
    def definitions(self) -> Mapping[str, PropertyDefinition] | None:
        """Definitions of the portal's properties and of those that the run creates; None if nobody knows."""
        known = self.portal.definitions
        return None if known is None else {**known, **self.checks.missing}

    @property
    def lacking(self) -> dict[str, dict[str, Any]]:
        """Properties that the portal lacks, and that are to be created: name → definition."""
        return {name: settings_of(definition) for name, definition in self.checks.missing.items()}

    @cached_property
    def rules(self) -> Rules:
        """What the rows of the source go by."""
        asked, portal = self._settings, self.portal
        writes_stage = asked.columns is None or STAGE in asked.columns.values()
        modes = asked.writes.properties or {}
        return Rules(
            id_property=asked.key.property,
            create=asked.upsert,
            gives_addresses=asked.upsert and self._hubspot.api_version != LEGACY,
            on_regression=OnRegression(asked.writes.stages),
            stages=portal.stages if writes_stage else Stages.default(),
            kinds=portal.kinds,
            modes={name: WriteMode(mode) for name, mode in modes.items()},
            look_up=look_up_of(asked),
        )

    @property
    def read_back(self) -> Collection[str] | None:
        """The only properties whose writes are read back; None for all."""
        return None if self._settings.verify else self.port.silent

    def planned_calls(self) -> PlannedCalls:
        """Return what counts the calls that a plan takes."""
        return PlannedCalls(self.rules, self.port.batch_size, self.read_back)

    def sync(self, mapping: RecordMapping, first: Sequence[object], *, writes: bool) -> Sync:
        """Return the sync, once the portal is ready for it.

        :param first: the first rows: their types are those of the properties that are created.
        :param writes: whether anything is written.
        :raises PortalNotReady: if missing properties cannot be created.
        """
        asked, checks = self._settings, self.checks
        checks.see(mapping, first)
        if asked.writes.create_properties:
            self._report.properties_created = self._create(checks.missing.values(), dry_run=not writes)
        reads_back = asked.verify or self.port.silent
        return Sync(
            checks.completed(mapping),
            self.rules,
            self.port,
            self.port if writes else None,
            coercer=checks.coercer(),
            schema=checks.schema,
            portal=checks.allowed(),
            owners=self.owners,
            once=asked.writes.duplicates == Duplicates.REJECT,
            verifier=ReadBack(self.port) if writes and reads_back else None,
            verifies=self.read_back,
            lists=self.lists,
            by_address=self._by_address,
        )

    def removal(self, leavers: Removals, *, writes: bool) -> Sync:
        """Return the sync that removes the contacts of rows that left the source, by their record ids.

        :param leavers: knows these rows.
        :param writes: whether anything is written.
        """
        asked, portal = self._settings, self.portal
        values, may_move = asked.removed_values, _moves_addresses(asked)
        rules = Rules(
            id_property=RECORD_ID,
            on_regression=OnRegression(asked.writes.stages),
            stages=portal.stages if STAGE in (values or ()) else Stages.default(),
            kinds=portal.kinds,
            removes=Write.ARCHIVE if values is None else Write.REMOVE,
            may_remove=leavers.may_remove,
            spared=lambda record, values: leavers.spared(record, self._keys(values), may_move=may_move),
        )
        port = port_of(self._hubspot, RECORD_ID)
        return Sync(
            _BY_ID,
            rules,
            ReadWithKeys(port, key_names(asked.key.property)),
            port if writes else None,
            portal=None if values is None else self.checks.allowed(),
            verifier=ReadBack(port) if asked.verify and writes and values is not None else None,
        )

    def look_up(self, id_property: str) -> Sync:
        """Return the sync that finds contacts, and changes nothing.

        :param id_property: property that keys are values of.
        """
        is_number = self.portal.kinds.get(id_property) is Kind.NUMBER
        port = port_of(self._hubspot, id_property, is_number=is_number)
        return Sync(RecordMapping(id_property=id_property), Rules(id_property), port, None)

    def undo(self, *, archive_created: bool) -> Sync:
        """Return the sync that finds out how a run is undone; keys are record ids.

        :param archive_created: whether contacts that the run has created are archived.
        """
        schema = self.portal.schema()

        def refused(name: str, value: str) -> str | None:
            problem = schema.check(Record(0, "", {}), {name: value}) if schema else None
            return problem.reason if problem else None

        undoing = Undoing(self.rules, archive_created, refused)
        return Sync(_BY_ID, replace(self.rules, decides=undoing.plan), self.port, None)

    def archiving(self, *, writes: bool) -> Sync:
        """Return the sync that archives contacts which still have the values that a plan saw.

        :param writes: whether it does.
        """
        rules = Rules(RECORD_ID, kinds=self.portal.kinds, removes=Write.ARCHIVE)
        port = port_of(self._hubspot, RECORD_ID)
        return Sync(_BY_ID, rules, port, port if writes else None)

    def _keys(self, values: Mapping[str, str | None]) -> Collection[str]:
        """Return all keys of a contact, in their normal form."""
        name, *lists = key_names(self._settings.key.property)
        is_number = self.portal.kinds.get(name) is Kind.NUMBER
        others = (text for each in lists for text in (values.get(each) or "").split(";"))
        texts = (values.get(name) or "", *others)
        return [normalized_key(name, text, is_number=is_number) for text in texts if text.strip()]

    def removed_values(self, names: Iterable[str]) -> dict[str, str]:
        """Return property → what the contacts of rows that left the source get; nothing if they are archived.

        :param names: properties whose values are told of a contact that is archived.
        """
        values = self._settings.removed_values
        if values is None:
            return dict.fromkeys((EMAIL, *names), "")
        made = as_written(values, self.portal, self.owners)
        return dict(made.properties if isinstance(made, Record) else values)

    def _create(self, definitions: Iterable[PropertyDefinition], *, dry_run: bool) -> list[str]:
        try:
            return create_missing(self._hubspot.properties, definitions, dry_run=dry_run)
        except HubSpotError as error:
            message = printable(f"Missing properties cannot be created: {error}")
            raise PortalNotReady(message, may_pass=error.retryable) from None


def _moves_addresses(settings: Settings) -> bool:
    sent = (settings.mapping or {}).values()
    return settings.key.becomes is not None or not {EMAIL, SECOND_ADDRESSES}.isdisjoint(
        {*sent} - {settings.key.property}
    )


def look_up_of(settings: Settings) -> LookUp:
    """Return which contacts a run looks up before it writes them.

    Guards count what would change, so that all are looked up. Where rows move addresses, a key may be another
    contact's than the state says: it must be found, and its proofs be void, before it is written.
    """
    state = settings.state
    if settings.guards.are_set:
        return LookUp.ALL
    if state:
        is_direct = settings.upsert or state.trust_ids
        by_id = settings.key.property == RECORD_ID
        return LookUp.UNPROVED if by_id or (is_direct and not _moves_addresses(settings)) else LookUp.ALL
    return LookUp.NONE if settings.upsert and not settings.writes.compare else LookUp.ALL
