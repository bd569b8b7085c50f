# SPDX-License-Identifier: Apache-2.0
"""HubSpot's two Python clients associate contacts and companies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_hubcontact.sandbox import Sandbox

api_client = pytest.importorskip("hubspot", reason="hubspot-api-client is not installed in this environment")
sdk = pytest.importorskip("hubspot_sdk", reason="hubspot-sdk is not installed in this environment")


class TestApiClient:
    def test_one_by_one(self, hubspot: Sandbox, id_of: Callable[[str], str]) -> None:
        """Set, read and remove; a record's own answer has them, too."""
        from hubspot.crm.associations import v4  # noqa: PLC0415 - may not be installed

        client: Any = api_client.HubSpot(access_token=hubspot.token, host=hubspot.url)
        api = client.crm.associations.v4.basic_api
        ada = id_of("ada@example.com")
        company = hubspot.portal.collection("companies").create({"name": "C"}).id
        spec = v4.AssociationSpec(association_category="HUBSPOT_DEFINED", association_type_id=279)

        both = api.create_default("contacts", ada, "companies", company)
        pair = api.create("contacts", ada, "companies", company, [spec])
        page = api.get_page("contacts", ada, "companies")
        contact = client.crm.contacts.basic_api.get_by_id(ada, associations=["companies"])
        api.archive("contacts", ada, "companies", company)

        assert len(both.results) == 2
        assert pair.labels == ["Primary"]
        assert [str(each.to_object_id) for each in page.results] == [company]
        assert {each.id for each in contact.associations["companies"].results} == {company}
        assert api.get_page("contacts", ada, "companies").results == []

    def test_batches(self, hubspot: Sandbox, id_of: Callable[[str], str]) -> None:
        """Create, read with a 207, archive."""
        from hubspot.crm.associations import v4  # noqa: PLC0415 - may not be installed

        client: Any = api_client.HubSpot(access_token=hubspot.token, host=hubspot.url)
        api = client.crm.associations.v4.batch_api
        ada, grace = id_of("ada@example.com"), id_of("grace@example.com")
        company = hubspot.portal.collection("companies").create({"name": "C"}).id
        pair = {"_from": v4.PublicObjectId(id=ada), "to": v4.PublicObjectId(id=company)}

        api.create_default(
            "contacts",
            "companies",
            v4.BatchInputPublicDefaultAssociationMultiPost(
                inputs=[v4.PublicDefaultAssociationMultiPost(**pair)]
            ),
        )
        wanted = [v4.PublicFetchAssociationsBatchRequest(id=each) for each in (ada, grace)]
        read = api.get_page(
            "contacts", "companies", v4.BatchInputPublicFetchAssociationsBatchRequest(inputs=wanted)
        )
        gone = v4.PublicAssociationMultiArchive(_from=pair["_from"], to=[pair["to"]])
        api.archive("contacts", "companies", v4.BatchInputPublicAssociationMultiArchive(inputs=[gone]))

        assert [str(each.to[0].to_object_id) for each in read.results] == [company]
        assert read.num_errors == 1
        assert hubspot.portal.associations.of(ada) == {}


class TestSdk:
    def test_batches(self, hubspot: Sandbox, id_of: Callable[[str], str]) -> None:
        """The same by the newer client, for a contact that is created with a company."""
        client: Any = sdk.HubSpot(access_token=hubspot.token, base_url=hubspot.url, max_retries=0)
        company = hubspot.portal.collection("companies").create({"name": "C"}).id
        spec = {"association_category": "HUBSPOT_DEFINED", "association_type_id": 279}

        created = client.crm.objects.contacts.create(
            properties={"email": "new@example.com"}, associations=[{"to": {"id": company}, "types": [spec]}]
        )
        read = client.crm.associations.batch.get(
            to_object_type="companies", from_object_type="contacts", inputs=[{"id": created.id}]
        )

        assert [each.to_object_id for each in read.results[0].to] == [company]
