# SPDX-License-Identifier: Apache-2.0
"""Value objects in DAGs: rendered, shared, mapped, serialised and shown, by Airflow itself."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from airflow.providers.common.compat.sdk import DAG, ObjectStoragePath, task

from airflow_provider_hubcontact.operators.errors import HubSpotSyncFailed
from airflow_provider_hubcontact.operators.hubspot import HubSpotUpdateContactOperator
from airflow_provider_hubcontact.operators.options import FromLedger, Guards, Key, Ledger, Values, Writes
from airflow_provider_hubcontact.operators.plans import HubSpotApplyPlanOperator, HubSpotPlanContactsOperator
from airflow_provider_hubcontact.sandbox import Sandbox
from tests.airflow.running import CONTACTS, SERIALIZED, connect, shown_fields, stored
from tests.airflow_home import RunDag

ADA = {"email": "ada@example.com", "firstname": "A"}


@pytest.fixture
def hubspot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(contacts=CONTACTS) as sandbox:
        connect(monkeypatch, sandbox.url, sandbox.token)
        yield sandbox


def a_dag(name: str, **settings: Any) -> DAG:
    return DAG(name, schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC), **settings)


def states(run: Any) -> dict[str, str]:
    return {f"{each.task_id}[{each.map_index}]": str(each.state) for each in run.get_task_instances()}


def outcomes(run: Any, task_id: str) -> list[dict[str, int]]:
    """What became of the records of each task instance, by map index."""
    found = [each for each in run.get_task_instances() if each.task_id == task_id]
    reports = [
        each.xcom_pull(task_ids=task_id, map_indexes=each.map_index)
        for each in sorted(found, key=lambda each: each.map_index)
    ]
    return [each["outcomes"] for each in reports]


def shown(run: Any, task_id: str, map_index: int = -1) -> dict[str, str]:
    """The fields that Airflow stores and shows, as it prints them."""
    kept = shown_fields(run)[task_id, map_index]
    return {name: json.dumps(value) for name, value in kept.items()}


def ledgers(folder: Path) -> set[str]:
    """Names of the ledgers in a folder."""
    return {path.relative_to(folder).parts[0] for path in folder.rglob("*.jsonl")}


def test_templates_in_them(hubspot: Sandbox, run_dag: RunDag, tmp_path: Path) -> None:
    """Each field that is a template is rendered, and the task does as it then says."""
    with a_dag("rendered_objects", params={"column": "old", "property": "firstname"}) as dag:
        HubSpotUpdateContactOperator(
            task_id="sync",
            records=[
                {"old": "ada@example.com", "new": "countess@example.com", "firstname": "A", "city": "Rome"}
            ],
            key=Key("{{ params.column }}", property="{{ 'email' }}", becomes="{{ 'new' }}"),
            writes=Writes(properties={"firstname": "{{ 'fill_empty' }}"}),
            ledger=Ledger(f"{tmp_path}/{{{{ task.task_id }}}}", values=True),
        )
        sent = HubSpotUpdateContactOperator(
            task_id="again",
            records=FromLedger(f"{tmp_path}/{{{{ 'sync' }}}}", outcomes=["updated"]),
            key=Key("old", becomes="new"),
        )
        dag.get_task("sync") >> sent

    run = run_dag(dag)

    assert states(run) == {"sync[-1]": "success", "again[-1]": "success"}
    assert outcomes(run, "sync") == [{"updated": 1}]
    assert outcomes(run, "again") == [{"updated": 1}]  # without the mode, which the ledger does not keep
    assert stored(hubspot, "countess@example.com", "city") == "Rome"
    assert ledgers(tmp_path) == {"sync"}
    for name, value in {
        "key": ("old", "new"),
        "writes": ("firstname", "fill_empty"),
        "ledger": (f"{tmp_path}/sync", "values"),
    }.items():
        assert all(part in shown(run, "sync")[name] for part in value)
    assert f"{tmp_path}/sync" in shown(run, "again")["replay"]


def test_texts_of_the_source(hubspot: Sandbox, run_dag: RunDag) -> None:
    """They are read as the task says; formats of dates are templates, and the page shows what was asked."""
    values = {"null_texts": ["N/A", "None"], "dates": "%d.%m.%Y", "decimal": ","}
    with a_dag("texts", params={"form": "%d/%m/%Y"}, default_args={"values": values}) as dag:
        first = HubSpotUpdateContactOperator(
            task_id="first",
            records=[{**ADA, "city": "N/A", "date_of_birth": "None"}],
            writes=Writes(nulls="clear"),
        )
        second = HubSpotUpdateContactOperator(
            task_id="second",
            records=[{**ADA, "city": "Rome", "numemployees": "N/A"}, {**ADA, "hs_buying_role": "Champion"}],
            values=Values(labels=True, dates="{{ params.form }}", null_texts=["N/A"]),
        )

        @task.hubspot_update_contact(values={"labels": True})
        def third() -> list[dict[str, str]]:
            return [{**ADA, "lifecyclestage": "Customer", "hubspot_owner_id": "olivia@example.com"}]

        first >> second >> third()

    run = run_dag(dag)

    assert states(run) == {"first[-1]": "success", "second[-1]": "success", "third[-1]": "success"}
    assert outcomes(run, "first") == [{"updated": 1}]
    assert stored(hubspot, "ada@example.com", "city") == "Rome"
    assert stored(hubspot, "ada@example.com", "hs_buying_role") == "CHAMPION"
    assert stored(hubspot, "ada@example.com", "lifecyclestage") == "customer"
    assert stored(hubspot, "ada@example.com", "hubspot_owner_id") == "4711"
    assert "%d/%m/%Y" in shown(run, "second")["values"]
    (second_try,) = (each for each in run.get_task_instances() if each.task_id == "second")
    assert second_try.xcom_pull(task_ids="second")["coercions"]["counts"] == {
        "a text of values.null_texts is read as None": 1,
        "a label is written as its option's value": 1,
    }


def test_the_legacy_apis_timestamp(
    hubspot: Sandbox, run_dag: RunDag, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its column is a template, and so are definitions of properties that are created."""
    connect(monkeypatch, hubspot.url, hubspot.token, api_version="v1")
    with a_dag("rendered_writes", params={"column": "at", "label": "Tier of the year"}) as dag:
        HubSpotUpdateContactOperator(
            task_id="sync",
            records=[{**ADA, "tier": "gold", "at": 1_700_000_000_000}],
            writes=Writes(
                timestamp="{{ params.column }}",
                create_properties={"tier": {"type": "string", "label": "{{ params.label }}"}},
            ),
        )

    run = run_dag(dag)

    contact = hubspot.portal.contact("ada@example.com")
    assert contact is not None
    assert outcomes(run, "sync") == [{"updated": 1}]
    assert contact.history["firstname"][0].timestamp == 1_700_000_000_000
    assert hubspot.portal.definitions["tier"].label == "Tier of the year"


