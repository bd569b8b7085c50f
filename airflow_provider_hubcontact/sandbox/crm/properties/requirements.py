# SPDX-License-Identifier: Apache-2.0
"""The properties that a write must have, by the rules that 2026-09 enforces."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from airflow_provider_hubcontact.sandbox.errors.values import MissingProperties, Problem


class Condition(NamedTuple):
    """A property that is required if another one has a value.

    :param required: the property that is required then.
    :param given: the property that it depends on.
    :param value: the value of that property; empty for any.
    """

    required: str
    given: str
    value: str = ""

    @classmethod
    def parse(cls, text: str) -> Condition:
        """Read ``company:lifecyclestage=customer``, or ``company:lifecyclestage`` for any stage.

        :raises ValueError: if the text has another form.
        """
        match = re.fullmatch(r"(\w+):(\w+)(?:=(.+))?", text)
        if match is None:
            raise ValueError(
                f"A condition is written like company:lifecyclestage=customer; this is {text!r}."
            )
        return cls(match[1], match[2], match[3] or "")

    def applies(self, values: Mapping[str, str]) -> bool:
        """Check whether a contact with these values must have the property."""
        value = values.get(self.given, "")
        return value == self.value if self.value else bool(value)


@dataclass(frozen=True, slots=True)
class Requirements:
    """The required properties of a portal.

    :param on_create: properties that a new contact must have.
    :param conditions: properties that a contact must have because of another one.

    HubSpot docs: changelog "CRM API write validation enforcement" (D; the details T).
    """

    on_create: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()

    def __bool__(self) -> bool:
        """Check whether any property is required."""
        return bool(self.on_create or self.conditions)

    def names(self) -> set[str]:
        """Return all properties that the rules name."""
        named = {name for condition in self.conditions for name in (condition.required, condition.given)}
        return named | set(self.on_create)

    def check(self, before: Mapping[str, str], values: Mapping[str, str], *, new: bool) -> None:
        """Check that a write leaves out no required property. A rule that it does not concern is ignored (U).

        :param before: the values that the contact has.
        :param values: the values that are written.
        :param new: whether the contact is created.
        :raises MissingProperties: if properties are missing; it names all of them.
        """
        after = {**before, **values}
        problems = [*self._on_create(values)] if new else []
        problems += self._conditional(after, values)
        if problems:
            raise MissingProperties(problems)

    def _on_create(self, values: Mapping[str, str]) -> Iterator[Problem]:
        for name in self.on_create:
            if not values.get(name):
                yield Problem(name, "MISSING_REQUIRED_PROPERTY", f"A value for {name} must be provided")

    def _conditional(self, after: Mapping[str, str], values: Mapping[str, str]) -> Iterator[Problem]:
        for rule in self.conditions:
            touched = rule.given in values or rule.required in values
            if touched and rule.applies(after) and not after.get(rule.required):
                yield Problem(
                    rule.required,
                    "MISSING_CONDITIONAL_REQUIRED_PROPERTY",
                    f"{rule.required} is required because of a conditional property rule "
                    f"based on [{rule.given}]",
                )
