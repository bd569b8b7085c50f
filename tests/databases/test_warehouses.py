# SPDX-License-Identifier: Apache-2.0
"""Queries on Databricks, BigQuery and Redshift: real drivers, before what answers as the service does."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import pytest

pytest.importorskip("airflow")
if "DATABASES_RUN" not in os.environ:
    pytest.skip("an environment of its own has the drivers: make test-databases", allow_module_level=True)

import pyarrow as pa
from airflow.providers.common.sql.hooks.sql import DbApiHook
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import DefaultCredentialsError, RefreshError
from google.cloud.bigquery import Client

from airflow_provider_hubcontact.job.errors import SourceError
from airflow_provider_hubcontact.operators.errors import HubSpotSyncIncomplete
from airflow_provider_hubcontact.operators.sources.queries import database, query
from airflow_provider_hubcontact.sandbox import Sandbox
from airflow_provider_hubcontact.sync.rows.values import UnreadableValue
from tests.airflow import running
from tests.databases.standins import bigquery, databricks, redshift
from tests.databases.standins.bigquery import field


def read(sql: str, parameters: Any = None, hook: Any = None) -> list[dict[str, Any]]:
    with query(hook or database("db"), sql, parameters) as rows:
        return list(rows)


TYPES: dict[str, tuple[Any, Any]] = {
    "email": (pa.string(), "ada@example.com"),
    "whole": (pa.int64(), 2**60),
    "flag": (pa.bool_(), True),
    "exact": (pa.decimal128(10, 2), Decimal("1.50")),
    "day": (pa.date32(), date(2026, 1, 2)),
    "moment": (pa.timestamp("us", tz="Etc/UTC"), datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
    "local": (pa.timestamp("us"), datetime(2026, 1, 2, 3, 4, 5)),  # noqa: DTZ001 - it has no zone
    "place": (pa.struct([("city", pa.string())]), {"city": "Paris"}),
    "tags": (pa.list_(pa.string()), ["a", "b"]),
}
"""Column → its type in Arrow, and a value."""

BATCH, BATCHES = 1_500, 20


def _types() -> databricks.Result:
    schema = pa.schema([(name, kind) for name, (kind, _) in TYPES.items()])
    rows = [{name: value for name, (_, value) in TYPES.items()}, {"email": "grace@example.com"}]
    return schema, iter([pa.RecordBatch.from_pylist(rows, schema)])


def _many() -> databricks.Result:
    schema = pa.schema([("n", pa.int64())])
    starts = range(0, BATCH * BATCHES, BATCH)
    return schema, (
        pa.RecordBatch.from_pydict({"n": range(start, start + BATCH)}, schema) for start in starts
    )


def _empty() -> databricks.Result:
    return pa.schema([("n", pa.int64())]), iter([])


@pytest.fixture
def warehouse(monkeypatch: pytest.MonkeyPatch) -> Iterator[databricks.Warehouse]:
    """Serve a warehouse of Databricks behind the connection ``db``."""
    serves = databricks.Warehouse({
        "types": _types, "many": _many, "empty": _empty,
        "no_such": "[TABLE_OR_VIEW_NOT_FOUND] The table or view `no_such` cannot be found. SQLSTATE: 42P01; "
                   "line 1 pos 14;\n'Project [*]\n+- 'UnresolvedRelation [no_such]",
        "CAST": "[CAST_INVALID_INPUT] The value 'ada@example.com' cannot be cast to \"INT\". SQLSTATE: 22018",
        "busy": "[CONCURRENT] Somebody else wrote. SQLSTATE: 40001",
    })  # fmt: skip
    path = "sql/1.0/warehouses/abc"
    with databricks.serve(serves) as address:
        extra = {"http_path": path, "_connection_uri": f"{address}/{path}", "enable_telemetry": False}
        fields = {"conn_type": "databricks", "host": "127.0.0.1", "password": "dapi0123", "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_DB", json.dumps(fields))
        yield serves


def test_databricks(warehouse: databricks.Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection for jobs is one for SQL; its rows, structs aside, are what a property can hold."""
    first, second = read("SELECT types")

    assert list(first.pop("tags")) == ["a", "b"]
    assert first == {name: value for name, (_, value) in TYPES.items() if name != "tags"}
    assert {name: value for name, value in second.items() if value is not None} == {
        "email": "grace@example.com"
    }
    assert read("SELECT empty") == []
    assert warehouse.calls.count("open") == warehouse.calls.count("close") == 2

    running.hurry(monkeypatch)
    with Sandbox([{"email": "ada@example.com"}, {"email": "grace@example.com"}]) as sandbox:
        running.connect(monkeypatch, sandbox.url, sandbox.token)
        mapping = {"exact": "firstname", "tags": "lastname", "moment": "jobtitle"}
        ended = running.run(sql="SELECT types", sql_conn_id="db", mapping=mapping)
        kept = [running.stored(sandbox, "ada@example.com", name) for name in mapping.values()]
    assert ended.outcomes == {"updated": 1, "unchanged": 1}
    assert kept == ["1.50", "a;b", "2026-01-02T03:04:05.000Z"]


