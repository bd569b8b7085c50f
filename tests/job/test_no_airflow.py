"""A run needs no Airflow."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import airflow_provider_hubcontact.job

ROOM = Path(airflow_provider_hubcontact.job.__file__).parent
MODULES = [
    ".".join(("airflow_provider_hubcontact.job", *path.relative_to(ROOM).with_suffix("").parts))
    for path in sorted(ROOM.rglob("*.py"))
    if path.name != "__init__.py"
]


@pytest.mark.parametrize("module", MODULES)
def test_a_module_is_imported_without_airflow(module: str) -> None:
    """Each module by itself, in a process where Airflow cannot be imported."""
    program = f"import sys; sys.modules['airflow'] = None; import {module}"
    subprocess.run([sys.executable, "-c", program], check=True)
