# SPDX-License-Identifier: Apache-2.0
"""One clock, which tests move forward: limits, tokens, batches, imports, the search and dates follow it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from airflow_provider_hubcontact.sandbox import OAuthClient, RateLimit, Sandbox
from airflow_provider_hubcontact.sandbox.imports.runs import ImportPace
from tests.sandbox.calling import CONTACTS, Api, Clock
from tests.sandbox.test_imports import ROOT, start

APP = OAuthClient("id", "secret", "refresh")
NOON = "2026-11-23T12:00:00Z"
CLOCK = "/sandbox/clock"


@pytest.fixture
def hubspot() -> Iterator[Sandbox]:
    """A sandbox at 12 o'clock, the time of :class:`Clock`, where everything takes a while."""
    with Sandbox(
        [{"email": "ada@example.com", "city": "London"}],
        clock=Clock(),
        rate_limit=RateLimit(3),
        daily_limit=4,
        oauth_clients=[APP],
        import_pace=ImportPace(60),
        v1_batch_delay=60,
        search_lag=60,
    ) as sandbox:
        yield sandbox


def read(api: Api) -> int:
    return api.get(f"{CONTACTS}/ada@example.com?idProperty=email").status


class TestWhatFollows:
    def test_the_limits(self, api: Api) -> None:
        """The window is free after ten seconds, the day after midnight."""
        statuses = [read(api) for _ in range(4)]
        api.sandbox.advance(10)
        statuses += [read(api) for _ in range(2)]
        api.sandbox.advance(86_400)
        statuses += [read(api)]

        assert statuses == [200, 200, 200, 429, 200, 429, 200]

    def test_tokens(self, api: Api) -> None:
        """An access token expires after thirty minutes."""
        fields = {"grant_type": "refresh_token", "client_id": "id", "client_secret": "secret"}
        token = api.form("/oauth/v1/token", **fields, refresh_token="refresh").body["access_token"]
        app = Api(api.sandbox, token)
        statuses = [read(app)]
        api.sandbox.advance(1_801)

        assert [*statuses, read(app)] == [200, 401]

    def test_batches_of_v1(self, api: Api) -> None:
        """What is due by then is written at once."""
        entry = {"email": "new@example.com", "properties": [{"property": "city", "value": "Rome"}]}
        assert api.post("/contacts/v1/contact/batch", [entry]).status == 202
        api.sandbox.advance(59)
        assert api.sandbox.portal.contact("new@example.com") is None
        api.sandbox.advance(1)
        assert api.stored("new@example.com", "city") == "Rome"

    def test_imports(self, api: Api) -> None:
        """An import begins when it is time, and ends."""
        started = start(api, "Mail,Name\nnew@example.com,New\n")
        api.sandbox.advance(61)

        assert api.get(f"{ROOT}/{started.body['id']}").body["state"] == "DONE"
        assert api.stored("new@example.com", "firstname") == "New"

    def test_the_search(self, api: Api) -> None:
        """The index has what was written a minute ago."""
        body = {
            "filterGroups": [{"filters": [{"propertyName": "city", "operator": "EQ", "value": "London"}]}]
        }
        totals = [api.post(f"{CONTACTS}/search", body).body["total"]]
        api.sandbox.advance(61)

        assert [*totals, api.post(f"{CONTACTS}/search", body).body["total"]] == [0, 1]

    def test_faults(self, api: Api) -> None:
        """A migration is over when its time has passed."""
        api.sandbox.use_faults({"rules": [{"kind": "migration", "seconds": 3_600}]})
        statuses = [read(api)]
        api.sandbox.advance(3_600)

        assert [*statuses, read(api)] == [477, 200]

    def test_dates(self, api: Api) -> None:
        """What is written then has the date of then."""
        api.sandbox.advance(86_400)
        path = f"{CONTACTS}/ada@example.com?idProperty=email"

        changed = api.patch(path, {"properties": {"city": "Paris"}}).body["updatedAt"]
        assert changed.startswith("2026-11-24T12:00")

    def test_reset(self, api: Api) -> None:
        """It is the machine's time again, and the contacts of the start are of that time."""
        api.sandbox.advance(86_400)
        api.sandbox.reset()

        assert api.get(f"{CONTACTS}/ada@example.com?idProperty=email").body["createdAt"].startswith(NOON[:16])
        assert api.sandbox.clock.ahead == 0


class TestCalls:
    def test_it_is_shown_and_moved(self, hubspot: Sandbox) -> None:
        """By seconds, or to a time in any zone; it costs no call."""
        admin = Api(hubspot, "")
        answers = [
            admin.get(CLOCK).body,
            admin.call("PUT", CLOCK, {"advanceSeconds": 1.5}).body,
            admin.call("PUT", CLOCK, {"now": "2026-11-24T13:00:00+01:00"}).body,
        ]

        assert answers == [
            {"now": NOON, "aheadSeconds": 0.0},
            {"now": "2026-11-23T12:00:01.500Z", "aheadSeconds": 1.5},
            {"now": "2026-11-24T12:00:00Z", "aheadSeconds": 86_400.0},
        ]
        assert hubspot.limits.used_today == 0

    @pytest.mark.parametrize(
        ("body", "says"),
        [
            ({}, "advanceSeconds"),
            ({"advanceSeconds": 1, "now": NOON}, "advanceSeconds"),
            ({"advanceSeconds": "1"}, "advanceSeconds"),
            ({"advanceSeconds": True}, "advanceSeconds"),
            ({"advanceSeconds": -1}, "forward only"),
            ({"advanceSeconds": 1e18}, "forward only"),
            ({"now": "2026-11-23T11:59:59Z"}, "forward only"),
            ({"now": "2026-11-24"}, "advanceSeconds"),
            ({"now": "soon"}, "advanceSeconds"),
            ({"now": "9999-12-31T23:59:59Z"}, "forward only"),
            ([], "LinkedHashMap"),
        ],
    )
    def test_where_it_cannot_go(self, hubspot: Sandbox, body: Any, says: str) -> None:
        """A refusal with the reason, and it stays."""
        answer = Api(hubspot, "").call("PUT", CLOCK, body)

        assert answer.status == 400
        assert says in answer.message
        assert hubspot.clock.ahead == 0

    def test_python_is_told_as_well(self) -> None:
        """Also before the start."""
        sandbox = Sandbox()
        with pytest.raises(ValueError, match="forward only"):
            sandbox.advance(-1)
        sandbox.advance(5)
        assert sandbox.clock.ahead == 5
