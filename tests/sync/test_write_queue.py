# SPDX-License-Identifier: Apache-2.0
"""Which write goes next."""

from __future__ import annotations

import pytest

from airflow_provider_hubcontact.refusal import Refusal
from airflow_provider_hubcontact.sync.decide.settle import Retry
from airflow_provider_hubcontact.sync.flow.calls import WriteCall
from airflow_provider_hubcontact.sync.flow.waiting import write_queue
from airflow_provider_hubcontact.sync.flow.waiting.write_queue import WriteQueue
from airflow_provider_hubcontact.sync.model.change import Change, Write
from airflow_provider_hubcontact.sync.model.ports import Refused, Step
from airflow_provider_hubcontact.sync.model.record import Record


def step(row: int, **values: str) -> Step:
    return Step(Change(Record(row, f"k{row}", values), Write.UPDATE, str(900 + row), (values,)))


def rows(call: WriteCall | None) -> list[int]:
    return [each.change.record.row for each in call.steps] if call else []


def test_a_part_of_a_batch_stays_by_itself() -> None:
    """It is not filled up with other steps, also if it was taken back before it was sent."""
    queue = WriteQueue()
    queue.add(step(3))
    queue.repeat(
        WriteCall(Write.UPDATE, (step(1), step(2))), Refused(Refusal(400, "no")), [Retry((step(1),))]
    )

    part = queue.take(3, more_to_come=False)
    assert part is not None
    queue.put_back(part)

    assert [rows(queue.take(3, more_to_come=False)) for _ in range(3)] == [[1], [3], []]


def test_a_call_that_was_not_sent_goes_with_others() -> None:
    """Its steps are filled up with those that have come since."""
    queue = WriteQueue()
    queue.add(step(1))
    call = queue.take(1, more_to_come=False)
    queue.add(step(2))
    assert call is not None

    queue.put_back(call)

    assert sorted(rows(queue.take(3, more_to_come=False))) == [1, 2]


def test_few_changes_of_address_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where too many contacts wait for others, those that have waited longest are sent again."""
    monkeypatch.setattr(write_queue, "MAX_SWAPS", 2)
    queue = WriteQueue()

    for row in range(1, 5):
        taken = Refusal(409, "taken", existing_id=str(row))
        assert queue.block(step(row, email="new@x.y"), taken, final=False).results == ()

    assert rows(queue.take(9, more_to_come=False)) == [1, 2]


def waiting() -> WriteQueue:
    """Let a contact wait for the address of contact 902."""
    queue = WriteQueue()
    queue.block(step(1, email="new@x.y"), Refusal(409, "taken", existing_id="902"), final=False)
    assert queue.waits
    return queue


def test_what_waits_for_an_address_is_not_lost_in_a_stop() -> None:
    """It is given back once, with all that was not sent."""
    queue = waiting()

    drained = [[each.change.record.row for part in queue.drain() for each in part] for _ in range(2)]

    assert drained == [[1], []]
    assert not queue.waits


@pytest.mark.parametrize(("contact", "sent"), [("902", [1]), ("7", []), (None, [])])
def test_what_waits_for_an_address_goes_when_its_contact_is_done(
    contact: str | None, sent: list[int]
) -> None:
    """Whatever became of that contact."""
    queue = waiting()

    queue.ended(2, contact)

    assert rows(queue.take(3, more_to_come=False)) == sent


def test_who_was_to_give_up_an_address_and_ended_before() -> None:
    """Nobody waits any more: a run that only waited would not end."""
    queue = waiting()
    queue.block(step(2, email="k1@x.y"), Refusal(409, "taken", existing_id="901"), final=False)

    queue.ended(2, "902")

    assert not queue.waits
    assert rows(queue.take(3, more_to_come=False)) == [2, 1]
