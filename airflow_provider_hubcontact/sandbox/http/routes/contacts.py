# SPDX-License-Identifier: Apache-2.0
"""Single records, v3 and dated: create, get, update, archive; and the list of all.

HubSpot docs: contacts guide, "Create contacts", "Retrieve contacts", "Update contacts", "Delete contacts".
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from airflow_provider_hubcontact.sandbox.crm.object_types import ObjectType
from airflow_provider_hubcontact.sandbox.crm.record import Record
from airflow_provider_hubcontact.sandbox.crm.records.batches import MAX_INPUTS, MAX_INPUTS_WITH_HISTORY
from airflow_provider_hubcontact.sandbox.crm.records.pending_writes import Dialect
from airflow_provider_hubcontact.sandbox.errors.records import IdNotNumeric, RecordNotFound
from airflow_provider_hubcontact.sandbox.errors.refusal import Json
from airflow_provider_hubcontact.sandbox.errors.requests import InvalidInput, NothingToUpdate
from airflow_provider_hubcontact.sandbox.http.routes.association_json import (
    associate,
    read_wanted,
    shown_associations,
    to_kind,
)
from airflow_provider_hubcontact.sandbox.http.routes.objects import (
    asked_for,
    draft_update,
    next_page,
    property_values,
    roots,
    shown,
    shown_written,
)
from airflow_provider_hubcontact.sandbox.http.routing import Reply, Request, Route, required

DEFAULT_PAGE = 10


def routes() -> Iterator[Route]:
    """Yield the routes of this family."""
    for root, kind, dialect in roots():
        yield Route("GET", root, list_page, kind.read, kind=kind)
        yield Route("POST", root, partial(create, dialect), kind.write, kind=kind)
        yield Route("GET", f"{root}/{{id}}", get, kind.read, kind=kind)
        yield Route("PATCH", f"{root}/{{id}}", partial(update, dialect), kind.write, kind=kind)
        yield Route("DELETE", f"{root}/{{id}}", archive, kind.write, kind=kind)


def list_page(request: Request) -> Reply:
    """Answer 200 with a page of records, in the order of their ids, and the link to the next page."""
    history = request.listed("propertiesWithHistory")
    most = MAX_INPUTS_WITH_HISTORY if history else MAX_INPUTS
    limit = request.number("limit", DEFAULT_PAGE)
    if not 1 <= limit <= most:
        raise InvalidInput(f"`limit` is between 1 and {most}, not {limit}.")
    names = asked_for(request, request.listed("properties"))
    first = request.number("after", 0)
    found = request.collection.page(first - 1, limit + 1, archived=request.flag("archived"))
    kinds = _associated_kinds(request)
    body: Json = {
        "results": [
            shown(request, record, names, history) | shown_associations(request, record, kinds)
            for record in found[:limit]
        ]
    }
    request.inputs = len(body["results"])
    if len(found) > limit:
        body["paging"] = {"next": next_page(request, str(int(found[limit - 1].id) + 1))}  # (F)
    return Reply(200, body)


def create(dialect: Dialect, request: Request) -> Reply:
    """Answer 201 with the new record, or 409 if its address is taken."""
    request.inputs = 1
    required(request.json, "properties")
    wanted = read_wanted(request, request.json)
    draft = request.collection.draft(None, property_values(request.json["properties"]), dialect)
    associate(request, request.collection.apply(draft), wanted)
    return Reply(201, shown_written(request, draft), [request.location(draft.record.id)])


def get(request: Request) -> Reply:
    """Answer 200 with the properties asked for."""
    request.inputs = 1
    record = _contact(request, archived=request.flag("archived"))
    names = asked_for(request, request.listed("properties"))
    kinds = _associated_kinds(request)
    body = shown(request, record, names, request.listed("propertiesWithHistory"))
    return Reply(200, body | shown_associations(request, record, kinds))


def update(dialect: Dialect, request: Request) -> Reply:
    """Answer 200 with what was written."""
    request.inputs = 1
    required(request.json, "properties")
    values = property_values(request.json["properties"])
    if not values:
        raise NothingToUpdate
    draft = draft_update(request, _contact(request), values, dialect)
    request.collection.apply(draft)
    return Reply(200, shown_written(request, draft))


def archive(request: Request) -> Reply:
    """Answer 204, also for an id that is unknown or already deleted (T)."""
    request.inputs = 1
    record = request.collection.find(request.params["id"])
    if record is not None:
        request.collection.archive(record)
    return Reply(204)


def _associated_kinds(request: Request) -> list[ObjectType]:
    return [to_kind(each, request.kind) for each in request.listed("associations")]


def _contact(request: Request, *, archived: bool = False) -> Record:
    value, id_property = request.params["id"], request.parameter("idProperty")
    if id_property is not None and not request.collection.identifies(id_property):
        raise InvalidInput(f"The property {id_property} does not identify {request.kind.plural}.")
    find = request.collection.find_archived if archived else request.collection.find
    record = find(value, id_property)
    if record is not None:
        return record
    if id_property is None and not (value.isascii() and value.isdigit()):
        raise IdNotNumeric(value)
    raise RecordNotFound
