# SPDX-License-Identifier: Apache-2.0
"""The pages over HTTP: headers, whom they are for, and what hostile input gets."""

from __future__ import annotations

import http.client
import re
from typing import Any
from urllib.parse import quote

import pytest

from airflow_provider_hubcontact.sandbox import Definition, OAuthClient, RateLimit, Sandbox
from airflow_provider_hubcontact.sandbox.page.views import A_PAGE
from tests.sandbox.calling import CONTACTS, Api, Clock


def ask(
    sandbox: Sandbox, path: str, method: str = "GET", body: str = "", **headers: str
) -> tuple[int, dict[str, str], str]:
    """Ask as a browser does, without a token."""
    connection = http.client.HTTPConnection(sandbox.url.removeprefix("http://"), timeout=10)
    connection.request(method, path, body.encode(), headers)
    response = connection.getresponse()
    return response.status, {n.lower(): v for n, v in response.getheaders()}, response.read().decode()


def test_a_page_is_closed_to_everything_else(hubspot: Sandbox) -> None:
    """No script, no frame, no other site; and no part of HubSpot's limits."""
    status, headers, text = ask(hubspot, "/")

    assert status == 200
    assert headers["content-type"] == "text/html;charset=utf-8"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert not [name for name in headers if "ratelimit" in name]
    assert hubspot.requests == []
    assert hubspot.token not in text


def test_a_form_of_another_site_switches_nothing(hubspot: Sandbox) -> None:
    """403 for a foreign origin, 303 for the page's own, 404 for a fault that is none."""
    hubspot.use_faults({"rules": [{"name": "slow", "kind": "latency", "seconds": 0}]})
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    path = "/sandbox/faults/slow"

    foreign = ask(hubspot, path, "POST", "enabled=false", Origin="http://evil.example", **form)
    assert (foreign[0], hubspot.faults.names) == (403, {"slow": True})
    own = ask(hubspot, path, "POST", "enabled=false", Origin=hubspot.url, **form)
    assert (own[0], own[1]["location"], hubspot.faults.names) == (303, "/#faults", {"slow": False})
    assert ask(hubspot, "/sandbox/faults/nope", "POST", "enabled=true", Origin=hubspot.url, **form)[0] == 404


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/sandbox/contacts?after=x", 400),
        ("/sandbox/contacts?after=-1", 400),
        (f"/sandbox/contacts?after={'9' * 40}", 400),
        ("/sandbox/contacts?after=99999999999999", 200),
        (f"/sandbox/contacts?q={'x' * 10_000}", 200),
        (f"/sandbox/contacts?q={quote('%00<>&' + chr(34))}", 200),
        ("/sandbox/contacts/nobody", 404),
        (f"/sandbox/contacts/{quote('<script>', safe='')}", 404),
    ],
)
def test_odd_questions(hubspot: Sandbox, path: str, status: int) -> None:
    """A page or a refusal, never a failure, and nothing of the question as markup."""
    answered, headers, text = ask(hubspot, path)

    assert answered == status
    assert headers["content-type"] == "text/html;charset=utf-8"
    assert "<script>" not in text


@pytest.mark.parametrize(
    ("form", "status"),
    [("enabled=false", 303), ("", 303), ("a=1&" * 1_000, 413)],
    ids=["one", "none", "huge"],
)
def test_a_form_is_small(hubspot: Sandbox, form: str, status: int) -> None:
    """A body that no button sends is refused before anybody reads its fields."""
    hubspot.use_faults({"rules": [{"name": "slow", "kind": "latency", "seconds": 0}]})

    assert ask(hubspot, "/sandbox/faults/slow", "POST", form)[0] == status


def test_each_cell_has_the_label_of_its_column(hubspot: Sandbox) -> None:
    """On a phone, where a row is a card, a value is called as the heading calls it."""
    Api(hubspot).get(CONTACTS)
    hubspot.use_faults({"rules": [{"name": "slow", "kind": "latency", "seconds": 0}]})
    _, _, contacts = ask(hubspot, "/sandbox/contacts")
    contact = re.search(r'href="(/sandbox/contacts/\d+)"', contacts)
    assert contact is not None
    pages = [contacts, *(ask(hubspot, path)[2] for path in ("/", contact[1], "/sandbox/log"))]

    tables = [table for page in pages for table in re.findall(r"<table>(.*?)</table>", page, re.DOTALL)]
    assert len(tables) == 5
    for table in tables:
        head, _, body = table.partition("</thead>")
        headings = re.findall(r"<th(?: [^>]*)?>(.*?)</th>", head)
        first = body.partition("</tr>")[0]
        assert re.findall(r'data-label="([^"]*)"', first) == headings


def test_what_there_is_one_of() -> None:
    """It is not said in the plural."""
    with Sandbox([{"email": "ada@example.com"}, {"email": "grace@example.com"}]) as sandbox:
        api = Api(sandbox)
        api.call("DELETE", f"{CONTACTS}/{api.id('ada@example.com')}")
        _, _, text = ask(sandbox, "/")

    assert "<h1>1 contact</h1>" in text
    assert "1 deleted contact ·" in text


