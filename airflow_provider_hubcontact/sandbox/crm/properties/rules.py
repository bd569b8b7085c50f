# SPDX-License-Identifier: Apache-2.0
"""The validation rules that a portal's admins set for the values of a property.

HubSpot docs: "Property validations" guide (D: types and arguments); changelog of 2023-07 (D: they hold for
all APIs, and ``INVALID_ALPHA``); the other codes and texts are ours (U).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

LETTERS, DIGITS = "ALPHABETIC_ONLY", "NUMERIC_ONLY"
MAX_DIGITS = 15


@dataclass(frozen=True, slots=True)
class Rule:
    """One validation rule.

    :param type: one of ``RULES``.
    :param arguments: its arguments, as in the API.
    :raises ValueError: if they do not make a rule.
    """

    type: str
    arguments: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.type not in RULES:
            raise ValueError(f"There is no rule {self.type[:50]!r}; there are {', '.join(RULES)}.")
        if len(self.arguments) != 1 or not self._is_argument(self.arguments[0]):
            wanted = f"{LETTERS} or {DIGITS}" if self.type == "ALPHANUMERIC" else "a whole number"
            raise ValueError(f"The rule {self.type} has one argument, {wanted}.")

    def broken_by(self, value: str) -> tuple[str, str] | None:
        """Return how a value breaks the rule.

        :return: HubSpot's code and sentence; None if the value satisfies the rule.
        """
        return RULES[self.type](self.arguments[0], value)

    def _is_argument(self, text: str) -> bool:
        if self.type == "ALPHANUMERIC":
            return text in {LETTERS, DIGITS}
        digits = text.removeprefix("-") if self.type.endswith("NUMBER") else text
        return digits.isascii() and digits.isdigit() and len(digits) <= MAX_DIGITS


Broken = tuple[str, str] | None


def _characters(argument: str, value: str) -> Broken:
    if argument == LETTERS:
        return None if value.isalpha() else ("INVALID_ALPHA", "Enter only letters")
    return None if value.isascii() and value.isdigit() else ("INVALID_NUMERIC", "Enter only numbers")


def _shortest(argument: str, value: str) -> Broken:
    return (
        None if len(value) >= int(argument) else ("VALUE_TOO_SHORT", f"Enter at least {argument} characters")
    )


def _longest(argument: str, value: str) -> Broken:
    return None if len(value) <= int(argument) else ("VALUE_TOO_LONG", f"Enter at most {argument} characters")


def _least(argument: str, value: str) -> Broken:
    return None if float(value) >= int(argument) else ("NUMBER_TOO_SMALL", f"Enter {argument} or more")


def _most(argument: str, value: str) -> Broken:
    return None if float(value) <= int(argument) else ("NUMBER_TOO_LARGE", f"Enter {argument} or less")


RULES: Mapping[str, Callable[[str, str], Broken]] = {
    "ALPHANUMERIC": _characters,
    "MIN_LENGTH": _shortest,
    "MAX_LENGTH": _longest,
    "MIN_NUMBER": _least,
    "MAX_NUMBER": _most,
}
"""Type → returns how a value breaks the rule with an argument."""

NOT_EMULATED = frozenset(
    {
        "AFTER_DATETIME_DURATION",
        "AFTER_DURATION",
        "BEFORE_DATETIME_DURATION",
        "BEFORE_DURATION",
        "DAYS_OF_WEEK",
        "DECIMAL",
        "DOMAIN",
        "EMAIL",
        "EMAIL_ALLOWED_DOMAINS",
        "EMAIL_BLOCKED_DOMAINS",
        "END_DATE",
        "END_DATETIME",
        "FORMAT",
        "PHONE_NUMBER_WITH_EXPLICIT_COUNTRY_CODE",
        "REGEX",
        "SPECIAL_CHARACTERS",
        "START_DATE",
        "START_DATETIME",
        "URL",
        "URL_ALLOWED_DOMAINS",
        "URL_BLOCKED_DOMAINS",
        "WHITESPACE",
    }
)
"""Types that HubSpot has, but the sandbox does not emulate (S)."""

TYPES: Mapping[str, tuple[str, ...]] = {
    "string": ("ALPHANUMERIC", "MIN_LENGTH", "MAX_LENGTH"),
    "number": ("MIN_NUMBER", "MAX_NUMBER"),
}
"""Type of a property → the rules that it may have (D)."""
