# SPDX-License-Identifier: Apache-2.0
"""What a task needs besides HubSpot: a database, a store for the rate limit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.client.redis_server import Server, program
from tests.client.redis_server import serve as serve_redis

COLUMNS = ("email", "firstname", "city", "lifecyclestage", "hs_lead_status", "new_email", "segment")
QUERY = f"SELECT {', '.join(COLUMNS)}, pg_sleep(0.005) FROM customers ORDER BY place"  # noqa: S608 - constants
"""A query that takes seconds, so that it can be broken off."""


@contextmanager
def redis() -> Iterator[Server]:
    """Serve a Redis that can be stopped."""
    found = program()
    if found is None:
        raise RuntimeError("there is no Redis server")
    with serve_redis(found) as server:
        yield server


def fill(uri: str, rows: list[Any]) -> None:
    """Put rows into the table ``customers``, in the place of those that are there."""
    with _connect(uri) as connection:
        connection.execute("DROP TABLE IF EXISTS customers")
        columns = ", ".join(f"{name} text" for name in COLUMNS)
        connection.execute(f"CREATE TABLE customers (place serial, {columns})")
        marks = ", ".join(["%s"] * len(COLUMNS))
        for row in rows:
            connection.execute(
                f"INSERT INTO customers ({', '.join(COLUMNS)}) VALUES ({marks})",  # noqa: S608 - constants
                [row.get(name) for name in COLUMNS],
            )


def terminate_queries(uri: str) -> int:
    """End the connections of all others.

    :return: how many there were.
    """
    with _connect(uri) as connection:
        found = connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND query LIKE '%customers%'"
        ).fetchall()
    return len(found)


def _connect(uri: str) -> Any:
    import psycopg  # noqa: PLC0415 - Airflow 2.11 has another driver

    return psycopg.connect(uri.replace("postgresql+psycopg", "postgresql"), autocommit=True)
