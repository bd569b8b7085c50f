# SPDX-License-Identifier: Apache-2.0
"""Lists in DAGs: rendered, shared, mapped, serialised, shown and told, by Airflow itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG, task
from jinja2 import Environment, StrictUndefined

from airflow_provider_hubcontact.notifications.hubspot import SYNC_HTML, SYNC_TEXT
from airflow_provider_hubcontact.operators.errors import HubSpotSyncFailed
from airflow_provider_hubcontact.operators.hubspot import HubSpotUpdateContactOperator
from airflow_provider_hubcontact.operators.options import Lists
from airflow_provider_hubcontact.operators.plans import HubSpotPlanContactsOperator
from airflow_provider_hubcontact.operators.stores.ledger_files import all_lines
from airflow_provider_hubcontact.sandbox import Sandbox
from tests.airflow.running import CONTACTS, SERIALIZED, connect, run, shown_fields
from tests.airflow_home import RunDag

ADA = {"email": "ada@example.com", "firstname": "Augusta"}
GRACE = {"email": "grace@example.com", "firstname": "Grace"}


@pytest.fixture
def hubspot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(contacts=CONTACTS) as sandbox:
        connect(monkeypatch, sandbox.url, sandbox.token)
        for name in ("Leads", "Customers"):
            sandbox.portal.lists.create(name, "0-1", "MANUAL", sandbox.portal.now())
        yield sandbox


def a_dag(name: str, **settings: Any) -> DAG:
    return DAG(name, schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC), **settings)


def members(hubspot: Sandbox) -> dict[str, set[str]]:
    """The names of the contacts in each list that is not empty."""
    portal = hubspot.portal
    named = {
        each.name: {str(portal.contacts[one].properties["email"]).partition("@")[0] for one in each.members}
        for each in portal.lists.all()
    }
    return {name: contacts for name, contacts in named.items() if contacts}


def shown(dag_run: Any, task_id: str = "sync", map_index: int = -1) -> Any:
    """The field that Airflow stores and shows."""
    return shown_fields(dag_run)[task_id, map_index]["lists"]


def test_templates_in_them(hubspot: Sandbox, run_dag: RunDag) -> None:
    """A name, as text or in an object or mapping, and a column; the fields show what they rendered to."""
    names = {"list": "Customers", "column": "segment"}
    with a_dag("rendered_lists", params=names) as dag:
        forms: dict[str, Any] = {
            "text": "{{ params.list }}",
            "object": Lists("{{ params.list }}"),
            "mapping": {"name": "{{ params.list }}"},
            "column": Lists(column="{{ params.column }}"),
        }
        for task_id, lists in forms.items():
            made = HubSpotUpdateContactOperator(
                task_id=task_id,
                records=[{**ADA, "segment": "Leads"}],
                mapping={"firstname": "firstname"},
                lists=lists,
            )
            if dag.task_ids != [task_id]:
                dag.get_task(dag.task_ids[-2]) >> made

    ended = run_dag(dag)

    assert str(ended.state) == "success"
    assert members(hubspot) == {"Customers": {"ada"}, "Leads": {"ada"}}
    for task_id in dag.task_ids:
        field = json.dumps(shown(ended, task_id))
        assert ("segment" if task_id == "column" else "Customers") in field
        assert "{{" not in field


def test_one_object_for_many_tasks(hubspot: Sandbox, run_dag: RunDag) -> None:
    """Each renders its own copy; the DAG's own object is as it was."""
    given = Lists("{{ task.task_id }}")
    with a_dag("shared_lists", default_args={"lists": given}) as dag:
        HubSpotUpdateContactOperator(task_id="Leads", records=[ADA])
        HubSpotUpdateContactOperator(task_id="Customers", records=[GRACE])

    run_dag(dag)

    assert members(hubspot) == {"Leads": {"ada"}, "Customers": {"grace"}}
    assert given == Lists("{{ task.task_id }}")


def test_mapped(hubspot: Sandbox, run_dag: RunDag) -> None:
    """One object for all of the tasks, and one for each; what another task names is data, and no template."""
    with a_dag("mapped_lists") as dag:

        @task
        def names() -> list[dict[str, Any]]:
            return [{"lists": "Leads"}, {"lists": {"name": "{{ 1 }}", "create": True}}]

        HubSpotUpdateContactOperator.partial(task_id="partial", lists=Lists("{{ 'Customers' }}")).expand(
            records=[[ADA], [GRACE]]
        )
        HubSpotUpdateContactOperator.partial(task_id="expanded", records=[ADA]).expand_kwargs(names())

    ended = run_dag(dag)

    assert str(ended.state) == "success"
    assert members(hubspot) == {"Customers": {"ada", "grace"}, "Leads": {"ada"}, "{{ 1 }}": {"ada"}}
    assert "Customers" in json.dumps(shown(ended, "partial", 1))


