# SPDX-License-Identifier: Apache-2.0
"""What HubSpot works out for a record, as far as its answers always show it.

These values are not kept with the record: they follow from what is. A value that is kept, such as a seed's,
counts instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from airflow_provider_hubcontact.sandbox.crm.properties.defaults import STAGES
from airflow_provider_hubcontact.sandbox.crm.record import Record
from airflow_provider_hubcontact.sandbox.crm.times import iso

STAGE = "lifecyclestage"
AT_THE_START: Mapping[str, str] = {
    "hs_associated_target_accounts": "0",
    "hs_currently_enrolled_in_prospecting_agent": "false",
    "hs_is_contact": "true",
    "hs_is_unworked": "true",
    "hs_membership_has_accessed_private_content": "0",
    "hs_pipeline": "contacts-lifecycle-pipeline",
    "hs_prospecting_agent_actively_enrolled_count": "0",
    "hs_prospecting_agent_total_enrolled_count": "0",
    "hs_registered_member": "0",
    "hs_sequences_actively_enrolled_count": "0",
    "num_notes": "0",
}
"""Property → the value of a contact with which nothing has been done yet (F)."""


Derived = Mapping[str, Callable[[Record], str]]
"""Property → works out its value, or "" if it has no value."""


def value_of(derived: Derived, record: Record, name: str) -> str | None:
    """Return the value of a property, kept or worked out; None if the record never had one.

    :param derived: the properties of its type that are worked out.
    """
    kept = record.properties.get(name)
    if kept is not None or name not in derived:
        return kept
    return derived[name](record) or None


def values_of(derived: Derived, record: Record, names: Iterable[str]) -> dict[str, str | None]:
    """Return property → value, as :func:`value_of` does."""
    kept = record.properties
    values: dict[str, str | None] = {name: kept.get(name) for name in names}
    for name in derived.keys() & values.keys():
        values[name] = value_of(derived, record, name)
    return values


def entered(contact: Record, stage: str) -> int | None:
    """Return when a contact last came to a lifecycle stage, in milliseconds since 1970."""
    for write in reversed(contact.writes):
        if write.values.get(STAGE) == stage:
            return write.timestamps.get(STAGE, write.timestamp)
    return None


def _domain(contact: Record) -> str:
    return contact.properties.get("email", "").rpartition("@")[2]


def _full_name(contact: Record) -> str:
    parts = (contact.properties.get("firstname"), contact.properties.get("lastname"))
    return " ".join(part for part in parts if part) or contact.properties.get("email", "")


def _phone(contact: Record) -> str:
    return re.sub(r"\D", "", contact.properties.get("phone", ""), flags=re.ASCII)


def _entered(stage: str, contact: Record) -> str:
    moment = entered(contact, stage)
    return "" if moment is None else iso(moment)


def _at_the_start(name: str, _: Record) -> str:
    return AT_THE_START[name]


OF_A_CONTACT: Derived = {
    **{name: partial(_at_the_start, name) for name in AT_THE_START},
    **{f"hs_lifecyclestage_{stage}_date": partial(_entered, stage) for stage, _ in STAGES},
    "hs_all_contact_vids": lambda contact: ";".join([contact.id, *contact.merged_ids]),
    "hs_email_domain": _domain,
    "hs_full_name_or_email": _full_name,
    "hs_object_source_label": lambda contact: contact.properties.get("hs_object_source", ""),
    "hs_searchable_calculated_phone_number": _phone,
    "hs_v2_date_entered_current_stage": lambda each: _entered(each.properties.get(STAGE, ""), each),
    "hs_v2_time_in_current_stage": lambda each: _entered(each.properties.get(STAGE, ""), each),
}
"""What is worked out for a contact (F)."""

OF_A_COMPANY: Derived = {
    "hs_object_source_label": lambda company: company.properties.get("hs_object_source", ""),
}
"""What is worked out for a company (U)."""
