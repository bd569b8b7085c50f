# SPDX-License-Identifier: Apache-2.0
"""No file of the project has a secret."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

SECRETS = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\bAKIA[0-9A-Z]{16}\b"
    r"|\bgh[pousr]_[A-Za-z0-9]{36,}\b"
    r"|\bxox[baprs]-[A-Za-z0-9-]{20,}"
    r"|\bpypi-[A-Za-z0-9_-]{40,}"
    r"|\bpat-(?:na|eu|ap)\d-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"
)
"""Private keys; tokens of AWS, GitHub, Slack, PyPI and HubSpot."""

MADE_UP = re.compile(r"0{4}|1234|(.)\1{5}|c4a05")
"""What no generated token has."""


def files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("this is no checkout of git")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_file_has_a_secret() -> None:
    """Whatever looks like a token is a made-up one."""
    found = [
        f"{file.relative_to(ROOT)}: {match[0][:12]}…"
        for file in files()
        for match in SECRETS.finditer(file.read_text(encoding="utf-8", errors="ignore"))
        if not MADE_UP.search(match[0])
    ]

    assert found == []


@pytest.mark.parametrize(
    "text",
    [
        "pat-na1-" + "8a7f3c2e-91d4-4b6a-b1c9-5e2f7d9a6b83",
        "ghp_" + "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5",
        "-----BEGIN RSA PRIVATE " + "KEY-----",
    ],
)
def test_the_scan_knows_them(text: str) -> None:
    """A generated one is found."""
    assert SECRETS.search(text)
    assert not MADE_UP.search(text)
