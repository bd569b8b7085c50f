# SPDX-License-Identifier: Apache-2.0
"""Explains how a document breaks a JSON Schema, in the same words for both engines.

The words quote the values of the rule, never those of the document, since they get into logs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, NamedTuple

from airflow_provider_hubcontact.printable import printable

MAX_EXPECTED_LENGTH = 200
"""Characters that are shown of what a rule expects."""


NOT_ALLOWED = "false"
"""Takes the place of a keyword if the schema is just ``false``."""


class Problem(NamedTuple):
    """A rule that a document breaks.

    :param path: the place in the document.
    :param keyword: the rule.
    :param expected: what the rule asks for, if it can be told.
    :param names: properties that are missing, or that are not allowed.
    """

    path: tuple[str | int, ...]
    keyword: str
    expected: str = ""
    names: tuple[str, ...] = ()

    @property
    def says(self) -> str:
        """What the document must satisfy, and by which rule."""
        rule = _WORDS.get(self.keyword)
        if self.names:
            must = "must not have {}" if self.keyword in _TOO_MANY else "must have {}"
            text = must.format(_cut(", ".join(self.names)))
        elif callable(rule):
            text = rule(self.expected) if self.expected else "takes too long to check"
        else:
            text = rule or f"must satisfy {self.expected or 'the rule'}"
        return f"{text} ({self.keyword})"

    @property
    def properties(self) -> tuple[str, ...]:
        """The properties of the document that the problem is about."""
        return (str(self.path[0]),) if self.path else self.names


def _amount(unit: str, bound: str) -> Callable[[str], str]:
    return lambda limit: f"must be at {bound} {limit} {unit}{'' if limit == '1' else 's'}"


def _must(text: str) -> Callable[[str], str]:
    return lambda expected: f"must {text} {expected}"


_TOO_MANY = {"additionalProperties", "unevaluatedProperties"}


_WORDS: Mapping[str, str | Callable[[str], str]] = {
    "type": _must("be of type"),
    "enum": _must("be one of"),
    "const": _must("be"),
    "minimum": _must("be at least"),
    "maximum": _must("be at most"),
    "exclusiveMinimum": _must("be more than"),
    "exclusiveMaximum": _must("be less than"),
    "multipleOf": _must("be a multiple of"),
    "minLength": _amount("character", "least"),
    "maxLength": _amount("character", "most"),
    "minItems": _amount("item", "least"),
    "maxItems": _amount("item", "most"),
    "minProperties": lambda limit: f"must have at least {limit} properties",
    "maxProperties": lambda limit: f"must have at most {limit} properties",
    "pattern": _must("match"),
    "format": _must("have the format"),
    "uniqueItems": "must not have the same item twice",
    "contains": "must have an item that the rule asks for",
    "propertyNames": "must not have a property of such a name",
    "anyOf": "must satisfy one of the rules",
    "oneOf": "must satisfy exactly one of the rules",
    "not": "must not satisfy the rule",
    NOT_ALLOWED: "is not allowed",
    **dict.fromkeys(_TOO_MANY, "must have no other properties"),
}


_EXPECTED = ("limit", "multiple_of", "types", "options", "expected_value", "pattern", "format")
"""Attributes in which the compiled engine keeps what a rule asks for."""


def of_compiled(error: Any, document: object) -> Iterator[Problem]:
    """Yield the problem that an error of ``jsonschema_rs`` tells.

    :param error: the error.
    :param document: the document that was validated.
    """
    kind, path = error.kind, tuple(error.instance_path)
    keyword = str(error.schema_path[-1]) if error.schema_path else NOT_ALLOWED
    named = type(kind).__name__.rpartition("_")[2]  # older ones are called ValidationErrorKind_…
    if named == "FalseSchema":
        # Where nothing else is said of any property, it is about all of them, and has no path.
        is_of_all = keyword == "additionalProperties" and path[-1:] != ("additionalProperties",)
        yield (
            Problem(path, keyword, names=_names(_at(document, path)))
            if is_of_all
            else Problem(path, NOT_ALLOWED)
        )
    elif named == "PropertyNames":
        yield Problem(path, "propertyNames")
    elif named == "Required":
        # Beside additionalProperties, it also names properties that are there.
        if kind.property not in _at(document, path):
            yield Problem(path, keyword, names=(str(kind.property),))
    elif named in {"AdditionalProperties", "UnevaluatedProperties"}:
        yield Problem(path, keyword, names=_names(kind.unexpected))
    else:
        expected = next((getattr(kind, name) for name in _EXPECTED if hasattr(kind, name)), None)
        yield Problem(path, keyword, _told(keyword, expected))


def of_interpreted(error: Any, document: object) -> Iterator[Problem]:
    """Yield the problems that an error of ``jsonschema`` tells, one for each missing property.

    :param error: the error.
    :param document: the document that was validated.
    """
    path, keyword = tuple(error.absolute_path), error.validator
    if not isinstance(keyword, str):  # the schema is false, or a validator's author says nothing
        yield Problem(path, NOT_ALLOWED)
        return
    if _is_of_a_name(error, document):
        yield Problem(path, "propertyNames")
        return
    schema = error.schema if isinstance(error.schema, Mapping) else {}
    if keyword in {"minimum", "maximum"} and schema.get(f"exclusive{keyword.capitalize()}") is True:
        keyword = f"exclusive{keyword.capitalize()}"  # draft 4
    if missing := _missing(keyword, error):
        yield from (Problem(path, keyword, names=(name,)) for name in missing)
    elif keyword == "additionalProperties" and isinstance(error.instance, Mapping):
        yield Problem(path, keyword, names=_names(_others(error.instance, schema)))
    else:
        yield Problem(path, keyword, _told(keyword, error.validator_value))


def _is_of_a_name(error: Any, document: object) -> bool:
    """Check whether an error is about the name of a property, and not about a value."""
    if "propertyNames" not in error.absolute_schema_path:
        return False
    return _at(document, error.absolute_path) is not error.instance


def _at(document: Any, path: Iterable[str | int]) -> Any:
    for step in path:
        document = document[step]
    return document


def _names(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(names))


def _missing(keyword: str, error: Any) -> list[str]:
    """Return the properties that a document lacks, if the rule asks for properties."""
    rule, instance = error.validator_value, error.instance
    if not isinstance(instance, Mapping):
        return []
    if keyword == "required" and isinstance(rule, list):
        return _absent(rule, instance)
    if keyword in {"dependentRequired", "dependencies"} and isinstance(rule, Mapping):
        needed = (names for name, names in rule.items() if name in instance and isinstance(names, list))
        return _absent(chain.from_iterable(needed), instance)
    return []


def _absent(names: Iterable[str], instance: Mapping[str, Any]) -> list[str]:
    return [name for name in names if name not in instance]


def _others(instance: Iterable[str], schema: Mapping[str, Any]) -> Iterator[str]:
    known, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    for name in instance:
        if name not in known and not any(re.search(pattern, name) for pattern in patterns):
            yield name


def _told(keyword: str, expected: object) -> str:
    if expected is None and keyword not in {"const", "enum"}:
        return ""
    if keyword == "type":
        types = [expected] if isinstance(expected, str) else list(_several(expected))
        return " or ".join(sorted(map(str, types)))
    if keyword == "enum":
        return _cut(", ".join(map(_shown, _several(expected))))
    if keyword in {"pattern", "format"}:
        return _cut(str(expected))
    return _cut(_shown(expected))


def _several(expected: object) -> Iterable[object]:
    return expected if isinstance(expected, list | tuple) else [expected]


def _shown(value: object) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    return json.dumps(value, ensure_ascii=False, default=str)


def _cut(text: str) -> str:
    return printable(text, MAX_EXPECTED_LENGTH)
