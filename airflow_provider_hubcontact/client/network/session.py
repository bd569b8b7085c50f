# SPDX-License-Identifier: Apache-2.0
"""One HTTP exchange: a request out and its whole answer in, or what went wrong on the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Protocol
from urllib.parse import urlsplit

import orjson
import requests
from urllib3.exceptions import HTTPError

from airflow_provider_hubcontact import __version__
from airflow_provider_hubcontact.client.errors import (
    AnswerLost,
    ConfigurationError,
    UnusableAnswer,
    WrongAddress,
)
from airflow_provider_hubcontact.client.network.deadline import BoundedAdapter, is_over, within
from airflow_provider_hubcontact.client.network.timeouts import Timeouts
from airflow_provider_hubcontact.client.network.trouble import trouble
from airflow_provider_hubcontact.clock import Clock
from airflow_provider_hubcontact.printable import printable

MAX_BODY = 64 * 1024 * 1024


class Session(requests.Session):
    """A session with one host.

    It follows no redirect: ``requests`` would read its body first, however long it is. It reads the
    environment (proxies, certificates) once, not for every call. Plain http, which is for this machine only,
    bypasses proxies: they would see the token. It asks for JSON: otherwise HubSpot answers a 404 with a page.
    """

    def __init__(self) -> None:
        super().__init__()
        self._environment: Any = None
        self.headers["User-Agent"] = f"airflow-provider-hubcontact/{__version__}"
        self.headers["Accept"] = "application/json"
        for scheme in ("https://", "http://"):
            self.mount(scheme, BoundedAdapter())

    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002 - goes nowhere
        """Return None: no redirect is followed."""
        return None

    def merge_environment_settings(self, *arguments: Any) -> Any:
        """Return the proxies and the certificates to use."""
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

        :return: None if it is empty or not JSON.
        """
        try:
            return orjson.loads(self.body) if self.body else None
        except orjson.JSONDecodeError:
            return None


class Exchange(Protocol):
    """Sends a request and reads its answer, as :func:`exchange` does."""

    def __call__(
        self,
        session: requests.Session,
        method: str,
        url: str,
        *,
        auth: requests.auth.AuthBase,
        timeouts: Timeouts,
        clock: Clock,
        data: bytes | Mapping[str, str] | None = None,
        params: Mapping[str, str | Sequence[str]] | None = None,
    ) -> Reply:
        """Send a request and read its answer, whatever its status."""


def exchange(
    session: requests.Session,
    method: str,
    url: str,
    *,
    auth: requests.auth.AuthBase,
    timeouts: Timeouts,
    clock: Clock,
    data: bytes | Mapping[str, str] | None = None,
    params: Mapping[str, str | Sequence[str]] | None = None,
) -> Reply:
    """Send a request and read its answer, whatever its status.

    :param session: of this thread.
    :param method: HTTP method.
    :param url: percent-encoded.
    :param auth: sets the token, or nothing; a request without it could get one from ~/.netrc.
    :param timeouts: how long it may take; the number of attempts is the caller's.
    :param clock: tells when they are over.
    :param data: JSON as bytes, or a form.
    :param params: query.
    :return: the answer; redirects are not followed.
    :raises ConfigurationError: if no request can be made at all.
    :raises NotSent: if HubSpot has certainly not seen it.
    :raises AnswerLost: if no whole answer came.
    :raises UnusableAnswer: if the answer is too long.
    """
    with within(timeouts.total, clock):
        try:
            with session.request(
                method,
                url,
                data=data,
                params=params,
                headers={"Content-Type": "application/json"} if isinstance(data, bytes) else None,
                auth=auth,
                timeout=(timeouts.connect, timeouts.read),
                allow_redirects=False,
                stream=True,
            ) as response:
                return Reply(response.status_code, response.headers, _read(response))
        except (OSError, HTTPError) as error:
            raise trouble(error, host_of(url)) from None


def _read(response: requests.Response) -> bytes:
    body = bytearray()
    try:
        while chunk := response.raw.read1(65_536, decode_content=True):
            body += chunk
            if len(body) > MAX_BODY:
                raise UnusableAnswer(
                    f"HubSpot's answer has more than {MAX_BODY:,} bytes", response.status_code
                )
    except (OSError, HTTPError) as error:
        if is_over():
            raise AnswerLost("HubSpot's answer did not end in time") from None
        raise AnswerLost(f"HubSpot's answer was cut off: {type(error).__name__}") from None
    return bytes(body)


def host_of(url: str) -> str:
    """Return the host and port of a URL, for people; never what it has of a password."""
    return printable(urlsplit(url).netloc.rpartition("@")[2], 300)


def wrong_address(url: str, method: str, status: int) -> WrongAddress:
    """Return the error of an answer that HubSpot's API never gives to such a call.

    :param url: of the call; its path may hold a record's key, and is left out.
    """
    return WrongAddress(
        f"{host_of(url)} answered {status} to a {method}, as HubSpot's API never does: the base URL leads "
        "somewhere else, or to a wrong path; check the host and port of the connection",
        status,
    )


def checked_base_url(url: str) -> str:
    """Return a base URL without its trailing slash.

    :param url: as the connection has it.
    :raises ConfigurationError: if it is not valid, or would send the token unencrypted.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:  # its message may quote a password that stands in the URL
        raise ConfigurationError(
            "The base URL is not valid; it must look like https://api.hubapi.com"
        ) from None
    odd = "@" in parts.netloc or parts.query or parts.fragment or not url.isprintable() or " " in url
    if parts.scheme not in {"http", "https"} or not host or odd:
        raise ConfigurationError("The base URL must look like https://api.hubapi.com")
    if parts.scheme == "http" and not is_this_machine(host):
        raise ConfigurationError(f"The base URL of {host} must be https: plain http would expose the token")
    return url.rstrip("/")


def is_this_machine(host: str) -> bool:
    """Check whether a host is this machine by its name.

    :param host: without a port.
    """
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
