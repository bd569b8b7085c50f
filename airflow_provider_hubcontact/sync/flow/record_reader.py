# SPDX-License-Identifier: Apache-2.0
"""Turns rows of the source into valid records, or results."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from airflow_provider_hubcontact.sync.flow.keys_seen import KeysSeen
from airflow_provider_hubcontact.sync.model.outcome import DUPLICATE, LIST, Outcome, Result, internal_error
from airflow_provider_hubcontact.sync.model.ports import Journal, Lists, UnknownList
from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.sync.rows.coercion import Coercer
from airflow_provider_hubcontact.sync.rows.json_schema import Schema
from airflow_provider_hubcontact.sync.rows.record_mapping import RecordMapping
from airflow_provider_hubcontact.sync.rows.texts.owners import CATEGORY as OWNERS


class _Unread(NamedTuple):
    """A row that has an owner's address, while the owners cannot be listed.

    :param record: as the source has it.
    :param result: says so.
    """

    record: Record
    result: Result


class RecordReader:
    """Reads a source, row by row.

    :param rows: the source, with the numbers of its rows.
    :param shape: how rows become records.
    :param coercer: normalises texts to the formats of their properties.
    :param schema: what records must satisfy.
    :param journal: knows the results of earlier tries.
    :param seen: the keys of valid rows: a later row with one of them is invalid. None if keys may repeat.
    :param lists: knows the lists that rows name.
    :ivar exhausted: whether no further row can be read.
    :ivar broken: what the source or the journal raised.
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
        lists: Lists | None = None,
    ) -> None:
        self.exhausted = False
        self.broken: Exception | None = None
        self._rows = rows
        self._shape = shape
        self._coercer = coercer
        self._schema = schema
        self._journal = journal
        self._seen = seen
        self._lists = lists

    def pass_over(self, rows: Iterable[tuple[int, object]]) -> None:
        """Note the keys of rows that an earlier try has ended."""
        try:
            for item in rows:
                made = self._made(item)
                if isinstance(made, Result):
                    self._note_key(made)
                else:
                    self._judged(made.record if isinstance(made, _Unread) else made, self._seen)
        except Exception as error:  # noqa: BLE001 - raised again by the run
            self.broken, self.exhausted = error, True

    def next(self) -> Record | Result | None:
        """Read a row.

        :return: the record, or the row's result if it has one at once. None if no further row can be read;
            if the source raised, :attr:`broken` has the exception.
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
            self._note_key(fit)
            return fit
        if isinstance(fit, _Unread):  # it may be valid, so that it has its key
            judged = self._judged(fit.record, self._seen)
            return judged if isinstance(judged, Result) else fit.result
        try:
            earlier = self._journal.earlier(fit) if self._journal else None
        except Exception as error:  # noqa: BLE001 - raised again when all that was read has its outcome
            self.broken, self.exhausted = error, True
            reason = f"earlier results cannot be read: {type(error).__name__}"
            return Result(fit.row, fit.key, Outcome.NOT_ATTEMPTED, reason=reason)
        judged = self._judged(fit, self._seen)
        # What has ended may have been an equal row; which of them is the first does not change.
        is_second = isinstance(judged, Result) and judged.category == DUPLICATE
        return judged if earlier is None or is_second else earlier

    def _note_key(self, result: Result) -> None:
        """Note the key of a row that may be valid, as an earlier pass has found out."""
        if self._seen and result.category == OWNERS:
            self._seen.add(result.key)

    def _made(self, item: tuple[int, object]) -> Record | Result | _Unread:
        record = self._shape.record(*item)
        if isinstance(record, Record) and record.list:
            record = self._listed(record)
        if isinstance(record, Result) or not self._coercer or _is_planned(record):
            return record
        made = self._coerced(self._coercer, record)
        if isinstance(made, Result) and made.category == OWNERS:
            return _Unread(record, made)
        return made

    def _listed(self, record: Record) -> Record | Result:
        """Return a record with what its list is known by."""
        if self._lists is None:
            return record._replace(list="")
        try:
            named = record.named_list or record.list  # what was read by a guard has both
            return record._replace(list=self._lists.target(record.list), named_list=named)
        except UnknownList as error:
            return Result(record.row, record.key, Outcome.INVALID, category=LIST, reason=str(error))

    def _judged(self, record: Record, seen: KeysSeen | None) -> Record | Result:
        """Check a record, and whether a valid one before it has its key."""
        checked = self._checked(self._schema, record) if self._schema and not _is_planned(record) else record
        if seen is None or isinstance(checked, Result) or seen.add(record.key):
            return checked
        reason = f"an earlier row already has the key {record.key}"
        return Result(record.row, record.key, Outcome.INVALID, category=DUPLICATE, reason=reason)

    @staticmethod
    def _coerced(coercer: Coercer, record: Record) -> Record | Result:
        try:
            return coercer.coerce(record)
        except Exception as error:  # noqa: BLE001 - one record never ends a run
            return internal_error(record.row, record.key, error, "normalised")

    @staticmethod
    def _checked(schema: Schema, record: Record) -> Record | Result:
        try:
            return schema.check(record) or record
        except Exception as error:  # noqa: BLE001 - one record never ends a run
            return internal_error(record.row, record.key, error, "checked against the JSON Schema")


def _is_planned(record: Record) -> bool:
    """Check whether a record comes from a plan: its values were checked when the plan was made."""
    return record.before is not None or record.digest is not None
