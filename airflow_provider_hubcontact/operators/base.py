# SPDX-License-Identifier: Apache-2.0
"""What the operators share: a job in, the task's outcome out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any, NoReturn, Self

from airflow.providers.common.compat.sdk import BaseOperator

from airflow_provider_hubcontact.assets import can_be_named, contacts_asset

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import BaseOperatorLink, Context
    from airflow.providers.openlineage.extractors import OperatorLineage
    from airflow.sdk.definitions.mappedoperator import OperatorPartial

    from airflow_provider_hubcontact.job.run.run import Ended
    from airflow_provider_hubcontact.job.signals import StopSignal
    from airflow_provider_hubcontact.operators.surroundings import TaskSurroundings
    from airflow_provider_hubcontact.sync.decide.policy import Policy
    from airflow_provider_hubcontact.sync.keep.report import Report

# Parsing a DAG must cost nearly nothing: what runs a task is imported when it runs.

WORTH_DEFERRING = 60.0
"""Seconds; a shorter wait is a retry's."""


class HubSpotRunOperator(BaseOperator):
    """Run a job on a portal's contacts, and turn its outcomes into the task's.

    :param hubspot_conn_id: Airflow connection of the portal. (templated)
    :param deferrable: free the worker slot during long waits (daily quota, portal migration), and continue
        in the same try; Airflow's ``operators.default_deferrable`` unless given.
    """

    ui_color = "#ffd9cc"

    _reads_source = True  # so that no rows mean that it is empty

    _needs: frozenset[str] = frozenset()  # keywords without which there is no such task

    def __new__(cls, *_: Any, **given: Any) -> Self:
        """Make a task, whose ``__init__`` comes next.

        :raises TypeError: if a keyword is unknown and another one missing, of which Airflow tells the latter.
        """
        if cls._needs - given.keys():
            ours = {name: value for name, value in given.items() if not name.startswith("_airflow")}
            if problem := cls._odd_keyword(ours):
                raise TypeError(problem)
        return super().__new__(cls)

    def __init__(
        self, *, hubspot_conn_id: str = "hubspot_default", deferrable: bool | None = None, **kwargs: Any
    ) -> None:
        try:
            super().__init__(**kwargs)
        except Exception:
            # Airflow's own sentence names no other keyword, and shows the values, which may be records.
            if problem := self._odd_keyword(kwargs):
                raise TypeError(problem) from None
            raise
        if not hasattr(hubspot_conn_id, "iter_references"):
            _check_connection(hubspot_conn_id)
        if deferrable is not None and not isinstance(deferrable, bool):
            raise ValueError(f"deferrable must be True or False, not {deferrable!r:.100}")
        self.hubspot_conn_id = hubspot_conn_id
        self.deferrable = deferrable
        self._signal: StopSignal | None = None
        self._resumed = False
        self._last_report: Mapping[str, Any] = {}
        # Airflow 3.3 has policies, and none was given; without retries it is not asked.
        if self.retries and getattr(self, "retry_policy", False) is None:
            from airflow_provider_hubcontact.operators.retries import HubSpotRetryPolicy

            self.retry_policy = HubSpotRetryPolicy()

    @classmethod
    def _odd_keyword(cls, given: Mapping[str, Any]) -> str | None:
        """Return a sentence about a keyword that there is not, or None."""
        from airflow_provider_hubcontact.operators.keywords import replaced
        from airflow_provider_hubcontact.spelling import unknown_keyword

        return replaced(cls.__name__, given) or unknown_keyword(cls, given)

    @classmethod
    def partial(cls, **given: Any) -> OperatorPartial:
        """Return a task that is to be mapped, as Airflow does.

        :raises TypeError: if a keyword is unknown.
        """
        try:
            made: OperatorPartial = super().partial(**given)
        except TypeError:
            if problem := cls._odd_keyword(given):
                raise TypeError(problem) from None
            raise
        return made

    @property
    def operator_extra_links(self) -> Collection[BaseOperatorLink]:  # type: ignore[override]
        """Links of the task's page.

        A property, which Airflow takes too, so that parsing does not import them.
        """
        from airflow_provider_hubcontact.links.hubspot import HubSpotContactsLink, HubSpotSyncReportLink

        return HubSpotContactsLink(), HubSpotSyncReportLink()

    def _declare_outlet(self) -> None:
        """Add the asset that the task changes to its outlets."""
        if can_be_named(self.hubspot_conn_id):
            self.outlets = [*self.outlets, contacts_asset(self.hubspot_conn_id)]

    @property
    def may_defer(self) -> bool:
        """Whether the task leaves its worker for a long wait."""
        from airflow_provider_hubcontact.compat import conf

        if self.deferrable is not None:
            return self.deferrable
        return bool(conf.getboolean("operators", "default_deferrable", fallback=False))

    def _job(self, around: TaskSurroundings, report: Report, signal: StopSignal) -> Ended:
        """Run the job."""
        raise NotImplementedError

    def _report(self) -> Report:
        """Begin the report of the run."""
        from airflow_provider_hubcontact.sync.keep.report import Report

        return Report()

    def execute(self, context: Context) -> dict[str, Any]:
        """Run the job.

        :return: the report.
        :raises HubSpotSyncFailed: if records ended with an outcome that fails the task, or the task
            is not set up correctly.
        :raises HubSpotSyncIncomplete: if records ended with an outcome that a retry can change.
        :raises AirflowSkipException: if every record is skipped, or the source is empty.
        """
        from airflow.providers.common.compat.sdk import XCOM_RETURN_KEY

        from airflow_provider_hubcontact.operators.errors import HubSpotSyncFailed
        from airflow_provider_hubcontact.sync.model.codes import SETTING

        try:
            _check_connection(self.hubspot_conn_id)  # a template, or another task, may have given none
        except ValueError as error:
            raise HubSpotSyncFailed(f"{SETTING}: {error}") from None
        report = self._report()
        if report.dry_run:
            self._withdraw_outlet()
        try:
            self._conclude(report, context, self._run(report, context))
        except BaseException:
            # Airflow keeps what a failing task pushed, but not what it would have returned.
            self._last_report = report.to_dict()
            if self.do_xcom_push and report.api_version:
                context["ti"].xcom_push(key=XCOM_RETURN_KEY, value=self._last_report)
            raise
        self._last_report = report.to_dict()
        return dict(self._last_report)

    def execute_again(self, context: Context, event: Any = None) -> dict[str, Any]:
        """Continue after a wait.

        Records that ended before are known from ledger or checkpoint, or are found unchanged.
        """
        del event
        self._resumed = True
        return self.execute(context)

    def get_openlineage_facets_on_start(self) -> OperatorLineage[Any, Any] | None:
        """Return for OpenLineage what is read."""
        return self._lineage({})

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> OperatorLineage[Any, Any] | None:
        """Return for OpenLineage what was read and written, and how good it was."""
        del task_instance
        return self._lineage(self._last_report)

    def _lineage(self, told: Mapping[str, Any]) -> OperatorLineage[Any, Any] | None:
        """Return what a run reads and writes.

        :param told: its report; empty while it has not ended.
        """
        from airflow_provider_hubcontact.operators.lineage import lineage_of

        return lineage_of(told, self.hubspot_conn_id, None, None)

    def on_kill(self) -> None:
        """Send nothing more, and account for what was sent."""
        if self._signal:
            self._signal.stop()

    def _run(self, report: Report, context: Context) -> Ended:
        """Run the job, and tell what became of the records also if it breaks off."""
        from airflow_provider_hubcontact.job.ending import log_a_break
        from airflow_provider_hubcontact.job.signals import StopSignal
        from airflow_provider_hubcontact.operators.conditions import note_a_break
        from airflow_provider_hubcontact.operators.surroundings import TaskSurroundings

        around = TaskSurroundings(
            context,
            self.hubspot_conn_id,
            getattr(self, "records", None),
            resumed=self._resumed,
            is_one_try=not self.retries and not self.may_defer,
        )
        self._signal = StopSignal()
        signal = self._signal
        try:
            return as_airflows(lambda: self._job(around, report, signal))
        except BaseException as error:
            _note_what_ended_it(report, error)
            log_a_break(report, error, self._places(report))
            note_a_break(context, self.hubspot_conn_id, report, error)
            raise
        finally:
            self._emit(report, context)

    def _withdraw_outlet(self) -> None:
        """Remove the outlet: no DAG is to run for contacts that do not change."""
        if can_be_named(self.hubspot_conn_id):
            asset = contacts_asset(self.hubspot_conn_id)
            # The list may be a copy's and the task's own.
            self.outlets[:] = [each for each in self.outlets if each != asset]

    def _emit(self, report: Report, context: Context) -> None:
        from airflow_provider_hubcontact.operators.metrics import emit

        if ti := context.get("ti"):
            emit(report, dag_id=ti.dag_id, task_id=ti.task_id)

    def _conclude(self, report: Report, context: Context, ended: Ended) -> None:
        """Turn the outcomes into the task's."""
        from airflow.providers.common.compat.sdk import AirflowSkipException

        from airflow_provider_hubcontact.job.ending import decided, log_a_bad_end, log_a_good_end, told
        from airflow_provider_hubcontact.operators.errors import HubSpotSyncFailed
        from airflow_provider_hubcontact.operators.stores.task_state import forget
        from airflow_provider_hubcontact.sync.decide.policy import Action
        from airflow_provider_hubcontact.sync.model.codes import EMPTY_SOURCE

        verdict = decided(ended.policy, report, ended.stop)
        text = told(report, verdict, ended.stop, self._places(report))
        if verdict.action is Action.RETRY:
            self._retry(report, context, ended, text)
        self._move_watermark(report, ended)
        forget(context)
        fails = verdict.action in {Action.FAIL, Action.FAIL_NOW}
        self._tell_dags(report, context, self._note(report, context, None if fails else ended.policy))
        if fails:
            log_a_bad_end(text)
            raise HubSpotSyncFailed(text)
        log_a_good_end(report, verdict, text)
        if verdict.action is Action.SKIP:
            why = "" if report.rows else f"{EMPTY_SOURCE}: "
            raise AirflowSkipException(why + verdict.sentence)

    def _retry(self, report: Report, context: Context, ended: Ended, text: str) -> NoReturn:
        """End the try so that another one follows, after a wait without a worker if that is worth it."""
        from airflow_provider_hubcontact.job.ending import log_a_bad_end
        from airflow_provider_hubcontact.operators.conditions import has_another_try
        from airflow_provider_hubcontact.operators.errors import HubSpotSyncIncomplete

        after = ended.stop.retry_after if ended.stop else None
        if (after or 0.0) >= WORTH_DEFERRING and self.may_defer:
            self._defer(after or 0.0, text)
        if not has_another_try(context):
            self._move_watermark(report, ended)
            self._note(report, context, None)
        log_a_bad_end(text)
        raise HubSpotSyncIncomplete(text, after)

    def _note(self, report: Report, context: Context, policy: Policy | None) -> str | None:
        """Note in which condition the task leaves its sync, and return what has changed.

        :param policy: says which outcomes count as a success; None if the task fails.
        """
        from airflow_provider_hubcontact.operators.conditions import note

        return note(context, self.hubspot_conn_id, report, policy, reads_source=self._reads_source)

    def _move_watermark(self, report: Report, ended: Ended) -> None:
        if ended.watermark and not report.dry_run:
            ended.watermark.move()

    def _defer(self, seconds: float, message: str) -> None:
        """Free the worker slot until HubSpot accepts calls again."""
        from airflow_provider_hubcontact.operators.deferral import trigger_after

        self.log.info("%s\nThe task is deferred for %s s.", message, f"{seconds:,.0f}")
        self.defer(trigger=trigger_after(seconds), method_name="execute_again")

    def _tell_dags(self, report: Report, context: Context, change: str | None) -> None:
        """Put the counts, and what has changed, into the asset's event, which DAGs can be scheduled on."""
        events = context.get("outlet_events")
        if events is None or not can_be_named(self.hubspot_conn_id):
            return
        told = report.to_dict()
        counts = {name: told[name] for name in ("rows", "outcomes", "dry_run")} | {"change": change}
        try:
            events[contacts_asset(self.hubspot_conn_id)].extra = counts
        except KeyError:  # a mapped task has the outlets that its DAG gave it, and no others
            self.log.debug("The task has no outlet for %s.", self.hubspot_conn_id)

    def _places(self, report: Report) -> list[str]:
        from airflow import __version__ as airflow_version

        from airflow_provider_hubcontact.job.ending import places_of

        return places_of(report, pushes=self.do_xcom_push, airflow=airflow_version)


