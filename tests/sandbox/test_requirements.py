# SPDX-License-Identifier: Apache-2.0
"""Properties that 2026-09 demands of a write."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from airflow_provider_hubcontact.sandbox import Condition, Requirements, Sandbox, Switches
from tests.sandbox.calling import CONTACTS, Api

DEMANDS = Requirements(
    ("firstname",), (Condition("company", "lifecyclestage", "customer"), Condition("city", "zip"))
)
SEEDS = [{"email": "ada@example.com"}]


@pytest.fixture
def api() -> Iterator[Api]:
    with Sandbox(SEEDS, requirements=DEMANDS) as sandbox:
        yield Api(sandbox)


def test_a_new_contact_without_it(api: Api) -> None:
    """400 MISSING_REQUIRED_PROPERTY, and no contact; with a value it is a 201."""
    answer = api.post(CONTACTS, {"properties": {"email": "new@example.com", "firstname": ""}})

    assert answer.status == 400
    assert answer.message == "The property values provided are invalid"
    assert answer.body["category"] == "VALIDATION_ERROR"
    assert answer.body["errors"] == [
        {
            "message": "A value for firstname must be provided",
            "code": "MISSING_REQUIRED_PROPERTY",
            "context": {"propertyName": ["firstname"]},
        }
    ]
    assert api.sandbox.portal.contact("new@example.com") is None
    assert api.post(CONTACTS, {"properties": {"email": "new@example.com", "firstname": "N"}}).status == 201


def test_an_update_need_not_have_it(api: Api) -> None:
    """What is required of a new contact is not required of an update."""
    ada = api.id("ada@example.com")

    assert api.patch(f"{CONTACTS}/{ada}", {"properties": {"lastname": "L"}}).status == 200
    assert api.patch(f"{CONTACTS}/{ada}", {"properties": {"firstname": ""}}).status == 200


def test_a_condition(api: Api) -> None:
    """400 MISSING_CONDITIONAL_REQUIRED_PROPERTY as soon as the other property has the value."""
    path = f"{CONTACTS}/{api.id('ada@example.com')}"

    answer = api.patch(path, {"properties": {"lifecyclestage": "customer"}})

    assert answer.status == 400
    assert answer.body["errors"][0] == {
        "message": "company is required because of a conditional property rule based on [lifecyclestage]",
        "code": "MISSING_CONDITIONAL_REQUIRED_PROPERTY",
        "context": {"propertyName": ["company"]},
    }
    assert api.patch(path, {"properties": {"lifecyclestage": "lead"}}).status == 200
    assert api.patch(path, {"properties": {"lifecyclestage": "customer", "company": "C"}}).status == 200
    assert api.patch(path, {"properties": {"company": ""}}).status == 400
    assert api.patch(path, {"properties": {"zip": "1"}}).status == 400
    assert api.patch(path, {"properties": {"jobtitle": "J"}}).status == 200


def test_a_batch(api: Api) -> None:
    """Without trace ids the whole batch is refused; with them the inputs that lack nothing are written."""
    inputs = [
        {"properties": {"email": f"{n}@example.com", **more}}
        for n, more in enumerate([{}, {"firstname": "F"}])
    ]

    whole = api.batch("create", *inputs)
    parts = api.batch("create", *({**each, "objectWriteTraceId": str(n)} for n, each in enumerate(inputs)))

    assert whole.status == 400
    assert whole.message == "The property values provided are invalid"
    assert parts.status == 207
    assert parts.body["errors"][0]["context"] == {"objectWriteTraceId": ["0"]}
    assert [each["properties"]["email"] for each in parts.body["results"]] == ["1@example.com"]


@pytest.mark.parametrize("root", ["/crm/v3/objects/contacts", "/crm/objects/2026-03/contacts"])
def test_older_versions_ignore_them(api: Api, root: str) -> None:
    """v3 and 2026-03 demand nothing; with the switch ``write_rules=every`` they do, and v1 as well."""
    assert api.post(root, {"properties": {"email": "new@example.com"}}).status == 201
    with Sandbox(SEEDS, requirements=DEMANDS, switches=Switches(write_rules="every")) as sandbox:
        strict = Api(sandbox)
        assert strict.post(root, {"properties": {"email": "new@example.com"}}).status == 400
        legacy = strict.post(
            "/contacts/v1/contact", {"properties": [{"property": "email", "value": "new@example.com"}]}
        )
        assert legacy.status == 400
        assert legacy.body["validationResults"][0]["error"] == "MISSING_REQUIRED_PROPERTY"


def test_a_property_that_is_unknown() -> None:
    """A portal cannot demand what it does not know."""
    with pytest.raises(ValueError, match="no property shoe_size"):
        Sandbox(requirements=Requirements(("shoe_size",)))


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("company:lifecyclestage=customer", Condition("company", "lifecyclestage", "customer")),
        ("city:zip", Condition("city", "zip")),
    ],
)
def test_a_condition_in_words(text: str, condition: Condition) -> None:
    """The command line has the required property first."""
    assert Condition.parse(text) == condition


@pytest.mark.parametrize("text", ["", "company", "company:", "a:b=", "a b:c"])
def test_a_condition_that_is_none(text: str) -> None:
    """Anything else is an error that shows the form."""
    with pytest.raises(ValueError, match="company:lifecyclestage=customer"):
        Condition.parse(text)
