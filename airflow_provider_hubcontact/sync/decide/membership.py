# SPDX-License-Identifier: Apache-2.0
"""Decides the result of a record whose contact is to be in a list, or to leave it."""

from __future__ import annotations

from collections.abc import Mapping

from airflow_provider_hubcontact.sync.decide.results import outcome_of
from airflow_provider_hubcontact.sync.model.choices import Membership
from airflow_provider_hubcontact.sync.model.outcome import (
    ABOUT_A_RECORD,
    LIST,
    SUCCESSES,
    WRITES,
    Outcome,
    Result,
)
from airflow_provider_hubcontact.sync.model.ports import Lost, Refused

HELD = SUCCESSES - {Outcome.ARCHIVED}
"""Outcomes of records whose contacts are put into lists."""


_ENDS: Mapping[tuple[bool, bool], Membership] = {
    (False, True): Membership.ADDED,
    (False, False): Membership.MEMBER,
    (True, True): Membership.REMOVED,
    (True, False): Membership.ABSENT,
}
"""Whether the contact was to leave, and whether a call of this run has moved it → the membership."""


def is_in_place(
    result: Result, list_id: str, *, leaves: bool, by_this_run: bool, is_read: bool = True
) -> Result:
    """Return the result of a record whose contact is in its list, or has left it.

    :param result: the record's result before.
    :param list_id: of the list.
    :param leaves: whether the contact was to leave the list.
    :param by_this_run: whether a call of this run has moved it.
    :param is_read: whether a call of this run has shown it.
    """
    return result._replace(list_id=list_id, membership=_ENDS[leaves, by_this_run], is_read=is_read)


def not_moved(result: Result, answer: Refused | Lost) -> Result:
    """Return the result of a record for which the call about its list failed.

    :param result: the record's result before. What was written is still reported.
    :param answer: to the call.
    """
    if isinstance(answer, Lost):
        outcome = Outcome.UNKNOWN if answer.sent else Outcome.UNAVAILABLE
        return _ended(result, outcome, answer.reason)._replace(why=answer.reason)
    refusal, outcome = answer.refusal, outcome_of(answer.refusal)
    status: int | None = refusal.status
    if outcome in ABOUT_A_RECORD:
        # status_actions for 404 and 409 are about contacts, not about lists.
        status = status if outcome is Outcome.REJECTED else None
        outcome = Outcome.REJECTED
    ended = _ended(result, outcome, refusal.message)
    return ended._replace(
        status=status, correlation_id=refusal.correlation_id, refusal=refusal, why=refusal.why
    )


def unknown_contact(result: Result, contact: str | None) -> Result:
    """Return the result of a record whose contact does not exist any more, or has no known record id.

    :param result: the record's result before.
    :param contact: record id of the contact; None if it is not known.
    """
    if contact is None:
        return _ended(result, Outcome.UNKNOWN, "the contact's record id is not known")
    return _ended(result, Outcome.REJECTED, f"HubSpot has no contact with the record id {contact} any more")


def unproved(result: Result, *, leaves: bool) -> Result:
    """Return the result of a record whose contact was not moved, although HubSpot accepted the call.

    :param result: the record's result before.
    :param leaves: whether the contact was to leave the list.
    """
    where = "the contact is still in the list" if leaves else "the contact is not in the list"
    return _ended(result, Outcome.UNKNOWN, f"HubSpot accepted the call, but {where}")


def stopped(result: Result, reason: str) -> Result:
    """Return the result of a record if the run stopped before the call about its list.

    :param result: the record's result before.
    :param reason: why the run stopped.
    """
    return _ended(result, Outcome.NOT_ATTEMPTED, f"the run stopped: {reason}")


def _ended(result: Result, outcome: Outcome, reason: str) -> Result:
    before = (
        "the contact was written, but may not be in its list: " if result.outcome in WRITES else "the list: "
    )
    # In a ledger's line, only the key distinguishes a new contact from one that lacked the values.
    is_untold = result.outcome is Outcome.CREATED and (None, result.key) not in result.changes.values()
    unread = tuple(result.changes) if is_untold else result.unread
    return result._replace(outcome=outcome, status=None, category=LIST, reason=before + reason, unread=unread)
