# SPDX-License-Identifier: Apache-2.0
"""Fixed tokens, and tokens that OAuth renews."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from airflow_provider_hubcontact.client.auth import AccessToken, OAuthToken
from airflow_provider_hubcontact.client.errors import (
    AnswerLost,
    ConfigurationError,
    NotSent,
    Unauthorized,
    UnusableToken,
    WrongAddress,
)
from tests.client.scripted import TRUNCATED, Server, reply, wire
from tests.fake_clock import FakeClock


def granted(token: str, **more: object) -> bytes:
    answer = {"token_type": "bearer", "access_token": token, "expires_in": 1800, "hub_id": 7, "scopes": ["a"]}
    return reply(200, json.dumps(answer | more))


def oauth(server: Server, clock: FakeClock | None = None, **more: object) -> OAuthToken:
    return OAuthToken(
        "app",
        "app-secret",
        "refresh-me",
        base_url=server.url,
        clock=clock or FakeClock(),
        **more,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("token", "says"),
    [
        ("12345678-90ab-cdef-1234-567890abcdef", "API key"),
        ("", "characters"),
        ("pat na1", "characters"),
        ("pat\r\nX-Evil: 1", "characters"),
        ("pät", "characters"),
    ],
    ids=["API key", "empty", "blank", "newline", "umlaut"],
)
def test_a_token_that_cannot_be(token: str, says: str) -> None:
    """What is no token is refused with a sentence that does not repeat it."""
    with pytest.raises(ConfigurationError, match=says) as raised:
        AccessToken(token)

    assert not token or token not in str(raised.value)


def test_a_fixed_token_cannot_be_renewed() -> None:
    """There is no other one."""
    token = AccessToken("pat-na1-x")

    assert (token.token(), token.renew("pat-na1-x")) == ("pat-na1-x", False)
    assert "pat" not in repr(token)


def test_everything_is_in_the_body() -> None:
    """The token endpoint gets a form, and no secret stands in the URL."""
    server = Server(granted("one"))

    assert oauth(server).token() == "one"

    head, _, body = server.requests[0].decode().partition("\r\n\r\n")
    assert head.startswith("POST /oauth/2026-09/token HTTP/1.1")
    assert "secret" not in head
    assert parse_qs(body) == {
        "grant_type": ["refresh_token"],
        "client_id": ["app"],
        "client_secret": ["app-secret"],
        "refresh_token": ["refresh-me"],
    }


@pytest.mark.parametrize(("version", "path"), [("2026-03", "2026-03"), ("v3", "2026-09"), ("v1", "2026-09")])
def test_the_endpoint_is_dated(version: str, path: str) -> None:
    """Versions without a dated token endpoint use the newest one."""
    server = Server(granted("one"))

    oauth(server, version=version).token()

    assert server.lines() == [f"POST /oauth/{path}/token HTTP/1.1"]


def test_a_token_is_renewed_ahead_of_its_end() -> None:
    """A token is used until five minutes before its end, and then replaced."""
    server, clock = Server(granted("one"), granted("two")), FakeClock()
    token = oauth(server, clock)

    assert token.token() == "one"
    clock.seconds = 1_499
    assert token.token() == "one"
    clock.seconds = 1_501
    assert token.token() == "two"


def test_a_rotated_refresh_token_is_used_next() -> None:
    """The refresh token of the newest answer counts, and every secret is handed to be masked."""
    server, clock, masked = (
        Server(granted("one", refresh_token="rotated"), granted("two")),
        FakeClock(),
        list[str](),
    )
    token = oauth(server, clock, on_new_token=masked.append)

    token.token()
    clock.seconds = 10_000
    token.token()

    assert b"refresh_token=rotated" in server.requests[1]
    assert masked == ["one", "rotated", "two"]


def test_threads_share_one_renewal() -> None:
    """Twenty threads whose token was refused renew it once, and all go on with the new one."""
    server = Server(granted("one"), granted("two"))
    token = oauth(server)
    token.token()

    with ThreadPoolExecutor(20) as threads:
        renewed = list(threads.map(lambda _: token.renew("one"), range(20)))

    assert renewed == [True] * 20
    assert token.token() == "two"
    assert len(server.requests) == 2


def test_the_portal_and_scopes_are_kept() -> None:
    """The answer says for which portal and scopes the token is."""
    token = oauth(Server(granted("one")))
    token.token()

    assert (token.portal_id, token.scopes) == (7, frozenset({"a"}))


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (reply(400, '{"error":"invalid_grant","status":"BAD_REFRESH_TOKEN"}'), Unauthorized),
        (reply(400, '{"message":"app-secret and refresh-me are wrong"}'), Unauthorized),
        (reply(401, "{}"), Unauthorized),
        (reply(404, "<html>"), WrongAddress),
        (reply(405, "{}"), WrongAddress),
        (reply(408, "<html>"), NotSent),
        (reply(425, "<html>"), NotSent),
        (reply(429, "{}"), NotSent),
        (reply(500, "<html>"), NotSent),
        (TRUNCATED, NotSent),
        (reply(200, "<html>"), UnusableToken),
        (reply(200, "[" * 100_000), UnusableToken),
        (reply(200, '{"access_token": 5}'), UnusableToken),
        (granted("new\nsecret"), UnusableToken),
        (granted("one", expires_in=None), UnusableToken),
        (granted("one", expires_in=0), UnusableToken),
        (granted("one", expires_in=float("nan")), UnusableToken),
        (reply(200, "[]"), UnusableToken),
        (reply(201, "{}"), UnusableToken),
        (reply(302, "", Location="http://127.0.0.1:1/"), UnusableToken),
    ],
    ids=[
        "bad grant",
        "secrets repeated",
        "401",
        "404",
        "405",
        "408",
        "425",
        "429",
        "500",
        "truncated",
        "page",
        "deep",
        "no token",
        "unsafe token",
        "no lifetime",
        "over at once",
        "not a number",
        "list",
        "201",
        "redirect",
    ],
)
def test_a_renewal_that_fails(answer: bytes, error: type[Exception]) -> None:
    """Each way to fail has its class, and no secret is in what it says."""
    token = oauth(Server(answer))

    with pytest.raises(error) as raised:
        token.token()

    shown = str(raised.value) + repr(raised.value) + repr(token)
    assert not any(secret in shown for secret in ("app-secret", "refresh-me", "new\nsecret"))


def test_a_refresh_token_that_is_over() -> None:
    """The way out is told, as a 401: the call's own data is not at fault."""
    token = oauth(Server(reply(400, '{"error":"invalid_grant"}')))

    with pytest.raises(Unauthorized, match="connect the app") as raised:
        token.token()

    assert raised.value.status == 401


