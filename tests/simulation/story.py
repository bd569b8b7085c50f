# SPDX-License-Identifier: Apache-2.0
"""What happened in a world, a line each; a person reads it when something was wrong."""

from __future__ import annotations

from collections.abc import Callable


class Story:
    """The lines of a world.

    :param now: seconds since it began.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._told: list[tuple[float, str, str | Callable[[], str]]] = []

    def tell(self, who: str, what: str | Callable[[], str]) -> None:
        """Add a line.

        :param what: the words, or what returns them once somebody reads the story.
        """
        self._told.append((self._now(), who, what))

    def lines(self) -> list[str]:
        """Return the lines, as a person reads them."""
        told = [(time, who, what if isinstance(what, str) else what()) for time, who, what in self._told]
        return [f"{time:>12,.3f}  {who:<10} {what}" for time, who, what in told]
