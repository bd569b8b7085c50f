# SPDX-License-Identifier: Apache-2.0
"""The rows of a run, from one of its sources."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice

from airflow_provider_hubcontact.job.settings.source import Source
from airflow_provider_hubcontact.job.source.watermark import Watermark
from airflow_provider_hubcontact.job.surroundings import Surroundings
from airflow_provider_hubcontact.printable import printable_logger
from airflow_provider_hubcontact.words import counted

log = printable_logger(__name__)

FIRST_ROWS = 100
"""Rows that are looked at to guess the types of missing properties."""


@contextmanager
def rows_of(
    source: Source | None, around: Surroundings, watermark: Watermark | None
) -> Iterator[Iterable[object] | None]:
    """Open a source.

    :param source: None for a plan.
    :return: its rows, for as long as the context lasts; None if a ledger or a plan has them.
    :raises SourceError: if it has no rows that records can be made of.
    """
    if source is None:
        yield None
    elif source.query.sql is not None:
        with around.query(source.query, watermark.since_query if watermark else None) as spool:
            log.info("The query returned %s.", counted(len(spool), "row"))
            yield spool
    else:
        yield around.records() if source.has_records else None


def peeked(rows: Iterator[object]) -> tuple[list[object], Iterator[object]]:
    """Return the first rows, and then the others; a source that breaks off does so after these."""
    first: list[object] = []
    try:
        first.extend(islice(rows, FIRST_ROWS))
    except Exception as error:  # noqa: BLE001 - raised again when the rows before have been read
        return first, _raising(error)
    return first, rows


def _raising(error: Exception) -> Iterator[object]:
    raise error
    yield
