# SPDX-License-Identifier: Apache-2.0
"""Contacts, one a call."""

from __future__ import annotations

from tests.contract.scenario import CONTACTS, V3, Ask, email_path, scenario


@scenario
def get_default_properties(ask: Ask) -> None:
    """Six default properties come back when nothing is asked for, by every version."""
    ada = ask.contact()
    for root in (V3, CONTACTS, "/crm/objects/2026-03/0-1"):
        ask(root, "GET", f"{root}/{ada}", values=["properties.email", "properties.firstname", "archived"])


@scenario
def get_named_properties(ask: Ask) -> None:
    """Named properties come back, also those without a value."""
    ada = ask.contact(city="London")
    named = f"{CONTACTS}/{ada}?properties=city,jobtitle"
    ask("named", "GET", named, values=["properties.city", "properties.jobtitle"])
    ask("unknown name", "GET", f"{CONTACTS}/{ada}?properties=city,hubcontact_no_such_property")


@scenario
def get_by_address(ask: Ask) -> None:
    """An address finds its contact whatever its letter case."""
    ask.contact()
    ask("as it is", "GET", email_path(CONTACTS, ask.address()), values=["properties.email"])
    ask("other case", "GET", email_path(CONTACTS, ask.address("ADA")), values=["properties.email"])


@scenario
def get_unknown(ask: Ask) -> None:
    """An unknown id and an unknown address are a 404; an id that is no number is another one."""
    ask("id", "GET", f"{CONTACTS}/{ask.nobody()}")
    ask("address", "GET", email_path(CONTACTS, ask.address("nobody")))
    ask("no number", "GET", f"{CONTACTS}/nobody")
    ask("no number by v3", "GET", f"{V3}/nobody")


@scenario
def get_history(ask: Ask) -> None:
    """The history of a property comes back, the newest value first."""
    ada = ask.contact(city="London")
    ask.prepare("PATCH", f"{CONTACTS}/{ada}", {"properties": {"city": "Paris"}})
    ask(
        "history",
        "GET",
        f"{CONTACTS}/{ada}?propertiesWithHistory=city",
        values=["propertiesWithHistory.city[].value"],
    )


@scenario
def create(ask: Ask) -> None:
    """A new contact is a 201 with all of its properties; the address is kept in lower case."""
    properties = ask.properties() | {"email": ask.address("ADA")}
    ask("2026-09", "POST", CONTACTS, {"properties": properties}, values=["properties.email", "archived"])
    ask("v3", "POST", V3, {"properties": ask.properties("grace")}, values=["properties.email"])


@scenario
def create_taken_address(ask: Ask) -> None:
    """A taken address is a 409."""
    ask.contact()
    ask("2026-09", "POST", CONTACTS, {"properties": ask.properties()})
    ask("v3", "POST", V3, {"properties": ask.properties()})


@scenario
def create_without_required(ask: Ask) -> None:
    """Required properties count for 2026-09; whether they do for older versions is open."""
    ask("2026-09", "POST", CONTACTS, {"properties": {"lastname": ask.mark}})
    ask("v3", "POST", V3, {"properties": {"lastname": ask.mark}})


@scenario
def create_without_stage(ask: Ask) -> None:
    """A contact that is created without a lifecycle stage gets the portal's first one, or none."""
    path = f"{CONTACTS}/{ask.contact()}?properties=lifecyclestage"
    ask("read", "GET", path, values=["properties.lifecyclestage"])


@scenario
def patch_named_properties(ask: Ask) -> None:
    """Only named properties change; an empty string clears; equal values change nothing."""
    ada = ask.contact(city="London", jobtitle="Countess")
    read = f"{CONTACTS}/{ada}?properties=city,jobtitle"
    values = ["properties.city", "properties.jobtitle"]
    ask("change", "PATCH", f"{CONTACTS}/{ada}", {"properties": {"city": "Paris"}}, values=values[:1])
    ask("clear", "PATCH", f"{CONTACTS}/{ada}", {"properties": {"jobtitle": ""}}, values=values[1:])
    ask("equal", "PATCH", f"{CONTACTS}/{ada}", {"properties": {"city": "Paris"}}, values=values[:1])
    ask("read", "GET", read, values=values)


@scenario
def patch_nothing(ask: Ask) -> None:
    """A PATCH without properties writes nothing, and says so."""
    path = f"{CONTACTS}/{ask.contact()}"
    ask("empty", "PATCH", path, {"properties": {}})
    ask("missing", "PATCH", path, {})


@scenario
def patch_unknown(ask: Ask) -> None:
    """A PATCH of nobody is a 404, by id and by address."""
    ask("id", "PATCH", f"{CONTACTS}/{ask.nobody()}", {"properties": {"city": "Paris"}})
    ask("address", "PATCH", email_path(CONTACTS, ask.address("nobody")), {"properties": {"city": "Paris"}})


@scenario
def patch_by_address(ask: Ask) -> None:
    """A contact is written by its address."""
    ask.contact()
    path = email_path(CONTACTS, ask.address())
    ask("written", "PATCH", path, {"properties": {"city": "Paris"}}, values=["properties.city"])


@scenario
def patch_bad_bodies(ask: Ask) -> None:
    """What has the wrong shape is a 400 with its place."""
    path = f"{CONTACTS}/{ask.contact()}"
    ask("array", "PATCH", path, [])
    ask("array for properties", "PATCH", path, {"properties": []})
    ask("array for a value", "PATCH", path, {"properties": {"city": ["Paris"]}})


