# SPDX-License-Identifier: Apache-2.0
"""Records against a JSON Schema."""

from __future__ import annotations

import json
import os
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
from airflow_provider_hubcontact.sync.rows.schema_files import MAX_FILE_BYTES


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
            "age: must be of type integer (type)",
            ("age",),
            id="a value",
        ),
        pytest.param(
            {"required": ["age"]}, {}, "must have age (required)", ("age",), id="a missing property"
        ),
        pytest.param(
            {"properties": {"tags": {"items": {"enum": ["a", "b"]}}}},
            {"tags": ["a", "z"]},
            'tags.1: must be one of "a", "b" (enum)',
            ("tags",),
            id="an item",
        ),
        pytest.param(
            {"properties": {"mail": {"format": "email"}}},
            {"mail": "nobody"},
            "mail: must have the format email (format)",
            ("mail",),
            id="a format",
        ),
        pytest.param(
            {"additionalProperties": False},
            {"b": 1, "a": 1},
            "must not have a, b (additionalProperties)",
            ("a", "b"),
            id="properties that may not be",
        ),
        pytest.param(
            {"maxProperties": 0},
            {"a": 1},
            "must have at most 0 properties (maxProperties)",
            (),
            id="no single property",
        ),
        pytest.param(False, {"a": 1}, "is not allowed (false)", (), id="a schema that allows nothing"),
    ],
)
def test_problem(schema: Any, document: dict[str, Any], reason: str, properties: tuple[str, ...]) -> None:
    """A problem says where it is and what is wrong, and names the property."""
    result = problems(schema, **document)

    assert result.properties == properties
    assert result.reason == reason


def test_problems_are_bounded() -> None:
    """The first few problems are told, each of bounded length; all failing properties are named once."""
    names = [f"p{n}" for n in range(9)]
    schema = {"additionalProperties": {"const": "x" * 5_000, "maxLength": 3}}

    result = problems(schema, **dict.fromkeys(names, "y" * 5_000))

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


HOST = "https://example.invalid/person.json"


@pytest.mark.parametrize("with_folder", [False, True])
def test_reference_to_a_host(tmp_path: Path, with_folder: bool) -> None:
    """A schema never makes the task call a host, and the error says where and what to do instead."""
    (tmp_path / "person.json").write_text("{}")
    says = rf"broken at \$\.properties\.a\.\$ref: the schema refers to {HOST}, which .*\$defs"

    with pytest.raises(InvalidSchema, match=says):
        Schema({"properties": {"a": {"$ref": HOST}}}, tmp_path if with_folder else None)


def test_reference_without_a_file() -> None:
    """A schema that is no file has no place that a reference could be relative to."""
    with pytest.raises(InvalidSchema, match=r"\$\.\$ref: the schema refers to person\.json, which .*folder"):
        Schema({"$ref": "person.json"})


