# SPDX-License-Identifier: Apache-2.0
"""Decides how the write of an earlier run is undone, without overwriting what others have edited since."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from airflow_provider_hubcontact.sync.decide.lifecycle import STAGE
from airflow_provider_hubcontact.sync.decide.plan import NO_CONTACT, archival, merged, stage_problem, steps_of
from airflow_provider_hubcontact.sync.decide.rules import Rules
from airflow_provider_hubcontact.sync.model.change import Change, Stored, Write
from airflow_provider_hubcontact.sync.model.choices import OnRegression
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result
from airflow_provider_hubcontact.sync.model.record import Record, Undone
from airflow_provider_hubcontact.sync.rows.comparison import Kind, is_form_of, same

EDITED, UNREAD, REFUSED, STAYS = "EDITED", "UNREAD", "PORTAL_SCHEMA", "STAYS"
"""Why a property is left alone. It is the category of the record if nothing of it is undone."""


CREATED, ARCHIVED = "CREATED_BY_RUN", "ARCHIVED_BY_RUN"
"""Categories of contacts that an undo leaves alone, or cannot restore."""


class Left(NamedTuple):
    """A property that is left alone.

    :param category: of the reason.
    :param reason: a part of a sentence.
    """

    category: str
    reason: str


@dataclass(frozen=True, slots=True)
class Undoing:
    """How a run is undone.

    :param rules: of the plan's writes; keys are record ids.
    :param archive_created: whether contacts that the run has created are archived.
    :param refused: why HubSpot would not take a value for a property; None if it would.
    """

    rules: Rules
    archive_created: bool = False
    refused: Callable[[str, str], str | None] = lambda *_: None

    def plan(self, record: Record, stored: Stored | None) -> Change | Result:
        """Compare what a run wrote with what its contact has now.

        :param record: has the old values, and what is undone.
        :param stored: the contact with its record id; None if there is none.
        :return: the change, or an outcome that says why nothing is changed.
        """
        undone = record.undoes or Undone()
        if stored is None:
            return _absent(record, undone)
        if stored.id != record.key:
            return merged(record, stored)
        if undone.archived:
            reason = "the run archived the contact, and somebody has restored it"
            return Result(record.row, record.key, Outcome.UNCHANGED, None, ARCHIVED, reason)
        if undone.created:
            return self._creation(record, stored, undone)
        return self._values(record, stored, undone)

    def _creation(self, record: Record, stored: Stored, undone: Undone) -> Change | Result:
        if not self.archive_created:
            reason = "the run created the contact: it is left alone, since archive_created is not set"
            return Result(record.row, record.key, Outcome.UNCHANGED, None, CREATED, reason, contact=stored.id)
        left = {
            name: Left(UNREAD, f"the ledger does not tell what the run wrote as {name}")
            for name in undone.unread
        }
        left |= {name: each for name in undone.written if (each := self._edited(name, stored, undone))}
        if left:
            return _left_alone(record, left)
        return archival(record, stored)

    def _values(self, record: Record, stored: Stored, undone: Undone) -> Change | Result:
        left = {name: Left(UNREAD, f"{name} was not read before the run wrote it") for name in undone.unread}
        wanted: dict[str, str] = {}
        for name, old in record.properties.items():
            if same(self._kind(name), old, stored.properties.get(name)):
                continue  # it has the old value already
            if found := self._edited(name, stored, undone) or self._unwritable(name, old):
                left[name] = found
            else:
                wanted[name] = old
        if STAGE in wanted and (end := self._stage(record, stored, wanted, left)):
            return end
        if not wanted:
            return _left_alone(record, left)
        steps = steps_of(wanted, stored.properties.get(STAGE), self.rules)
        before = {name: stored.properties.get(name) for name in wanted}
        reasons = {name: each.reason for name, each in left.items()}
        return Change(*(record, Write.UPDATE, stored.address, steps, before), contact=stored.id, left=reasons)

    def _stage(
        self, record: Record, stored: Stored, wanted: dict[str, str], left: dict[str, Left]
    ) -> Result | None:
        """Return the result of a record whose stage must not go back; take out a stage that stays."""
        current, stage = stored.properties.get(STAGE), wanted[STAGE]
        if not stage:
            return None
        if problem := stage_problem(record, current, stage, self.rules):
            return problem
        if self.rules.on_regression is OnRegression.KEEP and self.rules.stages.goes_back(current, stage):
            del wanted[STAGE]
            left[STAGE] = Left(STAYS, f"{STAGE} stays {current}, since it would go back to {stage}")
        return None

    def _edited(self, name: str, stored: Stored, undone: Undone) -> Left | None:
        """Return why a property is left alone whose value is not the one that the run wrote."""
        has, kind = stored.properties.get(name), self._kind(name)
        wrote = [_in_full(kind, *both) for both in undone.written[name]]
        if any(is_form_of(kind, value, has) for value in wrote):
            return None
        return Left(EDITED, f"{name} is {has or ''!r} now, the run wrote {wrote[-1]!r}")

    def _unwritable(self, name: str, old: str) -> Left | None:
        reason = self.refused(name, old)
        return Left(REFUSED, reason) if reason else None

    def _kind(self, name: str) -> Kind:
        return self.rules.kinds.get(name, Kind.UNKNOWN)


def _in_full(kind: Kind, old: str | None, new: str) -> str:
    """Return the value that a property had after a write. A leading semicolon adds to the old value.

    HubSpot docs: "Properties" guide.
    """
    if new[:1] != ";" or kind not in {Kind.OPTIONS, Kind.UNKNOWN}:
        return new
    return f"{old or ''}{new}".lstrip(";")


def _absent(record: Record, undone: Undone) -> Result:
    if undone.created:
        reason = "the run created the contact, which does not exist any more"
        return Result(record.row, record.key, Outcome.UNCHANGED, None, NO_CONTACT, reason)
    if undone.archived:
        reason = "the run archived the contact, which the API cannot restore: restore it in HubSpot"
        return Result(record.row, record.key, Outcome.NOT_FOUND, 404, ARCHIVED, reason)
    reason = f"no contact has the record id {record.key} any more"
    return Result(record.row, record.key, Outcome.NOT_FOUND, 404, "OBJECT_NOT_FOUND", reason)


_OUTCOMES: Mapping[str, Outcome] = {
    EDITED: Outcome.CONFLICT,
    UNREAD: Outcome.INVALID,
    REFUSED: Outcome.INVALID,
    STAYS: Outcome.UNCHANGED,
}
"""Why a property is left alone → outcome of the record if nothing is undone. The first that fits counts."""


def _left_alone(record: Record, left: Mapping[str, Left]) -> Result:
    """Return the result of a record of which nothing is undone.

    :param left: the properties that are left alone. The others have their old values already.
    """
    categories = {each.category for each in left.values()}
    category = next((name for name in _OUTCOMES if name in categories), None)
    outcome = _OUTCOMES[category] if category else Outcome.UNCHANGED
    return Result(
        *(record.row, record.key, outcome),
        category=category,
        reason="; ".join(each.reason for each in left.values()),
        properties=tuple(left),
    )
