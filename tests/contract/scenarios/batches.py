# SPDX-License-Identifier: Apache-2.0
"""Contacts in batches."""

from __future__ import annotations

from typing import Any

from tests.contract.scenario import CONTACTS, V3, Ask, scenario

NAMES = ["results[].properties.firstname", "numErrors"]
BAD = {"hubcontact_no_such_property": "1"}


def batch(action: str, root: str = CONTACTS) -> tuple[str, str]:
    return "POST", f"{root}/batch/{action}"


def cities(ids: dict[str, str]) -> dict[str, Any]:
    """Write a city each, by id."""
    return {"inputs": [{"id": each, "properties": {"city": city}} for each, city in ids.items()]}


def traced(*inputs: dict[str, Any]) -> dict[str, Any]:
    return {"inputs": [{**each, "objectWriteTraceId": f"t{place}"} for place, each in enumerate(inputs)]}


def read_cities(ask: Ask, *ids: str, name: str = "read") -> None:
    """Compare what is written."""
    body = {"inputs": [{"id": each} for each in ids], "properties": ["city"]}
    ask(name, *batch("read"), body, values=["results[].properties.city"])


@scenario
def batch_read(ask: Ask) -> None:
    """Contacts are found by id and by address; the unknown ones are named together, in a 207."""
    ada, address = ask.contact(), ask.address()
    ask("by id", *batch("read"), {"inputs": [{"id": ada}], "properties": ["firstname"]}, values=NAMES)
    by_address = {"idProperty": "email", "properties": ["firstname"], "inputs": [{"id": address}]}
    ask("by address", *batch("read"), by_address, values=NAMES)
    by_address = by_address | {"inputs": [{"id": address}, {"id": ask.address("nobody")}]}
    ask("some unknown", *batch("read"), by_address, values=NAMES)
    ask("some unknown by v3", *batch("read", V3), by_address, values=NAMES)
    unknown = {"inputs": [{"id": ask.nobody()}], "properties": ["firstname"]}
    ask("all unknown", *batch("read"), unknown, values=NAMES)


@scenario
def batch_shapes(ask: Ask) -> None:
    """A batch without inputs, of the wrong shape, or of too many inputs is a 400."""
    ada = ask.contact()
    ask("no inputs", *batch("read"), {})
    ask("empty", *batch("read"), {"inputs": [], "properties": []})
    ask("empty update", *batch("update"), {"inputs": []})
    addresses = [{"id": ask.address(f"n{number}")} for number in range(101)]
    ask("101 to read", *batch("read"), {"inputs": addresses, "idProperty": "email", "properties": []})
    history = {"inputs": addresses[:51], "idProperty": "email", "propertiesWithHistory": ["city"]}
    ask("51 with history", *batch("read"), {**history, "properties": []})
    same = [{"id": ada, "properties": {"city": "Paris"}}] * 101
    ask("101 to write", *batch("update"), {"inputs": same})


@scenario
def batch_update(ask: Ask) -> None:
    """Contacts are written by id; in which order the results come is open."""
    first, second, third = ask.contact("a"), ask.contact("b"), ask.contact("c")
    body = cities({second: "Bonn", first: "Aachen", third: "Celle"})
    ask("write", *batch("update"), body, values=["results[].properties.city"])
    read_cities(ask, first, second, third)


@scenario
def batch_update_unknown_id(ask: Ask) -> None:
    """An unknown id is named in a 207; the others are written."""
    ada, nobody = ask.contact(), ask.nobody()
    ask("write", *batch("update"), cities({ada: "Paris", nobody: "Rome"}), values=["numErrors"])
    ask("with trace ids", *batch("update"), traced(*cities({ada: "Oslo", nobody: "Rome"})["inputs"]))
    read_cities(ask, ada)


