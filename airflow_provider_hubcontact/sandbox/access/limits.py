# SPDX-License-Identifier: Apache-2.0
"""The rate limits of a portal: calls in ten seconds of each app, calls in a day of the account.

HubSpot docs: "Usage guidelines"; the headers and both refusals as recorded.
"""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from airflow_provider_hubcontact.sandbox.access.auth_errors import (
    DailyLimitReached,
    RateLimited,
    SearchLimited,
)

Headers = list[tuple[bytes, bytes]]

DAILY = 1_000_000
"""Calls a day that an Enterprise account has (D)."""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """A limit of calls in a rolling window.

    :param calls: the most calls.
    :param seconds: length of the window; ten at HubSpot.
    """

    calls: int
    seconds: float = 10.0

    @classmethod
    def parse(cls, text: str) -> RateLimit:
        """Read ``190/10s``, or ``off``.

        :raises ValueError: if it is neither.
        """
        if text == "off":
            return UNLIMITED
        match = re.fullmatch(r"(\d+)/(\d+(?:\.\d+)?)s", text)
        if match is None or int(match[1]) == 0 or float(match[2]) == 0:
            raise ValueError(f"A rate limit is written like 190/10s, or off; this is {text!r}.")
        return cls(int(match[1]), float(match[2]))


UNLIMITED = RateLimit(1_000_000)
"""The limit in the headers of an account without one, so that clients do not slow down."""


class Tier(NamedTuple):
    """The limits of a subscription, or of a kind of app.

    :param rate_limit: for each app.
    :param daily: calls a day of all private apps together; None for no limit.
    """

    rate_limit: RateLimit
    daily: int | None


TIERS = MappingProxyType(
    {
        "free": Tier(RateLimit(100), 250_000),
        "pro": Tier(RateLimit(190), 625_000),
        "enterprise": Tier(RateLimit(190), DAILY),
        "oauth": Tier(RateLimit(110), None),
    }
)
"""Tier → its limits (D: "Usage guidelines"; a changelog gives Professional 650,000 a day)."""

SEARCH = RateLimit(5, 1.0)
"""The limit of an account's searches (D: search guide)."""

ACCOUNT = 0
"""The key of the window of searches, which all apps share."""


class Allowance(NamedTuple):
    """The limits of an account.

    :param rate_limit: for each private app.
    :param oauth_rate_limit: for each OAuth app.
    :param daily: calls a day of all private apps together; None for no limit, and no header about it.
    """

    rate_limit: RateLimit = UNLIMITED
    oauth_rate_limit: RateLimit = UNLIMITED
    daily: int | None = DAILY

    @classmethod
    def of(cls, tier: str | None, rate_limit: RateLimit | None, daily: int | None) -> Allowance:
        """Return the limits of a tier, some of which may be replaced.

        :param tier: one of ``TIERS``; None for no limit in ten seconds, and Enterprise's day.
        :raises ValueError: for another tier.
        """
        if tier is not None and tier not in TIERS:
            raise ValueError(f"There is no tier {tier!r}; there are {', '.join(TIERS)}.")
        usual = Tier(UNLIMITED, DAILY) if tier is None else TIERS[tier]
        oauth = UNLIMITED if tier is None else TIERS["oauth"].rate_limit
        return cls(
            rate_limit or usual.rate_limit, rate_limit or oauth, usual.daily if daily is None else daily
        )


