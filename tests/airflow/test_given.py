# SPDX-License-Identifier: Apache-2.0
"""From keywords to settings: what a DAG file does not tell yet is not judged, and everything else is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_hubcontact.job.settings.guards import Guards as FrozenGuards
from airflow_provider_hubcontact.job.settings.key import Key as FrozenKey
from airflow_provider_hubcontact.job.settings.ledger import Ledger as FrozenLedger
from airflow_provider_hubcontact.job.settings.lists import Lists as FrozenLists
from airflow_provider_hubcontact.job.settings.problems import problems_of
from airflow_provider_hubcontact.job.settings.replay import Replay
from airflow_provider_hubcontact.job.settings.settings import Settings
from airflow_provider_hubcontact.job.settings.source import Query
from airflow_provider_hubcontact.job.settings.state import State as FrozenState
from airflow_provider_hubcontact.job.settings.values import Values as FrozenValues
from airflow_provider_hubcontact.job.settings.writes import Writes as FrozenWrites
from airflow_provider_hubcontact.operators.given import settings_of, unrendered
from airflow_provider_hubcontact.operators.options import (
    FromLedger,
    Guards,
    Key,
    Ledger,
    Lists,
    State,
    Values,
    Writes,
)

OPEN = "{{ params.x }}"


class Output:
    """What Airflow puts in the place of another task's output."""

    def iter_references(self) -> None: ...


TASK: Mapping[str, Any] = {
    "records": [],
    "replay": None,
    "sql": None,
    "sql_conn_id": None,
    "parameters": None,
    "watermark": None,
    "key": "email",
    "mapping": None,
    "json_schema": None,
    "schema_folder": None,
    "upsert": False,
    "writes": None,
    "values": None,
    "status_actions": None,
    "max_failures": 0,
    "guards": None,
    "ledger": None,
    "state": None,
    "lists": None,
    "verify": False,
    "is_dry_run": False,
}


def of(given: Mapping[str, Any], *, is_rendered: bool = False) -> Settings:
    return settings_of(SimpleNamespace(**{**TASK, **given}), is_rendered=is_rendered)


QUERY = {"records": None, "sql": "SELECT 1", "sql_conn_id": "db"}


@pytest.mark.parametrize(
    ("given", "field", "value"),
    [
        ({}, lambda found: found, Settings()),
        ({"records": None}, lambda found: found.source.has_records, False),
        ({"records": OPEN}, lambda found: found.source.has_records, True),
        (QUERY, lambda found: found.source.query, Query("SELECT 1", "db")),
        (
            {**QUERY, "parameters": [1]},
            lambda found: found.source.query,
            Query("SELECT 1", "db", [1]),
        ),
        (
            {"replay": FromLedger("l", ["invalid"])},
            lambda found: found.source.replay,
            Replay("l", ["invalid"]),
        ),
        ({"watermark": "at"}, lambda found: found.source.watermark, "at"),
        ({"key": "mail"}, lambda found: found.key, FrozenKey("mail")),
        ({"key": Key("a", "b", "c")}, lambda found: found.key, FrozenKey("a", "b", "c")),
        ({"mapping": {"a": "b"}}, lambda found: found.mapping, {"a": "b"}),
        ({"json_schema": "{}"}, lambda found: found.json_schema, "{}"),
        ({"schema_folder": "f"}, lambda found: found.schema_folder, "f"),
        ({"upsert": True}, lambda found: found.upsert, True),
        (
            {
                "writes": Writes(
                    nulls="clear",
                    duplicates="reject",
                    stages="keep",
                    properties={"a": "append"},
                    create_properties=True,
                    timestamp="at",
                )
            },
            lambda found: found.writes,
            FrozenWrites("clear", "reject", "keep", {"a": "append"}, create_properties=True, timestamp="at"),
        ),
        (
            {
                "values": Values(
                    null_texts=["NULL"], labels=True, decimal=",", dates="%d.%m.%Y", json_lists=True
                )
            },
            lambda found: found.values,
            FrozenValues(["NULL"], True, ",", "%d.%m.%Y", None, True),
        ),
        ({"status_actions": {404: "skip"}}, lambda found: found.status_actions, {404: "skip"}),
        ({"max_failures": 0.1}, lambda found: found.max_failures, 0.1),
        ({"guards": Guards(1, 2, 3)}, lambda found: found.guards, FrozenGuards(1, 2, 3)),
        ({"ledger": "l"}, lambda found: found.ledger, FrozenLedger("l")),
        ({"ledger": Ledger("l", values=True)}, lambda found: found.ledger, FrozenLedger("l", values=True)),
        ({"state": "sql://db/t"}, lambda found: found.state, FrozenState("sql://db/t")),
        (
            {"state": State("sql://db/t", refresh="true")},
            lambda found: found.state,
            FrozenState("sql://db/t", refresh=True),
        ),
        (
            {"state": State("sql://db/t", on_removed={"city": "x"}, grace=2)},
            lambda found: found.state,
            FrozenState("sql://db/t", on_removed={"city": "x"}, grace=2),
        ),
        (
            {"state": State("sql://db/t", on_removed="archive"), "upsert": True},
            lambda found: found.state,
            FrozenState("sql://db/t", on_removed="archive"),
        ),
        ({"lists": "Customers"}, lambda found: found.lists, FrozenLists("Customers")),
        (
            {"lists": Lists(column="segment", create=True, batch_size=500)},
            lambda found: found.lists,
            FrozenLists(column="segment", create=True, batch_size=500),
        ),
        ({"verify": True}, lambda found: found.verify, True),
        ({"is_dry_run": "True"}, lambda found: found.dry_run, True),
    ],
)
@pytest.mark.parametrize("is_rendered", [True, False])
def test_what_is_known(
    given: Mapping[str, Any], field: Callable[[Settings], object], value: object, is_rendered: bool
) -> None:
    """It gets into the settings as it is."""
    assert field(of(given, is_rendered=is_rendered)) == value


