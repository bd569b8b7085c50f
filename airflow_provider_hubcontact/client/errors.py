"""What HubSpot, or the way to it, answered instead of doing what was asked.

::

    HubSpotError
    ├── ConfigurationError        the client cannot work as it is set up
    │   └── WrongAddress          what answers at the base URL is not HubSpot's API
    ├── NotSent                   HubSpot never saw the request
    │   └── Cancelled             since the run was stopped before
    ├── AnswerLost                HubSpot may have seen it, its answer did not arrive whole
    ├── UnusableAnswer            an answer that is not HubSpot's
    └── StatusError               HubSpot refused
        ├── BadRequest            400, 422
        ├── Unauthorized          401
        ├── Forbidden             403
        ├── NotFound              404
        ├── Conflict              409
        ├── TooLarge              413, 414
        ├── Locked                423
        ├── RateLimited           429
        │   └── DailyLimitReached 429
        ├── Migrating             477
        └── ServerError           5xx, and 408 and 425 of a proxy

What each status means is in ``status``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from airflow_provider_hubcontact.client.status import status_of
from airflow_provider_hubcontact.printable import printable


class HubSpotError(Exception):
    """Anything that keeps a call from succeeding."""

    _passes: ClassVar[bool] = False
    _untouched: ClassVar[bool] = False

    @property
    def retryable(self) -> bool:
        """Whether the same call can succeed a moment later."""
        return self._passes

    @property
    def untouched(self) -> bool:
        """Whether HubSpot has certainly not carried the call out."""
        return self._untouched


class ConfigurationError(HubSpotError):
    """The client cannot work as it is set up: base URL, credentials, API version."""


class WrongAddress(ConfigurationError):
    """What answers at the base URL is not HubSpot's API, or not at this path.

    Its refusal is about no record, whatever its status.

    :param message: what it answered, and what to check.
    :param status: HTTP status.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message, status)
        self.status = status

    def __str__(self) -> str:
        return str(self.args[0])


class NotSent(HubSpotError):
    """HubSpot never saw the request: no address, no connection, no TLS."""

    _passes = True
    _untouched = True


class Cancelled(NotSent):
    """The client was told to stop before the request was sent."""

    _passes = False


class AnswerLost(HubSpotError):
    """The request was sent, but no whole answer came: it may have been carried out."""

    _passes = True


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
    :param is_hubspots: the answer has the form of HubSpot's own; others come from proxies.
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
        is_hubspots: bool = True,
    ) -> None:
        super().__init__(
            status, message, category, correlation_id, details, context, retry_after, is_hubspots
        )
        self.status = status
        self.message = message
        self.category = category
        self.correlation_id = correlation_id
        self.details = details
        self.context = dict(context or {})
        self.retry_after = retry_after
        self.is_hubspots = is_hubspots

    def __str__(self) -> str:
        parts = [f"HTTP {self.status}", *([self.category] if self.category else [])]
        origin = f" (correlation id {self.correlation_id})" if self.correlation_id else ""
        return f"{' '.join(parts)}: {self.reason}{origin}"

    @property
    def retryable(self) -> bool:
        """Whether the same call can succeed a moment later."""
        return status_of(self.status).passes

    @property
    def untouched(self) -> bool:
        """Whether HubSpot has certainly not carried the call out."""
        return status_of(self.status).untouched

    @property
    def reason(self) -> str:
        """All that is wrong, in HubSpot's own sentences."""
        return reason_of(self.message, self.details)

    @property
    def properties(self) -> tuple[str, ...]:
        """Names of the properties that HubSpot refused, each once."""
        return tuple(dict.fromkeys(name for detail in self.details for name in detail.properties))


class BadRequest(StatusError):
    """400, 422: the data is wrong; the same request is refused again."""


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


class TooLarge(StatusError):
    """413, 414: a smaller call may be accepted."""


class Locked(StatusError):
    """423: too much at once for one portal; the lock lasts two seconds."""


class RateLimited(StatusError):
    """429: over the limit of calls in ten seconds."""

    @property
    def policy(self) -> str | None:
        """The limit that was reached, such as ``TEN_SECONDLY_ROLLING``."""
        named = self.context.get("policyName")
        return named[0] if named else None


class DailyLimitReached(RateLimited):
    """429: the day's calls are used up; they are back at midnight in the portal's time zone."""

    @property
    def retryable(self) -> bool:
        """Say that waiting in place does not help."""
        return False


class Migrating(StatusError):
    """477: the portal moves to another region, for up to 24 hours."""


class ServerError(StatusError):
    """5xx: HubSpot failed; 408, 425: a proxy before it gave up. It may have been carried out."""


def reason_of(message: str, details: Iterable[ErrorDetail]) -> str:
    """Say what is wrong: the details where there are any, since the message may hold them as JSON."""
    return printable("; ".join(detail.message for detail in details if detail.message) or message)
