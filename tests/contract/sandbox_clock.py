# SPDX-License-Identifier: Apache-2.0
"""The clock of a sandbox: whoever waits by it moves it forward, and waits no real time."""

from __future__ import annotations

from airflow_provider_hubcontact.sandbox import Sandbox
from tests.fake_clock import FakeClock


class SandboxClock(FakeClock):
    """A fake clock that passes for the sandbox and for whoever calls it."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__()
        self._sandbox = sandbox

    def monotonic(self) -> float:
        return self._sandbox.clock()

    def sleep(self, seconds: float, /) -> None:
        super().sleep(seconds)
        self._sandbox.advance(seconds)
