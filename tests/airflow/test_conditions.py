# SPDX-License-Identifier: Apache-2.0
"""A sync that ends as before ends quietly; what has changed is told once."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

import pytest
from airflow.providers.common.compat.sdk import (
    DAG,
    AirflowFailException,
    AirflowSkipException,
    AirflowTaskTimeout,
    BaseNotifier,
    TaskDeferred,
)

from airflow_provider_hubcontact.notifications.hubspot import SYNC_SUBJECT, HubSpotSyncNotifier
from airflow_provider_hubcontact.operators import deferral
from airflow_provider_hubcontact.operators.conditions import XCOM, note
from airflow_provider_hubcontact.operators.hubspot import HubSpotUpdateContactOperator, Lists
from airflow_provider_hubcontact.operators.plans import HubSpotApplyPlanOperator, HubSpotPlanContactsOperator
from airflow_provider_hubcontact.sandbox import Sandbox
from airflow_provider_hubcontact.sync.keep.report import Report
from tests.airflow.running import CONTACTS, TaskInstance, connect, keep_variables, run, stored
from tests.airflow_home import RunDag

ADA, GRACE, NOBODY = ({"email": f"{name}@example.com", "city": "Rome"} for name in ("ada", "grace", "nobody"))
MANY = [{"email": f"c{number}@example.com"} for number in range(900)]
IS_AIRFLOW_3 = version("apache-airflow").startswith("3.")
START = datetime(2026, 1, 1, tzinfo=UTC)
TRIGGER_AFTER = deferral.trigger_after


class Keeping(BaseNotifier):
    """Appends a line to a file, which it renders as those of mails and chats do."""

    template_fields = ("text",)

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path, self.text = path, SYNC_SUBJECT

    def __call__(self, *given: Any) -> None:
        self.text = SYNC_SUBJECT  # a process of Airflow's own renders it once
        super().__call__(*given)

    def notify(self, context: Any) -> None:
        with self.path.open("a") as file:
            file.write(self.text.partition(": ")[2] + "\n")


class Desk:
    """Gathers what was told since it was asked last."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def callbacks(self, **settings: Any) -> dict[str, Any]:
        """Return the callbacks of a task."""
        ends = ("on_success_callback", "on_failure_callback", "on_skipped_callback")
        return dict.fromkeys(ends, HubSpotSyncNotifier(Keeping(self.path), **settings))

    def heard(self) -> list[str]:
        """Return the lines."""
        if not self.path.exists():
            return []
        lines = self.path.read_text().splitlines()
        self.path.unlink()
        return lines


class Warehouse:
    """A table of customers."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def holds(self, *rows: dict[str, str]) -> None:
        """Let the table have these rows, and no others."""
        with closing(sqlite3.connect(self._path)) as db:
            db.execute("CREATE TABLE IF NOT EXISTS customers (email, city)")
            db.execute("DELETE FROM customers")
            db.executemany("INSERT INTO customers VALUES (:email, :city)", rows)
            db.commit()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "told")


@pytest.fixture
def warehouse(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Warehouse:
    path = tmp_path / "warehouse.db"
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps({"conn_type": "sqlite", "host": str(path)}))
    return Warehouse(path)


@pytest.fixture(autouse=True)
def hubspot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(CONTACTS) as sandbox:
        connect(monkeypatch, sandbox.url, sandbox.token)
        yield sandbox


def event_extras(dag_id: str) -> list[dict[str, Any]]:
    """Return what the events of a DAG's assets have, in their order."""
    from airflow.models.asset import AssetEvent  # noqa: PLC0415 - it needs Airflow's database
    from airflow.utils.session import create_session  # noqa: PLC0415 - same
    from sqlalchemy import select  # noqa: PLC0415 - same

    with create_session() as session:
        asked = select(AssetEvent.extra).where(AssetEvent.source_dag_id == dag_id).order_by(AssetEvent.id)
        return [dict(extra) for extra in session.scalars(asked)]


