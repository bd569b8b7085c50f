"""What a run was asked to do: frozen, and checked here, each setting by itself and against the others.

A DAG file is parsed often, and checks its settings each time: this module imports nothing that takes time.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_hubcontact.job.frozen import Frozen
from airflow_provider_hubcontact.job.values import Values

if TYPE_CHECKING:
    from airflow_provider_hubcontact.sync.decide.policy import Policy


DEFINED = ("label", "type", "fieldType", "groupName", "description", "options")
"""What may be said of a property that is created."""


class Key(Frozen):
    """Which contact a row is about.

    :param column: whose value identifies the contact.
    :param property: that the value is one of.
    :param becomes: column with the value that the property is to get instead.
    """

    column: str = "email"
    property: str = "email"
    becomes: str | None = None

    def problems(self) -> Iterator[str]:
        """Yield a sentence for each thing that is wrong."""
        for name, value in (("column", self.column), ("property", self.property)):
            if not isinstance(value, str) or not value:
                yield f"key.{name} must be a name, not {value!r:.100}"
        if self.becomes is not None and (not isinstance(self.becomes, str) or not self.becomes):
            yield f"key.becomes must be the name of a column, not {self.becomes!r:.100}"
        elif self.becomes is not None and self.becomes == self.column:
            yield f"key: {self.column} cannot become itself; becomes is the column with the new value"
        elif self.becomes is not None and self.property == "hs_object_id":
            yield "key: becomes has no effect on a record id, which never changes"

    def change_of(self, column: str) -> str:
        """Return what to do about a column with another value of the property."""
        if self.property == "hs_object_id":
            return f"a record id never changes; leave {column} out"
        name = "" if self.property == "email" else f"property={self.property!r}, "
        return (
            f"give the column with a new {self.property} as "
            f"key=Key({self.column!r}, {name}becomes={column!r})"
        )


class Writes(Frozen):
    """How values are written.

    :param nulls: whether empty values are left out or clear the property.
    :param duplicates: what becomes of the later rows of a key.
    :param stages: what happens when a lifecycle stage would go back.
    :param properties: property → how it is written.
    :param create_properties: whether to create what the portal lacks, or property → definition.
    :param compare: whether contacts are looked up and compared before they are written.
    :param timestamp: column that says when the row's values were set.
    """

    nulls: str = "ignore"
    duplicates: str = "last"
    stages: str = "reject"
    properties: Mapping[str, str] | None = None
    create_properties: bool | Mapping[str, Mapping[str, Any]] = False
    compare: bool = True
    timestamp: str | None = None

    def problems(self) -> Iterator[str]:
        """Yield a sentence for each thing that is wrong."""
        if self._has_defaults:
            return  # a DAG file that chooses nothing does not import the choices
        from airflow_provider_hubcontact.sync.model.choices import Duplicates, Nulls, OnRegression, WriteMode

        yield from _one_of("writes.nulls", self.nulls, Nulls)
        yield from _one_of("writes.duplicates", self.duplicates, Duplicates)
        yield from _one_of("writes.stages", self.stages, OnRegression)
        modes = self.properties
        if modes is not None and not is_mapping_of_names(modes):
            yield f"writes.properties must map properties to {', '.join(WriteMode)}, not {modes!r:.200}"
        elif modes is not None:
            for name, mode in modes.items():
                yield from _one_of(f"writes.properties[{name!r}]", mode, WriteMode)
        if not isinstance(self.create_properties, bool | Mapping):
            yield (
                "writes.create_properties must be True, False or map properties to definitions, "
                f"not {self.create_properties!r:.200}"
            )
        elif not isinstance(self.create_properties, bool):
            for name, definition in self.create_properties.items():
                yield from _definition(f"writes.create_properties[{name!r}]", definition)
        yield from _flag("writes.compare", self.compare)
        if self.timestamp is not None and (not isinstance(self.timestamp, str) or not self.timestamp):
            yield f"writes.timestamp must be the name of a column, not {self.timestamp!r:.100}"

    @property
    def _has_defaults(self) -> bool:
        return all(value is getattr(Writes, name) for name, value in self.fields().items())


class Guards(Frozen):
    """What a run may do at most; if it would do more, nothing is written.

    :param changes: contacts that may be changed: a count, or a share of the rows below 1.
    :param creates: contacts that may be created, likewise.
    :param removals: contacts that may be removed: a count, or a share of the state below 1, which always
        allows one; None for any number.
    """

    changes: float | None = None
    creates: float | None = None
    removals: float | None = 0.1

    def problems(self) -> Iterator[str]:
        """Yield a sentence for each thing that is wrong."""
        if self == Guards():
            return
        given = {name: most for name, most in self.fields().items() if most is not None}
        from airflow_provider_hubcontact.sync.model.tolerance import is_tolerance

        for name, most in given.items():
            if not is_tolerance(most):
                yield f"guards.{name} must be a count or a share below 1, not {most!r:.100}"

    @property
    def are_set(self) -> bool:
        """Whether anything is guarded that has to be looked up."""
        return self.changes is not None or self.creates is not None


class Ledger(Frozen):
    """Where every record's result is kept.

    :param path: folder, or ``sql://conn_id/table``.
    :param values: whether the records' values are kept too.
    """

    path: str
    values: bool = False

    def problems(self) -> Iterator[str]:
        """Yield a sentence for each thing that is wrong."""
        yield from _place("ledger", self.path)
        yield from _flag("ledger.values", self.values)


ARCHIVE = "archive"
"""What ``on_removed`` says to archive contacts."""


LEAVE = "leave_list"
"""What ``on_removed`` says to let contacts leave the lists that this sync has put them into."""


class State(Frozen):
    """Where it is kept what HubSpot was last proved to have.

    :param path: ``sql://conn_id/table``, or ``sql://conn_id/schema.table``.
    :param refresh: whether all rows are looked up and compared, whatever is proved of them.
    :param audit: days in which each contact that is not written is read back once; None for never.
    :param drift: what becomes of a contact that an audit finds edited.
    :param absent: days for which it is remembered that nobody has a key; None to ask each time.
    :param trust_ids: whether contacts are updated by the record ids that were proved, without a look-up.
    :param on_removed: property → value for the contacts of rows that left the source, ``archive``, or
        ``leave_list``; None to leave them alone.
    :param grace: completed runs in a row that may lack a row before its contact is removed.
    """

    path: str
    refresh: bool = False
    audit: float | None = 30
    drift: str = "write"
    absent: float | None = None
    trust_ids: bool = False
    on_removed: Mapping[str, str] | str | None = None
    grace: int = 1

    def problems(self) -> Iterator[str]:
        """Yield a sentence for each thing that is wrong."""
        if not isinstance(self.path, str) or not re.fullmatch(_STATE, self.path, re.ASCII):
            yield (
                "state must be sql://conn_id/table or sql://conn_id/schema.table (of ASCII letters, digits "
                f"and _), not {self.path!r:.100}"
            )
        yield from _flag("state.refresh", self.refresh)
        yield from self._of_audit()
        yield from _flag("state.trust_ids", self.trust_ids)
        yield from self._of_removals()

    def _of_audit(self) -> Iterator[str]:
        for name, days in (("audit", self.audit), ("absent", self.absent)):
            if days is not None and not _is_days(days):
                yield f"state.{name} must be a number of days above 0, or None, not {days!r:.100}"
        if self.drift != State.drift:
            from airflow_provider_hubcontact.sync.model.choices import Drift

            yield from _one_of("state.drift", self.drift, Drift)
            if self.audit is None and self.drift in set(Drift):
                yield f"state.drift={str(self.drift)!r} has no effect with audit=None: nothing is read back"

    def _of_removals(self) -> Iterator[str]:
        if not isinstance(self.grace, int) or isinstance(self.grace, bool) or self.grace < 0:
            yield f"state.grace must be a number of runs, not {self.grace!r:.100}"
        if self.on_removed is not None and self.on_removed not in (ARCHIVE, LEAVE):
            yield from self._of_values()

    def _of_values(self) -> Iterator[str]:
        values = self.on_removed
        if not is_mapping_of_names(values) or not values or not all(map(str.strip, values)):
            words = f"{ARCHIVE!r} or {LEAVE!r}"
            yield f"state.on_removed must map properties to texts, or be {words}, not {values!r:.200}"

    @property
    def address(self) -> tuple[str, str]:
        """Connection and table."""
        conn_id, _, table = self.path.removeprefix("sql://").partition("/")
        return conn_id, table


class Lists(Frozen):
    """In which lists contacts are to be whose records end well.

    :param name: of a list, or its id; None if a column names it.
    :param column: that names the list of each row; None for one list.
    :param create: whether a list is created that is named and that there is not.
    :param mirror: whether contacts leave a list that no row names for them any more, if this sync has added
        them.
    :param batch_size: contacts of one call.
    """

    name: str | None = None
    column: str | None = None
    create: bool = False
    mirror: bool = False
    batch_size: int = 1_000

    def problems(self) -> Iterator[str]:
        """Yield a sentence for each thing that is wrong."""
        if (self.name is None) == (self.column is None):
            yield "lists needs the name of a list, or the column that names them, and not both"
        for field, value in (("name", self.name), ("column", self.column)):
            if value is not None and (not isinstance(value, str) or not value.strip()):
                yield f"lists.{field} must be a name, not {value!r:.100}"
        yield from _flag("lists.create", self.create)
        yield from _flag("lists.mirror", self.mirror)
        size = self.batch_size
        if not isinstance(size, int) or isinstance(size, bool) or not 1 <= size <= MOST_OF_A_LIST:
            yield f"lists.batch_size must be a number from 1 to {MOST_OF_A_LIST:,}, not {size!r:.100}"


MOST_OF_A_LIST = 100_000
"""The most contacts of one call about a list; HubSpot documents no limit."""


MOST_DAYS = 36_500
"""The longest time of a state, in days."""


_STATE = r"sql://[^/]+/[A-Za-z_]\w*(\.[A-Za-z_]\w*)?"  # compiled when a task has a state


class Query(Frozen):
    """A query whose rows are the records.

    :param sql: its text.
    :param conn_id: Airflow connection of the database.
    :param parameters: of the query, in the style of the database's driver.
    """

    sql: str | None = None
    conn_id: str | None = None
    parameters: Mapping[str, Any] | Sequence[Any] | None = None

    def problems(self) -> Iterator[str]:
        """Yield a sentence for each thing that is wrong."""
        for name, value in (("sql", self.sql), ("sql_conn_id", self.conn_id)):
            if value is not None and (not isinstance(value, str) or not value):
                yield f"{name} must be text, not {value!r:.100}"
        if self.sql is not None and self.conn_id is None:
            yield "sql needs sql_conn_id, the connection of the database to query"
        if self.sql is None and self.conn_id is not None:
            yield "sql_conn_id has no effect without sql, which is not given"
        if self.sql is None and self.parameters is not None:
            yield "parameters has no effect without sql, which is not given"


class Replay(Frozen):
    """Which records of an earlier run are sent again, or that it is undone.

    :param path: of its ledger, or of a folder in it.
    :param outcomes: of the records to send again; None for all but the good ones.
    :param undo: whether contacts get the values back that they had before the run.
    :param archive_created: whether an undo archives the contacts that the run has created.
    :param run: that is undone, as the ledger calls it; None if it has only one.
    :param task: of the run that is undone; None for all.
    """

    path: str
    outcomes: Collection[str] | None = None
    undo: bool = False
    archive_created: bool = False
    run: str | None = None
    task: str | None = None

    def problems(self) -> Iterator[str]:
        """Yield a sentence for each thing that is wrong."""
        from airflow_provider_hubcontact.sync.model.outcome import Outcome

        yield from _place("FromLedger: path", self.path)
        yield from self._of_undo()
        if isinstance(self.outcomes, str) or (
            self.outcomes is not None and not (isinstance(self.outcomes, Collection) and self.outcomes)
        ):
            yield f"FromLedger: outcomes must be a list of outcomes, not {self.outcomes!r:.100}"
            return
        for outcome in self.outcomes or ():
            yield from _one_of("FromLedger: an outcome", outcome, Outcome)
            if outcome == Outcome.UP_TO_DATE:
                yield "FromLedger: rows that are up to date have no lines of their own in a ledger"
            if outcome == Outcome.SUPERSEDED:
                yield "FromLedger: a superseded record cannot be sent again; send the later row of its key"

    def _of_undo(self) -> Iterator[str]:
        yield from _flag("FromLedger: undo", self.undo)
        yield from _flag("FromLedger: archive_created", self.archive_created)
        for name, value in (("run", self.run), ("task", self.task)):
            if value is not None and (not isinstance(value, str) or not value):
                yield f"FromLedger: {name} must be text, as the ledger has it, not {value!r:.100}"
        if self.undo:
            if self.outcomes is not None:
                yield "FromLedger: outcomes has no effect with undo=True: all that the run wrote is undone"
            return
        for name, is_given in (
            ("archive_created", bool(self.archive_created)),
            ("run", self.run is not None),
            ("task", self.task is not None),
        ):
            if is_given:
                yield f"FromLedger: {name} has no effect without undo=True"


class Source(Frozen):
    """Where the records come from.

    :param has_records: whether they are handed in.
    :param query: or what returns them.
    :param replay: or the run that had them before; with one of the others, it chooses among these.
    :param watermark: column that grows with every change of a row.
    """

    has_records: bool = True
    query: Query = Query()
    replay: Replay | None = None
    watermark: str | None = None

    @property
    def is_ledger_alone(self) -> bool:
        """Whether the values that a ledger has kept are sent again."""
        return self.replay is not None and not self.has_records and self.query.sql is None

    @property
    def undoes(self) -> bool:
        """Whether the run of a ledger is undone."""
        return self.replay is not None and self.replay.undo is True

    def problems(self) -> Iterator[str]:
        """Yield a sentence for each thing that is wrong."""
        sources = self.has_records + (self.query.sql is not None)
        if self.undoes and sources:
            yield "FromLedger: with undo=True, the ledger has all values: leave among and sql out"
        elif sources > 1 or (sources == 0 and self.replay is None):
            yield "give either records or sql, not both; with FromLedger, both can be left out"
        yield from self.query.problems()
        if self.replay:
            yield from self.replay.problems()
        if self.watermark is not None and (not isinstance(self.watermark, str) or not self.watermark):
            yield f"watermark must be the name of a column, not {self.watermark!r:.100}"
        elif self.watermark and self.replay:
            yield "watermark has no effect with FromLedger, which chooses the rows itself"


class Settings(Frozen):
    """What a run was asked to do.

    :param source: where the records come from.
    :param key: which contact a row is about.
    :param mapping: column → property; None sends every column under its own name.
    :param json_schema: that every record must satisfy: a document, its text, a file or a validator.
    :param schema_folder: in which the schema's references lead to files.
    :param upsert: whether contacts that are not there are created.
    :param writes: how values are written.
    :param values: how texts of the source are read.
    :param status_actions: HTTP status or outcome → action.
    :param max_failures: failing records to tolerate: a count, or a share of all records below 1.
    :param guards: what the run may do at most.
    :param ledger: where every record's result is kept.
    :param state: where it is kept what HubSpot was last proved to have.
    :param lists: in which lists the contacts are to be.
    :param verify: whether what was written is read back.
    :param dry_run: whether nothing is written.
    """

    source: Source = Source()
    key: Key = Key()
    mapping: Mapping[str, str] | None = None
    json_schema: Any = None
    schema_folder: Path | None = None
    upsert: bool = False
    writes: Writes = Writes()
    values: Values = Values()
    status_actions: Mapping[int | str, str] | None = None
    max_failures: float = 0
    guards: Guards = Guards()
    ledger: Ledger | None = None
    state: State | None = None
    lists: Lists | None = None
    verify: bool = False
    dry_run: bool = False

    def problems(self) -> list[str]:
        """Return what is wrong, a sentence each: with a setting, or between two of them."""
        of_key = list(self.key.problems())
        return [
            *_flag("upsert", self.upsert),
            *_flag("verify", self.verify),
            *_flag("dry_run", self.dry_run),
            *self.source.problems(),
            *of_key,
            *self.writes.problems(),
            *(() if self.values == Values() else self.values.problems()),
            *self.guards.problems(),
            *(self.ledger.problems() if self.ledger else ()),
            *(self.state.problems() if self.state else ()),
            *(self.lists.problems() if self.lists else ()),
            *self._of_removals(),
            *(() if of_key else self._of_mapping()),  # what a mapping may say depends on the key
            *self._of_policy(),
            *self._without_effect(),
            *self._of_undo(),
        ]

    @property
    def can_be_opened(self) -> bool:
        """Whether source and ledger can be opened, so that every record can have an outcome."""
        kept = [each.problems() for each in (self.ledger, self.state) if each]
        return not [*self.source.problems(), *chain(*kept), *self._of_policy()]

    @property
    def policy(self) -> Policy:
        """How outcomes become the task's outcome.

        :raises ValueError: if ``status_actions`` or ``max_failures`` is not valid.
        """
        from airflow_provider_hubcontact.sync.decide.policy import Policy

        return Policy.of(self.status_actions or {}, self.max_failures)

    @property
    def columns(self) -> Mapping[str, str] | None:
        """Column → property of all that is sent, with the key's new value; None without a mapping."""
        if self.mapping is None or self.key.becomes is None:
            return self.mapping
        return {**self.mapping, self.key.becomes: self.key.property}

    def sent(self, columns: Iterable[str] | None) -> set[str] | None:
        """Return the properties that are sent; None if nobody knows before the rows are read.

        :param columns: of the source, if they are known.
        """
        if self.columns is not None:
            return {*self.columns.values()}
        if columns is None:
            return None
        return {*columns} - self.own_columns | ({self.key.property} if self.key.becomes else set())

    @property
    def lets_leave(self) -> bool:
        """Whether contacts leave lists that no row names for them any more."""
        is_asked = self.state is not None and self.state.on_removed == LEAVE
        return self.lists is not None and (is_asked or self.lists.mirror)

    @property
    def removed_values(self) -> Mapping[str, str] | None:
        """Property → value for the contacts of rows that left the source; None if they get none."""
        asked = self.state.on_removed if self.state else None
        return None if isinstance(asked, str) else asked

    @property
    def own_columns(self) -> frozenset[str]:
        """Columns that are not sent under their own names: key, new key, timestamp, watermark, list."""
        if self.source.is_ledger_alone:  # its values have the names of their properties
            return frozenset()
        own = (self.key.column, self.key.becomes, self.writes.timestamp, self.source.watermark)
        return frozenset(filter(None, (*own, self.lists.column if self.lists else None)))

    @property
    def named(self) -> Iterator[tuple[str, str]]:
        """Setting and property, for each property that a setting is about."""
        created, stages = self.writes.create_properties, self.writes.stages
        yield from (("writes.properties names", name) for name in self.writes.properties or ())
        if not isinstance(created, bool):
            yield from (("writes.create_properties names", name) for name in created)
        if stages != Writes.stages:
            yield f"writes.stages={str(stages)!r} is about", "lifecyclestage"

    def unsent(self, columns: Iterable[str] | None = None) -> Iterator[str]:
        """Yield a sentence for each property that a setting is about and no column is sent as.

        :param columns: of the source, if they are known.
        """
        mapping = self.mapping or {}
        for setting, name in self.named:
            if not self._may_be_sent(name, columns):
                known = f": its column is sent as {mapping[name]}" if name in mapping else ""
                yield f"{setting} {name}, which no column is sent as{known}"

    def _may_be_sent(self, name: str, columns: Iterable[str] | None) -> bool:
        """Check whether a column may be sent as a property, as far as the columns are known."""
        sent = self.sent(columns)
        if sent is not None:
            return name in sent
        is_key = name == self.key.property
        return self.key.becomes is not None if is_key else name not in self.own_columns

    def _of_mapping(self) -> Iterator[str]:
        mapping = self.mapping
        if mapping is None:
            return
        if not is_mapping_of_names(mapping):
            yield f"mapping must map columns to properties, not {mapping!r:.200}"
            return
        if not mapping and self.key.becomes is None:
            yield "mapping names no column, so nothing would be sent: leave it out to send every column"
        if nameless := [column for column, name in mapping.items() if not name.strip()]:
            yield f"mapping names no property for {', '.join(map(repr, nameless)):.200}"
            return
        yield from self._twice(mapping)
        if self._sends_the_key_alone and self.upsert is False:
            yield "mapping sends nothing but the key, which changes nothing without upsert=True"
        if is_mapping_of_names(self.writes.properties or {}):
            yield from self.unsent()

    @property
    def _sends_the_key_alone(self) -> bool:
        return self.mapping == {self.key.column: self.key.property} and self.key.becomes is None

    def _twice(self, mapping: Mapping[str, str]) -> Iterator[str]:
        """Look for properties that two columns are sent as, and for an unnamed change of the key."""
        key = self.key
        if twice := sorted({name for name in mapping.values() if [*mapping.values()].count(name) > 1}):
            yield f"mapping has two columns for {', '.join(twice)}"
            return
        for column, name in mapping.items():
            if name == key.property and column not in {key.column, key.becomes}:
                yield f"mapping sends {column} as {name}, which is the key: {key.change_of(column)}"
            if name != key.property and column == key.becomes:
                yield f"mapping sends {column} as {name}, and key as the new {key.property}: name it once"

    def _of_removals(self) -> Iterator[str]:
        """Look for what cannot be done for the contacts of rows that left the source."""
        asked = self.state.on_removed if self.state else None
        if asked is None and not self._mirrors:
            yield from self._of_nobody()
        elif asked == LEAVE and self.lists is None:
            yield f"state.on_removed={LEAVE!r} has no effect without lists"
        elif asked == ARCHIVE and self.upsert is False:
            yield f"state.on_removed={ARCHIVE!r} has no effect {_CREATES_NONE}, and no other is archived"
        elif isinstance(asked, Mapping) and (odd := [key for key in _keys(self.key) if key in asked]):
            yield f"state.on_removed names {odd[0]}, by which contacts are found: it cannot change"

    @property
    def _mirrors(self) -> bool:
        return self.lists is not None and self.lists.mirror is True

    def _of_nobody(self) -> Iterator[str]:
        """Look for settings about removals where nobody is removed."""
        grace = self.state.grace if self.state else State.grace
        for name, is_given in (
            ("guards.removals", self.guards.removals != Guards.removals),
            ("state.grace", grace != State.grace),
        ):
            if is_given:
                yield f"{name} has no effect without state.on_removed or lists.mirror"

    def _of_policy(self) -> Iterator[str]:
        if self.status_actions is not None and not isinstance(self.status_actions, Mapping):
            yield (
                "status_actions must map HTTP statuses or outcomes to actions, "
                f"not {self.status_actions!r:.200}"
            )
            return
        if not self.status_actions and self.max_failures == 0 and not isinstance(self.max_failures, bool):
            return
        try:
            _ = self.policy
        except ValueError as error:
            yield str(error)

    @property
    def _accepts_absence(self) -> bool:
        """Whether it is a good end that nobody has a key; True if ``status_actions`` is not valid."""
        if not self.status_actions:
            return False
        from airflow_provider_hubcontact.sync.decide.policy import Action
        from airflow_provider_hubcontact.sync.model.outcome import Outcome

        if [*self._of_policy()]:
            return True
        return self.policy.action(Outcome.NOT_FOUND, 404) in {Action.SUCCEED, Action.SKIP}

    def _without_effect(self) -> Iterator[str]:
        """Look for settings that can have no effect, and so are mistakes."""
        if self.upsert and self.key.property == "hs_object_id":
            yield "a contact cannot be created with a record id: upsert by email"
        is_kept = self.source.is_ledger_alone
        remembers = self.state is not None and _is_days(self.state.absent)
        is_blind = self.writes.compare is False
        trusts_ids = self.state is not None and self.state.trust_ids is True
        is_by_id = self.key.property == "hs_object_id"
        list_column = self.lists.column if self.lists else None
        undoes = self.source.undoes
        for name, is_given, is_useless, why in (
            ("guards.creates", self.guards.creates is not None, self.upsert is False, _CREATES_NONE),
            ("mapping", self.mapping is not None, is_kept, _KEPT),
            ("writes.timestamp", self.writes.timestamp is not None, is_kept, _KEPT),
            ("lists.column", list_column is not None, is_kept, _NOT_KEPT),
            ("lists.mirror", self.lists is not None and self.lists.mirror, self.state is None, _NO_STATE),
            ("watermark", self.source.watermark is not None, self.state is not None, _STATE_KNOWS),
            ("writes.compare=False", is_blind, self.upsert is False, _NO_ID),
            ("writes.compare=False", is_blind, self.state is not None, _STATE_COMPARES),
            ("writes.compare=False", is_blind, self.lists is not None, _WHOSE),
            ("state.trust_ids", trusts_ids, self.upsert is True, _BY_KEY),
            ("state.trust_ids", trusts_ids, is_by_id, "with record ids as keys, which need no look-up"),
            ("state.trust_ids", trusts_ids, self.key.becomes is not None, _LOOKED_UP),
            ("state.trust_ids", trusts_ids, self.guards.are_set, "with guards, which look all contacts up"),
            ("state", self.state is not None, self.source.replay is not None and not undoes, _CHOSEN),
            ("state.absent", remembers, self.upsert is True, _CREATED),
            ("state.absent", remembers, self.key.becomes is not None, _MOVES),
            ("state.absent", remembers and self.upsert is False, not self._accepts_absence, _NOT_GOOD),
            ("verify", self.verify, self.dry_run is True, "with dry_run, which writes nothing"),
            ("guards", self.guards.are_set, self.dry_run is True, "with dry_run, which writes nothing"),
        ):
            if is_given and is_useless:
                yield f"{name} has no effect {why}"

    def _of_undo(self) -> Iterator[str]:
        """Look for settings that can have no effect on an undo: it writes values that HubSpot has had."""
        if not self.source.undoes:
            return
        chosen = [f"writes.{name}" for name in _changed(self.writes, Writes(), but="stages")]
        if self.state is not None:
            chosen += [f"state.{name}" for name in _changed(self.state, State(""), but="path")]
        chosen += [f"values.{name}" for name in _changed(self.values, Values())]
        if self.key.becomes is not None:
            chosen.append("key.becomes")
        if self.key.column not in {Key.column, self.key.property}:
            chosen.append("key.column")
        chosen += ["upsert"] if self.upsert else []
        chosen += ["lists"] if self.lists is not None else []
        chosen += ["json_schema"] if self.json_schema is not None else []
        yield from (f"{name} has no effect with undo=True, {_AS_THEY_WERE}" for name in chosen)


