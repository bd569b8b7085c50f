# SPDX-License-Identifier: Apache-2.0
"""Makes every choice of a world. One seed decides all of them, so that a world can be run again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")

_FACTOR, _STEP = 6_364_136_223_846_793_005, 1_442_695_040_888_963_407
"""Of a linear congruential generator of 64 bits (Knuth, MMIX)."""

Kept = Mapping[str, Collection[int]]
"""Name of a stream → the numbers of its choices that are left to the dice."""


class Dice:
    """The dice of a world.

    :param seed: decides how each falls.
    :param kept: choices that are left to the dice; every other one is the least. None for all.
    :ivar drawn: name of a stream → how many choices it has made.
    """

    def __init__(self, seed: int, kept: Kept | None = None) -> None:
        self.seed = seed
        self.kept = kept
        self.drawn: Counter[str] = Counter()
        self.streams: dict[str, Chooser] = {}


class Chooser:
    """Chooses by dice: one stream of choices, which those of other streams do not move.

    The least choice is always the plainest: nothing goes wrong, nobody waits, the first of several is taken.

    :param dice: of the world.
    :param name: of the stream.
    """

    def __init__(self, dice: Dice, name: str = "world") -> None:
        self._shared = dice
        self._name = name
        self._state = int.from_bytes(blake2b(f"{dice.seed}/{name}".encode(), digest_size=8).digest(), "big")
        self._kept = None if dice.kept is None else frozenset(dice.kept.get(name, ()))

    def of(self, name: str) -> Chooser:
        """Return the stream that has a name; it goes on where it was."""
        streams = self._shared.streams
        if name not in streams:
            streams[name] = Chooser(self._shared, name)
        return streams[name]

    def random(self) -> float:
        """Choose a number from 0 to below 1."""
        number = self._shared.drawn[self._name]
        self._shared.drawn[self._name] = number + 1
        # Most streams make a few choices, so that the seeding of Python's own dice would take longest.
        self._state = (self._state * _FACTOR + _STEP) % 2**64
        value = (self._state >> 11) / 2**53
        return value if self._kept is None or number in self._kept else 0.0

    def below(self, count: int) -> int:
        """Choose a number from 0 to below a count."""
        return int(self.random() * count)

    def chance(self, share: float) -> bool:
        """Choose whether something happens.

        :param share: how often it does, from 0 to below 1.
        """
        return self.random() >= 1 - share

    def between(self, least: float, most: float) -> float:
        """Choose a number, to the millisecond if it is seconds."""
        return round(least + (most - least) * self.random(), 3)

    def one_of(self, options: Sequence[T]) -> T:
        """Choose one of several."""
        return options[self.below(len(options))]

    def turn(self, actors: Sequence[Callable[[], Sequence[object]]]) -> int:
        """Choose who goes on.

        :param actors: returns what each may do next.
        """
        return self.below(len(actors)) if len(actors) > 1 else 0

    def half_of(self, options: Sequence[T]) -> list[T]:
        """Choose about half of several, in their order."""
        return [option for option in options if self.chance(0.5)]