def test_databricks_streams(warehouse: databricks.Warehouse) -> None:
    """Its parts are fetched one after another, and no row is lost where one ends."""
    assert [row["n"] for row in read("SELECT many")] == list(range(BATCH * BATCHES))
    assert warehouse.calls.count("fetch") == BATCHES


def test_parameters_of_databricks(warehouse: databricks.Warehouse) -> None:
    """They go beside the statement."""
    read("SELECT types WHERE country = :country", {"country": "it's"})

    assert warehouse.parameters == [("country", "STRING", "it's")]


def test_errors_of_databricks(warehouse: databricks.Warehouse) -> None:
    """A wrong statement is not tried again; what quotes a value is not shown; what passes is tried again."""
    with pytest.raises(SourceError) as wrong:
        read("SELECT * FROM no_such")
    with pytest.raises(SourceError) as quoting:
        read("SELECT CAST(email AS INT)")
    with pytest.raises(HubSpotSyncIncomplete):
        read("SELECT busy")

    assert str(wrong.value) == (
        "the query failed: [TABLE_OR_VIEW_NOT_FOUND] The table or view `no_such` cannot be found. "
        "(ServerOperationError, 42P01)"
    )
    assert "ada@" not in str(quoting.value)


def test_databricks_without_a_warehouse(monkeypatch: pytest.MonkeyPatch) -> None:
    """The setting that is missing is named."""
    fields = {"conn_type": "databricks", "host": "127.0.0.1", "password": "dapi0123"}
    monkeypatch.setenv("AIRFLOW_CONN_DB", json.dumps(fields))

    with pytest.raises(SourceError, match="the connection db cannot be used: http_path should be provided"):
        read("SELECT types")


class BigQuery(DbApiHook):
    """What is used of ``BigQueryHook``, whose package asks for a gigabyte of others."""

    conn_name_attr = "gcp_conn_id"
    conn_type = "gcpbigquery"
    project_id = "p"

    def __init__(self, address: str, **settings: Any) -> None:
        super().__init__(gcp_conn_id="db")
        self.location = "EU"
        self.address = address
        self.priority = settings.get("priority", "INTERACTIVE")
        self.labels = settings.get("labels", {})
        self.api_resource_configs = settings.get("api_resource_configs", {})

    def get_conn(self) -> Any:
        raise AssertionError("its cursor loses rows")

    def get_client(self, **where: str) -> Client:
        if self.address == "none":
            raise DefaultCredentialsError("Your default credentials were not found.")
        options = {"api_endpoint": self.address}
        return Client(credentials=AnonymousCredentials(), client_options=options, project=where["project_id"],
                      location=where["location"])  # fmt: skip


CELLS: list[tuple[dict[str, Any], object, object]] = [
    (field("email", "STRING"), "ada@example.com", "ada@example.com"),
    (field("whole", "INTEGER"), "7", 7),
    (field("flag", "BOOLEAN"), "true", True),
    (field("exact", "NUMERIC"), "1.50", Decimal("1.50")),
    (field("day", "DATE"), "2026-01-02", date(2026, 1, 2)),
    (field("moment", "TIMESTAMP"), "1767323045500000", datetime(2026, 1, 2, 3, 4, 5, 500_000, UTC)),
    (field("local", "DATETIME"), "2026-01-02T03:04:05", datetime(2026, 1, 2, 3, 4, 5)),  # noqa: DTZ001 - same
    (field("hour", "TIME"), "03:04:05", time(3, 4, 5)),
    (field("tags", "STRING", "REPEATED"), [{"v": "a"}, {"v": "b"}], ["a", "b"]),
    (
        field("place", "RECORD", "NULLABLE", field("city", "STRING")),
        {"f": [{"v": "Paris"}]},
        {"city": "Paris"},
    ),
    (field("none", "STRING"), None, None),
]
"""A column, a value in the JSON of the REST API, and the same in Python."""


