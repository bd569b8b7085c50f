"""Makes every choice of a world. One seed decides all of them, so that a world can be run again."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Chooser:
    """Chooses by dice.

    :param seed: decides all choices.
    """

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)
        self.random = self._dice.random
        self.choices = 0

    def below(self, count: int) -> int:
        """Choose a number from 0 to below a count."""
        self.choices += 1
        return int(self.random() * count)

    def chance(self, share: float) -> bool:
        """Choose whether something happens.

        :param share: how often it does, from 0 to 1.
        """
        self.choices += 1
        return self.random() < share

    def between(self, least: float, most: float) -> float:
        """Choose a number, to the millisecond if it is seconds."""
        self.choices += 1
        return round(least + (most - least) * self.random(), 3)

    def one_of(self, options: Sequence[T]) -> T:
        """Choose one of several."""
        return options[self.below(len(options))]

    def half_of(self, options: Sequence[T]) -> list[T]:
        """Choose about half of several, in their order."""
        return [option for option in options if self.chance(0.5)]
