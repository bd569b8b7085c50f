# SPDX-License-Identifier: Apache-2.0
"""When a call may go, on a clock that only sleeping moves."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from airflow_provider_hubcontact.client.errors import Cancelled, ConfigurationError, DailyLimitReached
from airflow_provider_hubcontact.client.limits.quota import LocalSlots, Quota, Slot
from airflow_provider_hubcontact.client.limits.rate_limit import MARGIN, NOISE, UNKNOWN_DAY, RateLimit
from tests.fake_clock import FakeClock


def limited(calls: int | None = None, reserve: float = 0.0) -> tuple[RateLimit, FakeClock]:
    clock = FakeClock()
    return RateLimit(calls, reserve=reserve, clock=clock), clock


class Crowd(LocalSlots):
    """Slots that so many workers share."""

    def __init__(self, clock: FakeClock, workers: int) -> None:
        super().__init__(clock)
        self.workers = workers

    def take(self, window: Quota, /) -> Slot:
        return super().take(window)._replace(workers=self.workers)


def headers(**values: object) -> dict[str, str]:
    """Write rate limit headers; underscores stand for dashes."""
    return {f"X-HubSpot-RateLimit-{name.replace('_', '-')}": str(value) for name, value in values.items()}


def answered(limit: RateLimit, **values: object) -> None:
    """Make a call whose answer has these headers."""
    slot = limit.acquire()
    limit.done(slot)
    limit.learn(headers(**values), slot, 0.1)


def most_in_a_window(times: list[float]) -> int:
    return max(sum(1 for other in times if time <= other < time + 10) for time in times)


def test_no_window_holds_more_than_the_limit() -> None:
    """Over any ten seconds no more calls go than are allowed, and no fewer than can."""
    limit, clock = limited(7)

    times = []
    for _ in range(40):
        limit.acquire()
        times.append(clock.seconds)
        clock.seconds += 0.3

    assert most_in_a_window(times) == 7


@pytest.mark.parametrize(("reserve", "calls"), [(0.0, 10), (0.25, 7), (0.99, 1)])
def test_the_reserve_is_left_alone(reserve: float, calls: int) -> None:
    """A share of the limit is other apps'; at least one call stays ours."""
    limit, clock = limited(10, reserve)

    for _ in range(calls):
        limit.acquire()
    assert clock.seconds < 10
    limit.acquire()

    assert clock.seconds == 10 + MARGIN


def test_calls_that_arrive_late_and_early_stay_below_the_limit() -> None:
    """A call may be a moment longer on its way than the one that takes its place."""
    limit, clock = limited(5)

    arrived = []
    for number in range(40):
        limit.acquire()
        arrived.append(clock.seconds + (MARGIN - 0.01 if number < 5 else 0.0))

    assert most_in_a_window(arrived) == 5


def test_the_limit_is_learned() -> None:
    """The portal's limits come from its headers."""
    limit, _ = limited()

    answered(limit, Max=190, Remaining=189, Interval_Milliseconds=5_000, Daily=625_000, Daily_Remaining=7)

    assert (limit.limit, limit.seconds) == (190, 5.0)
    assert (limit.daily_limit, limit.daily_remaining) == (625_000, 7)


def test_a_limit_that_is_set_is_not_learned() -> None:
    """What the user sets outranks what HubSpot says."""
    limit, _ = limited(50)

    answered(limit, Max=190, Interval_Milliseconds=1)

    assert (limit.limit, limit.seconds) == (50, 10.0)


def test_a_window_of_hours_is_not_believed() -> None:
    """A header cannot hold calls back for longer than a minute."""
    limit, _ = limited()

    answered(limit, Interval_Milliseconds=86_400_000)

    assert limit.seconds == 60.0


