# SPDX-License-Identifier: Apache-2.0
"""Archives the contacts that an undone run has created, as a plan says."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice

from airflow_provider_hubcontact.job.run.run import Run
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result, Stop
from airflow_provider_hubcontact.sync.model.record import Record

CREATED = "the run that is undone created the contact"


class Archiving:
    """Archives contacts before the other lines of a plan, which may need their addresses for other contacts.

    :param run: the run.
    :param planned: returns the records of these contacts.
    :param others: returns the records of the other lines.
    """

    def __init__(
        self, run: Run, planned: Callable[[], Iterable[Record]], others: Callable[[], Iterable[Record]]
    ) -> None:
        self._run = run
        self._planned = planned
        self._others = others

    def before(self, write: Callable[[], Stop | None]) -> Stop | None:
        """Archive contacts, then send the other lines. If archiving stops early, none of them is sent.

        :param write: sends the other lines, and returns why it stopped, if it did.
        :return: why the run stopped, if it did.
        """
        if stop := self._archived():
            return stop
        return write()

    def _archived(self) -> Stop | None:
        ended = 0

        def settled(result: Result) -> None:
            nonlocal ended
            ended += 1
            self._run.report.removals += 1
            self._run.report.add(_told(result))

        reason: str | None = None
        try:
            stop = self._run.passes.archive(self._planned(), settled, self._run.ledger)
            reason = stop and stop.reason
        except BaseException as error:  # a signal, too
            reason = self._run.report.stopped or type(error).__name__
            raise
        finally:
            if reason:
                for each in islice(self._planned(), ended, None):
                    self._run.report.removals += 1
                    self._give_up(each, reason)
                for each in self._others():
                    self._give_up(each, reason)
        return stop

    def _give_up(self, record: Record, reason: str) -> None:
        if self._run.ledger:
            self._run.ledger.earlier(record)  # the ledger learns the record of the row
        reason = f"the run stopped: {reason}"
        self._run.end(Result(record.row, record.key, Outcome.NOT_ATTEMPTED, reason=reason))


def _told(result: Result) -> Result:
    """Return the result of a contact, with the reason why it is archived."""
    return result._replace(reason=f"{CREATED}; {result.reason}" if result.reason else CREATED)
