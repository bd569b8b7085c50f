# SPDX-License-Identifier: Apache-2.0
"""Lists of contacts, and their members."""

from __future__ import annotations

from collections.abc import Callable

from tests.contract.answers import Answer
from tests.contract.scenario import LISTS, Ask, scenario

CORE = ["list.name", "list.objectTypeId", "list.processingType", "list.processingStatus"]
CHANGED = ["recordsIdsAdded", "recordIdsRemoved", "recordIdsMissing"]


def new_list(ask: Ask, **changes: str) -> dict[str, str]:
    """Return the body that makes a list whose members calls put in."""
    return {"name": ask.list_name(), "objectTypeId": "0-1", "processingType": "MANUAL", **changes}


def made(ask: Ask) -> str:
    """Make a list, and return its path."""
    return f"{LISTS}/{ask.prepare('POST', LISTS, new_list(ask)).body['list']['listId']}"


def by_name(ask: Ask, name: str = "list") -> tuple[str, str]:
    return "GET", f"{LISTS}/object-type-id/0-1/name/{ask.list_name(name)}"


def number(wanted: int) -> Callable[[Answer], bool]:
    """Return a check for a page with so many results."""
    return lambda answer: answer.status != 200 or len(answer.get("results") or ()) == wanted


@scenario
def list_of_contacts(ask: Ask) -> None:
    """A list is made, found by id and by name, and deleted."""
    created = ask("create", "POST", LISTS, new_list(ask), values=CORE)
    if created.status != 200:
        return
    path = f"{LISTS}/{created.body['list']['listId']}"
    ask("by id", "GET", path, values=CORE)
    ask("by name", *by_name(ask), values=CORE)
    ask("of no name", *by_name(ask, "none"))
    ask("delete", "DELETE", path)
    ask("by name after that", *by_name(ask))


@scenario
def list_by_v3(ask: Ask) -> None:
    """The lists of v3 are those of 2026-09."""
    made(ask)
    path = by_name(ask)[1].replace("lists/2026-09", "v3/lists")
    ask("by name", "GET", path, values=CORE)
    ask("by plural", "GET", path.replace("0-1", "contacts"), values=CORE)


@scenario
def list_refused(ask: Ask) -> None:
    """A name belongs to one list; members are of a type that the portal has."""
    made(ask)
    ask("the name again", "POST", LISTS, new_list(ask))
    ask("no type", "POST", LISTS, {"name": ask.list_name("other"), "processingType": "MANUAL"})
    unknown = new_list(ask, name=ask.list_name("other"), objectTypeId="0-98765")
    ask("unknown type", "POST", LISTS, unknown)


@scenario
def list_members(ask: Ask) -> None:
    """Members are put in and taken out; what is so already is in no part of the answer."""
    path, ada, grace, nobody = made(ask), ask.contact(), ask.contact("grace"), ask.nobody()
    members = f"{path}/memberships"
    ask("none yet", "GET", members, values=["total"])
    ask("add", "PUT", f"{members}/add", [ada], values=CHANGED)
    ask.until("one", number(1), "GET", members, values=["total", "results[].recordId"])
    ask("add again, and nobody", "PUT", f"{members}/add", [ada, nobody], values=CHANGED)
    both = {"recordIdsToAdd": [grace], "recordIdsToRemove": [ada]}
    ask("add and remove", "PUT", f"{members}/add-and-remove", both, values=CHANGED)
    lists = f"{LISTS}/records/0-1/{grace}/memberships"
    ask.until("lists of a contact", number(1), "GET", lists, values=["total"])
    ask("remove", "PUT", f"{members}/remove", [grace], values=CHANGED)
    ask.until("none any more", number(0), "GET", members, values=["total"])


@scenario
def lists_of_several(ask: Ask) -> None:
    """The lists of several contacts are read by one call; a contact that is in none has no list."""
    path, ada, grace, nobody = made(ask), ask.contact(), ask.contact("grace"), ask.nobody()
    ask.prepare("PUT", f"{path}/memberships/add", [ada])
    several = f"{LISTS}/records/memberships/batch/read"
    inputs = [{"objectTypeId": "0-1", "recordId": each} for each in (ada, grace)]
    values = ["status", "results[].objectTypeId", "results[].recordId"]
    ask.until("both", _has_a_list, "POST", several, {"inputs": inputs}, values=values)
    ask(
        "and nobody", "POST", several, {"inputs": [*inputs, {**inputs[0], "recordId": nobody}]}, values=values
    )
    ask("one twice", "POST", several, {"inputs": [inputs[1]] * 2}, values=values)


def _has_a_list(answer: Answer) -> bool:
    """Check whether a contact of an answer is in a list, which HubSpot may show a moment later."""
    found = answer.get("results") or ()
    return answer.status != 200 or any(each.get("recordListMemberships") for each in found)
