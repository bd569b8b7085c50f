"""A portal: its contacts and their properties, and how they change. Knows no HTTP."""

from __future__ import annotations

import time
from bisect import bisect_right, insort
from collections.abc import Callable, Iterable, KeysView, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from airflow_provider_hubcontact.sandbox.crm.contact import Contact, Write
from airflow_provider_hubcontact.sandbox.crm.default_properties import GROUPS, default_properties
from airflow_provider_hubcontact.sandbox.crm.definitions import Definition, Group
from airflow_provider_hubcontact.sandbox.crm.identities import EMAIL, Identities
from airflow_provider_hubcontact.sandbox.crm.owners import Owner, Owners
from airflow_provider_hubcontact.sandbox.crm.pending_writes import (
    OTHERS,
    SEED,
    STAGE,
    V3,
    Dialect,
    PendingWrite,
    fill,
)
from airflow_provider_hubcontact.sandbox.crm.requirements import Requirements
from airflow_provider_hubcontact.sandbox.crm.values import iso
from airflow_provider_hubcontact.sandbox.errors import (
    ContactExists,
    InvalidInput,
    InvalidProperties,
    PropertyExists,
    ValueTaken,
)
from airflow_provider_hubcontact.sandbox.switches import Switches

FIRST_ID = 171_591_000_001
ID = "hs_object_id"
HUBSPOTS_OWN = {ID, "createdate", "lastmodifieddate", "hs_lastmodifieddate"}
"""The properties that every contact has."""

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Account:
    """The account that a portal belongs to.

    :param portal_id: its id.
    :param time_zone: an IANA name; the day of the limits begins at its midnight.
    """

    portal_id: int = 12_345_678
    time_zone: str = "America/New_York"
    currency: str = "USD"


