# SPDX-License-Identifier: Apache-2.0
"""How OAuth apps get tokens, ask about them, and give them back; refreshing is in ``test_access``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from airflow_provider_hubcontact.sandbox import OAuthClient, Sandbox, Switches
from tests.sandbox.calling import CONTACTS, Answer, Api, Clock

APP = OAuthClient("the-id", "the-secret", "the-refresh-token")
OTHER = OAuthClient("other-id", "other-secret", "other-refresh-token")
SECRETS = {"client_id": "the-id", "client_secret": "the-secret"}
OTHER_SECRETS = {"client_id": "other-id", "client_secret": "other-secret"}
REFRESH = {**SECRETS, "grant_type": "refresh_token", "refresh_token": "the-refresh-token"}
CALLBACK = "http://localhost:9/callback?from=hubspot"
NEWER = ["v3", "2026-03", "2026-09"]
VERSIONS = ["v1", *NEWER]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def hubspot(clock: Clock) -> Iterator[Sandbox]:
    with Sandbox(oauth_clients=[APP, OTHER], clock=clock) as sandbox:
        yield sandbox


@pytest.fixture
def api(hubspot: Sandbox) -> Api:
    return Api(hubspot, "")


def consent(api: Api, **parameters: str) -> dict[str, list[str]]:
    """Install the app, and read the address that the user's browser is sent to."""
    asked = {"client_id": "the-id", "redirect_uri": CALLBACK, "scope": "oauth", **parameters}
    answer = api.get(f"/oauth/authorize?{urlencode(asked)}")
    assert answer.status == 302
    assert answer.headers["location"].startswith(CALLBACK)
    return parse_qs(urlsplit(answer.headers["location"]).query)


