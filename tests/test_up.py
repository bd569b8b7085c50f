# SPDX-License-Identifier: Apache-2.0
"""What ``make up`` says before it starts anything."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from airflow_provider_hubcontact.sandbox import Sandbox
from tests.ports import free_port

ROOT = Path(__file__).parent.parent


def test_a_taken_port(tmp_path: Path) -> None:
    """It says at once which, and how to take another one beside the chosen one; and leaves nothing behind."""
    with Sandbox() as sandbox:
        taken = int(sandbox.url.rpartition(":")[2])
        chosen = free_port()
        ports = {"PORT": str(chosen), "HUBSPOT_PORT": str(taken), "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, "-m", "demo.up", "start"],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**os.environ, **ports},
            timeout=60,
            check=False,
        )

    assert done.returncode == 1
    assert f"In use: port {taken}. Instead: make up PORT={chosen} HUBSPOT_PORT=" in done.stderr
    assert str(taken) not in done.stderr.partition("Instead")[2]
    assert list(tmp_path.iterdir()) == []
