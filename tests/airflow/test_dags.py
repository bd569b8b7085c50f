# SPDX-License-Identifier: Apache-2.0
"""The example DAGs, and what Airflow stores of a task, run by Airflow itself."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG, task
from airflow.providers.postgres.hooks.postgres import PostgresHook
from packaging.version import Version

from airflow_provider_hubcontact.operators.hubspot import HubSpotUpdateContactOperator, Ledger
from airflow_provider_hubcontact.sandbox import Definition, Sandbox
from airflow_provider_hubcontact.sync.model.outcome import SUCCESSES, Outcome
from demo.customers import EXPECTED, make_world
from tests.airflow.running import CONTACTS, connect, shown_fields, stored
from tests.airflow_home import EXAMPLE_DAGS, RunDag

try:
    from airflow.dag_processing.dagbag import DagBag
except ImportError:
    from airflow.models import DagBag


def _has(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


GOOD = SUCCESSES | {Outcome.NOT_FOUND}

HAS_PEOPLE = _has("airflow.sdk.execution_time.hitl")
"""Airflow asks people since 3.1."""

HAS_FORMS = HAS_PEOPLE and Version(version("apache-airflow-providers-standard")) >= Version("1.13")
"""Before, no DAG with an approval could have a parameter without a default."""


@pytest.fixture
def hubspot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(contacts=CONTACTS) as sandbox:
        connect(monkeypatch, sandbox.url, sandbox.token)
        yield sandbox


@pytest.fixture(scope="module")
def examples() -> DagBag:
    bag = DagBag(EXAMPLE_DAGS)
    errors = {Path(file).name for file in bag.import_errors}
    expected = set() if HAS_PEOPLE else {"update_contacts_approved.py"}
    if not HAS_FORMS:
        expected.add("undo_approved.py")
    assert errors == expected, bag.import_errors
    return bag


def states(run: Any) -> dict[str, str]:
    return {instance.task_id: str(instance.state) for instance in run.get_task_instances()}


def report(run: Any) -> dict[str, Any]:
    instance = run.get_task_instance("update_contacts")
    pulled: dict[str, Any] = instance.xcom_pull(task_ids="update_contacts")
    return pulled


def rendered(run: Any, map_index: int = -1, task_id: str = "update_contacts") -> dict[str, Any]:
    """Return the fields that Airflow stores and shows."""
    return shown_fields(run)[task_id, map_index]


def test_from_sql(run_dag: RunDag, examples: DagBag, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The demo's 5,000 customers end as they must; a second run knows what the first one has proved."""
    world = make_world()
    columns = list(world.customers[0])
    with sqlite3.connect(tmp_path / "warehouse.db") as database:
        database.execute(f"CREATE TABLE customers ({', '.join(columns)})")
        places = ", ".join(f":{column}" for column in columns)
        database.executemany(f"INSERT INTO customers VALUES ({places})", world.customers)  # noqa: S608
    warehouse = {"conn_type": "sqlite", "host": str(tmp_path / "warehouse.db")}
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps(warehouse))
    books = {"conn_type": "sqlite", "host": str(tmp_path / "state.db")}
    monkeypatch.setenv("AIRFLOW_CONN_STATE_DB", json.dumps(books))
    with Sandbox(contacts=world.contacts) as hubspot:
        connect(monkeypatch, hubspot.url, hubspot.token)
        dag = examples.dags["update_contacts_from_sql"]

        first = run_dag(dag)
        second = run_dag(dag)

    assert states(first) == states(second) == {"update_contacts": "success"}
    assert report(first)["outcomes"] == EXPECTED
    assert report(second)["outcomes"] == {
        "up_to_date": EXPECTED["updated"] + EXPECTED["unchanged"],
        "invalid": EXPECTED["invalid"],
        "not_found": EXPECTED["not_found"],
    }


def test_from_xcom(run_dag: RunDag, examples: DagBag, hubspot: Sandbox) -> None:
    """A task's output is synced, stays upstream, and does not show in the stored fields."""
    dag = examples.dags["update_contacts_from_xcom"]

    run = run_dag(dag)

    assert states(run) == {"extract": "success", "update_contacts": "success"}
    assert report(run)["outcomes"] == {"updated": 2, "unchanged": 1}
    assert stored(hubspot, "grace.hopper@example.com", "firstname") == "Grace"
    assert dag.get_task("update_contacts").upstream_task_ids == {"extract"}
    assert rendered(run)["records"] == "<3 records withheld>"
    assert "@example.com" not in json.dumps(rendered(run))


