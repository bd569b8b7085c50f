# SPDX-License-Identifier: Apache-2.0
"""Single contacts of v1: update and get by address or vid, create, create or update.

HubSpot docs: legacy contacts API, "Update an existing contact", "Update an existing contact by email",
"Get a contact by vid", "Get a contact by email address", "Create a new contact",
"Create or update a contact".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from airflow_provider_hubcontact.sandbox.crm.object_types import CONTACTS
from airflow_provider_hubcontact.sandbox.crm.record import Record
from airflow_provider_hubcontact.sandbox.crm.records.pending_writes import V1, PendingWrite
from airflow_provider_hubcontact.sandbox.errors.records import RecordExists
from airflow_provider_hubcontact.sandbox.errors.v1 import LegacyContactNotFound
from airflow_provider_hubcontact.sandbox.http.routes.objects import draft_update
from airflow_provider_hubcontact.sandbox.http.routes.objects_v1 import (
    conflict,
    read_properties,
    shown_contact,
)
from airflow_provider_hubcontact.sandbox.http.routing import Reply, Request, Route, required

ROOT = "/contacts/v1/contact"


def routes() -> Iterator[Route]:
    """Yield the routes of this family."""
    for key in ("email", "vid"):
        profile = f"{ROOT}/{key}/{{{key}}}/profile"
        yield Route("POST", profile, update, CONTACTS.write, legacy=True)
        yield Route("GET", profile, get, CONTACTS.read, legacy=True)
    yield Route(
        "POST", f"{ROOT}/createOrUpdate/email/{{email}}", create_or_update, CONTACTS.write, legacy=True
    )
    yield Route("POST", ROOT, create, CONTACTS.write, legacy=True)


def update(request: Request) -> Reply:
    """Answer 204 without a body."""
    values, timestamps = _properties(request)
    contact = _found(request)
    try:
        draft = draft_update(request, contact, values, V1)
    except RecordExists as taken:
        raise conflict(request, taken) from taken
    request.collection.apply(draft, timestamps)
    return Reply(204)


def create_or_update(request: Request) -> Reply:
    """Answer 200 with the contact's id, and whether it is new."""
    values, timestamps = _properties(request)
    contact = _contact(request)
    if contact is None:
        values = {"email": request.params["email"], **values}
    draft = _draft(request, contact, values)
    request.collection.apply(draft, timestamps)
    return Reply(200, {"vid": int(draft.record.id), "isNew": draft.new})


def create(request: Request) -> Reply:
    """Answer 200 with the new contact, or 409 if its address is taken."""
    values, timestamps = _properties(request)
    draft = _draft(request, None, values)
    return Reply(200, shown_contact(request, request.collection.apply(draft, timestamps)))


def get(request: Request) -> Reply:
    """Answer 200 with the properties that have a value."""
    request.inputs = 1
    return Reply(200, shown_contact(request, _found(request)))


def _properties(request: Request) -> tuple[dict[str, str], dict[str, int]]:
    request.inputs = 1
    required(request.json, "properties")
    return read_properties(request.json["properties"])


def _draft(request: Request, contact: Record | None, values: Mapping[str, str]) -> PendingWrite:
    try:
        return request.collection.draft(contact, values, V1)
    except RecordExists as taken:
        raise conflict(request, taken) from taken


def _found(request: Request) -> Record:
    contact = _contact(request)
    if contact is None:
        raise LegacyContactNotFound(older=request.portal.switches.v1_errors == "older")
    return contact


def _contact(request: Request) -> Record | None:
    vid = request.params.get("vid")
    return (
        request.collection.find(request.params["email"], "email")
        if vid is None
        else request.collection.find(vid)
    )
