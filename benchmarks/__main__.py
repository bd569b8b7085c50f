"""Run the benchmarks and write ``docs/benchmarks.md``.

::

    python -m benchmarks [--quick] [--page] [quota calls cpu memory workers bad_rows caught imports]

All of them unless some are named. Results are JSON lines in ``benchmarks/results/``; the page is made of
what is there.
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


def main() -> None:
    """Parse the command line and do it."""
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
    if not options.page:
        for name in options.names or NAMES:
            measure(name, quick=options.quick)
    write(options.output)


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
    main()