def test_mapped_tasks_withhold_their_records(run_dag: RunDag, hubspot: Sandbox) -> None:
    """Each of the mapped tasks gets its own records, and none of them shows them."""
    with DAG("mapped_records", start_date=datetime(2026, 1, 1, tzinfo=UTC), schedule=None) as dag:

        @task
        def chunks() -> list[list[dict[str, str]]]:
            return [
                [{"email": "ada@example.com", "city": "London"}],
                [{"email": "alan@example.com", "city": "Wilmslow"}],
            ]

        HubSpotUpdateContactOperator.partial(task_id="update_contacts").expand(records=chunks())

    run = run_dag(dag)

    assert states(run) == {"chunks": "success", "update_contacts": "success"}
    assert [stored(hubspot, f"{name}@example.com", "city") for name in ("ada", "alan")] == [
        "London",
        "Wilmslow",
    ]
    assert [rendered(run, index)["records"] for index in (0, 1)] == ["<1 record withheld>"] * 2


def test_data_that_is_bad_fails_on_the_first_try(run_dag: RunDag, hubspot: Sandbox) -> None:
    """A task with retries left does not use them for data that cannot heal; its report is kept."""
    with DAG("bad_data", start_date=datetime(2026, 1, 1, tzinfo=UTC), schedule=None) as dag:
        HubSpotUpdateContactOperator(
            task_id="update_contacts", records=[{"email": "nobody@example.com", "city": "x"}], retries=3
        )

    run = run_dag(dag)

    instance: Any = run.get_task_instance("update_contacts")
    assert (str(instance.state), instance.try_number) == ("failed", 1)
    assert report(run)["outcomes"] == {"not_found": 1}


def test_records_that_render_to_text_are_withheld(run_dag: RunDag, hubspot: Sandbox) -> None:
    """Records that a template renders to text are refused, and are not shown either."""
    with DAG("text", start_date=datetime(2026, 1, 1, tzinfo=UTC), schedule=None) as dag:

        @task
        def extract() -> list[dict[str, str]]:
            return [{"email": "ada@example.com"}]

        records = "{{ ti.xcom_pull('extract') }}"
        extract() >> HubSpotUpdateContactOperator(task_id="update_contacts", records=records)

    run = run_dag(dag)

    assert states(run)["update_contacts"] == "failed"
    assert rendered(run)["records"] == "<str withheld>"


