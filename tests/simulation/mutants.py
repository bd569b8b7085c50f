"""Breaks a copy of the product in many small ways, and tells which of them nothing notices.

::

    python -m tests.simulation.mutants --known              # faults that the product once had
    python -m tests.simulation.mutants --sample 600         # places that a seed draws, of the whole product
    python -m tests.simulation.mutants --under sync/decide  # every place in some modules

A mutant is killed by the simulator (the first world in which something is wrong) or by the tests of its
part of the product. Results are appended to a file, so that an interrupted run goes on.
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
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from tests.simulation.faulty import FAULTS

PACKAGE = Path("airflow_provider_hubcontact")
RESULTS = Path("build/mutants.jsonl")
WORLDS = 300
"""Worlds that a mutant must survive."""

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
            yield node, f"({text(node.left)} {OPPOSITES[type(operator)]} {text(node.comparators[0])})"
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


def judged(mutant: Mutant, folder: Path) -> Verdict:
    """Run the simulator and the tests over a mutant.

    :param mutant: how the product is broken.
    :param folder: copy of the product and its tests.
    """
    path, began = folder / mutant.path, time.monotonic()
    source = path.read_bytes()
    path.write_bytes(source[: mutant.start] + mutant.text.encode() + source[mutant.end :])
    try:
        for by, command in _commands(mutant):
            killed, said = _run(command, folder)
            if killed:
                return Verdict(mutant.name, "time" if said == TIME else by, time.monotonic() - began, said)
    finally:
        path.write_bytes(source)
    return Verdict(mutant.name, "", time.monotonic() - began, "")


TIME = "does not end"

LEFT_OUT = shutil.ignore_patterns(".git", ".venv*", "build", "dist", "__pycache__", ".*_cache")
"""What tests do not need."""


def _commands(mutant: Mutant) -> Iterator[tuple[str, list[str]]]:
    python, part = sys.executable, Path(mutant.path).parts[1]
    worlds = ["--worlds", str(WORLDS), "--until-wrong"]
    yield "simulator", [python, "-m", "tests.simulation", *worlds]
    if part in PARTS:
        yield (
            "tests",
            [python, "-m", "pytest", f"tests/{part}", "-x", "-q", "--no-header", "-p", "no:cacheprovider"],
        )


def _run(command: Sequence[str], folder: Path) -> tuple[bool, str]:
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
        return True, TIME
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    told = next((line for line in lines if "WRONG" in line or line.startswith("FAILED")), "")
    return done.returncode != 0, (told or " ".join(lines[-1:]))[:300]


def judge_all(mutants: Sequence[Mutant], results: Path) -> list[Verdict]:
    """Judge mutants, except those that an earlier run has judged.

    :param mutants: in the order in which they are judged.
    :param results: file that verdicts are appended to.
    """
    results.parent.mkdir(parents=True, exist_ok=True)
    lines = results.read_bytes().splitlines() if results.exists() else []
    verdicts = {each["name"]: Verdict(**each) for each in map(orjson.loads, lines)}
    with tempfile.TemporaryDirectory(prefix="hubcontact-mutants-") as name:
        folder = Path(name)
        shutil.copytree(".", folder, ignore=LEFT_OUT, dirs_exist_ok=True)
        check_whole(folder, {Path(mutant.path).parts[1] for mutant in mutants if mutant.name not in verdicts})
        for mutant in mutants:
            if mutant.name not in verdicts:
                verdicts[mutant.name] = verdict = judged(mutant, folder)
                with results.open("ab") as file:
                    file.write(orjson.dumps(asdict(verdict), option=orjson.OPT_APPEND_NEWLINE))
                _tell(verdict)
    return [verdicts[mutant.name] for mutant in mutants]


def check_whole(folder: Path, parts: Collection[str]) -> None:
    """Check that nothing is noticed where nothing is broken.

    :param folder: copy of the product and its tests.
    :param parts: of the product whose tests are run.
    :raises RuntimeError: if something is.
    """
    for part in sorted(parts):
        nothing = Mutant(f"{part}, unbroken", str(PACKAGE / part / "__init__.py"), 0, 0, "")
        if (verdict := judged(nothing, folder)).by:
            raise RuntimeError(f"{verdict.name}, is noticed by {verdict.by}: {verdict.said}")


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
    parser.add_argument("--sample", type=int, help="draw so many of their mutants")
    parser.add_argument("--seed", type=int, default=0, help="decides which (%(default)s)")
    options = parser.parse_args()
    if options.known:
        mutants = list(known())
    else:
        found = [PACKAGE / part for part in options.under]
        paths = [path for part in found for path in ([part] if part.suffix else sorted(part.rglob("*.py")))]
        mutants = list(dict.fromkeys(mutant for path in paths for mutant in mutants_of(path)))
        if options.sample:
            mutants = random.Random(options.seed).sample(mutants, min(options.sample, len(mutants)))
    verdicts = judge_all(mutants, RESULTS)
    survivors = [verdict for verdict in verdicts if not verdict.by]
    found_share, least, most = share(len(verdicts) - len(survivors), len(verdicts))
    for verdict in survivors:
        _tell(verdict)
    print(  # noqa: T201 - same
        f"{len(verdicts)} mutants, {found_share:.1%} killed (95 %: {least:.1%} to {most:.1%}), "
        f"{sum(each.by == 'simulator' for each in verdicts)} by the simulator"
    )
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
