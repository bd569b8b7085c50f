"""The tool that breaks the product, and counts what notices."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path

import pytest

from tests.simulation import mutants
from tests.simulation.faulty import FAULTS
from tests.simulation.mutants import Mutant, Verdict, check_whole, judge_all, known, mutants_of, share

SOURCE = '''"""A module."""

LIMIT = 3


def go(rows: list[int], *, is_new: bool = False) -> bool:
    """Return whether ö goes."""
    if not rows and is_new:
        rows.append(1)
    return len(rows) < LIMIT or rows[0] is None
'''


@pytest.fixture
def module(tmp_path: Path) -> Path:
    path = tmp_path / "module.py"
    path.write_text(SOURCE, encoding="utf-8")
    return path


def test_each_known_fault_can_be_made() -> None:
    """Its text is in one place of the product, and what takes its place is Python."""
    found = list(known())

    assert [mutant.name for mutant in found] == [fault.name for fault in FAULTS]
    for mutant in found:
        ast.parse(_broken(mutant))


def test_mutants_of_a_module(module: Path) -> None:
    """What runs in functions is changed, one place at a time; defaults, constants and docstrings are not."""
    found = [mutant.name.partition(": ")[2] for mutant in mutants_of(module)]

    assert sorted(found) == [
        "0 → 1",
        "1 → 2",
        "len(rows) < LIMIT or rows[0] is None → ((len(rows) < LIMIT) and (rows[0] is None))",
        "len(rows) < LIMIT → (len(rows) <= LIMIT)",
        "not rows and is_new → ((not rows) or (is_new))",
        "not rows and is_new → False",
        "not rows → bool(rows)",
        "rows.append(1) → pass",
        "rows[0] is None → (rows[0] is not None)",
    ]
    for mutant in mutants_of(module):
        ast.parse(_broken(mutant))


def _broken(mutant: Mutant) -> bytes:
    source = Path(mutant.path).read_bytes()
    return source[: mutant.start] + mutant.text.encode() + source[mutant.end :]


def test_a_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mutants that have a verdict in the file are not judged again."""
    judged: list[str] = []

    def judge(mutant: Mutant, _: Path) -> Verdict:
        judged.append(mutant.name)
        return Verdict(mutant.name, "tests", 1.0, "")

    monkeypatch.setattr(mutants, "judged", judge)
    monkeypatch.setattr(mutants, "check_whole", lambda *_: None)
    monkeypatch.setattr(shutil, "copytree", lambda *_, **__: None)
    some = [Mutant(name, "product/sync/x.py", 0, 0, "") for name in "abc"]

    judge_all(some[:2], tmp_path / "results.jsonl")
    verdicts = judge_all(some, tmp_path / "results.jsonl")

    assert judged == ["a", "b", "c"]
    assert [verdict.name for verdict in verdicts] == ["a", "b", "c"]


def test_nothing_is_judged_where_tests_fail_anyway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy in which nothing is broken comes first."""
    monkeypatch.setattr(mutants, "judged", lambda mutant, _: Verdict(mutant.name, "tests", 1.0, "1 error"))

    with pytest.raises(RuntimeError, match="sync, unbroken, is noticed by tests: 1 error"):
        check_whole(tmp_path, {"sync"})


@pytest.mark.parametrize(
    ("killed", "of", "interval"), [(0, 0, (0, 0, 1)), (50, 100, (0.5, 0.404, 0.596)), (10, 10, (1, 0.722, 1))]
)
def test_the_share_has_an_interval(killed: int, of: int, interval: tuple[float, float, float]) -> None:
    assert share(killed, of) == pytest.approx(interval, abs=0.001)
