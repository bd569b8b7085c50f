# SPDX-License-Identifier: Apache-2.0
"""A portal that its admins have made their own."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from airflow_provider_hubcontact.client import AccessToken, HubSpot, PropertyDefinition
from airflow_provider_hubcontact.job.portal.definitions import create_missing
from airflow_provider_hubcontact.operators.errors import HubSpotSyncFailed
from airflow_provider_hubcontact.operators.options import Key, Writes
from airflow_provider_hubcontact.sandbox import Sandbox
from tests.airflow.running import connect, run, stored

STAGES = [("first", "Erstkontakt"), ("trial", "Probe"), ("customer", "Kunde"), ("lead", "Interessent")]
KINDS = [
    ("string", "text"),
    ("number", "number"),
    ("date", "date"),
    ("datetime", "date"),
    ("bool", "booleancheckbox"),
]


def api(hubspot: Sandbox, method: str, path: str, body: dict[str, Any]) -> None:
    """Do what an admin does."""
    headers = {"Authorization": f"Bearer {hubspot.token}"}
    answer = requests.request(method, hubspot.url + path, json=body, headers=headers, timeout=10)
    assert answer.ok, answer.text


def warehouse(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Set a connection to the database in a folder."""
    connection = {"conn_type": "sqlite", "host": str(folder / "warehouse.db")}
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps(connection))


@pytest.fixture
def portal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """Stages of its own in an order of its own, 200 properties more, and rules for values."""
    contacts = [{"email": f"c{n}@example.com"} for n in range(10)]
    with Sandbox(contacts) as hubspot:
        options = [
            {"value": value, "label": label, "displayOrder": place, "hidden": False}
            for place, (value, label) in enumerate(STAGES)
        ]
        api(hubspot, "PATCH", "/crm/properties/2026-09/contacts/lifecyclestage", {"options": options})
        properties = [
            {
                "name": f"custom_{n}",
                "label": f"Custom {n}",
                "type": KINDS[n % 5][0],
                "fieldType": KINDS[n % 5][1],
                "groupName": "contactinformation",
            }
            for n in range(200)
        ]
        for start in (0, 100):
            inputs = {"inputs": properties[start : start + 100]}
            api(hubspot, "POST", "/crm/properties/2026-09/contacts/batch/create", inputs)
        rules = "/crm/property-validations/2026-09/0-1"
        for name, rule, argument in (
            ("custom_0", "MIN_LENGTH", "3"),
            ("custom_1", "MAX_NUMBER", "100"),
            ("zip", "ALPHANUMERIC", "NUMERIC_ONLY"),
        ):
            api(hubspot, "PUT", f"{rules}/{name}/rule-type/{rule}", {"ruleArguments": [argument]})
        connect(monkeypatch, hubspot.url, hubspot.token)
        yield hubspot


def test_its_stages(portal: Sandbox) -> None:
    """The portal's order counts, in which a lead comes after a customer here."""
    contact = "c0@example.com"
    for stage in ("first", "customer", "lead"):
        assert run(records=[{"email": contact, "lifecyclestage": stage}]).outcomes == {"updated": 1}

    back = run(records=[{"email": contact, "lifecyclestage": "trial"}])
    unknown = run(records=[{"email": contact, "lifecyclestage": "Kunde"}])

    assert back.outcomes == {"invalid": 1}
    assert "`Kunde` is a label; the value is `customer`" in unknown.reasons
    assert stored(portal, contact, "lifecyclestage") == "lead"


@pytest.mark.parametrize("api_version", ["2026-09", "v3", "v1"])
def test_rules_of_its_admins(portal: Sandbox, api_version: str) -> None:
    """They are checked before a call is spent, on every API; the good record is written."""
    records = [
        {"email": "c0@example.com", "custom_0": "ab"},
        {"email": "c1@example.com", "custom_1": 100.5},
        {"email": "c2@example.com", "zip": "D-123"},
        {"email": "c3@example.com", "custom_0": "abc", "custom_1": 100, "zip": "123"},
    ]

    ended = run(records=records, api_version=api_version)

    assert ended.outcomes == {"updated": 1, "invalid": 3}
    for reason in (
        "custom_0: `ab` breaks the portal's rule: at least 3 characters",
        "custom_1: `100.5` breaks the portal's rule: 100 or less",
        "zip: `D-123` breaks the portal's rule: digits only",
    ):
        assert reason in ended.reasons
    assert all(each.status < 400 for each in portal.requests)


