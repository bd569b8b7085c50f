# SPDX-License-Identifier: Apache-2.0
"""HubSpot's Python client ``hubspot-api-client`` (v3) takes the sandbox for HubSpot."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("hubspot", reason="hubspot-api-client is not installed in this environment")

from hubspot import HubSpot
from hubspot.crm import companies, contacts, properties
from hubspot.oauth import ApiException as OAuthApiException

from airflow_provider_hubcontact.sandbox import Sandbox
from tests.official.conftest import IMPORT_FILE, IMPORT_REQUEST, SEEDS


def connect(sandbox: Sandbox, token: str | None = None) -> Any:
    return HubSpot(access_token=token or sandbox.token, host=sandbox.url)


@pytest.fixture
def client(hubspot: Sandbox) -> Any:
    return connect(hubspot)


class TestContacts:
    def test_update(
        self, client: Any, id_of: Callable[[str], str], stored: Callable[[str, str], str | None]
    ) -> None:
        """What the client writes is in the portal, and comes back."""
        changes = contacts.SimplePublicObjectInput(properties={"firstname": "Augusta"})

        updated = client.crm.contacts.basic_api.update(id_of("ada@example.com"), changes)

        assert updated.properties["firstname"] == "Augusta"
        assert updated.updated_at >= updated.created_at
        assert stored("ada@example.com", "firstname") == "Augusta"

    def test_get_by_email(self, client: Any, id_of: Callable[[str], str]) -> None:
        """``idProperty`` finds a contact by its address; a property without a value is None."""
        found = client.crm.contacts.basic_api.get_by_id(
            "ada@example.com", id_property="email", properties=["email", "jobtitle"]
        )

        assert found.id == id_of("ada@example.com")
        assert found.properties["email"] == "ada@example.com"
        assert found.properties["jobtitle"] is None

    def test_create(self, client: Any, id_of: Callable[[str], str]) -> None:
        """A new contact has an id."""
        created = client.crm.contacts.basic_api.create(
            contacts.SimplePublicObjectInputForCreate(
                properties={"email": "New@Example.com"}, associations=[]
            )
        )

        assert created.id == id_of("new@example.com")

    def test_list_search_and_archive(self, client: Any, id_of: Callable[[str], str]) -> None:
        """The client walks through all pages, finds a contact, and deletes it."""
        first = client.crm.contacts.basic_api.get_page(limit=1)
        second = client.crm.contacts.basic_api.get_page(limit=1, after=first.paging.next.after)
        everybody = [each.properties["email"] for each in (*first.results, *second.results)]
        wanted = contacts.Filter(property_name="email", operator="EQ", value="ada@example.com")
        request = contacts.PublicObjectSearchRequest(
            filter_groups=[contacts.FilterGroup(filters=[wanted])], limit=10, properties=["firstname"]
        )

        found = client.crm.contacts.search_api.do_search(request)
        client.crm.contacts.basic_api.archive(found.results[0].id)
        inputs = [contacts.SimplePublicObjectId(id=id_of(each["email"])) for each in SEEDS[1:]]
        client.crm.contacts.batch_api.archive(contacts.BatchInputSimplePublicObjectId(inputs=inputs))

        assert everybody == [each["email"] for each in SEEDS]
        assert second.paging is None
        assert (found.total, found.results[0].properties["firstname"]) == (1, "Ada")
        assert client.crm.contacts.get_all() == []
        assert len(client.crm.contacts.get_all(archived=True)) == len(SEEDS)


class TestCompanies:
    def test_create_update_search_and_archive(self, client: Any, hubspot: Sandbox) -> None:
        """The same for companies, and their properties."""
        api = client.crm.companies
        new = companies.SimplePublicObjectInputForCreate(
            properties={"name": "Engines", "domain": "engines.example"}, associations=[]
        )
        created = api.basic_api.create(new)
        api.basic_api.update(created.id, companies.SimplePublicObjectInput(properties={"city": "Bath"}))
        wanted = companies.Filter(property_name="domain", operator="EQ", value="engines.example")
        found = api.search_api.do_search(
            companies.PublicObjectSearchRequest(
                filter_groups=[companies.FilterGroup(filters=[wanted])], limit=10, properties=["city"]
            )
        )
        read = api.batch_api.read(
            companies.BatchReadInputSimplePublicObjectId(
                properties=["name"], properties_with_history=[], inputs=[{"id": created.id}]
            )
        )
        names = {each.name for each in client.crm.properties.core_api.get_all("companies").results}
        api.basic_api.archive(created.id)

        assert [each.properties["city"] for each in found.results] == ["Bath"]
        assert read.results[0].properties["name"] == "Engines"
        assert {"domain", "numberofemployees"} <= names
        assert hubspot.portal.companies == {}


class TestBatches:
    def test_read(self, client: Any) -> None:
        """Found contacts and unknown addresses come back as one 207."""
        answer, status, _ = client.crm.contacts.batch_api.read_with_http_info(
            contacts.BatchReadInputSimplePublicObjectId(
                properties=["email"],
                properties_with_history=["firstname"],
                id_property="email",
                inputs=[{"id": "ada@example.com"}, {"id": "nobody@example.com"}],
            )
        )

        assert status == 207
        assert isinstance(answer, contacts.BatchResponseSimplePublicObjectWithErrors)
        assert [result.properties["email"] for result in answer.results] == ["ada@example.com"]
        assert answer.results[0].properties_with_history["firstname"][0].value == "Ada"
        assert answer.num_errors == 1
        assert answer.errors[0].context == {"ids": ["nobody@example.com"]}

    def test_update(
        self, client: Any, id_of: Callable[[str], str], stored: Callable[[str, str], str | None]
    ) -> None:
        """All good is a 200; an unknown id makes it a 207, and the others are written."""
        good = contacts.SimplePublicObjectBatchInput(id=id_of("ada@example.com"), properties={"city": "Bath"})
        bad = contacts.SimplePublicObjectBatchInput(id="999", properties={"city": "Bath"})
        api = client.crm.contacts.batch_api

        all_good = api.update(contacts.BatchInputSimplePublicObjectBatchInput(inputs=[good]))
        partly = api.update(contacts.BatchInputSimplePublicObjectBatchInput(inputs=[good, bad]))

        assert isinstance(all_good, contacts.BatchResponseSimplePublicObject)
        assert all_good.status == "COMPLETE"
        assert isinstance(partly, contacts.BatchResponseSimplePublicObjectWithErrors)
        assert partly.errors[0].category == "OBJECT_NOT_FOUND"
        assert stored("ada@example.com", "city") == "Bath"

    def test_upsert(self, client: Any, id_of: Callable[[str], str]) -> None:
        """Each result tells whether the contact is new; trace ids name the refused inputs."""
        inputs = [
            contacts.SimplePublicObjectBatchInputUpsert(
                id=email, id_property="email", properties=values, object_write_trace_id=email[0]
            )
            for email, values in {
                "ada@example.com": {"city": "Bath"},
                "new@example.com": {"city": "York"},
                "x@example.com": {"nope": "1"},
            }.items()
        ]

        answer = client.crm.contacts.batch_api.upsert(
            contacts.BatchInputSimplePublicObjectBatchInputUpsert(inputs=inputs)
        )

        assert isinstance(answer, contacts.BatchResponseSimplePublicUpsertObjectWithErrors)
        assert {result.id: result.new for result in answer.results} == {
            id_of("ada@example.com"): False,
            id_of("new@example.com"): True,
        }
        assert answer.errors[0].context == {"objectWriteTraceId": ["x"]}
        assert answer.errors[0].errors[0].code == "PROPERTY_DOESNT_EXIST"

    def test_create(self, client: Any, id_of: Callable[[str], str]) -> None:
        """A conflict names the contact that is there already."""
        inputs = [
            contacts.SimplePublicObjectBatchInputForCreate(
                associations=[], properties={"email": email}, object_write_trace_id=email[0]
            )
            for email in ("new@example.com", "ada@example.com")
        ]

        answer = client.crm.contacts.batch_api.create(
            contacts.BatchInputSimplePublicObjectBatchInputForCreate(inputs=inputs)
        )

        assert isinstance(answer, contacts.BatchResponseSimplePublicObjectWithErrors)
        assert [result.properties["email"] for result in answer.results] == ["new@example.com"]
        assert answer.errors[0].category == "CONFLICT"
        assert answer.errors[0].context["existingId"] == [id_of("ada@example.com")]


class TestProperties:
    def test_list_and_get(self, client: Any) -> None:
        """Types, options and flags arrive as the client's own models."""
        listed = client.crm.properties.core_api.get_all("contacts").results
        score = client.crm.properties.core_api.get_by_name("contacts", "hubspotscore")

        stage = next(each for each in listed if each.name == "lifecyclestage")
        assert [option.value for option in stage.options][:2] == ["subscriber", "lead"]
        assert score.modification_metadata.read_only_value is True

    def test_change_and_archive(self, client: Any) -> None:
        """A property changes, goes, and its group with it."""
        api = client.crm.properties
        api.groups_api.create("contacts", properties.PropertyGroupCreate(name="ours", label="Ours"))
        api.core_api.create(
            "contacts",
            properties.PropertyCreate(
                name="shoe_size", label="Size", type="number", field_type="number", group_name="ours"
            ),
        )

        changed = api.core_api.update("contacts", "shoe_size", properties.PropertyUpdate(label="Shoes"))
        api.core_api.archive("contacts", "shoe_size")
        api.groups_api.archive("contacts", "ours")

        assert changed.label == "Shoes"
        names = [each.name for each in api.core_api.get_all("contacts", archived=True).results]
        assert names == ["shoe_size"]

    def test_create(self, client: Any) -> None:
        """A new property is there at once; a second of its name is a 409."""
        wanted = properties.PropertyCreate(
            name="member_number",
            label="Member number",
            type="string",
            field_type="text",
            group_name="contactinformation",
        )
        api = client.crm.properties.core_api

        created = api.create("contacts", wanted)
        with pytest.raises(properties.ApiException) as refused:
            api.create("contacts", wanted)

        assert created.name == api.get_by_name("contacts", "member_number").name
        assert refused.value.status == 409
        assert json.loads(refused.value.body)["category"] == "OBJECT_ALREADY_EXISTS"


