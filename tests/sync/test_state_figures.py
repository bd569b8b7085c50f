# SPDX-License-Identifier: Apache-2.0
"""The figures of a state: in words, and of several tasks together."""

from __future__ import annotations

import pytest

from airflow_provider_hubcontact.sync.flow.proofs.audit import Audit
from airflow_provider_hubcontact.sync.keep.report import Report, fold
from airflow_provider_hubcontact.sync.keep.state_figures import COUNTS, folded, in_words, shown

TOLD = {
    "table": "hub",
    "read_anew": None,
    "changed": 1_200,
    "audited": 0,
    "drifted": 3,
    "overdue": None,
    "oldest_proof": 1_795_000_000,
}


def test_what_is_shown() -> None:
    """What the run counts, zeros included; not what it does not have."""
    assert list(shown(TOLD)) == [
        ("changed, or without a proof", "1,200"),
        ("audited", "0"),
        ("drifted: edited in HubSpot since the proof", "3"),
        ("oldest proof", "2026-11-18 11:06 UTC"),
    ]
    assert list(shown({"table": "hub"})) == []


def test_in_words() -> None:
    """Without zeros."""
    assert in_words(TOLD) == "1,200 changed, 3 drifted"
    assert in_words({}) == "nothing to tell"
    assert in_words({"up_to_date": 3, "calls_saved": 1}) == "3 up to date, 1 call saved"
    assert in_words({"calls_saved": 2}) == "2 calls saved"


def test_all_that_a_run_counts_has_a_name() -> None:
    """No figure is left out of the page."""
    assert Audit().figures(100).keys() <= COUNTS.keys()


@pytest.mark.parametrize(
    ("changed", "audited", "up_to_date", "absent", "saved"),
    [
        (0, 0, 0, 0, 0),
        (0, 0, 1, 0, 1),
        (1, 0, 99, 0, 0),
        (1, 0, 99, 1, 1),
        (0, 0, 250, 0, 3),
        (110, 0, 220, 0, 2),
        (0, 110, 220, 0, 2),
        (0, 0, 60, 60, 2),
        (300, 0, 0, 0, 0),
    ],
)
def test_calls_saved(changed: int, audited: int, up_to_date: int, absent: int, saved: int) -> None:
    """The look-ups of all rows, less those of the rows that are looked up; each is of a hundred at most."""
    audit = Audit(changed=changed, audited=audited, up_to_date=up_to_date, still_absent=absent)

    assert audit.figures(100)["calls_saved"] == saved


def test_mapped_tasks() -> None:
    """The counts of all of them, and the oldest proof of any."""
    other = {"table": "hub2", "changed": 1, "overdue": 2, "oldest_proof": 1_794_000_000}

    whole = folded([TOLD, other])

    assert whole == {**TOLD, "changed": 1_201, "overdue": 2, "oldest_proof": 1_794_000_000}
    assert folded([]) is None
    assert fold([Report(state=TOLD).to_dict(), None, Report().to_dict()])["state"] == TOLD
