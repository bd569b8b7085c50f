# SPDX-License-Identifier: Apache-2.0
"""Run the benchmarks and write ``docs/benchmarks.md``.

::

    python -m benchmarks [--quick] [--page] [NAME …]

All of them unless some are named; ``--help`` has the names. Results are JSON lines in
``benchmarks/results/``; the page is made of what is there. A benchmark that cannot run is told, the others
run, and the exit status is 1.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.page import NAMES, RESULTS, write


def main() -> int:
    """Parse the command line and do it.

    :return: 0 if every benchmark ran.
    """
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(NAMES))
    parser.add_argument(
        "--quick", action="store_true", help="fewer rows and rounds: minutes, rougher numbers"
    )
    parser.add_argument("--page", action="store_true", help="measure nothing, write the page anew")
    parser.add_argument("--output", type=Path, default=Path("docs"), help="folder of the page (docs)")
    options = parser.parse_args()
    if unknown := set(options.names) - set(NAMES):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    wanted = [] if options.page else options.names or [*NAMES]
    failed = [name for name in wanted if not measured(name, quick=options.quick)]
    write(options.output)
    if failed:
        sys.stdout.write(f"Did not run: {', '.join(failed)}; what was measured before is in the page.\n")
    return 1 if failed else 0


def measured(name: str, *, quick: bool) -> bool:
    """Run one benchmark, and tell what keeps it from running.

    :return: whether it ran.
    """
    try:
        measure(name, quick=quick)
    except Exception as error:  # noqa: BLE001 - whatever it is, the other benchmarks can be run
        sys.stdout.write(f"{name} did not run: {type(error).__name__}: {error}\n")
        return False
    return True


def measure(name: str, *, quick: bool) -> None:
    """Run one benchmark, and keep its results in place of older ones."""
    RESULTS.mkdir(exist_ok=True)
    unfinished = RESULTS / f"{name}.unfinished"
    started = time.monotonic()
    sys.stdout.write(f"{name} …\n")
    with unfinished.open("w", encoding="utf-8") as file:
        facts: dict[str, Any] = {"quick": quick, "date": time.strftime("%Y-%m-%d")}
        for result in importlib.import_module(f"benchmarks.{name}").run(quick=quick):
            line = json.dumps({**facts, **result})
            file.write(line + "\n")
            file.flush()
            sys.stdout.write(f"  {line}\n")
            sys.stdout.flush()
    unfinished.replace(RESULTS / f"{name}.jsonl")
    sys.stdout.write(f"{name}: {time.monotonic() - started:.0f} s\n")


if __name__ == "__main__":
    sys.exit(main())
