# SPDX-License-Identifier: Apache-2.0
"""Time and chance come from one module."""

from __future__ import annotations

import re
from datetime import UTC
from pathlib import Path
from threading import Event

import pytest

import airflow_provider_hubcontact
from airflow_provider_hubcontact.clock import SYSTEM_CLOCK

PACKAGE = Path(airflow_provider_hubcontact.__file__).parent
ROOMS = ("client", "hooks", "job", "sync", "operators/sources", "operators/stores")
ASKS = re.compile(
    r"^\s*(import|from) (time|random)\b|\btime\.(monotonic|sleep|time|perf_counter)\b|\brandom\.\w"
    r"|\bdatetime\.(now|utcnow|today)\b|\bdate\.today\b|\bwait_random",
    re.MULTILINE,
)


@pytest.mark.parametrize(
    "path", sorted(path for room in ROOMS for path in (PACKAGE / room).rglob("*.py")), ids=str
)
def test_nobody_asks_the_machine(path: Path) -> None:
    """Whoever needs the time, a pause or chance is handed a clock, so that a whole run can be simulated."""
    assert ASKS.findall(path.read_text(encoding="utf-8")) == []


def test_one_module_does() -> None:
    """The test above would find it."""
    found = {found[0].strip() for found in ASKS.finditer((PACKAGE / "clock.py").read_text(encoding="utf-8"))}

    assert {"import random", "import time", "time.monotonic", "time.sleep", "datetime.now"} <= found


def test_the_machines_clock() -> None:
    """It moves by itself, tells the time in UTC, and waits no longer than it has to."""
    began = SYSTEM_CLOCK.monotonic()
    SYSTEM_CLOCK.sleep(0.02)
    event = Event()

    assert not SYSTEM_CLOCK.wait(event, 0.02)
    event.set()
    assert SYSTEM_CLOCK.wait(event, 600)
    assert 0.04 <= SYSTEM_CLOCK.monotonic() - began < 60
    assert SYSTEM_CLOCK.now().tzinfo is UTC
    assert all(0 <= SYSTEM_CLOCK.random() < 1 for _ in range(100))
