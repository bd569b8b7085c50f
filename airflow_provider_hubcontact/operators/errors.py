# SPDX-License-Identifier: Apache-2.0
"""The exceptions that end a task which has not written all its records."""

from __future__ import annotations

import math

from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException

from airflow_provider_hubcontact.printable import printable_lines

LONGEST_WAIT = 86_400.0
"""Seconds that a retry or a deferral waits at most: a daily quota is back by then, and a portal has moved."""


class HubSpotSyncFailed(AirflowFailException):
    """Records failed, or nothing could be sent, and a retry cannot help.

    :param message: what happened.
    """

    def __init__(self, message: str) -> None:
        super().__init__(printable_lines(message))


class HubSpotSyncIncomplete(AirflowException):
    """Records were not written, and a retry can help.

    :param message: what happened.
    :param retry_after: seconds after which a retry can succeed, if that is known; a day at most.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(printable_lines(message))
        self.retry_after = None if retry_after is None else bounded(retry_after)

    def __reduce__(self) -> tuple[type[HubSpotSyncIncomplete], tuple[str, float | None]]:
        """Keep the time when pickled."""
        return type(self), (str(self), self.retry_after)


def bounded(seconds: float) -> float:
    """Return the seconds to wait when a server asked for some: at least 0, at most a day."""
    return 0.0 if math.isnan(seconds) else min(max(0.0, seconds), LONGEST_WAIT)
