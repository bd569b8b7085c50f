"""Property definitions: list, get and create, v3, dated and v1.

HubSpot docs: "Properties" guide; legacy API, "Create a contact property".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from airflow_provider_hubcontact.sandbox.definitions import FIELD_TYPES, Definition, Option
from airflow_provider_hubcontact.sandbox.errors import InvalidInput, Json, PropertyNotFound
from airflow_provider_hubcontact.sandbox.values import iso
from airflow_provider_hubcontact.sandbox.wire import (
    CONTACT_TYPES,
    DATED_VERSIONS,
    Reply,
    Request,
    Route,
    array,
    mapping,
    required,
    text,
)

READ = ("crm.schemas.contacts.read", "crm.objects.contacts.read")
WRITE = ("crm.schemas.contacts.write",)
MAX_NAME = 100
_NAME = re.compile(r"[a-z][a-z0-9_]*")

Show = Callable[[Definition], Json]


def routes() -> Iterator[Route]:
    """Give the routes of this family."""
    for kind in CONTACT_TYPES:
        for root in (
            f"/crm/v3/properties/{kind}",
            *(f"/crm/properties/{each}/{kind}" for each in DATED_VERSIONS),
        ):
            yield Route("GET", root, list_all, READ)
            yield Route("POST", root, create, WRITE)
            yield Route("GET", f"{root}/{{name}}", partial(get, shown), READ)
    root = "/properties/v1/contacts/properties"
    yield Route("GET", root, list_all_v1, READ, legacy=True)
    yield Route("POST", root, create_v1, WRITE, legacy=True)
    yield Route("GET", f"{root}/named/{{name}}", partial(get, shown_v1), READ, legacy=True)


def list_all(request: Request) -> Reply:
    """Answer 200 with all properties at once; none is archived."""
    definitions = [] if request.flag("archived") else request.portal.definitions.values()
    return Reply(200, {"results": [shown(definition) for definition in definitions]})


def list_all_v1(request: Request) -> Reply:
    """Answer 200 with a bare array."""
    return Reply(200, [shown_v1(definition) for definition in request.portal.definitions.values()])


def get(show: Show, request: Request) -> Reply:
    """Answer 200, or 404 for an unknown name."""
    definition = request.portal.definitions.get(request.params["name"])
    if definition is None:
        raise PropertyNotFound(request.params["name"])
    return Reply(200, show(definition))


def create(request: Request) -> Reply:
    """Answer 201, or 409 for a name that exists."""
    definition = request.portal.define(_definition(request))
    location = f"{request.path.rstrip('/')}/{definition.name}"
    return Reply(201, shown(definition), [(b"Location", location.encode())])


def create_v1(request: Request) -> Reply:
    """Answer 200, or 409 for a name that exists."""
    return Reply(200, shown_v1(request.portal.define(_definition(request))))


def shown(definition: Definition) -> Json:
    """Write a definition as v3 and the dated versions do (F)."""
    own = not definition.hubspot_defined
    body: Json = {
        "name": definition.name,
        "label": definition.label,
        "type": definition.type,
        "fieldType": definition.field_type,
        "description": definition.description,
        "groupName": definition.group,
        "options": [_option(option) for option in definition.options],
        "displayOrder": definition.display_order,
        "calculated": False,
        "externalOptions": definition.external_options,
        "hasUniqueValue": definition.unique,
        "hidden": definition.hidden,
        "modificationMetadata": {
            "archivable": own,
            "readOnlyDefinition": not own,
            "readOnlyValue": definition.read_only,
        },
        "formField": definition.form_field,
        "dataSensitivity": "non_sensitive",
    }
    if own:
        created = iso(definition.created_at)
        return {"createdAt": created, "updatedAt": created, "archived": False, **body}
    return {"hubspotDefined": True, **body}


def shown_v1(definition: Definition) -> Json:
    """Write a definition as v1 does (D)."""
    return {
        "name": definition.name,
        "label": definition.label,
        "description": definition.description,
        "groupName": definition.group,
        "type": definition.type,
        "fieldType": definition.field_type,
        "options": [
            {**_option(option), "readOnly": False, "doubleData": 0.0} for option in definition.options
        ],
        "displayOrder": definition.display_order,
        "formField": definition.form_field,
        "readOnlyValue": definition.read_only,
        "readOnlyDefinition": definition.hubspot_defined,
        "hidden": definition.hidden,
        "mutableDefinitionNotDeletable": False,
        "favorited": False,
        "favoritedOrder": -1,
        "calculated": False,
        "externalOptions": definition.external_options,
        "displayMode": "current_value",
        "deleted": False,
        "hubspotDefined": definition.hubspot_defined,
        "createdAt": definition.created_at,
        "updatedAt": definition.created_at,
        "createdUserId": None,
        "updatedUserId": None,
    }


def _option(option: Option) -> Json:
    return {
        "label": option.label,
        "value": option.value,
        "description": option.description,
        "displayOrder": option.display_order,
        "hidden": option.hidden,
    }


def _definition(request: Request) -> Definition:
    """Read a definition from a body; what is required and what fits is documented, the texts are ours (U)."""
    body = request.json
    required(body, "name", "label", "type", "fieldType", "groupName")
    name, label, kind, field_type, group = (
        text(body[key]) for key in ("name", "label", "type", "fieldType", "groupName")
    )
    if not _NAME.fullmatch(name) or len(name) > MAX_NAME:
        raise InvalidInput(
            f"The name {name[:MAX_NAME]!r} is none for a property: lower-case letters, digits and "
            f"underscores, a letter first, at most {MAX_NAME}."
        )
    if field_type not in FIELD_TYPES.get(kind, frozenset()):
        raise InvalidInput(f"The field type {field_type[:50]!r} does not go with the type {kind[:50]!r}.")
    if group not in request.portal.groups:
        raise InvalidInput(f"There is no property group {group[:50]!r}.")
    options = [
        _read_option(mapping(each), place) for place, each in enumerate(array(body.get("options") or []))
    ]
    return Definition(
        name,
        label,
        kind,
        field_type,
        group,
        _unlike(options),
        external_options=body.get("externalOptions") is True,
        unique=body.get("hasUniqueValue") is True,
        hidden=body.get("hidden") is True,
        form_field=body.get("formField") is not False,
        description=text(body.get("description")),
        display_order=_order(body, -1),
    )


def _read_option(body: Mapping[str, Any], place: int) -> Option:
    required(body, "label", "value")
    return Option(
        text(body["label"]),
        text(body["value"]),
        _order(body, place),
        hidden=body.get("hidden") is True,
        description=text(body.get("description")),
    )


def _unlike(options: Sequence[Option]) -> tuple[Option, ...]:
    values = [option.value for option in options]
    if len(set(values)) < len(values):
        raise InvalidInput("Two options have the same value.")
    if any(";" in value for value in values):
        raise InvalidInput("An option's value holds a semicolon, which separates options.")
    return tuple(options)


def _order(body: Mapping[str, Any], default: int) -> int:
    order = body.get("displayOrder")
    return order if type(order) is int else default