def test_decorated(hubspot: Sandbox, run_dag: RunDag) -> None:
    """The decorator takes it as the operator does."""
    with a_dag("decorated_lists") as dag:

        @task.hubspot_update_contact(lists=Lists(column="segment"))
        def sync() -> Iterator[dict[str, str]]:
            yield {**ADA, "segment": "Leads"}
            yield {**ADA, "segment": "Customers"}

        sync()

    ended = run_dag(dag)

    (instance,) = ended.get_task_instances()
    report = instance.xcom_pull(task_ids="sync")
    assert report["outcomes"] == {"updated": 1, "superseded": 1}
    assert sorted((each["name"], each["added"]) for each in report["lists"].values()) == [
        ("Customers", 1),
        ("Leads", 1),
    ]
    assert members(hubspot) == {"Leads": {"ada"}, "Customers": {"ada"}}


def test_there_and_back() -> None:
    """A DAG with them is stored, and read again, the same each time."""

    def made() -> DAG:
        with a_dag("serialised_lists") as dag:
            HubSpotUpdateContactOperator(
                task_id="sync", records=[], lists=Lists(column="segment", create=True)
            )
            HubSpotUpdateContactOperator.partial(task_id="mapped", records=[]).expand(
                lists=["Leads", Lists("Customers")]
            )
        return dag

    first, second = (json.dumps(SERIALIZED.to_dict(made()), sort_keys=True) for _ in range(2))
    back = SERIALIZED.from_dict(json.loads(first))

    assert first == second
    assert "Lists(name='Customers')" in first
    assert "object at" not in first
    assert "segment" in str(back.get_task("sync").lists)


@pytest.mark.parametrize(
    ("lists", "says"),
    [
        (
            {"nane": "x"},
            "lists has the fields name, column, create, mirror, batch_size, not nane (the nearest is name)",
        ),
        (Lists(), "lists needs either the name of a list, or the column that names the lists"),
        (Lists("x", column="y"), "lists needs either the name of a list"),
        (" ", "lists.name must be the name or the id of one list, as text, not ' '"),
        (1042, "lists.name must be the name or the id of one list, as text, not 1042"),
        (["Leads"], "lists.name must be the name or the id of one list, as text, not ['Leads']"),
        (Lists("x", batch_size=0), "lists.batch_size must be a number from 1 to 100,000, not 0"),
        (Lists("x", mirror=True), "lists.mirror has no effect without state"),
    ],
)
def test_what_cannot_be_one(lists: Any, says: str) -> None:
    """It is told when the DAG file is parsed."""
    with pytest.raises(ValueError, match=r".") as raised:
        HubSpotUpdateContactOperator(task_id="sync", records=[ADA], lists=lists)

    assert says in str(raised.value)


def test_a_plan_has_no_lists() -> None:
    """It would be applied without them."""
    with pytest.raises(ValueError, match="lists has no effect with a plan"):
        HubSpotPlanContactsOperator(task_id="plan", plan="folder", records=[ADA], lists="Customers")


def test_the_legacy_api(hubspot: Sandbox) -> None:
    """It does not tell whom it has written, so that the task fails before it writes."""
    ended = run(records=[ADA], lists="Customers", api_version="v1")

    assert isinstance(ended.error, HubSpotSyncFailed)
    assert "cannot be put into a list" in str(ended.error)
    assert members(hubspot) == {}


def test_the_ledger_tells(hubspot: Sandbox, tmp_path: Path) -> None:
    """In which list each contact is, and since when; a dry run says nothing of lists."""
    dry = run(records=[ADA], lists="Customers", dry_run=True)
    for name in ("a", "b"):
        run(records=[ADA], lists="Customers", ledger=str(tmp_path / name))

    lines = [next(iter(all_lines(str(tmp_path / name)))) for name in ("a", "b")]
    (customers,) = (each.id for each in hubspot.portal.lists.all() if each.name == "Customers")
    assert [(each["list_id"], each["membership"]) for each in lines] == [
        (customers, "added"),
        (customers, "member"),
    ]
    assert (dry.error, dry.report["lists"]) == (None, {})


def test_a_notifiers_text(hubspot: Sandbox) -> None:
    """It has the counts of all lists together, and no name, which may be a row's value."""
    rows = [
        {**each, "segment": name} for each, name in ((ADA, "Leads"), (GRACE, "Leads"), (ADA, "Customers"))
    ]
    run(records=rows[:1], lists=Lists(column="segment"))
    ended = run(records=rows, lists=Lists(column="segment"))

    def told(template: str, report: dict[str, Any]) -> str:
        def pull(key: str = "return_value", **_: Any) -> Any:
            return report if key == "return_value" else None

        ti = {"xcom_pull": pull, "dag_id": "d", "task_id": "t", "run_id": "r", "map_index": -1}
        return Environment(autoescape=True, undefined=StrictUndefined).from_string(template).render(ti=ti)

    for template in (SYNC_TEXT, SYNC_HTML):
        assert "2 lists, 2 added, 1 member" in told(template, ended.report)
        assert "Leads" not in told(template, ended.report)
        many = {**ended.report, "more_lists": {"count": 1_900, "added": 1_898, "removed": 2}}
        assert "1,902 lists, 1,900 added, 1 member, 2 removed" in told(template, many)
        older = {name: value for name, value in ended.report.items() if name != "lists"}
        assert "list" not in told(template, older)
