# SPDX-License-Identifier: Apache-2.0
"""Small worlds in all orders of their steps, with each fault at each call, and with a kill at each wait.

A step is a call that reaches the portal, or an answer that reaches the run. Two steps that commute (two calls
about different contacts, or a call and an answer) are not tried in both orders: sleep sets (Godefroid, 1996).
"""

from __future__ import annotations

import gc
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_hubcontact.job.settings.key import Key
from airflow_provider_hubcontact.job.settings.ledger import Ledger
from airflow_provider_hubcontact.job.settings.settings import Settings
from airflow_provider_hubcontact.sandbox.access.limits import Allowance
from airflow_provider_hubcontact.sandbox.switches import Switches
from tests.simulation.chooser import Chooser, Dice
from tests.simulation.loop import Step
from tests.simulation.network import FAULTS, Weather
from tests.simulation.plot import Plot, rows_of
from tests.simulation.world import COLLECT_EVERY, Given, World

MOST_WORLDS = 200_000
"""Worlds that are run at most."""

KEYS = ("p0@example.com", "p1@example.com")
PATTERNS = ((0, 0, 1), (0, 1, 0), (0, 1, 1))
"""Which of two keys each of three rows has."""

_A, _B = ({"email": key, "firstname": "old"} for key in KEYS)
PORTALS: Mapping[str, Sequence[Mapping[str, str]]] = {
    "a and b there": [_A, _B],
    "a there": [_A],
    "b there": [_B],
    "nobody there": [],
    "a there with the address b": [{**_A, "hs_additional_emails": KEYS[1]}],
}


class Pruned(Exception):
    """All that could come now has been tried in an order that leads to the same."""


@dataclass
class Turn:
    """A moment at which one of several steps comes next.

    :param steps: that are possible.
    :param asleep: those that need not be tried: another order of the same steps has been.
    :ivar place: of the step that is tried now.
    """

    steps: Sequence[Step]
    asleep: frozenset[Step]
    place: int = 0

    @property
    def step(self) -> Step:
        """The step that is tried now."""
        return self.steps[self.place]

    @property
    def is_tried(self) -> bool:
        """Whether no step is left to be tried."""
        return self.place >= len(self.steps)

    def go_on(self) -> None:
        """Try the next of the steps that are awake."""
        self.place += 1
        self.wake()

    def wake(self) -> None:
        """Go to the first step, from this one on, that is awake."""
        while not self.is_tried and self.step in self.asleep:
            self.place += 1

    def asleep_after(self) -> frozenset[Step]:
        """Return the steps that need not be tried after the one that is tried now."""
        tried = self.asleep | {step for step in self.steps[: self.place] if step not in self.asleep}
        return frozenset(each for each in tried if each.commutes_with(self.step))


@dataclass
class Orders:
    """All orders of the steps of a world; each run of it has the next one.

    :ivar turns: of the run.
    """

    turns: list[Turn] = field(default_factory=list)
    _now: int = 0

    def begin(self) -> None:
        """Begin a run."""
        self._now = 0

    def next_order(self) -> bool:
        """Go to the next order.

        :return: whether there is one.
        """
        while self.turns:
            self.turns[-1].go_on()
            if not self.turns[-1].is_tried:
                return True
            self.turns.pop()
        return False

    def choose(self, steps: Sequence[Step]) -> int:
        """Choose what comes next.

        :raises Pruned: if all of it is asleep.
        """
        if self._now == len(self.turns):
            asleep = self.turns[-1].asleep_after() if self.turns else frozenset()
            turn = Turn(steps, asleep)
            turn.wake()
            if turn.is_tried:
                raise Pruned
            self.turns.append(turn)
        turn = self.turns[self._now]
        if [each.label for each in turn.steps] != [each.label for each in steps]:
            raise RuntimeError("a world is not the same when it is run again")
        self._now += 1
        return turn.place


class OrderedChooser(Chooser):
    """Chooses the plainest of everything, and the steps in an order that is given.

    :param orders: of the steps; None for the plainest.
    :ivar dice: count the choices of each stream.
    """

    def __init__(self, orders: Orders | None) -> None:
        self.dice = Dice(0, {})
        super().__init__(self.dice)
        self._orders = orders
        self._answer = 0

    def of(self, name: str) -> Chooser:
        """Return the stream of turns and answers, which is this one, or another one."""
        return self if name in {"order", "answers"} else super().of(name)

    def chance(self, share: float) -> bool:
        """Let other steps come before an answer is taken."""
        return self._orders is not None and share > 0

    def below(self, count: int) -> int:
        """Choose the answer that was chosen with the turn."""
        return self._answer if self._answer < count else 0

    def turn(self, actors: Sequence[Callable[[], Sequence[Any]]]) -> int:
        """Choose who goes on: at once who does nothing that others could notice."""
        self._answer = 0
        options: list[tuple[int, int, Step]] = []
        for place, steps in enumerate(actors):
            possible = steps()
            if not possible:
                return place
            options += [
                (place, number, step) for number, step in enumerate(possible) if isinstance(step, Step)
            ]
        if self._orders is None:
            return options[0][0]
        place, self._answer, _ = options[self._orders.choose([step for _, _, step in options])]
        return place


