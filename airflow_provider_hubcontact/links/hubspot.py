"""Where a task's buttons lead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

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
        """Give the address; empty until the run knows its portal."""
        from airflow.providers.common.compat.sdk import XCom

        return str(XCom.get_value(key=PORTAL_URL, ti_key=ti_key) or "")


class HubSpotSyncReportLink(BaseOperatorLink):
    """The page of the sync's report."""

    name = "Sync report"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey, **_: Any) -> str:
        """Give the address, on Airflow's own host."""
        from airflow import __version__ as airflow_version
        from airflow.providers.common.compat.sdk import conf

        section = "webserver" if airflow_version.startswith("2.") else "api"
        base = conf.get(section, "base_url", fallback="")
        names = ("dag_id", "run_id", "task_id", "map_index")
        query = urlencode({name: getattr(ti_key, name) for name in names})
        return f"{urlsplit(base).path.rstrip('/')}{REPORT_PATH}?{query}"
