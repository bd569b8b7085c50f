# SPDX-License-Identifier: Apache-2.0
"""Takes contacts out of lists that no row names for them any more, after all rows have ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import count, groupby, islice
from typing import TYPE_CHECKING

from airflow_provider_hubcontact.job.portal.contacts_port import OTHERS
from airflow_provider_hubcontact.sync.decide.membership import not_moved, stopped
from airflow_provider_hubcontact.sync.flow.calls import ListCall
from airflow_provider_hubcontact.sync.flow.circuit_breaker import CircuitBreaker
from airflow_provider_hubcontact.sync.flow.waiting.memberships import Memberships
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result, Stop
from airflow_provider_hubcontact.sync.model.ports import Found, Lists, Lost, Reader, Refused
from airflow_provider_hubcontact.sync.rows.keys import RECORD_ID

if TYPE_CHECKING:
    from airflow_provider_hubcontact.job.state.lists.member_table import Member
    from airflow_provider_hubcontact.job.state.lists.members import ListLeavers

UNNAMED = "no row names the list for the contact any more"

SILENT = "HubSpot answered the look-up, but did not mention the contact"


def leave_lists(
    lists: Lists, leavers: ListLeavers, reader: Reader, first: int, settled: Callable[[Result], None]
) -> Stop | None:
    """Take contacts out of lists.

    If the call for a contact fails, or is not made, the state still knows that this sync has added it. The
    next run takes it out.

    :param lists: changes the members.
    :param leavers: knows who leaves.
    :param reader: looks contacts up by their record ids.
    :param first: row number of the first result.
    :param settled: called with the result of each contact.
    :return: why the calls stopped early; None if they did not.
    """
    rows, breaker = count(first), CircuitBreaker()
    for some in _parts(leavers.due(), reader.batch_size):
        answer = reader.read([each.contact for each in some], ())
        breaker.observe(answer)
        ids = _ids_of(some, answer)
        silence = Lost(SILENT, sent=True) if isinstance(answer, Found) else answer
        for each in (each for each in some if each.contact not in ids):
            settled(not_moved(_left(next(rows), each), silence))
        if ids:
            leaving = leavers.leaving([each for each in some if each.contact in ids], ids)
            leavers.begin(leaving)
            _take_out(lists, [_left(next(rows), each) for each in leaving], breaker, settled)
        if breaker.stop:
            return breaker.stop
    return None


def _left(row: int, member: Member) -> Result:
    """Return the result that a contact has once it has left its list."""
    return Result(
        *(row, member.contact, Outcome.UNCHANGED),
        reason=UNNAMED,
        contact=member.contact,
        list_id=member.list_id,
    )


def _ids_of(members: Sequence[Member], answer: Found | Refused | Lost) -> dict[str, Sequence[str]]:
    """Return record id → all ids of the contact, the current one first, for contacts in the answer.

    HubSpot docs: "Merge contacts": ids from before a merge lead to the merged contact.
    """
    ids: dict[str, Sequence[str]] = {}
    if not isinstance(answer, Found):
        return ids
    for each in members:
        stored = answer.contacts.get(each.contact)
        if stored:
            others = (stored.properties.get(OTHERS[RECORD_ID]) or "").split(";")
            ids[each.contact] = (stored.id, each.contact, *filter(None, map(str.strip, others)))
        elif each.contact in answer.missing:
            ids[each.contact] = (each.contact,)
    return ids


def _take_out(
    lists: Lists, leaving: Sequence[Result], breaker: CircuitBreaker, settled: Callable[[Result], None]
) -> None:
    """Make the calls for contacts that leave, one after another, until each contact has its result.

    :raises Exception: if the state cannot be changed.
    """
    waiting = Memberships(lists, leaves=True)
    for result in leaving:
        waiting.hold(result)
    while waiting and not breaker.stop and not waiting.failed:
        for result in waiting.checked(is_last=True):
            settled(result)
        if (call := waiting.next(is_last=True)) is None:
            break
        _make(call, waiting, breaker, settled)
    for result in waiting.drain():
        settled(stopped(result, breaker.stop.reason if breaker.stop else "the state is lost"))
    if waiting.failed:
        raise waiting.failed


def _make(
    call: ListCall, waiting: Memberships, breaker: CircuitBreaker, settled: Callable[[Result], None]
) -> None:
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
