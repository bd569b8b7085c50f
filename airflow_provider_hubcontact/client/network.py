"""Troubles on the way, in the client's own errors."""

from __future__ import annotations

import requests
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError, ProxyError, SSLError

from airflow_provider_hubcontact.client.errors import AnswerLost, HubSpotError, NotSent


def trouble(error: requests.RequestException) -> HubSpotError:
    """Tell a request that never left from one whose answer is lost.

    :param error: what ``requests`` raised.
    :return: :class:`NotSent` only if HubSpot certainly has not seen it.
    """
    cause = error.args[0] if error.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    kind = type(reason if isinstance(reason, Exception) else error).__name__
    unsent = NewConnectionError | ConnectTimeoutError | ProxyError | SSLError
    if isinstance(cause, MaxRetryError) and isinstance(reason, unsent):
        return NotSent(f"HubSpot cannot be reached: {kind}")
    return AnswerLost(f"HubSpot did not answer: {kind}")
