# SPDX-License-Identifier: Apache-2.0
"""Shared by the newer object APIs: paths, dialects, and a record in JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import urlencode

from airflow_provider_hubcontact.sandbox.crm.object_types import CONTACTS, TYPES, ObjectType
from airflow_provider_hubcontact.sandbox.crm.properties.derived import STAGE, entered, values_of
from airflow_provider_hubcontact.sandbox.crm.record import Record
from airflow_provider_hubcontact.sandbox.crm.records.pending_writes import V3, V2026_09, Dialect, PendingWrite
from airflow_provider_hubcontact.sandbox.crm.times import iso
from airflow_provider_hubcontact.sandbox.errors.records import RecordExists
from airflow_provider_hubcontact.sandbox.errors.refusal import Json
from airflow_provider_hubcontact.sandbox.http.routing import (
    DATED_VERSIONS,
    Request,
    mapping,
    text,
)

ORIGIN = "https://api.hubapi.com"
"""Base of the link to the next page (D: contacts guide); official clients only read ``after``."""


def roots() -> Iterator[tuple[str, ObjectType, Dialect]]:
    """Yield the paths of all object types in v3 and the dated versions, each with its dialect."""
    for kind in TYPES:
        yield f"/crm/v3/objects/{kind.plural}", kind, V3
        for version in DATED_VERSIONS:
            yield f"/crm/objects/{version}/{kind.plural}", kind, V2026_09 if version == "2026-09" else V3


def property_values(value: object) -> dict[str, str]:
    """Read ``properties`` of a body.

    :raises InvalidJson: if it is not an object of texts.
    """
    return {name: each if type(each) is str else text(each) for name, each in mapping(value).items()}


def draft_update(
    request: Request, record: Record, values: Mapping[str, str], dialect: Dialect
) -> PendingWrite:
    """Check an update of one record. A switch decides about an address that another contact has.

    :raises Refused: if the update is not valid.
    """
    try:
        return request.collection.draft(record, values, dialect)
    except RecordExists as taken:
        if taken.name != "email" or request.portal.switches.taken_email != "ignore":
            raise
        others = {name: value for name, value in values.items() if name != "email"}
        return request.collection.draft(record, others, dialect)


def asked_for(request: Request, names: Sequence[str]) -> Sequence[str]:
    """Return the properties that the answer to a read has; unknown names are ignored (U)."""
    if not names:
        return request.kind.shown
    return [
        name
        for name in dict.fromkeys((*names, *request.kind.always))
        if name in request.collection.definitions
    ]


def next_page(request: Request, after: str) -> Json:
    """Return the part of an answer that leads to the next page.

    :param after: the parameter ``after`` of that page.
    """
    query = urlencode({**request.query, "after": [after]}, doseq=True)
    return {"after": after, "link": f"{ORIGIN}{request.path}?{query}"}


def shown(request: Request, record: Record, names: Sequence[str], history: Sequence[str]) -> Json:
    """Return a record in JSON, with null for a property that never had a value.

    :param history: properties that are shown with their former values, the latest first.
    """
    body = _object(request, record, values_of(request.kind.derived, record, names))
    if history:
        versions = record.history
        body["propertiesWithHistory"] = {
            name: [
                {
                    "value": version.value,
                    "timestamp": iso(version.timestamp),
                    "sourceType": version.source,
                    "sourceId": version.source_id,
                }
                for version in versions.get(name, ())
            ]
            for name in history
            if name in request.collection.definitions
        }
    return body


def shown_written(request: Request, draft: PendingWrite, *, batch: bool = False) -> Json:
    """Return a record in the form of an answer to a write: the written and the computed properties (F).

    :param draft: what was written.
    :param batch: whether a batch wrote it; its answers to updates are shorter.
    """
    kind, properties = request.kind, draft.record.properties
    shown: dict[str, str | None]
    if draft.new:
        shown = {**_given(kind, draft.record, kind.after_create), **_stage_date(draft.record)}
    elif not batch:
        shown = {**_given(kind, draft.record, kind.after_update)}
    else:  # many records have such answers, so that nothing is worked out for them
        shown = {**kind.untouched, "hs_object_source_label": properties["hs_object_source"]}
        for name in kind.after_batch_update:
            if name in properties:
                shown[name] = properties[name]
    for name in draft.values:
        shown[name] = properties.get(name)
    body = _object(request, draft.record, shown)
    if draft.normalised:
        body["warnings"] = [
            {
                "category": "PROPERTY_VALUE_NORMALIZED",
                "message": f"{name} was normalized",
                "context": {"propertyName": name, "rawValue": raw, "normalizedValue": properties.get(name)},
            }
            for name, raw in draft.normalised.items()
        ]
    return body


def _given(kind: ObjectType, record: Record, names: Sequence[str]) -> dict[str, str]:
    """Return those of some properties that have a value."""
    values = values_of(kind.derived, record, names)
    return {name: value for name, value in values.items() if value is not None}


def _stage_date(record: Record) -> dict[str, str]:
    """Return when a new contact came to its stage, in milliseconds, as answers have it (F, since 2025-11)."""
    stage = record.properties.get(STAGE, "")
    moment = entered(record, stage) if stage and record.type == CONTACTS.id else None
    return {} if moment is None else {f"hs_lifecyclestage_{stage}_date": str(moment)}


def _object(request: Request, record: Record, properties: Mapping[str, str | None]) -> Json:
    portal_id = request.portal.account.portal_id
    body: Json = {
        "id": record.id,
        "properties": properties,
        "createdAt": record.properties["createdate"],
        "updatedAt": record.properties[request.kind.modified[0]],
        "archived": bool(record.archived_at),
        "url": f"https://app.hubspot.com/contacts/{portal_id}/record/{request.kind.id}/{record.id}",
    }
    if record.archived_at:
        body["archivedAt"] = iso(record.archived_at)
    return body
