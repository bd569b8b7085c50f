# SPDX-License-Identifier: Apache-2.0
"""What becomes of contacts: merges, deletion for good; whom they belong to."""

from __future__ import annotations

from tests.contract.scenario import CONTACTS, NOBODY, V1, Ask, email_path, scenario

OWNERS = "/crm/v3/owners"
DATED_OWNERS = "/crm/owners/2026-09"


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
            values=["properties.city", "properties.hs_merged_object_ids"],
        )
    ask("read by the second address", "GET", email_path(CONTACTS, ask.address("grace")))
    ask("merge again", "POST", f"{CONTACTS}/merge", {"primaryObjectId": ada, "objectIdToMerge": grace})


@scenario
def merge_of_three(ask: Ask) -> None:
    """What two contacts have become is merged with a third one; any of the ids still writes it."""
    ada, grace, mary = ask.contact(), ask.contact("grace"), ask.contact("mary")
    first = ask.prepare("POST", f"{CONTACTS}/merge", {"primaryObjectId": ada, "objectIdToMerge": grace})
    body = {"primaryObjectId": str(first.get("id")), "objectIdToMerge": mary}
    ask("merge", "POST", f"{CONTACTS}/merge", body, values=["properties.email"])
    ask("write by the first id", "PATCH", f"{CONTACTS}/{ada}", {"properties": {"city": "Paris"}})
    ask("read by the third id", "GET", f"{CONTACTS}/{mary}?properties=city", values=["properties.city"])
    both = {"inputs": [{"id": grace}, {"id": mary}], "properties": ["city"]}
    ask("read in a batch", "POST", f"{CONTACTS}/batch/read", both, values=["results[].properties.city"])
    ask("archive by the second id", "DELETE", f"{CONTACTS}/{grace}")
    ask("read after that", "GET", f"{CONTACTS}/{mary}")


@scenario
def merge_refused(ask: Ask) -> None:
    """A contact is not merged with itself or with nobody."""
    ada, nobody = ask.contact(), ask.nobody()
    for name, other in (("itself", ada), ("nobody", nobody)):
        body = {"primaryObjectId": ada, "objectIdToMerge": other}
        ask(name, "POST", f"{CONTACTS}/merge", body)


@scenario
def v1_merge(ask: Ask) -> None:
    """A merge by v1 answers with a word."""
    ada, grace = ask.contact(), ask.contact("grace")
    path = f"{V1}/merge-vids/{ada}"
    ask("merge", "POST", path, {"vidToMerge": int(grace)})
    ask("read by the second address", "GET", email_path(CONTACTS, ask.address("grace")))
    ask("nobody", "POST", path, {"vidToMerge": int(ask.nobody())})


@scenario
def gdpr_delete(ask: Ask) -> None:
    """A contact that is deleted for good is gone; whether its address is free is open."""
    ada = ask.contact()
    ask("delete", "POST", f"{CONTACTS}/gdpr-delete", {"objectId": ada})
    ask("read", "GET", f"{CONTACTS}/{ada}")
    ask("read archived", "GET", f"{CONTACTS}/{ada}?archived=true")
    ask("the address again", "POST", CONTACTS, {"properties": ask.properties()})


@scenario
def gdpr_delete_by_address(ask: Ask) -> None:
    """A contact is deleted for good by its address; an unknown id is a 404."""
    ada = ask.contact()
    body = {"objectId": ask.address(), "idProperty": "email"}
    ask("delete", "POST", f"{CONTACTS}/gdpr-delete", body)
    ask("read", "GET", f"{CONTACTS}/{ada}")
    ask("nobody", "POST", f"{CONTACTS}/gdpr-delete", {"objectId": ask.nobody()})


@scenario
def owners(ask: Ask) -> None:
    """Owners are listed and read by v3 and by a dated version; an unknown one is a 404."""
    listed = ask("list", "GET", OWNERS)
    ask("list, dated", "GET", DATED_OWNERS)
    for each in (listed.get("results") or ())[:1]:
        ask("one", "GET", f"{OWNERS}/{each['id']}", values=["archived"])
    ask("unknown", "GET", f"{OWNERS}/{NOBODY}")
    ask("501 of a page", "GET", f"{OWNERS}?limit=501")


@scenario
def owner_unknown(ask: Ask) -> None:
    """A contact does not belong to an owner that does not exist."""
    ada = ask.contact()
    if ask("owner", "GET", f"{OWNERS}/{NOBODY}").status == 404:
        ask("write", "PATCH", f"{CONTACTS}/{ada}", {"properties": {"hubspot_owner_id": NOBODY}})
