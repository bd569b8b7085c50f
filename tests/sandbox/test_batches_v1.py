# SPDX-License-Identifier: Apache-2.0
"""Batches of v1: up to a thousand contacts, all or none, written a little later."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest

from airflow_provider_hubcontact.sandbox import Sandbox, Switches
from tests.sandbox.calling import Answer, Api, Clock

BATCH = "/contacts/v1/contact/batch/"
SEEDS = [{"email": "ada@example.com", "firstname": "Ada"}, {"email": "grace@example.com"}]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def api(clock: Clock) -> Iterator[Api]:
    with Sandbox(SEEDS, clock=clock, v1_batch_delay=5) as sandbox:
        yield Api(sandbox)


def entry(key: str | int, **values: Any) -> dict[str, Any]:
    name = "vid" if isinstance(key, int) else "email"
    return {name: key, "properties": [{"property": n, "value": v} for n, v in values.items()]}


def send(api: Api, *entries: Any) -> Answer:
    return api.post(BATCH, list(entries))


def test_it_is_written_a_little_later(api: Api, clock: Clock) -> None:
    """202 without a body; contacts are updated by address and by vid, and created, seconds afterwards."""
    grace = int(api.id("grace@example.com"))

    answer = send(
        api, entry("ADA@example.com", firstname="A"), entry(grace, firstname="G"), entry("new@example.com")
    )

    assert (answer.status, answer.body) == (202, None)
    assert api.stored("ada@example.com", "firstname") == "Ada"
    clock.now += 4
    api.get("/account-info/v3/details")
    assert api.stored("ada@example.com", "firstname") == "Ada"
    clock.now += 1
    api.get("/account-info/v3/details")
    assert api.stored("ada@example.com", "firstname") == "A"
    assert api.stored("grace@example.com", "firstname") == "G"
    assert api.stored("new@example.com", "firstname") is None


def test_one_bad_contact_refuses_all(api: Api, clock: Clock) -> None:
    """400 with the place of each bad contact; nothing is written, now or later."""
    answer = send(
        api,
        entry("ada@example.com", firstname="A"),
        entry("bad@x"),
        entry("grace@example.com", nope="1", closedate="soon"),
        entry(999, firstname="X"),
        entry("grace@example.com", email="ada@example.com"),
    )

    clock.now += 60
    api.get("/account-info/v3/details")
    assert answer.status == 400
    assert answer.message == "Errors found processing batch update"
    assert answer.body["invalidEmails"] == ["bad@x"]
    failures = answer.body["failureMessages"]
    assert [failure["index"] for failure in failures] == [1, 2, 2, 3, 4]
    assert failures[0]["error"] == {"status": "error", "message": "Email address bad@x is invalid"}
    assert failures[1]["propertyValidationResult"]["error"] == "PROPERTY_DOESNT_EXIST"
    assert failures[2]["propertyValidationResult"]["error"] == "INVALID_LONG"
    assert failures[3]["error"]["message"] == "contact does not exist"
    assert api.stored("ada@example.com", "firstname") == "Ada"


@pytest.mark.parametrize("most", ["20000", "1000"])
def test_so_many_at_most(most: Literal["20000", "1000"]) -> None:
    """20,000 contacts are taken, one more is not; with the switch ``v1_batch_limit`` a thousand."""
    entries = [entry(f"c{number}@example.com") for number in range(int(most) + 1)]
    with Sandbox(switches=Switches(v1_batch_limit=most), v1_batch_delay=0) as sandbox:
        api = Api(sandbox)

        assert send(api, *entries).status == 400
        assert send(api, *entries[1:]).status == 202
        api.get("/account-info/v3/details")
        assert len(sandbox.portal.contacts) == int(most)


def test_what_has_become_impossible_is_told_to_nobody(api: Api, clock: Clock) -> None:
    """A contact that is deleted meanwhile is not written; the others are."""
    grace = api.id("grace@example.com")
    send(api, entry(int(grace), firstname="G"), entry("ada@example.com", firstname="A"))
    api.call("DELETE", f"/crm/v3/objects/contacts/{grace}")
    clock.now += 5

    api.get("/account-info/v3/details")

    assert api.stored("ada@example.com", "firstname") == "A"
    assert api.sandbox.portal.contact(grace) is None


@pytest.mark.parametrize(("order", "kept"), [("reversed", "first"), ("input", "second")])
def test_no_order_is_promised(clock: Clock, order: Any, kept: str) -> None:
    """Of two entries of one contact either may be the last; the switch ``result_order`` says which."""
    with Sandbox(SEEDS, clock=clock, switches=Switches(result_order=order)) as sandbox:
        api = Api(sandbox)
        send(api, entry("ada@example.com", firstname="first"), entry("ada@example.com", firstname="second"))
        clock.now += 1
        api.get("/account-info/v3/details")

        assert api.stored("ada@example.com", "firstname") == kept


@pytest.mark.parametrize(
    "body", [{}, [1], [{"email": []}], [{"email": "a@b.org", "properties": {}}], b"", b"["]
)
def test_no_batch(api: Api, body: Any) -> None:
    """What is no array of contacts is a 400."""
    assert api.post(BATCH, body).status == 400


def test_an_entry_without_properties(api: Api) -> None:
    """Other keys than ``properties`` are not looked at."""
    assert send(api, {"email": "ada@example.com", "attributes": [1]}).status == 202


def test_a_batch_that_waits_survives_a_restart(tmp_path: Path, clock: Clock) -> None:
    """What was answered 202 is written by the next process, if the state is kept in a file."""
    with Sandbox(SEEDS, clock=clock, database=tmp_path / "portal") as sandbox:
        send(Api(sandbox), entry("ada@example.com", firstname="A"))
    clock.now += 5

    with Sandbox(clock=clock, database=tmp_path / "portal") as sandbox:
        api = Api(sandbox)
        api.get("/account-info/v3/details")
        assert api.stored("ada@example.com", "firstname") == "A"
    with Sandbox(clock=clock, database=tmp_path / "portal") as sandbox:
        assert sandbox.application.later.dump() == []
