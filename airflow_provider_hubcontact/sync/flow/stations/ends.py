# SPDX-License-Identifier: Apache-2.0
"""The last station of a record: its result is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from airflow_provider_hubcontact.printable import printable_logger
from airflow_provider_hubcontact.sync.decide.merging import is_to_be_parted, parted, step_of
from airflow_provider_hubcontact.sync.decide.results import doubted, given_up, unsure
from airflow_provider_hubcontact.sync.flow.stations.parts import Parts
from airflow_provider_hubcontact.sync.model.outcome import INTERNAL_ERROR, Result
from airflow_provider_hubcontact.sync.model.ports import Journal, Step
from airflow_provider_hubcontact.sync.model.record import Record

log = printable_logger(__name__)

MAX_LOGGED = 100
"""Internal errors that get a line of their own in the log; the report counts all of them."""


class Ends:
    """Ends records: :meth:`end`, :meth:`end_all` or :meth:`give_up`, then :meth:`settle` and :meth:`tell`.

    :param parts: of the run.
    :param report: called once for each row that was read.
    :param journal: remembers results.
    """

    def __init__(self, parts: Parts, report: Callable[[Result], None], journal: Journal | None) -> None:
        self._gate = parts.gate
        self._in_flight = parts.in_flight
        self._write_queue = parts.write_queue
        self._memberships = parts.memberships
        self._direct = parts.direct
        self._under_way = parts.under_way
        self._report = report
        self._journal = journal
        self._unsure: set[int] = set()  # rows that attempts without a clear answer may have written
        self._doubted: dict[int, list[tuple[Step, Mapping[str, Result]]]] = {}  # row → its steps of these
        self._internal_errors = 0  # records

    def end_all(self, results: Iterable[Result]) -> None:
        """End records whose contacts were just written."""
        self._under_way.outdate([self.end(result) for result in results])

    def end(self, result: Result, *, may_part: bool = True) -> str | None:
        """End a record that was under way, and return the contact that it had claimed.

        If the result may be about one of the rows of a merged record, they begin anew, one by one.

        :param result: of the record.
        :param may_part: whether it may be about one of them; a look-up is about their key, which all have.
        """
        self._direct.left.discard(result.row)
        before = self._doubted.get(result.row, ())
        result = self._after_doubt(result)
        if (whole := self._in_flight.merged(result.key)) is None:
            self.settle(result)
            contact = self._in_flight.release(result.key)
        elif may_part and is_to_be_parted(result):
            contact = self._in_flight.part(whole)
            self.doubt(step_of(part, step) for step, _ in before for part in whole.parts)
        else:
            for each in parted(whole, result):
                self.settle(each)
            contact = self._in_flight.release(result.key)
        self._memberships.forget(result.key)
        self._write_queue.ended(result.row, contact)
        return contact

    def give_up(self, record: Record, reason: str) -> None:
        """End a record that was removed from those in flight.

        :param record: the record, which nothing waits for any more.
        :param reason: why the run stops.
        """
        result = self._after_doubt(given_up(record, reason))
        for each in parted(record, result) if record.parts else (result,):
            self.settle(each)

    def _after_doubt(self, result: Result) -> Result:
        """Return a record's result with what attempts without a clear answer may have written before."""
        for step, shown in self._doubted.pop(result.row, ()):
            result = doubted(result, step, shown)
        return result

    def doubt(
        self, steps: Iterable[Step], shown: Mapping[int, Mapping[str, Result]] = MappingProxyType({})
    ) -> None:
        """Note that steps may have been written, whatever is said of their records later.

        :param steps: the steps.
        :param shown: row → record id → the result of its record if this is its contact.
        """
        for step in steps:
            record = step.change.record
            self._unsure.update(part.row for part in record.parts or (record,))
            self._doubted.setdefault(record.row, []).append((step, shown.get(record.row, {})))

    def settle(self, result: Result) -> None:
        """Take the result of a row; it is told once the row's contact is in the list that the row names."""
        if result.category == INTERNAL_ERROR:
            self._internal_errors += 1
            if self._internal_errors <= MAX_LOGGED:
                log.error(
                    "Row %d: %s: an error in the provider's code, or in a value's class.",
                    *(result.row, result.reason),
                )
        if result.row in self._unsure:
            self._unsure.remove(result.row)
            result = unsure(result)
        if self._gate:
            self._gate.ended(result)
        if final := self._memberships.hold(result):
            self.tell(final)

    def tell(self, result: Result) -> None:
        """Report the final result of a row."""
        if self._journal:
            self._journal.settled(result)
        self._report(result)
