# SPDX-License-Identifier: Apache-2.0
"""What the page about continuous integration shows works."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_hubcontact.sandbox import Sandbox
from airflow_provider_hubcontact.sandbox.options import parser
from tests.sandbox.calling import Api

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "sandbox-ci.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```', PAGE, re.DOTALL | re.MULTILINE)


def block(title: str) -> str:
    (found,) = [content for _, name, content in BLOCKS if name == title]
    return str(found)


def pytest_of(folder: Path, **files: str) -> str:
    """Run pytest over files in a folder, and return what it printed."""
    (folder / "contacts.csv").write_text(block("contacts.csv"), encoding="utf-8")
    for name, content in files.items():
        (folder / f"{name}.py").write_text(content, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.stdout + done.stderr


def test_the_plugin(tmp_path: Path) -> None:
    """Both tests of the page pass."""
    printed = pytest_of(tmp_path, conftest=block("conftest.py"), test_contacts=block("test_contacts.py"))

    assert "2 passed" in printed, printed


def test_snapshots_between_tests(tmp_path: Path) -> None:
    """What one test changes, the next one does not see."""
    tests = (
        "def test_one(hubspot):\n    hubspot.portal.create({'email': 'x@x.org'})\n"
        "def test_two(hubspot):\n    assert len(hubspot.portal.contacts) == 2\n"
    )
    fixtures = block("conftest.py, for tests that need nothing but the contacts back")

    assert "2 passed" in pytest_of(tmp_path, conftest=fixtures, test_it=tests)


def test_calls_exist() -> None:
    """Each call of the table is one of the sandbox's own API."""
    calls = set(re.findall(r"`(GET|POST|PUT) (/sandbox/[\w/]+)`", PAGE))
    with Sandbox() as sandbox:
        sandbox.snapshot("seeded")
        find = sandbox.application.router.find
        assert len(calls) == 9
        assert [call for call in calls if find(*call) is None] == []
        (shown,) = [json.loads(content) for kind, _, content in BLOCKS if kind == "json"]
        assert Api(sandbox, "").get("/sandbox/clock").body.keys() == shown.keys()


def test_an_error_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It reads as the page says."""
    file = tmp_path / "contacts.csv"
    monkeypatch.chdir(tmp_path)
    file.write_text("email\nada@example.com\nnonsense\n")
    (told,) = re.findall(r"`(HubSpot could not have contacts\.csv, line 3: [^`]+)`", PAGE)

    with pytest.raises(ValueError, match=f"^{re.escape(told)}"):
        Sandbox(file.name)


class TestYaml:
    @pytest.fixture
    def yaml(self) -> Any:
        return pytest.importorskip("yaml", reason="YAML is read where PyYAML is, as beside Airflow")

    def test_workflow_and_compose(self, yaml: Any) -> None:
        """They are YAML, and start the sandbox with options that it has."""
        workflow = yaml.safe_load(block(".github/workflows/tests.yml"))
        compose = yaml.safe_load(block("compose.yml"))
        steps = yaml.safe_load(block("Steps of a job"))
        container = json.loads(re.findall(r"^ENTRYPOINT (.*)", block("hubspot.Dockerfile"), re.MULTILINE)[0])
        beside = re.findall(r"sandbox (--.*) &", steps[0]["run"])[0].split()

        assert workflow["jobs"]["tests"]["steps"][-1] == {"run": "pytest"}
        for options in (beside, container[3:] + compose["services"]["hubspot"]["command"]):
            assert parser("x").parse_args(options).tier == "pro"