class TestOAuth:
    FIELDS = {"client_id": "the-id", "client_secret": "the-secret", "grant_type": "refresh_token"}

    def test_refresh(self, client: Any, hubspot: Sandbox) -> None:
        """A renewed token lets its owner in."""
        tokens = client.oauth.tokens_api.create(**self.FIELDS, refresh_token="the-refresh-token")

        assert tokens.expires_in == 1_800
        assert connect(hubspot, tokens.access_token).crm.contacts.basic_api.get_by_id(
            "ada@example.com", id_property="email"
        )

    def test_metadata(self, client: Any) -> None:
        """Tokens tell what they are; a deleted refresh token is unknown."""
        tokens = client.oauth.tokens_api.create(**self.FIELDS, refresh_token="the-refresh-token")

        access = client.oauth.access_tokens_api.get(tokens.access_token)
        refresh = client.oauth.refresh_tokens_api.get("the-refresh-token")
        client.oauth.refresh_tokens_api.archive("the-refresh-token")

        assert access.hub_id == 12_345_678
        assert 0 < access.expires_in <= 1_800
        assert refresh.client_id == "the-id"
        with pytest.raises(OAuthApiException):
            client.oauth.refresh_tokens_api.get("the-refresh-token")

    def test_a_wrong_refresh_token(self, client: Any) -> None:
        """400 with HubSpot's status."""
        with pytest.raises(OAuthApiException) as refused:
            client.oauth.tokens_api.create(**self.FIELDS, refresh_token="wrong")

        assert refused.value.status == 400
        assert json.loads(refused.value.body)["status"] == "BAD_REFRESH_TOKEN"


