"""One contact a call, v3 and dated: create, get, update.

HubSpot docs: contacts guide, "Create contacts", "Retrieve contacts", "Update contacts".
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from airflow_provider_hubcontact.sandbox.contact import Contact
from airflow_provider_hubcontact.sandbox.drafts import Dialect
from airflow_provider_hubcontact.sandbox.errors import ContactNotFound, IdNotNumeric, InvalidInput
from airflow_provider_hubcontact.sandbox.routes.objects import (
    READ,
    WRITE,
    asked_for,
    property_values,
    refuse_associations,
    roots,
    shown,
    shown_written,
)
from airflow_provider_hubcontact.sandbox.wire import Reply, Request, Route, required


def routes() -> Iterator[Route]:
    """Give the routes of this family."""
    for root, dialect in roots():
        yield Route("POST", root, partial(create, dialect), WRITE)
        yield Route("GET", f"{root}/{{id}}", get, READ)
        yield Route("PATCH", f"{root}/{{id}}", partial(update, dialect), WRITE)


def create(dialect: Dialect, request: Request) -> Reply:
    """Answer 201 with the new contact, or 409 if its address is taken."""
    request.inputs = 1
    required(request.json, "properties")
    refuse_associations(request.json)
    draft = request.portal.draft(None, property_values(request.json["properties"]), dialect)
    request.portal.apply(draft)
    return Reply(201, shown_written(request, draft))


def get(request: Request) -> Reply:
    """Answer 200 with the properties asked for."""
    request.inputs = 1
    contact = _contact(request)
    names = asked_for(request, request.listed("properties"))
    return Reply(200, shown(request, contact, names, request.listed("propertiesWithHistory")))


def update(dialect: Dialect, request: Request) -> Reply:
    """Answer 200 with what was written."""
    request.inputs = 1
    required(request.json, "properties")
    values = property_values(request.json["properties"])
    draft = request.portal.draft(_contact(request), values, dialect)
    request.portal.apply(draft)
    return Reply(200, shown_written(request, draft))


def _contact(request: Request) -> Contact:
    value, id_property = request.params["id"], request.parameter("idProperty")
    if id_property is not None and not request.portal.identifies(id_property):
        raise InvalidInput(f"The property {id_property} does not identify contacts.")
    contact = request.portal.find(value, id_property)
    if contact is not None:
        return contact
    if id_property is None and not (value.isascii() and value.isdigit()):
        raise IdNotNumeric(value)
    raise ContactNotFound