@pytest.mark.parametrize("value", ["", "many", "-1", "1.5", "٣", "9" * 12, "9" * 50])
def test_headers_that_are_no_numbers(value: str) -> None:
    """A malformed header changes nothing."""
    limit, clock = limited()

    answered(limit, Max=value, Remaining=value, Daily_Remaining=value)
    limit.acquire()

    assert (limit.limit, limit.daily_remaining, clock.seconds) == (100, None, 0)


def test_other_apps_calls_count() -> None:
    """What others use of the window is left to them, as soon as some answers have told of it."""
    limit, clock = limited(100)
    times = []

    for _ in range(400):
        slot = limit.acquire()
        times.append(clock.seconds)
        clock.seconds += 0.05
        limit.learn(headers(Max=100, Remaining=max(0, 60 - slot.used)), slot, 0.05)

    assert most_in_a_window(times[200:]) <= 60 + NOISE


def test_nobody_elses_calls_are_left_alone() -> None:
    """A window that our own calls have filled is ours."""
    limit, clock = limited(100)
    times = []

    for _ in range(400):
        slot = limit.acquire()
        times.append(clock.seconds)
        limit.learn(headers(Max=100, Remaining=100 - slot.used), slot, 0.05)

    assert most_in_a_window(times) == 100
    assert times[-1] - times[-100] < 10 + MARGIN


@pytest.mark.parametrize(
    ("used", "calls"),
    [([NOISE], 100), ([NOISE + 1], 98), ([40] * 30, 60), ([40] * 30 + [0] * 30, 99)],
    ids=["as much as counts differ", "more", "others call", "others stop"],
)
def test_others_calls_are_estimated(used: list[int], calls: int) -> None:
    """A few calls may be a difference of counts; the estimate falls when others call less."""
    limit, clock = limited(100)

    for theirs in used:
        slot = limit.acquire()
        clock.seconds += 10 + MARGIN
        limit.learn(headers(Max=100, Remaining=100 - slot.used - theirs), slot, 0.1)

    assert _calls_in_a_window(limit, clock) == calls


def _calls_in_a_window(limit: RateLimit, clock: FakeClock) -> int:
    """Call until a window is full."""
    clock.seconds += 100
    times = [clock.seconds]
    while times[-1] < times[0] + 10:
        limit.acquire()
        times.append(clock.seconds)
    return len(times) - 2


def shared_with_others() -> tuple[RateLimit, FakeClock, int]:
    """Return a limit that knows how much others use of it, some time later, and what it leaves for us."""
    limit, clock = limited(100)
    for _ in range(30):
        answered(limit, Max=100, Remaining=40)
        clock.seconds += 10 + MARGIN
    known = _calls_in_a_window(limit, clock)
    clock.seconds += 100
    return limit, clock, known


def test_a_full_window_may_hide_others_calls() -> None:
    """Where HubSpot says that nothing is left, others may use more than that shows, but not less."""
    limit, clock, known = shared_with_others()
    slots = [limit.acquire() for _ in range(known)]
    for _ in range(30):
        limit.learn(headers(Max=100, Remaining=0), slots[-1], 0.1)
    clock.seconds += 100
    answered(limit, Max=100, Remaining=0)

    assert _calls_in_a_window(limit, clock) < known


@pytest.mark.parametrize(("left", "calls"), [(0, 41), (1, 51)])
def test_the_estimate_falls_unless_the_window_is_full(left: int, calls: int) -> None:
    """With one call left, nobody is hidden."""
    limit, clock, known = shared_with_others()
    slots = [limit.acquire() for _ in range(known)]
    for _ in range(30):
        limit.learn(headers(Max=90, Remaining=left), slots[-1], 0.1)

    assert (known, _calls_in_a_window(limit, clock)) == (41, calls)


def test_an_answer_that_tells_no_rest_asks_no_store() -> None:
    """A store is asked how much is used only where that is compared."""

    class Silent(LocalSlots):
        def used(self, window: Quota, /) -> int:
            raise AssertionError

    clock = FakeClock()
    limit = RateLimit(slots=Silent(clock), clock=clock)

    answered(limit, Max=190)

    assert limit.limit == 190


