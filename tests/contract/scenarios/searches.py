# SPDX-License-Identifier: Apache-2.0
"""Search. Each one is for contacts of the tests only."""

from __future__ import annotations

from typing import Any

from tests.contract.answers import Answer
from tests.contract.scenario import CONTACTS, Ask, scenario

SEARCH = ("POST", f"{CONTACTS}/search")


def searched(ask: Ask, *filters: dict[str, Any], groups: int = 1, **more: Any) -> dict[str, Any]:
    """Search in the tests' own contacts."""
    own = {"propertyName": "lastname", "operator": "EQ", "value": ask.mark}
    address = {"propertyName": "email", "operator": "EQ", "value": ask.address()}
    return {"filterGroups": [{"filters": [own, address, *filters]}] * groups, **more}


@scenario
def search(ask: Ask) -> None:
    """A search finds by several filters, after a moment, and tells the total."""
    ask.contact(city="Paris")

    def found(answer: Answer) -> bool:
        return answer.status != 200 or answer.get("total") == 1

    city = {"propertyName": "city", "operator": "EQ", "value": "paris"}
    body = searched(ask, city, properties=["city"], limit=1)
    ask.until("found", found, *SEARCH, body, values=["total", "results[].properties.city"])
    none = {"propertyName": "jobtitle", "operator": "HAS_PROPERTY"}
    ask("not found", *SEARCH, searched(ask, none), values=["total"])


@scenario
def search_refused(ask: Ask) -> None:
    """An unknown operator, property or size is a 400."""
    ask("operator", *SEARCH, searched(ask, {"propertyName": "city", "operator": "IS", "value": "x"}))
    unknown = {"propertyName": "hubcontact_no_such_property", "operator": "EQ", "value": "x"}
    ask("property", *SEARCH, searched(ask, unknown))
    ask("no value", *SEARCH, searched(ask, {"propertyName": "city", "operator": "EQ"}))
    ask("201 of a page", *SEARCH, searched(ask, limit=201))
    ask("six groups", *SEARCH, searched(ask, groups=6))


@scenario
def search_filters(ask: Ask) -> None:
    """How many filters a search may have is open: 18, or 25."""
    three = [{"propertyName": name, "operator": "HAS_PROPERTY"} for name in ("city", "zip", "jobtitle")]
    ask("20 in four groups", *SEARCH, searched(ask, *three, groups=4))
    seven = [*three, {"propertyName": "phone", "operator": "HAS_PROPERTY"}]
    ask(
        "seven in a group",
        *SEARCH,
        searched(ask, *seven, {"propertyName": "state", "operator": "HAS_PROPERTY"}),
    )
