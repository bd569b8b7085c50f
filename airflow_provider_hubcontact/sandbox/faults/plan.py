# SPDX-License-Identifier: Apache-2.0
"""A fault plan: what goes wrong, with which calls, how often; written as one small JSON file.

::

    {"seed": 7,
     "rules": [
       {"on": "POST */batch/update", "kind": "status", "status": 503, "retry_after": 2, "share": 0.1},
       {"on": "batches.*", "kind": "reset", "applied": true, "nth": [3, 7]},
       {"name": "slow", "kind": "latency", "seconds": 0.05, "spread": 0.2},
       {"on": "contacts_v1.update", "kind": "token_expiry", "after": 20, "count": 1}]}

``seed``
    A number. The same plan does the same to the n-th call that a rule is about, every time.
``rules``
    The first rule that strikes decides; rules of latency add to it, whichever it is.

A rule has a ``kind``, and may say with which calls:

``on``
    A path with ``*`` for anything, after a method if only that one is meant; or an operation, as the request
    log names it, such as ``batches.update``. Every call if missing.
``share``
    From 0 to 1: the part of these calls that it strikes, by dice. 1 if missing.
``nth``
    A number or a list: it strikes these of the calls alone, the first one being 1.
``after``
    The number of calls that pass before it strikes.
``count``
    It strikes so often, and no more.
``name``, ``enabled``
    What it is called where faults are switched on and off (its kind, if missing), and whether it is on.

The kinds, and what each may say besides:

``latency``
    The call takes ``seconds`` longer, and up to ``spread`` seconds more.
``status``
    An error with this ``status``, 503 if missing, 400 to 599; and a ``Retry-After`` of ``retry_after``
    seconds if that is given. ``policy`` of a 429: ``TEN_SECONDLY_ROLLING`` or ``DAILY``. ``body``:
    ``hubspot`` if missing; ``foreign`` for the JSON of something on the way; ``empty``.
``html``
    A proxy's page instead of JSON, with this ``status``, 502 if missing, 200 allowed; ``retry_after`` as
    above.
``reset``
    The connection is reset.
``truncated``
    The connection ends in the middle of the body.
``empty``
    The right status without a body.
``drip``
    The body comes in small pieces, over so many ``seconds``.
``no_results``
    An answer of success without any result; nothing was written.
``token_expiry``
    The token has expired: 401 until the app renews it. A private app's token is unknown from then on.
``migration``
    The account moves to another region (D): for ``seconds`` from the first call on, 477 and a
    ``Retry-After`` that says how long it still takes.

``applied``
    Whether HubSpot does what was asked before it goes wrong: false for ``status``, ``html`` and ``reset`` if
    missing; ``truncated``, ``empty`` and ``drip`` always do it, the others never.

HubSpot docs: "Error handling" (statuses that are worth a retry).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

MAX_SECONDS = 86_400
POLICIES = ("TEN_SECONDLY_ROLLING", "DAILY")
BODIES = ("hubspot", "foreign", "empty")
_OFTEN = {"name", "on", "kind", "share", "nth", "after", "count", "enabled"}
KINDS: Mapping[str, frozenset[str]] = {
    "latency": frozenset({"seconds", "spread"}),
    "status": frozenset({"status", "retry_after", "policy", "body", "applied"}),
    "html": frozenset({"status", "retry_after", "applied"}),
    "reset": frozenset({"applied"}),
    "truncated": frozenset(),
    "empty": frozenset(),
    "drip": frozenset({"seconds"}),
    "no_results": frozenset(),
    "token_expiry": frozenset(),
    "migration": frozenset({"seconds"}),
}
"""Kind → the keys that a rule of it may have, besides those that choose the calls."""

AFTERWARDS = frozenset({"truncated", "empty", "drip"})
"""Kinds that only spoil the answer."""


class InvalidPlan(ValueError):
    """The fault plan is not valid; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What goes wrong with some calls; see the module for the keys of a rule.

    :param method: the HTTP method; empty for any.
    :param pattern: pattern of the paths or operations.
    :param nth: the numbers of the calls that it strikes; empty for all.
    :param count: how often it strikes; None for any number of times.
    """

    name: str
    kind: str
    method: str = ""
    pattern: str = "*"
    share: float = 1.0
    nth: frozenset[int] = frozenset()
    after: int = 0
    count: int | None = None
    enabled: bool = True
    status: int = 503
    retry_after: float | None = None
    policy: str = POLICIES[0]
    body: str = BODIES[0]
    applied: bool = False
    seconds: float = 0.0
    spread: float = 0.0


class Plan(NamedTuple):
    """A fault plan.

    :param source: the JSON that it was read from.
    """

    rules: tuple[Rule, ...] = ()
    seed: int = 0
    source: Mapping[str, Any] = {}


def read_plan(source: str | Path | Mapping[str, Any]) -> Plan:
    """Read a plan from a file or a JSON value.

    :raises InvalidPlan: if it is not valid, or the file is not JSON.
    :raises OSError: if the file cannot be read.
    """
    if isinstance(source, Mapping):
        return parse_plan(source)
    try:
        return parse_plan(json.loads(Path(source).read_text(encoding="utf-8")))
    except InvalidPlan as error:
        raise InvalidPlan(f"{source}: {error}") from None
    except ValueError as error:
        raise InvalidPlan(f"{source} is not JSON: {error}") from error


def parse_plan(body: object) -> Plan:
    """Read a plan.

    :param body: a JSON value.
    :raises InvalidPlan: if it is not valid.
    """
    if not isinstance(body, Mapping):
        raise InvalidPlan("A fault plan is an object with rules.")
    _only(body, {"seed", "rules"}, "A fault plan")
    rules = body.get("rules", [])
    if not isinstance(rules, list):
        raise InvalidPlan("The rules of a fault plan are a list.")
    read = tuple(_Reading(each, place).rule() for place, each in enumerate(rules, 1))
    names = [rule.name for rule in read]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InvalidPlan(f"Two rules are called {twice!r}; give them names.")
    seed = body.get("seed", 0)
    if type(seed) is not int:
        raise InvalidPlan("The seed of a fault plan is a whole number.")
    return Plan(read, seed, dict(body))


class _Reading:
    """Reads one rule.

    :param place: its number, for error messages.
    """

    def __init__(self, body: object, place: int) -> None:
        self._where = f"Rule {place}"
        if not isinstance(body, Mapping):
            raise InvalidPlan(f"{self._where} is not an object.")
        self._body = body

    def rule(self) -> Rule:
        """Return the rule, if all of its keys are valid."""
        kind = self._text("kind", "")
        if kind not in KINDS:
            raise InvalidPlan(f"{self._where}: the kind is one of {', '.join(KINDS)}, not {kind!r}.")
        _only(self._body, _OFTEN | KINDS[kind], f"{self._where}, of kind {kind},")
        method, pattern = self._on()
        retry_after, count = self._body.get("retry_after"), self._body.get("count")
        return Rule(
            name=self._text("name", kind),
            kind=kind,
            method=method,
            pattern=pattern,
            share=self._number("share", 1.0, 1),
            nth=self._nth(),
            after=self._whole("after", 0),
            count=None if count is None else self._whole("count", 0),
            enabled=self._flag("enabled", default=True),
            status=self._status(kind),
            retry_after=None if retry_after is None else self._number("retry_after", 0.0),
            policy=self._one_of("policy", POLICIES),
            body=self._one_of("body", BODIES),
            applied=kind in AFTERWARDS or self._flag("applied", default=False),
            seconds=self._number("seconds", 1.0),
            spread=self._number("spread", 0.0),
        )

    def _on(self) -> tuple[str, str]:
        first, _, rest = self._text("on", "*").strip().rpartition(" ")
        if " " in first or not rest:
            raise InvalidPlan(f"{self._where}: `on` is a path or an operation, after a method or alone.")
        return first.strip().upper(), rest

    def _status(self, kind: str) -> int:
        status = self._whole("status", 502 if kind == "html" else 503)
        if not 400 <= status <= 599 and not (kind == "html" and status == 200):
            raise InvalidPlan(f"{self._where}: the status is from 400 to 599, not {status}.")
        return status

    def _nth(self) -> frozenset[int]:
        value = self._body.get("nth", [])
        numbers = value if isinstance(value, list) else [value]
        if not all(type(number) is int and number >= 1 for number in numbers):
            raise InvalidPlan(f"{self._where}: nth is a number from 1, or a list of them.")
        return frozenset(numbers)

    def _text(self, name: str, default: str) -> str:
        value = self._body.get(name, default)
        if not isinstance(value, str):
            raise InvalidPlan(f"{self._where}: {name} is a text.")
        return value

    def _one_of(self, name: str, choices: tuple[str, ...]) -> str:
        value = self._text(name, choices[0])
        if value not in choices:
            raise InvalidPlan(f"{self._where}: the {name} is one of {', '.join(choices)}.")
        return value

    def _flag(self, name: str, *, default: bool) -> bool:
        value = self._body.get(name, default)
        if not isinstance(value, bool):
            raise InvalidPlan(f"{self._where}: {name} is true or false.")
        return value

    def _whole(self, name: str, default: int) -> int:
        value = self._body.get(name, default)
        if type(value) is not int or value < 0:
            raise InvalidPlan(f"{self._where}: {name} is a whole number from 0.")
        return value

    def _number(self, name: str, default: float, most: float = MAX_SECONDS) -> float:
        value = self._body.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
            raise InvalidPlan(f"{self._where}: {name} is a number from 0 to {most:,}.")
        return float(value)


def _only(body: Mapping[str, Any], allowed: set[str] | frozenset[str], what: str) -> None:
    unknown = sorted(str(name) for name in body.keys() - allowed)
    if unknown:
        raise InvalidPlan(f"{what} has no {unknown[0]!r}; it may have {', '.join(sorted(allowed))}.")
