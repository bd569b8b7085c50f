# SPDX-License-Identifier: Apache-2.0
"""Contacts of the date-versioned and v3 APIs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from airflow_provider_hubcontact import API_VERSIONS, DEFAULT_API_VERSION, LEGACY_API_VERSION
from airflow_provider_hubcontact.client.error_body import refusal_of
from airflow_provider_hubcontact.client.errors import ConfigurationError, UnusableAnswer
from airflow_provider_hubcontact.client.transport import Answer, Transport, segment
from airflow_provider_hubcontact.refusal import Refusal

OBJECT_VERSIONS = tuple(version for version in API_VERSIONS if version != LEGACY_API_VERSION)
"""Versions whose contacts are objects; the legacy API is in ``contacts_v1``."""

MAX_INPUTS = 100
"""Inputs of a batch (contacts guide, "Limits")."""

ARCHIVED = 204
"""Status of the only answer to an archive batch that says that it was carried out."""

_STATUSES: Mapping[str, int] = {
    "VALIDATION_ERROR": 400,
    "INVALID_AUTHENTICATION": 401,
    "EXPIRED_AUTHENTICATION": 401,
    "MISSING_SCOPES": 403,
    "BANNED": 403,
    "OBJECT_NOT_FOUND": 404,
    "CONFLICT": 409,
    "OBJECT_ALREADY_EXISTS": 409,
    "RATE_LIMITS": 429,
}
"""Category → the status that an error inside a 207 would have alone."""


class Contact(NamedTuple):
    """A contact as an answer has it.

    :param id: record id.
    :param properties: values; None for a property without one.
    :param new: whether the call created it, where the answer says so.
    :param trace_id: of the input that wrote it, where the answer has it.
    """

    id: str
    properties: Mapping[str, str | None]
    new: bool | None = None
    trace_id: str | None = None


@dataclass(frozen=True, slots=True)
class BatchAnswer:
    """The answer to a batch. It proves nothing about inputs that it does not mention.

    :param status: HTTP status.
    :param contacts: that it has.
    :param refusals: errors inside the answer, each about some of the inputs.
    :param correlation_id: HubSpot's id of the call.
    :param after_loss: an earlier attempt of the call got no clear answer, and may have been carried out.
    """

    status: int
    contacts: tuple[Contact, ...]
    refusals: tuple[Refusal, ...]
    correlation_id: str | None
    after_loss: bool = False


class BatchInput(NamedTuple):
    """One input of a batch.

    :param properties: values to write.
    :param id: the contact's record id, or its value of the batch's id property; None to create.
    :param trace_id: names the input in errors; unique in the batch.
    """

    properties: Mapping[str, str]
    id: str | None = None
    trace_id: str | None = None


class Contacts:
    """Reads and writes contacts.

    :param transport: makes the calls.
    :param version: one of ``OBJECT_VERSIONS``.
    :raises ConfigurationError: for another version.

    HubSpot docs: contacts guide; "Using object APIs".
    """

    def __init__(self, transport: Transport, version: str = DEFAULT_API_VERSION) -> None:
        if version not in OBJECT_VERSIONS:
            known = ", ".join(OBJECT_VERSIONS)
            raise ConfigurationError(f"The API version must be one of {known}, not {version!r}")
        self._transport = transport
        dated = f"/crm/objects/{version}/contacts"
        self._path = "/crm/v3/objects/contacts" if version == "v3" else dated

    def batch_read(
        self, ids: Sequence[str], *, id_property: str | None = None, properties: Iterable[str] = ()
    ) -> BatchAnswer:
        """Read at most 100 contacts.

        :param ids: record ids, or values of ``id_property``.
        :param id_property: a unique property.
        :param properties: names of the properties to return.
        :return: the contacts that were found, in any order.
        :raises HubSpotError: if the call fails.
        """
        by = {} if id_property is None else {"idProperty": id_property}
        inputs = [{"id": id_} for id_ in ids]
        return self._batch("read", inputs, repeatable=True, extra={"properties": list(properties), **by})

    def batch_update(self, inputs: Sequence[BatchInput]) -> BatchAnswer:
        """Update at most 100 contacts.

        :param inputs: record ids and values.
        :return: the contacts that were written, in any order, and what was refused.
        :raises HubSpotError: if the call fails.
        """
        return self._batch("update", [_input(item) for item in inputs], repeatable=True)

    def batch_create(self, inputs: Sequence[BatchInput]) -> BatchAnswer:
        """Create at most 100 contacts. The call is never repeated once HubSpot may have seen it.

        :param inputs: values of the new contacts.
        :return: the contacts that were created, in any order, and what was refused.
        :raises HubSpotError: if the call fails.
        """
        return self._batch("create", [_input(item) for item in inputs], repeatable=False)

    def batch_upsert(self, inputs: Sequence[BatchInput], *, id_property: str) -> BatchAnswer:
        """Update or create at most 100 contacts by a unique property.

        :param inputs: values of the property, as ids, and values to write.
        :param id_property: name of the unique property, such as ``email``.
        :return: the contacts that were written, in any order, and what was refused.
        :raises HubSpotError: if the call fails.
        """
        wire = [_input(item) | {"idProperty": id_property} for item in inputs]
        return self._batch("upsert", wire, repeatable=True)

    def batch_archive(self, ids: Sequence[str]) -> BatchAnswer:
        """Archive at most 100 contacts. HubSpot takes ids, too, that no contact has.

        :param ids: record ids.
        :return: an answer without contacts: its status says that none of them is there any more.
        :raises HubSpotError: if the call fails.
        """
        answer = self._post("archive", [{"id": id_} for id_ in ids], repeatable=True)
        if answer.status != ARCHIVED:
            raise UnusableAnswer(f"HubSpot answered an archive batch with {answer.status}", answer.status)
        return BatchAnswer(answer.status, (), (), answer.correlation_id, answer.after_loss)

    def get(self, contact: str, *, id_property: str | None = None, properties: Iterable[str] = ()) -> Contact:
        """Read one contact.

        :param contact: its record id, or its value of ``id_property``.
        :param id_property: a unique property, such as ``email``.
        :param properties: names of the properties to return; HubSpot's default ones if there are none.
        :return: the contact.
        :raises NotFound: if there is no such contact.
        """
        named = ",".join(properties)
        params = _by(id_property) | ({"properties": named} if named else {})
        return self._one("GET", self._address(contact), None, params)

    def update(
        self, contact: str, properties: Mapping[str, str], *, id_property: str | None = None
    ) -> Contact:
        """Update one contact.

        :param contact: its record id, or its value of ``id_property``.
        :param properties: property → value; an empty one clears the property.
        :param id_property: a unique property, such as ``email``.
        :return: the contact.
        :raises NotFound: if there is no such contact.
        """
        return self._one("PATCH", self._address(contact), {"properties": dict(properties)}, _by(id_property))

    def create(self, properties: Mapping[str, str]) -> Contact:
        """Create one contact. The call is never repeated once HubSpot may have seen it.

        :param properties: property → value.
        :return: the contact.
        :raises Conflict: if the address is taken.
        """
        return self._one("POST", self._path, {"properties": dict(properties)}, {}, repeatable=False)

    def _address(self, contact: str) -> str:
        return f"{self._path}/{segment(contact)}"

    def _one(
        self, method: str, path: str, body: Any, params: Mapping[str, str], *, repeatable: bool = True
    ) -> Contact:
        answer = self._transport.request(
            method, path, json=body, params=params, repeatable=repeatable, may_miss=method != "POST"
        )
        return _contact(answer.body)

    def _batch(
        self,
        verb: str,
        inputs: list[dict[str, Any]],
        *,
        repeatable: bool,
        extra: Mapping[str, Any] | None = None,
    ) -> BatchAnswer:
        return _batch_answer(self._post(verb, inputs, repeatable=repeatable, extra=extra))

    def _post(
        self,
        verb: str,
        inputs: list[dict[str, Any]],
        *,
        repeatable: bool,
        extra: Mapping[str, Any] | None = None,
    ) -> Answer:
        if len(inputs) > MAX_INPUTS:
            raise ValueError(f"a batch has at most {MAX_INPUTS} inputs, not {len(inputs)}")
        path = f"{self._path}/batch/{verb}"
        body = {**(extra or {}), "inputs": inputs}
        return self._transport.request("POST", path, json=body, repeatable=repeatable)


_IDS, _TEXTS = (str, int), frozenset({str, type(None)})
"""The types of a record id and of a property's value, as nearly all answers have them."""


