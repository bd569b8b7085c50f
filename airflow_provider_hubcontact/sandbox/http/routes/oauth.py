# SPDX-License-Identifier: Apache-2.0
"""OAuth: exchanges codes and refresh tokens for access tokens, describes tokens, and revokes them.

HubSpot docs: "Manage OAuth tokens"; RFC 6749, 7009 and 7662.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlencode

from airflow_provider_hubcontact.sandbox.access.auth_errors import (
    InvalidGrant,
    NotAForm,
    TokenExpired,
    TokenNotFound,
    Unauthenticated,
)
from airflow_provider_hubcontact.sandbox.access.oauth_apps import App
from airflow_provider_hubcontact.sandbox.access.tokens import Grant
from airflow_provider_hubcontact.sandbox.errors.own import NotEmulated
from airflow_provider_hubcontact.sandbox.errors.refusal import Json
from airflow_provider_hubcontact.sandbox.errors.requests import InvalidInput
from airflow_provider_hubcontact.sandbox.http.routing import DATED_VERSIONS, Reply, Request, Route, text

USER_ID = 1
USER = "admin@example.com"
HUB_DOMAIN = "sandbox.example.com"
_REDIRECT_URI = re.compile(r"https?://[!-~]+")


def routes() -> Iterator[Route]:
    """Yield the routes of this family."""
    yield Route("GET", "/oauth/authorize", authorize, public=True)
    yield Route("POST", "/oauth/v1/token", token_v1, public=True)
    for version in ("v3", *DATED_VERSIONS):
        yield Route("POST", f"/oauth/{version}/token", token, public=True)
        # HubSpot's changelog names the short paths, its reference the long ones.
        for root in (f"/oauth/{version}", f"/oauth/{version}/token"):
            yield Route("POST", f"{root}/introspect", introspect, public=True)
            yield Route("POST", f"{root}/revoke", revoke, public=True)
    yield Route("GET", "/oauth/v1/access-tokens/{token}", access_token_v1, public=True)
    yield Route("GET", "/oauth/v1/refresh-tokens/{token}", refresh_token_v1, public=True)
    yield Route("DELETE", "/oauth/v1/refresh-tokens/{token}", revoke_v1, public=True)


def authorize(request: Request) -> Reply:
    """Redirect (302) to the app with a code, as if a user had agreed on HubSpot's page at once."""
    client_id, redirect_uri = request.parameter("client_id"), request.parameter("redirect_uri")
    if not client_id or not redirect_uri or not _REDIRECT_URI.fullmatch(redirect_uri):
        raise InvalidInput("The address needs client_id and redirect_uri, which begins with http.")
    answer = {"code": request.access.apps.consent(client_id, redirect_uri)}
    state = request.parameter("state")
    if state is not None:
        answer["state"] = state
    separator = "&" if "?" in redirect_uri else "?"
    location = f"{redirect_uri}{separator}{urlencode(answer)}"
    return Reply(302, headers=[(b"Location", location.encode())])


def token_v1(request: Request) -> Reply:
    """Answer like the newer versions; parameters may also be in the URL (D)."""
    in_address = {name: values[-1] for name, values in request.query.items()}
    return _token(request, in_address | _fields(request))


def token(request: Request) -> Reply:
    """Answer 200 with an access token, which is valid for 30 minutes; all parameters are in the body (D)."""
    return _token(request, _fields(request))


def introspect(request: Request) -> Reply:
    """Answer 200 with a description of a token; for a token of another app, that it is not active."""
    fields = _fields(request)
    app = _app(request, fields)
    value = fields.get("token") or fields.get("access_token") or fields.get("refresh_token", "")
    if request.access.apps.owner(value) is app:
        return Reply(200, {"active": True, **_described(request, app, value), "token_use": "refresh_token"})
    grant = _grant(request, value)
    if grant is None or grant.app_id != app.app_id:
        return Reply(200, {"active": False})
    return Reply(
        200,
        {
            "active": True,
            **_described(request, app, value),
            "token_use": "access_token",
            "expires_in": request.access.seconds_left(grant),
            "is_private_distribution": True,
            "signed_access_token": _signed(request, grant),
        },
    )


def revoke(request: Request) -> Reply:
    """Answer 204 (U), also for an unknown token (RFC 7009). Access tokens stay valid to their end (U)."""
    fields = _fields(request)
    app = _app(request, fields)
    value = fields.get("token") or fields.get("refresh_token", "")
    if request.access.apps.owner(value) is app:
        request.access.apps.revoke(value)
    return Reply(204)


