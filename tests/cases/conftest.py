# SPDX-License-Identifier: Apache-2.0
"""Inputs of users that could end green and wrong: one file a class, named after the rule that it holds.

A file that needs Airflow begins with ``pytest.importorskip("airflow")``; the others run without it, too.
"""

import os
import re
from pathlib import Path

from tests.airflow_home import airflow_database, postgres_uri, run_dag

__all__ = ["airflow_database", "postgres_uri", "run_dag"]

NEEDS_MORE = re.compile(
    r"importorskip|getfixturevalue|run_dag|postgres_uri|tests\.airflow|\bairflow\."
    r"|airflow_provider_hubcontact\.(assets|compat|decorators|hooks|links|notifications|operators|ui)\b"
)
"""Stands in a file of which some test needs Airflow, or another package that ``.venv-core`` lacks."""

FOLDER = Path(__file__).parent
OF_THE_CORE = [
    path.name
    for path in sorted(FOLDER.glob("test_*.py"))
    if not NEEDS_MORE.search(path.read_text(encoding="utf-8"))
]

# `make test-core` runs these with the same versions of all packages that they use.
collect_ignore = OF_THE_CORE if os.environ.get("CASES") == "airflow" else []
