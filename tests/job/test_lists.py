# SPDX-License-Identifier: Apache-2.0
"""Contacts are put into lists, over real HTTP: every record ends by what became of that."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_hubcontact.job.settings.guards import Guards
from airflow_provider_hubcontact.job.settings.key import Key
from airflow_provider_hubcontact.job.settings.ledger import Ledger
from airflow_provider_hubcontact.job.settings.lists import Lists
from airflow_provider_hubcontact.job.settings.replay import Replay
from airflow_provider_hubcontact.job.settings.source import Source
from airflow_provider_hubcontact.job.settings.state import State
from airflow_provider_hubcontact.job.settings.values import Values
from airflow_provider_hubcontact.sandbox import Sandbox
from airflow_provider_hubcontact.sandbox.crm.lists import Changed
from tests.job.around import Around, Told, plan, run

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


def test_a_text_that_means_no_value_names_no_list(hubspot: Sandbox, around: Around) -> None:
    """The row is in no list, as one without a value is."""
    list_id = made(hubspot)
    around.given = [{**ROWS[0], "segment": " NULL "}, {**ROWS[1], "segment": "Customers"}]

    ended = run(around, lists=Lists(column="segment"), values=Values(null_texts=["NULL"]))

    assert ended.outcomes == {"updated": 2}
    assert members(hubspot, list_id) == {"grace"}


def test_a_row_that_failed_for_its_list_is_sent_again(hubspot: Sandbox, around: Around) -> None:
    """Though a later row of its contact, for another list, ended well; and only until a run has mended it."""
    one, two = made(hubspot, "One"), made(hubspot, "Two")
    kept: dict[str, Any] = {"ledger": Ledger("l"), "lists": Lists(column="segment")}
    around.given = [{**ROWS[0], "segment": name} for name in ("Onne", "Two")]
    run(around, **kept, max_failures=1)
    around.given = [{**ROWS[0], "segment": name} for name in ("One", "Two")]
    around.run_id = "dag/again"

    ended = run(around, **kept, source=Source(replay=Replay("l")))
    around.run_id = "dag/once more"
    nothing = run(around, **kept, source=Source(replay=Replay("l")))

    assert sum(ended.outcomes.values()) == 1
    assert members(hubspot, one) == members(hubspot, two) == {"ada"}
    assert nothing.outcomes == {}


def test_a_list_that_failed_is_told_until_it_is_mended(hubspot: Sandbox, around: Around) -> None:
    """The row of that list alone is sent again, also if the run that does so ended half way."""
    one, two = made(hubspot, "One"), made(hubspot, "Two")
    kept: dict[str, Any] = {"ledger": Ledger("l"), "lists": Lists(column="segment", batch_size=1)}
    around.given = [{**ROWS[0], "segment": name} for name in ("One", "Two")]
    fault = {"kind": "status", "status": 400, "on": "lists.add_and_remove", "count": 1}
    hubspot.use_faults({"rules": [fault]})
    assert run(around, **kept, max_failures=1).outcomes == {"updated": 1, "rejected": 1}
    (failed,) = [each for each in (one, two) if not members(hubspot, each)]

    around.run_id = "dag/again"
    again = run(around, **kept, source=Source(replay=Replay("l")))

    assert again.outcomes == {"unchanged": 1}
    assert members(hubspot, failed) == {"ada"}


def test_a_list_that_a_try_has_created_is_the_same_in_the_next(hubspot: Sandbox, around: Around) -> None:
    """What it is known by changes; a row that has come to it is not sent once more."""
    settings: dict[str, Any] = {"ledger": Ledger("l"), "lists": Lists("New", create=True, batch_size=1)}
    around.given = ROWS[:2]
    fault = {"kind": "status", "status": 503, "on": "lists.add_and_remove", "after": 1}
    hubspot.use_faults({"rules": [fault]})
    first = run(around, **settings)
    hubspot.use_faults({})
    around.try_number = 2

    second = run(around, **settings)

    assert first.outcomes == {"updated": 1, "unavailable": 1}
    assert second.report["from_earlier_tries"] == 1


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


def test_a_column_names_the_list_of_each_row(hubspot: Sandbox, around: Around) -> None:
    """By name or id; a row without one is in none, and one that names an unknown list is not valid."""
    one, two = made(hubspot, "One"), made(hubspot, "Two")
    named: list[Any] = ["One", int(two), None, "Onee", " One "]
    around.given = [{**row, "segment": name} for row, name in zip([*ROWS, ROWS[0]], named, strict=True)]

    ended = run(around, lists=Lists(column="segment"), max_failures=4)

    assert members(hubspot, one) == {"ada"}
    assert members(hubspot, two) == {"grace"}
    assert "has no list 'Onee' (the nearest is 'One'); Lists(column='segment', create=True)" in ended.reasons
    assert ended.outcomes["invalid"] == 1
    assert not any("segment" in each.properties for each in hubspot.portal.contacts.values())


def test_the_column_may_have_another_letter_case(hubspot: Sandbox, around: Around) -> None:
    """As a warehouse writes it."""
    list_id = made(hubspot)
    around.given = [{"EMAIL": "ada@example.com", "FIRSTNAME": "B", "SEGMENT": "Customers"}]

    run(around, lists=Lists(column="segment"))

    assert members(hubspot, list_id) == {"ada"}


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
        (
            Lists("Customer"),
            "'Customer' (the nearest is 'Customers'); Lists('Customer', create=True) creates it",
        ),
        (Lists("VIPs"), "the portal has no list 'VIPs'; Lists('VIPs', create=True) creates it"),
        (
            Lists("9", create=True),
            "the portal has no list '9'; digits are read as an id, so no list is created",
        ),
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


def test_a_list_that_is_refused_is_not_asked_for_each_contact(hubspot: Sandbox, around: Around) -> None:
    """Some contacts that are refused alike show that it is the list; the others end without calls."""
    list_id = made(hubspot)
    around.given = [{"email": f"n{n}@example.com", "firstname": "B"} for n in range(600)]
    fault = {"kind": "status", "status": 400, "on": "lists.add_and_remove"}
    hubspot.use_faults({"rules": [fault]})

    settings: dict[str, Any] = {"lists": Lists("Customers", batch_size=500), "ledger": Ledger("books")}
    ended = run(around, upsert=True, max_failures=600, **settings)

    assert ended.outcomes == {"rejected": 600}
    assert members(hubspot, list_id) == set()
    assert {(line["category"], *sorted(line["changed"])) for line in around.books.lines} == {
        ("LIST", "email", "firstname")
    }
    assert calls_of(hubspot, "/add-and-remove") < 100
    assert sum("10 contacts of the list alike" in line["reason"] for line in around.books.lines) >= 500


def test_contacts_that_are_refused_between_others_are_not_the_list(hubspot: Sandbox, around: Around) -> None:
    """However many they are: each call that HubSpot accepts shows that it was not the list."""
    list_id = made(hubspot)
    around.given = [{"email": f"n{n}@example.com", "firstname": "B"} for n in range(40)]
    fault = {"kind": "status", "status": 400, "on": "lists.add_and_remove", "nth": [*range(1, 41, 2)]}
    hubspot.use_faults({"rules": [fault]})

    ended = run(around, upsert=True, lists=Lists("Customers", batch_size=1), max_failures=40)

    assert ended.outcomes == {"created": 20, "rejected": 20}
    assert len(members(hubspot, list_id)) == 20


@pytest.mark.parametrize(("status", "outcomes"), [(503, {"created": 2}), (429, {"created": 2}), (400, {})])
def test_a_list_that_is_not_created_at_first(
    hubspot: Sandbox, around: Around, status: int, outcomes: dict[str, int]
) -> None:
    """Only a refusal that cannot change is remembered: after a server's trouble it is tried again."""
    around.given = [{"email": f"n{n}@example.com", "firstname": "B"} for n in range(4)]
    fault = {"kind": "status", "status": status, "on": "lists.create", "count": 1}
    hubspot.use_faults({"rules": [fault]})

    ended = run(around, upsert=True, lists=Lists("New", create=True, batch_size=2), max_failures=4)

    assert {name: n for name, n in ended.outcomes.items() if name == "created"} == outcomes
    assert calls_of(hubspot, "/crm/lists/2026-09") == (2 if outcomes else 1)


