# SPDX-License-Identifier: Apache-2.0
"""Keywords become the same settings where there is no task."""

from __future__ import annotations

import re
from typing import Any

import pytest

from airflow_provider_hubcontact.job.settings.guards import Guards
from airflow_provider_hubcontact.job.settings.key import Key
from airflow_provider_hubcontact.job.settings.ledger import Ledger
from airflow_provider_hubcontact.job.settings.lists import Lists
from airflow_provider_hubcontact.job.settings.problems import problems_of
from airflow_provider_hubcontact.job.settings.settings import Settings
from airflow_provider_hubcontact.job.settings.source import Query, Source
from airflow_provider_hubcontact.job.settings.state import State
from airflow_provider_hubcontact.job.settings.values import Values
from airflow_provider_hubcontact.job.settings.writes import Writes
from airflow_provider_hubcontact.operators.given import KEYWORDS, settings_of_keywords
from airflow_provider_hubcontact.operators.options import Writes as WritesOption


def test_nothing() -> None:
    """What a job does unless it is told otherwise."""
    assert settings_of_keywords({}, has_records=True) == Settings()


def test_everything() -> None:
    """Each keyword arrives; a value object may be a mapping of its fields."""
    given: dict[str, Any] = {
        "sql": "SELECT 1",
        "sql_conn_id": "db",
        "parameters": [1],
        "watermark": "changed_at",
        "mapping": {"first": "firstname"},
        "key": {"column": "old", "property": "email", "becomes": "new"},
        "json_schema": {"type": "object"},
        "upsert": True,
        "writes": {"nulls": "clear", "properties": {"firstname": "fill_empty"}},
        "values": {"null_texts": ["NULL"], "decimal": ",", "booleans": {"ja": True}},
        "status_actions": {"404": "skip"},
        "max_failures": 3,
        "guards": {"changes": 0.2, "creates": 5, "removals": 7},
        "ledger": {"path": "ledger", "values": True},
        "state": {"path": "sql://db/hub", "refresh": "true", "on_removed": {"city": "gone"}, "grace": 3},
        "lists": {"column": "segment", "mirror": True},
        "verify": True,
    }
    assert given.keys() == KEYWORDS.keys()

    assert settings_of_keywords(given, has_records=False) == Settings(
        source=Source(False, Query("SELECT 1", "db", [1]), None, "changed_at"),
        key=Key("old", "email", "new"),
        mapping={"first": "firstname"},
        json_schema={"type": "object"},
        upsert=True,
        writes=Writes(nulls="clear", properties={"firstname": "fill_empty"}),
        values=Values(null_texts=["NULL"], decimal=",", booleans={"ja": True}),
        status_actions={"404": "skip"},
        max_failures=3,
        guards=Guards(0.2, 5, 7),
        ledger=Ledger("ledger", values=True),
        state=State("sql://db/hub", refresh=True, on_removed={"city": "gone"}, grace=3),
        lists=Lists(column="segment", mirror=True),
        verify=True,
    )


def test_names() -> None:
    """A key may be its column alone, a ledger its path, and a state its table."""
    given = {"key": "mail", "ledger": "ledger", "state": "sql://db/hub", "lists": "Customers"}
    settings = settings_of_keywords(given, has_records=True)

    assert (settings.key, settings.ledger) == (Key("mail"), Ledger("ledger"))
    assert settings.state == State("sql://db/hub")
    assert settings.lists == Lists("Customers")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"writes": {"null": "clear"}}, "not null (the nearest is nulls)"),
        ({"writes": {"zzz": 1}}, "properties, create_properties, compare, timestamp, not zzz"),
        ({"writes": {5: 1}}, "timestamp, not 5"),
        ({"writes": "clear"}, "writes must be Writes(…), or a mapping of its fields, not 'clear'"),
        ({"values": {"decimals": ","}}, "not decimals (the nearest is decimal)"),
        ({"values": ","}, "values must be Values(…), or a mapping of its fields, not ','"),
        ({"guards": 5}, "guards must be Guards(…), or a mapping"),
        ({"ledger": {"values": True}}, "ledger needs the field path"),
        ({"key": WritesOption()}, "key must be Key(…), or a mapping"),
    ],
)
def test_a_value_object_that_cannot_be_made(given: dict[str, Any], says: str) -> None:
    """It is told with the field that was meant."""
    with pytest.raises(ValueError, match=re.escape(says)):
        settings_of_keywords(given, has_records=True)


def test_other_types_are_told_by_the_settings() -> None:
    """A key and a ledger that are not names."""
    settings = settings_of_keywords({"key": 5, "ledger": 5}, has_records=True)

    assert problems_of(settings) == [
        "key.column must be a name, not 5",
        "ledger must be a path, or sql://conn_id/table, not 5",
    ]
