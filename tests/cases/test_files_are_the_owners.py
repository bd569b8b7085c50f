# SPDX-License-Identifier: Apache-2.0
"""Files with values of records are readable by their owner only, and a killed run leaves none behind."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

pytest.importorskip("airflow")

from airflow.providers.common.compat.sdk import io  # type: ignore[attr-defined]
from fsspec.implementations.memory import MemoryFileSystem  # type: ignore[import-untyped]

from airflow_provider_hubcontact.cli.main import main
from airflow_provider_hubcontact.operators.options import Ledger
from airflow_provider_hubcontact.operators.plans import HubSpotApplyPlanOperator, HubSpotPlanContactsOperator
from airflow_provider_hubcontact.sandbox import Sandbox
from tests.airflow.running import CONTACTS, connect, run

ROOT = Path(__file__).parents[2]
RECORDS = [
    {"email": "ada@example.com", "firstname": "Augusta"},
    {"email": "grace@example.com", "firstname": "Grace B."},
]


@pytest.fixture(autouse=True)
def _everybody_may_read() -> Iterator[None]:
    """Take the most generous umask: no file is private because of it."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture
def hubspot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(contacts=CONTACTS) as sandbox:
        connect(monkeypatch, sandbox.url, sandbox.token)
        yield sandbox


def modes(folder: Path) -> dict[str, set[str]]:
    """Return the modes of a folder's files, and of it and the folders in it."""
    everything = [folder, *folder.rglob("*")]
    return {
        "files": {oct(stat.S_IMODE(each.stat().st_mode)) for each in everything if each.is_file()},
        "folders": {oct(stat.S_IMODE(each.stat().st_mode)) for each in everything if each.is_dir()},
    }


PRIVATE = {"files": {"0o600"}, "folders": {"0o700"}}


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_plans_and_ledgers(hubspot: Sandbox, tmp_path: Path, scheme: str) -> None:
    """Their files, and every folder that was created for them."""
    home = tmp_path / "new"
    run(records=RECORDS, operator=HubSpotPlanContactsOperator, plan=f"{scheme}{home / 'plans' / 'one'}")
    run(records=RECORDS, ledger=Ledger(f"{scheme}{home / 'ledger'}", values=True))

    assert modes(home) == PRIVATE
    applied = run(operator=HubSpotApplyPlanOperator, plan=f"{scheme}{home / 'plans' / 'one'}")
    assert applied.outcomes == {"unchanged": 2}


def test_what_the_command_line_writes(hubspot: Sandbox, tmp_path: Path) -> None:
    """A plan of its own."""
    (tmp_path / "rows.csv").write_text("email,firstname\nada@example.com,Augusta\n", encoding="utf-8")

    assert main(["plan", str(tmp_path / "rows.csv"), "--out", str(tmp_path / "plan")]) == 0
    assert modes(tmp_path / "plan") == PRIVATE


def test_a_folder_that_exists_keeps_its_mode(hubspot: Sandbox, tmp_path: Path) -> None:
    """Whoever made it for several readers meant it; the files are the owner's all the same."""
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o755)
    run(records=RECORDS, operator=HubSpotPlanContactsOperator, plan=str(shared))

    assert modes(shared) == {"files": {"0o600"}, "folders": {"0o755"}}


def test_a_store_without_modes(hubspot: Sandbox) -> None:
    """What knows no owners is written, read and applied as ever."""
    attach = getattr(io, "attach", None) or import_module("airflow.io.store").attach
    attach("memory", fs=MemoryFileSystem())
    plan, ledger = "memory://plans/one", "memory://ledger"
    run(records=RECORDS, operator=HubSpotPlanContactsOperator, plan=plan, ledger=ledger)
    ended = run(operator=HubSpotApplyPlanOperator, plan=plan)

    assert ended.outcomes == {"updated": 2}
    assert MemoryFileSystem().glob("ledger/**/*.jsonl")


RUN = """
import sys, pytest
from airflow_provider_hubcontact.operators.options import Guards
from airflow_provider_hubcontact.operators.plans import HubSpotApplyPlanOperator
from airflow_provider_hubcontact.sandbox import Sandbox
from tests.airflow.running import connect, run
with Sandbox(faults={"rules": [{"kind": "latency", "seconds": 60, "on": "*/batch/create"}]}) as sandbox:
    connect(pytest.MonkeyPatch(), sandbox.url, sandbox.token)
    records = [{"email": f"c{n}@example.com", "firstname": "SECRET-VALUE"} for n in range(3_000)]
    print("begins", flush=True)
    run(MORE)
"""


@pytest.mark.parametrize(
    "more",
    [
        "records=records, upsert=True, guards=Guards(changes=9_000)",
        "operator=HubSpotApplyPlanOperator, plan=sys.argv[1]",
    ],
    ids=["guarded", "applied"],
)
def test_a_killed_run_leaves_nothing(hubspot: Sandbox, tmp_path: Path, more: str) -> None:
    """No file in the temporary folder has a name, from the first moment on: SIGKILL cannot be caught."""
    temporary, plan = tmp_path / "temporary", tmp_path / "plan"
    temporary.mkdir()
    records = [{"email": f"c{n}@example.com", "firstname": "SECRET-VALUE"} for n in range(3_000)]
    run(records=records, upsert=True, operator=HubSpotPlanContactsOperator, plan=str(plan))
    environment = {**os.environ, "TMPDIR": str(temporary), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", RUN.replace("MORE", more), str(plan)]
    with subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        try:
            until = time.monotonic() + 60
            while time.monotonic() < until and not _has_open_values(process.pid, temporary):
                assert process.poll() is None, "the run ended before it was killed"
                time.sleep(0.02)
            assert _has_open_values(process.pid, temporary)
        finally:
            process.send_signal(signal.SIGKILL)

    left = [path for path in temporary.rglob("*") if path.is_file()]
    assert [path for path in left if b"SECRET-VALUE" in path.read_bytes()] == []


def _has_open_values(pid: int, temporary: Path) -> bool:
    """Check whether a process has an open file in the folder with records in it, named or not."""
    for descriptor in Path(f"/proc/{pid}/fd").glob("*"):
        try:
            if str(temporary) in str(descriptor.readlink()) and b"SECRET-VALUE" in descriptor.read_bytes():
                return True
        except OSError:
            continue
    return False
