# SPDX-License-Identifier: Apache-2.0
"""Hundreds of trials, and their totals in ``docs/reliability.md``.

::

    python -m tests.chaos                  # all of them
    python -m tests.chaos --seed 4711      # one again, with what was wrong
    python -m tests.chaos --only lists     # those with lists; their totals alone are renewed
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from tests.chaos.checks import Totals
from tests.chaos.list_trial import run_trial
from tests.chaos.trial import Trouble
from tests.chaos.troubles import ALONE, KILLED, LISTS, MIXED, OTHERS, STATUSES


class Table(NamedTuple):
    """A table of totals.

    :param mark: after which it stands.
    :param columns: heading → the number.
    """

    mark: str
    columns: Mapping[str, Callable[[Totals], int]]


PAGE = Path("docs/reliability.md")
MARK = "<!-- totals -->"
LISTS_MARK = "<!-- lists -->"
OF_LISTS = "lists"
USUAL = Table(
    MARK,
    {
        "trials": lambda of: of.trials,
        "tries": lambda of: of.tries,
        "rows": lambda of: of.rows,
        "by a second address": lambda of: of.by_other,
        "hostile": lambda of: of.hostile,
        "faults": lambda of: of.faults.total(),
        "any status": lambda of: of.statuses.total(),
        "kills": lambda of: of.kills,
        "edits": lambda of: of.edits,
        "rows lost": lambda of: len(of.lost),
        "wrong": lambda of: len(of.wrong),
    },
)
WITH_LISTS = Table(
    LISTS_MARK,
    {
        "trials": lambda of: of.trials,
        "runs": lambda of: of.nights,
        "green": lambda of: of.green,
        "tries": lambda of: of.tries,
        "rows": lambda of: of.rows,
        "faults": lambda of: of.faults.total(),
        "at lists": lambda of: of.at_lists,
        "any status": lambda of: of.statuses.total(),
        "kills": lambda of: of.kills,
        "by hand": lambda of: of.by_hand,
        "members": lambda of: of.members,
        "left": lambda of: of.left,
        "rows lost": lambda of: len(of.lost),
        "wrong": lambda of: len(of.wrong),
    },
)
"""The totals of trials with lists: their runs, those that ended green, and what people did by hand."""


def trials() -> Iterator[tuple[str, int, Trouble]]:
    """Give a group, a seed and a trouble each."""
    for group, troubles, times in (
        ("each fault alone, at 1, 5 and 20 %", ALONE, 2),
        ("all faults mixed, at 1, 5 and 20 %", MIXED, 15),
        ("`kill -9` at random moments", KILLED, 12),
        ("any status, as any answer", STATUSES, 12),
        ("other troubles", OTHERS, 6),
        (OF_LISTS, LISTS, 3),
    ):
        for turn in range(times):
            for place, trouble in enumerate(troubles):
                own = 100_000 if trouble.lists else 0
                yield group, own + 1_000 * (turn + 1) + 100 * len(troubles) + place, trouble


def main() -> int:
    """Run the trials.

    :return: 0 if nothing was lost and nothing was wrong.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description="Run the chaos suite.")
    parser.add_argument("--seed", type=int, help="run one trial")
    parser.add_argument("--only", choices=[OF_LISTS], help="run the trials with lists alone")
    parser.add_argument("--processes", type=int, default=2, help="trials at a time (%(default)s)")
    options = parser.parse_args()
    wanted = [
        each for each in trials() if options.seed in {None, each[1]} and options.only in {None, each[0]}
    ]
    for each in (signal.SIGINT, signal.SIGTERM):  # a shell's background ignores the first one
        signal.signal(each, signal.default_int_handler)
    groups: dict[str, Totals] = {}
    began = time.monotonic()
    with ProcessPoolExecutor(options.processes, mp_context=get_context("forkserver")) as pool:
        found = pool.map(run_trial, [seed for _, seed, _ in wanted], [trouble for _, _, trouble in wanted])
        try:
            for (group, _, _), totals in zip(wanted, found, strict=True):
                groups.setdefault(group, Totals()).add(totals)
                print(".", end="" if not totals.lost and not totals.wrong else "!", flush=True)
        except KeyboardInterrupt:  # what was run is written
            pool.shutdown(cancel_futures=True)
    print()
    for line in (line for totals in groups.values() for line in (*totals.lost, *totals.wrong)):
        print(line)
    if options.seed is None:
        _write(groups, time.monotonic() - began, options.processes)
    return 1 if any(totals.lost or totals.wrong for totals in groups.values()) else 0


def _write(groups: dict[str, Totals], seconds: float, processes: int) -> None:
    """Write the totals behind their marks; those of other trials stay."""
    head, _, rest = PAGE.read_text(encoding="utf-8").partition(MARK)
    usual, _, of_lists = rest.partition(LISTS_MARK)
    ran = f"{datetime.now(UTC):%Y-%m-%d}, {seconds / 60:.0f} minutes, {processes} at a time."
    others = {name: totals for name, totals in groups.items() if name != OF_LISTS}
    if others:
        usual = f"\n\n{_told(USUAL, others)}\n\n`make chaos`, {ran}\n\n"
    if OF_LISTS in groups:
        command = "make chaos" if others else 'make chaos ARGS="--only lists"'
        of_lists = f"\n\n{_told(WITH_LISTS, {'with lists': groups[OF_LISTS]})}\n\n`{command}`, {ran}\n"
    PAGE.write_text(f"{head}{MARK}{usual}{LISTS_MARK}{of_lists}", encoding="utf-8")


def _told(table: Table, groups: dict[str, Totals]) -> str:
    """Return a table of groups, and what struck in them."""
    whole = Totals()
    for totals in groups.values():
        whole.add(totals)
    lines = [
        f"| {' | '.join(('trials', *('' if name == 'trials' else name for name in table.columns)))} |",
        f"|---{'|---:' * len(table.columns)}|",
    ]
    for group, each in [*groups.items(), *([("**all**", whole)] if len(groups) > 1 else [])]:
        numbers = (f"{number(each):,}" for number in table.columns.values())
        lines.append(f"| {group} | {' | '.join(numbers)} |")
    kinds = ", ".join(f"{name} {count:,}" for name, count in sorted(whole.faults.items()))
    statuses = ", ".join(f"{status} {count:,}" for status, count in sorted(whole.statuses.items()) if count)
    struck = f"Faults that struck: {kinds}.\n\nStatuses drawn that struck: {statuses or 'none'}."
    return "\n".join(lines) + f"\n\n{struck}"


if __name__ == "__main__":
    sys.exit(main())