def _changed(setting: Frozen, usual: Frozen, *, but: str = "") -> list[str]:
    """Return the names of the fields that are not as usual.

    :param but: a field that may be.
    """
    had = usual.fields()
    return [name for name, value in setting.fields().items() if name != but and value != had[name]]


def _keys(key: Key) -> tuple[str, ...]:
    """Return the properties by which the contacts of a run are found."""
    return (key.property, "hs_object_id")


_AS_THEY_WERE = "which gives contacts the values back that they had"


_CREATES_NONE = "without upsert=True: no contact is created"


_CREATED = "with upsert=True: a contact that is not there is created"


_MOVES = "with key.becomes, by which a contact can get a key in the same run"


_NOT_GOOD = "unless not_found is a good end, as by status_actions={404: 'skip'}: else it is asked each time"


_NO_ID = "without upsert=True: an update needs the record id, which only a look-up tells"


_STATE_COMPARES = "with state, which compares: only rows that have changed are sent"


_WHOSE = "with lists: the answer to writes by keys does not say which of several equal ones is whose"


_LOOKED_UP = "with key.becomes: where addresses move, all contacts are looked up"


_BY_KEY = "with upsert=True, which writes contacts by their keys"


_STATE_KNOWS = "with state, which knows each row that has changed"


_CHOSEN = "with FromLedger, which sends rows whether they have changed or not"


