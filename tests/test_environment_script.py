"""Environments are made with a Python that is there, and from downloads that may fail once."""

from __future__ import annotations

import subprocess
import sys
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
