"""Shared by the newer contact APIs: paths, scopes, dialects, and a contact in JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from airflow_provider_hubcontact.sandbox.crm.contact import Contact
from airflow_provider_hubcontact.sandbox.crm.derived import AT_THE_START, STAGE, entered, values_of
from airflow_provider_hubcontact.sandbox.crm.pending_writes import V3, V2026_09, Dialect, PendingWrite
from airflow_provider_hubcontact.sandbox.crm.values import iso
from airflow_provider_hubcontact.sandbox.errors import ContactExists, Json, NotEmulated
from airflow_provider_hubcontact.sandbox.http.routing import (
    CONTACTS,
    DATED_VERSIONS,
    Request,
    mapping,
    text,
)

READ = ("crm.objects.contacts.read",)
WRITE = ("crm.objects.contacts.write",)
ORIGIN = "https://api.hubapi.com"
"""Base of the link to the next page (D: contacts guide); official clients only read ``after``."""

DEFAULT_PROPERTIES = ("createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname")
"""Properties in the answer to a read that names none (F)."""

ALWAYS = ("createdate", "hs_object_id", "lastmodifieddate")
"""Properties in every answer (F)."""

AFTER_BATCH_UPDATE = (
    "createdate",
    "hs_is_unworked",
    "hs_object_id",
    "hs_object_source",
    "hs_object_source_id",
    "hs_pipeline",
    "lastmodifieddate",
    "lifecyclestage",
)
"""Properties in the answer to a batch of updates, besides the written ones and the source's label (F)."""

AFTER_UPDATE = (
    *AFTER_BATCH_UPDATE,
    "hs_email_domain",
    "hs_full_name_or_email",
    "hs_is_contact",
    "hs_object_source_label",
    "hs_v2_date_entered_current_stage",
    "hs_v2_time_in_current_stage",
)
"""The same after the update of one contact (F)."""

AFTER_CREATE = (
    *AFTER_UPDATE,
    *AT_THE_START,
    "email",
    "hs_all_contact_vids",
    "hs_searchable_calculated_phone_number",
)
"""The same after a creation, alone or in a batch (F)."""


_UNTOUCHED = {name: AT_THE_START[name] for name in AFTER_BATCH_UPDATE if name in AT_THE_START}


def roots() -> Iterator[tuple[str, Dialect]]:
    """Yield the paths of the contact object in v3 and the dated versions, each with its dialect."""
    yield f"/crm/v3/objects/{CONTACTS}", V3
    for version in DATED_VERSIONS:
        yield f"/crm/objects/{version}/{CONTACTS}", V2026_09 if version == "2026-09" else V3


def property_values(value: object) -> dict[str, str]:
    """Read ``properties`` of a body.

    :raises InvalidJson: if it is not an object of texts.
    """
    return {name: each if type(each) is str else text(each) for name, each in mapping(value).items()}


def refuse_associations(body: Mapping[str, Any]) -> None:
    """Refuse associations, which are not emulated.

    :raises NotEmulated: if the body has associations.
    """
    if body.get("associations"):
        raise NotEmulated("associations", "a contact without them")


def draft_update(
    request: Request, contact: Contact, values: Mapping[str, str], dialect: Dialect
) -> PendingWrite:
    """Check an update of one contact. A switch decides about an address that another contact has.

    :raises Refused: if the update is not valid.
    """
    try:
        return request.portal.draft(contact, values, dialect)
    except ContactExists as taken:
        if taken.name != "email" or request.portal.switches.taken_email != "ignore":
            raise
        others = {name: value for name, value in values.items() if name != "email"}
        return request.portal.draft(contact, others, dialect)


def asked_for(request: Request, names: Sequence[str]) -> Sequence[str]:
    """Return the properties that the answer to a read has; unknown names are ignored (U)."""
    if not names:
        return DEFAULT_PROPERTIES
    return [name for name in dict.fromkeys((*names, *ALWAYS)) if name in request.portal.definitions]


def next_page(request: Request, after: str) -> Json:
    """Return the part of an answer that leads to the next page.

    :param after: the parameter ``after`` of that page.
    """
    query = urlencode({**request.query, "after": [after]}, doseq=True)
    return {"after": after, "link": f"{ORIGIN}{request.path}?{query}"}


def shown(request: Request, contact: Contact, names: Sequence[str], history: Sequence[str]) -> Json:
    """Return a contact in JSON, with null for a property that never had a value.

    :param history: properties that are shown with their former values, the latest first.
    """
    body = _object(request, contact, values_of(contact, names))
    if history:
        versions = contact.history
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
            if name in request.portal.definitions
        }
    return body


def shown_written(request: Request, draft: PendingWrite, *, batch: bool = False) -> Json:
    """Return a contact in the form of an answer to a write: the written and the computed properties (F).

    :param draft: what was written.
    :param batch: whether a batch wrote it; its answers to updates are shorter.
    """
    properties = draft.contact.properties
    shown: dict[str, str | None] = {name: properties.get(name) for name in draft.values}
    if draft.new:
        shown |= _given(draft.contact, AFTER_CREATE) | _stage_date(draft.contact)
    elif not batch:
        shown |= _given(draft.contact, AFTER_UPDATE)
    else:  # many contacts have such answers, so that nothing is worked out for them
        shown |= _UNTOUCHED
        for name in AFTER_BATCH_UPDATE:
            if name in properties:
                shown[name] = properties[name]
        shown["hs_object_source_label"] = properties["hs_object_source"]
    body = _object(request, draft.contact, shown)
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


def _given(contact: Contact, names: Sequence[str]) -> dict[str, str]:
    """Return those of some properties that have a value."""
    return {name: value for name, value in values_of(contact, names).items() if value is not None}


def _stage_date(contact: Contact) -> dict[str, str]:
    """Return when a new contact came to its stage, which the answer has in milliseconds (F)."""
    stage = contact.properties.get(STAGE, "")
    moment = entered(contact, stage) if stage else None
    return {} if moment is None else {f"hs_lifecyclestage_{stage}_date": str(moment)}


def _object(request: Request, contact: Contact, properties: Mapping[str, str | None]) -> Json:
    portal_id = request.portal.account.portal_id
    body: Json = {
        "id": contact.id,
        "properties": properties,
        "createdAt": contact.properties["createdate"],
        "updatedAt": contact.properties["lastmodifieddate"],
        "archived": bool(contact.archived_at),
        "url": f"https://app.hubspot.com/contacts/{portal_id}/record/0-1/{contact.id}",
    }
    if contact.archived_at:
        body["archivedAt"] = iso(contact.archived_at)
    return body
