# SPDX-License-Identifier: Apache-2.0
"""The sandbox's own API: faults, the request log, limits, snapshots, and whom it answers."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_provider_hubcontact.sandbox import RateLimit, Sandbox
from airflow_provider_hubcontact.sandbox.access.auth_errors import NotYours, Unauthenticated
from airflow_provider_hubcontact.sandbox.crm.state import dump
from airflow_provider_hubcontact.sandbox.http.admin import Admin
from tests.sandbox.calling import CONTACTS, Api, Clock
from tests.sandbox.test_fuzz import check_state, json_values

PLAN = {"seed": 1, "rules": [{"name": "busy", "kind": "status", "status": 503}, {"kind": "reset", "nth": 9}]}


@pytest.fixture
def anybody(hubspot: Sandbox) -> Api:
    """Calls without a token."""
    return Api(hubspot, "")


@pytest.fixture
def limited() -> Iterator[Sandbox]:
    with Sandbox(rate_limit=RateLimit(5), daily_limit=50, clock=Clock()) as sandbox:
        yield sandbox


def lines(sandbox: Sandbox, query: str = "") -> list[dict[str, Any]]:
    connection = http.client.HTTPConnection(sandbox.url.removeprefix("http://"), timeout=10)
    connection.request("GET", f"/sandbox/requests{query}")
    response = connection.getresponse()
    assert response.headers["Content-Type"] == "application/x-ndjson"
    return [json.loads(line) for line in response.read().splitlines()]


class TestFaults:
    def test_a_plan_can_be_set_and_taken_away(self, api: Api, anybody: Api) -> None:
        """PUT brings it, GET shows it with its counts, DELETE ends it."""
        assert anybody.call("PUT", "/sandbox/faults", PLAN).status == 200
        assert api.get(f"{CONTACTS}/1").status == 503
        shown = anybody.get("/sandbox/faults").body
        assert anybody.call("DELETE", "/sandbox/faults").status == 204
        assert api.get(f"{CONTACTS}/1").status == 404

        assert shown["plan"] == PLAN
        assert shown["rules"] == [
            {"name": "busy", "enabled": True, "calls": 1, "strikes": 1},
            {"name": "reset", "enabled": True, "calls": 1, "strikes": 0},
        ]

    def test_a_rule_can_be_switched_off(self, api: Api, anybody: Api) -> None:
        """And on again; the others stay as they are."""
        anybody.call("PUT", "/sandbox/faults", PLAN)
        statuses = []
        for enabled in (False, True):
            anybody.patch("/sandbox/faults/busy", {"enabled": enabled})
            statuses.append(api.get(f"{CONTACTS}/1").status)

        assert statuses == [404, 503]

    def test_reset_brings_back_the_plan_of_the_start(self, api: Api, anybody: Api) -> None:
        """Here, no plan."""
        anybody.call("PUT", "/sandbox/faults", PLAN)
        assert anybody.call("POST", "/sandbox/reset").status == 204
        assert api.get(f"{CONTACTS}/1").status == 404

    def test_a_plan_can_be_set_in_python(self, api: Api) -> None:
        """A test that shares a sandbox brings its faults along."""
        api.sandbox.use_faults({"rules": [{"kind": "status", "status": 423}]})
        statuses = [api.get(f"{CONTACTS}/1").status]
        api.sandbox.use_faults({})
        statuses.append(api.get(f"{CONTACTS}/1").status)

        assert statuses == [423, 404]

    @pytest.mark.parametrize(
        ("call", "body", "status", "says"),
        [
            ("PUT /sandbox/faults", {"rules": [{"kind": "boom"}]}, 400, "Rule 1: the kind is one of"),
            ("PUT /sandbox/faults", [], 400, "LinkedHashMap"),
            ("PUT /sandbox/faults", b"{", 400, "Invalid input JSON"),
            ("PATCH /sandbox/faults/nope", {"enabled": True}, 404, "'nope'"),
            ("PATCH /sandbox/faults/nope", {"enabled": 1}, 400, "true or false"),
            ("GET /sandbox/requests?last=x", None, 400, "whole number"),
            ("PUT /sandbox/state", {}, 400, "not a state of a portal: contacts is missing"),
            ("GET /sandbox/nothing", None, 501, "does not emulate"),
        ],
    )
    def test_what_is_wrong_is_said(self, anybody: Api, call: str, body: Any, status: int, says: str) -> None:
        """A refusal of a form like HubSpot's, and nothing has changed."""
        before = dump(anybody.sandbox.portal)

        method, path = call.split()
        answer = anybody.call(method, path, body)

        assert answer.status == status
        assert says in answer.message
        assert dump(anybody.sandbox.portal) == before
        assert anybody.sandbox.faults.names == {}


