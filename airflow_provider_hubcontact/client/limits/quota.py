# SPDX-License-Identifier: Apache-2.0
"""Sliding-window limiter: reserves a start time for each call, first come, first served."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from threading import Lock
from typing import NamedTuple, Protocol

from airflow_provider_hubcontact.clock import SYSTEM_CLOCK, Clock

EVENNESS = 0.5
"""Distance between calls in a busy window, as a share of the distance that would just fill it."""


class Quota(NamedTuple):
    """How many calls a window of time allows.

    :param calls: the most calls in any window.
    :param seconds: length of the window.
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
    """The reserved start time of a call.

    :param wait: seconds until the call may start.
    :param number: of the call, counted by everyone who shares the slots.
    :param used: calls in the window that ends with this one, itself included.
    :param workers: how many workers share the slots.
    :param shut: seconds until slots are available again; 0 if this is a slot.
    :param shared: whether a store counts the numbers, instead of this process.
    """

    wait: float
    number: int
    used: int
    workers: int = 1
    shut: float = 0.0
    shared: bool = False


class Slots(Protocol):
    """Reserves slots. A slot is never returned: an unused one expires with its window."""

    def take(self, window: Quota, /) -> Slot:
        """Reserve the next slot.

        :param window: how many calls are allowed.
        """

    def used(self, window: Quota, /) -> int:
        """Return how many slots are in the window that ends now.

        :param window: how many calls are allowed.
        """

    def pause(self, seconds: float, /) -> None:
        """Start no slot for some seconds.

        :param seconds: from now on.
        """

    def paused(self) -> float:
        """Return the seconds until slots start again."""

    def shut(self, seconds: float, /) -> None:
        """Refuse slots for a long time, instead of letting calls wait for them.

        :param seconds: from now on.
        """


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
        """Reserve the next slot."""
        return self.take_after(0.0, window)

    def take_after(self, least: float, window: Quota) -> Slot:
        """Reserve the next slot from a moment on.

        :param least: seconds from now before which it does not start.
        :param window: how many calls are allowed.
        """
        with self._lock:
            now = self._clock.monotonic()
            if self._shut_until > now:
                return Slot(0.0, self._number, 0, shut=self._shut_until - now)
            while self._times and self._times[0] + window.seconds <= now:
                self._times.popleft()
            at = max(now + least, self._not_before, self._times[-1] if self._times else 0.0)
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
        """Return how many slots are in the window that ends now."""
        with self._lock:
            now = self._clock.monotonic()
            return bisect_right(self._times, now) - bisect_right(self._times, now - window.seconds)

    def pause(self, seconds: float, /) -> None:
        """Start no slot for some seconds."""
        with self._lock:
            self._not_before = max(self._not_before, self._clock.monotonic() + seconds)

    def paused(self) -> float:
        """Return the seconds until slots start again."""
        with self._lock:
            return max(0.0, self._not_before - self._clock.monotonic())

    def shut(self, seconds: float, /) -> None:
        """Refuse slots for a long time."""
        with self._lock:
            self._shut_until = max(self._shut_until, self._clock.monotonic() + seconds)
