"""What HubSpot, or the way to it, answered instead of doing what was asked.

::

    HubSpotError
    ├── ConfigurationError        the client cannot work as it is set up
    ├── NotSent                   HubSpot never saw the request
    │   └── Cancelled             since the run was stopped before
    ├── AnswerLost                HubSpot may have seen it, its answer did not arrive whole
    ├── UnusableAnswer            an answer that is not HubSpot's
    └── StatusError               HubSpot refused
        ├── BadRequest            400
        ├── Unauthorized          401
        ├── Forbidden             403
        ├── NotFound              404
        ├── Conflict              409
        ├── Locked                423
        ├── RateLimited           429
        │   └── DailyLimitReached 429
        ├── Migrating             477
        └── ServerError           5xx
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from airflow_provider_hubcontact.printable import printable


class HubSpotError(Exception):
    """Anything that keeps a call from succeeding."""

    retryable: ClassVar[bool] = False


class ConfigurationError(HubSpotError):
    """The client cannot work as it is set up: base URL, credentials, API version."""


class NotSent(HubSpotError):
    """HubSpot never saw the request: no address, no connection, no TLS."""

    retryable = True


class Cancelled(NotSent):
    """The client was told to stop before the request was sent."""

    retryable = False


class AnswerLost(HubSpotError):
    """The request was sent, but no whole answer came: it may have been carried out."""

    retryable = True


class UnusableAnswer(HubSpotError):
    """An answer that is not HubSpot's: a proxy's page, a redirect, an empty body where one is due.

    :param message: what is wrong with it.
    :param status: HTTP status.
    :param content_type: as the answer declares it.
    """

    def __init__(self, message: str, status: int | None = None, content_type: str | None = None) -> None:
        super().__init__(message, status, content_type)
        self.status = status
        self.content_type = content_type

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True, slots=True)
class ErrorDetail:
    """One thing that is wrong with a request.

    :param message: HubSpot's sentence.
    :param code: such as ``PROPERTY_DOESNT_EXIST``.
    :param properties: the properties that it is about.
    """

    message: str
    code: str | None = None
    properties: tuple[str, ...] = ()


class StatusError(HubSpotError):
    """HubSpot refused.

    :param status: HTTP status.
    :param message: HubSpot's sentence, without control characters.
    :param category: HubSpot's category, such as ``VALIDATION_ERROR``.
    :param correlation_id: HubSpot's id of the call, for its support.
    :param details: everything that is wrong, one by one.
    :param context: HubSpot's context, such as ids.
    :param retry_after: seconds that HubSpot asks to wait.
    """

    def __init__(
        self,
        status: int,
        message: str,
        category: str | None = None,
        correlation_id: str | None = None,
        details: tuple[ErrorDetail, ...] = (),
        context: Mapping[str, tuple[str, ...]] | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(status, message, category, correlation_id, details, context, retry_after)
        self.status = status
        self.message = message
        self.category = category
        self.correlation_id = correlation_id
        self.details = details
        self.context = dict(context or {})
        self.retry_after = retry_after

    def __str__(self) -> str:
        parts = [f"HTTP {self.status}", *([self.category] if self.category else [])]
        origin = f" (correlation id {self.correlation_id})" if self.correlation_id else ""
        return f"{' '.join(parts)}: {self.reason}{origin}"

    @property
    def reason(self) -> str:
        """All that is wrong, in HubSpot's own sentences."""
        return reason_of(self.message, self.details)

    @property
    def properties(self) -> tuple[str, ...]:
        """Names of the properties that HubSpot refused, each once."""
        return tuple(dict.fromkeys(name for detail in self.details for name in detail.properties))


class BadRequest(StatusError):
    """400: the data is wrong; the same request is refused again."""


class Unauthorized(StatusError):
    """401: the credentials are wrong or expired."""


class Forbidden(StatusError):
    """403: the credentials lack a scope."""

    @property
    def missing_scopes(self) -> tuple[str, ...]:
        """The scopes that HubSpot asks for."""
        return self.context.get("requiredGranularScopes", ())


class NotFound(StatusError):
    """404: no such object."""


class Conflict(StatusError):
    """409: it exists already, or another one has the value."""

    @property
    def existing_id(self) -> str | None:
        """Record id of the one that exists, if HubSpot tells it; often only in its sentence."""
        named = self.context.get("existingId") or re.findall(r"Existing ID: (\d+)", self.message)
        return named[0] if named else None


class Locked(StatusError):
    """423: too much at once for one portal; the lock lasts two seconds."""

    retryable = True


class RateLimited(StatusError):
    """429: over the limit of calls in ten seconds."""

    retryable = True

    @property
    def policy(self) -> str | None:
        """The limit that was reached, such as ``TEN_SECONDLY_ROLLING``."""
        named = self.context.get("policyName")
        return named[0] if named else None


class DailyLimitReached(RateLimited):
    """429: the day's calls are used up; they are back at midnight in the portal's time zone."""

    retryable = False


class Migrating(StatusError):
    """477: the portal moves to another region, for up to 24 hours."""

    retryable = True


class ServerError(StatusError):
    """5xx: HubSpot failed."""

    retryable = True


_CLASSES: Mapping[int, type[StatusError]] = {
    400: BadRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    423: Locked,
    429: RateLimited,
    477: Migrating,
}


def refusal(
    status: int, body: object, correlation_id: str | None = None, retry_after: float | None = None
) -> StatusError:
    """Make the error of an answer.

    :param status: HTTP status, 400 or above.
    :param body: the parsed body; anything, since errors may come from proxies too.
    :param correlation_id: of the answer's header; the body's is taken if there is none.
    :param retry_after: seconds to wait, from the header.
    :return: the error of the class that the status has.

    HubSpot docs: "Error handling".
    """
    fields: Mapping[str, Any] = body if isinstance(body, Mapping) else {}
    context = context_of(fields)
    kind = _CLASSES.get(status, ServerError if status >= 500 else StatusError)
    if kind is RateLimited and context.get("policyName") == ("DAILY",):
        kind = DailyLimitReached
    return kind(
        status,
        _text(fields.get("message")) or "no reason given",
        _text(fields.get("category")) or _text(fields.get("errorType")),
        _text(correlation_id) or _text(fields.get("correlationId")),
        details_of(fields),
        context,
        retry_after,
    )


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


def details_of(fields: Mapping[str, Any]) -> tuple[ErrorDetail, ...]:
    """Give all that is wrong; HubSpot cuts ``errors`` short, so its message is read too."""
    details: dict[tuple[str | None, tuple[str, ...]], ErrorDetail] = {}
    listed = [*_mappings(fields.get("errors")), *_mappings(fields.get("validationResults"))]
    for item in listed + _embedded(fields):
        detail = _detail(item)
        details.setdefault((detail.code, detail.properties), detail)
    return tuple(details.values())


def reason_of(message: str, details: Iterable[ErrorDetail]) -> str:
    """Say what is wrong: the details where there are any, since the message may hold them as JSON."""
    return printable("; ".join(detail.message for detail in details if detail.message) or message)


def _detail(item: Mapping[str, Any]) -> ErrorDetail:
    context = item.get("context")
    named = context.get("propertyName", ()) if isinstance(context, Mapping) else ()
    names = [named] if isinstance(named, str) else named if isinstance(named, list) else []
    names = names or [name for name in (item.get("name"), item.get("in")) if isinstance(name, str)]
    code = _text(item.get("code")) or _text(item.get("error"))
    return ErrorDetail(_text(item.get("message")) or "", code, tuple(map(str, names)))


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
