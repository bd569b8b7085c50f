# SPDX-License-Identifier: Apache-2.0
"""The tool that breaks the product, and counts what notices."""

from __future__ import annotations

import argparse
import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.faulty import FAULTS
from tests.simulation.forked_tests import Change, ForkedTests, few
from tests.simulation.mutants import (
    Judge,
    Mutant,
    Results,
    Verdict,
    _drawn,
    judge_some,
    known,
    mutants_of,
    share,
)

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
        "len(rows) < LIMIT → ((len(rows)) <= (LIMIT))",
        "not rows and is_new → ((not rows) or (is_new))",
        "not rows and is_new → False",
        "not rows → bool(rows)",
        "rows.append(1) → pass",
        "rows[0] is None → ((rows[0]) is not (None))",
    ]
    for mutant in mutants_of(module):
        ast.parse(_broken(mutant))


def test_an_operand_keeps_its_parentheses(module: Path) -> None:
    """``(a or 0) > b`` does not become ``a or (0 >= b)``."""
    module.write_text("def go(a, b):\n    return (a or b) > b\n", encoding="utf-8")

    broken = [_broken(mutant).decode() for mutant in mutants_of(module) if ">=" in mutant.text]

    assert broken == ["def go(a, b):\n    return ((a or b) >= (b))\n"]


def _broken(mutant: Mutant) -> bytes:
    return mutant.applied(Path(mutant.path).read_bytes())


def test_a_run_goes_on(tmp_path: Path) -> None:
    """Verdicts are kept in a file; a later one takes the place of an earlier one."""
    path = tmp_path / "build" / "results.jsonl"

    first = Results(path)
    for name, by in [("a", "tests"), ("b", ""), ("b", "simulator")]:
        first.add(Verdict(name, by, 1.0, ""))

    assert {name: verdict.by for name, verdict in Results(path).verdicts.items()} == {
        "a": "tests",
        "b": "simulator",
    }


def test_the_simulator_is_asked_last(tmp_path: Path) -> None:
    """Its options are handed on; what it runs over is broken, and whole again afterwards."""
    source = tmp_path / "x.py"
    source.write_text("a = 1", encoding="utf-8")
    simulation = tmp_path / "tests" / "simulation.py"
    simulation.parent.mkdir()
    simulation.write_text(
        "import sys\nif 'a = 2' in open('x.py').read(): sys.exit(f'WRONG {sys.argv[1:]}')", encoding="utf-8"
    )
    judge = Judge(tmp_path, ["--worlds", "3"])

    killed = judge.judged(Mutant("killed", "x.py", 4, 5, "2"), None)
    survived = judge.judged(Mutant("survived", "x.py", 4, 5, "3"), None)

    assert (killed.by, killed.said) == ("simulator", "WRONG ['--worlds', '3', '--until-wrong']")
    assert (survived.by, survived.said) == ("", "")
    assert source.read_text(encoding="utf-8") == "a = 1"


def test_nothing_is_judged_where_tests_fail_anyway(tmp_path: Path) -> None:
    """The tests are run where nothing is broken first."""

    class Failing(ForkedTests):
        def __init__(self) -> None:
            pass

        def failed(self, change: Change | None) -> str:
            return "" if change else "test_x"

    results = Results(tmp_path / "results.jsonl")

    with pytest.raises(RuntimeError, match="where nothing is broken, fails: test_x"):
        judge_some([Mutant("a", "x.py", 0, 0, "")], results, Judge(tmp_path, []), Failing())

    assert not results.verdicts


def test_only_some_cases_of_a_test_may_be_run() -> None:
    """Many tests have hundreds, which all take the same way."""
    names = ["x.py::test_a[1]", "x.py::test_a[2]", "x.py::test_b", "x.py::test_a[3]", "y.py::test_a[1]"]

    assert few(names, None) == {*names}
    assert few(names, 2) == {*names} - {"x.py::test_a[3]"}


def test_some_of_the_mutants_are_drawn() -> None:
    """Of some parts but for others, in the order of the draw: the first ones are a draw, too."""
    options = {"under": ["sync/decide", "job"], "but": ["job", "sync/decide/plan.py"]}
    every = _drawn(argparse.Namespace(**options, sample=None, seed=1))

    drawn = _drawn(argparse.Namespace(**options, sample=50, seed=1))

    paths = {Path(mutant.path) for mutant in every}
    assert {str(path.parent) for path in paths} == {"airflow_provider_hubcontact/sync/decide"}
    assert "plan.py" not in {path.name for path in paths}
    assert len(drawn) == len({*drawn} & {*every}) == 50
    assert drawn != sorted(drawn, key=every.index)
    assert drawn == _drawn(argparse.Namespace(**options, sample=50, seed=1))


