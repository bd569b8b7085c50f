# SPDX-License-Identifier: Apache-2.0
"""The table of rules names tests that exist, and every switch."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from airflow_provider_hubcontact.sandbox import Switches

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
DOCS = ROOT / "docs" / "sandbox.md"


def names(file: Path) -> Iterator[str]:
    """Yield the tests and classes of tests of a file, as pytest calls them."""
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            yield node.name
        elif isinstance(node, ast.ClassDef):
            yield node.name
            yield from (
                f"{node.name}::{each.name}" for each in node.body if isinstance(each, ast.FunctionDef)
            )


def test_every_test_exists() -> None:
    """A reference that leads nowhere proves nothing."""
    references = re.findall(r"`([\w/]+\.py)(?:::([\w:]+))?`", DOCS.read_text(encoding="utf-8"))

    lost = [
        f"{file}::{test}"
        for file, test in references
        for whole in [(ROOT if file.startswith("tests/") else HERE) / file]
        if not whole.is_file() or (test and test not in names(whole))
    ]

    assert len(references) > 100
    assert lost == []


def test_every_switch_is_told() -> None:
    """The open questions are those of the code, with its defaults."""
    rows = re.findall(
        r"^\| `([a-z0-9_]+)` \| [^|]* \| [^|`]*`([^`]+)`", DOCS.read_text(encoding="utf-8"), re.MULTILINE
    )

    assert dict(rows) == {name: values[0] for name, values in Switches.choices().items()}