class TestInAirflow:
    def sync(self, dag_id: str, *, table: str = "customers", **settings: Any) -> DAG:
        with DAG(dag_id, schedule=None, start_date=START) as dag:
            HubSpotUpdateContactOperator(
                task_id="contacts",
                sql_conn_id="warehouse",
                sql=f"SELECT email, city FROM {table}",  # noqa: S608 - the tests' own
                **settings,
            )
        return dag

    def test_a_sync_that_tolerates(self, warehouse: Warehouse, desk: Desk, run_dag: RunDag) -> None:
        """Degraded, empty and recovered are told when they come, by notifier and event; then all is quiet."""
        dag = self.sync("tolerant", status_actions={404: "skip"}, **desk.callbacks())
        story: list[tuple[tuple[dict[str, str], ...], list[str]]] = [
            ((ADA,), []),
            ((ADA, NOBODY), ["degraded"]),
            ((ADA, NOBODY), []),
            ((), ["source empty"]),
            ((), []),
            ((ADA, GRACE), ["recovered"]),
            ((ADA, GRACE), []),
        ]
        for rows, told in story:
            warehouse.holds(*rows)
            run_dag(dag)
            assert desk.heard() == told

        if not IS_AIRFLOW_3:  # whose tests of a DAG emit no events
            return
        changes = [extra["change"] for extra in event_extras("tolerant")]
        assert changes == [None, "degraded", None, "recovered", None]  # what is skipped has no event

    def test_a_sync_that_fails(self, warehouse: Warehouse, desk: Desk, run_dag: RunDag) -> None:
        """However it fails, that is told once; and so is that it is over. `always` tells each time."""
        dag = self.sync("strict", **desk.callbacks())
        warehouse.holds(ADA, NOBODY)
        for told in (["degraded"], []):
            run_dag(dag)
            assert desk.heard() == told

        run_dag(self.sync("strict", table="nowhere", **desk.callbacks()))
        assert desk.heard() == []

        warehouse.holds(ADA)
        run_dag(dag)
        assert desk.heard() == ["recovered"]

        loud = self.sync("strict", **desk.callbacks(on="always"))
        run_dag(loud)
        assert desk.heard() == [""]

    def test_a_failure_before_the_first_record(
        self, warehouse: Warehouse, desk: Desk, run_dag: RunDag
    ) -> None:
        """It leaves no report, and is told as well."""
        dag = self.sync("broken", **desk.callbacks())

        for told in (["degraded"], []):  # the table is not there
            run_dag(dag)
            assert desk.heard() == told

    def test_retries(self, warehouse: Warehouse, desk: Desk, run_dag: RunDag) -> None:
        """Only the last try of a task says how it has ended."""
        settings: dict[str, Any] = {
            "retries": 1,
            "retry_delay": timedelta(0),
            "status_actions": {404: "retry"},
        }
        dag = self.sync("retried", **settings, **desk.callbacks())
        warehouse.holds(NOBODY)

        for told in (["degraded"], []):
            ended = run_dag(dag)
            assert [each.try_number for each in ended.get_task_instances()] == [2]
            assert desk.heard() == told

    def test_mapped_tasks(self, desk: Desk, run_dag: RunDag) -> None:
        """Each index has a condition of its own."""
        for records, told in (
            ([[ADA], [NOBODY], [GRACE]], ["degraded"]),
            ([[ADA], [NOBODY], [GRACE]], []),
            ([[NOBODY], [ADA], [GRACE]], ["degraded", "recovered"]),
        ):
            with DAG("mapped", schedule=None, start_date=START) as dag:
                HubSpotUpdateContactOperator.partial(task_id="contacts", **desk.callbacks()).expand(
                    records=records
                )
            run_dag(dag)
            assert sorted(desk.heard()) == told

    def test_a_task_that_waits(
        self,
        warehouse: Warehouse,
        desk: Desk,
        run_dag: RunDag,
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
    ) -> None:
        """It waits in a trigger, day after day, and tells in its end alone what has changed, once."""
        with Sandbox(MANY[:400], daily_limit=10, time_zone="Asia/Tokyo") as short:
            connect(monkeypatch, short.url, short.token)
            waits: list[float] = []

            def until_the_next_day(seconds: float) -> Any:
                waits.append(seconds)
                assert seconds > 60
                assert desk.heard() == []
                short.limits.reset()
                return TRIGGER_AFTER(0.1)

            monkeypatch.setattr(deferral, "trigger_after", until_the_next_day)
            settings: dict[str, Any] = {
                "deferrable": True,
                "ledger": str(tmp_path / "ledger"),
                "status_actions": {404: "skip"},
            }
            dag = self.sync("waits", **settings, **desk.callbacks())
            story: tuple[tuple[list[dict[str, str]], list[str]], ...]
            story = ([NOBODY], ["degraded"]), ([NOBODY], []), ([], ["recovered"])
            for number, (missing, told) in enumerate(story):
                warehouse.holds(*({**each, "city": f"{number}"} for each in MANY[:400]), *missing)
                waits.clear()
                short.limits.reset()
                (task,) = run_dag(dag).get_task_instances()
                assert (task.state, task.try_number) == ("success", 1)
                assert waits
                assert desk.heard() == told

    @pytest.mark.parametrize("fails", [True, False], ids=["that fails", "that tolerates"])
    def test_a_list_that_cannot_be_changed(
        self, warehouse: Warehouse, desk: Desk, run_dag: RunDag, hubspot: Sandbox, fails: bool
    ) -> None:
        """The sync is degraded although each contact has its values, until they are in the list."""
        dag = self.sync(
            f"audience_{fails}",
            lists=Lists("Customers", create=True),
            status_actions={} if fails else {"rejected": "skip"},
            **desk.callbacks(),
        )
        refused = {"rules": [{"kind": "status", "status": 400, "on": "*/memberships*"}]}
        story: list[tuple[dict[str, Any], list[str]]] = [
            ({}, []),
            (refused, ["degraded"]),
            (refused, []),
            ({}, ["recovered"]),
            ({}, []),
        ]
        for number, (faults, told) in enumerate(story):
            hubspot.use_faults(faults)
            for each in hubspot.portal.lists.all():
                hubspot.portal.lists.clear(each)
            warehouse.holds({**ADA, "city": f"{number}"}, GRACE)
            run_dag(dag)
            assert desk.heard() == told
            assert stored(hubspot, ADA["email"], "city") == f"{number}"

    def test_a_list_of_one_index(self, desk: Desk, run_dag: RunDag, hubspot: Sandbox) -> None:
        """Of mapped tasks, only the one whose list cannot be changed is degraded."""
        for name in ("one", "two"):
            hubspot.portal.lists.create(name, "0-1", "MANUAL", hubspot.portal.now())
        one, two = (each.id for each in hubspot.portal.lists.all())

        def refuses(list_id: str) -> dict[str, Any]:
            return {"rules": [{"kind": "status", "status": 400, "on": f"*/{list_id}/memberships*"}]}

        story: list[tuple[dict[str, Any], list[str]]] = [
            (refuses(two), ["degraded"]),
            (refuses(two), []),
            (refuses(one), ["degraded", "recovered"]),
            ({}, ["recovered"]),
        ]
        for faults, told in story:
            hubspot.use_faults(faults)
            for each in hubspot.portal.lists.all():
                hubspot.portal.lists.clear(each)
            with DAG("mapped_lists", schedule=None, start_date=START) as dag:
                HubSpotUpdateContactOperator.partial(task_id="contacts", **desk.callbacks()).expand_kwargs(
                    [{"records": [ADA], "lists": "one"}, {"records": [GRACE], "lists": "two"}]
                )
            run_dag(dag)
            assert sorted(desk.heard()) == told

    def test_dry_runs_in_between(self, warehouse: Warehouse, desk: Desk, run_dag: RunDag) -> None:
        """What writes nothing ends no trouble, and begins none: what was remembered is told afterwards."""
        dag = self.sync("rehearsed", **desk.callbacks())
        trial = self.sync("rehearsed", dry_run=True)
        broken = self.sync("rehearsed", dry_run=True, table="nowhere")
        for rows, told, rehearsed in (
            ([ADA, NOBODY], ["degraded"], [ADA]),
            ([ADA, NOBODY], [], []),
            ([ADA], ["recovered"], [NOBODY]),
            ([ADA], [], [ADA]),
        ):
            warehouse.holds(*rows)
            run_dag(dag)
            assert desk.heard() == told
            warehouse.holds(*rehearsed)
            run_dag(trial)
            run_dag(broken)


