# SPDX-License-Identifier: Apache-2.0
"""Reads the portal's properties: its stages, kinds of values, and the properties that it lacks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, NamedTuple

from airflow_provider_hubcontact.client.errors import ConfigurationError, Conflict, Forbidden, HubSpotError
from airflow_provider_hubcontact.client.properties import (
    Option,
    Properties,
    PropertyDefinition,
    ValidationRule,
)
from airflow_provider_hubcontact.printable import printable_logger
from airflow_provider_hubcontact.sync.decide.lifecycle import STAGE, Stages
from airflow_provider_hubcontact.sync.rows.admin_rules import AdminRule
from airflow_provider_hubcontact.sync.rows.comparison import Kind, kind_of
from airflow_provider_hubcontact.sync.rows.portal_schema import PortalSchema, Property

log = printable_logger(__name__)

OWNER_ID = "hubspot_owner_id"
"""HubSpot's own property for the owner of a contact."""


OWNER = "OWNER"
"""What a definition says whose values are owners."""


FIELD_TYPES: Mapping[str, str] = {
    "string": "text",
    "number": "number",
    "date": "date",
    "datetime": "date",
    "enumeration": "select",
    "bool": "booleancheckbox",
}
"""HubSpot type → the field type to show it with ("Properties" guide, valid pairs)."""


class Portal(NamedTuple):
    """What the portal's property definitions say.

    :param stages: its lifecycle stages, which may be renamed or reordered.
    :param kinds: property → what its values are.
    :param definitions: name → definition of all properties; None if they cannot be read.
    :param rules: property → rules of the portal's admins.
    :param may_pass: whether another try may read definitions that cannot be read now.
    """

    stages: Stages
    kinds: Mapping[str, Kind] = MappingProxyType({})
    definitions: Mapping[str, PropertyDefinition] | None = None
    rules: Mapping[str, tuple[ValidationRule, ...]] = MappingProxyType({})
    may_pass: bool = False

    @property
    def padded(self) -> dict[str, frozenset[str]]:
        """Property → those of its options that begin or end in a blank, which is part of them."""
        options = {
            name: frozenset(each.value for each in definition.options if each.value != each.value.strip())
            for name, definition in (self.definitions or {}).items()
        }
        return {name: values for name, values in options.items() if values}

    @property
    def of_owners(self) -> frozenset[str]:
        """The properties whose values are owners, and that can be written."""
        definitions = (self.definitions or {}).values()
        others = {each.name for each in definitions if each.references == OWNER and not each.read_only}
        return frozenset({OWNER_ID, *others})

    def schema(self, more: Iterable[PropertyDefinition] = ()) -> PortalSchema | None:
        """Return the schema of what the portal allows; None if that is not known.

        :param more: properties that the portal has besides, or is to have.
        """
        if self.definitions is None:
            return None
        return PortalSchema(
            property_of(each, self.rules.get(each.name, ())) for each in (*self.definitions.values(), *more)
        )


def portal_of(properties: Properties, *, rules: bool = False) -> Portal:
    """Ask for the portal's property definitions, with one call.

    :param rules: ask for the rules of the portal's admins too, with another call.
    :return: HubSpot's own stages and nothing else if the token may not read them; no stages if they cannot
        be read now, so that no stage is judged by a wrong order.
    :raises ConfigurationError: if the connection does not lead to HubSpot.
    """
    try:
        definitions = {definition.name: definition for definition in properties.list()}
    except ConfigurationError:
        raise
    except Forbidden as error:
        log.warning(
            "The token may not read the portal's properties: HubSpot checks the values, and its default "
            "stages are used: %s",
            error,
        )
        return Portal(Stages.default())
    except HubSpotError as error:
        log.warning("The portal's properties cannot be read: %s", error)
        return Portal(Stages.of(()), may_pass=error.retryable)
    if not definitions:
        log.warning("HubSpot lists no properties at all, so values are not checked.")
        return Portal(Stages.of(()))
    kinds = {name: kind_of(name, each.type, each.field_type) for name, each in definitions.items()}
    demanded = _rules(properties) if rules else {}
    if STAGE not in definitions:
        return Portal(Stages.default(), kinds, definitions, demanded)
    options = sorted(definitions[STAGE].options, key=lambda option: option.display_order)
    return Portal(Stages.of([option.value for option in options]), kinds, definitions, demanded)


def _rules(properties: Properties) -> dict[str, tuple[ValidationRule, ...]]:
    try:
        return properties.rules()
    except HubSpotError as error:
        log.info(
            "The validation rules of the portal's admins cannot be read, so HubSpot checks them: %s", error
        )
        return {}


def property_of(definition: PropertyDefinition, rules: Iterable[ValidationRule] = ()) -> Property:
    """Return what a definition and the admins' rules say of a property's values.

    :param definition: of the property.
    :param rules: of the portal's admins.
    """
    return Property(
        definition.name,
        kind_of(definition.name, definition.type, definition.field_type),
        definition.label,
        {} if definition.external_options else {each.value: each.label for each in definition.options},
        definition.read_only or definition.calculated,
        tuple(filter(None, (AdminRule.of(rule.type, rule.arguments) for rule in rules))),
    )


