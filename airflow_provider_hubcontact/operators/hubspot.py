# SPDX-License-Identifier: Apache-2.0
"""The operator that updates contacts: its keywords, checked where a DAG is parsed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_hubcontact.operators.fields import Options
from airflow_provider_hubcontact.operators.options import (
    FromLedger,
    Guards,
    Key,
    Ledger,
    Lists,
    State,
    Values,
    Writes,
    value_object,
)
from airflow_provider_hubcontact.operators.templated import HubSpotTemplatedOperator

if TYPE_CHECKING:
    from airflow.providers.openlineage.extractors import OperatorLineage
    from airflow.sdk.definitions.mappedoperator import OperatorPartial

    from airflow_provider_hubcontact.job.run.run import Ended
    from airflow_provider_hubcontact.job.settings.settings import Settings
    from airflow_provider_hubcontact.job.signals import StopSignal
    from airflow_provider_hubcontact.operators.surroundings import TaskSurroundings
    from airflow_provider_hubcontact.sync.keep.report import Report

__all__ = [
    "FromLedger",
    "Guards",
    "HubSpotUpdateContactOperator",
    "Key",
    "Ledger",
    "Lists",
    "State",
    "Values",
    "Writes",
]


class HubSpotUpdateContactOperator(HubSpotTemplatedOperator):
    """Update HubSpot contacts from records, and report what happened to every record.

    Pass either ``records`` or ``sql``. The return value is the report; it is in XCom even if the task
    fails or is skipped.

    The README has the outcomes, the connection and the limits. A keyword that takes an object also takes a
    mapping of its fields.

    :param records: output of an upstream task: mappings of columns to values, one mapping, or a DataFrame.
        Nothing in it is rendered; only a text passed as ``records`` itself is a template. None fails the
        task: it is not an empty list. :class:`FromLedger` sends records of an earlier run again. (templated)
    :param sql: a query, or the path of a ``.sql`` file, whose rows are the records. (templated)
    :param sql_conn_id: Airflow connection of the database for ``sql``. (templated)
    :param parameters: parameters of the query, in the style of the database's driver. (templated)
    :param watermark: column that grows with every change of a row: only rows that have changed since the last
        good run are read. It moves past rows that succeed or are skipped; a failed row is read again.
    :param hubspot_conn_id: Airflow connection of the portal. (templated)
    :param mapping: column → property; only the columns listed here are sent. Without it, every column is
        sent under its own name. (templated)
    :param key: column with the contact's address; or a :class:`Key` for another property, and for addresses
        that change. (templated)
    :param json_schema: JSON Schema that every record must satisfy after mapping, or the path of a ``.json``
        file with it, absolute or beside the DAG; references point to files beside that. Or a validator of
        ``jsonschema``, which then decides alone. Values keep their types; left-out ones are absent.
        (templated)
    :param upsert: also create contacts that do not exist.
    :param writes: how values are written: :class:`Writes`. (templated)
    :param values: how texts of the source are read, such as ``1.234,56``: :class:`Values`. (templated)
    :param status_actions: HTTP status or outcome → ``succeed``, ``skip``, ``fail`` or ``retry``.
    :param max_failures: failing records to tolerate: a count, or a share of all records below 1.
    :param guards: what the run may do at most: :class:`Guards`.
    :param ledger: where every record's result is kept: a path, or a :class:`Ledger`. A retry skips every
        record that the ledger lists as finished. (templated)
    :param state: where it is kept what HubSpot was last proved to have, ``sql://conn_id/table`` or a
        :class:`State`: a row that equals it is neither read nor sent. (templated)
    :param lists: name or id of a static list in which each contact is to be whose record ends well, or
        :class:`Lists`. (templated)
    :param verify: read back what was written; what HubSpot accepted but does not have is ``unknown``.
    :param dry_run: report what would change, and write nothing. (templated)
    :param deferrable: free the worker slot during long waits (daily quota, portal migration), and continue
        in the same try; Airflow's ``operators.default_deferrable`` unless given.
    """

    template_fields: Sequence[str] = (
        "records",
        "replay",
        "sql",
        "sql_conn_id",
        "parameters",
        "hubspot_conn_id",
        "mapping",
        "key",
        "json_schema",
        "writes",
        "values",
        "guards",
        "ledger",
        "state",
        "lists",
        "is_dry_run",
    )
    template_ext: Sequence[str] = (".sql", ".json")
    _plans: ClassVar[bool] = False
    template_fields_renderers: ClassVar[dict[str, str]] = {
        "sql": "sql",
        "json_schema": "json",
        "mapping": "json",
        "parameters": "json",
    }

    def __init__(
        self,
        *,
        records: Any = None,
        sql: str | None = None,
        sql_conn_id: str | None = None,
        parameters: Mapping[str, Any] | Sequence[Any] | None = None,
        watermark: str | None = None,
        hubspot_conn_id: str = "hubspot_default",
        mapping: Mapping[str, str] | None = None,
        key: str | Key | Mapping[str, Any] = "email",
        json_schema: Mapping[str, Any] | str | Path | Any | None = None,
        upsert: bool = False,
        writes: Writes | Mapping[str, Any] | None = None,
        values: Values | Mapping[str, Any] | None = None,
        status_actions: Mapping[int | str, str] | None = None,
        max_failures: float = 0,
        guards: Guards | Mapping[str, Any] | None = None,
        ledger: str | PathLike[str] | Ledger | Mapping[str, Any] | None = None,
        state: str | State | Mapping[str, Any] | None = None,
        lists: str | Lists | Mapping[str, Any] | None = None,
        verify: bool = False,
        dry_run: bool | str = False,
        deferrable: bool | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(hubspot_conn_id=hubspot_conn_id, deferrable=deferrable, **kwargs)
        self.replay = records.copy() if isinstance(records, FromLedger) else None
        self.records = self.replay.among if self.replay else records
        self.sql = sql
        self.sql_conn_id = sql_conn_id
        self.parameters = parameters
        self.watermark = watermark
        self.mapping = mapping
        self.key = value_object("key", key)
        self.json_schema = _unrendered(json_schema)
        self.schema_folder: Path | None = None
        self.upsert = upsert
        self.writes = value_object("writes", writes)
        self.values = value_object("values", values)
        self.status_actions = status_actions
        self.max_failures = max_failures
        self.guards = value_object("guards", guards)
        self.ledger = value_object("ledger", ledger)
        self.state = value_object("state", state)
        self.lists = value_object("lists", lists)
        self.verify = verify
        self.is_dry_run = dry_run  # BaseOperator has a method called dry_run
        self._declare_outlet()
        self._depend_on_references()
        if self._is_mapped_to_nothing:
            from airflow_provider_hubcontact.operators.sources.redacted import withhold

            self.records = withhold(None)
        self._check()

    @classmethod
    def partial(cls, **given: Any) -> OperatorPartial:
        """Return a task that is to be mapped, as Airflow does.

        :raises TypeError: if a keyword is unknown.
        :raises ValueError: if it would remove contacts: rows of the other parts have not left the source.
        """
        _check_mapped(given.get("state"), given.get("lists"))
        return super().partial(**given)

    def _check(self) -> None:
        """Check the settings, as far as the DAG file tells them.

        :raises ValueError: if one is not valid, or can have no effect.
        """
        if self.replay and self.replay.undo and not self._plans:
            raise ValueError(
                "FromLedger: undo=True is for HubSpotPlanContactsOperator: an undo is a plan, and "
                "HubSpotApplyPlanOperator applies it"
            )
        if self._was_mapped:
            _check_mapped(self.state, self.lists)
        from airflow_provider_hubcontact.job.settings.problems import problems_of
        from airflow_provider_hubcontact.operators.given import settings_of, unrendered

        problems = problems_of(settings_of(self, is_rendered=False))
        if not self._was_mapped:  # what another task's output gave is data, and may look like anything
            problems += unrendered(self)
        if problems:
            from airflow_provider_hubcontact.printable import printable

            raise ValueError("; ".join(map(printable, problems)))
        for name in ("records", "json_schema"):
            if callable(function := getattr(self, name)):
                from airflow_provider_hubcontact.operators.sources.templates import check_function

                check_function(name, function)

    @property
    def _is_mapped_to_nothing(self) -> bool:
        """Whether ``.expand()`` gave None for the only source that the task has."""
        sources = (self.records, self.replay, self.sql, self.sql_conn_id)
        return self._was_mapped and not any(each is not None for each in sources)

    def _job(self, around: TaskSurroundings, report: Report, signal: StopSignal) -> Ended:
        from airflow_provider_hubcontact.job.update import update

        return update(self._settings(), around, report, signal)

    def _report(self) -> Report:
        from airflow_provider_hubcontact.operators.errors import HubSpotSyncFailed
        from airflow_provider_hubcontact.operators.given import is_true
        from airflow_provider_hubcontact.sync.keep.report import Report
        from airflow_provider_hubcontact.sync.model.codes import SETTING

        try:
            return Report(dry_run=is_true(self.is_dry_run))
        except ValueError as error:
            raise HubSpotSyncFailed(f"{SETTING}: {error}") from None

    def _settings(self) -> Settings:
        """Return the settings, rendered and frozen."""
        from airflow_provider_hubcontact.operators.given import settings_of

        return settings_of(self, is_rendered=True)

    def _lineage(self, told: Mapping[str, Any]) -> OperatorLineage[Any, Any] | None:
        from airflow_provider_hubcontact.operators.lineage import lineage_of

        properties = [*(self.mapping or {}).values()]
        if properties and isinstance(self.key, Key) and self.key.becomes:
            properties.append(self.key.property)
        checks = ["PORTAL_SCHEMA"] if self.json_schema is None else ["JSON_SCHEMA", "PORTAL_SCHEMA"]
        return lineage_of(
            told, self.hubspot_conn_id, self.sql, self.sql_conn_id, properties=properties, checks=checks
        )


def _check_mapped(state: Any, lists: Any) -> None:
    """Check that a mapped task removes no contacts, from lists neither.

    :param state: what was given for it.
    :param lists: likewise.
    :raises ValueError: if it does.
    """
    for setting, given, name in (("state", state, "on_removed"), ("lists", lists, "mirror")):
        fields = given.fields() if isinstance(given, Options) else given
        if isinstance(fields, Mapping) and fields.get(name):
            raise ValueError(
                f"{setting}.{name} needs a task that reads the whole source: a mapped task cannot know which "
                "rows left it"
            )


def _unrendered(schema: Any) -> Any:
    """Keep Airflow from looking for template files where there are none, and from calling a class.

    It finds files beside the DAG only, but leaves a Path alone; and it takes every text in a dict that ends
    in ``.json``, as an ``$id`` may, for one.

    :raises ValueError: if it is the class of a validator, or a mapping that is no JSON.
    """
    if schema is None or isinstance(schema, Path):
        return schema
    if isinstance(schema, str):
        return Path(schema) if schema.startswith("/") else schema
    if isinstance(schema, Mapping):
        try:
            return json.dumps(schema)
        except (TypeError, ValueError) as error:
            raise ValueError(f"json_schema cannot be written as JSON: {error}") from None
    if isinstance(schema, type):
        raise ValueError(  # noqa: TRY004 - as for every setting
            f"json_schema is a class, not a validator: pass {schema.__name__}(…) with the JSON Schema"
        )
    from airflow_provider_hubcontact.sync.rows.own_validator import OwnValidator, is_validator

    return OwnValidator(schema) if is_validator(schema) and not isinstance(schema, OwnValidator) else schema
