# SPDX-License-Identifier: Apache-2.0
"""Plan changes of contacts, ask a person, apply the plan.

The customers with the largest revenue get a salutation. The first task writes a plan: what would change,
and with which settings. A person sees its totals in Airflow's UI. The last task applies exactly this plan:
its digest comes from the first task, and any other plan is refused. The run keeps a ledger with values, so
that the DAG ``undo_approved`` can undo it.

Needs Airflow 3.1 and the connections ``warehouse`` and ``hubspot_default``.

In ``make up`` it waits for a person, and succeeds when the plan is approved: in the task ``approve``, or
behind *Required Actions* on the home page.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.providers.common.compat.sdk import DAG
from airflow.providers.standard.operators.hitl import ApprovalOperator

from airflow_provider_hubcontact.operators.hubspot import Ledger
from airflow_provider_hubcontact.operators.plans import HubSpotApplyPlanOperator, HubSpotPlanContactsOperator

PLAN = "{{ params.plans }}/{{ run_id | replace(':', '_') }}"

with DAG(
    dag_id="update_contacts_approved",
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    params={
        "plans": "/tmp/hubspot-plans",  # noqa: S108 - a place of your own, such as s3://…
        "ledger": "/tmp/hubspot-ledger",  # noqa: S108 - same
    },
    tags=["hubspot", "example", "waits for a person"],
    doc_md=__doc__,
):
    # [START howto_approved]
    plan = HubSpotPlanContactsOperator(
        task_id="plan",
        sql_conn_id="warehouse",
        sql="SELECT email, 'Dear valued customer' AS salutation FROM customers WHERE revenue > 900000",
        status_actions={"not_found": "skip"},
        ledger=Ledger("{{ params.ledger }}", values=True),
        plan=PLAN,
    )
    approval = ApprovalOperator(
        task_id="approve",
        subject="Update {{ ti.xcom_pull('plan')['plan']['changes'] }} HubSpot contacts?",
        body="{% for name, value in ti.xcom_pull('plan')['plan'].items() %}"
        "- {{ name }}: `{{ value }}`\n"
        "{% endfor %}",
    )
    apply = HubSpotApplyPlanOperator(
        task_id="apply",
        plan=PLAN,
        sha256="{{ ti.xcom_pull('plan')['plan']['sha256'] }}",
    )
    plan >> approval >> apply
    # [END howto_approved]
