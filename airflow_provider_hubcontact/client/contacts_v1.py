# SPDX-License-Identifier: Apache-2.0
"""The legacy contacts API, which addresses contacts by e-mail."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from airflow_provider_hubcontact.client.contacts import Contact, value_of
from airflow_provider_hubcontact.client.errors import UnusableAnswer
from airflow_provider_hubcontact.client.network.quiet import withhold_addresses
from airflow_provider_hubcontact.client.transport import Transport, segment


class ContactsV1:
    """Reads and writes one contact per call.

    :param transport: makes the calls.

    HubSpot docs: "Update an existing contact by email", "Get a contact by email", "Create or update a
    contact" (legacy).
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        withhold_addresses()

    def update_by_email(
        self, email: str, properties: Mapping[str, str], *, timestamps: Mapping[str, int] | None = None
    ) -> None:
        """Update a contact.

        :param email: its address now; a new one goes into ``properties``.
        :param properties: values; ``""`` clears one.
        :param timestamps: property → when its value was set, in milliseconds since 1970.
        :raises BadRequest: with all that is wrong; nothing is written then.
        :raises NotFound: if no contact has the address.
        """
        answer = self._transport.request(
            "POST",
            f"/contacts/v1/contact/email/{segment(email)}/profile",
            json=_body(properties, timestamps),
            repeatable=not _moves(email, properties),
            may_miss=True,
        )
        if answer.status != 204:
            raise UnusableAnswer(
                f"HubSpot answered an update with {answer.status}, which should be 204", answer.status
            )

    def get_by_email(self, email: str, properties: Iterable[str] = ()) -> Contact:
        """Read a contact.

        :raises NotFound: if no contact has the address.
        """
        params = {"property": list(properties), "propertyMode": "value_only", "formSubmissionMode": "none"}
        path = f"/contacts/v1/contact/email/{segment(email)}/profile"
        body = self._transport.request("GET", path, params=params, repeatable=True, may_miss=True).body
        vid, found = _vid(body), body.get("properties") or {}
        if not isinstance(found, dict):
            raise UnusableAnswer("HubSpot answered with properties that are not an object")
        return Contact(vid, {name: _value(entry) for name, entry in found.items()})

    def create_or_update_by_email(
        self, email: str, properties: Mapping[str, str], *, timestamps: Mapping[str, int] | None = None
    ) -> Contact:
        """Update a contact, or create it.

        :return: the contact's id, and whether it is new.
        """
        path = f"/contacts/v1/contact/createOrUpdate/email/{segment(email)}"
        body = self._transport.request(
            "POST", path, json=_body(properties, timestamps), repeatable=not _moves(email, properties)
        ).body
        return Contact(_vid(body), {}, bool(body.get("isNew")))


def _moves(email: str, properties: Mapping[str, str]) -> bool:
    """Check whether the address changes: a repeated call would find nobody at the old one."""
    return properties.get("email", email).lower() != email.lower()


def _body(properties: Mapping[str, str], timestamps: Mapping[str, int] | None) -> dict[str, Any]:
    entries: list[dict[str, Any]] = []
    for name, value in properties.items():
        entry: dict[str, Any] = {"property": name, "value": value}
        if timestamps and name in timestamps:
            entry["timestamp"] = timestamps[name]
        entries.append(entry)
    return {"properties": entries}


def _vid(body: Any) -> str:
    if not isinstance(body, dict) or not isinstance(body.get("vid"), str | int):
        raise UnusableAnswer("HubSpot answered without a contact's vid")
    return str(body["vid"])


def _value(entry: object) -> str | None:
    return value_of(entry.get("value")) if isinstance(entry, Mapping) else None