def test_one_object_for_many_tasks(hubspot: Sandbox, run_dag: RunDag, tmp_path: Path) -> None:
    """Each renders its own copy; the DAG's own object is as it was, also after a second run."""
    shared = Ledger(f"{tmp_path}/{{{{ task.task_id }}}}-{{{{ params.name }}}}")
    writes = Writes(properties={"firstname": "{{ 'fill_empty' if task.task_id == 'a' else 'overwrite' }}"})
    before = shared.fields(), writes.fields()
    defaults = {"ledger": shared, "writes": writes, "retries": 0}
    with a_dag("shared_objects", default_args=defaults, params={"name": "none"}) as dag:
        for name in ("a", "b"):
            HubSpotUpdateContactOperator(task_id=name, records=[{**ADA, "city": name}])
        dag.get_task("a") >> dag.get_task("b")

    runs = {name: run_dag(dag, run_conf={"name": name}) for name in ("one", "two")}

    assert ledgers(tmp_path) == {"a-one", "b-one", "a-two", "b-two"}
    for name, run in runs.items():
        assert f"{tmp_path}/a-{name}" in shown(run, "a")["ledger"]
        assert f"{tmp_path}/b-{name}" in shown(run, "b")["ledger"]
        assert "fill_empty" in shown(run, "a")["writes"]
        assert "overwrite" in shown(run, "b")["writes"]
    assert (shared.fields(), writes.fields()) == before
    for name in ("a", "b"):
        own: Any = dag.get_task(name)
        assert (own.ledger, own.writes) == (shared, writes)


