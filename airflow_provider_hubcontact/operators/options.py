# SPDX-License-Identifier: Apache-2.0
"""The value objects of the operators' keywords: what a DAG file says of keys, writes, ledgers and so on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any

from airflow_provider_hubcontact.operators.fields import Options, as_text

__all__ = ["FromLedger", "Guards", "Key", "Ledger", "Lists", "State", "Values", "Writes"]


class Key(Options):
    """Which contact a row is about.

    :param column: column whose value identifies the contact. (templated)
    :param property: property that this is a value of: ``email``, ``hs_object_id`` for record ids, or a
        unique property. (templated)
    :param becomes: column with the new value of this property, such as a new address. (templated)
    """

    template_fields = ("column", "property", "becomes")

    def __init__(self, column: str = "email", property: str = "email", becomes: str | None = None) -> None:  # noqa: A002 - the field's word
        self.column = column
        self.property = property
        self.becomes = becomes


class Writes(Options):
    """How values are written.

    :param nulls: ``ignore`` leaves empty values out, ``clear`` clears the property.
    :param duplicates: rows with the same key: ``last`` writes all in order, ``reject`` makes all but the
        first ``invalid``.
    :param stages: what happens when a lifecycle stage would go back: ``reject`` the record, ``keep`` the
        stage and write the rest, or ``reset`` it: clear, then set.
    :param properties: property → ``overwrite`` (default), ``fill_empty`` to keep a value that the contact
        has, or ``append`` to add to multiple checkboxes. (templated)
    :param create_properties: True to create properties that the portal lacks, with types from the JSON
        Schema or else the first records; or property → definition to create just these. (templated)
    :param compare: False writes contacts by their keys, 100 a call, and looks none up unless its current
        values are needed; with ``upsert=True``. What they have already is sent again.
    :param timestamp: column that says when the row's values were set; legacy API only. (templated)
    """

    template_fields = ("properties", "create_properties", "timestamp")

    def __init__(
        self,
        *,
        nulls: str = "ignore",
        duplicates: str = "last",
        stages: str = "reject",
        properties: Mapping[str, str] | None = None,
        create_properties: bool | Mapping[str, Mapping[str, Any]] = False,
        compare: bool = True,
        timestamp: str | None = None,
    ) -> None:
        self.nulls = nulls
        self.duplicates = duplicates
        self.stages = stages
        self.properties = properties
        self.create_properties = create_properties
        self.compare = compare
        self.timestamp = timestamp


class Values(Options):
    """How texts of the source are read, if they are not in the form that HubSpot takes.

    Each field is for properties of one type. A text that cannot be read, or can mean two things, makes its
    record ``invalid``. Values that are not texts are not changed.

    :param null_texts: texts that mean no value, such as ``["NULL", "N/A"]``. They are treated as None, in the
        key's column too. Upper and lower case matter, blanks around them do not.
    :param labels: accept an option's label instead of its value. A value comes first, then a label, then a
        label in other upper and lower case.
    :param decimal: the decimal mark of numbers: with ``","``, ``1.234,56`` is 1234.56.
    :param dates: the format of days and times, such as ``"%d.%m.%Y"``, or a list of formats. Names of months
        and weekdays are not supported, so the locale does not matter. (templated)
    :param booleans: word → True or False, such as ``{"yes": True, "no": False}``. Upper and lower case do not
        matter.
    :param json_lists: read the JSON text of a list, such as ``["golf","wine"]``, as options of multiple
        checkboxes.
    """

    template_fields = ("dates",)

    def __init__(
        self,
        *,
        null_texts: Sequence[str] | None = None,
        labels: bool = False,
        decimal: str | None = None,
        dates: str | Sequence[str] | None = None,
        booleans: Mapping[str, bool] | None = None,
        json_lists: bool = False,
    ) -> None:
        self.null_texts = null_texts
        self.labels = labels
        self.decimal = decimal
        self.dates = dates
        self.booleans = booleans
        self.json_lists = json_lists


class Guards(Options):
    """What a run may do at most. If it would do more, nothing is written.

    :param changes: contacts that may be changed: a count, or a share of the rows below 1.
    :param creates: contacts that may be created: a count, or a share of the rows below 1.
    :param removals: contacts whose rows left the source, and that may get the values of ``on_removed`` or be
        archived: a count, or a share of the keys in the state below 1. Also contacts that may leave lists: a
        count, or a share of those that this sync has added; and contacts that an undo may archive: a count,
        or a share of the contacts of the run. A share always allows one; None for any number.
    """

    def __init__(
        self,
        changes: float | None = None,
        creates: float | None = None,
        removals: float | None = 0.1,
    ) -> None:
        self.changes = changes
        self.creates = creates
        self.removals = removals


class Ledger(Options):
    """Where every record's result is kept. A retry skips every record that the ledger lists as finished.

    :param path: a folder for JSON lines: a path, ``file://…``, ``s3://…`` or any other URL that Airflow's
        object storage supports; or a table, ``sql://conn_id/table``, created if it does not exist.
        (templated)
    :param values: also keep the records' values, which are personal data.
    """

    template_fields = ("path",)

    def __init__(self, path: str | PathLike[str], values: bool = False) -> None:
        self.path = as_text(path)
        self.values = values


class State(Options):
    """Where it is kept what HubSpot was last proved to have: a row that equals it is neither read nor sent.

    It holds digests, record ids and numbers, and nothing of the records themselves.

    :param path: a table of a database, ``sql://conn_id/table`` or ``sql://conn_id/schema.table``,
        created if it does not exist. A second table beside it has ``_meta`` at the end of its name, and with
        ``lists`` a third one ``_lists``. (templated)
    :param refresh: look all rows up and compare them, whatever is proved of them. (templated)
    :param audit: days in which each contact that is not written is read back once, so that it is found what
        somebody has edited; None for never.
    :param drift: what becomes of such a contact: ``write`` the row's values again, or ``tell`` and write
        nothing.
    :param absent: days for which it is remembered that no contact has a key, if ``status_actions`` makes
        that a good end; None to ask each time.
    :param trust_ids: update contacts by the record ids that were proved, without looking their keys up: for
        keys that nobody but this sync moves from one contact to another. An upsert, and record ids as keys,
        need no look-up anyway.
    :param on_removed: what becomes of contacts whose rows left the source: None leaves them alone; property →
        value is written to those that this sync has created or written; ``archive`` archives those that it
        has created; ``leave_list`` takes contacts out of the lists into which it has put them. (templated)
    :param grace: completed runs in a row that may lack a row before that.
    """

    template_fields = ("path", "refresh", "on_removed")

    def __init__(
        self,
        path: str,
        *,
        refresh: bool | str = False,
        audit: float | None = 30,
        drift: str = "write",
        absent: float | None = None,
        trust_ids: bool = False,
        on_removed: Mapping[str, str] | str | None = None,
        grace: int = 1,
    ) -> None:
        self.path = path
        self.refresh = refresh
        self.audit = audit
        self.drift = drift
        self.absent = absent
        self.trust_ids = trust_ids
        self.on_removed = on_removed
        self.grace = grace


class Lists(Options):
    """The lists into which contacts are put whose records end well.

    Only static lists can be named. HubSpot fills active lists itself. Members that somebody else has added
    stay.

    :param name: name or id of the list. (templated)
    :param column: column that names the list of each row instead. A row without a value is in no list.
        (templated)
    :param create: create a static list if no list has this name.
    :param mirror: also take contacts out of a list that no row names for them any more, if this sync has
        added them. It needs ``state``, which knows whom this sync has added.
    :param batch_size: the most contacts of one call. It is halved while HubSpot refuses calls of this size.
    """

    template_fields = ("name", "column")

    def __init__(
        self,
        name: str | None = None,
        *,
        column: str | None = None,
        create: bool = False,
        mirror: bool = False,
        batch_size: int = 1_000,
    ) -> None:
        self.name = name
        self.column = column
        self.create = create
        self.mirror = mirror
        self.batch_size = batch_size


class FromLedger(Options):
    """Records of an earlier run that are sent again, or that are undone.

    :param path: path of the ledger, or of a folder in it: a run, a task. (templated)
    :param outcomes: outcomes of the records to send again; all but ``updated``, ``created``, ``archived``,
        ``unchanged``, ``up_to_date`` and ``superseded`` unless given.
    :param among: records to choose from by their key, such as a task's output. With ``sql``, the query's rows
        are chosen from. Without either, the values that the ledger has kept are sent.
    :param undo: give contacts the values back that they had before the run, where they still have those that
        it wrote. For ``HubSpotPlanContactsOperator`` alone: an undo is a plan.
    :param archive_created: an undo archives the contacts that the run has created; else they are left alone.
    :param run: the run to undo, as the ledger's ``run`` has it, if the ledger has several. (templated)
    :param task: the task to undo, as the ledger's ``task`` has it; all of the run unless given. (templated)
    """

    template_fields = ("path", "run", "task")

    def __init__(
        self,
        path: str | PathLike[str],
        outcomes: Sequence[str] | None = None,
        among: Any = None,
        *,
        undo: bool = False,
        archive_created: bool = False,
        run: str | None = None,
        task: str | None = None,
    ) -> None:
        self.path = as_text(path)
        self.outcomes = outcomes
        self.among = among
        self.undo = undo
        self.archive_created = archive_created
        self.run = run
        self.task = task

    def _chosen(self) -> dict[str, Any]:
        """Return the fields but for the records, which are personal data."""
        return {name: value for name, value in super()._chosen().items() if name != "among"}


VALUE_OBJECTS: Mapping[str, type[Options]] = {
    "key": Key,
    "writes": Writes,
    "values": Values,
    "guards": Guards,
    "ledger": Ledger,
    "state": State,
    "lists": Lists,
}
"""Keyword → what its fields are."""

_NAMES = frozenset({"key", "ledger", "state", "lists"})
"""Keywords of which a plain name says enough."""


def value_object(keyword: str, value: Any) -> Any:
    """Return what a task keeps for a keyword that takes a value object.

    :param keyword: one of :data:`VALUE_OBJECTS`.
    :param value: what was given: an object, a mapping of its fields, or a name where one is enough.
    :return: an object of the task's own; None and a name as they are.
    :raises ValueError: if it is neither.
    """
    if value is None or (isinstance(value, str) and keyword in _NAMES):
        return value
    if keyword in _NAMES and not isinstance(value, Options | Mapping):
        return as_text(value) if keyword == "ledger" else value
    return VALUE_OBJECTS[keyword].of(keyword, value)
