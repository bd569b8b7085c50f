# SPDX-License-Identifier: Apache-2.0
"""The engine of a run: takes each record through its stations, from the source to its result."""

from __future__ import annotations

from collections.abc import Callable

from airflow_provider_hubcontact.sync.decide.membership import stopped
from airflow_provider_hubcontact.sync.decide.results import given_up, halfway, with_changes
from airflow_provider_hubcontact.sync.flow.calls import Answer, Call, ListCall, ReadCall, VerifyCall
from airflow_provider_hubcontact.sync.flow.stations.checks import Checks
from airflow_provider_hubcontact.sync.flow.stations.ends import Ends
from airflow_provider_hubcontact.sync.flow.stations.list_calls import ListCalls
from airflow_provider_hubcontact.sync.flow.stations.look_ups import LookUps
from airflow_provider_hubcontact.sync.flow.stations.parts import Parts
from airflow_provider_hubcontact.sync.flow.stations.writes import Writes
from airflow_provider_hubcontact.sync.model.outcome import Result, Stop
from airflow_provider_hubcontact.sync.model.ports import Journal, Lost
from airflow_provider_hubcontact.sync.model.record import Record

FLUSH_EVERY = 1_000
"""Rows that end at once after which the journal is flushed, even if the run does not wait for a call."""


INTERRUPTED = "it was told to stop"


CUT_OFF = "the run was stopped before HubSpot answered"
"""What is said of calls that a run leaves behind: they may still be sent."""


