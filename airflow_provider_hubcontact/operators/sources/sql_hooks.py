# SPDX-License-Identifier: Apache-2.0
"""Which hook reads the database of an Airflow connection, and how its connection is opened.

Most connection types have a hook for SQL that opens what queries run over. The tables are of the others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.providers.common.sql.hooks.sql import DbApiHook


__all__ = ["PROVIDERS", "hook_of", "opened"]


PROVIDERS = {
    "databricks": "apache-airflow-providers-databricks",
    "duckdb": "apache-airflow-providers-duckdb",
    "gcpbigquery": "apache-airflow-providers-google",
    "google_cloud_platform": "apache-airflow-providers-google",
    "jdbc": "apache-airflow-providers-jdbc",
    "mssql": "apache-airflow-providers-microsoft-mssql",
    "mysql": "apache-airflow-providers-mysql",
    "odbc": "apache-airflow-providers-odbc",
    "postgres": "apache-airflow-providers-postgres",
    "redshift": "apache-airflow-providers-amazon",
    "snowflake": "apache-airflow-providers-snowflake",
    "sqlite": "apache-airflow-providers-sqlite",
}
"""Connection type → package that has its hook."""


_SQL_HOOKS = {
    "databricks": ("airflow.providers.databricks.hooks.databricks_sql", "DatabricksSqlHook"),
    "google_cloud_platform": ("airflow.providers.google.cloud.hooks.bigquery", "BigQueryHook"),
}
"""Connection type whose own hook is not one for SQL → module and class of the one that is."""


def hook_of(connection: Any) -> Any:
    """Return the hook of an Airflow connection that is for SQL, where there is one.

    :param connection: of Airflow.
    :raises Exception: what a hook raises whose package is not installed, or whose connection lacks something.
    """
    if (found := _SQL_HOOKS.get(str(connection.conn_type))) is None:
        return connection.get_hook()
    module, name = found
    hook = getattr(import_module(module), name)
    return hook(**{hook.conn_name_attr: connection.conn_id})


def opened(hook: DbApiHook) -> Any:
    """Open the connection of the DB-API (PEP 249) that a hook's queries run over.

    :param hook: of a database.
    :raises Exception: what its driver raises.
    """
    opens = _OPENS.get(str(getattr(hook, "conn_type", "")))
    return opens(hook) if opens else hook.get_conn()


def _bigquery(hook: Any) -> Any:
    """Open a connection of Google's own DB-API, with the hook's client and settings.

    The cursor of the hook takes a page without rows for the end of the result, though it names a next page.
    It gives moments, arrays and structs as they are in the JSON of the REST API.
    """
    from google.cloud.bigquery import QueryJobConfig, dbapi

    settings = _bigquery_object(hook, "api_resource_configs")
    query = {"useLegacySql": False, **settings.get("query", {})}
    _check_dialect(hook.connection.extra_dejson, query)
    if hook.priority != "INTERACTIVE":
        query["priority"] = hook.priority
    settings["query"] = query
    if labels := _bigquery_object(hook, "labels"):
        settings["labels"] = {**settings.get("labels", {}), **labels}
    client = hook.get_client(project_id=hook.project_id, location=hook.location)
    client.default_query_job_config = QueryJobConfig.from_api_repr(settings)
    # Its storage API needs a right of its own, and does not fall back to this one.
    return dbapi.connect(client, prefer_bqstorage_client=False)


def _bigquery_object(hook: Any, name: str) -> dict[str, Any]:
    """Return a copy of a setting of BigQuery's hook that has names and values.

    :raises ValueError: if it has none: the form of a connection stores what is typed as text.
    """
    given = getattr(hook, name) or {}
    if not isinstance(given, Mapping):
        raise ValueError(f"{name} in its Extra must be a JSON object, not text")  # noqa: TRY004 - a setting's
    return deepcopy(dict(given))


def _check_dialect(extra: Mapping[str, Any], query: Mapping[str, Any]) -> None:
    """Check that no setting asks for legacy SQL, in which the same words may mean something else.

    :param extra: of the connection.
    :param query: the settings of a query, as the REST API names them.
    :raises ValueError: if one does.
    """
    for name, value in (
        *((name, extra.get(name)) for name in _LEGACY_SQL),
        ("useLegacySql in api_resource_configs", query["useLegacySql"]),
    ):
        if str(value).lower() == "true":
            raise ValueError(f"queries are in GoogleSQL: set {name} to false, or remove it")


_LEGACY_SQL = ("use_legacy_sql", "extra__google_cloud_platform__use_legacy_sql")
"""Names under which the hook looks for it in the Extra, the old one last."""


_OPENS: Mapping[str, Callable[[Any], Any]] = {"gcpbigquery": _bigquery}
"""Connection type of a hook whose own connection cannot be read safely → opens one that can."""
