"""Records against a JSON Schema."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result
from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.sync.rows.json_schema import (
    MAX_PROBLEM_LENGTH,
    MAX_PROBLEMS,
    InvalidSchema,
    Schema,
)
from airflow_provider_hubcontact.sync.rows.record_mapping import RecordMapping


def record(**document: Any) -> Record:
    return Record(3, "ada@x.y", {}, document)


def problems(schema: dict[str, Any], **document: Any) -> Result:
    result = Schema(schema).check(record(**document))
    assert result is not None
    assert (result.row, result.key, result.outcome) == (3, "ada@x.y", Outcome.INVALID)
    assert result.category == "JSON_SCHEMA"
    return result


def test_valid_record() -> None:
    """A valid record has no result yet."""
    schema = Schema({"type": "object", "required": ["age"], "properties": {"age": {"minimum": 18}}})

    assert schema.check(record(age=18)) is None


@pytest.mark.parametrize(
    ("schema", "document", "reason", "properties"),
    [
        pytest.param(
            {"properties": {"age": {"type": "integer"}}},
            {"age": "old"},
            'age: "old" is not of type "integer"',
            ("age",),
            id="a value",
        ),
        pytest.param(
            {"required": ["age"]}, {}, '"age" is a required property', ("age",), id="a missing property"
        ),
        pytest.param(
            {"properties": {"tags": {"items": {"enum": ["a", "b"]}}}},
            {"tags": ["a", "z"]},
            'tags.1: "z" is not one of "a" or "b"',
            ("tags",),
            id="an item",
        ),
        pytest.param(
            {"properties": {"mail": {"format": "email"}}},
            {"mail": "nobody"},
            'mail: "nobody" is not a "email"',
            ("mail",),
            id="a format",
        ),
        pytest.param({"maxProperties": 0}, {"a": 1}, None, (), id="no single property"),
        pytest.param(False, {"a": 1}, None, (), id="a schema that allows nothing"),
    ],
)
def test_problem(
    schema: Any, document: dict[str, Any], reason: str | None, properties: tuple[str, ...]
) -> None:
    """A problem says where it is and what is wrong, and names the property."""
    result = problems(schema, **document)

    assert result.properties == properties
    assert result.reason == reason if reason else result.reason


def test_problems_are_bounded() -> None:
    """The first few problems are told, each of bounded length; all failing properties are named once."""
    names = [f"p{n}" for n in range(9)]
    schema = {"additionalProperties": {"type": "integer", "maxLength": 3}}

    result = problems(schema, **dict.fromkeys(names, "x" * 5_000))

    told = result.reason.split("; ")
    assert len(told) == MAX_PROBLEMS
    assert max(map(len, told)) <= MAX_PROBLEM_LENGTH + len("p0: ")
    assert sorted(result.properties) == names


def test_record_as_it_is_after_mapping() -> None:
    """The schema sees property names and typed values, the key among them."""
    shape = RecordMapping(mapping={"a": "age"})
    shaped = shape.record(1, {"email": "ADA@x.y", "a": 17})
    assert isinstance(shaped, Record)
    schema = Schema({"properties": {"age": {"minimum": 18}, "email": {"pattern": "^ada@"}}})

    result = schema.check(shaped)

    assert result is not None
    assert result.properties == ("age",)


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param(5, id="number"),
        pytest.param([], id="list"),
        pytest.param(None, id="null"),
        pytest.param({"type": "strin"}, id="unknown type"),
        pytest.param({"pattern": "("}, id="broken pattern"),
        pytest.param({"properties": []}, id="keyword of a wrong type"),
        pytest.param({"$ref": "#/$defs/nowhere"}, id="dangling reference"),
        pytest.param({"$schema": "https://nowhere.invalid/schema"}, id="unknown draft"),
        pytest.param({"enum": {1, 2}}, id="no JSON"),
        pytest.param({5: {}}, id="keyword that is no text"),
        pytest.param("{", id="broken JSON text"),
        pytest.param("5", id="JSON text of something else"),
        pytest.param("", id="empty text"),
    ],
)
def test_schema_that_is_none(schema: Any) -> None:
    """A broken schema is refused when it is compiled, before any record."""
    with pytest.raises(InvalidSchema, match="JSON"):
        Schema.of(schema)


def test_reference_to_a_host() -> None:
    """A schema never makes the task call a host, and the error says what to do instead."""
    with pytest.raises(InvalidSchema, match=r"the schema refers to https://\S+, which .*\$defs"):
        Schema({"properties": {"a": {"$ref": "https://example.invalid/person.json"}}})


def test_reference_to_a_file(tmp_path: Path) -> None:
    """A schema never makes the task read a file, even one that holds a schema."""
    path = tmp_path / "person.json"
    path.write_text("{}")

    with pytest.raises(InvalidSchema, match="the schema refers to file://"):
        Schema({"$ref": path.as_uri()})


def test_relative_reference() -> None:
    """A schema has no place of its own that a reference could be relative to."""
    with pytest.raises(InvalidSchema, match=r"'person\.json' is not present"):
        Schema({"$ref": "person.json"})


@pytest.mark.parametrize(
    "source",
    [
        {"$ref": "#/$defs/age", "$defs": {"age": {"required": ["age"]}}},
        '{"required": ["age"]}',
        False,
    ],
    ids=["own reference", "JSON text", "boolean"],
)
def test_schema_forms(source: Any) -> None:
    """A schema may refer to itself, be text, or be a boolean."""
    assert Schema.of(source).check(record()) is not None


def test_schema_may_refer_to_itself() -> None:
    """A schema that is nothing but a reference to itself allows everything, and ends."""
    assert Schema({"$ref": "#"}).check(record(a=1)) is None


@pytest.mark.parametrize("pattern", ["^(a+)+$", "^(?=(a+)+$)b", "^(a|aa)+$(?<!x)", r"^((a+)+)\1$"])
def test_a_pattern_that_looks_back_and_ahead_ends(pattern: str) -> None:
    """A value cannot make a pattern try all ways to read it; what takes too many is invalid."""
    began = time.monotonic()

    assert problems({"properties": {"x": {"pattern": pattern}}}, x=f"{'a' * 3_000}!").properties == ("x",)
    assert time.monotonic() - began < 10
