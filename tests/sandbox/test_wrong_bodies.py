# SPDX-License-Identifier: Apache-2.0
"""Bodies and parameters that say too little, too much or something else: a 400, and how it is worded."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.calling import CONTACTS, Api
from tests.sandbox.test_associations import V4, types

LISTS = "/crm/lists/2026-09"
PROPERTIES = "/crm/properties/2026-09/0-1"
RULE = "/crm/property-validations/2026-09/0-1/zip/rule-type/MAX_LENGTH"
LINKS = f"{V4}/contacts/companies"
V3_LINKS = "/crm/v3/associations/contacts/companies/batch"
NEW = {"name": "Customers", "objectTypeId": "0-1", "processingType": "MANUAL"}
COLOR = {
    "name": "color",
    "label": "C",
    "groupName": "contactinformation",
    "type": "string",
    "fieldType": "text",
}
PAIR = {"from": {"id": "1"}, "to": {"id": "2"}}
LABEL = {"label": "Boss", "name": "boss"}


@pytest.mark.parametrize(
    ("call", "body", "missing"),
    [
        (f"POST {CONTACTS}", {}, "properties"),
        (f"PATCH {CONTACTS}/ada@example.com?idProperty=email", {}, "properties"),
        (f"POST {CONTACTS}/batch/create", {}, "inputs"),
        (f"POST {CONTACTS}/batch/create", {"inputs": [{}]}, "properties"),
        (f"POST {CONTACTS}/batch/update", {"inputs": [{"properties": {}}]}, "id"),
        (f"POST {CONTACTS}/batch/read", {}, "inputs"),
        (f"POST {CONTACTS}/batch/archive", {"inputs": [{}]}, "id"),
        (f"POST {CONTACTS}/merge", {"primaryObjectId": "1"}, "objectIdToMerge"),
        (f"POST {CONTACTS}/gdpr-delete", {}, "objectId"),
        ("POST /contacts/v1/contact/merge-vids/1", {}, "vidToMerge"),
        ("POST /contacts/v1/contact", {}, "properties"),
        (f"POST {LISTS}", {"name": "L", "objectTypeId": "0-1"}, "processingType"),
        (f"POST {PROPERTIES}", {**COLOR, "label": None}, "label"),
        (f"POST {PROPERTIES}/batch/read", {}, "inputs"),
        (f"POST {PROPERTIES}/batch/read", {"inputs": [{}]}, "name"),
        (f"POST {PROPERTIES}/batch/archive", {"inputs": [{}]}, "name"),
        (f"POST {PROPERTIES}/groups", {"name": "g"}, "label"),
        (f"PUT {RULE}", {}, "ruleArguments"),
        (f"POST {LINKS}/labels", {"name": "n"}, "label"),
        (f"POST {LINKS}/batch/read", {}, "inputs"),
        (f"POST {LINKS}/batch/read", {"inputs": [{}]}, "id"),
        (f"POST {LINKS}/batch/create", {"inputs": [PAIR]}, "types"),
        (f"POST {LINKS}/batch/create", {"inputs": [{**PAIR, "from": {}, "types": types(1)}]}, "id"),
        (f"POST {LINKS}/batch/create", {"inputs": [{**PAIR, "types": [{}]}]}, "associationCategory"),
        (f"POST {V3_LINKS}/create", {"inputs": [PAIR]}, "type"),
        ("POST /oauth/v2/private-apps/get/access-token-info", {}, "tokenKey"),
    ],
)
def test_what_is_missing_is_named(api: Api, call: str, body: dict[str, Any], missing: str) -> None:
    """400 with the name of the field, and nothing has been done."""
    method, path = call.split(" ")

    answer = api.call(method, path, body)

    assert answer.status == 400
    assert missing in answer.message
    assert len(api.sandbox.portal.contacts) == 3


@pytest.mark.parametrize(
    ("call", "body", "kept"),
    [
        (f"GET {CONTACTS}?limit={{}}", None, 20),
        ("GET /crm/v3/owners/1?idProperty={}", None, 50),
        (f"POST {CONTACTS}/search", {"limit": "{}"}, 50),
        (f"POST {CONTACTS}/search", {"sorts": [{"propertyName": "email", "direction": "{}"}]}, 50),
        (f"POST {CONTACTS}/search", {"sorts": [{"propertyName": "{}"}]}, 100),
        (
            f"POST {CONTACTS}/search",
            {"filterGroups": [{"filters": [{"propertyName": "points", "operator": "EQ", "value": "{}"}]}]},
            100,
        ),
        (f"POST {LISTS}", {**NEW, "processingType": "{}"}, 50),
        (f"POST {LISTS}/search", {"count": "{}"}, 50),
        (f"GET {LISTS}/{{}}", None, 100),
        (f"GET {LISTS}/object-type-id/0-1/name/{{}}", None, 100),
        (f"POST {LISTS}", {**NEW, "objectTypeId": "{}"}, 100),
        (f"POST {PROPERTIES}", {**COLOR, "name": "1{}"}, 100),
        (f"POST {PROPERTIES}", {**COLOR, "type": "{}"}, 50),
        (f"POST {PROPERTIES}", {**COLOR, "fieldType": "{}"}, 50),
        (f"POST {PROPERTIES}", {**COLOR, "groupName": "{}"}, 50),
        (f"GET {RULE.rpartition('/')[0]}/{{}}", None, 50),
        (f"POST {LINKS}/batch/read", {"inputs": [{"id": "ADA", "after": "{}"}]}, 20),
        (
            f"POST {LINKS}/batch/create",
            {"inputs": [{**PAIR, "types": [{"associationCategory": "A", "associationTypeId": "{}"}]}]},
            20,
        ),
        (f"POST {V3_LINKS}/create", {"inputs": [{**PAIR, "type": "{}"}]}, 100),
        (
            f"POST {CONTACTS}",
            {"properties": {}, "associations": [{"to": {"id": "{}"}, "types": types(279)}]},
            50,
        ),
        (
            "POST /contacts/v1/contact/email/ada@example.com/profile",
            {"properties": [{"property": "city", "value": "Bath", "timestamp": "{}"}]},
            50,
        ),
    ],
)
def test_so_much_of_a_value_is_repeated(api: Api, call: str, body: Any, kept: int) -> None:
    """A refusal quotes the beginning of what was sent, so that a long value does not fill a log."""
    method, path = call.split(" ")
    sent = "x" * 300

    answer = api.call(method, path.replace("{}", sent), _filled(body, sent, api.id("ada@example.com")))

    assert 400 <= answer.status < 500
    assert max(map(len, _runs(answer.message))) + ("'1x" in answer.message) == kept


def test_so_much_of_a_name_is_repeated(api: Api) -> None:
    """A name that is taken is not quoted as a whole either."""
    for path, body, kept in (
        (LISTS, NEW, 100),
        (f"{LINKS}/labels", LABEL, 100),
    ):
        named = body | {"name": "x" * 300}
        assert api.post(path, named).status == 200
        assert max(map(len, _runs(api.post(path, named).message))) == kept


@pytest.mark.parametrize(
    ("call", "body", "digits"),
    [
        (f"GET {CONTACTS}?limit={{}}", None, 20),
        (f"GET {CONTACTS}?after={{}}", None, 20),
        (f"POST {CONTACTS}/search", {"limit": "{}"}, 9),
        (f"POST {CONTACTS}/search", {"after": "{}"}, 9),
        (f"POST {LISTS}/search", {"count": "{}"}, 9),
        (f"POST {LISTS}/search", {"offset": "{}"}, 9),
        (f"POST {LINKS}/batch/read", {"inputs": [{"id": "ADA", "after": "{}"}]}, 19),
        (
            f"POST {LINKS}/batch/create",
            {"inputs": [{**PAIR, "types": [{"associationCategory": "A", "associationTypeId": "{}"}]}]},
            9,
        ),
        ("GET /sandbox/requests?last={}", None, 9),
    ],
)
def test_numbers_have_so_many_digits(api: Api, call: str, body: Any, digits: int) -> None:
    """A longer one is no number, whatever else would be wrong with it."""
    method, path = call.split(" ")
    ada = api.id("ada@example.com")

    said = [
        answer.body.get("message", "") if isinstance(answer.body, dict) else ""
        for sent in ("1" * digits, "1" * (digits + 1), "-1")
        for answer in [api.call(method, path.replace("{}", sent), _filled(body, sent, ada))]
    ]

    assert ["a whole number" in each for each in said] == [False, True, True]


def _filled(value: Any, sent: str, ada: str) -> Any:
    if isinstance(value, dict):
        return {name: _filled(each, sent, ada) for name, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, sent, ada) for each in value]
    return value.replace("{}", sent).replace("ADA", ada) if isinstance(value, str) else value


def _runs(message: str) -> list[str]:
    """Return the runs of the letter that was sent."""
    return "".join(letter if letter == "x" else " " for letter in message).split()
