# SPDX-License-Identifier: Apache-2.0
"""Batches of v1, of up to twenty thousand contacts: create or update.

HubSpot docs: legacy contacts API, "Create or update a group of contacts".
"""

from __future__ import annotations

from collections.abc import Iterator

from airflow_provider_hubcontact.sandbox.crm.async_batches import Entry
from airflow_provider_hubcontact.sandbox.crm.object_types import CONTACTS
from airflow_provider_hubcontact.sandbox.http.routes.contacts_v1 import ROOT
from airflow_provider_hubcontact.sandbox.http.routes.objects_v1 import read_properties
from airflow_provider_hubcontact.sandbox.http.routing import (
    Reply,
    Request,
    Route,
    array,
    mapping,
    parsed,
    text,
)


def routes() -> Iterator[Route]:
    """Yield the routes of this family."""
    yield Route("POST", f"{ROOT}/batch", create_or_update, CONTACTS.write, legacy=True)


def create_or_update(request: Request) -> Reply:
    """Answer 202 without a body; the contacts are written a little later (D)."""
    entries = [_entry(mapping(each), str(request.grant.app_id)) for each in array(parsed(request.body))]
    request.inputs = len(entries)
    request.later.take(entries)
    return Reply(202)


def _entry(each: dict[str, object], writer: str) -> Entry:
    """Read a contact, which may lack ``properties`` (C)."""
    entries = each.get("properties")
    values, timestamps = read_properties([] if entries is None else entries)
    return Entry(text(each.get("email")), text(each.get("vid")), values, timestamps, writer)
