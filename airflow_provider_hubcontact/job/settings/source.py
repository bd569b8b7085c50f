# SPDX-License-Identifier: Apache-2.0
"""Where a run's records come from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_hubcontact.job.settings.frozen import Frozen

if TYPE_CHECKING:
    from airflow_provider_hubcontact.job.settings.replay import Replay


class Query(Frozen):
    """A query whose rows are the records.

    :param sql: its text.
    :param conn_id: Airflow connection of the database.
    :param parameters: of the query, in the style of the database's driver.
    """

    sql: str | None = None
    conn_id: str | None = None
    parameters: Mapping[str, Any] | Sequence[Any] | None = None

    def problems(self) -> Iterator[str]:
        """Yield a sentence for each thing that is wrong."""
        for name, value in (("sql", self.sql), ("sql_conn_id", self.conn_id)):
            if value is not None and (not isinstance(value, str) or not value):
                yield f"{name} must be text, not {value!r:.100}"
        if self.sql is not None and self.conn_id is None:
            yield "sql needs sql_conn_id, the connection of the database to query"
        if self.sql is None and self.conn_id is not None:
            yield "sql_conn_id has no effect without sql, which is not given"
        if self.sql is None and self.parameters is not None:
            yield "parameters has no effect without sql, which is not given"


class Source(Frozen):
    """Where the records come from.

    :param has_records: whether they are handed in.
    :param query: or what returns them.
    :param replay: or the run that had them before; with one of the others, it chooses among these.
    :param watermark: column that grows with every change of a row.
    """

    has_records: bool = True
    query: Query = Query()
    replay: Replay | None = None
    watermark: str | None = None

    @property
    def is_ledger_alone(self) -> bool:
        """Whether the values that a ledger has kept are sent again."""
        return self.replay is not None and not self.has_records and self.query.sql is None

    @property
    def undoes(self) -> bool:
        """Whether the run of a ledger is undone."""
        return self.replay is not None and self.replay.undo is True

    @property
    def archives(self) -> bool:
        """Whether an undo archives the contacts that the run has created."""
        return self.replay is not None and self.undoes and self.replay.archive_created is True

    def problems(self) -> Iterator[str]:
        """Yield a sentence for each thing that is wrong."""
        sources = self.has_records + (self.query.sql is not None)
        if self.undoes and sources:
            yield "FromLedger: with undo=True, the ledger has all values: leave among and sql out"
        elif sources > 1 or (sources == 0 and self.replay is None):
            yield "give either records or sql, not both; with FromLedger, both can be left out"
        yield from self.query.problems()
        if self.replay:
            yield from self.replay.problems()
        if self.watermark is not None and (not isinstance(self.watermark, str) or not self.watermark):
            yield f"watermark must be the name of a column, not {self.watermark!r:.100}"
        elif self.watermark and self.replay:
            yield "watermark has no effect with FromLedger, which chooses the rows itself"
