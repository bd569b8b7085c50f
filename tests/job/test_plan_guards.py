# SPDX-License-Identifier: Apache-2.0
"""What a run may do at most, and the pass that counts what it would do."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from airflow_provider_hubcontact.job.errors import GuardExceeded
from airflow_provider_hubcontact.job.plans.calls import PlannedCalls
from airflow_provider_hubcontact.job.plans.guards import UNREAD, check_guards, guard_pass
from airflow_provider_hubcontact.job.settings.guards import Guards
from airflow_provider_hubcontact.refusal import Refusal
from airflow_provider_hubcontact.sync.decide.results import unread
from airflow_provider_hubcontact.sync.decide.rules import Rules
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result
from airflow_provider_hubcontact.sync.model.ports import Lost, Refused
from airflow_provider_hubcontact.sync.model.record import Record

CALLS = PlannedCalls(Rules(), 100, ())


def ended(row: int, outcome: Outcome = Outcome.UPDATED) -> Result:
    return Result(row, "k", outcome, 200)


@pytest.mark.parametrize(
    ("changes", "creates", "most", "trips"),
    [
        (5, 5, (None, None), False),
        (5, 5, (5, 5), False),
        (6, 0, (5, None), True),
        (0, 6, (None, 5), True),
        (6, 0, (None, 5), False),
        (1, 0, (0, None), True),
        (5, 0, (0.5, None), False),
        (6, 0, (0.5, None), True),
        (1, 0, (1, None), False),
    ],
)
def test_check_guards(
    changes: int, creates: int, most: tuple[float | None, float | None], trips: bool
) -> None:
    """A guard trips by more than its count, or its share of the source's rows."""
    totals = {"rows": 13, "changes": changes, "creates": creates, "removals": 3}
    expected = pytest.raises(GuardExceeded, match="nothing was written") if trips else nullcontext()
    with expected:
        check_guards(totals, Guards(*most))


class Known:
    """A ledger that knows of the record of row 2."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.forgotten: list[int] = []
        self.flushes = 0

    def earlier(self, record: Record) -> Result | None:
        self.asked.append(record.row)
        return ended(record.row) if record.row == 2 else None

    def forget(self, row: int) -> None:
        self.forgotten.append(row)

    def flush(self) -> None:
        self.flushes += 1


def test_each_end_of_a_failed_look_up_is_one() -> None:
    """Whatever HubSpot answers to a look-up, and if it does not answer."""
    record = Record(1, "k", {})
    answers: list[Refused | Lost] = [Refused(Refusal(status, "")) for status in range(400, 600)]

    ends = {unread(record, answer).outcome for answer in [*answers, Lost("gone", sent=True)]}

    assert ends == UNREAD


@pytest.mark.parametrize("has_ledger", [True, False])
@pytest.mark.parametrize("outcome", sorted(UNREAD))
def test_a_row_that_was_not_counted_is_not_written(outcome: Outcome, has_ledger: bool) -> None:
    """It ends in the run as in the pass; the ledger's word counts before that."""
    ledger = Known()
    with guard_pass(ledger if has_ledger else None, CALLS) as counted:  # type: ignore[arg-type]
        for row in (1, 2, 3):
            counted.earlier(Record(row, "k", {}))
        for result in (ended(1, outcome), ended(2, outcome), ended(3, Outcome.UNCHANGED)):
            counted.settled(result)
        journal = counted.journal()
        found = [journal.earlier(Record(row, "k", {})) for row in (1, 2, 3)]

    assert found == [ended(1, outcome), ended(2) if has_ledger else ended(2, outcome), None]


@pytest.mark.parametrize("has_ledger", [True, False])
def test_a_guard_pass(has_ledger: bool) -> None:
    """No row ends in the pass: the run gets every row, the ledger no line, and a stop all that was found."""
    ledger = Known()
    record, would = Record(2, "k", {"city": "Rome"}), ended(2, Outcome.NOT_ATTEMPTED)
    with guard_pass(ledger if has_ledger else None, CALLS) as counted:  # type: ignore[arg-type]
        counted.settled(ended(1, Outcome.INVALID))  # it made no record
        known = [counted.earlier(record), counted.earlier(Record(3, "l", {}))]
        for result in (would._replace(category="WOULD_UPDATE"), ended(3, Outcome.NOT_FOUND)):
            counted.settled(result)
        counted.flush()
        rows, given_up = list(counted.rows), list(counted.given_up("too many"))

    assert known == ([ended(2), None] if has_ledger else [None, None])
    assert rows == [ended(1, Outcome.INVALID), record, Record(3, "l", {})]
    assert given_up == [
        ended(1, Outcome.INVALID),
        would._replace(status=None, category="GUARD", reason="too many"),
        ended(3, Outcome.NOT_FOUND),
    ]
    assert counted.totals.to_dict()["changes"] == 1
    assert (ledger.forgotten, ledger.flushes) == (([2, 3], 0) if has_ledger else ([], 0))
    # Its lines of the rows that are given up are to say whose they are.
    assert ledger.asked == ([2, 3, 2, 3] if has_ledger else [])


def test_rows_of_a_guard_pass_that_were_read_ahead() -> None:
    """The run gets them in the order of the source: the first row of a key may be one without a record."""
    with guard_pass(None, CALLS) as counted:
        for row in (1, 3):
            counted.earlier(Record(row, "k", {}))
        for row in (2, 1, 3):
            counted.settled(ended(row, Outcome.UNAUTHORIZED))
        twice = [[each.row for each in counted.rows] for _ in range(2)]

    assert twice == [[1, 2, 3]] * 2
