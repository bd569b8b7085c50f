# SPDX-License-Identifier: Apache-2.0
"""Time, pauses and random numbers: the one module that takes them from the machine."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime
from threading import Event
from typing import Protocol

__all__ = ["SYSTEM_CLOCK", "Clock"]


class Clock(Protocol):
    """Supplies time, pauses and random numbers. Safe to share between threads."""

    def monotonic(self) -> float:
        """Return seconds that only grow, counted from any moment."""

    def now(self) -> datetime:
        """Return the time, in UTC."""

    def sleep(self, seconds: float, /) -> None:
        """Wait.

        :param seconds: how long, 0 or more.
        """

    def wait(self, event: Event, seconds: float, /) -> bool:
        """Wait until an event is set.

        :param event: what ends the wait early.
        :param seconds: how long at most, 0 or more.
        :return: whether it is set.
        """

    def random(self) -> float:
        """Return a number from 0 to below 1, each as likely as any other."""


class _SystemClock:
    """The machine's own."""

    def monotonic(self) -> float:
        return time.monotonic()

    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float, /) -> None:
        time.sleep(seconds)

    def wait(self, event: Event, seconds: float, /) -> bool:
        return event.wait(seconds)

    def random(self) -> float:
        return random.random()  # noqa: S311 - spreads calls, and guards no secret


SYSTEM_CLOCK: Clock = _SystemClock()
"""The default of everything that takes a clock."""
