"""What records are to each other: merges, deletion for good, companies."""

from __future__ import annotations

from tests.contract.scenario import COMPANIES, CONTACTS, Ask, email_path, scenario


@scenario
def merge(ask: Ask) -> None:
    """Two contacts become one, which all their ids and addresses find; whether its id is new is open."""
    ada, grace = ask.contact(city="London"), ask.contact("grace", city="Rome")
    ask("merge", "POST", f"{CONTACTS}/merge", {"primaryObjectId": ada, "objectIdToMerge": grace})
    for name, path in (("first", f"{CONTACTS}/{ada}"), ("second", f"{CONTACTS}/{grace}")):
        ask(
            f"read by the {name} id",
            "GET",
            f"{path}?properties=city,hs_merged_object_ids",
            values=["properties.city"],
        )
    ask("read by the second address", "GET", email_path(CONTACTS, ask.address("grace")))
    ask("merge again", "POST", f"{CONTACTS}/merge", {"primaryObjectId": ada, "objectIdToMerge": grace})


@scenario
def gdpr_delete(ask: Ask) -> None:
    """A contact that is deleted for good is gone; whether its address is free is open."""
    ada = ask.contact()
    ask("delete", "POST", f"{CONTACTS}/gdpr-delete", {"objectId": ada})
    ask("read", "GET", f"{CONTACTS}/{ada}")
    ask("the address again", "POST", CONTACTS, {"properties": ask.properties()})


@scenario
def first_company(ask: Ask) -> None:
    """Whether the first company of a contact becomes its primary one by itself is open."""
    ada = ask.contact()
    company = ask.prepare("POST", COMPANIES, {"properties": {"name": ask.mark}}).get("id")
    path = f"{CONTACTS}/{ada}/associations"
    ask("associate", "PUT", f"{path}/default/companies/{company}")
    ask("read", "GET", f"{path}/companies", values=["results[].associationTypes[].label"])
