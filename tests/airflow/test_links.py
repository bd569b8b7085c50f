# SPDX-License-Identifier: Apache-2.0
"""The buttons on a task."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG

from airflow_provider_hubcontact.client.account import AccountDetails
from airflow_provider_hubcontact.links.hubspot import HubSpotContactsLink, HubSpotSyncReportLink
from airflow_provider_hubcontact.operators.hubspot import HubSpotUpdateContactOperator
from airflow_provider_hubcontact.sandbox import Sandbox
from tests.airflow.running import CONTACTS, SERIALIZED, connect
from tests.airflow_home import RunDag

LINKS = (HubSpotContactsLink(), HubSpotSyncReportLink())


def test_they_lead_somewhere(monkeypatch: pytest.MonkeyPatch, run_dag: RunDag) -> None:
    """To the portal's contacts, and to the report: on Airflow 2 to the XComs, which have it."""
    with Sandbox(CONTACTS, portal_id=4711) as hubspot:
        connect(monkeypatch, hubspot.url, hubspot.token)
        with DAG("linked", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)) as dag:
            task = HubSpotUpdateContactOperator(task_id="contacts", records=[{"email": "ada@example.com"}])
        (instance,) = run_dag(dag).get_task_instances()

    if version("apache-airflow").startswith("2."):
        key: Any = instance.key
        contacts, report = (each.get_link(task, ti_key=key) for each in LINKS)
        assert report.startswith("/dags/linked/grid?dag_run_id=manual__")
        assert report.endswith("&task_id=contacts&tab=xcom")
    else:  # the worker has kept them
        names = (f"_link_{type(each).__name__}" for each in LINKS)
        contacts, report = (instance.xcom_pull(task_ids="contacts", key=name) for name in names)
        assert report.startswith("/hubcontact/report?dag_id=linked&run_id=manual__")
    assert contacts == "https://app.hubspot.com/contacts/4711/objects/0-1/views/all/list"


def test_a_stored_dag_names_them() -> None:
    """Airflow's pages find the buttons of a task, and of a mapped one, in the DAG that it has stored."""
    with DAG("named", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)) as dag:
        HubSpotUpdateContactOperator(task_id="one", records=[])
        HubSpotUpdateContactOperator.partial(task_id="many").expand(records=[[], []])

    tasks = [task["__var"] for task in SERIALIZED.to_dict(dag)["dag"]["tasks"]]

    assert len(tasks) == 2
    for task in tasks:  # Airflow 2 stores classes, Airflow 3 names
        links = str(task["_operator_extra_links"])
        assert [type(each).__name__ in links for each in LINKS] == [True, True]


def test_a_host_that_is_not_hubspots() -> None:
    """A server cannot lead people elsewhere."""
    for domain in ("evil.example", "app.hubspot.com.evil.example", "app.hubspot.com/x?", None):
        url = AccountDetails(1, "UTC", "", domain).contacts_url
        assert url.startswith("https://app.hubspot.com/contacts/1/")
    assert AccountDetails(1, "UTC", "", "app-eu1.hubspot.com").contacts_url.startswith(
        "https://app-eu1.hubspot"
    )
