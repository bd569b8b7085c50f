"""From the source to records: shape, earlier tries, validate."""

from __future__ import annotations

from collections.abc import Iterator

from airflow_provider_hubcontact.sync.coercion import Coercer
from airflow_provider_hubcontact.sync.outcome import Outcome, Result
from airflow_provider_hubcontact.sync.ports import Journal
from airflow_provider_hubcontact.sync.record import Record, Shape
from airflow_provider_hubcontact.sync.validation import Schema


class Intake:
    """Reads a source, row by row.

    :param rows: the source, with the numbers of the rows.
    :param shape: how rows become records.
    :param coercer: makes texts such as their properties take.
    :param schema: what records must satisfy.
    :param journal: knows the results of earlier tries.
    """

    def __init__(
        self,
        rows: Iterator[tuple[int, object]],
        shape: Shape,
        coercer: Coercer | None,
        schema: Schema | None,
        journal: Journal | None,
    ) -> None:
        self.exhausted = False
        self.broken: Exception | None = None
        self._rows = rows
        self._shape = shape
        self._coercer = coercer
        self._schema = schema
        self._journal = journal

    def next(self) -> Record | Result | None:
        """Read a row.

        :return: the record, or the result that the row has at once; None if there is no further row. What
            the source raised instead is in :attr:`broken`.
        """
        try:
            item = next(self._rows, None)
        except Exception as error:  # noqa: BLE001 - raised again when all that was read has its outcome
            self.broken = error
            item = None
        if item is None:
            self.exhausted = True
            return None
        try:
            record = self._shape.record(*item)
        except Exception as error:  # noqa: BLE001 - a value may be of any class, with any defect
            reason = f"the row cannot be read: {type(error).__name__}"
            record = Result(item[0], "", Outcome.INVALID, category="VALUE", reason=reason)
        if isinstance(record, Result):
            return record
        if self._coercer:
            record = self._coercer.coerce(record)
        if self._journal and (earlier := self._journal.earlier(record)):
            return earlier
        # A planned record was checked when the plan was made, from the source's own values.
        is_planned = record.before is not None or record.digest is not None
        problem = self._schema.check(record) if self._schema and not is_planned else None
        return problem or record