def test_rules_that_may_not_be_read(portal: Sandbox) -> None:
    """HubSpot checks them then, and says so itself."""
    portal.use_faults({"rules": [{"kind": "status", "status": 403, "on": "*/property-validations/*"}]})

    ended = run(records=[{"email": "c0@example.com", "custom_0": "ab"}])

    assert ended.outcomes == {"rejected": 1}


def test_values_of_every_type(portal: Sandbox) -> None:
    """What can mean one thing only becomes what the property takes, and the report tells it."""
    record = {
        "email": "c0@example.com",
        "custom_1": "1e1",
        "custom_2": "2026-01-02 13:00:00",
        "custom_3": "2026-01-02 03:04:05",
        "custom_4": 1,
    }

    ended = run(records=[record])
    again = run(records=[record])

    assert ended.outcomes == {"updated": 1}, ended.reasons
    assert again.outcomes == {"unchanged": 1}
    assert stored(portal, "c0@example.com", "custom_1") == "10"
    assert stored(portal, "c0@example.com", "custom_2") == "2026-01-02"
    assert stored(portal, "c0@example.com", "custom_4") == "true"
    assert ended.report["coercions"]["counts"] == {
        "a number is written without exponent": 1,
        "the time of day is dropped from a date": 1,
        "a time is written in HubSpot's form, in UTC": 1,
        "a boolean is written as true or false": 1,
    }
    assert {
        "row": 1,
        "key": "c0@example.com",
        "property": "custom_4",
        "how": "a boolean is written as true or false",
        "from": "1",
        "to": "true",
    } in ended.report["coercions"]["sample"]


