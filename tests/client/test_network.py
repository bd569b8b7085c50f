# SPDX-License-Identifier: Apache-2.0
"""One exchange with servers that are no HubSpot, and with hosts that are none."""

from __future__ import annotations

import gzip
import socket
import ssl
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError, ProxyError, SSLError

from airflow_provider_hubcontact.client.auth import AccessToken
from airflow_provider_hubcontact.client.errors import (
    AnswerLost,
    ConfigurationError,
    HubSpotError,
    NotSent,
    UnusableAnswer,
)
from airflow_provider_hubcontact.client.limits.rate_limit import RateLimit
from airflow_provider_hubcontact.client.network.session import MAX_BODY, host_of
from airflow_provider_hubcontact.client.network.timeouts import Timeouts
from airflow_provider_hubcontact.client.network.trouble import trouble
from airflow_provider_hubcontact.client.transport import Transport
from airflow_provider_hubcontact.clock import SYSTEM_CLOCK
from tests.client.scripted import TOKEN, Reply, once, reply, wire
from tests.fake_clock import FakeClock

HEAD = b"HTTP/1.1 200 OK\r\nConnection: close\r\n"


def ask(base_url: str) -> None:
    timeouts = once(connect=0.5, read=0.5)
    with Transport(base_url, AccessToken(TOKEN), RateLimit(), timeouts=timeouts) as transport:
        transport.request("GET", "/x", repeatable=True)


def wrong_certificate() -> ssl.SSLError:
    return ssl.SSLCertVerificationError(1, "certificate verify failed")


def cut_off() -> ssl.SSLError:
    return ssl.SSLEOFError(8, "EOF occurred in violation of protocol")