@dataclass
class OneFault(Weather):
    """A network in which one call meets one fault.

    :param place: which call.
    :param kind: which fault.
    """

    place: str = ""
    kind: str = ""

    def fault(self, call: str, chooser: Chooser, kinds: Sequence[str]) -> str | None:
        """Return the fault, if this is the call, and can have it."""
        del chooser
        return self.kind if call == self.place and self.kind in kinds else None


STILL = Weather(frozenset(), 0.0, 0.0)
"""A network without faults and without time, so that all orders are possible."""


@dataclass
class Count:
    """What was run.

    :ivar pruned: runs that were given up, since another order leads to the same.
    :ivar wrong: plot, and what was wrong in it.
    """

    worlds: int = 0
    pruned: int = 0
    wrong: list[str] = field(default_factory=list)

    def take(self, world: World, told: str) -> None:
        """Take in a world that has ended."""
        self.worlds += 1
        if self.worlds % COLLECT_EVERY == 0:
            gc.collect()
        if world.oracles.violations:
            self.wrong.append(f"{told}: {world.oracles.violations[0]}")

    def __str__(self) -> str:
        return f"{self.worlds:,} worlds, {self.pruned:,} given up, {len(self.wrong)} wrong"


def small_plots() -> Iterator[Plot]:
    """Yield the plots: three rows with two keys, in batches of one and two.

    The contacts are there or not, or the second key is another address of the first. The first row has new
    values, those that its contact has, or the second key as its new address.
    """
    for pattern, portal, upsert, batch, first in itertools.product(
        PATTERNS, PORTALS, (False, True), (1, 2), ("new", "equal", "moves")
    ):
        sources = [{"email": KEYS[key], "firstname": f"new {place}"} for place, key in enumerate(pattern)]
        if first == "equal":
            sources[0]["firstname"] = "old"
        elif first == "moves":
            sources[0]["new_email"] = KEYS[1]
        contacts = PORTALS[portal]
        key = Key("email", becomes="new_email") if first == "moves" else Key()
        settings = Settings(key=key, upsert=upsert, ledger=Ledger("ledger"))
        yield Plot(
            frozenset(),
            "update",
            contacts,
            rows_of(sources, settings),
            settings,
            batch,
            3,
            None,
            Allowance.of(None, None, None),
            Switches(),
            "appended",
        )


def run(plot: Plot, weather: Weather, orders: Orders | None = None, kill_at: int = 0) -> World | None:
    """Run a world.

    :param plot: what it is made of.
    :param weather: what goes wrong with its calls.
    :param orders: of its steps; None for the plainest.
    :param kill_at: the wait of its first try at which that is killed; 0 for none.
    :return: the world; None if it was given up.
    """
    trouble = ("kill", kill_at) if kill_at else ("", 0)
    world = World(0, given=Given(OrderedChooser(orders), plot, weather, trouble))
    with suppress(Pruned):
        world.run()
        return world
    return None


def all_orders(plots: Sequence[Plot], most: int) -> Count:
    """Run plots in all orders of their steps.

    :param most: worlds at most.
    """
    count = Count()
    for plot in plots:
        orders, is_left = Orders(), True
        while is_left and count.worlds + count.pruned < most:
            orders.begin()
            if world := run(plot, STILL, orders):
                count.take(world, f"{_told(plot)}, order {[turn.place for turn in orders.turns]}")
            else:
                count.pruned += 1
            is_left = orders.next_order()
    return count


def each_fault(plots: Sequence[Plot], most: int) -> Count:
    """Run plots with each fault at each call of their first try."""
    count = Count()
    for plot in plots:
        for number in range(1, calls_of(plot) + 1):
            for kind in FAULTS:
                place = f"call {number} of task 1"
                world = run(plot, OneFault(frozenset(), 1.0, 0.0, place, kind))
                if world and count.worlds < most and world.oracles.faults[kind]:
                    count.take(world, f"{_told(plot)}, {kind} at {place}")
    return count


def each_kill(plots: Sequence[Plot], most: int) -> Count:
    """Run plots with a kill at each wait of their first try."""
    count = Count()
    for plot in plots:
        for wait in itertools.count(1):
            world = run(plot, STILL, kill_at=wait)
            if world is None or not world.oracles.faults["kill"] or count.worlds >= most:
                break
            count.take(world, f"{_told(plot)}, kill at wait {wait}")
    return count


def calls_of(plot: Plot) -> int:
    """Return how many calls a try makes if nothing goes wrong."""
    chooser = OrderedChooser(None)
    World(0, given=Given(chooser, plot, STILL, ("", 0))).run()
    return sum(name.startswith("call ") for name in chooser.dice.drawn)


def _told(plot: Plot) -> str:
    keys = "".join("ab"[KEYS.index(row.key)] for row in plot.rows)
    there = next(name for name, contacts in PORTALS.items() if contacts == plot.contacts)
    first = plot.rows[0]
    equal = ", row 1 is equal" if first.values["firstname"] == "old" else ""
    moves = ", row 1 moves to b" if first.becomes else ""
    upsert = ", upsert" if plot.settings.upsert else ""
    return f"rows {keys}, {there}, batches of {plot.batch_size}{upsert}{equal}{moves}"


WAYS: Mapping[str, Callable[[Sequence[Plot], int], Count]] = {
    "all orders": all_orders,
    "a kill at each wait": each_kill,
    "each fault at each call": each_fault,
}
