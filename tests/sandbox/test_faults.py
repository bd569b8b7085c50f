# SPDX-License-Identifier: Apache-2.0
"""What goes wrong when a fault plan says so, as a client sees it, and what was written all the same."""

from __future__ import annotations

import http.client
import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_hubcontact.sandbox import OAuthClient, Sandbox
from tests.sandbox.calling import CONTACTS, Answer, Api, Clock

SEEDS = [{"email": "ada@example.com", "firstname": "Ada"}]
OAUTH = OAuthClient("id", "secret", "refresh")


def faulty(*rules: dict[str, Any], seed: int = 0, clock: Any = time.time) -> Sandbox:
    return Sandbox(SEEDS, faults={"seed": seed, "rules": list(rules)}, oauth_clients=[OAUTH], clock=clock)


def rename(sandbox: Sandbox, name: str = "New") -> Answer:
    """Make a write that can be seen to be applied."""
    api = Api(sandbox)
    return api.batch("update", {"id": api.id("ada@example.com"), "properties": {"firstname": name}})


def name(sandbox: Sandbox) -> str | None:
    return Api(sandbox).stored("ada@example.com", "firstname")


def raw(sandbox: Sandbox) -> http.client.HTTPResponse:
    """Read Ada's contact without looking at the body."""
    connection = http.client.HTTPConnection(sandbox.url.removeprefix("http://"), timeout=10)
    connection.request(
        "GET",
        f"{CONTACTS}/ada@example.com?idProperty=email",
        headers={"Authorization": f"Bearer {sandbox.token}"},
    )
    return connection.getresponse()


class TestStatus:
    @pytest.mark.parametrize("status", [423, 429, 477, 500, 502, 503, 504, 521, 522, 523, 524])
    def test_a_status_comes_instead_of_the_answer(self, status: int) -> None:
        """An envelope of HubSpot's with this status, and nothing is written."""
        with faulty({"kind": "status", "status": status}) as sandbox:
            answer = rename(sandbox)

        assert answer.status == status
        assert answer.body["status"] == "error"
        assert answer.body["correlationId"] == answer.headers["x-hubspot-correlation-id"]
        assert "retry-after" not in answer.headers
        assert "x-hubspot-ratelimit-max" in answer.headers
        assert name(sandbox) == "Ada"

    @pytest.mark.parametrize(("seconds", "header"), [(2, "2"), (0, "0"), (0.5, "0.5")])
    def test_retry_after(self, seconds: float, header: str) -> None:
        """The header is there if the rule says so."""
        with faulty({"kind": "status", "status": 503, "retry_after": seconds}) as sandbox:
            assert rename(sandbox).headers["retry-after"] == header

    @pytest.mark.parametrize("policy", ["TEN_SECONDLY_ROLLING", "DAILY"])
    def test_a_429_has_hubspots_body(self, policy: str) -> None:
        """Either limit's, as the real ones have."""
        with faulty({"kind": "status", "status": 429, "policy": policy}) as sandbox:
            body = rename(sandbox).body

        assert (body["policyName"], body["errorType"]) == (policy, "RATE_LIMIT")

    @pytest.mark.parametrize(
        ("body", "expected"), [("foreign", {"error": {"code": 404, "message": "Not Found"}}), ("empty", None)]
    )
    def test_it_need_not_be_hubspot_that_answers(self, body: str, expected: Any) -> None:
        """A gateway answers in a form of its own, or without a word."""
        with faulty({"kind": "status", "status": 404, "body": body}) as sandbox:
            answer = rename(sandbox)

        assert (answer.status, answer.body) == (404, expected)

    def test_a_write_may_be_applied_before_the_error(self) -> None:
        """A gateway gives up, HubSpot does not."""
        with faulty({"kind": "status", "status": 504, "applied": True}) as sandbox:
            assert rename(sandbox).status == 504
            assert name(sandbox) == "New"

    def test_a_migration_ends(self) -> None:
        """477 with the rest of the time, rounded up, from its first call on; then all is well (D)."""
        clock = Clock()
        with faulty({"kind": "migration", "seconds": 60}, clock=clock) as sandbox:
            clock.now += 1_000
            answers = [rename(sandbox)]
            clock.now += 30.5
            answers.append(rename(sandbox))
            clock.now += 29.5
            last = rename(sandbox)

        assert [answer.status for answer in answers] == [477, 477]
        assert [answer.headers["retry-after"] for answer in answers] == ["60", "30"]
        assert last.status == 200