def exchange(api: Api, code: str, version: str = "v3", /, **changes: str) -> Answer:
    fields = {**SECRETS, "grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
    return api.form(f"/oauth/{version}/token", **fields | changes)


class TestAuthorizationCode:
    @pytest.mark.parametrize("version", VERSIONS)
    def test_a_code_becomes_tokens(self, api: Api, hubspot: Sandbox, version: str) -> None:
        """The state comes back with the code, the code buys a token that works and a refresh token."""
        parameters = consent(api, state="s 1")

        tokens = exchange(api, parameters["code"][0], version)

        assert parameters["state"] == ["s 1"]
        assert parameters["from"] == ["hubspot"]
        assert tokens.status == 200
        assert tokens.body["refresh_token"] == "the-refresh-token"
        assert Api(hubspot, tokens.body["access_token"]).get(f"{CONTACTS}/1").status == 404

    def test_a_code_works_once(self, api: Api) -> None:
        """The second exchange is a 400."""
        code = consent(api)["code"][0]
        exchange(api, code)

        again = exchange(api, code)

        assert (again.status, again.body["status"]) == (400, "BAD_AUTH_CODE")

    @pytest.mark.parametrize(
        ("changes", "status"),
        [
            ({"code": "wrong"}, "BAD_AUTH_CODE"),
            (OTHER_SECRETS, "BAD_AUTH_CODE"),
            ({"redirect_uri": "http://localhost:9/"}, "BAD_REDIRECT_URI"),
            ({"client_secret": "wrong"}, "BAD_CLIENT_SECRET"),
        ],
        ids=["unknown", "another app's", "for another address", "wrong secret"],
    )
    def test_a_code_that_does_not_fit(self, api: Api, changes: dict[str, str], status: str) -> None:
        """400, and the code is still good for who may use it."""
        code = consent(api)["code"][0]

        refused = exchange(api, code, **changes)

        assert (refused.status, refused.body["status"]) == (400, status)
        assert exchange(api, code).status == 200

    def test_a_code_expires(self, api: Api, clock: Clock) -> None:
        """After ten minutes it is a 400."""
        code = consent(api)["code"][0]
        clock.now += 600

        assert exchange(api, code).body["status"] == "EXPIRED_AUTH_CODE"

    @pytest.mark.parametrize(
        "parameters",
        [
            {"client_id": "wrong"},
            {"redirect_uri": ""},
            {"redirect_uri": "javascript:alert(1)"},
            {"redirect_uri": "http://localhost/\r\nX-Injected: 1"},
        ],
    )
    def test_nobody_is_sent_elsewhere(self, api: Api, parameters: dict[str, str]) -> None:
        """An unknown app or a strange address is a 400 without a code."""
        asked = {"client_id": "the-id", "redirect_uri": CALLBACK, **parameters}

        answer = api.get(f"/oauth/authorize?{urlencode(asked)}")

        assert answer.status == 400
        assert "location" not in answer.headers

    @pytest.mark.parametrize("fields", [{"grant_type": "client_credentials"}, {"code_verifier": "x"}])
    def test_what_is_not_emulated_says_so(self, api: Api, fields: dict[str, str]) -> None:
        """501 for client credentials and PKCE."""
        assert exchange(api, "x", **fields).status == 501


class TestParameters:
    def test_v1_reads_the_address_too(self, api: Api) -> None:
        """Only v1 takes parameters from the query; the newer versions want them in the body."""
        query = urlencode(REFRESH)

        assert api.form(f"/oauth/v1/token?{query}").status == 200
        assert {api.form(f"/oauth/{version}/token?{query}").status for version in NEWER} == {400}

    @pytest.mark.parametrize("version", VERSIONS)
    def test_json_is_no_form(self, api: Api, version: str) -> None:
        """415, whatever the JSON says."""
        headers = {"Content-Type": "application/json"}

        assert api.call("POST", f"/oauth/{version}/token", REFRESH, headers).status == 415

    def test_json_is_read_if_wanted(self) -> None:
        """The switch ``oauth_json`` lets JSON in; what is no object of texts is a 400."""
        headers = {"Content-Type": "application/json"}
        with Sandbox(oauth_clients=[APP], switches=Switches(oauth_json="accepted")) as sandbox:
            api = Api(sandbox, "")

            assert api.call("POST", "/oauth/v3/token", REFRESH, headers).status == 200
            for body in (b"[]", b"{", b'{"grant_type": []}'):
                assert api.call("POST", "/oauth/v3/token", body, headers).status == 400


class TestIntrospection:
    @pytest.mark.parametrize("path", [f"/oauth/{version}/token/introspect" for version in NEWER])
    @pytest.mark.parametrize("name", ["token", "access_token"])
    def test_an_access_token(self, api: Api, clock: Clock, path: str, name: str) -> None:
        """It tells its app, portal, scopes, and how long it lives on."""
        value = api.form("/oauth/v3/token", **REFRESH).body["access_token"]
        clock.now += 100

        answer = api.form(path, **SECRETS, **{name: value})
        told = answer.body

        assert answer.status == 200
        assert told["active"] is True
        assert told["token_use"] == "access_token"
        assert told["expires_in"] == 1_700
        assert (told["client_id"], told["hub_id"]) == ("the-id", 12_345_678)
        assert told["scopes"] == sorted(APP.scopes)

    @pytest.mark.parametrize("name", ["token", "refresh_token"])
    def test_a_refresh_token(self, api: Api, name: str) -> None:
        """It does not expire."""
        answer = api.form("/oauth/v3/introspect", **SECRETS, **{name: "the-refresh-token"})

        assert answer.status == 200
        assert (answer.body["active"], answer.body["token_use"]) == (True, "refresh_token")
        assert "expires_in" not in answer.body

    def test_what_is_not_active(self, api: Api, hubspot: Sandbox, clock: Clock) -> None:
        """Unknown, expired, another app's, or no OAuth token: nothing more is told."""
        value = api.form("/oauth/v3/token", **REFRESH).body["access_token"]
        path = "/oauth/v3/token/introspect"
        tokens = ["unknown", "", "other-refresh-token", hubspot.token]
        inactive = [api.form(path, **SECRETS, token=each) for each in tokens]
        inactive.append(api.form(path, **OTHER_SECRETS, token=value))
        clock.now += 1_800
        inactive.append(api.form(path, **SECRETS, token=value))

        assert [(each.status, each.body) for each in inactive] == [(200, {"active": False})] * 6

    def test_only_an_app_may_ask(self, api: Api) -> None:
        """Without the app's secret it is a 400."""
        refused = api.form("/oauth/v3/introspect", client_id="the-id", token="the-refresh-token")

        assert (refused.status, refused.body["status"]) == (400, "BAD_CLIENT_SECRET")


class TestMetadataV1:
    def test_an_access_token(self, api: Api) -> None:
        """Its app, user and scopes; no secret is needed."""
        value = api.form("/oauth/v1/token", **REFRESH).body["access_token"]

        told = api.get(f"/oauth/v1/access-tokens/{value}").body

        assert told["token"] == value
        assert told["token_type"] == "access"
        assert told["expires_in"] == 1_800
        assert told["user"] == "admin@example.com"
        assert told["app_id"] == 2

    def test_a_refresh_token(self, api: Api) -> None:
        """It tells its app's client id."""
        told = api.get("/oauth/v1/refresh-tokens/the-refresh-token").body

        assert (told["token_type"], told["client_id"]) == ("refresh", "the-id")

    def test_unknown_tokens(self, api: Api, hubspot: Sandbox) -> None:
        """404, and a private app's token is none of OAuth's."""
        assert api.get("/oauth/v1/access-tokens/unknown").status == 404
        assert api.get(f"/oauth/v1/access-tokens/{hubspot.token}").status == 404
        assert api.get("/oauth/v1/refresh-tokens/unknown").status == 404
        assert api.call("DELETE", "/oauth/v1/refresh-tokens/unknown").status == 404

    def test_the_log_holds_no_token(self, api: Api, hubspot: Sandbox) -> None:
        """A token in an address is not logged."""
        api.get("/oauth/v1/refresh-tokens/the-refresh-token")

        assert hubspot.requests[-1].path == "/oauth/v1/refresh-tokens/***"
        assert "the-refresh-token" not in json.dumps(hubspot.requests)


class TestRevocation:
    @pytest.mark.parametrize("version", VERSIONS)
    def test_a_refresh_token_is_revoked(self, api: Api, hubspot: Sandbox, version: str) -> None:
        """It renews no more; access tokens live on, and a new consent brings a new refresh token."""
        access_token = api.form("/oauth/v3/token", **REFRESH).body["access_token"]
        if version == "v1":
            answer = api.call("DELETE", "/oauth/v1/refresh-tokens/the-refresh-token")
        else:
            answer = api.form(f"/oauth/{version}/token/revoke", **SECRETS, token="the-refresh-token")

        assert answer.status == 204
        assert api.form("/oauth/v3/token", **REFRESH).body["status"] == "BAD_REFRESH_TOKEN"
        assert Api(hubspot, access_token).get(f"{CONTACTS}/1").status == 404
        renewed = exchange(api, consent(api)["code"][0]).body["refresh_token"]
        assert renewed != "the-refresh-token"
        assert api.form("/oauth/v3/token", **REFRESH | {"refresh_token": renewed}).status == 200

    def test_only_ones_own(self, api: Api) -> None:
        """Another app's token stays, and whether it exists is not told."""
        for value in ("other-refresh-token", "unknown"):
            assert api.form("/oauth/v3/revoke", **SECRETS, token=value).status == 204
        assert api.get("/oauth/v1/refresh-tokens/other-refresh-token").status == 200

    def test_reset_brings_it_back(self, api: Api, hubspot: Sandbox) -> None:
        """After a reset the first refresh tokens are good again, and codes are not."""
        code = consent(api)["code"][0]
        api.call("DELETE", "/oauth/v1/refresh-tokens/the-refresh-token")

        hubspot.reset()

        assert api.form("/oauth/v3/token", **REFRESH).status == 200
        assert exchange(api, code).status == 400
