# SPDX-License-Identifier: Apache-2.0
"""Decides which calls go wrong, by a fault plan. Knows no HTTP."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from airflow_provider_hubcontact.sandbox.faults.plan import Plan, Rule


class Strike(NamedTuple):
    """What goes wrong with one call.

    :param delay: seconds of delay.
    :param rule: the rule that strikes it; None if no rule does.
    :param retry_after: the seconds of ``Retry-After``; None to leave it out.
    """

    delay: float = 0.0
    rule: Rule | None = None
    retry_after: float | None = None


HARMLESS = Strike()


@dataclass
class _Armed:
    """A rule with its counts.

    :param calls: number of calls that it applied to.
    :param strikes: number of calls that it struck.
    :param since: when the migration began; None for a rule of another kind.
    """

    rule: Rule
    dice: random.Random
    enabled: bool
    calls: int = 0
    strikes: int = 0
    since: float | None = None


class Faults:
    """A fault plan in use.

    :param clock: seconds since 1970.
    """

    def __init__(self, plan: Plan | None = None, clock: Callable[[], float] = time.time) -> None:
        self._first = plan or Plan()
        self._clock = clock
        self.reset()

    def reset(self) -> None:
        """Go back to the plan of the start, and set all counts to zero."""
        self.use(self._first)

    def use(self, plan: Plan) -> None:
        """Use another plan, from its beginning."""
        self.plan = plan
        self._armed = [
            _Armed(rule, random.Random(f"{plan.seed}/{place}"), rule.enabled)  # noqa: S311 - no secret
            for place, rule in enumerate(plan.rules)
        ]

    @property
    def names(self) -> dict[str, bool]:
        """Name of each rule, in their order → whether it is on."""
        return {armed.rule.name: armed.enabled for armed in self._armed}

    def switch(self, name: str, *, on: bool) -> None:
        """Switch a rule on or off; its counts stay.

        :raises KeyError: if the plan has no rule of this name.
        """
        for armed in self._armed:
            if armed.rule.name == name:
                armed.enabled = on
                return
        raise KeyError(name)

    def counts(self) -> Iterator[dict[str, Any]]:
        """Yield for each rule how many calls it applied to, and how many it struck."""
        for armed in self._armed:
            yield {
                "name": armed.rule.name,
                "enabled": armed.enabled,
                "calls": armed.calls,
                "strikes": armed.strikes,
            }

    def strike(self, method: str, path: str, operation: str) -> Strike:
        """Decide about a call. Every rule that applies to it counts it; the first that strikes decides."""
        if not self._armed:
            return HARMLESS
        delay = 0.0
        found: Strike | None = None
        for armed in self._armed:
            if not (armed.enabled and _is_about(armed.rule, method, path, operation)):
                continue
            if not self._hits(armed, taken=found is not None):
                continue
            if armed.rule.kind == "latency":
                delay += armed.rule.seconds + armed.dice.random() * armed.rule.spread
            else:
                found = Strike(0.0, armed.rule, self._retry_after(armed))
        return (found or HARMLESS)._replace(delay=delay)

    def _hits(self, armed: _Armed, *, taken: bool) -> bool:
        """Count a call, throw the dice, and return whether the rule strikes.

        :param taken: whether another rule already strikes.
        """
        rule = armed.rule
        armed.calls += 1
        lucky = armed.dice.random() >= rule.share
        spared = lucky or armed.calls <= rule.after or (rule.nth and armed.calls not in rule.nth)
        if spared or (rule.count is not None and armed.strikes >= rule.count):
            return False
        if (taken and rule.kind != "latency") or self._is_over(armed):
            return False
        armed.strikes += 1
        return True

    def _is_over(self, armed: _Armed) -> bool:
        """Check whether a migration is over; its first call begins it."""
        if armed.rule.kind != "migration":
            return False
        now = self._clock()
        if armed.since is None:
            armed.since = now
        return now >= armed.since + armed.rule.seconds

    def _retry_after(self, armed: _Armed) -> float | None:
        if armed.since is None:
            return armed.rule.retry_after
        return math.ceil(armed.since + armed.rule.seconds - self._clock())


def _is_about(rule: Rule, method: str, path: str, operation: str) -> bool:
    return rule.method in {"", method} and (
        fnmatchcase(path, rule.pattern) or fnmatchcase(operation, rule.pattern)
    )
