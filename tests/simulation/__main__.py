"""Run simulated worlds.

::

    python -m tests.simulation --seed 4711            # one world, with its story
    python -m tests.simulation --worlds 1000 --from 0 # many, with totals
"""

from __future__ import annotations

import argparse
import itertools
import logging
import signal
import sys
import time
from collections.abc import Iterator

from tests.simulation.world import World, run_worlds


def main() -> int:
    """Run worlds.

    :return: 0 if nothing was wrong.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description="Run simulated worlds.")
    parser.add_argument("--seed", type=int, help="run one world, and print what happened")
    parser.add_argument("--worlds", type=int, default=1_000, help="how many (%(default)s)")
    parser.add_argument("--from", type=int, default=0, dest="first", help="the first seed (%(default)s)")
    parser.add_argument("--minutes", type=float, help="go on for so long, instead of a number of worlds")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # else each run would hold it back
    if options.seed is not None:
        world = World(options.seed)
        world.run()
        print("\n".join(world.story.lines()))
        return 1 if world.oracles.violations else 0
    seeds = _seeds(options.first, options.worlds, options.minutes)
    totals = run_worlds(seeds, _tell)
    print("\n".join(totals.lines()))
    return 1 if totals.wrong else 0


def _seeds(first: int, count: int, minutes: float | None) -> Iterator[int]:
    """Yield seeds: as many as were asked for, or until the time is over."""
    if minutes is None:
        yield from range(first, first + count)
        return
    until = time.perf_counter() + 60 * minutes
    for seed in itertools.count(first):
        if time.perf_counter() >= until:
            return
        yield seed


def _tell(world: World) -> None:
    print("\n".join(world.story.lines()))
    print(f"Again: python -m tests.simulation --seed {world.seed}\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
