# SPDX-License-Identifier: Apache-2.0
"""Which records of an earlier run are sent again, or that it is undone."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from airflow_provider_hubcontact.job.settings.checks import flag, one_of, place
from airflow_provider_hubcontact.job.settings.frozen import Frozen


class Replay(Frozen):
    """Which records of an earlier run are sent again, or that it is undone.

    :param path: of its ledger, or of a folder in it.
    :param outcomes: of the records to send again; None for all but the good ones.
    :param undo: whether contacts get the values back that they had before the run.
    :param archive_created: whether an undo archives the contacts that the run has created.
    :param run: that is undone, as the ledger calls it; None if it has only one.
    :param task: of the run that is undone; None for all.
    """

    path: str
    outcomes: Collection[str] | None = None
    undo: bool = False
    archive_created: bool = False
    run: str | None = None
    task: str | None = None

    def problems(self) -> Iterator[str]:
        """Yield a sentence for each thing that is wrong."""
        from airflow_provider_hubcontact.sync.model.outcome import Outcome

        yield from place("FromLedger: path", self.path)
        yield from self._of_undo()
        if isinstance(self.outcomes, str) or (
            self.outcomes is not None and not (isinstance(self.outcomes, Collection) and self.outcomes)
        ):
            yield f"FromLedger: outcomes must be a list of outcomes, not {self.outcomes!r:.100}"
            return
        for outcome in self.outcomes or ():
            yield from one_of("FromLedger: an outcome", outcome, Outcome)
            if outcome == Outcome.UP_TO_DATE:
                yield "FromLedger: rows that are up to date have no lines of their own in a ledger"
            if outcome == Outcome.SUPERSEDED:
                yield "FromLedger: a superseded record cannot be sent again; send the later row of its key"

    def _of_undo(self) -> Iterator[str]:
        yield from flag("FromLedger: undo", self.undo)
        yield from flag("FromLedger: archive_created", self.archive_created)
        for name, value in (("run", self.run), ("task", self.task)):
            if value is not None and (not isinstance(value, str) or not value):
                yield f"FromLedger: {name} must be text, as the ledger has it, not {value!r:.100}"
        if self.undo:
            if self.outcomes is not None:
                yield "FromLedger: outcomes has no effect with undo=True: all that the run wrote is undone"
            return
        for name, is_given in (
            ("archive_created", bool(self.archive_created)),
            ("run", self.run is not None),
            ("task", self.task is not None),
        ):
            if is_given:
                yield f"FromLedger: {name} has no effect without undo=True"
