"""The values that identify contacts: ids, addresses, and other unique properties."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from airflow_provider_hubcontact.sandbox.crm.contact import Contact
from airflow_provider_hubcontact.sandbox.crm.pending_writes import OTHERS, PendingWrite
from airflow_provider_hubcontact.sandbox.errors import ContactExists

EMAIL = "email"


class Identities:
    """Finds contacts by their unique values. Letter case does not matter.

    HubSpot docs: contacts guide (secondary emails, merge), changelog "Unique properties for contacts".
    """

    def __init__(self) -> None:
        self._holders: dict[str, dict[str, Contact]] = {EMAIL: {}}
        self._merged: dict[str, Contact] = {}  # id before a merge → what the contact has become

    @classmethod
    def of(
        cls, contacts: Iterable[Contact], properties: Iterable[str], archived: Iterable[str]
    ) -> Identities:
        """Index contacts by all of their unique values.

        :param contacts: the contacts.
        :param properties: the unique ones, archived ones included.
        :param archived: properties by which nobody is found, though no two contacts may share a value.
        :raises ValueError: if two contacts share a value.
        """
        identities = cls()
        for name in properties:
            identities.add_property(name)
        for contact in contacts:
            identities.add(contact)
        for name in archived:
            identities.drop_property(name)
        return identities

    @property
    def names(self) -> Collection[str]:
        """The properties that identify contacts."""
        return self._holders.keys()

    def add_property(self, name: str) -> None:
        """Let one more property identify contacts."""
        self._holders.setdefault(name, {})

    def drop_property(self, name: str) -> None:
        """Let a property no longer identify contacts."""
        self._holders.pop(name, None)

    def find(self, name: str, value: str) -> Contact | None:
        """Find the contact that has a value, which may be a secondary address."""
        return self._holders.get(name, {}).get(value.lower())

    def find_merged(self, former_id: str) -> Contact | None:
        """Find the contact into which another one was merged."""
        return self._merged.get(former_id)

    def claims(self, draft: PendingWrite) -> dict[tuple[str, str], str]:
        """Return the unique values of a draft, each with its contact's id."""
        return dict.fromkeys(self._unique(draft), draft.contact.id)

    def check(self, draft: PendingWrite, claimed: Mapping[tuple[str, str], str]) -> None:
        """Check that no other contact has a unique value of a draft.

        :param draft: the draft.
        :param claimed: the unique values of the other drafts of the batch.
        :raises ContactExists: if another contact has one.
        """
        own = draft.contact.id
        for name, value in self._unique(draft):
            holder = self._holders[name].get(value)
            if holder is not None and holder is not draft.contact:
                raise ContactExists(holder.id, value, name)
            if claimed.get((name, value), own) != own:
                raise ContactExists(None, value, name, claimed[name, value])

    def _unique(self, draft: PendingWrite) -> list[tuple[str, str]]:
        """Return the unique values of a draft, each with its property, among them all its addresses."""
        values = draft.values
        if values.keys().isdisjoint(self._holders):
            return []
        unique = [(name, values[name].lower()) for name in self._holders if values.get(name)]
        if draft.new and values.get(OTHERS):
            unique += [(EMAIL, address) for address in values[OTHERS].lower().split(";")]
        return unique

    def move(self, contact: Contact, changes: Mapping[str, str], *, keep_old_email: bool) -> None:
        """Index a contact by new values instead of its present ones.

        :param contact: the contact, which still has its present values.
        :param changes: property → new value; properties that are not unique are ignored.
        :param keep_old_email: whether a replaced primary address becomes a secondary one.
        """
        for name, holders in self._holders.items():
            if name not in changes:
                continue
            old, new = contact.properties.get(name, "").lower(), changes[name].lower()
            if name == EMAIL and _move_secondary(contact, old, new, keep_old=keep_old_email):
                old = ""
            if old:
                del holders[old]
            if new:
                holders[new] = contact

    def add(self, contact: Contact) -> None:
        """Index a contact by all of its unique values.

        :raises ValueError: if another contact has one.
        """
        for name, holders in self._holders.items():
            for value in _values(contact, name):
                if holders.setdefault(value, contact) is not contact:
                    raise ValueError(f"The contacts {holders[value].id} and {contact.id} share a {name}.")
        self._merged |= dict.fromkeys(contact.merged_ids, contact)

    def forget(self, contact: Contact) -> None:
        """Remove a contact from the index."""
        for name, holders in self._holders.items():
            for value in _values(contact, name):
                del holders[value]
        for former_id in contact.merged_ids:
            self._merged.pop(former_id, None)

    def add_others(self, contact: Contact) -> None:
        """Index a contact by its secondary addresses, and by its ids before a merge.

        :raises ContactExists: if another contact has one.
        """
        for address in contact.secondary_emails:
            holder = self._holders[EMAIL].setdefault(address, contact)
            if holder is not contact:
                raise ContactExists(holder.id, address)
        self._merged |= dict.fromkeys(contact.merged_ids, contact)


def _values(contact: Contact, name: str) -> list[str]:
    """Return the values by which a property identifies a contact."""
    value = contact.properties.get(name, "").lower()
    others = contact.secondary_emails if name == EMAIL else []
    return list(filter(None, dict.fromkeys([value, *others])))


def _move_secondary(contact: Contact, old: str, new: str, *, keep_old: bool) -> bool:
    """Remove a new primary address from the secondary ones, and add the old one if it is kept.

    :return: whether it is kept.
    """
    before = contact.secondary_emails
    after = [address for address in before if address != new]
    if old and keep_old:
        after.append(old)
    if after != before:
        contact.properties["hs_additional_emails"] = ";".join(after)
    return keep_old
