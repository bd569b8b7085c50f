# SPDX-License-Identifier: Apache-2.0
"""Update contacts from a large table, in parts that run on several workers at once.

The table is cut into ranges of its key; the operator is mapped over them, and their reports are merged into
one. With ``rate_limit_store`` in the connection all parts share HubSpot's limit; without it each sees the
others only in HubSpot's answers. ``docs/scaling.md`` has the numbers.

Needs the connections ``warehouse`` (PostgreSQL with a table ``customers``) and ``hubspot_default``. The DAG
is paused at first.

In ``make up`` it is paused because the warehouse is SQLite there: a run would fail.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.providers.common.compat.sdk import DAG, AirflowFailException, BaseHook, task

from airflow_provider_hubcontact.operators.hubspot import HubSpotUpdateContactOperator

with DAG(
    dag_id="update_contacts_partitioned",
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    params={"parts": 8},
    is_paused_upon_creation=True,
    tags=["hubspot", "example", "needs PostgreSQL"],
    doc_md=__doc__,
):

    @task
    def ranges(params: dict[str, Any] | None = None) -> list[dict[str, str | None]]:
        """Cut the table into ranges with the same number of rows."""
        warehouse = BaseHook.get_connection("warehouse").get_hook()
        rows = warehouse.get_records(
            "SELECT min(email) FROM "
            "(SELECT email, ntile(%s) OVER (ORDER BY email) AS part FROM customers) AS cut "
            "GROUP BY part ORDER BY part",
            parameters=[int((params or {})["parts"])],
        )
        lows = [low for (low,) in rows]
        return [{"low": low, "high": high} for low, high in zip(lows, [*lows[1:], None], strict=True)]

    cut: Any = ranges()

    # [START howto_partitioned]
    parts = HubSpotUpdateContactOperator.partial(
        task_id="update_contacts",
        sql_conn_id="warehouse",
        sql="SELECT email, first_name FROM customers "
        "WHERE email >= %(low)s AND (%(high)s::text IS NULL OR email < %(high)s)",
        mapping={"first_name": "firstname"},
        status_actions={"not_found": "skip"},
        retries=3,
        retry_delay=timedelta(seconds=10),
        max_active_tis_per_dag=4,
    ).expand(parameters=cut)
    # [END howto_partitioned]

    @task(trigger_rule="all_done")
    def total(reports: Sequence[dict[str, Any] | None], cut: Sequence[Any]) -> dict[str, Any]:
        """Merge the parts' reports into one, even if parts failed."""
        from airflow_provider_hubcontact.sync.keep.report import fold  # noqa: PLC0415 - not needed at parse

        return fold(reports, expected=len(cut))

    @task(trigger_rule="one_failed")
    def watch() -> None:
        """Fail the run when a part has failed."""
        raise AirflowFailException("a part failed; its own report says why")

    total(parts.output, cut)  # type: ignore[arg-type] # Airflow gives the value when the task runs
    parts >> watch()