class TestMapped:
    def test_partial(self, hubspot: Sandbox, run_dag: RunDag, tmp_path: Path) -> None:
        """One object stands for all of the mapped tasks; each renders it for itself."""
        writes = Writes(nulls="clear", properties={"city": "{{ 'fill_empty' }}"})
        with a_dag("partial_objects") as dag:
            HubSpotUpdateContactOperator.partial(
                task_id="sync",
                writes=writes,
                key=Key("{{ 'mail' }}"),
                ledger=Ledger(f"{tmp_path}/{{{{ ti.map_index }}}}"),
                guards=Guards(changes=1),
            ).expand(
                records=[
                    [{"mail": "ada@example.com", "jobtitle": None, "city": "Rome"}],
                    [{"mail": "alan@example.com", "city": "Wilmslow"}, {"mail": "grace@example.com"}],
                ]
            )

        first, second = run_dag(dag), run_dag(dag)

        assert outcomes(first, "sync") == [{"updated": 1}, {"updated": 1, "unchanged": 1}]
        assert outcomes(second, "sync") == [{"unchanged": 1}, {"unchanged": 2}]
        assert not stored(hubspot, "ada@example.com", "jobtitle")
        assert ledgers(tmp_path) == {"0", "1"}
        assert f"{tmp_path}/1" in shown(first, "sync", 1)["ledger"]
        assert writes.properties == {"city": "{{ 'fill_empty' }}"}

    def test_words_of_each_source(self, hubspot: Sandbox, run_dag: RunDag) -> None:
        """Each mapped task reads the texts of its rows in its own way; formats of dates are templates."""
        with a_dag("mapped_words") as dag:
            HubSpotUpdateContactOperator.partial(task_id="sync").expand_kwargs(
                [
                    {
                        "records": [{**ADA, "firstname": "{{ 'no' }}", "followercount": "1.234"}],
                        "values": Values(decimal=",", null_texts=["{{ 'no' }}"]),
                    },
                    {
                        "records": [
                            {
                                "email": "grace@example.com",
                                "followercount": "1.234",
                                "closedate": "01.02.2026",
                            }
                        ],
                        "values": {"decimal": ".", "dates": "{{ '%d.%m.%Y' }}"},
                    },
                ]
            )
        dag_run = run_dag(dag)

        assert [*states(dag_run).values()] == ["success", "success"]
        assert stored(hubspot, "ada@example.com", "firstname") == "Ada"
        assert stored(hubspot, "ada@example.com", "followercount") == "1234"
        assert str(stored(hubspot, "grace@example.com", "closedate")).startswith("2026-02-01")
        assert stored(hubspot, "grace@example.com", "followercount") == "1.234"

    def test_expand(self, hubspot: Sandbox, run_dag: RunDag, tmp_path: Path) -> None:
        """Each task may have an object of its own, which is a template as elsewhere; so may a mapping be."""
        with a_dag("expanded_objects") as dag:
            HubSpotUpdateContactOperator.partial(task_id="sync", records=[ADA]).expand_kwargs(
                [
                    {"ledger": Ledger(f"{tmp_path}/{{{{ 'a' }}}}")},
                    {"ledger": {"path": f"{tmp_path}/{{{{ 'b' }}}}"}, "key": {"becomes": "{{ 'new' }}"}},
                ]
            )
            HubSpotUpdateContactOperator.partial(task_id="each", records=[ADA]).expand(
                ledger=[Ledger(f"{tmp_path}/c"), f"{tmp_path}/{{{{ 'd' }}}}"]
            )

        run = run_dag(dag)

        assert set(states(run).values()) == {"success"}
        assert ledgers(tmp_path) == {"a", "b", "c", "d"}
        assert "new" in shown(run, "sync", 1)["key"]

    def test_what_another_task_gave(self, hubspot: Sandbox, run_dag: RunDag, tmp_path: Path) -> None:
        """It is data, and no template; what the DAG file gives beside it is one, in whatever form."""
        secret = "{{ 'rendered' }}"
        with a_dag(
            "objects_of_tasks",
            default_args={
                "writes": {"properties": {"firstname": "{{ 'fill_empty' }}"}},
                "key": Key(becomes="{{ 'new' }}"),
            },
        ) as dag:

            @task
            def parts() -> list[dict[str, Any]]:
                return [{"ledger": {"path": f"{tmp_path}/{secret}"}}]

            HubSpotUpdateContactOperator.partial(task_id="sync", records=[ADA]).expand_kwargs(parts())

        run = run_dag(dag)

        assert states(run)["sync[0]"] == "success"
        assert ledgers(tmp_path) == {secret}
        assert "fill_empty" in shown(run, "sync", 0)["writes"]
        assert "new" in shown(run, "sync", 0)["key"]
        assert "{{" not in shown(run, "sync", 0)["writes"] + shown(run, "sync", 0)["key"]

    def test_rows_of_a_ledger(self, hubspot: Sandbox, run_dag: RunDag, tmp_path: Path) -> None:
        """The ledger's path is a template in a mapped task as well, also beside another task's output."""
        with a_dag("mapped_replay") as dag:

            @task
            def parts() -> list[dict[str, Any]]:
                return [{"mapping": {"firstname": "firstname"}}]

            sync = HubSpotUpdateContactOperator(task_id="sync", records=[ADA], ledger=str(tmp_path / "l"))
            again = HubSpotUpdateContactOperator.partial(
                task_id="again",
                records=FromLedger(f"{tmp_path}/{{{{ 'l' }}}}", outcomes=["updated"], among=[ADA]),
            ).expand_kwargs(parts())
            sync >> again

        run = run_dag(dag)

        assert outcomes(run, "again") == [{"unchanged": 1}]
        assert f"{tmp_path}/l" in shown(run, "again", 0)["replay"]
        assert "@example.com" not in json.dumps(shown(run, "again", 0))


