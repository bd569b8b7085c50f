# SPDX-License-Identifier: Apache-2.0
"""The tests that the page on security names exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
HEAD = "| threat | what is done | test |"
"""The only lines of tables without a threat."""


def test_every_line_names_tests_that_exist() -> None:
    """Each threat has a test file, and that has tests."""
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("| ") and line != HEAD]

    assert len(lines) > 20
    for line in lines:
        tests = re.findall(r"`(tests/[\w/]+\.py)`", line)
        assert tests, line
        for name in tests:
            assert "def test_" in (ROOT / name).read_text(encoding="utf-8"), name