def value_of(value: object) -> str | None:
    """Return a property's value as HubSpot's text; it may come as a JSON number or boolean."""
    return value if value is None or isinstance(value, str) else json.dumps(value)


def _by(id_property: str | None) -> dict[str, str]:
    return {} if id_property is None else {"idProperty": id_property}


def _input(item: BatchInput) -> dict[str, Any]:
    wire: dict[str, Any] = {"properties": dict(item.properties)}
    if item.id is not None:
        wire["id"] = item.id
    if item.trace_id is not None:
        wire["objectWriteTraceId"] = item.trace_id
    return wire


def _batch_answer(answer: Answer) -> BatchAnswer:
    body = answer.body
    if not isinstance(body, dict) or not isinstance(body.get("results"), list):
        raise UnusableAnswer(f"HubSpot answered a batch with {answer.status} and no results", answer.status)
    errors = body.get("errors") or ()
    if not isinstance(errors, list | tuple):
        raise UnusableAnswer("HubSpot answered a batch with errors that are not a list", answer.status)
    return BatchAnswer(
        answer.status,
        tuple(_contact(result) for result in body["results"]),
        tuple(_refusal(error, answer.correlation_id) for error in errors if isinstance(error, dict)),
        answer.correlation_id,
        answer.after_loss,
    )


def _contact(body: Any) -> Contact:
    if not isinstance(body, dict) or not isinstance(id_ := body.get("id"), _IDS):
        raise UnusableAnswer("HubSpot answered without a contact's id")
    values = body.get("properties") or {}
    if not isinstance(values, dict):
        raise UnusableAnswer("HubSpot answered with properties that are not an object")
    if not _TEXTS.issuperset(map(type, values.values())):
        values = {name: value_of(value) for name, value in values.items()}
    new, trace = body.get("new"), body.get("objectWriteTraceId")
    is_new = new if new is True or new is False else None
    return Contact(str(id_), values, is_new, trace if isinstance(trace, str) else None)


def _refusal(body: Mapping[str, Any], correlation_id: str | None) -> Refusal:
    """Read an error inside the answer to a batch, which has the status that it would have alone."""
    status = _STATUSES.get(str(body.get("category"))) or _status(body.get("status")) or 207
    return refusal_of(status, body, correlation_id)


def _status(value: object) -> int | None:
    """Return the HTTP status that an error inside a 207 names; HubSpot's own have ``error`` there."""
    text = str(value)
    return int(text) if text.isascii() and text.isdecimal() and 400 <= int(text[:4]) < 600 else None
