# SPDX-License-Identifier: Apache-2.0
"""What a database's error means: whether a retry can help, and what of it may be told.

Databases quote values of records ("invalid input syntax for type integer: 'ada@example.com'"),
so an error's own words are shown only where it is about a statement or a connection.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from airflow_provider_hubcontact.printable import printable

WORDS = 300
"""Characters of a database's own words that are shown."""


PASSING_STATES = frozenset({"08", "40", "53", "55", "57", "58"})
"""Classes of SQLSTATE that pass: connection, rollback, resources, locks, an operator's stop, the system."""


TELLING_STATES = PASSING_STATES | {"0A", "25", "28", "3D", "3F", "42"}
"""Classes of SQLSTATE whose words are about a statement or a connection."""


PASSING_OF_SQLITE = frozenset({5, 6, 10, 13, 14})
"""Busy, locked, input or output, full, cannot open."""


TELLING_OF_SQLITE = PASSING_OF_SQLITE | {1, 8, 23, 26}
"""Errors in a statement, a read-only database, no authorisation, no database."""


FINAL_OF_MYSQL = frozenset({1044, 1046, 1049, 1054, 1142, 1143, 1227, 1290})
"""No access, no such database, no such column: MySQL's drivers call them operational."""


TELLING_OF_MYSQL = FINAL_OF_MYSQL | {1040, 1045, 1053, 1064, 1103, 1146, 1205, 1213, 1317, 1927, 1969, 3024}


CLIENT_OF_MYSQL = range(2000, 3000)
"""Errors of MySQL's client, which knows no values."""


FINAL_CLASSES = frozenset({"ProgrammingError", "DataError", "NotSupportedError", "IntegrityError"})
"""Classes of the DB-API (PEP 249) that are about the statement or its data."""


DATABASE_CLASSES = FINAL_CLASSES | {"OperationalError", "InterfaceError", "InternalError", "DatabaseError"}


FINAL_OF_PYTHON = (ValueError, TypeError, ArithmeticError, LookupError, AttributeError, ImportError)
"""What a driver raises when it cannot make a Python value of the database's."""


TELLING_OF_DUCKDB = frozenset(
    {"BinderException", "CatalogException", "ConnectionException", "IOException", "ParserException"}
    | {"PermissionException", "TransactionException"}
)


PASSING_OF_GOOGLE = frozenset({408, 409, 429, 500, 502, 503, 504})
"""HTTP statuses of BigQuery that pass."""


PASSING_REASONS_OF_GOOGLE = frozenset(
    {"backendError", "internalError", "jobBackendError", "jobInternalError", "jobRateLimitExceeded"}
    | {"quotaExceeded", "rateLimitExceeded", "tableUnavailable"}
)
"""Reasons of BigQuery that pass, whatever their status ("Error messages" of BigQuery's documentation)."""


TELLING_OF_GOOGLE = frozenset({401, 403, 404})


TELLING_WORDS_OF_GOOGLE = ("Syntax error: ", "Unrecognized name: ")
"""How the message of a status 400 begins that is about the statement; others quote values."""


FINAL_OF_GOOGLE_AUTH = frozenset({"DefaultCredentialsError", "MalformedError", "RefreshError"})
"""Classes of ``google.auth`` that are about the credentials, unless they say that a retry can help."""


_STATE_IN_TEXT = re.compile(r"\bSQLSTATE: ([0-9A-Z]{5})\b")
"""How Databricks ends the first line of a message."""


_LACKING = re.compile(r"Required module '(\w+)' failed to import")
"""How DuckDB says so; a traceback follows."""


def may_pass(error: Exception) -> bool:
    """Check whether the same statement can succeed later."""
    if (google := _of_google(error)) is not None:
        return _google_may_pass(google)
    state, number = _state(error), _number(error)
    if state:
        return state[:2] in PASSING_STATES
    if hasattr(error, "sqlite_errorcode"):
        return error.sqlite_errorcode & 0xFF in PASSING_OF_SQLITE
    if number in FINAL_OF_MYSQL:
        return False
    classes = {cls.__name__ for cls in type(error).__mro__}
    if classes & DATABASE_CLASSES:
        return not classes & FINAL_CLASSES
    return not isinstance(error, FINAL_OF_PYTHON)


def told(error: Exception) -> str:
    """Return what may be shown of a database's error, as one line: never a value of a record."""
    google = _of_google(error)
    code = getattr(error, "sqlite_errorname", None) or _state(error) or _number(error) or _status(google)
    kind = type(error).__name__ + (f", {code}" if code else "")
    words = _words(error)
    return f"{printable(words, WORDS)} ({kind})" if words else kind


