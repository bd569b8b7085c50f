# SPDX-License-Identifier: Apache-2.0
"""The properties that an object type has in one portal, and their groups."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import chain

from airflow_provider_hubcontact.sandbox.crm.object_types import ObjectType
from airflow_provider_hubcontact.sandbox.crm.properties.definitions import Definition, Group
from airflow_provider_hubcontact.sandbox.errors.properties import PropertyExists
from airflow_provider_hubcontact.sandbox.errors.requests import InvalidInput


class PropertySet:
    """Keeps HubSpot's properties of an object type and the portal's own.

    :param kind: the object type.
    :param groups: groups besides HubSpot's own.
    :ivar live: name → property.
    :ivar archived: name → deleted property.
    :ivar groups: name → group.
    """

    def __init__(self, kind: ObjectType, groups: Iterable[str] = ()) -> None:
        self.live = {definition.name: definition for definition in kind.properties}
        self.archived: dict[str, Definition] = {}
        self.groups = {name: Group(name, name) for name in (*kind.groups, *groups)}

    @classmethod
    def of(cls, kind: ObjectType, definitions: Iterable[Definition], groups: Iterable[Group]) -> PropertySet:
        """Keep properties that come from outside.

        :param kind: their object type.
        :param definitions: the properties, deleted ones included.
        :param groups: the groups.
        :raises ValueError: if one of HubSpot's own is missing.
        """
        whole = cls(kind)
        every = {definition.name: definition for definition in definitions}
        live = {name: definition for name, definition in every.items() if not definition.archived_at}
        missing = whole.live.keys() - live.keys()
        if missing:
            raise ValueError(f"HubSpot's property {min(missing)} is missing.")
        whole.live = live
        whole.archived = {name: definition for name, definition in every.items() if name not in live}
        whole.groups = {group.name: group for group in groups}
        return whole

    def everything(self) -> dict[str, Definition]:
        """Return name → property, deleted ones included."""
        return dict(chain(self.live.items(), self.archived.items()))

    def add(self, definition: Definition, now: int) -> Definition:
        """Add a property, or restore the deleted one of this name (T).

        :param definition: the property.
        :param now: milliseconds since 1970.
        :return: the property with its times.
        :raises PropertyExists: if there is a property of this name.
        :raises InvalidInput: if the deleted property has another type (U), or another ``hasUniqueValue``,
            which cannot change (S).
        """
        if definition.name in self.live:
            raise PropertyExists(definition.name)
        former = self.archived.get(definition.name)
        if former is not None and former.type != definition.type:
            raise InvalidInput(f"The deleted property {former.name} has the type {former.type}.")
        if former is not None and former.unique != definition.unique:
            raise InvalidInput(f"The deleted property {former.name} keeps its hasUniqueValue.")
        self.archived.pop(definition.name, None)
        return self.put(replace(definition, created_at=former.created_at if former else now), now)

    def put(self, definition: Definition, now: int) -> Definition:
        """Add a property, or put it in the place of the one with its name.

        :return: the property with the time of the change.
        """
        stamped = replace(definition, updated_at=now)
        self.live[stamped.name] = stamped
        return stamped

    def archive(self, definition: Definition, now: int) -> None:
        """Delete a property."""
        del self.live[definition.name]
        self.archived[definition.name] = replace(definition, archived_at=now)