class Limits:
    """Counts calls.

    :param allowance: the limits.
    :param time_zone: the zone at whose midnight the day begins.
    :param clock: seconds since 1970.
    :raises ValueError: for an unknown time zone.
    """

    def __init__(
        self,
        allowance: Allowance | None = None,
        time_zone: str = "America/New_York",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.rate_limit, self.oauth_rate_limit, self.daily = allowance or Allowance()
        self._zone = _zone(time_zone)
        self._clock = clock
        self.reset()

    def reset(self) -> None:
        """Forget all calls."""
        self._windows: dict[int, deque[float]] = {}
        self._used_today = 0
        self._midnight = self._next_midnight()

    @property
    def used_today(self) -> int:
        """Calls of all private apps since midnight."""
        self._turn_the_day(self._clock())
        return self._used_today

    @property
    def resets_at(self) -> float:
        """The portal's next midnight, in seconds since 1970."""
        self._turn_the_day(self._clock())
        return self._midnight

    def usage(self) -> dict[str, Any]:
        """Return how much is used: of the day, and of each app's window."""
        now = self._clock()
        longest = max(self.rate_limit.seconds, self.oauth_rate_limit.seconds)
        apps = {
            str(app_id): len(self._window(app_id, now, longest))
            for app_id in sorted(self._windows)
            if app_id != ACCOUNT
        }
        return {
            "daily": {"used": self.used_today, "limit": self.daily},
            "apps": {
                "used": apps,
                "limit": self.rate_limit.calls,
                "oauthLimit": self.oauth_rate_limit.calls,
                "seconds": self.rate_limit.seconds,
            },
            "search": {
                "used": len(self._window(ACCOUNT, now, SEARCH.seconds)),
                "limit": SEARCH.calls,
                "seconds": SEARCH.seconds,
            },
        }

    def admit(self, app_id: int, *, oauth: bool) -> None:
        """Count a call, or refuse it. A refused call is not counted.

        :param app_id: the app that makes it.
        :param oauth: whether it is an OAuth app, whose calls have no daily limit.
        :raises DailyLimitReached: if the day's calls are used up.
        :raises RateLimited: if the window is full.
        """
        now = self._clock()
        self._turn_the_day(now)
        if self._day_is_over(oauth=oauth):
            raise DailyLimitReached
        limit = self._limit(oauth=oauth)
        window = self._window(app_id, now, limit.seconds)
        if len(window) >= limit.calls:
            raise RateLimited
        window.append(now)
        self._used_today += not oauth

    def admit_search(self, *, oauth: bool) -> None:
        """Count a search, which has its own window, and counts as a call of the day (D; the day U).

        :raises DailyLimitReached: if the day's calls are used up.
        :raises SearchLimited: if the account searched five times in this second.
        """
        now = self._clock()
        self._turn_the_day(now)
        if self._day_is_over(oauth=oauth):
            raise DailyLimitReached
        window = self._window(ACCOUNT, now, SEARCH.seconds)
        if len(window) >= SEARCH.calls:
            raise SearchLimited
        window.append(now)
        self._used_today += not oauth

    def headers(self, app_id: int, *, oauth: bool) -> Headers:
        """Return the headers with what is left. An OAuth app gets none about the day (D)."""
        limit = self._limit(oauth=oauth)
        now = self._clock()
        left = max(0, limit.calls - len(self._window(app_id, now, limit.seconds)))
        each_second = max(1, int(limit.calls / limit.seconds))
        headers = [
            (b"X-HubSpot-RateLimit-Interval-Milliseconds", b"%d" % int(limit.seconds * 1000)),
            (b"X-HubSpot-RateLimit-Max", b"%d" % limit.calls),
            (b"X-HubSpot-RateLimit-Remaining", b"%d" % left),
            (b"X-HubSpot-RateLimit-Secondly", b"%d" % each_second),
            (b"X-HubSpot-RateLimit-Secondly-Remaining", b"%d" % min(left, each_second)),
        ]
        if not oauth and self.daily is not None:
            self._turn_the_day(now)
            headers += [
                (b"X-HubSpot-RateLimit-Daily", b"%d" % self.daily),
                (b"X-HubSpot-RateLimit-Daily-Remaining", b"%d" % max(0, self.daily - self._used_today)),
            ]
        return headers

    def _limit(self, *, oauth: bool) -> RateLimit:
        return self.oauth_rate_limit if oauth else self.rate_limit

    def _day_is_over(self, *, oauth: bool) -> bool:
        return not oauth and self.daily is not None and self._used_today >= self.daily

    def _window(self, app_id: int, now: float, seconds: float) -> deque[float]:
        window = self._windows.setdefault(app_id, deque())
        start = now - seconds
        while window and window[0] <= start:
            window.popleft()
        return window

    def _turn_the_day(self, now: float) -> None:
        if now >= self._midnight:
            self._used_today, self._midnight = 0, self._next_midnight()

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
