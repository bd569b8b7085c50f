# SPDX-License-Identifier: Apache-2.0
"""Reduces a world in which something is wrong to a small one: fewer rows, features, faults and turns.

What is reduced is the set of choices that are left to the dice. Every other choice is the plainest one, so a
world is told in full by its seed and by the choices that are kept.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import TypeVar

from tests.simulation.chooser import Kept
from tests.simulation.world import World

T = TypeVar("T")

MOST_WORLDS = 3_000
"""Worlds that are run to reduce one."""


def shrunk(seed: int, most_worlds: int = MOST_WORLDS) -> Kept:
    """Return the fewest choices with which the same goes wrong in a world.

    :param seed: of a world in which something is wrong.
    :param most_worlds: that are tried on the way.
    :raises ValueError: if nothing is wrong in it.
    """
    whole = World(seed)
    whole.run()
    kind = kind_of(whole)
    if not kind:
        raise ValueError(f"nothing is wrong in seed {seed}")
    left = most_worlds

    def fails(choices: Sequence[tuple[str, int]]) -> bool:
        nonlocal left
        left -= 1
        if left < 0:
            return False
        world = World(seed, _by_stream(choices))
        world.run()
        return kind_of(world) == kind

    drawn = {name: [(name, number) for number in range(count)] for name, count in whole.dice.drawn.items()}
    streams = reduced(list(drawn), lambda names: fails([each for name in names for each in drawn[name]]))
    return _by_stream(reduced([each for name in streams for each in drawn[name]], fails))


def reduced(parts: Sequence[T], fails: Callable[[Sequence[T]], bool]) -> Sequence[T]:
    """Return a part of a sequence that still fails, and of which each element is needed.

    Runs of elements are left out, long ones first (delta debugging).

    :param parts: all elements; they fail.
    :param fails: checks whether some of them do.
    """
    size = max(1, len(parts) // 2)
    while True:
        before, place = len(parts), 0
        while place < len(parts):
            rest = [*parts[:place], *parts[place + size :]]
            if fails(rest):
                parts = rest
            else:
                place += size
        if size == 1 and len(parts) == before:
            return parts
        size = max(1, size // 2)


def kind_of(world: World) -> str:
    """Return what is wrong in a world, without the numbers, names and values in it; empty if nothing is."""
    if not world.oracles.violations:
        return ""
    text = re.sub(r"'.*'|\S+@\S+|\d+\+?", "…", world.oracles.violations[0])
    return re.sub(r"\b(task|rerun|city|firstname|lifecyclestage|hs_lead_status)\b", "…", text)


def written(kept: Kept) -> str:
    """Write choices as the command line takes them.

    :param kept: the choices.
    :return: such as ``plot:0,3;call 2 of task 1:0``.
    """
    return ";".join(f"{name}:{','.join(map(str, sorted(numbers)))}" for name, numbers in sorted(kept.items()))


def read(text: str) -> Kept:
    """Read choices from the command line.

    :param text: as :func:`written` returns it.
    :raises ValueError: if it is not such a text.
    """
    kept: dict[str, frozenset[int]] = {}
    for each in filter(None, text.split(";")):
        name, _, numbers = each.rpartition(":")
        kept[name] = frozenset(map(int, numbers.split(",")))
    return kept


def _by_stream(choices: Sequence[tuple[str, int]]) -> Kept:
    kept: defaultdict[str, set[int]] = defaultdict(set)
    for name, number in choices:
        kept[name].add(number)
    return kept
