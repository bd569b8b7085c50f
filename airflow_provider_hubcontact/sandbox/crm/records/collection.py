# SPDX-License-Identifier: Apache-2.0
"""The records of one object type and their properties, and how they change. Knows no HTTP."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from airflow_provider_hubcontact.sandbox.crm.object_types import ObjectType
from airflow_provider_hubcontact.sandbox.crm.properties.definitions import Definition, Group
from airflow_provider_hubcontact.sandbox.crm.properties.requirements import Requirements
from airflow_provider_hubcontact.sandbox.crm.record import ID, Record, Write
from airflow_provider_hubcontact.sandbox.crm.records import blocked
from airflow_provider_hubcontact.sandbox.crm.records.identities import Identities
from airflow_provider_hubcontact.sandbox.crm.records.pending_writes import (
    OTHERS,
    SEED,
    STAGE,
    V3,
    Dialect,
    PendingWrite,
    fill,
)
from airflow_provider_hubcontact.sandbox.crm.records.property_set import PropertySet
from airflow_provider_hubcontact.sandbox.crm.records.shared import Shared
from airflow_provider_hubcontact.sandbox.crm.records.shelf import Shelf
from airflow_provider_hubcontact.sandbox.crm.times import iso
from airflow_provider_hubcontact.sandbox.errors.records import RecordExists, ValueTaken
from airflow_provider_hubcontact.sandbox.errors.values import InvalidProperties


class Collection:
    """The records of one object type, and their properties.

    :param kind: the object type.
    :param shared: what it shares with the portal's other collections.
    :param requirements: the properties that a write must have.
    :param groups: groups of properties besides HubSpot's own.
    :ivar blocked: digests of the addresses that are blocked.
    """

    def __init__(
        self,
        kind: ObjectType,
        shared: Shared,
        requirements: Requirements | None = None,
        groups: Iterable[str] = (),
    ) -> None:
        self.kind = kind
        self.shared = shared
        self.requirements = requirements or Requirements()
        self.blocked: set[str] = set()
        self._properties = PropertySet(kind, groups)
        self._shelf = Shelf()
        self._identities = Identities(kind)

    @classmethod
    def of(
        cls,
        empty: Collection,
        records: Iterable[Record],
        definitions: Iterable[Definition],
        *,
        groups: Iterable[Group],
        blocked: Iterable[str],
        next_id: int,
    ) -> Collection:
        """Make a collection of its parts.

        :param empty: a collection of the same type.
        :param records: the records, deleted ones included.
        :param definitions: the properties, deleted ones included.
        :param groups: the groups of properties.
        :param blocked: digests of the addresses that are blocked.
        :param next_id: id of the next record that is created.
        :raises ValueError: if the parts do not fit together.
        """
        whole = cls(empty.kind, empty.shared, empty.requirements)
        whole._properties = PropertySet.of(empty.kind, definitions, groups)
        every = whole._properties.everything()
        whole._shelf = Shelf.of(empty.kind, records, every.keys(), next_id)
        unique = [definition.name for definition in every.values() if definition.unique]
        whole._identities = Identities.of(
            empty.kind, whole.records.values(), unique, whole.archived_definitions
        )
        whole.blocked = set(blocked)
        return whole

    @property
    def records(self) -> dict[str, Record]:
        """Id → record."""
        return self._shelf.live

    @property
    def archived(self) -> dict[str, Record]:
        """Id → deleted record."""
        return self._shelf.archived

    @property
    def definitions(self) -> dict[str, Definition]:
        """Name → property."""
        return self._properties.live

    @property
    def archived_definitions(self) -> dict[str, Definition]:
        """Name → deleted property."""
        return self._properties.archived

    @property
    def groups(self) -> dict[str, Group]:
        """Name → group of properties."""
        return self._properties.groups

    def find(self, value: str, id_property: str | None = None) -> Record | None:
        """Find a record by its id, or by a property that identifies it.

        :param value: the id or the value.
        :param id_property: ``email``, which includes secondary addresses, or a unique property; None for the
            id.
        """
        if id_property in {None, ID}:
            return self._shelf.live.get(value) or self._identities.find_merged(value)
        return self._identities.find(id_property or "", value)

    def find_archived(self, value: str, id_property: str | None = None) -> Record | None:
        """Find a deleted record as :meth:`find` does; the latest if several have the value."""
        by_id = id_property in {None, ID}
        if by_id and value in self.archived:
            return self.archived[value]
        name, wanted = id_property or "", value.lower()
        for record in reversed(self.archived.values()):
            if wanted in (record.merged_ids if by_id else self._identities.values(record, name)):
                return record
        return None

    def page(self, after: int, most: int, *, archived: bool = False) -> list[Record]:
        """Return records in the order of their ids, see :meth:`Shelf.page`."""
        return self._shelf.page(after, most, archived=archived)

    def everything(self) -> Iterable[Record]:
        """Return all records, and then the deleted ones."""
        return self._shelf.everything()

    def archive(self, record: Record) -> None:
        """Delete a record, so that others can have its address and its unique values."""
        self._take_out(record)
        record.archived_at = self.shared.now()
        self.archived[record.id] = record
        self.shared.touch(record)

    def unarchive(self, record: Record) -> None:
        """Restore a deleted record, as a user can in HubSpot's pages; the API has no call for it (S).

        :raises RecordExists: if another record has one of its unique values by now, also one of a deleted
            property.
        """
        self._identities.check(PendingWrite(record, True, SEED, dict(record.properties)), {})
        self._check_archived_properties(record)
        del self.archived[record.id]
        record.archived_at = 0
        self._put_in(record)
        self.shared.touch(record)

    def erase(self, record: Record) -> None:
        """Remove a record for good, with its history. It may be a deleted one."""
        if record.id in self.records:
            self._take_out(record)
        else:
            del self.archived[record.id]
        self.shared.forget(record)

    def absorb(self, primary: Record, other: Record, survivor: Record) -> None:
        """Replace two records by what they have become.

        :param survivor: the record that they become, with the values and the history of both. If it has the
            id of the primary one, that one gets its content.
        """
        self._take_out(other)
        self.shared.forget(other)
        self.shared.forget(primary)
        if survivor.id == primary.id:
            self._identities.forget(primary)
            primary.properties, primary.writes = survivor.properties, survivor.writes
            primary.updated_at = survivor.updated_at
            survivor = primary
            self._identities.add(survivor)
        else:
            self._take_out(primary)
            self._put_in(survivor)
        self.shared.touch(survivor)
        for write in survivor.writes:
            self.shared.touch(survivor, write)

    def block(self, address: str) -> None:
        """Block an address for all records, for good. Only a digest of it is kept."""
        self.blocked.add(blocked.digest(address))

    def identifies(self, name: str) -> bool:
        """Check whether a property identifies records."""
        return name == ID or name in self._identities.names

    def create(self, properties: Mapping[str, str], dialect: Dialect = V3) -> Record:
        """Create a record, see :meth:`draft` for what is refused."""
        return self.apply(self.draft(None, properties, dialect))

    def update(self, record: Record, properties: Mapping[str, str], dialect: Dialect = V3) -> Record:
        """Update a record with all values or none, see :meth:`draft` for what is refused."""
        return self.apply(self.draft(record, properties, dialect))

    def draft(
        self,
        record: Record | None,
        properties: Mapping[str, str],
        dialect: Dialect,
        claimed: Mapping[tuple[str, str], str] | None = None,
    ) -> PendingWrite:
        """Check a write without doing it.

        :param record: the record; None for a new one.
        :param properties: name → value; ``""`` clears the property.
        :param dialect: how it is written.
        :param claimed: unique values of the other drafts of the batch.
        :raises InvalidProperties: if values are not valid; it names all of them. Or an address is blocked.
        :raises MissingProperties: if a required property is missing.
        :raises RecordExists: if another record has the address, or the value of a unique property.
        """
        draft = PendingWrite(
            record or Record(self.shared.new_id(), self.kind.id, 0, 0), record is None, dialect
        )
        fill(draft, properties, self._properties.live, self.shared.switches, self.shared.owners)
        if OTHERS in draft.values:
            self._leave_out_the_first_address(draft)
        if draft.new and self.kind.has_first_stage and not dialect.computes:
            self._set_first_stage(draft)
        if self.blocked:
            self._check_blocked(draft)
        if self.requirements and self._enforces(dialect):
            self.requirements.check(draft.record.properties, draft.values, new=draft.new)
        try:
            self._identities.check(draft, claimed or {})
        except RecordExists as taken:
            raise self._conflict(draft, taken) from None
        return draft

    def apply(
        self, draft: PendingWrite, timestamps: Mapping[str, int] | None = None, now: int | None = None
    ) -> Record:
        """Carry out a write. An unchanged value does not touch the history and the time of change (F).

        :param draft: the write.
        :param timestamps: property → when its value was set, in milliseconds since 1970; now if missing.
        :param now: milliseconds since 1970, for all records of a batch; the clock's time if None.
        """
        shared, record = self.shared, draft.record
        if now is None:
            now = shared.now()
        if draft.new:
            self._add(record, now, draft.dialect)
        current = record.properties
        changes = {name: value for name, value in draft.values.items() if current.get(name, "") != value}
        if changes:
            self._identities.move(record, changes, keep_old_email=shared.switches.old_email == "secondary")
            write = Write(changes, now, timestamps or {}, draft.dialect.source, shared.writer)
            record.write(write)
            record.updated_at = now
            shared.touch(record, write)
            stamp = iso(now)
            for name in self.kind.modified:
                current[name] = stamp
        return record

    def add_former_ids(self, record: Record) -> None:
        """Index a record of the start by its ids before a merge.

        :raises InvalidProperties: if another record has one, or one is not valid.
        """
        self._identities.add_former_ids(record)

    def define(self, definition: Definition) -> Definition:
        """Add a property, or restore the deleted one with its values, see :meth:`PropertySet.add`."""
        return self._identified(self._properties.add(definition, self.shared.now()))

    def redefine(self, definition: Definition) -> Definition:
        """Replace a definition."""
        return self._identified(self._properties.put(definition, self.shared.now()))

    def archive_property(self, definition: Definition) -> None:
        """Delete a property. Records keep its values in case it is restored (T)."""
        self._properties.archive(definition, self.shared.now())
        self._identities.drop_property(definition.name)

    def _identified(self, definition: Definition) -> Definition:
        """Index the records by a property if it is unique, and return the property."""
        if definition.unique and not self.identifies(definition.name):
            self._identities.add_property(definition.name)
            for record in self.records.values():
                self._identities.add(record)
        return definition

    def _enforces(self, dialect: Dialect) -> bool:
        every = self.shared.switches.write_rules == "every" and not dialect.computes
        return dialect.checks_requirements or every

    def _leave_out_the_first_address(self, draft: PendingWrite) -> None:
        """Remove the primary address from the secondary ones."""
        first = draft.values.get(self.kind.address) or draft.record.email
        others = draft.values[OTHERS].split(";")
        draft.values[OTHERS] = ";".join(each for each in others if each != first)

    def _check_blocked(self, draft: PendingWrite) -> None:
        found = list(blocked.problems(draft, self.kind.merged, self.blocked))
        if found and self.shared.switches.gdpr_address == "blocked":
            raise InvalidProperties(found)

    def _check_archived_properties(self, record: Record) -> None:
        """Check that no other record has a value of a unique property that may come back."""
        for name in (each.name for each in self.archived_definitions.values() if each.unique):
            value = record.properties.get(name, "").lower()
            for other in self.records.values():
                if value and other.properties.get(name, "").lower() == value:
                    raise RecordExists(self.kind.singular, other.id, value, name)

    def _take_out(self, record: Record) -> None:
        self._identities.forget(record)
        self._shelf.take_out(record)

    def _put_in(self, record: Record) -> None:
        self._identities.add(record)
        self._shelf.put_in(record)

    def _conflict(self, draft: PendingWrite, taken: RecordExists) -> RecordExists:
        """Return HubSpot's refusal of a value that another record has; a 409 is about addresses (F)."""
        if taken.name == self.kind.address:
            switches = self.shared.switches
            told = switches.taken_email_on_create if draft.new else switches.taken_email
            if told != "400":
                return taken
        value = draft.values.get(taken.name) or taken.value
        return ValueTaken(taken, value, draft.record.id, self.shared.account.portal_id)

    def _set_first_stage(self, draft: PendingWrite) -> None:
        stage = self.shared.switches.new_contact_stage
        if stage in self.definitions[STAGE].allowed:
            draft.values.setdefault(STAGE, stage)

    def _add(self, record: Record, now: int, dialect: Dialect) -> None:
        record.created_at = record.updated_at = now
        created = iso(now)
        record.properties |= {
            ID: record.id,
            "createdate": created,
            **dict.fromkeys(self.kind.modified, created),
            "hs_object_source": dialect.source,
            "hs_object_source_id": self.shared.writer,
        }
        self._shelf.put_in(record)
        self.shared.touch(record)