@scenario
def batch_update_bad_value(ask: Ask) -> None:
    """A bad value without trace ids refuses all; with them it is open."""
    ada, grace = ask.contact(), ask.contact("grace")
    inputs: list[dict[str, Any]] = [{"id": ada, "properties": {"city": "Paris"}}]
    inputs.append({"id": grace, "properties": BAD})
    ask("without trace ids", *batch("update"), {"inputs": inputs})
    ask("without trace ids by v3", *batch("update", V3), {"inputs": inputs})
    read_cities(ask, ada)
    ask("with trace ids", *batch("update"), traced(*inputs), values=["errors[].context.objectWriteTraceId"])
    read_cities(ask, ada, name="read again")


@scenario
def batch_update_twice(ask: Ask) -> None:
    """An id twice refuses all, with or without trace ids."""
    inputs = [{"id": ask.contact(), "properties": {"city": city}} for city in ("Paris",)] * 2
    ask("without trace ids", *batch("update"), {"inputs": inputs})
    ask("with trace ids", *batch("update"), traced(*inputs))


@scenario
def batch_update_by_address(ask: Ask) -> None:
    """Whether ``batch/update`` takes an address as the id is open."""
    ask.contact()
    one = {"id": ask.address(), "properties": {"city": "Paris"}}
    ask("idProperty", *batch("update"), {"inputs": [{**one, "idProperty": "email"}]})
    ask("no idProperty", *batch("update"), {"inputs": [one]})


@scenario
def batch_create(ask: Ask) -> None:
    """Contacts are created; a taken address is a 409, or with trace ids a 207."""
    one, other = ask.properties("a"), ask.properties("b")
    ask("create", *batch("create"), {"inputs": [{"properties": one}]}, values=NAMES)
    both = [{"properties": one}, {"properties": other}]
    ask("one is taken", *batch("create"), {"inputs": both})
    context = ["errors[].context.objectWriteTraceId"]
    ask("one is taken, trace ids", *batch("create"), traced(*both), values=context)
    ask("both are taken", *batch("create"), {"inputs": both})


@scenario
def batch_create_bad_value(ask: Ask) -> None:
    """A bad value refuses all, or with trace ids its own contact."""
    good, bad = ask.properties("a"), ask.properties("b") | BAD
    both = [{"properties": good}, {"properties": bad}]
    ask("without trace ids", *batch("create"), {"inputs": both})
    ask("with trace ids", *batch("create"), traced(*both), values=["errors[].context.objectWriteTraceId"])


@scenario
def batch_upsert(ask: Ask) -> None:
    """Known addresses are written, others created; ``new`` tells which."""
    ask.contact()
    inputs = [
        {"id": ask.address(who), "idProperty": "email", "properties": ask.properties(who, city="Paris")}
        for who in ("ada", "grace")
    ]
    values = ["results[].new", "results[].properties.city"]
    ask("write", *batch("upsert"), {"inputs": inputs}, values=values)
    ask("by v3", *batch("upsert", V3), {"inputs": inputs}, values=values)
    bad = {**inputs[1], "properties": ask.properties("grace") | BAD}
    ask("a bad value", *batch("upsert"), {"inputs": [inputs[0], bad]})
    context = ["errors[].context.objectWriteTraceId"]
    ask("a bad value, trace ids", *batch("upsert"), traced(inputs[0], bad), values=context)


@scenario
def batch_upsert_of_some(ask: Ask) -> None:
    """Whether an upsert by address may name some properties only is open."""
    ada = ask.contact(jobtitle="Countess")
    one = {"id": ask.address(), "idProperty": "email", "properties": {"city": "Paris"}}
    ask("write", *batch("upsert"), {"inputs": [one]}, values=["results[].new"])
    read = f"{CONTACTS}/{ada}?properties=city,jobtitle"
    ask("read", "GET", read, values=["properties.city", "properties.jobtitle"])


@scenario
def batch_archive(ask: Ask) -> None:
    """``batch/archive`` is a 204, also for unknown ids."""
    ada = ask.contact()
    ask("archive", *batch("archive"), {"inputs": [{"id": ada}, {"id": ask.nobody()}]})
    ask("read", "GET", f"{CONTACTS}/{ada}")