class TestLog:
    def test_a_line_for_each_request(self, api: Api) -> None:
        """What was asked, the status, and what it cost in calls and held in records."""
        id_ = api.id("ada@example.com")
        update = {"properties": {"firstname": "A"}}
        api.batch("update", {"id": id_, **update}, {"id": api.id("grace@example.com"), **update})
        Api(api.sandbox, "wrong").get(f"{CONTACTS}/1?secret=1")
        api.get("/nothing")
        api.sandbox.use_faults({"rules": [{"kind": "reset"}]})
        with pytest.raises(ConnectionResetError):
            api.get(f"{CONTACTS}/1")

        common = {"operation": "contacts.get", "fault": "", "calls": 0, "records": 0}
        path = f"{CONTACTS}/1"
        logged = lines(api.sandbox)
        whens = [(line.pop("time"), line.pop("milliseconds")) for line in logged]
        assert all(milliseconds >= 0 and time.startswith("20") for time, milliseconds in whens)
        assert logged == [
            {
                "method": "POST",
                "path": f"{CONTACTS}/batch/update",
                "status": 200,
                "calls": 1,
                "records": 2,
                "operation": "batches.update",
                "fault": "",
            },
            common | {"method": "GET", "path": path, "status": 401},
            common | {"method": "GET", "path": "/nothing", "status": 501, "operation": ""},
            common | {"method": "GET", "path": path, "status": 0, "calls": 1, "fault": "reset"},
        ]

    @pytest.mark.parametrize(
        ("call", "body", "records"),
        [
            (f"GET {CONTACTS}?limit=2", None, 2),
            (f"POST {CONTACTS}", {"properties": {"email": "new@x.org"}}, 1),
            (f"GET {CONTACTS}/ADA", None, 1),
            (f"PATCH {CONTACTS}/ADA", {"properties": {}}, 1),
            (f"DELETE {CONTACTS}/ADA", None, 1),
            (f"POST {CONTACTS}/search", {"limit": 2}, 2),
            (f"POST {CONTACTS}/batch/read", {"inputs": [{"id": "1"}, {"id": "2"}]}, 2),
            (f"POST {CONTACTS}/merge", {"primaryObjectId": "ADA", "objectIdToMerge": "GRACE"}, 2),
            (f"POST {CONTACTS}/gdpr-delete", {"objectId": "ADA"}, 1),
            ("POST /contacts/v1/contact/merge-vids/ADA", {"vidToMerge": "GRACE"}, 2),
            ("GET /contacts/v1/contact/vid/ADA/profile", None, 1),
            ("POST /contacts/v1/contact/vid/ADA/profile", {"properties": []}, 1),
            ("POST /contacts/v1/contact/batch", [{"email": "a@x.org", "properties": []}], 1),
            ("GET /crm/v4/objects/contacts/ADA/associations/companies", None, 1),
            ("GET /crm/v3/properties/contacts", None, 0),
        ],
    )
    def test_how_many_records_a_call_held(self, api: Api, call: str, body: Any, records: int) -> None:
        """Those that were sent, or those that were found."""
        ids = {"ADA": api.id("ada@example.com"), "GRACE": api.id("grace@example.com")}
        sent = json.dumps([call, body])
        for name, id_ in ids.items():
            sent = sent.replace(name, id_)
        call, body = json.loads(sent)
        method, path = call.split(" ")

        api.call(method, path, body)

        assert [line["records"] for line in lines(api.sandbox)] == [records]

    def test_the_last_ones(self, api: Api, anybody: Api) -> None:
        """``last`` shortens it, DELETE empties it, and its own calls are not in it."""
        for number in range(5):
            api.get(f"{CONTACTS}/{number}")

        assert [line["path"][-1] for line in lines(api.sandbox, "?last=2")] == ["3", "4"]
        assert len(lines(api.sandbox, "?last=99")) == 5
        assert lines(api.sandbox, "?last=0") == []
        assert anybody.call("DELETE", "/sandbox/requests").status == 204
        assert lines(api.sandbox) == []


class TestLimits:
    def test_what_is_used(self, limited: Sandbox) -> None:
        """Of the day, of each app's window, and of the searches'; asking takes nothing."""
        for _ in range(7):
            Api(limited).get(f"{CONTACTS}/1")

        answers = [Api(limited, "").get("/sandbox/limits") for _ in range(2)]

        assert (
            answers[0].body
            == answers[1].body
            == {
                "daily": {"used": 5, "limit": 50},
                "apps": {"used": {"1": 5}, "limit": 5, "oauthLimit": 5, "seconds": 10.0},
                "search": {"used": 0, "limit": 5, "seconds": 1.0},
                "resetsAt": "2026-11-24T05:00:00Z",
            }
        )
        assert not [name for name in answers[0].headers if "ratelimit" in name]

    def test_the_next_day_begins_at_midnight(self) -> None:
        """With nothing used, and to the second, however the day before was asked about."""
        clock = Clock()
        with Sandbox(clock=clock) as sandbox:
            Api(sandbox).get(f"{CONTACTS}/1")
            clock.now += 86_400 + 37
            body = Api(sandbox, "").get("/sandbox/limits").body

        assert body["daily"]["used"] == 0
        assert body["resetsAt"] == "2026-11-25T05:00:00Z"


