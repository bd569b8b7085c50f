# SPDX-License-Identifier: Apache-2.0
"""One request over real HTTP: what is repeated, what is not, and what is told."""

from __future__ import annotations

import pickle
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_hubcontact.client.auth import AccessToken
from airflow_provider_hubcontact.client.errors import (
    AnswerLost,
    BadRequest,
    ConfigurationError,
    DailyLimitReached,
    HubSpotError,
    Locked,
    Migrating,
    NotSent,
    RateLimited,
    ServerError,
    StatusError,
    Unauthorized,
    UnusableAnswer,
    WrongAddress,
)
from airflow_provider_hubcontact.client.limits.rate_limit import RateLimit
from airflow_provider_hubcontact.client.network.session import Reply as Arrived
from airflow_provider_hubcontact.client.network.session import Session, checked_base_url
from airflow_provider_hubcontact.client.network.timeouts import Timeouts
from airflow_provider_hubcontact.client.transport import (
    MAX_RETRY_AFTER,
    Calls,
    Transport,
    can_be_repeated,
    segment,
)
from airflow_provider_hubcontact.clock import SYSTEM_CLOCK
from airflow_provider_hubcontact.refusal import Refusal
from airflow_provider_hubcontact.status import Status, status_of
from tests.client.scripted import TOKEN, TRUNCATED, Reply, Server, once, reply, wire
from tests.fake_clock import FakeClock

BURST = '{"status":"error","message":"limit","errorType":"RATE_LIMIT","policyName":"TEN_SECONDLY_ROLLING"}'
DAILY = '{"status":"error","message":"You have reached your daily limit.","policyName":"DAILY"}'


def hang_up(connection: socket.socket) -> None:
    connection.shutdown(socket.SHUT_RDWR)


def drip(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(100):
        connection.sendall(b" ")
        time.sleep(0.05)


def say_nothing(connection: socket.socket) -> None:
    connection.settimeout(5)
    connection.recv(1)


def test_json_goes_and_comes() -> None:
    """A request carries the token, JSON and a name; its answer is parsed."""
    with wire(reply(200, '{"a": 1}', X_HubSpot_Correlation_Id="c-1")) as to:
        answer = to.transport.request("POST", "/x", json={"b": "ä"}, params={"q": "1"}, repeatable=True)

    (request,) = to.server.requests
    assert (answer.status, answer.body, answer.correlation_id) == (200, {"a": 1}, "c-1")
    assert request.startswith(b"POST /x?q=1 HTTP/1.1")
    assert f"Authorization: Bearer {TOKEN}".encode() in request
    assert b"User-Agent: airflow-provider-hubcontact/" in request
    assert to.transport.calls.to_dict()["by_status"] == {"200": 1}


@pytest.mark.parametrize(
    "trouble",
    [
        reply(500),
        reply(502, "<html>"),
        reply(503),
        reply(504),
        reply(524),
        reply(423),
        reply(429, BURST),
        reply(477),
        TRUNCATED,
        hang_up,
    ],
    ids=["500", "502", "503", "504", "524", "423", "429", "477", "truncated", "hang up"],
)
def test_what_passes_is_repeated(trouble: Reply) -> None:
    """A call that can be carried out twice outlives two troubles of any passing kind."""
    with wire(trouble, trouble, reply(200, "{}")) as to:
        answer = to.transport.request("POST", "/x", json={}, repeatable=True)

    assert answer.status == 200
    assert to.transport.calls.to_dict()["total"] == 3
    assert sum(to.clock.slept) > 0


@pytest.mark.parametrize(
    ("trouble", "error"),
    [(reply(500), ServerError), (TRUNCATED, AnswerLost), (hang_up, AnswerLost)],
    ids=["500", "truncated", "hang up"],
)
def test_what_may_have_been_carried_out_is_not_repeated(trouble: Reply, error: type[HubSpotError]) -> None:
    """A call that must not be carried out twice is sent once if HubSpot may have carried it out."""
    with wire(trouble, reply(200, "{}")) as to, pytest.raises(error):
        to.transport.request("POST", "/x", json={}, repeatable=False)

    assert len(to.server.requests) == 1


@pytest.mark.parametrize("trouble", [reply(408, "<html>"), reply(425, "<html>")], ids=["408", "425"])
def test_what_a_proxy_gave_up(trouble: Reply) -> None:
    """A proxy that gave up waiting does not know what HubSpot did: a create is not repeated, others are."""
    with wire(trouble, reply(200, "{}")) as to:
        with pytest.raises(ServerError):
            to.transport.request("POST", "/x", json={}, repeatable=False)
        assert len(to.server.requests) == 1
    with wire(trouble, reply(200, "{}")) as to:
        assert to.transport.request("POST", "/x", json={}, repeatable=True).status == 200


@pytest.mark.parametrize("trouble", [reply(423), reply(429, BURST), reply(477)], ids=["423", "429", "477"])
def test_what_was_not_carried_out_is_repeated(trouble: Reply) -> None:
    """A refusal for load or migration says that nothing was done, so even a create is sent again."""
    with wire(trouble, reply(201, "{}")) as to:
        assert to.transport.request("POST", "/x", json={}, repeatable=False).status == 201


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 414])
def test_what_cannot_heal_is_not_repeated(status: int) -> None:
    """Any other 4xx that HubSpot answers is final."""
    said = '{"status": "error", "message": "no", "correlationId": "c", "category": "VALIDATION_ERROR"}'
    with wire(reply(status, said)) as to, pytest.raises(HubSpotError):
        to.transport.request("POST", "/x", json={}, repeatable=True)

    assert len(to.server.requests) == 1


