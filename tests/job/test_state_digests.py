# SPDX-License-Identifier: Apache-2.0
"""What is told apart by the digests of a state."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_hubcontact.client.properties import Option, PropertyDefinition
from airflow_provider_hubcontact.job.settings.key import Key
from airflow_provider_hubcontact.job.settings.settings import Settings
from airflow_provider_hubcontact.job.settings.values import Values
from airflow_provider_hubcontact.job.settings.writes import Writes
from airflow_provider_hubcontact.job.state.digests import Digests, definitions_of, name_of, settings_of
from airflow_provider_hubcontact.sync.model.record import Record


class Validator:
    """As those of jsonschema: it has its schema."""

    def __init__(self, schema: object) -> None:
        self.schema = schema


class Other(Validator):
    pass


def parts_that_differ(one: Settings, other: Settings) -> set[str]:
    first, second = settings_of(one, "2026-03"), settings_of(other, "2026-03")
    return {name for name in first if first[name] != second[name]}


@pytest.mark.parametrize(
    ("settings", "parts"),
    [
        ({"mapping": {"a": "city"}}, {"mapping"}),
        ({"key": Key("mail")}, {"key"}),
        ({"writes": Writes(nulls="clear")}, {"writes"}),
        ({"json_schema": {"type": "object"}}, {"json_schema"}),
        ({"writes": Writes(create_properties=True, duplicates="reject", compare=False)}, set()),
        ({"upsert": True, "dry_run": True, "verify": True}, set()),
    ],
)
def test_settings_that_decide_what_is_written(settings: dict[str, Any], parts: set[str]) -> None:
    """A change of one of them makes the rows be looked up once; others do not matter."""
    assert parts_that_differ(Settings(), Settings(**settings)) == parts


@pytest.mark.parametrize("values", [Values(decimal=","), Values(null_texts=["NULL"]), Values(labels=True)])
def test_how_texts_are_read(values: Values) -> None:
    """A change makes the rows be looked up once; where nothing is said, a state stays what it is."""
    usual, asked, other = (
        settings_of(Settings(values=each), "2026-03")
        for each in (Values(), values, values.replace(json_lists=True))
    )

    assert asked.keys() - usual.keys() == {"values"}
    assert usual.items() <= asked.items()
    assert asked["values"] != other["values"]


def test_versions_of_the_api() -> None:
    """Only the legacy one writes in another way."""
    old, dated, newer = (settings_of(Settings(), each) for each in ("v1", "2026-03", "2026-09"))

    assert dated == newer
    assert {name for name in old if old[name] != dated[name]} == {"api_version"}


def test_properties_that_cannot_be_read() -> None:
    """Values have another form without them."""
    known, unknown = (settings_of(Settings(), "v1", knows_properties=each) for each in (True, False))

    assert {name for name in known if known[name] != unknown[name]} == {"properties"}


SCHEMAS: tuple[Any, ...] = (
    None,
    {"type": "object"},
    {},
    Validator({"type": "object"}),
    Validator({}),
    Other({}),
    "a.json",
)


@pytest.mark.parametrize("one", range(len(SCHEMAS)))
def test_schemas(one: int) -> None:
    """Each is told from each other, and is the same when it is made anew."""
    digests = [settings_of(Settings(json_schema=each), "v1")["json_schema"] for each in SCHEMAS]
    anew = [None, {"type": "object"}, {}, Validator({"type": "object"}), Validator({}), Other({}), "a.json"]

    assert digests.count(digests[one]) == 1
    assert settings_of(Settings(json_schema=anew[one]), "v1")["json_schema"] == digests[one]


def test_the_order_of_a_schema() -> None:
    """It says nothing."""
    schemas = {"type": "object", "title": "a"}, {"title": "a", "type": "object"}
    first, second = [settings_of(Settings(json_schema=each), "v1")["json_schema"] for each in schemas]

    assert first == second


@pytest.mark.parametrize(
    ("kind", "field_type", "options", "is_same"),
    [
        ("enumeration", "select", ("b", "a"), True),
        ("string", "select", ("a", "b"), False),
        ("enumeration", "checkbox", ("a", "b"), False),
        ("enumeration", "select", ("a",), False),
    ],
    ids=["order of options", "type", "field", "an option less"],
)
def test_definitions(kind: str, field_type: str, options: tuple[str, ...], is_same: bool) -> None:
    """What decides how a value is compared; options in any order."""

    def of(kind: str, field_type: str, values: tuple[str, ...]) -> dict[str, str]:
        made = tuple(Option(value, value) for value in values)
        return definitions_of({"tier": PropertyDefinition("tier", "Tier", kind, field_type, options=made)})

    assert (of(kind, field_type, options) == of("enumeration", "select", ("a", "b"))) is is_same


def test_content() -> None:
    """Texts, time and what counts of the definitions; the row's number and document do not."""
    record = Record(1, "k", {"a": "1", "b": "2"}, timestamp=5)
    digest = Digests(b"k" * 32, {}, {"a": "x"}).of_content

    assert digest(record) == digest(Record(2, "k", {"b": "2", "a": "1"}, {"a": 1}, timestamp=5))
    others = [record._replace(properties={"a": "1"}), record._replace(timestamp=6)]
    assert len({digest(each) for each in [record, *others]}) == 3
    assert Digests(b"k" * 32, {}, {"a": "y"}).of_content(record) != digest(record)
    assert Digests(b"k" * 32, {"mapping": "x"}, {"a": "x"}).of_content(record) != digest(record)


def test_digests_stay_what_they_are() -> None:
    """If they changed, an upgrade would have all contacts looked up, and know no run and no key any more."""
    digests = Digests(b"k" * 32, {}, {})

    assert settings_of(Settings(), "2026-03") == {
        "mapping": "7376b2cbfa0ad26e",
        "key": "37f1cb35c66b8930",
        "writes": "e28edea2ea5821e5",
        "json_schema": "7376b2cbfa0ad26e",
        "api_version": "fbcad3b4d0be6c48",
        "conversion": "f6fc42039fba3776",
        "properties": "f56975c80364f63f",
    }
    assert name_of("run") == "2282ba18592392c8"
    assert digests.of_key("ada@x.y") == "19548826545d66ac16e503b5ea9f2e0a"
    assert digests.of_content(Record(1, "k", {"a": "\ud800"})) == "277b198eaf680bc70ba776279713b8b9"
