# SPDX-License-Identifier: Apache-2.0
"""The errors of the client.

::

    HubSpotError
    ├── ConfigurationError        base URL, credentials or API version are wrong
    │   └── WrongAddress          the server at the base URL is not HubSpot's API
    ├── NotSent                   HubSpot never saw the request
    │   └── Cancelled             because the run was stopped before
    ├── AnswerLost                HubSpot may have seen it, but no complete answer arrived
    ├── UnusableAnswer            an answer that is not HubSpot's
    │   └── UnusableToken         from the token endpoint: the request that needs a token was not sent
    └── StatusError               HubSpot refused
        ├── BadRequest            400, 422
        ├── Unauthorized          401
        ├── Forbidden             403
        ├── NotFound              404
        ├── Conflict              409, and a 400 that names the other contact
        ├── TooLarge              413, 414
        ├── Locked                423
        ├── RateLimited           429
        │   └── DailyLimitReached 429
        ├── Migrating             477
        └── ServerError           5xx, and a proxy's 408 and 425
"""

# What each status means is in ``status``.

from __future__ import annotations

from typing import ClassVar

from airflow_provider_hubcontact.refusal import Refusal
from airflow_provider_hubcontact.status import status_of


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
    """The base URL, the credentials or the API version are wrong."""

    _untouched = True


class WrongAddress(ConfigurationError):
    """The server at the base URL is not HubSpot's API, or the path is wrong.

    Its refusal says nothing about a record, whatever its status.

    :param message: what the server answered, and what to check.
    :param status: HTTP status.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message, status)
        self.status = status

    def __str__(self) -> str:
        return str(self.args[0])


class NotSent(HubSpotError):
    """HubSpot certainly did not see the request: DNS, connection or TLS failed."""

    _passes = True
    _untouched = True


class Cancelled(NotSent):
    """The client was told to stop before the request was sent."""

    _passes = False


class AnswerLost(HubSpotError):
    """The request was sent, but no complete answer came: it may have been carried out."""

    _passes = True


class UnusableAnswer(HubSpotError):
    """An answer that is not HubSpot's: a proxy's page, a redirect, an unexpected empty body.

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


class UnusableToken(UnusableAnswer):
    """The token endpoint's answer is not HubSpot's, so that the request that needs a token was not sent."""

    _untouched = True


class StatusError(HubSpotError):
    """HubSpot refused.

    :param refusal: what it said.
    :param retry_after: seconds that HubSpot asks to wait.
    :ivar after_loss: an earlier attempt of the call got no clear answer, and may have been carried out.
    """

    def __init__(self, refusal: Refusal, retry_after: float | None = None) -> None:
        super().__init__(refusal, retry_after)
        self.refusal = refusal
        self.retry_after = retry_after
        self.after_loss = False

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
    """409, and a 400 about a unique value: it already exists, or another object has the value."""


class TooLarge(StatusError):
    """413, 414: a smaller call may be accepted."""


class Locked(StatusError):
    """423: the portal is locked for two seconds, after too many concurrent calls."""


class RateLimited(StatusError):
    """429: the ten-second limit of calls is exceeded."""


class DailyLimitReached(RateLimited):
    """429: the daily limit is used up. It is reset at midnight in the portal's time zone."""

    @property
    def retryable(self) -> bool:
        """False: waiting in place does not help."""
        return False


class Migrating(StatusError):
    """477: the portal is moving to another region, for up to 24 hours."""


class ServerError(StatusError):
    """5xx: HubSpot failed; 408, 425: a proxy before it gave up. The call may have been carried out."""

    @property
    def retryable(self) -> bool:
        """True but for 501: a server that does not know a call will not know it a moment later."""
        return self.status != 501 and super().retryable
