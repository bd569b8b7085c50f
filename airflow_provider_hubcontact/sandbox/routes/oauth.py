"""OAuth: a refresh token becomes an access token.

HubSpot docs: "Manage OAuth tokens"; RFC 6749, section 6.
"""

from __future__ import annotations

from collections.abc import Iterator

from airflow_provider_hubcontact.sandbox.denials import InvalidGrant
from airflow_provider_hubcontact.sandbox.wire import DATED_VERSIONS, Reply, Request, Route


def routes() -> Iterator[Route]:
    """Give the routes of this family."""
    for version in ("v1", "v3", *DATED_VERSIONS):
        yield Route("POST", f"/oauth/{version}/token", token, public=True)


def token(request: Request) -> Reply:
    """Answer 200 with an access token that lives for 30 minutes; all parameters are in the form body."""
    form = request.form
    if form.get("grant_type") != "refresh_token":
        raise InvalidGrant(
            "unsupported_grant_type", "BAD_GRANT_TYPE", "The sandbox knows the grant type refresh_token only."
        )
    names = ("client_id", "client_secret", "refresh_token")
    access_token, client = request.access.refresh(*(form.get(name, "") for name in names))
    return Reply(
        200,
        {
            "token_type": "bearer",
            "access_token": access_token,
            "refresh_token": client.refresh_token,
            "expires_in": int(request.access.oauth_lifetime),
            "hub_id": request.portal.account.portal_id,
            "scopes": sorted(client.scopes),
        },
    )
