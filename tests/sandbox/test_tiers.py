# SPDX-License-Identifier: Apache-2.0
"""What each tier of an account, and each kind of app, may call."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from airflow_provider_hubcontact.sandbox import OAuthClient, RateLimit, Sandbox, Switches
from airflow_provider_hubcontact.sandbox.access.auth_errors import SearchLimited
from airflow_provider_hubcontact.sandbox.access.limits import Allowance, Limits
from airflow_provider_hubcontact.sandbox.http.routing import Reply, Route, Router
from tests.sandbox.calling import CONTACTS, Answer, Api, Clock

OAUTH = OAuthClient("id", "secret", "refresh")
DAILY = {"x-hubspot-ratelimit-daily", "x-hubspot-ratelimit-daily-remaining"}


def read(api: Api) -> Answer:
    return api.get(f"{CONTACTS}/1")


def oauth_api(sandbox: Sandbox) -> Api:
    answer = Api(sandbox, "").form(
        "/oauth/v1/token",
        grant_type="refresh_token",
        client_id="id",
        client_secret="secret",
        refresh_token="refresh",
    )
    return Api(sandbox, answer.body["access_token"])


def test_calls_of_imports_can_be_free() -> None:
    """Calls of the imports API count as others do, unless the switch ``import_calls=free`` is set."""
    for switches, left in ((Switches(), "9"), (Switches(import_calls="free"), "10")):
        with Sandbox(rate_limit=RateLimit(10), switches=switches) as sandbox:
            headers = Api(sandbox).get("/crm/v3/imports").headers

        assert headers["x-hubspot-ratelimit-remaining"] == left


class TestTier:
    @pytest.mark.parametrize(
        ("tier", "window", "day"),
        [
            ("free", "100", "250000"),
            ("pro", "190", "625000"),
            ("enterprise", "190", "1000000"),
            ("oauth", "110", None),
        ],
    )
    def test_a_tier_has_its_limits(self, tier: str, window: str, day: str | None) -> None:
        """The headers tell the calls in ten seconds and a day that HubSpot documents."""
        with Sandbox(tier=tier) as sandbox:
            headers = read(Api(sandbox)).headers

        assert headers["x-hubspot-ratelimit-max"] == window
        assert headers["x-hubspot-ratelimit-interval-milliseconds"] == "10000"
        assert headers.get("x-hubspot-ratelimit-daily") == day

    def test_numbers_come_before_the_tier(self) -> None:
        """A limit that is given is taken instead of the tier's, and the other is still the tier's."""
        with Sandbox(tier="free", rate_limit=RateLimit(7)) as sandbox:
            headers = read(Api(sandbox)).headers

        assert headers["x-hubspot-ratelimit-max"] == "7"
        assert headers["x-hubspot-ratelimit-daily"] == "250000"

    def test_a_tier_that_is_none(self) -> None:
        """An unknown tier is refused with those that exist."""
        with pytest.raises(ValueError, match="'gold'; there are free, pro, enterprise, oauth"):
            Sandbox(tier="gold")


class TestApps:
    def test_an_oauth_app_has_110_calls_and_no_day(self) -> None:
        """Whatever the account's tier; nothing of the day is said, and nothing of the day is used."""
        with Sandbox(tier="enterprise", oauth_clients=[OAUTH], daily_limit=1) as sandbox:
            answers = [read(oauth_api(sandbox)) for _ in range(3)]
            private = read(Api(sandbox))

        assert [answer.status for answer in answers] == [404, 404, 404]
        assert answers[-1].headers["x-hubspot-ratelimit-max"] == "110"
        assert not DAILY & answers[-1].headers.keys()
        assert private.headers["x-hubspot-ratelimit-daily-remaining"] == "0"

    def test_apps_share_the_day_but_not_the_window(self) -> None:
        """Each private app has ten seconds of its own; the account's day is for all of them."""
        with Sandbox(more_tokens=["b"], rate_limit=RateLimit(2), daily_limit=3, clock=Clock()) as sandbox:
            first, second = Api(sandbox), Api(sandbox, "b")
            answers = [read(api) for api in (first, first, first, second, second)]

        assert [answer.status for answer in answers] == [404, 404, 429, 404, 429]
        assert [answers[2].body["policyName"], answers[4].body["policyName"]] == [
            "TEN_SECONDLY_ROLLING",
            "DAILY",
        ]
        assert answers[4].headers["x-hubspot-ratelimit-remaining"] == "1"

    def test_the_day_turns_in_the_headers_too(self) -> None:
        """After midnight even a call that needs no token hears of the new day."""
        clock = Clock(datetime(2026, 11, 24, 4, 59, tzinfo=UTC).timestamp())
        with Sandbox(daily_limit=3, clock=clock) as sandbox:
            read(Api(sandbox))
            clock.now += 60
            answer = Api(sandbox, "").form("/oauth/v1/token")

        assert answer.headers["x-hubspot-ratelimit-daily-remaining"] == "3"


class TestSearch:
    def test_searches_have_five_calls_a_second(self) -> None:
        """They are the account's, and leave the ten seconds alone."""
        clock = Clock()
        limits = Limits(Allowance(RateLimit(1)), clock=clock)
        for _ in range(5):
            limits.admit_search(oauth=False)
        with pytest.raises(SearchLimited):
            limits.admit_search(oauth=True)
        limits.admit(1, oauth=False)
        clock.now += 1
        limits.admit_search(oauth=False)

        assert limits.used_today == 7

    def test_a_search_is_a_call_of_the_day(self) -> None:
        """It is refused as others are when the day is used up."""
        with Sandbox(daily_limit=1, clock=Clock()) as sandbox:
            answers = [Api(sandbox).post(f"{CONTACTS}/search", {}) for _ in range(2)]

        assert [answer.status for answer in answers] == [200, 429]
        assert answers[1].body["policyName"] == "DAILY"

    def test_an_answer_to_a_search_says_nothing_of_limits(self) -> None:
        """No header of it, on a refusal neither."""
        route = Route("POST", "/crm/test/search", lambda _: Reply(200, {}), search=True)
        with Sandbox(clock=Clock()) as sandbox:
            sandbox.application.router = Router([route])
            answers = [Api(sandbox).post("/crm/test/search", {}) for _ in range(6)]

        assert [answer.status for answer in answers] == [200] * 5 + [429]
        assert answers[-1].message == "You have reached your secondly limit."
        assert not [name for answer in answers for name in answer.headers if "ratelimit" in name]
