"""Who may do what: tokens, scopes, and the OAuth apps that renew them."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from airflow_provider_hubcontact.sandbox.denials import (
    InvalidGrant,
    MissingScopes,
    TokenExpired,
    Unauthenticated,
)

SCOPES = (
    "crm.objects.contacts.read",
    "crm.objects.contacts.write",
    "crm.schemas.contacts.read",
    "crm.schemas.contacts.write",
    "crm.import",
    "oauth",
)
OAUTH_LIFETIME = 1_800.0
"""Seconds that an OAuth access token lives (D: "Manage OAuth tokens")."""

MAX_TOKENS = 10_000
PRIVATE_APP = 1


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
        """Whether this is an OAuth app's."""
        return self.expires_at is not None

    def check(self, any_of: Sequence[str]) -> None:
        """Let a call pass, or not.

        :param any_of: scopes of which it needs one; none are needed if empty.
        :raises MissingScopes: if it has none of them.
        """
        if any_of and self.scopes.isdisjoint(any_of):
            raise MissingScopes(any_of)


NOBODY = Grant()
"""What a caller without a token may do."""


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

        :raises ValueError: if it is something else.
        """
        client_id, _, rest = text.partition(":")
        client_secret, _, refresh_token = rest.partition(":")
        if not (client_id and client_secret and refresh_token):
            raise ValueError("An OAuth client is written as ID:SECRET:REFRESH_TOKEN.")
        return cls(client_id, client_secret, refresh_token)


class Access:
    """The tokens of a portal.

    :param token: a private app's token or a service key.
    :param scopes: what it may do.
    :param oauth_clients: apps that can renew tokens.
    :param oauth_lifetime: seconds that a renewed token lives.
    :param clock: seconds since 1970.
    """

    def __init__(
        self,
        token: str,
        scopes: Iterable[str] = SCOPES,
        oauth_clients: Sequence[OAuthClient] = (),
        oauth_lifetime: float = OAUTH_LIFETIME,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._first = {token: Grant(frozenset(scopes))}
        self._clients = {
            client.client_id: (PRIVATE_APP + place, client) for place, client in enumerate(oauth_clients, 1)
        }
        self.oauth_lifetime = oauth_lifetime
        self._clock = clock
        self.reset()

    def reset(self) -> None:
        """Forget all tokens but the first."""
        self._grants = dict(self._first)

    def allow(self, token: str, scopes: Iterable[str] = SCOPES) -> None:
        """Add a private app's token, or change its scopes."""
        self._grants[token] = Grant(frozenset(scopes))

    def revoke(self, token: str) -> None:
        """Make a token unknown."""
        self._grants.pop(token, None)

    def look_up(self, token: str) -> Grant:
        """Find what a token may do.

        :raises Unauthenticated: if it is unknown.
        :raises TokenExpired: if it was good once.
        """
        grant = self._grants.get(token)
        if grant is None:
            raise Unauthenticated
        if grant.expires_at is not None and grant.expires_at <= self._clock():
            raise TokenExpired(int(self._clock() - grant.expires_at))
        return grant

    def refresh(self, client_id: str, client_secret: str, refresh_token: str) -> tuple[str, OAuthClient]:
        """Give an OAuth app a new access token; the old ones live on until they expire (D).

        :return: the access token, and the app.
        :raises InvalidGrant: if the app or its secrets are wrong.
        """
        app_id, client = self._clients.get(client_id, (0, None))
        if client is None:
            raise InvalidGrant("invalid_client", "BAD_CLIENT_ID", "missing or unknown client id")
        if not secrets.compare_digest(client.client_secret.encode(), client_secret.encode()):
            raise InvalidGrant("invalid_client", "BAD_CLIENT_SECRET", "missing or invalid client secret")
        if not secrets.compare_digest(client.refresh_token.encode(), refresh_token.encode()):
            raise InvalidGrant(
                "invalid_grant", "BAD_REFRESH_TOKEN", "refresh token is invalid, expired or revoked"
            )
        token = f"sandbox-{secrets.token_urlsafe(32)}"
        self._forget_the_oldest()
        self._grants[token] = Grant(client.scopes, app_id, self._clock() + self.oauth_lifetime)
        return token, client

    def _forget_the_oldest(self) -> None:
        while len(self._grants) >= MAX_TOKENS:
            oldest = next(token for token, grant in self._grants.items() if grant.oauth)
            del self._grants[oldest]
