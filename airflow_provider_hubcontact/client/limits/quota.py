"""When each call of a portal may go: slots in a rolling window, handed out in the order of asking."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from threading import Lock
from typing import NamedTuple, Protocol

from airflow_provider_hubcontact.clock import SYSTEM_CLOCK, Clock

EVENNESS = 0.5
"""How far apart calls of a busy window go, as a share of the distance that would just fill it."""


class Quota(NamedTuple):
    """How many calls a stretch of time holds.

    :param calls: that we may make.
    :param seconds: length of the stretch.
    """

    calls: int
    seconds: float

    @property
    def distance(self) -> float:
        """Seconds between two calls once half of the window is used.

        A window that was filled in a burst would free its slots in a burst, too, when more calls have to be
        under way than there are; so each window is more even than the one before.
        """
        return EVENNESS * self.seconds / self.calls


class Slot(NamedTuple):
    """A call's place.

    :param wait: seconds until it.
    :param number: of the call, counted by all who share the slots.
    :param used: calls in the window that ends with it, itself included.
    :param workers: how many share the slots.
    :param shut: seconds until there are slots again; 0 if this is one.
    :param shared: whether the number is one of a store's count, not of this process's own.
    """

    wait: float
    number: int
    used: int
    workers: int = 1
    shut: float = 0.0
    shared: bool = False


class Slots(Protocol):
    """Hands slots out. Nothing is ever given back: a slot that nobody used is past soon."""

    def take(self, window: Quota, /) -> Slot:
        """Take the next slot."""

    def used(self, window: Quota, /) -> int:
        """Give the slots in the window that ends now."""

    def pause(self, seconds: float, /) -> None:
        """Hand no slot out for some seconds."""

    def paused(self) -> float:
        """Give the seconds until slots are handed out again."""

    def shut(self, seconds: float, /) -> None:
        """Let nobody have a slot for a long time, nor wait for one."""


class LocalSlots:
    """Slots for the threads of one process.

    :param clock: tells the time.
    """

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        self._clock = clock
        self._lock = Lock()
        self._times: deque[float] = deque()
        self._not_before = 0.0
        self._shut_until = 0.0
        self._number = 0

    def take(self, window: Quota, /) -> Slot:
        """Take the next slot."""
        with self._lock:
            now = self._clock.monotonic()
            if self._shut_until > now:
                return Slot(0.0, self._number, 0, shut=self._shut_until - now)
            while self._times and self._times[0] + window.seconds <= now:
                self._times.popleft()
            at = max(now, self._not_before, self._times[-1] if self._times else 0.0)
            if len(self._times) > window.calls // 2:
                at = max(at, self._times[-1] + window.distance)
            if len(self._times) >= window.calls:
                at = max(at, self._times[-window.calls] + window.seconds)
            self._times.append(at)
            self._number += 1
            return Slot(
                at - now, self._number, len(self._times) - bisect_right(self._times, at - window.seconds)
            )

    def used(self, window: Quota, /) -> int:
        """Give the slots in the window that ends now."""
        with self._lock:
            now = self._clock.monotonic()
            return bisect_right(self._times, now) - bisect_right(self._times, now - window.seconds)

    def pause(self, seconds: float, /) -> None:
        """Hand no slot out for some seconds."""
        with self._lock:
            self._not_before = max(self._not_before, self._clock.monotonic() + seconds)

    def paused(self) -> float:
        """Give the seconds until slots are handed out again."""
        with self._lock:
            return max(0.0, self._not_before - self._clock.monotonic())

    def shut(self, seconds: float, /) -> None:
        """Let nobody have a slot for a long time, nor wait for one."""
        with self._lock:
            self._shut_until = max(self._shut_until, self._clock.monotonic() + seconds)