class TestImports:
    def test_import(self, client: Any, stored: Callable[[str, str], str | None], tmp_path: Path) -> None:
        """A file is sent, its contacts are written, and its bad row is told."""
        file = tmp_path / "customers.csv"
        file.write_text(IMPORT_FILE, encoding="utf-8")
        api = client.crm.imports.core_api

        started = api.create(files=str(file), import_request=IMPORT_REQUEST)
        done = api.get_by_id(started.id)
        (error,) = client.crm.imports.public_imports_api.get_errors(
            done.id, include_error_message=True, include_row_data=True
        ).results

        assert (started.state, done.state) == ("STARTED", "DONE")
        assert done.metadata.counters["UPDATED_OBJECTS"] == 1
        assert [each.id for each in api.get_page().results] == [done.id]
        assert (error.error_type, error.source_data.row_data) == ("INVALID_EMAIL", ["nope", "Nobody"])
        assert stored("ada@example.com", "firstname") == "Augusta"

    def test_cancel(self, client: Any, tmp_path: Path) -> None:
        """An import that has just started can be canceled."""
        file = tmp_path / "customers.csv"
        file.write_text(IMPORT_FILE, encoding="utf-8")
        with Sandbox(SEEDS) as slow:
            api = connect(slow).crm.imports.core_api
            started = api.create(files=str(file), import_request=IMPORT_REQUEST)

            assert api.cancel(started.id).status == "COMPLETE"
            assert api.get_by_id(started.id).state == "CANCELED"


