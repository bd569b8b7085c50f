# SPDX-License-Identifier: Apache-2.0
"""The part of a report for users who may not read XComs. Knows no Airflow."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from airflow_provider_hubcontact.sync.keep.state_figures import COUNTS
from airflow_provider_hubcontact.sync.model.choices import Membership

Rule = Callable[[Any], Any]

HIDDEN = "hidden"
"""Shown in the place of what only users who may read XComs see."""


def masked(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return a report without the content of records: keys, values, and texts that may quote them.

    Only the fields that are listed here are shown, so that a field of a later version is hidden until it is
    listed.

    :param report: what :meth:`Report.to_dict` returned.
    """
    return _fields(_REPORT)(report)


def _whole(value: Any) -> Any:
    return value


def _hidden(value: Any) -> str | None:
    return HIDDEN if value else value


def _word(value: Any) -> str | None:
    """Return a category if it is one word, as HubSpot's are; a sentence could quote a value."""
    return value if value is None or re.fullmatch(r"\w{1,64}", str(value), re.ASCII) else HIDDEN


def _nothing(value: Any) -> list[Any]:
    del value
    return []


def _fields(rules: Mapping[str, Rule]) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    def only(value: Mapping[str, Any]) -> dict[str, Any]:
        return {name: rule(value[name]) for name, rule in rules.items() if name in value}

    return only


def _lists(value: Mapping[str, Mapping[str, Any]]) -> dict[str | None, dict[str, Any]]:
    """Hide the names of lists, which a column of the records may have given."""
    counts = _fields({**_all_whole(map(str, Membership)), "name": lambda _: HIDDEN})
    return {_word(list_id): counts(of_list) for list_id, of_list in value.items()}


def _if_there(rule: Rule) -> Rule:
    return lambda value: None if value is None else rule(value)


def _each(rule: Rule) -> Rule:
    return lambda values: [rule(value) for value in values]


def _all_whole(names: Iterable[str]) -> dict[str, Rule]:
    return dict.fromkeys(names, _whole)


_PROBLEM: Mapping[str, Rule] = MappingProxyType(
    {
        **_all_whole(("code", "row", "outcome", "status", "properties", "correlation_id", "earlier_try")),
        "count": _whole,
        "category": _word,
        "key": lambda _: HIDDEN,
        "reason": lambda _: HIDDEN,
    }
)

_REPORT: Mapping[str, Rule] = MappingProxyType(
    {
        **_all_whole(
            (
                "report",
                "rows",
                "removals",
                "outcomes",
                "statuses",
                "from_earlier_tries",
                "missing",
                "seconds",
                "rows_per_second",
                "api_version",
                "dry_run",
                "ledger",
                "timeline",
                "properties_created",
                "without_values",
                "upsert_refused",
            )
        ),
        "calls": _fields(_all_whole(("total", "by_status", "latency"))),
        "verified": _if_there(_fields(_all_whole(("records", "calls")))),
        "plan": _if_there(
            _fields(
                _all_whole(
                    (
                        *("made", "rows", "changes", "creates", "removals", "others", "calls", "minutes"),
                        "sha256",
                    )
                )
            )
        ),
        "planned": _if_there(_fields(_all_whole(("changes", "creates", "removals")))),
        # Numbers, outcomes, statuses, and names of settings and exceptions.
        "decision": _if_there(_fields(_all_whole(("action", "rules", "code")))),
        "limits": _fields(_all_whole(("changes", "creates", "removals"))),
        "portal": _if_there(_fields(_all_whole(("id", "url")))),
        "state": _if_there(
            _fields(_all_whole(("table", "read_anew", "oldest_proof", "nobody_because", *COUNTS)))
        ),
        "quota": _if_there(_fields(_all_whole(("calls_in_10_seconds", "calls_left_today")))),
        "lists": _lists,
        "more_lists": _fields(_all_whole(("count", *map(str, Membership)))),
        "lists_created": _each(_hidden),
        "more_lists_created": _whole,
        "stopped": _hidden,  # may quote what HubSpot said
        "reasons": _each(_fields(_PROBLEM)),
        "problems": _each(_fields(_PROBLEM)),
        "changes": _nothing,
        "coercions": _fields({"counts": _whole, "sample": _nothing}),
    }
)