def drip_redirect(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /y\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(100):
        connection.sendall(b" ")
        time.sleep(0.05)


def flood(connection: socket.socket) -> None:
    connection.sendall(HEAD + b"\r\n")
    for _ in range(MAX_BODY // 2**20 + 1):
        connection.sendall(b" " * 2**20)


@pytest.mark.parametrize(
    "answer",
    [
        HEAD + b'Transfer-Encoding: chunked\r\n\r\n5\r\n{"a":\r\n2\r\n1}\r\n0\r\n\r\n',
        HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b'{"a":1}'),
        HEAD + b'\r\n{"a":1}',
        reply(200, '{"a":1}'),
    ],
    ids=["chunked", "gzip", "until the end", "with length"],
)
def test_a_whole_body(answer: bytes) -> None:
    """An answer is read however HTTP frames it."""
    with wire(answer) as to:
        assert to.transport.request("GET", "/x", repeatable=True).body == {"a": 1}


@pytest.mark.parametrize(
    "answer",
    [
        HEAD + b'Transfer-Encoding: chunked\r\n\r\nff\r\n{"a":',
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nno number\r\n",
        HEAD + b"Content-Encoding: gzip\r\n\r\nno gzip",
        b"no HTTP at all\r\n\r\n",
        b"",
    ],
    ids=["chunk", "chunk size", "gzip", "other protocol", "nothing"],
)
def test_a_body_that_breaks_off(answer: bytes) -> None:
    """Half an answer is lost, however it was framed."""
    with wire(answer, timeouts=once()) as to, pytest.raises(AnswerLost):
        to.transport.request("GET", "/x", repeatable=True)


def test_an_endless_body() -> None:
    """An answer does not fill the memory."""
    with (
        wire(flood, timeouts=once()) as to,
        pytest.raises(UnusableAnswer, match="more than 67,108,864 bytes"),
    ):
        to.transport.request("GET", "/x", repeatable=True)


@pytest.mark.parametrize("location", ["http://[", "http://x:99999/", "//", "\\", "javascript:0"])
def test_a_redirect_to_nowhere(location: str) -> None:
    """Where a redirect leads is not even looked at."""
    with wire(reply(302, "", Location=location)) as to, pytest.raises(UnusableAnswer) as raised:
        to.transport.request("GET", "/x", repeatable=True)

    assert raised.value.status == 302


def test_a_redirect_with_a_slow_body() -> None:
    """A redirect's body is bound by the deadline as any other."""
    began = time.monotonic()
    with wire(drip_redirect, clock=SYSTEM_CLOCK, timeouts=once(total=0.2)) as to, pytest.raises(AnswerLost):
        to.transport.request("GET", "/x", repeatable=True)

    assert time.monotonic() - began < 2


def test_one_connection_for_many_calls() -> None:
    """A body that is read to its end leaves its connection for the next call."""

    def answer_thrice(connection: socket.socket) -> None:
        for rest in (2, 1, 0):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
            if rest:
                connection.recv(65_536)

    with wire(answer_thrice) as to:
        for _ in range(3):
            to.transport.request("GET", "/x", repeatable=True)

    assert len(to.server.requests) == 1  # the script sees one request a connection


@pytest.mark.parametrize("host", ["https://a..b", "https://.example", "https://" + "a" * 300])
def test_a_host_that_cannot_be(host: str) -> None:
    """An address that is none is a matter of configuration, and not retried."""
    with pytest.raises(ConfigurationError, match="is not valid"):
        ask(host)


@pytest.mark.parametrize("host", ["https://no-such-host.invalid", "http://127.0.0.1:9"], ids=["name", "port"])
def test_a_host_that_is_not_there(host: str) -> None:
    """Neither a name that nobody has nor a port where nobody listens has seen the request."""
    with pytest.raises(NotSent, match="cannot be reached"):
        ask(host)


@pytest.mark.parametrize(
    ("host", "why"),
    [
        ("https://no-such-host.invalid", "DNS cannot resolve the host name"),
        ("http://127.0.0.1:9", "the connection was refused"),
    ],
    ids=["DNS", "refused"],
)
def test_which_address_and_why(host: str, why: str) -> None:
    """An error names the address, and what went wrong there in plain words."""
    with pytest.raises(NotSent, match=f"at {host.partition('//')[2]}: {why}"):
        ask(host)


@pytest.mark.parametrize(
    ("reason", "why"),
    [
        (ConnectTimeoutError(None, "x"), "timeout, no connection was established"),
        (SSLError(wrong_certificate()), "TLS, the certificate cannot be trusted"),
        (ProxyError("x", OSError("Tunnel connection failed: 407")), "the proxy refused the connection"),
    ],
    ids=["timeout", "certificate", "proxy"],
)
def test_why_a_connection_does_not_come_about(reason: Exception, why: str) -> None:
    """Time, TLS and proxies are told from each other."""
    error = trouble(requests.exceptions.ConnectionError(MaxRetryError(None, "/", reason)), "x:1")  # type: ignore[arg-type]

    assert type(error) is NotSent
    assert f"cannot be reached at x:1: {why}" in str(error)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"", "closed without an answer"),
        (b"no HTTP at all\r\n\r\n", "not HTTP, or was cut off"),
        (lambda _: time.sleep(1), "timeout, nothing arrived for too long"),
    ],
    ids=["closed", "other protocol", "silence"],
)
def test_an_answer_that_does_not_come_is_told(answer: Reply, why: str) -> None:
    """An error of a request that was sent names the address and the reason, too."""
    with (
        wire(answer, timeouts=once(read=0.3)) as to,
        pytest.raises(AnswerLost, match=f"at {to.server.url[7:]}: .*{why}"),
    ):
        to.transport.request("GET", "/x", repeatable=True)


def test_no_error_quotes_a_url() -> None:
    """A proxy's password, a token or a record's address that stands in a URL stays out of errors."""
    url = "https://proxy-user:hunter2@127.0.0.1:9/contact/email/ada@example.com?token=pat"
    reason = MaxRetryError(None, url, NewConnectionError(None, f"no way to {url}"))  # type: ignore[arg-type]

    shown = str(trouble(requests.exceptions.ConnectionError(reason), host_of(url)))

    assert "127.0.0.1:9" in shown
    for hidden in ("hunter2", "ada@", "pat", "proxy-user"):
        assert hidden not in shown


