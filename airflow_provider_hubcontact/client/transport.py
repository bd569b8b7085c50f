# SPDX-License-Identifier: Apache-2.0
"""Makes one call: waits for its turn, sends it, repeats it if that is safe, reads the answer."""

from __future__ import annotations

import json as jsonlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Lock, local
from typing import Any, NamedTuple, Self
from urllib.parse import quote

import orjson
import requests
import tenacity

from airflow_provider_hubcontact.client.auth import Auth
from airflow_provider_hubcontact.client.error_body import error_of, is_about_the_address
from airflow_provider_hubcontact.client.errors import (
    AnswerLost,
    BadRequest,
    ConfigurationError,
    DailyLimitReached,
    HubSpotError,
    Locked,
    NotSent,
    RateLimited,
    StatusError,
    UnusableAnswer,
    UnusableToken,
)
from airflow_provider_hubcontact.client.limits.rate_limit import RateLimit
from airflow_provider_hubcontact.client.network.redaction import without
from airflow_provider_hubcontact.client.network.session import (
    Exchange,
    Reply,
    Session,
    checked_base_url,
    exchange,
    wrong_address,
)
from airflow_provider_hubcontact.client.network.timeouts import API_CALL, Timeouts
from airflow_provider_hubcontact.clock import SYSTEM_CLOCK, Clock
from airflow_provider_hubcontact.printable import printable
from airflow_provider_hubcontact.refusal import Refusal

LOCK_LASTS = 2.0
"""Seconds without any call to a portal that answers 423 ("Error handling")."""

MAX_RETRY_AFTER = 60.0
"""Seconds that a call waits at most because HubSpot asks for it; for a longer wait it fails."""

LONGEST_RETRY_AFTER = 86_400.0
"""Seconds of the longest ``Retry-After``: a portal moves for up to 24 hours ("Error handling", 477)."""

MOST_DIGITS = 11
"""Digits of the longest number of seconds that is meant as one; a longer number is ignored."""

_HEADERS = ("X-HubSpot-Correlation-Id", "Content-Type", "Retry-After")


@dataclass(frozen=True, slots=True)
class Answer:
    """HubSpot's answer to a request that it carried out.

    :param status: HTTP status.
    :param body: parsed JSON; None if the body is empty.
    :param correlation_id: HubSpot's id of the call.
    :param after_loss: an earlier attempt of the call got no clear answer, and may have been carried out.
    """

    status: int
    body: Any
    correlation_id: str | None
    after_loss: bool = False