def test_a_deleted_contact_has_its_page(api: Api) -> None:
    """It says when it was deleted."""
    ada = api.id("ada@example.com")
    api.call("DELETE", f"{CONTACTS}/{ada}")

    status, _, text = ask(api.sandbox, f"/sandbox/contacts/{ada}")

    assert status == 200
    assert "deleted 20" in text


def test_one_of_each() -> None:
    """No noun is in the plural after a one, and nothing is counted that is not there."""
    with Sandbox([{"email": "a@example.com"}, {"email": "b@example.com"}]) as sandbox:
        _, _, before = ask(sandbox, "/sandbox/log")
        api = Api(sandbox)
        api.call("DELETE", f"{CONTACTS}/{api.id('b@example.com')}")
        pages = {path: ask(sandbox, path)[2] for path in ("/", "/sandbox/contacts?q=a", "/sandbox/log")}

    assert "The last" not in before
    assert ">1 contact<" in pages["/"]
    assert "1 deleted contact ·" in pages["/"]
    assert "without a limit" in pages["/"]
    assert pages["/"].count("<svg") == 2, "what has no limit has no gauge"
    assert "Searched: 1 of 1 contact." in pages["/sandbox/contacts?q=a"]
    assert not [
        path for path, page in pages.items() if re.search(r"\b1 (?:contacts|deleted contacts|requests)", page)
    ]


def test_a_search_goes_on_where_it_stopped() -> None:
    """One question looks at 5,000 contacts at most; the next one finds the rest."""
    contacts = [{"email": f"c{number}@example.com"} for number in range(5_001)]
    with Sandbox(contacts) as sandbox:
        _, _, first = ask(sandbox, "/sandbox/contacts?q=c5000@")
        link = re.search(r'rel="next" href="([^"]+)"', first)
        assert link is not None
        _, _, second = ask(sandbox, link[1].replace("&amp;", "&"))

    assert "Searched: 5,000 of 5,001 contacts; " in first
    assert "c5000@example.com" not in first.replace('value="c5000@"', "")
    assert "c5000@example.com" in second


@pytest.mark.parametrize("query", ["Last@example.com", "old@example.com", "171591005001"])
def test_an_address_or_id_is_found_at_once(query: str) -> None:
    """However many contacts come before, and once only: an address, a former one, an id."""
    last = {"email": "last@example.com", "hs_additional_emails": "old@example.com"}
    contacts = [*({"email": f"c{number}@example.com"} for number in range(5_000)), last]
    with Sandbox(contacts) as sandbox:
        _, _, first = ask(sandbox, f"/sandbox/contacts?q={query}")
        _, _, second = ask(sandbox, f"/sandbox/contacts?q={query}&after=171591005000")

    assert first.count('data-label="Address" class="path"><bdi>last@example.com') == 1
    assert '171591005001"><bdi>' not in second


def test_no_token_is_shown() -> None:
    """One that is in a path is taken out of the log, also if a fault answers, or nobody."""
    plan = {"rules": [{"on": "GET /oauth/*", "kind": "status"}]}
    with Sandbox(faults=plan) as sandbox:
        for method, kind in (("GET", "access"), ("POST", "access"), ("DELETE", "refresh")):
            Api(sandbox).call(method, f"/oauth/v1/{kind}-tokens/{sandbox.token}")
        paths = [logged.path for logged in sandbox.requests]
        shown = [ask(sandbox, path)[2] for path in ("/", "/sandbox/log", "/sandbox/requests")]

    assert paths == ["/oauth/v1/access-tokens/***"] * 2 + ["/oauth/v1/refresh-tokens/***"]
    assert [text for text in shown if sandbox.token in text] == []


def test_a_request_has_its_time_and_duration() -> None:
    """By the sandbox's clock, on the page and in the log."""
    with Sandbox(clock=Clock()) as sandbox:
        Api(sandbox).get("/crm/v3/objects/contacts/1")
        moment = sandbox.requests[-1].time
        _, _, text = ask(sandbox, "/sandbox/log")

    assert moment == "2026-11-23T12:00:00Z"
    assert f'<time datetime="{moment}">12:00:00</time>' in text
    assert re.search(r'data-label="Duration"[^>]*>\d+ ms<', text)


def test_the_latency_is_a_part_of_the_duration() -> None:
    """What the caller waited for is what the log says."""
    with Sandbox(latency=0.05) as sandbox:
        Api(sandbox).get("/crm/v3/objects/contacts/1")

    assert 50 <= sandbox.requests[-1].milliseconds < 10_000


def test_a_path_is_shortened(api: Api) -> None:
    """A thousand characters of it are remembered."""
    api.get("/" + "x" * 30_000)

    assert api.sandbox.requests[-1].path == "/" + "x" * 999 + "…"


