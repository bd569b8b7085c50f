# SPDX-License-Identifier: Apache-2.0
"""Stand-ins for HubSpot: sandboxes that answer otherwise than ours does by default."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

from airflow_provider_hubcontact.sandbox import Requirements, Sandbox, Switches
from airflow_provider_hubcontact.sandbox.crm.owners import Owner
from airflow_provider_hubcontact.sandbox.imports.runs import ImportPace
from tests.contract.__main__ import TOKEN, main
from tests.contract.fence import Fence
from tests.contract.http_target import Http, Token
from tests.contract.questions import QUESTIONS
from tests.contract.sandbox_clock import SandboxClock
from tests.contract.scenario import CONTACTS, Surroundings
from tests.contract.scrubbing import FAMILY

REQUIRED = ("firstname",)
"""What the portals demand of a new contact."""

STRANGERS = [{"email": f"stranger-{number}@example.net", "city": "Rome"} for number in range(30)]
"""Contacts of the portal that nobody may touch; one has the name of the tests' own."""

STRANGERS[0] |= {"lastname": "hubcontact-contract"}
PORTAL_ID = 61_523
"""A short one, which is not taken for an id by its length."""

OWNERS = (Owner("51234567", "o.o'hara@owners.example.net", "Olga", "Ownerova", 98_765_432),)
SECRET = "pat-eu1-5ec2e7aa-1234-2222-3333-444455556666"
OTHER_WAY = {name: Switches.choices()[name][-1] for name in QUESTIONS}
"""Each switch about which a scenario asks, as it is not by default."""


def portal(settings: dict[str, str] | None = None, **more: Any) -> Sandbox:
    """Make a developer test account in which a new contact needs a first name."""
    chosen: dict[str, Any] = {
        "switches": Switches().flipped(settings or {}),
        "requirements": Requirements(REQUIRED),
        "token": SECRET,
        "account_type": "DEVELOPER_TEST",
        "portal_id": PORTAL_ID,
        "owners": OWNERS,
        "import_pace": ImportPace(0.0),
        "v1_batch_delay": 0.0,
        **more,
    }
    return Sandbox(STRANGERS, **chosen)


def http(hubspot: Sandbox, **more: Any) -> Http:
    """Return a target that waits by the clock of the portal."""
    return Http(hubspot.url, Token(SECRET), clock=SandboxClock(hubspot), **more)


def fenced(hubspot: Sandbox, surroundings: Surroundings) -> Fence:
    """Return the fence of a run against a portal."""
    return Fence(http(hubspot), surroundings)


def contacts(fence: Fence, number: int = 1) -> list[str]:
    """Create contacts of the run ``run0000000a``, and return their ids."""
    every = [
        {"email": f"{each}.x.run0000000a@{FAMILY}.example.com", "firstname": "x", "lastname": FAMILY}
        for each in range(number)
    ]
    return [str(fence.call("POST", CONTACTS, {"properties": each}).get("id")) for each in every]


class Ran(NamedTuple):
    """What the command line did."""

    status: int
    output: str
    report: str


def run(hubspot: Sandbox, folder: Path, *options: str) -> Ran:
    """Run ``python -m tests.contract`` in this process."""
    file = folder / "report.md"
    output = io.StringIO()
    with redirect_stdout(output):
        arguments = ["--base-url", hubspot.url, "--report", str(file), "--spacing", "0", *options]
        status = main(arguments, {TOKEN: SECRET}, SandboxClock(hubspot))
    return Ran(status, output.getvalue(), file.read_text(encoding="utf-8") if file.exists() else "")


STRANGE_LIST = "hubcontact_contract_runners"
"""A list that nobody may touch, and that a search for the tests' own finds."""


def ours(hubspot: Sandbox) -> set[str]:
    """Return the contacts, companies and lists that are not strangers."""
    known = {STRANGE_LIST, *(each["email"] for each in STRANGERS)}
    records = [*hubspot.portal.contacts.values(), *hubspot.portal.companies.values()]
    lists = {each.name for each in hubspot.portal.lists.all()}
    return lists.union(record.email or record.id for record in records) - known