class _Call(NamedTuple):
    """What is sent, and sent again."""

    method: str
    url: str
    data: bytes | None
    params: Mapping[str, str | Sequence[str]] | None
    may_miss: bool


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
        """Return ``total``, ``by_status``, and the mean ``latency`` in seconds."""
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
    :param timeouts: how long a call may take, and how often it is made.
    :param clock: tells the time, and how long to wait before a call is repeated.
    :param exchange: sends one request and reads its answer.
    :raises ConfigurationError: if the base URL is not valid.
    """

    def __init__(
        self,
        base_url: str,
        auth: Auth,
        rate_limit: RateLimit,
        *,
        timeouts: Timeouts = API_CALL,
        clock: Clock = SYSTEM_CLOCK,
        exchange: Exchange = exchange,
    ) -> None:
        self._base_url = checked_base_url(base_url)
        self._auth = auth
        self._rate_limit = rate_limit
        self._timeouts = timeouts
        self._clock = clock
        self._exchange = exchange
        self._backoff = tenacity.wait_exponential(multiplier=0.5, max=20)
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
        may_miss: bool = False,
    ) -> Answer:
        """Make a call, more than once if need be.

        :param method: HTTP method.
        :param path: percent-encoded path below the base URL.
        :param json: body.
        :param params: query.
        :param repeatable: whether it may be carried out twice. If not, it is repeated only when HubSpot
            has certainly not carried it out.
        :param may_miss: whether the path names something that HubSpot may not have, such as a contact. Any
            other call that gets a 404 went to the wrong address.
        :return: an answer below 300.
        :raises HubSpotError: of the class that says what happened instead.

        HubSpot docs: "Error handling", retries.
        """
        data = None if json is None else _encoded(json)
        call = _Call(method, self._base_url + path, data, params, may_miss)
        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self._timeouts.attempts),
            retry=tenacity.retry_if_exception(lambda error: can_be_repeated(error, repeatable=repeatable)),
            wait=self._wait,
            sleep=self._rate_limit.wait,
            reraise=True,
        )
        lost: HubSpotError | None = None
        try:
            for attempt in retrying:
                with attempt:
                    try:
                        answer = self._attempt(call)
                    except HubSpotError as error:
                        lost = lost if error.untouched else error
                        raise
                    return replace(answer, after_loss=True) if lost else answer
        except StatusError as error:  # it is about the last attempt only
            error.after_loss = lost not in {None, error}
            raise
        except (NotSent, ConfigurationError, UnusableToken) as error:
            if lost:  # an earlier attempt may have been carried out
                # A refusal's own words may quote a value, and these get into logs.
                first = f"HubSpot answered {lost.status}" if isinstance(lost, StatusError) else lost
                raise AnswerLost(f"{first}; then: {error}") from error
            raise
        raise AssertionError("tenacity ends with an answer or an error")

    def _wait(self, state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, RateLimited | Locked):
            return 0.0  # the rate limit holds everyone back
        asked = error.retry_after if isinstance(error, StatusError) else None
        # Without chance, calls that failed together would be repeated together.
        return asked if asked is not None else self._backoff(state) + 0.5 * self._clock.random()

    def _attempt(self, call: _Call) -> Answer:
        token = self._auth.token()
        reply = self._send(call, token)
        if reply.status == 401 and self._auth.renew(token):
            reply = self._send(call, self._auth.token())
        return self._translate(call, reply)

    def _send(self, call: _Call, token: str) -> Reply:
        slot = self._rate_limit.acquire()
        status, began = None, self._clock.monotonic()
        try:
            reply = self._exchange(
                self._session(),
                call.method,
                call.url,
                auth=_Bearer(token),
                timeouts=self._timeouts,
                clock=self._clock,
                data=call.data,
                params=call.params,
            )
            status = reply.status
            if status != 429:
                self._rate_limit.learn(reply.headers, slot, self._clock.monotonic() - began)
        finally:
            self.calls.count(status, self._clock.monotonic() - began)
            self._rate_limit.done(slot)
        return reply

    def _translate(self, call: _Call, reply: Reply) -> Answer:
        secrets = self._auth.secrets()
        headers = {name: without(secrets, reply.headers.get(name)) for name in _HEADERS}
        correlation_id = headers["X-HubSpot-Correlation-Id"]
        parsed = _parsed(reply, secrets)
        if reply.status >= 400:
            raise self._refusal(call, reply.status, parsed, correlation_id, headers["Retry-After"])
        kind = printable(headers["Content-Type"] or "no content type")
        if reply.status >= 300:
            raise UnusableAnswer(
                f"HubSpot's address answered with a redirect ({reply.status}), which is not followed",
                reply.status,
                kind,
            )
        if reply.body and parsed is None:
            raise UnusableAnswer(
                f"HubSpot's address answered {reply.status} with a body that is not JSON: {kind:.80}",
                reply.status,
                kind,
            )
        return Answer(reply.status, parsed, correlation_id)

    def _refusal(
        self, call: _Call, status: int, body: Any, correlation_id: str | None, retry_after: str | None
    ) -> HubSpotError:
        """Return the error of an answer, after the rate limit has learned what it says of other calls."""
        has_input = call.data is not None or call.may_miss
        if is_about_the_address(status, body, may_miss=call.may_miss, has_input=has_input):
            return wrong_address(call.url, call.method, status)
        error = error_of(status, body, correlation_id, _seconds(retry_after))
        asked = None if error.retry_after is None else min(error.retry_after, MAX_RETRY_AFTER)
        if isinstance(error, DailyLimitReached):
            error.retry_after = self._rate_limit.end_day()
        elif isinstance(error, RateLimited):
            self._rate_limit.refused(asked)
        elif isinstance(error, Locked):
            self._rate_limit.pause(max(LOCK_LASTS, asked or 0.0))
        return error

    def _session(self) -> Session:
        """Return the thread's own session: sessions are not promised to be thread-safe."""
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
        words = f"{printable(repr(text))} cannot be looked up"
        raise BadRequest(Refusal(400, words, "VALIDATION_ERROR"))
    return encoded


def can_be_repeated(error: BaseException, *, repeatable: bool) -> bool:
    """Check whether a call is made again after an error.

    :param error: what an attempt raised.
    :param repeatable: whether the call may be carried out twice.
    """
    if not isinstance(error, HubSpotError) or not error.retryable:
        return False
    if isinstance(error, StatusError) and (error.retry_after or 0) > MAX_RETRY_AFTER:
        return False
    return repeatable or error.untouched


def _encoded(document: Any) -> bytes:
    body = orjson.dumps(document)
    # orjson writes null for a number that JSON does not have.
    return jsonlib.dumps(document, allow_nan=False).encode() if b"null" in body else body


def _parsed(reply: Reply, secrets: Collection[str]) -> Any:
    try:
        return without(secrets, reply.json(), reply.body)
    except RecursionError:
        return None


def _seconds(text: str | None) -> float | None:
    """Return a ``Retry-After`` in seconds, as HubSpot sends it; more than a day is cut to a day."""
    if not text or not text.isascii() or not text.isdecimal() or len(text) > MOST_DIGITS:
        return None
    return min(float(text), LONGEST_RETRY_AFTER)