class TestOutputs:
    def test_an_output_in_an_object(self, hubspot: Sandbox, run_dag: RunDag) -> None:
        """Airflow looks into lists and dicts only; the task comes after the other one all the same."""
        with a_dag("output_in_object") as dag:

            @task
            def modes() -> dict[str, str]:
                return {"firstname": "fill_empty"}

            @task
            def column() -> str:
                return "new"

            @task
            def records() -> list[dict[str, str]]:
                return [{**ADA, "city": "Rome", "new": "countess@example.com"}]

            given: Any = modes()
            HubSpotUpdateContactOperator(
                task_id="sync",
                records=records(),
                writes=Writes(properties=given),
                key={"becomes": column()},
            )

        run = run_dag(dag)

        assert dag.get_task("sync").upstream_task_ids == {"records", "modes", "column"}
        assert outcomes(run, "sync") == [{"updated": 1}]
        assert stored(hubspot, "countess@example.com", "firstname") == "Ada"
        assert stored(hubspot, "countess@example.com", "city") == "Rome"

    def test_rows_to_choose_among(self, hubspot: Sandbox, run_dag: RunDag, tmp_path: Path) -> None:
        """They are another task's output as records are: withheld, and waited for."""
        with a_dag("output_among") as dag:

            @task
            def records() -> list[dict[str, str]]:
                return [ADA, {"email": "alan@example.com", "firstname": "B"}]

            sync = HubSpotUpdateContactOperator(
                task_id="sync", records=[{**ADA, "firstname": "x" * 70_000}], ledger=str(tmp_path)
            )
            again = HubSpotUpdateContactOperator(
                task_id="again", records=FromLedger(str(tmp_path), among=records()), trigger_rule="all_done"
            )
            sync >> again

        run = run_dag(dag)

        assert again.upstream_task_ids == {"sync", "records"}
        assert outcomes(run, "again") == [{"updated": 1}]
        assert shown(run, "again")["records"] == '"<2 records withheld>"'
        assert "@example.com" not in json.dumps(shown(run, "again"))

    @pytest.mark.parametrize("kind", ["partial", "expand", "among"])
    def test_an_output_in_an_object_of_a_mapped_task(
        self, hubspot: Sandbox, run_dag: RunDag, kind: str
    ) -> None:
        """It would not be waited for, and be nothing when the task begins: the task fails and says so."""
        with a_dag(f"output_in_{kind}") as dag:

            @task
            def modes() -> dict[str, str]:
                return {"firstname": "fill_empty"}

            sync, given = HubSpotUpdateContactOperator.partial, cast("Any", modes())
            if kind == "partial":
                mapped = sync(task_id="sync", writes=Writes(properties=given)).expand(records=[[ADA]])
            elif kind == "expand":
                mapped = sync(task_id="sync", records=[ADA]).expand(writes=[Writes(properties=given)])
            else:
                mapped = sync(task_id="sync", records=FromLedger("l", among=given)).expand(
                    hubspot_conn_id=["hubspot_default"]
                )

        run = run_dag(dag)

        assert mapped.upstream_task_ids == set()
        assert states(run)["sync[0]"] == "failed"
        assert stored(hubspot, "ada@example.com", "firstname") == "Ada"

    def test_an_output_for_all_of_an_object(self, hubspot: Sandbox, run_dag: RunDag) -> None:
        """A mapped task gets its fields, as a mapping, from the other task."""
        with a_dag("output_as_object") as dag:

            @task
            def writes() -> list[dict[str, Any]]:
                return [{"properties": {"firstname": "fill_empty"}}, {"nulls": "clear"}]

            HubSpotUpdateContactOperator.partial(task_id="sync", records=[{**ADA, "jobtitle": None}]).expand(
                writes=writes()
            )

        run = run_dag(dag)

        assert outcomes(run, "sync") == [{"unchanged": 1}, {"updated": 1}]
        assert stored(hubspot, "ada@example.com", "jobtitle") == ""

    def test_a_whole_object_of_one_task(self) -> None:
        """It is told where the DAG is parsed: only the task's run could tell what it is."""
        with a_dag("whole_object"):

            @task
            def writes() -> dict[str, Any]:
                return {}

            given: Any = writes()
            for keyword in ("writes", "guards"):
                with pytest.raises(ValueError, match=f"{keyword} must be "):
                    HubSpotUpdateContactOperator(task_id=f"with_{keyword}", records=[], **{keyword: given})


