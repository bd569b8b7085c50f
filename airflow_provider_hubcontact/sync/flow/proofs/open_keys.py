# SPDX-License-Identifier: Apache-2.0
"""The keys whose rows are under way, and what the results of these rows prove."""

from __future__ import annotations

from dataclasses import dataclass, field

from airflow_provider_hubcontact.sync.model.outcome import DECIDES_VALUES, Outcome, Result
from airflow_provider_hubcontact.sync.model.ports import Proof

_ORIGINS = (Outcome.NOT_FOUND, Outcome.UNCHANGED, Outcome.UPDATED, Outcome.CREATED, Outcome.ARCHIVED)
"""How a contact came to have its values, or to be gone; a later one of these replaces an earlier one."""


_PROVES = DECIDES_VALUES | {Outcome.ARCHIVED}
"""Outcomes that prove what a contact has, or that it is gone."""


@dataclass(slots=True)
class OpenKey:
    """The rows of one key that are under way.

    :param proof: what the state had for the key.
    :param rows: row → what it wants.
    :param proved: what the contact was last proved to have; None if the last row did not end well.
    :param id: record id of the contact, once it is known.
    :param origin: the outcome of the rows that ended well.
    :param audited: what all rows want, if it is what was proved and is read back; None otherwise.
    :param drifts: in how many audits in a row the contact has drifted.
    :param is_judged: whether this run's audit has found that out.
    :param is_known: whether the contact still has the record id that was proved, as far as is known.
    """

    proof: Proof
    rows: dict[int, str] = field(default_factory=dict)
    proved: str | None = None
    id: str | None = None
    origin: Outcome | None = None
    audited: str | None = None
    drifts: int = 0
    is_judged: bool = False
    is_known: bool = True

    def end(self, result: Result, *, remembers_absence: bool) -> None:
        """Note the result of a row, which is not under way any more.

        :param result: of one of the rows.
        :param remembers_absence: whether it proves something that nobody has the key.
        """
        content, outcome = self.rows.pop(result.row), result.outcome
        if outcome in _PROVES:
            self.proved = content
            self.origin = max(filter(None, (self.origin, outcome)), key=_ORIGINS.index)
        elif outcome is Outcome.UP_TO_DATE:  # it has drifted, and is left alone
            self.proved = content
            self.origin = self.origin or Outcome.UNCHANGED
        elif outcome is Outcome.NOT_FOUND and self.id is None and remembers_absence:
            self.proved, self.origin = content, Outcome.NOT_FOUND
        elif outcome is not Outcome.SUPERSEDED:
            self.proved = None

    def closed(self) -> Proof | None:
        """Return what is proved once all rows have ended; None if nothing is."""
        is_known = self.id is not None or self.origin is Outcome.NOT_FOUND
        if self.proved is None or self.origin is None or not is_known:
            return None
        earlier = self.proof.origin if self.proof.id == self.id else None
        origin = max(filter(None, (self.origin, earlier)), key=_ORIGINS.index)
        return Proof(self.proof.key, self.proved, self.proved, self.id, origin, drifts=self.drifts)
