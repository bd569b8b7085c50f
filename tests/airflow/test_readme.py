# SPDX-License-Identifier: Apache-2.0
"""What the README says can be done."""

from __future__ import annotations

import inspect
import json
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_hubcontact import CONN_FIELDS
from airflow_provider_hubcontact.client import REQUIRED_SCOPES
from airflow_provider_hubcontact.hooks.hubspot import HubSpotHook
from airflow_provider_hubcontact.job.checks.preflight import LIST_SCOPES, SCHEMA_SCOPE
from airflow_provider_hubcontact.operators.base import HubSpotRunOperator
from airflow_provider_hubcontact.operators.fields import Options
from airflow_provider_hubcontact.operators.hubspot import HubSpotUpdateContactOperator
from airflow_provider_hubcontact.operators.options import (
    FromLedger,
    Guards,
    Key,
    Ledger,
    Lists,
    Values,
    Writes,
)
from airflow_provider_hubcontact.operators.plans import HubSpotApplyPlanOperator, HubSpotPlanContactsOperator
from airflow_provider_hubcontact.sandbox import Sandbox
from tests.airflow.running import CONTACTS, connect, stored
from tests.airflow_home import RunDag

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / "docs"
README = (ROOT / "README.md").read_text(encoding="utf-8")

PARAMETERS = README.split("## Parameters")[1].split("## Limits")[0]


@pytest.fixture
def hubspot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(contacts=CONTACTS) as sandbox:
        connect(monkeypatch, sandbox.url, sandbox.token)
        yield sandbox


def test_the_smallest_dag(
    run_dag: RunDag, hubspot: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The DAG that the README shows runs, and does what it says."""
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names: dict[str, Any] = {}
    exec(code.replace("catchup=False):", "catchup=False) as dag:"), names)  # noqa: S102 - it is ours
    with sqlite3.connect(tmp_path / "w.db") as database:
        database.execute("CREATE TABLE customers (email, first_name, stage)")
        database.execute("INSERT INTO customers VALUES ('grace@example.com', 'Grace B.', 'customer')")
        database.execute("INSERT INTO customers VALUES ('nobody@example.com', 'No', 'customer')")
    warehouse = {"conn_type": "sqlite", "host": str(tmp_path / "w.db")}
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps(warehouse))

    run: Any = run_dag(names["dag"])

    assert str(run.get_task_instance("update_contacts").state) == "success"
    assert stored(hubspot, "grace@example.com", "firstname") == "Grace B."


def test_the_connection_as_json(hubspot: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment variable of the README is a connection."""
    (text,) = re.findall(r"AIRFLOW_CONN_HUBSPOT_DEFAULT='(.*?)'", README)
    connection = json.loads(text) | {"host": hubspot.url, "password": hubspot.token}
    monkeypatch.setenv("AIRFLOW_CONN_HUBSPOT_DEFAULT", json.dumps(connection))

    assert HubSpotHook().test_connection()[0]


def test_every_parameter_is_told() -> None:
    """Each keyword of the operator is in the README and in its docstring."""
    keywords = keywords_of(HubSpotUpdateContactOperator)
    documented = set(re.findall(r"`(\w+)`", PARAMETERS))

    assert keywords <= documented
    assert keywords == documented_by(HubSpotUpdateContactOperator)


@pytest.mark.parametrize("operator", [HubSpotPlanContactsOperator, HubSpotApplyPlanOperator])
def test_every_parameter_of_a_plan_is_told(operator: type[HubSpotRunOperator]) -> None:
    """Their own keywords are in their docstrings, and their names in the README."""
    assert keywords_of(operator) <= documented_by(operator)
    assert f"`{operator.__name__}`" in PARAMETERS


@pytest.mark.parametrize("options", [Key, Writes, Values, Guards, Ledger, Lists, FromLedger])
def test_every_field_is_told(options: type[Options]) -> None:
    """Each field of a value object is in its docstring, and in the README: as a row, or in what is called."""
    fields = keywords_of(options)
    called = "".join(re.findall(rf"`{options.__name__}\((.*?)\)`", PARAMETERS))
    told = {*re.findall(r"\w+", called), *re.findall(r"`(\w+)`", PARAMETERS)}

    assert fields == documented_by(options)
    assert fields <= told


def keywords_of(named: type) -> set[str]:
    return set(inspect.signature(named).parameters) - {"kwargs"}


def documented_by(named: type) -> set[str]:
    return set(re.findall(r":param (\w+):", named.__doc__ or ""))


def test_every_field_of_the_connection_is_told() -> None:
    """The table of the connection has all fields of Extra, and no other."""
    table = README.partition("start:connection] -->")[2].partition("<!-- --8<-- [end:connection]")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| Extra ")]

    assert sorted(re.findall(r"`(\w+)`", " ".join(rows))) == sorted(CONN_FIELDS)


@pytest.mark.parametrize("link", re.findall(r"\]\((?!http)([^)#]+)\)", README))
def test_links_lead_somewhere(link: str) -> None:
    """A relative link of the README is a file or a folder."""
    assert (Path(__file__).parent.parent.parent / link).exists()


def test_scopes_are_told_once() -> None:
    """The pages show the README's table, which has the scopes that the code asks for, and no other list."""
    told = README.split("[start:scopes]")[1].split("[end:scopes]")[0]

    assert set(re.findall(r"`(crm\.[\w.]+)`", told)) == {
        *REQUIRED_SCOPES,
        SCHEMA_SCOPE,
        *LIST_SCOPES,
        "crm.objects.owners.read",
    }
    assert '--8<-- "README.md:scopes"' in (DOCS / "quick-start.md").read_text(encoding="utf-8")
    for page in ("quick-start.md", "security.md"):
        assert not re.findall(r"`crm\.[\w.]+`", (DOCS / page).read_text(encoding="utf-8")), page


def test_it_is_installed_from_what_there_is() -> None:
    """No page shows the package's bare name to pip, which would look for it on PyPI, where it is not yet."""
    assert '--8<-- "README.md:install"' in (DOCS / "quick-start.md").read_text(encoding="utf-8")
    for path in (ROOT / "README.md", *DOCS.rglob("*.md")):
        for line in re.findall(r"pip install [^`\n]*", path.read_text(encoding="utf-8")):
            bare = re.search(r"airflow-provider-hubcontact(\[\w+\])?(?! @ git)(?![\w\[])", line)
            assert bare is None or "[parquet]" in line, f"{path.name}: {line}"


def test_the_security_policy() -> None:
    """It stands where code hosts look for it, and the page on security shows the same."""
    assert "privately" in (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    assert '--8<-- "SECURITY.md:report"' in (DOCS / "security.md").read_text(encoding="utf-8")
