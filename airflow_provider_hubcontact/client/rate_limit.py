"""Tells when a call may go."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from threading import Lock

from airflow_provider_hubcontact.client.errors import ConfigurationError

LOWEST_LIMIT = 100
"""Calls in ten seconds of the smallest tier ("Usage guidelines"); assumed until HubSpot says otherwise."""

MARGIN = 0.25
"""Seconds that a call counts beyond its window: each reaches HubSpot later than it went, some later still."""

LONGEST_WINDOW = 60.0
"""Seconds; a header that says more is not believed."""


class RateLimit:
    """A rolling window of calls, for all threads of a process.

    :param calls: calls in a window; learned from HubSpot's headers if None.
    :param seconds: length of the window; learned too.
    :param reserve: share of the limit that is left to other apps, from 0 to below 1.
    :param clock: monotonic seconds.
    :param sleep: waits for some seconds.
    :raises ConfigurationError: if ``calls`` or ``reserve`` is out of range.

    HubSpot docs: "Usage guidelines", rate limit headers.
    """

    def __init__(
        self,
        calls: int | None = None,
        *,
        seconds: float = 10.0,
        reserve: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if not 0 <= reserve < 1:
            raise ConfigurationError(f"reserve is a share from 0 to below 1, not {reserve!r}")
        if calls is not None and calls < 1:
            raise ConfigurationError(f"rate_limit is at least one call in ten seconds, not {calls!r}")
        self.limit = calls or LOWEST_LIMIT
        self.seconds = seconds
        self.daily_limit: int | None = None
        self.daily_remaining: int | None = None
        self._learns = calls is None
        self._reserve = reserve
        self._clock = clock
        self._sleep = sleep
        self._turn = Lock()
        self._lock = Lock()
        self._went: deque[float] = deque()  # when the calls of the last window went
        self._not_before = 0.0

    def acquire(self) -> None:
        """Wait until a call may go, and count it; the others wait behind."""
        with self._turn:
            while (wait := self._take()) > 0:
                self._sleep(wait)

    def pause(self, seconds: float) -> None:
        """Let no call go for some seconds; for all, since a refusal means all."""
        with self._lock:
            self._not_before = max(self._not_before, self._clock() + seconds)

    def learn(self, headers: Mapping[str, str]) -> None:
        """Take what an answer says of the limits; leave out what is no number."""
        most, left, interval, day, day_left = (_number(headers, name) for name in _HEADERS)
        with self._lock:
            if self._learns:
                self.limit = most or self.limit
                self.seconds = min(interval / 1_000, LONGEST_WINDOW) if interval else self.seconds
            if left == 0:
                self._yield_to_others()
            self.daily_limit = day or self.daily_limit
            self.daily_remaining = self.daily_remaining if day_left is None else day_left

    def _yield_to_others(self) -> None:
        """Hold calls back if others have filled the window; our own calls are counted anyway."""
        now = self._clock()
        if self._used(now) < self._most():
            self._not_before = max(self._not_before, now + self.seconds / self.limit)

    def _take(self) -> float:
        """Count a call and return 0, or return the seconds to wait first."""
        with self._lock:
            now = self._clock()
            used = self._used(now)
            if now < self._not_before:
                return self._not_before - now
            if used >= self._most():
                return self._went[0] + self.seconds + MARGIN - now
            self._went.append(now)
            return 0.0

    def _most(self) -> int:
        return max(1, int(self.limit * (1 - self._reserve)))

    def _used(self, now: float) -> int:
        while self._went and self._went[0] + self.seconds + MARGIN <= now:
            self._went.popleft()
        return len(self._went)


_HEADERS = tuple(
    f"X-HubSpot-RateLimit-{name}"
    for name in ("Max", "Remaining", "Interval-Milliseconds", "Daily", "Daily-Remaining")
)


def _number(headers: Mapping[str, str], name: str) -> int | None:
    text = headers.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 12 else None