@contextmanager
def queried(monkeypatch: pytest.MonkeyPatch, extra: dict[str, object] | None = None) -> Iterator[Any]:
    """Serve BigQuery; its second page has no rows, as the REST API allows."""
    monkeypatch.setenv("AIRFLOW_CONN_DB", json.dumps({"conn_type": "gcpbigquery", "extra": extra or {}}))
    whole = [field("n", "INTEGER")]
    service = bigquery.Service({
        "types": ([column for column, _, _ in CELLS], [[[value for _, value, _ in CELLS]]]),
        "gap": (whole, [[["1"], ["2"]], [], [["3"]], []]),
        "empty": (whole, [[]]),
        "CREATE": ([], [[]]),
        "no_such": (404, "notFound", "Not found: Table p:d.no_such was not found in location EU"),
        "wrong": (400, "invalidQuery", "Unrecognized name: wrong at [1:8]"),
        "CAST": (400, "invalidQuery", "Bad int64 value: ada@example.com"),
        "quota": (403, "quotaExceeded", "Quota exceeded: too many concurrent queries"),
        "denied": (403, "accessDenied", "Access Denied: Project p: no bigquery.jobs.create permission"),
    })  # fmt: skip
    with bigquery.serve(service) as address:
        yield service, address


def test_bigquery(monkeypatch: pytest.MonkeyPatch) -> None:
    """Values have Python's types, and a page without rows is not the end."""
    with queried(monkeypatch) as (service, address):
        hook = BigQuery(address)

        assert read("SELECT types", hook=hook) == [{column["name"]: value for column, _, value in CELLS}]
        assert read("SELECT gap", hook=hook) == [{"n": 1}, {"n": 2}, {"n": 3}]
        assert read("SELECT empty", hook=hook) == []
        read("SELECT types WHERE a = %(a)s", {"a": "it's"}, hook)

    parameter = service.queries[-1]["queryParameters"]
    assert [(each["name"], each["parameterValue"]["value"]) for each in parameter] == [("a", "it's")]


def test_settings_of_bigquery(monkeypatch: pytest.MonkeyPatch) -> None:
    """Labels, priority and limits of the hook hold."""
    with queried(monkeypatch) as (service, address):
        settings = {"query": {"maximumBytesBilled": "1000"}, "labels": {"team": "data"}}
        hook = BigQuery(address, priority="BATCH", labels={"app": "crm"}, api_resource_configs=settings)
        read("SELECT types", hook=hook)

    asked = service.queries[-1]["configuration"]
    assert asked["labels"] == {"team": "data", "app": "crm"}
    wanted = {"maximumBytesBilled": "1000", "priority": "BATCH", "useLegacySql": False}
    assert {name: asked["query"][name] for name in wanted} == wanted


