# SPDX-License-Identifier: Apache-2.0
"""Contacts with more than one address."""

from __future__ import annotations

from urllib.parse import quote

from tests.contract.scenario import CONTACTS, Ask, email_path, scenario

SECONDARY = "/contacts/v1/secondary-email"


def with_two(ask: Ask) -> str:
    """Create a contact with a second address, and return its id."""
    return ask.contact(hs_additional_emails=ask.address("lovelace"))


@scenario
def additional_addresses(ask: Ask) -> None:
    """A contact is created with further addresses, each of which finds it."""
    properties = ask.properties(hs_additional_emails=f"{ask.address('lovelace')};{ask.address('byron')}")
    ask("create", "POST", CONTACTS, {"properties": properties}, values=["properties.email"])
    for who in ("lovelace", "byron"):
        path = email_path(CONTACTS, ask.address(who), "&properties=email,hs_additional_emails")
        ask(f"by {who}", "GET", path, values=["properties.email"])
    ids = [{"id": ask.address("lovelace")}]
    body = {"idProperty": "email", "properties": ["email"], "inputs": ids}
    ask("in a batch", "POST", f"{CONTACTS}/batch/read", body, values=["results[].properties.email"])


@scenario
def additional_address_taken(ask: Ask) -> None:
    """The second address of a contact is nobody else's."""
    with_two(ask)
    second = {"email": ask.address("lovelace")}
    ask("create", "POST", CONTACTS, {"properties": ask.properties("grace") | second})
    more = {"hs_additional_emails": ask.address()}
    ask("as a second one", "POST", CONTACTS, {"properties": ask.properties("mary") | more})


@scenario
def additional_addresses_in_a_batch(ask: Ask) -> None:
    """Contacts are created in a batch with further addresses; one that is taken refuses its own contact."""
    ada = ask.contact(hs_additional_emails=ask.address("lovelace"))
    grace = ask.properties("grace", hs_additional_emails=ask.address("hopper"))
    mary = ask.properties("mary", hs_additional_emails=ask.address("lovelace"))
    inputs = [
        {"properties": each, "objectWriteTraceId": f"t{place}"} for place, each in enumerate((grace, mary))
    ]
    context = ["errors[].context.objectWriteTraceId", "results[].properties.firstname"]
    ask("with trace ids", "POST", f"{CONTACTS}/batch/create", {"inputs": inputs}, values=context)
    path = email_path(CONTACTS, ask.address("hopper"), "&properties=firstname")
    ask("by the second one", "GET", path, values=["properties.firstname"])
    update = {"id": ada, "properties": {"hs_additional_emails": ask.address("byron")}}
    ask("the list, in a batch", "POST", f"{CONTACTS}/batch/update", {"inputs": [update]})


@scenario
def additional_address_written(ask: Ask) -> None:
    """A contact is written by its second address; what becomes of the list of addresses by a PATCH."""
    ada = with_two(ask)
    path = email_path(CONTACTS, ask.address("lovelace"))
    ask("by the second one", "PATCH", path, {"properties": {"city": "Paris"}}, values=["properties.city"])
    body = {"properties": {"hs_additional_emails": ask.address("byron")}}
    ask("the list", "PATCH", f"{CONTACTS}/{ada}", body)
    ask(
        "the second one first",
        "PATCH",
        f"{CONTACTS}/{ada}",
        {"properties": {"email": ask.address("lovelace")}},
    )
    ask("by the first one", "GET", email_path(CONTACTS, ask.address()))


@scenario
def v1_secondary_addresses(ask: Ask) -> None:
    """Addresses are added, listed, changed and removed by v1."""
    ada = ask.contact()
    root = f"{SECONDARY}/{ada}"

    def one(who: str) -> str:
        return f"{root}/email/{quote(ask.address(who), safe='@')}"

    values = ["secondaryEmails"]
    ask("add", "PUT", one("lovelace"), values=values)
    ask("list", "GET", root, values=values)
    swapped = {
        "targetSecondaryEmail": ask.address("lovelace"),
        "updatedSecondaryEmail": ask.address("byron"),
    }
    ask("change", "PATCH", root, swapped, values=values)
    ask("change again", "PATCH", root, swapped)
    ask("by the new one", "GET", email_path(CONTACTS, ask.address("byron")), values=["properties.email"])
    ask("remove", "DELETE", one("byron"), values=values)
    ask("remove again", "DELETE", one("byron"), values=values)
    ask("nobody", "GET", f"{SECONDARY}/{ask.nobody()}")
