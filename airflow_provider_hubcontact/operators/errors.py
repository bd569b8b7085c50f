"""How a task ends that did not do all it should."""

from __future__ import annotations

from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException

from airflow_provider_hubcontact.printable import printable_lines


class HubSpotSyncFailed(AirflowFailException):
    """Records ended badly, or nothing could be sent, in a way that no retry can mend.

    :param message: what happened.
    """

    def __init__(self, message: str) -> None:
        super().__init__(printable_lines(message))


class HubSpotSyncIncomplete(AirflowException):
    """Records ended without success in a way that a retry can mend.

    :param message: what happened.
    :param retry_after: seconds after which a retry can fare better, if that is known.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(printable_lines(message))
        self.retry_after = retry_after

    def __reduce__(self) -> tuple[type[HubSpotSyncIncomplete], tuple[str, float | None]]:
        """Survive pickling with the time."""
        return type(self), (str(self), self.retry_after)
