"""How many calls a portal takes: in ten seconds by app, in a day by account.

HubSpot docs: "Usage guidelines"; the headers and both refusals as recorded.
"""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from airflow_provider_hubcontact.sandbox.denials import DailyLimitReached, RateLimited

Headers = list[tuple[bytes, bytes]]

DAILY = 1_000_000
"""Calls a day of an Enterprise account (D)."""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """So many calls in a rolling window.

    :param seconds: the window; ten at HubSpot.
    """

    calls: int
    seconds: float = 10.0

    @classmethod
    def parse(cls, text: str) -> RateLimit | None:
        """Read ``190/10s``, or ``off`` as None.

        :raises ValueError: if it is neither.
        """
        if text == "off":
            return None
        match = re.fullmatch(r"(\d+)/(\d+(?:\.\d+)?)s", text)
        if match is None or int(match[1]) == 0 or float(match[2]) == 0:
            raise ValueError(f"A rate limit is written like 190/10s, or off; this is {text!r}.")
        return cls(int(match[1]), float(match[2]))


UNLIMITED = RateLimit(1_000_000)
"""What an account without a limit tells its clients, so that they do not slow down."""


class Limits:
    """Counts calls.

    :param rate_limit: for each app; None for no limit.
    :param daily: calls a day for all private apps together.
    :param time_zone: where the day begins at midnight.
    :param clock: seconds since 1970.
    :raises ValueError: for a time zone that is not known.
    """

    def __init__(
        self,
        rate_limit: RateLimit | None = None,
        daily: int = DAILY,
        time_zone: str = "America/New_York",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.rate_limit = rate_limit or UNLIMITED
        self.daily = daily
        self._zone = _zone(time_zone)
        self._clock = clock
        self.reset()

    def reset(self) -> None:
        """Forget all calls."""
        self._windows: dict[int, deque[float]] = {}
        self._today = 0
        self._midnight = self._next_midnight()

    def admit(self, app_id: int, *, oauth: bool) -> None:
        """Count a call, or refuse it; a refused call is not counted.

        :param oauth: an OAuth app's calls have no daily limit.
        :raises DailyLimitReached: if the day's calls are used up.
        :raises RateLimited: if the window is full.
        """
        now = self._clock()
        if now >= self._midnight:
            self._today, self._midnight = 0, self._next_midnight()
        if not oauth and self._today >= self.daily:
            raise DailyLimitReached
        window = self._window(app_id, now)
        if len(window) >= self.rate_limit.calls:
            raise RateLimited
        window.append(now)
        self._today += not oauth

    def headers(self, app_id: int, *, oauth: bool) -> Headers:
        """Say what is left, as every answer does; an OAuth app hears nothing of the day (D)."""
        limit = self.rate_limit
        left = max(0, limit.calls - len(self._window(app_id, self._clock())))
        each_second = max(1, int(limit.calls / limit.seconds))
        headers = [
            (b"X-HubSpot-RateLimit-Interval-Milliseconds", b"%d" % int(limit.seconds * 1000)),
            (b"X-HubSpot-RateLimit-Max", b"%d" % limit.calls),
            (b"X-HubSpot-RateLimit-Remaining", b"%d" % left),
            (b"X-HubSpot-RateLimit-Secondly", b"%d" % each_second),
            (b"X-HubSpot-RateLimit-Secondly-Remaining", b"%d" % min(left, each_second)),
        ]
        if not oauth:
            headers += [
                (b"X-HubSpot-RateLimit-Daily", b"%d" % self.daily),
                (b"X-HubSpot-RateLimit-Daily-Remaining", b"%d" % max(0, self.daily - self._today)),
            ]
        return headers

    def _window(self, app_id: int, now: float) -> deque[float]:
        window = self._windows.setdefault(app_id, deque())
        start = now - self.rate_limit.seconds
        while window and window[0] <= start:
            window.popleft()
        return window

    def _next_midnight(self) -> float:
        today = datetime.fromtimestamp(self._clock(), self._zone)
        tomorrow = (today + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        return tomorrow.timestamp()


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(
            f"There is no time zone {name!r} on this machine; UTC and Europe/Paris are two."
        ) from error
