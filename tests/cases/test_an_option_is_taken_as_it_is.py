# SPDX-License-Identifier: Apache-2.0
"""An option is one however it is given: with a blank that is part of it, in a list, beside no value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from airflow_provider_hubcontact.sandbox import Sandbox
from airflow_provider_hubcontact.sandbox.crm.properties.definitions import Definition, Option
from airflow_provider_hubcontact.sync.model.outcome import Outcome
from tests.cases.syncing import synced

KEY = "ada@example.com"
CHOICES = tuple(
    Option(value.upper(), value, place) for place, value in enumerate(("golf ", " wine", "golf", "chess"))
)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    properties = [
        Definition("hobby", "Hobby", "enumeration", "select", options=CHOICES),
        Definition("hobbies", "Hobbies", "enumeration", "checkbox", options=CHOICES),
    ]
    with Sandbox([{"email": KEY}], properties=properties) as running:
        yield running


@pytest.mark.parametrize(
    ("name", "value", "written"),
    [
        ("hobby", "golf ", "golf "),
        ("hobby", " wine", " wine"),
        ("hobby", "golf", "golf"),
        ("hobby", " chess ", "chess"),
        ("hobbies", "golf ; wine;chess", "golf ; wine;chess"),
        ("hobbies", "golf; chess", "golf;chess"),
        ("hobbies", ["golf ", None, "chess"], "golf ;chess"),
        ("hobbies", [None, "chess"], "chess"),
        ("hobbies", [], ""),
    ],
)
def test_what_is_written(sandbox: Sandbox, name: str, value: Any, written: str) -> None:
    """Blanks that are part of an option stay; others are dropped. None in a list is no option."""
    (result,) = synced(sandbox, [{"email": KEY, name: value}])

    contact = sandbox.portal.contact(KEY)
    assert contact is not None
    assert result.outcome is (Outcome.UPDATED if written else Outcome.UNCHANGED), result.reason
    assert contact.properties.get(name, "") == written


@pytest.mark.parametrize("value", ['["golf","chess"]', ' ["golf"]', "[]", '["golf", null]', "[\n  1\n]"])
def test_the_json_text_of_a_list(sandbox: Sandbox, value: str) -> None:
    """Snowflake's drivers give an ARRAY as such: the reason names it, and the way out."""
    (result,) = synced(sandbox, [{"email": KEY, "hobbies": value}])

    assert result.outcome is Outcome.INVALID
    assert "is the JSON text of a list: send a list" in result.reason
    assert "ARRAY_TO_STRING" in result.reason


@pytest.mark.parametrize("value", ["[golf", "[golf]", '{"a": 1}', "[" * 1_000])
def test_what_only_looks_like_it(sandbox: Sandbox, value: str) -> None:
    """It is an option that does not exist."""
    (result,) = synced(sandbox, [{"email": KEY, "hobbies": value}])

    assert (result.outcome, result.category) == (Outcome.INVALID, "PORTAL_SCHEMA")
    assert "JSON text" not in result.reason
