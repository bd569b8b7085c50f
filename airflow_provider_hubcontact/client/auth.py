# SPDX-License-Identifier: Apache-2.0
"""The bearer token: a fixed one, or one that is renewed by OAuth."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from threading import Lock
from typing import Any, NoReturn, Protocol

import requests

from airflow_provider_hubcontact import DEFAULT_API_VERSION
from airflow_provider_hubcontact.client.errors import (
    AnswerLost,
    ConfigurationError,
    NotSent,
    Unauthorized,
    UnusableAnswer,
    UnusableToken,
)
from airflow_provider_hubcontact.client.network.redaction import without
from airflow_provider_hubcontact.client.network.session import (
    Exchange,
    Session,
    checked_base_url,
    exchange,
    wrong_address,
)
from airflow_provider_hubcontact.client.network.timeouts import TOKEN_CALL, Timeouts
from airflow_provider_hubcontact.clock import SYSTEM_CLOCK, Clock
from airflow_provider_hubcontact.refusal import Refusal
from airflow_provider_hubcontact.status import status_of

RENEW_BEFORE = 300.0
"""Seconds before its end at which an access token is renewed."""

_API_KEY = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_FITS_HEADER = re.compile(r"[!-~]+")


class Auth(Protocol):
    """Supplies the token that a request carries."""

    def token(self) -> str:
        """Return a token that is valid now."""

    def renew(self, stale: str) -> bool:
        """Replace a token that HubSpot refused.

        :param stale: the refused token.
        :return: whether there is another one now.
        """

    def secrets(self) -> Collection[str]:
        """Return every text that errors, reports and logs must not show."""


class AccessToken:
    """A service key, or the token of a private app; it does not expire.

    :param token: the token.
    :raises ConfigurationError: if it is an API key, or cannot stand in a header.

    HubSpot docs: "Account service keys"; "Private apps"; changelog, "API key sunset".
    """

    def __init__(self, token: str) -> None:
        if _API_KEY.fullmatch(token):
            raise ConfigurationError(
                "This is an API key. HubSpot ended API keys on 2022-11-30: use a service key or the access "
                "token of a private app."
            )
        if not _FITS_HEADER.fullmatch(token):
            raise ConfigurationError(
                "The access token is not valid: it has characters that tokens do not have. Copy it again."
            )
        self._token = token

    def __repr__(self) -> str:
        return "AccessToken(***)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an access token must not be pickled: it would end up in a file or a database")

    def token(self) -> str:
        """Return the token."""
        return self._token

    def renew(self, stale: str) -> bool:  # noqa: ARG002 - the protocol's parameter
        """Return False: a fixed token cannot be renewed."""
        return False

    def secrets(self) -> Collection[str]:
        """Return the token."""
        return (self._token,)


class OAuthToken:
    """Access tokens of an OAuth app, renewed ahead of their end; safe to share between threads.

    :param client_id: of the app.
    :param client_secret: of the app.
    :param refresh_token: of the portal that installed the app.
    :param base_url: HubSpot's.
    :param version: API version; a dated one has a token endpoint of its own, the others share the default's.
    :param on_new_token: called with each secret that HubSpot hands out, to be masked in logs.
    :param timeouts: how long the call that asks for a token may take; it is made once.
    :param clock: tells the time.
    :param exchange: sends one request and reads its answer.
    :raises ConfigurationError: if the base URL is not valid.

    HubSpot docs: "Manage OAuth tokens": tokens last 30 minutes; every parameter is in the body.
    """

    def __init__(
        self,
        client_id: str,
        client_secret: str,
        refresh_token: str,
        *,
        base_url: str = "https://api.hubapi.com",
        version: str = DEFAULT_API_VERSION,
        on_new_token: Callable[[str], None] = lambda _: None,
        timeouts: Timeouts = TOKEN_CALL,
        clock: Clock = SYSTEM_CLOCK,
        exchange: Exchange = exchange,
    ) -> None:
        dated = version if re.fullmatch(r"\d{4}-\d{2}", version) else DEFAULT_API_VERSION
        self._url = f"{checked_base_url(base_url)}/oauth/{dated}/token"
        self._form = {
            "grant_type": "refresh_token",
            "client_id": client_id,
            "client_secret": client_secret,
            "refresh_token": refresh_token,
        }
        self._on_new_token = on_new_token
        self._timeouts = timeouts
        self._clock = clock
        self._exchange = exchange
        self._lock = Lock()
        self._token: str | None = None
        self._renew_at = 0.0
        self._held = frozenset({client_secret, refresh_token})  # and every token, those of old too
        self.portal_id: int | None = None
        self.scopes: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        return "OAuthToken(***)"

    def token(self) -> str:
        """Return a token that lasts for some minutes.

        :raises Unauthorized: if HubSpot no longer accepts the refresh token or the app.
        :raises NotSent: if no token could be obtained, so that the request was not sent.
        :raises UnusableToken: if the answer of the token endpoint is not HubSpot's; likewise.
        """
        with self._lock:
            if self._token is None or self._clock.monotonic() >= self._renew_at:
                self._token = self._fetch()
            return self._token

    def renew(self, stale: str) -> bool:
        """Replace a token that HubSpot refused, unless another thread has done so.

        :param stale: the refused token.
        :return: whether there is another one now.
        """
        with self._lock:
            if self._token == stale:
                self._token = self._fetch()
            return self._token != stale

    def secrets(self) -> Collection[str]:
        """Return the app's secret, and every token that it has had."""
        return self._held

    def _fetch(self) -> str:
        granted = self._ask()
        token, lifetime = granted.get("access_token"), granted.get("expires_in")
        if not isinstance(token, str) or not _FITS_HEADER.fullmatch(token):
            raise UnusableToken("HubSpot's token endpoint answered without an access token", 200)
        if not isinstance(lifetime, int | float) or not lifetime > 0:
            raise UnusableToken("HubSpot's token endpoint answered without the token's lifetime", 200)
        self._hold(token)
        self._renew_at = self._clock.monotonic() + max(lifetime - RENEW_BEFORE, lifetime / 2)
        portal, scopes = granted.get("hub_id"), granted.get("scopes")
        self.portal_id = portal if isinstance(portal, int) else None
        rotated = granted.get("refresh_token")
        if isinstance(rotated, str) and rotated:
            self._hold(rotated)
            self._form["refresh_token"] = rotated
        shown = without(self._held, scopes)
        self.scopes = frozenset(map(str, shown if isinstance(shown, list) else ()))
        return token

    def _hold(self, secret: str) -> None:
        self._on_new_token(secret)
        self._held |= {secret}

    def _ask(self) -> dict[str, Any]:
        try:
            with Session() as session:
                reply = self._exchange(
                    session,
                    "POST",
                    self._url,
                    auth=_NoAuth(),
                    timeouts=self._timeouts,
                    clock=self._clock,
                    data=self._form,
                )
        except AnswerLost as error:
            # Whatever became of this request, the one that needs the token has not been sent.
            raise NotSent(f"There is no access token: {error}") from None
        except UnusableAnswer as error:
            raise UnusableToken(f"There is no access token: {error}", error.status) from None
        body = reply.json()
        if status_of(reply.status).passes:
            raise NotSent(f"There is no access token: HubSpot's token endpoint answered {reply.status}")
        if reply.status >= 400:
            if status_of(reply.status).error in {"NotFound", "StatusError"}:
                raise wrong_address(self._url, "POST", reply.status)
            raise Unauthorized(Refusal(401, _reason(reply.status, body), "INVALID_AUTHENTICATION"))
        if reply.status != 200 or not isinstance(body, dict):
            raise UnusableToken(
                f"HubSpot's token endpoint answered {reply.status} without JSON", reply.status
            )
        return body


def _reason(status: int, body: object) -> str:
    """Return what to do. The endpoint's own words are left out: they could repeat a secret."""
    fields = body if isinstance(body, dict) else {}
    if fields.get("error") == "invalid_grant" or fields.get("status") == "BAD_REFRESH_TOKEN":
        return "HubSpot no longer accepts the OAuth refresh token: connect the app to the portal again"
    return (
        f"HubSpot's token endpoint refused the app (HTTP {status}): check client_id, client_secret and "
        "refresh_token"
    )


class _NoAuth(requests.auth.AuthBase):
    """Keeps a ~/.netrc out of a request."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request
