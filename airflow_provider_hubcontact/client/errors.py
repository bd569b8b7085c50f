"""The errors of the client: what happened instead of the call.

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

from typing import ClassVar

from airflow_provider_hubcontact.client.status import status_of
from airflow_provider_hubcontact.refusal import Refusal


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

    _untouched = True


class WrongAddress(ConfigurationError):
    """What answers at the base URL is not HubSpot's API, or not at this path.

    Its refusal says nothing about a record, whatever its status.

    :param message: what it answered, and what to check.
    :param status: HTTP status.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message, status)
        self.status = status

    def __str__(self) -> str:
        return str(self.args[0])


class NotSent(HubSpotError):
    """HubSpot certainly did not see the request: no address, no connection, no TLS."""

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


class StatusError(HubSpotError):
    """HubSpot refused.

    :param refusal: what it said.
    :param retry_after: seconds that HubSpot asks to wait.
    """

    def __init__(self, refusal: Refusal, retry_after: float | None = None) -> None:
        super().__init__(refusal, retry_after)
        self.refusal = refusal
        self.retry_after = retry_after

    def __str__(self) -> str:
        said = self.refusal
        parts = [f"HTTP {said.status}", *([said.category] if said.category else [])]
        origin = f" (correlation id {said.correlation_id})" if said.correlation_id else ""
        return f"{' '.join(parts)}: {said.message}{origin}"

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.refusal.status

    @property
    def retryable(self) -> bool:
        """Whether the same call can succeed a moment later."""
        return status_of(self.status).passes

    @property
    def untouched(self) -> bool:
        """Whether HubSpot has certainly not carried the call out."""
        return status_of(self.status).untouched


class BadRequest(StatusError):
    """400, 422: the data is wrong; the same request is refused again."""


class Unauthorized(StatusError):
    """401: the credentials are wrong or expired."""


class Forbidden(StatusError):
    """403: the credentials lack a scope."""


class NotFound(StatusError):
    """404: no such object."""


class Conflict(StatusError):
    """409: it exists already, or another one has the value."""


class TooLarge(StatusError):
    """413, 414: a smaller call may be accepted."""


class Locked(StatusError):
    """423: too much at once for one portal; the lock lasts two seconds."""


class RateLimited(StatusError):
    """429: over the limit of calls in ten seconds."""


class DailyLimitReached(RateLimited):
    """429: the daily limit is used up. It starts anew at midnight in the portal's time zone."""

    @property
    def retryable(self) -> bool:
        """False: waiting in place does not help."""
        return False


class Migrating(StatusError):
    """477: the portal moves to another region, for up to 24 hours."""


class ServerError(StatusError):
    """5xx: HubSpot failed; 408, 425: a proxy before it gave up. It may have been carried out."""
