# SPDX-License-Identifier: Apache-2.0
"""Run the smoke tests and the whole suite on several releases of Airflow and versions of Python.

::

    python -m scripts.matrix --keep                 # all that can be run here, into the documentation
    python -m scripts.matrix --only smoke 3.0 3.2   # these releases, without the suite
    python -m scripts.matrix --python 3.13 3.3      # one release on one Python
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from scripts import environment
from scripts.compatibility import Result, read, write
from scripts.releases import RELEASES, Release

FOLDER = Path(".venv-matrix")
COUNTS = re.compile(r"(\d+) (passed|failed|skipped|error)")

SUITE = ["-W", "ignore::DeprecationWarning", "tests/airflow", "tests/cases"]
SMOKE = ["tests/smoke"]


class Cell(NamedTuple):
    """What is run on one release and one Python.

    :param release: of Airflow.
    :param python: such as ``3.12``.
    :param tests: ``suite`` or ``smoke``.
    """

    release: Release
    python: str
    tests: str

    def __str__(self) -> str:
        return f"Airflow {self.release.name}, Python {self.python}, {self.tests}"

    @property
    def folder(self) -> Path:
        """The environment, which is this cell's own."""
        return FOLDER / f"{self.tests}-{self.release.name}-{self.python}"


def main() -> int:
    """Parse the command line and run what it asks for.

    :return: 0 if every test passed that could be run.
    """
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("releases", nargs="*", metavar="RELEASE", help="such as 3.1; all unless given")
    parser.add_argument("--only", choices=["smoke", "suite"], help="leave the other tests out")
    parser.add_argument("--python", metavar="VERSION", help="one Python alone, for the suite too")
    parser.add_argument("--one-python", action="store_true", help="each on one Python: this one if it can")
    parser.add_argument("--keep", action="store_true", help="write the results into the documentation")
    options = parser.parse_args()
    if odd := set(options.releases) - {each.name for each in RELEASES}:
        parser.error(f"scripts/releases.py has no {', '.join(sorted(odd))}")
    wanted = [each for each in RELEASES if not options.releases or each.name in options.releases]
    total, untested = Counter[str](), []
    for cell in cells(wanted, options):
        python = environment.find_python([cell.python])
        if python is None:
            untested.append(f"{cell}: there is no such Python on the path")
            continue
        counts = run(cell, python)
        total.update(counts)
        if options.keep:
            keep(cell, counts)
    for line in untested:
        print(f"NOT TESTED on {line}")
    failed = total["failed"] + total["error"]
    if total["passed"] or failed:
        print(f"{total['passed']} passed, {failed} failed, {total['skipped']} skipped")
    return int(bool(failed))


def cells(releases: list[Release], options: argparse.Namespace) -> Iterator[Cell]:
    """Give what is to be run: smoke tests on each Python, the suite on one."""
    for release in releases:
        pythons = list(release.pythons)
        if options.python:
            pythons = [each for each in pythons if each == options.python]
        elif options.one_python:
            pythons = [on_the_path(release)]
        if options.only != "suite":
            yield from (Cell(release, python, "smoke") for python in pythons)
        if options.only != "smoke" and release.runs and pythons:
            yield Cell(release, options.python or suitable(release), "suite")


def on_the_path(release: Release) -> str:
    """Give this Python if the release runs on it, else one that can be found, else the first."""
    here = environment.version_of_this()
    if here in release.pythons:
        return here
    return next((each for each in release.pythons if environment.find_python([each])), release.pythons[0])


def suitable(release: Release) -> str:
    """Give the Python for the suite: its own if there is one, so that all Pythons have their turn."""
    own = release.runs or ""
    return own if environment.find_python([own]) else on_the_path(release)


def run(cell: Cell, python: str) -> Counter[str]:
    """Run the tests of a cell in its environment.

    :param cell: which.
    :param python: the path of its Python.
    :return: how many passed, failed, were skipped; one error if the tests could not be run at all.
    """
    print(f"\n{cell}", flush=True)
    variables = dict(os.environ)
    try:
        environment.make(cell.folder, python)
        if cell.tests == "suite":
            environment.fill(cell.folder, Path(cell.release.constraints), project=True)
            command = [str(cell.folder / "bin/python"), "-m", "pytest", *SUITE]
        else:
            fill_with_wheel(cell)
            command = [sys.executable, "-m", "pytest", *SMOKE]
            variables["SMOKE_RUN"] = str(cell.folder)
    except subprocess.CalledProcessError as error:
        print(f"{cell.folder} could not be made, for the reason above: {' '.join(map(str, error.cmd))}")
        return Counter(error=1)
    summary = ""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=variables) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            summary = line.strip(" =\n") or summary
    counts = Counter({what: int(count) for count, what in COUNTS.findall(summary)})
    if process.returncode and not counts["failed"] + counts["error"]:
        counts["error"] = 1
    return counts


def fill_with_wheel(cell: Cell) -> None:
    """Install Airflow, what a user has besides, and the wheel of this source tree, as the README says.

    :raises subprocess.CalledProcessError: if something cannot be had.
    """
    wheel = build()
    pins = ["--constraint", cell.release.constraints]
    airflow = f"apache-airflow=={pinned(cell.release, 'apache-airflow')}"
    environment.install(cell.folder, *pins, airflow, "apache-airflow-providers-sqlite", str(wheel))
    # The same version may be there already, made from another state of the source tree.
    environment.install(cell.folder, "--no-deps", "--force-reinstall", str(wheel))
    (cell.folder / environment.STAMP).touch()


def build() -> Path:
    """Build the wheel anew."""
    folder = FOLDER / "dist"
    for old in folder.glob("*.whl"):
        old.unlink()
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), "."]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    (wheel,) = folder.glob("*.whl")
    return wheel


def pinned(release: Release, package: str) -> str:
    """Give the version of a package that is tried with a release."""
    text = Path(release.constraints).read_text(encoding="utf-8")
    (version,) = re.findall(rf"^{package}==([^\s;]+)", text, re.MULTILINE)
    return str(version)


def keep(cell: Cell, counts: Counter[str]) -> None:
    """Write the result of a cell in place of the one before."""
    code = "import platform; print(platform.python_version())"
    asked = subprocess.run(
        [str(cell.folder / "bin/python"), "-c", code], capture_output=True, text=True, check=True
    )
    result = Result(
        release=cell.release.name,
        airflow=pinned(cell.release, "apache-airflow"),
        python=asked.stdout.strip(),
        tests=cell.tests,
        passed=counts["passed"],
        failed=counts["failed"] + counts["error"],
        skipped=counts["skipped"],
        day=datetime.now(UTC).date().isoformat(),
    )
    write([result, *(each for each in read() if each.cell != result.cell)])


if __name__ == "__main__":
    sys.exit(main())
