"""Run simulated worlds.

::

    python -m tests.simulation --seed 4711            # one world, with its story
    python -m tests.simulation --worlds 1000 --from 0 # many, with totals
"""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import time

from tests.simulation.world import Totals, World


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
    return _many(options.first, options.worlds, options.minutes)


def _many(first: int, count: int, minutes: float | None) -> int:
    totals, began, seed = Totals(), time.perf_counter(), first
    until = began + 60 * minutes if minutes else None
    while time.perf_counter() < until if until else seed < first + count:
        world = World(seed)
        world.run()
        if world.oracles.violations:
            print("\n".join(world.story.lines()))
            print(f"Again: python -m tests.simulation --seed {seed}\n")
        totals.add(world)
        seed += 1
    totals.seconds = time.perf_counter() - began
    print("\n".join(totals.lines()))
    return 1 if totals.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