def access_token_v1(request: Request) -> Reply:
    """Answer 200 with a description of an access token, or 404."""
    value = request.params["token"]
    grant = _grant(request, value)
    app = request.access.apps.app(grant.app_id) if grant is not None else None
    if grant is None or app is None:
        raise TokenNotFound
    described = _described(request, app, value)
    del described["client_id"]
    return Reply(
        200,
        described
        | {
            "expires_in": request.access.seconds_left(grant),
            "token_type": "access",
            "is_private_distribution": True,
            "signed_access_token": _signed(request, grant),
        },
    )


def refresh_token_v1(request: Request) -> Reply:
    """Answer 200 with a description of a refresh token, or 404."""
    value = request.params["token"]
    app = request.access.apps.owner(value)
    if app is None:
        raise TokenNotFound
    described = _described(request, app, value)
    del described["app_id"]
    return Reply(200, described | {"token_type": "refresh"})


def revoke_v1(request: Request) -> Reply:
    """Answer 204, or 404 for an unknown refresh token."""
    value = request.params["token"]
    if request.access.apps.owner(value) is None:
        raise TokenNotFound
    request.access.apps.revoke(value)
    return Reply(204)


def _token(request: Request, fields: dict[str, str]) -> Reply:
    request.access.apps.identify(fields.get("client_id", ""))  # before anything else (F)
    grant_type = fields.get("grant_type")
    if grant_type == "client_credentials":
        raise NotEmulated("the grant type client_credentials", "refresh_token")
    if grant_type not in {"authorization_code", "refresh_token"}:
        raise InvalidGrant("unsupported_grant_type", "BAD_GRANT_TYPE", "missing or unknown grant type")
    app = _app(request, fields)
    refresh_token = fields.get("refresh_token", "")
    if grant_type == "refresh_token":
        request.access.apps.check(app, refresh_token)
    else:
        if "code_verifier" in fields:
            raise NotEmulated("PKCE (code_verifier)", "authorization_code with client_secret")
        code, redirect_uri = fields.get("code", ""), fields.get("redirect_uri", "")
        refresh_token = request.access.apps.redeem(app, code, redirect_uri)
    return Reply(
        200,
        {
            "token_type": "bearer",
            "token_use": "access_token",
            "access_token": request.access.issue(app),
            "refresh_token": refresh_token,
            "expires_in": int(request.access.oauth_lifetime),
            "hub_id": request.portal.account.portal_id,
            "user_id": USER_ID,
            "scopes": sorted(app.client.scopes),
        },
    )


def _fields(request: Request) -> dict[str, str]:
    if not request.content_type.lower().startswith("application/json"):
        return request.form
    if request.portal.switches.oauth_json == "415":
        raise NotAForm
    return {name: text(value) for name, value in request.json.items()}


def _app(request: Request, fields: dict[str, str]) -> App:
    return request.access.apps.authenticate(fields.get("client_id", ""), fields.get("client_secret", ""))


def _grant(request: Request, value: str) -> Grant | None:
    """Find a valid access token of an OAuth app."""
    try:
        grant = request.access.look_up(value)
    except (Unauthenticated, TokenExpired):
        return None
    return grant if grant.oauth else None


def _described(request: Request, app: App, value: str) -> Json:
    return {
        "token": value,
        "token_type": "bearer",
        "client_id": app.client.client_id,
        "app_id": app.app_id,
        "hub_id": request.portal.account.portal_id,
        "hub_domain": HUB_DOMAIN,
        "user_id": USER_ID,
        "user": USER,
        "scopes": sorted(app.client.scopes),
    }


def _signed(request: Request, grant: Grant) -> Json:
    """Return the signed fields that clients require, without a real signature (S)."""
    return {
        "appId": grant.app_id,
        "appInstallId": str(grant.app_id),
        "audience": "",
        "expiresAt": int((grant.expires_at or 0) * 1000),
        "hubId": request.portal.account.portal_id,
        "hublet": "na1",
        "installingUserId": USER_ID,
        "isPrivateDistribution": True,
        "isServiceAccount": False,
        "isUserLevel": False,
        "newSignature": "",
        "scopeToScopeGroupPks": "",
        "scopes": "",
        "signature": "",
        "trialScopeToScopeGroupPks": "",
        "trialScopes": "",
        "userId": USER_ID,
    }