def test_a_create_waits_for_its_token() -> None:
    """A token endpoint that fails for a moment does not cost a create, which was not sent yet."""
    tokens = Server(TRUNCATED, reply(503), granted("one"))
    with wire(reply(201, "{}"), auth=oauth(tokens)) as to:
        answer = to.transport.request("POST", "/x", json={}, repeatable=False)

    assert answer.status == 201
    assert (len(tokens.requests), len(to.server.requests)) == (3, 1)


def test_a_request_without_a_token_is_not_sent() -> None:
    """What the token endpoint answers is nothing that HubSpot says of the request, which was not sent."""
    with (
        wire(reply(201, "{}"), auth=oauth(Server(reply(200, "<html>")))) as to,
        pytest.raises(UnusableToken) as raised,
    ):
        to.transport.request("POST", "/x", json={}, repeatable=False)

    assert raised.value.untouched
    assert to.server.requests == []


def test_a_request_that_was_sent_before_its_token_ended() -> None:
    """An earlier attempt may have been carried out, whatever the token endpoint answers then."""
    tokens = Server(granted("one"), reply(200, "<html>"))
    answers = (reply(503), reply(401, "{}"))
    with wire(*answers, auth=oauth(tokens)) as to, pytest.raises(AnswerLost, match="answered 503; then: "):
        to.transport.request("POST", "/x", json={}, repeatable=True)


def test_a_short_token_is_renewed_at_half_its_life() -> None:
    """A token that lasts less than ten minutes is used for half of them."""
    server, clock = Server(granted("one", expires_in=60), granted("two")), FakeClock()
    token = oauth(server, clock)

    token.token()
    clock.seconds = 29
    assert token.token() == "one"
    clock.seconds = 30
    assert token.token() == "two"


@pytest.mark.parametrize("scopes", [None, 5, "a", [{}], {"a": 1}], ids=repr)
def test_odd_scopes_do_no_harm(scopes: object) -> None:
    """The token counts; what is told about it may be missing or odd."""
    token = oauth(Server(granted("one", scopes=scopes, hub_id="x")))

    assert token.token() == "one"
    assert token.portal_id is None
    assert all(isinstance(scope, str) for scope in token.scopes)


def test_secrets_do_not_go_in_clear() -> None:
    """A token endpoint over plain http on another machine is refused."""
    with pytest.raises(ConfigurationError, match="must be https"):
        OAuthToken("a", "b", "c", base_url="http://api.hubapi.com")


def test_a_netrc_is_not_sent_to_the_token_endpoint(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Credentials for the host in ~/.netrc stay at home."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password mine\n")
    monkeypatch.setenv("NETRC", str(netrc))
    server = Server(granted("one"))

    oauth(server).token()

    assert b"authorization" not in server.requests[0].lower()


def test_no_token_endpoint() -> None:
    """Nobody listening is told as not sent."""
    server = Server(granted("one"))
    token = OAuthToken("a", "b", "c", base_url="http://127.0.0.1:9")
    server.close()

    with pytest.raises(NotSent):
        token.token()
