# SPDX-License-Identifier: Apache-2.0
"""The search: what it finds, in which order, and how far its index is behind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from airflow_provider_hubcontact.sandbox import Definition, Option, Sandbox, Switches
from tests.sandbox.calling import CONTACTS, Answer, Api, Clock
from tests.sandbox.test_contacts import ROOTS

CLUBS = tuple(Option(name.title(), name) for name in ("chess", "rowing", "Knitting"))
PEOPLE = [
    {"email": "ada@example.com", "firstname": "Ada", "company": "Analytical Engines", "points": "9"},
    {"email": "grace@navy.example", "firstname": "Grace", "points": "10", "birthday": "1906-12-09"},
    {"email": "alan@example.com", "firstname": "alan", "clubs": "chess;rowing", "birthday": "1912-06-23"},
    {"email": "mary@example.org", "firstname": "Mary Ann", "clubs": "Knitting", "points": "-1.5"},
]
PLAIN = [
    {"email": "ada@example.com", "firstname": "Ada"},
    {"email": "grace@example.com", "firstname": "Grace"},
]


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    definitions = [
        Definition("points", "Points", "number", "number"),
        Definition("birthday", "Birthday", "date", "date"),
        Definition("clubs", "Clubs", "enumeration", "checkbox", options=CLUBS),
    ]
    clock = Clock()
    with Sandbox(PEOPLE, properties=definitions, clock=clock) as sandbox:
        api = Api(sandbox)
        api.clock = clock  # type: ignore[attr-defined] # searches are five a second
        yield api


def search(api: Api, root: str = CONTACTS, **body: Any) -> Answer:
    api.clock.now += 1  # type: ignore[attr-defined] # see above
    return api.post(f"{root}/search", body)


def found(api: Api, *filters: dict[str, Any], **body: Any) -> list[str]:
    answer = search(api, filterGroups=[{"filters": list(filters)}], **body)
    assert answer.status == 200, answer.message
    return [result["properties"]["email"].partition("@")[0] for result in answer.body["results"]]


def where(name: str, operator: str, value: Any = None, **more: Any) -> dict[str, Any]:
    return {"propertyName": name, "operator": operator, "value": value, **more}


@pytest.mark.parametrize("root", ROOTS)
def test_everything(api: Api, root: str) -> None:
    """An empty search finds all contacts, with the default properties."""
    body = search(api, root).body

    assert body["total"] == 4
    assert sorted(body["results"][0]["properties"]) == [
        "createdate",
        "email",
        "firstname",
        "hs_object_id",
        "lastmodifieddate",
        "lastname",
    ]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (where("firstname", "EQ", "ADA"), ["ada"]),
        (where("firstname", "NEQ", "ada"), ["grace", "alan", "mary"]),
        (where("company", "NEQ", "x"), ["ada", "grace", "alan", "mary"]),
        (where("points", "EQ", "9.0"), ["ada"]),
        (where("points", "LT", 9), ["mary"]),
        (where("points", "LTE", "9"), ["ada", "mary"]),
        (where("points", "GT", "9"), ["grace"]),
        (where("points", "GTE", "9"), ["ada", "grace"]),
        (where("points", "BETWEEN", "-2", highValue="9"), ["ada", "mary"]),
        (where("birthday", "LT", "1910-01-01"), ["grace"]),
        (where("birthday", "GTE", "-2000000000000"), ["grace", "alan"]),
        (where("firstname", "IN", values=["ada", "Grace"]), ["ada"]),
        (where("firstname", "NOT_IN", values=["ada", "grace"]), ["alan", "mary"]),
        (where("clubs", "IN", values=["rowing"]), ["alan"]),
        (where("clubs", "EQ", "knitting"), []),
        (where("clubs", "EQ", "Knitting"), ["mary"]),
        (where("clubs", "NOT_IN", values=["rowing"]), ["mary"]),
        (where("points", "HAS_PROPERTY"), ["ada", "grace", "mary"]),
        (where("points", "NOT_HAS_PROPERTY"), ["alan"]),
        (where("firstname", "CONTAINS_TOKEN", "ann"), ["mary"]),
        (where("firstname", "CONTAINS_TOKEN", "an"), []),
        (where("email", "CONTAINS_TOKEN", "*@example.com"), ["ada", "alan"]),
        (where("firstname", "CONTAINS_TOKEN", "[!x]*"), []),
        (where("email", "NOT_CONTAINS_TOKEN", "*@example.*"), ["grace"]),
    ],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else "",
)
def test_operators(api: Api, condition: dict[str, Any], expected: list[str]) -> None:
    """Texts without letter case but for IN, options with it, numbers as numbers, times as times."""
    assert found(api, condition) == expected


def test_filters_and_groups(api: Api) -> None:
    """All filters of a group, any of the groups."""
    groups = [
        {"filters": [where("points", "GT", "0"), where("company", "HAS_PROPERTY")]},
        {"filters": [where("clubs", "IN", values=["chess"])]},
    ]

    body = search(api, filterGroups=groups).body

    assert [each["properties"]["firstname"] for each in body["results"]] == ["Ada", "alan"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("gra", ["grace"]),
        ("analytical ada", ["ada"]),
        ("example com", ["ada", "alan"]),
        ("rowing", []),
        ("da", []),
    ],
)
def test_words(api: Api, query: str, expected: list[str]) -> None:
    """``query`` looks for beginnings of words in names, addresses, phones and the company alone."""
    assert found(api, query=query) == expected


def test_a_sort_that_is_no_property_is_ignored(api: Api) -> None:
    """A mere name that no property has does not refuse the search."""
    assert found(api, sorts=["ascending"]) == found(api)


@pytest.mark.parametrize(
    ("sorts", "expected"),
    [
        ([{"propertyName": "points", "direction": "ASCENDING"}], ["mary", "ada", "grace", "alan"]),
        ([{"propertyName": "points", "direction": "DESCENDING"}], ["grace", "ada", "mary", "alan"]),
        (["-email"], ["mary", "grace", "alan", "ada"]),
        ([{"propertyName": "firstname"}], ["ada", "alan", "grace", "mary"]),
        ([], ["ada", "grace", "alan", "mary"]),
    ],
)
def test_order(api: Api, sorts: list[Any], expected: list[str]) -> None:
    """By a property, numbers as numbers, contacts without a value last; by id without a sort."""
    assert found(api, sorts=sorts) == expected


def test_pages(api: Api) -> None:
    """``after`` counts results; ``total`` counts all of them."""
    first = search(api, limit=3).body
    rest = search(api, limit=3, after=first["paging"]["next"]["after"]).body

    assert (first["total"], len(first["results"])) == (4, 3)
    assert [each["properties"]["firstname"] for each in rest["results"]] == ["Mary Ann"]
    assert "paging" not in rest


@pytest.mark.parametrize(
    "body",
    [
        {"limit": 201},
        {"limit": "x"},
        {"after": 9_999, "limit": 2},
        {"filterGroups": [{"filters": [where("nope", "EQ", "1")]}]},
        {"filterGroups": [{"filters": [where("points", "LIKE", "1")]}]},
        {"filterGroups": [{"filters": [where("points", "EQ", "many")]}]},
        {"filterGroups": [{"filters": [where("points", "BETWEEN", "1")]}]},
        {"filterGroups": [{"filters": [where("points", "IN", "1")]}]},
        {"filterGroups": [{"filters": []}] * 6},
        {"filterGroups": [{"filters": [where("points", "EQ", "1")] * 7}]},
        {"filterGroups": [{"filters": [where("points", "EQ", "1")] * 5}] * 4},
        {"sorts": [{"propertyName": "points", "direction": "UP"}]},
        {"sorts": [{"propertyName": "nope", "direction": "ASCENDING"}]},
        {"query": "x" * 3_001},
        {"properties": 1},
    ],
    ids=lambda body: str(body)[:60],
)
def test_a_search_that_cannot_be(api: Api, body: dict[str, Any]) -> None:
    """400 that says what is wrong."""
    answer = search(api, **body)

    assert answer.status == 400
    assert answer.message


@pytest.mark.parametrize(
    "body",
    [
        {"limit": 200},
        {"limit": 0},
        {"after": 9_998, "limit": 2},
        {"filterGroups": [{"filters": []}] * 5},
        {"filterGroups": [{"filters": [where("points", "EQ", "1")] * 6}] * 3},
        {"query": "x" * 3_000},
    ],
    ids=lambda body: str(body)[:60],
)
def test_the_largest_search(api: Api, body: dict[str, Any]) -> None:
    """200 for as much as HubSpot's guide allows."""
    assert search(api, **body).status == 200