def test_our_own_calls_are_nobody_elses() -> None:
    """An answer may count calls of ours that went after its own."""
    limit, clock = limited(100)
    first, *_ = [limit.acquire() for _ in range(60)]

    limit.learn(headers(Max=100, Remaining=40), first, 0.5)
    clock.seconds = 30.0
    for _ in range(100):
        limit.acquire()

    assert clock.seconds < 40


def test_a_429_holds_everyone_back() -> None:
    """A second at first, twice as long for each that follows, ten at most; an answer ends the series."""
    limit, clock = limited(100)
    waited = []

    for _ in range(6):
        limit.refused(None)
        began = clock.seconds
        limit.acquire()
        waited.append(clock.seconds - began)
    answered(limit)
    limit.refused(None)
    began = clock.seconds
    limit.acquire()

    assert waited == [1, 2, 4, 8, 10, 10]
    assert clock.seconds - began == 1


def test_a_429_may_say_how_long() -> None:
    """``Retry-After`` is believed."""
    limit, clock = limited(100)

    limit.refused(7)
    limit.acquire()

    assert clock.seconds == 7


def test_those_who_have_a_slot_wait_for_a_pause_too() -> None:
    """A pause that begins while a call waits for its slot holds it back."""

    class Refusing(FakeClock):
        def sleep(self, seconds: float, /) -> None:
            if not self.slept:
                limit.refused(30)
            super().sleep(seconds)

    clock = Refusing()
    limit = RateLimit(1, clock=clock)
    limit.acquire()
    limit.acquire()

    assert clock.seconds >= 30


