"""One request: pace, send, repeat what is safe to repeat, translate."""

from __future__ import annotations

import json as jsonlib
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from threading import Lock, local
from typing import Any, Self
from urllib.parse import urlsplit

import requests
import tenacity
from urllib3.exceptions import HTTPError

from airflow_provider_hubcontact import __version__
from airflow_provider_hubcontact.client.auth import Auth
from airflow_provider_hubcontact.client.errors import (
    AnswerLost,
    ConfigurationError,
    HubSpotError,
    NotSent,
    RateLimited,
    StatusError,
    UnusableAnswer,
    refusal,
)
from airflow_provider_hubcontact.client.network import trouble
from airflow_provider_hubcontact.client.rate_limit import WINDOW, RateLimit

MAX_BODY = 64 * 1024 * 1024
MAX_RETRY_AFTER = 60.0
"""Seconds that a call waits at most because HubSpot asks for it; longer is for the caller to wait."""

NOT_CARRIED_OUT = frozenset({423, 429, 477})
"""Refusals after which even a create can be repeated."""


@dataclass(frozen=True, slots=True)
class Answer:
    """HubSpot's answer to a request that it carried out.

    :param status: HTTP status.
    :param body: parsed JSON; None if the body is empty.
    :param correlation_id: HubSpot's id of the call.
    """

    status: int
    body: Any
    correlation_id: str | None


