# SPDX-License-Identifier: Apache-2.0
"""A running Airflow, for the tests with a browser."""

from __future__ import annotations

import json
import time
import urllib.request
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.parse import quote

from airflow_provider_hubcontact.sandbox.server import TOKEN
from demo.up import Stand

if TYPE_CHECKING:
    from playwright.sync_api import Page

TRIES = 5
"""Of a call that Airflow answers with 500."""

A_PERSON_TAKES = 10.0
"""Seconds to answer."""


class Airflow:
    """A running Airflow, asked by its REST API."""

    def __init__(self, stand: Stand) -> None:
        self.stand = stand
        self._token = self.ask("POST", "/auth/token", self.credentials("admin"))["access_token"]

    def credentials(self, name: str) -> dict[str, str]:
        return {"username": name, "password": self.stand.passwords[name]}

    def run(self, dag_id: str, until: tuple[str, ...] = ("success", "failed"), task: str = "contacts") -> str:
        """Run a DAG until a task of it is in some state."""
        run_id = self.trigger(dag_id)
        self.wait(dag_id, run_id, until, task)
        return run_id

    def trigger(self, dag_id: str, conf: dict[str, str] | None = None) -> str:
        """Begin a run of a DAG, and give its id."""
        run_id = f"manual__{datetime.now(UTC).isoformat()}"
        body = {"dag_run_id": run_id, "logical_date": None, "conf": conf or {}}
        try:
            self.ask("POST", f"/api/v2/dags/{dag_id}/dagRuns", body)
        except HTTPError as error:
            if error.code != HTTPStatus.CONFLICT:  # else a call that was answered with 500 has begun it
                raise
        return run_id

    def wait(
        self, dag_id: str, run_id: str, until: tuple[str, ...], task: str = "contacts", minutes: int = 2
    ) -> str:
        """Wait for a state of a task."""
        state = ""
        for _ in range(120 * minutes):
            state = str(self.task(dag_id, run_id, task)["state"])
            if state in until:
                return state
            time.sleep(0.5)
        raise AssertionError(f"{dag_id} is still {state}")

    def task(self, dag_id: str, run_id: str, task: str = "contacts") -> dict[str, Any]:
        """Give a task instance of a run."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{quote(run_id)}/taskInstances"
        found = self.ask("GET", path)["task_instances"]
        return dict(next(each for each in found if each["task_id"] == task))

    def approve(self, dag_id: str, run_id: str) -> None:
        """Approve a plan by the task ``approve``, which waits for it, as late as a person does.

        Airflow 3.3 hears a moment later that the waiting task let go of its worker. If the task goes on
        before that, Airflow takes it for one that was lost, and fails it.
        """
        time.sleep(A_PERSON_TAKES)
        path = f"/api/v2/dags/{dag_id}/dagRuns/{quote(run_id)}/taskInstances/approve/-1/hitlDetails"
        self.ask("PATCH", path, {"chosen_options": ["Approve"], "params_input": {}})

    def logs(self, dag_id: str, run_id: str) -> dict[str, list[str]]:
        """Return the log of each task of a run, for the message of an assertion that fails."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{quote(run_id)}/taskInstances"
        said: dict[str, list[str]] = {}
        for task in self.ask("GET", path)["task_instances"]:
            lines = said.setdefault(f"{task['task_id']}: {task['state']}", [])
            if task["try_number"]:
                log = self.ask("GET", f"{path}/{task['task_id']}/logs/{task['try_number']}?full_content=true")
                lines += [str(line) for line in log["content"]]
        return said

    def report(self, dag_id: str, run_id: str) -> dict[str, Any]:
        """Give the report as Airflow's database has it."""
        path = (
            f"/api/v2/dags/{dag_id}/dagRuns/{quote(run_id)}/taskInstances/contacts/xcomEntries/return_value"
        )
        return dict(json.loads(json.dumps(self.ask("GET", f"{path}?deserialize=false")["value"])))

    def faults(self, plan: dict[str, Any]) -> None:
        """Tell the sandbox what is to go wrong."""
        self._call("PUT", f"{self.stand.hubspot_url}/sandbox/faults", plan, TOKEN)

    def ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """Ask the REST API: again if it answers 500, as it may while SQLite is written to."""
        for tries_left in reversed(range(TRIES)):
            try:
                answer = self._call(method, self.stand.url + path, body, getattr(self, "_token", ""))
                return dict(json.loads(answer))
            except HTTPError as error:
                if error.code != HTTPStatus.INTERNAL_SERVER_ERROR or not tries_left:
                    error.add_note(error.read(2_000).decode(errors="replace"))
                    raise
                time.sleep(1)
        raise AssertionError("no try was left")

    @staticmethod
    def _call(method: str, url: str, body: object, token: str) -> bytes:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310 - our own
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - same
            said: bytes = answer.read()
        return said


def log_in(screen: Page, airflow: Airflow, name: str) -> None:
    """Log in by the form."""
    screen.goto("/auth/login")
    screen.fill("input[name=username]", name)
    screen.fill("input[name=password]", airflow.stand.passwords[name])
    screen.click("button[type=submit]")
    screen.wait_for_url(lambda url: "/auth/" not in url)
