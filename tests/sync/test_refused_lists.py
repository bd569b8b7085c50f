# SPDX-License-Identifier: Apache-2.0
"""When refusals of single contacts count as the list's own."""

from __future__ import annotations

from airflow_provider_hubcontact.refusal import Refusal
from airflow_provider_hubcontact.sync.flow.calls import Target
from airflow_provider_hubcontact.sync.flow.waiting.refused_lists import ENOUGH, RefusedLists
from airflow_provider_hubcontact.sync.model.ports import Refused

ONE, LEFT = Target("1", leaves=False), Target("1", leaves=True)


def refuse(lists: RefusedLists, times: int, category: str = "VALIDATION_ERROR", target: Target = ONE) -> None:
    """Refuse contacts with ids of their own."""
    for number in range(times):
        lists.refused(target, Refused(Refusal(400, f"record {number} is not valid", category)))


def test_enough_refusals_in_a_row() -> None:
    """The ids in them make no difference; that contacts leave the same list is another matter."""
    lists = RefusedLists()
    refuse(lists, ENOUGH - 1)
    refuse(lists, ENOUGH - 1, target=LEFT)
    assert lists.all() == ()

    refuse(lists, 1)

    assert lists.all() == (ONE,)
    answer = lists.of(ONE)
    assert answer
    assert answer.refusal.status == 400
    assert answer.refusal.message == (
        "HubSpot refused 10 contacts of the list alike, so it was not asked again: record 0 is not valid"
    )
    assert lists.of(LEFT) is None


def test_another_refusal_begins_anew() -> None:
    """Contacts that are refused for several reasons are not the list."""
    lists = RefusedLists()
    for category in ("A", "B", "A"):
        refuse(lists, ENOUGH - 1, category)

    assert lists.all() == ()


def test_an_accepted_call_begins_anew() -> None:
    """Also if it was under way when there were enough refusals."""
    lists = RefusedLists()
    refuse(lists, ENOUGH)
    lists.accepted(ONE)
    refuse(lists, ENOUGH - 1)

    assert lists.all() == ()
