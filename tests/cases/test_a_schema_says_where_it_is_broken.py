# SPDX-License-Identifier: Apache-2.0
"""A broken JSON Schema is told before the first record: where, by which rule, and what was expected."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from jsonschema import Draft4Validator, Draft7Validator, Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from airflow_provider_hubcontact.job.checks.preflight import Preflight
from airflow_provider_hubcontact.job.portal.definitions import Portal
from airflow_provider_hubcontact.job.settings.settings import Settings
from airflow_provider_hubcontact.job.settings.writes import Writes
from airflow_provider_hubcontact.sync.decide.lifecycle import Stages
from airflow_provider_hubcontact.sync.model.outcome import Outcome
from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.sync.rows.json_schema import InvalidSchema, Schema

DRAFT_3 = "http://json-schema.org/draft-03/schema#"
DRAFT_7 = "http://json-schema.org/draft-07/schema#"


def told(schema: Any) -> str:
    with pytest.raises(InvalidSchema) as caught:
        Schema.of(schema)
    return str(caught.value)


@pytest.mark.parametrize(
    ("schema", "says"),
    [
        (
            {"properties": {"city": {"maxLength": "10"}}},
            "at $.properties.city.maxLength: must be of type integer (type)",
        ),
        (
            {"properties": {"city": {"maxLength": -1}}},
            "at $.properties.city.maxLength: must be at least 0 (minimum)",
        ),
        ({"type": "strin"}, 'at $.type: must be one of "array", "boolean", '),
        ({"type": ["string", "nul"]}, "at $.type[1]: must be one of "),
        ({"required": "email"}, "at $.required: must be of type array (type)"),
        ({"required": ["a", "a"]}, "at $.required: must not have the same item twice (uniqueItems)"),
        ({"allOf": [{}, {"items": 5}]}, "at $.allOf[1].items: must be of type boolean or object (type)"),
        ({"allOf": []}, "at $.allOf: must be at least 1 item (minItems)"),
        ({"$schema": DRAFT_7, "enum": 5}, "at $.enum: must be of type array (type)"),
        ({"$schema": DRAFT_7, "multipleOf": 0}, "at $.multipleOf: must be more than 0 (exclusiveMinimum)"),
        ({"$schema": DRAFT_3, "divisibleBy": "x"}, "at $.divisibleBy: must be of type number (type)"),
        ({"properties": {"a b": {"minimum": "1"}}}, "must be of type number (type)"),
        ({"properties": {"p": {"pattern": "("}}}, "at $.properties.p"),
        ({"properties": {"p": {"$ref": "#/$defs/q"}}}, "at $.properties.p.$ref: it leads to nothing ($ref)"),
        (
            {"$defs": {"a": {"$ref": "#nowhere"}}, "$ref": "#/$defs/a"},
            "at $.$defs.a.$ref: it leads to nothing",
        ),
        ({"properties": {"p": {"enum": {1, 2}}}}, "at $.properties.p.enum: a set is not a JSON value"),
        (
            {"properties": {"p": {"const": float("nan")}}},
            "at $.properties.p.const: a float is not a JSON value",
        ),
        ({"properties": {5: {}}}, "at $.properties: 5 is not a name in JSON"),
        ([], "the JSON Schema must be an object, not a list"),
        ('{"properties": ', "the schema is not JSON: "),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_where_it_is_broken(schema: Any, says: str) -> None:
    """The error has the JSON path of what is wrong, the rule, and what was expected there."""
    assert says in told(schema)


def test_as_text_it_says_the_same(tmp_path: Path) -> None:
    """Whether it is a dict, a text or a file, and for a validator, too."""
    schema = {"properties": {"city": {"maxLength": "10"}}}
    path = tmp_path / "schema.json"
    path.write_text(json.dumps(schema))
    forms = [schema, json.dumps(schema), path, Draft7Validator(schema)]

    assert {told(form) for form in forms} == {
        "the JSON Schema is broken at $.properties.city.maxLength: must be of type integer (type)"
    }


NAMES = st.sampled_from(["city", "email", "zip"])
PLACES: st.SearchStrategy[list[Any]] = st.recursive(
    st.just([]),
    lambda inner: st.one_of(
        st.tuples(st.just("properties"), NAMES).map(list),
        st.tuples(st.sampled_from(["not", "items", "additionalProperties"])).map(list),
        st.tuples(st.sampled_from(["allOf", "anyOf"]), st.just(0)).map(list),
    ).flatmap(lambda step: inner.map(lambda rest: step + rest)),
    max_leaves=4,
)
BROKEN = st.sampled_from(
    [
        ("maxLength", "10", "must be of type integer (type)"),
        ("minimum", "1", "must be of type number (type)"),
        ("required", 5, "must be of type array (type)"),
        ("pattern", 5, "must be of type string (type)"),
        ("properties", [], "must be of type object (type)"),
        ("uniqueItems", 1, "must be of type boolean (type)"),
    ]
)


@given(PLACES, BROKEN, st.sampled_from([Draft7Validator, Draft202012Validator]))
def test_anywhere(place: list[str | int], broken: tuple[str, Any, str], draft: Any) -> None:
    """Wherever a schema is broken, just there is told."""
    keyword, value, says = broken
    schema: Any = {keyword: value}
    for step in reversed(place):
        schema = [schema] if isinstance(step, int) else {step: schema}
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in [*place, keyword])
    schema = {"$schema": draft.META_SCHEMA["$schema"], **schema}

    assert told(schema) == f"the JSON Schema is broken at ${path}: {says}"


KEYWORDS = [
    "$schema",
    "$id",
    "id",
    "$ref",
    "$dynamicRef",
    "$anchor",
    "$defs",
    "$vocabulary",
    "a",
    "type",
    "properties",
    "allOf",
    "required",
    "pattern",
    "format",
    "const",
    "not",
    "dependencies",
    "items",
]
TEXTS = [
    "",
    "#",
    "#/$defs/a",
    "#a",
    "x.json",
    "/",
    "https://[",
    "urn:x",
    "string",
    "(",
    "\ud800",
    "a\0",
    DRAFT_7,
]
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.floats() | st.sampled_from(TEXTS),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(KEYWORDS), inner, max_size=3),
    max_leaves=8,
)


@given(ANYTHING, st.booleans())
@example({"$schema": []}, False)
@example({"$schema": 5}, True)
@example({"$schema": "https://["}, False)
@example({"$id": "https://["}, False)
@example({"$ref": "https://["}, True)
@example({"allOf": [{"$id": "https://[", "$ref": "x.json"}]}, False)
@example({"x": {"$id": "a", "$schema": 5, "$ref": "#/no"}, "$ref": "#/x"}, False)
def test_whatever_is_given(schema: Any, as_text: bool) -> None:
    """It is compiled, or told to be no schema; nothing else is raised."""
    with suppress(InvalidSchema):
        made = Schema.of(json.dumps(schema) if as_text else schema, Path(__file__).parent)
        result = made.check(Record(1, "ada@x.y", {}, {"a": "x"}))
        assert result is None or result.reason


@given(
    st.dictionaries(st.sampled_from(KEYWORDS), ANYTHING, min_size=1, max_size=4),
    st.sampled_from([Draft4Validator, Draft7Validator, Draft202012Validator]),
)
def test_what_a_metaschema_refuses(schema: dict[str, Any], draft: Any) -> None:
    """It is told, although the compiled engine sees it first."""
    document = {**schema, "$schema": draft.META_SCHEMA["$schema"]}
    assume(not draft(draft.META_SCHEMA).is_valid(document))

    with pytest.raises(InvalidSchema):
        Schema.of(document)


def test_an_unknown_draft(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is checked as the newest one, and no host is asked for its metaschema."""
    monkeypatch.setattr("jsonschema_rs.meta.is_valid", lambda _: pytest.fail("it asks a host"))

    says = told({"$schema": "http://drafts.invalid/own", "maxLength": "10"})

    assert says == "the JSON Schema is broken at $.maxLength: must be of type integer (type)"


