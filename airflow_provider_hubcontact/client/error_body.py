# SPDX-License-Identifier: Apache-2.0
"""Reads the body of a refusal: what it says, which error it is, and whom it is about."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from airflow_provider_hubcontact.client import errors
from airflow_provider_hubcontact.client.errors import StatusError
from airflow_provider_hubcontact.printable import printable
from airflow_provider_hubcontact.refusal import Detail, Refusal
from airflow_provider_hubcontact.status import status_of

_CLASSES: Mapping[str, type[StatusError]] = {
    each.__name__: each
    for each in (
        StatusError,
        errors.BadRequest,
        errors.Unauthorized,
        errors.Forbidden,
        errors.NotFound,
        errors.Conflict,
        errors.TooLarge,
        errors.Locked,
        errors.RateLimited,
        errors.Migrating,
        errors.ServerError,
    )
}

_ENVELOPE = frozenset({"correlationId", "category", "validationResults", "errorType"})
"""Fields that only HubSpot's refusals have ("Error handling"; the legacy API's as recorded)."""

_NOBODY = re.compile(
    r"\b(contact|object|resource|property)\b.*\b(not found|not exist)", re.IGNORECASE | re.DOTALL
)
"""HubSpot's sentences about what a path names: "contact does not exist", "resource not found"."""


_TAKEN = re.compile(
    r"Cannot set PropertyValueCoordinates\{.*?\bpropertyName=(\w+),"
    r".*\} on \d+\. (\d+) already has that value",
    re.DOTALL,
)
"""HubSpot's sentence about a value of a unique property that another record has, which comes with a 400."""


def is_about_the_address(status: int, body: object, *, may_miss: bool, has_input: bool) -> bool:
    """Check whether a refusal says only that the call went to the wrong place.

    A 404 is about a contact only if the path names one and HubSpot says so in its own words: HubSpot at a
    wrong path, and every other server, answers 404 too. 413 and 414 are about a call's size, whoever says so.

    :param status: HTTP status, 400 or above.
    :param body: the parsed body.
    :param may_miss: the path names something that HubSpot may not have.
    :param has_input: the call carries something that HubSpot may refuse.
    """
    fields: Mapping[str, Any] = body if isinstance(body, Mapping) else {}
    kind = status_of(status).error
    if kind == "NotFound":
        return not (may_miss and _says_that_it_is_missing(fields))
    if kind in {"BadRequest", "Conflict"}:
        return not (has_input and is_hubspots(fields))
    return kind == "StatusError" or (kind == "TooLarge" and not has_input)


def is_hubspots(fields: Mapping[str, Any]) -> bool:
    """Check whether a body has the form of HubSpot's refusals."""
    return fields.get("status") == "error" or not _ENVELOPE.isdisjoint(fields)


def _says_that_it_is_missing(fields: Mapping[str, Any]) -> bool:
    message = fields.get("message")
    found = _NOBODY.search(message) if isinstance(message, str) else None
    if fields.get("category") == "OBJECT_NOT_FOUND" or (found and found[1].lower() == "contact"):
        return True
    return found is not None and is_hubspots(fields)  # others say "resource not found", too


def error_of(
    status: int, body: object, correlation_id: str | None = None, retry_after: float | None = None
) -> StatusError:
    """Return the error of an answer.

    :param status: HTTP status, 400 or above.
    :param body: the parsed body; anything, since errors may come from proxies too.
    :param correlation_id: from the answer's header; without it, the body's counts.
    :param retry_after: seconds to wait, from the header.
    :return: the error of the class that the status has.

    HubSpot docs: "Error handling".
    """
    fields: Mapping[str, Any] = body if isinstance(body, Mapping) else {}
    refusal = refusal_of(status, fields, correlation_id, is_own=is_hubspots(fields))
    kind = errors.Conflict if refusal.is_conflict else _CLASSES[status_of(status).error]
    if kind is errors.RateLimited and refusal.policy == "DAILY":
        kind = errors.DailyLimitReached
    return kind(refusal, retry_after)


