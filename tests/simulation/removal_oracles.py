# SPDX-License-Identifier: Apache-2.0
"""What must hold of contacts whose rows left the source: who is removed, and that each is told once."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from airflow_provider_hubcontact.job.settings.state import ARCHIVE
from airflow_provider_hubcontact.sync.model.outcome import NOT_WRITTEN, SUCCESSES, Outcome, Result
from tests.simulation.portal import Applied, SimulatedPortal, addresses_of
from tests.simulation.words import meant

if TYPE_CHECKING:
    from tests.simulation.oracles import TryWatch


class RemovalOracles:
    """Looks at each contact that is removed, and at what is told of it.

    :param portal: the contacts.
    :param wrong: is told what is wrong.
    """

    def __init__(self, portal: SimulatedPortal, wrong: Callable[[str], None]) -> None:
        self._portal = portal
        self._wrong = wrong
        self._completed: dict[str, Collection[str]] = {}  # run → keys of its rows

    def complete(self, watch: TryWatch) -> None:
        """Note that a run is completed, as the state says."""
        self._completed.pop(watch.run, None)
        self._completed[watch.run] = {row.key.lower() for row in watch.rows if row.key}

    def check_applied(self, watch: TryWatch, each: Applied) -> None:
        """A contact was removed: the state has written it, and completed runs lack its row."""
        state = watch.plot.settings.state
        asked = state.on_removed if state else None
        told = f"{watch.name} removes {each.contact}"
        if state is None or asked is None:
            self._wrong(f"{told}, and is to leave it alone")
            return
        if (each.verb == "archive") != (asked == ARCHIVE):
            self._wrong(f"{told} by {each.verb}")
        if not self._is_own(watch, each):
            self._wrong(f"{told}, which the state has not {'created' if asked == ARCHIVE else 'written'}")
        names = self._names(each.contact, watch.since)
        runs = [keys for run, keys in self._completed.items() if run != watch.run][-state.grace :]
        if len(runs) < state.grace:
            self._wrong(f"{told} after {len(runs)} completed runs")
        for keys in ({row.key.lower() for row in watch.rows}, *runs[: state.grace]):
            if here := sorted(names & set(keys)):
                self._wrong(f"{told}, and the source has a row of {here[0]}")

    def _is_own(self, watch: TryWatch, each: Applied) -> bool:
        """Check whether runs with the state have created a contact or, if it is not archived, written it."""
        if each.contact in self._portal.merged:
            return True
        if each.verb == "archive":
            return bool(self._portal.states[each.contact][0].by)
        # A write of the values that the contact has already is one, and makes no other state of it.
        return any(each.contact == write.contact for other in watch.oracles.tries for write in other.written)

    def _names(self, contact: str, since: float) -> set[str]:
        """Return the addresses that a contact has had all the time, until it was removed."""
        states = self._portal.states[contact]
        last = max((place for place, state in enumerate(states) if state.since <= since), default=0)
        had = [state.values for state in states[last:] if state.values is not None]
        return set.intersection(*(set(addresses_of(values)) for values in had)) if had else set()

    def check_result(self, watch: TryWatch, result: Result) -> None:
        """A contact's removal has its outcome: one in each run, and true."""
        told = f"{watch.name}: the removal of {result.key} is {result.outcome}"
        if result.row in watch.removals or result.key in {each.key for each in watch.removals.values()}:
            self._wrong(f"{told}, and it has another outcome")
        states = self._portal.states[result.key]
        state = watch.plot.settings.state
        asked = state.on_removed if state else None
        if result.outcome is Outcome.ARCHIVED and states[-1].values is not None:
            self._wrong(f"{told}, and the contact is there")
        if result.outcome is Outcome.UPDATED and not self._has_had(result.key, asked, watch.since):
            self._wrong(f"{told}, and it never had the values")
        is_gone = Applied("archive", result.key, 0) in watch.removed
        if is_gone and result.outcome in (SUCCESSES | NOT_WRITTEN) - {Outcome.ARCHIVED}:
            self._wrong(f"{told}, and it was archived")

    def _has_had(self, contact: str, asked: object, since: float) -> bool:
        wanted = meant(asked, has_words=False).items() if isinstance(asked, dict) else None
        return wanted is not None and any(
            wanted <= (state.values or {}).items()
            for state in self._portal.states[contact]
            if state.since >= since
        )
