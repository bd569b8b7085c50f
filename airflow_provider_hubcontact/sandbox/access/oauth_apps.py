# SPDX-License-Identifier: Apache-2.0
"""The OAuth apps that are installed in a portal, with their codes and refresh tokens.

HubSpot docs: "Manage OAuth tokens"; RFC 6749, sections 4.1 and 6.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from airflow_provider_hubcontact.sandbox.access.auth_errors import InvalidGrant

SCOPES = (
    "crm.objects.companies.read",
    "crm.objects.companies.write",
    "crm.objects.contacts.read",
    "crm.objects.contacts.write",
    "crm.schemas.companies.read",
    "crm.schemas.companies.write",
    "crm.schemas.contacts.read",
    "crm.schemas.contacts.write",
    "crm.objects.owners.read",
    "crm.import",
    "crm.lists.read",
    "crm.lists.write",
    "oauth",
)
CODE_SECONDS = 600.0
"""Seconds for which an authorization code is valid: HubSpot says "a short window" (U)."""

MAX_CODES = 1_000
PRIVATE_APP = 1
"""The app id of private apps and service keys."""


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """An OAuth app that was installed in the portal."""

    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)
    scopes: frozenset[str] = frozenset(SCOPES)

    @classmethod
    def parse(cls, text: str) -> OAuthClient:
        """Read ``ID:SECRET:REFRESH_TOKEN``.

        :raises ValueError: if the text has another form.
        """
        client_id, _, rest = text.partition(":")
        client_secret, _, refresh_token = rest.partition(":")
        if not (client_id and client_secret and refresh_token):
            raise ValueError("An OAuth client is written as ID:SECRET:REFRESH_TOKEN.")
        return cls(client_id, client_secret, refresh_token)


class App(NamedTuple):
    """An installed app with its number in the portal."""

    app_id: int
    client: OAuthClient


class Code(NamedTuple):
    """An authorization code that waits to be exchanged."""

    app_id: int
    redirect_uri: str
    expires_at: float


class OAuthApps:
    """Identifies apps by their secrets, refresh tokens and authorization codes.

    :param clients: the apps.
    :param clock: seconds since 1970.
    """

    def __init__(self, clients: Sequence[OAuthClient] = (), clock: Callable[[], float] = time.time) -> None:
        self._apps = {
            client.client_id: App(PRIVATE_APP + place, client) for place, client in enumerate(clients, 1)
        }
        self._clock = clock
        self.reset()

    def reset(self) -> None:
        """Go back to the refresh tokens of the start, without codes."""
        self._refresh_tokens = {app.client.refresh_token: app for app in self._apps.values()}
        self._codes: dict[str, Code] = {}

    @property
    def all(self) -> Collection[App]:
        """The apps."""
        return self._apps.values()

    @property
    def tokens(self) -> object:
        """A value that changes whenever a code or refresh token is added or removed."""
        return dict(self._refresh_tokens), dict(self._codes)

    def dump(self) -> dict[str, Any]:
        """Return codes and refresh tokens as JSON values."""
        return {
            "first": [app.client.refresh_token for app in self._apps.values()],
            "refresh": {token: app.client.client_id for token, app in self._refresh_tokens.items()},
            "codes": [
                [code, app.client.client_id, each.redirect_uri, each.expires_at]
                for code, each in self._codes.items()
                if (app := self.app(each.app_id))
            ],
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned, for the apps that still exist.

        The refresh token that an app is given at this start is valid, unless it already had it before and it
        was revoked.
        """
        begun = set(state["first"])
        first = {token: app for token, app in self._refresh_tokens.items() if token not in begun}
        refresh = state["refresh"].items()
        self._refresh_tokens = {
            token: self._apps[name] for token, name in refresh if name in self._apps
        } | first
        for code, client_id, redirect_uri, expires_at in state["codes"]:
            if client_id in self._apps:
                self._codes[code] = Code(self._apps[client_id].app_id, redirect_uri, float(expires_at))

    def app(self, app_id: int) -> App | None:
        """Find an app by its number."""
        return next((app for app in self._apps.values() if app.app_id == app_id), None)

    def identify(self, client_id: str) -> App:
        """Find an app by its id.

        :raises InvalidGrant: if no app has this id (F).
        """
        app = self._apps.get(client_id)
        if app is None:
            raise InvalidGrant("invalid_request", "BAD_CLIENT_ID", "missing or unknown client id")
        return app

    def authenticate(self, client_id: str, client_secret: str) -> App:
        """Find an app by its id and secret.

        :raises InvalidGrant: if no app has this id, or the secret is wrong.
        """
        app = self.identify(client_id)
        if not secrets.compare_digest(app.client.client_secret.encode(), client_secret.encode()):
            raise InvalidGrant("invalid_client", "BAD_CLIENT_SECRET", "missing or invalid client secret")
        return app

    def consent(self, client_id: str, redirect_uri: str) -> str:
        """Let a user of the portal install an app.

        :return: the authorization code.
        :raises InvalidGrant: if the app is unknown.
        """
        app = self.identify(client_id)
        while len(self._codes) >= MAX_CODES:
            del self._codes[next(iter(self._codes))]
        code = secrets.token_urlsafe(24)
        self._codes[code] = Code(app.app_id, redirect_uri, self._clock() + CODE_SECONDS)
        return code

    def redeem(self, app: App, code: str, redirect_uri: str) -> str:
        """Exchange an authorization code, which works once (D).

        :return: the app's refresh token.
        :raises InvalidGrant: if the code belongs to another app or another address, was used, or is too old.
            The first text is recorded (T), the others are ours (U).
        """
        found = self._codes.get(code)
        if found is None or found.app_id != app.app_id:
            raise InvalidGrant("invalid_grant", "BAD_AUTH_CODE", "missing or unknown auth code")
        if found.redirect_uri != redirect_uri:
            raise InvalidGrant("invalid_grant", "BAD_REDIRECT_URI", "missing or invalid redirect uri")
        del self._codes[code]
        if found.expires_at <= self._clock():
            raise InvalidGrant("invalid_grant", "EXPIRED_AUTH_CODE", "the auth code expired")
        return self._refresh_token(app)

    def check(self, app: App, refresh_token: str) -> None:
        """Check that a refresh token belongs to an app.

        :raises InvalidGrant: if it does not.
        """
        if self._refresh_tokens.get(refresh_token) is not app:
            raise InvalidGrant(
                "invalid_grant", "BAD_REFRESH_TOKEN", "refresh token is invalid, expired or revoked"
            )

    def owner(self, refresh_token: str) -> App | None:
        """Return the app that a refresh token belongs to; None if it is unknown or revoked."""
        return self._refresh_tokens.get(refresh_token)

    def revoke(self, refresh_token: str) -> None:
        """Revoke a refresh token."""
        self._refresh_tokens.pop(refresh_token, None)

    def _refresh_token(self, app: App) -> str:
        """Return the refresh token of an app; a new one if the former was revoked."""
        for refresh_token, owner in self._refresh_tokens.items():
            if owner is app:
                return refresh_token
        refresh_token = f"sandbox-refresh-{secrets.token_urlsafe(24)}"
        self._refresh_tokens[refresh_token] = app
        return refresh_token
