# SPDX-License-Identifier: Apache-2.0
"""Undo a run: plan what goes back, ask a person, apply the plan.

Run it by hand, with the run that went wrong: ``run`` is the DAG and the run id, as in
``update_contacts_approved/manual__2026-11-01T08:00:00+00:00``. That run must have kept a ledger with values,
``ledger=Ledger(path, values=True)``.

Contacts that somebody has edited since are left alone and counted. The undo has a ledger of its own, so that
it can be undone as well.

Needs Airflow 3.1, ``apache-airflow-providers-standard`` 1.13 and the connection ``hubspot_default``. The
constraints of Airflow 3.1 pin an older provider, in which a DAG with an approval cannot have a parameter
without a default.

In ``make up`` it waits for a person, and succeeds when the plan is approved: ``run`` can be any run of
``update_contacts_approved``.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.providers.common.compat.sdk import DAG, Param
from airflow.providers.standard.operators.hitl import ApprovalOperator

from airflow_provider_hubcontact.operators.hubspot import FromLedger, Ledger, Writes
from airflow_provider_hubcontact.operators.plans import HubSpotApplyPlanOperator, HubSpotPlanContactsOperator

PLAN = "{{ params.plans }}/{{ run_id | replace(':', '_') }}"

with DAG(
    dag_id="undo_approved",
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    params={
        "ledger": "/tmp/hubspot-ledger",  # noqa: S108 - where your runs keep theirs, such as s3://…
        "run": Param(
            type="string",
            minLength=1,
            description="DAG and run id of the run to undo, such as update_contacts_approved/manual__…",
        ),
        "plans": "/tmp/hubspot-plans",  # noqa: S108 - same
    },
    tags=["hubspot", "example", "waits for a person"],
    doc_md=__doc__,
):
    # [START howto_undo]
    plan = HubSpotPlanContactsOperator(
        task_id="plan",
        records=FromLedger("{{ params.ledger }}", undo=True, run="{{ params.run }}"),
        writes=Writes(stages="reset"),  # stages go back, too
        status_actions={"conflict": "succeed"},  # contacts that were edited since do not fail the task
        ledger=Ledger("{{ params.ledger }}", values=True),
        plan=PLAN,
    )
    approval = ApprovalOperator(
        task_id="approve",
        subject="Undo {{ params.run }} for {{ ti.xcom_pull('plan')['plan']['changes'] }} HubSpot contacts?",
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
    # [END howto_undo]
