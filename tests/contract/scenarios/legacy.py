# SPDX-License-Identifier: Apache-2.0
"""Contacts v1."""

from __future__ import annotations

from urllib.parse import quote

from tests.contract.answers import Answer
from tests.contract.scenario import CONTACTS, V1, Ask, email_path, scenario


def profile(ask: Ask, who: str = "ada") -> str:
    return f"{V1}/email/{quote(ask.address(who), safe='@')}/profile"


def entries(properties: dict[str, str]) -> dict[str, list[dict[str, str]]]:
    return {"properties": [{"property": name, "value": value} for name, value in properties.items()]}


@scenario
def v1_update(ask: Ask) -> None:
    """An update by address or by vid is a 204 without a body."""
    ada = ask.contact(city="London")
    ask("by address", "POST", profile(ask), entries({"city": "Paris"}))
    ask("by vid", "POST", f"{V1}/vid/{ada}/profile", entries({"jobtitle": "Countess"}))
    read = f"{CONTACTS}/{ada}?properties=city,jobtitle"
    ask("read", "GET", read, values=["properties.city", "properties.jobtitle"])


@scenario
def v1_unknown(ask: Ask) -> None:
    """An unknown address or vid is a 404."""
    ask("by address", "POST", profile(ask, "nobody"), entries({"city": "Paris"}))
    ask("by vid", "POST", f"{V1}/vid/{ask.nobody()}/profile", entries({"city": "Paris"}))
    ask("read", "GET", profile(ask, "nobody"))


@scenario
def v1_bad_value(ask: Ask) -> None:
    """Bad values are a 400 with ``validationResults``; nothing of the contact is written."""
    ada = ask.contact()
    bad = {"city": "Paris", "hubcontact_no_such_property": "1", "numemployees": "many"}
    ask("write", "POST", profile(ask), entries(bad))
    ask("read", "GET", f"{CONTACTS}/{ada}?properties=city", values=["properties.city"])
    ask("an entry without its name", "POST", profile(ask), {"properties": [{"name": "city", "value": "x"}]})


@scenario
def v1_taken_address(ask: Ask) -> None:
    """The address of another contact is a 409 with its ``identityProfile``, or is ignored."""
    ask.contact()
    ask.contact("grace")
    ask("write", "POST", profile(ask), entries({"email": ask.address("grace")}))


@scenario
def v1_stage_goes_back(ask: Ask) -> None:
    """A lifecycle stage that goes back is a 204, and stays."""
    ada = ask.contact(lifecyclestage="customer")
    ask("write", "POST", profile(ask), entries({"lifecyclestage": "lead"}))
    read = f"{CONTACTS}/{ada}?properties=lifecyclestage"
    ask("read", "GET", read, values=["properties.lifecyclestage"])


@scenario
def v1_get(ask: Ask) -> None:
    """A contact is read by its address, with versions or without."""
    ask.contact(city="London")
    query = "?property=city&formSubmissionMode=none&showListMemberships=false"
    ask("values", "GET", f"{profile(ask)}{query}&propertyMode=value_only", values=["properties.city.value"])
    ask("history", "GET", f"{profile(ask)}{query}", values=["properties.city.versions[].value"])


@scenario
def v1_create(ask: Ask) -> None:
    """A new contact is a 200; a taken address is a 409."""
    ask("create", "POST", V1, entries(ask.properties()))
    ask("again", "POST", V1, entries(ask.properties()))


@scenario
def v1_create_or_update(ask: Ask) -> None:
    """``isNew`` tells whether the contact is new."""
    path = f"{V1}/createOrUpdate/email/{quote(ask.address(), safe='@')}"
    ask("create", "POST", path, entries(ask.properties()), values=["isNew"])
    ask("update", "POST", path, entries(ask.properties(city="Paris")), values=["isNew"])


@scenario
def v1_batch(ask: Ask) -> None:
    """A batch is a 202 and written later; one bad contact refuses it."""
    ada = ask.contact()
    good = {"vid": int(ada), **entries({"city": "Paris"})}
    bad = {"email": ask.address("grace"), **entries(ask.properties("grace") | {"numemployees": "many"})}
    ask("one is bad", "POST", f"{V1}/batch", [good, bad])
    new = {"email": ask.address("grace"), **entries(ask.properties("grace"))}
    ask("good", "POST", f"{V1}/batch", [good, new])

    def written(answer: Answer) -> bool:
        return answer.status == 200

    ask.until("read", written, "GET", email_path(CONTACTS, ask.address("grace")))


@scenario
def v1_batch_of_many(ask: Ask) -> None:
    """How many contacts a batch may have is open; these are all bad, so that nothing is written."""
    one = {"vid": int(ask.contact()), **entries({"hubcontact_no_such_property": "1"})}
    ask("1,001 contacts", "POST", f"{V1}/batch", [one] * 1_001)