def create_missing(
    properties: Properties, definitions: Iterable[PropertyDefinition], *, dry_run: bool = False
) -> list[str]:
    """Create properties.

    :param properties: the portal's.
    :param dry_run: create nothing.
    :return: the names of those created now, or that would be; another worker may be first.
    :raises StatusError: if HubSpot refuses one.

    HubSpot docs: "Properties" guide.
    """
    created = []
    for definition in definitions:
        try:
            if not dry_run:
                properties.create(definition)
        except Conflict:
            continue
        created.append(definition.name)
    return created


def missing(
    columns: Iterable[tuple[str, object]],
    wanted: bool | Mapping[str, Mapping[str, Any]],
    existing: Iterable[str],
    schema: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
) -> dict[str, PropertyDefinition]:
    """Define the properties that are wanted and do not exist.

    :param columns: (property, value) pairs of the first records, whose types count where ``schema`` says
        nothing; a database's driver gives every SQL type its own.
    :param wanted: True for all of them, or name → definition (``label``, ``type``, ``fieldType``,
        ``groupName``, ``options``) for just these.
    :param existing: names of the properties that the portal has.
    :param schema: property → what a JSON Schema says of it.
    """
    if isinstance(wanted, Mapping):
        definitions = {name: _defined(name, settings) for name, settings in wanted.items()}
    else:
        values: dict[str, object] = {}
        for name, value in columns:
            if isinstance(name, str) and values.get(name) is None:
                values[name] = value
        definitions = {
            name: _from_schema(name, schema[name], value) if name in schema else _guessed(name, value)
            for name, value in values.items()
        }
    known = set(existing)
    return {name: definition for name, definition in definitions.items() if name not in known}


def _defined(name: str, settings: Mapping[str, Any]) -> PropertyDefinition:
    kind = settings.get("type", "string")
    named = [{"value": each} if isinstance(each, str) else each for each in settings.get("options", ())]
    options = tuple(
        Option(option.get("label", option["value"]), option["value"], position)
        for position, option in enumerate(named)
    )
    return PropertyDefinition(
        name=name,
        label=settings.get("label", _label(name)),
        type=kind,
        field_type=settings.get("fieldType", FIELD_TYPES.get(kind, "text")),
        group_name=settings.get("groupName", "contactinformation"),
        description=settings.get("description", ""),
        options=options,
    )


def settings_of(definition: PropertyDefinition) -> dict[str, Any]:
    """Return a definition as ``create_properties`` takes it.

    :param definition: of the property.
    """
    return {
        "label": definition.label,
        "type": definition.type,
        "fieldType": definition.field_type,
        "groupName": definition.group_name,
        "description": definition.description,
        "options": [{"label": each.label, "value": each.value} for each in definition.options],
    }


def _from_schema(name: str, told: Mapping[str, Any], value: object) -> PropertyDefinition:
    """Define a property from its JSON Schema; ``title`` is its label.

    :param told: the property's part of the schema.
    :param value: one of the property's, whose type counts where the schema names none.
    """
    texts = {key: told[key] for key in ("label", "description") if isinstance(told.get(key), str)}
    if isinstance(told.get("title"), str):
        texts["label"] = told["title"]
    if (options := _options(told)) is not None:
        return _defined(name, {**texts, "type": "enumeration", **options})
    kind = _type(told)
    if kind == "boolean":
        return replace(_guessed(name, True), **texts)
    return _defined(name, {**texts, "type": kind}) if kind else replace(_guessed(name, value), **texts)


def _options(told: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return field type and options of an enumeration; None if the schema does not describe one."""
    items = told.get("items")
    several = items if told.get("type") == "array" and isinstance(items, Mapping) else None
    allowed = (told if several is None else several).get("enum")
    if not isinstance(allowed, list):
        return None
    options = [each for each in allowed if isinstance(each, str) and each]
    return {"fieldType": "select" if several is None else "checkbox", "options": options}


def _type(told: Mapping[str, Any]) -> str | None:
    """Return HubSpot's type of what a schema describes; ``boolean`` for a yes or no."""
    named = told.get("type")
    types = [each for each in (named if isinstance(named, list) else [named]) if each != "null"]
    return _OF_FORMATS.get(str(told.get("format"))) or (_OF_TYPES.get(str(types[0])) if types else None)


_OF_FORMATS = {"date": "date", "date-time": "datetime"}


_OF_TYPES = {"string": "string", "number": "number", "integer": "number", "boolean": "boolean"}
"""JSON Schema → HubSpot's type."""


def _guessed(name: str, value: object) -> PropertyDefinition:
    if isinstance(value, bool):
        yes_no = (Option("Yes", "true", 0), Option("No", "false", 1))
        return PropertyDefinition(name, _label(name), "enumeration", "booleancheckbox", options=yes_no)
    kinds = ((int | float | Decimal, "number"), (datetime, "datetime"), (date, "date"))
    kind = next((kind for types, kind in kinds if isinstance(value, types)), "string")
    return PropertyDefinition(name, _label(name), kind, FIELD_TYPES[kind])


def _label(name: str) -> str:
    return name.replace("_", " ").capitalize()
