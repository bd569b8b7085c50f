# SPDX-License-Identifier: Apache-2.0
"""Each setting by itself, and against the others: one sentence tells what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from airflow_provider_hubcontact.job.settings.guards import Guards
from airflow_provider_hubcontact.job.settings.key import Key
from airflow_provider_hubcontact.job.settings.ledger import Ledger
from airflow_provider_hubcontact.job.settings.lists import Lists
from airflow_provider_hubcontact.job.settings.problems import problems_of
from airflow_provider_hubcontact.job.settings.replay import Replay
from airflow_provider_hubcontact.job.settings.settings import Settings
from airflow_provider_hubcontact.job.settings.source import Query, Source
from airflow_provider_hubcontact.job.settings.state import State
from airflow_provider_hubcontact.job.settings.writes import Writes
from airflow_provider_hubcontact.operators.given import is_true
from airflow_provider_hubcontact.sync.model.choices import WriteMode

QUERY = Query("SELECT 1", "db")


def of(**settings: Any) -> list[str]:
    return problems_of(Settings(**settings))


def of_source(**source: Any) -> list[str]:
    return of(source=Source(**source))


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"upsert": "yes"}, "upsert must be True or False, not 'yes'"),
        ({"upsert": 1}, "upsert must be True or False, not 1"),
        ({"upsert": None}, "upsert must be True or False, not None"),
        ({"verify": "no"}, "verify must be True or False, not 'no'"),
        ({"dry_run": "True"}, "dry_run must be True or False, not 'True'"),
        ({"key": Key("")}, "key.column must be a name, not ''"),
        ({"key": Key(None)}, "key.column must be a name, not None"),  # type: ignore[arg-type]
        ({"key": Key(5)}, "key.column must be a name, not 5"),  # type: ignore[arg-type]
        ({"key": Key(property="")}, "key.property must be a name, not ''"),
        ({"key": Key(property=None)}, "key.property must be a name, not None"),  # type: ignore[arg-type]
        ({"key": Key(becomes="")}, "key.becomes must be the name of a column, not ''"),
        ({"key": Key(becomes=5)}, "key.becomes must be the name of a column, not 5"),  # type: ignore[arg-type]
        ({"key": Key("id", "hs_object_id", becomes="new")}, "becomes has no effect on a record id"),
        ({"key": Key("mail", becomes="mail")}, "key: mail cannot become itself; becomes is the column with"),
        *(
            (
                {"state": State("sql://db/t", audit=each)},  # type: ignore[arg-type]
                f"state.audit must be a number of days above 0, or None, not {each!r}",
            )
            for each in (-1, 0, True, "30", float("nan"), float("inf"), 36_501, [30])
        ),
        *(
            (
                {"state": State("sql://db/t", absent=each)},  # type: ignore[arg-type]
                f"state.absent must be a number of days above 0, or None, not {each!r}",
            )
            for each in (-1, 0, False, "1", 1e9)
        ),
        (
            {"state": State("sql://db/t", absent=1)},
            "state.absent has no effect unless not_found is a good end, as by status_actions={404: 'skip'}",
        ),
        (
            {"state": State("sql://db/t", absent=1), "status_actions": {"not_found": "retry", 429: "skip"}},
            "state.absent has no effect unless not_found is a good end",
        ),
        (
            {"state": State("sql://db/t", absent=1), "upsert": True},
            "state.absent has no effect with upsert=True: a contact that is not there is created",
        ),
        (
            {
                "state": State("sql://db/t", absent=1),
                "key": Key(becomes="new"),
                "status_actions": {404: "skip"},
            },
            "state.absent has no effect with key.becomes, by which a contact can get a key in the same run",
        ),
        *(
            (
                {"state": State("sql://db/t", drift=each)},  # type: ignore[arg-type]
                f"state.drift must be one of write, tell, not {each!r}",
            )
            for each in ("x", None, True, ["tell"])
        ),
        (
            {"state": State("sql://db/t", audit=None, drift="tell")},
            "state.drift='tell' has no effect with audit=None: nothing is read back",
        ),
        ({"writes": Writes(nulls="drop")}, "writes.nulls must be one of ignore, clear, not 'drop'"),
        ({"writes": Writes(nulls=None)}, "writes.nulls must be one of ignore, clear"),  # type: ignore[arg-type]
        ({"writes": Writes(nulls=["clear"])}, "writes.nulls must be one of"),  # type: ignore[arg-type]
        (
            {"writes": Writes(duplicates="first")},
            "writes.duplicates must be one of last, reject, not 'first'",
        ),
        ({"writes": Writes(stages="force")}, "writes.stages must be one of reject, keep, reset, not 'force'"),
        (
            {"writes": Writes(properties=["city"])},  # type: ignore[arg-type]
            f"writes.properties must map properties to {', '.join(WriteMode)}, not ['city']",
        ),
        ({"writes": Writes(properties={"city": None})}, "writes.properties must map properties"),  # type: ignore[dict-item]
        ({"writes": Writes(properties={5: "append"})}, "writes.properties must map properties"),  # type: ignore[dict-item]
        (
            {"writes": Writes(properties={"city": "add"})},
            f"writes.properties['city'] must be one of {', '.join(WriteMode)}, not 'add'",
        ),
        (
            {"writes": Writes(create_properties="yes")},  # type: ignore[arg-type]
            "writes.create_properties must be True, False or map properties to definitions, not 'yes'",
        ),
        ({"writes": Writes(create_properties=["a"])}, "writes.create_properties must be True, False or"),  # type: ignore[arg-type]
        ({"writes": Writes(timestamp="")}, "writes.timestamp must be the name of a column, not ''"),
        ({"writes": Writes(timestamp=5)}, "writes.timestamp must be the name of a column, not 5"),  # type: ignore[arg-type]
        (
            {"writes": Writes(create_properties={"a": {"typ": "number"}})},
            "writes.create_properties['a']: a field must be one of ",
        ),
        *(
            ({"state": State(path)}, "state must be sql://conn_id/table or sql://conn_id/schema.table")  # type: ignore[arg-type]
            for path in ("", "folder", "sql://db", "sql://db/a.b.c", "sql://db/ä", None)
        ),
        *(
            (
                {"state": State(f"sql://db/{schema}{'t' * 50}")},
                f"the table of a state must have a name of at most 49 characters, such as {'t' * 49}: ",
            )
            for schema in ("", "s.")
        ),
        (
            {"upsert": True, "writes": Writes(compare=False), "lists": Lists("Customers")},
            "writes.compare=False has no effect with lists",
        ),
        ({"lists": Lists()}, "lists needs either the name of a list, or the column that names the lists"),
        ({"lists": Lists("a", column="b")}, "lists needs either the name of a list"),
        ({"lists": Lists(" ")}, "lists.name must be the name or the id of one list"),
        ({"lists": Lists("a", batch_size=0)}, "lists.batch_size must be a number from 1 to 100,000"),
        ({"lists": Lists("a", mirror=True)}, "lists.mirror has no effect without state"),
        ({"state": State("sql://db/hub", on_removed="leave_list")}, "has no effect without lists"),
        ({"guards": Guards(removals=5)}, "guards.removals has no effect without state.on_removed"),
        ({"guards": Guards(changes=-1)}, "guards.changes must be a count or a share below 1, not -1"),
        ({"guards": Guards(changes=1.5)}, "guards.changes must be a count or a share below 1, not 1.5"),
        ({"guards": Guards(changes=True)}, "guards.changes must be a count or a share below 1, not True"),
        ({"guards": Guards(changes="2")}, "guards.changes must be a count or a share below 1, not '2'"),  # type: ignore[arg-type]
        ({"guards": Guards(creates=-1), "upsert": True}, "guards.creates must be a count or a share below 1"),
        ({"guards": Guards(creates=1)}, "guards.creates has no effect without upsert=True"),
        ({"guards": Guards(creates=0)}, "guards.creates has no effect without upsert=True"),
        ({"guards": Guards(changes=1), "dry_run": True}, "guards has no effect with dry_run"),
        ({"verify": True, "dry_run": True}, "verify has no effect with dry_run, which writes nothing"),
        ({"ledger": Ledger("")}, "ledger must be a path, or sql://conn_id/table, not ''"),
        ({"ledger": Ledger(None)}, "ledger must be a path, or sql://conn_id/table, not None"),  # type: ignore[arg-type]
        ({"ledger": Ledger("  ")}, "ledger must be a path, or sql://conn_id/table, not '  '"),
        ({"ledger": Ledger("s3://")}, "ledger must name a folder after the slashes, as in s3://bucket"),
        (
            {"ledger": Ledger("sql://c/a b")},
            "ledger must be sql://conn_id/table or sql://conn_id/schema.table",
        ),
        (
            {"ledger": Ledger("sql://table")},
            "ledger must be sql://conn_id/table or sql://conn_id/schema.table",
        ),
        (
            {"ledger": Ledger("sql://me:s3cret@host/t")},
            "(of letters, digits, _ and $), not 'sql://me:…@host/t'",
        ),
        ({"ledger": Ledger("s3:/bucket/l")}, "ledger must have two slashes after the colon to be a URL"),
        ({"ledger": Ledger("sql:/db/l")}, "as in s3://bucket, not 'sql:/db/l'"),
        ({"ledger": Ledger("l", "yes")}, "ledger.values must be True or False, not 'yes'"),  # type: ignore[arg-type]
        (
            {"mapping": ["city"]},
            "mapping must map columns to properties, such as {'first_name': 'firstname'}, not ['city']",
        ),
        (
            {"mapping": "city"},
            "mapping must map columns to properties, such as {'first_name': 'firstname'}, not 'city'",
        ),
        (
            {"mapping": {"a": 1}},
            "mapping must map columns to properties, such as {'first_name': 'firstname'}, not {'a': 1}",
        ),
        (
            {"mapping": {1: "city"}},
            "mapping must map columns to properties, such as {'first_name': 'firstname'}, not {1: 'city'}",
        ),
        ({"mapping": {"a": "", "b": " "}}, "mapping names no property for 'a', 'b'"),
        ({"mapping": {"email": "email"}}, "mapping sends nothing but the key, which changes nothing"),
        ({"mapping": {}}, "mapping names no column, so nothing would be sent"),
        ({"mapping": {"a": "city", "b": "city"}}, "mapping has two columns for city"),
        (
            {"mapping": {"mail": "email"}, "key": Key("old")},
            "which is the key: give the column with a new email as key=Key('old', becomes='mail')",
        ),
        (
            {"mapping": {"EMAIL": "email", "CITY": "city"}},
            "which is the key: if it is the key's column, write it as EMAIL in key, too, or leave it out",
        ),
        (
            {"mapping": {"nr": "number"}, "key": Key("old", "number")},
            "give the column with a new number as key=Key('old', property='number', becomes='nr')",
        ),
        (
            {"mapping": {"nr": "hs_object_id"}, "key": Key("id", "hs_object_id")},
            "which is the key: a record id never changes; leave nr out",
        ),
        (
            {"mapping": {"new": "firstname"}, "key": Key("old", becomes="new")},
            "mapping sends new as firstname, and key as the new email: name it once",
        ),
        (
            {"mapping": {"a": "city"}, "writes": Writes(properties={"zip": "append"})},
            "writes.properties names zip, which no column is sent as",
        ),
        (
            {"mapping": {"zip": "city"}, "writes": Writes(properties={"zip": "append"})},
            "writes.properties names zip, which no column is sent as: its column is sent as city",
        ),
        (
            {"mapping": {"a": "city"}, "writes": Writes(create_properties={"zip": {}})},
            "writes.create_properties names zip, which no column is sent as",
        ),
        ({"status_actions": {"lost": "skip"}}, "'lost'"),
        ({"status_actions": {404: "ignore"}}, "'ignore'"),
        (
            {"status_actions": {404: "skip", "404": "fail"}},
            "status_actions names 404 twice, as a number and as text",
        ),
        ({"max_failures": -1}, "max_failures"),
        ({"max_failures": True}, "max_failures"),
        ({"max_failures": False}, "max_failures"),
        ({"max_failures": float("nan")}, "max_failures"),
        (
            {"upsert": True, "key": Key("id", "hs_object_id")},
            "a contact cannot be created with a record id: upsert by email",
        ),
    ],
)
def test_what_is_wrong(settings: Mapping[str, Any], says: str) -> None:
    """One sentence tells it."""
    (told,) = of(**settings)

    assert says in told


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ({"has_records": False}, "give either records or sql, not both"),
        ({"query": QUERY}, "give either records or sql, not both"),
        ({"query": QUERY, "replay": Replay("l")}, "with FromLedger, both can be left out"),
        ({"has_records": False, "query": Query("SELECT 1")}, "sql needs sql_conn_id"),
        ({"query": Query(conn_id="db")}, "sql_conn_id has no effect without sql"),
        ({"query": Query(parameters=[])}, "parameters has no effect without sql"),
        (
            {"replay": Replay("l", "rejected")},
            "FromLedger: outcomes must be a list of outcomes, not 'rejected'",
        ),
        ({"replay": Replay("l", [])}, "FromLedger: outcomes must be a list of outcomes, not []"),
        ({"replay": Replay("l", 5)}, "FromLedger: outcomes must be a list of outcomes, not 5"),  # type: ignore[arg-type]
        ({"replay": Replay("")}, "FromLedger: path must be a path, or sql://conn_id/table, not ''"),
        ({"replay": Replay(None)}, "FromLedger: path must be a path, or sql://conn_id/table, not None"),  # type: ignore[arg-type]
        ({"replay": Replay("s3:/bucket/l")}, "FromLedger: path must have two slashes after the colon"),
        ({"replay": Replay("l", ["lost"])}, "FromLedger: an outcome must be one of updated"),
        ({"replay": Replay("l", [None])}, "FromLedger: an outcome must be one of updated"),  # type: ignore[list-item]
        ({"replay": Replay("l", ["up_to_date"])}, "FromLedger: rows that are up to date have no lines"),
        ({"replay": Replay("l", ["superseded"])}, "FromLedger: a superseded record cannot be sent again"),
        ({"watermark": ""}, "watermark must be the name of a column, not ''"),
        ({"watermark": 5}, "watermark must be the name of a column, not 5"),
        ({"watermark": "at", "replay": Replay("l")}, "watermark has no effect with FromLedger"),
    ],
)
def test_what_is_wrong_with_a_source(source: Mapping[str, Any], says: str) -> None:
    """One sentence tells it."""
    (told,) = of_source(**source)

    assert says in told


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"upsert": True, "verify": True},
        {"dry_run": True},
        {"key": Key("id", "hs_object_id")},
        {"key": Key("old", becomes="new")},
        {"key": Key("old", becomes="new"), "mapping": {}},
        {"key": Key("old", becomes="new"), "mapping": {"a": "city"}},
        {"key": Key("old", becomes="new"), "mapping": {"new": "email", "a": "city"}},
        {"mapping": {"email": "email", "a": "city"}},
        {"mapping": {"email": "email"}, "upsert": True},
        {"key": Key(becomes="new"), "mapping": {"email": "email"}},
        {"mapping": {"a": "city"}, "writes": Writes(properties={"city": "append"})},
        {
            "mapping": {"a": "city"},
            "key": Key("old", becomes="new"),
            "writes": Writes(properties={"email": "fill_empty"}),
        },
        {"writes": Writes(properties={"zip": "append"}, create_properties={"zip": {}})},
        {"writes": Writes("clear", "reject", "reset", {}, create_properties=True, timestamp="at")},
        {"guards": Guards(changes=0)},
        {"guards": Guards(0.5, 3), "upsert": True},
        {"ledger": Ledger("l", values=True)},
        {"status_actions": {404: "skip", "invalid": "fail"}, "max_failures": 0.1},
        {"source": Source(has_records=False, query=QUERY, watermark="at")},
        {"source": Source(has_records=False, query=Query("SELECT 1", "db", {"a": 1}))},
        {"source": Source(has_records=False, replay=Replay("l"))},
        {"source": Source(replay=Replay("l", ["rejected", "invalid"]))},
        {"source": Source(has_records=False, query=QUERY, replay=Replay("l"))},
    ],
)
def test_what_is_right(settings: Mapping[str, Any]) -> None:
    """Nothing is told."""
    assert of(**settings) == []


def test_everything_at_once() -> None:
    """Whoever has made three mistakes learns of three."""
    told = of(upsert="yes", writes=Writes(nulls="drop"), mapping={"a": "x", "b": "x"})

    assert [each.partition(" ")[0] for each in told] == ["upsert", "writes.nulls", "mapping"]


def test_a_long_value_is_cut() -> None:
    """Values may be personal, and are not told at length."""
    (told,) = of(writes=Writes(nulls="x" * 10_000))

    assert len(told) < 200


@pytest.mark.parametrize(
    ("settings", "columns", "sent"),
    [
        ({}, None, None),
        ({}, ["email", "city"], {"city"}),
        ({"mapping": {"a": "city"}}, None, {"city"}),
        ({"mapping": {"a": "city"}}, ["email", "zip"], {"city"}),
        ({"key": Key("old", becomes="new")}, ["old", "new", "city"], {"city", "email"}),
        ({"key": Key("old", becomes="new"), "mapping": {"a": "city"}}, None, {"city", "email"}),
        ({"writes": Writes(timestamp="at")}, ["email", "at", "city"], {"city"}),
        ({"source": Source(watermark="at")}, ["email", "at", "city"], {"city"}),
    ],
)
def test_what_is_sent(settings: Mapping[str, Any], columns: list[str] | None, sent: set[str] | None) -> None:
    """The mapping tells it, or the source's columns, but for those that say something about the row."""
    assert Settings(**settings).sent(columns) == sent


