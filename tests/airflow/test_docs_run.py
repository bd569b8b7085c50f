# SPDX-License-Identifier: Apache-2.0
"""The operators that the guides show do what they are shown for: each runs, against a local HubSpot."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_hubcontact.operators import hubspot as operators
from airflow_provider_hubcontact.operators.plans import HubSpotPlanContactsOperator
from airflow_provider_hubcontact.sandbox import Definition, Option, Sandbox
from airflow_provider_hubcontact.sync.model.outcome import SUCCESSES
from tests.airflow.running import TaskInstance, connect
from tests.airflow.test_docs import blocks

GUIDES = ("ledger.md", "lists.md", "mapping.md", "plans.md", "stages.md", "state.md")
OPERATOR = re.compile(r"HubSpot(?:UpdateContact|PlanContacts)Operator\(.*", re.DOTALL)
EXAMPLES = [
    pytest.param(call[0], id=f"{page}-{number}")
    for page in GUIDES
    for number, block in enumerate(blocks(page, "python"))
    # what sends again or undoes needs an earlier run: example_dags have one
    if (call := OPERATOR.search(block)) and "FromLedger" not in block
]

ROW = {
    "email": "ada@example.com",
    "mail": "ada@example.com",
    "new_mail": "lovelace@example.com",
    "other_emails": "countess@example.com",
    "firstname": "Augusta",
    "first_name": "Augusta",
    "town": "London",
    "city": "London",
    "plan": "gold",
    "segment": "Customers",
    "lifecyclestage": "lead",
    "account_manager": "olivia@example.com",
    "points": "1234",
    "born": "10.12.1815",
    "vip": "ja",
    "tier": "Gold",
    "hobbies": '["golf"]',
    "shirt_size": "S",
    "score": 7,
}
"""Column → what the row of the warehouse has."""

PROPERTIES = [
    Definition("plan", "Plan"),
    Definition("score", "Score", "number", "number"),
    Definition("born", "Born", "date", "date"),
    Definition("vip", "VIP", "bool", "booleancheckbox"),
    Definition("is_customer", "Customer", "bool", "booleancheckbox"),
    Definition("tier", "Tier", "enumeration", "select", options=(Option("gold", "Gold"),)),
    Definition("points", "Points", "number", "number"),
    Definition("hobbies", "Hobbies", "enumeration", "checkbox", options=(Option("golf", "Golf"),)),
]
"""What the portals have beside HubSpot's own; an example does without those that it creates."""


OTHERS = [f"friend{number}@example.com" for number in range(9)]
"""Rows beside the first one whose contacts have their values already: a guard counts shares of rows."""


def fill_warehouse(code: str, path: Path) -> None:
    """Create the table that an example's query reads, with rows in it."""
    found = re.search(r'sql="SELECT (.+) FROM (\w+)"', code)
    if found is None:
        return
    named = [part.partition(" AS ")[0] for part in found[1].split(", ")]
    columns = [each for each in named if not each.startswith("'")]
    rows = [ROW, *({**ROW, "email": email} for email in OTHERS if "Guards(" in code)]
    with sqlite3.connect(path) as database:
        database.execute(f"CREATE TABLE {found[2]} ({', '.join(columns)})")
        marks = ", ".join("?" * len(columns))
        values = [[row[each] for each in columns] for row in rows]
        database.executemany(f"INSERT INTO {found[2]} VALUES ({marks})", values)  # noqa: S608 - our own page


@pytest.mark.parametrize("code", EXAMPLES)
def test_an_example_runs(code: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The records of an example end well; a plan has the change."""
    for conn_id in ("warehouse", "state_db"):
        connection = {"conn_type": "sqlite", "host": str(tmp_path / f"{conn_id}.db")}
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(connection))
    fill_warehouse(code, tmp_path / "warehouse.db")
    names: dict[str, Any] = {name: getattr(operators, name) for name in operators.__all__}
    names["HubSpotPlanContactsOperator"] = HubSpotPlanContactsOperator
    contacts = [
        {"email": "ada@example.com", "lifecyclestage": "customer"},
        *({"email": email, "firstname": "Augusta"} for email in OTHERS),
    ]
    properties = [each for each in PROPERTIES if each.name not in code.partition("create_properties")[2]]
    if "addresses_only" in code:  # a contact that exists has nothing to be written
        del contacts[0]
    with Sandbox(contacts, properties=properties) as hubspot:
        if "create=True" not in code:
            hubspot.portal.lists.create("Customers", "0-1", "MANUAL", hubspot.portal.now())
        connect(monkeypatch, hubspot.url, hubspot.token)
        operator = eval(code.replace("s3://logs@my-bucket", str(tmp_path)), names)  # noqa: S307 - our own page
        report = operator.execute({"ti": TaskInstance()})

    if isinstance(operator, HubSpotPlanContactsOperator):
        assert report["plan"]["changes"] == 1
    else:
        assert report["outcomes"].keys() <= SUCCESSES
        assert report["outcomes"].keys() & {"updated", "created"}