def test_a_good_schema_costs_no_import() -> None:
    """The libraries that explain are loaded only if there is something to explain."""
    code = (
        "import sys; from airflow_provider_hubcontact.sync.rows.json_schema import Schema; "
        "Schema.of({'properties': {'city': {'maxLength': 10}}}); "
        "assert not {'jsonschema', 'referencing'} & {*sys.modules}"
    )

    subprocess.run([sys.executable, "-c", code], check=True)


def test_it_is_told_before_the_first_record(tmp_path: Path) -> None:
    """It stands beside everything else that keeps a run from its work."""
    (tmp_path / "address.json").write_text('{"properties": {"zip": {"type": "text"}}}')
    path = tmp_path / "contact.json"
    path.write_text('{"properties": {"address": {"$ref": "address.json"}}}')
    asked = Settings(json_schema=path, writes=Writes(timestamp="changed_at"))
    limit = SimpleNamespace(daily_remaining=None)
    account = SimpleNamespace(access=lambda: SimpleNamespace(scopes=frozenset()))
    hubspot: Any = SimpleNamespace(api_version="v3", account=account, rate_limit=limit)

    timestamp, schema = Preflight(asked, hubspot, Portal(Stages.default())).problems()

    assert timestamp.startswith("only the legacy API carries a timestamp")
    assert "broken at $.properties.address.$ref: the JSON Schema address.json" in schema
    assert "address.json is broken at $.properties.zip.type: must be one of" in schema


