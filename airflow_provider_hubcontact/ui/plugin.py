# SPDX-License-Identifier: Apache-2.0
"""Adds the pages of sync reports to Airflow's UI.

Every Airflow component loads this module, so the application is imported only with the first request.
"""

from __future__ import annotations

from typing import Any

from airflow_provider_hubcontact.compat import AirflowPlugin
from airflow_provider_hubcontact.ui.names import OPERATORS, PREFIX

# Relative, so that Airflow may be served below a path.
TASK_PAGE = (
    f"{PREFIX[1:]}/report?dag_id={{DAG_ID}}&run_id={{RUN_ID}}&task_id={{TASK_ID}}&map_index={{MAP_INDEX}}"
)
RUN_PAGE = f"{PREFIX[1:]}/run?dag_id={{DAG_ID}}&run_id={{RUN_ID}}"
DAG_PAGE = f"{PREFIX[1:]}/dag?dag_id={{DAG_ID}}"


async def serve(scope: Any, receive: Any, send: Any) -> None:
    """Serve the application (ASGI)."""
    from airflow_provider_hubcontact.ui.app import app

    await app(scope, receive, send)


class HubContactPlugin(AirflowPlugin):
    """Registers the pages of task instances, runs and DAGs, from Airflow 3.1 on."""

    name = "hubcontact"
    fastapi_apps: list[dict[str, Any]] = [
        {"app": serve, "url_prefix": PREFIX, "name": "HubSpot sync reports"}
    ]
    external_views: list[dict[str, Any]] = [
        {
            "name": "HubSpot sync",
            "href": TASK_PAGE,
            "destination": "task_instance",
            "url_route": "hubspot-sync",
            # From Airflow 3.4 on; before, the tab is there for every task.
            "applies_to": {"operator": [*OPERATORS]},
        },
        {"name": "HubSpot syncs", "href": RUN_PAGE, "destination": "dag_run", "url_route": "hubspot-syncs"},
        {"name": "HubSpot syncs", "href": DAG_PAGE, "destination": "dag", "url_route": "hubspot-runs"},
    ]
