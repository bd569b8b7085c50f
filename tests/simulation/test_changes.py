# SPDX-License-Identifier: Apache-2.0
"""What is told as changed is compared with what was sent and done: each mistake in it is found."""

from __future__ import annotations

import pytest

from airflow_provider_hubcontact.sync.decide import results
from airflow_provider_hubcontact.sync.keep.ledger import Ledger, Line
from airflow_provider_hubcontact.sync.model.change import Change
from airflow_provider_hubcontact.sync.model.outcome import Result
from airflow_provider_hubcontact.sync.model.ports import Step
from tests.simulation.test_simulation import found


@pytest.mark.parametrize(
    ("may_be_written", "first", "says"),
    [(False, 33, "and does not tell that it changed "), (True, 3, "which it never had")],
    ids=["nothing is", "all of it is"],
)
def test_records_that_end_badly(
    may_be_written: bool, first: int, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of what was sent for a record without success, the same is always told."""
    with_changes = results.with_changes

    def told(result: Result, step: Step, **_: bool) -> Result:
        return with_changes(result, step, may_be_written=may_be_written)

    monkeypatch.setattr(results, "with_changes", told)

    assert says in found(first=first)


def test_old_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """A contact never had what is told that it had."""

    def diff(change: Change, **_: bool) -> dict[str, tuple[str | None, str]]:
        return {name: ("another", value) for name, value in change.outcome.items()}

    monkeypatch.setattr(Change, "diff", diff)

    assert "from 'another' to " in found()


def test_a_ledger_that_leaves_something_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The line of a record is silent about what was changed."""
    line = Ledger._line  # noqa: SLF001 - nothing public makes a line alone

    def silent(*about: object) -> Line:
        return {**line(*about), "changed": []}  # type: ignore[arg-type] # passed on

    monkeypatch.setattr(Ledger, "_line", silent)

    assert "the ledger has [] as changed of row " in found()
