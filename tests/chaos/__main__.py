"""Hundreds of trials, and their totals in ``docs/reliability.md``.

::

    python -m tests.chaos                  # all of them
    python -m tests.chaos --seed 4711      # one again, with what was wrong
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

from tests.chaos.checks import Totals
from tests.chaos.trial import Trouble, run_trial
from tests.chaos.troubles import ALONE, KILLED, MIXED, OTHERS, STATUSES

PAGE = Path("docs/reliability.md")
MARK = "<!-- totals -->"
HEADINGS = (
    *(
        "trials",
        "",
        "tries",
        "rows",
        "by a second address",
        "hostile",
        "faults",
        "any status",
        "kills",
        "edits",
    ),
    *("rows lost", "wrong"),
)


def trials() -> Iterator[tuple[str, int, Trouble]]:
    """Give a group, a seed and a trouble each."""
    for group, troubles, times in (
        ("each fault alone, at 1, 5 and 20 %", ALONE, 2),
        ("all faults mixed, at 1, 5 and 20 %", MIXED, 15),
        ("`kill -9` at random moments", KILLED, 12),
        ("any status, as any answer", STATUSES, 12),
        ("other troubles", OTHERS, 6),
    ):
        for turn in range(times):
            for place, trouble in enumerate(troubles):
                yield group, 1_000 * (turn + 1) + 100 * len(troubles) + place, trouble


def main() -> int:
    """Run the trials.

    :return: 0 if nothing was lost and nothing was wrong.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description="Run the chaos suite.")
    parser.add_argument("--seed", type=int, help="run one trial")
    parser.add_argument("--processes", type=int, default=2, help="trials at a time (%(default)s)")
    options = parser.parse_args()
    wanted = [each for each in trials() if options.seed in {None, each[1]}]
    groups: dict[str, Totals] = {}
    began = time.monotonic()
    with ProcessPoolExecutor(options.processes, mp_context=get_context("forkserver")) as pool:
        found = pool.map(run_trial, [seed for _, seed, _ in wanted], [trouble for _, _, trouble in wanted])
        for (group, _, _), totals in zip(wanted, found, strict=True):
            groups.setdefault(group, Totals()).add(totals)
            print(".", end="" if not totals.lost and not totals.wrong else "!", flush=True)
    whole = Totals()
    for totals in groups.values():
        whole.add(totals)
    print()
    for line in (*whole.lost, *whole.wrong):
        print(line)
    if options.seed is None:
        _write(groups, whole, time.monotonic() - began)
    return 1 if whole.lost or whole.wrong else 0


def _write(groups: dict[str, Totals], whole: Totals, seconds: float) -> None:
    table = [f"| {' | '.join(HEADINGS)} |", f"|---{'|---:' * (len(HEADINGS) - 1)}|"]
    for group, each in [*groups.items(), ("**all**", whole)]:
        numbers = (
            *(each.trials, each.tries, each.rows, each.by_other, each.hostile, each.faults.total()),
            *(each.statuses.total(), each.kills, each.edits, len(each.lost), len(each.wrong)),
        )
        table.append(f"| {group} | {' | '.join(f'{number:,}' for number in numbers)} |")
    kinds = ", ".join(f"{name} {count:,}" for name, count in sorted(whole.faults.items()))
    statuses = ", ".join(f"{status} {count:,}" for status, count in sorted(whole.statuses.items()) if count)
    text = PAGE.read_text(encoding="utf-8").partition(MARK)[0]
    PAGE.write_text(
        f"{text}{MARK}\n\n" + "\n".join(table) + f"\n\nFaults that struck: {kinds}.\n\n"
        f"Statuses drawn that struck: {statuses}.\n\n"
        f"`make chaos`, {datetime.now(UTC):%Y-%m-%d}, {seconds / 60:.0f} minutes on 2 cores.\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    sys.exit(main())
