"""The records of one object type and their properties, and how they change. Knows no HTTP."""

from __future__ import annotations

import hashlib
from bisect import bisect_right, insort
from collections.abc import Callable, Iterable, KeysView, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain

from airflow_provider_hubcontact.sandbox.crm.definitions import Definition, Group
from airflow_provider_hubcontact.sandbox.crm.identities import Identities
from airflow_provider_hubcontact.sandbox.crm.object_types import ObjectType
from airflow_provider_hubcontact.sandbox.crm.owners import Owners
from airflow_provider_hubcontact.sandbox.crm.pending_writes import (
    OTHERS,
    SEED,
    STAGE,
    V3,
    Dialect,
    PendingWrite,
    fill,
)
from airflow_provider_hubcontact.sandbox.crm.record import Record, Write
from airflow_provider_hubcontact.sandbox.crm.requirements import Requirements
from airflow_provider_hubcontact.sandbox.crm.values import iso
from airflow_provider_hubcontact.sandbox.errors import (
    InvalidInput,
    InvalidProperties,
    Problem,
    PropertyExists,
    RecordExists,
    ValueTaken,
)
from airflow_provider_hubcontact.sandbox.switches import Switches

FIRST_ID = 171_591_000_001
ID = "hs_object_id"


@dataclass(frozen=True, slots=True)
class Account:
    """The account that a portal belongs to.

    :param portal_id: its id.
    :param time_zone: an IANA name; the day of the limits begins at its midnight.
    :param account_type: ``STANDARD``, ``DEVELOPER_TEST``, ``SANDBOX`` or ``APP_DEVELOPER``.
    """

    portal_id: int = 12_345_678
    time_zone: str = "America/New_York"
    currency: str = "USD"
    account_type: str = "STANDARD"


@dataclass(eq=False)
class Shared:
    """What the collections of a portal share.

    :param switches: what the sandbox does where HubSpot's behaviour is not known.
    :param account: the account that it belongs to.
    :param owners: whom records can belong to.
    :param clock: seconds since 1970.
    :ivar next_id: id of the next record that is created, of whatever type.
    :ivar writer: the app or the import that is writing.
    :ivar journal: the changes, until a store has kept them; None if there is no store.
    :ivar erased: the ids of records that are gone for good, until a store has forgotten them.
    """

    switches: Switches
    account: Account
    owners: Owners
    clock: Callable[[], float]
    next_id: int = field(default=FIRST_ID, init=False)
    writer: str = field(default="", init=False)
    journal: list[tuple[Record, Write | None]] | None = field(default=None, init=False)
    erased: set[str] = field(default_factory=set, init=False)

    def now(self) -> int:
        """Return the time of the clock, in milliseconds since 1970."""
        return int(self.clock() * 1000)

    def touch(self, record: Record, write: Write | None = None) -> None:
        """Note in the journal that a record changed.

        :param record: the record.
        :param write: the write; None if the record is new or deleted.
        """
        if self.journal is not None:
            self.journal.append((record, write))

    def forget(self, record: Record) -> None:
        """Note that a record is gone for good, or that its history is another one from now on."""
        if self.journal is not None:
            self.journal[:] = [change for change in self.journal if change[0] is not record]
            self.erased.add(record.id)

    def new_id(self) -> str:
        """Return the id of a new record."""
        self.next_id += 1
        return str(self.next_id - 1)


