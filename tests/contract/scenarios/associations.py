# SPDX-License-Identifier: Apache-2.0
"""Contacts and the companies that they belong to."""

from __future__ import annotations

from typing import Any

from tests.contract.answers import Answer
from tests.contract.scenario import COMPANIES, CONTACTS, Ask, scenario
from tests.contract.scenarios.batches import traced
from tests.contract.scenarios.searches import SEARCH, searched

DATED = "/crm/associations/2026-09/contacts/companies"
V4 = "/crm/v4/associations/contacts/companies"
PRIMARY, PLAIN, BACKWARDS = 1, 279, 280
"""HubSpot's types: a contact's primary company, a contact to a company, a company to a contact."""

LABELS = ["results[].associationTypes[].label"]


def types(number: int) -> list[dict[str, Any]]:
    return [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": number}]


def associated(ask: Ask, company: str, number: int, who: str = "ada") -> dict[str, Any]:
    """Return the body that creates a contact of a company."""
    link = {"to": {"id": company}, "types": types(number)}
    return {"properties": ask.properties(who), "associations": [link]}


def link(contact: str, company: str, number: int = PLAIN) -> dict[str, Any]:
    return {"from": {"id": contact}, "to": {"id": company}, "types": types(number)}


@scenario
def first_company(ask: Ask) -> None:
    """Whether the first company of a contact becomes its primary one by itself is open."""
    ada, acme = ask.contact(), ask.company()
    path = f"{CONTACTS}/{ada}/associations"
    ask("associate", "PUT", f"{path}/default/companies/{acme}")
    ask("read", "GET", f"{path}/companies", values=LABELS)


@scenario
def company_of_a_contact(ask: Ask) -> None:
    """What a contact tells of its primary company."""
    ada, acme = ask.contact(), ask.company()
    ask.prepare("PUT", f"{CONTACTS}/{ada}/associations/companies/{acme}", types(PRIMARY))
    path = f"{CONTACTS}/{ada}"
    ask(
        "property", "GET", f"{path}?properties=associatedcompanyid", values=["properties.associatedcompanyid"]
    )
    ask("associations", "GET", f"{path}?associations=companies")
    ask("none", "GET", f"{CONTACTS}/{ask.contact('grace')}?associations=companies")


@scenario
def association_labels(ask: Ask) -> None:
    """A label is given and read; without it the companies are still associated; then they are not."""
    ada, acme = ask.contact(), ask.company()
    path = f"{CONTACTS}/{ada}/associations/companies"
    ask("primary", "PUT", f"{path}/{acme}", types(PRIMARY), values=["labels"])
    ask("read", "GET", path, values=LABELS)
    ask("read by v4", "GET", path.replace("objects/2026-09", "v4/objects"), values=LABELS)
    ask("the other way round", "PUT", f"{path}/{acme}", types(BACKWARDS))
    ask("unknown type", "PUT", f"{path}/{acme}", types(99_999))
    ask("remove", "DELETE", f"{path}/{acme}")
    ask("remove again", "DELETE", f"{path}/{acme}")
    ask("read after that", "GET", path)
    ask("types", "GET", f"{DATED}/labels")


@scenario
def association_unknown(ask: Ask) -> None:
    """An association with nobody is refused."""
    ada, nobody = ask.contact(), ask.nobody(COMPANIES)
    path = f"{CONTACTS}/{ada}/associations"
    ask("default", "PUT", f"{path}/default/companies/{nobody}")
    ask("primary", "PUT", f"{path}/companies/{nobody}", types(PRIMARY))


@scenario
def association_on_create(ask: Ask) -> None:
    """A contact is created with its company."""
    acme = ask.company()
    created = ask("create", "POST", CONTACTS, associated(ask, acme, PRIMARY))
    if created.status == 201:
        ask("read", "GET", f"{CONTACTS}/{created.get('id')}/associations/companies", values=LABELS)
    batch = {"inputs": [associated(ask, acme, PLAIN, "grace")]}
    ask("batch", "POST", f"{CONTACTS}/batch/create", batch)


@scenario
def association_on_create_refused(ask: Ask) -> None:
    """A contact is not created with a company that is unknown, or by a type that leads back."""
    acme, nobody = ask.company(), ask.nobody(COMPANIES)
    ask("unknown company", "POST", CONTACTS, associated(ask, nobody, PRIMARY))
    ask("the other way round", "POST", CONTACTS, associated(ask, acme, BACKWARDS))
    both = traced(associated(ask, acme, PRIMARY), associated(ask, nobody, PRIMARY, "grace"))
    ask("batch, trace ids", "POST", f"{CONTACTS}/batch/create", both)


@scenario
def association_batches(ask: Ask) -> None:
    """Associations are created, read and removed in batches, by a dated version and by v4."""
    ada, grace, acme = ask.contact(), ask.contact("grace"), ask.company()
    for version, root in (("2026-09", DATED), ("v4", V4)):
        read = {"inputs": [{"id": ada}, {"id": grace}]}
        ask(f"create by {version}", "POST", f"{root}/batch/create", {"inputs": [link(ada, acme)]})
        ask(f"read by {version}", "POST", f"{root}/batch/read", read)
        away = {"inputs": [{"from": {"id": ada}, "to": [{"id": acme}]}]}
        ask(f"remove by {version}", "POST", f"{root}/batch/archive", away)
        ask(f"read after that by {version}", "POST", f"{root}/batch/read", read)
    nobody = ask.nobody(COMPANIES)
    some = {"inputs": [link(ada, acme), link(grace, nobody)]}
    ask("one is unknown", "POST", f"{DATED}/batch/create", some)


@scenario
def search_by_company(ask: Ask) -> None:
    """A contact is found by the id of its company, after a moment."""
    acme = ask.company()
    ask.prepare("POST", CONTACTS, associated(ask, acme, PRIMARY))

    def found(answer: Answer) -> bool:
        return answer.status != 200 or answer.get("total") == 1

    its = {"propertyName": "associations.company", "operator": "EQ", "value": acme}
    ask.until("found", found, *SEARCH, searched(ask, its), values=["total"])
