# SPDX-License-Identifier: Apache-2.0
"""HubSpot's refusals that concern the token or the limits. The letters are those of ``errors``.

::

    Refused
    ├── InvalidGrant                    400, in OAuth's own form
    ├── Unauthenticated, TokenExpired   401
    ├── MissingScopes, NotAllowedToView,
    │   NotYours                        403
    ├── TokenNotFound                   404
    ├── NotAForm                        415
    └── RateLimited, SearchLimited,
        DailyLimitReached               429
"""

from __future__ import annotations

from collections.abc import Sequence

from airflow_provider_hubcontact.sandbox.errors.refusal import Json, Refused


class InvalidGrant(Refused):
    """The token endpoint refuses (D, RFC 6749 section 5.2).

    :param error: RFC 6749's code.
    :param hubspot_status: HubSpot's code.
    :param message: a sentence that names no secret.
    """

    def __init__(self, error: str, hubspot_status: str, message: str) -> None:
        super().__init__(message)
        self.error = error
        self.hubspot_status = hubspot_status

    def body(self, correlation_id: str) -> Json:  # noqa: ARG002 - OAuth's answers have no id (F)
        """Fill OAuth's envelope."""
        return {
            "status": self.hubspot_status,
            "message": self.message,
            "error": self.error,
            "error_description": self.message,
        }


class Unauthenticated(Refused):
    """The call has no token, or an unknown one (T, raw logs of 2025 and 2026)."""

    status = 401

    def __init__(self) -> None:
        super().__init__(
            "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can "
            "find more details at https://developers.hubspot.com/docs/methods/auth/oauth-overview",
            "INVALID_AUTHENTICATION",
        )


class TokenExpired(Refused):
    """An OAuth access token has expired (F).

    :param seconds: how long ago it expired.
    """

    status = 401

    def __init__(self, seconds: int) -> None:
        ago = f"{seconds // 60} minute(s)" if seconds >= 60 else f"{seconds} second(s)"
        super().__init__(
            f"The OAuth token used to make this call expired {ago} ago.", "EXPIRED_AUTHENTICATION"
        )


class MissingScopes(Refused):
    """The token lacks a scope (F)."""

    status = 403

    def __init__(self, scopes: Sequence[str]) -> None:
        super().__init__(
            "This app hasn't been granted all required scopes to make this call. Read more about required "
            "scopes here: https://developers.hubspot.com/scopes.",
            "MISSING_SCOPES",
            errors=[
                {
                    "message": "One or more of the following scopes are required.",
                    "context": {"requiredGranularScopes": list(scopes)},
                }
            ],
            links={"scopes": "https://developers.hubspot.com/scopes"},
        )


class NotAllowedToView(Refused):
    """The token may not read the properties of an object type (F, P); the answer has no category.

    :param object_type: the type, as HubSpot's sentence calls it.
    :param needed: what HubSpot calls the permission.
    """

    status = 403

    def __init__(self, object_type: str, needed: str) -> None:
        super().__init__(
            f"You do not have permissions to view object type {object_type} (requires one of [{needed}])"
        )


class TokenNotFound(Refused):
    """v1 is asked about an unknown token (U)."""

    status = 404

    def __init__(self) -> None:
        super().__init__("The token is unknown, expired or revoked.", "OBJECT_NOT_FOUND")


class NotAForm(Refused):
    """OAuth's parameters are JSON instead of a form (T: the status; U: the text)."""

    status = 415

    def __init__(self) -> None:
        super().__init__("HTTP 415 Unsupported Media Type")


class NotYours(Refused):
    """The sandbox's own API was called from elsewhere without a token."""

    status = 403

    def __init__(self) -> None:
        super().__init__(
            "The sandbox's own API answers calls from this machine, by the name of 127.0.0.1 or localhost, "
            "and others with a good token; send Authorization: Bearer."
        )


class RateLimited(Refused):
    """Too many calls in ten seconds (F)."""

    status = 429

    def __init__(self) -> None:
        super().__init__(
            "You have reached your ten_secondly_rolling limit.",
            errorType="RATE_LIMIT",
            policyName="TEN_SECONDLY_ROLLING",
        )


class SearchLimited(Refused):
    """Too many searches in a second (T)."""

    status = 429

    def __init__(self) -> None:
        super().__init__(
            "You have reached your secondly limit.", errorType="RATE_LIMIT", policyName="SECONDLY"
        )


class DailyLimitReached(Refused):
    """The account's calls of the day are used up (D, "Usage guidelines")."""

    status = 429

    def __init__(self) -> None:
        super().__init__("You have reached your daily limit.", errorType="RATE_LIMIT", policyName="DAILY")