@pytest.mark.parametrize(
    ("name", "extra", "configs"),
    [
        ("use_legacy_sql", {"use_legacy_sql": True}, {}),
        (
            "extra__google_cloud_platform__use_legacy_sql",
            {"extra__google_cloud_platform__use_legacy_sql": "true"},
            {},
        ),
        ("useLegacySql in api_resource_configs", {}, {"query": {"useLegacySql": True}}),
        ("useLegacySql in api_resource_configs", {}, {"query": {"useLegacySql": "True"}}),
    ],
)
def test_legacy_sql_is_refused(
    name: str, extra: dict[str, object], configs: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever the hook has it from, before anything is asked."""
    with (
        queried(monkeypatch, extra) as (service, address),
        pytest.raises(SourceError, match=f"queries are in GoogleSQL: set {name} to false, or remove it"),
    ):
        read("SELECT types", hook=BigQuery(address, api_resource_configs=configs))
    assert not service.queries


@pytest.mark.parametrize("name", ["api_resource_configs", "labels"])
def test_settings_of_bigquery_that_are_text(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The form of a connection stores JSON as text, which the hook hands on."""
    with (
        queried(monkeypatch) as (_, address),
        pytest.raises(SourceError, match=f"{name} in its Extra must be a JSON object, not text"),
    ):
        read("SELECT types", hook=BigQuery(address, **{name: '{"query": {"useLegacySql": true}}'}))


def test_errors_of_bigquery(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong statement or right is not tried again, a quota is; no value of a record is shown."""
    with queried(monkeypatch) as (_, address):
        for text, said in {
            "no_such": r"Not found: Table p:d.no_such was not found in location EU \(DatabaseError, 404\)",
            "wrong": r"Unrecognized name: wrong at \[1:8\] \(DatabaseError, 400\)",
            "denied": "Access Denied: Project p",
            "CAST": r"the query failed: DatabaseError, 400",
        }.items():
            with pytest.raises(SourceError, match=said):
                read(f"SELECT {text}", hook=BigQuery(address))
        with pytest.raises(HubSpotSyncIncomplete, match="Quota exceeded"):
            read("SELECT quota", hook=BigQuery(address))
        with pytest.raises(SourceError, match="returns no rows: it is not a SELECT"):
            read("CREATE TABLE a (n INT64)", hook=BigQuery(address))
        with pytest.raises(SourceError, match=r"Your default credentials were not found"):
            read("SELECT types", hook=BigQuery("none"))


@pytest.mark.parametrize(("passes", "raised"), [(True, HubSpotSyncIncomplete), (False, SourceError)])
def test_a_token_that_google_does_not_give(
    passes: bool, raised: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked for again if Google is down, but not with credentials that are refused."""

    def refuse(*_: object, **__: object) -> None:
        raise RefreshError("no token", retryable=passes)

    monkeypatch.setattr(BigQuery, "get_client", refuse)
    with queried(monkeypatch) as (_, address), pytest.raises(raised, match=r"no token \(RefreshError\)"):
        read("SELECT types", hook=BigQuery(address))


@pytest.fixture
def cluster(postgres_uri: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let Redshift's hook and driver talk to PostgreSQL, behind the connection ``db``."""
    url = urlsplit(postgres_uri)
    assert url.hostname
    assert url.port
    with redshift.serve(url.hostname, url.port) as port:
        fields = {"conn_type": "redshift", "host": "127.0.0.1", "port": port, "login": url.username,
                  "schema": url.path[1:], "extra": {"ssl": False}}  # fmt: skip
        monkeypatch.setenv("AIRFLOW_CONN_DB", json.dumps(fields))
        yield


def test_redshift(cluster: None) -> None:
    """Values have Python's types, a % is a %, and a time outside of Python's years is no other time."""
    moments = "timestamp '2026-01-02 03:04:05' AS local, timestamptz '2026-01-02 03:04:05+02' AS moment"
    (row,) = read(f"SELECT 'a%b' AS t, 1.50::decimal(10, 2) AS exact, date '9999-12-31' AS day, {moments}")
    days = read("SELECT v FROM (VALUES (timestamp '20000-01-01'), ('-infinity'), ('2026-01-02')) AS x (v)")

    assert row == {
        "t": "a%b",
        "exact": Decimal("1.50"),
        "day": date(9999, 12, 31),
        "local": datetime(2026, 1, 2, 3, 4, 5),  # noqa: DTZ001 - it has no zone
        "moment": datetime(2026, 1, 2, 1, 4, 5, tzinfo=UTC),
    }
    assert [type(day["v"]) for day in days] == [UnreadableValue, UnreadableValue, datetime]
    assert read("SELECT %s AS v", ["it's"]) == [{"v": "it's"}]
    assert len(read("SELECT generate_series(1, 2500) AS n")) == 2_500


def test_errors_of_redshift(cluster: None) -> None:
    """They are told as PostgreSQL's are; a connection that breaks off is tried again."""
    with pytest.raises(SourceError, match=r'relation "no_such" does not exist \(ProgrammingError, 42P01\)'):
        read("SELECT * FROM no_such")
    with pytest.raises(SourceError, match=r"the query failed: ProgrammingError, 22P02"):
        read("SELECT CAST(v AS int) FROM (SELECT 'ada@example.com' AS v) AS x")
    with pytest.raises(HubSpotSyncIncomplete, match="the query failed: InterfaceError"):
        read("SELECT pg_terminate_backend(pg_backend_pid())")
