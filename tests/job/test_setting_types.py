# SPDX-License-Identifier: Apache-2.0
"""A value of a wrong type is told in a sentence: a file of settings has values of any type."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_hubcontact.job.settings.key import Key
from airflow_provider_hubcontact.job.settings.problems import problems_of
from airflow_provider_hubcontact.job.settings.settings import Settings
from airflow_provider_hubcontact.job.settings.source import Query, Source
from airflow_provider_hubcontact.job.settings.writes import Writes


def created(definition: Any) -> dict[str, Any]:
    return {"writes": Writes(create_properties={"tier": definition})}


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (
            {"status_actions": ["skip"]},
            "status_actions must map HTTP statuses or outcomes to actions, not ['skip']",
        ),
        ({"status_actions": {"404": ["skip"]}}, "status_actions['404'] must be one of succeed, skip"),
        ({"status_actions": {"404": 1}}, "status_actions['404'] must be one of succeed, skip"),
        ({"max_failures": "5"}, "max_failures must be a count or a share below 1"),
        ({"max_failures": [5]}, "max_failures must be a count or a share below 1"),
        ({"source": Source(False, Query(5, "db"))}, "sql must be text, not 5"),  # type: ignore[arg-type]
        ({"source": Source(False, Query("SELECT 1", 5))}, "sql_conn_id must be text, not 5"),  # type: ignore[arg-type]
        ({"source": Source(False, Query("", "db"))}, "sql must be text, not ''"),
        ({"key": Key(["mail"]), "mapping": {"a": "b"}}, "key.column must be a name, not ['mail']"),  # type: ignore[arg-type]
        ({"key": Key("a", becomes=["b"])}, "key.becomes must be the name of a column, not ['b']"),  # type: ignore[arg-type]
        (created(5), "writes.create_properties['tier'] must be a definition, such as {'type': 'number'}"),
        (created({"type": 5}), "writes.create_properties['tier']: type must be text, not 5"),
        (created({"options": "gold"}), "writes.create_properties['tier']: options must be a list of texts"),
        (created({"options": [5]}), "writes.create_properties['tier']: options must be a list of texts"),
        (created({"options": [{"label": "x"}]}), "writes.create_properties['tier']: options must be a list"),
        (created({"options": [{"value": 5}]}), "writes.create_properties['tier']: options must be a list"),
    ],
)
def test_a_wrong_type(settings: dict[str, Any], says: str) -> None:
    """One sentence, and nothing is raised."""
    (problem,) = problems_of(Settings(**settings))

    assert problem.startswith(says)


def test_right_ones() -> None:
    """Options may be texts, or have labels."""
    for options in (["gold"], ("gold",), [{"label": "Gold", "value": "gold"}], []):
        settings: dict[str, Any] = created({"type": "enumeration", "label": "Tier", "options": options})
        assert problems_of(Settings(**settings, status_actions={"404": "skip", 409: "skip"})) == []
