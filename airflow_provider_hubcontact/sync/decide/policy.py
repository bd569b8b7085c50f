# SPDX-License-Identifier: Apache-2.0
"""Maps the outcomes of records to the final state of the task."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from airflow_provider_hubcontact.sync.model.outcome import SUCCESSES, Outcome, by_outcome, refused_as
from airflow_provider_hubcontact.sync.model.tolerance import at_most, is_tolerance
from airflow_provider_hubcontact.words import closest, counted, named


class Action(StrEnum):
    """What a task does at its end, from weakest to strongest."""

    SUCCEED = "succeed"
    SKIP = "skip"
    FAIL = "fail"
    RETRY = "retry"
    FAIL_NOW = "fail_now"


DEFAULT_ACTIONS: Mapping[Outcome, Action] = {
    Outcome.UPDATED: Action.SUCCEED,
    Outcome.CREATED: Action.SUCCEED,
    Outcome.ARCHIVED: Action.SUCCEED,
    Outcome.UNCHANGED: Action.SUCCEED,
    Outcome.UP_TO_DATE: Action.SUCCEED,
    Outcome.SUPERSEDED: Action.SUCCEED,
    Outcome.INVALID: Action.FAIL,
    Outcome.REJECTED: Action.FAIL,
    Outcome.NOT_FOUND: Action.FAIL,
    Outcome.CONFLICT: Action.FAIL,
    Outcome.UNAUTHORIZED: Action.FAIL_NOW,
    Outcome.THROTTLED: Action.RETRY,
    Outcome.UNAVAILABLE: Action.RETRY,
    Outcome.UNKNOWN: Action.RETRY,
    Outcome.NOT_ATTEMPTED: Action.RETRY,
}


DEFAULT = "default"


CHOOSABLE = (Action.SUCCEED, Action.SKIP, Action.FAIL, Action.RETRY)


class Group(NamedTuple):
    """The records of one outcome and status, and what they ask for.

    :param outcome: how they ended.
    :param status: HTTP status that stands for it.
    :param records: how many there are.
    :param action: what they ask for.
    :param rule: where that comes from: the default, or an entry of ``status_actions``.
    :param decides: whether the task does what it does because of them.
    """

    outcome: Outcome
    status: int | None
    records: int
    action: Action
    rule: str
    decides: bool = False


class Verdict(NamedTuple):
    """What the task does, and why.

    :param action: what it does.
    :param sentence: the counts.
    :param groups: the records by outcome and status.
    :param tolerance: how many failures ``max_failures`` tolerates.
    """

    action: Action
    sentence: str
    groups: tuple[Group, ...] = ()
    tolerance: str = ""


class Policy(NamedTuple):
    """Decides what a task does, by the outcomes of its records.

    :param by_status: HTTP status → action; it outranks the outcome's, but for ``unknown``.
    :param by_name: outcome → action, instead of the default.
    :param max_failures: ``fail`` records to tolerate: a count, or a share of all rows below 1.
    """

    by_status: Mapping[int, Action]
    by_name: Mapping[Outcome, Action]
    max_failures: float = 0

    @classmethod
    def of(cls, status_actions: Mapping[int | str, str], max_failures: float = 0) -> Policy:
        """Read a user's settings.

        :param status_actions: HTTP status or outcome name → ``succeed``, ``skip``, ``fail`` or ``retry``.
        :param max_failures: whole number of records, or a share between 0 and 1.
        :raises ValueError: if a status, outcome, action or number is not valid.
        """
        if not is_tolerance(max_failures):
            raise ValueError(f"max_failures must be a count or a share below 1, not {max_failures!r}")
        by_status: dict[int, Action] = {}
        by_name: dict[Outcome, Action] = {}
        for name, action in status_actions.items():
            chosen = _action(name, action)
            if str(name).isdecimal():
                if (status := _status(int(name))) in by_status:
                    raise ValueError(f"status_actions names {status} twice, as a number and as text")
                by_status[status] = chosen
            else:
                by_name[_outcome(name)] = chosen
        return cls(by_status, by_name, max_failures)

    def decide(self, tally: Mapping[tuple[Outcome, int | None], int], of: int | None = None) -> Verdict:
        """Reduce a run's tally to what the task does.

        :param tally: (outcome, HTTP status) → number of records.
        :param of: rows of the source, of which ``max_failures`` is a share; None for all records.
        :return: the strongest action that any record asks for; ``skip`` only if all of them do,
            which an empty source does too.
        """
        counts = dict.fromkeys(Action, 0)
        for (outcome, status), count in tally.items():
            counts[self.action(outcome, status)] += count
        rows = sum(counts.values())
        of = rows if of is None else of
        if counts[Action.FAIL] <= at_most(self.max_failures, of):
            counts[Action.SUCCEED] += counts.pop(Action.FAIL)
        bad = (action for action in (Action.FAIL_NOW, Action.RETRY, Action.FAIL) if counts.get(action))
        chosen = next(bad, Action.SKIP if counts[Action.SKIP] == rows else Action.SUCCEED)
        groups = tuple(
            Group(*ended, count, *(ruled := self.rule(*ended)), decides=ruled[0] is chosen)
            for ended, count in sorted(tally.items(), key=_in_order)
        )
        return Verdict(chosen, _sentence(tally), groups, self._tolerance(of))

    def _tolerance(self, rows: int) -> str:
        """Return how many failures are tolerated, as a sentence."""
        if 0 < self.max_failures < 1:
            share = f"{self.max_failures * 100:.6g} %"
            return f"max_failures={share} tolerates {at_most(self.max_failures, rows):,} of {rows:,}"
        count = f"{self.max_failures:,.0f}"
        return f"max_failures={count} tolerates {count if self.max_failures else 'none'}"

    def action(self, outcome: Outcome, status: int | None) -> Action:
        """Return what one record's outcome asks for.

        :param outcome: of the record.
        :param status: HTTP status that stands for the outcome.
        """
        return self.rule(outcome, status)[0]

    def rule(self, outcome: Outcome, status: int | None) -> tuple[Action, str]:
        """Return what one record's outcome asks for, and the setting that says so.

        :param outcome: of the record.
        :param status: HTTP status that stands for the outcome.
        """
        # A status that proves nothing decides nothing: {200: "succeed"} must not hide a silent no-op.
        if outcome is not Outcome.UNKNOWN and status is not None and status in self.by_status:
            return self.by_status[status], f"status_actions[{status}]"
        if outcome in self.by_name:
            return self.by_name[outcome], f'status_actions["{outcome}"]'
        return DEFAULT_ACTIONS[outcome], DEFAULT


def _action(name: int | str, action: str) -> Action:
    if action not in CHOOSABLE:
        told = named(repr(action), closest(str(action), CHOOSABLE))
        raise ValueError(f"status_actions[{name!r}] must be one of {', '.join(CHOOSABLE)}, not {told}")
    return Action(action)


def _status(status: int) -> int:
    if not 200 <= status < 600:
        raise ValueError(f"status_actions names {status}, which is not the HTTP status of a response")
    if status >= 300 and refused_as(status) is Outcome.UNKNOWN:
        raise ValueError(
            f"status_actions names {status}, which has no effect: it stops the run, so no record ends with it"
        )
    return status


def _outcome(name: int | str) -> Outcome:
    if name not in set(Outcome):
        told = named(repr(name), closest(str(name), Outcome))
        raise ValueError(f"status_actions names {told}; the outcomes are {', '.join(Outcome)}")
    return Outcome(name)


def _in_order(item: tuple[tuple[Outcome, int | None], int]) -> tuple[int, int]:
    (outcome, status), _ = item
    return _ORDER[outcome], status or 0


_ORDER = {outcome: place for place, outcome in enumerate(Outcome)}


def _sentence(tally: Mapping[tuple[Outcome, int | None], int]) -> str:
    counts = by_outcome(tally)
    if not counts:
        return "The source has no records."
    parts = [f"{count:,} {outcome}" for outcome, count in counts.items()]
    troubled = sum(count for outcome, count in counts.items() if outcome not in SUCCESSES)
    total = sum(counts.values())
    return f"{counted(total, 'record')}, {troubled:,} with a problem: {', '.join(parts)}."
