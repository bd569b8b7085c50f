# SPDX-License-Identifier: Apache-2.0
"""An error of a database shows its own words only where no value is in them, and whether to try again."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_hubcontact.operators.sources.database_errors import may_pass, told


class Error(Exception):
    """A driver's, as PEP 249 has them."""

    def __init__(self, *args: Any, sqlstate: str | None = None) -> None:
        super().__init__(*args)
        self.sqlstate = sqlstate


class ProgrammingError(Error): ...


class DataError(Error): ...


class IntegrityError(Error): ...


class OperationalError(Error): ...


class InterfaceError(Error): ...


VALUE = "ada@example.com"
ERRORS: list[tuple[Exception, bool, bool]] = [  # the error, whether it may pass, whether its words are shown
    (DataError(f'invalid input syntax for integer: "{VALUE}"', sqlstate="22P02"), False, False),
    (IntegrityError(f"Key (email)=({VALUE}) already exists", sqlstate="23505"), False, False),
    (OperationalError(f"raised in a function: {VALUE}", sqlstate="P0001"), False, False),
    (ProgrammingError("relation does not exist", sqlstate="42P01"), False, True),
    (ProgrammingError("permission denied", sqlstate="42501"), False, True),
    (OperationalError("terminating connection", sqlstate="57P01"), True, True),
    (OperationalError("deadlock detected", sqlstate="40P01"), True, True),
    (OperationalError("too many connections", sqlstate="53300"), True, True),
    (OperationalError(2006, "Server has gone away"), True, True),
    (OperationalError(2013, "Lost connection"), True, True),
    (OperationalError(1205, "Lock wait timeout exceeded"), True, True),
    (OperationalError(1054, "Unknown column 'nope'"), False, True),
    (ProgrammingError(1146, "Table doesn't exist"), False, True),
    (IntegrityError(1062, f"Duplicate entry '{VALUE}' for key 'email'"), False, False),
    (DataError(1366, f"Incorrect integer value: '{VALUE}'"), False, False),
    (OperationalError(1292, f"Truncated incorrect DOUBLE value: '{VALUE}'"), True, False),
    (InterfaceError(0, ""), True, False),
    (OperationalError(f"whatever {VALUE}"), True, False),
    (ProgrammingError(f"whatever {VALUE}"), False, False),
    (ValueError(f"year {VALUE} is out of range"), False, False),
    (OverflowError(VALUE), False, False),
    (ConnectionRefusedError(111, "Connection refused"), True, True),
    (TimeoutError(VALUE), True, False),
    (RuntimeError(VALUE), True, False),
]


@pytest.mark.parametrize(("error", "passes", "is_shown"), ERRORS, ids=lambda value: repr(value)[:50])
def test_what_is_made_of_an_error(error: Exception, passes: bool, is_shown: bool) -> None:
    """What can hold a value is told by type and code alone."""
    shown = told(error)

    assert may_pass(error) is passes
    assert VALUE not in shown
    assert type(error).__name__ in shown
    assert (shown != type(error).__name__ and any(str(arg) in shown for arg in error.args[-1:])) is is_shown


SQLITE = {
    "SELECT * FROM nope": "no such table: nope",
    "SELEC 1": 'near "SELEC": syntax error',
    "INSERT INTO once VALUES ('ada@example.com')": None,
    "SELECT CAST(x'61646140e9' AS TEXT)": None,
}


@pytest.mark.parametrize(("sql", "words"), SQLITE.items())
def test_sqlite(sql: str, words: str | None) -> None:
    """It calls most errors operational; its code tells them apart."""
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute("CREATE TABLE once (email TEXT, CHECK (email NOT LIKE '%@%'))")
        with pytest.raises(sqlite3.Error) as caught:
            db.execute(sql).fetchall()

    error = caught.value
    assert VALUE[:4] not in told(error)
    if words:
        assert told(error).startswith(words)
        assert not may_pass(error)


@given(st.text(), st.sampled_from(["08006", "42601"]))
def test_words_are_printed_as_one_line(words: str, state: str) -> None:
    """Whatever a server says is printable, and not endless."""
    shown = told(OperationalError(words * 20, sqlstate=state))

    assert shown.isprintable()
    assert len(shown) < 400


@pytest.mark.parametrize("name", ["OperationalError", "DataError"])
def test_words_of_a_server_that_is_gone(name: str) -> None:
    """PostgreSQL's driver has no code for it, and its words are about the connection alone."""
    psycopg2 = pytest.importorskip("psycopg2")

    said = told(getattr(psycopg2, name)("connection to server failed"))

    is_shown = name == "OperationalError"
    assert said == (f"connection to server failed ({name})" if is_shown else name)
