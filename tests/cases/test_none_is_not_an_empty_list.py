# SPDX-License-Identifier: Apache-2.0
"""Only an empty list is nothing to do: records that are None fail the task, on its first try."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("airflow")

from airflow.providers.common.compat.sdk import DAG, AirflowSkipException, task

from airflow_provider_hubcontact.job.errors import SourceError
from airflow_provider_hubcontact.operators.hubspot import HubSpotUpdateContactOperator
from airflow_provider_hubcontact.operators.options import FromLedger, Guards
from airflow_provider_hubcontact.operators.plans import HubSpotPlanContactsOperator
from airflow_provider_hubcontact.operators.sources.records import records_of
from airflow_provider_hubcontact.operators.sources.redacted import withhold
from airflow_provider_hubcontact.sandbox import Sandbox
from tests.airflow.running import CONTACTS, connect
from tests.airflow_home import RunDag
from tests.airflow_release import DAG_TEST_GIVES_THE_ERROR

START = datetime(2026, 1, 1, tzinfo=UTC)
SENTENCE = "records is None: the task that it comes from returned nothing"


@pytest.fixture
def hubspot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(contacts=CONTACTS) as sandbox:
        connect(monkeypatch, sandbox.url, sandbox.token)
        yield sandbox


def test_tasks(run_dag: RunDag, hubspot: Sandbox, tmp_path: Path) -> None:
    """Whatever None comes from, and whatever else the task has to do."""
    told: dict[str, str] = {}

    def keep(context: Any) -> None:
        told[context["ti"].task_id] = str(context["exception"])

    settings: dict[str, Any] = {"retries": 3, "on_failure_callback": keep}
    with DAG("none", start_date=START, schedule=None, default_args=settings) as dag:

        @task
        def nothing() -> None:
            return None

        @task(do_xcom_push=False)
        def kept() -> list[dict[str, str]]:
            return [{"email": "ada@example.com", "city": "Rome"}]

        @task
        def skipped() -> list[dict[str, str]]:
            raise AirflowSkipException

        @task
        def partly() -> list[list[dict[str, str]] | None]:
            return [None, []]

        @task
        def keywords() -> list[dict[str, Any]]:
            return [{"records": None}]

        @task
        def empty() -> list[dict[str, str]]:
            return []

        none: Any = nothing()
        missing = "{{ ti.xcom_pull('no_such_task') }}"
        update = HubSpotUpdateContactOperator
        update(task_id="output", records=none)
        update(task_id="not_pushed", records=kept())
        update(task_id="after_skip", records=skipped(), trigger_rule="none_failed")
        update(task_id="template", records=missing)
        update.partial(task_id="expand").expand(records=partly())
        update.partial(task_id="expand_kwargs").expand_kwargs(keywords())
        update(task_id="replay", records=FromLedger(str(tmp_path), among=none))
        update(task_id="dry", records=none, dry_run=True)
        HubSpotPlanContactsOperator(task_id="planned", records=none, plan=str(tmp_path / "plan"))
        update(task_id="guarded", records=none, guards=Guards(changes=1), ledger=str(tmp_path / "ledger"))

        @task.hubspot_update_contact
        def no_return() -> None:
            """Forgets to return."""

        @task.hubspot_update_contact
        def yields_nothing() -> Iterator[dict[str, str]]:
            yield from ()

        no_return()
        no_return.override(task_id="dry_function", dry_run=True)()
        yields_nothing()
        update(task_id="empty_list", records=empty())

    run: Any = run_dag(dag)

    ended = {(each.task_id, each.map_index): each for each in run.get_task_instances()}
    states = {key: str(each.state) for key, each in ended.items()}
    assert {key for key, state in states.items() if state == "skipped"} == {
        ("skipped", -1),
        ("expand", 1),
        ("yields_nothing", -1),
        ("empty_list", -1),
    }
    failed = {name for (name, _), state in states.items() if state == "failed"}
    assert failed == {
        "output",
        "not_pushed",
        "after_skip",
        "template",
        "expand",
        "expand_kwargs",
        "replay",
        "dry",
        "planned",
        "guarded",
        "no_return",
        "dry_function",
    }
    assert {ended[key].try_number for key, state in states.items() if state == "failed"} == {1}
    assert set(told) == (failed if DAG_TEST_GIVES_THE_ERROR else set())
    assert {name for name, error in told.items() if not error.startswith(f"HC-511: {SENTENCE}")} == set()


def test_native_templates(run_dag: RunDag, hubspot: Sandbox) -> None:
    """A template that renders to None itself."""
    with DAG("native_none", start_date=START, schedule=None, render_template_as_native_obj=True) as dag:
        HubSpotUpdateContactOperator(task_id="native", records="{{ ti.xcom_pull('no_such_task') }}")

    run: Any = run_dag(dag)

    assert [str(each.state) for each in run.get_task_instances()] == ["failed"]


def test_at_parse_none_is_not_given() -> None:
    """A DAG file that says records=None has not said anything: exactly one source is needed."""
    with pytest.raises(ValueError, match="either records or sql"):
        HubSpotUpdateContactOperator(task_id="neither", records=None)
    assert (
        HubSpotUpdateContactOperator(task_id="sql", records=None, sql="SELECT 1", sql_conn_id="db").records
        is None
    )


def test_a_function_is_not_what_it_returns() -> None:
    """A task that was not called is told when the DAG is parsed."""

    @task
    def extract() -> list[dict[str, str]]:
        return []

    for function in (extract, list, dict.fromkeys):
        with pytest.raises(ValueError, match=r"call the task \(records=extract\(\)\)"):
            HubSpotUpdateContactOperator(task_id="uncalled", records=function)


@pytest.mark.parametrize("value", [None, withhold(None), "None", " None\n"])
def test_values(value: object) -> None:
    """None itself, as it is withheld, and as a template writes it."""
    with pytest.raises(SourceError, match=SENTENCE):
        records_of(value)
    assert repr(withhold(None)) == "None"
