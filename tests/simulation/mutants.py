# SPDX-License-Identifier: Apache-2.0
"""Breaks a copy of the product in many small ways, and tells which of them nothing notices.

::

    python -m tests.simulation.mutants --known              # faults that the product once had
    python -m tests.simulation.mutants --sample 600         # places that a seed draws, of the whole product
    python -m tests.simulation.mutants --under sync/decide  # every place in some modules
    python -m tests.simulation.mutants --under sync/decide --again  # those that have survived
    python -m tests.simulation.mutants --under . --but sync/decide  # of all parts but some
    python -m tests.simulation.mutants --under operators --tests tests/airflow --cases 3  # by other tests

A mutant is killed by the tests of its part of the product, or else by the simulator (the first world in which
something is wrong). Of the tests, those are run that execute what is changed. Results are appended to a file,
so that an interrupted run goes on.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import orjson

from tests.simulation.faulty import FAULTS
from tests.simulation.forked_tests import TIME, Change, ForkedTests, with_tests

PACKAGE = Path("airflow_provider_hubcontact")
RESULTS = Path("build/mutants.jsonl")
WORLDS = 300
"""Worlds that a mutant must survive."""

SECONDS = 60.0
"""Of tests that a mutant must survive."""

MINUTES = 10
"""For which the simulator looks for a known fault."""

PATIENCE = 3_600.0
"""Seconds after which a mutant that does not end counts as killed."""

PARTS = ("sync", "client", "job")
"""Parts of the product that the simulator runs, each with its folder of tests."""

OPPOSITES: dict[type[ast.cmpop], str] = {
    ast.Lt: "<=",
    ast.LtE: "<",
    ast.Gt: ">=",
    ast.GtE: ">",
    ast.Eq: "!=",
    ast.NotEq: "==",
    ast.In: "not in",
    ast.NotIn: "in",
    ast.Is: "is not",
    ast.IsNot: "is",
}


@dataclass(frozen=True)
class Mutant:
    """One way in which the product is broken.

    :param name: for people; names no other mutant.
    :param path: of the module.
    :param start: first byte that is replaced.
    :param end: the one after the last.
    :param text: what takes their place.
    """

    name: str
    path: str
    start: int
    end: int
    text: str

    def applied(self, source: bytes) -> bytes:
        """Break the source of the module."""
        return source[: self.start] + self.text.encode() + source[self.end :]

    def change(self) -> Change:
        """Return what is broken, as tests take it."""
        source = Path(self.path).read_bytes()
        first, last = (source.count(b"\n", 0, place) + 1 for place in (self.start, self.end))
        return Change(self.path, range(first, last + 1), self.applied(source))


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant.

    :param by: ``simulator``, ``tests``, ``time``, or empty if it has survived.
    :param seconds: that it took.
    :param said: what was wrong.
    """

    name: str
    by: str
    seconds: float
    said: str


def known() -> Iterator[Mutant]:
    """Yield the faults that the product once had.

    :raises LookupError: if the text of one is not there, or more than once.
    """
    texts = {path: path.read_text(encoding="utf-8") for path in sorted(PACKAGE.rglob("*.py"))}
    for fault in FAULTS:
        places = [path for path, text in texts.items() if fault.right in text]
        if len(places) != 1 or texts[places[0]].count(fault.right) != 1:
            raise LookupError(f"{fault.name}: its text is in {len(places)} modules")
        start = len(texts[places[0]].partition(fault.right)[0].encode())
        end = start + len(fault.right.encode())
        yield Mutant(fault.name, str(places[0]), start, end, fault.wrong)


def mutants_of(path: Path) -> Iterator[Mutant]:
    """Yield all mutants of a module."""
    source = path.read_bytes()
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    for node in _code(ast.parse(source)):
        for part, text in _changes(node, source.decode()):
            start = starts[part.lineno - 1] + part.col_offset
            end = starts[(part.end_lineno or 0) - 1] + (part.end_col_offset or 0)
            was = " ".join(source[start:end].decode().split())
            name = f"{path}:{part.lineno}:{part.col_offset}: {was[:60]} → {text[:60]}"
            yield Mutant(name, str(path), start, end, text)


