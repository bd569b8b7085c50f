# SPDX-License-Identifier: Apache-2.0
"""What a task's log says when the run has ended."""

from __future__ import annotations

import logging

import pytest

from airflow_provider_hubcontact.job.ending import decided, log_a_good_end
from airflow_provider_hubcontact.sync.decide.policy import Policy
from airflow_provider_hubcontact.sync.keep.report import Report
from airflow_provider_hubcontact.sync.model.choices import Membership
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result


@pytest.mark.parametrize(
    ("outcomes", "dry_run", "said", "warns"),
    [
        ((Outcome.UPDATED, Outcome.UNCHANGED), False, "1 updated", False),
        ((Outcome.UPDATED, Outcome.REJECTED), False, "1 updated", True),
        ((Outcome.NOT_ATTEMPTED,), True, "1 record: 1 to change, 0 to create, 0 to remove. ", False),
    ],
)
def test_a_good_end(
    outcomes: tuple[Outcome, ...], dry_run: bool, said: str, warns: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """The counts are told; what was tolerated is explained, as a warning."""
    report, policy = Report(dry_run=dry_run), Policy.of({"rejected": "succeed"})
    for row, outcome in enumerate(outcomes, 1):
        report.add(Result(row, "k", outcome, category="WOULD_UPDATE" if dry_run else None))
    report.calls, report.seconds = {"total": 1_234}, 5.25

    with caplog.at_level(logging.INFO):
        log_a_good_end(report, decided(policy, report, None), "why")

    told = [(record.levelno, record.message) for record in caplog.records]
    assert told[0][0] == logging.INFO
    assert told[0][1].endswith(" 1,234 calls, 5.2 s.")
    assert said in told[0][1]
    assert told[1:] == ([(logging.WARNING, "why")] if warns else [])


def test_a_good_end_with_lists(caplog: pytest.LogCaptureFixture) -> None:
    """How many contacts came into lists and left them is told, without the names of the lists."""
    report = Report()
    for row, (name, membership) in enumerate(
        [
            ("1", Membership.ADDED),
            ("2", Membership.ADDED),
            ("1", Membership.MEMBER),
            ("1", Membership.REMOVED),
        ]
    ):
        report.add(Result(row, "k", Outcome.UNCHANGED, list_id=name, membership=membership))

    with caplog.at_level(logging.INFO):
        log_a_good_end(report, decided(Policy.of({}), report, None), "why")

    assert caplog.messages[1] == "Lists: 2 added, 1 already members, 1 removed."


def test_a_plan_that_changes_nothing() -> None:
    """It has no source whose records are missing."""
    report = Report()
    report.plan = {"changes": 0}

    assert decided(Policy.of({}), report, None).sentence == "The plan changes nothing."