def test_the_order_is_that_of_the_ids() -> None:
    """Also if a contact was away meanwhile."""
    with Sandbox(PLAIN) as sandbox:
        contacts = sandbox.portal.collection("contacts")
        ada = next(iter(contacts.records.values()))
        contacts.archive(ada)
        contacts.unarchive(ada)
        results = Api(sandbox).post(f"{CONTACTS}/search", {}).body["results"]

    assert [each["properties"]["email"] for each in results] == [each["email"] for each in PLAIN]


def test_the_changelogs_number_of_filters() -> None:
    """With the switch ``search_filters=25`` a group may hold ten."""
    group = {"filters": [where("email", "NEQ", "x")] * 10}
    with Sandbox(PLAIN[:1], switches=Switches(search_filters="25")) as sandbox:
        api = Api(sandbox)

        assert api.post(f"{CONTACTS}/search", {"filterGroups": [group, group]}).status == 200
        assert api.post(f"{CONTACTS}/search", {"filterGroups": [group] * 3}).status == 400


def test_a_limit_of_its_own() -> None:
    """Five searches a second for the whole account; the answers say nothing of limits."""
    with Sandbox(PLAIN[:1], more_tokens=["other"], clock=Clock()) as sandbox:
        answers = [Api(sandbox, token).post(f"{CONTACTS}/search", {}) for token in [None, "other"] * 3]

    assert [answer.status for answer in answers] == [200] * 5 + [429]
    assert answers[-1].message == "You have reached your secondly limit."
    assert not any(name.startswith("x-hubspot-ratelimit") for name in answers[0].headers)


def test_the_index_can_be_behind() -> None:
    """With ``search_lag`` a search knows what was there some seconds ago: old values, no new contact."""
    clock = Clock()
    with Sandbox(PLAIN, clock=clock, search_lag=10) as sandbox:
        api = Api(sandbox)
        clock.now += 20
        api.batch(
            "update", {"id": api.id("ada@example.com"), "properties": {"firstname": "Augusta", "city": "X"}}
        )
        api.call("DELETE", f"{CONTACTS}/{api.id('grace@example.com')}")
        api.post(CONTACTS, {"properties": {"email": "new@example.com"}})

        def names() -> list[tuple[str, str | None]]:
            results = api.post(f"{CONTACTS}/search", {"properties": ["firstname", "city"]}).body["results"]
            return [(each["properties"]["firstname"], each["properties"]["city"]) for each in results]

        assert names() == [("Ada", None), ("Grace", None)]
        clock.now += 11
        assert names() == [("Augusta", "X"), (None, None)]
