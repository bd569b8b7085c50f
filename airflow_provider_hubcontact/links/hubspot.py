# SPDX-License-Identifier: Apache-2.0
"""Links of a task: the portal's contacts, and the report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

from airflow.providers.common.compat.sdk import BaseOperatorLink

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import BaseOperator, TaskInstanceKey

PORTAL_URL = "hubspot_portal_url"
"""XCom key of the address of the portal's contacts."""

REPORT_PATH = "/hubcontact/report"


class HubSpotContactsLink(BaseOperatorLink):
    """The portal's contacts."""

    name = "HubSpot contacts"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey, **_: Any) -> str:
        """Return the URL; empty until the run knows its portal.

        :param operator: of the task.
        :param ti_key: of the task instance.
        """
        from airflow.providers.common.compat.sdk import XCom

        return str(XCom.get_value(key=PORTAL_URL, ti_key=ti_key) or "")


class HubSpotSyncReportLink(BaseOperatorLink):
    """The page of the sync's report; before Airflow 3, the task's XComs, which have the report as JSON."""

    name = "Sync report"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey, **_: Any) -> str:
        """Return the URL, on Airflow's own host.

        :param operator: of the task.
        :param ti_key: of the task instance.
        """
        from airflow import __version__ as airflow_version

        from airflow_provider_hubcontact.compat import conf

        is_airflow_2 = airflow_version.startswith("2.")
        root = urlsplit(
            conf.get("webserver" if is_airflow_2 else "api", "base_url", fallback="")
        ).path.rstrip("/")
        if is_airflow_2:
            query = urlencode({"dag_run_id": ti_key.run_id, "task_id": ti_key.task_id, "tab": "xcom"})
            return f"{root}/dags/{quote(ti_key.dag_id)}/grid?{query}"
        names = ("dag_id", "run_id", "task_id", "map_index")
        return f"{root}{REPORT_PATH}?{urlencode({name: getattr(ti_key, name) for name in names})}"
