# SPDX-License-Identifier: Apache-2.0
"""The order of lifecycle stages, and what a step back means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

STAGE = "lifecyclestage"


DEFAULT_STAGES = (
    "subscriber",
    "lead",
    "marketingqualifiedlead",
    "salesqualifiedlead",
    "opportunity",
    "customer",
    "evangelist",
    "other",
)


@dataclass(frozen=True, slots=True)
class Stages:
    """The stages of a portal, from first to last.

    HubSpot moves a contact's stage forward only, unless it is cleared first (contacts guide,
    "Lifecycle stage"; knowledge base, "Use lifecycle stages").
    """

    order: Mapping[str, int]

    @classmethod
    def of(cls, names: Sequence[str]) -> Stages:
        """Return the stages of these names.

        :param names: internal names, in the portal's order.
        """
        return cls({name: position for position, name in enumerate(names)})

    @classmethod
    def default(cls) -> Stages:
        """Return HubSpot's default stages."""
        return cls.of(DEFAULT_STAGES)

    def goes_back(self, current: str | None, desired: str) -> bool:
        """Check whether HubSpot would ignore the move.

        A stage that the portal does not list has no place in the order: then HubSpot decides.

        :param current: the contact's stage now.
        :param desired: the stage that it is to have.
        """
        if not current or current not in self.order or desired not in self.order:
            return False
        return self.order[desired] < self.order[current]
