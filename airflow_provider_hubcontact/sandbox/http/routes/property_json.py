# SPDX-License-Identifier: Apache-2.0
"""Property definitions in JSON, of v3, the dated versions and v1.

HubSpot docs: "Properties" guide; legacy API, "Create a contact property".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from airflow_provider_hubcontact.sandbox.crm.properties.definitions import FIELD_TYPES, Definition, Option
from airflow_provider_hubcontact.sandbox.crm.records.collection import Collection
from airflow_provider_hubcontact.sandbox.crm.times import iso
from airflow_provider_hubcontact.sandbox.errors.own import NotEmulated
from airflow_provider_hubcontact.sandbox.errors.refusal import Json
from airflow_provider_hubcontact.sandbox.errors.requests import InvalidInput
from airflow_provider_hubcontact.sandbox.http.routing import array, mapping, required, text

MAX_NAME = 100
NON_SENSITIVE = "non_sensitive"
USER_ID = "1"
_OF_THE_WRITE = frozenset({"archived", "createdAt", "createdUserId", "updatedAt", "updatedUserId"})
_NAME = re.compile(r"[a-z][a-z0-9_]*")


def shown(definition: Definition) -> Json:
    """Return a definition in the form of v3 and the dated versions (F)."""
    own = not definition.hubspot_defined
    body: Json = {
        "name": definition.name,
        "label": definition.label,
        "type": definition.type,
        "fieldType": definition.field_type,
        "description": definition.description,
        "groupName": definition.group,
        "options": [_option(option) for option in definition.options],
        "displayOrder": definition.display_order,
        "calculated": bool(definition.formula),
        "externalOptions": definition.external_options,
        "hasUniqueValue": definition.unique,
        "hidden": definition.hidden,
        "modificationMetadata": {
            "archivable": own,
            "readOnlyDefinition": not own,
            "readOnlyValue": definition.read_only,
        },
        "formField": definition.form_field,
        "dataSensitivity": NON_SENSITIVE,
    }
    if definition.formula:
        body["calculationFormula"] = definition.formula
    if definition.references:
        body["referencedObjectType"] = definition.references
    if not own:
        return {"hubspotDefined": True, **body}
    body = {
        "createdAt": iso(definition.created_at),
        "updatedAt": iso(definition.updated_at),
        "createdUserId": USER_ID,
        "updatedUserId": USER_ID,
        **body,
    }
    if definition.archived_at:
        return {**body, "archived": True, "archivedAt": iso(definition.archived_at)}
    return {**body, "archived": False}


def shown_created(definition: Definition) -> Json:
    """Return a definition in the form of the answer to a batch of creations, which has no times (F)."""
    whole = shown(definition)
    return {name: value for name, value in whole.items() if name not in _OF_THE_WRITE}


def shown_v1(definition: Definition) -> Json:
    """Return a definition in v1's form (D)."""
    return {
        "name": definition.name,
        "label": definition.label,
        "description": definition.description,
        "groupName": definition.group,
        "type": definition.type,
        "fieldType": definition.field_type,
        "options": [
            {**_option(option), "readOnly": False, "doubleData": 0.0} for option in definition.options
        ],
        "displayOrder": definition.display_order,
        "formField": definition.form_field,
        "readOnlyValue": definition.read_only,
        "readOnlyDefinition": definition.hubspot_defined,
        "hidden": definition.hidden,
        "mutableDefinitionNotDeletable": False,
        "favorited": False,
        "favoritedOrder": -1,
        "calculated": False,
        "externalOptions": definition.external_options,
        "displayMode": "current_value",
        "deleted": False,
        "hubspotDefined": definition.hubspot_defined,
        "createdAt": definition.created_at,
        "updatedAt": definition.updated_at,
        "createdUserId": None,
        "updatedUserId": None,
    }


def _option(option: Option) -> Json:
    return {
        "label": option.label,
        "value": option.value,
        "description": option.description,
        "displayOrder": option.display_order,
        "hidden": option.hidden,
    }


