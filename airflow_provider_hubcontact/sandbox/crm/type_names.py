# SPDX-License-Identifier: Apache-2.0
"""The names of HubSpot's object types: plural, singular, type id, in any letter case (F).

HubSpot docs: "Understanding the CRM", object type ids.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from airflow_provider_hubcontact.sandbox.errors.requests import UnknownObjectType

TYPE_ID = re.compile(r"\d{1,10}-\d{1,18}", re.ASCII)

STANDARD: Mapping[str, tuple[str, ...]] = {
    "0-1": ("contacts", "contact"),
    "0-2": ("companies", "company"),
    "0-3": ("deals", "deal"),
    "0-5": ("tickets", "ticket"),
    "0-7": ("products", "product"),
    "0-8": ("line_items", "line_item"),
    "0-14": ("quotes", "quote"),
    "0-18": ("communications", "communication"),
    "0-19": ("feedback_submissions", "feedback_submission"),
    "0-27": ("tasks", "task"),
    "0-46": ("notes", "note"),
    "0-47": ("meetings", "meeting", "meeting_event"),
    "0-48": ("calls", "call"),
    "0-49": ("emails", "email"),
    "0-53": ("invoices", "invoice"),
    "0-54": ("marketing_events", "marketing_event"),
    "0-69": ("subscriptions", "subscription"),
    "0-74": ("goal_targets", "goal_target", "goals"),
    "0-84": ("discounts", "discount"),
    "0-85": ("fees", "fee"),
    "0-86": ("taxes", "tax"),
    "0-101": ("commerce_payments", "commerce_payment", "payments"),
    "0-115": ("users", "user"),
    "0-116": ("postal_mail",),
    "0-123": ("orders", "order"),
    "0-136": ("leads", "lead"),
    "0-142": ("carts", "cart"),
    "0-162": ("services", "service"),
    "0-410": ("courses", "course"),
    "0-420": ("listings", "listing"),
    "0-421": ("appointments", "appointment"),
    "0-970": ("projects", "project"),
}
"""Type id → the type's names, the one of the sandbox's routes first (D)."""

_WITHOUT_A_KNOWN_ID = ("contracts", "partner_clients", "partner_services")
"""Types of hubspot-sdk whose ids are not known (U)."""

_NAMES = {spelling: names[0] for type_id, names in STANDARD.items() for spelling in (type_id, *names)}
_NAMES |= {spelling: name for name in _WITHOUT_A_KNOWN_ID for spelling in (name, name.removesuffix("s"))}


def canonical(spelling: str) -> str | None:
    """Return the name that the sandbox's routes have for an object type.

    :param spelling: any of its names.
    :return: None if HubSpot has no such type, or if it is a custom object, which only its own portal has.
    """
    return _NAMES.get(spelling) or _NAMES.get(spelling.lower())


def recognised(spelling: str) -> str:
    """Return the name that the sandbox's routes have for an object type.

    :param spelling: any of its names.
    :raises UnknownObjectType: if HubSpot has no such type (F).
    """
    name = canonical(spelling)
    if name is None:
        raise unknown(spelling)
    return name


def unknown(spelling: str) -> UnknownObjectType:
    """Return HubSpot's refusal of an object type that it does not have (F)."""
    if TYPE_ID.fullmatch(spelling):
        return UnknownObjectType(f"Invalid object or event type id: {spelling}")
    return UnknownObjectType(f"Unable to infer object type from: {spelling}")