class TestErrors:
    @staticmethod
    def refusal(client: Any, contact_id: str, **values: str) -> contacts.ApiException:
        with pytest.raises(contacts.ApiException) as refused:
            client.crm.contacts.basic_api.update(
                contact_id, contacts.SimplePublicObjectInput(properties=values)
            )
        return refused.value

    def test_invalid_property(self, client: Any, id_of: Callable[[str], str]) -> None:
        """400 with the property's name in ``errors``."""
        error = self.refusal(client, id_of("ada@example.com"), nope="1")

        body = json.loads(error.body)
        assert error.status == 400
        assert body["errors"][0]["context"] == {"propertyName": ["nope"]}
        assert error.headers["x-hubspot-correlation-id"] == body["correlationId"]

    def test_not_found(self, client: Any) -> None:
        """404 is an exception of its own."""
        assert isinstance(self.refusal(client, "999", city="Bath"), contacts.exceptions.NotFoundException)

    def test_conflict(self, client: Any, id_of: Callable[[str], str]) -> None:
        """409 when an address is taken."""
        error = self.refusal(client, id_of("ada@example.com"), email="grace@example.com")

        assert error.status == 409
        assert json.loads(error.body)["category"] == "CONFLICT"

    def test_unauthenticated(self, hubspot: Sandbox) -> None:
        """401 is an exception of its own."""
        error = self.refusal(connect(hubspot, "wrong"), "1", city="Bath")

        assert isinstance(error, contacts.exceptions.UnauthorizedException)

    def test_rate_limit(self, one_call_only: Sandbox) -> None:
        """429 names the window that is full."""
        client = connect(one_call_only)
        self.refusal(client, "999", city="Bath")

        error = self.refusal(client, "999", city="Bath")

        assert error.status == 429
        assert json.loads(error.body)["policyName"] == "TEN_SECONDLY_ROLLING"
        assert error.headers["x-hubspot-ratelimit-remaining"] == "0"
