# SPDX-License-Identifier: Apache-2.0
"""Limits the calls of one app: in ten seconds, in a day, and beside other apps that share both limits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from threading import Event, Lock
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from airflow_provider_hubcontact.client.errors import Cancelled, ConfigurationError, DailyLimitReached
from airflow_provider_hubcontact.client.limits.quota import LocalSlots, Quota, Slot, Slots
from airflow_provider_hubcontact.clock import SYSTEM_CLOCK, Clock
from airflow_provider_hubcontact.refusal import Refusal

LOWEST_LIMIT = 100
"""Calls in ten seconds of the smallest tier ("Usage guidelines"); assumed until HubSpot says otherwise."""


HIGHEST_RATE = 25.0
"""Calls a second of the largest tier ("Usage guidelines"); more calls at once serve no portal."""


MARGIN = 0.1
"""Seconds that a call counts beyond its window: each reaches HubSpot later than it went, some later still."""


MAX_MARGIN = 1.0


MAX_PAUSE = 10.0


LONGEST_WINDOW = 60.0
"""Seconds; a header that says more is not believed."""


NOISE = 3
"""Calls by which HubSpot's count and ours may differ without anybody else calling."""


SMOOTHING = 0.3
"""Weight of one answer in the estimates of other apps' calls and of the latency."""


SPREAD = 2.5
"""Concurrent calls for each one that the mean latency needs: latencies differ, and calls come in bursts."""


UNKNOWN_DAY = 900.0
"""Seconds after which a call tries the daily limit again if the portal's midnight is not known."""


MOST_AT_ONCE = 64