def test_attempts_are_bounded_and_wait_longer_each() -> None:
    """Five attempts, with four waits that grow, and then the last error."""
    with wire(reply(503)) as to, pytest.raises(ServerError):
        to.transport.request("GET", "/x", repeatable=True)

    assert len(to.server.requests) == 5
    assert len(to.clock.slept) == 4
    assert 0.5 <= to.clock.slept[0] <= 2
    assert sum(to.clock.slept) < 25


def test_retry_after_is_kept_to() -> None:
    """HubSpot's own wish outranks the backoff."""
    with wire(reply(503, "", Retry_After="7"), reply(200, "{}")) as to:
        to.transport.request("GET", "/x", repeatable=True)

    assert to.clock.slept == [7.0]


def test_a_long_retry_after_is_the_callers() -> None:
    """A migration of a day is not waited for inside a call."""
    with wire(reply(477, "", Retry_After="86400")) as to, pytest.raises(Migrating) as raised:
        to.transport.request("GET", "/x", repeatable=True)

    assert raised.value.retry_after == 86_400
    assert to.clock.slept == []


def test_a_lost_answer_is_not_forgotten() -> None:
    """A call that may have been carried out is lost, even if a later attempt was certainly not sent."""

    def hang_up_for_good(connection: socket.socket) -> None:
        to.server.close()
        connection.shutdown(socket.SHUT_RDWR)

    with wire(hang_up_for_good) as to, pytest.raises(AnswerLost, match="then: HubSpot cannot be reached"):
        to.transport.request("POST", "/x", json={}, repeatable=True)


@pytest.mark.parametrize(("asked", "waits"), [("99999999999", 86_400), ("86401", 86_400), ("3600", 3_600)])
def test_a_retry_after_of_years(asked: str, waits: float) -> None:
    """Nobody is told to wait longer than a day, which is how long a portal moves at most."""
    with wire(reply(477, "", Retry_After=asked)) as to, pytest.raises(Migrating) as raised:
        to.transport.request("GET", "/x", repeatable=True)

    assert raised.value.retry_after == waits