class TestConnection:
    @pytest.mark.parametrize(("applied", "stored"), [(False, "Ada"), (True, "New")])
    def test_a_reset(self, applied: bool, stored: str) -> None:
        """The connection is reset before the write is applied, or after; the log has it with status 0."""
        with faulty({"kind": "reset", "applied": applied, "count": 1}) as sandbox:
            with pytest.raises(ConnectionResetError):
                rename(sandbox)
            assert name(sandbox) == stored
            assert [(each.status, each.fault) for each in sandbox.requests] == [(0, "reset")]
            assert rename(sandbox, "Next").status == 200

    def test_a_truncated_body(self) -> None:
        """Of what it announces, half comes."""
        with faulty({"kind": "truncated"}) as sandbox:
            response = raw(sandbox)
            with pytest.raises(http.client.IncompleteRead) as caught:
                response.read()

        assert response.status == 200
        assert len(caught.value.partial) == int(response.headers["Content-Length"]) // 2 > 0

    def test_an_empty_body(self) -> None:
        """The write was applied; its answer says nothing."""
        with faulty({"kind": "empty"}) as sandbox:
            answer = rename(sandbox)

        assert (answer.status, answer.body) == (200, None)
        assert answer.headers["content-length"] == "0"
        assert name(sandbox) == "New"

    @pytest.mark.parametrize("status", [200, 502, 503])
    def test_a_proxys_page(self, status: int) -> None:
        """HTML where JSON is expected."""
        with faulty({"kind": "html", "status": status, "retry_after": 3}) as sandbox:
            response = raw(sandbox)

        assert response.status == status
        assert response.headers["Content-Type"] == "text/html"
        assert response.headers["Retry-After"] == "3"
        assert response.read().startswith(b"<!DOCTYPE html>")

    def test_a_slow_drip(self) -> None:
        """The body is whole, and takes its time in small pieces; others are not held up."""
        with faulty({"on": f"GET {CONTACTS}/*", "kind": "drip", "seconds": 0.4}) as sandbox:
            started = time.monotonic()
            response = raw(sandbox)
            headers_after = time.monotonic() - started
            assert rename(sandbox).status == 200
            others_after = time.monotonic() - started
            body = json.loads(response.read())
            body_after = time.monotonic() - started

        assert body["properties"]["email"] == "ada@example.com"
        assert headers_after < 0.3
        assert others_after < 0.4
        assert 0.38 <= body_after < 2

    def test_a_drip_leaves_the_connection_open(self) -> None:
        """However long the body is, its last piece ends it."""
        with faulty({"on": "GET *", "kind": "drip", "seconds": 0}) as sandbox:
            api, ada = Api(sandbox), next(iter(sandbox.portal.contacts.values()))
            names = ["x" * length for length in range(1, 41)]
            told = []
            for each in names:
                sandbox.portal.update(ada, {"firstname": each})
                told.append(api.get(f"{CONTACTS}/{ada.id}").body["properties"]["firstname"])

        assert told == names

    def test_latency(self) -> None:
        """Seconds, and dice for more; the answer is the right one, and rules that strike do so as well."""
        latency = {"kind": "latency", "seconds": 0.1, "spread": 0.1}
        with faulty(latency, {"kind": "status", "status": 503, "nth": 2}) as sandbox:
            took = []
            for status in (200, 503):
                started = time.monotonic()
                assert rename(sandbox).status == status
                took.append(time.monotonic() - started)

        assert all(0.1 <= each < 0.5 for each in took)