class TestSerialised:
    def a_dag(self) -> DAG:
        with a_dag("serialised_objects", default_args={"ledger": Ledger("{{ ds }}", values=True)}) as dag:

            @task
            def modes() -> dict[str, str]:
                return {}

            given: Any = modes()
            HubSpotUpdateContactOperator(
                task_id="sync",
                records=FromLedger("{{ ds }}/old", outcomes=["invalid"], among=[ADA]),
                key=Key("old", becomes="new"),
                writes=Writes(properties=given),
                guards=Guards(changes=0.5),
            )
            HubSpotUpdateContactOperator.partial(task_id="mapped", writes=Writes(nulls="clear")).expand(
                records=[[ADA]]
            )
            HubSpotUpdateContactOperator.partial(task_id="expanded", records=[]).expand(
                ledger=[Ledger("l"), Ledger("m")]
            )
            HubSpotPlanContactsOperator(
                task_id="plan", plan="{{ ds }}", records=[], writes={"nulls": "clear"}
            )
            HubSpotApplyPlanOperator(task_id="apply", plan="{{ ds }}", sha256="{{ run_id }}")
        return dag

    def test_there_and_back(self) -> None:
        """A DAG with them is stored, and read again; records are not in it but where the file has them."""
        kept = SERIALIZED.to_dict(self.a_dag())

        back = SERIALIZED.from_dict(json.loads(json.dumps(kept)))

        sync: Any = back.get_task("sync")
        assert set(back.task_ids) == {"modes", "sync", "mapped", "expanded", "plan", "apply"}
        assert sync.upstream_task_ids == {"modes"}
        for name, says in {
            "ledger": "{{ ds }}",
            "replay": "{{ ds }}/old",
            "key": "new",
            "guards": "0.5",
            "writes": "modes",
        }.items():
            assert says in str(getattr(sync, name))
        assert "@example.com" not in str(sync.replay)
        assert "clear" in str(back.get_task("plan").writes)
        assert back.get_task("apply").sha256 == "{{ run_id }}"

    def test_what_is_stored_is_json(self) -> None:
        """Airflow 3.1 stores what an object says of itself, unchanged."""
        with a_dag("stored_objects"):

            @task
            def modes() -> dict[str, str]:
                return {}

            given: Any = modes()
            writes = Writes(properties={"city": given}).serialize()
            outcomes: Any = {"invalid", "unknown", "rejected"}
        among = FromLedger("l", outcomes=outcomes).serialize()

        assert "modes" in json.dumps(writes)
        assert among["outcomes"] == ["invalid", "rejected", "unknown"]

    def test_it_is_the_same_each_time(self) -> None:
        """No address of memory is in it, which would make another version of the DAG each time."""
        first, second = (json.dumps(SERIALIZED.to_dict(self.a_dag()), sort_keys=True) for _ in range(2))

        assert " at 0x" not in first
        assert "object at" not in first
        for name in ("Ledger(path='l')", "Writes(nulls='clear')"):
            assert name in first
        assert first == second


