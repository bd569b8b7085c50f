# SPDX-License-Identifier: Apache-2.0
"""A clock on which hours take no time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Event, Lock, current_thread

LOOK_EVERY = 0.001
"""Seconds of the real clock between two looks of a thread that does not move this one."""


class FakeClock:
    """Time that passes only by sleeping. Those who sleep at once sleep together, not one after the other.

    A daemon thread does not move it: what runs beside the work, as a log of its progress, waits for the work.

    :param began: what :meth:`now` tells at first.
    """

    def __init__(self, began: datetime = datetime(2026, 1, 15, 12, tzinfo=UTC)) -> None:
        self.began = began
        self.seconds = 0.0
        self.slept: list[float] = []
        self._lock = Lock()

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return self.began + timedelta(seconds=self.seconds)

    def sleep(self, seconds: float, /) -> None:
        until = self.seconds + seconds
        with self._lock:
            self.slept.append(seconds)
            self.seconds = max(self.seconds, until)

    def wait(self, event: Event, seconds: float, /) -> bool:
        if event.is_set():
            return True
        if not current_thread().daemon:
            self.sleep(seconds)
            return event.is_set()
        until = self.seconds + seconds
        while self.seconds < until and not event.wait(LOOK_EVERY):
            pass
        return event.is_set()

    def random(self) -> float:
        return 0.5
