# SPDX-License-Identifier: Apache-2.0
"""How a path spells the object type, and in which form a refusal comes."""

from __future__ import annotations

from tests.contract.operations import NO_TYPES
from tests.contract.scenario import CONTACTS, V3, Ask, email_path, scenario
from tests.contract.scenarios.legacy import profile
from tests.contract.scenarios.records import OWNERS

EVERYTHING, PAGE = "*/*", "text/html"


@scenario
def object_type_spellings(ask: Ask) -> None:
    """Contacts go by plural, singular, type id, and in any letter case."""
    ada = ask.contact()
    for root in (V3, CONTACTS):
        for spelling in ("contacts", "contact", "CONTACT", "Contacts", "0-1"):
            path = f"{root.removesuffix('contacts')}{spelling}/{ada}"
            ask(path.removesuffix(f"/{ada}"), "GET", path, values=["properties.firstname"])


@scenario
def object_type_unknown(ask: Ask) -> None:
    """An object type that HubSpot does not have is a 400, by name and by type id."""
    ada = ask.contact()
    for spelling in NO_TYPES:
        ask(spelling, "GET", f"/crm/objects/2026-09/{spelling}/{ada}")


@scenario
def unknown_by_accept(ask: Ask) -> None:
    """A 404 is a page for who does not ask for JSON."""
    nobody = ask.nobody()
    for accept in (EVERYTHING, PAGE, f"{PAGE}, application/json;q=0.5"):
        ask(f"id, {accept}", "GET", f"{CONTACTS}/{nobody}", accept=accept)
    ask("address", "GET", email_path(CONTACTS, ask.address("nobody")), accept=EVERYTHING)
    body = {"properties": {"city": "Paris"}}
    ask("write", "PATCH", f"{CONTACTS}/{nobody}", body, accept=EVERYTHING)
    ask("owner", "GET", f"{OWNERS}/{nobody}", accept=EVERYTHING)
    ask("v1", "GET", profile(ask, "nobody"), accept=EVERYTHING)


@scenario
def refused_by_accept(ask: Ask) -> None:
    """Other refusals, and what is found, are JSON for everybody."""
    ada = ask.contact()
    ask("found", "GET", f"{CONTACTS}/{ada}", accept=PAGE)
    ask("no number", "GET", f"{CONTACTS}/nobody", accept=EVERYTHING)
    body = {"properties": {"hubcontact_no_such_property": "1"}}
    ask("a bad value", "PATCH", f"{CONTACTS}/{ada}", body, accept=EVERYTHING)
