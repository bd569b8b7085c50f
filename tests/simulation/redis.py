# SPDX-License-Identifier: Apache-2.0
"""The Redis that tasks share a budget of calls in: what its scripts do, done in Python."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from redis.exceptions import ConnectionError as RedisDown

from airflow_provider_hubcontact.client.limits import shared_quota
from tests.simulation.chooser import Chooser
from tests.simulation.loop import Loop

LONGEST_LOSS = 40.0
"""Seconds for which the store is away at most."""


@dataclass
class SimulatedRedis:
    """A store that all tasks of a world share, and that may be away, or forget everything.

    :param loop: its time.
    :param on_loss: called when it goes away.
    :ivar is_lost: whether it is away.
    """

    loop: Loop
    on_loss: Callable[[], None] = lambda: None
    is_lost: bool = False
    slots: list[float] = field(default_factory=list)
    workers: dict[str, float] = field(default_factory=dict)
    number: int = 0
    paused_until: float = 0.0
    shut_until: float = 0.0

    def client(self, _: str) -> Any:
        """Return the client of the store."""
        return self

    def register_script(self, script: str) -> Callable[[Sequence[str], Sequence[str]], Any]:
        """Return what runs a script, as the client of Redis does."""
        run = {
            shared_quota.TAKE: self._take,
            shared_quota.USED: self._used,
            shared_quota.PAUSE: self._pause,
            shared_quota.PAUSED: lambda: f"{max(0.0, self.paused_until - self.loop.now):.6f}",
            shared_quota.SHUT: self._shut,
        }[script]

        def call(_: Sequence[str], arguments: Sequence[str]) -> Any:
            if self.is_lost:
                raise RedisDown("simulated")
            return run(*arguments)  # type: ignore[operator] # each has the arguments of its script

        return call

    def _take(self, calls: str, *others: str) -> list[Any]:
        seconds, distance, worker, life, most = others
        now, count = self.loop.now, int(calls)
        if self.shut_until > now:
            return ["0", 0, 0, 1, ceil((self.shut_until - now) * 1_000)]
        last = self.slots[-1] if self.slots else 0.0
        at = max(now, self.paused_until, last)
        middle = count // 2 + 1
        if len(self.slots) >= middle and self.slots[-middle] + float(seconds) > now:
            at = max(at, last + float(distance))
        if len(self.slots) >= count:
            at = max(at, self.slots[-count] + float(seconds))
        self.slots = [*self.slots, at][-int(most) :]
        used = sum(each + float(seconds) > at for each in self.slots[-count:])
        self.workers[worker] = now
        self.workers = {each: seen for each, seen in self.workers.items() if seen > now - float(life)}
        self.number += 1
        return [f"{at - now:.6f}", self.number, used, len(self.workers), 0]

    def _used(self, calls: str, seconds: str) -> int:
        now = self.loop.now
        return sum(now - float(seconds) < at <= now for at in self.slots[-2 * int(calls) :])

    def _pause(self, seconds: str) -> None:
        self.paused_until = max(self.paused_until, self.loop.now + float(seconds))

    def _shut(self, milliseconds: str) -> None:
        self.shut_until = self.loop.now + int(milliseconds) / 1_000

    def trouble(self, chooser: Chooser) -> None:
        """Be away for a while, and come back with everything or with nothing."""
        self.loop.wait(chooser.between(0, 10))
        self.on_loss()
        self.is_lost = True
        self.loop.wait(chooser.between(0, LONGEST_LOSS))
        self.is_lost = False
        if chooser.chance(0.5):
            self.slots, self.workers, self.number = [], {}, 0
