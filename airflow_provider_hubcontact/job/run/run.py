# SPDX-License-Identifier: Apache-2.0
"""One try of a job: it begins, every row gets its outcome, and it ends."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Sized
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from airflow_provider_hubcontact.client import HubSpotError
from airflow_provider_hubcontact.job.checks.rows import RowChecks
from airflow_provider_hubcontact.job.errors import (
    PortalNotReady,
    PreflightError,
    RunStopped,
    SourceError,
    StateError,
)
from airflow_provider_hubcontact.job.files.spool import Spool
from airflow_provider_hubcontact.job.portal.lists_port import ListsPort
from airflow_provider_hubcontact.job.run.checkpoints import checkpoint_of
from airflow_provider_hubcontact.job.run.inspection import Inspection
from airflow_provider_hubcontact.job.run.parts import RunParts
from airflow_provider_hubcontact.job.run.passes import Memory, Passes, Rows
from airflow_provider_hubcontact.job.settings.problems import problems_of
from airflow_provider_hubcontact.job.source.letter_case import LetterCase
from airflow_provider_hubcontact.job.source.replay import replayed, shape_of
from airflow_provider_hubcontact.job.source.watermark import Watermark
from airflow_provider_hubcontact.job.state.announcing import announce
from airflow_provider_hubcontact.printable import printable, printable_logger
from airflow_provider_hubcontact.sync.decide.policy import Policy
from airflow_provider_hubcontact.sync.flow.engine import FLUSH_EVERY
from airflow_provider_hubcontact.sync.keep.ledger import Ledger
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result, Stop
from airflow_provider_hubcontact.sync.model.ports import Journal
from airflow_provider_hubcontact.sync.rows.record_mapping import RecordMapping

if TYPE_CHECKING:
    from airflow_provider_hubcontact.job.state.lists.members import ListLeavers
    from airflow_provider_hubcontact.job.state.removals.removals import Removals

log = printable_logger(__name__)


class Ended(NamedTuple):
    """How a run ended.

    :param stop: why it did so before its source, if it did.
    :param policy: how its outcomes become the task's.
    :param watermark: to be moved once the outcomes are final.
    :param warnings: a sentence for each thing that may be wrong with the source.
    """

    stop: Stop | None
    policy: Policy
    watermark: Watermark | None = None
    warnings: Sequence[str] = ()


class Run:
    """One try of a job.

    :param parts: of the run.
    :param rows: of the source; None if they come from a ledger or a plan.
    :param ledger: keeps every result; None without one.
    :ivar lists: of the portal, once they are open; None if the settings name none.
    """

    def __init__(self, parts: RunParts, rows: Iterable[object] | None, ledger: Ledger | None) -> None:
        self.settings = parts.settings
        self._around = parts.around
        self.report = parts.report
        self.hubspot = parts.hubspot
        self._watermark = parts.watermark
        self.builder = parts.builder
        self.ledger = ledger
        self._parts = parts
        self._state = parts.state
        self._rows = rows
        self.lists: ListsPort | None = None

    @cached_property
    def passes(self) -> Passes:
        """What drives rows and records through syncs."""
        return Passes(self._parts)

    def ended(self, stop: Stop | None) -> Ended:
        """Return how the run ended.

        :raises RunStopped: if it stopped for a reason that concerns every record.
        """
        if stop and stop.setup:
            raise RunStopped(printable(f"The run stopped: {stop.reason}"))
        return Ended(stop, self.settings.policy, self._watermark, self.passes.warnings)

    @property
    def leavers(self) -> Removals | None:
        """Knows the rows that left the source; None if they are left alone, or the state is not open."""
        return self._state.leavers

    @property
    def list_leavers(self) -> ListLeavers | None:
        """Knows who leaves lists; None if nobody does, or the state is not open."""
        return self._state.list_leavers

    def warn(self, warning: str) -> None:
        """Log something that may be wrong with the source, and tell it at the end."""
        told = printable(warning)
        self.passes.warnings.append(told)
        log.warning("%s", told)

    def end(self, result: Result) -> None:
        """Take a record to an outcome that no write led to."""
        if self.ledger:
            self.ledger.settled(result)
            if result.row % FLUSH_EVERY == 0:
                self.ledger.flush()
        self.report.add(result)

    def open_state(self) -> None:
        """Claim the state, or look at it if nothing is written.

        :raises StateError: if it cannot be used; then all records end ``not_attempted``.
        """
        if self.settings.state is None:
            return  # and the portal is not asked how large its calls are
        try:
            told = self._state.open(
                *(self.hubspot, self.report.portal, self.builder.port.batch_size),
                knows_properties=self.builder.portal.definitions is not None,
                writes=not self.report.dry_run,
                target=self.lists.target if self.lists else str,
                name_of=self.lists.name_of if self.lists else str,
            )
        except StateError as error:
            self._give_up("STATE", str(error))
            raise
        self.report.state = told
        if self.lists:
            self.lists.kept = self._state.members

    def open_lists(self) -> None:
        """Ask for the portal's lists, if the settings name any.

        :raises PortalNotReady: if they cannot be read; then all records end ``not_attempted``.
        """
        try:
            self.lists = self.builder.lists
        except HubSpotError as error:
            message = printable(f"the portal's lists cannot be read: {error}")
            self._give_up("PREFLIGHT", message)
            raise PortalNotReady(message, may_pass=error.retryable) from None

    def close(self) -> None:
        """Release the state, if the run has one."""
        if self.lists:
            self.report.name_lists(self.lists.name_of, self.lists.created)
            self.lists.close()
        if told := self._state.close():
            self.report.state = told

    def preflight(self) -> None:
        """Look for everything that is wrong, and end all records ``not_attempted`` if anything is.

        :raises PreflightError: if anything is.
        :raises PortalNotReady: if the portal cannot tell now what texts or owners mean.
        """
        inspection = Inspection(self._parts)
        problems, self._rows = inspection.look(self._rows)
        if problems:
            self.refuse(problems)
        if why := inspection.not_ready:
            self._give_up("PREFLIGHT", why)
            raise PortalNotReady(why, may_pass=True)

    def refuse(self, problems: Sequence[str]) -> NoReturn:
        """End all records ``not_attempted``.

        :param problems: why the run cannot begin, a printable sentence each.
        :raises PreflightError: with these.
        """
        self._give_up("PREFLIGHT", "; ".join(problems))
        raise PreflightError(problems)

    def _give_up(self, category: str, why: str) -> None:
        """End all records ``not_attempted``."""
        reason = f"the run did not start: {why}"
        key, lists = self.settings.key, self.settings.lists
        mapping = RecordMapping(
            key.column,
            key.property,
            list_name=(lists.name or "").strip() if lists else "",
            list_column=lists.column if lists else None,
        )
        if not problems_of(self.settings):
            mapping = RowChecks(self.settings, self.builder.known_portal, self.report).mapping()
            if self._rows is not None:
                self._rows = LetterCase(self.settings, None).fitted(self._rows)  # nobody may have come to it
        with suppress(SourceError):  # of a ledger or a watermark: which rows were meant cannot be told
            for row, source in enumerate(self._meant(mapping), 1):
                known = mapping.key_of(source) or ""
                self.end(Result(row, known, Outcome.NOT_ATTEMPTED, category=category, reason=reason))

    def _meant(self, mapping: RecordMapping) -> Iterable[object]:
        """Return the rows of the source that the run would send: the others are not its business."""
        rows, replay = self._rows, self.settings.source.replay
        if rows is None:
            return ()
        if self._watermark:
            rows = self._watermark.marked(rows)
        return replayed(self._around.ledger_lines(replay.path), replay, rows, mapping) if replay else rows

    def prepared(self) -> Rows:
        """Return what is to be read of the source, after the preflight.

        :raises PreflightError: if anything is wrong.
        :raises PortalNotReady: if the portal's lists cannot be read.
        :raises StateError: if the state cannot be used.
        :raises SourceError: if the ledger to send again is not there.
        """
        self.preflight()
        self.open_lists()
        self.open_state()
        rows = self._rows
        if rows is not None and iter(rows) is rows:
            rows = self._parts.columns.watched(rows)
        self.passes.total = total = len(rows) if isinstance(rows, Sized) else None
        examples = [rows.examples] if isinstance(rows, Spool) else ()
        if why := self._state.looks_all_up:
            look_ups = 2 if self.settings.guards.are_set else 1
            limit, port = self.hubspot.rate_limit, self.builder.port
            announce(why, total, limit, port.batch_size, look_ups=look_ups)
        sequence = rows
        if self._watermark and rows is not None:
            rows = self._watermark.marked(rows)
        mapping = self.builder.checks.mapping()
        if replay := self.settings.source.replay:
            lines = self._around.ledger_lines(replay.path)
            chosen = replayed(lines, replay, rows, mapping)
            return Rows(chosen, mapping if rows is not None else shape_of(mapping), examples=examples)
        return Rows(rows or (), mapping, sequence, examples)

    def write(self, rows: Rows, journal: Journal | None = None) -> Stop | None:
        """Take every row to its outcome, from where an earlier try has stopped.

        :param journal: remembers the results; the ledger if None.
        :return: why the source was not read to its end, if so.
        """
        with checkpoint_of(self._parts, rows.sequence) as checkpoint:
            memory = Memory(self.report.add, journal or self.ledger, checkpoint)
            return self.passes.drive(rows, memory, writes=not self.report.dry_run)
