# SPDX-License-Identifier: Apache-2.0
"""Runs the tests that execute what is changed in the product, in a fork of a process that has collected all.

Collected tests hold functions of the product, so the code of the functions is replaced, not their modules.
That does not reach everything: see :meth:`ForkedTests.is_reached`.
"""

from __future__ import annotations

import gc
import itertools
import multiprocessing
import os
import signal
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from types import CodeType, FunctionType
from typing import NamedTuple

import orjson
import pytest
from coverage import Coverage

FORK = multiprocessing.get_context("fork")

TIME = "does not end"

PATIENCE = 10.0
"""Seconds that a test may take longer than ten times as usual."""


class Change(NamedTuple):
    """Code that takes the place of a module's.

    :param path: of the module.
    :param lines: that are replaced, from 1.
    :param source: of the whole module after it.
    """

    path: str
    lines: range
    source: bytes


class ForkedTests:
    """Plugin of pytest that runs collected tests as often as it is asked to.

    :param names: files or folders of the tests.
    :param use: is called once the tests are measured; it calls :meth:`failed`.
    :param folder: of the modules whose lines are measured.
    :param cap: seconds of tests that are run over a change.
    :param cases: how many cases of a parametrised test are run; None for all.
    """

    def __init__(
        self,
        names: Sequence[str],
        use: Callable[[ForkedTests], None],
        folder: Path,
        cap: float,
        cases: int | None = None,
    ) -> None:
        self.names = names
        self._use = use
        self._cap = cap
        self._cases = cases
        self._folder = folder
        self._coverage = Coverage(data_file=None, include=[f"{folder.resolve()}/*"])
        # The default of Python 3.14 counts a line once, not once for each test.
        self._coverage.set_option("run:core", "ctrace")
        self._coverage.start()

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave out what there are too many cases of."""
        chosen = few((item.nodeid for item in items), self._cases)
        items[:] = [item for item in items if item.nodeid in chosen]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Measure the tests, instead of running them once."""
        self._session = session
        self._seconds: dict[str, float] = {}
        self._tests: dict[tuple[str, int], list[str]] = {}
        self._items = {item.nodeid: item for item in session.items}
        self._killers: dict[str, set[str]] = defaultdict(set)
        self._imported()
        self._functions = _functions()
        with TemporaryDirectory(prefix="hubcontact-tests-") as name:
            self._told = Path(name) / "told"
            self._measure()
            self._use(self)
        return True

    def _imported(self) -> None:
        """Import what tests would import while they run: a fork can only replace functions that are there."""
        for path in sorted(self._folder.rglob("*.py")):
            if path.stem != "__main__":
                with suppress(ImportError):  # of something that this environment does not have
                    import_module(".".join(path.with_suffix("").parts).removesuffix(".__init__"))

    def _measure(self) -> None:
        """Run all tests once, and note how long each takes and which lines it executes.

        :raises RuntimeError: if one fails.
        """
        gc.freeze()
        code = self._forked(self._measured, None)
        self._coverage.stop()
        told = orjson.loads(self._told.read_bytes() or b"{}")
        if code or "failed" in told:
            raise RuntimeError(f"where nothing is broken, fails: {told.get('failed', code)}")
        self._seconds = told["seconds"]
        for path, lines in told["lines"].items():
            for line, tests in lines.items():
                self._tests[str(Path(path).relative_to(Path.cwd())), int(line)] = tests

    def _measured(self) -> dict[str, object]:
        seconds = {}
        for item, following in _pairs(self._session.items):
            self._coverage.switch_context(item.nodeid)
            began = time.perf_counter()
            self._session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            seconds[item.nodeid] = time.perf_counter() - began
            if self._session.testsfailed:
                return {"failed": item.nodeid}
        self._coverage.stop()
        data = self._coverage.get_data()
        lines = {
            path: {str(line): tests for line, tests in data.contexts_by_lineno(path).items()}
            for path in data.measured_files()
        }
        return {"seconds": seconds, "lines": lines}

    def executing(self, change: Change) -> list[str]:
        """Return the tests that execute what is changed.

        :return: what has noticed other changes of the module first, then the quickest, up to the cap.
        """
        found = {test for line in change.lines for test in self._tests.get((change.path, line), ()) if test}
        return self._chosen(found, self._killers[change.path])

    def near(self, change: Change) -> list[str]:
        """Return the tests that execute what is changed, or else those in files that test its module.

        :return: ordered and capped as in :meth:`executing`, with all parameters.
        """
        of_module = (tests for (path, _), tests in self._tests.items() if path == change.path)
        files = {_file(test) for tests in of_module for test in tests if test}
        found = self.executing(change) or self._chosen(
            test for test in self._seconds if not files or _file(test) in files
        )
        return list(dict.fromkeys(map(_function, found)))

    def _chosen(self, tests: Iterable[str], first: Container[str] = ()) -> list[str]:
        ordered = sorted(tests, key=lambda test: (test not in first, self._seconds[test]))
        totals = itertools.accumulate(self._seconds[test] for test in ordered)
        return [test for test, total in zip(ordered, totals, strict=True) if total <= self._cap]

    def is_reached(self, change: Change) -> bool:
        """Check whether a change is all that differs in a fork.

        It is not where functions ran while modules were imported, use other variables of a function around
        them, or are made anew by each test.
        """
        is_imported = any("" in self._tests.get((change.path, line), ()) for line in change.lines)
        codes = list(self._new_codes(change))
        return (
            bool(codes)
            and not is_imported
            and all(len(code.co_freevars) == len(function.__code__.co_freevars) for function, code in codes)
        )

    def failed(self, change: Change | None) -> str:
        """Run tests over a change.

        :param change: of the product; without one, all tests are run, up to the cap.
        :return: the test that fails, :data:`TIME`, or nothing. A test that fails without the change as well
            does not count.
        """
        tests = self.executing(change) if change else self._chosen(self._seconds)
        while failed := self._failed(change, tests):
            if change is None or failed not in self._items or not self._failed(None, [failed]):
                return failed
            tests = [test for test in tests if test != failed]
        return ""

    def _failed(self, change: Change | None, tests: Sequence[str]) -> str:
        if not tests:
            return ""
        self._told.write_bytes(b"")
        code = self._forked(lambda: self._first_failed(tests), change)
        told = orjson.loads(self._told.read_bytes() or b"{}")
        if change and told.get("failed"):
            self._killers[change.path].add(told["failed"])
        return told["failed"] if told else f"{TIME} ({code})"

    def _first_failed(self, tests: Sequence[str]) -> dict[str, object]:
        for item, following in _pairs([self._items[test] for test in tests]):
            patience = PATIENCE + 10 * self._seconds[item.nodeid]
            item.add_marker(pytest.mark.timeout(patience, method="thread"), append=False)
            self._session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if self._session.testsfailed:
                return {"failed": item.nodeid}
        return {"failed": ""}

    def _forked(self, run: Callable[[], dict[str, object]], change: Change | None) -> int | None:
        """Run something in a fork; what it returns is written to a file."""

        def child() -> None:
            os.setsid()
            silent = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(silent, stream)
            for function, code in self._new_codes(change) if change else ():
                function.__code__ = code
            self._told.write_bytes(orjson.dumps(run()))
            os._exit(0)  # whatever threads a change has left

        process = FORK.Process(target=child)
        process.start()
        process.join()
        with suppress(ProcessLookupError):  # what tests have started goes with them
            os.killpg(process.pid or 0, signal.SIGKILL)
        return process.exitcode

    def _new_codes(self, change: Change) -> Iterator[tuple[FunctionType, CodeType]]:
        """Yield the functions of a module whose code is changed."""
        path = str(Path(change.path).resolve())
        module = compile(change.source, path, "exec", dont_inherit=True)
        codes = {(code.co_qualname, code.co_firstlineno): code for code in _codes(module)}
        for function in self._functions[path]:
            was = function.__code__
            code = codes.get((was.co_qualname, was.co_firstlineno), was)
            if code != was:
                yield function, code


