"""Contacts are put into lists, over real HTTP: every record ends by what became of that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from airflow_provider_hubcontact.job.settings import Ledger, Lists
from airflow_provider_hubcontact.sandbox import Sandbox
from airflow_provider_hubcontact.sandbox.crm.lists import Changed
from tests.job.around import Around, run

NAMES = ("ada", "grace", "joan", "mary")
ROWS = [{"email": f"{name}@example.com", "firstname": "B"} for name in NAMES]


PEOPLE = [{"email": f"{name}@example.com", "firstname": "A"} for name in NAMES[:3]]


@pytest.fixture
def hubspot() -> Iterator[Sandbox]:
    with Sandbox(contacts=PEOPLE) as sandbox:
        yield sandbox


@pytest.fixture
def around(hubspot: Sandbox) -> Around:
    return Around(hubspot, ROWS)


def made(hubspot: Sandbox, name: str = "Customers", processing: str = "MANUAL") -> str:
    """Make a list in the portal, and return its id."""
    return hubspot.portal.lists.create(name, "0-1", processing, hubspot.portal.now()).id


def members(hubspot: Sandbox, list_id: str) -> set[str]:
    """Return the names of the contacts in a list."""
    portal = hubspot.portal
    return {
        str(portal.contacts[each].properties["email"]).partition("@")[0]
        for each in portal.lists.get(list_id).members
    }


def calls_of(hubspot: Sandbox, end: str) -> int:
    """Count the calls whose path ends so."""
    return sum(each.path.endswith(end) for each in hubspot.requests)


def test_every_contact_whose_record_ends_well_becomes_a_member(hubspot: Sandbox, around: Around) -> None:
    """Updated, created and unchanged ones, with one call; nobody else."""
    list_id = made(hubspot)
    around.given = [*ROWS[:1], {"email": "grace@example.com", "firstname": "A"}, *ROWS[2:], {"email": "x"}]

    ended = run(around, upsert=True, lists=Lists("Customers"), max_failures=1)

    assert ended.outcomes == {"updated": 2, "created": 1, "unchanged": 1, "invalid": 1}
    assert members(hubspot, list_id) == set(NAMES)
    assert ended.report["lists"] == {list_id: {"name": "Customers", "added": 4}}
    assert calls_of(hubspot, "/add-and-remove") == 1


def test_who_is_a_member_already(hubspot: Sandbox, around: Around) -> None:
    """HubSpot does not mention them, so that it is read who is in the list."""
    list_id = made(hubspot)
    run(around, upsert=True, lists=Lists(list_id))

    ended = run(around, upsert=True, lists=Lists(list_id))

    assert ended.outcomes == {"unchanged": 4}
    assert ended.report["lists"] == {list_id: {"name": "Customers", "member": 4}}


def test_members_are_read_by_pages_if_that_is_fewer_calls(hubspot: Sandbox) -> None:
    """What was read once is known for the rest of the run."""
    people = [{"email": f"c{n}@example.com", "firstname": "A"} for n in range(600)]
    with Sandbox(contacts=people) as sandbox:
        list_id = made(sandbox)
        around = Around(sandbox, people)
        first = run(around, lists=Lists("Customers", batch_size=100))
        before = len(sandbox.requests)
        again = run(around, lists=Lists("Customers", batch_size=100))

        calls = [each.path.rpartition("/")[2] for each in [*sandbox.requests][before:]]
    assert first.report["lists"][list_id]["added"] == 600
    assert again.report["lists"][list_id]["member"] == 600
    assert calls.count("add-and-remove") == 1
    assert calls.count("memberships") == 3


def test_a_column_names_the_list_of_each_row(hubspot: Sandbox, around: Around) -> None:
    """By name or id; a row without one is in none, and one that names an unknown list is not valid."""
    one, two = made(hubspot, "One"), made(hubspot, "Two")
    named: list[Any] = ["One", int(two), None, "Onee", " One "]
    around.given = [{**row, "segment": name} for row, name in zip([*ROWS, ROWS[0]], named, strict=True)]

    ended = run(around, lists=Lists(column="segment"), max_failures=4)

    assert members(hubspot, one) == {"ada"}
    assert members(hubspot, two) == {"grace"}
    assert "the portal has no list 'Onee' (the nearest is 'One')" in ended.reasons
    assert ended.outcomes["invalid"] == 1
    assert not any("segment" in each.properties for each in hubspot.portal.contacts.values())


def test_a_list_that_is_not_there_is_created_if_asked_for(hubspot: Sandbox, around: Around) -> None:
    """Once, when the first contact is put into it."""
    ended = run(around, upsert=True, lists=Lists("New", create=True, batch_size=2))

    (made,) = [each for each in hubspot.portal.lists.all() if each.name == "New"]
    assert members(hubspot, made.id) == set(NAMES)
    assert ended.report["lists"] == {made.id: {"name": "New", "added": 4}}
    assert ended.report["lists_created"] == ["New"]


@pytest.mark.parametrize(
    ("lists", "told"),
    [
        (Lists("Customer"), "the portal has no list 'Customer' (the nearest is 'Customers')"),
        (Lists("101"), "the list '101' is ambiguous"),
        (Lists("Active"), "'Active' is an active list, whose members HubSpot chooses by its filters"),
    ],
)
def test_what_cannot_be_a_list_is_told_before_anything_is_written(
    hubspot: Sandbox, around: Around, lists: Lists, told: str
) -> None:
    """All rows end ``not_attempted``."""
    made(hubspot)
    made(hubspot, "101")
    hubspot.portal.lists.get(made(hubspot, "Active")).processing = "DYNAMIC"

    ended = run(around, lists=lists)

    assert told in ended.says
    assert ended.outcomes == {"not_attempted": 4}
    assert calls_of(hubspot, "/batch/update") == 0


def test_the_scopes_of_lists_are_asked_for() -> None:
    """A token without them is told before anything is written."""
    scopes = ["crm.objects.contacts.read", "crm.objects.contacts.write"]
    with Sandbox(contacts=PEOPLE, scopes=scopes) as sandbox:
        made(sandbox)

        ended = run(Around(sandbox, ROWS), lists=Lists("Customers"))

    assert "the token lacks the scopes crm.lists.read, crm.lists.write" in ended.says
    assert ended.outcomes == {"not_attempted": 4}


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ({"kind": "status", "status": 503}, "unavailable"),
        ({"kind": "status", "status": 403}, "unauthorized"),
        ({"kind": "status", "status": 400}, "rejected"),
        ({"kind": "reset", "applied": True}, "unknown"),
        ({"kind": "html", "status": 200}, "unknown"),
    ],
)
def test_the_status_of_the_call_decides(
    around: Around, hubspot: Sandbox, fault: dict[str, Any], outcome: str
) -> None:
    """The record ends as the call about its list did; what was written stays told."""
    made(hubspot)
    hubspot.use_faults({"rules": [{**fault, "on": "lists.add_and_remove"}]})

    ended = run(around, upsert=True, lists=Lists("Customers"), ledger=Ledger("books"))

    assert ended.outcomes == {outcome: 4}
    assert {line["category"] for line in around.books.lines} == {"LIST"}
    assert [sorted(line["changed"]) for line in around.books.lines] == [["firstname"]] * 3 + [
        ["email", "firstname"]
    ]
    assert ended.report["lists"] == {}

    hubspot.use_faults({})
    around.try_number = 2
    again = run(around, upsert=True, lists=Lists("Customers"), ledger=Ledger("books"))
    assert again.outcomes == {"unchanged": 4}


def test_an_answer_that_proves_nothing_is_not_believed(
    around: Around, hubspot: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call that HubSpot accepts, and does not carry out, is no membership: who is in the list is read."""
    list_id = made(hubspot)
    monkeypatch.setattr(hubspot.portal.lists, "change", lambda *_: Changed((), (), ()))

    ended = run(around, lists=Lists("Customers"), max_failures=4)

    assert members(hubspot, list_id) == set()
    assert ended.outcomes == {"unknown": 3, "not_found": 1}


def test_a_call_that_is_refused_is_halved(hubspot: Sandbox, around: Around) -> None:
    """Until HubSpot takes it; HubSpot documents no limit of its size."""
    list_id = made(hubspot)
    around.given = [{"email": f"n{n}@example.com", "firstname": "B"} for n in range(40)]
    hubspot.use_faults(
        {"rules": [{"kind": "status", "status": 413, "on": "lists.add_and_remove", "count": 3}]}
    )

    ended = run(around, upsert=True, lists=Lists("Customers", batch_size=16))

    assert ended.outcomes == {"created": 40}
    assert len(members(hubspot, list_id)) == 40


def test_a_list_that_is_deleted_meanwhile(hubspot: Sandbox, around: Around) -> None:
    """Its records are rejected, with what was written."""
    list_id = made(hubspot)

    def rows() -> Iterator[dict[str, str]]:
        hubspot.portal.lists.delete(hubspot.portal.lists.get(list_id), hubspot.portal.now())
        yield from ROWS[:3]

    around.given = rows()
    ended = run(around, lists=Lists("Customers"))

    assert ended.outcomes == {"rejected": 3}
    assert "the contact was written, but not its list" in ended.reasons