@pytest.mark.parametrize(
    "unknown",
    [OPEN, "{% if x %}a{% endif %}", "{# x #}", Output()],
    ids=["value", "block", "comment", "output"],
)
@pytest.mark.parametrize(
    "given",
    [
        lambda unknown: {**QUERY, "sql": unknown},
        lambda unknown: {**QUERY, "sql_conn_id": unknown},
        lambda unknown: {**QUERY, "parameters": unknown},
        lambda unknown: {"records": unknown},
        lambda unknown: {"mapping": unknown},
        lambda unknown: {"mapping": {"a": unknown}},
        lambda unknown: {"mapping": {"a": "x", "b": "x", "c": unknown}},
        lambda unknown: {"key": unknown},
        lambda unknown: {"key": unknown, "mapping": {"mail": "email"}},
        lambda unknown: {"key": Key(unknown), "mapping": {"mail": "email"}},
        lambda unknown: {"key": Key(property=unknown), "mapping": {"mail": "email"}},
        lambda unknown: {"key": Key(becomes=unknown), "mapping": {"mail": "email"}},
        lambda unknown: {"key": Key(becomes=unknown), "mapping": {}},
        lambda unknown: {
            "key": Key(becomes=unknown),
            "mapping": {"a": "b"},
            "writes": Writes(properties={"email": "append"}),
        },
        lambda unknown: {"key": Key(property=unknown), "upsert": True},
        lambda unknown: {"writes": Writes(properties=unknown)},
        lambda unknown: {"writes": Writes(properties={"a": unknown})},
        lambda unknown: {"writes": Writes(create_properties=unknown)},
        lambda unknown: {
            "writes": Writes(create_properties={"a": {"label": unknown}}),
            "mapping": {"b": "c"},
        },
        lambda unknown: {"writes": Writes(timestamp=unknown)},
        lambda unknown: {"values": Values(dates=unknown)},
        lambda unknown: {"values": Values(dates=["%d.%m.%Y", unknown])},
        lambda unknown: {"ledger": unknown},
        lambda unknown: {"ledger": Ledger(unknown)},
        lambda unknown: {"state": unknown},
        lambda unknown: {"state": State(unknown)},
        lambda unknown: {"state": State("sql://db/t", on_removed=unknown)},
        lambda unknown: {"state": State("sql://db/t", on_removed={"city": unknown})},
        lambda unknown: {"replay": FromLedger(unknown)},
        lambda unknown: {"is_dry_run": unknown, "verify": True},
    ],
)
def test_what_is_not_known_yet(given: Callable[[object], dict[str, Any]], unknown: object) -> None:
    """A template, or another task's output, is taken to be valid; what depends on it is, too."""
    assert problems_of(of(given(unknown))) == []


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"writes": Writes(nulls=OPEN)}, "writes.nulls must be one of ignore, clear, not '{{ params.x }}'"),
        ({"writes": Writes(duplicates=OPEN)}, "writes.duplicates must be one of"),
        ({"writes": Writes(stages=OPEN)}, "writes.stages must be one of"),
        ({"guards": Guards(changes=OPEN)}, "guards.changes must be a count or a share below 1"),  # type: ignore[arg-type]
        ({"values": Values(labels=OPEN)}, "values.labels must be True or False"),  # type: ignore[arg-type]
        ({"values": Values(decimal=OPEN)}, "values.decimal must be ',' or '.', not '{{ params.x }}'"),
        ({"values": Values(booleans={"yes": OPEN})}, "values.booleans must map words"),  # type: ignore[dict-item]
        ({"ledger": Ledger("l", values=OPEN)}, "ledger.values must be True or False"),  # type: ignore[arg-type]
        ({"replay": FromLedger("l", OPEN)}, "FromLedger: outcomes must be a list"),
        ({"upsert": OPEN}, "upsert must be True or False"),
        ({"verify": OPEN}, "verify must be True or False"),
        ({"max_failures": OPEN}, "max_failures"),
        ({"status_actions": {404: OPEN}}, "'{{ params.x }}'"),
        ({"key": OPEN, "writes": Writes(stages="force")}, "writes.stages must be one of"),
    ],
)
def test_what_is_not_rendered(given: Mapping[str, Any], says: str) -> None:
    """A template in its place would stay one, and is told at once."""
    (told,) = problems_of(of(given))

    assert says in told