class Calls:
    """Counts HTTP calls as they are made, retries included."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._by_status: Counter[str] = Counter()

    def count(self, status: int | None) -> None:
        """Count a call with the status of its answer, None if there was none."""
        with self._lock:
            self._by_status["no answer" if status is None else str(status)] += 1

    def to_dict(self) -> dict[str, Any]:
        """Give ``total`` and ``by_status``."""
        with self._lock:
            return {"total": self._by_status.total(), "by_status": dict(sorted(self._by_status.items()))}


class Transport:
    """Sends requests to one portal; safe to share between threads.

    :param base_url: HubSpot's; plain http for this machine only.
    :param auth: gives the token.
    :param rate_limit: paces the calls.
    :param attempts: how often a call is made at most.
    :param connect_timeout: seconds to connect.
    :param read_timeout: seconds without a byte of the answer.
    :param deadline: seconds for a whole answer, however its bytes arrive.
    :param sleep: waits for some seconds between attempts.
    :raises ConfigurationError: if the base URL cannot be used.
    """

    def __init__(
        self,
        base_url: str,
        auth: Auth,
        rate_limit: RateLimit,
        *,
        attempts: int = 5,
        connect_timeout: float = 5.0,
        read_timeout: float = 60.0,
        deadline: float = 120.0,
        sleep: Callable[[float], None] = lambda seconds: time.sleep(seconds),  # noqa: PLW0108 - looked up late
    ) -> None:
        self._base_url = checked_base_url(base_url)
        self._auth = auth
        self._rate_limit = rate_limit
        self._timeout = (connect_timeout, read_timeout)
        self._deadline = deadline
        self._attempts = attempts
        self._sleep = sleep
        self._backoff = tenacity.wait_exponential(multiplier=0.5, max=20) + tenacity.wait_random(0, 0.5)
        self._threads = local()
        self._sessions: list[requests.Session] = []
        self.calls = Calls()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        while self._sessions:
            self._sessions.pop().close()
        self._threads = local()

    def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        params: Mapping[str, str | Sequence[str]] | None = None,
        repeatable: bool,
    ) -> Answer:
        """Make a call, more than once if need be.

        :param method: HTTP method.
        :param path: percent-encoded path below the base URL.
        :param json: body.
        :param params: query.
        :param repeatable: whether it may be carried out twice. If not, it is repeated only when HubSpot
            has certainly not carried it out.
        :return: an answer below 300.
        :raises HubSpotError: of the class that says what happened instead.

        HubSpot docs: "Error handling", retries.
        """
        data = None if json is None else jsonlib.dumps(json, allow_nan=False).encode()

        def may_repeat(error: BaseException) -> bool:
            if not isinstance(error, HubSpotError) or not error.retryable:
                return False
            if isinstance(error, StatusError) and (error.retry_after or 0) > MAX_RETRY_AFTER:
                return False
            certain = isinstance(error, NotSent) or getattr(error, "status", None) in NOT_CARRIED_OUT
            return repeatable or certain

        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self._attempts),
            retry=tenacity.retry_if_exception(may_repeat),
            wait=self._wait,
            sleep=self._sleep,
            reraise=True,
        )
        return retrying(self._attempt, method, self._base_url + path, data, params)

    def _wait(self, state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, RateLimited):
            return 0.0  # the rate limit holds everyone back
        asked = error.retry_after if isinstance(error, StatusError) else None
        return asked if asked is not None else self._backoff(state)

    def _attempt(self, method: str, url: str, data: bytes | None, params: Any) -> Answer:
        token = self._auth.token()
        response, body = self._send(method, url, data, params, token)
        if response.status_code == 401 and self._auth.renew(token):
            token = self._auth.token()
            response, body = self._send(method, url, data, params, token)
        return self._translate(response, body.replace(token.encode(), b"***"))

    def _send(
        self, method: str, url: str, data: bytes | None, params: Any, token: str
    ) -> tuple[requests.Response, bytes]:
        self._rate_limit.acquire()
        status = None
        try:
            with self._session().request(
                method,
                url,
                data=data,
                params=params,
                headers={"Content-Type": "application/json"} if data is not None else None,
                auth=_Bearer(token),
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            ) as response:
                status = response.status_code
                self._rate_limit.learn(response.headers)
                return response, self._read(response)
        except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema) as error:
            raise ConfigurationError(f"The base URL cannot be used: {type(error).__name__}") from None
        except requests.RequestException as error:
            raise trouble(error) from None
        finally:
            self.calls.count(status)

    def _read(self, response: requests.Response) -> bytes:
        until = time.monotonic() + self._deadline
        body = bytearray()
        try:
            while chunk := response.raw.read1(65_536, decode_content=True):
                body += chunk
                if len(body) > MAX_BODY:
                    raise UnusableAnswer(f"HubSpot's answer has more than {MAX_BODY:,} bytes")
                if time.monotonic() > until:
                    raise AnswerLost(f"HubSpot's answer did not end within {self._deadline:g} s")
        except (OSError, HTTPError) as error:
            raise AnswerLost(f"HubSpot's answer broke off: {type(error).__name__}") from None
        return bytes(body)

    def _translate(self, response: requests.Response, body: bytes) -> Answer:
        status, headers = response.status_code, response.headers
        correlation_id = headers.get("X-HubSpot-Correlation-Id")
        parsed = _parsed(body)
        if status >= 400:
            error = refusal(status, parsed, correlation_id, _seconds(headers.get("Retry-After")))
            if isinstance(error, RateLimited) and error.retryable:
                self._rate_limit.pause(min(error.retry_after or WINDOW, MAX_RETRY_AFTER))
            raise error
        if status >= 300:
            raise UnusableAnswer(
                f"HubSpot's address answered with a redirect ({status}), which is not followed"
            )
        if body and parsed is None:
            kind = headers.get("Content-Type", "no content type")
            raise UnusableAnswer(
                f"HubSpot's address answered {status} with something else than JSON: {kind:.80}"
            )
        return Answer(status, parsed, correlation_id)

    def _session(self) -> requests.Session:
        """Give the thread's own session: a session is not promised to be safe between threads."""
        session: requests.Session | None = getattr(self._threads, "session", None)
        if session is None:
            session = self._threads.session = requests.Session()
            session.headers["User-Agent"] = f"airflow-provider-hubcontact/{__version__}"
            self._sessions.append(session)
        return session


class _Bearer(requests.auth.AuthBase):
    """Sets the token; since it is the request's own auth, no ~/.netrc can take its place."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def checked_base_url(url: str) -> str:
    """Give a base URL without its trailing slash.

    :raises ConfigurationError: if it could send the token in clear, or to nowhere.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ConfigurationError(f"The base URL is none: {error}") from None
    if parts.scheme not in {"http", "https"} or not host or parts.username or parts.query or parts.fragment:
        raise ConfigurationError("The base URL must look like https://api.hubapi.com")
    if parts.scheme == "http" and not _is_this_machine(host):
        raise ConfigurationError(f"The base URL of {host} must be https: plain http would show the token")
    return url.rstrip("/")


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _parsed(body: bytes) -> Any:
    try:
        return jsonlib.loads(body) if body else None
    except (ValueError, RecursionError):
        return None


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.isascii() and text.isdecimal() else None
