"""Plan changes of contacts, ask a person, apply the plan.

The first task writes what would change into a folder; its totals are what the person sees in Airflow's UI;
the last one writes just that. Needs Airflow 3.1 and the connections ``warehouse`` and ``hubspot_default``.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.providers.common.compat.sdk import DAG
from airflow.providers.standard.operators.hitl import ApprovalOperator

from airflow_provider_hubcontact.operators.hubspot import HubSpotUpdateContactOperator
from airflow_provider_hubcontact.operators.plans import HubSpotApplyPlanOperator, HubSpotPlanContactsOperator

PLAN = "{{ params.plans }}/{{ run_id | replace(':', '_') }}"

with DAG(
    dag_id="update_contacts_approved",
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    params={"plans": "/tmp/hubspot-plans"},  # noqa: S108 - a place of your own, such as s3://…
    tags=["hubspot", "example"],
    doc_md=__doc__,
):
    # [START howto_approved]
    plan = HubSpotUpdateContactOperator(
        task_id="make_plan",
        sql_conn_id="warehouse",
        sql="SELECT email, first_name FROM customers",
        mapping={"first_name": "firstname"},
        status_actions={"not_found": "skip"},
        operator=HubSpotPlanContactsOperator,
        plan=PLAN,
    )
    approval = ApprovalOperator(
        task_id="approve",
        subject="Update {{ ti.xcom_pull('make_plan')['plan']['changes'] }} HubSpot contacts?",
        body="```\n{{ ti.xcom_pull('make_plan')['plan'] | tojson(indent=1) }}\n```",
    )
    apply = HubSpotUpdateContactOperator(task_id="apply_plan", operator=HubSpotApplyPlanOperator, plan=PLAN)
    plan >> approval >> apply
    # [END howto_approved]