@given(st.integers(400, 599), st.booleans(), st.none() | st.integers(0, 100_000))
def test_what_is_repeated(status: int, repeatable: bool, after: int | None) -> None:
    """Only what passes is repeated, soon, and a create only if nothing was done; asking has no effect."""
    error = StatusError(Refusal(status, "no"), retry_after=after)
    meaning = status_of(status)

    answers = {can_be_repeated(error, repeatable=repeatable) for _ in range(2)}

    soon = (after or 0) <= MAX_RETRY_AFTER
    assert answers == {meaning.passes and soon and (repeatable or meaning.untouched)}


@pytest.mark.parametrize("status", [399, 600])
def test_a_status_that_is_no_refusal(status: int) -> None:
    """It says nothing of a record, and is not repeated."""
    assert status_of(status) == Status("StatusError", "unknown")


def test_waits_are_bounded() -> None:
    """However often a call is made, no wait is longer than twenty seconds and its chance."""
    with wire(reply(503), timeouts=Timeouts(attempts=9)) as to, pytest.raises(ServerError):
        to.transport.request("GET", "/x", repeatable=True)

    assert max(to.clock.slept) == 20 + 0.5 * to.clock.random()


def test_a_locked_portal_is_asked_again_at_once() -> None:
    """When its two seconds are over, whichever attempt it is."""
    with wire(*[reply(423)] * 4, reply(200, "{}")) as to:
        to.transport.request("GET", "/x", repeatable=True)

    assert to.clock.seconds == 4 * 2


def test_the_limits_are_learned() -> None:
    """From the headers of an answer; calls that have ended are no longer under way."""
    limits = {"X_HubSpot_RateLimit_Max": "190", "X_HubSpot_RateLimit_Daily_Remaining": "8"}
    with wire(reply(200, "{}"), reply(200, "{}", **limits)) as to:
        for _ in range(2):
            to.transport.request("GET", "/x", repeatable=True)

    assert (to.rate_limit.limit, to.rate_limit.daily_remaining) == (190, 8)


def test_a_429_tells_nothing_of_the_limits() -> None:
    """Its headers are left alone, and it does not end the series of refusals: each waits longer."""
    refused = reply(429, BURST, X_HubSpot_RateLimit_Max="1", X_HubSpot_RateLimit_Remaining="0")
    with wire(refused, refused, reply(200, "{}")) as to:
        to.transport.request("GET", "/x", repeatable=True)

    assert to.rate_limit.limit == 100
    assert to.clock.seconds == 1 + 2


def test_a_429_cannot_hold_everyone_back_for_a_day() -> None:
    """The others wait a minute at most, whatever it asks for."""
    with wire(reply(429, BURST, Retry_After="86400"), reply(200, "{}")) as to:
        with pytest.raises(RateLimited):
            to.transport.request("GET", "/x", repeatable=True)
        to.transport.request("GET", "/x", repeatable=True)

    assert to.clock.seconds == MAX_RETRY_AFTER


def test_a_lock_holds_everyone_back() -> None:
    """A 423 is about the portal: no call of anybody goes for two seconds, nor for longer than a minute."""
    with wire(reply(423), timeouts=once()) as to:
        with pytest.raises(Locked):
            to.transport.request("GET", "/x", repeatable=True)
        to.rate_limit.acquire()  # another thread's
        assert to.clock.seconds == 2
    with wire(reply(423, "", Retry_After="3600")) as to:
        with pytest.raises(Locked):
            to.transport.request("GET", "/x", repeatable=True)
        to.rate_limit.acquire()
        assert to.clock.seconds == MAX_RETRY_AFTER


def test_a_429_holds_everyone_back() -> None:
    """After a burst refusal there is a pause before the next call of anybody."""
    with wire(reply(429, BURST), reply(200, "{}")) as to:
        to.transport.request("GET", "/x", repeatable=True)

    assert to.clock.seconds == 1.0