class TestWhatIsNoted:
    @pytest.fixture
    def variables(self, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
        return keep_variables(monkeypatch)

    def kept(self, variables: dict[str, Any]) -> dict[str, str]:
        (kept,) = variables.values()
        assert list(variables) == ["hubcontact_condition.contacts.update_contacts.hubspot_default"]
        assert set(kept) == {"condition", "before", "run"}
        return dict(kept)

    def test_nothing_of_a_record(self, variables: dict[str, Any]) -> None:
        """What is kept are the names of two conditions, and the run's id."""
        run(records=[NOBODY])

        assert self.kept(variables) == {
            "condition": "degraded",
            "before": "healthy",
            "run": TaskInstance.run_id,
        }

    def test_a_healthy_sync_keeps_nothing(self, variables: dict[str, Any]) -> None:
        """There is no Variable for each task that never was in trouble."""
        run(records=[ADA])

        assert variables == {}

    @pytest.mark.parametrize("kind", ["dry run", "plan"])
    def test_what_writes_nothing(self, variables: dict[str, Any], tmp_path: Path, kind: str) -> None:
        """It says nothing about the sync."""
        if kind == "plan":
            run(records=[NOBODY], operator=HubSpotPlanContactsOperator, plan=str(tmp_path / "plan"))
        else:
            run(records=[NOBODY], dry_run=True)

        assert variables == {}

    def test_a_plan_of_no_changes(self, variables: dict[str, Any], tmp_path: Path) -> None:
        """Applied, it is no empty source."""
        plan = str(tmp_path / "plan")
        records = [{"email": "ada@example.com", "firstname": "Ada"}]
        run(records=records, operator=HubSpotPlanContactsOperator, plan=plan)
        ended = run(operator=HubSpotApplyPlanOperator, plan=plan)

        assert ended.report["rows"] == 0

        assert variables == {}

    def test_a_deferral(self, variables: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
        """A task that waits has not ended."""
        with Sandbox(MANY, daily_limit=16, time_zone="Asia/Tokyo") as short:
            connect(monkeypatch, short.url, short.token)
            operator = HubSpotUpdateContactOperator(
                task_id="update_contacts",
                records=[{**each, "city": "Rome"} for each in MANY],
                deferrable=True,
            )
            context: Any = {"ti": TaskInstance()}
            with pytest.raises(TaskDeferred):
                operator.execute(context)
            assert variables == {}
            assert XCOM not in context["ti"].xcoms

            for _ in range(9):
                short.limits.reset()
                with suppress(TaskDeferred):
                    operator.execute_again(context)
                    break
        assert variables == {}
        assert context["ti"].xcoms[XCOM]["condition"] == "healthy"

    @pytest.mark.parametrize(
        ("raised", "try_number", "notes"),
        [
            (RuntimeError("a bug"), 1, False),
            (RuntimeError("a bug"), 2, True),
            (AirflowFailException("never"), 1, True),
            (AirflowSkipException("not today"), 2, False),
            (AirflowTaskTimeout("too long"), 2, True),
            (KeyboardInterrupt(), 2, False),
        ],
        ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else str(value),
    )
    def test_an_exception(
        self, variables: dict[str, Any], raised: BaseException, try_number: int, notes: bool
    ) -> None:
        """It degrades the sync if it fails the task for good; whoever ends or skips a task does not."""

        def records() -> Iterator[dict[str, str]]:
            yield ADA
            raise raised

        with suppress(KeyboardInterrupt, AirflowTaskTimeout):
            run(records=records(), retries=1, retry_delay=timedelta(0), try_number=try_number)

        assert bool(variables) is notes

    def test_a_variable_that_somebody_has_edited(
        self, monkeypatch: pytest.MonkeyPatch, variables: dict[str, Any]
    ) -> None:
        """It is replaced, and the next run ends quietly."""
        from airflow.providers.common.compat.sdk import Variable  # noqa: PLC0415 - heavy

        monkeypatch.setattr(Variable, "get", lambda *_, **__: json.loads("degraded"))
        run(records=[NOBODY], status_actions={404: "skip"})

        (kept,) = variables.values()
        assert kept["condition"] == "degraded"

    def test_a_store_that_is_away(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The task ends as it would; a warning says so, and what is not noted is told."""
        from airflow.providers.common.compat.sdk import Variable  # noqa: PLC0415 - heavy

        def away(*_: Any, **__: Any) -> Any:
            raise ConnectionError("secret")

        monkeypatch.setattr(Variable, "get", away)
        ended = run(records=[NOBODY, ADA], status_actions={404: "skip"})

        assert ended.error is None
        assert "cannot be read or stored (ConnectionError)" in caplog.text
        assert "secret" not in caplog.text

    def test_without_a_task_instance(
        self, variables: dict[str, Any], caplog: pytest.LogCaptureFixture
    ) -> None:
        """Somebody who tries it by hand has no condition, and is not warned of that."""
        assert note(cast("Any", {}), "hubspot_default", Report(), None, reads_source=True) is None

        assert variables == {}
        assert caplog.text == ""

    def test_two_runs_at_once(self, variables: dict[str, Any]) -> None:
        """The order in which they end counts, and what the last one came to stays."""
        run(records=[NOBODY])
        run(records=[ADA])

        assert self.kept(variables)["condition"] == "healthy"


class TestNotifier:
    NOTED = {"condition": "healthy", "before": "drift", "run": "r", "change": "recovered"}

    def tells(self, noted: dict[str, Any] | None, **settings: Any) -> bool:
        told: list[Any] = []

        class Instance(TaskInstance):
            def xcom_pull(self, **asked: Any) -> Any:
                assert asked == {"task_ids": self.task_id, "map_indexes": self.map_index, "key": XCOM}
                return noted

        context = {"ti": Instance()}
        HubSpotSyncNotifier(told.append, **settings)(context)
        assert all(each is context for each in told)
        return bool(told)

    @pytest.mark.parametrize("on", ["change", "always", "drift", ["degraded"]])
    def test_a_task_that_noted_nothing(self, on: str) -> None:
        """Its worker was killed, say: it is told."""
        assert self.tells(None, on=on)

    @pytest.mark.parametrize(
        ("on", "tells"),
        [
            ("change", True),
            ("always", True),
            ("drift", True),
            (["drift", "degraded"], True),
            (["degraded", "source_empty"], False),
        ],
    )
    def test_which_conditions(self, on: Any, tells: bool) -> None:
        """Chosen ones are told when the sync comes into one of them, and out of it."""
        assert self.tells(self.NOTED, on=on) is tells
        assert self.tells({**self.NOTED, "condition": "drift", "before": "healthy"}, on=on) is tells
        assert self.tells({**self.NOTED, "change": None}, on=on) is (on == "always")

    def test_two_callbacks_of_one_end(self) -> None:
        """It tells once; Airflow 2 calls both for a task that is skipped."""
        told: list[Any] = []
        ti: Any = TaskInstance()
        ti.xcom_pull = lambda **_: self.NOTED
        notifier = HubSpotSyncNotifier(told.append)

        notifier({"ti": ti})
        notifier({"ti": ti})
        ti.try_number = 2
        notifier({"ti": ti})

        assert len(told) == 2

    @pytest.mark.parametrize("on", ["sometimes", [], ["healthy"], ["degraded", "always"]])
    def test_what_it_does_not_know(self, on: Any) -> None:
        """It is told when the DAG file is parsed."""
        with pytest.raises(ValueError, match="on must be change, always, or some of degraded"):
            HubSpotSyncNotifier(print, on=on)

    def test_what_is_no_notifier(self) -> None:
        """Likewise."""
        with pytest.raises(TypeError, match="notifier must be callable, as notifiers are, not str"):
            HubSpotSyncNotifier("slack")  # type: ignore[arg-type]
