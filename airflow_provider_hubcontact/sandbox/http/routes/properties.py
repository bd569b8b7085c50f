# SPDX-License-Identifier: Apache-2.0
"""Property definitions: list, get, create, change, delete, and batches of them; v3, dated and v1.

HubSpot docs: "Properties" guide; legacy API, "Create a contact property".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial

from airflow_provider_hubcontact.sandbox.crm.object_types import CONTACTS, TYPES, ObjectType
from airflow_provider_hubcontact.sandbox.crm.properties.definitions import Definition
from airflow_provider_hubcontact.sandbox.crm.records.batches import MAX_INPUTS
from airflow_provider_hubcontact.sandbox.errors.properties import PropertyInUse, PropertyNotFound
from airflow_provider_hubcontact.sandbox.errors.refusal import Json, Refused
from airflow_provider_hubcontact.sandbox.errors.requests import InvalidInput, TooManyInputs
from airflow_provider_hubcontact.sandbox.http.routes.property_json import (
    NON_SENSITIVE,
    changed,
    read_definition,
    shown,
    shown_created,
    shown_v1,
)
from airflow_provider_hubcontact.sandbox.http.routing import (
    DATED_VERSIONS,
    Reply,
    Request,
    Route,
    array,
    batch_reply,
    mapping,
    required,
    text,
)

_WORD = re.compile(r"\w+")

Show = Callable[[Definition], Json]


def roots(area: str = "properties") -> Iterator[tuple[str, ObjectType]]:
    """Yield the paths of an area of all object types in v3 and the dated versions."""
    for kind in TYPES:
        yield f"/crm/v3/{area}/{kind.plural}", kind
        yield from ((f"/crm/{area}/{version}/{kind.plural}", kind) for version in DATED_VERSIONS)


def routes() -> Iterator[Route]:
    """Yield the routes of this family."""
    for root, kind in roots():
        yield Route("GET", root, list_all, kind.read_schema, kind.singular.upper(), kind=kind)
        yield Route("POST", root, create, kind.write_schema, kind=kind)
        yield Route(
            "GET", f"{root}/{{name}}", partial(get, shown), kind.read_schema, kind.singular.upper(), kind=kind
        )
        yield Route("PATCH", f"{root}/{{name}}", partial(update, shown), kind.write_schema, kind=kind)
        yield Route("DELETE", f"{root}/{{name}}", archive, kind.write_schema, kind=kind)
        yield Route("POST", f"{root}/batch/create", batch_create, kind.write_schema, kind=kind)
        yield Route(
            "POST", f"{root}/batch/read", batch_read, kind.read_schema, kind.singular.upper(), kind=kind
        )
        yield Route("POST", f"{root}/batch/archive", batch_archive, kind.write_schema, kind=kind)
    root = "/properties/v1/contacts/properties"
    yield Route("GET", root, list_all_v1, CONTACTS.read_schema)
    yield Route("POST", root, create_v1, CONTACTS.write_schema)
    yield Route("GET", f"{root}/named/{{name}}", partial(get, shown_v1), CONTACTS.read_schema)
    yield Route("PUT", f"{root}/named/{{name}}", partial(update, shown_v1), CONTACTS.write_schema)
    yield Route("DELETE", f"{root}/named/{{name}}", archive, CONTACTS.write_schema)


def list_all(request: Request) -> Reply:
    """Answer 200 with all properties, or all deleted ones, on one page."""
    return Reply(200, {"results": [shown(definition) for definition in _asked_for(request).values()]})


def list_all_v1(request: Request) -> Reply:
    """Answer 200 with a bare array."""
    return Reply(200, [shown_v1(definition) for definition in request.collection.definitions.values()])


def get(show: Show, request: Request) -> Reply:
    """Answer 200, or 404 for an unknown name."""
    return Reply(200, show(_named(_asked_for(request), request.params["name"])))


def create(request: Request) -> Reply:
    """Answer 201, or 409 for a name that exists. A deleted property is restored (T)."""
    definition = _define(request, request.json)
    return Reply(201, shown(definition), [request.location(definition.name)])


def create_v1(request: Request) -> Reply:
    """Answer 200, or 409 for a name that exists."""
    return Reply(200, shown_v1(_define(request, request.json)))


def update(show: Show, request: Request) -> Reply:
    """Answer 200 with the changed definition."""
    definition = _named(request.collection.definitions, request.params["name"])
    return Reply(
        200, show(request.collection.redefine(changed(request.collection, definition, request.json)))
    )


def archive(request: Request) -> Reply:
    """Answer 204; HubSpot's own properties cannot be deleted."""
    definition = _named(request.collection.definitions, request.params["name"])
    request.collection.archive_property(_deletable(request, definition))
    return Reply(204)


def batch_create(request: Request) -> Reply:
    """Answer 201, or 207 if some were refused."""
    results, errors = [], []
    for each in _inputs(request):
        try:
            results.append(shown_created(_define(request, each)))
        except Refused as refused:
            part = refused.part()
            part["context"] = {**part.get("context", {}), "name": [text(each.get("name"))]}  # (F)
            errors.append(part)
    return batch_reply(request, 201, results, errors)


def batch_read(request: Request) -> Reply:
    """Answer 200, or 207 if some are unknown."""
    inputs = _inputs(request)
    archived = request.json.get("archived") is True
    shelf = _shelf(request, request.json.get("dataSensitivity"), archived=archived)
    results, errors = [], []
    for each in inputs:
        required(each, "name")
        try:
            results.append(shown(_named(shelf, text(each["name"]))))
        except PropertyNotFound as refused:
            errors.append(refused.part())
    return batch_reply(request, 200, results, errors)


def batch_archive(request: Request) -> Reply:
    """Answer 204, also for unknown names (D). All are deleted, or none (U)."""
    found = {}
    for each in _inputs(request):
        required(each, "name")
        definition = request.collection.definitions.get(text(each["name"]))
        if definition is not None:
            found[definition.name] = _deletable(request, definition)
    for definition in found.values():
        request.collection.archive_property(definition)
    return Reply(204)


def _asked_for(request: Request) -> dict[str, Definition]:
    return _shelf(request, request.parameter("dataSensitivity"), archived=request.flag("archived"))


def _shelf(request: Request, sensitivity: object, *, archived: bool) -> dict[str, Definition]:
    """Return the properties that a call is about. None of them is sensitive (S: not sensitive by default)."""
    if sensitivity not in (None, NON_SENSITIVE):
        return {}
    return request.collection.archived_definitions if archived else request.collection.definitions


def _named(shelf: dict[str, Definition], name: str) -> Definition:
    definition = shelf.get(name)
    if definition is None:
        raise PropertyNotFound(name)
    return definition


def _define(request: Request, body: Json) -> Definition:
    return request.collection.define(read_definition(request.collection, body))


def _deletable(request: Request, definition: Definition) -> Definition:
    if definition.hubspot_defined:
        raise InvalidInput(f"The property {definition.name} is HubSpot's, and cannot be deleted.")
    users = [
        each.name
        for each in request.collection.definitions.values()
        if each.formula and definition.name in _WORD.findall(each.formula)
    ]
    if users:
        raise PropertyInUse(definition.name, users)
    return definition


def _inputs(request: Request) -> list[Json]:
    required(request.json, "inputs")
    inputs = [mapping(each) for each in array(request.json["inputs"])]
    if len(inputs) > MAX_INPUTS:
        raise TooManyInputs(MAX_INPUTS)
    return inputs
