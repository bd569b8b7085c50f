# SPDX-License-Identifier: Apache-2.0
"""A portal: one HubSpot account with its records. Knows no HTTP."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from airflow_provider_hubcontact.sandbox.crm.associations import Associations, AssociationType, Key
from airflow_provider_hubcontact.sandbox.crm.lists import Lists
from airflow_provider_hubcontact.sandbox.crm.object_types import (
    COMPANIES,
    CONTACTS,
    TYPES,
    ObjectType,
    named,
)
from airflow_provider_hubcontact.sandbox.crm.owners import Owner, Owners
from airflow_provider_hubcontact.sandbox.crm.properties.definitions import Definition, Group
from airflow_provider_hubcontact.sandbox.crm.properties.requirements import Requirements
from airflow_provider_hubcontact.sandbox.crm.record import Record
from airflow_provider_hubcontact.sandbox.crm.records.collection import Collection
from airflow_provider_hubcontact.sandbox.crm.records.merging import merged
from airflow_provider_hubcontact.sandbox.crm.records.pending_writes import SEED, Dialect, PendingWrite
from airflow_provider_hubcontact.sandbox.crm.records.shared import FIRST_ID, Account, Shared
from airflow_provider_hubcontact.sandbox.errors.records import RecordExists
from airflow_provider_hubcontact.sandbox.errors.values import InvalidProperties, Problem
from airflow_provider_hubcontact.sandbox.switches import Switches

PRIMARY_COMPANY = "associatedcompanyid"
"""The property of a contact that holds its primary company."""

ASSOCIATOR = "CompaniesContactAssociator"
BY_ASSOCIATION = Dialect(source="COMPANIES", computes=True)
"""What the history of that property names as its source (F, 2016)."""


class Portal(Shared):
    """The state of one HubSpot account. What it has of contacts itself is for tests, which use it most.

    :param contacts: the contacts of the start, as property → value.
    :param properties: the portal's own property definitions, of contacts.
    :param switches: what the sandbox does where HubSpot's behaviour is not known.
    :param account: the account that it belongs to.
    :param clock: seconds since 1970.
    :param requirements: the properties that a write of a contact must have; the contacts of the start need
        not have them.
    :param search_lag: seconds by which the search lags behind.
    :param owners: whom records can belong to; the usual ones if None.
    :raises ValueError: if HubSpot could not have such a contact, or a required property is unknown.
    :ivar collections: type id → the records of this type.
    :ivar associations: which of them belong together.
    :ivar lists: the lists that they are in.
    """

    def __init__(
        self,
        contacts: Iterable[Mapping[str, str]] = (),
        properties: Iterable[Definition] = (),
        switches: Switches | None = None,
        account: Account | None = None,
        clock: Callable[[], float] = time.time,
        *,
        requirements: Requirements | None = None,
        search_lag: float = 0.0,
        owners: Iterable[Owner] | None = None,
    ) -> None:
        super().__init__(switches or Switches(), account or Account(), Owners(owners), clock)
        self.requirements = requirements or Requirements()
        self.search_lag = search_lag
        self._seeds = list(contacts)
        self._own = list(properties)
        self.reset()
        unknown = self.requirements.names() - self.definitions.keys()
        if unknown:
            raise ValueError(f"There is no property {min(unknown)}; no contact can be required to have it.")

    def reset(self) -> None:
        """Go back to the records and properties of the start."""
        self.next_id = FIRST_ID
        self.collections = {kind.id: Collection(kind, self) for kind in TYPES}
        self.associations = self._no_associations()
        self.lists = Lists()
        groups = [definition.group for definition in self._own]
        self.collections[CONTACTS.id] = Collection(CONTACTS, self, self.requirements, groups)
        for definition in self._own:
            self.define(definition)
        for place, seed in enumerate(self._seeds, 1):
            self._add_seed(place, seed)

    def restore(
        self,
        collections: Iterable[Collection],
        associations: Mapping[str, Any],
        lists: Iterable[Mapping[str, Any]],
        next_id: int,
    ) -> None:
        """Replace the state. If the parts do not fit together, the present state stays.

        :param collections: the records and properties of every type.
        :param associations: what :meth:`Associations.dump` returned.
        :param lists: what :meth:`Lists.dump` returned.
        :param next_id: id of the next record that is created.
        :raises ValueError: if the parts do not fit together.
        """
        by_type = {each.kind.id: each for each in collections}
        everywhere = [record for each in by_type.values() for record in (*each.records, *each.archived)]
        if len(set(everywhere)) < len(everywhere):
            raise ValueError("Two records have the same id.")
        types = {each.id: each.type for kind in by_type.values() for each in kind.everything()}
        links, segments = self._no_associations(), Lists()
        links.load(associations, types)
        segments.load(lists, types)
        self.collections, self.next_id = by_type, next_id
        self.associations, self.lists = links, segments

    def associate(self, record: Record, other: Record, types: Iterable[AssociationType]) -> None:
        """Associate two records, see :meth:`Associations.add`.

        :param record: the record that the types start at.
        :param other: the record that they lead to.
        """
        with self._primary_followed(record, other):
            self.associations.add(record.id, other.id, types)

    def dissociate(self, record: Record, other: Record, keys: Iterable[Key] | None = None) -> None:
        """Remove types of associations from two records, see :meth:`Associations.remove`."""
        with self._primary_followed(record, other):
            self.associations.remove(record.id, other.id, keys)

    def merge(self, primary: Record, other: Record) -> Record:
        """Merge two records of a type, see :mod:`.records.merging`.

        :param primary: the record whose values win.
        :param other: the record that is merged into it.
        :return: the record that both have become.
        :raises InvalidInput: if they cannot be merged.
        """
        collection = self.collections[primary.type]
        kept = self.switches.merged_id == "kept"
        survivor = merged(collection, primary, other, primary.id if kept else self.new_id())
        collection.absorb(primary, other, survivor)
        self.associations.merge(primary.id, other.id, survivor.id)
        for each in (primary.id, other.id):
            self.lists.replace(each, survivor.id)
        if collection.kind is COMPANIES:
            contacts = self.associations.of(survivor.id)
            self._follow_primary(each for each in contacts if self.associations.primary(each) == survivor.id)
        return collection.records[survivor.id]

    def erase(self, record: Record) -> None:
        """Delete a record for good, and block its addresses (D: knowledge base)."""
        collection = self.collections[record.type]
        collection.erase(record)
        contacts = [each for each in self.associations.of(record.id) if each in self.contacts]
        contacts = [each for each in contacts if self.associations.primary(each) == record.id]
        self.associations.forget(record.id)
        self._follow_primary(contacts)
        self.lists.replace(record.id, None)
        if collection.kind.address:
            for address in filter(None, [record.email, *record.secondary_emails]):
                collection.block(address)

    def collection(self, kind: ObjectType | str) -> Collection:
        """Return the records of a type.

        :param kind: the type, or any of its names, such as ``companies``.
        :raises KeyError: if the sandbox does not have the type.
        """
        found = named(kind) if isinstance(kind, str) else kind
        if found is None:
            raise KeyError(kind)
        return self.collections[found.id]

    @property
    def contacts(self) -> dict[str, Record]:
        """Id → contact, without the deleted ones."""
        return self.collections[CONTACTS.id].records

    @property
    def archived(self) -> dict[str, Record]:
        """Id → deleted contact."""
        return self.collections[CONTACTS.id].archived

    @property
    def companies(self) -> dict[str, Record]:
        """Id → company, without the deleted ones."""
        return self.collections[COMPANIES.id].records

    @property
    def definitions(self) -> dict[str, Definition]:
        """Name → property of contacts."""
        return self.collections[CONTACTS.id].definitions

    @property
    def groups(self) -> dict[str, Group]:
        """Name → group of properties of contacts."""
        return self.collections[CONTACTS.id].groups

    def contact(self, key: str) -> Record | None:
        """Find a contact by any of its addresses, or by its id."""
        contacts = self.collections[CONTACTS.id]
        return contacts.find(key, CONTACTS.address) or contacts.find(key)

    def find(self, value: str, id_property: str | None = None) -> Record | None:
        """Find a contact, see :meth:`Collection.find`."""
        return self.collections[CONTACTS.id].find(value, id_property)

    def page(self, after: int, most: int) -> list[Record]:
        """Return contacts in the order of their ids, see :meth:`Collection.page`."""
        return self.collections[CONTACTS.id].page(after, most)

    def create(self, properties: Mapping[str, str]) -> Record:
        """Create a contact, see :meth:`Collection.create`."""
        return self.collections[CONTACTS.id].create(properties)

    def update(self, contact: Record, properties: Mapping[str, str]) -> Record:
        """Update a contact, see :meth:`Collection.update`."""
        return self.collections[CONTACTS.id].update(contact, properties)

    def archive(self, contact: Record) -> None:
        """Delete a contact, see :meth:`Collection.archive`."""
        self.collections[CONTACTS.id].archive(contact)

    def define(self, definition: Definition) -> Definition:
        """Add a property of contacts, see :meth:`Collection.define`."""
        return self.collections[CONTACTS.id].define(definition)

    def redefine(self, definition: Definition) -> Definition:
        """Replace a property of contacts."""
        return self.collections[CONTACTS.id].redefine(definition)

    @contextmanager
    def _primary_followed(self, record: Record, other: Record) -> Iterator[None]:
        """Write a contact's primary company into the contact if it changes meanwhile.

        :param record: a contact or a company.
        :param other: the other one of both.
        """
        contact = record.id if record.type == CONTACTS.id else other.id
        before = self.associations.primary(contact)
        yield
        if self.associations.primary(contact) != before:
            self._follow_primary([contact])

    def _follow_primary(self, contacts: Iterable[str]) -> None:
        """Write the primary company of contacts into them (F: source and history; U: that "" ends it)."""
        writer, self.writer = self.writer, ASSOCIATOR
        for each in contacts:
            contact, company = self.contacts.get(each), self.associations.primary(each)
            if contact is not None:
                values = {PRIMARY_COMPANY: company}
                self.collections[CONTACTS.id].apply(PendingWrite(contact, False, BY_ASSOCIATION, values))
        self.writer = writer

    def _no_associations(self) -> Associations:
        return Associations(first_is_primary=self.switches.first_company == "primary")

    def _told(self, problem: Problem) -> str:
        """Return what is wrong with a value of a contact, in one line: HubSpot shows each option in five."""
        if problem.code != "INVALID_OPTION":
            return problem.message
        allowed = ", ".join(sorted(self.definitions[problem.name].allowed))
        return f"{problem.message.partition(': [')[0]}: {allowed}"

    def _add_seed(self, place: int, properties: Mapping[str, str]) -> None:
        where = getattr(properties, "where", f"contact {place}")
        contacts = self.collections[CONTACTS.id]
        try:
            contacts.add_former_ids(contacts.create(properties, SEED))
        except InvalidProperties as refused:
            why = "; ".join(f"{each.name}: {self._told(each)}" for each in refused.problems)
            raise ValueError(f"HubSpot could not have {where}: {why}") from refused
        except RecordExists as refused:
            why = f"{refused.name}: {refused} ({refused.value})"
            raise ValueError(f"HubSpot could not have {where}: {why}") from refused
