# SPDX-License-Identifier: Apache-2.0
"""Keywords of early versions. Imported once there is such a mistake."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

REPLACED: Mapping[str, str] = {
    "id_property": "use key=Key(column, property=…)",
    "schema": "use json_schema=…",
    "nulls": "use writes=Writes(nulls=…)",
    "duplicates": "use writes=Writes(duplicates=…)",
    "on_stage_regression": "use writes=Writes(stages=…)",
    "mode": "use upsert=True",
    "write_modes": "use writes=Writes(properties=…)",
    "create_missing_properties": "use writes=Writes(create_properties=…)",
    "timestamp": "use writes=Writes(timestamp=…)",
    "validate_against_portal": "leave it out, values are always checked against the portal",
    "api_version": "use api_version in the connection's Extra",
    "ledger_values": "use ledger=Ledger(path, values=True)",
    "records_from_ledger": "use records=FromLedger(path)",
    "outcomes": "use records=FromLedger(path, outcomes=…)",
    "plan": "use HubSpotPlanContactsOperator, and HubSpotApplyPlanOperator to apply it",
    "max_changes": "use guards=Guards(changes=…)",
    "max_creates": "use guards=Guards(creates=…)",
}
"""Keyword of an early version → what to do instead."""


def replaced(place: str, given: Iterable[str]) -> str | None:
    """Return a sentence about the first keyword that was replaced; None if none was.

    :param place: where it was given, such as the operator's class.
    :param given: the keywords.
    """
    return next((f"{place} has no {name}: {REPLACED[name]}" for name in given if name in REPLACED), None)
