# SPDX-License-Identifier: Apache-2.0
"""Merge two records, and delete one for good; v3, dated, and v1's merge.

HubSpot docs: contacts guide ("Merge contacts"), knowledge base "Perform a GDPR delete"; legacy contacts API,
"Merge two contact records".
"""

from __future__ import annotations

from collections.abc import Iterator

from airflow_provider_hubcontact.sandbox.crm.object_types import CONTACTS
from airflow_provider_hubcontact.sandbox.crm.record import Record
from airflow_provider_hubcontact.sandbox.errors.records import RecordNotFound
from airflow_provider_hubcontact.sandbox.errors.requests import InvalidInput
from airflow_provider_hubcontact.sandbox.errors.v1 import NotMergeable
from airflow_provider_hubcontact.sandbox.http.routes.contacts_v1 import ROOT
from airflow_provider_hubcontact.sandbox.http.routes.objects import roots, shown
from airflow_provider_hubcontact.sandbox.http.routing import Reply, Request, Route, required, text


def routes() -> Iterator[Route]:
    """Yield the routes of this family."""
    for root, kind, _ in roots():
        yield Route("POST", f"{root}/merge", merge, kind.write, kind=kind)
        yield Route("POST", f"{root}/gdpr-delete", erase, kind.write, kind=kind)
    yield Route("POST", f"{ROOT}/merge-vids/{{vid}}", merge_v1, CONTACTS.write, legacy=True)


def merge(request: Request) -> Reply:
    """Answer 200 with what both records have become, or 404 if one is unknown (U)."""
    required(request.json, "primaryObjectId", "objectIdToMerge")
    request.inputs = 2
    primary, other = (
        _found(request, text(request.json[name])) for name in ("primaryObjectId", "objectIdToMerge")
    )
    survivor = request.portal.merge(primary, other)
    further = ("hs_merged_object_ids", request.kind.merged[1])
    names = [*request.kind.shown, *(name for name in further if survivor.properties.get(name))]
    return Reply(200, shown(request, survivor, names, ()))


def merge_v1(request: Request) -> Reply:
    """Answer 200 with the word SUCCESS, which is called JSON, or 400 if one is unknown (F)."""
    required(request.json, "vidToMerge")
    request.inputs = 2
    primary = request.collection.find(request.params["vid"])
    other = request.collection.find(text(request.json["vidToMerge"]))
    if primary is None or other is None or primary is other:
        raise NotMergeable
    request.portal.merge(primary, other)
    return Reply(200, b"SUCCESS")


def erase(request: Request) -> Reply:
    """Answer 204. An unknown address is blocked from now on (D, S); an unknown id is a 404 (U)."""
    required(request.json, "objectId")
    request.inputs = 1
    value, id_property = text(request.json["objectId"]), text(request.json.get("idProperty")) or None
    collection = request.collection
    if id_property is not None and not collection.identifies(id_property):
        raise InvalidInput(f"The property {id_property} does not identify {request.kind.plural}.")
    record = collection.find(value, id_property) or collection.find_archived(value, id_property)
    if record is not None:
        request.portal.erase(record)
    elif id_property is None or id_property != request.kind.address:
        raise RecordNotFound
    else:
        collection.block(value)
    return Reply(204)


def _found(request: Request, record_id: str) -> Record:
    record = request.collection.find(record_id)
    if record is None:
        raise RecordNotFound
    return record
