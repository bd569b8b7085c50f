# SPDX-License-Identifier: Apache-2.0
"""Definitions of contact properties, of all API versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from airflow_provider_hubcontact import LEGACY_API_VERSION
from airflow_provider_hubcontact.client.errors import UnusableAnswer
from airflow_provider_hubcontact.client.transport import Transport, segment


@dataclass(frozen=True, slots=True)
class Option:
    """One value that an enumeration can have.

    :param label: what people see.
    :param value: what is stored.
    :param display_order: its place.
    :param hidden: whether forms leave it out.
    """

    label: str
    value: str
    display_order: int = -1
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class PropertyDefinition:
    """A contact property.

    :param name: internal name.
    :param label: what people see.
    :param type: ``string``, ``number``, ``date``, ``datetime``, ``enumeration`` or ``bool``.
    :param field_type: how it is shown, such as ``text`` or ``checkbox``.
    :param group_name: the group that it belongs to.
    :param description: for people.
    :param options: of an enumeration.
    :param has_unique_value: whether no two contacts have the same value.
    :param read_only: whether HubSpot sets it.
    :param calculated: whether HubSpot computes it.
    :param external_options: the options of an enumeration live elsewhere, as owners do.
    :param references: type of the objects whose ids are its values, such as ``OWNER``; empty for none.
    """

    name: str
    label: str
    type: str = "string"
    field_type: str = "text"
    group_name: str = "contactinformation"
    description: str = ""
    options: tuple[Option, ...] = ()
    has_unique_value: bool = False
    read_only: bool = False
    calculated: bool = False
    external_options: bool = False
    references: str = ""


@dataclass(frozen=True, slots=True)
class ValidationRule:
    """A rule of the portal's admins for a property's values.

    :param type: such as ``MIN_LENGTH``.
    :param arguments: of the rule, as texts.
    """

    type: str
    arguments: tuple[str, ...]


class Properties:
    """Lists, reads and creates property definitions.

    :param transport: makes the calls.
    :param version: an API version; the legacy one has its own properties API.

    HubSpot docs: "Properties" guide; "Create a contact property" (legacy).
    """

    def __init__(self, transport: Transport, version: str) -> None:
        self._transport = transport
        self._legacy = version == LEGACY_API_VERSION
        if self._legacy:
            self._path = "/properties/v1/contacts/properties"
        elif version == "v3":
            self._path = "/crm/v3/properties/contacts"
        else:
            self._path = f"/crm/properties/{version}/contacts"
        dated = version not in {LEGACY_API_VERSION, "v3"}
        self._rules = (
            f"/crm/property-validations/{version}/0-1" if dated else "/crm/v3/property-validations/0-1"
        )

    def list(self) -> tuple[PropertyDefinition, ...]:
        """Return all definitions."""
        body = self._transport.request("GET", self._path, repeatable=True).body
        found = body.get("results") if isinstance(body, dict) else body
        if not isinstance(found, list):
            raise UnusableAnswer("HubSpot answered without a list of properties")
        return tuple(_definition(item) for item in found)

    def rules(self) -> dict[str, tuple[ValidationRule, ...]]:
        """Return the validation rules of the portal's admins, by property.

        Rules that HubSpot applies after it has normalised a value are left out.

        HubSpot docs: "Property validations" guide.
        """
        body = self._transport.request("GET", self._rules, repeatable=True).body
        found = body.get("results") if isinstance(body, dict) else None
        if not isinstance(found, list):
            raise UnusableAnswer("HubSpot answered without a list of validation rules")
        return {
            str(each.get("propertyName")): tuple(_rules_of(each)) for each in found if isinstance(each, dict)
        }

    def get(self, name: str) -> PropertyDefinition:
        """Return one definition.

        :param name: internal name.
        :raises NotFound: if there is no such property.
        """
        path = f"{self._path}/named/{segment(name)}" if self._legacy else f"{self._path}/{segment(name)}"
        return _definition(self._transport.request("GET", path, repeatable=True, may_miss=True).body)

    def create(self, definition: PropertyDefinition) -> PropertyDefinition:
        """Create a property.

        :param definition: its definition.
        :return: the definition as HubSpot stores it.
        :raises Conflict: if a property of this name exists.
        """
        # A second try of one that was carried out is a conflict, which says the same.
        answer = self._transport.request(
            "POST", self._path, json=_wire(definition), repeatable=True, may_miss=True
        )
        return _definition(answer.body)


def _wire(definition: PropertyDefinition) -> dict[str, Any]:
    wire: dict[str, Any] = {
        "name": definition.name,
        "label": definition.label,
        "type": definition.type,
        "fieldType": definition.field_type,
        "groupName": definition.group_name,
        "description": definition.description,
    }
    if definition.options:
        wire["options"] = [
            {
                "label": option.label,
                "value": option.value,
                "displayOrder": option.display_order,
                "hidden": option.hidden,
            }
            for option in definition.options
        ]
    if definition.has_unique_value:
        wire["hasUniqueValue"] = True
    return wire


def _definition(body: Any) -> PropertyDefinition:
    if not isinstance(body, dict) or not isinstance(body.get("name"), str):
        raise UnusableAnswer("HubSpot answered without a property's name")
    metadata = body.get("modificationMetadata")
    metadata = metadata if isinstance(metadata, Mapping) else {}
    listed = body.get("options")
    options = [each for each in listed if isinstance(each, Mapping)] if isinstance(listed, list) else []
    return PropertyDefinition(
        name=body["name"],
        label=_text(body, "label"),
        type=_text(body, "type") or "string",
        field_type=_text(body, "fieldType"),
        group_name=_text(body, "groupName"),
        description=_text(body, "description"),
        options=tuple(map(_option, options)),
        has_unique_value=bool(body.get("hasUniqueValue")),
        read_only=bool(metadata.get("readOnlyValue") or body.get("readOnlyValue")),
        calculated=bool(body.get("calculated")),
        external_options=bool(body.get("externalOptions")),
        references=_text(body, "referencedObjectType"),
    )


def _text(fields: Mapping[str, Any], name: str) -> str:
    return str(fields.get(name) or "")


def _rules_of(body: Mapping[str, Any]) -> Iterator[ValidationRule]:
    listed = body.get("propertyValidationRules")
    for rule in listed if isinstance(listed, list) else ():
        if isinstance(rule, Mapping) and not rule.get("shouldApplyNormalization"):
            arguments = rule.get("ruleArguments")
            texts = tuple(map(str, arguments)) if isinstance(arguments, list) else ()
            yield ValidationRule(str(rule.get("ruleType")), texts)


def _option(option: Mapping[str, Any]) -> Option:
    order = option.get("displayOrder")
    return Option(
        _text(option, "label"),
        _text(option, "value"),
        order if isinstance(order, int) else -1,
        bool(option.get("hidden")),
    )
