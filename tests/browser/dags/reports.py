# SPDX-License-Identifier: Apache-2.0
"""Runs whose reports are looked at."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from airflow.providers.common.compat.sdk import DAG, task
from airflow.providers.standard.operators.hitl import ApprovalOperator

from airflow_provider_hubcontact.operators.hubspot import Guards, HubSpotUpdateContactOperator, Key, Writes
from airflow_provider_hubcontact.operators.plans import HubSpotPlanContactsOperator

SETTINGS: dict[str, Any] = {
    "schedule": None,
    "start_date": datetime(2026, 1, 1, tzinfo=UTC),
    "catchup": False,
}

with DAG("good_run", **SETTINGS):
    HubSpotUpdateContactOperator(
        task_id="contacts",
        sql_conn_id="warehouse",
        sql="SELECT email, revenue, phone, lead_status FROM customers ORDER BY email",
        mapping={"revenue": "annualrevenue", "phone": "phone", "lead_status": "hs_lead_status"},
        key=Key("{{ 'email' }}"),
        writes=Writes(nulls="clear", properties={"phone": "fill_empty"}),
        guards=Guards(changes=0.9),
        max_failures=0.1,
        status_actions={404: "skip"},
    )

with DAG("bad_run", **SETTINGS):
    HubSpotUpdateContactOperator(
        task_id="contacts",
        records=[
            *({"email": f"nobody-{n}@example.com", "city": "Rome"} for n in range(40)),
            *(
                {"email": f"customer-{n}@example.com", "hs_lead_status": "Open Deal"}
                for n in range(1000, 1060)
            ),
            *({"email": f"customer-{n}@example.com", "annualrevenue": "much"} for n in range(1060, 1085)),
            *({"email": f"customer-{n}@example.com", "city": "Rome"} for n in range(1085, 1120)),
            {"email": "<script>alert(1)</script>@example.com", "city": "<b>Rome</b>"},
            {"city": "nobody's"},
        ],
    )

with DAG("empty_run", **SETTINGS):
    HubSpotUpdateContactOperator(task_id="contacts", records=[])

with DAG("planned_run", **SETTINGS):
    plan = HubSpotPlanContactsOperator(
        task_id="plan",
        records=[
            *({"email": f"customer-{n}@example.com", "city": "Bergen"} for n in range(1200, 1235)),
            {"email": "nobody@example.com", "city": "Bergen"},
        ],
        guards=Guards(changes=40),
        status_actions={404: "skip"},
        plan=os.environ["AIRFLOW_HOME"] + "/plans/{{ run_id | replace(':', '_') }}",
    )
    plan >> ApprovalOperator(
        task_id="approve", subject="Update {{ ti.xcom_pull('plan')['plan']['changes'] }} HubSpot contacts?"
    )

with DAG("waiting_run", **SETTINGS):
    HubSpotUpdateContactOperator(
        task_id="contacts",
        records=[{"email": f"customer-{n}@example.com", "city": "Oslo"} for n in range(1000, 1200)],
        deferrable=True,
        status_actions={404: "skip"},
    )

with DAG("large_run", **SETTINGS):

    @task.hubspot_update_contact(status_actions={404: "skip"})
    def contacts() -> Iterator[dict[str, str]]:
        """Half a million rows, of which half differ from what a sandbox makes up."""
        for number in range(1, 500_001):
            row = {"email": f"contact-{number:06}@example.com"}
            yield row | {"city": "Rome"} if number % 2 else row
            if number % 50_000 == 0:
                yield {"email": f"nobody-{number}@example.com", "city": "Rome"}

    contacts()
