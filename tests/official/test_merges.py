# SPDX-License-Identifier: Apache-2.0
"""HubSpot's two Python clients merge contacts and companies, and delete contacts for good."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_hubcontact.sandbox import Sandbox

api_client = pytest.importorskip("hubspot", reason="hubspot-api-client is not installed in this environment")
sdk = pytest.importorskip("hubspot_sdk", reason="hubspot-sdk is not installed in this environment")


class TestApiClient:
    def test_merge_and_delete(self, hubspot: Sandbox, id_of: Callable[[str], str]) -> None:
        """An old id reads the survivor, which is then gone."""
        from hubspot.crm import contacts  # noqa: PLC0415 - may not be installed

        client: Any = api_client.HubSpot(access_token=hubspot.token, host=hubspot.url)
        api = client.crm.contacts.basic_api
        ada, grace = id_of("ada@example.com"), id_of("grace@example.com")

        survivor = api.merge(contacts.PublicMergeInput(primary_object_id=ada, object_id_to_merge=grace))
        read = api.get_by_id(grace)
        api.purge(contacts.PublicGdprDeleteInput(object_id="grace@example.com", id_property="email"))

        assert survivor.id == read.id != ada
        assert hubspot.portal.contacts == {}

    def test_companies(self, hubspot: Sandbox) -> None:
        """The same for companies."""
        from hubspot.crm import companies  # noqa: PLC0415 - may not be installed

        client: Any = api_client.HubSpot(access_token=hubspot.token, host=hubspot.url)
        portal = hubspot.portal.collection("companies")
        one, two = (portal.create({"name": name}).id for name in ("one", "two"))

        survivor = client.crm.companies.basic_api.merge(
            companies.PublicMergeInput(primary_object_id=one, object_id_to_merge=two)
        )

        assert survivor.properties["name"] == "one"
        assert list(hubspot.portal.companies) == [survivor.id]


class TestSdk:
    def test_merge_and_delete(self, hubspot: Sandbox, id_of: Callable[[str], str]) -> None:
        """The same by the newer client."""
        client: Any = sdk.HubSpot(access_token=hubspot.token, base_url=hubspot.url, max_retries=0)
        ada, grace = id_of("ada@example.com"), id_of("grace@example.com")

        survivor = client.crm.objects.contacts.merge(primary_object_id=ada, object_id_to_merge=grace)
        client.crm.objects.contacts.gdpr_delete(object_id=survivor.id)

        assert survivor.properties["hs_merged_object_ids"] == f"{ada};{grace}"
        assert hubspot.portal.contacts == {}