class TestDay:
    def test_no_call_is_made_when_it_is_used_up(self) -> None:
        """The calls that HubSpot says are left are made, and not one more, whoever is under way."""
        limit, _ = limited(100)
        answered(limit, Daily=1_000, Daily_Remaining=3)

        for _ in range(3):
            limit.acquire()
        with pytest.raises(DailyLimitReached, match="is used up; HubSpot accepts no more calls") as raised:
            limit.acquire()
        with pytest.raises(DailyLimitReached):
            limit.acquire()
        assert raised.value.status == 429

    def test_calls_that_may_arrive_later_count(self) -> None:
        """An answer may have overtaken calls that went before it."""
        limit, _ = limited(100)
        slots = [limit.acquire() for _ in range(5)]
        limit.done(slots[4])

        limit.learn(headers(Daily=1_000, Daily_Remaining=6), slots[4], 0.1)

        for _ in range(2):
            limit.acquire()
        with pytest.raises(DailyLimitReached):
            limit.acquire()

    @pytest.mark.parametrize("seed", range(200))
    def test_answers_overtake_each_other(self, seed: int) -> None:
        """However HubSpot counts them: no call is refused, and few of a day are left, twice those at once."""
        draw = Random(seed)
        limit, clock = limited(100)
        left, spent = 40, False
        on_their_way: list[Slot] = []
        answers: list[tuple[int, Slot]] = []
        answered(limit, Daily=1_000, Daily_Remaining=left)
        while not spent or on_their_way or answers:
            step = draw.choice([1, *([2] if on_their_way else []), *([3] if answers else [])])
            clock.seconds += 0.2
            if step == 1 and len(on_their_way) + len(answers) < 6 and not spent:
                try:
                    on_their_way.append(limit.acquire())
                except DailyLimitReached:
                    spent = True
            elif step == 2:
                left -= 1
                answers.append((left, on_their_way.pop(draw.randrange(len(on_their_way)))))
            elif step == 3:
                said, slot = answers.pop(draw.randrange(len(answers)))
                limit.learn(headers(Daily=1_000, Daily_Remaining=said), slot, 0.1)
                limit.done(slot)
        assert 0 <= left <= 12

    def test_a_new_day(self) -> None:
        """More calls are left after midnight, as soon as a call that went then is answered."""
        limit, _ = limited(100)
        late = limit.acquire()
        answered(limit, Daily=1_000, Daily_Remaining=2)

        limit.learn(headers(Daily=1_000, Daily_Remaining=3), late, 0.1)
        limit.done(late)
        assert limit.daily_remaining == 1
        answered(limit, Daily=1_000, Daily_Remaining=999)

        assert limit.daily_remaining == 999

    def test_the_reserve_is_kept(self) -> None:
        """A share of the day is other apps', too."""
        limit, _ = limited(100, reserve=0.1)
        answered(limit, Daily=1_000, Daily_Remaining=101)

        limit.acquire()
        with pytest.raises(DailyLimitReached, match="except for the reserve of 10%") as raised:
            limit.acquire()

        # The client's own words quote no value of a record, so that logs may show them.
        assert raised.value.refusal.why == raised.value.refusal.message

    def test_a_reserve_of_a_day_that_is_not_known(self) -> None:
        """What is left is used, until HubSpot says of how many calls the reserve is a share."""
        limit, _ = limited(100, reserve=0.1)
        answered(limit, Daily_Remaining=1)

        limit.acquire()
        with pytest.raises(DailyLimitReached):
            limit.acquire()

    @pytest.mark.parametrize("left", [0, 1])
    def test_what_is_left(self, left: int) -> None:
        """As HubSpot says."""
        limit, _ = limited(100)

        answered(limit, Daily_Remaining=left)

        assert limit.daily_remaining == left

    def test_it_says_when_they_are_back(self) -> None:
        """At the next midnight of the portal's time zone."""
        limit, clock = limited(100)
        limit.time_zone = "Asia/Tokyo"

        seconds = limit.end_day()

        assert clock.now() + timedelta(seconds=seconds) == datetime(
            2026, 1, 16, tzinfo=ZoneInfo("Asia/Tokyo")
        )
        with pytest.raises(DailyLimitReached, match="no calls until 2026-01-16 00:00 JST"):
            limit.acquire()

    def test_it_comes_back(self) -> None:
        """Where the portal's midnight is not known, somebody asks again after a while."""
        limit, clock = limited(100)
        limit.end_day()
        clock.seconds += UNKNOWN_DAY + 1

        limit.acquire()


class TestClose:
    def test_those_who_wait_are_cancelled(self) -> None:
        """At once, and nobody gets a slot afterwards."""
        limit = RateLimit(1)
        limit.acquire()
        with ThreadPoolExecutor(3) as threads:
            waiting = [threads.submit(limit.acquire) for _ in range(3)]
            time.sleep(0.05)
            began = time.monotonic()
            limit.close()
            errors = [type(each.exception(timeout=5)) for each in waiting]

        assert errors == [Cancelled] * 3
        assert time.monotonic() - began < 1
        with pytest.raises(Cancelled):
            limit.acquire()


@pytest.mark.parametrize(
    ("limit", "latency", "workers", "at_once"),
    [(100, 0.3, 1, 10), (190, 1.0, 1, 50), (190, 5.0, 1, 64), (190, 1.0, 8, 8), (1_000_000, 0.001, 1, 3)],
)
def test_calls_under_way_follow_the_latency(limit: int, latency: float, workers: int, at_once: int) -> None:
    """Rate times latency and some more, for this worker's share; no more than a real portal could serve."""
    clock = FakeClock()
    rate_limit = RateLimit(limit, slots=Crowd(clock, workers), clock=clock)

    assert RateLimit(100, clock=clock).at_once == 15  # for half a second, until calls have told
    for _ in range(40):
        rate_limit.learn({}, rate_limit.acquire(), latency)

    assert rate_limit.at_once == at_once


