# SPDX-License-Identifier: Apache-2.0
"""Who is a member already is read by few calls, over real HTTP, and by what HubSpot says alone."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import pytest

from airflow_provider_hubcontact.client.auth import AccessToken
from airflow_provider_hubcontact.client.errors import BadRequest, Forbidden, ServerError
from airflow_provider_hubcontact.client.hubspot import HubSpot
from airflow_provider_hubcontact.client.lists import Lists as ListsOfClient
from airflow_provider_hubcontact.job.portal.member_reads import MemberReads
from airflow_provider_hubcontact.job.settings.lists import Lists
from airflow_provider_hubcontact.refusal import Refusal
from airflow_provider_hubcontact.sandbox import Sandbox
from tests.job.around import Around, Told, run
from tests.job.test_lists import made

PEOPLE = [{"email": f"c{n}@example.com", "firstname": "A"} for n in range(600)]


@pytest.fixture
def hubspot() -> Iterator[Sandbox]:
    with Sandbox(contacts=PEOPLE) as sandbox:
        yield sandbox


def of_list(hubspot: Sandbox) -> dict[str, int]:
    """Count the calls about members."""
    counts: dict[str, int] = {}
    for each in hubspot.requests:
        name = each.path.partition("/lists/")[2].partition("/")[2].partition("?")[0]
        if "memberships" in name:
            name = {"records/memberships/batch/read": "several"}.get(name, name.rpartition("/")[2])
            name = "one" if "/records/0-1/" in each.path else name
            counts[name] = counts.get(name, 0) + 1
    return counts


def second(hubspot: Sandbox, filled: Collection[dict[str, str]], size: int) -> tuple[Told, dict[str, int]]:
    """Put everybody into a list that some are in, and tell the calls about its members."""
    list_id = made(hubspot)
    there = [hubspot.portal.contact(each["email"]) for each in filled]
    hubspot.portal.lists.get(list_id).members |= {each.id: 1 for each in there if each}
    ended = run(Around(hubspot, PEOPLE), lists=Lists("Customers", batch_size=size))

    assert len(hubspot.portal.lists.get(list_id).members) == len(PEOPLE)
    assert ended.outcomes == {"unchanged": 600}
    (told,) = ended.report["lists"].values()
    assert (told.get("member", 0), told.get("added", 0)) == (len(filled), 600 - len(filled))
    return ended, of_list(hubspot)


def test_a_full_list_is_foreseen(hubspot: Sandbox) -> None:
    """After the first call all others are reads alone, of many contacts each."""
    assert second(hubspot, PEOPLE, 300)[1] == {"add-and-remove": 1, "several": 2}


def test_a_list_of_some(hubspot: Sandbox) -> None:
    """Those who are there are read, and the others are put in."""
    _, calls = second(hubspot, PEOPLE[:400], 200)

    assert calls["several"] <= 3
    assert calls["add-and-remove"] <= 3


def test_an_empty_list(hubspot: Sandbox) -> None:
    """Nothing is read."""
    assert second(hubspot, [], 200)[1] == {"add-and-remove": 3}


def test_pages_where_they_are_fewer_calls(hubspot: Sandbox) -> None:
    """What was read once is known for the rest of the run."""
    _, calls = second(hubspot, PEOPLE, 50)

    assert calls == {"add-and-remove": 1, "several": 2, "memberships": 3}


@pytest.mark.parametrize("status", [400, 413])
def test_too_many_for_one_call(hubspot: Sandbox, lists: ListsOfClient, status: int) -> None:
    """The call is halved, and so are the later ones."""
    hubspot.use_faults(
        {"rules": [{"kind": "status", "status": status, "on": "lists.of_records", "count": 2}]}
    )
    list_id, ids = made(hubspot), [*hubspot.portal.contacts]
    hubspot.portal.lists.get(list_id).members |= dict.fromkeys(ids[:300], 1)
    reads = MemberReads(lists, 200)

    asked = [reads.members(list_id, 90_000, ids[n : n + 200], surely=True) for n in (200, 400)]

    assert asked == [{*ids[200:300]}, set()]
    assert of_list(hubspot) == {"several": 2 + 4 + 4}


@pytest.mark.parametrize("status", [400, 404, 405, 501])
def test_a_portal_that_does_not_take_such_calls(hubspot: Sandbox, status: int) -> None:
    """All is read as if there were none, and few calls are wasted."""
    hubspot.use_faults({"rules": [{"kind": "status", "status": status, "on": "lists.of_records"}]})

    _, calls = second(hubspot, PEOPLE, 200)

    assert calls["several"] <= 10
    assert calls["memberships"] == 3


@pytest.fixture
def lists(hubspot: Sandbox) -> Iterator[ListsOfClient]:
    with HubSpot(hubspot.url, AccessToken(hubspot.token)) as client:
        yield client.lists


def test_an_id_from_before_a_merge(hubspot: Sandbox, lists: ListsOfClient) -> None:
    """HubSpot answers with the survivor, so that the id is asked for by itself."""
    list_id = made(hubspot)
    first, other, *_ = hubspot.portal.contacts.values()
    hubspot.portal.lists.get(list_id).members |= {other.id: 1}
    whole = hubspot.portal.merge(first, other)
    reads = MemberReads(lists, 100)

    assert reads.members(list_id, 9_000, [first.id, other.id], surely=True) == {first.id, other.id}
    assert reads.members(list_id, 9_000, [whole.id], surely=True) == {whole.id}


def test_who_is_not_mentioned(
    hubspot: Sandbox, lists: ListsOfClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is neither in the list nor outside of it: surely, it is asked for by itself."""
    list_id = made(hubspot)
    ids = [*hubspot.portal.contacts][:4]
    hubspot.portal.lists.get(list_id).members |= dict.fromkeys(ids[:2], 1)
    whole = ListsOfClient.of_each

    def terse(self: ListsOfClient, record_ids: Collection[str]) -> dict[str, frozenset[str]]:
        return {each: found for each, found in whole(self, record_ids).items() if each in ids[1:3]}

    monkeypatch.setattr(ListsOfClient, "of_each", terse)

    assert MemberReads(lists, 100).members(list_id, 9_000, ids, surely=False) == {ids[1]}
    assert MemberReads(lists, 100).members(list_id, 9_000, ids, surely=True) == {*ids[:2]}
    assert of_list(hubspot)["one"] == 2