def own_keywords_of(operator: type[HubSpotRunOperator]) -> list[str]:
    """Return the keywords that an operator's own class has."""
    from inspect import Parameter, signature

    fields = signature(operator.__init__).parameters.values()
    return [field.name for field in fields if field.kind is Parameter.KEYWORD_ONLY]


def _check_connection(hubspot_conn_id: object) -> None:
    """Check that this is the id of a connection, or a template of one.

    :raises ValueError: if it is not.
    """
    if not isinstance(hubspot_conn_id, str) or not hubspot_conn_id:
        raise ValueError(
            f"hubspot_conn_id must be the id of an Airflow connection, not {hubspot_conn_id!r:.100}"
        )


def _note_what_ended_it(report: Report, error: BaseException) -> None:
    """Note in the report why its run broke off, and what the task does then.

    :param error: what :func:`as_airflows` has raised; the package's own, which has a code, is its context.
    """
    from airflow.providers.common.compat.sdk import AirflowFailException, AirflowSkipException

    from airflow_provider_hubcontact.job.ending import note_what_ended_it
    from airflow_provider_hubcontact.job.errors import LedgerError
    from airflow_provider_hubcontact.operators.errors import HubSpotSyncFailed, HubSpotSyncIncomplete
    from airflow_provider_hubcontact.sync.decide.policy import Action

    if isinstance(error, AirflowFailException):
        action = Action.FAIL_NOW
    elif isinstance(error, HubSpotSyncIncomplete):
        action = Action.RETRY
    else:
        action = Action.SKIP if isinstance(error, AirflowSkipException) else Action.FAIL
    is_translated = isinstance(error, HubSpotSyncFailed | HubSpotSyncIncomplete)
    cause = (is_translated and error.__context__) or error
    # The text of a driver's or a DAG's exception may quote values.
    is_own = is_translated or isinstance(error, LedgerError)
    said = " ".join(str(error).split("\n")) if is_own else f"{type(error).__name__}, see the task's log"
    note_what_ended_it(report, cause, action, said)


