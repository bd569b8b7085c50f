# SPDX-License-Identifier: Apache-2.0
"""Refusals about properties, their groups and their rules."""

from __future__ import annotations

import json
from collections.abc import Sequence

from airflow_provider_hubcontact.sandbox.errors.refusal import Json, Refused


class PropertyNotFound(Refused):
    """No property has this name (T)."""

    status = 404

    def __init__(self, name: str) -> None:
        super().__init__(f"No property named '{name}' exists.", "OBJECT_NOT_FOUND")


class PropertyExists(Refused):
    """A property already has this name (T, observed in September 2026)."""

    status = 409

    def __init__(self, name: str) -> None:
        super().__init__(
            f"A property named '{name}' already exists.",
            "OBJECT_ALREADY_EXISTS",
            subCategory="Properties.PROPERTY_WITH_NAME_EXISTS",
        )


class PropertyInUse(Refused):
    """A property that a formula uses cannot be deleted (P: a live probe of October 2026).

    :param name: the property.
    :param users: the calculated properties.
    """

    def __init__(self, name: str, users: Sequence[str]) -> None:
        super().__init__(
            f"Property: {name} of object type 0-1 is currently used in {len(users)} places "
            "and cannot be deleted",
            "VALIDATION_ERROR",
            {"usageCount": [str(len(users))]},
            subCategory="PropertyValidationError.CANNOT_DELETE_PROPERTY_IN_USE",
            errors=[
                {
                    "message": f"{user} uses {name}.",
                    "subCategory": "PropertyValidationError.PROPERTY_USAGE",
                    "context": {"parentType": ["CALCULATED_PROPERTY"], "parentName": [f"0-1/{user}"]},
                }
                for user in users
            ],
        )


class GroupNotFound(Refused):
    """No group of properties has this name (U)."""

    status = 404

    def __init__(self, name: str) -> None:
        super().__init__(f"No property group named '{name}' exists.", "OBJECT_NOT_FOUND")


class GroupExists(Refused):
    """A group of properties already has this name (U)."""

    status = 409

    def __init__(self, name: str) -> None:
        super().__init__(f"A property group named '{name}' already exists.", "OBJECT_ALREADY_EXISTS")


class GroupInUse(Refused):
    """A group with properties cannot be deleted; the sentence is a whole refusal in JSON (P)."""

    def __init__(self) -> None:
        super().__init__("Can't delete or purge a group with active properties")

    def body(self, correlation_id: str) -> Json:
        """Return the body of a whole answer."""
        inner = super().body(correlation_id) | {
            "category": "VALIDATION_ERROR",
            "subCategory": "PropertyGroupError.GROUP_WITH_ACTIVE_PROPERTIES",
        }
        return super().body(correlation_id) | {"message": json.dumps(inner, separators=(",", ":"))}


class RuleNotFound(Refused):
    """A property has no rule of this type (U)."""

    status = 404

    def __init__(self, name: str, rule: str) -> None:
        super().__init__(f"The property '{name}' has no rule of the type {rule[:50]}.", "OBJECT_NOT_FOUND")
