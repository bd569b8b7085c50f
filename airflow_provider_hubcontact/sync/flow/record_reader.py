"""From the source to records: shape, earlier tries, validate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from airflow_provider_hubcontact.sync.flow.keys_seen import KeysSeen
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
    :param seen: keys of valid rows, of which a later row is invalid; None if keys may come again.
    """

    def __init__(
        self,
        rows: Iterator[tuple[int, object]],
        shape: RecordMapping,
        coercer: Coercer | None,
        schema: Schema | None,
        journal: Journal | None,
        *,
        seen: KeysSeen | None = None,
    ) -> None:
        self.exhausted = False
        self.broken: Exception | None = None
        self._rows = rows
        self._shape = shape
        self._coercer = coercer
        self._schema = schema
        self._journal = journal
        self._seen = seen

    def pass_over(self, rows: Iterable[tuple[int, object]]) -> None:
        """See the keys of rows that have ended in an earlier try."""
        if self._seen is None:
            return
        try:
            for item in rows:
                record = self._made(item)
                if isinstance(record, Record):
                    self._judged(record, self._seen)
        except Exception as error:  # noqa: BLE001 - raised again by the run
            self.broken, self.exhausted = error, True

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
        fit = self._made(item)
        if isinstance(fit, Result):
            return fit
        try:
            earlier = self._journal.earlier(fit) if self._journal else None
        except Exception as error:  # noqa: BLE001 - raised again when all that was read has its outcome
            self.broken, self.exhausted = error, True
            reason = f"the journal cannot be read: {type(error).__name__}"
            return Result(fit.row, fit.key, Outcome.NOT_ATTEMPTED, reason=reason)
        if earlier is None:
            return self._judged(fit, self._seen)
        if self._seen is not None:
            self._judged(fit, self._seen)
        return earlier

    def _made(self, item: tuple[int, object]) -> Record | Result:
        record = self._shape.record(*item)
        if isinstance(record, Result) or not self._coercer or _is_planned(record):
            return record
        return self._coerced(self._coercer, record)

    def _judged(self, record: Record, seen: KeysSeen | None) -> Record | Result:
        """Check a record, and whether a valid one before it has its key."""
        checked = self._checked(self._schema, record) if self._schema and not _is_planned(record) else record
        if seen is None or isinstance(checked, Result) or seen.add(record.key):
            return checked
        reason = f"an earlier row has the key {record.key} too"
        return Result(record.row, record.key, Outcome.INVALID, category="DUPLICATE", reason=reason)

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


def _is_planned(record: Record) -> bool:
    """Check whether a record was checked when a plan was made, from the source's own values."""
    return record.before is not None or record.digest is not None