def test_json_is_asked_for() -> None:
    """HubSpot answers a contact that it does not have with a page, unless JSON is asked for."""
    with wire(reply(200, "{}")) as to:
        to.transport.request("GET", "/x", repeatable=True)

    assert b"\r\nAccept: application/json\r\n" in to.server.requests[0]


def test_settings_of_the_machine_that_cannot_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of an unknown kind, or missing certificates, is told as configuration."""
    with monkeypatch.context() as context:
        context.setenv("HTTPS_PROXY", "nonsense://proxy:1")
        with pytest.raises(ConfigurationError):
            ask("https://127.0.0.1:9")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nonexistent")
    with pytest.raises(ConfigurationError, match="certificate"):
        ask("https://127.0.0.1:9")


def test_a_proxy_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """What did not get past the proxy was not sent."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")

    with pytest.raises(NotSent, match="ProxyError"):
        ask("https://api.hubapi.com")


def test_a_server_without_tls() -> None:
    """A handshake that fails ends before the request, and no token is sent."""

    def serve() -> bytes:
        connection, _ = server.accept()
        with connection:
            received = connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            return received

    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as thread:
        server.settimeout(5)
        received = thread.submit(serve)
        with pytest.raises(NotSent, match="SSLError"):
            ask(f"https://127.0.0.1:{server.getsockname()[1]}")

    assert TOKEN.encode() not in received.result()


@pytest.mark.parametrize(("cause", "kind"), [(wrong_certificate(), NotSent), (cut_off(), AnswerLost)])
def test_tls_that_fails(cause: ssl.SSLError, kind: type[HubSpotError]) -> None:
    """Only a failed handshake is certain to come before the request; a cut connection can come after it."""
    reason = MaxRetryError(None, "/", SSLError(cause))  # type: ignore[arg-type]

    assert type(trouble(requests.exceptions.SSLError(reason), "x")) is kind


@pytest.mark.parametrize(
    ("field", "timeouts"),
    [
        ("total", lambda seconds: Timeouts(total=seconds)),
        ("connect", lambda seconds: Timeouts(connect=seconds)),
        ("read", lambda seconds: Timeouts(read=seconds)),
    ],
)
@pytest.mark.parametrize("seconds", [0, -1.0, 86_401, float("nan"), float("inf")])
def test_a_timeout_that_no_socket_takes(
    field: str, timeouts: Callable[[float], Timeouts], seconds: float
) -> None:
    """A time is above 0 and at most a day; the error names the field and its value."""
    with pytest.raises(ConfigurationError, match=f"{field} must be more than 0 .*, not {seconds}"):
        timeouts(seconds)


def test_no_attempt() -> None:
    """A call is made at least once."""
    with pytest.raises(ConfigurationError, match="attempts must be at least 1, not 0"):
        Timeouts(attempts=0)


@pytest.mark.parametrize("total", [120.0, 20.0])
def test_a_socket_gets_few_timeouts(monkeypatch: pytest.MonkeyPatch, total: float) -> None:
    """Each of them is a system call, and what is left of a call's time grows shorter all the time."""
    given: list[float | None] = []
    settimeout = socket.socket.settimeout

    def counted(sock: socket.socket, value: float | None) -> None:
        given.append(value)
        settimeout(sock, value)

    with wire(reply(200, "{}"), timeouts=once(total=total)) as to:
        monkeypatch.setattr(socket.socket, "settimeout", counted)
        to.transport.request("GET", "/x", repeatable=True)

    assert len(given) <= 3


def test_time_that_is_over_between_two_parts_of_an_answer() -> None:
    """The next part is not waited for, whenever it would come."""
    clock = FakeClock()

    def late(connection: socket.socket) -> None:
        clock.sleep(86_400)
        connection.sendall(HEAD + b"Content-Length: 2\r\n\r\n")
        connection.recv(1)

    with (
        wire(late, clock=clock, timeouts=once()) as to,
        pytest.raises(AnswerLost, match=r"did not (end|answer)"),
    ):
        to.transport.request("GET", "/x", repeatable=True)
