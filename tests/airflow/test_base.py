# SPDX-License-Identifier: Apache-2.0
"""What the operators share: how a job's end becomes the task's, row by row of a table."""

from __future__ import annotations

import logging
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowSkipException, TaskDeferred

from airflow_provider_hubcontact.assets import contacts_asset
from airflow_provider_hubcontact.client import ConfigurationError
from airflow_provider_hubcontact.job import errors
from airflow_provider_hubcontact.job.run.run import Ended
from airflow_provider_hubcontact.operators import metrics
from airflow_provider_hubcontact.operators.base import HubSpotRunOperator, as_airflows
from airflow_provider_hubcontact.operators.errors import HubSpotSyncFailed, HubSpotSyncIncomplete
from airflow_provider_hubcontact.sync.decide.policy import Policy
from airflow_provider_hubcontact.sync.keep.checkpoint import NAME
from airflow_provider_hubcontact.sync.keep.report import Report
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result, Stop
from airflow_provider_hubcontact.sync.rows.json_schema import InvalidSchema
from tests.airflow.running import TaskInstance, keep_variables
from tests.fake_clock import FakeClock


class Mark:
    """A watermark that only knows whether it was moved."""

    def __init__(self) -> None:
        self.moves = 0

    def move(self) -> None:
        self.moves += 1


class Store(dict[str, Any]):
    """Airflow's state of a task."""

    def delete(self, name: str) -> None:
        del self[name]


