"""Contacts leave lists that no row names for them any more, once all rows have ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count, groupby, islice
from typing import TYPE_CHECKING

from airflow_provider_hubcontact.sync.decide.membership import stopped
from airflow_provider_hubcontact.sync.flow.circuit_breaker import CircuitBreaker
from airflow_provider_hubcontact.sync.flow.memberships import Memberships
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result, Stop
from airflow_provider_hubcontact.sync.model.ports import Lists, Lost

if TYPE_CHECKING:
    from airflow_provider_hubcontact.job.state.member_table import Member
    from airflow_provider_hubcontact.job.state.members import ListLeavers

UNNAMED = "no row names the list for the contact any more"


def leave_lists(
    lists: Lists, leavers: ListLeavers, size: int, first: int, settled: Callable[[Result], None]
) -> Stop | None:
    """Take contacts out of lists.

    A contact that stays, since a call failed or none was made, is still known as one that this sync has
    added: the next run takes it out.

    :param lists: changes the members.
    :param leavers: knows who leaves.
    :param size: contacts that leave before more of them are looked for.
    :param first: number of the first contact.
    :param settled: called with the result of each.
    :return: why that stopped early, if so.
    """
    rows, breaker = count(first), CircuitBreaker()
    for some in _parts(leavers.due(), size):
        leavers.begin(some)
        waiting = Memberships(lists, leaves=True)
        for each in some:
            waiting.hold(
                Result(
                    *(next(rows), each.contact, Outcome.UNCHANGED),
                    reason=UNNAMED,
                    contact=each.contact,
                    list_id=each.list_id,
                )
            )
        _carried_out(waiting, breaker, settled)
        if breaker.stop:
            for result in waiting.drain():
                settled(stopped(result, breaker.stop.reason))
            return breaker.stop
        if waiting.failed:
            raise waiting.failed
    return None


def _carried_out(waiting: Memberships, breaker: CircuitBreaker, settled: Callable[[Result], None]) -> None:
    """Make the calls for contacts that leave, one after another, until none of them waits."""
    while len(waiting) and not breaker.stop and not waiting.failed:
        for result in waiting.checked(is_last=True):
            settled(result)
        call = waiting.next(is_last=True)
        if call is None:
            return
        answer = waiting.send(call)
        breaker.observe(answer)
        if isinstance(answer, Lost) and not answer.sent:
            breaker.trip(answer.reason)
        for result in waiting.answered(call, answer):
            settled(result)


def _parts(members: Iterator[Member], size: int) -> Iterator[list[Member]]:
    """Return members in parts, each of one list."""
    for _, of_list in groupby(members, lambda each: each.list_id):
        while some := list(islice(of_list, size)):
            yield some
