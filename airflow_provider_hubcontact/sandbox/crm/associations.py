# SPDX-License-Identifier: Apache-2.0
"""Which contacts and companies belong together, and the labels that say how.

HubSpot docs: "Associations" guide (v4, dated), changelog "Changes to primary labels".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from airflow_provider_hubcontact.sandbox.crm.object_types import COMPANIES, CONTACTS
from airflow_provider_hubcontact.sandbox.errors.requests import InvalidInput

BY_HUBSPOT, BY_USER = "HUBSPOT_DEFINED", "USER_DEFINED"


class Key(NamedTuple):
    """What names an association type."""

    category: str
    id: int


@dataclass(frozen=True, slots=True)
class AssociationType:
    """One way in which a record can belong to another one, in one direction.

    :param label: what people read; None for the unlabeled type.
    :param from_type: the type id of the record that it starts at.
    :param inverse: the id of the same type in the other direction.
    :param name: what answers of v3 and the dated versions call it in ``associations``.
    """

    category: str
    id: int
    label: str | None
    from_type: str
    to_type: str
    inverse: int
    name: str

    @property
    def key(self) -> Key:
        """What names the type."""
        return Key(self.category, self.id)


TO_COMPANY = Key(BY_HUBSPOT, 279)
TO_CONTACT = Key(BY_HUBSPOT, 280)
PRIMARY = Key(BY_HUBSPOT, 1)
OF_PRIMARY = Key(BY_HUBSPOT, 2)

_HUBSPOTS = [
    AssociationType(*key, label, from_type.id, to_type.id, inverse.id, name)
    for key, label, from_type, to_type, inverse, name in (
        (TO_COMPANY, None, CONTACTS, COMPANIES, TO_CONTACT, "contact_to_company_unlabeled"),
        (TO_CONTACT, None, COMPANIES, CONTACTS, TO_COMPANY, "company_to_contact_unlabeled"),
        (PRIMARY, "Primary", CONTACTS, COMPANIES, OF_PRIMARY, "contact_to_company"),
        (OF_PRIMARY, "Contact with Primary Company", COMPANIES, CONTACTS, PRIMARY, "company_to_contact"),
    )
]
"""Ids: "Associations" guide (D); labels: told (T); names: recorded (F)."""


class Associations:
    """The associations of a portal, each known in both directions.

    :param first_is_primary: whether a contact's first company becomes its primary one by itself.
    :ivar changed: the contacts whose associations changed, until a store has kept them; None without a store.
    """

    def __init__(self, *, first_is_primary: bool) -> None:
        self._first_is_primary = first_is_primary
        self.types = {each.key: each for each in _HUBSPOTS}
        self._of: dict[str, dict[str, list[Key]]] = {}
        self.changed: set[str] | None = None

    def between(self, from_type: str, to_type: str) -> list[AssociationType]:
        """Return the types that lead from one object type to another."""
        return [
            each for each in self.types.values() if (each.from_type, each.to_type) == (from_type, to_type)
        ]

    def type(self, key: Key, from_type: str, to_type: str) -> AssociationType:
        """Find a type.

        :raises InvalidInput: if it does not exist, or leads from or to other records (U: the text).
        """
        found = self.types.get(key)
        if found is None or (found.from_type, found.to_type) != (from_type, to_type):
            raise InvalidInput(
                f"{key.category} {key.id} is not an association type of {from_type} to {to_type}."
            )
        return found

    def of(self, record_id: str) -> Mapping[str, Sequence[Key]]:
        """Return the records that belong to a record, deleted ones included: id → types."""
        return self._of.get(record_id, {})

    def primary(self, contact: str) -> str:
        """Return the id of a contact's primary company; empty if it has no such company."""
        return next((company for company, keys in self.of(contact).items() if PRIMARY in keys), "")

    def add(self, from_id: str, to_id: str, types: Iterable[AssociationType]) -> None:
        """Associate two records. Whatever the types are, the unlabeled one is among them from then on (D)."""
        types = list(types)
        contact = from_id if types[0].from_type == CONTACTS.id else to_id
        keys = {each.key for each in types}
        if self._first_is_primary and not self._of.get(contact):
            types.append(self.types[PRIMARY if contact == from_id else OF_PRIMARY])
        elif keys & {PRIMARY, OF_PRIMARY}:
            self._remove_primary(contact)
        plain = next(
            each for each in self.between(types[0].from_type, types[0].to_type) if each.label is None
        )
        for each in (*types, plain):
            self._put(from_id, to_id, each.key)
            self._put(to_id, from_id, Key(each.category, each.inverse))

    def remove(self, from_id: str, to_id: str, keys: Iterable[Key] | None = None) -> None:
        """Remove types from two records; types that they do not have are ignored.

        :param keys: the types; None for all of them. Removing the unlabeled one removes all (S).
        """
        mine = self._of.get(from_id, {}).get(to_id)
        if mine is None:
            return
        gone = mine if keys is None or {TO_COMPANY, TO_CONTACT} & set(keys) else list(keys)
        for key in [each for each in gone if each in mine]:
            mine.remove(key)
            self._note(from_id, to_id, key)
            self._of[to_id][from_id].remove(Key(key.category, self.types[key].inverse))
        if not mine:
            del self._of[from_id][to_id], self._of[to_id][from_id]

    def forget(self, record_id: str) -> None:
        """Remove all associations of a record."""
        for other in list(self.of(record_id)):
            self.remove(record_id, other)

    def merge(self, primary: str, other: str, survivor: str) -> None:
        """Move the associations of two records to a third; the first one's primary company stays (D)."""
        both = [{to_id: list(keys) for to_id, keys in self.of(each).items()} for each in (primary, other)]
        for each in (primary, other):
            self.forget(each)
        for links in both:
            for to_id, keys in links.items():
                for key in keys:
                    if key == PRIMARY and self.primary(survivor):
                        continue
                    self._put(survivor, to_id, key)
                    self._put(to_id, survivor, Key(key.category, self.types[key].inverse))

    def define(
        self, label: str, inverse_label: str, name: str, from_type: str, to_type: str
    ) -> Sequence[Key]:
        """Add a label, with another one for the other direction if it has one.

        :return: the types of both directions.
        :raises InvalidInput: if the label or the name is empty, or another type has the name, which is
            unique (D; U: the answer).
        """
        if not (label and name):
            raise InvalidInput("A label and its name cannot be empty.")
        if any(each.name == name for each in self.between(from_type, to_type)):
            raise InvalidInput(f"An association type of {from_type} to {to_type} has the name {name[:100]}.")
        first = max((each.id for each in self.types.values() if each.category == BY_USER), default=0) + 1
        second = first + 1
        there = AssociationType(BY_USER, first, label, from_type, to_type, second, name)
        back = AssociationType(BY_USER, second, inverse_label or label, to_type, from_type, first, name)
        self.types |= {there.key: there, back.key: back}
        return there.key, back.key

    def dump(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        links = [[contact, *link] for contact in self.contacts() for link in self.links(contact)]
        return {"labels": self.dump_labels(), "links": links}

    def dump_labels(self) -> list[Any]:
        """Return the labels of the portal's users as JSON values."""
        return [asdict(each) for each in self.types.values() if each.category == BY_USER]

    def contacts(self) -> Iterator[str]:
        """Yield the ids of all contacts that belong to companies."""
        for from_id, links in self._of.items():
            if any(self.types[keys[0]].from_type == CONTACTS.id for keys in links.values()):
                yield from_id

    def links(self, contact: str) -> list[Any]:
        """Return the companies of a contact as JSON values, each with its types."""
        return [[company, [list(key) for key in keys]] for company, keys in self.of(contact).items()]

    def load(self, state: Mapping[str, Any], records: Mapping[str, str]) -> None:
        """Restore what :meth:`dump` returned.

        :param records: id of every record → its type id.
        :raises ValueError: if the parts do not fit together.
        """
        for each in state["labels"]:
            kind = AssociationType(**each)
            texts = (kind.category, kind.label, kind.from_type, kind.to_type, kind.name)
            typed = {*map(type, texts)} == {str} and {type(kind.id), type(kind.inverse)} == {int}
            if not typed or kind.category != BY_USER:  # no other one is kept
                raise ValueError(f"The label {kind.label!r} is not valid.")
            self.types.setdefault(kind.key, kind)
        for kind in self.types.values():
            back = self.types.get(Key(kind.category, kind.inverse))
            if back is None or (back.inverse, back.from_type) != (kind.id, kind.to_type):
                raise ValueError(f"The association type {kind.id} has no other direction.")
        for from_id, to_id, keys in state["links"]:
            for category, type_id in keys:
                kind = self.types[Key(category, type_id)]
                if (records[from_id], records[to_id]) != (kind.from_type, kind.to_type):
                    raise ValueError(f"{from_id} and {to_id} cannot be associated by {type_id}.")
                self._put(from_id, to_id, kind.key)
                self._put(to_id, from_id, Key(kind.category, kind.inverse))

    def _put(self, from_id: str, to_id: str, key: Key) -> None:
        keys = self._of.setdefault(from_id, {}).setdefault(to_id, [])
        if key not in keys:
            keys.append(key)
            keys.sort(key=lambda each: (each.category, each.id))
            self._note(from_id, to_id, key)

    def _note(self, from_id: str, to_id: str, key: Key) -> None:
        if self.changed is not None:
            self.changed.add(from_id if self.types[key].from_type == CONTACTS.id else to_id)

    def _remove_primary(self, contact: str) -> None:
        for company in list(self.of(contact)):
            self.remove(contact, company, [PRIMARY])
