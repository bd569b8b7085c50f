# SPDX-License-Identifier: Apache-2.0
"""Tokens and their scopes: who may do what."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from airflow_provider_hubcontact.sandbox.access.auth_errors import (
    MissingScopes,
    TokenExpired,
    Unauthenticated,
)
from airflow_provider_hubcontact.sandbox.access.oauth_apps import (
    PRIVATE_APP,
    SCOPES,
    App,
    OAuthApps,
    OAuthClient,
)

__all__ = ["NOBODY", "OAUTH_LIFETIME", "SCOPES", "Access", "Grant", "OAuthClient"]

OAUTH_LIFETIME = 1_800.0
"""Seconds that an OAuth access token lives (D: "Manage OAuth tokens")."""

MAX_TOKENS = 10_000


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token may do.

    :param app_id: the app that it was given to; each app has a rate limit of its own.
    :param expires_at: seconds since 1970; None for private apps and service keys, which do not expire.
    """

    scopes: frozenset[str] = frozenset()
    app_id: int = PRIVATE_APP
    expires_at: float | None = None

    @property
    def oauth(self) -> bool:
        """Whether the token is an OAuth app's."""
        return self.expires_at is not None

    def check(self, any_of: Sequence[str]) -> None:
        """Check that the token may make a call.

        :param any_of: the call needs one of these scopes; no scope if empty.
        :raises MissingScopes: if the token has none of them.
        """
        if any_of and self.scopes.isdisjoint(any_of):
            raise MissingScopes(any_of)


NOBODY = Grant()
"""What a caller without a token may do."""


class Access:
    """The tokens of a portal.

    :param token: a service key or a private app's token.
    :param scopes: what it may do.
    :param oauth_clients: apps that can renew tokens.
    :param oauth_lifetime: seconds that a renewed token lives.
    :param clock: seconds since 1970.
    :param more_tokens: the tokens of further private apps, each with a rate limit of its own.
    :ivar apps: the OAuth apps.
    """

    def __init__(
        self,
        token: str,
        scopes: Iterable[str] = SCOPES,
        oauth_clients: Sequence[OAuthClient] = (),
        oauth_lifetime: float = OAUTH_LIFETIME,
        clock: Callable[[], float] = time.time,
        *,
        more_tokens: Sequence[str] = (),
    ) -> None:
        first_free = PRIVATE_APP + len(oauth_clients) + 1
        self._first = {
            other: Grant(frozenset(scopes), app_id) for app_id, other in enumerate(more_tokens, first_free)
        } | {token: Grant(frozenset(scopes))}
        self.apps = OAuthApps(oauth_clients, clock)
        self.oauth_lifetime = oauth_lifetime
        self._clock = clock
        self.reset()

    def reset(self) -> None:
        """Go back to the tokens of the start."""
        self._grants = dict(self._first)
        self.apps.reset()

    def dump(self) -> dict[str, Any]:
        """Return the tokens of OAuth apps as JSON values; those of private apps are given at each start."""
        names = {app.app_id: app.client.client_id for app in self.apps.all}
        return {
            "apps": self.apps.dump(),
            "grants": [
                [token, names[grant.app_id], sorted(grant.scopes), grant.expires_at]
                for token, grant in self._grants.items()
                if grant.oauth
            ],
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned, for the apps that still exist."""
        self.apps.load(state["apps"])
        ids = {app.client.client_id: app.app_id for app in self.apps.all}
        for token, client_id, scopes, expires_at in state["grants"]:
            if client_id in ids:
                self._grants[token] = Grant(frozenset(scopes), ids[client_id], float(expires_at))

    @property
    def tokens(self) -> object:
        """A value that changes whenever a token is added, removed or changed."""
        return dict(self._grants), self.apps.tokens

    def allow(self, token: str, scopes: Iterable[str] = SCOPES) -> None:
        """Add a private app's token, or change its scopes."""
        self._grants[token] = Grant(frozenset(scopes))

    def revoke(self, token: str) -> None:
        """Remove a token."""
        self._grants.pop(token, None)

    def expire(self, token: str) -> None:
        """Let a token expire now, and answer as to its next use. A token that cannot expire is removed.

        :raises Unauthenticated: if it was removed.
        :raises TokenExpired: if it expired, so that it can be renewed.
        """
        grant = self.look_up(token)
        if grant.oauth:
            self._grants[token] = replace(grant, expires_at=self._clock())
        else:
            self.revoke(token)
        self.look_up(token)

    def look_up(self, token: str) -> Grant:
        """Return what a token may do.

        :raises Unauthenticated: if it is unknown.
        :raises TokenExpired: if it has expired.
        """
        grant = self._grants.get(token)
        if grant is None:
            raise Unauthenticated
        if grant.expires_at is not None and grant.expires_at <= self._clock():
            raise TokenExpired(int(self._clock() - grant.expires_at))
        return grant

    def seconds_left(self, grant: Grant) -> int:
        """Return how long the token of an OAuth app is still valid."""
        return max(0, int((grant.expires_at or 0) - self._clock()))

    def refresh(self, client_id: str, client_secret: str, refresh_token: str) -> tuple[str, OAuthClient]:
        """Make a new access token for an OAuth app; its old ones stay valid until they expire (D).

        :return: the access token, and the app.
        :raises InvalidGrant: if the app or its secrets are wrong.
        """
        app = self.apps.authenticate(client_id, client_secret)
        self.apps.check(app, refresh_token)
        return self.issue(app), app.client

    def issue(self, app: App) -> str:
        """Make an access token for an OAuth app."""
        token = f"sandbox-{secrets.token_urlsafe(32)}"
        self._forget_the_oldest()
        self._grants[token] = Grant(app.client.scopes, app.app_id, self._clock() + self.oauth_lifetime)
        return token

    def _forget_the_oldest(self) -> None:
        while len(self._grants) >= MAX_TOKENS:
            oldest = next(token for token, grant in self._grants.items() if grant.oauth)
            del self._grants[oldest]
