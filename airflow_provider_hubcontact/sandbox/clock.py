# SPDX-License-Identifier: Apache-2.0
"""The clock of the sandbox, which tests can move forward."""

from __future__ import annotations

import time
from collections.abc import Callable

MOST_AHEAD = 10 * 366 * 86_400
"""The most seconds that it can be ahead of the machine's: ten years."""


class Clock:
    """Tells the time to all parts of a sandbox, so that limits, tokens, imports and dates agree.

    :param machine: seconds since 1970.
    """

    def __init__(self, machine: Callable[[], float] = time.time) -> None:
        self._machine = machine
        self.ahead = 0.0

    def __call__(self) -> float:
        """Return the seconds since 1970."""
        return self._machine() + self.ahead

    def advance(self, seconds: float) -> None:
        """Move the clock forward; it goes on from there.

        :param seconds: 0 or more.
        :raises ValueError: for less, or if it would be too far ahead of the machine's clock.
        """
        if not 0 <= seconds <= MOST_AHEAD - self.ahead:
            raise ValueError(
                f"The clock goes forward only, to {MOST_AHEAD // 86_400:,} days ahead of this machine's; "
                "a reset takes it back to it."
            )
        self.ahead += seconds

    def load(self, ahead: float) -> None:
        """Be as far ahead of the machine's time as before a restart.

        :param ahead: seconds, 0 or more.
        :raises ValueError: for less, or if it would be too far ahead of the machine's clock.
        """
        self.reset()
        self.advance(ahead)

    def reset(self) -> None:
        """Go back to the machine's time."""
        self.ahead = 0.0
