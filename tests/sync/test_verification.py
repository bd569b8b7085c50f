# SPDX-License-Identifier: Apache-2.0
"""Whether what was written is there."""

from __future__ import annotations

import pytest

from airflow_provider_hubcontact.refusal import Refusal
from airflow_provider_hubcontact.sync.decide.rules import Rules
from airflow_provider_hubcontact.sync.decide.verification import key_after, verified
from airflow_provider_hubcontact.sync.flow.waiting.pending_verification import PendingVerification
from airflow_provider_hubcontact.sync.model.change import Change, Stored, Write
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result
from airflow_provider_hubcontact.sync.model.ports import Found, Lost, Refused, Step
from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.sync.rows.comparison import Kind

RULES = Rules(kinds={"seats": Kind.NUMBER})
RESULT = Result(1, "a@b.c", Outcome.UPDATED, 200, correlation_id="c-1")


def change(*steps: dict[str, str], **properties: str) -> Change:
    return Change(Record(1, "a@b.c", properties), Write.UPDATE, "7", steps or (properties,))


def found(**values: str | None) -> Found:
    return Found({"a@b.c": Stored("7", "7", values)}, frozenset())


@pytest.mark.parametrize(
    ("written", "has"),
    [
        ({"firstname": "Ada"}, {"firstname": "Ada"}),
        ({"firstname": ""}, {"firstname": None}),
        ({"seats": "1.0"}, {"seats": "1"}),
        ({}, {"firstname": "anything"}),
    ],
)
def test_what_is_there(written: dict[str, str], has: dict[str, str | None]) -> None:
    """Values count as HubSpot stores them."""
    assert verified(change(**written), RESULT, found(**has), RULES) == RESULT


def test_the_last_step_counts() -> None:
    """What was cleared in between is not expected."""
    steps = ({"lifecyclestage": "", "firstname": "Ada"}, {"lifecyclestage": "lead"})

    assert verified(change(*steps), RESULT, found(lifecyclestage="lead", firstname="Ada"), RULES) == RESULT


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (found(firstname="old"), "firstname is 'old', not 'Ada'"),
        (found(firstname=None), "firstname is None, not 'Ada'"),
        (Found({}, frozenset({"a@b.c"})), "finds no such contact"),
        (Lost("no answer", sent=True), "could not be read back: no answer"),
        (Refused(Refusal(503, "down")), "could not be read back: down"),
    ],
)
def test_what_is_not(answer: Found | Lost | Refused, says: str) -> None:
    """Without proof nothing is a success."""
    result = verified(change(firstname="Ada"), RESULT, answer, RULES)

    assert (result.outcome, result.category) == (Outcome.UNKNOWN, "NOT_VERIFIED")
    assert says in result.reason
    assert result.correlation_id == "c-1"


def test_a_contact_has_its_new_key() -> None:
    """One whose address was changed is read back by the new one."""
    assert key_after(change(email="new@b.c"), RULES) == "new@b.c"
    assert key_after(change(firstname="x"), RULES) == "a@b.c"


def test_only_what_was_written_is_held() -> None:
    """Other results end at once; a look-up takes no more than it has room for."""
    steps = [Step(Change(Record(row, f"k{row}", {}), Write.UPDATE, str(row), ({},))) for row in (1, 2, 3)]
    results = [
        Result(row, f"k{row}", outcome)
        for row, outcome in ((1, Outcome.UPDATED), (2, Outcome.REJECTED), (3, Outcome.CREATED))
    ]
    unproved = PendingVerification()

    assert unproved.hold(steps, results) == (results[1],)
    job = unproved.take(1)
    assert [result.row for _, result in job.written] == [1]
    unproved.put_back(job)
    assert [result.row for _, result in unproved.take(10).written] == [3, 1]
    assert not unproved