class TestAnswers:
    def test_no_results_of_a_batch(self) -> None:
        """200 with an empty list; nothing was written."""
        with faulty({"kind": "no_results"}) as sandbox:
            answer = rename(sandbox)

        assert (answer.status, answer.body["status"], answer.body["results"]) == (200, "COMPLETE", [])
        assert name(sandbox) == "Ada"

    def test_no_results_of_a_legacy_update(self) -> None:
        """204, which is all that v1 ever says; nothing was written."""
        with faulty({"kind": "no_results"}) as sandbox:
            answer = Api(sandbox).post(
                "/contacts/v1/contact/email/ada@example.com/profile",
                {"properties": [{"property": "firstname", "value": "New"}]},
            )

        assert answer.status == 204
        assert name(sandbox) == "Ada"

    def test_an_oauth_token_expires_in_the_middle(self) -> None:
        """401 from then on, whatever is called, until the app renews the token."""
        form = {"client_id": "id", "client_secret": "secret", "refresh_token": "refresh"}
        with faulty({"on": f"{CONTACTS}/*", "kind": "token_expiry", "nth": 2}) as sandbox:

            def renewed() -> Api:
                answer = Api(sandbox, "").form("/oauth/v1/token", grant_type="refresh_token", **form)
                return Api(sandbox, answer.body["access_token"])

            api = renewed()
            answers = [api.get(f"{CONTACTS}/1") for _ in range(3)]
            details = api.get("/account-info/v3/details")
            again = renewed().get(f"{CONTACTS}/1")

        assert [answer.status for answer in answers] == [404, 401, 401]
        assert answers[1].body["category"] == "EXPIRED_AUTHENTICATION"
        assert (details.status, again.status) == (401, 404)

    def test_a_private_apps_token_is_gone_for_good(self) -> None:
        """It does not expire, so that it is unknown from then on, until the reset."""
        with faulty({"kind": "token_expiry", "count": 1}) as sandbox:
            answers = [rename(sandbox) for _ in range(2)]
            sandbox.faults.switch("token_expiry", on=False)
            third = rename(sandbox)
            sandbox.reset()

        assert [answer.body["category"] for answer in (*answers, third)] == ["INVALID_AUTHENTICATION"] * 3
        assert sandbox.access.look_up(sandbox.token).scopes


