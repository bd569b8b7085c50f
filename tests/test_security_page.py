# SPDX-License-Identifier: Apache-2.0
"""The tests that the page on security names exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_every_line_names_tests_that_exist() -> None:
    """Each threat has a test file, and that has tests."""
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("| ") and "`tests/" in line]

    assert len(lines) == len([line for line in text.splitlines() if line.startswith("| ")]) - 1
    for line in lines:
        for name in re.findall(r"`(tests/[\w/]+\.py)`", line):
            assert "def test_" in (ROOT / name).read_text(encoding="utf-8"), name
