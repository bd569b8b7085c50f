# SPDX-License-Identifier: Apache-2.0
"""Associations in bodies and answers, also in those of records.

HubSpot docs: "Associations" guide, contacts guide ("Associations").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from airflow_provider_hubcontact.sandbox.crm.associations import AssociationType, Key
from airflow_provider_hubcontact.sandbox.crm.object_types import ObjectType, named
from airflow_provider_hubcontact.sandbox.crm.record import Record
from airflow_provider_hubcontact.sandbox.crm.type_names import recognised
from airflow_provider_hubcontact.sandbox.errors.own import NotEmulated
from airflow_provider_hubcontact.sandbox.errors.refusal import Json
from airflow_provider_hubcontact.sandbox.errors.requests import InvalidInput, MissingFields
from airflow_provider_hubcontact.sandbox.http.routing import Request, array, mapping, required, text

_MAY_BE_LACKING = frozenset({"HUBSPOT_DEFINED", "INTEGRATOR_DEFINED"})
"""The categories of types that the sandbox does not have all of; the users' are its own."""

_NEAR = "the types of GET /crm/v4/associations/contacts/companies/labels"


class Wanted(NamedTuple):
    """An association that a new record is to have."""

    to: Record
    types: Sequence[AssociationType]


def to_kind(spelling: str, start: ObjectType) -> ObjectType:
    """Read the object type that an association leads to.

    :param spelling: its name in a path or a parameter.
    :param start: the object type that it leads from.
    :raises UnknownObjectType: if HubSpot has no such type.
    :raises NotEmulated: if the sandbox has no such associations.
    """
    name = recognised(spelling)
    kind = named(name)
    if kind is None or kind is start:
        raise NotEmulated(f"associations of {start.plural} and {name}", "those of contacts and companies")
    return kind


def read_types(request: Request, value: object, kind: ObjectType) -> list[AssociationType]:
    """Read the association types of a body, which lead from the call's object type to another one.

    :raises Refused: if one is not valid, or the list is missing or empty.
    """
    types = [
        request.portal.associations.type(_key(mapping(each)), request.kind.id, kind.id)
        for each in array(value)
    ]
    if not types:
        raise MissingFields(["types"])
    return types


def read_wanted(request: Request, body: Mapping[str, Any]) -> list[Wanted]:
    """Read ``associations`` of a record that is to be created; the types tell where they lead.

    :raises Refused: if one is not valid, or the other record is unknown (U: as a 400).
    """
    wanted = []
    for each in map(mapping, array(body.get("associations") or [])):
        required(each, "to", "types")
        end = mapping(each["to"])
        required(end, "id")
        types = [_emulated(request, _key(mapping(one))) for one in array(each["types"])]
        if not types:
            raise MissingFields(["types"])
        to = request.portal.collections[types[0].to_type].find(text(end["id"]))
        if to is None or len({one.to_type for one in types}) > 1:
            raise InvalidInput(f"There is no record {text(end['id'])[:50]} to associate with.")
        wanted.append(Wanted(to, types))
    return wanted


def associate(request: Request, record: Record, wanted: Sequence[Wanted]) -> None:
    """Associate a new record with those that its creation names."""
    for each in wanted:
        request.portal.associate(record, each.to, each.types)


def associated(
    request: Request, record: Record, kind: ObjectType
) -> list[tuple[str, Sequence[AssociationType]]]:
    """Return the records of a type that belong to a record, by id, without deleted ones."""
    types, there = request.portal.associations.types, request.portal.collection(kind).records
    links = request.portal.associations.of(record.id)
    found = [(other, [types[key] for key in keys]) for other, keys in links.items() if other in there]
    return sorted(found, key=lambda link: int(link[0]))


def shown_associations(request: Request, record: Record, kinds: Sequence[ObjectType]) -> Json:
    """Return the part ``associations`` of a record's answer: once for each type of an association (F)."""
    shown = {}
    for kind in kinds:
        results = [
            {"id": other, "type": each.name}
            for other, types in associated(request, record, kind)
            for each in types
        ]
        if results:
            shown[kind.plural] = {"results": results}
    return {"associations": shown} if shown else {}


def shown_type(each: AssociationType) -> Json:
    """Return an association type in JSON."""
    return {"category": each.category, "typeId": each.id, "label": each.label}


def _key(body: Json) -> Key:
    required(body, "associationCategory", "associationTypeId")
    number = text(body["associationTypeId"])
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        raise InvalidInput(f"`associationTypeId` is a whole number, not {number[:20]!r}.")
    return Key(text(body["associationCategory"]), int(number))


def _emulated(request: Request, key: Key) -> AssociationType:
    """Find the type of a new record's association, which tells where it leads.

    :raises InvalidInput: if it cannot be one of the call's object type.
    :raises NotEmulated: if it may be one of HubSpot's that the sandbox lacks.
    """
    associations, kind = request.portal.associations, request.kind
    found = associations.types.get(key)
    if found is None and key.category in _MAY_BE_LACKING:
        raise NotEmulated(f"associations of {kind.plural} of the type {key.category} {key.id}", _NEAR)
    if found is not None and found.from_type == kind.id:
        return found
    raise InvalidInput(f"{key.category} {key.id} is not an association type of {kind.id}.")
