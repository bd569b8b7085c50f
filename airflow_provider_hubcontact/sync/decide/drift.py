# SPDX-License-Identifier: Apache-2.0
"""Drift: what an audit finds that somebody has edited since the proof."""

from __future__ import annotations

from airflow_provider_hubcontact.sync.model.change import Change
from airflow_provider_hubcontact.sync.model.outcome import DRIFT, INTERNAL_ERROR, Outcome, Result

_TELLS = frozenset({Outcome.NOT_FOUND, Outcome.CONFLICT, Outcome.INVALID})
"""Outcomes that come of the current values of a contact that equalled its row once."""


def has_drifted(planned: Change | Result) -> bool | None:
    """Check whether a contact has not what it was proved to have.

    :param planned: what its current values make of a row that equals its proof.
    :return: None if nobody can tell, since the values could not be judged.
    """
    if isinstance(planned, Change):
        return True
    if planned.outcome is Outcome.UNCHANGED:
        return False
    return True if planned.outcome in _TELLS and planned.category != INTERNAL_ERROR else None


def left_alone(change: Change) -> Result:
    """Return the result of a row whose contact has drifted, and is only told of.

    :param change: that would bring the values of the row back.
    """
    names = tuple(change.diff())
    reason = f"the contact does not have what was proved: {', '.join(names)}"
    return Result(
        *(change.record.row, change.record.key, Outcome.UP_TO_DATE),
        category=DRIFT,
        reason=reason,
        properties=names,
    )
