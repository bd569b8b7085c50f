# SPDX-License-Identifier: Apache-2.0
"""No secret that the client holds gets into an error, a report, a ledger or a log, whatever a server says."""

from __future__ import annotations

import base64
import json
import pickle
import time
from collections.abc import Callable
from html import unescape
from typing import Any
from urllib.parse import quote, quote_plus, unquote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_hubcontact.client.account import Account
from airflow_provider_hubcontact.client.auth import AccessToken, OAuthToken
from airflow_provider_hubcontact.client.errors import HubSpotError
from airflow_provider_hubcontact.client.network.redaction import SHORTEST, without
from tests.client.scripted import Server, once, reply, wire
from tests.fake_clock import FakeClock

TOKEN, SECRET, REFRESH, OLD = "pat-na1/a+b=c", "app-secret~1", "refresh-me.2", "first-token-3"
SECRETS = (TOKEN, SECRET, REFRESH, OLD)


def in_json(secret: str) -> str:
    return "".join(f"\\u{ord(char):04x}" for char in secret)


def in_json_twice(secret: str) -> str:
    return json.dumps(in_json(secret))[1:-1]


def in_a_url(secret: str) -> str:
    return "".join(f"%{ord(char):02x}" for char in secret)


def in_a_url_twice(secret: str) -> str:
    return quote(in_a_url(secret), safe="")


def in_html(secret: str) -> str:
    return "".join(
        f"&#{ord(char)};" if place % 2 else f"&#x{ord(char):X};" for place, char in enumerate(secret)
    )


def every_other(secret: str) -> str:
    return "".join(char if place % 2 else in_a_url(char).upper() for place, char in enumerate(secret))


DISGUISES: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "JSON": in_json,
    "JSON twice": in_json_twice,
    "JSON's slash": lambda secret: secret.replace("/", "\\/"),
    "URL": in_a_url,
    "URL of its own": lambda secret: quote(secret, safe=""),
    "form": quote_plus,
    "URL twice": in_a_url_twice,
    "HTML": in_html,
    "every other": every_other,
    "behind a backslash": lambda secret: "\\" + in_a_url(secret),
    "in a sentence": lambda secret: f"the token {secret!r} is wrong; {secret}",
}


def undone(text: str) -> set[str]:
    """Return a text in every form that a reader may give it."""
    forms = {text}
    for _ in range(3):
        for form in tuple(forms):
            forms |= {unescape(form), unquote_plus(form), form.replace("\\/", "/").replace("\\\\", "\\")}
            try:
                forms.add(json.loads(f'"{form}"'))
            except ValueError:
                continue
    return forms


def assert_clean(shown: str) -> None:
    for secret in SECRETS:
        assert secret not in shown
        for disguise in DISGUISES.values():
            assert disguise(secret) not in shown


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("disguise", DISGUISES.values(), ids=DISGUISES)
def test_a_secret_is_struck_in_any_disguise(disguise: Callable[[str], str], secret: str) -> None:
    """However a server writes a secret, no reading of what is left has it."""
    value = {"a": [disguise(secret), {disguise(secret): f"x{disguise(secret)}y"}], "b": 5}

    struck = json.dumps(without(SECRETS, value))

    assert "***" in struck
    for form in undone(json.loads(json.dumps(without(SECRETS, disguise(secret))))):
        assert secret not in form


@given(
    st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=SHORTEST, max_size=40),
    st.data(),
)
def test_any_secret_in_a_mixed_disguise(secret: str, data: st.DataObject) -> None:
    """Each character of a secret may be escaped in another way."""
    ways: list[Callable[[str], str]] = [str, in_json, in_json_twice, in_a_url, in_a_url_twice, in_html]
    text = "".join(data.draw(st.sampled_from(ways))(char) for char in secret)

    assert without([secret], f"before {text} after") == "before *** after"


def test_a_percent_sign_at_the_end() -> None:
    """Its escape goes whole."""
    assert without(["secret%"], "before secret%25 after") == "before *** after"


@given(st.text(max_size=100))
def test_other_texts_stay_as_they_are(text: str) -> None:
    """What holds no secret is not changed."""
    assert without(SECRETS, text) == text


def test_one_secret_may_begin_as_another_does() -> None:
    """Nothing is left of the longer one."""
    assert without(["refresh", "refresh-me.2"], ["refresh-me.2", "a refresh%2dme.2 b"]) == ["***", "a *** b"]


def test_a_word_is_not_a_secret() -> None:
    """A secret of four characters would be found in any text, and is not one."""
    assert without(["test", ""], "a test of testing") == "a test of testing"


@pytest.mark.parametrize(
    "text",
    [
        "\\" * 200_000,
        "%25" * 100_000,
        "&#" * 100_000,
        "%" * 200_000,
        "p\\u0061t" * 50_000,
        "p" + "\\" * 200_000,
        "p\\\\" * 50_000,
    ],
)
def test_a_text_that_takes_long(text: str) -> None:
    """A server cannot keep the client busy with escapes."""
    began = time.process_time()
    without(SECRETS, text)

    assert time.process_time() - began < 2