@scenario
def patch_scalars(ask: Ask) -> None:
    """Numbers and booleans in JSON stand for their text, null for no value."""
    ada = ask.contact(city="London", jobtitle="Countess")
    body = {"properties": {"city": 7, "jobtitle": True, "zip": None}}
    ask("write", "PATCH", f"{CONTACTS}/{ada}", body)
    read = f"{CONTACTS}/{ada}?properties=city,jobtitle,zip"
    ask("read", "GET", read, values=["properties.city", "properties.jobtitle", "properties.zip"])


@scenario
def patch_taken_address(ask: Ask) -> None:
    """An update of one contact to the address of another one: 409, or the rest is written."""
    ada = ask.contact()
    ask.contact("grace")
    body = {"properties": {"email": ask.address("grace"), "city": "Paris"}}
    ask("write", "PATCH", f"{CONTACTS}/{ada}", body)
    read = f"{CONTACTS}/{ada}?properties=email,city"
    ask("read", "GET", read, values=["properties.email", "properties.city"])


@scenario
def patch_address(ask: Ask) -> None:
    """A new address replaces the old one; whether the old one still finds the contact is open."""
    ada = ask.contact()
    body = {"properties": {"email": ask.address("lovelace")}}
    ask("write", "PATCH", f"{CONTACTS}/{ada}", body, values=["properties.email"])
    ask("by the new one", "GET", email_path(CONTACTS, ask.address("lovelace")))
    ask("by the old one", "GET", email_path(CONTACTS, ask.address()))


@scenario
def clear_address(ask: Ask) -> None:
    """An address can be cleared; then nobody is found by it."""
    ada = ask.contact()
    ask("write", "PATCH", f"{CONTACTS}/{ada}", {"properties": {"email": ""}}, values=["properties.email"])
    ask("by address", "GET", email_path(CONTACTS, ask.address()))


@scenario
def stage_goes_back(ask: Ask) -> None:
    """A lifecycle stage never goes back; what HubSpot answers is open."""
    ada = ask.contact(lifecyclestage="customer")
    body = {"properties": {"lifecyclestage": "lead", "city": "Paris"}}
    ask("write", "PATCH", f"{CONTACTS}/{ada}", body, values=["properties.lifecyclestage"])
    read = f"{CONTACTS}/{ada}?properties=lifecyclestage,city"
    ask("read", "GET", read, values=["properties.lifecyclestage", "properties.city"])


@scenario
def stage_is_cleared_first(ask: Ask) -> None:
    """A lifecycle stage that is cleared can be set to any other one."""
    ada = ask.contact(lifecyclestage="customer")
    for stage in ("", "lead"):
        body = {"properties": {"lifecyclestage": stage}}
        ask(stage or "clear", "PATCH", f"{CONTACTS}/{ada}", body, values=["properties.lifecyclestage"])


@scenario
def archive(ask: Ask) -> None:
    """Delete archives: 204, also twice; the address is free, and ``archived=true`` still reads it."""
    ada = ask.contact()
    ask("delete", "DELETE", f"{CONTACTS}/{ada}")
    ask("read", "GET", f"{CONTACTS}/{ada}")
    ask("read archived", "GET", f"{CONTACTS}/{ada}?archived=true", values=["archived"])
    ask("write", "PATCH", f"{CONTACTS}/{ada}", {"properties": {"city": "Paris"}})
    ask("delete again", "DELETE", f"{CONTACTS}/{ada}")
    ask("the address again", "POST", CONTACTS, {"properties": ask.properties()})


@scenario
def one_bad_value(ask: Ask) -> None:
    """One bad value refuses the contact, by every version; nothing of it is written."""
    ada = ask.contact(city="London")
    body = {"properties": {"city": "Paris", "hubcontact_no_such_property": "1"}}
    ask("2026-09", "PATCH", f"{CONTACTS}/{ada}", body)
    ask("v3", "PATCH", f"{V3}/{ada}", body)
    ask("read", "GET", f"{CONTACTS}/{ada}?properties=city", values=["properties.city"])


@scenario
def bad_values(ask: Ask) -> None:
    """Each kind of value has an error of its own."""
    path = f"{CONTACTS}/{ask.contact()}"
    for name, value in (
        ("email", "nonsense"),
        ("email", f" {ask.address('blank')}"),
        ("numemployees", "many"),
        ("lifecyclestage", "Customer"),
        ("hs_object_id", "1"),
    ):
        ask(f"{name}={value}", "PATCH", path, {"properties": {name: value}})


@scenario
def many_bad_values(ask: Ask) -> None:
    """All problems are in the sentence, three at most in ``errors``."""
    path = f"{CONTACTS}/{ask.contact()}"
    bad = {f"hubcontact_no_such_{number}": "1" for number in range(5)}
    ask("five", "PATCH", path, {"properties": bad})


@scenario
def limits_in_headers(ask: Ask) -> None:
    """Headers tell what is left of the limits, but on a search."""
    ada = ask.contact()
    ask("read", "GET", f"{CONTACTS}/{ada}")
    ask("batch", "POST", f"{CONTACTS}/batch/read", {"inputs": [{"id": ada}], "properties": ["email"]})
