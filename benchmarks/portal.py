# SPDX-License-Identifier: Apache-2.0
"""A local HubSpot in a process of its own, and what it counted."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.population import write_contacts

TOKEN = "pat-na1-00000000-0000-0000-0000-000000000000"  # noqa: S105 - the sandbox's own
READ = "/crm/objects/2026-09/contacts/batch/read"


class Count(NamedTuple):
    """What a portal saw.

    :param calls: all of them.
    :param refused: those among them that were answered with 429.
    :param operations: operation → calls.
    """

    calls: int
    refused: int
    operations: dict[str, int]

    def since(self, earlier: Count) -> Count:
        """Return what it saw after an earlier count."""
        operations = Counter(self.operations)
        operations.subtract(earlier.operations)
        return Count(self.calls - earlier.calls, self.refused - earlier.refused, dict(+operations))


class Portal:
    """A running sandbox.

    :param url: its base URL.
    """

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, method: str, path: str, body: object = None) -> bytes:
        """Call the sandbox."""
        request = urllib.request.Request(  # noqa: S310 - our own, on loopback
            self.url + path,
            None if body is None else json.dumps(body).encode(),
            {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request) as response:  # noqa: S310 - same
            answer: bytes = response.read()
        return answer

    def reset(self, faults: Mapping[str, Any] | None = None) -> None:
        """Go back to the start.

        :param faults: the fault plan from then on.
        """
        self.ask("POST", "/sandbox/reset")
        if faults is not None:
            self.ask("PUT", "/sandbox/faults", faults)

    def count(self) -> Count:
        """Count the calls since the start; the log holds the last 100,000."""
        lines = [json.loads(line) for line in self.ask("GET", "/sandbox/requests").splitlines()]
        refused = sum(line["status"] == 429 for line in lines)
        return Count(len(lines), refused, dict(Counter(line["operation"] for line in lines)))

    def used(self) -> int:
        """Tell how many calls the last ten seconds had."""
        apps: dict[str, int] = json.loads(self.ask("GET", "/sandbox/limits"))["apps"]["used"]
        return sum(apps.values())

    def contacts(self) -> dict[str, dict[str, str]]:
        """Read all contacts, as address → properties."""
        state = json.loads(self.ask("GET", "/sandbox/state"))
        found = (contact["properties"] for contact in state["contacts"])
        return {properties["email"]: properties for properties in found}

    def ids(self, emails: Sequence[str]) -> dict[str, str]:
        """Give the record ids of the contacts that the portal began with; they count up, so two tell all.

        :param emails: addresses, in the order in which the portal got them.
        """
        inputs = [{"id": email} for email in {emails[0], emails[-1]}]
        body = {"idProperty": "email", "properties": ["email"], "inputs": inputs}
        results = json.loads(self.ask("POST", READ, body))["results"]
        known = {result["properties"]["email"]: result["id"] for result in results}
        first = int(known[emails[0]])
        ids = {email: str(first + place) for place, email in enumerate(emails)}
        if not known.items() <= ids.items():
            raise RuntimeError("The sandbox does not number its contacts in their order.")
        return ids


@contextmanager
def portal(contacts: int, *options: str) -> Iterator[Portal]:
    """Run a sandbox for as long as the context lasts.

    :param contacts: how many it begins with.
    :param options: of its command line.
    """
    with tempfile.TemporaryDirectory(prefix="hubcontact-") as name:
        file = Path(name) / "contacts.csv"
        write_contacts(file, contacts)
        command = [sys.executable, "-m", "airflow_provider_hubcontact.sandbox", "--port", "0"]
        process = subprocess.Popen(
            [*command, "--contacts", str(file), *options], stdout=subprocess.PIPE, text=True
        )
        try:
            match = re.search(r"http://[^\s/]+", process.stdout.readline() if process.stdout else "")
            if match is None:
                raise RuntimeError("The sandbox did not start.")
            yield Portal(match[0])
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()
