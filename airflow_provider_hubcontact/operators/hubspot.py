"""Context in, task outcome out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowSkipException, BaseOperator

from airflow_provider_hubcontact import CONN_FIELDS
from airflow_provider_hubcontact.assets import can_be_named, contacts_asset
from airflow_provider_hubcontact.links.hubspot import HubSpotContactsLink, HubSpotSyncReportLink
from airflow_provider_hubcontact.operators.errors import HubSpotSyncFailed, HubSpotSyncIncomplete

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context
    from airflow.providers.openlineage.extractors import OperatorLineage

    from airflow_provider_hubcontact.operators.execution import Execution
    from airflow_provider_hubcontact.operators.sources.templates import Origins
    from airflow_provider_hubcontact.sync.decide.policy import Policy
    from airflow_provider_hubcontact.sync.keep.report import Report
    from airflow_provider_hubcontact.sync.model.outcome import Stop

__all__ = ["HubSpotSyncFailed", "HubSpotSyncIncomplete", "HubSpotUpdateContactOperator"]

# Parsing a DAG must cost nearly nothing: what runs a task, or checks what few give, is imported when needed.

API_VERSIONS: tuple[str, ...] = tuple(CONN_FIELDS["api_version"]["schema"]["enum"])

WORTH_DEFERRING = 60.0
"""Seconds; a shorter wait is a retry's."""


