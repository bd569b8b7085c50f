# SPDX-License-Identifier: Apache-2.0
"""How many calls a portal takes, and what its answers say of it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from airflow_provider_hubcontact.sandbox import RateLimit, Sandbox
from airflow_provider_hubcontact.sandbox.access.limits import UNLIMITED, Limits
from tests.sandbox.calling import CONTACTS, Answer, Api, Clock

MIDNIGHT = datetime(2026, 11, 24, 5, 0, tzinfo=UTC).timestamp()
"""The end of 23 November 2026 in New York."""


def create(api: Api, number: int) -> Answer:
    """Make a call that can be seen to be applied."""
    return api.post(CONTACTS, {"properties": {"email": f"c{number}@example.com"}})


class TestWindow:
    def test_a_full_window_is_a_429(self) -> None:
        """So many calls in ten seconds pass; the next is refused and not applied."""
        with Sandbox(rate_limit=RateLimit(3), clock=Clock()) as sandbox:
            answers = [create(Api(sandbox), number) for number in range(4)]

        assert [answer.status for answer in answers] == [201, 201, 201, 429]
        assert sandbox.portal.contact("c3@example.com") is None
        assert answers[-1].body == {
            "status": "error",
            "message": "You have reached your ten_secondly_rolling limit.",
            "errorType": "RATE_LIMIT",
            "policyName": "TEN_SECONDLY_ROLLING",
            "correlationId": answers[-1].headers["x-hubspot-correlation-id"],
        }

    def test_the_window_rolls(self) -> None:
        """A call makes room ten seconds after it, not at a full minute; refused calls take no room."""
        clock = Clock()
        with Sandbox(rate_limit=RateLimit(2), clock=clock) as sandbox:
            api = Api(sandbox)
            statuses: list[int] = []
            for step in (0, 6, 1, 1, 2, 0, 6):
                clock.now += step
                statuses.append(create(api, len(statuses)).status)

        assert statuses == [201, 201, 429, 429, 201, 429, 201]

    def test_every_answer_tells_what_is_left(self) -> None:
        """The headers count down, on errors as well."""
        with Sandbox(rate_limit=RateLimit(20), daily_limit=50, clock=Clock()) as sandbox:
            api = Api(sandbox)
            answers = [api.get(f"{CONTACTS}/1") for _ in range(2)]
            unknown = Api(sandbox, "wrong").get(f"{CONTACTS}/1")

        assert answers[1].status == 404
        assert {name: value for name, value in answers[1].headers.items() if "ratelimit" in name} == {
            "x-hubspot-ratelimit-interval-milliseconds": "10000",
            "x-hubspot-ratelimit-max": "20",
            "x-hubspot-ratelimit-remaining": "18",
            "x-hubspot-ratelimit-secondly": "2",
            "x-hubspot-ratelimit-secondly-remaining": "2",
            "x-hubspot-ratelimit-daily": "50",
            "x-hubspot-ratelimit-daily-remaining": "48",
        }
        assert unknown.status == 401
        assert unknown.headers["x-hubspot-ratelimit-max"] == "20"

    def test_without_a_limit_clients_are_told_so(self, api: Api) -> None:
        """By default Python's sandbox refuses nothing, and announces a limit that slows nobody."""
        assert int(api.get(f"{CONTACTS}/1").headers["x-hubspot-ratelimit-max"]) == 1_000_000

    def test_reset_empties_the_window(self) -> None:
        """A test starts with all its calls."""
        with Sandbox(rate_limit=RateLimit(1), clock=Clock()) as sandbox:
            assert [create(Api(sandbox), number).status for number in (1, 2)] == [201, 429]
            sandbox.reset()
            assert create(Api(sandbox), 3).status == 201


class TestDay:
    def test_a_day_ends_at_the_portals_midnight(self) -> None:
        """The quota is refused with its own body, and is back at midnight in the portal's zone."""
        clock = Clock(MIDNIGHT - 3_600)
        with Sandbox(daily_limit=2, clock=clock) as sandbox:
            api = Api(sandbox)
            answers = [create(api, number) for number in range(3)]
            clock.now = MIDNIGHT - 1
            before = create(api, 4)
            clock.now = MIDNIGHT
            after = create(api, 5)

        assert [answer.status for answer in answers] == [201, 201, 429]
        assert answers[2].message == "You have reached your daily limit."
        assert answers[2].body["policyName"] == "DAILY"
        assert answers[2].body["errorType"] == "RATE_LIMIT"
        assert answers[2].headers["x-hubspot-ratelimit-daily-remaining"] == "0"
        assert (before.status, after.status) == (429, 201)

    def test_midnight_is_the_next_one(self) -> None:
        """Also if nobody has called or asked since the last one."""
        clock = Clock(MIDNIGHT - 3_600)
        limits = Limits(clock=clock)
        first = limits.resets_at
        clock.now = MIDNIGHT

        assert (first, limits.resets_at) == (MIDNIGHT, MIDNIGHT + 86_400)


class TestWritten:
    @pytest.mark.parametrize(
        ("written", "limit"),
        [
            ("190/10s", RateLimit(190)),
            ("5/1s", RateLimit(5, 1.0)),
            ("5/0.5s", RateLimit(5, 0.5)),
            ("off", UNLIMITED),
        ],
    )
    def test_a_limit_is_read(self, written: str, limit: RateLimit) -> None:
        """Calls, a slash, seconds; or off."""
        assert RateLimit.parse(written) == limit

    @pytest.mark.parametrize("written", ["", "190", "190/10", "0/10s", "1/0s", "-1/10s", "a/bs", "190/10s "])
    def test_a_limit_that_is_none(self, written: str) -> None:
        """Anything else is refused with the form to use."""
        with pytest.raises(ValueError, match="190/10s, or off"):
            RateLimit.parse(written)

    def test_a_time_zone_that_is_none(self) -> None:
        """A zone that the machine does not know is named."""
        with pytest.raises(ValueError, match="'Moon/Base'"):
            Sandbox(time_zone="Moon/Base")