def test_a_used_up_day_is_final() -> None:
    """The daily limit is not waited for inside a call, and nobody makes another one."""
    with wire(reply(429, DAILY)) as to:
        for _ in range(2):
            with pytest.raises(DailyLimitReached):
                to.transport.request("GET", "/x", repeatable=True)

    assert len(to.server.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [
        reply(200, "<html>", Content_Type="text/html"),
        reply(200, '{"a":'),
        reply(300),
        reply(302, "", Location="/y"),
    ],
    ids=["page", "half JSON", "choices", "redirect"],
)
def test_an_answer_that_is_not_hubspots(answer: bytes) -> None:
    """Something that no HubSpot says is told as such."""
    with wire(answer) as to, pytest.raises(UnusableAnswer):
        to.transport.request("GET", "/x", repeatable=True)


def test_the_token_does_not_follow_a_redirect() -> None:
    """The place that a redirect names gets no request."""
    elsewhere = Server(reply(200, "{}"))
    with wire(reply(307, "", Location=elsewhere.url)) as to, pytest.raises(UnusableAnswer, match="redirect"):
        to.transport.request("GET", "/x", repeatable=True)

    assert elsewhere.requests == []


def test_nobody_listens() -> None:
    """A refused connection was certainly not sent, so even a create is tried again."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    clock = FakeClock()
    with (
        Transport(url, AccessToken(TOKEN), RateLimit(clock=clock), clock=clock) as transport,
        pytest.raises(NotSent, match="cannot be reached"),
    ):
        transport.request("POST", "/x", repeatable=False)

    assert len(clock.slept) == 4


def test_a_host_that_does_not_answer() -> None:
    """Silence ends after the read timeout."""
    with wire(say_nothing, timeouts=once(read=0.2)) as to, pytest.raises(AnswerLost, match="Timeout"):
        to.transport.request("GET", "/x", repeatable=True)


def test_a_slow_drip_ends() -> None:
    """Bytes that trickle in do not hold a call beyond its deadline."""
    began = time.monotonic()
    with (
        wire(drip, clock=SYSTEM_CLOCK, timeouts=once(total=0.3)) as to,
        pytest.raises(AnswerLost, match="did not end"),
    ):
        to.transport.request("GET", "/x", repeatable=True)

    assert time.monotonic() - began < 3


ESCAPED = "".join(f"\\u{ord(char):04x}" for char in TOKEN)


@pytest.mark.parametrize(
    "answer",
    [
        reply(401, f'{{"message":"bad token {TOKEN}","category":"{TOKEN}"}}'),
        reply(400, f'{{"message":"{ESCAPED}"}}'),
        reply(400, f'{{"errors":[{{"message":"x","code":"y","context":{{"{ESCAPED}":["{TOKEN}"]}}}}]}}'),
        reply(400, "{}", X_HubSpot_Correlation_Id=TOKEN),
        reply(200, "<", Content_Type=TOKEN),
        reply(302, "", Location=f"/{TOKEN}", Content_Type=TOKEN),
    ],
    ids=["message", "escaped", "deep inside", "correlation id", "content type", "redirect"],
)
def test_the_token_is_struck_from_what_a_server_says(answer: bytes) -> None:
    """A server that repeats the token, in whatever disguise, does not get it into the error."""
    with wire(answer) as to, pytest.raises(HubSpotError) as raised:
        to.transport.request("GET", "/x", repeatable=True)

    shown = str(raised.value) + repr(raised.value) + repr(vars(raised.value))
    assert TOKEN not in shown
    assert TOKEN.encode() not in pickle.dumps(raised.value)


class OneRenewal:
    """Credentials that can be renewed once."""

    def __init__(self) -> None:
        self.current = "first"

    def token(self) -> str:
        return self.current

    def renew(self, stale: str) -> bool:
        self.current = "second"
        return stale != self.current

    def secrets(self) -> tuple[str, ...]:
        return (self.current,)


@pytest.mark.parametrize(("second", "works"), [(reply(200, "{}"), True), (reply(401, "{}"), False)])
def test_a_401_renews_the_token_once(second: bytes, works: bool) -> None:
    """A refused token is replaced, and the request sent once more; not a third time."""
    with wire(reply(401, "{}"), second, auth=OneRenewal()) as to:
        if works:
            assert to.transport.request("GET", "/x", repeatable=True).status == 200
        else:
            with pytest.raises(Unauthorized):
                to.transport.request("GET", "/x", repeatable=True)

    tokens = [b"Bearer first" in request for request in to.server.requests]
    assert tokens == [True, False]


def test_a_netrc_does_not_replace_the_token(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    """Credentials for the host in ~/.netrc are left alone."""
    netrc = f"{tmp_path}/netrc"
    with open(netrc, "w") as file:  # noqa: PTH123
        file.write("machine 127.0.0.1 login me password mine\n")
    monkeypatch.setenv("NETRC", netrc)
    with wire(reply(200, "{}")) as to:
        to.transport.request("GET", "/x", repeatable=True)

    assert f"Bearer {TOKEN}".encode() in to.server.requests[0]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.hubapi.com",
        "http://api.hubapi.com",
        "ftp://x",
        "https://a:b@x",
        "https://:b@x",
        "https://x\n",
        "https://x y",
        "https://x?y",
        "http://[",
        "http://127.0.0.1:x",
    ],
)
def test_a_base_url_that_cannot_be(url: str) -> None:
    """An address that would send the token in clear, or nowhere, is refused."""
    with pytest.raises(ConfigurationError):
        checked_base_url(url)


@pytest.mark.parametrize(
    "url", ["https://api.hubapi.com/", "http://localhost:8042", "http://[::1]:80", "http://127.0.0.9"]
)
def test_a_base_url_that_can(url: str) -> None:
    """Https anywhere, and plain http on this machine."""
    assert checked_base_url(url) == url.rstrip("/")


@pytest.mark.parametrize(
    "retry_after",
    ["", "soon", "-5", "1.5", "nan", "inf", "1e3", "٣", "9" * 400, "Wed, 21 Oct 2026 07:28:00 GMT"],
)
def test_a_retry_after_that_is_no_number_of_seconds(retry_after: str) -> None:
    """HubSpot sends seconds; anything else is left to the backoff."""
    with wire(reply(503, "", Retry_After=retry_after), reply(200, "{}")) as to:
        to.transport.request("GET", "/x", repeatable=True)

    assert 0.5 <= to.clock.seconds <= 2


def test_a_locked_portal_is_left_alone_for_two_seconds() -> None:
    """A lock lasts two seconds, so that trying earlier would only renew it."""
    with wire(reply(423), reply(200, "{}")) as to:
        to.transport.request("GET", "/x", repeatable=True)

    assert to.clock.seconds >= 2


@pytest.mark.parametrize("value", [float("nan"), float("inf")], ids=str)
def test_a_number_that_json_has_not(value: float) -> None:
    """What JSON cannot say is refused before anything is sent."""
    with wire(reply(200, "{}")) as to, pytest.raises(ValueError, match="JSON"):
        to.transport.request("POST", "/x", json={"a": value}, repeatable=True)

    assert to.server.requests == []


def test_calls_are_counted_by_what_came_of_them() -> None:
    """Each call counts once, whether or not it was answered."""

    def slowly(connection: socket.socket) -> None:
        to.clock.sleep(2)
        connection.sendall(reply(200, "{}"))

    with wire(reply(503), hang_up, reply(429, BURST), slowly) as to:
        to.transport.request("GET", "/x", repeatable=True)

    told = to.transport.calls.to_dict()
    assert told["total"] == 4
    assert told["by_status"] == {"200": 1, "429": 1, "503": 1, "no answer": 1}
    assert told["latency"] == 2 / 4


def test_the_latency_is_told_in_milliseconds() -> None:
    """The mean of all calls."""
    calls = Calls()

    for seconds in (0.1, 0.1234, 0.1):
        calls.count(200, seconds)

    assert calls.to_dict()["latency"] == 0.108


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, "[" * 10_000), (200, "[" * 100_000 + "]" * 100_000), (400, "[" * 600 + "]" * 600)],
    ids=["open", "closed", "error"],
)
def test_json_without_bottom(status: int, body: str) -> None:
    """JSON that is nested too deep is no answer of HubSpot's, and does no harm."""
    with wire(reply(status, body)) as to, pytest.raises(HubSpotError):
        to.transport.request("GET", "/x", repeatable=True)