class Collection:
    """The records of one object type, and their properties.

    :param kind: the object type.
    :param shared: what it shares with the portal's other collections.
    :param requirements: the properties that a write must have.
    :param groups: groups of properties besides HubSpot's own.
    :ivar records: id → record; ``archived`` holds the deleted ones.
    :ivar blocked: digests of the addresses that nobody may have again.
    :ivar definitions: name → property; ``archived_definitions`` holds the deleted ones.
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
        self.groups = {name: Group(name, name) for name in (*kind.groups, *groups)}
        self.definitions = {definition.name: definition for definition in kind.properties()}
        self.archived_definitions: dict[str, Definition] = {}
        self.records: dict[str, Record] = {}
        self.archived: dict[str, Record] = {}
        self.blocked: set[str] = set()
        self._ids: list[int] = []
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
        :param blocked: digests of the addresses that nobody may have again.
        :param next_id: id of the next record that is created.
        :raises ValueError: if the parts do not fit together.
        """
        whole = cls(empty.kind, empty.shared, empty.requirements)
        every = {definition.name: definition for definition in definitions}
        live = {name: definition for name, definition in every.items() if not definition.archived_at}
        missing = whole.definitions.keys() - live.keys()
        if missing:
            raise ValueError(f"HubSpot's property {min(missing)} is missing.")
        whole.records, whole.archived = _shelved(empty.kind, records, every.keys(), next_id)
        unique = [definition.name for definition in every.values() if definition.unique]
        archived = every.keys() - live.keys()
        whole._identities = Identities.of(empty.kind, whole.records.values(), unique, archived)
        whole._ids = sorted(map(int, whole.records))
        whole.definitions = live
        whole.archived_definitions = {n: definition for n, definition in every.items() if n not in live}
        whole.groups = {group.name: group for group in groups}
        whole.blocked = set(blocked)
        return whole

    def find(self, value: str, id_property: str | None = None) -> Record | None:
        """Find a record by its id, or by a property that identifies it.

        :param value: the id or the value.
        :param id_property: ``email``, which includes secondary addresses, or a unique property; None for the
            id.
        """
        if id_property in {None, ID}:
            return self.records.get(value) or self._identities.find_merged(value)
        return self._identities.find(id_property or "", value)

    def find_archived(self, value: str, id_property: str | None = None) -> Record | None:
        """Find a deleted record as :meth:`find` does; the latest if several have the value."""
        if id_property in {None, ID}:
            return self.archived.get(value)
        name, wanted = id_property or "", value.lower()
        for record in reversed(self.archived.values()):
            if wanted and record.properties.get(name, "").lower() == wanted:
                return record
        return None

    def page(self, after: int, most: int, *, archived: bool = False) -> list[Record]:
        """Return records in the order of their ids.

        :param after: only records with a larger id.
        :param most: the most records.
        :param archived: return deleted records instead.
        """
        shelf = self.archived if archived else self.records
        ids = sorted(map(int, shelf)) if archived else self._ids
        start = bisect_right(ids, after)
        return [shelf[str(number)] for number in ids[start : start + most]]

    def everything(self) -> Iterable[Record]:
        """Return all records, and then the deleted ones."""
        return chain(self.records.values(), self.archived.values())

    def archive(self, record: Record) -> None:
        """Delete a record, so that others can have its address and its unique values."""
        self._take_out(record)
        record.archived_at = self.shared.now()
        self.archived[record.id] = record
        self.shared.touch(record)

    def unarchive(self, record: Record) -> None:
        """Bring back a deleted record, as a user can in HubSpot's pages; the API has no call for it (S).

        :raises RecordExists: if another record has one of its unique values by now.
        """
        self._identities.check(PendingWrite(record, True, SEED, dict(record.properties)), {})
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
        """Put one record in the place of two.

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
        """Let nobody have an address again. Only a digest of it is kept."""
        self.blocked.add(_digest(address))

    def identifies(self, name: str) -> bool:
        """Check whether a property identifies records."""
        return name == ID or name in self._identities.names

    def create(self, properties: Mapping[str, str], dialect: Dialect = V3) -> Record:
        """Create a record.

        :raises InvalidProperties: if a value is not valid.
        :raises RecordExists: if another record has the address.
        """
        return self.apply(self.draft(None, properties, dialect))

    def update(self, record: Record, properties: Mapping[str, str], dialect: Dialect = V3) -> Record:
        """Update a record with all values or none.

        :raises InvalidProperties: if a value is not valid.
        :raises RecordExists: if another record has the address.
        """
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
        draft = PendingWrite(record or self._blank(), record is None, dialect)
        fill(draft, properties, self.definitions, self.shared.switches, self.shared.owners)
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

    def add_others(self, record: Record) -> None:
        """Let a record of the start be found by its secondary addresses, and by its ids before a merge.

        :raises RecordExists: if another record has one.
        """
        self._identities.add_others(record)

    def define(self, definition: Definition) -> Definition:
        """Add a property, or restore the deleted one of this name with its values (T).

        :raises PropertyExists: if there is a property of this name.
        :raises InvalidInput: if the deleted property has another type (U), or another ``hasUniqueValue``,
            which cannot change (S).
        """
        if definition.name in self.definitions:
            raise PropertyExists(definition.name)
        former = self.archived_definitions.get(definition.name)
        if former is not None and former.type != definition.type:
            raise InvalidInput(f"The deleted property {former.name} has the type {former.type}.")
        if former is not None and former.unique != definition.unique:
            raise InvalidInput(f"The deleted property {former.name} keeps its hasUniqueValue.")
        self.archived_definitions.pop(definition.name, None)
        now = self.shared.now()
        return self.redefine(replace(definition, created_at=former.created_at if former else now))

    def redefine(self, definition: Definition) -> Definition:
        """Replace a definition."""
        stamped = replace(definition, updated_at=self.shared.now())
        self.definitions[stamped.name] = stamped
        if stamped.unique and not self.identifies(stamped.name):
            self._identities.add_property(stamped.name)
            for record in self.records.values():
                self._identities.add(record)
        return stamped

    def archive_property(self, definition: Definition) -> None:
        """Delete a property. Records keep its values in case it is restored (T)."""
        del self.definitions[definition.name]
        self._identities.drop_property(definition.name)
        self.archived_definitions[definition.name] = replace(definition, archived_at=self.shared.now())

    def _enforces(self, dialect: Dialect) -> bool:
        every = self.shared.switches.write_rules == "every" and not dialect.computes
        return dialect.checks_requirements or every

    def _leave_out_the_first_address(self, draft: PendingWrite) -> None:
        """Take the primary address out of the secondary ones."""
        first = draft.values.get(self.kind.address) or draft.record.email
        others = draft.values[OTHERS].split(";")
        draft.values[OTHERS] = ";".join(each for each in others if each != first)

    def _check_blocked(self, draft: PendingWrite) -> None:
        """Check that a draft adds no blocked address. The code is one of imports (S), the rest ours (U).

        The record may have one already: then somebody else's with the same address was deleted for good.
        """
        present = draft.record.properties
        problems = [
            Problem(name, "GDPR_BLACKLISTED_EMAIL", f"{address} was deleted for good, and stays so.")
            for name in self.kind.merged
            for address in draft.values.get(name, "").split(";")
            if address
            and _digest(address) in self.blocked
            and address.lower() not in present.get(name, "").lower().split(";")
        ]
        if problems and self.shared.switches.gdpr_address == "blocked":
            raise InvalidProperties(problems)

    def _take_out(self, record: Record) -> None:
        self._identities.forget(record)
        del self.records[record.id]
        self._ids.pop(bisect_right(self._ids, int(record.id)) - 1)

    def _put_in(self, record: Record) -> None:
        self._identities.add(record)
        self.records[record.id] = record
        insort(self._ids, int(record.id))

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

    def _blank(self) -> Record:
        return Record(self.shared.new_id(), self.kind.id, 0, 0)

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
        self.records[record.id] = record
        insort(self._ids, int(record.id))
        self.shared.touch(record)


def _digest(address: str) -> str:
    return hashlib.sha256(address.lower().encode(errors="replace")).hexdigest()


def _shelved(
    kind: ObjectType, records: Iterable[Record], properties: KeysView[str], next_id: int
) -> tuple[dict[str, Record], dict[str, Record]]:
    """Check that records fit into a collection, and tell the deleted ones apart.

    :param kind: the collection's object type.
    :param records: the records, deleted ones included.
    :param properties: names of the properties, archived ones included.
    :param next_id: id of the next record that is created.
    :return: id → record, and id → deleted record.
    :raises ValueError: if they do not fit.
    """
    own = {ID, "createdate", *kind.modified}
    by_id: dict[str, Record] = {}
    archived: dict[str, Record] = {}
    for record in records:
        if record.id in by_id or record.id in archived or int(record.id) >= next_id:
            raise ValueError(f"The id {record.id} is taken, or not given yet.")
        if not own <= record.properties.keys() <= properties:
            raise ValueError(f"The {kind.singular} {record.id} has other properties than the portal.")
        (archived if record.archived_at else by_id)[record.id] = record
    return by_id, archived
