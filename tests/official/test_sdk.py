# SPDX-License-Identifier: Apache-2.0
"""HubSpot's Python client ``hubspot-sdk`` (2026-03) takes the sandbox for HubSpot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal

import pytest

from airflow_provider_hubcontact.sandbox import OAuthClient, Sandbox, Switches
from tests.official.conftest import IMPORT_FILE, IMPORT_REQUEST, SEEDS

hubspot_sdk = pytest.importorskip("hubspot_sdk", reason="hubspot-sdk is not installed in this environment")


def connect(sandbox: Sandbox, token: str | None = None) -> Any:
    return hubspot_sdk.HubSpot(access_token=token or sandbox.token, base_url=sandbox.url, max_retries=0)


@pytest.fixture
def client(hubspot: Sandbox) -> Any:
    return connect(hubspot)


class TestContacts:
    def test_update(
        self, client: Any, id_of: Callable[[str], str], stored: Callable[[str, str], str | None]
    ) -> None:
        """What the client writes is in the portal, and comes back."""
        updated = client.crm.objects.contacts.update(
            id_of("ada@example.com"), properties={"firstname": "Augusta"}
        )

        assert updated.properties["firstname"] == "Augusta"
        assert stored("ada@example.com", "firstname") == "Augusta"

    def test_get_by_email(self, client: Any, id_of: Callable[[str], str]) -> None:
        """``idProperty`` finds a contact by its address."""
        found = client.crm.objects.contacts.get(
            "ada@example.com", id_property="email", properties=["email", "firstname"]
        )

        assert found.id == id_of("ada@example.com")
        assert found.properties["firstname"] == "Ada"

    def test_create(self, client: Any, id_of: Callable[[str], str]) -> None:
        """A new contact has an id."""
        created = client.crm.objects.contacts.create(properties={"email": "New@Example.com"}, associations=[])

        assert created.id == id_of("new@example.com")


class TestBatches:
    def test_read(self, client: Any) -> None:
        """Found contacts and unknown addresses come back as one 207."""
        raw = client.crm.objects.contacts.batch.with_raw_response.get(
            properties=["email"],
            properties_with_history=["firstname"],
            id_property="email",
            inputs=[{"id": "ada@example.com"}, {"id": "nobody@example.com"}],
        )
        answer = raw.parse()

        assert raw.status_code == 207
        assert [result.properties["email"] for result in answer.results] == ["ada@example.com"]
        assert answer.results[0].properties_with_history["firstname"][0].value == "Ada"
        assert answer.numErrors == 1
        assert answer.errors[0]["context"] == {"ids": ["nobody@example.com"]}

    def test_update(
        self, client: Any, id_of: Callable[[str], str], stored: Callable[[str, str], str | None]
    ) -> None:
        """An unknown id makes it a 207, and the others are written."""
        answer = client.crm.objects.contacts.batch.update(
            inputs=[
                {"id": id_of("ada@example.com"), "properties": {"city": "Bath"}},
                {"id": "999", "properties": {"city": "Bath"}},
            ]
        )

        assert answer.status == "COMPLETE"
        assert answer.errors[0]["category"] == "OBJECT_NOT_FOUND"
        assert stored("ada@example.com", "city") == "Bath"

    def test_upsert(self, client: Any, id_of: Callable[[str], str]) -> None:
        """Each result tells whether the contact is new; trace ids name the refused inputs."""
        answer = client.crm.objects.contacts.batch.upsert(
            inputs=[
                {
                    "id": email,
                    "id_property": "email",
                    "properties": values,
                    "object_write_trace_id": email[0],
                }
                for email, values in {
                    "ada@example.com": {"city": "Bath"},
                    "new@example.com": {"city": "York"},
                    "x@example.com": {"nope": "1"},
                }.items()
            ]
        )

        assert {result.id: result.new for result in answer.results} == {
            id_of("ada@example.com"): False,
            id_of("new@example.com"): True,
        }
        assert answer.errors[0]["context"] == {"objectWriteTraceId": ["x"]}
        assert answer.errors[0]["errors"][0]["code"] == "PROPERTY_DOESNT_EXIST"

    def test_create(self, client: Any, id_of: Callable[[str], str]) -> None:
        """A conflict names the contact that is there already."""
        answer = client.crm.objects.contacts.batch.create(
            inputs=[
                {"associations": [], "properties": {"email": email}, "object_write_trace_id": email[0]}
                for email in ("new@example.com", "ada@example.com")
            ]
        )

        assert [result.properties["email"] for result in answer.results] == ["new@example.com"]
        assert answer.errors[0]["context"]["existingId"] == [id_of("ada@example.com")]


class TestProperties:
    def test_list_and_get(self, client: Any) -> None:
        """Types, options and flags arrive as the client's own models."""
        listed = client.crm.properties.list("contacts").results
        score = client.crm.properties.get("hubspotscore", object_type="contacts")

        stage = next(each for each in listed if each.name == "lifecyclestage")
        assert [option.value for option in stage.options][:2] == ["subscriber", "lead"]
        assert score.modification_metadata is not None
        assert score.modification_metadata.read_only_value is True

    def test_create(self, client: Any) -> None:
        """A new property is there at once; a second of its name is a 409."""
        wanted: dict[str, Any] = {
            "name": "member_number",
            "label": "Member number",
            "type": "string",
            "field_type": "text",
            "group_name": "contactinformation",
        }

        created = client.crm.properties.create("contacts", **wanted)
        with pytest.raises(hubspot_sdk.ConflictError):
            client.crm.properties.create("contacts", **wanted)

        assert client.crm.properties.get("member_number", object_type="contacts").name == created.name


