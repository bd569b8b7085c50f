# SPDX-License-Identifier: Apache-2.0
"""Run a contestant in a process of its own, and measure it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.population import Row, email, write_rows
from benchmarks.portal import TOKEN, Count, Portal, portal

PEERS = Path(os.environ.get("BENCH_PYTHON", ".venv-bench/bin/python"))
"""The Python that has the peers."""

OURS = "ours"
FROM_SQL = "from_sql"
WITH_STATE = "with_state"
OFFICIAL = "official_client"
PER_BATCH = (OFFICIAL, "sdk_sync", "sdk_async", "dlt_sink")
PER_ROW = ("drt", "requests_v1", "http_operator")

TITLES = {
    OURS: "this provider",
    "floor": "floor: bare urllib3",
    OFFICIAL: "hubspot-api-client, loop",
    "sdk_sync": "hubspot-sdk, sync",
    "sdk_async": "hubspot-sdk, async",
    "dlt_sink": "dlt, custom destination",
    "drt": "drt-core",
    "requests_v1": "requests, v1, per contact",
    "http_operator": "HttpOperator style, per contact",
}


@dataclass(frozen=True)
class Outcome:
    """What a contestant's run took.

    :param rows: rows that it ended.
    :param seconds: from the first row to the end, start of the program apart.
    :param cpu: seconds of CPU, start of the program apart.
    :param memory: peak resident, in MiB, all of the program.
    :param count: the calls that the portal saw.
    :param told: address → whether it takes the record for written.
    """

    rows: int
    seconds: float
    cpu: float
    memory: float
    count: Count
    told: dict[str, bool] = field(repr=False, default_factory=dict)

    @property
    def rate(self) -> float:
        """Rows a second."""
        return self.rows / self.seconds


class DidNotRun(RuntimeError):
    """A contestant ended with an error, which is the message."""


@dataclass(frozen=True)
class Arena:
    """A portal, and a folder for files of rows.

    :param ids: address → record id.
    :param faults: the portal's fault plan.
    """

    portal: Portal
    folder: Path
    ids: dict[str, str]
    faults: dict[str, Any] | None

    def source(self, rows: Iterator[Row], name: str = "rows.jsonl") -> Path:
        """Write the rows of the next runs."""
        file = self.folder / name
        write_rows(file, rows, self.ids)
        return file

    def run(
        self, name: str, file: Path, seconds: float | None = None, *, is_fresh: bool = True, **options: Any
    ) -> Outcome:
        """Let a contestant sync the rows into the portal as it was in the beginning.

        :param seconds: after which it reads no more of them.
        :param is_fresh: False to go on with the portal as the last run has left it.
        :raises DidNotRun: if it cannot.
        """
        if is_fresh:
            self.portal.reset(self.faults)
        before = self.portal.count()
        told = self.folder / "told.json"
        task = {"url": self.portal.url, "token": TOKEN, "file": str(file), "seconds": seconds}
        took = finish(start(name, {**task, "options": options, "told": str(told)}))
        records = json.loads(told.read_text(encoding="utf-8"))
        return Outcome(count=self.portal.count().since(before), told=records, **took)


@contextmanager
def arena(contacts: int, *options: str, faults: dict[str, Any] | None = None) -> Iterator[Arena]:
    """Run a portal, for contestants to meet.

    :param contacts: how many it has.
    :param options: of the sandbox's command line.
    :param faults: the fault plan.
    """
    with portal(contacts, *options) as running, tempfile.TemporaryDirectory(prefix="hubcontact-") as name:
        ids = running.ids([email(number) for number in range(contacts)])
        yield Arena(running, Path(name), ids, faults)


def command(name: str) -> list[str]:
    """Give the command that starts a contestant."""
    if name in {OURS, FROM_SQL, WITH_STATE}:
        return [sys.executable, "-m", f"benchmarks.{name}"]
    return [str(PEERS), "-m", f"benchmarks.peers.{name}"]


def start(name: str, task: dict[str, Any]) -> subprocess.Popen[str]:
    """Start a contestant's program; it prints what it took."""
    return subprocess.Popen(
        [*command(name), json.dumps(task)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=_environment(),
    )


def finish(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Wait for the end of a contestant's program.

    :return: what it took.
    :raises DidNotRun: if it ended with an error.
    """
    output, errors = process.communicate()
    if process.returncode:
        raise DidNotRun(errors[-2000:].strip() or f"it ended with the exit status {process.returncode}")
    took: dict[str, Any] = json.loads(output.splitlines()[-1])
    return took


def _environment() -> dict[str, str]:
    """Give an environment in which nothing is sent to a third party."""
    return {
        **os.environ,
        "PYTHONPATH": str(Path.cwd()),
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "DO_NOT_TRACK": "1",
    }
