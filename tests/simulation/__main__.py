# SPDX-License-Identifier: Apache-2.0
"""Run simulated worlds.

::

    python -m tests.simulation --seed 4711            # one world, with its story
    python -m tests.simulation --seed 4711 --shrink   # the same, reduced to what goes wrong in it
    python -m tests.simulation --worlds 1000 --from 0 # many, with totals
    python -m tests.simulation --exhaustive           # small ones in all orders, with each fault and kill
    python -m tests.simulation --minutes 600 --append # with the next seeds; the page gets the totals
"""

from __future__ import annotations

import argparse
import itertools
import logging
import math
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.simulation.chooser import Kept
from tests.simulation.exhaustive import MOST_WORLDS, WAYS, small_plots
from tests.simulation.plot import FEATURES, KINDS
from tests.simulation.shrinking import read, shrunk, written
from tests.simulation.totals import TotalsFile, run_worlds
from tests.simulation.world import World, collected, ended_worlds, features_of

TOTALS = Path("tests/simulation/totals.json")

PART = 500
"""Worlds whose totals are kept together: about half a minute."""


def main() -> int:
    """Run worlds.

    :return: 0 if nothing was wrong.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description="Run simulated worlds.")
    parser.add_argument("--seed", type=int, nargs="+", help="run these worlds, and print what happened")
    parser.add_argument("--shrink", action="store_true", help="reduce it to a small one that fails as well")
    parser.add_argument("--keep", help="the choices that are left to its dice, as --shrink prints them")
    parser.add_argument("--worlds", type=int, default=1_000, help="how many (%(default)s)")
    parser.add_argument("--from", type=int, default=0, dest="first", help="the first seed (%(default)s)")
    parser.add_argument("--minutes", type=float, help="go on for so long, instead of a number of worlds")
    parser.add_argument("--until-wrong", action="store_true", help="end with the first that is wrong")
    parser.add_argument("--append", action="store_true", help=f"go on after the worlds of {TOTALS}")
    parser.add_argument("--having", default="", help='only worlds with these features ("state, suspended")')
    parser.add_argument("--exhaustive", action="store_true", help="run small worlds in all ways")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # else each run would hold it back
    if options.seed is not None:
        kept = None if options.keep is None else read(options.keep)
        return max(_show(seed, shrunk(seed) if options.shrink else kept) for seed in options.seed)
    if options.exhaustive:
        return _all_ways()
    having = frozenset(filter(None, map(str.strip, options.having.split(","))))
    if unknown := having - {*FEATURES, *KINDS}:
        parser.error(f"no feature of a world is called {min(unknown)!r}")
    if options.append:
        return _append(TotalsFile(TOTALS), options.worlds, options.minutes, having)
    seeds = _seeds(options.first, options.worlds, options.minutes, having)
    if options.until_wrong:
        return _until_wrong(seeds)
    totals = run_worlds(seeds, _tell_small)
    print("\n".join(totals.lines()))
    return 1 if totals.wrong else 0


def _seeds(first: int, count: int, minutes: float | None, having: frozenset[str]) -> Iterator[int]:
    """Yield seeds of worlds with some features: as many as were asked for, or until the time is over."""
    until = math.inf if minutes is None else time.perf_counter() + 60 * minutes
    seeds = (seed for seed in itertools.count(first) if not having or having <= features_of(seed))
    for seed in itertools.islice(seeds, count if minutes is None else None):
        if time.perf_counter() >= until:
            return
        yield seed


def _all_ways() -> int:
    """Run the small worlds in all orders, with a kill at each wait, and with each fault at each call.

    :return: 0 if nothing was wrong.
    """
    plots, wrong = list(small_plots()), 0
    print(f"{len(plots)} plots, at most {MOST_WORLDS:,} worlds in each way", flush=True)
    with collected():
        for name, way in WAYS.items():
            count = way(plots, MOST_WORLDS)
            wrong += len(count.wrong)
            print("\n".join([f"{name}: {count}", *count.wrong[:10]]), flush=True)
    return 1 if wrong else 0


def _until_wrong(seeds: Iterator[int]) -> int:
    """Run worlds until something is wrong in one.

    :return: 0 if nothing was.
    """
    wrong = next((world for world in ended_worlds(seeds) if world.oracles.violations), None)
    if wrong:
        print(f"WRONG in seed {wrong.seed}: {wrong.oracles.violations[0]}")
    return 1 if wrong else 0


def _append(file: TotalsFile, count: int, minutes: float | None, having: frozenset[str]) -> int:
    """Run the worlds that come after those of a file, and add what they come to, part by part.

    :return: 0 if nothing was wrong.
    """
    wrong = worlds = 0
    seeds = _seeds(file.next_seed, count, minutes, having)
    file.begin(having)
    while (part := run_worlds(itertools.islice(seeds, PART), _tell_small)).worlds:
        file.append(part)
        file.write_page()
        wrong += len(part.wrong)
        worlds += part.worlds
        print(f"{worlds:,} worlds, {wrong} wrong", flush=True)
    return 1 if wrong else 0


def _show(seed: int, kept: Kept | None) -> int:
    """Run one world and print its story.

    :return: 0 if nothing was wrong.
    """
    world = World(seed, kept)
    world.run()
    _tell(world)
    return 1 if world.oracles.violations else 0


def _tell_small(world: World) -> None:
    """Print the story of a world in which something was wrong, once it is reduced."""
    small = World(world.seed, shrunk(world.seed))
    small.run()
    _tell(small)


def _tell(world: World) -> None:
    print("\n".join(world.story.lines()))
    kept = "" if world.dice.kept is None else f' --keep "{written(world.dice.kept)}"'
    print(f"Again: python -m tests.simulation --seed {world.seed}{kept}\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
