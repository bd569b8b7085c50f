# SPDX-License-Identifier: Apache-2.0
"""Airflow connections: what is wrong with one, in sentences that say what to do."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

from airflow.providers.common.compat.sdk import AirflowNotFoundException, Connection

from airflow_provider_hubcontact import CONN_FIELDS
from airflow_provider_hubcontact.client import ConfigurationError, HubSpotError
from airflow_provider_hubcontact.client.errors import Unauthorized
from airflow_provider_hubcontact.client.network.session import is_this_machine
from airflow_provider_hubcontact.compat import CONTEXT
from airflow_provider_hubcontact.printable import printable
from airflow_provider_hubcontact.sync.model.codes import code_of_error
from airflow_provider_hubcontact.words import closest, named, nearest

BASE_URL = "https://api.hubapi.com"


OF_ENVIRONMENT = "AIRFLOW_CONN_"
"""How the names of variables begin that have connections."""


LIKENESS = 0.75
"""How alike two keys of an Extra must be, for one to be an error that is meant as the other.

Other programs may use the connection, too, and have keys of their own.
"""


class UnknownConnection(AirflowNotFoundException):
    """A connection does not exist. A secrets backend may only be out of reach, so a retry can help."""


def unknown(conn_id: str) -> str:
    """Return what is wrong with the id of a connection that Airflow does not find, and what to do.

    :param conn_id: of the connection.
    """
    if "://" in conn_id or conn_id.startswith("pat-"):  # it is not repeated: logs are for many to read
        return (
            "connection id that was given is an address or a token: create a connection with `airflow "
            "connections add`, and give its id"
        )
    variable = printable(OF_ENVIRONMENT + conn_id.upper(), 100)
    if OF_ENVIRONMENT + conn_id.upper() in os.environ:
        return f"connection {printable(conn_id, 100)} cannot be read: {variable} is neither JSON nor a URI"
    told = nearest(conn_id, [*_of_environment(), *_of_database()])
    return (
        f"connection {told} does not exist: create it with `airflow connections add`, or set it as {variable}"
    )


def _of_environment() -> Iterator[str]:
    """Yield the ids of connections that variables have."""
    for name in os.environ:
        if name.startswith(OF_ENVIRONMENT):
            yield name.removeprefix(OF_ENVIRONMENT).lower()


def _of_database() -> Iterable[str]:
    """Return the ids of connections in Airflow's database; none of a task, which may not read it."""
    if os.environ.get(CONTEXT) != "server":
        return ()
    from airflow.models import Connection as Stored
    from airflow.utils.session import create_session
    from sqlalchemy import select
    from sqlalchemy.exc import SQLAlchemyError

    with suppress(SQLAlchemyError), create_session() as session:
        return [str(each) for each in session.scalars(select(Stored.conn_id))]
    return ()


def check_type(connection: Connection, conn_type: str) -> None:
    """Check that a connection is one of HubSpot: the password of another one is not HubSpot's to know.

    :param connection: as Airflow has it; one without a type is taken.
    :param conn_type: that it must have.
    :raises ConfigurationError: if it has another one.
    """
    if connection.conn_type and connection.conn_type != conn_type:
        raise ConfigurationError(
            f"The connection {connection.conn_id} has the type {printable(connection.conn_type, 100)}, not "
            f"{conn_type}: nothing of it was sent. Name another connection, or correct its type"
        )


def extra_of(connection: Connection) -> dict[str, Any]:
    """Return the keys and values of an Extra. Airflow itself takes one that is no JSON for an empty one.

    :param connection: whose Extra it is.
    :raises ConfigurationError: if it is not a JSON object, or a key of it is a misspelt one, which would have
        no effect.
    """
    try:
        json.loads(connection.extra or "{}")
    except ValueError as error:
        place = f": see character {error.pos + 1}" if isinstance(error, json.JSONDecodeError) else ""
        raise _no_object(connection, place) from None
    extra = connection.extra_dejson  # which hides the secrets in it from logs
    if not isinstance(extra, dict):
        raise _no_object(connection)
    _check_names(connection, extra)
    return extra


def _no_object(connection: Connection, place: str = "") -> ConfigurationError:
    """Return an error that quotes nothing: an Extra has secrets."""
    return ConfigurationError(f"The Extra of the connection {connection.conn_id} is not a JSON object{place}")


def _check_names(connection: Connection, extra: dict[str, Any]) -> None:
    for name in extra:
        meant = closest(name, CONN_FIELDS, LIKENESS) if name not in CONN_FIELDS else None
        if meant:
            raise ConfigurationError(
                f"The Extra of the connection {connection.conn_id} has an unknown key, "
                f"{named(printable(name, 100), meant)}"
            )


def base_url(connection: Connection) -> str:
    """Return the address of the API that a connection names.

    :param connection: its host may have a scheme and a port; its schema and port fields hold otherwise.
    :raises ConfigurationError: if it is on this machine, where a server may have TLS or not, and has no
        scheme.
    """
    host = connection.host or BASE_URL
    if "://" not in host:
        host = f"{_scheme(connection, host)}://{host}"
    # A port of the connection's own goes behind a host that has none.
    has_port = host.rstrip("/").rpartition(":")[2].isdecimal()
    return f"{host.rstrip('/')}:{connection.port}" if connection.port and not has_port else host


def _scheme(connection: Connection, host: str) -> str:
    if connection.schema in {"http", "https"}:
        return str(connection.schema)
    name = host.removeprefix("[").partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    if is_this_machine(name.partition("/")[0]):
        place = printable(f"{host}:{connection.port}" if connection.port else host, 100)
        raise ConfigurationError(
            f"The host {place} of the connection {connection.conn_id} has no scheme: write http://{place}, "
            "or https:// if the server has TLS; in a URI, put it at the end, as in "
            f"hubspot://:TOKEN@{place}/http"
        )
    return "https"


def no_credentials(connection: Connection, missing: Iterable[str]) -> ConfigurationError:
    """Return the error of a connection that has neither a token nor all that OAuth needs.

    :param connection: as Airflow has it.
    :param missing: keys of its Extra that OAuth needs besides.
    """
    told = (
        f"The connection {connection.conn_id} has no credentials: put an access token into the password "
        f"field, or set up OAuth. For OAuth, these are missing: {', '.join(missing)}."
    )
    if not connection.conn_type:
        told += (
            " It has no type either: it must be a URI, such as hubspot://:TOKEN@, or JSON, such as "
            '{"conn_type": "hubspot", "password": "TOKEN"}.'
        )
    elif connection.login:
        told += " It has a login, which is not used: in a URI, the token stands behind a colon, hubspot://:TOKEN@."
    return ConfigurationError(told)


def why_not(error: HubSpotError) -> str:
    """Return why a connection does not work, after its code.

    :param error: what kept a call from succeeding. HubSpot says of a token that it does not know that none
        was found.
    """
    code = code_of_error(error)
    told = f"HubSpot does not accept the token: {error}" if isinstance(error, Unauthorized) else str(error)
    return f"{code}: {told}" if code else told
