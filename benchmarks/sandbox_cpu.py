# SPDX-License-Identifier: Apache-2.0
"""What a full ``batch/update`` costs the sandbox: CPU time of the server alone, from its process's accounts.

::

    python -m benchmarks.sandbox_cpu [--rounds 9] [--calls 200]

Each record changes five properties. The median over the rounds is the number to go by; a machine that does
other things at the same time makes it larger.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import signal
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BATCH = 100
CONTACTS = 5_000
PATH = "/crm/objects/2026-09/contacts/batch"


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--calls", type=int, default=200)
    options = parser.parse_args()
    with served() as (server, api):
        ids = contact_ids(api)
        update(api, ids, 0, options.calls)  # warm-up
        each = [cost(server, api, ids, number, options.calls) for number in range(1, options.rounds + 1)]
    sys.stdout.write(
        f"batch/update of {BATCH} records, ms of CPU: median {statistics.median(each):.2f}, "
        f"{min(each):.2f} to {max(each):.2f} in {options.rounds} rounds of {options.calls} calls\n"
    )


@contextmanager
def served() -> Iterator[tuple[int, http.client.HTTPConnection]]:
    """Run a sandbox in a process of its own."""
    command = [
        sys.executable,
        "-m",
        "airflow_provider_hubcontact.sandbox",
        "--port",
        "0",
        "--rate-limit",
        "off",
    ]
    process = subprocess.Popen(
        [*command, "--contacts-count", str(CONTACTS)], stdout=subprocess.PIPE, text=True
    )
    try:
        match = re.search(r"http://(\S+)", process.stdout.readline() if process.stdout else "")
        if match is None:
            raise RuntimeError("The sandbox did not start.")
        yield process.pid, http.client.HTTPConnection(match[1])
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def cost(server: int, api: http.client.HTTPConnection, ids: list[str], number: int, calls: int) -> float:
    """Give the milliseconds of CPU that a call cost in one round."""
    before = cpu_seconds(server)
    update(api, ids, number, calls)
    return (cpu_seconds(server) - before) / calls * 1000


def cpu_seconds(process: int) -> float:
    """Read what a process has used, on Linux."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def update(api: http.client.HTTPConnection, ids: list[str], number: int, calls: int) -> None:
    """Change five properties of each contact of some batches."""
    for call in range(calls):
        start = call * BATCH % len(ids)
        text = f"{number}-{call}"
        inputs = [{"id": each, "properties": changed(text)} for each in ids[start : start + BATCH]]
        status, _ = post(api, f"{PATH}/update", {"inputs": inputs})
        if status != 200:
            raise RuntimeError(f"HubSpot answered {status}.")


def changed(text: str) -> dict[str, str]:
    """Give five values that no contact has yet."""
    return {name: f"{name} {text}" for name in ("firstname", "lastname", "city", "phone", "jobtitle")}


def contact_ids(api: http.client.HTTPConnection) -> list[str]:
    """Ask for the ids of all contacts."""
    ids: list[str] = []
    for start in range(1, CONTACTS, BATCH):
        inputs = [{"id": f"contact-{number:06}@example.com"} for number in range(start, start + BATCH)]
        _, body = post(api, f"{PATH}/read", {"idProperty": "email", "inputs": inputs})
        ids += [result["id"] for result in body["results"]]
    return ids[: len(ids) // BATCH * BATCH]


def post(
    api: http.client.HTTPConnection, path: str, body: object
) -> tuple[int, dict[str, list[dict[str, str]]]]:
    """Send JSON, and read the answer."""
    headers = {"Authorization": "Bearer pat-na1-00000000-0000-0000-0000-000000000000"}
    api.request("POST", path, json.dumps(body), headers)
    response = api.getresponse()
    return response.status, json.loads(response.read())


if __name__ == "__main__":
    main()