class Engine:
    """Moves the records of a run on, until all have ended. One thread does so; only the calls run on others.

    A record's way leads from the source through :class:`LookUps`, :class:`Writes`, :class:`Checks` and
    :class:`Ends`; after these, :class:`ListCalls` may hold its result back. ``STATES.md`` shows where a
    record can be, and what moves it on.

    :param parts: of the run.
    :param max_in_flight: records that may be in flight at once.
    :param settled: called once for each row that was read.
    :param journal: remembers results.
    """

    def __init__(
        self,
        parts: Parts,
        max_in_flight: int,
        settled: Callable[[Result], None],
        journal: Journal | None,
    ) -> None:
        self._source = parts.source
        self._gate = parts.gate
        self._in_flight = parts.in_flight
        self._write_queue = parts.write_queue
        self._pending_verification = parts.pending_verification
        self._memberships = parts.memberships
        self._under_way = parts.under_way
        self._breaker = parts.breaker
        self._max_in_flight = max_in_flight
        self._journal = journal
        self._interrupted = False
        self._ends = Ends(parts, settled, journal)
        self._look_ups = LookUps(parts, self._ends)
        self._writes = Writes(parts, self._look_ups, self._ends)
        self._checks = Checks(parts, self._ends)
        self._list_calls = ListCalls(parts, self._ends)

    def run(self) -> Stop | None:
        """Take every row to its outcome; see :meth:`Sync.run`."""
        while True:
            has_read = self._fill()
            self._start(may_come=has_read)
            self._flush()
            if self._under_way:
                self._wait()
            elif self._write_queue.waits:
                self._write_queue.unblock()
            elif not (self._pending_verification or self._memberships or has_read):
                break
        if len(self._in_flight) or not (self._source.exhausted or self._breaker.stop):
            raise RuntimeError("rows are left, and nothing is under way")
        if broken := self._breaker.broken or self._source.broken:
            raise broken
        return self._breaker.stop

    # Source

    @property
    def _has_room(self) -> bool:
        """Whether a row can be read; there is always room for one that is up to date."""
        if self._breaker.stop or self._source.exhausted or self._memberships.is_full:
            return False
        has_passed = self._gate is not None and self._gate.has_passed
        return len(self._in_flight) < self._max_in_flight or has_passed

    def _fill(self) -> bool:
        """Read rows as long as there is room.

        :return: whether there was any, or will be once the records have ended that wait for lists.
        """
        admitted: list[Record] = []
        has_read = self._memberships.is_full
        while self._has_room:
            taken = self._source.next()
            has_read = has_read or taken is not None
            if isinstance(taken, Record):
                self._memberships.expect(taken)
                if self._in_flight.admit(taken):
                    admitted.append(taken)
            elif taken is None:
                break
            else:
                self._ends.settle(taken)
                if taken.row % FLUSH_EVERY == 0:
                    self._flush()
        self._heed_gate()
        if not self._breaker.stop:
            self._look_ups.write_directly(admitted)
            self._heed_gate()
        return has_read

    # Calls

    def _start(self, *, may_come: bool) -> None:
        """Start calls: those first that take records further on their way.

        :param may_come: whether rows could be read just now.
        """
        self._writes.start()
        self._heed_gate()
        self._checks.start()
        self._look_ups.start()
        self._list_calls.start(may_come=may_come)
        self._heed_gate()
        self._heed_lists()

    def _wait(self) -> None:
        finished = self._under_way.finished()
        if finished:
            self._finish(*finished)
        elif not self._interrupted:
            self._interrupted = True
            if self._breaker.stop is None:
                self._stop(INTERRUPTED)
        else:
            for call in tuple(self._under_way):
                self._finish(call, Lost(CUT_OFF, sent=True))

    def _finish(self, call: Call, answer: Answer) -> None:
        self._under_way.remove(call)
        self._breaker.observe(answer)
        if self._breaker.stop and isinstance(answer, Lost) and not answer.sent:
            self._unsend(call)
        elif isinstance(call, ReadCall):
            self._look_ups.answered(call, answer)
        elif isinstance(call, VerifyCall):
            self._checks.answered(call, answer)
        elif isinstance(call, ListCall):
            self._list_calls.answered(call, answer)
            self._heed_lists()
        else:
            self._writes.answered(call, answer)
        if self._breaker.broken and not self._breaker.stop:
            self._breaker.trip(f"a call ended with {type(self._breaker.broken).__name__}")
        if self._breaker.stop:
            self._stop(self._breaker.stop.reason)

    def _unsend(self, call: Call) -> None:
        """Take back a call that was not sent before the run stopped."""
        if isinstance(call, ReadCall):
            self._look_ups.put_back(call)
        elif isinstance(call, VerifyCall):
            self._pending_verification.put_back(call)
        elif isinstance(call, ListCall):
            self._memberships.put_back(call)
        else:
            self._write_queue.put_back(call)

    # What is kept

    def _flush(self) -> None:
        """Keep the results, and what is proved."""
        try:
            if self._journal and not self._breaker.broken:
                self._journal.flush()
        except Exception as error:  # noqa: BLE001 - raised again when all that was read has its outcome
            self._break(error, "results cannot be recorded")
        if self._gate and not self._gate.flush():
            self._heed_gate()

    def _heed_gate(self) -> None:
        """Stop if what is proved can be kept no longer."""
        if self._gate and self._gate.failed and not self._breaker.broken:
            self._break(self._gate.failed, "the state cannot be kept")

    def _heed_lists(self) -> None:
        """Stop if what is known of lists can be kept no longer."""
        if self._memberships.failed and not self._breaker.broken:
            self._break(self._memberships.failed, "the state cannot be kept")

    # The end of a run that stops

    def _break(self, error: Exception, what: str) -> None:
        self._breaker.broken = error
        self._stop(f"{what}: {type(error).__name__}")

    def _stop(self, reason: str) -> None:
        self._breaker.trip(reason)
        self._under_way.cancel()
        self._abandon(reason)

    def _abandon(self, reason: str) -> None:
        """End the records that are in no call when the run stops."""
        refused, steps = self._write_queue.drain()
        records = self._look_ups.drain()
        self._checks.abandon(reason)
        for step in refused:
            what = halfway(step) or "its batch got no clear answer: "
            result = given_up(step.change.record, reason, what)
            self._ends.end(with_changes(result, step, may_be_written=True))
        for step in steps:
            result = given_up(step.change.record, reason, halfway(step))
            self._ends.end(with_changes(result, step, may_be_written=False))
        for record in records:
            self._ends.end(given_up(record, reason))
        for record in self._in_flight.drain():
            self._ends.give_up(record, reason)
        self._abandon_others(reason)

    def _abandon_others(self, reason: str) -> None:
        """End the rows that are not in flight: a gate holds them back, or they wait for lists."""
        for taken in self._gate.drain() if self._gate else ():
            self._ends.settle(given_up(taken, reason) if isinstance(taken, Record) else taken)
        for result in self._memberships.drain():
            self._ends.tell(stopped(result, reason))
