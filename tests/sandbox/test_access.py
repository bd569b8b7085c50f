# SPDX-License-Identifier: Apache-2.0
"""Who may do what: tokens, scopes, OAuth, and what an account tells of itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from airflow_provider_hubcontact.sandbox import OAuthClient, Sandbox
from airflow_provider_hubcontact.sandbox.access.auth_errors import Unauthenticated
from airflow_provider_hubcontact.sandbox.access.tokens import MAX_TOKENS, SCOPES, Access
from tests.sandbox.calling import CONTACTS, Answer, Api, Clock

CLIENT = OAuthClient("the-id", "the-secret", "the-refresh-token")
TOKEN_INFO = "/oauth/v2/private-apps/get/access-token-info"
PATHS = [f"{CONTACTS}/1", "/contacts/v1/contact/email/a/profile", "/crm/v3/properties/contacts"]


class TestToken:
    @pytest.mark.parametrize("path", PATHS)
    @pytest.mark.parametrize(
        "header", ["", "Bearer", "Bearer ", "Bearer wrong", "Basic abc", "wrong", "Bearer ÿ"]
    )
    def test_an_unknown_token_is_a_401(self, hubspot: Sandbox, path: str, header: str) -> None:
        """Without a good bearer token every API answers the same, and does not repeat the token."""
        answer = Api(hubspot, "").call("GET", path, headers={"Authorization": header} if header else {})

        assert answer.status == 401
        assert answer.message.startswith("Authentication credentials not found.")
        assert answer.body["category"] == "INVALID_AUTHENTICATION"
        assert "wrong" not in str(answer.body)

    def test_an_api_key_is_no_token(self, hubspot: Sandbox) -> None:
        """``hapikey`` lets nobody in."""
        assert Api(hubspot, "").get(f"{PATHS[0]}?hapikey={hubspot.token}").status == 401

    def test_tokens_come_and_go(self, api: Api) -> None:
        """A test can allow a further token, and revoke any."""
        api.sandbox.access.allow("second", ["crm.objects.contacts.read"])
        second = Api(api.sandbox, "second")
        path = f"{CONTACTS}/{api.id('ada@example.com')}"
        assert second.get(path).status == 200

        api.sandbox.access.revoke("second")
        assert second.get(path).status == 401
        api.sandbox.access.revoke(api.sandbox.token)
        assert api.get(path).status == 401


class TestScopes:
    @pytest.mark.parametrize(
        ("method", "path", "needed"),
        [
            ("GET", f"{CONTACTS}/1", ["crm.objects.contacts.read"]),
            ("PATCH", f"{CONTACTS}/1", ["crm.objects.contacts.write"]),
            ("POST", CONTACTS, ["crm.objects.contacts.write"]),
            ("POST", f"{CONTACTS}/batch/read", ["crm.objects.contacts.read"]),
            ("POST", f"{CONTACTS}/batch/upsert", ["crm.objects.contacts.write"]),
            ("POST", "/contacts/v1/contact/email/a/profile", ["crm.objects.contacts.write"]),
            ("GET", "/contacts/v1/contact/email/a/profile", ["crm.objects.contacts.read"]),
            ("POST", "/crm/v3/properties/contacts", ["crm.schemas.contacts.write"]),
            ("POST", "/properties/v1/contacts/properties", ["crm.schemas.contacts.write"]),
        ],
    )
    def test_a_call_needs_its_scope(
        self, hubspot: Sandbox, method: str, path: str, needed: list[str]
    ) -> None:
        """403 naming the scopes, of which one is enough."""
        hubspot.access.allow("narrow", ["oauth"])
        refused = Api(hubspot, "narrow").call(method, path, {})
        hubspot.access.allow("narrow", needed[-1:])
        passed = Api(hubspot, "narrow").call(method, path, {})

        assert refused.status == 403
        assert refused.body["category"] == "MISSING_SCOPES"
        assert refused.message.startswith(
            "This app hasn't been granted all required scopes to make this call."
        )
        assert refused.body["errors"][0]["context"] == {"requiredGranularScopes": needed}
        assert passed.status != 403

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "/crm/v3/properties/contacts"),
            ("GET", "/crm/properties/2026-09/0-1/email"),
            ("POST", "/crm/properties/2026-03/contacts/batch/read"),
            ("GET", "/crm/v3/properties/contacts/groups"),
        ],
    )
    def test_properties_are_refused_in_words_of_their_own(
        self, hubspot: Sandbox, method: str, path: str
    ) -> None:
        """403 without a category and without the scopes, of which one of two is enough."""
        hubspot.access.allow("narrow", ["crm.schemas.contacts.write"])
        refused = Api(hubspot, "narrow").call(method, path, {})

        assert refused.status == 403
        assert refused.message == (
            "You do not have permissions to view object type CONTACT (requires one of [contacts-read])"
        )
        assert sorted(refused.body) == ["correlationId", "message", "status"]
        for scope in ("crm.schemas.contacts.read", "crm.objects.contacts.read"):
            hubspot.access.allow("narrow", [scope])
            assert Api(hubspot, "narrow").call(method, path, {}).status != 403


class TestAccount:
    @pytest.mark.parametrize("version", ["v3", "2026-03", "2026-09"])
    def test_details(self, api: Api, version: str) -> None:
        """The portal's id and zone; no scope is needed."""
        api.sandbox.access.allow("narrow", [])

        answer = Api(api.sandbox, "narrow").get(f"/account-info/{version}/details")

        assert answer.status == 200
        assert answer.body["portalId"] == 12_345_678
        assert answer.body["timeZone"] == "America/New_York"
        assert answer.body["utcOffsetMilliseconds"] in {-14_400_000, -18_000_000}
        assert answer.body["utcOffset"] in {"-04:00", "-05:00"}

    def test_what_kind_of_account_it_is(self) -> None:
        """Programs that must not meet a real account ask for it."""
        with Sandbox() as usual, Sandbox(account_type="DEVELOPER_TEST") as chosen:
            kinds = [
                Api(each).get("/account-info/v3/details").body["accountType"] for each in (usual, chosen)
            ]

        assert kinds == ["STANDARD", "DEVELOPER_TEST"]

    def test_a_token_tells_its_scopes(self, hubspot: Sandbox) -> None:
        """The token is in the body, and needs no header."""
        answer = Api(hubspot, "").post(TOKEN_INFO, {"tokenKey": hubspot.token})

        assert answer.status == 200
        assert answer.body["hubId"] == 12_345_678
        assert answer.body["scopes"] == sorted(SCOPES)

    def test_an_unknown_token_tells_nothing(self, hubspot: Sandbox) -> None:
        """401 for an unknown one, 400 for none."""
        assert Api(hubspot, "").post(TOKEN_INFO, {"tokenKey": "wrong"}).status == 401
        assert Api(hubspot, "").post(TOKEN_INFO, {}).status == 400


