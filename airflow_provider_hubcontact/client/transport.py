"""One request: pace, send, repeat what is safe to repeat, translate."""

from __future__ import annotations

import json as jsonlib
import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock, local
from typing import Any, Self
from urllib.parse import quote

import requests
import tenacity

from airflow_provider_hubcontact.client.auth import Auth
from airflow_provider_hubcontact.client.errors import (
    AnswerLost,
    BadRequest,
    DailyLimitReached,
    HubSpotError,
    Locked,
    NotSent,
    RateLimited,
    StatusError,
    UnusableAnswer,
    refusal,
)
from airflow_provider_hubcontact.client.network import Reply, Session, checked_base_url, exchange
from airflow_provider_hubcontact.client.rate_limit import RateLimit
from airflow_provider_hubcontact.printable import printable

LOCK_LASTS = 2.0
"""Seconds between calls to a portal that answers 423 ("Error handling")."""

MAX_RETRY_AFTER = 60.0
"""Seconds that a call waits at most because HubSpot asks for it; longer is for the caller to wait."""

NOT_CARRIED_OUT = frozenset({423, 429, 477})
"""Refusals after which even a create can be repeated."""

_ESCAPED = re.compile(rb"\\(/|u00[2-7])")
"""An escape that stands for a character of tokens."""

_HEADERS = ("X-HubSpot-Correlation-Id", "Content-Type", "Retry-After")


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
        self._seconds = 0.0

    def count(self, status: int | None, seconds: float) -> None:
        """Count a call with the status of its answer, None if there was none, and how long it took."""
        with self._lock:
            self._by_status["no answer" if status is None else str(status)] += 1
            self._seconds += seconds

    def to_dict(self) -> dict[str, Any]:
        """Give ``total``, ``by_status``, and the mean ``latency`` in seconds."""
        with self._lock:
            total = self._by_status.total()
            return {
                "total": total,
                "by_status": dict(sorted(self._by_status.items())),
                "latency": round(self._seconds / total, 3) if total else None,
            }


