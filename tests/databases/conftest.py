# SPDX-License-Identifier: Apache-2.0
"""Databases that run for one test session, and a connection to each."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.airflow_home import postgres_uri
from tests.databases.mariadb import MariaDB, serve

__all__ = ["postgres_uri"]

USER, PASSWORD = "loader", "s3/cr@t"


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDB]:
    """Serve MariaDB, with a user that may do anything in ``warehouse``."""
    with serve() as server:
        server.admin(f"CREATE USER {USER}@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'")
        server.admin(f"GRANT ALL ON warehouse.* TO {USER}@'127.0.0.1'")
        yield server


def mysql(server: MariaDB, user: str = USER, **extra: object) -> str:
    """Return an Airflow connection to MariaDB."""
    fields = {"conn_type": "mysql", "host": "127.0.0.1", "port": server.port, "schema": "warehouse"}
    return json.dumps({**fields, "login": user, "password": PASSWORD, "extra": extra})


DATABASES = (
    "sqlite",
    "postgres",
    "mariadb with mysqlclient",
    "mariadb with pymysql",
    "mariadb with mysql-connector-python",
    "duckdb",
    "snowflake",
)


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """Name the database behind the connection ``db``."""
    name = str(request.param)
    if name == "sqlite":
        connection = json.dumps({"conn_type": "sqlite", "host": str(tmp_path / "warehouse.db")})
    elif name == "postgres":
        connection = request.getfixturevalue("postgres_uri")
    elif name == "duckdb":
        connection = json.dumps({"conn_type": "duckdb", "host": str(tmp_path / "warehouse.duckdb")})
    elif name == "snowflake":
        request.getfixturevalue("snowflake")
        connection = json.dumps({"conn_type": "snowflake", "login": "me", "password": "x", "schema": "S",
                                 "extra": {"account": "a", "database": "D", "warehouse": "W"}})  # fmt: skip
    else:
        if name.endswith("pymysql"):
            request.getfixturevalue("pymysql")
        client = {"client": "mysql-connector-python"} if name.endswith("connector-python") else {}
        connection = mysql(request.getfixturevalue("mariadb"), **client)
    monkeypatch.setenv("AIRFLOW_CONN_DB", connection)
    return name


@pytest.fixture
def snowflake() -> Iterator[None]:
    """Let Snowflake's connector talk to a local imitation."""
    import fakesnow  # noqa: PLC0415 - only this environment has it

    with fakesnow.patch():
        yield


@pytest.fixture
def pymysql(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put PyMySQL in the place of mysqlclient, as ``pymysql.install_as_MySQLdb()`` does."""
    import pymysql  # noqa: PLC0415 - same
    import pymysql.cursors  # noqa: PLC0415 - same

    monkeypatch.setitem(sys.modules, "MySQLdb", pymysql)
    monkeypatch.setitem(sys.modules, "MySQLdb.cursors", pymysql.cursors)
