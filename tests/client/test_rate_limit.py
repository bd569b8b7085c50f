"""When a call may go, on a clock that only sleeping moves."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from airflow_provider_hubcontact.client.errors import ConfigurationError
from airflow_provider_hubcontact.client.rate_limit import MARGIN, RateLimit
from tests.client.scripted import Clock


def limited(calls: int | None = None, reserve: float = 0.0) -> tuple[RateLimit, Clock]:
    clock = Clock()
    return RateLimit(calls, reserve=reserve, clock=clock, sleep=clock.sleep), clock


def most_in_a_window(times: list[float]) -> int:
    return max(sum(1 for other in times if time <= other < time + 10) for time in times)


def test_no_window_holds_more_than_the_limit() -> None:
    """Over any ten seconds no more calls go than are allowed, and no fewer than can."""
    limit, clock = limited(7)

    times = []
    for _ in range(40):
        limit.acquire()
        times.append(clock.now)
        clock.now += 0.3

    assert most_in_a_window(times) == 7


@pytest.mark.parametrize(("reserve", "calls"), [(0.0, 10), (0.25, 7), (0.99, 1)])
def test_the_reserve_is_left_alone(reserve: float, calls: int) -> None:
    """A share of the limit is other apps'; at least one call stays ours."""
    limit, clock = limited(10, reserve)

    for _ in range(calls):
        limit.acquire()
    assert clock.now == 0
    limit.acquire()

    assert clock.now == 10 + MARGIN


def test_calls_that_arrive_late_and_early_stay_below_the_limit() -> None:
    """A call may be a moment longer on its way than the one that takes its place."""
    limit, clock = limited(5)

    arrived = []
    for number in range(40):
        limit.acquire()
        arrived.append(clock.now + (0.24 if number < 5 else 0.01))

    assert most_in_a_window(arrived) == 5


def test_the_limit_is_learned() -> None:
    """The portal's limits come from its headers."""
    limit, _ = limited()

    limit.learn(
        {
            "X-HubSpot-RateLimit-Max": "190",
            "X-HubSpot-RateLimit-Remaining": "180",
            "X-HubSpot-RateLimit-Interval-Milliseconds": "5000",
            "X-HubSpot-RateLimit-Daily": "625000",
            "X-HubSpot-RateLimit-Daily-Remaining": "0",
        }
    )

    assert (limit.limit, limit.seconds) == (190, 5.0)
    assert (limit.daily_limit, limit.daily_remaining) == (625_000, 0)


def test_a_limit_that_is_set_is_not_learned() -> None:
    """What the user sets outranks what HubSpot says."""
    limit, _ = limited(50)

    limit.learn({"X-HubSpot-RateLimit-Max": "190", "X-HubSpot-RateLimit-Interval-Milliseconds": "1"})

    assert (limit.limit, limit.seconds) == (50, 10.0)


def test_a_window_of_hours_is_not_believed() -> None:
    """A header cannot hold calls back for longer than a minute."""
    limit, _ = limited()

    limit.learn({"X-HubSpot-RateLimit-Interval-Milliseconds": "86400000"})

    assert limit.seconds == 60.0


@pytest.mark.parametrize("value", ["", "many", "-1", "1.5", "٣", "9" * 50])
def test_headers_that_are_no_numbers(value: str) -> None:
    """A malformed header changes nothing."""
    limit, clock = limited()

    limit.learn({"X-HubSpot-RateLimit-Max": value, "X-HubSpot-RateLimit-Remaining": value})
    limit.acquire()

    assert (limit.limit, clock.now) == (100, 0)


def test_others_calls_count() -> None:
    """A window that other apps have filled holds our next call back."""
    limit, clock = limited(100)

    limit.learn({"X-HubSpot-RateLimit-Remaining": "0"})
    limit.acquire()

    assert clock.now == pytest.approx(0.1)


def test_our_own_calls_are_not_counted_twice() -> None:
    """A window that our own calls have filled is waited for by count, not call by call."""
    limit, clock = limited(2, 0.0)

    for _ in range(2):
        limit.acquire()
    clock.now = 9.9
    limit.learn({"X-HubSpot-RateLimit-Remaining": "0"})
    limit.acquire()

    assert clock.now == pytest.approx(10 + MARGIN)


def test_a_pause_is_everyones() -> None:
    """After a refusal no call goes before the pause is over."""
    limit, clock = limited(100)

    limit.pause(10)
    limit.acquire()

    assert clock.now == 10


def test_threads_share_the_window() -> None:
    """Calls of many threads are counted together."""
    clock = Clock()
    limit = RateLimit(50, clock=clock, sleep=clock.sleep)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: limit.acquire(), range(50)))

    assert clock.now == 0
    limit.acquire()
    assert clock.now == 10 + MARGIN


def test_who_comes_first_goes_first() -> None:
    """One waits for the window and the others for their turn, so that a newcomer does not overtake."""
    asleep, wake = list[float](), Event()

    def sleep(seconds: float) -> None:
        asleep.append(seconds)
        wake.wait(5)
        clock.now += seconds

    clock = Clock()
    limit = RateLimit(1, clock=clock, sleep=sleep)
    limit.acquire()
    with ThreadPoolExecutor(5) as threads:
        for _ in range(5):
            threads.submit(limit.acquire)
        time.sleep(0.1)
        waiting = len(asleep)
        wake.set()

    assert waiting == 1
    assert clock.now == 5 * (10 + MARGIN)


@pytest.mark.parametrize(("calls", "reserve"), [(0, 0.0), (-5, 0.0), (10, 1.0), (10, -0.1)])
def test_limits_that_cannot_be(calls: int, reserve: float) -> None:
    """A limit below one call, or a reserve of everything, is refused."""
    with pytest.raises(ConfigurationError):
        RateLimit(calls, reserve=reserve)
