# SPDX-License-Identifier: Apache-2.0
"""How the properties that every portal has are listed, and the options that several object types have (F)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from airflow_provider_hubcontact.sandbox.crm.properties.definitions import Definition, Option

Choices = tuple[tuple[str, str], ...]
"""The options of a property: value and label, in their order."""

YES_NO: Choices = (("true", "Yes"), ("false", "No"))
STAGES: Choices = (
    ("subscriber", "Subscriber"),
    ("lead", "Lead"),
    ("marketingqualifiedlead", "Marketing Qualified Lead"),
    ("salesqualifiedlead", "Sales Qualified Lead"),
    ("opportunity", "Opportunity"),
    ("customer", "Customer"),
    ("evangelist", "Evangelist"),
    ("other", "Other"),
)
LEAD_STATUSES: Choices = (
    ("NEW", "New"),
    ("OPEN", "Open"),
    ("IN_PROGRESS", "In Progress"),
    ("OPEN_DEAL", "Open Deal"),
    ("UNQUALIFIED", "Unqualified"),
    ("ATTEMPTED_TO_CONTACT", "Attempted to Contact"),
    ("CONNECTED", "Connected"),
    ("BAD_TIMING", "Bad Timing"),
)


def listed(
    *parts: Iterable[Definition], group: str, elsewhere: Mapping[str, str] = MappingProxyType({})
) -> tuple[Definition, ...]:
    """Return HubSpot's own properties of an object type, in this order.

    :param parts: the properties.
    :param group: the group that they are in.
    :param elsewhere: property → the group that it is in instead.
    """
    return tuple(
        replace(
            definition,
            hubspot_defined=True,
            display_order=place,
            group=elsewhere.get(definition.name, group),
        )
        for place, definition in enumerate(definition for part in parts for definition in part)
    )


def plain(labels: Mapping[str, str], kind: str = "string", field_type: str = "text") -> Iterator[Definition]:
    """Yield properties that take any value of a type.

    :param labels: property → label.
    :param kind: the type.
    :param field_type: how it is shown.
    """
    for name, label in labels.items():
        yield Definition(name, label, kind, field_type)


def chosen(name: str, label: str, field_type: str, choices: Choices) -> Iterator[Definition]:
    """Yield the one property whose values are options."""
    kind = "bool" if field_type == "booleancheckbox" else "enumeration"
    yield Definition(name, label, kind, field_type, options=_options(choices))


def chosen_elsewhere(
    name: str, label: str, field_type: str = "select", *, references: str = "", hidden: bool = False
) -> Iterator[Definition]:
    """Yield the one property whose options HubSpot keeps elsewhere, so that they are not checked."""
    yield Definition(
        name,
        label,
        "enumeration",
        field_type,
        external_options=True,
        references=references,
        hidden=hidden,
    )


def worked_out(rows: Mapping[str, tuple[str, str, str]]) -> Iterator[Definition]:
    """Yield properties that only HubSpot sets.

    :param rows: property → label, type, field type.
    """
    for name, (label, kind, field_type) in rows.items():
        yield Definition(
            name,
            label,
            kind,
            field_type,
            options=_options(YES_NO) if field_type == "booleancheckbox" else (),
            external_options=field_type == "checkbox",
            read_only=True,
            form_field=False,
        )


def _options(choices: Choices) -> tuple[Option, ...]:
    return tuple(Option(label, value, place) for place, (value, label) in enumerate(choices))
