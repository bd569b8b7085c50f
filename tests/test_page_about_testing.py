# SPDX-License-Identifier: Apache-2.0
"""The page about tests of a DAG: its files are a project, and its tests pass."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parent.parent / "docs"


def _file(page: str, title: str) -> str:
    text = (DOCS / page).read_text(encoding="utf-8")
    (found,) = re.findall(rf"^```python{title}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return str(found)


@pytest.mark.timeout(300)
def test_the_page(tmp_path: Path) -> None:
    """In a folder of its own, with the DAG of the quick start and a new database of Airflow's."""
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags/contacts.py").write_text(_file("quick-start.md", ""), encoding="utf-8")
    for name in ("conftest.py", "test_contacts.py"):
        text = _file("how-to/test-a-dag.md", f' title="{name}"')
        (tmp_path / name).write_text(text, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")} | {
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(tmp_path / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "PYTHONPATH": str(DOCS.parent),
    }

    for command in (["airflow", "db", "migrate"], ["pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]):
        done = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout

    assert "2 passed" in done.stdout
