"""The rules that the page on reliability lists are those that ``tests/cases`` holds."""

from __future__ import annotations

import re
from pathlib import Path

from tests.chaos.__main__ import MARK

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "airflow_provider_hubcontact"
TEXT = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in TEXT.partition("## After faults and kills")[0].splitlines()
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


def test_the_totals_come_last() -> None:
    """``make chaos`` writes anew what stands behind its mark, so no other text may."""
    head, _, totals = TEXT.partition(MARK)

    assert head.count("## After faults and kills") == 1
    assert "#" not in totals
