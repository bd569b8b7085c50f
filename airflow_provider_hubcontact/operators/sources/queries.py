# SPDX-License-Identifier: Apache-2.0
"""A SQL query becomes rows on disk, over the connection that Airflow's own hook opens."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

from airflow_provider_hubcontact.clock import SYSTEM_CLOCK, Clock
from airflow_provider_hubcontact.hooks.connections import unknown
from airflow_provider_hubcontact.job.errors import SourceError
from airflow_provider_hubcontact.job.files.spool import Spool
from airflow_provider_hubcontact.job.source.statements import one_statement
from airflow_provider_hubcontact.operators.errors import HubSpotSyncIncomplete
from airflow_provider_hubcontact.operators.sources.database_errors import may_pass, told
from airflow_provider_hubcontact.operators.sources.drivers import Driver, driver_of
from airflow_provider_hubcontact.operators.sources.sql_hooks import PROVIDERS, hook_of, opened
from airflow_provider_hubcontact.printable import printable, printable_logger

if TYPE_CHECKING:
    from airflow.providers.common.sql.hooks.sql import DbApiHook


log = printable_logger(__name__)

CHUNK = 1_000
"""Rows fetched and spooled together."""


LOCK_WAIT = 20.0
"""Seconds to wait for a file that another process has locked."""


def database(conn_id: str) -> DbApiHook:
    """Return the hook of an Airflow connection to a SQL database.

    :raises SourceError: if there is no such connection, or it does not lead to a SQL database.
    """
    from airflow.providers.common.compat.sdk import AirflowException, AirflowNotFoundException, BaseHook
    from airflow.providers.common.sql.hooks.sql import DbApiHook  # it brings pandas along

    try:
        connection = BaseHook.get_connection(conn_id)
    except AirflowNotFoundException as error:
        raise SourceError(f"the {unknown(conn_id)}") from error
    try:
        hook = hook_of(connection)
    except (AirflowException, *_OF_SETTINGS) as error:
        package = PROVIDERS.get(str(connection.conn_type), "the provider package of its database")
        raise SourceError(
            f"the connection {conn_id} has the type {printable(str(connection.conn_type))!r}, for which no "
            f"hook can be loaded: install {package}, or correct the type"
        ) from error
    if not isinstance(hook, DbApiHook):
        raise SourceError(
            f"the connection {conn_id} is not a SQL database: its type is {connection.conn_type!r}"
        )
    return hook


@contextmanager
def query(
    hook: DbApiHook,
    sql: str | Callable[[Driver], str],
    parameters: Any = None,
    *,
    name: str = "the query",
) -> Iterator[Spool]:
    """Drain a query to disk, in constant memory if the driver can, as fast as the database gives.

    :param hook: the database.
    :param sql: one statement that returns rows, or what makes it for a driver.
    :param parameters: its parameters, in the style of the database's driver.
    :param name: what the query is called in an error.
    :return: the rows, for as long as the context lasts; the database is let go before.
    :raises SourceError: if it returns no rows at all, or rows that no record can be made of.
    :raises HubSpotSyncIncomplete: if the database cannot be reached, or breaks off.
    """
    with TemporaryFile(prefix="hubcontact-") as file:
        spool = Spool(file)
        with connected(hook) as (connection, driver):
            if not driver.streams:
                log.info(
                    "The driver %s is not known to stream: it may hold all rows in memory.",
                    type(connection).__module__,
                )
            statement = one_statement(sql) if isinstance(sql, str) else sql(driver)
            _drain(spool, connection, driver, statement, parameters, name=name)
        yield spool


def _drain(spool: Spool, connection: Any, driver: Driver, sql: str, parameters: Any, *, name: str) -> None:
    cursor: Any = None
    try:
        try:
            driver.prepare(connection)
            cursor = driver.cursor(connection)
            if parameters:
                cursor.execute(sql, parameters)
            else:  # a % is a %
                cursor.execute(sql)
        except Exception as error:  # noqa: BLE001 - every driver has its own
            raise failure(f"{name} failed: {told(error)}", error) from None
        _fill(spool, cursor, driver, name)
    finally:
        with suppress(Exception):
            # A MySQL cursor that is closed first would read all rows that are left.
            connection.close()
        with suppress(Exception):
            driver.abandon(cursor)
            cursor.close()


def _fill(spool: Spool, cursor: Any, driver: Driver, name: str) -> None:
    # PostgreSQL's cursor has its description when the first row is there.
    first = _next(cursor, spool, driver, name) if cursor.description is not None or driver.streams else ()
    if not cursor.description:  # BigQuery's has an empty one
        raise SourceError(f"{name} returns no rows: it is not a SELECT")
    spool.fill([column[0] for column in cursor.description], _chunks(first, cursor, spool, driver, name))


def _chunks(
    first: Sequence[Any], cursor: Any, spool: Spool, driver: Driver, name: str
) -> Iterator[Sequence[Any]]:
    chunk = first
    while chunk:
        yield chunk
        chunk = _next(cursor, spool, driver, name)


def _next(cursor: Any, spool: Spool, driver: Driver, name: str) -> Sequence[Any]:
    try:
        rows: Sequence[Any] = cursor.fetchmany(CHUNK)
    except Exception as error:  # noqa: BLE001 - same
        place = f"rows {len(spool) + 1:,} to {len(spool) + CHUNK:,}"
        hint = "if a value cannot be read, cast it in SQL"
        raise failure(f"{name} failed in {place}: {told(error)}", error, hint) from None
    return driver.read(rows)


def failure(text: str, error: Exception, hint: str = "") -> Exception:
    """Return what is raised in place of a database's error, whose traceback may quote values.

    :param text: what happened.
    :param error: the database's.
    :param hint: what to do about an error that a retry cannot mend.
    """
    if may_pass(error):
        return HubSpotSyncIncomplete(text)
    return SourceError(f"{text}; {hint}" if hint else text)


@contextmanager
def connected(hook: DbApiHook) -> Iterator[tuple[Any, Driver]]:
    """Open the hook's own connection, and close it.

    :return: the connection, and what is known of its driver.
    :raises SourceError: if the connection cannot be used as it is set up.
    :raises HubSpotSyncIncomplete: if the database cannot be reached now.
    """
    connection = connect(hook)
    try:
        yield connection, driver_of(connection)
    finally:
        with suppress(Exception):  # what had to be done is done, or its own error is on the way
            connection.close()


def connect(hook: DbApiHook, clock: Clock = SYSTEM_CLOCK) -> Any:
    """Open the hook's own connection.

    :param clock: tells how long another process has locked the database's file, and waits for it.
    :raises SourceError: if the connection cannot be used as it is set up.
    :raises HubSpotSyncIncomplete: if the database cannot be reached now.
    """
    from airflow.providers.common.compat.sdk import AirflowException

    patience = clock.monotonic() + LOCK_WAIT
    while True:
        try:
            return opened(hook)
        except (RuntimeError, AirflowException, *_OF_SETTINGS) as error:
            words = _without_password(hook, printable(str(error)))
            raise SourceError(
                f"the connection {hook.get_conn_id()} cannot be used: {words} ({type(error).__name__})"
            ) from None
        except Exception as error:  # noqa: BLE001 - same
            if _is_locked(error) and clock.monotonic() < patience:
                clock.sleep(0.1)
                continue
            text = f"the database of {hook.get_conn_id()} cannot be reached: {told(error)}"
            raise failure(_without_password(hook, text), error) from None


_OF_SETTINGS = (ImportError, ValueError, TypeError, LookupError, AttributeError)
"""What a hook raises when its connection lacks something."""


def _is_locked(error: Exception) -> bool:
    """Check whether another process has the database's file: DuckDB allows one at a time."""
    return type(error).__name__ == "IOException" and "lock" in str(error)


def _without_password(hook: DbApiHook, text: str) -> str:
    """Return a text in which the connection's password does not stand, in any of its forms."""
    password = hook.connection.password
    for form in {password, quote(password), quote_plus(password)} if password else ():
        text = text.replace(form, "***")
    return text
