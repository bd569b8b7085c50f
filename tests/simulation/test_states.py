# SPDX-License-Identifier: Apache-2.0
"""What is broken of the state on purpose is found, each by the oracle that is meant to find it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pytest

from airflow_provider_hubcontact.job.errors import ClaimLost
from airflow_provider_hubcontact.job.state.proofs import StateProofs
from airflow_provider_hubcontact.job.state.session import StateSession
from airflow_provider_hubcontact.sync.flow.proofs.proof_gate import ProofGate
from airflow_provider_hubcontact.sync.keep.ledger import Ledger
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result
from airflow_provider_hubcontact.sync.model.ports import Proof
from airflow_provider_hubcontact.sync.model.record import Record
from tests.simulation.test_simulation import found


def test_proofs_that_stay_while_their_rows_are_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is voided, so the state proves what a write has changed."""
    monkeypatch.setattr(StateProofs, "void", lambda *_: None)

    assert "has changed it" in found(first=7)


def test_proofs_of_what_was_never_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row counts as proved although it did not end well."""
    ended = ProofGate.ended

    def well(self: ProofGate, result: Result) -> None:
        is_refused = result.outcome in {Outcome.REJECTED, Outcome.UNKNOWN, Outcome.UNAVAILABLE}
        ended(self, result._replace(outcome=Outcome.UPDATED) if is_refused else result)

    monkeypatch.setattr(ProofGate, "ended", well)

    assert "it never had it" in found(first=115)


def test_rows_that_are_up_to_date_by_their_key_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a row wants counts as proved, if anything is."""
    compare = StateProofs.compare

    def believe(self: StateProofs, records: Sequence[Record]) -> Sequence[Proof]:
        found = compare(self, records)
        return [each._replace(proved=each.content) if each.proved else each for each in found]

    monkeypatch.setattr(StateProofs, "compare", believe)

    assert "is up_to_date, but" in found(first=11)


def test_a_run_that_goes_on_without_its_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run asks whether the state is still its own, and does not heed the answer."""

    def confirm(self: Any) -> bool:
        with suppress(ClaimLost):
            self._proofs.confirm()
        return True

    monkeypatch.setattr(ProofGate, "may_write", confirm)

    assert "and has lost its claim" in found(first=569)


def test_a_write_without_a_look_up_that_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """The look-up after it finds nothing to write, as if the run had written nothing."""
    monkeypatch.setattr(
        "airflow_provider_hubcontact.sync.flow.stations.ends.doubted", lambda result, *_: result
    )

    assert "and does not tell that it changed firstname" in found(first=314)


def test_a_dry_run_that_claims(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dry run changes the state."""
    monkeypatch.setattr(StateSession, "look", lambda self: self.claim("a dry run"))

    assert "it may not even claim it" in found("dry run")


def test_a_ledger_that_forgets_what_is_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    """The line that stands for all rows that are up to date has another number."""
    settled = Ledger.settled

    def twice(self: Ledger, result: Result) -> None:
        settled(self, result)
        if result.outcome is Outcome.UP_TO_DATE:
            settled(self, result)

    monkeypatch.setattr(Ledger, "settled", twice)

    assert "rows are up to date, and the ledger says" in found()