class TestOAuth:
    @pytest.fixture
    def clock(self) -> Clock:
        return Clock()

    @pytest.fixture
    def hubspot(self, clock: Clock) -> Iterator[Sandbox]:
        with Sandbox(oauth_clients=[CLIENT], clock=clock) as sandbox:
            yield sandbox

    @staticmethod
    def renew(hubspot: Sandbox, version: str = "2026-09", **changes: str) -> Answer:
        """Ask for an access token."""
        fields = {
            "grant_type": "refresh_token",
            "client_id": "the-id",
            "client_secret": "the-secret",
            "refresh_token": "the-refresh-token",
        }
        return Api(hubspot, "").form(f"/oauth/{version}/token", **fields | changes)

    @pytest.mark.parametrize("version", ["v1", "v3", "2026-03", "2026-09"])
    def test_a_refresh_token_becomes_an_access_token(self, hubspot: Sandbox, version: str) -> None:
        """The token works, and lives for half an hour."""
        answer = self.renew(hubspot, version)

        assert answer.status == 200
        assert answer.body["token_type"] == "bearer"
        assert answer.body["expires_in"] == 1_800
        assert answer.body["refresh_token"] == "the-refresh-token"
        assert answer.body["hub_id"] == 12_345_678
        assert Api(hubspot, answer.body["access_token"]).get(f"{CONTACTS}/1").status == 404

    def test_an_access_token_expires(self, hubspot: Sandbox, clock: Clock) -> None:
        """401 with how long ago, in seconds and then in minutes; a new token works beside the old one."""
        api = Api(hubspot, self.renew(hubspot).body["access_token"])
        clock.now += 1_799
        assert api.get(f"{CONTACTS}/1").status == 404

        clock.now += 8
        seconds = api.get(f"{CONTACTS}/1")
        clock.now += 300
        minutes = api.get(f"{CONTACTS}/1")

        assert seconds.status == minutes.status == 401
        assert seconds.message == "The OAuth token used to make this call expired 7 second(s) ago."
        assert minutes.message == "The OAuth token used to make this call expired 5 minute(s) ago."
        assert seconds.body["category"] == "EXPIRED_AUTHENTICATION"
        assert Api(hubspot, self.renew(hubspot).body["access_token"]).get(f"{CONTACTS}/1").status == 404

    @pytest.mark.parametrize(
        ("changes", "error", "status"),
        [
            ({"refresh_token": "x"}, "invalid_grant", "BAD_REFRESH_TOKEN"),
            ({"client_secret": "ÿ"}, "invalid_client", "BAD_CLIENT_SECRET"),
            ({"client_id": "x"}, "invalid_request", "BAD_CLIENT_ID"),
            ({"client_id": "x", "grant_type": "password"}, "invalid_request", "BAD_CLIENT_ID"),
            ({"client_id": "x", "grant_type": "client_credentials"}, "invalid_request", "BAD_CLIENT_ID"),
            ({"grant_type": "password"}, "unsupported_grant_type", "BAD_GRANT_TYPE"),
        ],
    )
    def test_wrong_credentials(
        self, hubspot: Sandbox, changes: dict[str, str], error: str, status: str
    ) -> None:
        """400 in OAuth's form; no secret is repeated."""
        answer = self.renew(hubspot, **changes)

        assert answer.status == 400
        assert (answer.body["error"], answer.body["status"]) == (error, status)
        assert sorted(answer.body) == ["error", "error_description", "message", "status"]
        assert "the-secret" not in str(answer.body)
        assert "the-refresh-token" not in str(answer.body)

    def test_parameters_in_the_url_do_not_count(self, hubspot: Sandbox) -> None:
        """Every parameter is in the body, since v3."""
        path = "/oauth/v3/token?grant_type=refresh_token&client_id=the-id&client_secret=the-secret"

        assert Api(hubspot, "").form(f"{path}&refresh_token=the-refresh-token").status == 400

    def test_an_oauth_app_has_its_own_window_and_no_day(self, hubspot: Sandbox) -> None:
        """Its answers carry no daily headers, and its calls do not count for others."""
        token = self.renew(hubspot).body["access_token"]

        headers = Api(hubspot, token).get(f"{CONTACTS}/1").headers

        assert "x-hubspot-ratelimit-daily" not in headers
        assert "x-hubspot-ratelimit-daily-remaining" not in headers
        limit = int(headers["x-hubspot-ratelimit-max"])
        assert int(headers["x-hubspot-ratelimit-remaining"]) == limit - 1
        private = Api(hubspot).get(f"{CONTACTS}/1").headers
        assert private["x-hubspot-ratelimit-daily-remaining"] == "999999"
        assert (
            int(Api(hubspot, token).get(f"{CONTACTS}/1").headers["x-hubspot-ratelimit-remaining"])
            == limit - 2
        )

    def test_secrets_are_in_no_repr(self) -> None:
        """A client shows its id only."""
        assert "the-secret" not in repr(CLIENT)
        assert "the-refresh-token" not in repr(CLIENT)

    @pytest.mark.parametrize("written", ["", "a", "a:b", "a::c", ":b:c"])
    def test_a_client_that_is_none(self, written: str) -> None:
        """The command line's form has three parts."""
        with pytest.raises(ValueError, match="ID:SECRET:REFRESH_TOKEN"):
            OAuthClient.parse(written)

    def test_a_refresh_token_may_hold_colons(self) -> None:
        """Everything after the second colon is the refresh token."""
        assert OAuthClient.parse("a:b:c:d").refresh_token == "c:d"

    def test_old_tokens_are_forgotten(self) -> None:
        """So many tokens are remembered at most; the private app's stays."""
        access = Access("first", oauth_clients=[CLIENT])

        tokens = [access.refresh("the-id", "the-secret", "the-refresh-token")[0] for _ in range(MAX_TOKENS)]

        assert access.look_up("first").oauth is False
        assert access.look_up(tokens[-1]).oauth is True
        with pytest.raises(Unauthenticated):
            access.look_up(tokens[0])