def lacking(error: Exception) -> str | None:
    """Return a sentence about the package that a driver asks for to make a value, if that is what it says.

    DuckDB needs ``pytz`` for times with a time zone, and brings none along.
    """
    found = _LACKING.search(str(error))
    return (
        f"the package {found[1]} is missing, which such values need: pip install {found[1]}"
        if found
        else None
    )


def _words(error: Exception) -> str:
    """Return the error's own words, without the excerpt of the statement; empty if they may quote a value."""
    if (google := _of_google(error)) is not None:
        return _words_of_google(google)
    state, number = _state(error), _number(error)
    if hasattr(error, "sqlite_errorcode"):
        return str(error) if error.sqlite_errorcode & 0xFF in TELLING_OF_SQLITE else ""
    if state:
        return _words_of_state(error, state)
    if isinstance(error, OSError):
        return error.strerror or ""
    if number is not None:
        return _message(error) if number in TELLING_OF_MYSQL or number in CLIENT_OF_MYSQL else ""
    return _words_of_client(error)


def _words_of_state(error: Exception, state: str) -> str:
    """Return the words of an error that has a SQLSTATE."""
    if state[:2] not in TELLING_STATES:
        return ""
    primary = getattr(getattr(error, "diag", None), "message_primary", None) or _fields(error).get("M")
    # Further lines of Databricks' message quote the statement.
    return primary or _message(error).partition(f"SQLSTATE: {state}")[0].strip()


def _words_of_client(error: Exception) -> str:
    """Return the words of an error that has no code: DuckDB's, and those of PostgreSQL's drivers alone."""
    module, name = type(error).__module__.partition(".")[0], type(error).__name__
    if module in {"_duckdb", "duckdb"}:
        if missing := lacking(error):
            return missing
        # Its further lines quote the statement.
        return str(error).partition("\n")[0] if name in TELLING_OF_DUCKDB else ""
    return _message(error) if module in {"psycopg2", "psycopg"} and name == "OperationalError" else ""


def _message(error: Exception) -> str:
    """Return the message alone: some drivers put a number before it."""
    texts = [part for part in (getattr(error, "msg", None), *reversed(error.args)) if isinstance(part, str)]
    return " ".join((texts[0] if texts else str(error)).split())


def _state(error: Exception) -> str | None:
    """Return the SQLSTATE of an error, where its driver has it."""
    found = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None) or _fields(error).get("C")
    if found is None and _module(error) == "databricks":
        match = _STATE_IN_TEXT.search(_message(error))
        found = match and match[1]
    return found if isinstance(found, str) and len(found) == 5 else None


def _fields(error: Exception) -> Mapping[str, str]:
    """Return the fields of Redshift's answer, by their letters in PostgreSQL's protocol."""
    found = error.args[0] if error.args and _module(error) == "redshift_connector" else None
    return found if isinstance(found, Mapping) else {}


def _module(error: Exception) -> str:
    return type(error).__module__.partition(".")[0]


def _of_google(error: Exception) -> Exception | None:
    """Return the error of Google's libraries that an error of BigQuery is, or wraps."""
    if _module(error) != "google":
        return None
    wrapped = error.args[0] if error.args else None
    return wrapped if isinstance(wrapped, Exception) else error


def _google_may_pass(error: Exception) -> bool:
    if (status := _status(error)) is None:
        is_final = type(error).__name__ in FINAL_OF_GOOGLE_AUTH | FINAL_CLASSES
        return not is_final or getattr(error, "retryable", False) is True
    reasons = {each.get("reason") for each in getattr(error, "errors", ()) if isinstance(each, Mapping)}
    return status in PASSING_OF_GOOGLE or not reasons.isdisjoint(PASSING_REASONS_OF_GOOGLE)


def _words_of_google(error: Exception) -> str:
    status = _status(error)
    if status is None:
        return str(error) if type(error).__name__ in FINAL_OF_GOOGLE_AUTH else ""
    # A message begins with the call where the answer has it.
    words = str(getattr(error, "message", "")).partition("prettyPrint=false: ")
    text = words[2] or words[0]
    return text if status in TELLING_OF_GOOGLE or text.startswith(TELLING_WORDS_OF_GOOGLE) else ""


def _status(error: Exception | None) -> int | None:
    """Return the HTTP status of an error of Google's."""
    found = getattr(error, "code", None) if error is not None else None
    return int(found) if isinstance(found, int) else None


def _number(error: Exception) -> int | None:
    """Return the number of an error of MySQL or MariaDB."""
    found = error.args[0] if error.args else None
    return found if type(found) is int else None