class TestFilesBeside:
    """References lead to files in the schema's folder, or below it, and to no others."""

    def of(self, folder: Path, schema: Any) -> Schema:
        path = folder / "schema.json"
        path.write_text(json.dumps(schema))
        return Schema.of(path)

    @pytest.mark.parametrize(
        "schema",
        [
            {"$ref": "person.json"},
            {"$ref": "./below/person.json"},
            {"$ref": "below/../person.json"},
            {"$ref": "all.json#/$defs/person"},
            {"$ref": "a%20b.json"},
            {"$id": "https://example.invalid/schemas/contact.json", "$ref": "person.json"},
            {"$id": "contact.json", "allOf": [{"$ref": "person.json"}]},
            {"$schema": "http://json-schema.org/draft-07/schema#", "$ref": "person.json"},
            {"$schema": "http://json-schema.org/draft-04/schema#", "allOf": [{"$ref": "person.json"}]},
        ],
    )
    def test_a_file(self, tmp_path: Path, schema: Any) -> None:
        """It is read, whatever way its name is written; a host in ``$id`` is a name, and is not called."""
        person = json.dumps({"required": ["age"]})
        (tmp_path / "below").mkdir()
        for name in ("person.json", "below/person.json", "a b.json"):
            (tmp_path / name).write_text(person)
        (tmp_path / "all.json").write_text(json.dumps({"$defs": {"person": {"$ref": "person.json"}}}))

        compiled = self.of(tmp_path, schema)

        assert compiled.check(record(age=1)) is None
        assert (result := compiled.check(record())) is not None
        assert result.reason == "must have age (required)"

    @pytest.mark.parametrize(
        "reference",
        [
            "../outside.json",
            "below/../../outside.json",
            "%2e%2e/outside.json",
            "..%2foutside.json",
            "link.json",
            "text.json",
            "https://example.invalid/inside.json",
            "link/outside.json",
            "inside.txt",
            "pipe.json",
            "folder.json",
            "gone.json",
            "inside.json?x",
            "a%00.json",
            "x" * 5_000 + ".json",
            "circle.json",
            "//host.invalid/inside.json",
            "file:inside.json",
        ],
    )
    def test_no_other_file(self, tmp_path: Path, reference: str) -> None:
        """Whatever leads out of the folder is refused, whether it is there or not."""
        folder = tmp_path / "schemas"
        (folder / "folder.json").mkdir(parents=True)
        (tmp_path / "outside.json").write_text("{}")
        (folder / "inside.txt").write_text("{}")
        (folder / "inside.json").write_text("{}")
        (folder / "link.json").symlink_to(tmp_path / "outside.json")
        (folder / "link").symlink_to(tmp_path)
        (folder / "text.json").symlink_to("inside.txt")
        (folder / "https:/example.invalid").mkdir(parents=True)
        (folder / "https:/example.invalid/inside.json").write_text("{}")
        (folder / "circle.json").symlink_to(folder / "circle.json")
        os.mkfifo(folder / "pipe.json")

        with pytest.raises(
            InvalidSchema, match=r"at \$\.\$ref: the schema refers to .*, which it does not contain"
        ):
            self.of(folder, {"$ref": reference})

    def test_a_whole_path_is_no_file_beside(self, tmp_path: Path) -> None:
        """A path from the root is refused, as a URI of a file is."""
        (tmp_path / "person.json").write_text("{}")

        for reference in (str(tmp_path / "person.json"), (tmp_path / "person.json").as_uri()):
            with pytest.raises(InvalidSchema, match="the schema refers to"):
                self.of(tmp_path, {"$ref": reference})

    def test_a_folder_that_is_a_link(self, tmp_path: Path) -> None:
        """Mounted configuration has links to links; what they lead to is in the folder."""
        (tmp_path / "mount/..data-1").mkdir(parents=True)
        (tmp_path / "mount/..data").symlink_to("..data-1")
        for name, schema in {
            "schema.json": {"$ref": "person.json"},
            "person.json": {"minProperties": 1},
        }.items():
            (tmp_path / "mount/..data-1" / name).write_text(json.dumps(schema))
            (tmp_path / "mount" / name).symlink_to(f"..data/{name}")
        (tmp_path / "link").symlink_to(tmp_path / "mount")

        assert Schema.of(tmp_path / "link/schema.json").check(record()) is not None

    @pytest.mark.parametrize(
        ("content", "says"),
        [
            ("{", "person.json, which is not JSON"),
            ("[" * 100_000, "person.json, which is not JSON"),
            ("5", "the JSON Schema person.json must be an object, not a int"),
            (
                '{"properties": {"a": {"maxLength": "x"}}}',
                r"JSON Schema person.json is broken at \$.properties.a.maxLength: must be of type integer",
            ),
            ('{"$ref": "#/no"}', r"the JSON Schema person.json is broken at \$.\$ref: it leads to nothing"),
            (
                '{"$ref": "../x.json"}',
                r"the JSON Schema person.json is broken at \$.\$ref: the schema refers",
            ),
            (
                " " * (MAX_FILE_BYTES + 1),
                r"\.\$ref: the schema refers to person.json, which has more than 4 MiB",
            ),
        ],
    )
    def test_a_broken_file(self, tmp_path: Path, content: str, says: str) -> None:
        """What is wrong with a file that is referred to is told with its name."""
        (tmp_path / "person.json").write_text(content)

        with pytest.raises(InvalidSchema, match=says):
            self.of(tmp_path, {"$ref": "person.json"})

    def test_the_largest_file(self, tmp_path: Path) -> None:
        """It may have as much as is said."""
        (tmp_path / "person.json").write_text("{}".ljust(MAX_FILE_BYTES))

        assert self.of(tmp_path, {"$ref": "person.json"}).check(record()) is None

    def test_a_part_with_an_address_of_its_own(self, tmp_path: Path) -> None:
        """What it refers to is beside that address."""
        (tmp_path / "sub").mkdir()
        (tmp_path / "sub" / "y.json").write_text('{"maxLength": 1}')
        part = {"$id": "sub/x.json", "properties": {"a": {"$ref": "y.json"}}}

        schema = self.of(tmp_path, {"allOf": [part]})

        assert schema.check(record(a="x")) is None
        assert schema.check(record(a="xx")) is not None

    def test_files_that_refer_to_each_other(self, tmp_path: Path) -> None:
        """Each is read once."""
        (tmp_path / "person.json").write_text('{"$ref": "schema.json#/$defs/x"}')

        schema = self.of(tmp_path, {"$ref": "person.json", "$defs": {"x": {"required": ["a"]}}})

        assert schema.check(record()) is not None


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
