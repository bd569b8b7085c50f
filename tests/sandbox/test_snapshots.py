# SPDX-License-Identifier: Apache-2.0
"""Snapshots: a test goes back to one, and everything is as it was."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_provider_hubcontact.sandbox import Sandbox
from airflow_provider_hubcontact.sandbox.crm.record import Record, Write
from airflow_provider_hubcontact.sandbox.crm.seeds import made_up
from airflow_provider_hubcontact.sandbox.crm.state import dump
from airflow_provider_hubcontact.sandbox.imports.runs import ImportPace
from airflow_provider_hubcontact.sandbox.snapshots import MOST, SETTINGS, Held, Snapshot
from tests.sandbox.calling import CONTACTS, Api, Clock
from tests.sandbox.conftest import PROPERTIES, SEEDS
from tests.sandbox.test_fuzz import batches, check_state, definitions, properties
from tests.sandbox.test_imports import ROOT, start

SNAPSHOTS = "/sandbox/snapshots"
PROPERTY = {
    "name": "y",
    "label": "Y",
    "type": "string",
    "fieldType": "text",
    "groupName": "contactinformation",
}
LISTS = "/crm/lists/2026-09"
LIST = {"name": "VIP", "objectTypeId": "0-1", "processingType": "MANUAL"}
MERGE = {"primaryObjectId": "171591000001", "objectIdToMerge": "171591000002"}
Step = tuple[str, str, Any]


def some(*names: str) -> st.SearchStrategy[str]:
    return st.sampled_from(names).map(f"{CONTACTS}/{{}}".format)


POST, NOTHING, DELETE = st.just("POST"), st.none(), st.just("DELETE")
steps = st.one_of(
    st.tuples(
        st.just("PATCH"),
        some("171591000001", "171591000002", "171591000004"),
        st.fixed_dictionaries({"properties": properties}),
    ),
    st.tuples(DELETE, some("171591000001", "171591000003"), NOTHING),
    st.tuples(POST, some("batch/create", "batch/update", "batch/upsert", "batch/archive"), batches),
    st.tuples(POST, st.just("/crm/v3/properties/contacts"), definitions),
    st.tuples(DELETE, st.just("/crm/v3/properties/contacts/member_number"), NOTHING),
    st.tuples(POST, st.just("/crm/v3/objects/companies"), st.just({"properties": {"name": "X"}})),
    st.tuples(
        st.sampled_from(["PUT", "DELETE"]),
        st.just("/crm/objects/2026-09/contacts/171591000001/associations/default/companies/171591000004"),
        NOTHING,
    ),
    st.tuples(POST, st.just(f"{CONTACTS}/merge"), st.just(MERGE)),
    st.tuples(POST, st.just(f"{CONTACTS}/gdpr-delete"), st.just({"objectId": "171591000003"})),
    st.tuples(POST, st.just(LISTS), st.just(LIST)),
    st.tuples(st.just("PUT"), st.just(f"{LISTS}/101/memberships/add"), st.just(["171591000001"])),
    st.tuples(DELETE, st.just(f"{LISTS}/101"), NOTHING),
    st.tuples(POST, st.just("/sandbox/reset"), NOTHING),
)


def state(sandbox: Sandbox) -> bytes:
    return orjson.dumps(dump(sandbox.portal))


@pytest.fixture
def slow() -> Iterator[Sandbox]:
    """A sandbox in which batches and imports wait until its clock is moved."""
    pace = ImportPace(delay=10, rows_a_second=1)
    with Sandbox(SEEDS, properties=PROPERTIES, clock=Clock(), import_pace=pace, v1_batch_delay=60) as sandbox:
        yield sandbox


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=st.lists(steps, max_size=3), after=st.lists(steps, min_size=1, max_size=5))
def test_whatever_happens_is_undone(api: Api, before: list[Step], after: list[Step]) -> None:
    """Records, history, properties, unique values and the next id are as they were, twice."""
    sandbox = api.sandbox
    sandbox.reset()
    for step in before:
        api.call(*step)
    sandbox.snapshot("here")
    expected = state(sandbox)
    for _ in range(2):
        for step in after:
            api.call(*step)
        sandbox.restore("here")

        assert state(sandbox) == expected
        check_state(sandbox.portal)


class TestSnapshot:
    def test_what_was_unique_is_so_again(self, api: Api) -> None:
        """An address and a unique value find whom they found, and are taken or free as they were."""
        api.sandbox.snapshot("start")
        ada = api.id("ada@example.com")
        api.patch(f"{CONTACTS}/{ada}", {"properties": {"email": "x@x.org", "member_number": "M-2"}})
        api.call("DELETE", f"{CONTACTS}/{api.id('alan@example.com')}")
        api.sandbox.restore("start")

        assert api.get(f"{CONTACTS}/ada@example.com?idProperty=email").body["id"] == ada
        assert api.get(f"{CONTACTS}/turing@example.org?idProperty=email").status == 200
        assert api.get(f"{CONTACTS}/x@x.org?idProperty=email").status == 404
        assert api.post(CONTACTS, {"properties": {"email": "x@x.org", "member_number": "M-2"}}).status == 201
        assert api.post(CONTACTS, {"properties": {"member_number": "M-1"}}).status == 400

    def test_properties(self, api: Api) -> None:
        """One that is new is gone, one that was deleted is back."""
        api.sandbox.snapshot("start")
        api.post("/crm/v3/properties/contacts", PROPERTY)
        api.call("DELETE", "/crm/v3/properties/contacts/points")
        api.sandbox.restore("start")

        statuses = [api.get(f"/crm/v3/properties/contacts/{name}").status for name in ("y", "points")]
        assert statuses == [404, 200]

    def test_what_records_belong_to(self, api: Api) -> None:
        """Lists with their members, associations, and who has been merged into whom."""
        company = api.post("/crm/v3/objects/companies", {"properties": {"name": "X"}}).body["id"]
        ada, grace = api.id("ada@example.com"), api.id("grace@example.com")
        association = f"/crm/objects/2026-09/contacts/{ada}/associations/default/companies/{company}"
        assert api.post(LISTS, LIST).status == 200
        assert api.call("PUT", association).status == 200
        api.sandbox.snapshot("start")
        expected = state(api.sandbox)
        changes = [
            api.call("PUT", f"{LISTS}/101/memberships/add", [ada, grace]).status,
            api.call("DELETE", association.replace("/default", "")).status,
            api.post(f"{CONTACTS}/merge", MERGE).status,
        ]
        changed = state(api.sandbox)
        api.sandbox.restore("start")

        assert changes == [200, 204, 200]
        assert changed != expected
        assert state(api.sandbox) == expected
        assert api.get(f"{CONTACTS}/{grace}").body["id"] == grace

    def test_several(self, api: Api) -> None:
        """To each as often as wanted, also after a reset or another state."""
        api.sandbox.snapshot("first")
        path = f"{CONTACTS}/{api.id('ada@example.com')}"
        api.patch(path, {"properties": {"city": "Paris"}})
        api.sandbox.snapshot("second")
        cities = []
        for name in ("first", "second", "first", "second"):
            api.sandbox.reset()
            api.call("PUT", "/sandbox/state", api.get("/sandbox/state").body)
            api.sandbox.restore(name)
            cities.append(api.get(f"{path}?properties=city").body["properties"]["city"])

        assert cities == [None, "Paris", None, "Paris"]

    def test_a_batch_that_waits(self, slow: Sandbox) -> None:
        """It waits again, and is written when it is due."""
        api = Api(slow)
        entry = {"email": "new@example.com", "properties": [{"property": "city", "value": "Rome"}]}
        api.post("/contacts/v1/contact/batch", [entry])
        slow.snapshot("waiting")
        slow.advance(61)
        first = slow.portal.contact("new@example.com")
        slow.restore("waiting")
        gone = slow.portal.contact("new@example.com")
        api.get("/account-info/v3/details")

        assert first is not None
        assert gone is None
        assert api.stored("new@example.com", "city") == "Rome"

    def test_an_import_that_runs(self, slow: Sandbox) -> None:
        """It goes on where it was; one that was started later is unknown."""
        api = Api(slow)
        one = start(api, "Mail,Name\na@x.org,A\nb@x.org,B\nc@x.org,C\n").body["id"]
        slow.advance(11)
        assert slow.portal.contact("a@x.org") is not None
        slow.snapshot("running")
        other = start(api, "Mail,Name\nd@x.org,D\n").body["id"]
        slow.advance(60)
        slow.restore("running")

        assert slow.portal.contact("c@x.org") is None
        assert api.get(f"{ROOT}/{other}").status == 404
        done = api.get(f"{ROOT}/{one}").body
        assert done["state"] == "DONE"
        assert done["metadata"]["counters"]["CREATED_OBJECTS"] == 3
        assert api.stored("c@x.org", "firstname") == "C"

    def test_what_is_no_part_of_it(self, api: Api) -> None:
        """Tokens, the clock and the log stay."""
        api.sandbox.snapshot("start")
        api.sandbox.access.allow("other", [])
        api.sandbox.advance(60)
        api.get(f"{CONTACTS}/1")
        api.sandbox.restore("start")

        assert Api(api.sandbox, "other").get("/account-info/v3/details").status == 200
        assert api.sandbox.clock.ahead == 60
        assert len(api.sandbox.requests) == 2

    def test_the_file_follows(self, tmp_path: Path) -> None:
        """With a database, what was gone back to is there after a restart, and what came after it as well."""
        with Sandbox(SEEDS, properties=PROPERTIES, database=tmp_path / "db") as sandbox:
            api = Api(sandbox)
            sandbox.snapshot("start")
            for city in ("Paris", "Rome"):
                api.patch(f"{CONTACTS}/{api.id('ada@example.com')}", {"properties": {"city": city}})
                api.post(CONTACTS, {"properties": {"email": f"{city}@x.org"}})
                sandbox.restore("start")
            api.patch(f"{CONTACTS}/{api.id('ada@example.com')}", {"properties": {"city": "Oslo"}})
            expected = state(sandbox)
        with Sandbox(database=tmp_path / "db") as sandbox:
            assert state(sandbox) == expected
            assert Api(sandbox).stored("ada@example.com", "city") == "Oslo"

    def test_a_kill_loses_nothing_of_it(self, tmp_path: Path) -> None:
        """What was gone back to is in the file at once, as after a call."""
        with Sandbox(SEEDS, properties=PROPERTIES, database=tmp_path / "db") as sandbox:
            sandbox.snapshot("start")
            expected = state(sandbox)
            Api(sandbox).post(CONTACTS, {"properties": {"email": "x@x.org"}})
            sandbox.restore("start")
            for file in tmp_path.glob("db*"):
                (tmp_path / f"copy-{file.name}").write_bytes(file.read_bytes())

        assert state(Sandbox(database=tmp_path / "copy-db")) == expected

    def test_it_is_fast(self) -> None:
        """For 1,000 contacts it takes a fraction of what a reset takes."""
        sandbox = Sandbox(made_up(1_000))
        sandbox.snapshot("start")
        times: dict[Callable[[], None], float] = {}
        for do in (sandbox.reset, lambda: sandbox.restore("start")):
            for _ in range(5):
                began = time.process_time()
                do()
                times[do] = min(times.get(do, 9), time.process_time() - began)
        reset, restored = times.values()

        assert restored < reset / 10


class TestCalls:
    def test_a_snapshot_by_http(self) -> None:
        """POST keeps one, GET lists them, a POST to it goes back, DELETE ends it; no call is counted."""
        with Sandbox(SEEDS, properties=PROPERTIES) as hubspot:
            admin = Api(hubspot, "")
            made = admin.post(SNAPSHOTS, {"name": "a / b"})
            Api(hubspot).post(CONTACTS, {"properties": {"email": "x@x.org"}})
            restored = admin.call("POST", f"{SNAPSHOTS}/a%20%2F%20b/restore")
            listed = [admin.get(SNAPSHOTS)]
            dropped = admin.call("DELETE", f"{SNAPSHOTS}/a%20%2F%20b")
            listed.append(admin.get(SNAPSHOTS))

        assert (made.status, made.body) == (201, {"name": "a / b", "contacts": 3})
        assert (restored.status, dropped.status) == (204, 204)
        assert hubspot.portal.contact("x@x.org") is None
        assert [each.status for each in listed] == [200, 200]
        assert [each.body["results"] for each in listed] == [[{"name": "a / b", "contacts": 3}], []]
        assert hubspot.limits.used_today == 1

    @pytest.mark.parametrize(
        ("method", "path", "body", "status"),
        [
            ("POST", SNAPSHOTS, {}, 400),
            ("POST", SNAPSHOTS, {"name": ""}, 400),
            ("POST", SNAPSHOTS, {"name": 1}, 400),
            ("POST", SNAPSHOTS, {"name": "x" * 101}, 400),
            ("POST", f"{SNAPSHOTS}/none/restore", None, 404),
            ("DELETE", f"{SNAPSHOTS}/none", None, 404),
        ],
    )
    def test_what_is_not_valid(
        self, hubspot: Sandbox, method: str, path: str, body: Any, status: int
    ) -> None:
        """It is refused with the reason."""
        answer = Api(hubspot, "").call(method, path, body)

        assert answer.status == status
        assert "name" in answer.message or "none" in answer.message

    def test_too_many(self) -> None:
        """One more is refused; one of a name that is taken replaces it."""
        sandbox = Sandbox()
        for number in range(MOST):
            sandbox.snapshot(str(number))
        sandbox.snapshot("7")
        with Sandbox() as other:
            other.application.snapshots._taken = dict(sandbox.application.snapshots._taken)  # noqa: SLF001 - quicker than 100 calls
            assert Api(other, "").post(SNAPSHOTS, {"name": "x"}).status == 400

        with pytest.raises(ValueError, match="100 snapshots"):
            sandbox.snapshot("one more")

    def test_a_name_that_is_none(self) -> None:
        """Python is told as well."""
        with pytest.raises(KeyError):
            Sandbox().restore("none")


class TestHeld:
    def test_each_object_is_the_same_and_holds_the_same(self) -> None:
        """Whatever holds it: a dict, a list, a deque, a set; also if they hold each other."""
        inner: list[Any] = [1]
        outer: dict[str, Any] = {
            "list": inner,
            "again": inner,
            "set": {1},
            "deque": deque([{"x": 1}], maxlen=3),
        }
        inner.append(outer)
        held = Held([outer])
        outer["deque"][0]["x"] = 2
        outer["deque"].append(3)
        outer["set"].add(2)
        inner.clear()
        outer["new"] = outer.pop("list")
        held.put_back()

        assert list(outer) == ["list", "again", "set", "deque"]
        assert outer["list"] is outer["again"] is inner
        assert inner[0] == 1
        assert inner[1] is outer
        assert (outer["set"], outer["deque"]) == ({1}, deque([{"x": 1}]))

    def test_what_is_left_alone(self) -> None:
        """It changes and stays changed."""
        settings: dict[str, int] = {}
        held = Held([{"settings": settings}], leave=[settings])
        settings["x"] = 1
        held.put_back()

        assert settings == {"x": 1}

    def test_a_record(self) -> None:
        """All that a record holds is put back; a field that is forgotten would be seen here."""
        record = Record("1", "0-1", 1, 2, {"city": "Rome"}, [Write({"city": "Rome"}, 2, {}, "API")], 0)
        before = replace(record, properties={**record.properties}, writes=[*record.writes])
        held = Held([record])
        for field in fields(Record):
            value = getattr(record, field.name)
            if isinstance(value, dict | list):
                value.clear()
            elif field.name not in {"id", "type"}:
                setattr(record, field.name, 9)
        held.put_back()

        assert record == before
        record.properties["city"] = "Oslo"
        record.writes.clear()
        held.put_back()
        assert record == before

    def test_objects_of_our_own(self) -> None:
        """Those with slots and those without; what is frozen or another's is not looked into."""

        @dataclass(slots=True)
        class Slots:
            x: int
            values: list[int]

        class Plain:
            def __init__(self, *values: Any) -> None:
                self.values = values[0]

        class Frozen(NamedTuple):
            values: list[int]

        for kind in (Slots, Frozen):
            kind.__module__ = "airflow_provider_hubcontact.sandbox.other"
        ours, foreign, frozen = Slots(1, [1]), Plain([1]), Frozen([1])
        Plain.__module__ = "airflow_provider_hubcontact.sandbox.other"
        plain = type("Other", (Plain,), {"__module__": "elsewhere"})([1])
        held = Held([ours, foreign, frozen, plain])
        for each in (ours, foreign, frozen, plain):
            each.values.append(2)
        ours.x = 2
        held.put_back()

        assert (ours, foreign.values) == (Slots(1, [1]), [1])
        assert (frozen.values, plain.values) == ([1, 2], [1, 2])

    def test_settings_are_a_portals(self, hubspot: Sandbox) -> None:
        """What is no state of a portal exists, so that everything else is state."""
        assert all(hasattr(hubspot.portal, name) for name in SETTINGS)
        taken = Snapshot(hubspot.portal, hubspot.application.imports, hubspot.application.later)
        assert taken.contacts == 3
