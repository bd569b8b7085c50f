"""The records of a command: those of a file, or of a query."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from airflow_provider_hubcontact.cli.files import records_in
from airflow_provider_hubcontact.job.settings.source import Query


@contextmanager
def source_of(file: str | None, query: Query | None) -> Iterator[Iterable[object]]:
    """Open a source.

    :param file: its path; None for a query.
    :param query: what to read instead, from a connection of Airflow.
    :return: the records, for as long as the context lasts.
    :raises SourceError: if it has no records.
    """
    if file is not None:
        with records_in(file) as rows:
            yield rows
    elif query is not None:
        from airflow_provider_hubcontact.operators.sources import queries

        hook = queries.database(str(query.conn_id))
        with queries.query(hook, str(query.sql), query.parameters) as spool:
            yield spool