@pytest.fixture(autouse=True)
def variables(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """No other test's tasks have left a condition."""
    return keep_variables(monkeypatch)


class Events:
    """What a task tells with its assets; as a key of a dict, Airflow 3.1 does not take one.

    :param assets: that the task has.
    """

    def __init__(self, *assets: Any) -> None:
        self._all = [(asset, SimpleNamespace(extra=None)) for asset in assets]

    def __getitem__(self, wanted: Any) -> Any:
        for asset, event in self._all:
            if asset == wanted:
                return event
        raise KeyError(wanted)


class Job(HubSpotRunOperator):
    """A task whose records all have one outcome, or whose job breaks off."""

    def __init__(
        self,
        *,
        outcome: Outcome | None = None,
        stop: Stop | None = None,
        error: BaseException | None = None,
        policy: dict[int | str, str] | None = None,
        dry_run: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.outcome, self.stop, self.error = outcome, stop, error
        self.policy, self.dry_run_ = policy or {}, dry_run
        self.mark: Any = Mark()
        self.around: Any = None
        self._declare_outlet()

    def _report(self) -> Report:
        return Report(dry_run=self.dry_run_)

    def _lineage(self, told: Any) -> Any:
        return told

    def _job(self, around: Any, report: Report, signal: Any) -> Ended:
        self.around, self.given = around, signal
        report.api_version = "v3"
        if self.outcome:
            report.add(Result(1, "ada@example.com", self.outcome))
        if self.error:
            raise self.error
        return Ended(self.stop, Policy.of(self.policy), self.mark)


def a_context(try_number: int = 1, retries: int = 0, **more: Any) -> Any:
    return {"ti": TaskInstance(try_number, retries), "task_state_store": Store({NAME: "a place"}), **more}


WAIT = Stop("the day's calls are used up", retry_after=3_600)
BLINK = Stop("slow down", retry_after=59)


@pytest.mark.parametrize(
    ("job", "tries", "raised", "moves", "is_kept"),
    [
        pytest.param({"outcome": Outcome.UPDATED}, (1, 0), None, 1, False, id="well"),
        pytest.param({}, (1, 0), AirflowSkipException, 1, False, id="nothing"),
        pytest.param(
            {"outcome": Outcome.INVALID, "policy": {"invalid": "skip"}},
            (1, 0),
            AirflowSkipException,
            1,
            False,
            id="skipped",
        ),
        pytest.param({"outcome": Outcome.INVALID}, (1, 9), HubSpotSyncFailed, 1, False, id="failed"),
        pytest.param({"outcome": Outcome.UNAUTHORIZED}, (1, 9), HubSpotSyncFailed, 1, False, id="fails now"),
        pytest.param(
            {"outcome": Outcome.UNAVAILABLE}, (1, 1), HubSpotSyncIncomplete, 0, True, id="another try"
        ),
        pytest.param({"outcome": Outcome.UNAVAILABLE}, (2, 1), HubSpotSyncIncomplete, 1, True, id="last try"),
        pytest.param({"outcome": Outcome.UNAVAILABLE}, (1, 0), HubSpotSyncIncomplete, 1, True, id="one try"),
        pytest.param(
            {"outcome": Outcome.THROTTLED, "stop": WAIT},
            (1, 1),
            HubSpotSyncIncomplete,
            0,
            True,
            id="a retry waits",
        ),
        pytest.param(
            {"outcome": Outcome.THROTTLED, "stop": WAIT, "deferrable": True},
            (1, 0),
            TaskDeferred,
            0,
            True,
            id="deferred",
        ),
        pytest.param(
            {"outcome": Outcome.THROTTLED, "stop": BLINK, "deferrable": True},
            (1, 1),
            HubSpotSyncIncomplete,
            0,
            True,
            id="not worth deferring",
        ),
        pytest.param(
            {"outcome": Outcome.INVALID, "stop": WAIT, "deferrable": True},
            (1, 1),
            HubSpotSyncFailed,
            1,
            False,
            id="no retry, not deferred",
        ),
        pytest.param({"outcome": Outcome.UPDATED, "dry_run": True}, (1, 0), None, 0, False, id="dry run"),
        pytest.param(
            {"outcome": Outcome.UNAVAILABLE, "dry_run": True},
            (1, 0),
            HubSpotSyncIncomplete,
            0,
            True,
            id="dry run, last try",
        ),
        pytest.param({"error": RuntimeError("no")}, (1, 0), RuntimeError, 0, True, id="broken off"),
        pytest.param({"error": SystemExit()}, (1, 0), SystemExit, 0, True, id="killed"),
    ],
)
def test_how_a_task_ends(
    job: dict[str, Any], tries: tuple[int, int], raised: type[BaseException] | None, moves: int, is_kept: bool
) -> None:
    """Its exception, its watermark and its checkpoint; and the report is in XCom however it ends."""
    task, context = Job(task_id="x", **job), a_context(*tries)
    error: BaseException | None = None
    returned: dict[str, Any] | None = None
    try:
        returned = task.execute(context)
    except BaseException as caught:  # noqa: BLE001 - it is looked at
        error = caught

    assert type(error) is (raised or type(None))
    assert task.mark.moves == moves
    assert (NAME in context["task_state_store"]) is is_kept
    report = returned or context["ti"].xcoms["return_value"]
    assert report["rows"] == ("outcome" in job)
    assert task.get_openlineage_facets_on_complete(None) == report
    if isinstance(error, HubSpotSyncIncomplete):
        assert error.retry_after == (job["stop"].retry_after if "stop" in job else None)


def test_a_watermark_there_is_none() -> None:
    """Most runs have none."""
    task = Job(task_id="x", outcome=Outcome.UPDATED)
    task.mark = None

    assert task.execute(a_context())["rows"] == 1


@pytest.mark.parametrize(("pushes", "api_version"), [(True, "v3"), (False, "v3")])
def test_what_is_pushed(pushes: bool, api_version: str) -> None:
    """A failing task's report, unless the task pushes nothing."""
    context = a_context()
    with pytest.raises(HubSpotSyncFailed):
        Job(task_id="x", outcome=Outcome.INVALID, do_xcom_push=pushes).execute(context)

    assert ("return_value" in context["ti"].xcoms) is pushes


def test_a_report_that_says_nothing() -> None:
    """Of a run that did not get as far as a connection is not pushed."""

    class Unconnected(Job):
        def _job(self, around: Any, report: Report, signal: Any) -> Ended:
            raise errors.SourceError("no such connection")

    context = a_context()
    with pytest.raises(HubSpotSyncFailed, match="no such connection"):
        Unconnected(task_id="x").execute(context)

    assert "return_value" not in context["ti"].xcoms


def test_what_is_returned_is_the_tasks_own() -> None:
    """A copy: whoever changes it changes no lineage."""
    task = Job(task_id="x", outcome=Outcome.UPDATED)

    task.execute(a_context()).clear()

    told: Any = task.get_openlineage_facets_on_complete(None)
    assert told["rows"] == 1


@pytest.mark.parametrize(
    ("error", "raised", "says"),
    [
        (ConfigurationError("no\nhost"), HubSpotSyncFailed, "HC-514: no host"),
        (InvalidSchema("no\nschema"), HubSpotSyncFailed, "HC-516: no schema"),
        (errors.SourceError("no\nrows"), HubSpotSyncFailed, "HC-511: no rows"),
        (errors.PlanError("no\nplan"), HubSpotSyncFailed, "HC-513: no plan"),
        (errors.GuardExceeded("too\nmuch"), HubSpotSyncFailed, "HC-501: too much"),
        (errors.RunStopped("no\nway"), HubSpotSyncFailed, "HC-515: no way"),
        (errors.PreflightError(["a", "b"]), HubSpotSyncFailed, "HC-502: Nothing was sent:\n- a\n- b"),
        (errors.PortalNotReady("not now", may_pass=True), HubSpotSyncIncomplete, "HC-519: not now"),
        (HubSpotSyncIncomplete("no database", 5.0), HubSpotSyncIncomplete, "HC-512: no database"),
        (errors.StateError("in use", may_pass=True), HubSpotSyncIncomplete, "HC-503: in use"),
        (errors.PortalNotReady("never", may_pass=False), HubSpotSyncFailed, "HC-519: never"),
        (errors.LedgerError("no lines"), errors.LedgerError, "HC-520: no lines"),
        (ValueError("a bug"), ValueError, "a bug"),
        (RuntimeError("a bug"), RuntimeError, "a bug"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_what_keeps_a_job_from_its_work(error: Exception, raised: type[Exception], says: str) -> None:
    """No retry for what none can mend. Names of columns are on one line, and in no traceback."""

    def job() -> Ended:
        raise error

    with pytest.raises(raised) as caught:
        as_airflows(job)

    assert type(caught.value) is raised
    assert str(caught.value).replace("\u240a", " ") == says
    if caught.value is not error:
        assert caught.value.__suppress_context__


def test_a_break_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """With what became of the records, and without what the exception says: it may quote values."""
    with caplog.at_level(logging.ERROR), pytest.raises(RuntimeError):
        Job(task_id="x", outcome=Outcome.INVALID, error=RuntimeError("ada@example.com")).execute(a_context())

    assert "The run ended with RuntimeError after 1 record: 1 invalid." in caplog.text
    assert "ada@example.com" not in "".join(
        record.getMessage() for record in caplog.records if "hubcontact" in record.name
    )


@pytest.mark.parametrize(
    ("error", "action", "rule", "code", "says"),
    [
        (
            errors.PreflightError(["a", "b"]),
            "fail_now",
            "HC-502 (PreflightError)",
            "HC-502",
            "HC-502: Nothing was sent: - a - b",
        ),
        (
            errors.SourceError("no such run"),
            "fail_now",
            "HC-511 (SourceError)",
            "HC-511",
            "HC-511: no such run",
        ),
        (
            errors.StateError("in use", may_pass=True),
            "retry",
            "HC-503 (StateError)",
            "HC-503",
            "HC-503: in use",
        ),
        (
            HubSpotSyncIncomplete("no database"),
            "retry",
            "HC-512 (HubSpotSyncIncomplete)",
            "HC-512",
            "HC-512: no database",
        ),
        (errors.LedgerError("no lines"), "fail", "HC-520 (LedgerError)", "HC-520", "HC-520: no lines"),
        (RuntimeError("ada@example.com"), "fail", "RuntimeError", None, "RuntimeError, see the task's log"),
        (
            AirflowSkipException("ada@example.com"),
            "skip",
            "AirflowSkipException",
            None,
            "AirflowSkipException, see the task's log",
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_a_report_says_what_ended_its_run(
    error: Exception, action: str, rule: str, code: str | None, says: str
) -> None:
    """What the package's own exceptions say; what others raise may quote values."""
    context = a_context()
    with pytest.raises(Exception, match=str(error).splitlines()[-1]):
        Job(task_id="x", outcome=Outcome.INVALID, error=error).execute(context)

    report = context["ti"].xcoms["return_value"]
    assert report["decision"] == {"action": action, "rules": [f"{rule} ended the run"], "code": code}
    assert report["stopped"] == says
    assert "ada@example.com" not in str(report["decision"]) + str(report["stopped"])


@pytest.mark.parametrize("error", [None, RuntimeError("no")])
def test_metrics(monkeypatch: pytest.MonkeyPatch, error: Exception | None) -> None:
    """They are sent however the run ends."""
    names: list[str] = []

    def note(name: str, *_: Any, **__: Any) -> None:
        names.append(name)

    monkeypatch.setattr(metrics, "Stats", SimpleNamespace(incr=note, timing=note, gauge=note))
    task = Job(task_id="x", outcome=Outcome.UPDATED, error=error)
    if error:
        with pytest.raises(RuntimeError):
            task.execute(a_context())
    else:
        task.execute(a_context())

    assert "hubcontact.records" in names


@pytest.mark.parametrize(("proved_ago", "told"), [(0, 0), (1, 1), (86_400, 86_400), (-5, 0), (None, None)])
def test_the_age_of_the_oldest_proof(
    monkeypatch: pytest.MonkeyPatch, proved_ago: int | None, told: int | None
) -> None:
    """In seconds, and not below none where clocks differ; nothing if nothing is proved."""
    clock = FakeClock()
    gauges: dict[str, object] = {}
    now = round(clock.now().timestamp())
    report = Report()
    report.state = {"oldest_proof": None if proved_ago is None else now - proved_ago, "overdue": 0}

    def note(name: str, value: object, **_: Any) -> None:
        gauges[name] = value

    monkeypatch.setattr(metrics, "Stats", SimpleNamespace(incr=note, timing=note, gauge=note))
    metrics.emit(report, dag_id="d", task_id="t", clock=clock)

    assert gauges.get("hubcontact.state_oldest_proof") == told
    assert gauges["hubcontact.state_overdue_audit"] == 0


class TestOutlets:
    OURS, OTHER = contacts_asset("hubspot_default"), contacts_asset("other")

    @pytest.mark.parametrize(
        ("conn_id", "dry_run", "outlets"),
        [
            ("hubspot_default", False, [OTHER, OURS]),
            ("hubspot_default", True, [OTHER]),
            ("{{ params.conn }}", False, [OTHER]),
            ("{{ params.conn }}", True, [OTHER]),
        ],
    )
    def test_which(self, conn_id: str, dry_run: bool, outlets: list[Any]) -> None:
        """The portal's contacts, if they change, and if the DAG file tells which portal it is."""
        task = Job(
            task_id="x",
            outcome=Outcome.UPDATED,
            outlets=[self.OTHER],
            dry_run=dry_run,
            hubspot_conn_id=conn_id,
        )

        task.execute(a_context())

        assert task.outlets == outlets

    @pytest.mark.parametrize("conn_id", ["hubspot_default", "{{ params.conn }}"])
    def test_their_events(self, conn_id: str) -> None:
        """They have the counts; a mapped task's outlets are those that its DAG gave it."""
        events = Events(self.OURS)
        task = Job(task_id="x", outcome=Outcome.UPDATED, hubspot_conn_id=conn_id)

        task.execute(a_context(outlet_events=events))
        task.execute(a_context(outlet_events=Events()))

        expected = {"rows": 1, "outcomes": {"updated": 1}, "dry_run": False, "change": None}
        assert events[self.OURS].extra == (expected if conn_id == "hubspot_default" else None)

    @pytest.mark.parametrize("outcome", [Outcome.INVALID, Outcome.UPDATED, Outcome.UNAVAILABLE])
    def test_when_there_is_one(self, outcome: Outcome) -> None:
        """Once the task has its outcome, also if it fails; not while it tries again."""
        events = Events(self.OURS)
        task = Job(task_id="x", outcome=outcome)
        with suppress(HubSpotSyncFailed, HubSpotSyncIncomplete):
            task.execute(a_context(outlet_events=events))

        assert (events[self.OURS].extra is None) is (outcome is Outcome.UNAVAILABLE)


class TestSettings:
    @pytest.mark.parametrize("value", ["yes", 1, 0, "True"])
    def test_deferrable_is_a_flag(self, value: object) -> None:
        """Or not given."""
        with pytest.raises(ValueError, match="deferrable must be True or False, not"):
            Job(task_id="x", deferrable=value)

    @pytest.mark.parametrize(
        ("given", "default", "may"),
        [(None, "True", True), (None, "False", False), (False, "True", False), (True, "False", True)],
    )
    def test_when_it_may_defer(
        self, monkeypatch: pytest.MonkeyPatch, given: bool | None, default: str, may: bool
    ) -> None:
        """Airflow's default counts where the task says nothing."""
        monkeypatch.setenv("AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE", default)

        assert Job(task_id="x", deferrable=given).may_defer is may

    @pytest.mark.parametrize(
        ("settings", "is_kept"), [({}, False), ({"retries": 1}, True), ({"deferrable": True}, True)]
    )
    def test_what_is_kept_for_another_try(self, settings: dict[str, Any], is_kept: bool) -> None:
        """Nothing, if there is none."""
        task, context = Job(task_id="x", outcome=Outcome.UPDATED, **settings), a_context()

        task.execute(context)

        assert (task.around.task_state() is not None) is is_kept

    def test_a_try_that_goes_on(self) -> None:
        """The ledger takes up what it had ended before it waited."""
        task = Job(task_id="x", outcome=Outcome.UPDATED)
        task.execute(a_context(2))
        first = task.around.attempt
        task.execute_again(a_context(2))

        assert (first.resumed, task.around.attempt.resumed) == (False, True)
        assert (first.number, first.task, first.map_index) == (2, "update_contacts", -1)

    def test_it_can_be_killed(self) -> None:
        """Before it runs, and while it does."""
        task = Job(task_id="x", outcome=Outcome.UPDATED)
        task.on_kill()
        task.execute(a_context())
        stopped: list[int] = []
        task.given.reaches(SimpleNamespace(interrupt=lambda: stopped.append(1)))
        task.on_kill()

        assert stopped == [1]