class TestAValidator:
    """A validator of ``jsonschema`` decides alone, with all that it was given."""

    def reason(self, validator: Any, **document: Any) -> str | None:
        result = Schema.of(validator).check(Record(1, "ada@x.y", {}, document))
        assert result is None or result.outcome is Outcome.INVALID
        return result and result.reason

    def test_its_own_formats(self) -> None:
        """A format checker of one's own is used, and without one no format is checked."""
        formats = FormatChecker(formats=())
        formats.checks("even")(lambda value: len(str(value)) % 2 == 0)
        schema = {"properties": {"p": {"format": "even"}, "q": {"format": "email"}}}

        assert self.reason(Draft202012Validator(schema, format_checker=formats), p="odd", q="no") == (
            "p: must have the format even (format)"
        )
        assert self.reason(Draft202012Validator(schema), p="odd", q="no") is None

    def test_its_own_keywords(self) -> None:
        """An extended keyword is told by its name and what it asks for; its author may quote values."""

        def even(_: Any, wanted: bool, value: Any, __: Any) -> Any:
            if wanted and value % 2:
                yield ValidationError(f"{value} is odd")

        validator = extend(Draft202012Validator, {"even": even})({"properties": {"p": {"even": True}}})

        assert self.reason(validator, p=2) is None
        assert self.reason(validator, p=3) == "p: must satisfy true (even)"

    def test_its_own_registry(self) -> None:
        """References lead to where its registry says."""
        from referencing import Registry  # noqa: PLC0415 - beside its only use
        from referencing.jsonschema import DRAFT202012  # noqa: PLC0415 - same

        registry: Any = Registry().with_resource("urn:x", DRAFT202012.create_resource({"minLength": 3}))
        validator = Draft202012Validator({"properties": {"p": {"$ref": "urn:x"}}}, registry=registry)

        assert self.reason(validator, p="ab") == "p: must be at least 3 characters (minLength)"

    def test_a_class_is_none(self) -> None:
        """The class has no schema."""
        assert told(Draft202012Validator).startswith("the JSON Schema")