def granted(token: str, refresh: str | None = None) -> bytes:
    answer: dict[str, Any] = {"access_token": token, "expires_in": 1800, "hub_id": 7, "scopes": list(SECRETS)}
    return reply(200, json.dumps(answer | ({"refresh_token": refresh} if refresh else {})))


def oauth(clock: FakeClock | None = None) -> OAuthToken:
    server = Server(granted(OLD), granted(TOKEN, REFRESH))
    return OAuthToken("app", SECRET, "refresh-me-first", base_url=server.url, clock=clock or FakeClock())


def with_all_tokens() -> OAuthToken:
    """Return credentials that were renewed once, and rotated."""
    credentials = oauth()
    credentials.token()
    assert credentials.renew(OLD)
    assert {*SECRETS, "refresh-me-first"} <= set(credentials.secrets())
    return credentials


def bodies(text: str) -> list[bytes]:
    """Return answers that repeat a text, as JSON text already escaped."""
    embedded = json.dumps(
        f'Property values were not valid: [{{"message":"{text}","name":"{text}","error":"E"}}]'
    )
    detail = (
        f'{{"message":"{text}","code":"{text}","context":{{"propertyName":["{text}"],"{text}":["{text}"]}}}}'
    )
    envelope = f'"status":"error","correlationId":"{text}"'
    return [
        reply(400, f'{{{envelope},"message":"{text}","category":"{text}","errors":[{detail}]}}'),
        reply(400, f'{{{envelope},"message":{embedded}}}'),
        reply(404, f'{{{envelope},"message":"{text}"}}'),
        reply(429, f'{{{envelope},"message":"{text}","policyName":"{text}"}}'),
        reply(503, f"<html>{text}", Retry_After="3600"),
    ]


HEADERS = [
    reply(400, '{"status":"error"}', X_HubSpot_Correlation_Id="{}"),
    reply(200, "<", Content_Type="{}"),
    reply(302, "", Location="/{}", Content_Type="{}"),
    reply(200, "<html>{}", Content_Type="text/html; {}"),
]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("disguise", DISGUISES.values(), ids=DISGUISES)
def test_no_error_holds_a_secret(disguise: Callable[[str], str], secret: str) -> None:
    """No body and no header of an answer gets a secret of an OAuth app into an error, pickled neither."""
    text = disguise(secret)
    answers = [*bodies(text), *(answer.replace(b"{}", text.encode()) for answer in HEADERS)]
    credentials = with_all_tokens()
    for answer in answers:
        head, _, body = answer.partition(b"\r\n\r\n")
        length = [line for line in head.split(b"\r\n") if line.startswith(b"Content-Length")]
        whole = head.replace(length[0], b"Content-Length: %d" % len(body)) + b"\r\n\r\n" + body
        with wire(whole, auth=credentials, timeouts=once()) as to, pytest.raises(HubSpotError) as raised:
            to.transport.request("POST", "/x", json={}, repeatable=True)
        assert_clean(str(raised.value) + repr(raised.value) + repr(vars(raised.value)))
        assert secret.encode() not in pickle.dumps(raised.value)


def test_no_answer_holds_a_secret() -> None:
    """Values of contacts get into reports and ledgers."""
    body = json.dumps({"results": [{secret: secret} for secret in SECRETS]})
    with wire(reply(200, body), auth=with_all_tokens()) as to:
        answer = to.transport.request("GET", "/x", repeatable=True)

    assert_clean(repr(answer))
    assert answer.body["results"][0] == {"***": "***"}


def test_no_scope_holds_a_secret() -> None:
    """What a token may do is shown to people, by the connection's test and the command line."""
    credentials = with_all_tokens()
    assert_clean(" ".join(credentials.scopes))
    told = json.dumps({"hubId": 7, "scopes": list(SECRETS)})
    with wire(reply(200, told), auth=AccessToken(TOKEN)) as to:
        scopes = Account(to.transport, AccessToken(TOKEN), "2026-09").access().scopes
    assert TOKEN not in scopes


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 200, 302])
def test_the_token_endpoint_repeats_what_it_was_sent(status: int) -> None:
    """A failed renewal says nothing of the form that was sent."""
    text = f"{SECRET} {REFRESH} {base64.b64encode(SECRET.encode()).decode()}"
    server = Server(
        reply(status, json.dumps({"error": text, "message": text, "status": text}), Location=SECRET)
    )
    credentials = OAuthToken("app", SECRET, REFRESH, base_url=server.url)

    with pytest.raises(HubSpotError) as raised:
        credentials.token()

    assert_clean(str(raised.value) + repr(raised.value) + repr(vars(raised.value)))


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(SECRETS), st.lists(st.sampled_from(list(DISGUISES)), min_size=1, max_size=3))
def test_clean_answers_around_a_secret_are_kept(secret: str, names: list[str]) -> None:
    """Only the secret goes; what stands around it is told."""
    text = " | ".join(DISGUISES[name](secret) for name in names)
    shown = without([secret], f"before {text} after")

    assert shown.startswith("before ")
    assert shown.endswith(" after")
    assert secret not in shown
