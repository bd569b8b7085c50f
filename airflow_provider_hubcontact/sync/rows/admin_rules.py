# SPDX-License-Identifier: Apache-2.0
"""The validation rules of a portal's admins, as JSON Schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any


@dataclass(frozen=True, slots=True)
class AdminRule:
    """A validation rule that the sync can check.

    :param says: what it demands, for people.
    :param keywords: the same in JSON Schema.
    :param formats: name of a format → whether a text has it. Bounds of numbers need one, since JSON Schema
        compares numbers, and HubSpot's values are texts.

    HubSpot docs: "Property validations" guide; the rules hold for all APIs (changelog of 2023-07).
    """

    says: str
    keywords: Mapping[str, Any]
    formats: Mapping[str, Callable[[str], bool]]

    @classmethod
    def of(cls, type_: str, arguments: tuple[str, ...]) -> AdminRule | None:
        """Read a rule of a property definition.

        :param type_: HubSpot's name of the rule.
        :param arguments: its arguments.
        :return: None for a rule whose meaning HubSpot's guide does not tell exactly.
        """
        if len(arguments) != 1:
            return None
        (argument,) = arguments
        if type_ == "ALPHANUMERIC" and argument in _CHARACTERS:
            says, pattern = _CHARACTERS[argument]
            return cls(says, {"pattern": pattern}, {})
        try:
            limit = Decimal(argument)
        except InvalidOperation:
            return None
        if type_ in _LENGTHS and limit >= 0 and limit % 1 == 0:
            says, keyword = _LENGTHS[type_]
            return cls(says.format(argument), {keyword: int(limit)}, {})
        if type_ in _BOUNDS and limit.is_finite():
            says, holds = _BOUNDS[type_]
            name = says.format(argument)
            return cls(name, {"format": name}, {name: lambda text: _compares(text, limit, holds)})
        return None


def _compares(text: str, limit: Decimal, holds: Callable[[Decimal, Decimal], bool]) -> bool:
    try:
        return holds(Decimal(text), limit)
    except InvalidOperation:
        return False


_CHARACTERS: Mapping[str, tuple[str, str]] = {
    "ALPHABETIC_ONLY": ("letters only", r"^\p{L}*$"),
    "NUMERIC_ONLY": ("digits only", "^[0-9]*$"),
}


_LENGTHS: Mapping[str, tuple[str, str]] = {
    "MIN_LENGTH": ("at least {} characters", "minLength"),
    "MAX_LENGTH": ("at most {} characters", "maxLength"),
}


_BOUNDS: Mapping[str, tuple[str, Callable[[Decimal, Decimal], bool]]] = {
    "MIN_NUMBER": ("{} or more", Decimal.__ge__),
    "MAX_NUMBER": ("{} or less", Decimal.__le__),
}