class TestWhich:
    @pytest.mark.parametrize(
        ("on", "struck"),
        [
            ("*", ["PATCH", "batch", "v1"]),
            ("*/batch/*", ["batch"]),
            ("PATCH *", ["PATCH"]),
            ("patch /crm/*", ["PATCH"]),
            ("GET *", []),
            ("batches.update", ["batch"]),
            ("*.update", ["PATCH", "batch", "v1"]),
            ("contacts_v1.*", ["v1"]),
        ],
    )
    def test_a_pattern(self, on: str, struck: list[str]) -> None:
        """A path or an operation, after a method or alone."""
        with faulty({"on": on, "kind": "status"}) as sandbox:
            api = Api(sandbox)
            answers = {
                "PATCH": api.patch(f"{CONTACTS}/1", {"properties": {}}),
                "batch": rename(sandbox),
                "v1": api.post("/contacts/v1/contact/email/x@y.org/profile", {"properties": []}),
            }

        assert [kind for kind, answer in answers.items() if answer.status == 503] == struck

    @pytest.mark.parametrize(
        ("when", "struck"),
        [
            ({"nth": 3}, [3]),
            ({"nth": [1, 4]}, [1, 4]),
            ({"after": 3}, [4, 5]),
            ({"count": 2}, [1, 2]),
            ({"after": 1, "count": 2}, [2, 3]),
            ({"share": 0}, []),
            ({"enabled": False}, []),
            ({"count": 0}, []),
        ],
    )
    def test_which_calls(self, when: dict[str, Any], struck: list[int]) -> None:
        """The n-th ones, those after some, so many and no more."""
        with faulty({"kind": "status", **when}) as sandbox:
            statuses = [rename(sandbox).status for _ in range(5)]

        assert [place for place, status in enumerate(statuses, 1) if status == 503] == struck

    def test_dice_are_the_same_for_the_same_seed(self) -> None:
        """A share strikes about as many calls as it says, the same ones each time, and after a reset."""

        def statuses(sandbox: Sandbox) -> list[int]:
            return [rename(sandbox).status for _ in range(60)]

        rule = {"kind": "status", "share": 0.3}
        with faulty(rule, seed=7) as one, faulty(rule, seed=7) as same, faulty(rule, seed=8) as other:
            first, second, third = statuses(one), statuses(same), statuses(other)
            one.reset()
            again = statuses(one)

        assert first == second == again != third
        assert 8 <= first.count(503) <= 30

    def test_the_order_of_calls_at_once_does_not_matter(self) -> None:
        """Of calls from many threads, as many are struck as of calls one after another."""
        rule = {"on": "batches.update", "kind": "status", "share": 0.3}

        with faulty(rule, seed=3) as sandbox:
            alone = sum(rename(sandbox).status == 503 for _ in range(40))
            sandbox.reset()
            threads = [threading.Thread(target=rename, args=(sandbox,)) for _ in range(40)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            together = sum(each.fault == "status" for each in sandbox.requests)

        assert alone == together

    def test_the_first_rule_that_strikes_decides(self) -> None:
        """The others leave the call alone, and do not count it as theirs."""
        with faulty(
            {"name": "a", "kind": "status", "status": 502, "nth": 2},
            {"name": "b", "kind": "status", "status": 504, "count": 2},
        ) as sandbox:
            statuses = [rename(sandbox).status for _ in range(4)]
            counts = list(sandbox.faults.counts())

        assert statuses == [504, 502, 504, 200]
        assert [(each["name"], each["calls"], each["strikes"]) for each in counts] == [
            ("a", 4, 1),
            ("b", 4, 2),
        ]

    def test_what_is_refused_meets_no_fault(self) -> None:
        """A call without a token, or over the limit, or that is not emulated."""
        with faulty({"kind": "status", "status": 503}) as sandbox:
            statuses = [
                Api(sandbox, "wrong").get(f"{CONTACTS}/1").status,
                Api(sandbox).get("/nothing").status,
            ]

        assert statuses == [401, 501]

    def test_a_fault_is_a_call(self) -> None:
        """It takes part of the limits."""
        with faulty({"kind": "status"}) as sandbox:
            rename(sandbox)

        assert sandbox.limits.used_today == 1
        assert [each.calls for each in sandbox.requests] == [1]


class TestPlan:
    def test_a_file(self, tmp_path: Path) -> None:
        """A plan is one small file that a test can name."""
        file = tmp_path / "plan.json"
        file.write_text('{"rules": [{"kind": "status", "status": 521}]}', encoding="utf-8")

        with Sandbox(SEEDS, faults=file) as sandbox:
            assert rename(sandbox).status == 521

    @pytest.mark.parametrize(
        ("plan", "says"),
        [
            ([], "is an object"),
            ({"rule": []}, "has no 'rule'; it may have rules, seed"),
            ({"rules": {}}, "are a list"),
            ({"rules": [1]}, "Rule 1 is not an object"),
            ({"seed": "x"}, "whole number"),
            ({"rules": [{}]}, "the kind is one of latency, status"),
            ({"rules": [{"kind": "boom"}]}, "'boom'"),
            ({"rules": [{"kind": "empty", "statuss": 1}]}, "Rule 1, of kind empty, has no 'statuss'"),
            ({"rules": [{"kind": "reset", "seconds": 1}]}, "Rule 1, of kind reset, has no 'seconds'"),
            ({"rules": [{"kind": "status", "status": 204}]}, "from 400 to 599, not 204"),
            ({"rules": [{"kind": "status", "status": True}]}, "status is a whole number"),
            ({"rules": [{"kind": "status", "policy": "WEEKLY"}]}, "TEN_SECONDLY_ROLLING, DAILY"),
            ({"rules": [{"kind": "status", "body": "page"}]}, "body is one of hubspot, foreign, empty"),
            ({"rules": [{"kind": "reset", "applied": "yes"}]}, "applied is true or false"),
            ({"rules": [{"kind": "reset", "share": 1.5}]}, "share is a number from 0 to 1"),
            ({"rules": [{"kind": "reset", "nth": [0]}]}, "nth is a number from 1"),
            ({"rules": [{"kind": "reset", "on": ""}]}, "a path or an operation"),
            ({"rules": [{"kind": "reset", "on": "GET /a b"}]}, "a path or an operation"),
            ({"rules": [{"kind": "reset", "on": 1}]}, "on is a text"),
            ({"rules": [{"kind": "reset", "after": -1}]}, "after is a whole number from 0"),
            ({"rules": [{"kind": "reset", "count": 1.0}]}, "count is a whole number from 0"),
            ({"rules": [{"kind": "status", "status": 399}]}, "from 400 to 599, not 399"),
            ({"rules": [{"kind": "status", "status": 600}]}, "from 400 to 599, not 600"),
            ({"rules": [{"kind": "latency", "seconds": -1}]}, "seconds is a number from 0 to 86,400"),
            ({"rules": [{"kind": "latency", "seconds": float("nan")}]}, "seconds is a number"),
            ({"rules": [{"kind": "reset"}, {"kind": "reset"}]}, "Two rules are called 'reset'"),
        ],
    )
    def test_a_plan_that_is_none(self, plan: Any, says: str, tmp_path: Path) -> None:
        """The error names the file, the rule, and what would be right."""
        file = tmp_path / "plan.json"
        file.write_text(json.dumps(plan), encoding="utf-8")

        with pytest.raises(ValueError, match=f"plan.json: .*{says}"):
            Sandbox(faults=file)

    def test_a_file_that_is_no_json(self, tmp_path: Path) -> None:
        """The error names it."""
        (tmp_path / "plan.json").write_text("{", encoding="utf-8")

        with pytest.raises(ValueError, match=r"plan\.json is not JSON"):
            Sandbox(faults=tmp_path / "plan.json")