class HubSpotUpdateContactOperator(BaseOperator):
    """Update HubSpot contacts from records, and account for every record.

    Give either ``records`` or ``sql``. The return value is the report; it is in XCom also when the task
    fails or is skipped.

    The README has the outcomes, the connection and the limits.

    :param records: an upstream task's output: mappings of columns to values, one mapping, or a DataFrame.
        Nothing in it is rendered; only a text as a whole is a template. None is not an empty list, and fails.
        (templated)
    :param sql: a query, or the path of a ``.sql`` file, whose rows are the records. (templated)
    :param sql_conn_id: Airflow connection of the database for ``sql``. (templated)
    :param parameters: parameters of the query, in the style of the database's driver. (templated)
    :param hubspot_conn_id: Airflow connection of the portal. (templated)
    :param mapping: column → property; other columns are not sent. Without it, every column is sent
        under its own name. (templated)
    :param key: column whose value identifies the contact. (templated)
    :param id_property: property that the key is a value of: ``email``, ``hs_object_id`` for record ids,
        or a unique property. A column that is mapped to it changes it. (templated)
    :param schema: JSON Schema that every record must satisfy after mapping, or the path of a ``.json``
        file with it, absolute or beside the DAG; references lead to files beside that. Or a validator of
        ``jsonschema``, which then decides alone. Values keep their types; left-out ones are absent.
        (templated)
    :param nulls: ``ignore`` leaves empty values out, ``clear`` clears the property.
    :param duplicates: ``last``: rows with one key are written in their order; ``reject``: the later ones are
        invalid, wherever they are.
    :param on_stage_regression: what happens when a lifecycle stage would go back: ``reject`` the record,
        ``keep`` the stage and write the rest, or ``reset`` it: clear, then set.
    :param mode: ``update`` existing contacts only, or ``upsert``.
    :param write_modes: property → ``overwrite`` (default), ``fill_empty`` to leave a value alone that the
        contact has, or ``append`` to add to multiple checkboxes. (templated)
    :param validate_against_portal: check values against the portal's property definitions before they are
        sent; what these forbid is ``invalid``, with the nearest value that they allow.
    :param create_missing_properties: True to create properties that the portal lacks, with types guessed
        from the first records; or property → definition to create just these. (templated)
    :param timestamp: column that says when the row's values were set; legacy API only. (templated)
    :param api_version: HubSpot's API, by its version; the connection's unless given.
    :param status_actions: HTTP status or outcome → ``succeed``, ``skip``, ``fail`` or ``retry``.
    :param max_failures: failing records to tolerate: a count, or a share of all records below 1.
    :param verify: read back what was written; what HubSpot accepted, but does not have, is ``unknown``.
    :param ledger: where every record's result is kept. A folder for JSON lines: a path, ``file://…``,
        ``s3://…`` and whatever else Airflow's object storage knows; or a table, ``sql://conn_id/table``,
        created if there is none. A retry sends only what it does not know to have ended. (templated)
    :param ledger_values: keep the records' values in the ledger too: personal data.
    :param records_from_ledger: ledger, or a folder in it, whose records are sent again: those of ``records``
        or ``sql`` that it names, or else the values that it has kept. (templated)
    :param outcomes: outcomes of the records to send again; all but the good ones unless given.
    :param plan: folder of a plan. With ``dry_run`` the plan is written there: each record's old and new
        values, and totals. Without, it is applied: just what it has, and no contact that has got other
        values since. (templated)
    :param max_changes: contacts that may be changed: a count, or a share of the rows below 1. If it would be
        more, nothing is written.
    :param max_creates: contacts that may be created, likewise.
    :param dry_run: report what would change, and write nothing. (templated)
    :param watermark: column that grows with every change of a row: only rows from the last good run on are
        read. It moves over rows that succeed or are skipped, so that a failed one is read again.
    :param deferrable: leave the worker while HubSpot takes no calls for long (the day's are used up, the
        portal moves), and go on by itself; Airflow's ``operators.default_deferrable`` unless given.
    """

    template_fields: Sequence[str] = (
        "records",
        "sql",
        "sql_conn_id",
        "parameters",
        "hubspot_conn_id",
        "mapping",
        "key",
        "id_property",
        "schema",
        "write_modes",
        "create_missing_properties",
        "timestamp",
        "ledger",
        "records_from_ledger",
        "plan",
        "is_dry_run",
    )
    template_ext: Sequence[str] = (".sql", ".json")
    template_fields_renderers = {"sql": "sql", "schema": "json", "mapping": "json", "parameters": "json"}  # noqa: RUF012
    ui_color = "#ffd9cc"
    operator_extra_links = (HubSpotContactsLink(), HubSpotSyncReportLink())

    def __init__(
        self,
        *,
        records: Any = None,
        sql: str | None = None,
        sql_conn_id: str | None = None,
        parameters: Mapping[str, Any] | Sequence[Any] | None = None,
        hubspot_conn_id: str = "hubspot_default",
        mapping: Mapping[str, str] | None = None,
        key: str = "email",
        id_property: str = "email",
        schema: Mapping[str, Any] | str | Path | Any | None = None,
        nulls: str = "ignore",
        duplicates: str = "last",
        on_stage_regression: str = "reject",
        mode: str = "update",
        write_modes: Mapping[str, str] | None = None,
        validate_against_portal: bool = True,
        create_missing_properties: bool | Mapping[str, Mapping[str, Any]] = False,
        timestamp: str | None = None,
        api_version: str | None = None,
        status_actions: Mapping[int | str, str] | None = None,
        max_failures: float = 0,
        verify: bool = False,
        ledger: str | None = None,
        ledger_values: bool = False,
        records_from_ledger: str | None = None,
        outcomes: Sequence[str] | None = None,
        plan: str | None = None,
        max_changes: float | None = None,
        max_creates: float | None = None,
        dry_run: bool | str = False,
        watermark: str | None = None,
        deferrable: bool | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.records = records
        self.sql = sql
        self.sql_conn_id = sql_conn_id
        self.parameters = parameters
        self.hubspot_conn_id = hubspot_conn_id
        self.mapping = mapping
        self.key = key
        self.id_property = id_property
        self.schema = _unrendered(schema)
        self.schema_folder: Path | None = None
        self.nulls = nulls
        self.duplicates = duplicates
        self.on_stage_regression = on_stage_regression
        self.mode = mode
        self.write_modes = write_modes
        self.validate_against_portal = validate_against_portal
        self.create_missing_properties = create_missing_properties
        self.timestamp = timestamp
        self.api_version = api_version
        self.status_actions = status_actions
        self.max_failures = max_failures
        self.verify = verify
        self.ledger = ledger
        self.ledger_values = ledger_values
        self.records_from_ledger = records_from_ledger
        self.outcomes = outcomes
        self.plan = plan
        self.max_changes = max_changes
        self.max_creates = max_creates
        self.watermark = watermark
        self.deferrable = deferrable
        if can_be_named(hubspot_conn_id):
            self.outlets = [*self.outlets, contacts_asset(hubspot_conn_id)]
        self._execution: Execution | None = None
        self._goes_on = False
        self._told: Mapping[str, Any] = {}
        self.is_dry_run = dry_run  # BaseOperator has a method called dry_run
        if self._is_mapped_to_nothing:
            from airflow_provider_hubcontact.operators.sources.redacted import withhold

            self.records = withhold(None)
        self._check()
        if getattr(self, "retry_policy", False) is None:  # Airflow 3.3 knows such, and none was given
            from airflow_provider_hubcontact.operators.retries import HubSpotRetryPolicy

            self.retry_policy = HubSpotRetryPolicy()

    def _check(self) -> None:
        from airflow_provider_hubcontact.job.effects import not_flags, without_effect

        if problems := [*not_flags(self), *without_effect(self)]:
            raise ValueError("; ".join(problems))
        if callable(self.records):
            from airflow_provider_hubcontact.operators.sources.templates import check_function

            check_function(self.records)
        if (self.records is None) == (self.sql is None) and (
            self.records is not None or (self.records_from_ledger is None and self.plan is None)
        ):
            raise ValueError(
                "HubSpotUpdateContactOperator takes either records or sql, and exactly one of them; "
                "with records_from_ledger, at most one of them; none to apply a plan"
            )
        if self.status_actions or self.max_failures != 0 or isinstance(self.max_failures, bool):
            _ = self.policy  # raises what is wrong with it
        for name, most in (("max_changes", self.max_changes), ("max_creates", self.max_creates)):
            _tolerance(name, most)
        if self.sql is not None and self.sql_conn_id is None:
            raise ValueError("sql needs sql_conn_id, the connection of the database to query")
        if self.watermark and (self.plan or self.records_from_ledger):
            raise ValueError(
                "a watermark goes with a source that is read, not with plan or records_from_ledger"
            )
        if self.outcomes:
            from airflow_provider_hubcontact.sync.model.outcome import Outcome

            for outcome in self.outcomes:
                _one_of("outcomes", outcome, tuple(Outcome))
        _one_of("nulls", self.nulls, ("ignore", "clear"))
        _one_of("duplicates", self.duplicates, ("last", "reject"))
        _one_of("on_stage_regression", self.on_stage_regression, ("reject", "keep", "reset"))
        _one_of("mode", self.mode, ("update", "upsert"))
        _one_of("api_version", self.api_version, (None, *API_VERSIONS))

    @property
    def _is_mapped_to_nothing(self) -> bool:
        """Whether ``.expand()`` gave None for the only source that the task has."""
        sources = (self.records, self.sql, self.sql_conn_id, self.plan, self.records_from_ledger)
        return getattr(self, "_BaseOperator__from_mapped", False) and not any(
            each is not None for each in sources
        )

    @property
    def may_defer(self) -> bool:
        """Whether the task leaves its worker for a long wait."""
        from airflow_provider_hubcontact.compat import conf

        if self.deferrable is not None:
            return self.deferrable
        return bool(conf.getboolean("operators", "default_deferrable", fallback=False))

    @property
    def policy(self) -> Policy:
        """How outcomes become the task's outcome.

        :raises ValueError: if ``status_actions`` or ``max_failures`` is none.
        """
        from airflow_provider_hubcontact.sync.decide.policy import Policy

        return Policy.of(self.status_actions or {}, self.max_failures)

    def resolve_template_files(self) -> None:
        """Read the template files of the settings that may name one; any other text is just that."""
        from airflow_provider_hubcontact.operators.sources.templates import TEMPLATE_FILES

        self._note_schema_folder()
        fields = self.template_fields
        self.template_fields = [name for name in fields if name in TEMPLATE_FILES]
        try:
            super().resolve_template_files()
        finally:
            self.template_fields = fields

    def _note_schema_folder(self, jinja_env: Any = None) -> None:
        """Keep where the schema's file is before Airflow puts its text into its place."""
        if isinstance(self.schema, str) and self.schema.endswith(".json"):
            from airflow_provider_hubcontact.operators.sources.templates import folder_of_file

            self.schema_folder = folder_of_file(self.schema, jinja_env or self.get_template_env())

    def _do_render_template_fields(
        self,
        parent: Any,
        template_fields: Iterable[str],
        context: Context,
        jinja_env: Any,
        seen_oids: set[int],
    ) -> None:
        """Render what stands in the DAG file, never what is data, and withhold the records.

        Airflow has no public place for this that mapped tasks pass through too.
        """
        from airflow_provider_hubcontact.operators.sources.templates import TEMPLATE_FILES, Origins

        render = super()._do_render_template_fields
        if parent is not self:
            render(parent, template_fields, context, jinja_env, seen_oids)
            return
        origins = Origins.of(self, context["ti"].map_index)
        names = [
            name
            for name in template_fields
            if name != "records" and not origins.setting_is_data(name, getattr(self, name))
        ]
        if "schema" in names:
            self._note_schema_folder(jinja_env)
        render(self, [name for name in names if name in TEMPLATE_FILES], context, jinja_env, seen_oids)
        extensions, self.template_ext = self.template_ext, ()
        try:
            others = [name for name in names if name not in TEMPLATE_FILES]
            render(self, others, context, jinja_env, seen_oids)
            if "records" in template_fields and (self.records is not None or "records" in origins.given):
                self._take_records(origins, context, jinja_env)
        finally:
            self.template_ext = extensions

    def _take_records(self, origins: Origins, context: Context, jinja_env: Any) -> None:
        """Resolve the records; only a text, or a function, in the DAG file can be a template."""
        from airflow_provider_hubcontact.operators.sources.redacted import withhold
        from airflow_provider_hubcontact.operators.sources.templates import resolved

        if not origins.setting_is_data("records", self.records):
            if isinstance(self.records, str) or callable(self.records):
                super()._do_render_template_fields(self, ["records"], context, jinja_env, set())
            else:
                self.records = resolved(
                    self.records, lambda each: self.render_template(each, context, jinja_env, set())
                )
        self.records = withhold(self.records)

    def execute(self, context: Context) -> dict[str, Any]:
        """Sync the records.

        :return: the report.
        :raises HubSpotSyncFailed: if records ended with an outcome that fails the task, or the task
            cannot work as it is set up.
        :raises HubSpotSyncIncomplete: if records ended with an outcome that a retry can mend.
        :raises AirflowSkipException: if every record ended with ``skip``, or there was none.
        """
        from airflow.providers.common.compat.sdk import XCOM_RETURN_KEY

        from airflow_provider_hubcontact.job.ending import log_a_break
        from airflow_provider_hubcontact.job.settings import is_true
        from airflow_provider_hubcontact.operators.execution import Execution
        from airflow_provider_hubcontact.sync.keep.report import Report

        try:
            report = Report(dry_run=is_true(self.is_dry_run))
        except ValueError as error:
            raise HubSpotSyncFailed(f"dry_run: {error}") from None
        if report.dry_run and can_be_named(self.hubspot_conn_id):
            # Nothing changes, so no DAG is to run for it; the list may be a copy's and the task's own.
            asset = contacts_asset(self.hubspot_conn_id)
            self.outlets[:] = [each for each in self.outlets if each != asset]
        self._execution = Execution(self, context, goes_on=self._goes_on)
        try:
            try:
                stop = self._execution.run(report)
            except BaseException as error:
                log_a_break(report, error, self._places(report))
                raise
            finally:
                self._emit(report, context)
            self._conclude(report, context, stop)
        except BaseException:
            # Airflow keeps what a failing task pushed, but not what it would have returned.
            self._told = report.to_dict()
            if self.do_xcom_push and report.api_version:
                context["ti"].xcom_push(key=XCOM_RETURN_KEY, value=self._told)
            raise
        self._told = report.to_dict()
        return self._told

    def execute_again(self, context: Context, event: Any = None) -> dict[str, Any]:
        """Go on after having waited: what has ended is known from ledger or place, or found unchanged."""
        del event
        self._goes_on = True
        return self.execute(context)

    def get_openlineage_facets_on_start(self) -> OperatorLineage[Any, Any] | None:
        """Tell OpenLineage what is read."""
        return self._lineage({})

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> OperatorLineage[Any, Any] | None:
        """Tell OpenLineage what was read and written, and how good it was."""
        del task_instance
        return self._lineage(self._told)

    def _lineage(self, told: Mapping[str, Any]) -> OperatorLineage[Any, Any] | None:
        from airflow_provider_hubcontact.operators.lineage import lineage_of

        properties = (self.mapping or {}).values()
        checks = [
            *(["JSON_SCHEMA"] if self.schema else []),
            *(["PORTAL_SCHEMA"] if self.validate_against_portal else []),
        ]
        return lineage_of(
            told, self.hubspot_conn_id, self.sql, self.sql_conn_id, properties=properties, checks=checks
        )

    def on_kill(self) -> None:
        """Send nothing more, and account for what was sent."""
        if self._execution:
            self._execution.stop()

    def _emit(self, report: Report, context: Context) -> None:
        from airflow_provider_hubcontact.operators.metrics import emit

        if ti := context.get("ti"):
            emit(report, dag_id=ti.dag_id, task_id=ti.task_id)

    def _tell_dags(self, report: Report, context: Context) -> None:
        """Put the counts into the asset's event, which other DAGs can be scheduled on."""
        events = context.get("outlet_events")
        if events is None or not can_be_named(self.hubspot_conn_id):
            return
        told = report.to_dict()
        counts = {name: told[name] for name in ("rows", "outcomes", "dry_run")}
        try:
            events[contacts_asset(self.hubspot_conn_id)].extra = counts
        except KeyError:  # a mapped task has the outlets that its DAG gave it, and no others
            self.log.debug("The task has no outlet for %s.", self.hubspot_conn_id)

    def _defer(self, seconds: float, message: str) -> None:
        """Give the worker back until HubSpot takes calls again."""
        from airflow_provider_hubcontact.operators.deferral import trigger_after

        self.log.info("%s\nThe task waits for %s s without a worker.", message, f"{seconds:,.0f}")
        self.defer(trigger=trigger_after(seconds), method_name="execute_again")

    def _conclude(self, report: Report, context: Context, stop: Stop | None) -> None:
        """Turn the outcomes into the task's."""
        from airflow_provider_hubcontact.job.ending import decided, log_a_bad_end, log_a_good_end, told
        from airflow_provider_hubcontact.operators.stores.task_state import forget
        from airflow_provider_hubcontact.sync.decide.policy import Action

        verdict = decided(self.policy, report, stop)
        text = told(report, verdict, stop, self._places(report))
        wait = (stop.retry_after if stop else None) or 0.0
        if verdict.action is Action.RETRY and wait >= WORTH_DEFERRING and self.may_defer:
            self._defer(wait, text)
        will_retry = verdict.action is Action.RETRY and _has_another_try(context)
        if self._execution and self._execution.watermark and not report.dry_run and not will_retry:
            self._execution.watermark.move()
        if verdict.action in {Action.RETRY, Action.FAIL, Action.FAIL_NOW}:
            log_a_bad_end(text)
        if verdict.action is Action.RETRY:
            raise HubSpotSyncIncomplete(text, stop.retry_after if stop else None)
        forget(context)
        self._tell_dags(report, context)
        if verdict.action in {Action.FAIL, Action.FAIL_NOW}:
            raise HubSpotSyncFailed(text)
        if verdict.action is Action.SKIP:
            log_a_good_end(report, verdict, text)
            raise AirflowSkipException(verdict.sentence)
        log_a_good_end(report, verdict, text)

    def _places(self, report: Report) -> list[str]:
        from airflow import __version__ as airflow_version

        from airflow_provider_hubcontact.job.ending import places_of

        return places_of(report, pushes=self.do_xcom_push, airflow=airflow_version)


def _has_another_try(context: Context) -> bool:
    ti = context.get("ti")
    return getattr(ti, "try_number", 1) <= (getattr(ti, "max_tries", None) or 0)


def _tolerance(name: str, most: float | None) -> None:
    if most is None:
        return
    from airflow_provider_hubcontact.sync.decide.policy import is_tolerance

    if not is_tolerance(most):
        raise ValueError(f"{name} is a count or a share below 1, not {most!r}")


def _one_of(name: str, value: object, allowed: Sequence[object]) -> None:
    if value not in allowed:
        raise ValueError(f"{name} is one of {', '.join(str(a) for a in allowed if a)}, not {value!r}")


def _unrendered(schema: Any) -> Any:
    """Keep Airflow from looking for template files where there are none, and from calling a class.

    It finds files beside the DAG only, but leaves a Path alone; and it takes every text in a dict that ends
    in ``.json``, as an ``$id`` may, for one.

    :raises ValueError: if it is the class of a validator.
    """
    if schema is None or isinstance(schema, Path):
        return schema
    if isinstance(schema, str):
        return Path(schema) if schema.startswith("/") else schema
    if isinstance(schema, Mapping):
        return json.dumps(schema)
    if isinstance(schema, type):
        raise ValueError(  # noqa: TRY004 - as for every setting
            f"schema is a class, not a validator: give {schema.__name__}(…) with the JSON Schema"
        )
    from airflow_provider_hubcontact.sync.rows.own_validator import OwnValidator, is_validator

    return OwnValidator(schema) if is_validator(schema) and not isinstance(schema, OwnValidator) else schema
