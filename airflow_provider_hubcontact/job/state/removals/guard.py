# SPDX-License-Identifier: Apache-2.0
"""Stops a run that would remove too many contacts, and says what may be wrong."""

from __future__ import annotations

from collections.abc import Callable

from airflow_provider_hubcontact.job.errors import GuardExceeded
from airflow_provider_hubcontact.sync.model.tolerance import at_most
from airflow_provider_hubcontact.words import counted


def is_more(due: int, most: float, size: int) -> bool:
    """Check whether a number is more than a guard allows.

    :param due: the number.
    :param most: a count, or a share of ``size``, which always allows one.
    :param size: of what the number is a part.
    """
    allowed = at_most(most, size)
    return due > (max(allowed, 1) if 0 < most < 1 else allowed)


def check_removals(due: int, size: int, most: float | None, advice: Callable[[], str]) -> None:
    """Stop the removal of too many contacts. A share always allows one.

    :param due: contacts that are to be removed.
    :param size: keys of the state that have a contact.
    :param most: contacts that may be removed: a count, or a share of ``size``; None for any number.
    :param advice: returns what may be wrong, and what is to be done.
    :raises GuardExceeded: if there are more.
    """
    if most is not None and is_more(due, most, size):
        raise GuardExceeded(
            f"{counted(due, 'removal')} of {counted(size, 'key')} of the state "
            f"{'is' if due == 1 else 'are'} more than guards.removals={most:g} allows: "
            f"nothing was written. {advice()}"
        )


def check_leavers(due: int, size: int, most: float | None) -> None:
    """Stop a run that would let too many contacts leave lists. A share always allows one.

    :param due: contacts that are to leave.
    :param size: contacts that this sync has added to lists.
    :param most: the most contacts that may leave: a count, or a share of ``size``; None for any number.
    :raises GuardExceeded: if there are more.
    """
    if most is not None and is_more(due, most, size):
        raise GuardExceeded(
            f"{due:,} of {counted(size, 'contact')} that this sync has added to lists would leave them, "
            f"which is more than guards.removals={most:g} allows: nothing was written. Rows may be missing "
            "in the source, or name other lists. If these contacts are to leave, set guards.removals to "
            f"{due} once"
        )


def check_archives(due: int, size: int, most: float | None) -> None:
    """Stop an undo that would archive too many contacts. A share always allows one.

    :param due: contacts that the run has created, and that are to be archived.
    :param size: contacts of the run.
    :param most: the most contacts that may be archived: a count, or a share of ``size``; None for any number.
    :raises GuardExceeded: if there are more.
    """
    if most is not None and is_more(due, most, size):
        raise GuardExceeded(
            f"{archives_too_many(due, size, most)}: nothing was written. {advice_of_undo(due)}"
        )


def archives_too_many(due: int, size: int, most: float) -> str:
    """Return the beginning of a sentence about an undo that archives too many contacts."""
    return (
        f"{counted(due, 'contact')} of the {size:,} of the run would be archived, which is more than "
        f"guards.removals={most:g} allows"
    )


def advice_of_undo(due: int) -> str:
    """Return what is to be done about an undo that would archive too many contacts."""
    return (
        "If all that the run created is to be archived, make the plan again with guards.removals set to "
        f"{due}; without archive_created, it is left alone"
    )


def advice_of_run(due: int, given: int, known: int, table: str) -> str:
    """Return what is told of a run that would remove too many.

    :param due: contacts that are to be removed.
    :param given: keys of the source.
    :param known: those of them of which the state has a contact.
    :param table: of the state.
    """
    or_else = f", or {_emptied(table)}" if known < given else ""
    return (
        f"The state has contacts of {known:,} of the source's {counted(given, 'key')}. Rows may be missing "
        f"in the source{or_else}. If the rows of these contacts did leave the source, set guards.removals to "
        f"{due} once; to remove nobody, begin a new state with `hubcontact state reset`"
    )


def advice_of_plan(due: int, unknown: int, table: str) -> str:
    """Return what is told of a plan that would remove too many.

    :param due: contacts that are to be removed.
    :param unknown: those of them that the state does not have.
    :param table: of the state.
    """
    if unknown:
        return f"The state lacks {unknown:,} of these contacts: {_emptied(table)}. Make the plan again"
    return (
        "Rows may have been missing in the source when the plan was made. If the rows of these contacts did "
        f"leave the source, make the plan again with guards.removals set to {due}"
    )


def _emptied(table: str) -> str:
    return f"somebody may have emptied the state's table {table}, or put another one in its place"