class TestState:
    def test_a_snapshot_can_be_gone_back_to(self, api: Api, anybody: Api) -> None:
        """Contacts, history, properties and unique values are as they were."""
        api.patch(f"{CONTACTS}/ada@example.com?idProperty=email", {"properties": {"firstname": "First"}})
        snapshot = anybody.get("/sandbox/state").body
        api.patch(
            f"{CONTACTS}/ada@example.com?idProperty=email",
            {"properties": {"firstname": "X", "email": "x@x.org"}},
        )
        property_ = {"name": "y", "label": "Y", "type": "string", "fieldType": "text"}
        api.post("/crm/v3/properties/contacts", property_ | {"groupName": "contactinformation"})
        api.post(CONTACTS, {"properties": {"email": "new@x.org", "member_number": "M-2"}})

        assert anybody.call("PUT", "/sandbox/state", snapshot).status == 204

        assert anybody.get("/sandbox/state").body == snapshot
        assert api.stored("ada@example.com", "firstname") == "First"
        assert api.get(f"{CONTACTS}/x@x.org?idProperty=email").status == 404
        assert api.get(f"{CONTACTS}/turing@example.org?idProperty=email").status == 200
        assert api.get("/crm/v3/properties/contacts/y").status == 404
        again = api.post(CONTACTS, {"properties": {"email": "new@x.org", "member_number": "M-2"}})
        assert again.status == 201

    def test_a_snapshot_goes_into_another_sandbox(self, api: Api, anybody: Api) -> None:
        """It is a file that a test can keep."""
        snapshot = anybody.get("/sandbox/state").body
        with Sandbox() as other:
            Api(other, "").call("PUT", "/sandbox/state", snapshot)
            assert Api(other).stored("ada@example.com", "firstname") == "Ada"

    def test_a_snapshot_goes_into_the_file(self, anybody: Api, tmp_path: Path) -> None:
        """With a database, it is still there after a restart."""
        snapshot = anybody.get("/sandbox/state").body
        with Sandbox(database=tmp_path / "db") as sandbox:
            Api(sandbox, "").call("PUT", "/sandbox/state", snapshot)
        with Sandbox(database=tmp_path / "db") as sandbox:
            assert dump(sandbox.portal) == snapshot

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            (lambda state: state["contacts"][0].update(id="x"), "is a number"),
            (lambda state: state["contacts"][0].update(id=state["contacts"][1]["id"]), "is taken"),
            (lambda state: state["contacts"][0].update(created_at=-1), "are not a valid time"),
            (lambda state: state["contacts"][0].update(created_at=10**17), "are not a valid time"),
            (lambda state: state["contacts"][0]["properties"].update(firstname=1), "1 is not of type str"),
            (lambda state: state["contacts"][0]["properties"].update(nope="1"), "other properties"),
            (lambda state: state["contacts"][0]["properties"].pop("createdate"), "other properties"),
            (
                lambda state: state["contacts"][0]["properties"].update(email="GRACE@example.com"),
                "share a email",
            ),
            (
                lambda state: state["contacts"][0]["properties"].update(hs_merged_object_ids="x"),
                "cannot have been 'x' before a merge",
            ),
            (lambda state: state["contacts"][0].pop("writes"), "writes is missing"),
            (lambda state: state["contacts"][0]["writes"].append([]), "a part of it has another form"),
            (lambda state: state.update(nextId=1), "not given yet"),
            (lambda state: state["properties"]["contacts"].pop(0), "is missing"),
            (lambda state: state["properties"]["contacts"][0].update(label=None), "None is not of type str"),
            (lambda state: state["properties"]["contacts"][0].update(more=1), "more"),
        ],
    )
    def test_a_state_that_is_none(self, anybody: Api, change: Any, says: str) -> None:
        """It is refused as a whole, with the reason, and the portal stays as it is."""
        before = anybody.get("/sandbox/state").body
        state = json.loads(json.dumps(before))
        change(state)

        answer = anybody.call("PUT", "/sandbox/state", state)

        assert answer.status == 400
        assert says in answer.message
        assert anybody.get("/sandbox/state").body == before


