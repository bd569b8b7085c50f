# SPDX-License-Identifier: Apache-2.0
"""What a command is asked to do: its options, and its file of settings."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from airflow_provider_hubcontact.cli.settings_file import read_settings
from airflow_provider_hubcontact.job.errors import PreflightError, SetupError
from airflow_provider_hubcontact.job.settings.problems import problems_of
from airflow_provider_hubcontact.job.settings.settings import Settings
from airflow_provider_hubcontact.job.settings.source import Query
from airflow_provider_hubcontact.operators.given import settings_of_keywords
from airflow_provider_hubcontact.operators.options import FromLedger
from airflow_provider_hubcontact.printable import printable

CONN_ID = "hubspot_default"


class Asked(NamedTuple):
    """What a command is asked to do.

    :param settings: of the job, as an operator would have them.
    :param query: returns the records; None if they come from a file or a ledger.
    :param conn_id: Airflow connection of the portal.
    """

    settings: Settings
    query: Query | None
    conn_id: str


class Given(NamedTuple):
    """A setting from an option.

    :param keyword: of the operator.
    :param flag: the option.
    :param value: of the setting.
    """

    keyword: str
    flag: str
    value: Any


def asked_of(chosen: Namespace) -> Asked:
    """Read options and file of settings.

    :param chosen: the command's arguments.
    :raises SetupError: if they cannot be read, or contradict each other.
    :raises PreflightError: if a setting is not valid; it names all that are not.
    """
    given = _keywords(chosen)
    query = Query(given.pop("sql", None), given.pop("sql_conn_id", None), given.pop("parameters", None))
    if chosen.file is None and query.sql is None:
        raise SetupError("name a file with the records, or - for standard input; or give --sql")
    if chosen.file is not None and query.sql is not None:
        raise SetupError("give either a file or --sql, not both")
    settings, conn_id = _checked(given, query)
    return Asked(settings, query if chosen.file is None else None, conn_id)


def keys_of(chosen: Namespace) -> Asked:
    """Read options and file of settings of a command that reads the keys of a source, if there is one.

    :param chosen: the command's arguments.
    :raises SetupError: if they cannot be read, or contradict each other.
    :raises PreflightError: if a setting is not valid; it names all that are not.
    """
    given = _keywords(chosen)
    query = Query(given.pop("sql", None), given.pop("sql_conn_id", None), given.pop("parameters", None))
    settings, conn_id = _checked(given, query)
    return Asked(settings, query if query.sql is not None else None, conn_id)


def undo_of(chosen: Namespace) -> Asked:
    """Read options and file of settings of an undo, whose records come from a ledger.

    :param chosen: the command's arguments.
    :raises SetupError: if they cannot be read, or contradict each other.
    :raises PreflightError: if a setting is not valid; it names all that are not.
    """
    replay = FromLedger(
        chosen.ledger,
        undo=True,
        archive_created=chosen.archive_created,
        run=chosen.run,
        task=chosen.task,
    )
    settings, conn_id = _checked(_keywords(chosen), None, replay)
    return Asked(settings, None, conn_id)


def _checked(
    given: dict[str, Any], query: Query | None, replay: FromLedger | None = None
) -> tuple[Settings, str]:
    """Make settings of keywords, and check them.

    :param given: keyword → value.
    :param query: whose rows may be the records; None if records never come from a query.
    :param replay: the run to undo; None for other commands.
    :return: the settings, and the Airflow connection of the portal.
    :raises SetupError: if a value object cannot be made of what was given for it.
    :raises PreflightError: if a setting is not valid.
    """
    conn_id = given.pop("hubspot_conn_id", CONN_ID)
    try:
        settings = settings_of_keywords(given, has_records=replay is None, replay=replay)
    except ValueError as error:
        raise SetupError(str(error)) from None
    problems = [*(query.problems() if query else ()), *problems_of(settings)]
    if not isinstance(conn_id, str):
        problems.append(f"hubspot_conn_id must be text, not {conn_id!r:.100}")
    if problems:
        raise PreflightError([printable(each) for each in problems])
    return settings, conn_id


def _keywords(chosen: Namespace) -> dict[str, Any]:
    """Return the keywords that options and file set: keyword → value.

    :raises SetupError: if both set the same one.
    """
    options = list(_of_options(vars(chosen)))
    path = chosen.settings
    from_file = read_settings(Path(path)) if path is not None else {}
    if twice := next((given for given in options if given.keyword in from_file), None):
        raise SetupError(f"{twice.keyword} is given twice: by {twice.flag}, and in {path}")
    return from_file | {given.keyword: given.value for given in options}


def _of_options(chosen: dict[str, Any]) -> Iterator[Given]:
    """Yield the settings from the options.

    :raises SetupError: if an option is not well-formed.
    """
    if chosen.get("map"):
        yield Given("mapping", "--map", mapping_of(chosen["map"]))
    fields = {
        "column": chosen.get("key"),
        "property": chosen["key_property"],
        "becomes": chosen.get("becomes"),
    }
    if key := {name: value for name, value in fields.items() if value is not None}:
        yield Given("key", _FLAGS_OF_KEY[next(iter(key))], key)
    if chosen.get("json_schema") is not None:
        yield Given("json_schema", "--json-schema", Path(chosen["json_schema"]))
    for keyword, flag, name in _PLAIN:
        value = chosen.get(name)
        if value is not None and value is not False:
            yield Given(keyword, flag, value)


_FLAGS_OF_KEY = {"column": "--key", "property": "--key-property", "becomes": "--becomes"}


_PLAIN = (
    ("upsert", "--upsert", "upsert"),
    ("sql", "--sql", "sql"),
    ("sql_conn_id", "--sql-conn-id", "sql_conn_id"),
    ("hubspot_conn_id", "--conn-id", "conn_id"),
)
"""Keyword, option and argument name of settings whose values are taken unchanged."""


def mapping_of(pairs: Sequence[str]) -> dict[str, str]:
    """Read ``--map COLUMN=PROPERTY``.

    :raises SetupError: if one is not of this form, or names a column twice.
    """
    mapping: dict[str, str] = {}
    for pair in pairs:
        column, equals, name = pair.partition("=")
        if not (column and equals and name):
            raise SetupError(f"--map must be COLUMN=PROPERTY, not {pair}")
        if column in mapping:
            raise SetupError(f"--map names the column {column} twice")
        mapping[column] = name
    return mapping
