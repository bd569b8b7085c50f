"""The tool that breaks the product, and counts what notices."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.faulty import FAULTS
from tests.simulation.forked_tests import Change, ForkedTests
from tests.simulation.mutants import Judge, Mutant, Results, Verdict, judge_some, known, mutants_of, share

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
'''

TESTS = '''"""Its tests."""

import pytest

from airflow_provider_hubcontact.sync.product import TWO, emptied, far, sign


@pytest.mark.parametrize("number", [1, -1])
def test_sign(number):
    assert sign(number) == number


def test_far():
    assert far(11) and not far(9)


def test_emptied():
    assert emptied([1]) == []


def test_two():
    assert TWO == 2

'''

JUDGED = """
import sys
from pathlib import Path
from tests.simulation import forked_tests
from tests.simulation.mutants import Judge, Results, judge_all, mutants_of

forked_tests.PATIENCE = 1.0
mutants = list(mutants_of(Path("airflow_provider_hubcontact/sync/product.py")))
judge_all(mutants, Results(Path("results.jsonl")), Judge(Path.cwd(), []), 60.0)
"""


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Verdict]:
    """Judge the mutants of a small product."""
    folder = tmp_path_factory.mktemp("product")
    for name, text in [
        ("airflow_provider_hubcontact/sync/product.py", PRODUCT),
        ("tests/sync/test_it.py", TESTS),
    ]:
        path = folder / name
        path.parent.mkdir(parents=True)
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
    ],
)
def test_tests_judge_mutants(verdicts: dict[str, Verdict], place: str, by: str, said: str) -> None:
    """Each is judged by the tests that execute its line, wherever its function is."""
    verdict = verdicts[place]

    assert verdict.by == by
    assert said in verdict.said