def test_threads_share_the_window() -> None:
    """Calls of many threads are counted together."""
    clock = FakeClock()
    limit = RateLimit(50, clock=clock)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: limit.acquire(), range(50)))

    assert clock.seconds < 10
    limit.acquire()
    assert clock.seconds == 10 + MARGIN


def test_who_comes_first_goes_first() -> None:
    """Slots are handed out in the order of asking, so that a newcomer does not overtake."""
    slots = LocalSlots(FakeClock())

    taken = [slots.take(Quota(2, 10.0)) for _ in range(6)]

    assert [slot.wait for slot in taken] == [0, 0, 10, 12.5, 20, 22.5]
    assert [slot.number for slot in taken] == [1, 2, 3, 4, 5, 6]


def test_nobody_goes_before_one_who_waits() -> None:
    """Neither is a slot earlier than the one before it, although the window has room."""
    slots = LocalSlots(FakeClock())

    waits = [slots.take_after(least, Quota(10, 10.0)).wait for least in (5.0, 0.0)]

    assert waits == [5.0, 5.0]


def test_calls_spread_over_a_busy_window() -> None:
    """Half of it may go in a burst; after that calls keep a distance, so that no window ends in a pause."""
    slots = LocalSlots(FakeClock())

    waits = [slots.take(Quota(10, 10.0)).wait for _ in range(20)]

    assert waits[:6] == [0] * 6
    assert waits[6:10] == pytest.approx([0.5, 1.0, 1.5, 2.0])
    assert waits[10:] == pytest.approx([10 + 0.5 * number for number in range(10)])


def test_slots_in_use() -> None:
    """What is past, and what is still to come, is not in the window that ends now."""
    clock = FakeClock()
    slots, window = LocalSlots(clock), Quota(4, 10.0)
    for _ in range(8):
        slots.take(window)

    clock.seconds = 10.0

    assert slots.used(window) == 2


@pytest.mark.parametrize(
    ("calls", "at_most", "reserve"), [(0, 1, 0.0), (-5, 1, 0.0), (10, 1, 1.0), (10, 1, -0.1), (10, 0, 0.0)]
)
def test_limits_that_cannot_be(calls: int, at_most: int, reserve: float) -> None:
    """A limit below one call, in a window or at once, or a reserve of everything, is refused."""
    with pytest.raises(ConfigurationError):
        RateLimit(calls, at_most=at_most, reserve=reserve)


def test_one_call_at_once() -> None:
    """The least that can be set."""
    assert RateLimit(1, at_most=1).at_once == 1


def test_a_count_of_its_own_is_not_a_stores() -> None:
    """A store that is lost for a moment, and counts from elsewhere, does not end the day."""

    class Store(LocalSlots):
        lost = False

        def take(self, window: Quota, /) -> Slot:
            slot = super().take(window)
            return slot if self.lost else slot._replace(number=slot.number + 400_000, shared=True)

    clock = FakeClock()
    slots = Store(clock)
    limit = RateLimit(100, slots=slots, clock=clock)
    for slots.lost in (False, True, False):
        answered(limit, Daily=1_000_000, Daily_Remaining=250_000)
    limit.acquire()

    assert limit.daily_remaining == 250_000


@pytest.mark.parametrize(("lost", "left"), [(False, 8), (True, 9)], ids=["one count", "two counts"])
def test_calls_under_way_count_if_they_are_counted_together(lost: bool, left: int) -> None:
    """Earlier calls may arrive later, and are taken from the day; numbers of another count say nothing."""

    class Store(LocalSlots):
        shared = True

        def take(self, window: Quota, /) -> Slot:
            return super().take(window)._replace(shared=self.shared)

    clock = FakeClock()
    slots = Store(clock)
    limit = RateLimit(100, slots=slots, clock=clock)
    limit.acquire()
    slots.shared = not lost
    answering = limit.acquire()

    limit.learn(headers(Daily=1_000, Daily_Remaining=9), answering, 0.1)

    assert limit.daily_remaining == left