def read_definition(collection: Collection, body: Mapping[str, Any]) -> Definition:
    """Read a new definition. What it needs is documented; the texts of refusals are ours (U).

    An enumeration needs options (S), unless they live elsewhere or are computed.

    :raises Refused: if it is not valid.
    """
    required(body, "name", "label", "type", "fieldType", "groupName")
    name, label, kind, field_type, group = (
        text(body[key]) for key in ("name", "label", "type", "fieldType", "groupName")
    )
    if not _NAME.fullmatch(name) or len(name) > MAX_NAME:
        raise InvalidInput(
            f"The name {name[:MAX_NAME]!r} is not valid for a property: lower-case letters, digits and "
            f"underscores, a letter first, at most {MAX_NAME}."
        )
    if body.get("dataSensitivity") not in (None, NON_SENSITIVE):
        raise NotEmulated("sensitive properties (dataSensitivity)", "a property that is non_sensitive")
    external = body.get("externalOptions") is True
    formula = text(body.get("calculationFormula"))
    options = _options(body.get("options") or [])
    if kind == "enumeration" and field_type != "calculation_equation" and not (options or external):
        raise InvalidInput(f"The property {name} is an enumeration and needs options.")
    return Definition(
        name,
        label,
        kind,
        _field_type(field_type, kind),
        _group(group, collection),
        options,
        external_options=external,
        references=text(body.get("referencedObjectType")),
        formula=formula,
        read_only=field_type == "calculation_equation",
        unique=body.get("hasUniqueValue") is True,
        hidden=body.get("hidden") is True,
        form_field=body.get("formField") is True,  # (F)
        description=text(body.get("description")),
        display_order=_order(body, -1),
    )


def changed(collection: Collection, definition: Definition, body: Mapping[str, Any]) -> Definition:
    """Return a definition with changes. Options replace the whole list (T); unknown keys are ignored.

    Of HubSpot's own properties, only the options can be changed (U).

    :raises Refused: if a change is not valid.
    """
    changes = {
        name: read(collection, definition, body[key])
        for key, (name, read) in _CHANGES.items()
        if body.get(key) is not None
    }
    if definition.hubspot_defined and changes.keys() - {"options"}:
        raise InvalidInput(f"The definition of {definition.name} is HubSpot's; its options alone can change.")
    if body.get("type") not in (None, definition.type):
        raise InvalidInput(f"The type of {definition.name} is {definition.type}, and cannot change.")
    return replace(definition, **changes)


def _field_type(field_type: str, kind: str) -> str:
    if field_type not in FIELD_TYPES.get(kind, frozenset()):
        raise InvalidInput(f"The field type {field_type[:50]!r} does not go with the type {kind[:50]!r}.")
    return field_type


def _group(name: str, collection: Collection) -> str:
    if name not in collection.groups:
        raise InvalidInput(f"There is no property group {name[:50]!r}.")
    return name


def _options(value: object) -> tuple[Option, ...]:
    return _unlike([_read_option(mapping(each), place) for place, each in enumerate(array(value))])


def _read_option(body: Mapping[str, Any], place: int) -> Option:
    required(body, "label", "value")
    return Option(
        text(body["label"]),
        text(body["value"]),
        _order(body, place),
        hidden=body.get("hidden") is True,
        description=text(body.get("description")),
    )


def _unlike(options: Sequence[Option]) -> tuple[Option, ...]:
    values = [option.value for option in options]
    if len(set(values)) < len(values):
        raise InvalidInput("Two options have the same value.")
    if any(";" in value for value in values):
        raise InvalidInput("An option's value holds a semicolon, which separates options.")
    return tuple(options)


def _order(body: Mapping[str, Any], default: int) -> int:
    order = body.get("displayOrder")
    return order if type(order) is int else default


_CHANGES: Mapping[str, tuple[str, Callable[[Collection, Definition, object], Any]]] = {
    "label": ("label", lambda _, __, value: text(value)),
    "description": ("description", lambda _, __, value: text(value)),
    "hidden": ("hidden", lambda _, __, value: value is True),
    "formField": ("form_field", lambda _, __, value: value is not False),
    "fieldType": ("field_type", lambda _, definition, value: _field_type(text(value), definition.type)),
    "groupName": ("group", lambda collection, _, value: _group(text(value), collection)),
    "displayOrder": ("display_order", lambda _, __, value: _order({"displayOrder": value}, -1)),
    "options": ("options", lambda _, __, value: _options(value)),
    "calculationFormula": ("formula", lambda _, __, value: text(value)),
}
"""Key of a body → the field that it changes, and how it is read."""
