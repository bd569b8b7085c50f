"""The buttons on a task."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import version

import pytest
from airflow.providers.common.compat.sdk import DAG

from airflow_provider_hubcontact.links.hubspot import HubSpotContactsLink, HubSpotSyncReportLink
from airflow_provider_hubcontact.operators.hubspot import HubSpotUpdateContactOperator
from airflow_provider_hubcontact.sandbox import Sandbox
from tests.airflow.conftest import RunDag
from tests.airflow.running import CONTACTS, connect


def test_they_lead_somewhere(monkeypatch: pytest.MonkeyPatch, run_dag: RunDag) -> None:
    """To the portal's contacts, and to the report: on Airflow 2 to the XComs, which have it."""
    with Sandbox(CONTACTS, portal_id=4711) as hubspot:
        connect(monkeypatch, hubspot.url, hubspot.token)
        with DAG("linked", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)) as dag:
            task = HubSpotUpdateContactOperator(task_id="contacts", records=[{"email": "ada@example.com"}])
        (instance,) = run_dag(dag).get_task_instances()

    contacts = HubSpotContactsLink().get_link(task, ti_key=instance.key)
    report = HubSpotSyncReportLink().get_link(task, ti_key=instance.key)

    assert contacts == "https://app.hubspot.com/contacts/4711/objects/0-1/views/all/list"
    if version("apache-airflow").startswith("2."):
        assert report.startswith("/dags/linked/grid?dag_run_id=manual__")
        assert report.endswith("&task_id=contacts&tab=xcom")
    else:
        assert report.startswith("/hubcontact/report?dag_id=linked&run_id=manual__")


def test_a_host_that_is_not_hubspots(monkeypatch: pytest.MonkeyPatch, run_dag: RunDag) -> None:
    """A server cannot lead people elsewhere."""
    from airflow_provider_hubcontact.client.account import AccountDetails  # noqa: PLC0415 - here alone

    for domain in ("evil.example", "app.hubspot.com.evil.example", "app.hubspot.com/x?", None):
        url = AccountDetails(1, "UTC", "", domain).contacts_url
        assert url.startswith("https://app.hubspot.com/contacts/1/")
    assert AccountDetails(1, "UTC", "", "app-eu1.hubspot.com").contacts_url.startswith(
        "https://app-eu1.hubspot"
    )