def _functions() -> dict[str, list[FunctionType]]:
    """Find the functions of each module."""
    found = defaultdict(list)
    for each in gc.get_objects():
        if type(each) is FunctionType:  # the class of an object in tests may do anything
            found[each.__code__.co_filename].append(each)
    return found


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def few(tests: Iterable[str], cases: int | None) -> set[str]:
    """Return tests, but only the first cases of each.

    :param tests: names.
    :param cases: how many of each are wanted; None for all.
    """
    count: Counter[str] = Counter()
    found = set()
    for test in tests:
        count[_function(test)] += 1
        if cases is None or count[_function(test)] <= cases:
            found.add(test)
    return found


def _file(test: str) -> str:
    return test.partition("::")[0]


def _function(test: str) -> str:
    return test.partition("[")[0]


def _pairs(items: Sequence[pytest.Item]) -> Iterator[tuple[pytest.Item, pytest.Item | None]]:
    """Yield each with the one after it: fixtures that both use are kept."""
    return zip(items, [*items[1:], None], strict=True)


def with_tests(
    tests: Sequence[str],
    package: Path,
    cap: float,
    use: Callable[[ForkedTests], None],
    cases: int | None = None,
) -> None:
    """Collect tests, and let something use them.

    :param tests: files or folders.
    :param package: whose lines are measured.
    :param cap: seconds of tests that are run over a change.
    :param use: is called with them.
    :param cases: how many cases of a parametrised test are run; None for all.
    :raises RuntimeError: if they cannot be collected or run.
    """
    options = ["-q", "-s", "--no-header", "-p", "no:cacheprovider"]
    if code := pytest.main([*tests, *options], plugins=[ForkedTests(tests, use, package, cap, cases)]):
        raise RuntimeError(f"pytest ends with {code!r}")