class TestPreflight:
    def test_everything_that_is_wrong(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """One error tells it all, every record is accounted for, and nothing is sent."""
        with Sandbox([{"email": "a@example.com"}], scopes=["crm.objects.contacts.read"]) as hubspot:
            connect(monkeypatch, hubspot.url, hubspot.token)

            ended = run(
                records=[{"email": "a@example.com", "a": 1}, {"email": "b@example.com"}, "no record"],
                mapping={"a": "frstname", "b": "city"},
                key=Key("email", property="jobtitle"),
                writes=Writes(properties={"city": "append"}, timestamp="changed_at"),
                json_schema={"required": ["lastname"]},
            )

            written = [each for each in hubspot.requests if "/objects/" in each.path]
        assert isinstance(ended.error, HubSpotSyncFailed)
        for told in (
            "only the legacy API carries a timestamp",
            "jobtitle is not a unique property",
            "no property frstname (the nearest is firstname)",
            "`append` needs a multiple-checkbox property; city is not one",
            "the schema requires lastname, which no column is mapped to",
            "the token lacks the scopes crm.objects.contacts.write",
        ):
            assert f"\n- {told}" in str(ended.error) or told in str(ended.error)
        assert ended.outcomes == {"not_attempted": 3}
        assert "frstname" in ended.reasons
        assert not written

    def test_a_broken_schema(self, portal: Sandbox, tmp_path: Path) -> None:
        """It is told beside the rest, whether it is no schema or no file."""
        wrong = run(records=[], json_schema={"type": "no type"}, key=Key("email", property="nothing"))
        gone = run(records=[], json_schema=str(tmp_path / "gone.json"))

        assert "the JSON Schema is broken at $.type: must be one of" in str(wrong.error)
        assert "the portal has no property nothing" in str(wrong.error)
        assert "gone.json cannot be read" in str(gone.error)

    def test_the_columns_of_a_query(
        self, portal: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A query's columns are known before its first row is sent, so their properties are looked up."""
        with closing(sqlite3.connect(tmp_path / "warehouse.db")) as db, db:
            db.execute("CREATE TABLE customers (email, frstname)")
            db.execute("INSERT INTO customers VALUES ('c0@example.com', 'Ada')")
        warehouse(monkeypatch, tmp_path)
        source: dict[str, Any] = {"sql": "SELECT * FROM customers", "sql_conn_id": "warehouse"}

        unknown = run(**source)
        absent = run(**source, mapping={"first": "firstname"}, key="mail")

        assert "no property frstname (the nearest is firstname)" in str(unknown.error)
        assert (
            "returns no column mail (the nearest is email), first (the nearest is frstname); it returns"
            in str(absent.error)
        )
        assert unknown.outcomes == absent.outcomes == {"not_attempted": 1}

    def test_a_dry_run_needs_no_write(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A token that may only read is enough to see what would change."""
        with Sandbox([{"email": "a@example.com"}], scopes=["crm.objects.contacts.read"]) as hubspot:
            connect(monkeypatch, hubspot.url, hubspot.token)

            ended = run(records=[{"email": "a@example.com", "city": "Rome"}], dry_run=True)

        assert ended.error is None

    def test_an_app_of_old(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """An OAuth app's scope of old stands for the newer ones: HubSpot decides what it may do."""
        with Sandbox([{"email": "a@example.com"}], scopes=["contacts"]) as hubspot:
            connect(monkeypatch, hubspot.url, hubspot.token)

            ended = run(records=[{"email": "a@example.com", "city": "Rome"}])

        assert "lacks the scopes" not in str(ended.error)
        assert ended.outcomes == {"unauthorized": 1}


class TestMissingProperties:
    def test_another_worker_is_first(self, portal: Sandbox) -> None:
        """A property that two workers create at once is created by one of them, and both go on."""
        wanted = [PropertyDefinition("shoe_size", "Shoe size"), PropertyDefinition("hat_size", "Hat size")]
        with HubSpot(portal.url, AccessToken(portal.token)) as hubspot:
            first = create_missing(hubspot.properties, wanted[:1])
            second = create_missing(hubspot.properties, wanted)

        assert (first, second) == (["shoe_size"], ["hat_size"])

    def test_types_from_the_schema(self, portal: Sandbox) -> None:
        """A JSON Schema says more about a column than its first value."""
        schema = {
            "properties": {
                "born": {"type": "string", "format": "date", "title": "Date of birth"},
                "size": {"enum": ["S", "M"], "description": "of the shirt"},
                "likes": {"type": "array", "items": {"enum": ["tea", "coffee"]}},
                "member": {"type": ["boolean", "null"]},
                "points": {"type": "integer"},
            }
        }
        record = {
            "email": "c0@example.com",
            "born": "1990-01-02",
            "size": "S",
            "likes": ["tea"],
            "member": False,
            "points": 5,
            "seen": datetime(2026, 1, 2, tzinfo=UTC),
        }

        ended = run(records=[record], json_schema=schema, writes=Writes(create_properties=True))

        made = {
            name: (each.type, each.field_type, each.label)
            for name, each in portal.portal.definitions.items()
            if name in ended.report["properties_created"]
        }
        assert ended.outcomes == {"updated": 1}
        assert made == {
            "born": ("date", "date", "Date of birth"),
            "size": ("enumeration", "select", "Size"),
            "likes": ("enumeration", "checkbox", "Likes"),
            "member": ("enumeration", "booleancheckbox", "Member"),
            "points": ("number", "number", "Points"),
            "seen": ("datetime", "date", "Seen"),
        }

    def test_types_from_a_query(
        self, portal: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A column whose first rows are empty has the type of its first value, however late it comes."""
        with closing(sqlite3.connect(tmp_path / "warehouse.db")) as db, db:
            db.execute("CREATE TABLE customers (email, points)")
            rows = [(f"c{n % 10}@example.com", 7 if n == 1_500 else None) for n in range(2_000)]
            db.executemany("INSERT INTO customers VALUES (?, ?)", rows)
        warehouse(monkeypatch, tmp_path)

        ended = run(
            sql="SELECT * FROM customers", sql_conn_id="warehouse", writes=Writes(create_properties=True)
        )

        assert ended.report["properties_created"] == ["points"]
        assert portal.portal.definitions["points"].type == "number"
