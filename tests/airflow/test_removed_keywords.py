# SPDX-License-Identifier: Apache-2.0
"""Keywords of early versions, and words that other providers use: told, or left alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG, task

from airflow_provider_hubcontact.operators.hubspot import HubSpotUpdateContactOperator
from airflow_provider_hubcontact.operators.keywords import REPLACED
from airflow_provider_hubcontact.operators.options import FromLedger, Guards, Key, Ledger, Writes
from airflow_provider_hubcontact.operators.plans import HubSpotApplyPlanOperator, HubSpotPlanContactsOperator
from airflow_provider_hubcontact.sandbox import Sandbox
from tests.airflow.running import CONTACTS, connect, stored
from tests.airflow_home import RunDag

START = datetime(2026, 1, 1, tzinfo=UTC)


def decorated(**settings: Any) -> None:
    with DAG("decorated", schedule=None, start_date=START):

        @task.hubspot_update_contact(task_id="x", **settings)
        def records() -> list[dict[str, Any]]:
            return []

        records()


MAKERS: dict[str, Callable[..., object]] = {
    "update": lambda **given: HubSpotUpdateContactOperator(task_id="x", records=[], **given),
    "plan": lambda **given: HubSpotPlanContactsOperator(task_id="x", records=[], **{"plan": "f", **given}),
    "apply": lambda **given: HubSpotApplyPlanOperator(task_id="x", **{"plan": "f", **given}),
    "decorator": decorated,
}
CASES = [
    pytest.param(maker, name, id=f"{maker} {name}")
    for maker in MAKERS
    for name in REPLACED
    if (maker, name) not in {("plan", "plan"), ("apply", "plan")}  # these have it
]


@pytest.mark.parametrize(("maker", "name"), CASES)
def test_a_keyword_that_is_gone(maker: str, name: str) -> None:
    """It is told with what is there instead, and breaks the DAG's import."""
    with pytest.raises(TypeError) as raised:
        MAKERS[maker](**{name: "x"})

    assert f"has no {name}: {REPLACED[name]}" in str(raised.value)


@pytest.mark.parametrize("maker", MAKERS)
def test_a_keyword_that_never_was(maker: str) -> None:
    """It is told with the nearest one, and without the value, which may be records."""
    with pytest.raises(TypeError, match=r"Operator has no retry_dely \(the nearest is retry_delay\)$"):
        MAKERS[maker](retry_dely=1)
    with pytest.raises(TypeError, match=r"Operator has no nonsense$"):
        MAKERS[maker](nonsense=[{"email": "ada@example.com"}])


@pytest.mark.parametrize("maker", ["update", "plan", "decorator"])
def test_a_misspelt_keyword(maker: str) -> None:
    """It is told with the nearest one of the operator's own."""
    with pytest.raises(TypeError, match=r"Operator has no max_failure \(the nearest is max_failures\)$"):
        MAKERS[maker](max_failure=1)


@pytest.mark.parametrize("operator", [HubSpotPlanContactsOperator, HubSpotApplyPlanOperator])
def test_a_misspelt_keyword_that_is_needed(operator: Any) -> None:
    """Airflow alone would tell that it is missing."""
    with pytest.raises(TypeError, match=rf"{operator.__name__} has no pln \(the nearest is plan\)$"):
        operator(task_id="x", pln="folder")
    with pytest.raises(Exception, match="missing keyword argument 'plan'"):
        operator(task_id="x")


@pytest.mark.parametrize("operator", [HubSpotUpdateContactOperator, HubSpotApplyPlanOperator])
def test_a_misspelt_keyword_of_a_mapped_task(operator: Any) -> None:
    """So is one of ``.partial()``."""
    with pytest.raises(TypeError, match=r"Operator has no deferable \(the nearest is deferrable\)$"):
        operator.partial(task_id="x", deferable=True)


def test_a_keyword_of_a_users_own_operator() -> None:
    """An operator that is made of one has the keywords of both."""

    class Nightly(HubSpotUpdateContactOperator):
        def __init__(self, *, table: str, **given: Any) -> None:
            super().__init__(records=[{"email": table}], **given)

    assert Nightly(task_id="x", table="crm").records
    with pytest.raises(TypeError, match=r"Nightly has no tabel \(the nearest is table\)$"):
        Nightly(task_id="x", table="crm", tabel="crm")


@pytest.mark.parametrize("maker", MAKERS)
def test_what_airflow_refuses_itself(maker: str) -> None:
    """Its own words are kept where no keyword is unknown."""
    with pytest.raises(Exception, match=r"trigger_rule|never_heard_of"):
        MAKERS[maker](trigger_rule="never_heard_of")


@pytest.mark.parametrize("maker", MAKERS)
def test_nothing_is_gone_without_need(maker: str) -> None:
    """Without such a keyword all of them can be made."""
    MAKERS[maker]()


def test_the_table_is_right() -> None:
    """What it names is there, and what it says is gone is."""
    made = HubSpotUpdateContactOperator(
        task_id="x",
        records=[],
        key=Key("column", property="email"),
        json_schema={},
        upsert=True,
        writes=Writes(
            nulls="clear",
            duplicates="reject",
            stages="keep",
            properties={"a": "append"},
            create_properties=True,
            timestamp="at",
        ),
        ledger=Ledger("path", values=True),
        guards=Guards(changes=1, creates=1),
    )
    again = HubSpotUpdateContactOperator(task_id="y", records=FromLedger("path", outcomes=["invalid"]))

    assert not any(hasattr(made, name) for name in REPLACED if name != "plan")
    assert again.replay == FromLedger("path", outcomes=["invalid"])


@pytest.fixture
def hubspot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(contacts=CONTACTS) as sandbox:
        connect(monkeypatch, sandbox.url, sandbox.token)
        yield sandbox


def test_default_args_for_others(hubspot: Sandbox, run_dag: RunDag, tmp_path: Any) -> None:
    """Other providers' tasks have a ``mode`` or a ``schema``, which a DAG may set for all tasks."""
    defaults = {**dict.fromkeys(REPLACED, "theirs"), "autocommit": True, "database": "theirs"}
    with DAG("defaults", schedule=None, start_date=START, default_args=defaults) as dag:
        records = [{"email": "ada@example.com", "firstname": "A"}]
        HubSpotUpdateContactOperator(task_id="update", records=records)
        HubSpotUpdateContactOperator.partial(task_id="mapped").expand(records=[records])

        @task.hubspot_update_contact
        def decorated() -> list[dict[str, str]]:
            return records

        planned = [{"email": "alan@example.com", "firstname": "B"}]
        plan = HubSpotPlanContactsOperator(task_id="plan", plan=str(tmp_path), records=planned)
        apply = HubSpotApplyPlanOperator(task_id="apply", plan=str(tmp_path))
        # A decorated task that is mapped gets all of them from Airflow 2.11, Airflow's own tasks too.
        plan >> apply >> decorated()

    run = run_dag(dag)

    assert {each.task_id: str(each.state) for each in run.get_task_instances()} == {
        "update": "success",
        "mapped": "success",
        "decorated": "success",
        "plan": "success",
        "apply": "success",
    }
    assert stored(hubspot, "ada@example.com", "firstname") == "A"
    assert stored(hubspot, "alan@example.com", "firstname") == "B"