@pytest.mark.parametrize(
    ("killed", "of", "interval"), [(0, 0, (0, 0, 1)), (50, 100, (0.5, 0.404, 0.596)), (10, 10, (1, 0.722, 1))]
)
def test_the_share_has_an_interval(killed: int, of: int, interval: tuple[float, float, float]) -> None:
    assert share(killed, of) == pytest.approx(interval, abs=0.001)


PRODUCT = '''"""A product."""

from __future__ import annotations

def sign(number: int) -> int:
    if number < 0:
        return -1
    return 1


def far(number: int) -> bool:
    limit = 10

    def is_far() -> bool:
        return number > limit

    return is_far()


def unused() -> int:
    return 7


def emptied(numbers: list[int]) -> list[int]:
    while numbers:
        numbers.pop()
    return numbers


def two() -> int:
    return 2


TWO = two()


def twenty() -> int:
    return 20
'''

LATE = '''"""Part of the product that nothing imports before it is needed."""


def three() -> int:
    return 3
'''

MAIN = "def four() -> int:\n    return 4\n"

TESTS = '''"""Its tests."""

import pytest

from airflow_provider_hubcontact.sync.product import TWO, emptied, far, sign, twenty


@pytest.mark.parametrize("number", [1, -1])
def test_sign(number):
    assert sign(number) == number


def test_far():
    assert far(11) and not far(9)


def test_emptied():
    assert emptied([1]) == []


def test_two():
    assert TWO == 2


def test_late():
    from airflow_provider_hubcontact.sync.late import three

    assert three() == 3


def test_main():
    from airflow_provider_hubcontact.sync.__main__ import four

    assert four() == 4


def test_that_fails_from_the_third_time_on():
    twenty()
    with open("runs", "a+") as file:
        file.write("x")
        file.seek(0)
        assert len(file.read()) < 3


class Odd:
    @property
    def __class__(self):
        raise RuntimeError("no class")


ODD = Odd()
'''

JUDGED = """
import sys
from pathlib import Path
from tests.simulation import forked_tests
from tests.simulation.mutants import Judge, Results, judge_all, mutants_of

forked_tests.PATIENCE = 1.0
modules = sorted(Path("airflow_provider_hubcontact/sync").glob("*.py"))
mutants = [mutant for module in modules for mutant in mutants_of(module)]
judge_all(mutants, Results(Path("results.jsonl")), Judge(Path.cwd(), []), 60.0)
"""


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Verdict]:
    """Judge the mutants of a small product."""
    folder = tmp_path_factory.mktemp("product")
    for name, text in [
        ("airflow_provider_hubcontact/sync/product.py", PRODUCT),
        ("airflow_provider_hubcontact/sync/late.py", LATE),
        ("airflow_provider_hubcontact/sync/__main__.py", MAIN),
        ("tests/sync/test_it.py", TESTS),
    ]:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for name in ("", "sync/"):
        (folder / "airflow_provider_hubcontact" / name / "__init__.py").touch()
    (folder / "tests" / "simulation").symlink_to(Path(__file__).parent)
    done = subprocess.run(
        [sys.executable, "-c", JUDGED],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = Results(folder / "results.jsonl").verdicts
    return {name.partition(": ")[2]: verdict for name, verdict in found.items()}


@pytest.mark.parametrize(
    ("place", "by", "said"),
    [
        ("number < 0 → False", "tests", "test_sign[-1]"),
        ("number < 0 → ((number) <= (0))", "", ""),
        ("1 → 2", "tests", "test_sign[1]"),
        ("10 → 11", "tests", "test_far"),
        ("number > limit → ((number) >= (limit))", "", ""),
        ("numbers.pop() → pass", "time", "does not end"),
        ("2 → 3", "tests", "test_two"),
        ("7 → 8", "", ""),
        ("3 → 4", "tests", "test_late"),
        ("4 → 5", "tests", "test_main"),
        ("20 → 21", "", ""),
    ],
    ids=[
        "a condition",
        "survives",
        "a constant",
        "around a function",
        "inside a function",
        "without end",
        "while modules are imported",
        "no test executes it",
        "in a module that is imported late",
        "in a module that only tests import",
        "a test fails without it, too",
    ],
)
def test_tests_judge_mutants(verdicts: dict[str, Verdict], place: str, by: str, said: str) -> None:
    """Each is judged by the tests that execute its line, wherever its function is."""
    verdict = verdicts[place]

    assert verdict.by == by
    assert said in verdict.said


def test_what_forks_cannot_reach_is_tested_anew(verdicts: dict[str, Verdict]) -> None:
    """It takes longer: the tests are collected once more."""
    anew = {place for place, verdict in verdicts.items() if verdict.said.startswith("FAILED")}

    assert anew == {"2 → 3", "4 → 5"}
