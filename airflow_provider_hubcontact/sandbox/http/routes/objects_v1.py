# SPDX-License-Identifier: Apache-2.0
"""Shared by the legacy contact APIs: properties in requests, and a contact in JSON."""

from __future__ import annotations

import uuid
from typing import Any

from airflow_provider_hubcontact.sandbox.crm.properties.derived import OF_A_CONTACT, value_of
from airflow_provider_hubcontact.sandbox.crm.record import Record, Version
from airflow_provider_hubcontact.sandbox.crm.times import MAX_TIME, milliseconds
from airflow_provider_hubcontact.sandbox.errors.records import RecordExists, ValueTaken
from airflow_provider_hubcontact.sandbox.errors.refusal import Json
from airflow_provider_hubcontact.sandbox.errors.requests import InvalidJson
from airflow_provider_hubcontact.sandbox.errors.v1 import LegacyContactExists, PropertyMissing
from airflow_provider_hubcontact.sandbox.errors.values import InvalidProperties, Problem
from airflow_provider_hubcontact.sandbox.http.routing import Request, array, mapping, text

_TIMES = frozenset({"date", "datetime"})
_NAMESPACE = uuid.UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")


def read_properties(entries: object) -> tuple[dict[str, str], dict[str, int]]:
    """Return property → value, and property → time for values that have one.

    :param entries: the array ``properties`` of a body.
    :raises Refused: if the array is not valid.
    """
    values: dict[str, str] = {}
    timestamps: dict[str, int] = {}
    for entry in array(entries):
        each = mapping(entry)
        if each.get("property") is None:
            raise PropertyMissing
        name = text(each["property"])
        values[name] = text(each.get("value"))
        if each.get("timestamp") is not None:
            timestamps[name] = _timestamp(name, each["timestamp"])
    return values, timestamps


def _timestamp(name: str, value: object) -> int:
    """Read a time in milliseconds since 1970; HubSpot's answer to anything else is not known (U)."""
    written = text(value)
    if not written.isascii() or not written.isdigit() or int(written[:16]) > MAX_TIME:
        if isinstance(value, str):
            raise InvalidJson(f'Cannot deserialize value of type `long` from String "{written[:50]}"')
        raise InvalidProperties([Problem(name, "INVALID_LONG", f"{written} was not a valid long.")])
    return int(written)


def shown_contact(request: Request, contact: Record) -> Json:
    """Return a contact in JSON, with its properties and addresses."""
    vid = int(contact.id)
    profile = {
        "vid": vid,
        "saved-at-timestamp": contact.updated_at,
        "deleted-changed-timestamp": 0,
        "identities": _identities(contact, "is-primary"),
    }
    return {
        "vid": vid,
        "canonical-vid": vid,
        "merged-vids": [int(each) for each in contact.merged_ids],
        "portal-id": request.portal.account.portal_id,
        "is-contact": True,
        "properties": _shown(request, contact),
        "form-submissions": [],
        "list-memberships": [],
        "identity-profiles": [profile],
        "merge-audits": [],
    }


def _shown(request: Request, contact: Record) -> Json:
    """Return the requested properties that have a value, with their history unless it is not wanted."""
    asked = request.query.get("property")
    every = dict.fromkeys((*contact.properties, *OF_A_CONTACT))
    names = list(every) if asked is None else [*asked, "lastmodifieddate", "associatedcompanyid"]
    with_history = request.parameter("propertyMode") != "value_only"
    history = contact.history if with_history else {}
    shown: Json = {}
    for name in names:
        value = value_of(OF_A_CONTACT, contact, name)
        if not value or name not in request.collection.definitions:
            continue
        timed = request.collection.definitions[name].type in _TIMES
        shown[name] = {"value": _legacy(value, timed=timed)}
        if with_history:
            versions = history.get(name) or [Version(value, contact.updated_at, "CALCULATED")]
            shown[name]["versions"] = [_version(version, timed=timed) for version in versions]
    return shown


def _version(version: Version, *, timed: bool) -> Json:
    return {
        "value": _legacy(version.value, timed=timed),
        "source-type": version.source,
        "source-id": version.source_id or None,
        "source-label": None,
        "timestamp": version.timestamp,
        "selected": False,
    }


def _legacy(value: str, *, timed: bool) -> str:
    """Return a value in v1's form: times and dates are milliseconds since 1970."""
    ms = milliseconds(value) if timed else None
    return value if ms is None else str(ms)


def conflict(request: Request, taken: RecordExists) -> RecordExists | LegacyContactExists:
    """Return the refusal of an address, or of another unique value, that another contact has."""
    if isinstance(taken, ValueTaken):
        return taken
    other = request.collection.find(taken.value, "email")
    profile: dict[str, Any] = {}
    if other is not None:
        profile = {
            "vid": int(other.id),
            "identity": _identities(other, "isPrimary"),
            "linkedVid": [int(other.id)],
            "isContact": True,
            "isCanonicalProfile": True,
            "savedAtTimestamp": other.updated_at,
            "promotedToContact": True,
        }
    older = request.portal.switches.v1_errors == "older"
    return LegacyContactExists(taken.existing_id, taken.value, profile, older=older)


def _identities(contact: Record, primary: str) -> list[Json]:
    """Return the addresses of a contact, and its lead GUID.

    :param primary: the API's name for the flag of the primary address.
    """
    when = contact.created_at
    addresses = [{"type": "EMAIL", "value": each, "timestamp": when} for each in contact.secondary_emails]
    if contact.email:
        addresses.insert(0, {"type": "EMAIL", "value": contact.email, "timestamp": when, primary: True})
    guid = str(uuid.uuid5(_NAMESPACE, contact.id))
    return [*addresses, {"type": "LEAD_GUID", "value": guid, "timestamp": when}]
