# SPDX-License-Identifier: Apache-2.0
"""The contestants that run this provider, and the page of the benchmarks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import page
from benchmarks.contest import FROM_SQL, OURS, arena
from benchmarks.population import rows

MANY = 300


@pytest.mark.parametrize("name", [OURS, FROM_SQL])
def test_a_contestant(name: str, postgres_uri: str) -> None:
    """It ends all rows, and tells what they took."""
    with arena(MANY, "--rate-limit", "off") as place:
        outcome = place.run(name, place.source(rows(MANY)), rows=MANY, contacts=MANY, database=postgres_uri)

    assert outcome.count.calls >= 2 * MANY / 100
    assert set(outcome.told.values()) == {True}
    assert outcome.cpu > 0


def test_a_section_that_is_not_measured_again_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clone has the page but no results: where one benchmark is run, the others keep their dates."""
    monkeypatch.setattr(page, "RESULTS", tmp_path)
    docs = Path(__file__).parents[2] / "docs"
    (tmp_path / "benchmarks.md").write_bytes((docs / "benchmarks.md").read_bytes())
    before = page.sections((tmp_path / "benchmarks.md").read_text(encoding="utf-8"))
    took = {"airflow": 1500, "asset": 50, "operator": 2, "first": 2, "whole": 3}
    (tmp_path / "imports.jsonl").write_text(json.dumps({"quick": True, "date": "2026-10-01", **took}))

    page.write(tmp_path)

    after = page.sections((tmp_path / "benchmarks.md").read_text(encoding="utf-8"))
    measured = after.pop("Import time")
    assert "1,500" in measured
    assert "2026-10-01" in measured
    last = [*after][-1]  # the machine's, and the versions
    kept = {title: text for title, text in before.items() if title not in {"Import time", last}}
    assert {title: after[title] for title in kept} == kept
    assert len(kept) == len(page.NAMES) - 1
    assert not (tmp_path / "images" / "benchmarks.svg").exists()