def test_owners_are_told_of_bad_data(
    run_dag: RunDag, examples: DagBag, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The branch for refused records runs although the task that they failed is upstream of it."""
    number = Definition("firstname", "A number", "number", "number")
    with Sandbox(contacts=[{"email": "ada@example.com"}]) as hubspot:
        hubspot.portal.definitions["firstname"] = number
        connect(monkeypatch, hubspot.url, hubspot.token)

        run = run_dag(examples.dags["branch_on_outcomes"])

    assert states(run) == {
        "extract": "success",
        "update_contacts": "failed",
        "choose": "success",
        "tell_the_owners": "success",
        "create_the_missing": "skipped",
        "all_is_well": "skipped",
        "watch": "failed",
    }
    assert str(run.state) == "failed"


@pytest.mark.parametrize(
    ("outcomes", "following"),
    [
        (dict.fromkeys(SUCCESSES, 1), "all_is_well"),
        ({"updated": 1, "not_found": 1}, "create_the_missing"),
        *(
            ({"updated": 1, "not_found": 1, name: 1}, "tell_the_owners")
            for name in sorted(set(Outcome) - GOOD)
        ),
    ],
)
def test_nothing_else_is_well(examples: DagBag, outcomes: dict[str, int], following: str) -> None:
    """Whatever a record may come to."""
    choose: Any = examples.dags["branch_on_outcomes"].get_task("choose")

    assert choose.python_callable({"outcomes": outcomes}) == following


def test_branches(run_dag: RunDag, examples: DagBag, hubspot: Sandbox) -> None:
    """The report chooses the branch; the other branches are skipped."""
    run = run_dag(examples.dags["branch_on_outcomes"])

    assert states(run) == {
        "extract": "success",
        "update_contacts": "success",
        "choose": "success",
        "create_the_missing": "success",
        "tell_the_owners": "skipped",
        "all_is_well": "skipped",
        "watch": "skipped",
    }


def test_fails_on_purpose(run_dag: RunDag, examples: DagBag, hubspot: Sandbox) -> None:
    """It fails for three reasons, and writes what is well."""
    run = run_dag(examples.dags["fails_on_purpose"])

    assert states(run) == {"update_contacts": "failed"}
    assert report(run)["outcomes"] == {"updated": 1, "invalid": 2, "not_found": 2}
    assert {reason["code"] for reason in report(run)["reasons"]} == {"HC-102", "HC-103", "HC-210"}


def test_legacy_api(
    run_dag: RunDag, examples: DagBag, hubspot: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The legacy call stores the time of the value."""
    connection = json.loads(os.environ["AIRFLOW_CONN_HUBSPOT_DEFAULT"]) | {"extra": {"api_version": "v1"}}
    monkeypatch.setenv("AIRFLOW_CONN_HUBSPOT_LEGACY", json.dumps(connection))

    run = run_dag(examples.dags["update_contacts_legacy_api"])

    assert states(run)["update_contacts"] == "success"
    contact = hubspot.portal.contact("ada@example.com")
    assert contact is not None
    assert contact.history["jobtitle"][0].timestamp == 1_735_689_600_000


def test_incremental(
    run_dag: RunDag, examples: DagBag, hubspot: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The second run reads the last row alone."""
    with sqlite3.connect(tmp_path / "warehouse.db") as database:
        database.execute("CREATE TABLE customers (email, city, updated_at)")
        rows = [("ada@example.com", "Rome", "2026-01-01"), ("grace@example.com", "Oslo", "2026-01-02")]
        database.executemany("INSERT INTO customers VALUES (?, ?, ?)", rows)
    warehouse = {"conn_type": "sqlite", "host": str(tmp_path / "warehouse.db")}
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps(warehouse))

    first = run_dag(examples.dags["update_contacts_incremental"])
    second = run_dag(examples.dags["update_contacts_incremental"])

    assert report(first)["outcomes"] == {"updated": 2}
    assert report(second)["outcomes"] == {"unchanged": 1}


def test_who_left(run_dag: RunDag, examples: DagBag, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Unchanged rows take no call; the contact of a row that left is no customer any more."""
    for conn_id in ("warehouse", "state_db"):
        connection = {"conn_type": "sqlite", "host": str(tmp_path / f"{conn_id}.db")}
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(connection))
    emails = ["ada@example.com", "grace@example.com"]
    with sqlite3.connect(tmp_path / "warehouse.db") as database:
        database.execute("CREATE TABLE customers (email, city)")
        database.executemany("INSERT INTO customers VALUES (?, 'Rome')", [(email,) for email in emails])
    properties = [Definition("is_customer", "Customer", "bool", "booleancheckbox")]
    with Sandbox(contacts=[{"email": email} for email in emails], properties=properties) as hubspot:
        connect(monkeypatch, hubspot.url, hubspot.token)
        dag = examples.dags["update_contacts_who_left"]
        ended = [report(run_dag(dag)) for _ in range(2)]
        with sqlite3.connect(tmp_path / "warehouse.db") as database:
            database.execute("DELETE FROM customers WHERE email LIKE 'grace%'")
        ended += [report(run_dag(dag)) for _ in range(2)]

        are_customers = [stored(hubspot, email, "is_customer") for email in emails]

    assert [each["outcomes"] for each in ended] == [
        *({"updated": 2}, {"up_to_date": 2}, {"up_to_date": 1}, {"updated": 1, "up_to_date": 1})
    ]
    assert are_customers == ["true", "false"]


def test_audience(run_dag: RunDag, examples: DagBag, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The list has who is in the table, and whom somebody has added by hand; its calls are made once."""
    for conn_id in ("warehouse", "state_db"):
        connection = {"conn_type": "sqlite", "host": str(tmp_path / f"{conn_id}.db")}
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(connection))
    with sqlite3.connect(tmp_path / "warehouse.db") as database:
        database.execute("CREATE TABLE customers (email, first_name, segment)")
        rows = [(f"{name}@example.com", name, "Customers") for name in ("ada", "grace", "new")]
        database.executemany("INSERT INTO customers VALUES (?, ?, ?)", rows)
    with Sandbox(contacts=CONTACTS) as hubspot:
        connect(monkeypatch, hubspot.url, hubspot.token)
        portal, dag = hubspot.portal, examples.dags["update_contacts_audience"]

        def members() -> set[str]:
            (found,) = portal.lists.all()
            return {str(portal.contacts[each].properties["email"]) for each in found.members}

        ended = [report(run_dag(dag))]
        (made,) = portal.lists.all()
        alan = portal.contact("alan@example.com")
        assert alan is not None
        portal.lists.change(made, portal.collections["0-1"], [alan.id], [], portal.now())
        with sqlite3.connect(tmp_path / "warehouse.db") as database:
            database.execute("DELETE FROM customers WHERE email LIKE 'grace%'")
        ended += [report(run_dag(dag)) for _ in range(2)]

        assert members() == {"ada@example.com", "new@example.com", "alan@example.com"}

    assert ended[0]["outcomes"] == {"updated": 2, "created": 1}
    assert ended[0]["lists_created"] == ["Customers"]
    assert [each["lists"][made.id] for each in ended] == [
        {"name": "Customers", "added": 3},
        {"name": "Customers", "member": 2},
        {"name": "Customers", "member": 2, "removed": 1},
    ]


def test_decorated(run_dag: RunDag, examples: DagBag, hubspot: Sandbox) -> None:
    """What the function yields is in HubSpot."""
    run = run_dag(examples.dags["update_contacts_decorated"])

    assert states(run) == {"contacts": "success"}
    contact = hubspot.portal.contact("alan@example.com")
    assert contact is not None
    assert contact.properties["firstname"] == "Alan"


def test_partitioned(
    run_dag: RunDag, examples: DagBag, monkeypatch: pytest.MonkeyPatch, postgres_uri: str
) -> None:
    """Every row is in one part, and the folded report counts them all; a part that fails is no success."""
    contacts = [{"email": f"c{number:03}@example.com", "firstname": "old"} for number in range(120)]
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", postgres_uri)
    hook = PostgresHook("warehouse")
    hook.run(["DROP TABLE IF EXISTS customers", "CREATE TABLE customers (email text, first_name text)"])
    rows = [(contact["email"], f"new {place}") for place, contact in enumerate(contacts)]
    hook.insert_rows("customers", rows)
    with Sandbox(contacts=contacts) as sandbox:
        connect(monkeypatch, sandbox.url, sandbox.token)
        good: Any = run_dag(examples.dags["update_contacts_partitioned"], run_conf={"parts": 5})
        hook.run("UPDATE customers SET first_name = repeat('x', 70000) WHERE email = 'c007@example.com'")
        bad: Any = run_dag(examples.dags["update_contacts_partitioned"], run_conf={"parts": 5})

        names = [stored(sandbox, email, "firstname") for email, _ in rows]

    whole = good.get_task_instance("total").xcom_pull(task_ids="total")
    assert str(good.state) == "success"
    assert (whole["rows"], whole["outcomes"], whole["missing"]) == (120, {"updated": 120}, 0)
    assert names == [name for _, name in rows]
    assert str(bad.state) == "failed"
    again = bad.get_task_instance("total").xcom_pull(task_ids="total")
    assert again["outcomes"] == {"unchanged": 119, "invalid": 1}
    hook.run("DROP TABLE customers")


def test_from_dbt(
    run_dag: RunDag, examples: DagBag, hubspot: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A table that was rebuilt without a change takes no call; one changed row takes one."""
    warehouse, dag = tmp_path / "warehouse.db", examples.dags["update_contacts_from_dbt"]
    for name, file in (("WAREHOUSE", warehouse), ("STATE_DB", tmp_path / "state.db")):
        monkeypatch.setenv(f"AIRFLOW_CONN_{name}", json.dumps({"conn_type": "sqlite", "host": str(file)}))

    def rebuilt(city: str) -> dict[str, int]:
        with closing(sqlite3.connect(warehouse)) as database, database:
            database.execute("DROP TABLE IF EXISTS dim_customers")
            database.execute("CREATE TABLE dim_customers (email, first_name, city)")
            rows = [("new@example.com", "New", "Ulm"), ("ada@example.com", "Ada", city)]
            database.executemany("INSERT INTO dim_customers VALUES (?, ?, ?)", rows)
        outcomes: dict[str, int] = report(run_dag(dag))["outcomes"]
        return outcomes

    assert rebuilt("London") == {"updated": 1, "created": 1}
    assert rebuilt("London") == {"up_to_date": 2}
    assert rebuilt("Paris") == {"updated": 1, "up_to_date": 1}
    assert stored(hubspot, "ada@example.com", "city") == "Paris"


def test_examples_with_a_state_run_once_at_a_time(examples: DagBag) -> None:
    """Of two runs at once, the second would find the state in use and fail."""
    at_once = {
        dag_id: dag.max_active_runs
        for dag_id, dag in examples.dags.items()
        for task in dag.tasks
        if isinstance(task, HubSpotUpdateContactOperator) and task.state is not None
    }

    assert at_once == {
        f"update_contacts_{name}": 1 for name in ("audience", "from_dbt", "from_sql", "who_left")
    }


def test_mapped_tasks_with_a_state_each(
    run_dag: RunDag, hubspot: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Each part knows what it has proved; the folded report adds their figures up."""
    books = {"conn_type": "sqlite", "host": str(tmp_path / "state.db")}
    monkeypatch.setenv("AIRFLOW_CONN_STATE_DB", json.dumps(books))
    with DAG("states", start_date=datetime(2026, 1, 1, tzinfo=UTC), schedule=None) as dag:
        HubSpotUpdateContactOperator.partial(task_id="update_contacts").expand_kwargs(
            [
                {"records": [{"email": contact["email"], "city": "Ulm"}], "state": f"sql://state_db/part_{n}"}
                for n, contact in enumerate(CONTACTS[:2])
            ]
        )

    first, second = run_dag(dag), run_dag(dag)

    def outcomes(run: Any) -> list[dict[str, int]]:
        parts = [run.get_task_instance("update_contacts", map_index=n) for n in (0, 1)]
        return [
            each.xcom_pull(task_ids="update_contacts", map_indexes=each.map_index)["outcomes"]
            for each in parts
        ]

    assert outcomes(first) == [{"updated": 1}, {"updated": 1}]
    assert outcomes(second) == [{"up_to_date": 1}, {"up_to_date": 1}]


@pytest.mark.skipif(not HAS_PEOPLE, reason="Airflow asks people since 3.1")
def test_approved(
    run_dag: RunDag, examples: DagBag, hubspot: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What was planned is written after the approval; the person sees the totals, and approves this plan."""
    with sqlite3.connect(tmp_path / "w.db") as warehouse:
        warehouse.execute("CREATE TABLE customers (email, revenue)")
        rows = [("grace@example.com", 950_000), ("alan@example.com", 900_000)]
        warehouse.executemany("INSERT INTO customers VALUES (?, ?)", rows)
    monkeypatch.setenv(
        "AIRFLOW_CONN_WAREHOUSE", json.dumps({"conn_type": "sqlite", "host": str(tmp_path / "w.db")})
    )
    dag = examples.dags["update_contacts_approved"]

    conf = {"plans": str(tmp_path / "plans"), "ledger": str(tmp_path / "ledger")}
    run: Any = run_dag(dag, run_conf=conf, mark_success_pattern="approve")

    assert states(run) == {"plan": "success", "approve": "success", "apply": "success"}
    assert stored(hubspot, "grace@example.com", "salutation") == "Dear valued customer"
    assert list((tmp_path / "ledger").rglob("*.jsonl*")), "a run that can be undone"
    instance = run.get_task_instance("plan")
    (manifest,) = (tmp_path / "plans").rglob("plan.json")
    assert rendered(run, task_id="apply")["sha256"] == json.loads(manifest.read_bytes())["sha256"]
    approval: Any = dag.get_task("approve")
    body = dag.get_template_env().from_string(approval.body).render(ti=instance)
    assert "- changes: `1`" in body


@pytest.mark.skipif(not HAS_FORMS, reason="the standard provider has forms for a DAG's parameters since 1.13")
def test_undo_approved(run_dag: RunDag, examples: DagBag, hubspot: Sandbox, tmp_path: Path) -> None:
    """A run is undone after the approval; what somebody has edited since is left alone."""
    ledger = str(tmp_path / "ledger")
    with DAG("customers", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)) as dag:
        HubSpotUpdateContactOperator(
            task_id="update_contacts",
            records=[
                {"email": "ada@example.com", "firstname": "Augusta"},
                {"email": "grace@example.com", "firstname": "G.", "lifecyclestage": "customer"},
            ],
            ledger=Ledger(ledger, values=True),
        )
    first: Any = run_dag(dag)
    ada = hubspot.portal.contact("ada@example.com")
    assert ada
    hubspot.portal.update(ada, {"firstname": "Ada B."})
    conf = {"ledger": ledger, "run": f"customers/{first.run_id}", "plans": str(tmp_path / "plans")}
    undo = examples.dags["undo_approved"]

    run: Any = run_dag(undo, run_conf=conf, mark_success_pattern="approve")

    assert states(run) == {"plan": "success", "approve": "success", "apply": "success"}
    assert stored(hubspot, "ada@example.com", "firstname") == "Ada B."
    assert stored(hubspot, "grace@example.com", "firstname") == "Grace"
    assert stored(hubspot, "grace@example.com", "lifecyclestage") == "lead"
    approval: Any = undo.get_task("approve")
    instance = run.get_task_instance("plan")
    context = {"ti": instance, "params": conf}
    subject = undo.get_template_env().from_string(approval.subject).render(context)
    assert subject == f"Undo customers/{first.run_id} for 1 HubSpot contacts?"
