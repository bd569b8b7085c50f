"""How a task ends that did not do all it should."""

from __future__ import annotations

from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException


class HubSpotSyncFailed(AirflowFailException):
    """Records ended badly, or nothing could be sent, in a way that no retry can mend."""


class HubSpotSyncIncomplete(AirflowException):
    """Records ended without success in a way that a retry can mend."""
