"""A portal: its contacts and their properties, and how they change. Knows no HTTP."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from airflow_provider_hubcontact.sandbox.contact import Contact, Write
from airflow_provider_hubcontact.sandbox.default_properties import GROUPS, default_properties
from airflow_provider_hubcontact.sandbox.definitions import Definition
from airflow_provider_hubcontact.sandbox.drafts import SEED, STAGE, V3, Dialect, Draft, fill
from airflow_provider_hubcontact.sandbox.errors import ContactExists, InvalidProperties, PropertyExists
from airflow_provider_hubcontact.sandbox.identities import EMAIL, Identities
from airflow_provider_hubcontact.sandbox.switches import Switches
from airflow_provider_hubcontact.sandbox.values import iso

FIRST_ID = 171_591_000_001
ID = "hs_object_id"
HUBSPOTS_OWN = {ID, "createdate", "lastmodifieddate", "hs_lastmodifieddate"}
"""What every contact has."""

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Account:
    """Whose portal it is.

    :param time_zone: an IANA name; the day of the limits begins at its midnight.
    """

    portal_id: int = 12_345_678
    time_zone: str = "America/New_York"
    currency: str = "USD"


class Portal:
    """The state of one HubSpot account.

    :param contacts: property → value of the contacts that are there from the start.
    :param properties: the portal's own property definitions.
    :param switches: the ways to take where HubSpot is not known.
    :param account: whose portal it is.
    :param clock: seconds since 1970.
    :raises ValueError: if a contact is none that HubSpot could have.
    :ivar journal: what changed, for whoever keeps it and empties the list; None if nobody does.
    """

    def __init__(
        self,
        contacts: Iterable[Mapping[str, str]] = (),
        properties: Iterable[Definition] = (),
        switches: Switches | None = None,
        account: Account | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.switches = switches or Switches()
        self.account = account or Account()
        self._clock = clock
        self._seeds = list(contacts)
        self._own = list(properties)
        self.journal: list[tuple[Contact, Write | None]] | None = None
        self.reset()

    def reset(self) -> None:
        """Go back to the start: the first contacts, the first properties."""
        self.groups = set(GROUPS) | {definition.group for definition in self._own}
        self.definitions = {definition.name: definition for definition in default_properties()}
        self.contacts: dict[str, Contact] = {}
        self._identities = Identities()
        self.next_id = FIRST_ID
        for definition in self._own:
            self.define(definition)
        for place, seed in enumerate(self._seeds, 1):
            self._add_seed(place, seed)

    def restore(
        self, contacts: Iterable[Contact], definitions: Iterable[Definition], groups: set[str], next_id: int
    ) -> None:
        """Take another state, or keep the present one if the parts do not fit together.

        :param next_id: of the next contact that is created.
        :raises ValueError: if they do not.
        """
        by_name = {definition.name: definition for definition in definitions}
        missing = {definition.name for definition in default_properties()} - by_name.keys()
        if missing:
            raise ValueError(f"HubSpot's property {min(missing)} is missing.")
        identities = Identities()
        for definition in by_name.values():
            if definition.unique:
                identities.add_property(definition.name)
        by_id: dict[str, Contact] = {}
        for contact in contacts:
            if contact.id in by_id or int(contact.id) >= next_id:
                raise ValueError(f"The id {contact.id} is taken, or not given yet.")
            if not HUBSPOTS_OWN <= contact.properties.keys() <= by_name.keys():
                raise ValueError(f"The contact {contact.id} has other properties than the portal.")
            identities.add(contact)
            by_id[contact.id] = contact
        self.contacts, self.definitions, self.groups = by_id, by_name, groups
        self._identities, self.next_id = identities, next_id

    def now(self) -> int:
        """Read the portal's clock, in milliseconds since 1970."""
        return int(self._clock() * 1000)

    def contact(self, key: str) -> Contact | None:
        """Find a contact by any of its addresses, or by its id."""
        return self._identities.find(EMAIL, key) or self.contacts.get(key)

    def find(self, value: str, id_property: str | None = None) -> Contact | None:
        """Find a contact by its id, or by a property that identifies it.

        :param id_property: ``email``, which knows secondary addresses, too, or a unique property; the id if
            None.
        """
        if id_property in {None, ID}:
            return self.contacts.get(value)
        return self._identities.find(id_property or "", value)

    def identifies(self, name: str) -> bool:
        """Tell whether a property identifies contacts."""
        return name == ID or name in self._identities.names

    def create(self, properties: Mapping[str, str], dialect: Dialect = V3) -> Contact:
        """Create a contact.

        :raises InvalidProperties: if a value is none that HubSpot takes.
        :raises ContactExists: if another contact has the address.
        """
        return self.apply(self.draft(None, properties, dialect))

    def update(self, contact: Contact, properties: Mapping[str, str], dialect: Dialect = V3) -> Contact:
        """Update a contact; all or nothing.

        :raises InvalidProperties: if a value is none that HubSpot takes.
        :raises ContactExists: if another contact has the address.
        """
        return self.apply(self.draft(contact, properties, dialect))

    def draft(
        self,
        contact: Contact | None,
        properties: Mapping[str, str],
        dialect: Dialect,
        claimed: Mapping[tuple[str, str], str] | None = None,
    ) -> Draft:
        """Check a write without doing it.

        :param contact: the contact, None for a new one.
        :param properties: name → value, "" to clear it.
        :param claimed: unique values that other drafts of the same batch take.
        :raises InvalidProperties: with all that is wrong.
        :raises ContactExists: if another contact has the address, or the value of a unique property.
        """
        draft = Draft(contact or self._blank(), contact is None, dialect)
        fill(draft, properties, self.definitions, self.switches)
        default_stage = self.switches.new_contact_stage
        if draft.new and not dialect.computes and STAGE not in draft.values and default_stage != "none":
            draft.values[STAGE] = default_stage
        self._identities.check(draft, claimed or {})
        return draft

    def claims(self, draft: Draft) -> dict[tuple[str, str], str]:
        """Give the unique values that a draft takes → its contact's id."""
        return self._identities.claims(draft)

    def apply(self, draft: Draft, timestamps: Mapping[str, int] | None = None) -> Contact:
        """Do a write; what stays as it is leaves the history and lastmodifieddate alone (F).

        :param timestamps: property → when its value was set, in milliseconds since 1970; now if missing.
        """
        contact, now = draft.contact, self.now()
        if draft.new:
            self._add(contact, now, draft.dialect)
        current = contact.properties
        changes = {name: value for name, value in draft.values.items() if current.get(name, "") != value}
        if changes:
            self._identities.move(contact, changes, keep_old_email=self.switches.old_email == "secondary")
            write = Write(changes, now, timestamps or {}, draft.dialect.source)
            contact.write(write)
            contact.updated_at = now
            self.touch(contact, write)
            current["lastmodifieddate"] = current["hs_lastmodifieddate"] = iso(now)
        return contact

    def touch(self, contact: Contact, write: Write | None = None) -> None:
        """Note that a contact changed, or is gone, for whoever keeps the state.

        :param write: the change, if it is part of the history.
        """
        if self.journal is not None:
            self.journal.append((contact, write))

    def define(self, definition: Definition) -> Definition:
        """Add a property.

        :raises PropertyExists: if there is one of this name.
        """
        if definition.name in self.definitions:
            raise PropertyExists(definition.name)
        stamped = replace(definition, created_at=self.now())
        self.definitions[definition.name] = stamped
        if stamped.unique:
            self._identities.add_property(stamped.name)
        return stamped

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
        }
        self.contacts[contact.id] = contact
        self.touch(contact)

    def _add_seed(self, place: int, properties: Mapping[str, str]) -> None:
        try:
            contact = self.create(properties, SEED)
            self._identities.add_secondary(contact)
        except (InvalidProperties, ContactExists) as refused:
            raise ValueError(f"Contact {place} is none that HubSpot could have: {refused}") from refused


def ordered(portal: Portal, results: Sequence[Result]) -> Sequence[Result]:
    """Put the results of a batch in the order of the answer."""
    return results[::-1] if portal.switches.result_order == "reversed" else results
