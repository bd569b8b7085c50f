# SPDX-License-Identifier: Apache-2.0
"""Lets actors take turns in one thread, on a clock that moves only when all of them wait.

An actor is a greenlet: it runs until it waits. Who goes on when several could is the chooser's choice.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Event

from greenlet import greenlet

from tests.simulation.chooser import Chooser

BEGAN = datetime(2026, 1, 15, 20, tzinfo=UTC)
"""When a world begins: three hours before midnight in Berlin."""

MOST_EVENTS = 5_000
"""Events of the longest world: more is a run that does not end."""


class Killed(BaseException):
    """The process of an actor was killed. Nothing that its code still does has any effect."""


class Endless(Exception):
    """A world does not end: everybody waits for ever, or it goes on for too long."""


@dataclass(eq=False)
class Process:
    """What is killed as a whole.

    :param name: for people.
    :param on_wait: called at each wait of one of its actors, with the number of the wait.
    :ivar alive: whether it was not killed.
    :ivar asleep_until: when its machine goes on, if that was suspended.
    """

    name: str
    on_wait: Callable[[int], None] = lambda _: None
    alive: bool = True
    asleep_until: float = 0.0
    waits: int = 0


@dataclass(frozen=True)
class Step:
    """What an actor does next, as far as its order among others matters.

    :param label: the same whenever it is the same step.
    :param touches: contacts that it reads or writes; None for what happens within one process.
    :param writes: whether it writes them.
    """

    label: str
    touches: frozenset[str] | None = None
    writes: bool = False

    def commutes_with(self, other: Step) -> bool:
        """Check whether two steps that are both possible lead to the same in either order."""
        if self.touches is None or other.touches is None:
            return self.touches is not other.touches
        return not (self.writes or other.writes) or self.touches.isdisjoint(other.touches)


Steps = Callable[[], Sequence[Step]]
"""Returns what an actor may do next."""


@dataclass(eq=False)
class Actor:
    """A part of a process that runs beside the others.

    :ivar until: when its wait ends.
    :ivar is_due: ends its wait early.
    :ivar steps: what it may do after the wait; empty if its order does not matter.
    """

    process: Process
    greenlet: greenlet
    until: float = 0.0
    is_due: Callable[[], bool] | None = None
    steps: Steps = tuple
    started: bool = False


class Loop:
    """Runs actors until none is left.

    :param chooser: chooses who goes on.
    :param after: called after each event.
    """

    def __init__(self, chooser: Chooser, after: Callable[[], None] = lambda: None) -> None:
        self.now = 0.0
        self.events = 0
        self._chooser = chooser.of("order")
        self._after = after
        self._actors: list[Actor] = []
        self._current: Actor | None = None

    def spawn(self, process: Process, work: Callable[[], None]) -> None:
        """Add an actor.

        :param process: that it belongs to.
        :param work: what it does.
        """

        def run() -> None:
            with suppress(Killed):
                work()

        self._actors.append(Actor(process, greenlet(run), self.now))

    def run(self) -> None:
        """Let the actors take turns until none is left.

        :raises Endless: if that takes too many events, or nobody can go on.
        """
        hub = greenlet.getcurrent()
        try:
            self._let_all_go_on(hub)
        finally:
            self._kill_all(hub)

    def _kill_all(self, hub: greenlet) -> None:
        """End the actors that are left: one that stayed where it is could hold a lock for ever."""
        for actor in self._actors:
            actor.process.alive = False
        while self._actors:
            self._go_on(self._actors[0], hub)

    def _let_all_go_on(self, hub: greenlet) -> None:
        while self._actors:
            due = self._due()
            if not due:
                self.now = min(self._next(each) for each in self._actors)
                if self.now == math.inf:
                    raise Endless("everybody waits for ever")
                continue
            self.events += 1
            if self.events > MOST_EVENTS:
                raise Endless(f"the world has not ended after {MOST_EVENTS:,} events")
            self._go_on(due[self._chooser.turn([each.steps for each in due])], hub)
            self._after()

    def wait(
        self, seconds: float = math.inf, is_due: Callable[[], bool] | None = None, steps: Steps = tuple
    ) -> None:
        """Let others go on.

        :param seconds: how long the actor waits at most.
        :param is_due: ends the wait early.
        :param steps: what it may do then.
        :raises Killed: if the process is killed by then.
        """
        actor = self._current
        if actor is None:
            raise RuntimeError("only an actor can wait")
        process = actor.process
        if not process.alive:
            raise Killed
        process.waits += 1
        process.on_wait(process.waits)
        actor.until, actor.is_due, actor.steps = self.now + seconds, is_due, steps
        actor.greenlet.parent.switch()
        if not process.alive:
            raise Killed

    def _next(self, actor: Actor) -> float:
        """Return when an actor goes on if nothing ends its wait early, or may do so at last."""
        asleep_until = actor.process.asleep_until
        return asleep_until if asleep_until > self.now else actor.until

    def _due(self) -> list[Actor]:
        """Return the actors that may go on now."""
        now, due = self.now, []
        for actor in self._actors:
            process = actor.process
            if not process.alive or (
                process.asleep_until <= now
                and (actor.until <= now or (actor.is_due is not None and actor.is_due()))
            ):
                due.append(actor)
        return due

    def _go_on(self, actor: Actor, hub: greenlet) -> None:
        if actor.process.alive or actor.started:
            actor.started, actor.greenlet.parent, self._current = True, hub, actor
            actor.greenlet.switch()
            self._current = None
        if actor.greenlet.dead or not actor.started:
            self._actors.remove(actor)


class LoopLock:
    """A lock for actors, which wait for it as they wait for anything else.

    :param loop: lets others go on.
    """

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._is_held = False

    def __enter__(self) -> None:
        while self._is_held:
            self._loop.wait(is_due=lambda: not self._is_held)
        self._is_held = True

    def __exit__(self, *_: object) -> None:
        self._is_held = False


class LoopClock:
    """The clock of a machine in the simulation.

    :param loop: its time.
    :param chooser: its random numbers.
    :ivar ahead: seconds by which the machine's idea of the date is wrong.
    """

    def __init__(self, loop: Loop, chooser: Chooser) -> None:
        self._loop = loop
        self._chooser = chooser.of("jitter")
        self.ahead = 0.0

    def monotonic(self) -> float:
        return self._loop.now

    def now(self) -> datetime:
        return BEGAN + timedelta(seconds=self._loop.now + self.ahead)

    def seconds(self) -> float:
        """Return the seconds since 1970."""
        return BEGAN.timestamp() + self._loop.now + self.ahead

    def sleep(self, seconds: float, /) -> None:
        self._loop.wait(seconds)

    def wait(self, event: Event, seconds: float, /) -> bool:
        if not event.is_set():
            self._loop.wait(seconds, event.is_set)
        return event.is_set()

    def random(self) -> float:
        return self._chooser.random()