def _code(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield what runs in functions: no annotations, no defaults, no docstrings."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for statement in function.body:
                if not isinstance(statement, ast.FunctionDef | ast.ClassDef):
                    yield from ast.walk(statement)


def _changes(node: ast.AST, source: str) -> Iterator[tuple[ast.expr | ast.stmt, str]]:
    """Yield parts of a node, and what takes the place of each."""

    def text(part: ast.AST) -> str:
        return ast.get_source_segment(source, part) or ""

    match node:
        case ast.Compare(ops=[operator]) if type(operator) in OPPOSITES:
            # The text of an operand lacks its parentheses.
            yield node, f"(({text(node.left)}) {OPPOSITES[type(operator)]} ({text(node.comparators[0])}))"
        case ast.BoolOp():
            word = "or" if isinstance(node.op, ast.And) else "and"
            yield node, "(" + f" {word} ".join(f"({text(value)})" for value in node.values) + ")"
        case ast.UnaryOp(op=ast.Not()):
            yield node, f"bool({text(node.operand)})"
        case ast.Constant(value=bool(value)):
            yield node, str(not value)
        case ast.Constant(value=int(value)):
            yield node, str(value + 1)
        case ast.If() | ast.IfExp() | ast.While():
            yield node.test, "False"
        case ast.Expr(value=ast.Call()):
            yield node, "pass"
        case _:
            return


class Judge:
    """Decides what becomes of mutants.

    :param folder: copy of the product and its tests.
    :param simulator: options of the simulator, which is asked last; without them it is not asked.
    """

    def __init__(self, folder: Path, simulator: Sequence[str]) -> None:
        self._folder = folder
        self._simulator = simulator

    def judged(self, mutant: Mutant, tests: ForkedTests | None) -> Verdict:
        """Run the tests over a mutant, and then the simulator.

        :param mutant: how the product is broken.
        :param tests: of its part of the product; without them the simulator runs alone.
        """
        began = time.monotonic()
        for by, said in self._said(mutant, tests):
            if said:
                return Verdict(
                    mutant.name, "time" if said.startswith(TIME) else by, time.monotonic() - began, said
                )
        return Verdict(mutant.name, "", time.monotonic() - began, "")

    def _said(self, mutant: Mutant, tests: ForkedTests | None) -> Iterator[tuple[str, str]]:
        """Yield who has been asked, and what was wrong."""
        if tests:
            change = mutant.change()
            yield "tests", tests.failed(change)
            if not tests.is_reached(change):
                yield "tests", self._failed(mutant, tests.near(change))
        if self._simulator:
            yield "simulator", self._broken(mutant, "tests.simulation", *self._simulator, "--until-wrong")

    def _failed(self, mutant: Mutant, tests: Sequence[str]) -> str:
        """Run tests in a new process. One that fails where nothing is broken as well does not count."""
        options = ("-x", "-q", "--no-header", "-p", "no:cacheprovider")
        while tests and (said := self._broken(mutant, "pytest", *tests, *options)):
            failed = said.removeprefix("FAILED ").partition(" - ")[0]
            function = failed.partition("[")[0]
            if function not in tests or not _run([sys.executable, "-m", "pytest", failed], self._folder):
                return said
            tests = [test for test in tests if test != function]
        return ""

    def _broken(self, mutant: Mutant, module: str, *options: str) -> str:
        """Run something in the copy while it is broken."""
        path = self._folder / mutant.path
        source = path.read_bytes()
        path.write_bytes(mutant.applied(source))
        try:
            return _run([sys.executable, "-m", module, *options], self._folder)
        finally:
            path.write_bytes(source)


LEFT_OUT = shutil.ignore_patterns(".git", ".venv*", "build", "dist", "__pycache__", ".*_cache")
"""What tests do not need."""


def _run(command: Sequence[str], folder: Path) -> str:
    """Run something.

    :return: what it says is wrong, or nothing.
    """
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
    except subprocess.TimeoutExpired:
        return TIME
    if not done.returncode:
        return ""
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    told = next((line for line in lines if "WRONG" in line or line.startswith("FAILED")), "")
    return (told or " ".join(lines[-1:]))[:300] or f"ends with {done.returncode}"


class Results:
    """What has become of mutants, in a file.

    :param path: of the file, a line for each; a later one holds.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = path.read_bytes().splitlines() if path.exists() else []
        self.verdicts = {each["name"]: Verdict(**each) for each in map(orjson.loads, lines)}

    def add(self, verdict: Verdict) -> None:
        """Keep and print a verdict."""
        self.verdicts[verdict.name] = verdict
        with self._path.open("ab") as file:
            file.write(orjson.dumps(asdict(verdict), option=orjson.OPT_APPEND_NEWLINE))
        _tell(verdict)


def judge_all(
    mutants: Sequence[Mutant],
    results: Results,
    judge: Judge,
    seconds: float,
    tests: Sequence[str] = (),
    *,
    cases: int | None = None,
) -> None:
    """Judge mutants, part by part.

    :param mutants: what is judged.
    :param results: where verdicts are kept.
    :param judge: who decides.
    :param seconds: of tests that a mutant must survive.
    :param tests: files or folders that are run; without them, those of the part.
    :param cases: how many cases of a parametrised test are run; None for all.
    """
    parts: dict[str, list[Mutant]] = {}
    for mutant in mutants:
        parts.setdefault("" if tests else Path(mutant.path).parts[1], []).append(mutant)
    for part, group in parts.items():
        judges = partial(judge_some, group, results, judge)
        with_tests(tests or [f"tests/{part}"], PACKAGE, seconds, judges, cases)


def judge_some(mutants: Sequence[Mutant], results: Results, judge: Judge, tests: ForkedTests) -> None:
    """Judge mutants of one part.

    :param mutants: what is judged.
    :param results: where verdicts are kept.
    :param judge: who decides.
    :param tests: of the part.
    :raises RuntimeError: if a test fails where nothing is broken.
    """
    if failed := tests.failed(None):
        raise RuntimeError(f"where nothing is broken, fails: {failed}")
    for mutant in mutants:
        results.add(judge.judged(mutant, tests))


def share(killed: int, of: int) -> tuple[float, float, float]:
    """Return the share of mutants that are killed, with its 95 % interval (Wilson)."""
    if not of:
        return 0.0, 0.0, 1.0
    z, found = 1.96, killed / of
    middle = (found + z * z / (2 * of)) / (1 + z * z / of)
    half = z * (found * (1 - found) / of + z * z / (4 * of * of)) ** 0.5 / (1 + z * z / of)
    return found, max(0.0, middle - half), min(1.0, middle + half)


def _tell(verdict: Verdict) -> None:
    how = f"killed by {verdict.by}" if verdict.by else "SURVIVED"
    print(f"{verdict.seconds:6.1f} s  {how:<20} {verdict.name}", flush=True)  # noqa: T201 - what it is for
    if verdict.said:
        print(f"          {verdict.said}", flush=True)  # noqa: T201 - same


def main() -> int:
    """Judge mutants.

    :return: 0 if none has survived.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.mutants", description="Judge mutants.")
    parser.add_argument("--known", action="store_true", help="only the faults that the product once had")
    parser.add_argument("--under", nargs="+", default=PARTS, help="parts of the product (all: %(default)s)")
    parser.add_argument("--but", nargs="+", default=(), help="not these folders or modules in them")
    parser.add_argument("--sample", type=int, help="draw so many of their mutants")
    parser.add_argument("--seed", type=int, default=0, help="decides which (%(default)s)")
    parser.add_argument("--worlds", type=int, default=WORLDS, help="that a mutant must survive (%(default)s)")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="the same, of tests (%(default)s)")
    parser.add_argument("--tests", nargs="+", default=(), help="only these files (those of the part)")
    parser.add_argument("--cases", type=int, help="only so many cases of a parametrised test (all)")
    parser.add_argument("--again", action="store_true", help="judge those again that have survived")
    options = parser.parse_args()
    mutants = list(known()) if options.known else _drawn(options)
    results = Results(RESULTS)
    left = [mutant for mutant in mutants if mutant.name not in results.verdicts]
    if options.again:
        left = [mutant for mutant in mutants if mutant in left or not results.verdicts[mutant.name].by]
    with tempfile.TemporaryDirectory(prefix="hubcontact-mutants-") as name:
        shutil.copytree(".", name, ignore=LEFT_OUT, dirs_exist_ok=True)
        if options.known:
            judge = Judge(Path(name), ["--minutes", str(MINUTES)])
            for mutant in left:
                results.add(judge.judged(mutant, None))
        else:
            judge = Judge(Path(name), ["--worlds", str(options.worlds)] if options.worlds else [])
            judge_all(left, results, judge, options.seconds, options.tests, cases=options.cases)
    verdicts = [results.verdicts[mutant.name] for mutant in mutants]
    survivors = [verdict for verdict in verdicts if not verdict.by]
    found_share, least, most = share(len(verdicts) - len(survivors), len(verdicts))
    for verdict in survivors:
        _tell(verdict)
    print(  # noqa: T201 - same
        f"{len(verdicts)} mutants, {found_share:.1%} killed (95 %: {least:.1%} to {most:.1%}), "
        f"{sum(each.by == 'simulator' for each in verdicts)} by the simulator"
    )
    return 1 if survivors else 0


def _drawn(options: argparse.Namespace) -> list[Mutant]:
    """Return the mutants of some parts; or so many that a seed draws of them, in the order of the draw."""
    paths = [path for part in options.under for path in _modules(part)]
    left_out = {path for part in options.but for path in _modules(part)}
    found = [mutant for path in paths if path not in left_out for mutant in mutants_of(path)]
    mutants = list(dict.fromkeys(found))
    if options.sample is None:
        return mutants
    return random.Random(options.seed).sample(mutants, min(options.sample, len(mutants)))


def _modules(part: str) -> list[Path]:
    path = PACKAGE / part
    return [path] if path.suffix else sorted(path.rglob("*.py"))


if __name__ == "__main__":
    sys.exit(main())