def test_a_closed_transport_can_go_on() -> None:
    """Closing ends connections, not the client: a connection test may close what a task uses later."""
    with wire(reply(200, "{}")) as to:
        to.transport.request("GET", "/x", repeatable=True)
        to.transport.close()

        assert to.transport.request("GET", "/x", repeatable=True).status == 200


def test_connections_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of all threads, at the end of the block."""
    closed: list[Session] = []

    def close(session: Session) -> None:
        closed.append(session)

    monkeypatch.setattr(Session, "close", close)

    with wire(reply(200, "{}")) as to, ThreadPoolExecutor(1) as thread:
        to.transport.request("GET", "/x", repeatable=True)
        thread.submit(to.transport.request, "GET", "/x", repeatable=True).result()
        assert not closed

    assert len(closed) == 2


def test_threads_do_not_share_a_session() -> None:
    """Each of five threads gets its own answer, over its own session."""
    together = Barrier(5)

    def ask(number: int) -> str:
        together.wait(5)
        to.transport.request("GET", f"/{number}", repeatable=True)
        return str(number)

    with wire(reply(200, "{}")) as to, ThreadPoolExecutor(5) as threads:
        list(threads.map(ask, range(5)))

    assert sorted(to.server.lines()) == [f"GET /{number} HTTP/1.1" for number in range(5)]


TEXTS = ["a+b@x.y", "a/b", "a b", "a?b", "a#b", "a%b", "a%2fb", "ü@ñ", "...", "../x", "a/../b", "~", "a\nb"]


@pytest.mark.parametrize("text", TEXTS, ids=ascii)
def test_a_segment_reaches_the_server_as_it_is(text: str) -> None:
    """Whatever a text has in it, it stays one segment of the path."""
    with wire(reply(200, "{}")) as to:
        to.transport.request("GET", f"/p/{segment(text)}/q", repeatable=True)

    (line,) = to.server.lines()
    before, sent, after = line.removeprefix("GET /").removesuffix(" HTTP/1.1").split("/")
    assert (before, unquote(sent), after) == ("p", text, "q")


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=5))
def test_no_text_leaves_its_segment(texts: list[str]) -> None:
    """Every text reaches the server as one segment, or is refused before it is sent."""
    with wire(reply(200, "{}")) as to:
        for text in texts:
            try:
                path = segment(text)
            except BadRequest:
                assert text in {".", ".."} or not text.isprintable()
                continue
            to.transport.request("GET", f"/{path}", repeatable=True)
            sent = to.server.lines()[-1].removeprefix("GET /").removesuffix(" HTTP/1.1")
            assert unquote(sent) == text
            assert "/" not in sent


@pytest.mark.parametrize("text", ["", ".", "..", "\ud800@x.y"], ids=ascii)
def test_a_segment_that_cannot_be(text: str) -> None:
    """What would change the path, or has no bytes, is a bad request that is not sent."""
    with pytest.raises(BadRequest) as raised:
        segment(text)

    assert str(raised.value).isprintable()
    assert raised.value.status == 400


@pytest.mark.parametrize("body", ['{"a": ["%s"], "%s": 1}', '{"a": "\\u0070at-na1-secret"}'])
def test_a_success_does_not_hold_the_token_either(body: str) -> None:
    """Values of contacts get into reports and ledgers, and a server may have put the token there."""
    text = body.replace("%s", TOKEN)
    with wire(reply(200, text)) as to:
        answer = to.transport.request("GET", "/x", repeatable=True)

    assert TOKEN not in repr(answer.body)
    assert "***" in repr(answer.body)


def test_no_proxy_sees_the_token_in_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain http is for this machine, and goes straight there, whatever proxy the environment names."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with wire(reply(200, "{}")) as to:
        assert to.transport.request("GET", "/x", repeatable=True).status == 200


def test_a_token_is_not_pickled() -> None:
    """It would stand in a file or a database."""
    with pytest.raises(TypeError, match="must not be pickled"):
        pickle.dumps(AccessToken(TOKEN))


def test_an_address_that_cannot_be_read_is_not_quoted() -> None:
    """It may have a password in it."""
    with pytest.raises(ConfigurationError) as raised:
        Transport("http://user:hunter2@[::1", AccessToken(TOKEN), RateLimit())

    assert "hunter2" not in str(raised.value)


def test_a_wrong_address_after_an_answer_that_was_lost() -> None:
    """The first attempt may have been carried out, whatever answers to the second one."""
    says = "HubSpot answered 503; then: .* answered 404 to a POST"
    with wire(reply(503), reply(404, "<html>")) as to, pytest.raises(AnswerLost, match=says):
        to.transport.request("POST", "/a", json={}, repeatable=True)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 477])
@pytest.mark.parametrize(
    ("first", "is_lost"), [(reply(503), True), (TRUNCATED, True), (reply(429, BURST), False)]
)
def test_a_refusal_tells_of_a_lost_attempt(first: bytes, is_lost: bool, status: int) -> None:
    """It is about its own attempt: an earlier one without a clear answer may have been carried out."""
    said = reply(status, '{"status": "error", "message": "no", "category": "OBJECT_NOT_FOUND"}')
    with wire(first, said) as to, pytest.raises(StatusError) as raised:
        to.transport.request("POST", "/a", json={}, repeatable=True, may_miss=True)

    assert raised.value.after_loss is is_lost


@pytest.mark.parametrize(("first", "is_lost"), [(reply(503), True), (reply(429, BURST), False)])
def test_an_answer_tells_of_a_lost_attempt(first: bytes, is_lost: bool) -> None:
    """It may hold refusals, which are about its own attempt."""
    with wire(first, reply(207, "{}")) as to:
        assert to.transport.request("POST", "/a", json={}, repeatable=True).after_loss is is_lost


def test_an_attempt_that_is_the_only_one_is_not_an_earlier_one() -> None:
    """A 503 at the end says itself that it may have been carried out."""
    with wire(reply(503)) as to, pytest.raises(ServerError) as raised:
        to.transport.request("POST", "/a", json={}, repeatable=False)

    assert not raised.value.after_loss


@pytest.mark.parametrize("before", [(), (reply(429, BURST),)], ids=["at once", "after a refusal"])
def test_a_wrong_address_before_which_nothing_was_lost(before: tuple[bytes, ...]) -> None:
    """It stays what it is: nothing was carried out."""
    with wire(*before, reply(404, "<html>")) as to, pytest.raises(WrongAddress):
        to.transport.request("POST", "/a", json={}, repeatable=True)


def test_an_exchange_can_be_handed_in() -> None:
    """Every attempt of a call goes through it, with its method, address and body; no socket is opened."""
    sent: list[tuple[str, str, object]] = []

    def exchange(session: Session, method: str, url: str, **rest: object) -> Arrived:
        del session
        sent.append((method, url, rest["data"]))
        return Arrived(503 if len(sent) == 1 else 200, {}, b'{"a": 1}')

    clock = FakeClock()
    transport = Transport(
        "https://nowhere.invalid",
        AccessToken(TOKEN),
        RateLimit(clock=clock),
        clock=clock,
        exchange=exchange,  # type: ignore[arg-type] # its keywords are all of them
    )

    assert transport.request("POST", "/a", json={}, repeatable=True).body == {"a": 1}
    assert sent == [("POST", "https://nowhere.invalid/a", b"{}")] * 2
