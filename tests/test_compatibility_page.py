# SPDX-License-Identifier: Apache-2.0
"""The tables of compatibility are made from runs, and speak of what this package says it runs on."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from scripts import compatibility, environment
from scripts.compatibility import BEGIN, END, PYTHONS, Result, long_table, short_table
from scripts.releases import RELEASES, Release

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PAGE = (ROOT / compatibility.PAGE).read_text(encoding="utf-8")


@pytest.fixture
def results(monkeypatch: pytest.MonkeyPatch) -> list[Result]:
    """Read the results that are kept."""
    monkeypatch.chdir(ROOT)
    return compatibility.read()


def between(page: Path, name: str) -> str:
    text = (ROOT / page).read_text(encoding="utf-8")
    return text.partition(BEGIN.format(name))[2].partition(END.format(name))[0]


def test_the_tables_are_made_from_the_results(results: list[Result]) -> None:
    """README and page have what ``make test-matrix`` has measured, and nothing else."""
    assert between(compatibility.README, "compatibility") == short_table(results)
    assert between(compatibility.PAGE, "runs") == long_table(results)


@pytest.mark.parametrize("release", RELEASES, ids=lambda release: release.name)
class TestEachRelease:
    def test_what_failed_is_told(self, release: Release, results: list[Result]) -> None:
        """Only a pre-release may fail, and the page has a section that says why."""
        if any(result.failed for result in results if result.release == release.name):
            assert re.search(r"\d(a|b|rc)\d", release.wanted)
            assert f"### Airflow {release.name}" in PAGE

    def test_it_has_its_pins(self, release: Release) -> None:
        """Its packages are pinned, and the page for contributors names the file."""
        assert (ROOT / release.constraints).exists()
        assert f"`{Path(release.constraints).name}`" in CONTRIBUTING


def test_the_pythons_are_those_of_the_package() -> None:
    """Metadata, environments and the table name the same ones."""
    classified = [line.rpartition(" ")[2] for line in PROJECT["classifiers"] if "Python :: 3." in line]
    newest = int(PYTHONS[-1].partition(".")[2])

    assert classified == environment.PYTHONS == PYTHONS
    assert PROJECT["requires-python"] == f">={PYTHONS[0]},<3.{newest + 1}"
    assert f"Python {PYTHONS[0]} to {PYTHONS[-1]}" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_a_cell_says_what_was_run() -> None:
    """What failed is counted; what was not run is not told as tested."""
    kept = [
        Result("3.4", "3.4.0b2", "3.11.7", "suite", 3000, 2, 10, "2026-11-27"),
        Result("3.4", "3.4.0b2", "3.11.7", "smoke", 6, 0, 0, "2026-11-27"),
    ]
    (row,) = [line for line in short_table(kept).splitlines() if line.startswith("| 3.4.0b2 ")]
    (untested,) = [line for line in short_table(kept).splitlines() if line.startswith("| 3.0 ")]

    assert row == "| 3.4.0b2 | test suite, 2 failed and smoke test | not tested | not tested | not tested |"
    assert untested == "| 3.0 | not tested | not tested | - | - |"
    assert "| 3.4.0b2 | 3.11.7 | test suite | 3,000 | 2 | 10 | 2026-11-27 |" in long_table(kept)
