# SPDX-License-Identifier: Apache-2.0
"""The secondary addresses of a contact, v1: list, add, change, remove.

HubSpot docs: legacy contacts API, "Add a secondary email address", "Update a secondary email address",
"Get secondary email addresses", "Remove a secondary email address". No newer version has such calls (S).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from airflow_provider_hubcontact.sandbox.crm.object_types import CONTACTS
from airflow_provider_hubcontact.sandbox.crm.record import Record
from airflow_provider_hubcontact.sandbox.crm.records.pending_writes import OTHERS, Dialect
from airflow_provider_hubcontact.sandbox.errors.records import RecordExists
from airflow_provider_hubcontact.sandbox.errors.v1 import LegacyContactNotFound
from airflow_provider_hubcontact.sandbox.http.routes.objects_v1 import conflict
from airflow_provider_hubcontact.sandbox.http.routing import Reply, Request, Route, required, text

ROOT = "/contacts/v1/secondary-email/{vid}"
ADDRESSES = Dialect(source="API", computes=True)
"""These calls alone may write the secondary addresses of a contact that exists."""


def routes() -> Iterator[Route]:
    """Yield the routes of this family."""
    yield Route("GET", ROOT, list_all, CONTACTS.read, legacy=True)
    yield Route("PATCH", ROOT, update, CONTACTS.write, legacy=True)
    yield Route("PUT", f"{ROOT}/email/{{email}}", add, CONTACTS.write, legacy=True)
    yield Route("DELETE", f"{ROOT}/email/{{email}}", remove, CONTACTS.write, legacy=True)


def list_all(request: Request) -> Reply:
    """Answer 200 with the addresses."""
    return _answer(request, _contact(request))


def add(request: Request) -> Reply:
    """Answer 200 with all addresses, or 409 if another contact has the new one (U)."""
    contact = _contact(request)
    return _write(request, contact, [*contact.secondary_emails, request.params["email"]])


def update(request: Request) -> Reply:
    """Answer 200 with all addresses, of which one is another from now on, or 404 if it is unknown (U)."""
    required(request.json, "targetSecondaryEmail", "updatedSecondaryEmail")
    old, new = (text(request.json[name]) for name in ("targetSecondaryEmail", "updatedSecondaryEmail"))
    contact = _contact(request)
    before = contact.secondary_emails
    if old.lower() not in before:
        raise LegacyContactNotFound(older=request.portal.switches.v1_errors == "older")
    return _write(request, contact, [new if each == old.lower() else each for each in before])


def remove(request: Request) -> Reply:
    """Answer 200 with the addresses that are left, also if the contact did not have it (U)."""
    contact, gone = _contact(request), request.params["email"].lower()
    return _write(request, contact, [each for each in contact.secondary_emails if each != gone])


def _write(request: Request, contact: Record, addresses: Sequence[str]) -> Reply:
    try:
        request.collection.update(contact, {OTHERS: ";".join(addresses)}, ADDRESSES)
    except RecordExists as taken:
        raise conflict(request, taken) from taken
    return _answer(request, contact)


def _contact(request: Request) -> Record:
    request.inputs = 1
    contact = request.collection.find(request.params["vid"])
    if contact is None:
        raise LegacyContactNotFound(older=request.portal.switches.v1_errors == "older")
    return contact


def _answer(request: Request, contact: Record) -> Reply:
    return Reply(
        200,
        {
            "portalId": request.portal.account.portal_id,
            "vid": int(contact.id),
            "secondaryEmails": contact.secondary_emails,
        },
    )
