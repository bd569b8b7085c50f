# SPDX-License-Identifier: Apache-2.0
"""Maps what ``requests`` raised to an error in plain words: which address, and why."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Callable, Mapping

import requests
from requests.exceptions import InvalidSchema, InvalidURL, MissingSchema
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    LocationValueError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    ReadTimeoutError,
    SSLError,
)

from airflow_provider_hubcontact.client.errors import AnswerLost, ConfigurationError, HubSpotError, NotSent
from airflow_provider_hubcontact.client.network.deadline import is_over
from airflow_provider_hubcontact.printable import printable

_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "UNSUPPORTED_PROTOCOL", "SSLV3_ALERT_HANDSHAKE_FAILURE"})
"""OpenSSL's reasons that end a handshake; others can come after the request too."""


_NO_ROUTE = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN})


def trouble(error: OSError | HTTPError, host: str) -> HubSpotError:
    """Return the error for a failed exchange: one that never left, or one whose answer is lost.

    :param error: what ``requests`` raised; its own words are left out, since they may quote a URL.
    :param host: where the request went, and its port.
    :return: :class:`NotSent` only if HubSpot certainly has not seen it.
    """
    cause = _first(error)
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    kind = type(reason if isinstance(reason, Exception) else error).__name__
    if isinstance(error, InvalidURL | InvalidSchema | MissingSchema | LocationValueError):
        return ConfigurationError(f"The base URL or the URL of the proxy is not valid: {kind}")
    if not isinstance(error, requests.RequestException | HTTPError | TimeoutError):
        return ConfigurationError(f"No request can be made: {error}")  # such as TLS certificates not found
    why = f"{_why(reason, error)} ({kind})"
    if _is_before_request(reason):
        return NotSent(f"HubSpot cannot be reached at {host}: {why}")
    return AnswerLost(f"HubSpot did not answer at {host}: {why}")


def _is_before_request(reason: object) -> bool:
    if isinstance(reason, SSLError):
        cause = _first(reason)
        return isinstance(cause, ssl.SSLCertVerificationError) or getattr(cause, "reason", "") in _NO_TLS
    return isinstance(reason, NewConnectionError | ConnectTimeoutError | ProxyError)


def _why(reason: object, error: object) -> str:
    """Return what went wrong, of: proxy, DNS, connection, TLS, time, HTTP."""
    if is_over():
        return "timeout, the whole call took too long"
    for kind, words in _WORDS.items():
        if isinstance(reason, kind) or isinstance(error, kind):
            return words if isinstance(words, str) else words(reason)
    return "the connection failed"


def _of_a_proxy(error: object) -> str:
    original = getattr(error, "original_error", None)
    return f"the proxy refused the connection: {_why(original, None)}"


def _of_a_connection(error: object) -> str:
    cause = getattr(error, "__cause__", None) or getattr(error, "__context__", None)
    if isinstance(cause, socket.gaierror):
        return "DNS cannot resolve the host name"
    if isinstance(cause, ConnectionRefusedError):
        return "the connection was refused"
    if isinstance(cause, OSError) and cause.errno in _NO_ROUTE:
        return "there is no route to the host"
    return "no connection was established"


def _of_tls(error: object) -> str:
    cause = _first(error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        about = printable(str(getattr(cause, "verify_message", "")), 200)
        return f"TLS, the certificate cannot be trusted{f': {about}' if about else ''}"
    if getattr(cause, "reason", "") in _NO_TLS:
        return "TLS, the server does not support it, or no common version"
    return "TLS, the connection was cut off"


def _of_an_answer(error: object) -> str:
    cause = _first(error, 1)
    if isinstance(cause, ConnectionResetError):  # urllib3's answer of nothing at all is one, too
        return "the connection was closed without an answer"
    if isinstance(cause, TimeoutError):
        return "timeout, the server did not accept the request"
    return "the answer is not HTTP, or was cut off"


def _first(error: object, place: int = 0) -> object:
    """Return an argument of an error; None if it has fewer."""
    arguments = getattr(error, "args", ())
    return arguments[place] if len(arguments) > place else None


_WORDS: Mapping[type[Exception], str | Callable[[object], str]] = {
    ProxyError: _of_a_proxy,
    NameResolutionError: "DNS cannot resolve the host name",
    NewConnectionError: _of_a_connection,
    ConnectTimeoutError: "timeout, no connection was established",
    SSLError: _of_tls,
    ReadTimeoutError: "timeout, nothing arrived for too long",
    TimeoutError: "timeout, nothing arrived for too long",
    ProtocolError: _of_an_answer,
}
"""Kind → what it says; the first one that fits holds, since some are kinds of others."""
