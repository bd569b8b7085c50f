# SPDX-License-Identifier: Apache-2.0
"""Run targets of the Makefile, several at a time, and tell what each took and how it ended."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

COUNTS = re.compile(r"(\d+) (passed|failed|skipped|error)")
FAILURE = re.compile(r"(FAILED|ERROR) tests/")
"""Begins the line that pytest prints of a test that failed."""

AT_ONCE = 2
"""Targets that run at one time. Each takes the next one when it is done, so the longest come first."""

UNTESTED = "NOT TESTED"
"""Begins what the Makefile says of tests that cannot run here."""


@dataclass(frozen=True)
class Step:
    """A target that has run.

    :param target: of the Makefile.
    :param status: what make exited with.
    :param seconds: it took.
    :param summary: the last line that its tool printed.
    :param failures: the lines that name a test that failed.
    """

    target: str
    status: int
    seconds: float
    summary: str
    failures: tuple[str, ...]

    def __str__(self) -> str:
        untested = "SKIPPED" if self.summary.startswith(UNTESTED) else "ok"
        verdict = "FAILED" if self.status else untested
        return f"{self.target:<20}{verdict:<9}{self.seconds:>6.0f} s  {self.summary}"


def main(targets: list[str]) -> int:
    """Run all targets, also after one that failed.

    :param targets: of the Makefile.
    :return: 0 if all ended well, else 1.
    """
    began = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        steps = list(pool.map(run, targets))
    print("\n" + "\n".join(map(str, steps)))
    print(f"{'':<29}{time.monotonic() - began:>6.0f} s")
    for step in steps:
        for failure in step.failures:
            print(f"{step.target}: {failure}")
    tests: Counter[str] = Counter()
    for step in steps:
        if step.target.startswith("test"):
            tests.update({what: int(count) for count, what in COUNTS.findall(step.summary)})
    failed = tests["failed"] + tests["error"]
    print(f"total: {tests['passed']} passed, {failed} failed, {tests['skipped']} skipped")
    return int(any(step.status for step in steps))


def run(target: str) -> Step:
    """Run a target and show its output as it comes, each line behind the target's name."""
    print(f"\n== make {target}", flush=True)
    start, summary, failures = time.monotonic(), "", []
    command = ["make", "--no-print-directory", target]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        for line in process.stdout or ():
            print(f"{target}: {line}", end="", flush=True)
            if not line.startswith("make"):
                summary = line.strip(" =\n") or summary
            if FAILURE.match(line):
                failures.append(line.rstrip())
    return Step(target, process.returncode, time.monotonic() - start, summary, tuple(failures))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
