# SPDX-License-Identifier: Apache-2.0
"""The records of a command: those of a file, of standard input, or of a query."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from airflow_provider_hubcontact.cli.files import UNSAID, Form, records_in
from airflow_provider_hubcontact.job.errors import SetupError
from airflow_provider_hubcontact.job.settings.source import Query

NO_RECORDS = "the source has no records: nothing was checked"
"""What is told of a source that is not empty as a file, but has no row."""


@contextmanager
def source_of(file: str | None, query: Query | None, form: Form = UNSAID) -> Iterator[Iterable[object]]:
    """Open a source.

    :param file: its path, or ``-`` for standard input; None for a query.
    :param query: what to read instead, from a connection of Airflow.
    :param form: how the file is written.
    :return: the records, for as long as the context lasts.
    :raises SetupError: if it has no records, or an option has no effect on it.
    """
    if file is not None:
        with records_in(file, form) as rows:
            yield rows
    elif form.options:
        raise SetupError(f"no effect on a query: {', '.join(form.options)}")
    elif query is not None:
        from airflow_provider_hubcontact.operators.sources import queries

        hook = queries.database(str(query.conn_id))
        with queries.query(hook, str(query.sql), query.parameters) as spool:
            yield spool
