# SPDX-License-Identifier: Apache-2.0
"""Companies. All bear the name of the tests' own; their domains tell them apart."""

from __future__ import annotations

from tests.contract.answers import Answer
from tests.contract.scenario import COMPANIES, Ask, scenario
from tests.contract.scenarios.batches import batch, cities, traced

V3_COMPANIES = "/crm/v3/objects/companies"
CITIES = ["results[].properties.city", "numErrors"]


@scenario
def company(ask: Ask) -> None:
    """A company is created, read with its default properties, changed and archived, as contacts are."""
    created = ask("create", "POST", COMPANIES, {"properties": ask.firm()}, values=["properties.domain"])
    if created.status != 201:
        return
    path = f"{COMPANIES}/{created.get('id')}"
    ask("read", "GET", path, values=["properties.name", "properties.domain"])
    ask("read by v3", "GET", f"{V3_COMPANIES}/{created.get('id')}", values=["properties.name"])
    ask("change", "PATCH", path, {"properties": {"city": "Paris"}}, values=["properties.city"])
    ask("a bad value", "PATCH", path, {"properties": {"hubcontact_no_such_property": "1"}})
    ask("no property", "PATCH", path, {"properties": {}})
    ask("archive", "DELETE", path)
    ask("read after that", "GET", path)
    ask("read archived", "GET", f"{path}?archived=true", values=["archived"])


@scenario
def company_by_v3(ask: Ask) -> None:
    """A company is created by v3, by its singular and by its type id."""
    for root in (V3_COMPANIES, "/crm/v3/objects/company", "/crm/objects/2026-09/0-2"):
        who = root.rpartition("/")[2]
        ask(root, "POST", root, {"properties": ask.firm(who)}, values=["properties.name", "archived"])


@scenario
def company_of_a_taken_domain(ask: Ask) -> None:
    """Two companies may have one domain."""
    ask.company()
    ask("again", "POST", COMPANIES, {"properties": ask.firm()}, values=["properties.domain"])


@scenario
def company_unknown(ask: Ask) -> None:
    """An unknown company is a 404."""
    nobody = ask.nobody(COMPANIES)
    ask("read", "GET", f"{COMPANIES}/{nobody}")
    ask("change", "PATCH", f"{COMPANIES}/{nobody}", {"properties": {"city": "Paris"}})
    ask("archive", "DELETE", f"{COMPANIES}/{nobody}")


@scenario
def company_batches(ask: Ask) -> None:
    """Batches of companies answer as those of contacts do."""
    made = ask(
        "create",
        *batch("create", COMPANIES),
        {"inputs": [{"properties": ask.firm(who)} for who in ("a", "b")]},
        values=["results[].properties.domain"],
    )
    if made.status != 201:
        return
    ids = [str(each["id"]) for each in made.body["results"]]
    nobody = ask.nobody(COMPANIES)
    both = cities(dict.fromkeys(ids, "Paris"))
    ask("update", *batch("update", COMPANIES), both, values=CITIES)
    ask(
        "update and nobody",
        *batch("update", COMPANIES),
        cities({ids[0]: "Rome", nobody: "Oslo"}),
        values=CITIES,
    )
    bad = {"hubcontact_no_such_property": "1"}
    some_bad = [{"id": ids[0], "properties": bad}, *both["inputs"][1:]]
    ask("a bad value", *batch("update", COMPANIES), {"inputs": some_bad})
    one = traced({"properties": ask.firm("c") | bad})
    ask("a bad value, trace ids", *batch("create", COMPANIES), one)
    read = {"inputs": [{"id": each} for each in (*ids, nobody)], "properties": ["city"]}
    ask("read", *batch("read", COMPANIES), read, values=CITIES)
    ask("archive", *batch("archive", COMPANIES), {"inputs": read["inputs"]})
    ask("read after that", *batch("read", COMPANIES), read)


@scenario
def company_search(ask: Ask) -> None:
    """A company is found by its domain, after a moment."""
    ask.company(city="Paris")

    def found(answer: Answer) -> bool:
        return answer.status != 200 or answer.get("total") == 1

    own = {"propertyName": "domain", "operator": "EQ", "value": ask.domain()}
    body = {"filterGroups": [{"filters": [own]}], "properties": ["city"]}
    values = ["total", "results[].properties.city"]
    ask.until("found", found, "POST", f"{COMPANIES}/search", body, values=values)
    unknown = {"propertyName": "hubcontact_no_such_property", "operator": "HAS_PROPERTY"}
    refused = {"filterGroups": [{"filters": [own, unknown]}]}
    ask("by an unknown property", "POST", f"{COMPANIES}/search", refused)


@scenario
def merge_companies(ask: Ask) -> None:
    """Two companies become one, which both ids find."""
    acme, emca = ask.company(city="London"), ask.company("emca", city="Rome")
    body = {"primaryObjectId": acme, "objectIdToMerge": emca}
    ask("merge", "POST", f"{COMPANIES}/merge", body)
    for name, one in (("first", acme), ("second", emca)):
        path = f"{COMPANIES}/{one}?properties=city,hs_merged_object_ids"
        ask(f"read by the {name} id", "GET", path, values=["properties.city"])
    ask("merge again", "POST", f"{COMPANIES}/merge", body)
