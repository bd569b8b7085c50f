# SPDX-License-Identifier: Apache-2.0
"""When a task is tried again."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG

from airflow_provider_hubcontact.operators.errors import HubSpotSyncFailed, HubSpotSyncIncomplete
from airflow_provider_hubcontact.operators.hubspot import HubSpotUpdateContactOperator
from airflow_provider_hubcontact.sandbox import Sandbox
from tests.airflow.running import CONTACTS, connect, hurry, run

retries = pytest.importorskip(
    "airflow_provider_hubcontact.operators.retries",
    reason="Airflow has retry policies since 3.3",
    exc_type=ImportError,
)


@pytest.fixture
def hubspot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    hurry(monkeypatch)
    with Sandbox(contacts=CONTACTS, time_zone="Asia/Tokyo", daily_limit=3) as sandbox:
        connect(monkeypatch, sandbox.url, sandbox.token)
        yield sandbox


def decide(error: Exception) -> Any:
    return retries.HubSpotRetryPolicy().evaluate(error, 1, 3)


def test_not_before_the_quota_is_back(hubspot: Sandbox) -> None:
    """The day's calls come back at midnight in the portal's time zone; the retry waits for them."""
    records = [{"email": "ada@example.com", "firstname": "Augusta"}]

    ended = run(records=records)

    assert isinstance(ended.error, HubSpotSyncIncomplete)
    decision = decide(ended.error)
    left = hubspot.limits.resets_at - datetime.now(UTC).timestamp()
    assert decision.action.name == "RETRY"
    assert timedelta(seconds=left - 60) < decision.retry_delay < timedelta(seconds=left + 120)


@pytest.mark.parametrize(("retry_after", "seconds"), [("900", 900), (None, 3_600)])
def test_a_portal_that_moves(
    hubspot: Sandbox, monkeypatch: pytest.MonkeyPatch, retry_after: str | None, seconds: int
) -> None:
    """As long as HubSpot says, or an hour."""
    rule = {"kind": "status", "status": 477, "on": "*/batch/*"}
    faults = {"rules": [rule | ({"retry_after": int(retry_after)} if retry_after else {})]}
    with Sandbox(contacts=CONTACTS, faults=faults) as moving:
        connect(monkeypatch, moving.url, moving.token)
        ended = run(records=[{"email": "ada@example.com", "firstname": "Augusta"}])

    assert isinstance(ended.error, HubSpotSyncIncomplete)
    assert decide(ended.error).retry_delay == timedelta(seconds=seconds)


def test_nothing_known() -> None:
    """The task's own ``retry_delay`` holds."""
    assert decide(HubSpotSyncIncomplete("some")).action.name == "DEFAULT"
    assert decide(ValueError("other")).action.name == "DEFAULT"


def test_the_time_survives_pickling() -> None:
    """Exceptions cross processes."""
    error = pickle.loads(pickle.dumps(HubSpotSyncIncomplete("some", 7.5)))  # noqa: S301 - our own

    assert (str(error), error.retry_after) == ("some", 7.5)
    assert str(pickle.loads(pickle.dumps(HubSpotSyncFailed("all")))) == "all"  # noqa: S301 - same


def test_the_users_policy_outranks_the_providers() -> None:
    """Given to the task, or to all tasks of a DAG."""

    class Own(retries.HubSpotRetryPolicy):  # type: ignore[misc, name-defined]
        pass

    own = Own()
    with DAG(
        "policies",
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        schedule=None,
        default_args={"retry_policy": own},
    ):
        inherited = HubSpotUpdateContactOperator(task_id="inherited", records=[])
    given = HubSpotUpdateContactOperator(task_id="given", records=[], retry_policy=own)
    neither = HubSpotUpdateContactOperator(task_id="neither", records=[], retries=1)
    without_retries = HubSpotUpdateContactOperator(task_id="without", records=[])

    assert inherited.retry_policy is own
    assert given.retry_policy is own
    assert type(neither.retry_policy) is retries.HubSpotRetryPolicy
    assert without_retries.retry_policy is None
