"""Tells when a call may go."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from threading import Lock

from airflow_provider_hubcontact.client.errors import ConfigurationError

LOWEST_LIMIT = 100
"""Calls in ten seconds of the smallest tier ("Usage guidelines"); assumed until HubSpot says otherwise."""

WINDOW = 10.0


class RateLimit:
    """A rolling window of calls, for all threads of a process.

    :param calls: calls in ten seconds; learned from HubSpot's headers if None.
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
        reserve: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if not 0 <= reserve < 1:
            raise ConfigurationError(f"reserve is a share from 0 to below 1, not {reserve!r}")
        if calls is not None and calls < 1:
            raise ConfigurationError(f"rate_limit is at least one call in ten seconds, not {calls!r}")
        self.limit = calls or LOWEST_LIMIT
        self.daily_limit: int | None = None
        self.daily_remaining: int | None = None
        self._learns = calls is None
        self._reserve = reserve
        self._clock = clock
        self._sleep = sleep
        self._lock = Lock()
        self._went: deque[float] = deque()  # when the calls of the last window went
        self._not_before = 0.0

    def acquire(self) -> None:
        """Wait until a call may go, and count it."""
        while (wait := self._take()) > 0:
            self._sleep(wait)

    def pause(self, seconds: float) -> None:
        """Let no call go for some seconds; for all, since a refusal means all."""
        with self._lock:
            self._not_before = max(self._not_before, self._clock() + seconds)

    def learn(self, headers: Mapping[str, str]) -> None:
        """Take what an answer says of the limits; leave out what is no number."""
        most, left = (_number(headers, f"X-HubSpot-RateLimit-{name}") for name in ("Max", "Remaining"))
        with self._lock:
            if self._learns and most:
                self.limit = most
            if left == 0:
                # Other apps' calls count too: the window is full although ours are few.
                self._not_before = max(self._not_before, self._clock() + WINDOW / self.limit)
            self.daily_limit = _number(headers, "X-HubSpot-RateLimit-Daily") or self.daily_limit
            daily_left = _number(headers, "X-HubSpot-RateLimit-Daily-Remaining")
            self.daily_remaining = self.daily_remaining if daily_left is None else daily_left

    def _take(self) -> float:
        """Count a call and return 0, or return the seconds to wait first."""
        with self._lock:
            now = self._clock()
            while self._went and self._went[0] + WINDOW <= now:
                self._went.popleft()
            if now < self._not_before:
                return self._not_before - now
            if len(self._went) >= max(1, int(self.limit * (1 - self._reserve))):
                return self._went[0] + WINDOW - now
            self._went.append(now)
            return 0.0


def _number(headers: Mapping[str, str], name: str) -> int | None:
    text = headers.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 12 else None