class RateLimit:
    """Lets calls start within HubSpot's limits; one object for all threads of a process.

    :param calls: calls in a window; learned from HubSpot's headers if None.
    :param seconds: length of the window; learned too.
    :param at_most: calls that may be under way at once, however long they take.
    :param reserve: share of both limits that is left to other apps, from 0 to below 1.
    :param slots: what is shared with others; the process's own if None.
    :param clock: tells the time, and waits; until :meth:`close` at the latest.
    :raises ConfigurationError: if ``calls``, ``at_most`` or ``reserve`` is out of range.

    HubSpot docs: "Usage guidelines", rate limit headers.
    """

    def __init__(
        self,
        calls: int | None = None,
        *,
        seconds: float = 10.0,
        at_most: int | None = None,
        reserve: float = 0.0,
        slots: Slots | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        if not 0 <= reserve < 1:
            raise ConfigurationError(f"reserve must be a share from 0 to below 1, not {reserve!r}")
        if calls is not None and calls < 1:
            raise ConfigurationError(f"rate_limit must be at least one call in ten seconds, not {calls!r}")
        if at_most is not None and at_most < 1:
            raise ConfigurationError(f"concurrency must be at least one call at once, not {at_most!r}")
        self.limit = calls or LOWEST_LIMIT
        self.seconds = seconds
        self.daily_limit: int | None = None
        self.time_zone: str | None = None
        self._learns = calls is None
        self._at_most = min(at_most or MOST_AT_ONCE, MOST_AT_ONCE)
        self._reserve = reserve
        self._slots = slots or LocalSlots(clock)
        self._clock = clock
        self._closed = Event()
        self._lock = Lock()
        self._margin = MARGIN
        self._others = 0.0  # calls of other apps in a window
        self._workers = 1
        self._latency = 0.5  # seconds, until calls have told
        self._refusals = 0  # in a row
        self._day: _Day | None = None
        self._under_way: set[Slot] = set()
        self._last: dict[bool, int] = {}  # number of the last slot, by whether a store counts

    def acquire(self) -> Slot:
        """Wait until a call may start, and count it.

        :return: its slot.
        :raises DailyLimitReached: if the daily limit is used up, except for the reserve.
        :raises Cancelled: if :meth:`close` was called.
        """
        while not self._closed.is_set():
            slot = self._slots.take(self._window())
            self._workers = slot.workers
            if slot.shut:
                raise self._day_is_over(slot.shut)
            if self._spent(slot):
                self.end_day()
                continue
            self._last[slot.shared] = slot.number
            self._under_way.add(slot)
            if slot.wait > 0:
                self.wait(slot.wait)
            # Those who have a slot take another one after a pause.
            if not self._closed.is_set() and not (slot.wait > 0 and self._slots.paused()):
                return slot
            self.done(slot)
        raise Cancelled("the run was stopped before this call was sent")

    def done(self, slot: Slot) -> None:
        """Note that a call has ended, in whatever way; after :meth:`learn`, if it was answered.

        :param slot: of the call.
        """
        self._under_way.discard(slot)

    def wait(self, seconds: float) -> None:
        """Wait before a call is made or repeated.

        :param seconds: how long; not at all once :meth:`close` was called.
        """
        self._clock.wait(self._closed, seconds)

    def close(self) -> None:
        """Start no further call; those that wait are cancelled."""
        self._closed.set()

    def refused(self, retry_after: float | None) -> None:
        """Pause all calls after a 429.

        :param retry_after: seconds that HubSpot asks for; if None, a second at first, then longer each time.
        """
        with self._lock:
            self._refusals += 1
            self._margin = min(self._margin + 0.05, MAX_MARGIN)
            pause = min(2.0 ** (self._refusals - 1), MAX_PAUSE) if retry_after is None else retry_after
        self._slots.pause(pause)

    def pause(self, seconds: float) -> None:
        """Pause all calls.

        :param seconds: from now on.
        """
        self._slots.pause(seconds)

    def end_day(self) -> float:
        """Refuse calls until the portal's next midnight.

        :return: seconds until then.
        """
        seconds = self._until_midnight() or UNKNOWN_DAY
        self._slots.shut(seconds)
        return seconds

    def learn(self, headers: Mapping[str, str], slot: Slot, latency: float) -> None:
        """Learn the limits from an answer; headers that are not numbers are ignored.

        :param headers: of an answer other than a 429.
        :param slot: of its call.
        :param latency: seconds that it took.
        """
        most, left, interval, day, day_left = (_number(headers, name) for name in _HEADERS)
        # Nothing says whether HubSpot counts when a call comes or when it answers.
        used = max(slot.used, 0 if left is None else self._slots.used(self._window()))
        with self._lock:
            self._refusals = 0
            self._latency += SMOOTHING * (latency - self._latency)
            if self._learns:
                self.limit = most or self.limit
                self.seconds = min(interval / 1_000, LONGEST_WINDOW) if interval else self.seconds
            if most is not None and left is not None:
                self._estimate(most - left - used, is_full=left == 0)
            self.daily_limit = day or self.daily_limit
            if day_left is not None and self._is_news(day_left, slot):
                self._day = self._told_of_day(day_left, slot)

    @property
    def daily_remaining(self) -> int | None:
        """Calls that are left today, as HubSpot said last; None if it has not said."""
        return max(0, self._day.left - self._day.late) if self._day else None

    @property
    def at_once(self) -> int:
        """How many concurrent calls use up the limit: the rate times the latency, and more for its spread."""
        rate = min(self._most() / self.seconds, HIGHEST_RATE) / self._workers
        return min(int(rate * self._latency * SPREAD) + 3, self._at_most)

    def _estimate(self, theirs: float, *, is_full: bool) -> None:
        """Update the estimate of other apps' calls from one answer; a full window may hide some of them."""
        theirs = theirs if theirs > NOISE else 0.0
        if theirs > self._others or not is_full:
            self._others += SMOOTHING * (theirs - self._others)

    def _window(self) -> Quota:
        return Quota(self._most(), self.seconds + self._margin)

    def _most(self) -> int:
        return max(1, int(self.limit - max(self.limit * self._reserve, self._others)))

    def _spent(self, slot: Slot) -> bool:
        """Check whether this call would exceed the daily limit, or use the reserve of other apps."""
        if self._day is None:
            return False
        day = self._day
        if (
            day.after.shared != slot.shared
        ):  # the store was lost, or is back: their numbers say nothing together
            return False
        kept = (self.daily_limit or 0) * self._reserve
        return day.left - day.late - (slot.number - day.after.number) < kept

    def _told_of_day(self, left: int, slot: Slot) -> _Day:
        # Calls that went before this one may arrive after it.
        late = sum(
            each.number < slot.number and each.shared == slot.shared for each in tuple(self._under_way)
        )
        return _Day(left, late, slot, self._last.get(slot.shared, slot.number))

    def _is_news(self, left: int, slot: Slot) -> bool:
        """Check whether an answer tells what is left of the day later than the one that is known.

        Of calls that are under way together, the answer that HubSpot gave last leaves the fewest. More are
        left only on a new day, which shows in the answer to a call that went later.
        """
        day = self._day
        return day is None or day.after.shared != slot.shared or left < day.left or slot.number > day.last

    def _day_is_over(self, seconds: float) -> DailyLimitReached:
        kept = f", except for the reserve of {self._reserve:.0%}" if self._reserve else ""
        until = "accepts no more calls for now"
        if midnight := self._until_midnight():
            back = self._clock.now() + timedelta(seconds=min(midnight, seconds + 60))
            local = back.astimezone(ZoneInfo(self.time_zone or "UTC"))
            until = f"accepts no calls until {local:%Y-%m-%d %H:%M %Z}"
        words = f"The daily quota is used up{kept}; HubSpot {until}"
        return DailyLimitReached(Refusal(429, words, "RATE_LIMITS", why=words), seconds)

    def _until_midnight(self) -> float | None:
        """Return the seconds until the portal's next midnight; None if its time zone is not known."""
        try:
            now = self._clock.now().astimezone(ZoneInfo(self.time_zone or ""))
        except (ZoneInfoNotFoundError, ValueError, OSError):
            return None
        tomorrow = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        return tomorrow.timestamp() - now.timestamp()


class _Day(NamedTuple):
    """What an answer said of the day.

    :param left: calls that were left.
    :param late: earlier calls that may have come after it.
    :param after: slot of the answered call.
    :param last: number of the last slot when the answer came.
    """

    left: int
    late: int
    after: Slot
    last: int


_HEADERS = tuple(
    f"X-HubSpot-RateLimit-{name}"
    for name in ("Max", "Remaining", "Interval-Milliseconds", "Daily", "Daily-Remaining")
)


def _number(headers: Mapping[str, str], name: str) -> int | None:
    text = headers.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 12 else None