class Transport:
    """Sends requests to one portal; safe to share between threads.

    :param base_url: HubSpot's; plain http for this machine only.
    :param auth: gives the token.
    :param rate_limit: paces the calls.
    :param attempts: how often a call is made at most.
    :param connect_timeout: seconds to connect.
    :param read_timeout: seconds without a byte of the answer.
    :param deadline: seconds for a whole answer, however its bytes arrive.
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
    ) -> None:
        self._base_url = checked_base_url(base_url)
        self._auth = auth
        self._rate_limit = rate_limit
        self._timeout = (connect_timeout, read_timeout)
        self._deadline = deadline
        self._attempts = attempts
        self._backoff = tenacity.wait_exponential(multiplier=0.5, max=20) + tenacity.wait_random(0, 0.5)
        self._threads = local()
        self._sessions: list[Session] = []
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
        lost: list[HubSpotError] = []

        def may_repeat(error: BaseException) -> bool:
            if not isinstance(error, HubSpotError) or not error.retryable:
                return False
            if not isinstance(error, NotSent) and getattr(error, "status", None) not in NOT_CARRIED_OUT:
                lost.append(error)
            if isinstance(error, StatusError) and (error.retry_after or 0) > MAX_RETRY_AFTER:
                return False
            certain = isinstance(error, NotSent) or getattr(error, "status", None) in NOT_CARRIED_OUT
            return repeatable or certain

        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self._attempts),
            retry=tenacity.retry_if_exception(may_repeat),
            wait=self._wait,
            sleep=self._rate_limit.wait,
            reraise=True,
        )
        try:
            return retrying(self._attempt, method, self._base_url + path, data, params)
        except NotSent as error:
            if lost:
                raise AnswerLost(f"{lost[-1]}; then: {error}") from error
            raise

    def _wait(self, state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, RateLimited):
            return 0.0  # the rate limit holds everyone back
        asked = error.retry_after if isinstance(error, StatusError) else None
        wait = asked if asked is not None else self._backoff(state)
        return max(wait, LOCK_LASTS) if isinstance(error, Locked) else wait

    def _attempt(self, method: str, url: str, data: bytes | None, params: Any) -> Answer:
        token = self._auth.token()
        reply = self._send(method, url, data, params, token)
        if reply.status == 401 and self._auth.renew(token):
            token = self._auth.token()
            reply = self._send(method, url, data, params, token)
        return self._translate(reply, token)

    def _send(self, method: str, url: str, data: bytes | None, params: Any, token: str) -> Reply:
        slot = self._rate_limit.acquire()
        status, began = None, time.monotonic()
        try:
            reply = exchange(
                self._session(),
                method,
                url,
                auth=_Bearer(token),
                timeout=self._timeout,
                deadline=self._deadline,
                data=data,
                params=params,
            )
            status = reply.status
        finally:
            self.calls.count(status, time.monotonic() - began)
            self._rate_limit.done(slot)
        if status != 429:
            self._rate_limit.learn(reply.headers, slot, time.monotonic() - began)
        return reply

    def _translate(self, reply: Reply, token: str) -> Answer:
        status, headers = reply.status, {name: _without(token, reply.headers.get(name)) for name in _HEADERS}
        correlation_id, kind = headers["X-HubSpot-Correlation-Id"], headers["Content-Type"]
        parsed = _parsed(reply, token)
        if status >= 400:
            error = refusal(status, parsed, correlation_id, _seconds(headers["Retry-After"]))
            if isinstance(error, DailyLimitReached):
                error.retry_after = self._rate_limit.end_day()
            elif isinstance(error, RateLimited):
                asked = error.retry_after
                self._rate_limit.refused(None if asked is None else min(asked, MAX_RETRY_AFTER))
            raise error
        kind = printable(kind or "no content type")
        if status >= 300:
            raise UnusableAnswer(
                f"HubSpot's address answered with a redirect ({status}), which is not followed", status, kind
            )
        if reply.body and parsed is None:
            raise UnusableAnswer(
                f"HubSpot's address answered {status} with something else than JSON: {kind:.80}", status, kind
            )
        return Answer(status, parsed, correlation_id)

    def _session(self) -> Session:
        """Give the thread's own session: a session is not promised to be safe between threads."""
        session: Session | None = getattr(self._threads, "session", None)
        if session is None:
            session = self._threads.session = Session()
            self._sessions.append(session)
        return session


class _Bearer(requests.auth.AuthBase):
    """Sets the token; since it is the request's own auth, no ~/.netrc can take its place."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def segment(text: str) -> str:
    """Encode a text as one segment of a path.

    :param text: such as an address or a name.
    :raises BadRequest: if no path can hold it: HubSpot cannot have anything of that name.
    """
    try:
        encoded = quote(text, safe="")
    except UnicodeEncodeError:
        encoded = ""
    if encoded in {"", ".", ".."}:
        raise BadRequest(400, f"{printable(repr(text))} cannot be looked up", "VALIDATION_ERROR")
    return encoded


def _parsed(reply: Reply, token: str) -> Any:
    try:
        body = reply.json()
        return _without(token, body) if _may_hold(token, reply.body) else body
    except RecursionError:
        return None


def _may_hold(token: str, body: bytes) -> bool:
    """Tell whether JSON may have the token in it, as it is or escaped; searching its values takes longer."""
    return token.encode() in body or (b"\\" in body and _ESCAPED.search(body) is not None)


def _without(token: str, value: Any) -> Any:
    """Strike the token from every text of a JSON value: a hostile server could repeat it."""
    if isinstance(value, str):
        return value.replace(token, "***")
    if isinstance(value, list):
        return [_without(token, item) for item in value]
    if isinstance(value, dict):
        return {_without(token, name): _without(token, item) for name, item in value.items()}
    return value


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.isascii() and text.isdecimal() and len(text) < 12 else None