_NOT_KEPT = "with FromLedger alone: a ledger keeps no columns; give the records again with among=…"


_NO_STATE = "without state, which knows whom this sync has added"


_KEPT = "with FromLedger alone: the ledger has kept the values under the names of their properties"


def is_mapping_of_names(mapping: Any) -> bool:
    """Check whether this is a mapping of texts to texts."""
    return isinstance(mapping, Mapping) and all(
        isinstance(name, str) and isinstance(value, str) for name, value in mapping.items()
    )


def is_true(value: object, name: str = "dry_run") -> bool:
    """Read a setting that a template may have rendered to text.

    :param name: of the setting.
    :raises ValueError: if it is neither true nor false.
    """
    text = str(value).strip().lower()
    if text not in {"true", "false", "1", "0", ""}:
        raise ValueError(f"{name} must be true or false, not {value!r:.100}")
    return text in {"true", "1"}


def _is_days(value: object) -> bool:
    """Check whether a value is a number of days, of at most a century."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 < value <= MOST_DAYS


def _one_of(name: str, value: object, allowed: Iterable[str]) -> Iterator[str]:
    if not isinstance(value, str) or value not in set(allowed):
        yield f"{name} must be one of {', '.join(allowed)}, not {value!r:.100}"


def _place(name: str, path: object) -> Iterator[str]:
    """Check where a ledger is; an address with one slash would be a folder of the worker's own."""
    if not isinstance(path, str) or not path.strip():
        yield f"{name} must be a path, or sql://conn_id/table, not {path!r:.100}"
    elif problem := half_a_url(name, path):
        yield problem


