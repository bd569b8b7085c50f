# SPDX-License-Identifier: Apache-2.0
"""A sandbox that is called in this process: its answers are those that it sends over HTTP, in less time."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from airflow_provider_hubcontact.sandbox import Sandbox
from tests.contract.answers import Answer, Request
from tests.contract.http_target import Paced
from tests.contract.sandbox_clock import SandboxClock


class InProcess(Paced):
    """Calls the application of a sandbox that is not started."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(SandboxClock(sandbox))
        self._application = sandbox.application
        self._token = sandbox.token

    def _send_once(self, request: Request) -> Answer:
        """Carry a call out; the sandbox, which has no latency, never waits before it answers."""
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": request.content or b""}

        async def send(message: Any) -> None:
            sent.append(message)

        headers = {**request.headers, "Authorization": f"Bearer {self._token}"}
        path, _, query = request.path.partition("?")
        scope = {
            "method": request.method,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        }
        with suppress(StopIteration):
            self._application(scope, receive, send).send(None)
        told = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return Answer.of(sent[0]["status"], sent[1]["body"], told)