class TestOAuth:
    """The client sends OAuth's parameters as JSON, although HubSpot documents a form."""

    SECRETS: dict[str, Any] = {"client_id": "the-id", "client_secret": "the-secret"}

    @pytest.fixture
    def lenient(self) -> Iterator[Any]:
        """A portal that reads JSON."""
        apps = [OAuthClient(**self.SECRETS, refresh_token="the-refresh-token")]
        with Sandbox(SEEDS, oauth_clients=apps, switches=Switches(oauth_json="accepted")) as sandbox:
            yield sandbox

    def test_json_is_refused(self, client: Any) -> None:
        """A portal that takes forms only answers 415, as HubSpot was seen to do."""
        with pytest.raises(hubspot_sdk.APIStatusError) as refused:
            client.auth.oauth.create_token(
                **self.SECRETS, grant_type="refresh_token", refresh_token="the-refresh-token"
            )

        assert refused.value.status_code == 415

    def test_refresh(self, lenient: Sandbox) -> None:
        """A portal that reads JSON renews the token, and tells what it is."""
        oauth = connect(lenient).auth.oauth
        tokens = oauth.create_token(
            **self.SECRETS, grant_type="refresh_token", refresh_token="the-refresh-token"
        )
        told = oauth.introspect_token(**self.SECRETS, token=tokens.access_token)

        renewed = connect(lenient, tokens.access_token)
        assert renewed.crm.objects.contacts.get("ada@example.com", id_property="email").id
        assert (tokens.expires_in, tokens.token_use) == (1_800, "access_token")
        assert (told.active, told.client_id, told.hub_id) == (True, "the-id", 12_345_678)
        assert told.signed_access_token.hublet == "na1"

    def test_revoke(self, lenient: Sandbox) -> None:
        """A revoked refresh token is a 400."""
        oauth = connect(lenient).auth.oauth
        oauth.revoke_token(**self.SECRETS, token="the-refresh-token")

        with pytest.raises(hubspot_sdk.BadRequestError) as refused:
            oauth.create_token(**self.SECRETS, grant_type="refresh_token", refresh_token="the-refresh-token")

        assert refused.value.body["status"] == "BAD_REFRESH_TOKEN"


class TestImports:
    def test_import(self, client: Any, stored: Callable[[str, str], str | None]) -> None:
        """A file is sent, its contacts are written, and its bad row is told."""
        imports = client.crm.imports

        started = imports.create(
            files=("customers.csv", IMPORT_FILE.encode(), "text/csv"), import_request=IMPORT_REQUEST
        )
        done = imports.get(int(started.id))
        (error,) = imports.list_errors(int(done.id), include_error_message=True, include_row_data=True)

        assert (started.state, done.state) == ("STARTED", "DONE")
        assert done.metadata.counters["UPDATED_OBJECTS"] == 1
        assert [each.id for each in imports.list()] == [done.id]
        assert (error.error_type, error.source_data.row_data) == ("INVALID_EMAIL", ["nope", "Nobody"])
        assert stored("ada@example.com", "firstname") == "Augusta"


class TestErrors:
    @staticmethod
    def refusal(client: Any, contact_id: str, **values: str) -> Any:
        with pytest.raises(hubspot_sdk.APIStatusError) as refused:
            client.crm.objects.contacts.update(contact_id, properties=values)
        return refused.value

    def test_invalid_property(self, client: Any, id_of: Callable[[str], str]) -> None:
        """400 with the property's name in ``errors``."""
        error = self.refusal(client, id_of("ada@example.com"), nope="1")

        assert isinstance(error, hubspot_sdk.BadRequestError)
        assert error.body["errors"][0]["context"] == {"propertyName": ["nope"]}

    def test_not_found(self, client: Any) -> None:
        """404 is an exception of its own."""
        assert isinstance(self.refusal(client, "999", city="Bath"), hubspot_sdk.NotFoundError)

    def test_conflict(self, client: Any, id_of: Callable[[str], str]) -> None:
        """409 when an address is taken."""
        error = self.refusal(client, id_of("ada@example.com"), email="grace@example.com")

        assert isinstance(error, hubspot_sdk.ConflictError)
        assert error.body["category"] == "CONFLICT"

    def test_unauthenticated(self, hubspot: Sandbox) -> None:
        """401 is an exception of its own."""
        error = self.refusal(connect(hubspot, "wrong"), "1", city="Bath")

        assert isinstance(error, hubspot_sdk.AuthenticationError)

    def test_rate_limit(self, one_call_only: Sandbox) -> None:
        """429 names the window that is full."""
        client = connect(one_call_only)
        self.refusal(client, "999", city="Bath")

        error = self.refusal(client, "999", city="Bath")

        assert isinstance(error, hubspot_sdk.RateLimitError)
        assert error.body["policyName"] == "TEN_SECONDLY_ROLLING"


@pytest.mark.parametrize("status", ["501", "405"])
def test_what_is_not_emulated_is_asked_for_once(status: Literal["501", "405"]) -> None:
    """It obeys the header."""
    with Sandbox(switches=Switches(not_emulated=status)) as sandbox:
        client = hubspot_sdk.HubSpot(access_token=sandbox.token, base_url=sandbox.url)
        with pytest.raises(hubspot_sdk.APIStatusError):
            client.crm.objects.tickets.get("1")

        assert [each.status for each in sandbox.requests] == [int(status)]
