"""How a record ends whose contact is to be in a list, or to leave it, by what HubSpot said of that."""

from __future__ import annotations

from collections.abc import Mapping

from airflow_provider_hubcontact.sync.decide.results import outcome_of
from airflow_provider_hubcontact.sync.model.choices import Membership
from airflow_provider_hubcontact.sync.model.outcome import (
    ABOUT_A_RECORD,
    LIST,
    SUCCESSES,
    Outcome,
    Result,
)
from airflow_provider_hubcontact.sync.model.ports import Lost, Refused

HELD = SUCCESSES - {Outcome.ARCHIVED}
"""Outcomes of records whose contacts can be in a list."""


_ENDS: Mapping[tuple[bool, bool], Membership] = {
    (False, True): Membership.ADDED,
    (False, False): Membership.MEMBER,
    (True, True): Membership.REMOVED,
    (True, False): Membership.ABSENT,
}
"""Whether the contact was to leave, and whether a call of this run has changed that → what became of it."""


def is_in_place(result: Result, list_id: str, *, leaves: bool, by_this_run: bool) -> Result:
    """Return the result of a record whose contact is where it is to be.

    :param result: that it had before.
    :param list_id: of the list.
    :param leaves: whether the contact was to leave it.
    :param by_this_run: whether a call of this run has changed that.
    """
    return result._replace(list_id=list_id, membership=_ENDS[leaves, by_this_run])


def not_moved(result: Result, answer: Refused | Lost) -> Result:
    """Return the result of a record whose contact a call did not put where it is to be.

    :param result: that it had before; what was written stays told.
    :param answer: to the call.
    """
    if isinstance(answer, Lost):
        outcome = Outcome.UNKNOWN if answer.sent else Outcome.UNAVAILABLE
        return _ended(result, outcome, answer.reason)._replace(why=answer.reason)
    refusal, outcome = answer.refusal, outcome_of(answer.refusal)
    status: int | None = refusal.status
    if outcome in ABOUT_A_RECORD:
        # What a user says of contacts that are not there, or are taken, does not hold for lists.
        status = status if outcome is Outcome.REJECTED else None
        outcome = Outcome.REJECTED
    ended = _ended(result, outcome, refusal.message)
    return ended._replace(
        status=status, correlation_id=refusal.correlation_id, refusal=refusal, why=refusal.why
    )


def unknown_contact(result: Result, contact: str | None) -> Result:
    """Return the result of a record whose contact HubSpot does not have any more, or that nobody knows.

    :param result: that it had before.
    :param contact: its record id; None if it is not known.
    """
    if contact is None:
        return _ended(result, Outcome.UNKNOWN, "its record id is not known")
    return _ended(result, Outcome.REJECTED, f"HubSpot has no contact with the record id {contact} any more")


def unproved(result: Result, *, leaves: bool) -> Result:
    """Return the result of a record whose contact is not where a call was to put it.

    :param result: that it had before.
    :param leaves: whether it was to leave the list.
    """
    where = "it is still in the list" if leaves else "it is not in the list"
    return _ended(result, Outcome.UNKNOWN, f"HubSpot accepted the call, but {where}")


def stopped(result: Result, reason: str) -> Result:
    """Return the result of a record whose list was not reached before the run stopped.

    :param result: that it had before.
    :param reason: why the run stopped.
    """
    return _ended(result, Outcome.NOT_ATTEMPTED, f"the run stopped: {reason}")


def _ended(result: Result, outcome: Outcome, reason: str) -> Result:
    before = "the contact was written, but not its list: " if result.changes else "the list: "
    # Nothing but its key tells a ledger's line of a new contact from one of a contact that lacked the values.
    is_untold = result.outcome is Outcome.CREATED and (None, result.key) not in result.changes.values()
    unread = tuple(result.changes) if is_untold else result.unread
    return result._replace(outcome=outcome, status=None, category=LIST, reason=before + reason, unread=unread)
