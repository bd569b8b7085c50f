"""Contacts leave lists that no row names for them any more, once all rows have ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import count, groupby, islice
from typing import TYPE_CHECKING

from airflow_provider_hubcontact.job.portal.contacts_port import OTHERS
from airflow_provider_hubcontact.sync.decide.membership import not_moved, stopped
from airflow_provider_hubcontact.sync.flow.circuit_breaker import CircuitBreaker
from airflow_provider_hubcontact.sync.flow.memberships import Memberships
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result, Stop
from airflow_provider_hubcontact.sync.model.ports import Found, Lists, Lost, Reader
from airflow_provider_hubcontact.sync.rows.keys import RECORD_ID

if TYPE_CHECKING:
    from airflow_provider_hubcontact.job.state.member_table import Member
    from airflow_provider_hubcontact.job.state.members import ListLeavers

UNNAMED = "no row names the list for the contact any more"


def leave_lists(
    lists: Lists, leavers: ListLeavers, reader: Reader, first: int, settled: Callable[[Result], None]
) -> Stop | None:
    """Take contacts out of lists.

    A contact that stays, since a call failed or none was made, is still known as one that this sync has
    added: the next run takes it out.

    :param lists: changes the members.
    :param leavers: knows who leaves.
    :param reader: looks contacts up by their record ids.
    :param first: number of the first contact.
    :param settled: called with the result of each.
    :return: why that stopped early, if so.
    """
    rows, breaker = count(first), CircuitBreaker()
    for some in _parts(leavers.due(), reader.batch_size):
        found = reader.read([each.contact for each in some], ())
        breaker.observe(found)
        if not isinstance(found, Found):
            for each in some:
                settled(not_moved(_left(next(rows), each), found))
        else:
            leaving = leavers.leaving(some, {each.contact: _ids(each.contact, found) for each in some})
            leavers.begin(leaving)
            waiting = Memberships(lists, leaves=True)
            for each in leaving:
                waiting.hold(_left(next(rows), each))
            _carried_out(waiting, breaker, settled)
            if waiting.failed:
                raise waiting.failed
        if breaker.stop:
            return breaker.stop
    return None


def _left(row: int, member: Member) -> Result:
    """Return the result of a contact that leaves a list, once it has left."""
    return Result(
        *(row, member.contact, Outcome.UNCHANGED),
        reason=UNNAMED,
        contact=member.contact,
        list_id=member.list_id,
    )


def _ids(contact: str, found: Found) -> Sequence[str]:
    """Return all record ids of a contact: that of now, and those from before a merge.

    HubSpot docs: "Merge contacts": the ids from before a merge stand for the survivor.
    """
    stored = found.contacts.get(contact)
    if stored is None:
        return (contact,)
    others = (stored.properties.get(OTHERS[RECORD_ID]) or "").split(";")
    return (stored.id, contact, *filter(None, (each.strip() for each in others)))


def _carried_out(waiting: Memberships, breaker: CircuitBreaker, settled: Callable[[Result], None]) -> None:
    """Make the calls for contacts that leave, one after another, until none of them waits."""
    while waiting and not breaker.stop and not waiting.failed:
        for result in waiting.checked(is_last=True):
            settled(result)
        call = waiting.next(is_last=True)
        if call is None:
            break
        answer = waiting.send(call)
        breaker.observe(answer)
        if isinstance(answer, Lost) and not answer.sent:
            breaker.trip(answer.reason)
        for result in waiting.answered(call, answer):
            settled(result)
    for result in waiting.drain():
        settled(stopped(result, breaker.stop.reason if breaker.stop else "the state is lost"))


def _parts(members: Iterator[Member], size: int) -> Iterator[list[Member]]:
    """Return members in parts, each of one list."""
    for _, of_list in groupby(members, lambda each: each.list_id):
        while some := list(islice(of_list, size)):
            yield some