@pytest.mark.parametrize(
    ("settings", "unsent"),
    [
        ({"writes": Writes(properties={"email": "append"})}, ["email"]),
        ({"writes": Writes(properties={"email": "append"}), "key": Key("old", becomes="new")}, []),
        ({"writes": Writes(properties={"city": "append", "at": "append"}, timestamp="at")}, ["at"]),
    ],
)
def test_what_no_column_is_sent_as(settings: Mapping[str, Any], unsent: list[str]) -> None:
    """Where the columns are not known: a key that stays, and what says something about the row."""
    told = Settings(**settings).unsent()

    assert [each.removeprefix("writes.properties names ").partition(",")[0] for each in told] == unsent


@pytest.mark.parametrize(
    ("source", "own"),
    [
        (Source(), {"email"}),
        (Source(has_records=False, query=QUERY), {"email"}),
        (Source(replay=Replay("l")), {"email"}),
        (Source(has_records=False, query=QUERY, replay=Replay("l")), {"email"}),
        (Source(has_records=False, replay=Replay("l")), set()),
    ],
    ids=["records", "query", "records of a ledger", "query of a ledger", "ledger alone"],
)
def test_values_of_a_ledger_have_no_columns(source: Source, own: set[str]) -> None:
    """Those that it has kept have the names of their properties; other sources have the key's column."""
    assert Settings(source=source).own_columns == own


@pytest.mark.parametrize(
    ("on_removed", "values"), [("archive", None), ({"city": "gone"}, {"city": "gone"}), (None, None)]
)
def test_values_of_who_is_removed(on_removed: Mapping[str, str] | str | None, values: object) -> None:
    """An archived contact gets none."""
    assert Settings(state=State("sql://db/t", on_removed=on_removed)).removed_values == values


@pytest.mark.parametrize(
    ("value", "flag"),
    [(True, True), (False, False), ("True", True), (" false ", False), ("1", True), (0, False), ("", False)],
)
def test_a_flag(value: object, flag: bool) -> None:
    """A template's text is a flag, too."""
    assert is_true(value) is flag


@pytest.mark.parametrize("value", ["yes", "None", 2, None, "{{ x }}"])
def test_no_flag(value: object) -> None:
    """Anything else is refused."""
    with pytest.raises(ValueError, match="dry_run must be true or false"):
        is_true(value)
