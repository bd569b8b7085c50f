# SPDX-License-Identifier: Apache-2.0
"""What is broken on purpose of removals, audits and remembered absence is found."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from airflow_provider_hubcontact.job.run.passes import Passes
from airflow_provider_hubcontact.job.state.removals import removals
from airflow_provider_hubcontact.job.state.removals.removals import Removals
from airflow_provider_hubcontact.job.state.removals.run_keys import RunKeys
from airflow_provider_hubcontact.job.state.session import StateSession
from airflow_provider_hubcontact.sync.decide.results import accepted, still_absent
from airflow_provider_hubcontact.sync.flow.proofs.proof_gate import ProofGate
from airflow_provider_hubcontact.sync.keep.report import Report
from airflow_provider_hubcontact.sync.model.change import Change
from airflow_provider_hubcontact.sync.model.outcome import DRIFT, Outcome, Result, Stop
from airflow_provider_hubcontact.sync.model.ports import Journal, Step
from airflow_provider_hubcontact.sync.model.record import Record
from tests.simulation.test_simulation import aside
from tests.simulation.world import World, ended_worlds


def found(features: set[str], first: int = 0) -> str:
    """Return what is wrong first in worlds with a state and these features.

    :param first: seed, to be sooner where it is.
    """
    wanted = {"state", *features}

    def look() -> str:
        seeds = (seed for seed in range(first, 3_000) if wanted <= World(seed).scene.plot.features)
        return next(
            (each.oracles.violations[0] for each in ended_worlds(seeds) if each.oracles.violations), ""
        )

    return aside(look)


class TestRemovals:
    """Who is removed, and what is told of it."""

    def test_contacts_of_others(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Contacts that the sync has only seen are removed."""
        everybody = frozenset({"created", "written", "seen"})
        monkeypatch.setattr(removals, "_origins", lambda _: everybody)

        assert "which the state has not" in found({"leavers"}, first=51)

    @pytest.mark.parametrize("features", [{"leavers"}, {"leavers", "another key with all"}], ids=str)
    def test_contacts_that_have_a_row(self, features: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
        """Nobody looks whether the source has a row of the contact."""
        for name in ("is_given", "has_met"):
            monkeypatch.setattr(RunKeys, name, lambda *_: False)
        monkeypatch.setattr(Removals, "spared", lambda *_, **__: None)

        assert "and the source has a row of" in found(features)

    def test_a_grace_that_is_not_given(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Contacts are removed in the first run that lacks their rows."""
        begin = Removals.__init__

        def begin_without(self: Removals, *arguments: Any, **options: Any) -> None:
            begin(self, *arguments, **options)
            self._grace = 0

        monkeypatch.setattr(Removals, "__init__", begin_without)

        assert "and the source has a row of" in found({"leavers"}, first=189)

    def test_an_archived_contact_that_is_told_otherwise(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is told to be updated."""

        def told(*arguments: Any) -> Result | Step:
            result = accepted(*arguments)
            if isinstance(result, Result) and result.outcome is Outcome.ARCHIVED:
                return result._replace(outcome=Outcome.UPDATED)
            return result

        monkeypatch.setattr("airflow_provider_hubcontact.sync.decide.settle.accepted", told)

        assert "is updated, and" in found({"leavers"}, first=51)

    def test_contacts_that_are_told_twice(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Each removal has two results."""
        remove = Passes.remove

        def remove_twice(
            self: Passes,
            leavers: Removals,
            records: Iterable[Record | Result],
            settled: Callable[[Result], None],
            journal: Journal,
        ) -> Stop | None:
            def twice(result: Result) -> None:
                settled(result)
                settled(result)

            return remove(self, leavers, records, twice, journal)

        monkeypatch.setattr(Passes, "remove", remove_twice)

        assert "and it has another outcome" in found({"leavers"})

    def test_removals_that_are_not_counted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The report counts them as rows alone."""
        monkeypatch.setattr(Report, "removals", property(lambda _: 0, lambda *_: None), raising=False)

        assert "reports 0 removals, and told of" in found({"leavers"})


def test_a_refresh_that_believes_the_state(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are up to date although all are to be looked up."""
    begin = StateSession.__init__

    def begin_without(self: StateSession, *arguments: Any, **options: Any) -> None:
        begin(self, *arguments, **options)
        self._refresh = False

    monkeypatch.setattr(StateSession, "__init__", begin_without)

    assert "and all rows are to be looked up" in found({"refresh"})


def test_drift_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """A contact that equals its row is told to have drifted."""
    judge = ProofGate.judged

    def judged(self: ProofGate, record: Record, planned: Change | Result) -> Change | Result:
        told = judge(self, record, planned)
        if isinstance(told, Result) and told.outcome is Outcome.UNCHANGED:
            return told._replace(outcome=Outcome.UP_TO_DATE, category=DRIFT)
        return told

    monkeypatch.setattr(ProofGate, "judged", judged)

    assert "has drifted, and" in found({"audit"})


def test_contacts_that_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that is up to date counts as one whose contact was not there."""
    draw = ProofGate.next

    def take(self: ProofGate) -> Record | Result | None:
        taken = draw(self)
        if isinstance(taken, Result) and taken.outcome is Outcome.UP_TO_DATE:
            return still_absent(Record(taken.row, taken.key, {}), None)
        return taken

    monkeypatch.setattr(ProofGate, "next", take)

    assert "was not_found, and its contact was always there" in found({"absence remembered"})
