# SPDX-License-Identifier: Apache-2.0
"""Choose what each outcome does to the task, and which task follows.

A contact that HubSpot does not know (404) does not fail this task; a refused value (400) does. The report is
in XCom whether the task succeeds or fails. It decides which task comes next.

Needs the connection ``hubspot_default``.

In ``make up`` it succeeds: one contact is missing, and the branch for missing contacts runs.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from airflow.providers.common.compat.sdk import DAG, AirflowFailException, task

from airflow_provider_hubcontact.operators.hubspot import HubSpotUpdateContactOperator

with DAG(
    dag_id="branch_on_outcomes",
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    tags=["hubspot", "example"],
    doc_md=__doc__,
):

    @task
    def extract() -> list[dict[str, Any]]:
        """Stand in for whatever produces the records."""
        return [
            {"email": "ada@example.com", "firstname": "Ada"},
            {"email": "nobody@example.com", "firstname": "Nobody"},
        ]

    # [START howto_outcomes]
    update = HubSpotUpdateContactOperator(
        task_id="update_contacts",
        records=extract(),
        status_actions={404: "succeed", 400: "fail", "invalid": "fail"},
    )

    @task.branch(trigger_rule="all_done")
    def choose(report: dict[str, Any]) -> str:
        """Pick the next task by the report."""
        outcomes = report["outcomes"].keys()
        if outcomes - {
            "updated",
            "created",
            "archived",
            "unchanged",
            "up_to_date",
            "superseded",
            "not_found",
        }:
            return "tell_the_owners"
        return "create_the_missing" if "not_found" in outcomes else "all_is_well"

    # [END howto_outcomes]

    @task(trigger_rule="all_done")
    def tell_the_owners(report: dict[str, Any]) -> None:
        """Show the sample of problems to whoever owns the data."""
        for problem in report["problems"]:
            print(f"row {problem['row']}: {problem['outcome']}: {problem['reason']}")  # noqa: T201 - a task's log

    @task
    def create_the_missing(report: dict[str, Any]) -> int:
        """Return how many contacts are missing; an upsert could create them."""
        return int(report["outcomes"]["not_found"])

    @task
    def all_is_well() -> None:
        """Do nothing."""

    @task(trigger_rule="one_failed")
    def watch() -> None:
        """Fail the run when the sync has failed."""
        raise AirflowFailException("the sync failed; its report says why")

    report: Any = update.output
    choose(report) >> [tell_the_owners(report), create_the_missing(report), all_is_well()]
    update >> watch()
