"""How a task ends that did not do all it should."""

from __future__ import annotations

import math

from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException

LONGEST_WAIT = 86_400.0
"""Seconds that a retry or a deferral waits at most: a daily quota is back by then, and a portal has moved."""


class HubSpotSyncFailed(AirflowFailException):
    """Records ended badly, or nothing could be sent, in a way that no retry can mend."""


class HubSpotSyncIncomplete(AirflowException):
    """Records ended without success in a way that a retry can mend.

    :param message: what happened.
    :param retry_after: seconds after which a retry can fare better, if that is known; a day at most.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = None if retry_after is None else bounded(retry_after)

    def __reduce__(self) -> tuple[type[HubSpotSyncIncomplete], tuple[str, float | None]]:
        """Survive pickling with the time."""
        return type(self), (str(self), self.retry_after)


def bounded(seconds: float) -> float:
    """Return how long to wait for what a server asked for: never less than nothing, never more than a day."""
    return 0.0 if math.isnan(seconds) else min(max(0.0, seconds), LONGEST_WAIT)