def half_a_url(name: str, path: str) -> str | None:
    """Return a sentence if a path is a URL that lacks a slash, such as ``s3:/bucket``; else None.

    :param name: of the setting.
    """
    scheme, _, rest = path.partition(":")
    if not scheme.isalnum() or not rest.startswith("/") or rest.startswith("//"):
        return None
    return f"{name} must have two slashes after the colon to be a URL, as in s3://bucket, not {path!r:.100}"


def _flag(name: str, value: object) -> Iterator[str]:
    if not isinstance(value, bool):
        yield f"{name} must be True or False, not {value!r:.100}"


def _definition(place: str, definition: object) -> Iterator[str]:
    """Check how a property is to be created; what HubSpot does not know would be left out silently."""
    if not isinstance(definition, Mapping):
        yield f"{place} must be a definition, such as {{'type': 'number'}}, not {definition!r:.100}"
        return
    for name, value in definition.items():
        if name == "options":
            if not isinstance(value, list | tuple) or not all(map(_is_option, value)):
                yield f"{place}: options must be a list of texts, or of label and value, not {value!r:.100}"
        elif name not in DEFINED:
            yield from _one_of(f"{place}: a field", name, DEFINED)
        elif not isinstance(value, str):
            yield f"{place}: {name} must be text, not {value!r:.100}"


def _is_option(value: object) -> bool:
    if isinstance(value, Mapping):
        return is_mapping_of_names(value) and "value" in value and value.keys() <= {"value", "label"}
    return isinstance(value, str)
