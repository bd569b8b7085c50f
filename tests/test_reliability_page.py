# SPDX-License-Identifier: Apache-2.0
"""The rules that the page on reliability lists are those that ``tests/cases`` holds."""

from __future__ import annotations

import re
from pathlib import Path

from tests.chaos.__main__ import MARK
from tests.simulation.totals import BEGIN, END

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "airflow_provider_hubcontact"
TEXT = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in TEXT.partition("## Input that could end")[2].partition("\n## ")[0].splitlines()
    if line.startswith("| ") and not line.startswith("| rule |")
]


def test_every_rule_is_told() -> None:
    """Each file of ``tests/cases`` stands in one row, and each file that a row names is there."""
    named = [name for row in ROWS for name in re.findall(r"`(\w+\.py)`", row[2])]

    assert sorted(named) == sorted(path.name for path in (ROOT / "tests" / "cases").glob("test_*.py"))


def test_every_rule_is_enforced_somewhere() -> None:
    """Each row has a rule, and names modules that there are."""
    for rule, modules, _ in ROWS:
        named = re.findall(r"`([\w/.]+)`", modules)

        assert rule
        assert named
        for module in named:
            assert (PACKAGE / module).exists() or (ROOT / module).exists(), module


def test_simulated_totals_have_a_place() -> None:
    """``make simulate-long`` writes between its marks, and each mistake that it found is a test by now."""
    head, _, rest = TEXT.partition(BEGIN)
    told = re.findall(r"`(tests/\w+/\w+\.py)(?:::(\w+))*::(\w+)`", TEXT.partition(END)[2])

    assert head.endswith("\n\n")
    assert END in rest
    assert told
    for path, _, name in told:
        assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8")


def test_the_totals_come_last() -> None:
    """``make chaos`` writes anew what stands behind its mark, so no other text may."""
    head, _, totals = TEXT.partition(MARK)

    assert head.count("## After faults and kills") == 1
    assert "#" not in totals
