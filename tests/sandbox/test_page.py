"""The pages over HTTP: headers, whom they are for, and what hostile input gets."""

from __future__ import annotations

import http.client
import re
from urllib.parse import quote

import pytest

from airflow_provider_hubcontact.sandbox import Sandbox
from tests.sandbox.calling import CONTACTS, Api


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
    answered, _, text = ask(hubspot, path)

    assert answered == status
    assert "<script>" not in text


def test_a_deleted_contact_has_its_page(api: Api) -> None:
    """It says when it was deleted."""
    ada = api.id("ada@example.com")
    api.call("DELETE", f"{CONTACTS}/{ada}")

    status, _, text = ask(api.sandbox, f"/sandbox/contacts/{ada}")

    assert status == 200
    assert "deleted 20" in text


def test_a_search_goes_on_where_it_stopped() -> None:
    """One question looks at 5,000 contacts at most; the next one finds the rest."""
    contacts = [{"email": f"c{number}@example.com"} for number in range(5_001)]
    with Sandbox(contacts) as sandbox:
        _, _, first = ask(sandbox, "/sandbox/contacts?q=c5000@")
        link = re.search(r'rel="next" href="([^"]+)"', first)
        assert link is not None
        _, _, second = ask(sandbox, link[1].replace("&amp;", "&"))

    assert "5,000 contacts were searched" in first
    assert "c5000@example.com" not in first.replace('value="c5000@"', "")
    assert "c5000@example.com" in second
