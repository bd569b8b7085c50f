"""From the source to records: shape, earlier tries, validate."""

from __future__ import annotations

from collections.abc import Iterator

from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result, internal_error
from airflow_provider_hubcontact.sync.model.ports import Journal
from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.sync.rows.coercion import Coercer
from airflow_provider_hubcontact.sync.rows.json_schema import Schema
from airflow_provider_hubcontact.sync.rows.record_mapping import RecordMapping


class RecordReader:
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
        shape: RecordMapping,
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
        record = self._shape.record(*item)
        if isinstance(record, Result):
            return record
        # A planned record was checked when the plan was made, from the source's own values.
        is_planned = record.before is not None or record.digest is not None
        fit = record if is_planned or not self._coercer else self._coerced(self._coercer, record)
        if isinstance(fit, Result):
            return fit
        try:
            earlier = self._journal.earlier(fit) if self._journal else None
        except Exception as error:  # noqa: BLE001 - raised again when all that was read has its outcome
            self.broken, self.exhausted = error, True
            reason = f"the journal cannot be read: {type(error).__name__}"
            return Result(fit.row, fit.key, Outcome.NOT_ATTEMPTED, reason=reason)
        if earlier:
            return earlier
        return fit if is_planned or not self._schema else self._checked(self._schema, fit)

    @staticmethod
    def _coerced(coercer: Coercer, record: Record) -> Record | Result:
        try:
            return coercer.coerce(record)
        except Exception as error:  # noqa: BLE001 - one record never ends a run
            return internal_error(record.row, record.key, error, "made fit")

    @staticmethod
    def _checked(schema: Schema, record: Record) -> Record | Result:
        try:
            return schema.check(record) or record
        except Exception as error:  # noqa: BLE001 - one record never ends a run
            return internal_error(record.row, record.key, error, "checked against the JSON Schema")
