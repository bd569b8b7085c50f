# SPDX-License-Identifier: Apache-2.0
"""The object types that the sandbox has: a table, with what is different from type to type.

HubSpot docs: "Understanding the CRM" (type ids), contacts guide, companies guide, "Search the CRM" (words).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from airflow_provider_hubcontact.sandbox.crm.properties import derived, of_companies, of_contacts
from airflow_provider_hubcontact.sandbox.crm.properties.definitions import Definition


@dataclass(frozen=True)
class ObjectType:
    """One type of records.

    :param id: the type id.
    :param plural: the name in paths and scopes.
    :param singular: the name in old paths, and in the texts of refusals.
    :param properties: HubSpot's own properties.
    :param groups: the groups that these properties may be in.
    :param address: the property that identifies records without being unique by its definition, and has
        secondary values; empty for a type without such a property.
    :param merged: the property of which a merge keeps both values, and the property for the further ones.
    :param has_first_stage: whether a new record gets a lifecycle stage.
    :param modified: the properties that hold the time of the last change; answers show the first one.
    :param shown: the properties in the answer to a read that names none.
    :param after_batch_update: the properties in the answer to a batch of updates, besides the written ones.
    :param after_update: the properties in the answer to an update, besides the written ones.
    :param after_create: the properties in the answer to a creation, besides the written ones.
    :param derived: the properties that HubSpot works out.
    :param at_the_start: the values of a record with which nothing has been done yet, as far as answers have
        them.
    :param searched_by_words: the properties that ``query`` of a search looks at.
    """

    id: str
    plural: str
    singular: str
    properties: tuple[Definition, ...]
    groups: tuple[str, ...]
    address: str
    merged: tuple[str, str]
    has_first_stage: bool
    modified: tuple[str, ...]
    shown: tuple[str, ...]
    after_batch_update: tuple[str, ...]
    after_update: tuple[str, ...]
    after_create: tuple[str, ...]
    searched_by_words: tuple[str, ...]
    derived: derived.Derived
    at_the_start: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def untouched(self) -> Mapping[str, str]:
        """The part of ``at_the_start`` in the answer to a batch of updates."""
        return {
            name: self.at_the_start[name] for name in self.after_batch_update if name in self.at_the_start
        }

    @property
    def always(self) -> tuple[str, ...]:
        """The properties in every answer (F), which every record has."""
        return "createdate", "hs_object_id", self.modified[0]

    @property
    def read(self) -> tuple[str, ...]:
        """The scopes of which a call that reads records needs one."""
        return (f"crm.objects.{self.plural}.read",)

    @property
    def write(self) -> tuple[str, ...]:
        """The scopes of which a call that writes records needs one."""
        return (f"crm.objects.{self.plural}.write",)

    @property
    def read_schema(self) -> tuple[str, ...]:
        """The scopes of which a call that reads properties needs one."""
        return f"crm.schemas.{self.plural}.read", *self.read

    @property
    def write_schema(self) -> tuple[str, ...]:
        """The scopes of which a call that changes properties needs one."""
        return (f"crm.schemas.{self.plural}.write",)


_AFTER_BATCH_UPDATE = (
    "createdate",
    "hs_is_unworked",
    "hs_object_id",
    "hs_object_source",
    "hs_object_source_id",
    "hs_pipeline",
    "lastmodifieddate",
    "lifecyclestage",
)
"""Besides these, a batch shows the source's label (F)."""

_AFTER_UPDATE = (
    *_AFTER_BATCH_UPDATE,
    "hs_email_domain",
    "hs_full_name_or_email",
    "hs_is_contact",
    "hs_object_source_label",
    "hs_v2_date_entered_current_stage",
    "hs_v2_time_in_current_stage",
)
_AFTER_CREATE = (
    *_AFTER_UPDATE,
    *derived.AT_THE_START,
    "email",
    "hs_all_contact_vids",
    "hs_searchable_calculated_phone_number",
)
_COMPANY_AFTER_WRITE = (
    "createdate",
    "hs_lastmodifieddate",
    "hs_object_id",
    "hs_object_source",
    "hs_object_source_id",
    "hs_object_source_label",
)

CONTACTS = ObjectType(
    id="0-1",
    plural="contacts",
    singular="contact",
    properties=of_contacts.PROPERTIES,
    groups=of_contacts.GROUPS,
    address="email",
    merged=("email", "hs_additional_emails"),
    has_first_stage=True,
    modified=("lastmodifieddate", "hs_lastmodifieddate"),
    shown=("createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname"),
    after_batch_update=_AFTER_BATCH_UPDATE,
    after_update=_AFTER_UPDATE,
    after_create=_AFTER_CREATE,
    derived=derived.OF_A_CONTACT,
    at_the_start=derived.AT_THE_START,
    searched_by_words=(
        "firstname",
        "lastname",
        "email",
        "phone",
        "hs_additional_emails",
        "fax",
        "mobilephone",
        "company",
    ),
)
COMPANIES = ObjectType(
    id="0-2",
    plural="companies",
    singular="company",
    properties=of_companies.PROPERTIES,
    groups=of_companies.GROUPS,
    address="",
    merged=("domain", "hs_additional_domains"),
    has_first_stage=False,
    modified=("hs_lastmodifieddate",),
    shown=("createdate", "domain", "hs_lastmodifieddate", "hs_object_id", "name"),
    after_batch_update=_COMPANY_AFTER_WRITE,
    after_update=_COMPANY_AFTER_WRITE,
    after_create=_COMPANY_AFTER_WRITE,
    derived=derived.OF_A_COMPANY,
    searched_by_words=("website", "phone", "name", "domain"),
)
TYPES = (CONTACTS, COMPANIES)


def named(name: str) -> ObjectType | None:
    """Find a type by its id, its plural or its singular; None if the sandbox does not have it."""
    return next((each for each in TYPES if name in (each.id, each.plural, each.singular)), None)