class Portal:
    """The state of one HubSpot account.

    :param contacts: the contacts of the start, as property → value.
    :param properties: the portal's own property definitions.
    :param switches: what the sandbox does where HubSpot's behaviour is not known.
    :param account: the account that it belongs to.
    :param clock: seconds since 1970.
    :param requirements: the properties that a write must have; the contacts of the start need not have them.
    :param search_lag: seconds by which the search lags behind.
    :param owners: whom records can belong to; the usual ones if None.
    :raises ValueError: if HubSpot could not have such a contact, or a required property is unknown.
    :ivar contacts: id → contact; ``archived`` holds the deleted ones.
    :ivar writer: the app or the import that is writing.
    :ivar journal: the changes, until a store has kept them; None if there is no store.
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
        self.switches = switches or Switches()
        self.requirements = requirements or Requirements()
        self.search_lag = search_lag
        self.writer = ""
        self.owners = Owners(owners)
        self.account = account or Account()
        self._clock = clock
        self._seeds = list(contacts)
        self._own = list(properties)
        self.journal: list[tuple[Contact, Write | None]] | None = None
        self.reset()
        unknown = self.requirements.names() - self.definitions.keys()
        if unknown:
            raise ValueError(f"There is no property {min(unknown)}; no contact can be required to have it.")

    def reset(self) -> None:
        """Go back to the contacts and properties of the start."""
        names = dict.fromkeys([*GROUPS, *(definition.group for definition in self._own)])
        self.groups = {name: Group(name, name) for name in names}
        self.definitions = {definition.name: definition for definition in default_properties()}
        self.archived_definitions: dict[str, Definition] = {}
        self.contacts: dict[str, Contact] = {}
        self.archived: dict[str, Contact] = {}
        self._ids: list[int] = []
        self._identities = Identities()
        self.next_id = FIRST_ID
        for definition in self._own:
            self.define(definition)
        for place, seed in enumerate(self._seeds, 1):
            self._add_seed(place, seed)

    def restore(
        self,
        contacts: Iterable[Contact],
        definitions: Iterable[Definition],
        groups: Iterable[Group],
        next_id: int,
    ) -> None:
        """Replace the state. If the parts do not fit together, the present state stays.

        :param contacts: the contacts, deleted ones included.
        :param definitions: the properties, deleted ones included.
        :param groups: the groups of properties.
        :param next_id: id of the next contact that is created.
        :raises ValueError: if the parts do not fit together.
        """
        every = {definition.name: definition for definition in definitions}
        live = {name: definition for name, definition in every.items() if not definition.archived_at}
        missing = {definition.name for definition in default_properties()} - live.keys()
        if missing:
            raise ValueError(f"HubSpot's property {min(missing)} is missing.")
        by_id, archived = _shelved(contacts, every.keys(), next_id)
        unique = [definition.name for definition in every.values() if definition.unique]
        identities = Identities.of(by_id.values(), unique, every.keys() - live.keys())
        self.archived, self._ids = archived, sorted(map(int, by_id))
        self.contacts, self.definitions = by_id, live
        self.archived_definitions = {n: definition for n, definition in every.items() if n not in live}
        self.groups = {group.name: group for group in groups}
        self._identities, self.next_id = identities, next_id

    def now(self) -> int:
        """Return the time of the portal's clock, in milliseconds since 1970."""
        return int(self._clock() * 1000)

    def contact(self, key: str) -> Contact | None:
        """Find a contact by any of its addresses, or by its id."""
        return self._identities.find(EMAIL, key) or self.find(key)

    def find(self, value: str, id_property: str | None = None) -> Contact | None:
        """Find a contact by its id, or by a property that identifies it.

        :param value: the id or the value.
        :param id_property: ``email``, which includes secondary addresses, or a unique property; None for the
            id.
        """
        if id_property in {None, ID}:
            return self.contacts.get(value) or self._identities.find_merged(value)
        return self._identities.find(id_property or "", value)

    def find_archived(self, value: str, id_property: str | None = None) -> Contact | None:
        """Find a deleted contact as :meth:`find` does; the latest if several have the value."""
        if id_property in {None, ID}:
            return self.archived.get(value)
        name, wanted = id_property or "", value.lower()
        for contact in reversed(self.archived.values()):
            if wanted and contact.properties.get(name, "").lower() == wanted:
                return contact
        return None

    def page(self, after: int, most: int, *, archived: bool = False) -> list[Contact]:
        """Return contacts in the order of their ids.

        :param after: only contacts with a larger id.
        :param most: the most contacts.
        :param archived: return deleted contacts instead.
        """
        shelf = self.archived if archived else self.contacts
        ids = sorted(map(int, shelf)) if archived else self._ids
        start = bisect_right(ids, after)
        return [shelf[str(number)] for number in ids[start : start + most]]

    def archive(self, contact: Contact) -> None:
        """Delete a contact, so that others can have its address and its unique values."""
        self._identities.forget(contact)
        del self.contacts[contact.id]
        self._ids.pop(bisect_right(self._ids, int(contact.id)) - 1)
        contact.archived_at = self.now()
        self.archived[contact.id] = contact
        self.touch(contact)

    def identifies(self, name: str) -> bool:
        """Check whether a property identifies contacts."""
        return name == ID or name in self._identities.names

    def create(self, properties: Mapping[str, str], dialect: Dialect = V3) -> Contact:
        """Create a contact.

        :raises InvalidProperties: if a value is not valid.
        :raises ContactExists: if another contact has the address.
        """
        return self.apply(self.draft(None, properties, dialect))

    def update(self, contact: Contact, properties: Mapping[str, str], dialect: Dialect = V3) -> Contact:
        """Update a contact with all values or none.

        :raises InvalidProperties: if a value is not valid.
        :raises ContactExists: if another contact has the address.
        """
        return self.apply(self.draft(contact, properties, dialect))

    def draft(
        self,
        contact: Contact | None,
        properties: Mapping[str, str],
        dialect: Dialect,
        claimed: Mapping[tuple[str, str], str] | None = None,
    ) -> PendingWrite:
        """Check a write without doing it.

        :param contact: the contact; None for a new one.
        :param properties: name → value; ``""`` clears the property.
        :param dialect: how it is written.
        :param claimed: unique values of the other drafts of the batch.
        :raises InvalidProperties: if values are not valid; it names all of them.
        :raises MissingProperties: if a required property is missing.
        :raises ContactExists: if another contact has the address, or the value of a unique property.
        """
        draft = PendingWrite(contact or self._blank(), contact is None, dialect)
        fill(draft, properties, self.definitions, self.switches, self.owners)
        default_stage = self.switches.new_contact_stage
        if draft.new and not dialect.computes and default_stage in self.definitions[STAGE].allowed:
            draft.values.setdefault(STAGE, default_stage)
        if self.requirements and self._enforces(dialect):
            self.requirements.check(draft.contact.properties, draft.values, new=draft.new)
        try:
            self._identities.check(draft, claimed or {})
        except ContactExists as taken:
            raise self._conflict(draft, taken) from None
        return draft

    def claims(self, draft: PendingWrite) -> dict[tuple[str, str], str]:
        """Return the unique values of a draft, each with its contact's id."""
        return self._identities.claims(draft)

    def apply(self, draft: PendingWrite, timestamps: Mapping[str, int] | None = None) -> Contact:
        """Carry out a write. An unchanged value does not touch the history and lastmodifieddate (F).

        :param draft: the write.
        :param timestamps: property → when its value was set, in milliseconds since 1970; now if missing.
        """
        contact, now = draft.contact, self.now()
        if draft.new:
            self._add(contact, now, draft.dialect)
        current = contact.properties
        changes = {name: value for name, value in draft.values.items() if current.get(name, "") != value}
        if changes:
            self._identities.move(contact, changes, keep_old_email=self.switches.old_email == "secondary")
            write = Write(changes, now, timestamps or {}, draft.dialect.source, self.writer)
            contact.write(write)
            contact.updated_at = now
            if draft.new and OTHERS in changes:
                self._identities.add_others(contact)
            self.touch(contact, write)
            current["lastmodifieddate"] = current["hs_lastmodifieddate"] = iso(now)
        return contact

    def touch(self, contact: Contact, write: Write | None = None) -> None:
        """Note in the journal that a contact changed.

        :param contact: the contact.
        :param write: the write; None if the contact is new or deleted.
        """
        if self.journal is not None:
            self.journal.append((contact, write))

    def define(self, definition: Definition) -> Definition:
        """Add a property, or restore the deleted one of this name with its values (T).

        :raises PropertyExists: if the portal has a property of this name.
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
        now = self.now()
        return self.redefine(replace(definition, created_at=former.created_at if former else now))

    def redefine(self, definition: Definition) -> Definition:
        """Replace a definition."""
        stamped = replace(definition, updated_at=self.now())
        self.definitions[stamped.name] = stamped
        if stamped.unique and not self.identifies(stamped.name):
            self._identities.add_property(stamped.name)
            for contact in self.contacts.values():
                self._identities.add(contact)
        return stamped

    def archive_property(self, definition: Definition) -> None:
        """Delete a property. Contacts keep its values in case it is restored (T)."""
        del self.definitions[definition.name]
        self._identities.drop_property(definition.name)
        self.archived_definitions[definition.name] = replace(definition, archived_at=self.now())

    def _enforces(self, dialect: Dialect) -> bool:
        every = self.switches.write_rules == "every" and not dialect.computes
        return dialect.checks_requirements or every

    def _conflict(self, draft: PendingWrite, taken: ContactExists) -> ContactExists:
        """Return HubSpot's refusal of a value that another contact has; a 409 is about addresses (F)."""
        if taken.name == EMAIL:
            told = self.switches.taken_email_on_create if draft.new else self.switches.taken_email
            if told != "400":
                return taken
        value = draft.values.get(taken.name) or taken.value
        return ValueTaken(taken, value, draft.contact.id, self.account.portal_id)

    def _blank(self) -> Contact:
        contact = Contact(str(self.next_id), 0, 0)
        self.next_id += 1
        return contact

    def _add(self, contact: Contact, now: int, dialect: Dialect) -> None:
        contact.created_at = contact.updated_at = now
        created = iso(now)
        contact.properties |= {
            ID: contact.id,
            "createdate": created,
            "lastmodifieddate": created,
            "hs_lastmodifieddate": created,
            "hs_object_source": dialect.source,
            "hs_object_source_id": self.writer,
        }
        self.contacts[contact.id] = contact
        insort(self._ids, int(contact.id))
        self.touch(contact)

    def _add_seed(self, place: int, properties: Mapping[str, str]) -> None:
        try:
            contact = self.create(properties, SEED)
            self._identities.add_others(contact)
        except (InvalidProperties, ContactExists) as refused:
            raise ValueError(f"HubSpot could not have contact {place}: {refused}") from refused


def _shelved(
    contacts: Iterable[Contact], properties: KeysView[str], next_id: int
) -> tuple[dict[str, Contact], dict[str, Contact]]:
    """Check that contacts fit into a portal, and tell the deleted ones apart.

    :param properties: names of the portal's properties, archived ones included.
    :param contacts: the contacts, deleted ones included.
    :param next_id: id of the next contact that is created.
    :return: id → contact, and id → deleted contact.
    :raises ValueError: if they do not fit.
    """
    by_id: dict[str, Contact] = {}
    archived: dict[str, Contact] = {}
    for contact in contacts:
        if contact.id in by_id or contact.id in archived or int(contact.id) >= next_id:
            raise ValueError(f"The id {contact.id} is taken, or not given yet.")
        if not HUBSPOTS_OWN <= contact.properties.keys() <= properties:
            raise ValueError(f"The contact {contact.id} has other properties than the portal.")
        (archived if contact.archived_at else by_id)[contact.id] = contact
    return by_id, archived


def ordered(portal: Portal, results: Sequence[Result]) -> Sequence[Result]:
    """Return the results of a batch in the order of the answer."""
    return results[::-1] if portal.switches.result_order == "reversed" else results
