# SPDX-License-Identifier: Apache-2.0
"""HubSpot's Node client ``@hubspot/api-client`` (v3) takes the sandbox for HubSpot."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.official.conftest import IMPORT_FILE, IMPORT_REQUEST, serve

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def node_modules(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The client, installed once into pytest's cache."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("Node and npm are not installed")
    wanted = (HERE / "package.json").read_text(encoding="utf-8")
    cache: pytest.Cache | None = getattr(pytestconfig, "cache", None)  # pytest can run without it
    folder = tmp_path_factory.mktemp("hubspot-node") if cache is None else cache.mkdir("hubspot-node")
    installed = folder / "installed.json"
    if not installed.exists() or installed.read_text(encoding="utf-8") != wanted:
        (folder / "package.json").write_text(wanted, encoding="utf-8")
        command = [npm, "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"]
        npm_run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if npm_run.returncode:
            pytest.skip(f"npm cannot install @hubspot/api-client: {npm_run.stderr.strip()[-200:]}")
        installed.write_text(wanted, encoding="utf-8")
    return folder / "node_modules"


@pytest.fixture(scope="session")
def answers(node_modules: Path) -> dict[str, Any]:
    """What the client got for each call of ``calls.cjs``."""
    with serve() as hubspot:
        ada = hubspot.portal.contact("ada@example.com")
        assert ada is not None
        run = subprocess.run(
            [
                "node",
                str(HERE / "calls.cjs"),
                hubspot.url,
                hubspot.token,
                ada.id,
                IMPORT_REQUEST,
                IMPORT_FILE,
            ],
            env={**os.environ, "NODE_PATH": str(node_modules)},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert run.returncode == 0, run.stderr
        found: dict[str, Any] = json.loads(run.stdout)
        return {"id": ada.id, **found}


def envelope(refused: dict[str, Any]) -> dict[str, Any]:
    """The client leaves some errors as text."""
    error = refused["error"]
    found: dict[str, Any] = json.loads(error) if isinstance(error, str) else error
    return found


def test_update_and_get(answers: dict[str, Any]) -> None:
    """What the client writes comes back; an address finds a contact."""
    assert answers["update"]["answer"]["properties"]["firstname"] == "Augusta"
    assert answers["get"]["answer"]["id"] == answers["id"]


@pytest.mark.parametrize(
    ("call", "context"),
    [
        ("batchRead", {"ids": ["nobody@example.com"]}),
        ("batchUpdate", {"ids": ["999"]}),
        ("batchUpsert", {"objectWriteTraceId": ["x"]}),
        ("batchCreate", {"objectWriteTraceId": ["a"]}),
    ],
)
def test_batches(answers: dict[str, Any], call: str, context: dict[str, Any]) -> None:
    """A 207 holds the good inputs' results, and names the bad one."""
    answer = answers[call]["answer"]

    assert len(answer["results"]) == 1
    assert answer["numErrors"] == 1
    assert answer["errors"][0]["context"].items() >= context.items()


def test_properties(answers: dict[str, Any]) -> None:
    """Definitions can be listed, read and created; a second of a name is a 409."""
    assert "lifecyclestage" in answers["properties"]["answer"]
    assert answers["property"]["answer"]["options"][0]["value"] == "subscriber"
    assert answers["createProperty"]["answer"]["name"] == "member_number"
    assert answers["createPropertyAgain"]["status"] == 409


def test_oauth(answers: dict[str, Any]) -> None:
    """A refresh token becomes an access token; a wrong one is a 400 with HubSpot's status."""
    assert answers["refresh"]["answer"]["expiresIn"] == 1_800
    assert answers["refreshWrongly"]["status"] == 400
    assert envelope(answers["refreshWrongly"])["status"] == "BAD_REFRESH_TOKEN"


def test_imports(answers: dict[str, Any]) -> None:
    """A file is sent, its contacts are written, and its bad row is told."""
    imported = answers["import"]["answer"]

    assert imported["done"]["state"] == "DONE"
    assert imported["done"]["metadata"]["counters"]["UPDATED_OBJECTS"] == 1
    assert [each["errorType"] for each in imported["errors"]["results"]] == ["INVALID_EMAIL"]


@pytest.mark.parametrize(
    ("call", "status"), [("invalid", 400), ("unknown", 404), ("conflict", 409), ("unauthenticated", 401)]
)
def test_errors(answers: dict[str, Any], call: str, status: int) -> None:
    """The client throws with HubSpot's status and envelope."""
    assert answers[call]["status"] == status
    assert envelope(answers[call])["status"] == "error"