def as_airflows(job: Callable[[], Ended]) -> Ended:
    """Run a job, and raise what keeps it from its work as Airflow understands it.

    :raises HubSpotSyncFailed: if it cannot work as it is set up, or its connection does not lead to HubSpot,
        whatever the policy says of the records' outcomes.
    :raises HubSpotSyncIncomplete: if the portal is not ready now, or the state is in use.
    """
    from airflow_provider_hubcontact.client import ConfigurationError
    from airflow_provider_hubcontact.job.errors import (
        LedgerError,
        PortalNotReady,
        PreflightError,
        SetupError,
        StateError,
    )
    from airflow_provider_hubcontact.operators.errors import HubSpotSyncFailed, HubSpotSyncIncomplete
    from airflow_provider_hubcontact.printable import printable
    from airflow_provider_hubcontact.sync.model.codes import coded
    from airflow_provider_hubcontact.sync.rows.json_schema import InvalidSchema

    try:
        return job()
    except PreflightError as error:
        raise HubSpotSyncFailed(coded(error)) from None
    except (ConfigurationError, InvalidSchema, SetupError) as error:
        # It may quote names of columns, and a traceback would show them as they are.
        raise HubSpotSyncFailed(printable(coded(error))) from None
    except (PortalNotReady, StateError) as error:
        raise (HubSpotSyncIncomplete if error.may_pass else HubSpotSyncFailed)(coded(error)) from None
    except HubSpotSyncIncomplete as error:  # of a database
        raise HubSpotSyncIncomplete(coded(error), error.retry_after) from None
    except LedgerError as error:
        raise LedgerError(coded(error)) from None