@pytest.mark.parametrize(
    ("given", "setting"),
    [
        ({"mapping": {OPEN: "city"}}, "mapping"),
        ({"mapping": {"a": OPEN, OPEN: "city"}}, "mapping"),
        ({"writes": Writes(properties={OPEN: "append"})}, "writes.properties"),
        ({"writes": Writes(create_properties={OPEN: {}})}, "writes.create_properties"),
        ({"state": State("sql://db/t", on_removed={OPEN: "x"})}, "state.on_removed"),
        ({"values": Values(booleans={OPEN: True})}, "values.booleans"),
        ({"state": "sql://db/t"}, None),
        ({"mapping": {"a": OPEN}, "writes": Writes(properties={"a": OPEN})}, None),
        ({"mapping": OPEN, "writes": Writes(create_properties=True)}, None),
        ({"mapping": {5: "city"}}, None),
    ],
)
def test_names_that_are_templates(given: Mapping[str, Any], setting: str | None) -> None:
    """Airflow does not render them: a mode would be another property's, and a column another one."""
    told = list(unrendered(SimpleNamespace(**{**TASK, **given})))

    assert told == ([f"{setting}: Airflow renders values, not names: {OPEN!r}"] if setting else [])


def test_texts_that_are_templates() -> None:
    """Texts that mean no value are data, as a native environment would take `None` for one."""
    task = SimpleNamespace(**{**TASK, "values": Values(null_texts=["NULL", OPEN])})

    assert list(unrendered(task)) == [
        "values.null_texts is not rendered: a template in it would be a text like any other"
    ]


@pytest.mark.parametrize(
    "given",
    [
        {"mapping": OPEN},
        {"writes": Writes(properties=OPEN)},  # type: ignore[arg-type]
        {"writes": Writes(create_properties=OPEN)},  # type: ignore[arg-type]
        {"key": "mail", "mapping": {"new": "email"}},
    ],
)
def test_what_was_rendered_is_judged(given: Mapping[str, Any]) -> None:
    """Whatever it looks like: nothing is rendered twice."""
    assert len(problems_of(of(given, is_rendered=True))) == 1


@pytest.mark.parametrize("flag", ["maybe", None, "{{ x }}"])
def test_a_flag_that_was_rendered(flag: object) -> None:
    """It is one, or is told."""
    with pytest.raises(ValueError, match=r"^dry_run must be true or false"):
        of({"is_dry_run": flag}, is_rendered=True)
