# SPDX-License-Identifier: Apache-2.0
"""A run needs no Airflow, nor does what the command line reads on this machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import airflow_provider_hubcontact

PACKAGE = Path(airflow_provider_hubcontact.__file__).parent
OF_OPERATORS = ["operators.given", "operators.options", "operators.stores.ledger_files"]
NEED_IT = {
    "cli.surroundings",
    "cli.commands.check",
    "cli.commands.plan",
    "cli.commands.schema",
    "cli.commands.state",
    "cli.commands.undo",
}


def modules(room: str) -> list[str]:
    """Return the names of the modules below a room."""
    return [
        ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        for path in sorted((PACKAGE / room).rglob("*.py"))
        if path.name != "__init__.py"
    ]


@pytest.mark.parametrize(
    "module",
    [*modules("job"), *OF_OPERATORS, *(each for each in modules("cli") if each not in NEED_IT)],
)
def test_a_module_is_imported_without_airflow(module: str) -> None:
    """Each module by itself, in a process where Airflow cannot be imported."""
    program = f"import sys; sys.modules['airflow'] = None; import airflow_provider_hubcontact.{module}"
    subprocess.run([sys.executable, "-c", program], check=True)