def test_a_list_that_is_deleted_meanwhile(hubspot: Sandbox, around: Around) -> None:
    """Its records are rejected, with what was written; its 404 is none of a contact, which may be skipped."""
    list_id = made(hubspot)

    def rows() -> Iterator[dict[str, str]]:
        hubspot.portal.lists.delete(hubspot.portal.lists.get(list_id), hubspot.portal.now())
        yield from ROWS[:3]

    around.given = rows()
    ended = run(around, lists=Lists("Customers"))

    assert ended.outcomes == {"rejected": 3}
    assert ended.report["statuses"] == {}
    assert "the contact was written, but may not be in its list" in ended.reasons


# With a state


STATE = State("sql://db/hub")
LEAVING = State("sql://db/hub", on_removed="leave_list")
MIRROR = Lists("Customers", mirror=True)


@pytest.fixture
def kept(around: Around, tmp_path: Path) -> Around:
    """Surroundings with a state."""
    around.state_file = tmp_path / "state.db"
    return around


def nights(around: Around, *sources: list[dict[str, Any]], **settings: Any) -> list[Told]:
    """Run once for each source, as a DAG does every night."""
    told = []
    for source in sources:
        around.given, around.run_id = source, f"dag/night {len(around.portals)}"
        told.append(run(around, **{"state": STATE, "upsert": True, "lists": Lists("Customers"), **settings}))
        assert told[-1].error is None, told[-1].says
    return told


