# SPDX-License-Identifier: Apache-2.0
"""A deadline bounds a call from its start to its last byte, whatever the server drips."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_hubcontact.client.auth import AccessToken, OAuthToken
from airflow_provider_hubcontact.client.errors import AnswerLost, NotSent
from airflow_provider_hubcontact.client.limits.rate_limit import RateLimit
from airflow_provider_hubcontact.client.transport import Transport
from airflow_provider_hubcontact.clock import SYSTEM_CLOCK
from tests.client.scripted import TOKEN, Server, once, wire

DEADLINE = 0.3
LATE = 1.5
"""Seconds after which a call has outlived its deadline, on a slow machine too."""

Script = Callable[[socket.socket], None]


def dripping(first: bytes, drip: bytes) -> Script:
    """Send something, and then the same few bytes again and again."""

    def script(connection: socket.socket) -> None:
        connection.sendall(first)
        for _ in range(200):
            connection.sendall(drip)
            time.sleep(0.02)

    return script


OK = b"HTTP/1.1 200 OK\r\n"
DRIPS = {
    "status line": dripping(b"HTTP/1.1 200 ", b"O"),
    "header": dripping(OK + b"X-Long: ", b"x"),
    "headers": dripping(OK, b"X: y\r\n"),
    "100 Continue": dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "100 Continue with a header": dripping(b"", b"HTTP/1.1 100 Continue\r\nX: y\r\n\r\n"),
    "body": dripping(OK + b"Content-Length: 9999\r\n\r\n", b" "),
    "body without length": dripping(OK + b"\r\n", b" "),
    "chunks": dripping(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "chunk size": dripping(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
    "trailer": dripping(OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n"),
    "gzip": dripping(OK + b"Content-Encoding: gzip\r\n\r\n", b"\x1f"),
    "redirect": dripping(b"HTTP/1.1 302 Found\r\nLocation: /y\r\nContent-Length: 9999\r\n\r\n", b" "),
    "nothing": dripping(b"", b""),
}


def calling(listening: socket.socket, deadline: float, scheme: str = "http") -> Transport:
    """Return a client of a server that listens there."""
    url = f"{scheme}://127.0.0.1:{listening.getsockname()[1]}"
    return Transport(url, AccessToken(TOKEN), RateLimit(), timeouts=once(total=deadline))


def serve_in_thread(listening: socket.socket, script: Script) -> None:
    """Serve one connection."""

    def serve() -> None:
        with suppress(OSError):  # the client gives up, as it should
            connection, _ = listening.accept()
            with connection:
                script(connection)

    threading.Thread(target=serve, daemon=True).start()


@pytest.mark.parametrize("script", DRIPS.values(), ids=DRIPS)
def test_whatever_drips(script: Script) -> None:
    """Bytes that trickle in, in whatever part of an answer, do not hold a call beyond its deadline."""
    began = time.monotonic()
    with wire(script, clock=SYSTEM_CLOCK, timeouts=once(total=DEADLINE)) as to, pytest.raises(AnswerLost):
        to.transport.request("POST", "/x", json={}, repeatable=True)

    assert time.monotonic() - began < LATE


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 60), st.binary(min_size=1, max_size=4))
def test_whatever_drips_wherever(cut: int, drip: bytes) -> None:
    """An answer may begin to drip at any byte, with any bytes."""
    whole = OK + b"Content-Type: application/json\r\nContent-Length: 9999\r\n\r\n{"
    began = time.monotonic()
    script = dripping(whole[:cut], drip)
    with wire(script, clock=SYSTEM_CLOCK, timeouts=once(total=0.15)) as to, pytest.raises(AnswerLost):
        to.transport.request("GET", "/x", repeatable=True)

    assert time.monotonic() - began < LATE


def sip(connection: socket.socket) -> None:
    """Read a little at a time."""
    for _ in range(200):
        connection.recv(400_000)
        time.sleep(0.02)


@pytest.mark.parametrize("read", [lambda _: time.sleep(4), sip], ids=["not at all", "drop by drop"])
def test_a_server_that_does_not_read(read: Script) -> None:
    """A request that the server does not take ends in time, however large it is."""
    with socket.create_server(("127.0.0.1", 0)) as listening, calling(listening, DEADLINE) as transport:
        serve_in_thread(listening, read)
        began = time.monotonic()
        with pytest.raises(AnswerLost, match="took too long"):
            transport.request("POST", "/x", json={"a": "x" * 40_000_000}, repeatable=True)

    assert time.monotonic() - began < 2 * LATE  # 40 MB take a while to encode


def test_a_kept_connection_that_is_not_read_any_more() -> None:
    """What a kept connection sends is bounded by the call's own deadline, not by the time to connect."""

    def answer_once(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        time.sleep(8)

    with socket.create_server(("127.0.0.1", 0)) as listening, calling(listening, DEADLINE) as transport:
        serve_in_thread(listening, answer_once)
        transport.request("GET", "/x", repeatable=True)
        began = time.monotonic()
        with pytest.raises(AnswerLost, match="took too long"):
            transport.request("POST", "/x", json={"a": "x" * 40_000_000}, repeatable=True)

    assert time.monotonic() - began < 2 * LATE


def test_each_call_of_a_connection_has_its_own_deadline() -> None:
    """Time that one call took is not taken from the next one on the same connection."""

    def answer(connection: socket.socket) -> None:
        for rest in (4, 3, 2, 1, 0):
            time.sleep(0.2)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
            if rest:
                connection.recv(65_536)

    with wire(answer, clock=SYSTEM_CLOCK, timeouts=once(total=0.5)) as to:
        for _ in range(5):
            assert to.transport.request("GET", "/x", repeatable=True).status == 200

    assert len(to.server.requests) == 1  # all over one connection


def test_a_kept_connection_that_begins_to_drip() -> None:
    """A deadline holds for the second call of a connection as for its first."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        connection.recv(65_536)
        dripping(OK, b"X: y\r\n")(connection)

    with wire(answer, clock=SYSTEM_CLOCK, timeouts=once(total=DEADLINE)) as to:
        to.transport.request("GET", "/x", repeatable=True)
        began = time.monotonic()
        with pytest.raises(AnswerLost, match="took too long"):
            to.transport.request("GET", "/x", repeatable=True)

    assert len(to.server.requests) == 1
    assert time.monotonic() - began < LATE


def test_the_wait_for_the_next_byte_is_still_bounded() -> None:
    """A long deadline leaves the shorter time for a single byte as it is."""
    began = time.monotonic()
    with (
        wire(lambda _: time.sleep(2), clock=SYSTEM_CLOCK, timeouts=once(total=60, read=0.2)) as to,
        pytest.raises(AnswerLost, match="nothing arrived for too long"),
    ):
        to.transport.request("GET", "/x", repeatable=True)

    assert time.monotonic() - began < LATE


def test_an_answer_in_time_is_whole() -> None:
    """What drips and ends before the deadline is an answer as any other."""

    def slowly(connection: socket.socket) -> None:
        for byte in b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b'Content-Length: 7\r\n\r\n{"a":1}':
            connection.sendall(bytes([byte]))
            time.sleep(0.002)

    with wire(slowly, clock=SYSTEM_CLOCK, timeouts=once(total=20)) as to:
        assert to.transport.request("GET", "/x", repeatable=True).body == {"a": 1}


def test_a_token_endpoint_that_drips() -> None:
    """The call for a token has a deadline as well; the request that needs the token was not sent."""
    server = Server(dripping(OK, b"X: y\r\n"))
    began = time.monotonic()

    with pytest.raises(NotSent, match="no access token"):
        OAuthToken(
            "app", "app-secret", "refresh-me", base_url=server.url, timeouts=once(total=DEADLINE)
        ).token()

    assert time.monotonic() - began < LATE


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1 and its key in one file."""
    folder = tmp_path_factory.mktemp("tls")
    key, cert, both = folder / "key.pem", folder / "cert.pem", folder / "both.pem"
    command = (
        f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -keyout {key} -out {cert} "
        "-addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=critical,CA:TRUE"
    )
    try:
        subprocess.run(command.split(), check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl makes the certificate")
    both.write_bytes(cert.read_bytes() + key.read_bytes())
    return both


@pytest.fixture
def tls(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """The server's side of TLS; the client trusts its certificate."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.mark.parametrize("part", ["status line", "headers", "100 Continue", "chunks", "body"])
def test_over_tls(tls: ssl.SSLContext, part: str) -> None:
    """Bytes that trickle through TLS are bounded as any others, and whole answers arrive."""

    def serve(plain: socket.socket) -> None:
        with tls.wrap_socket(plain, server_side=True) as connection:
            connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
            connection.recv(65_536)
            DRIPS[part](connection)

    with socket.create_server(("127.0.0.1", 0)) as listening, calling(listening, 1.0, "https") as transport:
        serve_in_thread(listening, serve)
        assert transport.request("GET", "/x", repeatable=True).body == {}
        began = time.monotonic()
        with pytest.raises(AnswerLost):
            transport.request("POST", "/x", json={"a": "x" * 10_000}, repeatable=True)

    assert time.monotonic() - began < 1.0 + LATE


def test_a_server_that_does_not_read_over_tls(tls: ssl.SSLContext) -> None:
    """What TLS sends in many parts has one deadline for all of them."""

    def serve(plain: socket.socket) -> None:
        with tls.wrap_socket(plain, server_side=True) as connection:
            sip(connection)

    with socket.create_server(("127.0.0.1", 0)) as listening, calling(listening, 1.0, "https") as transport:
        serve_in_thread(listening, serve)
        began = time.monotonic()
        with pytest.raises(AnswerLost, match="took too long"):
            transport.request("POST", "/x", json={"a": "x" * 40_000_000}, repeatable=True)

    assert time.monotonic() - began < 1.0 + 2 * LATE


def test_a_handshake_that_drips() -> None:
    """A TLS handshake that never ends is bounded by the time to connect."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        calling(listening, DEADLINE, "https") as transport,
    ):
        serve_in_thread(listening, dripping(b"\x16\x03\x03\x40\x00", b"\x02"))
        began = time.monotonic()
        with pytest.raises((AnswerLost, NotSent)):
            transport.request("GET", "/x", repeatable=True)

    assert time.monotonic() - began < LATE
