# SPDX-License-Identifier: Apache-2.0
"""What a contact property is: its type, its options, and who may write it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from airflow_provider_hubcontact.sandbox.crm.properties.rules import TYPES, Rule

FIELD_TYPES: Mapping[str, frozenset[str]] = {
    "string": frozenset({"text", "textarea", "file", "html", "phonenumber", "calculation_equation"}),
    "number": frozenset({"number", "calculation_equation"}),
    "date": frozenset({"date"}),
    "datetime": frozenset({"date"}),
    "enumeration": frozenset({"select", "radio", "checkbox", "booleancheckbox", "calculation_equation"}),
    "bool": frozenset({"booleancheckbox", "calculation_equation"}),
    "phone_number": frozenset({"phonenumber"}),
}
"""Type → the field types that can show it (D: "Properties" guide, valid pairs)."""


@dataclass(frozen=True, slots=True)
class Option:
    """One of the values that an enumeration allows."""

    label: str
    value: str
    display_order: int = 0
    hidden: bool = False
    description: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """A group of properties."""

    name: str
    label: str
    display_order: int = -1


@dataclass(frozen=True)
class Definition:
    """A contact property.

    :param external_options: whether the options live elsewhere, as owners do, and are not checked.
    :param references: the object type whose ids are its values, ``OWNER``; empty for any other property.
    :param formula: what computes its values; empty if they are set.
    :param read_only: whether only HubSpot sets its values.
    :param unique: whether no two contacts may have the same value.
    :param hubspot_defined: whether it is HubSpot's own, not the portal's.
    :param rules: the validation rules of the portal's admins.
    :param created_at: milliseconds since 1970.
    :param updated_at: when the definition changed, in milliseconds since 1970.
    :param archived_at: when it was deleted, in milliseconds since 1970; 0 if it was not.
    :raises ValueError: if a rule does not fit the type.
    :ivar allowed: the values of the options.
    :ivar rank: value of an option → its place.
    :ivar multiple: whether a contact can have several of the options.
    :ivar free: whether it accepts any text.

    HubSpot docs: "Properties" guide.
    """

    name: str
    label: str
    type: str = "string"
    field_type: str = "text"
    group: str = "contactinformation"
    options: tuple[Option, ...] = ()
    external_options: bool = False
    references: str = ""
    formula: str = ""
    read_only: bool = False
    unique: bool = False
    hidden: bool = False
    form_field: bool = True
    hubspot_defined: bool = False
    description: str = ""
    display_order: int = -1
    rules: tuple[Rule, ...] = ()
    created_at: int = 0
    updated_at: int = 0
    archived_at: int = 0
    allowed: frozenset[str] = field(init=False, repr=False)
    rank: Mapping[str, int] = field(init=False, repr=False)
    multiple: bool = field(init=False, repr=False)
    free: bool = field(init=False, repr=False)

    def __post_init__(self) -> None:
        for rule in self.rules:
            if rule.type not in TYPES.get(self.type, ()):
                raise ValueError(f"A property of the type {self.type} has no rule {rule.type}.")
        ordered = sorted(self.options, key=lambda option: option.display_order)
        object.__setattr__(self, "rank", {option.value: place for place, option in enumerate(ordered)})
        allowed = self.rank if self.options or self.type != "bool" else ("true", "false")
        object.__setattr__(self, "allowed", frozenset(allowed))
        object.__setattr__(self, "multiple", self.field_type == "checkbox")
        free = self.type == "string" and self.name != "email" and not self.read_only and not self.rules
        object.__setattr__(self, "free", free)