@pytest.mark.parametrize(("status", "error"), [(503, ServerError), (403, Forbidden)])
def test_a_call_that_fails_is_no_answer(
    hubspot: Sandbox, lists: ListsOfClient, status: int, error: type[Exception]
) -> None:
    """It is not asked in other ways: the status decides."""
    hubspot.use_faults({"rules": [{"kind": "status", "status": status, "on": "lists.of_records"}]})

    with pytest.raises(error):
        MemberReads(lists, 100).members(made(hubspot), 9_000, ["1", "2"], surely=True)


def test_one_contact_that_is_refused(
    hubspot: Sandbox, lists: ListsOfClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was this contact, and not the number of them: later calls are large again."""
    list_id = made(hubspot)
    ids = [*hubspot.portal.contacts]
    hubspot.portal.lists.get(list_id).members |= dict.fromkeys(ids, 1)
    whole, calls = ListsOfClient.of_each, list[int]()

    def picky(self: ListsOfClient, record_ids: Collection[str]) -> dict[str, frozenset[str]]:
        calls.append(len(record_ids))
        if ids[3] in record_ids:
            raise BadRequest(Refusal(400, "odd", "VALIDATION_ERROR"))
        return whole(self, record_ids)

    monkeypatch.setattr(ListsOfClient, "of_each", picky)
    reads = MemberReads(lists, 100)

    assert reads.members(list_id, 90_000, ids[:50], surely=True) == {*ids[:50]}
    calls.clear()  # the sandbox's own log may be a moment behind its answers
    assert reads.members(list_id, 90_000, ids[50:150], surely=True) == {*ids[50:150]}
    assert calls == [100]


def test_who_leaves_is_read_anew(hubspot: Sandbox, lists: ListsOfClient) -> None:
    """What was seen of it before the call that takes it out is old."""
    list_id = made(hubspot)
    ids = [*hubspot.portal.contacts][:3]
    reads = MemberReads(lists, 100)
    reads.joined(list_id, ids)

    reads.seen.drop(list_id, ids[:2])

    assert reads.members(list_id, 9_000, ids, surely=True) == {ids[2]}


def test_pages_are_read_once(hubspot: Sandbox, lists: ListsOfClient) -> None:
    """Who is not on them need not be asked for before it is put in."""
    list_id = made(hubspot)
    ids = [*hubspot.portal.contacts]
    hubspot.portal.lists.get(list_id).members |= dict.fromkeys(ids[:300], 1)
    reads = MemberReads(lists, 10)

    asked: list[Any] = [reads.members(list_id, 300, ids[n : n + 50], surely=False) for n in range(0, 600, 50)]

    assert sum(map(len, asked)) == 300
    assert of_list(hubspot) == {"memberships": 2}
