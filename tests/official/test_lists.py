# SPDX-License-Identifier: Apache-2.0
"""HubSpot's two Python clients make lists, and put contacts in and out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_hubcontact.sandbox import Sandbox

api_client = pytest.importorskip("hubspot", reason="hubspot-api-client is not installed in this environment")
sdk = pytest.importorskip("hubspot_sdk", reason="hubspot-sdk is not installed in this environment")


class TestApiClient:
    def test_lists(self, hubspot: Sandbox) -> None:
        """Create, find, rename, delete, restore."""
        from hubspot.crm import lists  # noqa: PLC0415 - may not be installed

        client: Any = api_client.HubSpot(access_token=hubspot.token, host=hubspot.url)
        api = client.crm.lists.lists_api
        request = lists.ListCreateRequest(name="Leads", object_type_id="0-1", processing_type="MANUAL")

        new = api.create(request).list
        api.update_name(new.list_id, list_name="Customers")
        by_name = api.get_by_name("Customers", "0-1").list
        search = lists.ListSearchRequest(query="custom", offset=0, additional_properties=[])
        found = api.do_search(search)
        api.remove(new.list_id)
        gone = api.do_search(search).total
        api.restore(new.list_id)

        assert by_name.list_id == api.get_by_id(new.list_id).list.list_id == new.list_id
        assert [each.list_id for each in api.get_all(list_ids=[new.list_id]).lists] == [new.list_id]
        assert (found.total, found.lists[0].additional_properties["hs_list_size"], gone) == (1, "0", 0)

    def test_members(self, hubspot: Sandbox, id_of: Callable[[str], str]) -> None:
        """Add, read by id and by time, remove, add from another list, remove all."""
        client: Any = api_client.HubSpot(access_token=hubspot.token, host=hubspot.url)
        api = client.crm.lists.memberships_api
        ada, grace = id_of("ada@example.com"), id_of("grace@example.com")
        one, two = (hubspot.portal.lists.create(name, "0-1", "MANUAL", 0).id for name in ("one", "two"))

        added = api.add(one, [ada, "1"])
        both = api.add_and_remove(one, {"recordIdsToAdd": [grace], "recordIdsToRemove": []})
        api.add_all_from_list(two, one)
        api.remove_all(one)
        removed = api.remove(two, [ada])

        assert (added.records_ids_added, added.record_ids_missing) == ([ada], ["1"])
        assert both.records_ids_added == [grace]
        assert removed.record_ids_removed == [ada]
        assert [each.record_id for each in api.get_page(two).results] == [grace]
        assert [each.record_id for each in api.get_page_ordered_by_added_to_list_date(two).results] == [grace]
        assert [each.list_id for each in api.get_lists("0-1", grace).results] == [two]
        assert api.get_page(one).results == []


class TestSdk:
    def test_lists_and_members(self, hubspot: Sandbox, id_of: Callable[[str], str]) -> None:
        """The same by the newer client."""
        client: Any = sdk.HubSpot(access_token=hubspot.token, base_url=hubspot.url, max_retries=0)
        ada = id_of("ada@example.com")

        new = client.crm.lists.create(name="Leads", object_type_id="0-1", processing_type="MANUAL").list
        added = client.crm.lists.add_memberships(new["listId"], body=[ada])
        page = client.crm.lists.list_memberships(new["listId"])

        assert added.records_ids_added == [ada]
        assert [each.record_id for each in page.results] == [ada]
