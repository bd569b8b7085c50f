# SPDX-License-Identifier: Apache-2.0
"""Run an operator without a scheduler, against the local HubSpot."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

import pytest
from airflow.models.renderedtifields import RenderedTaskInstanceFields
from airflow.serialization import serialized_objects
from airflow.utils.session import create_session

from airflow_provider_hubcontact.client.limits.quota import LocalSlots
from airflow_provider_hubcontact.client.limits.rate_limit import RateLimit
from airflow_provider_hubcontact.operators.hubspot import HubSpotUpdateContactOperator
from airflow_provider_hubcontact.sandbox import Sandbox
from tests.airflow_release import RELEASE

IS_NEW = hasattr(serialized_objects, "DagSerialization")
SERIALIZED: Any = getattr(serialized_objects, "DagSerialization" if IS_NEW else "SerializedDAG")
"""What stores DAGs: that of Airflow 3.2 and later, or the one before."""

CONTACTS: list[Mapping[str, str]] = [
    {"email": "ada@example.com", "firstname": "Ada", "lifecyclestage": "customer", "jobtitle": "Countess"},
    {"email": "grace@example.com", "firstname": "Grace", "lifecyclestage": "lead"},
    {"email": "alan@example.com", "firstname": "Alan"},
]


def shown_fields(dag_run: Any) -> dict[tuple[str, int], dict[str, Any]]:
    """Read what Airflow stores and shows of the fields of a run's tasks.

    :return: task id and map index → fields.
    """
    with create_session() as session:
        kept: list[Any] = session.query(RenderedTaskInstanceFields).all()
        if RELEASE >= (3, 4):  # it keeps them by the try
            tries = {each.id: each for each in dag_run.get_task_instances()}
            return {
                (tries[each.task_instance_id].task_id, tries[each.task_instance_id].map_index): (
                    each.rendered_fields
                )
                for each in kept
                if each.task_instance_id in tries
            }
        return {
            (each.task_id, each.map_index): each.rendered_fields
            for each in kept
            if (each.dag_id, each.run_id) == (dag_run.dag_id, dag_run.run_id)
        }


class TaskInstance:
    """Keeps what a task pushes."""

    dag_id = "contacts"
    run_id = "manual__2026-01-01T00:00:00+00:00"
    task_id = "update_contacts"
    map_index = -1

    def __init__(self, try_number: int = 1, retries: int = 0) -> None:
        self.xcoms: dict[str, Any] = {}
        self.try_number = try_number
        self.max_tries = retries

    def xcom_push(self, key: str, value: Any) -> None:
        self.xcoms[key] = value


class Run:
    """The end of an operator's run.

    :param report: the report in XCom, if there is one.
    :param error: what ``execute`` raised, if it did.
    """

    def __init__(self, report: dict[str, Any] | None, error: Exception | None) -> None:
        self.report = report or {}
        self.error = error

    @property
    def outcomes(self) -> dict[str, int]:
        """Outcome → number of records."""
        outcomes: dict[str, int] = self.report["outcomes"]
        assert sum(outcomes.values()) == self.report["rows"]
        return outcomes

    @property
    def reasons(self) -> str:
        """All sampled reasons."""
        return "\n".join(problem["reason"] for problem in self.report["problems"])


def connect(monkeypatch: pytest.MonkeyPatch, url: str, token: str = "", **extra: object) -> None:
    """Set the connection ``hubspot_default``."""
    connection = {"conn_type": "hubspot", "host": url, "password": token, "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_HUBSPOT_DEFAULT", json.dumps(connection))


def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the client wait for nothing: neither for its own limit, nor before another attempt."""
    monkeypatch.setattr(RateLimit, "wait", lambda *_: None)
    monkeypatch.setattr(LocalSlots, "pause", lambda *_: None)


def keep_variables(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Keep Airflow's Variables, and so the watermarks, in a mapping: no other test's are seen."""
    from airflow.providers.common.compat.sdk import Variable  # noqa: PLC0415 - heavy

    kept: dict[str, Any] = {}
    monkeypatch.setattr(Variable, "get", lambda name, default, *_, **__: kept.get(name, default))
    monkeypatch.setattr(Variable, "set", lambda name, value, **_: kept.update({name: value}))
    return kept


def speak(api_version: str) -> None:
    """Put a version of the API into the connection, which :func:`connect` has set and a test's end undoes."""
    name = "AIRFLOW_CONN_HUBSPOT_DEFAULT"
    connection = json.loads(os.environ[name])
    connection["extra"] = {**connection["extra"], "api_version": api_version}
    os.environ[name] = json.dumps(connection)


def run(**settings: Any) -> Run:
    """Execute the operator as a worker would, and keep the report and the error.

    Besides the operator's keywords there are ``operator`` for another class, ``try_number``, ``task_state``
    for Airflow's task state store, and ``api_version``, which goes into the connection.
    """
    if (version := settings.pop("api_version", None)) is not None:
        speak(version)
    make = settings.pop("operator", HubSpotUpdateContactOperator)
    ti = TaskInstance(settings.pop("try_number", 1), settings.get("retries", 0))
    state = settings.pop("task_state", None)
    context: Any = {"ti": ti} if state is None else {"ti": ti, "task_state_store": state}
    operator = make(task_id="update_contacts", **settings)
    try:
        ti.xcoms["return_value"] = operator.execute(context)
    except Exception as error:  # noqa: BLE001 - the tests look at it
        return Run(ti.xcoms.get("return_value"), error)
    return Run(ti.xcoms["return_value"], None)


def stored(hubspot: Sandbox, email: str, name: str) -> str | None:
    """Read a property from the portal's state."""
    contact = hubspot.portal.contact(email)
    assert contact is not None, f"the portal has no contact {email}"
    return contact.properties.get(name)