def test_members_that_the_state_knows_cost_no_call(hubspot: Sandbox, kept: Around) -> None:
    """Neither the contact nor the list is read; ``refresh`` asks again."""
    list_id = made(hubspot)
    first, second = nights(kept, ROWS, ROWS)
    calls = calls_of(hubspot, "/add-and-remove"), calls_of(hubspot, "/memberships")
    hubspot.portal.lists.clear(hubspot.portal.lists.get(list_id))
    (refreshed,) = nights(kept, ROWS, state=State("sql://db/hub", refresh=True))

    assert first.report["lists"] == {list_id: {"name": "Customers", "added": 4}}
    assert second.outcomes == {"up_to_date": 4}
    assert second.report["lists"] == {list_id: {"name": "Customers", "member": 4}}
    assert calls == (1, 0)
    assert refreshed.report["lists"] == {list_id: {"name": "Customers", "added": 4}}


def test_rows_that_are_up_to_date_come_into_a_new_list(hubspot: Sandbox, kept: Around) -> None:
    """A list that the task names from now on gets contacts that need not be read."""
    made(hubspot)
    made(hubspot, "Others")
    nights(kept, ROWS)
    read = calls_of(hubspot, "/batch/read")

    (ended,) = nights(kept, ROWS, lists=Lists("Others"), ledger=Ledger("books"))

    assert ended.outcomes == {"up_to_date": 4}
    assert calls_of(hubspot, "/batch/read") == read
    assert [line["membership"] for line in kept.books.lines] == ["added"] * 4


@pytest.mark.parametrize("how", ["leave_list", "mirror"])
def test_contacts_whose_rows_left_the_source_leave_the_list(hubspot: Sandbox, kept: Around, how: str) -> None:
    """Those that this sync has added; those that people have added stay."""
    list_id = made(hubspot)
    joan = hubspot.portal.contact("joan@example.com")
    assert joan
    hubspot.portal.lists.get(list_id).members[joan.id] = 1
    settings: dict[str, Any] = {"state": LEAVING} if how == "leave_list" else {"lists": MIRROR}
    guards = Guards(removals=None)
    few = ROWS[:1]

    *_, third = nights(kept, ROWS, few, few, **settings, guards=guards, ledger=Ledger("books"))

    assert members(hubspot, list_id) == {"ada", "joan"}
    assert third.report["lists"] == {list_id: {"name": "Customers", "member": 1, "removed": 2}}
    assert third.report["removals"] == 2
    left = [line for line in kept.books.lines if line["membership"] == "removed"]
    assert {line["reason"] for line in left} == {"no row names the list for the contact any more"}


def test_a_contact_whose_row_names_another_list(hubspot: Sandbox, kept: Around) -> None:
    """A mirror lets it leave the list that no row names for it any more; without one it stays."""
    lists = {name: made(hubspot, name) for name in ("One", "Two", "Three")}
    rows = [{**ROWS[0], "segment": name} for name in ("One", "Two")]
    later = [{**ROWS[0], "segment": name} for name in ("Two", "Three")]
    mirror = Lists(column="segment", mirror=True)

    nights(kept, rows, later, lists=mirror, guards=Guards(removals=None))

    assert {name for name, each in lists.items() if members(hubspot, each)} == {"Two", "Three"}