def test_a_long_history_is_a_short_page() -> None:
    """The last 500 changes, each cut, with what they were before as far as it is remembered."""
    names = [f"p{number}" for number in range(4)]
    with Sandbox(
        [{"email": "a@example.com"}], properties=[Definition(name, name) for name in names]
    ) as sandbox:
        api = Api(sandbox)
        for number in range(201):
            values = dict.fromkeys(names, f"{number} " + "x" * 5000)
            api.patch(f"{CONTACTS}/{api.id('a@example.com')}", {"properties": values})
        path = f"/sandbox/contacts/{api.id('a@example.com')}"
        _, _, text = ask(sandbox, path)

    assert "The last 500 of 800 changes." in text
    assert text.count('data-label="When (UTC)"') == 500
    assert len(text) < 1_000_000


def test_what_was_before_is_forgotten_with_the_oldest_writes(api: Api) -> None:
    """A contact remembers 200 writes; before the first of them a value is not called empty."""
    path = f"{CONTACTS}/{api.id('ada@example.com')}"
    _, _, few = ask(api.sandbox, f"/sandbox/contacts/{api.id('ada@example.com')}")
    for number in range(201):
        api.patch(path, {"properties": {"firstname": f"Ada {number}"}})

    _, _, text = ask(api.sandbox, f"/sandbox/contacts/{api.id('ada@example.com')}")

    assert "forgotten" not in few
    assert text.count("forgotten") == 1


def test_half_a_character_breaks_no_page() -> None:
    """A value from Python may hold what UTF-8 cannot."""
    with Sandbox([{"email": "a@example.com", "firstname": "\ud800"}]) as sandbox:
        statuses = [
            ask(sandbox, path)[0] for path in ("/", "/sandbox/contacts", "/sandbox/contacts/171591000001")
        ]

    assert statuses == [200, 200, 200]


@pytest.mark.parametrize(
    ("options", "gauges"),
    [
        ({}, [("1 without a limit", ""), ("1 of 1,000,000", "999,999 left")]),
        ({"tier": "pro", "daily_limit": 4}, [("1 of 190", "189 left"), ("1 of 4", "3 left")]),
    ],
    ids=["no limit", "pro"],
)
def test_gauges_say_what_is_left(options: dict[str, Any], gauges: list[tuple[str, str]]) -> None:
    """Used, limit and rest of the window and of the day; an app without a limit has no rest."""
    with Sandbox([{"email": "a@example.com"}], **options) as sandbox:
        Api(sandbox).get(CONTACTS)
        _, _, text = ask(sandbox, "/")

    figures = re.findall(r'"figure">(.+?)</p>.*?"note">(?:<b>(.+?)</b>)?', text, re.DOTALL)
    told = [(re.sub("<.*?>", "", figure), left) for figure, left in figures]
    assert told[:2] == gauges


@pytest.mark.parametrize(
    ("calls", "level"), [(14, "low"), (15, "high"), (18, "high"), (19, "full"), (20, "full")]
)
def test_a_gauge_says_when_little_is_left(calls: int, level: str) -> None:
    """From three quarters of the limit on it is high, from 95 % on it is full."""
    with Sandbox(rate_limit=RateLimit(20), clock=Clock()) as sandbox:
        for _ in range(calls):
            Api(sandbox).get(CONTACTS)
        _, _, text = ask(sandbox, "/")

    gauge = re.search(r'aria-label="(\d+) % used" class="(\w+)"', text)
    assert gauge is not None
    assert gauge.groups() == (str(5 * calls), level)


def test_a_search_shows_a_page() -> None:
    """As many contacts as a list has, and where the next ones are."""
    with Sandbox([{"email": f"c{number}@example.com"} for number in range(A_PAGE + 1)]) as sandbox:
        _, _, first = ask(sandbox, "/sandbox/contacts?q=example")
        link = re.search(r'rel="next" href="([^"]+)"', first)
        assert link is not None
        _, _, second = ask(sandbox, link[1].replace("&amp;", "&"))

    shown = [text.count('data-label="Address"') for text in (first, second)]
    assert shown == [A_PAGE, 1]


def test_each_app_has_its_own_gauge() -> None:
    """A further private app has the limit of private apps, an OAuth app that of its kind."""
    client = OAuthClient("id", "secret", "refresh")
    with Sandbox(tier="pro", oauth_clients=[client], more_tokens=["second"]) as sandbox:
        fields = {"client_id": "id", "client_secret": "secret", "refresh_token": "refresh"}
        answer = Api(sandbox, "").form("/oauth/v1/token", grant_type="refresh_token", **fields)
        for token in (sandbox.token, answer.body["access_token"], "second"):
            Api(sandbox, token).get(CONTACTS)
        _, _, text = ask(sandbox, "/")

    limits = re.findall(r"<figcaption>Calls of app (\d)</figcaption>.*?of ([\d,]+)", text, re.DOTALL)
    assert limits == [("1", "190"), ("2", "110"), ("3", "190")]
    assert "in the last second<" in " ".join(text.split()).replace(" <", "<"), "searches"
    assert "in the last 10 seconds" in text
