# SPDX-License-Identifier: Apache-2.0
"""The JSON Schema that is printed for a portal. It describes the values that the sync accepts from a source.

The sync itself checks the texts that it makes of them, and is stricter: a schema cannot recognise a midnight.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from airflow_provider_hubcontact.sync.rows.comparison import Kind
from airflow_provider_hubcontact.sync.rows.keys import ADDRESS
from airflow_provider_hubcontact.sync.rows.values import MAX_TEXT_LENGTH

LONGEST_PATTERN = 10_000
"""The longest pattern in characters; a much longer one is too much for an engine."""


Schema = dict[str, Any]


_BLANKS = r"[\s\x1c-\x1f\x85]*"
"""The blanks that are dropped around a value: all that Python calls so, in the words of any engine."""


_BETWEEN = _BLANKS.replace("]*", ";]")


_NOTHING: list[Schema] = [{"type": "null"}, {"type": "string", "pattern": f"^{_BLANKS}$"}]


def accepted(kind: Kind, options: Iterable[str], rules: Sequence[Mapping[str, Any]]) -> Schema:
    """Return the JSON Schema of the values that a property accepts from a source.

    :param kind: what its values are.
    :param options: the options of an enumeration; empty if it accepts any.
    :param rules: the rules of the portal's admins for its texts, as JSON Schema.
    """
    options = list(options)
    if kind in _ANY_TEXT and not options:
        demanded = {"anyOf": [{"const": ""}, {"allOf": [dict(rule) for rule in rules]}]}
        return {**_ANYTHING, **demanded} if rules else _ANYTHING
    # The rules are about texts, which these values are not yet.
    forms = [*_NOTHING, *(_of_options(options) if kind in _ANY_TEXT else _FORMS[kind])]
    return {"anyOf": [*forms, {"type": "array", "items": {"anyOf": forms}}]}


def _text(pattern: str) -> Schema:
    return {"type": "string", "pattern": f"^{_BLANKS}(?:{pattern}){_BLANKS}$"}


def _of_options(options: Sequence[str]) -> list[Schema]:
    """Return the schemas of one option, and of several with semicolons between them."""
    forms: list[Schema] = [{"type": "string"}]
    if sum(map(len, options)) <= LONGEST_PATTERN:
        one = "|".join(re.escape(option.strip()) for option in options)
        forms = [_text(f"(?:{_BETWEEN}*(?:{one}))?(?:{_BETWEEN}+(?:{one}))*{_BETWEEN}*")]
    if any(_NUMBER.fullmatch(option) for option in options):
        forms.append({"type": "number"})
    if not {"true", "false"}.isdisjoint(options):
        forms.append({"type": "boolean"})
    return forms


_ADDRESS = ADDRESS.removeprefix("^").removesuffix("$")


_NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)


_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"


_TIME = r"[T ][0-9]{2}:[0-9]{2}.*"


_MILLISECONDS = r"-?[0-9]{1,18}"


_ANY_TEXT = frozenset({Kind.TEXT, Kind.UNKNOWN, Kind.OPTION, Kind.OPTIONS})


_SCALAR: Schema = {"type": ["string", "number", "boolean", "null"], "maxLength": MAX_TEXT_LENGTH}


_ANYTHING: Schema = {**_SCALAR, "type": [*_SCALAR["type"], "array"], "items": _SCALAR}


_FORMS: Mapping[Kind, Sequence[Schema]] = {
    Kind.EMAIL: [_text(_ADDRESS)],
    Kind.ADDRESSES: [_text(f"(?:{_BETWEEN}*(?:{_ADDRESS}))?(?:{_BETWEEN}+(?:{_ADDRESS}))*{_BETWEEN}*")],
    Kind.NUMBER: [
        {"type": "number"},
        _text(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?"),
    ],
    Kind.DATE: [{"type": "integer", "multipleOf": 86_400_000}, _text(f"{_DAY}({_TIME})?|{_MILLISECONDS}")],
    Kind.DATETIME: [{"type": "integer"}, _text(f"{_DAY}({_TIME})?|{_MILLISECONDS}")],
    Kind.BOOLEAN: [
        {"enum": [True, False, 0, 1]},
        _text("[tT][rR][uU][eE]|[fF][aA][lL][sS][eE]|0|1"),
    ],
}
"""Kind → the schemas of the forms that a value may have."""