def test_a_contact_with_another_key_stays(hubspot: Sandbox, kept: Around) -> None:
    """The row of its old address is gone, but that of its new one names the list."""
    list_id = made(hubspot)
    moved = [{"email": "ada@example.com", "firstname": "B", "new": "ada@example.org"}, *ROWS[1:]]
    renamed = [{"email": "ada@example.org", "firstname": "B"}, *ROWS[1:]]
    settings: dict[str, Any] = {"lists": MIRROR, "guards": Guards(removals=None)}
    nights(kept, [{**row, "new": None} for row in ROWS], moved, key=Key(becomes="new"), **settings)

    nights(kept, renamed, renamed, renamed, key=Key(becomes="new"), **settings)

    assert members(hubspot, list_id) == {"ada", "grace", "joan", "mary"}


def test_too_many_would_leave(hubspot: Sandbox, kept: Around) -> None:
    """Then nothing is written, and nobody leaves."""
    list_id = made(hubspot)
    nights(kept, ROWS, lists=MIRROR)
    for number in (2, 3):
        kept.given, kept.run_id = [{**ROWS[0], "firstname": "C"}], f"dag/night {number}"
        ended = run(kept, state=STATE, upsert=True, lists=MIRROR)

    assert "3 of 4 contacts that this sync has added to lists would leave them" in ended.says
    assert ended.outcomes == {"not_attempted": 1}
    assert members(hubspot, list_id) == set(NAMES)


def test_a_dry_run_lets_nobody_leave(
    hubspot: Sandbox, kept: Around, caplog: pytest.LogCaptureFixture
) -> None:
    """It says who would."""
    list_id = made(hubspot)
    settings: dict[str, Any] = {"lists": MIRROR, "guards": Guards(removals=None)}
    caplog.set_level("INFO")
    nights(kept, ROWS, ROWS[:1], **settings)

    nights(kept, ROWS[:1], **settings, dry_run=True)

    assert members(hubspot, list_id) == set(NAMES)
    assert "3 contacts would leave lists" in caplog.text


@pytest.mark.parametrize("kind", ["invalid", "unknown list"])
def test_nobody_leaves_while_there_is_a_doubt(hubspot: Sandbox, kept: Around, kind: str) -> None:
    """A row that is not valid may be that of a contact that would leave."""
    list_id = made(hubspot)
    odd = {"email": "x"} if kind == "invalid" else {**ROWS[1], "segment": "Nowhere"}
    rows = [{**row, "segment": "Customers"} for row in ROWS]
    mirror = Lists(column="segment", mirror=True)
    settings: dict[str, Any] = {"lists": mirror, "guards": Guards(removals=None), "max_failures": 2}
    *_, last = nights(kept, rows, rows[:1], [rows[0], odd], **settings)

    assert members(hubspot, list_id) == set(NAMES)
    assert last.ended
    assert any("but nobody leaves: a row" in warning for warning in last.ended.warnings)


def test_a_call_that_lets_contacts_leave_fails(hubspot: Sandbox, kept: Around) -> None:
    """Its contacts end by its status, and the next run lets them leave."""
    list_id = made(hubspot)
    settings: dict[str, Any] = {"lists": MIRROR, "guards": Guards(removals=None), "upsert": True}
    nights(kept, ROWS, ROWS[:1], **settings)
    hubspot.use_faults({"rules": [{"kind": "status", "status": 503, "on": "lists.add_and_remove"}]})
    kept.run_id = "dag/night 3"
    ended = run(kept, state=STATE, **settings)
    hubspot.use_faults({})
    (last,) = nights(kept, ROWS[:1], **settings)

    assert ended.outcomes == {"up_to_date": 1, "unavailable": 3}
    assert last.report["lists"][list_id]["removed"] == 3
    assert members(hubspot, list_id) == {"ada"}


def test_a_plan_has_no_lists(around: Around, tmp_path: Path) -> None:
    """It would be applied without them."""
    ended = plan(around, tmp_path / "plan", lists=Lists("Customers"))

    assert "lists has no effect with a plan" in ended.says


def test_the_legacy_api_has_no_lists(around: Around) -> None:
    """Its answers do not tell which contact was written."""
    around.api_version = "v1"

    ended = run(around, lists=Lists("Customers"))

    assert "the legacy API does not tell which contact it has written" in ended.says
