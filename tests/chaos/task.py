# SPDX-License-Identifier: Apache-2.0
"""The task of a trial, in its own process, as a worker runs it."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from airflow.providers.common.compat.sdk import AirflowSkipException
from jinja2.sandbox import SandboxedEnvironment

from airflow_provider_hubcontact.client.limits.rate_limit import RateLimit
from airflow_provider_hubcontact.operators.errors import HubSpotSyncFailed, HubSpotSyncIncomplete
from airflow_provider_hubcontact.operators.hubspot import HubSpotUpdateContactOperator
from tests.airflow.running import TaskInstance

FASTER = 20
"""How much shorter the waits between the tries of a call are."""


_WAIT = RateLimit.wait


def _wait(limit: RateLimit, seconds: float) -> None:
    _WAIT(limit, seconds / FASTER)


class _Connections:
    """All connections at hand, as templates have them."""

    def __init__(self, connection: Mapping[str, Any]) -> None:
        self._connection = connection

    def __getattr__(self, conn_id: str) -> SimpleNamespace:
        return SimpleNamespace(
            **{"password": self._connection["extra"].get("client_secret"), **self._connection}
        )


class _Output(Sequence[Any]):
    """What another task has returned; Airflow looks into lists that stand in the DAG file."""

    def __init__(self, records: Sequence[Any]) -> None:
        self._records = records

    def __getitem__(self, index: Any) -> Any:
        return self._records[index]

    def __len__(self) -> int:
        return len(self._records)


def _operator(settings: Mapping[str, Any], context: Any) -> HubSpotUpdateContactOperator:
    """Make the operator, and render its templates if its records stand in the DAG file."""
    rest = dict(settings)
    in_file, records = rest.pop("in_file"), rest.pop("records", None)
    source = records if in_file or records is None else _Output(records)
    operator = HubSpotUpdateContactOperator(task_id="update_contacts", retries=99, records=source, **rest)
    if in_file:
        operator.render_template_fields(context, SandboxedEnvironment())
    return operator


def execute(
    settings: Mapping[str, Any], connection: Mapping[str, Any], number: int, run: str
) -> dict[str, Any]:
    """Execute the operator.

    :return: ``end``: ``success``, ``fail``, ``retry`` or ``error``; and the report.
    """
    os.environ["AIRFLOW_CONN_HUBSPOT_DEFAULT"] = json.dumps(connection)
    RateLimit.wait = _wait  # type: ignore[assignment, method-assign]
    ti = TaskInstance(number)
    ti.run_id = run
    end, error = "success", ""
    try:
        operator = _operator(settings, {"ti": ti, "conn": _Connections(connection)})
        signal.signal(signal.SIGTERM, lambda *_: operator.on_kill())  # as Airflow 3 does
        ti.xcoms["return_value"] = operator.execute({"ti": ti})  # type: ignore[typeddict-item]
    except AirflowSkipException:
        end = "success"
    except HubSpotSyncIncomplete:
        end = "retry"
    except HubSpotSyncFailed as failed:
        # With HubSpot out of order at the start nothing was read: Airflow's retry is a person's then.
        end, error = "fail", str(failed)
    except Exception as other:  # noqa: BLE001 - Airflow would retry
        end, error = "retry", f"{type(other).__name__}: {other}"
    return {"end": end, "error": error, "report": ti.xcoms.get("return_value")}
