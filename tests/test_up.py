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
    """It says at once how to take another one, and leaves nothing behind."""
    with Sandbox() as sandbox:
        taken = int(sandbox.url.rpartition(":")[2])
        ports = {"PORT": str(free_port()), "HUBSPOT_PORT": str(taken), "PYTHONPATH": str(ROOT)}
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
    assert f"make up HUBSPOT_PORT={taken + 100}" in done.stderr
    assert list(tmp_path.iterdir()) == []
