"""One HTTP exchange: a request out and its whole answer in, or what went wrong on the way."""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import orjson
import requests
from requests.exceptions import InvalidSchema, InvalidURL, MissingSchema
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    LocationValueError,
    MaxRetryError,
    NewConnectionError,
    ProxyError,
    SSLError,
)

from airflow_provider_hubcontact import __version__
from airflow_provider_hubcontact.client.errors import (
    AnswerLost,
    ConfigurationError,
    HubSpotError,
    NotSent,
    UnusableAnswer,
)

MAX_BODY = 64 * 1024 * 1024

_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "UNSUPPORTED_PROTOCOL", "SSLV3_ALERT_HANDSHAKE_FAILURE"})
"""OpenSSL's reasons that end a handshake; others can come after the request too."""


class Session(requests.Session):
    """A session with one host.

    It never looks where a redirect leads: ``requests`` would read its body first, however long it is. It
    looks at the environment (proxies, certificates) once, not for every call. And what goes over plain http,
    which is for this machine, goes through no proxy: that would be shown the token.
    """

    def __init__(self) -> None:
        super().__init__()
        self._environment: Any = None
        self.headers["User-Agent"] = f"airflow-provider-hubcontact/{__version__}"

    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002 - goes nowhere
        """Say that no answer is a redirect."""
        return None

    def merge_environment_settings(self, *arguments: Any) -> Any:
        """Give the proxies and the certificates to use."""
        if self._environment is None:
            self._environment = super().merge_environment_settings(*arguments)
            if str(arguments[0]).startswith("http:"):
                self._environment["proxies"] = {}
        return self._environment


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it came.

    :param status: HTTP status.
    :param headers: by name, in any case.
    :param body: decompressed.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    def json(self) -> Any:
        """Parse the body.

        :return: None if it is empty or no JSON.
        """
        try:
            return orjson.loads(self.body) if self.body else None
        except orjson.JSONDecodeError:
            return None


def exchange(
    session: requests.Session,
    method: str,
    url: str,
    *,
    auth: requests.auth.AuthBase,
    timeout: tuple[float, float],
    deadline: float,
    data: bytes | Mapping[str, str] | None = None,
    params: Mapping[str, str | Sequence[str]] | None = None,
) -> Reply:
    """Send a request and read its answer, whatever its status.

    :param session: of this thread.
    :param method: HTTP method.
    :param url: percent-encoded.
    :param auth: sets the token, or nothing; a request without it could get one from ~/.netrc.
    :param timeout: seconds to connect, and without a byte of the answer.
    :param deadline: seconds after which no more of a body is waited for.
    :param data: JSON as bytes, or a form.
    :param params: query.
    :return: the answer; redirects are not followed.
    :raises ConfigurationError: if no request can be made at all.
    :raises NotSent: if HubSpot has certainly not seen it.
    :raises AnswerLost: if no whole answer came.
    :raises UnusableAnswer: if the answer is too long.
    """
    until = time.monotonic() + deadline
    try:
        with session.request(
            method,
            url,
            data=data,
            params=params,
            headers={"Content-Type": "application/json"} if isinstance(data, bytes) else None,
            auth=auth,
            timeout=timeout,
            allow_redirects=False,
            stream=True,
        ) as response:
            return Reply(response.status_code, response.headers, _read(response, until))
    except (OSError, HTTPError) as error:
        raise trouble(error) from None


def _read(response: requests.Response, until: float) -> bytes:
    body = bytearray()
    try:
        while chunk := response.raw.read1(65_536, decode_content=True):
            body += chunk
            if len(body) > MAX_BODY:
                raise UnusableAnswer(
                    f"HubSpot's answer has more than {MAX_BODY:,} bytes", response.status_code
                )
            if time.monotonic() > until:
                raise AnswerLost("HubSpot's answer did not end in time")
    except (OSError, HTTPError) as error:
        raise AnswerLost(f"HubSpot's answer broke off: {type(error).__name__}") from None
    return bytes(body)


def trouble(error: OSError | HTTPError) -> HubSpotError:
    """Tell a request that never left from one whose answer is lost.

    :param error: what ``requests`` raised.
    :return: :class:`NotSent` only if HubSpot certainly has not seen it.
    """
    cause = error.args[0] if error.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    kind = type(reason if isinstance(reason, Exception) else error).__name__
    if isinstance(error, InvalidURL | InvalidSchema | MissingSchema | LocationValueError):
        return ConfigurationError(f"The base URL, or the proxy's, cannot be used: {kind}")
    if not isinstance(error, requests.RequestException | HTTPError):
        return ConfigurationError(f"No request can be made: {error}")  # such as TLS certificates not found
    if _is_before_request(reason):
        return NotSent(f"HubSpot cannot be reached: {kind}")
    return AnswerLost(f"HubSpot did not answer: {kind}")


def _is_before_request(reason: object) -> bool:
    if isinstance(reason, SSLError):
        cause = reason.args[0] if reason.args else None
        return isinstance(cause, ssl.SSLCertVerificationError) or getattr(cause, "reason", "") in _NO_TLS
    return isinstance(reason, NewConnectionError | ConnectTimeoutError | ProxyError)


def checked_base_url(url: str) -> str:
    """Give a base URL without its trailing slash.

    :raises ConfigurationError: if it could send the token in clear, or to nowhere.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:  # its message may quote a password that stands in the URL
        raise ConfigurationError("The base URL is none; it must look like https://api.hubapi.com") from None
    odd = "@" in parts.netloc or parts.query or parts.fragment or not url.isprintable() or " " in url
    if parts.scheme not in {"http", "https"} or not host or odd:
        raise ConfigurationError("The base URL must look like https://api.hubapi.com")
    if parts.scheme == "http" and not _is_this_machine(host):
        raise ConfigurationError(f"The base URL of {host} must be https: plain http would show the token")
    return url.rstrip("/")


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