def test_a_connection_that_another_task_names(hubspot: Sandbox, run_dag: RunDag, tmp_path: Path) -> None:
    """The task waits for the other one; if that one names none, the task fails and says so."""
    with a_dag("connections") as dag:

        @task
        def portal() -> str:
            return "hubspot_default"

        @task
        def nothing() -> None:
            return

        HubSpotUpdateContactOperator(
            task_id="sync",
            records=[ADA],
            hubspot_conn_id=cast("str", portal()),
            ledger=tmp_path / "{{ task.task_id }}",
        )
        HubSpotUpdateContactOperator(
            task_id="lost", records=[ADA], hubspot_conn_id=cast("str", nothing()), dry_run=True
        )

    run = run_dag(dag)

    assert dag.get_task("sync").upstream_task_ids == {"portal"}
    assert states(run) == {
        "portal[-1]": "success",
        "nothing[-1]": "success",
        "sync[-1]": "success",
        "lost[-1]": "failed",
    }
    assert outcomes(run, "sync") == [{"updated": 1}]
    assert ledgers(tmp_path) == {"sync"}


@pytest.mark.parametrize("conn_id", [None, "", 5, ["hubspot_default"]])
@pytest.mark.parametrize("make", [HubSpotUpdateContactOperator, HubSpotApplyPlanOperator])
def test_what_is_no_connection(make: type[Any], conn_id: Any) -> None:
    """It is told when the DAG file is parsed, and when a template gave it."""
    says = re.escape(f"hubspot_conn_id must be the id of an Airflow connection, not {conn_id!r}")
    given = {"plan": "folder"} if make is HubSpotApplyPlanOperator else {"records": [ADA]}

    with pytest.raises(ValueError, match=says):
        make(task_id="sync", hubspot_conn_id=conn_id, **given)

    made = make(task_id="sync", hubspot_conn_id="{{ x }}", **given)
    made.hubspot_conn_id = conn_id
    with pytest.raises(HubSpotSyncFailed, match=says):
        made.execute({})


@pytest.mark.parametrize(
    "path", [Path("/kept/{{ ds }}"), ObjectStoragePath("file:///kept/{{ ds }}")], ids=repr
)
def test_paths_that_are_no_text(path: Any) -> None:
    """They are taken as text, and so as templates, wherever a path can stand."""
    text = str(path)
    update = HubSpotUpdateContactOperator(task_id="sync", records=FromLedger(path), ledger=path)

    assert update.ledger == text
    assert update.replay == FromLedger(text)
    assert Ledger(path).path == text
    assert HubSpotApplyPlanOperator(task_id="apply", plan=path).plan == text
    assert HubSpotPlanContactsOperator(task_id="plan", records=[ADA], plan=path).plan == text


def test_paths_are_what_types_allow() -> None:
    """Type checkers read this file: each of them may be a path, or a text."""
    path = Path("/kept")
    made = HubSpotPlanContactsOperator(task_id="plan", records=FromLedger(path), plan=path, ledger=path)

    assert (made.plan, made.ledger) == ("/kept", "/kept")
    assert HubSpotApplyPlanOperator(task_id="apply", plan=path).plan == "/kept"
    assert Ledger(path) == Ledger("/kept")


@pytest.mark.parametrize(
    ("plan", "says"),
    [
        ("sql://warehouse/plans", "plan must be a folder, not 'sql://warehouse/plans'"),
        ("s3:/bucket/plan", "plan must have two slashes after the colon to be a URL, as in s3://bucket"),
    ],
)
def test_what_is_no_folder_of_a_plan(plan: str, says: str) -> None:
    """A table cannot have a plan; with one slash, it would be written to the worker's own disk."""
    with pytest.raises(ValueError, match=says):
        HubSpotPlanContactsOperator(task_id="plan", records=[ADA], plan=plan)
    with pytest.raises(ValueError, match=says):
        HubSpotApplyPlanOperator(task_id="apply", plan=plan)


def test_a_schema_that_is_no_json() -> None:
    """The sentence says which setting it is about."""
    with pytest.raises(ValueError, match="json_schema cannot be written as JSON: Object of type set"):
        HubSpotUpdateContactOperator(task_id="sync", records=[ADA], json_schema={"enum": {"a", "b"}})