class TestWhom:
    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ({}, 204),
            ({"Origin": "http://evil.example"}, 403),
            ({"Origin": "null"}, 403),
            ({"Host": "evil.example"}, 403),
            ({"Host": "["}, 403),
            ({"Host": "localhost:8042"}, 204),
            ({"Host": "[::1]:8042"}, 204),
            ({"Host": "localhost", "Origin": "http://localhost"}, 204),
            ({"Authorization": "Bearer wrong"}, 401),
            ({"Authorization": "Basic x"}, 401),
        ],
    )
    def test_a_foreign_page_in_a_browser_is_refused(
        self, anybody: Api, headers: dict[str, str], status: int
    ) -> None:
        """Neither another site's page nor a name that was bent to this machine can reset it."""
        assert anybody.call("POST", "/sandbox/reset", b"", headers).status == status

    @pytest.mark.parametrize(
        ("client", "token", "refusal"),
        [
            (("10.0.0.7", 1), None, NotYours),
            (("10.0.0.7", 1), b"Bearer wrong", Unauthenticated),
            (("10.0.0.7", 1), b"Bearer t", None),
            (None, None, NotYours),
            (("127.0.0.1", 1), None, None),
            (("::1", 1), None, None),
        ],
    )
    def test_other_machines_need_a_token(
        self, client: tuple[str, int] | None, token: bytes | None, refusal: type[Exception] | None
    ) -> None:
        """Whoever is elsewhere shows a good one."""
        admin: Admin = Sandbox(token="t").application.admin
        headers = [(b"host", b"127.0.0.1:1"), *([(b"authorization", token)] if token else [])]
        scope = {"client": client, "headers": headers}

        if refusal is None:
            admin.check(scope)
        else:
            with pytest.raises(refusal):
                admin.check(scope)

    def test_the_index_teaches(self, anybody: Api) -> None:
        """``/sandbox`` says what there is, as text."""
        connection = http.client.HTTPConnection(anybody.sandbox.url.removeprefix("http://"), timeout=10)
        connection.request("GET", "/sandbox")
        text = connection.getresponse().read().decode()

        routes = anybody.sandbox.application.admin.routes()
        assert all(route.path in text for route in routes)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(["GET", "PUT", "DELETE", "PATCH"]),
    path=st.sampled_from(
        ["", "/faults", "/faults/x", "/requests", "/limits", "/clock", "/state", "/%", "//"]
    ),
    body=json_values | st.fixed_dictionaries({"rules": st.lists(json_values)}),
)
def test_no_call_breaks_the_sandboxs_own_api(anybody: Api, method: str, path: str, body: Any) -> None:
    """Whatever is sent is done or refused."""
    connection = http.client.HTTPConnection(anybody.sandbox.url.removeprefix("http://"), timeout=10)
    connection.request(method, f"/sandbox{path}", json.dumps(body))
    status = connection.getresponse().status
    connection.close()

    assert status in {200, 204, 400, 404, 501}
    check_state(anybody.sandbox.portal)


@st.composite
def broken(draw: st.DrawFn, value: Any) -> Any:
    """Change one place of a JSON value, any."""
    if isinstance(value, dict) and value and draw(st.integers(0, 9)):
        key = draw(st.sampled_from(sorted(value)))
        return {**value, key: draw(broken(value[key]))}
    if isinstance(value, list) and value and draw(st.integers(0, 9)):
        place = draw(st.integers(0, len(value) - 1))
        return [*value[:place], draw(broken(value[place])), *value[place + 1 :]]
    return draw(json_values | st.sampled_from(["9999", -1, 2**64, "1", "enumeration", True]))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_snapshot_breaks_the_sandbox(api: Api, anybody: Api, data: st.DataObject) -> None:
    """A snapshot that somebody changed is refused, or the portal can be read and written as ever."""
    api.sandbox.reset()
    state = data.draw(broken(anybody.get("/sandbox/state").body))

    assert anybody.call("PUT", "/sandbox/state", state).status in {204, 400}

    contacts = list(api.sandbox.portal.contacts.values())
    query = "propertiesWithHistory=firstname,birthday,lifecyclestage&properties=firstname,birthday"
    statuses = {api.get(f"{CONTACTS}/{contact.id}?{query}").status for contact in contacts}
    statuses |= {
        api.get(f"/contacts/v1/contact/email/{contact.email or 'x'}/profile").status for contact in contacts
    }
    statuses.add(api.get("/crm/v3/properties/contacts").status)
    statuses.add(api.get("/properties/v1/contacts/properties").status)
    values = {"firstname": "A", "lifecyclestage": "customer", "birthday": "2026-01-01", "vip": "true"}
    statuses |= {api.patch(f"{CONTACTS}/{contact.id}", {"properties": values}).status for contact in contacts}
    assert statuses <= {200, 400, 404}
