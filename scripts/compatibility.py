# SPDX-License-Identifier: Apache-2.0
"""The results of ``scripts/matrix.py``, and the tables that the documentation has of them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from scripts.releases import RELEASES, Release

RESULTS = Path("docs/compatibility.json")
README, PAGE = Path("README.md"), Path("docs/compatibility.md")
BEGIN, END = "<!-- --8<-- [start:{}] -->\n", "<!-- --8<-- [end:{}] -->\n"
PYTHONS = sorted({python for release in RELEASES for python in release.pythons})

WORDS = {"suite": "test suite", "smoke": "smoke test"}


@dataclass(frozen=True)
class Result:
    """What became of the tests on one release of Airflow and one Python.

    :param release: such as ``3.1``.
    :param airflow: its version.
    :param python: its version.
    :param tests: ``suite`` or ``smoke``.
    :param passed: tests that passed.
    :param failed: tests that failed, or could not be run.
    :param skipped: tests that are about another Airflow, or about something that is not there.
    :param day: when they were run.
    """

    release: str
    airflow: str
    python: str
    tests: str
    passed: int
    failed: int
    skipped: int
    day: str

    @property
    def minor(self) -> str:
        """The Python without its patch release."""
        return ".".join(self.python.split(".")[:2])

    @property
    def cell(self) -> tuple[str, str, str]:
        """What there is one result of."""
        return self.release, self.minor, self.tests


def read() -> list[Result]:
    """Read the results."""
    return [Result(**each) for each in json.loads(RESULTS.read_text(encoding="utf-8"))]


def write(results: list[Result]) -> None:
    """Write the results, and the tables of them."""
    order = [release.name for release in RELEASES]
    kept = sorted(
        results, key=lambda each: (order.index(each.release), PYTHONS.index(each.minor), each.tests)
    )
    text = json.dumps([asdict(each) for each in kept], indent=1)
    RESULTS.write_text(f"{text}\n", encoding="utf-8")
    for page, name, written in (
        (README, "compatibility", short_table(kept)),
        (PAGE, "runs", long_table(kept)),
    ):
        begin, end = BEGIN.format(name), END.format(name)
        head, _, rest = page.read_text(encoding="utf-8").partition(begin)
        page.write_text(f"{head}{begin}{written}{end}{rest.partition(end)[2]}", encoding="utf-8")


def short_table(results: list[Result]) -> str:
    """Give a row for each release, a column for each Python."""
    rows = [["Airflow", *(f"Python {python}" for python in PYTHONS)]]
    for release in RELEASES:
        versions = {each.airflow for each in results if each.release == release.name}
        cells = [cell(results, release, python) for python in PYTHONS]
        rows.append([", ".join(sorted(versions)) or release.name, *cells])
    return table(rows)


def cell(results: list[Result], release: Release, python: str) -> str:
    """Say what was run on one release and one Python."""
    run = [word(each) for each in results if (each.release, each.minor) == (release.name, python)]
    return " and ".join(run) or ("not tested" if python in release.pythons else "-")


def word(result: Result) -> str:
    """Say in a word or two what was run, and whether it passed."""
    said = WORDS[result.tests]
    return f"{said}, {result.failed} failed" if result.failed else said


def long_table(results: list[Result]) -> str:
    """Give a row for each run."""
    headings = ["Airflow", "Python", "run", "passed", "failed", "skipped", "on"]
    return table(
        [headings]
        + [
            [each.airflow, each.python, WORDS[each.tests]]
            + [f"{count:,}" for count in (each.passed, each.failed, each.skipped)]
            + [each.day]
            for each in results
        ]
    )


def table(rows: Iterable[list[str]]) -> str:
    """Write a table, of which the first row is the headings."""
    first, *others = ("| " + " | ".join(row) + " |\n" for row in rows)
    return first + "|---" * (first.count("|") - 1) + "|\n" + "".join(others)
