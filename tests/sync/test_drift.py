# SPDX-License-Identifier: Apache-2.0
"""What an audit says of a contact that was proved to have the values of its row."""

from __future__ import annotations

import pytest

from airflow_provider_hubcontact.sync.decide.drift import has_drifted
from airflow_provider_hubcontact.sync.model.change import Change, Write
from airflow_provider_hubcontact.sync.model.outcome import INTERNAL_ERROR, Outcome, Result
from airflow_provider_hubcontact.sync.model.record import Record


@pytest.mark.parametrize(
    ("planned", "drifted"),
    [
        (Change(Record(1, "k", {}), Write.UPDATE, "901", ({"city": "Rome"},)), True),
        (Result(1, "k", Outcome.UNCHANGED), False),
        (Result(1, "k", Outcome.NOT_FOUND), True),
        (Result(1, "k", Outcome.INVALID, category="STAGE_REGRESSION"), True),
        (Result(1, "k", Outcome.INVALID, category=INTERNAL_ERROR), None),
        (Result(1, "k", Outcome.UNAVAILABLE), None),
    ],
    ids=["other values", "the same", "gone", "stage moved on", "not judged", "not read"],
)
def test_what_has_drifted(planned: Change | Result, drifted: bool | None) -> None:
    """Other values are drift, and so is what only an edit can have led to; nobody can tell of the rest."""
    assert has_drifted(planned) is drifted
