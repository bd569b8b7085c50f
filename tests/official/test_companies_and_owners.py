# SPDX-License-Identifier: Apache-2.0
"""HubSpot's two Python clients create, change and find companies, and read owners."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_hubcontact.sandbox import Sandbox

api_client = pytest.importorskip("hubspot", reason="hubspot-api-client is not installed in this environment")
sdk = pytest.importorskip("hubspot_sdk", reason="hubspot-sdk is not installed in this environment")

DOMAIN = {"propertyName": "domain", "operator": "EQ", "value": "example.com"}


class TestApiClient:
    @pytest.fixture
    def client(self, hubspot: Sandbox) -> Any:
        return api_client.HubSpot(access_token=hubspot.token, host=hubspot.url)

    def test_companies(self, hubspot: Sandbox, client: Any) -> None:
        """A company is created, changed, read in a batch, found by its domain, and archived."""
        from hubspot.crm import companies  # noqa: PLC0415 - may not be installed

        api = client.crm.companies
        given = {"name": "One", "domain": "example.com"}
        made = api.basic_api.create(companies.SimplePublicObjectInputForCreate(properties=given))
        api.basic_api.update(made.id, companies.SimplePublicObjectInput(properties={"name": "Two"}))
        read = api.batch_api.read(
            companies.BatchReadInputSimplePublicObjectId(
                properties=["name"], properties_with_history=[], inputs=[{"id": made.id}]
            )
        )
        found = api.search_api.do_search({"filterGroups": [{"filters": [DOMAIN]}]})
        api.basic_api.archive(made.id)

        assert read.results[0].properties["name"] == "Two"
        assert [each.id for each in found.results] == [made.id]
        assert hubspot.portal.companies == {}

    def test_owners(self, client: Any) -> None:
        """A page of them has each one that can be read alone."""
        (first, *_) = client.crm.owners.owners_api.get_page().results

        assert client.crm.owners.owners_api.get_by_id(int(first.id)).email == first.email


class TestSdk:
    @pytest.fixture
    def client(self, hubspot: Sandbox) -> Any:
        return sdk.HubSpot(access_token=hubspot.token, base_url=hubspot.url, max_retries=0)

    def test_companies(self, hubspot: Sandbox, client: Any) -> None:
        """The same by the newer client."""
        api = client.crm.objects.companies
        made = api.create(properties={"name": "One", "domain": "example.com"}, associations=[])
        api.update(made.id, properties={"name": "Two"})
        read = api.batch.get(properties=["name"], properties_with_history=[], inputs=[{"id": made.id}])
        found = api.search(
            filter_groups=[{"filters": [DOMAIN]}], after="0", limit=10, properties=[], sorts=[]
        )
        api.delete(made.id)

        assert read.results[0].properties["name"] == "Two"
        assert [each.id for each in found.results] == [made.id]
        assert hubspot.portal.companies == {}

    def test_owners(self, client: Any) -> None:
        """The same by the newer client."""
        (first, *_) = client.crm.owners.list().results

        assert client.crm.owners.get(int(first.id)).email == first.email
