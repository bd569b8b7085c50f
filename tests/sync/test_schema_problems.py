# SPDX-License-Identifier: Apache-2.0
"""Both engines say the same of a record, in the same words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator, Draft7Validator, Draft202012Validator
from jsonschema.validators import validator_for

from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.sync.rows.json_schema import Schema

DRAFT_4 = "http://json-schema.org/draft-04/schema#"


def reason(schema: Schema, document: dict[str, Any]) -> list[str]:
    result = schema.check(Record(1, "ada@x.y", {}, document))
    return sorted(result.reason.split("; ")) if result else []


def own(schema: Any) -> Schema:
    cls = validator_for(schema, default=Draft202012Validator)
    return Schema(cls(schema, format_checker=cls.FORMAT_CHECKER))


@pytest.mark.parametrize(
    ("rule", "value", "says"),
    [
        ({"type": "integer"}, "secret", "p: must be of type integer (type)"),
        ({"type": ["string", "null"]}, 5, "p: must be of type null or string (type)"),
        ({"enum": ["a", 1, None, True]}, "secret", 'p: must be one of "a", 1, null, true (enum)'),
        ({"const": "x"}, "secret", 'p: must be "x" (const)'),
        ({"const": None}, "secret", "p: must be null (const)"),
        ({"minimum": 3}, 1, "p: must be at least 3 (minimum)"),
        ({"maximum": 3.5}, 9, "p: must be at most 3.5 (maximum)"),
        ({"exclusiveMinimum": 3}, 3, "p: must be more than 3 (exclusiveMinimum)"),
        ({"exclusiveMaximum": 3.0}, 3, "p: must be less than 3 (exclusiveMaximum)"),
        ({"multipleOf": 2}, 3, "p: must be a multiple of 2 (multipleOf)"),
        ({"minLength": 1}, "", "p: must be at least 1 character (minLength)"),
        ({"maxLength": 3}, "secret", "p: must be at most 3 characters (maxLength)"),
        ({"pattern": "^x"}, "secret", "p: must match ^x (pattern)"),
        ({"format": "email"}, "secret", "p: must have the format email (format)"),
        ({"minItems": 2}, [1], "p: must be at least 2 items (minItems)"),
        ({"maxItems": 1}, [1, 2], "p: must be at most 1 item (maxItems)"),
        ({"uniqueItems": True}, [1, 1], "p: must not have the same item twice (uniqueItems)"),
        ({"items": {"type": "integer"}}, [1, "secret"], "p.1: must be of type integer (type)"),
        ({"contains": {"type": "integer"}}, [], "p: must have an item that the rule asks for (contains)"),
        ({"anyOf": [{"type": "integer"}]}, "secret", "p: must satisfy one of the rules (anyOf)"),
        ({"oneOf": [True, True]}, "secret", "p: must satisfy exactly one of the rules (oneOf)"),
        ({"not": {}}, "secret", "p: must not satisfy the rule (not)"),
        ({"$ref": "#/$defs/short"}, "secret", "p: must be at most 2 characters (maxLength)"),
        ({"if": True, "then": {"maxLength": 2}}, "secret", "p: must be at most 2 characters (maxLength)"),
    ],
)
def test_a_value(rule: dict[str, Any], value: Any, says: str) -> None:
    """The words have where, what was expected and by which rule; they never have the value."""
    schema = {"properties": {"p": rule}, "$defs": {"short": {"maxLength": 2}}}

    assert reason(Schema(schema), {"p": value}) == [says]
    assert reason(own(schema), {"p": value}) == [says]


@pytest.mark.parametrize(
    ("schema", "says"),
    [
        ({"required": ["a", "p", "b"]}, ["must have a (required)", "must have b (required)"]),
        ({"dependentRequired": {"p": ["z"], "y": ["x"]}}, ["must have z (dependentRequired)"]),
        ({"additionalProperties": False}, ["must not have p, q (additionalProperties)"]),
        (
            {"properties": {"p": True}, "additionalProperties": False},
            ["must not have q (additionalProperties)"],
        ),
        (
            {"patternProperties": {"^p": True}, "additionalProperties": False},
            ["must not have q (additionalProperties)"],
        ),
        ({"minProperties": 3}, ["must have at least 3 properties (minProperties)"]),
        ({"maxProperties": 1}, ["must have at most 1 properties (maxProperties)"]),
        ({"propertyNames": {"pattern": "^p"}}, ["must not have a property of such a name (propertyNames)"]),
        (
            {"$schema": DRAFT_4, "properties": {"p": {"minimum": 1, "exclusiveMinimum": True}}},
            ["p: must be more than 1 (exclusiveMinimum)"],
        ),
        (
            {"$schema": "http://json-schema.org/draft-07/schema#", "dependencies": {"p": ["z"]}},
            ["must have z (dependencies)"],
        ),
        (False, ["is not allowed (false)"]),
    ],
)
def test_a_record(schema: Any, says: list[str]) -> None:
    """What is wrong with a record as a whole."""
    assert reason(Schema(schema), {"p": 1, "q": 2}) == says
    assert reason(own(schema), {"p": 1, "q": 2}) == says


NUMBERS = st.integers(-3, 3) | st.sampled_from([0.5, 1.0, -2.5])
TEXTS = st.text("ab1 é😀", max_size=4)
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS, st.sampled_from(["a@b.de", "2026-01-02"]))
VALUES = SCALARS | st.lists(SCALARS, max_size=3)
SIZES = st.integers(0, 3)
RULES = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(
            ["string", "integer", "number", "boolean", "null", "array", ["string", "null"]]
        ),
        "enum": st.lists(SCALARS, min_size=1, max_size=3, unique_by=json.dumps),
        "const": SCALARS,
        "minimum": NUMBERS,
        "maximum": NUMBERS,
        "exclusiveMinimum": NUMBERS,
        "exclusiveMaximum": NUMBERS,
        "multipleOf": st.sampled_from([1, 2, 0.5]),
        "minLength": SIZES,
        "maxLength": SIZES,
        "pattern": st.sampled_from(["^a", "b$", "[0-9]", "^[ab]{2}$"]),
        "format": st.sampled_from(["email", "date", "nonsense"]),
        "minItems": SIZES,
        "maxItems": SIZES,
        "uniqueItems": st.booleans(),
    },
)
DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "properties": st.dictionaries(st.sampled_from("abc"), RULES, max_size=3),
        "required": st.lists(st.sampled_from("abcd"), unique=True, max_size=2),
        "additionalProperties": st.booleans() | RULES,
    },
)


@given(
    DOCUMENTS,
    st.dictionaries(st.sampled_from("abcd"), VALUES, max_size=3),
    st.sampled_from([Draft202012Validator, Draft7Validator]),
)
def test_any_record(schema: dict[str, Any], document: dict[str, Any], draft: Any) -> None:
    """Whatever the schema and the record: both find the same problems, and call them the same."""
    schema = {"$schema": draft.META_SCHEMA["$schema"], **schema}
    found = [
        sorted(each.properties) if (each := made.check(Record(1, "k", {}, document))) else []
        for made in (Schema(schema), own(schema))
    ]

    assert found[0] == found[1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("airflow_provider_hubcontact.sync.rows.json_schema.MAX_PROBLEMS", 1_000)
        assert reason(Schema(schema), document) == reason(own(schema), document)


def test_the_oldest_draft_is_one_of_them() -> None:
    """A validator's draft is its class."""
    assert reason(Schema(Draft4Validator({"required": ["a"]})), {}) == ["must have a (required)"]