def refusal_of(
    status: int, fields: Mapping[str, Any], correlation_id: str | None, *, is_own: bool = True
) -> Refusal:
    """Read what a refusal says.

    :param status: HTTP status that it has, or would have alone.
    :param fields: of the body, or of one of the errors in the answer to a batch.
    :param correlation_id: of the call; without it, the one in the fields counts.
    :param is_own: whether HubSpot wrote it.
    """
    context, details = context_of(fields), details_of(fields)
    message = _text(fields.get("message")) or "no reason given"
    named = [*context.get("propertyName", ()), *(name for each in details for name in each.properties)]
    existing_id = _existing_id(context, message) if status_of(status).error == "Conflict" else None
    if status_of(status).error == "BadRequest" and (taken := _TAKEN.search(message)):
        named, existing_id = [*named, taken[1]], taken[2]
    return Refusal(
        status,
        _reason(message, details),
        _text(fields.get("category")) or _text(fields.get("errorType")),
        _text(correlation_id) or _text(fields.get("correlationId")),
        properties=tuple(dict.fromkeys(named)),
        subcategory=_text(fields.get("subCategory")),
        details=details,
        ids=context.get("ids", ()),
        trace_ids=context.get("objectWriteTraceId", ()),
        existing_id=existing_id,
        missing_scopes=context.get("requiredGranularScopes", ()),
        policy=next(iter(context.get("policyName", ())), None),
        is_hubspots=is_own,
    )


def _reason(message: str, details: Iterable[Detail]) -> str:
    """Return what is wrong: the details where there are any, since the message may hold them as JSON."""
    return printable("; ".join(detail.message for detail in details if detail.message) or message)


def _existing_id(context: Mapping[str, tuple[str, ...]], message: str) -> str | None:
    """Return the record id of the contact that is in the way; often it stands only in the sentence."""
    named = context.get("existingId") or re.findall(r"Existing ID: (\d+)", message)
    return named[0] if named else None


def context_of(fields: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Collect the contexts of an error body, its own and those of its details."""
    collected: dict[str, list[str]] = {}
    for holder in (fields, *_mappings(fields.get("errors"))):
        own = holder.get("context")
        for name, values in own.items() if isinstance(own, Mapping) else ():
            collected.setdefault(str(name), []).extend(
                map(str, values if isinstance(values, list) else [values])
            )
    context = {name: tuple(texts) for name, texts in collected.items()}
    profile = fields.get("identityProfile")
    if isinstance(profile, Mapping) and "vid" in profile:
        context.setdefault("existingId", (str(profile["vid"]),))
    if policy := _text(fields.get("policyName")):
        context["policyName"] = (policy,)
    return context


def details_of(fields: Mapping[str, Any]) -> tuple[Detail, ...]:
    """Return every problem in an error body. HubSpot shortens ``errors``, so its message is read too."""
    details: dict[tuple[str | None, tuple[str, ...]], Detail] = {}
    listed = [*_mappings(fields.get("errors")), *_mappings(fields.get("validationResults"))]
    for item in listed + _embedded(fields):
        detail = _detail(item)
        details.setdefault((detail.code, detail.properties), detail)
    return tuple(details.values())


def _detail(item: Mapping[str, Any]) -> Detail:
    context = item.get("context")
    named = context.get("propertyName", ()) if isinstance(context, Mapping) else ()
    names = [named] if isinstance(named, str) else named if isinstance(named, list) else []
    names = names or [name for name in (item.get("name"), item.get("in")) if isinstance(name, str)]
    code = _text(item.get("code")) or _text(item.get("error"))
    return Detail(_text(item.get("message")) or "", code, tuple(map(str, names)))


def _embedded(fields: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Read the JSON list inside ``Property values were not valid: [{…}]``."""
    message = fields.get("message")
    _, colon, text = message.partition(": [") if isinstance(message, str) else ("", "", "")
    try:
        return _mappings(json.loads(f"[{text}")) if colon else []
    except (ValueError, RecursionError):
        return []


def _mappings(value: object) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _text(value: object) -> str | None:
    return printable(value) if isinstance(value, str) and value else None
