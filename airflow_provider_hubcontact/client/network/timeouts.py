# SPDX-License-Identifier: Apache-2.0
"""How long a call may take, and how often it is made."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_hubcontact.client.errors import ConfigurationError

LONGEST = 86_400.0
"""Seconds of the longest timeout: no socket takes one of any length."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long a call may take, and how often it is made.

    :param total: seconds from a call's start to the last byte of its answer, however its bytes arrive.
    :param connect: seconds to connect.
    :param read: seconds without a byte of the answer.
    :param attempts: how often a call is made at most; each attempt has the whole time anew.
    :raises ConfigurationError: if a time is not above 0 and at most a day, or there is no attempt.
    """

    total: float = 120.0
    connect: float = 5.0
    read: float = 60.0
    attempts: int = 5

    def __post_init__(self) -> None:
        for name in ("total", "connect", "read"):
            check_seconds(name, getattr(self, name))
        if self.attempts < 1:
            raise ConfigurationError(f"attempts must be at least 1, not {self.attempts!r}")


def check_seconds(name: str, seconds: float) -> None:
    """Check that a call can be given so much time.

    :param name: of the setting.
    :param seconds: that it has.
    :raises ConfigurationError: if they are not above 0 and at most a day.
    """
    if not 0 < seconds <= LONGEST:
        raise ConfigurationError(
            f"{name} must be more than 0 and at most {LONGEST:,.0f} seconds, not {seconds!r}"
        )


API_CALL = Timeouts()


TOKEN_CALL = Timeouts(total=60.0, read=30.0)
"""For the call that asks for an access token, which others wait for."""
