# SPDX-License-Identifier: Apache-2.0
"""Reduces an answer to what two portals can be compared by, and tells where two answers differ."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any, NamedTuple

from tests.contract.answers import Answer, Exchange

CODES = {"category", "subCategory", "code", "errorType", "policyName", "error", "status", "state"}
"""Keys whose values programs compare."""

TEXTS = {"message", "error_description", "localizedErrorMessage"}
KINDS = {str: "text", bool: "boolean", int: "number", float: "number", type(None): "null"}
ABSENT = "—"

_ID = re.compile(r"9000000000\d{5}")
_OPTIONS = re.compile(r"(allowed options: )\[.*?\](?=[\"\\]|$)", re.DOTALL)


class Difference(NamedTuple):
    """One thing in which two answers to the same call differ.

    :param aspect: status, headers, keys, category, text or values.
    :param here: what only the first one has.
    """

    scenario: str
    call: str
    aspect: str
    here: str
    there: str


class Shape(NamedTuple):
    """What is compared of an answer, each as a set of lines."""

    status: frozenset[str]
    headers: frozenset[str]
    keys: frozenset[str]
    category: frozenset[str]
    text: frozenset[str]
    values: frozenset[str]


def shape(exchange: Exchange) -> Shape:
    """Reduce the answer of a scrubbed exchange."""
    answer = exchange.answer
    leaves = list(_leaves("", answer.body))
    return Shape(
        frozenset({str(answer.status)}),
        frozenset(_headers(answer)),
        frozenset(f"{path or 'body'}: {_kind(value)}" for path, value in leaves),
        frozenset(f"{path}={value}" for path, value in leaves if _last(path) in CODES),
        frozenset(f"{path}: {masked(str(value))}" for path, value in leaves if _last(path) in TEXTS),
        frozenset(f"{path}={_ID.sub('<id>', str(picked(answer.body, path)))}" for path in exchange.values),
    )


def differences(scenario: str, here: list[Exchange], there: list[Exchange]) -> Iterator[Difference]:
    """Compare what two targets answered to one scenario, both scrubbed."""
    ours = [each for each in here if each.compared]
    theirs = [each for each in there if each.compared]
    for one, other in zip_longest(ours, theirs):
        if one is None or other is None or one.name != other.name:
            yield Difference(scenario, (one or other).name, "call", _called(one), _called(other))
            return
        for aspect, left, right in zip(Shape._fields, shape(one), shape(other), strict=True):
            if left != right:
                yield Difference(scenario, one.name, aspect, _lines(left - right), _lines(right - left))


def picked(value: Any, path: str) -> Any:
    """Return the value at a path; behind ``[]`` a list of all, in an order of their own."""
    for name in path.split("."):
        key = name.removesuffix("[]")
        value = [_get(each, key) for each in value] if isinstance(value, list) else _get(value, key)
        if name != key and isinstance(value, list) and any(isinstance(each, list) for each in value):
            value = [item for each in value for item in each or ()]
    return sorted(value, key=str) if isinstance(value, list) else value


def masked(text: str) -> str:
    """Return an error's sentence without ids and without the options that one portal has."""
    return _OPTIONS.sub(r"\1[…]", _ID.sub("<id>", text))


def _headers(answer: Answer) -> Iterator[str]:
    """Yield the names of headers; the value only of those that are the same for every call."""
    for name, value in answer.headers.items():
        yield f"{name}: {value.replace(' ', '').lower()}" if name == "content-type" else name


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _leaves(f"{path}.{name}" if path else name, each)
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(f"{path}[]", each)
    if not isinstance(value, dict | list) or not value:
        yield path, value


def _kind(value: Any) -> str:
    if isinstance(value, dict | list):
        return "{}" if isinstance(value, dict) else "[]"
    return KINDS[type(value)]


def _last(path: str) -> str:
    return path.rpartition(".")[2].removesuffix("[]")


def _get(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _called(exchange: Exchange | None) -> str:
    return ABSENT if exchange is None else f"{exchange.name}: {exchange.answer.status}"


def _lines(found: frozenset[str]) -> str:
    return "; ".join(sorted(found)) or ABSENT
