# SPDX-License-Identifier: Apache-2.0
"""What a portal's property definitions allow, as a JSON Schema of the texts that are written."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

import jsonschema_rs

from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result
from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.sync.rows.admin_rules import AdminRule
from airflow_provider_hubcontact.sync.rows.comparison import Kind
from airflow_provider_hubcontact.sync.rows.keys import ADDRESS, RECORD_ID, SECOND_ADDRESSES, addresses_problem
from airflow_provider_hubcontact.sync.rows.portal_document import accepted
from airflow_provider_hubcontact.sync.rows.values import MAX_TEXT_LENGTH
from airflow_provider_hubcontact.words import closest

DRAFT = "https://json-schema.org/draft/2020-12/schema"


MAX_OPTIONS_NAMED = 5


_ADDRESSES_FORMAT = "addresses"


@dataclass(frozen=True, slots=True)
class Property:
    """What a property accepts.

    :param name: internal name.
    :param kind: what its values are.
    :param label: the name that people see.
    :param options: value → label of an enumeration; empty if it accepts any value.
    :param read_only: whether only HubSpot sets it. A new contact can be given second addresses all the same.
    :param rules: the further rules of the portal's admins.
    """

    name: str
    kind: Kind = Kind.TEXT
    label: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    read_only: bool = False
    rules: Sequence[AdminRule] = ()

    def is_settable(self, *, creates: bool) -> bool:
        """Check whether the property can be written at all.

        :param creates: for a contact that does not exist yet.
        """
        return creates if self.name == SECOND_ADDRESSES else not self.read_only

    def schema(self, *, creates: bool = False) -> dict[str, Any]:
        """Return the JSON Schema of the texts that may be written. An empty text clears the property.

        :param creates: for a contact that does not exist yet.
        """
        titled: dict[str, Any] = {"title": self.label} if self.label else {}
        if not self.is_settable(creates=creates):
            return {**titled, "readOnly": True, "not": {}}
        allowed = {"type": "string", **_FORMS.get(self.kind, {})}
        if self.rules:
            allowed["allOf"] = [dict(rule.keywords) for rule in self.rules]
        if self.options and self.kind is Kind.OPTIONS:
            allowed["format"] = self._options_format  # a pattern of many options is too much for an engine
        elif self.options:
            allowed["enum"] = list(self.options)
        return {**titled, "anyOf": [{"const": ""}, allowed]}

    def accepted(self) -> dict[str, Any]:
        """Return the JSON Schema of the values that the sync accepts from a source."""
        titled: dict[str, Any] = {"title": self.label} if self.label else {}
        if self.name == RECORD_ID:  # it may be the key
            return {**titled, "readOnly": True, "type": ["string", "integer"]}
        if not self.is_settable(creates=True):
            return {**titled, "readOnly": True, "not": {}}
        return {**titled, **accepted(self.kind, self.options, [rule.keywords for rule in self.rules])}

    @property
    def formats(self) -> dict[str, Callable[[str], bool]]:
        """Name of each format in the schema → checks whether a text has it."""
        found = {name: holds for rule in self.rules for name, holds in rule.formats.items()}
        if self.kind is Kind.OPTIONS:
            allowed = {"", *self.options}
            found[self._options_format] = lambda value: allowed.issuperset(value.split(";"))
        if self.kind is Kind.ADDRESSES:
            found[_ADDRESSES_FORMAT] = lambda value: addresses_problem(value) is None
        return found

    @property
    def _options_format(self) -> str:
        return f"options-of-{self.name}"

    def explain(self, value: str, *, creates: bool = False) -> str:
        """Return what is wrong with a text that the schema refuses.

        :param creates: for a contact that does not exist yet.
        """
        if not self.is_settable(creates=creates):
            if self.name == SECOND_ADDRESSES:
                return f"HubSpot takes {self.name} of new contacts only: it cannot be written"
            return f"HubSpot sets {self.name} itself: it cannot be written"
        if self.kind is Kind.ADDRESSES and (problem := addresses_problem(value)):
            return f"{self.name}: {problem}"
        form = {"type": "string", **_FORMS.get(self.kind, {})}
        if _is_valid(form, value):
            for rule in self.rules:
                if not _is_valid(rule.keywords, value, rule.formats):
                    return f"{self.name}: {_shown(value)} breaks the portal's rule: {rule.says}"
        if not self.options:
            what = _NAMES.get(self.kind, "a value that the portal's rules allow")
            return f"{self.name}: {_shown(value)} is not {what}"
        parts = [part for part in value.split(";") if part] if self.kind is Kind.OPTIONS else [value]
        wrong = next((part for part in parts if part not in self.options), value)
        return f"{self.name}: {_json_list(value) or self._nearest(wrong)}"

    def _nearest(self, value: str) -> str:
        by_label = {label.casefold(): option for option, label in self.options.items()}
        if (meant := by_label.get(value.strip().casefold())) is not None:
            return f"{_shown(value)} is a label; the value is {_shown(meant)}"
        called = {option: option for option in self.options} | by_label
        if meant := closest(value.strip(), called):
            return f"{_shown(value)} is not an option; the nearest is {_shown(called[meant])}"
        named = ", ".join(map(_shown, list(self.options)[:MAX_OPTIONS_NAMED]))
        more = ", …" if len(self.options) > MAX_OPTIONS_NAMED else ""
        return f"{_shown(value)} is not an option; the options are {named}{more}"


class PortalSchema:
    """Checks records against the properties of a portal.

    :param properties: all properties of the portal.
    """

    def __init__(self, properties: Iterable[Property]) -> None:
        self._properties = {each.name: each for each in properties}

    @cached_property
    def _of_updates(self) -> jsonschema_rs.Validator:
        """The compiled schema; made for the first record, since names are looked up without it."""
        return self._compiled(creates=False)

    @cached_property
    def _of_creations(self) -> jsonschema_rs.Validator:
        return self._compiled(creates=True)

    def _compiled(self, *, creates: bool) -> jsonschema_rs.Validator:
        formats = {name: holds for each in self._properties.values() for name, holds in each.formats.items()}
        texts = {
            "$schema": DRAFT,
            "type": "object",
            "properties": {name: each.schema(creates=creates) for name, each in self._properties.items()},
            "additionalProperties": False,
        }
        return jsonschema_rs.validator_for(texts, formats=formats, validate_formats=True)

    @property
    def document(self) -> dict[str, Any]:
        """The JSON Schema (draft 2020-12) of records as they come from a source.

        It allows other names, too, since the key may have the name of its column.
        """
        return {
            "$schema": DRAFT,
            "type": "object",
            "properties": {name: each.accepted() for name, each in self._properties.items()},
        }

    def check(self, record: Record, values: Mapping[str, str], *, creates: bool = False) -> Result | None:
        """Check what is to be written for a record.

        :param record: the record.
        :param values: property → text.
        :param creates: whether it is for a contact that does not exist yet.
        :return: None if the portal's definitions allow the values, else an ``invalid`` result.
        """
        # Only second addresses make a difference, which few records have.
        creates = creates and SECOND_ADDRESSES in values
        validator = self._of_creations if creates else self._of_updates
        if validator.is_valid(dict(values)):
            return None
        wrong = {
            name: self._explained(name, value, creates=creates)
            for name, value in values.items()
            if not validator.is_valid({name: value})
        }
        return Result(
            record.row,
            record.key,
            Outcome.INVALID,
            category="PORTAL_SCHEMA",
            reason="; ".join(wrong.values()),
            properties=tuple(wrong),
        )

    def missing(self, names: Iterable[str]) -> dict[str, str | None]:
        """Return the names that are no property of the portal, each with the closest property, if any."""
        unknown = [name for name in dict.fromkeys(names) if name not in self._properties]
        return {name: self._closest(name) for name in unknown}

    def _explained(self, name: str, value: str, *, creates: bool) -> str:
        known = self._properties.get(name)
        if known is not None:
            return known.explain(value, creates=creates)
        meant = self._closest(name)
        return f"the portal has no property {name}" + (f"; the nearest is {meant}" if meant else "")

    def _closest(self, name: str) -> str | None:
        labels = {each.label: each.name for each in self._properties.values() if each.label}
        called = {each: each for each in self._properties} | labels
        meant = closest(name, called)
        return called[meant] if meant else None


_FORMS: Mapping[Kind, Mapping[str, Any]] = {
    Kind.TEXT: {"maxLength": MAX_TEXT_LENGTH},
    Kind.EMAIL: {"pattern": ADDRESS},
    Kind.ADDRESSES: {"format": _ADDRESSES_FORMAT},
    Kind.NUMBER: {"pattern": r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)$"},
    Kind.DATE: {"anyOf": [{"format": "date"}, {"pattern": r"^-?[0-9]{1,18}$"}]},
    Kind.DATETIME: {
        "pattern": (
            r"^(-?[0-9]{1,18}|[0-9]{4}-[0-9]{2}-[0-9]{2}"
            r"(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?)$"
        )
    },
    Kind.BOOLEAN: {"enum": ["true", "false"]},
}
"""Kind → the schema of its texts ("Properties" guide; "Error handling")."""


_NAMES: Mapping[Kind, str] = {
    Kind.TEXT: "a text that a property can hold",
    Kind.EMAIL: "an e-mail address",
    Kind.ADDRESSES: "a list of e-mail addresses",
    Kind.NUMBER: "a number",
    Kind.DATE: "a date",
    Kind.DATETIME: "a time",
    Kind.BOOLEAN: "true or false",
}


def _is_valid(
    schema: Mapping[str, Any], value: str, formats: Mapping[str, Any] = MappingProxyType({})
) -> bool:
    return jsonschema_rs.validator_for(dict(schema), formats=dict(formats), validate_formats=True).is_valid(
        value
    )


def _json_list(value: str) -> str | None:
    """Explain that a value is the JSON text of a list, which Snowflake makes of arrays. None if it is not."""
    if not value.lstrip().startswith("["):
        return None
    try:
        items = json.loads(value)
    except (ValueError, RecursionError):
        return None
    if not isinstance(items, list):
        return None
    return (
        f"{_shown(value)} is the JSON text of a list: send a list, set values=Values(json_lists=True), or "
        "send options with semicolons between them (in Snowflake ARRAY_TO_STRING(…, ';'))"
    )


def _shown(value: str, length: int = 80) -> str:
    return f"`{value if len(value) <= length else value[:length] + '…'}`"
