# SPDX-License-Identifier: Apache-2.0
"""Lists of records, which HubSpot calls segments, too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_hubcontact.sandbox import Sandbox
from airflow_provider_hubcontact.sandbox.crm import lists
from airflow_provider_hubcontact.sandbox.crm.state import dump
from tests.sandbox.calling import CONTACTS, Answer, Api, Clock

ROOT = "/crm/lists/2026-09"
ROOTS = ["/crm/v3/lists", "/crm/lists/2026-03", ROOT]
NEW = {"name": "Customers", "objectTypeId": "0-1", "processingType": "MANUAL"}


@pytest.fixture
def list_id(api: Api) -> str:
    return create(api)


def create(api: Api, root: str = ROOT, **more: Any) -> str:
    answer = api.post(root, {**NEW, **more})
    assert answer.status == 200
    return str(answer.body["list"]["listId"])


def put(api: Api, list_id: str, what: str, body: Any = None) -> Answer:
    return api.call("PUT", f"{ROOT}/{list_id}/memberships/{what}", body)


def members(api: Api, list_id: str, query: str = "") -> list[str]:
    return [each["recordId"] for each in api.get(f"{ROOT}/{list_id}/memberships{query}").body["results"]]


class TestCreate:
    @pytest.mark.parametrize("root", ROOTS)
    @pytest.mark.parametrize("processing", ["MANUAL", "SNAPSHOT"])
    def test_a_list(self, api: Api, root: str, processing: str) -> None:
        """200 with the list, which is empty; it can be read by its id."""
        answer = api.post(root, {**NEW, "processingType": processing})
        new = answer.body["list"]

        assert answer.status == 200
        assert (new["name"], new["objectTypeId"]) == ("Customers", "0-1")
        assert (new["processingType"], new["processingStatus"], new["size"]) == (processing, "COMPLETE", 0)
        assert api.get(f"{root}/{new['listId']}").body == answer.body

    def test_a_name_is_taken(self, api: Api, list_id: str) -> None:
        """400, also for a list of other records; free again when that one is deleted."""
        answer = api.post(ROOT, {**NEW, "objectTypeId": "0-2"})
        api.call("DELETE", f"{ROOT}/{list_id}")

        assert answer.status == 400
        assert answer.body["subCategory"] == "ILS.DUPLICATE_LIST_NAMES"
        assert create(api, objectTypeId="0-2") != list_id

    @pytest.mark.parametrize("name", NEW)
    def test_a_missing_field(self, api: Api, name: str) -> None:
        """400."""
        assert api.post(ROOT, {key: value for key, value in NEW.items() if key != name}).status == 400

    def test_an_empty_name(self, api: Api, list_id: str) -> None:
        """400, for a new list and for a new name."""
        assert api.post(ROOT, {**NEW, "name": ""}).status == 400
        assert api.call("PUT", f"{ROOT}/{list_id}/update-list-name?listName=").status == 400

    def test_types_that_are_not_valid(self, api: Api) -> None:
        """400 for an object type that HubSpot does not have, and for a processing type."""
        unknown = api.post(ROOT, {**NEW, "objectTypeId": "0-9999"})

        assert unknown.status == 400
        assert unknown.body["subCategory"] == "ListError.INVALID_OBJECT_TYPE_FOR_LIST"
        assert api.post(ROOT, {**NEW, "processingType": "STATIC"}).status == 400

    def test_what_is_not_emulated(self, api: Api, list_id: str) -> None:
        """501 for what HubSpot fills itself, for other records, and for filters and folders."""
        assert api.post(ROOT, {**NEW, "processingType": "DYNAMIC"}).status == 501
        filtered = {**NEW, "processingType": "SNAPSHOT", "filterBranch": {"filterBranchType": "OR"}}
        assert api.post(ROOT, filtered).status == 501
        assert api.post(ROOT, {**NEW, "objectTypeId": "0-3"}).status == 501
        assert api.call("PUT", f"{ROOT}/{list_id}/update-list-filters", {}).status == 501
        assert api.post(f"{ROOT}/folders", {"name": "F"}).status == 501

    @pytest.mark.parametrize("root", ROOTS)
    @pytest.mark.parametrize("path", ["folders", "idmapping?legacyListId=1", "search"])
    def test_a_word_of_a_path_is_no_id(self, api: Api, root: str, path: str) -> None:
        """What has a path of its own is not looked for among the lists."""
        answer = api.get(f"{root}/{path}")

        assert (answer.status, answer.body["category"]) == (501, "NOT_EMULATED")
        assert api.get(f"{root}/999").status == 404

    @pytest.mark.parametrize("scope", ["crm.lists.read", "crm.lists.write"])
    def test_scopes(self, scope: str) -> None:
        """Reading needs the one, writing the other."""
        with Sandbox(scopes=[scope]) as sandbox:
            api = Api(sandbox)
            statuses = (api.post(ROOT, NEW).status, api.post(f"{ROOT}/search", {}).status)
            assert statuses == ((403, 200) if scope.endswith("read") else (200, 403))


class TestFind:
    @pytest.mark.parametrize("root", ROOTS)
    def test_by_name_and_by_ids(self, api: Api, root: str, list_id: str) -> None:
        """The name is exact, of lists of these records; unknown ids are left out."""
        found = api.get(f"{root}/object-type-id/0-1/name/Customers")

        assert found.body["list"]["listId"] == list_id
        assert api.get(f"{root}/object-type-id/0-1/name/customers").status == 404
        assert api.get(f"{root}/object-type-id/companies/name/Customers").status == 404
        many = api.get(f"{root}?listIds={list_id}&listIds=1").body["lists"]
        assert [each["listId"] for each in many] == [list_id]

    def test_a_name_with_a_slash(self, api: Api) -> None:
        """It can be asked for."""
        slashed = create(api, name="A/B & C")

        assert api.get(f"{ROOT}/object-type-id/0-1/name/A%2FB%20%26%20C").body["list"]["listId"] == slashed

    def test_search(self, api: Api, list_id: str) -> None:
        """By a part of the name, by ids, types; page by page, with sizes."""
        others = [create(api, name=f"Leads {each}", processingType="SNAPSHOT") for each in range(3)]
        put(api, list_id, "add", [api.id("ada@example.com")])

        def found(**body: Any) -> list[str]:
            return [each["listId"] for each in api.post(f"{ROOT}/search", body).body["lists"]]

        assert found(query="custom") == found(processingTypes=["MANUAL"]) == [list_id]
        assert found() == [list_id, *others]
        assert found(listIds=others[:1]) == others[:1]
        assert found(objectTypeId="0-2") == found(query="nothing") == []
        for spelling in ("0-1", "contacts", "contact", "CONTACT"):
            assert found(objectTypeId=spelling) == [list_id, *others]
        first = api.post(f"{ROOT}/search", {"query": "leads", "count": 2, "offset": 0}).body
        assert (first["total"], first["hasMore"], first["offset"]) == (3, True, 2)
        last = api.post(f"{ROOT}/search", {"query": "leads", "count": 2, "offset": first["offset"]}).body
        assert (last["hasMore"], [each["listId"] for each in last["lists"]]) == (False, others[2:])
        sizes = api.post(f"{ROOT}/search", {}).body["lists"]
        assert [each["additionalProperties"]["hs_list_size"] for each in sizes] == ["1", "0", "0", "0"]
        assert api.post(f"{ROOT}/search", {"count": 501}).status == 400

    def test_a_search_for_lists_of_other_types(self, api: Api) -> None:
        """400 for an object type that HubSpot does not have, as for a new list, 501 for deals."""
        unknown = api.post(f"{ROOT}/search", {"objectTypeId": "0-9999"})

        assert unknown.status == 400
        assert unknown.body["subCategory"] == "ListError.INVALID_OBJECT_TYPE_FOR_LIST"
        assert api.post(f"{ROOT}/search", {"objectTypeId": "DEAL"}).status == 501

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "1"),
            ("DELETE", "1"),
            ("PUT", "1/restore"),
            ("GET", "1/memberships"),
            ("PUT", "1/memberships/add"),
        ],
    )
    def test_an_unknown_list(self, api: Api, method: str, path: str) -> None:
        """404."""
        assert api.call(method, f"{ROOT}/{path}", []).status == 404


class TestChange:
    @pytest.mark.parametrize("root", ROOTS)
    def test_rename(self, api: Api, root: str, list_id: str) -> None:
        """200 with the list; not to a name that another one has, but to its own."""
        create(api, name="Leads")

        answer = api.call("PUT", f"{root}/{list_id}/update-list-name?listName=New%20name")

        assert (answer.status, answer.body["updatedList"]["name"]) == (200, "New name")
        assert answer.body["updatedList"]["listVersion"] == 2
        assert api.call("PUT", f"{root}/{list_id}/update-list-name?listName=New%20name").status == 200
        assert api.call("PUT", f"{root}/{list_id}/update-list-name?listName=Leads").status == 400
        assert api.call("PUT", f"{root}/{list_id}/update-list-name").status == 400

    @pytest.fixture
    def timed(self) -> Iterator[tuple[Api, Clock]]:
        clock = Clock()
        with Sandbox([{"email": "ada@example.com"}], clock=clock) as sandbox:
            yield Api(sandbox), clock

    @pytest.mark.parametrize(("days", "status"), [(90, 204), (91, 404)])
    def test_restore(self, timed: tuple[Api, Clock], days: int, status: int) -> None:
        """Within 90 days, with its members."""
        api, clock = timed
        list_id = create(api)
        put(api, list_id, "add", [api.id("ada@example.com")])
        deleted = api.call("DELETE", f"{ROOT}/{list_id}").status
        gone = api.get(f"{ROOT}/{list_id}").status
        clock.now += days * 24 * 3_600

        assert (deleted, gone) == (204, 404)
        assert api.call("PUT", f"{ROOT}/{list_id}/restore").status == status
        assert api.get(f"{ROOT}/{list_id}").status == (200 if status == 204 else 404)
        assert status == 404 or members(api, list_id) == [api.id("ada@example.com")]

    def test_restore_a_name_that_is_taken(self, api: Api, list_id: str) -> None:
        """400; a list that is there is left as it is."""
        assert api.call("PUT", f"{ROOT}/{list_id}/restore").status == 204
        api.call("DELETE", f"{ROOT}/{list_id}")
        create(api)
        assert api.call("PUT", f"{ROOT}/{list_id}/restore").status == 400


class TestMembers:
    @pytest.mark.parametrize("root", ROOTS)
    def test_add_and_remove(self, api: Api, root: str, list_id: str) -> None:
        """Three keys; what is a member already, or none, is in no one of them; ids may be numbers."""
        ada, grace = api.id("ada@example.com"), api.id("grace@example.com")
        path = f"{root}/{list_id}/memberships"

        answers = [
            api.call("PUT", f"{path}/add", [ada, int(grace), ada, "999"]),
            api.call("PUT", f"{path}/add", [ada]),
            api.call("PUT", f"{path}/remove", [ada, "999"]),
            api.call("PUT", f"{path}/remove", [ada]),
            api.call(
                "PUT", f"{path}/add-and-remove", {"recordIdsToAdd": [ada], "recordIdsToRemove": [grace, "8"]}
            ),
        ]

        keys = ("recordsIdsAdded", "recordIdsRemoved", "recordIdsMissing")
        assert {each.status for each in answers} == {200}
        assert [tuple(each.body[key] for key in keys) for each in answers] == [
            ([ada, grace], [], ["999"]),
            ([], [], []),
            ([], [ada], ["999"]),
            ([], [], []),
            ([ada], [grace], ["8"]),
        ]
        assert members(api, list_id) == [ada]
        assert api.get(f"{root}/{list_id}").body["list"]["size"] == 1

    def test_bodies_that_are_not_valid(self, api: Api, list_id: str) -> None:
        """400."""
        assert put(api, list_id, "add", {"ids": []}).status == 400
        assert put(api, list_id, "add", [[]]).status == 400
        assert put(api, list_id, "add-and-remove", {"recordIdsToAdd": []}).status == 400

    def test_records_of_another_type(self, api: Api, list_id: str) -> None:
        """A company is missing in a list of contacts."""
        company = api.sandbox.portal.collection("companies").create({"name": "C"}).id

        assert put(api, list_id, "add", [company]).body["recordIdsMissing"] == [company]
        companies = create(api, name="Companies", objectTypeId="companies")
        assert put(api, companies, "add", [company]).body["recordsIdsAdded"] == [company]

    def test_pages(self, api: Api, list_id: str) -> None:
        """By id; ``after`` leads upwards, ``before`` downwards."""
        ids = [api.id(f"{name}@example.com") for name in ("ada", "grace", "alan")]
        put(api, list_id, "add", ids[::-1])

        first = api.get(f"{ROOT}/{list_id}/memberships?limit=2").body
        after = first["paging"]["next"]["after"]

        assert [each["recordId"] for each in first["results"]] == ids[:2]
        assert first["total"] == 3
        assert members(api, list_id, f"?limit=2&after={after}") == ids[2:]
        assert "paging" not in api.get(f"{ROOT}/{list_id}/memberships?limit=2&after={after}").body
        down = api.get(f"{ROOT}/{list_id}/memberships?limit=1&before={ids[2]}").body
        assert [each["recordId"] for each in down["results"]] == [ids[1]]
        assert members(api, list_id, f"?limit=1&before={down['paging']['prev']['before']}") == [ids[0]]
        assert api.get(f"{ROOT}/{list_id}/memberships?limit=251").status == 400

    def test_by_time(self) -> None:
        """In the order in which they were put in, with the time."""
        clock = Clock()
        with Sandbox([{"email": f"c{each}@x.org"} for each in range(3)], clock=clock) as sandbox:
            api = Api(sandbox)
            list_id = create(api)
            ids = [api.id(f"c{each}@x.org") for each in (2, 0, 1)]
            for each in ids:
                clock.now += 1
                put(api, list_id, "add", [each])
            path = f"{ROOT}/{list_id}/memberships/join-order"
            first = api.get(f"{path}?limit=2").body
            last = api.get(f"{path}?limit=2&after={first['paging']['next']['after']}").body

        times = [each["membershipTimestamp"] for each in first["results"] + last["results"]]
        assert [each["recordId"] for each in first["results"] + last["results"]] == ids
        assert times == sorted(times)
        assert len(set(times)) == 3
        assert "paging" not in last

    def test_remove_all_and_add_from(self, api: Api, list_id: str) -> None:
        """204; the source keeps its members."""
        ada, grace = api.id("ada@example.com"), api.id("grace@example.com")
        other = create(api, name="Other")
        put(api, list_id, "add", [ada, grace])
        put(api, other, "add", [ada])

        added = put(api, other, f"add-from/{list_id}")
        both = members(api, other)
        removed = api.call("DELETE", f"{ROOT}/{list_id}/memberships")

        assert (added.status, removed.status) == (204, 204)
        assert both == [ada, grace]
        assert (members(api, list_id), members(api, other)) == ([], both)
        assert put(api, other, f"add-from/{other}").status == 400
        assert put(api, other, "add-from/1").status == 404
        assert put(api, create(api, name="C", objectTypeId="0-2"), f"add-from/{other}").status == 400

    def test_a_hundred_thousand(self, api: Api, list_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """As many members are too many for one call (the number is smaller here)."""
        monkeypatch.setattr(lists, "MAX_AT_ONCE", 2)
        other = create(api, name="Other")
        put(api, list_id, "add", [api.id("ada@example.com"), api.id("grace@example.com")])

        assert put(api, other, f"add-from/{list_id}").status == 400
        assert api.call("DELETE", f"{ROOT}/{list_id}/memberships").status == 400
        assert len(members(api, list_id)) == 2


class TestRecords:
    def test_the_lists_of_a_record(self, api: Api, list_id: str) -> None:
        """All that it is in."""
        ada = api.id("ada@example.com")
        create(api, name="Other")
        put(api, list_id, "add", [ada])

        body = api.get(f"{ROOT}/records/0-1/{ada}/memberships").body

        assert (body["total"], [each["listId"] for each in body["results"]]) == (1, [list_id])
        assert api.get(f"{ROOT}/records/0-1/1/memberships").status == 404

    @pytest.mark.parametrize("root", ROOTS)
    def test_the_lists_of_several_records(self, api: Api, root: str, list_id: str) -> None:
        """Each once, in no list as well; 207 with those that are unknown, and 400 for what is no input."""
        ada, grace = api.id("ada@example.com"), api.id("grace@example.com")
        put(api, list_id, "add", [ada])
        path = f"{root}/records/memberships/batch/read"
        asked = [("0-1", ada), ("contact", grace)]
        inputs = [{"objectTypeId": kind, "recordId": each} for kind, each in asked]

        whole = api.post(path, {"inputs": [*inputs, inputs[0]]})
        part = api.post(path, {"inputs": [*inputs, {"objectTypeId": "0-1", "recordId": "1"}]})

        told = {
            each["recordId"]: [of["listId"] for of in each["recordListMemberships"]]
            for each in whole.body["results"]
        }
        assert (whole.status, whole.body["status"], len(whole.body["results"])) == (200, "COMPLETE", 2)
        assert told == {ada: [list_id], grace: []}
        assert (part.status, part.body["numErrors"], len(part.body["results"])) == (207, 1, 2)
        assert part.body["errors"][0]["context"] == {"ids": ["1"]}
        assert api.post(path, {"inputs": [{"recordId": ada}]}).status == 400
        assert api.post(path, {}).status == 400

    def test_merges(self, api: Api, list_id: str) -> None:
        """The survivor is in the lists of both, and an old id means it."""
        ada, grace = api.id("ada@example.com"), api.id("grace@example.com")
        other = create(api, name="Other")
        put(api, list_id, "add", [ada, grace])
        put(api, other, "add", [grace])

        last = api.post(f"{CONTACTS}/merge", {"primaryObjectId": ada, "objectIdToMerge": grace}).body["id"]

        asked = {"inputs": [{"objectTypeId": "0-1", "recordId": grace}]}
        (of_survivor,) = api.post(f"{ROOT}/records/memberships/batch/read", asked).body["results"]
        assert (of_survivor["recordId"], len(of_survivor["recordListMemberships"])) == (last, 2)
        assert members(api, list_id) == members(api, other) == [last]
        assert put(api, list_id, "add", [grace]).body["recordsIdsAdded"] == []
        assert put(api, list_id, "remove", [ada]).body["recordIdsRemoved"] == [last]

    def test_deleted_records(self, api: Api, list_id: str) -> None:
        """A deleted contact is missing, not shown and not counted; deletion for good takes it out."""
        ada, grace = api.id("ada@example.com"), api.id("grace@example.com")
        put(api, list_id, "add", [ada, grace])
        api.call("DELETE", f"{CONTACTS}/{ada}")
        left, size = members(api, list_id), api.get(f"{ROOT}/{list_id}").body["list"]["size"]
        total = api.get(f"{ROOT}/{list_id}/memberships").body["total"]
        missing = put(api, list_id, "add", [ada]).body["recordIdsMissing"]
        contacts = api.sandbox.portal.collection("contacts")
        contacts.unarchive(contacts.archived[ada])
        back = members(api, list_id)
        api.post(f"{CONTACTS}/gdpr-delete", {"objectId": grace})

        assert (left, missing, back) == ([grace], [ada], [ada, grace])
        assert (size, total) == (1, 1)
        assert api.sandbox.portal.lists.get(list_id).members.keys() == {ada}

    def test_a_restart_and_a_snapshot(self, tmp_path: Path) -> None:
        """Both hold lists with their members, deleted ones as well."""
        with Sandbox([{"email": "ada@example.com"}], database=tmp_path / "portal") as sandbox:
            api = Api(sandbox)
            list_id, gone = create(api), create(api, name="Gone")
            put(api, list_id, "add", [api.id("ada@example.com")])
            api.call("DELETE", f"{ROOT}/{gone}")
            before = dump(sandbox.portal)
            put(api, list_id, "remove", [api.id("ada@example.com")])
            api.call("PUT", "/sandbox/state", before)
            assert dump(sandbox.portal) == before
        with Sandbox(database=tmp_path / "portal") as sandbox:
            api = Api(sandbox)
            assert dump(sandbox.portal) == before
            assert members(api, list_id) == [api.id("ada@example.com")]
            assert api.call("PUT", f"{ROOT}/{gone}/restore").status == 204
            assert create(api, name="New") not in {list_id, gone}
            sandbox.reset()
            assert api.post(f"{ROOT}/search", {}).body["total"] == 0

    @pytest.mark.parametrize(
        "change",
        [
            lambda each: each.update(id="7"),
            lambda each: each.update(processing="DYNAMIC"),
            lambda each: each.update(created_at="now"),
            lambda each: each["members"].update({"1": 1}),
            lambda each: each["members"].update({next(iter(each["members"])): "x"}),
            lambda each: each.update(type="0-2"),
            lambda each: each.pop("name"),
        ],
    )
    def test_a_snapshot_that_is_not_valid(self, api: Api, list_id: str, change: Any) -> None:
        """400, and the present state stays."""
        put(api, list_id, "add", [api.id("ada@example.com")])
        before = dump(api.sandbox.portal)
        state = api.get("/sandbox/state").body
        change(state["lists"][0])

        assert api.call("PUT", "/sandbox/state", state).status == 400
        assert dump(api.sandbox.portal) == before
