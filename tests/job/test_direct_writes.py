# SPDX-License-Identifier: Apache-2.0
"""Writes without a look-up, against the sandbox: by key, or by a record id that a state has proved."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Literal
from weakref import WeakKeyDictionary

import pytest

from airflow_provider_hubcontact.job.errors import PreflightError
from airflow_provider_hubcontact.job.settings.guards import Guards
from airflow_provider_hubcontact.job.settings.key import Key
from airflow_provider_hubcontact.job.settings.ledger import Ledger
from airflow_provider_hubcontact.job.settings.lists import Lists
from airflow_provider_hubcontact.job.settings.problems import problems_of
from airflow_provider_hubcontact.job.settings.settings import Settings
from airflow_provider_hubcontact.job.settings.state import State
from airflow_provider_hubcontact.job.settings.writes import Writes
from airflow_provider_hubcontact.sandbox import Sandbox
from airflow_provider_hubcontact.sandbox.switches import Switches
from tests.job.around import Around, Told, plan, run, undo

ODD: Any = "odd"
BLIND: dict[str, Any] = {"upsert": True, "writes": Writes(compare=False)}
STATE = State("sql://db/hub")
LEDGER = Ledger("l", values=True)
TRUST = State("sql://db/hub", trust_ids=True)
NAMES = ("ada", "grace", "joan")
SEEN: WeakKeyDictionary[Sandbox, int] = WeakKeyDictionary()
"""Requests of a sandbox that a test has looked at."""


def row(name: str, firstname: str = "B", **values: str) -> dict[str, str]:
    return {"email": f"{name}@example.com", "firstname": firstname, **values}


def people(count: int) -> list[dict[str, str]]:
    return [row(f"p{number}", "A") for number in range(count)]


@pytest.fixture
def hubspot() -> Iterator[Sandbox]:
    with Sandbox(contacts=[row(name, "A") for name in NAMES]) as sandbox:
        yield sandbox


@pytest.fixture
def around(hubspot: Sandbox, tmp_path: Path) -> Around:
    made = Around(hubspot, [])
    made.state_file = tmp_path / "state.db"
    return made


def calls(hubspot: Sandbox) -> list[str]:
    """Return the calls about contacts since the last time."""
    seen = SEEN.get(hubspot, 0)
    requests = list(hubspot.requests)
    SEEN[hubspot] = len(requests)
    return [each.path.rpartition("/")[2] for each in requests[seen:] if "/objects/" in each.path]


def sent(around: Around, *rows: dict[str, str], **settings: Any) -> Told:
    """Run once."""
    around.given = rows
    return run(around, **settings)


def firstname(hubspot: Sandbox, key: str) -> str | None:
    contact = hubspot.portal.contact(key if "@" in key or key.isdecimal() else f"{key}@example.com")
    return None if contact is None else contact.properties.get("firstname")


def id_of(hubspot: Sandbox, name: str) -> str:
    contact = hubspot.portal.contact(f"{name}@example.com")
    assert contact
    return contact.id


def archived(hubspot: Sandbox, name: str) -> None:
    """Let somebody delete a contact."""
    contact = hubspot.portal.contact(f"{name}@example.com")
    assert contact
    hubspot.portal.archive(contact)


def made_anew(hubspot: Sandbox, name: str) -> None:
    """Let somebody delete a contact, and create another one with its address."""
    archived(hubspot, name)
    hubspot.portal.create(row(name, "anew"))


class TestWithoutComparing:
    """``Writes(compare=False)``."""

    def test_a_hundred_rows_take_one_call(self, hubspot: Sandbox, around: Around) -> None:
        """HubSpot says who is new; a contact that has the values already counts as updated."""
        ended = sent(around, row("ada"), row("grace", "A"), row("new"), **BLIND)

        assert calls(hubspot) == ["upsert"]
        assert ended.outcomes == {"updated": 2, "created": 1}
        assert ended.report["statuses"] == {"200": 3}
        assert [firstname(hubspot, name) for name in ("ada", "grace", "new")] == ["B", "A", "B"]

    def test_batches_are_full(self, hubspot: Sandbox, around: Around) -> None:
        """250 rows take three calls."""
        ended = sent(around, *people(250), **BLIND)

        assert (calls(hubspot), ended.outcomes) == (["upsert"] * 3, {"created": 250})

    def test_rows_of_one_key_are_written_in_their_order(self, hubspot: Sandbox, around: Around) -> None:
        """The last one wins."""
        ended = sent(around, row("new"), row("ada"), row("new", "C", city="X"), row("new", "D"), **BLIND)

        assert firstname(hubspot, "new") == "D"
        assert ended.report["rows"] == 4
        assert "read" not in calls(hubspot)

    def test_a_second_address_stays_one(self, hubspot: Sandbox, around: Around) -> None:
        """The answer names neither key nor trace id of a contact that exists: its values tell."""
        contact = hubspot.portal.create({**row("first", "A"), "hs_additional_emails": "second@example.com"})

        ended = sent(around, row("second"), row("grace"), **BLIND)

        assert (ended.outcomes, calls(hubspot)) == ({"updated": 2}, ["upsert"])
        assert (contact.properties["email"], firstname(hubspot, "first")) == ("first@example.com", "B")

    @pytest.mark.parametrize(
        ("values", "settings"),
        [
            ({"lifecyclestage": "customer"}, {}),
            ({"city": "X"}, {"writes": Writes(compare=False, properties={"city": "fill_empty"})}),
            ({"new": "other@example.com"}, {"key": Key("email", becomes="new")}),
            ({}, {"guards": Guards(changes=9)}),
            ({}, {"dry_run": True}),
        ],
        ids=["a stage", "a write mode", "a new key", "guards", "a dry run"],
    )
    def test_what_needs_current_values_is_looked_up(
        self, hubspot: Sandbox, around: Around, values: dict[str, str], settings: dict[str, Any]
    ) -> None:
        """Nothing of it is written unread."""
        ended = sent(around, row("ada", **values), **{**BLIND, **settings})

        assert calls(hubspot)[0] == "read"
        assert ended.error is None
        assert "created" not in ended.outcomes

    def test_a_plan_is_made_of_look_ups(self, hubspot: Sandbox, around: Around, tmp_path: Path) -> None:
        """It tells what would change."""
        around.given = [row("ada"), row("grace", "A")]

        made = plan(around, tmp_path / "plan", **BLIND)

        assert made.outcomes == {"not_attempted": 1, "unchanged": 1}
        assert calls(hubspot) == ["read"]

    def test_a_stage_that_would_go_back_is_not_written(self, hubspot: Sandbox, around: Around) -> None:
        """Only the look-up can tell."""
        sent(around, row("ada", lifecyclestage="customer"), **BLIND)

        ended = sent(around, row("ada", "C", lifecyclestage="lead"), row("grace"), **BLIND)

        assert ended.outcomes == {"invalid": 1, "updated": 1}
        assert firstname(hubspot, "ada") == "B"

    def test_a_refused_value_decides_about_its_record_alone(self, hubspot: Sandbox, around: Around) -> None:
        """It ends as with a look-up; the others are written by the same call."""
        hubspot.use_faults({})
        ended = sent(around, row("ada", hs_email_optout="maybe"), row("grace"), row("new"), **BLIND)

        assert ended.outcomes["updated"] == 1
        assert ended.outcomes["created"] == 1
        assert ended.outcomes.keys() & {"invalid", "rejected"}

    def test_a_portal_that_refuses_upserts_by_this_key(
        self, around: Around, hubspot: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The rest of the run looks up, and report and log say so once."""
        with Sandbox(contacts=people(250), switches=Switches(upsert_by_email="refused")) as strict:
            around = Around(strict, [row(f"p{number}") for number in range(250)])
            with caplog.at_level(logging.WARNING):
                ended = run(around, **BLIND)
            asked = calls(strict)

        assert ended.outcomes == {"updated": 250}
        assert (asked.count("upsert"), asked.count("read"), asked.count("update")) == (1, 3, 3)
        told = "HubSpot answered 400 VALIDATION_ERROR to an upsert by email"
        assert ended.report["upsert_refused"] == told
        assert [each.getMessage() for each in caplog.records].count(
            f"{told}, so the contacts were looked up."
        ) == 1

    def test_a_lost_answer(self, hubspot: Sandbox, around: Around) -> None:
        """It is unknown whether the contacts were written; nobody is created twice."""
        rule = {"kind": "reset", "on": "POST */batch/upsert", "applied": True}
        hubspot.use_faults({"rules": [rule]})

        assert sent(around, row("ada"), row("new"), **BLIND).outcomes == {"unknown": 2}

        hubspot.use_faults({"rules": []})
        assert sent(around, row("ada"), row("new"), **BLIND).outcomes == {"updated": 2}

    def test_an_answer_without_results(self, hubspot: Sandbox, around: Around) -> None:
        """A look-up tells what there is, and the row is written then."""
        rule = {"kind": "no_results", "on": "POST */batch/upsert", "nth": 1}
        hubspot.use_faults({"rules": [rule]})

        ended = sent(around, row("ada"), row("new"), **BLIND)

        assert ended.outcomes == {"updated": 1, "created": 1}
        assert calls(hubspot) == ["upsert", "read", "update", "create"]

    def test_what_was_written_is_read_back(self, hubspot: Sandbox, around: Around) -> None:
        """With ``verify=True``."""
        ended = sent(around, row("ada"), row("new"), verify=True, **BLIND)

        assert ended.report["verified"] == {"records": 2, "calls": 1}
        assert calls(hubspot) == ["upsert", "read"]

    def test_the_legacy_api(self, hubspot: Sandbox) -> None:
        """It writes without a look-up as it is."""
        ended = sent(Around(hubspot, api_version="v1"), row("ada"), **BLIND)

        assert isinstance(ended.error, PreflightError)
        assert "the legacy API writes without a look-up anyway: leave writes.compare out" in ended.says


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        (
            Settings(writes=Writes(compare=False)),
            "writes.compare=False has no effect without upsert=True: an update needs the record id",
        ),
        (
            Settings(upsert=True, writes=Writes(compare=False), state=STATE),
            "writes.compare=False has no effect with state, which compares",
        ),
        (Settings(upsert=True, state=TRUST), "state.trust_ids has no effect with upsert=True"),
        (
            Settings(key=Key("id", "hs_object_id"), state=TRUST),
            "state.trust_ids has no effect with record ids as keys",
        ),
        (Settings(writes=Writes(compare=ODD)), "writes.compare must be True or False, not 'odd'"),
        (Settings(state=State("s", trust_ids=ODD)), "state.trust_ids must be True or False, not 'odd'"),
    ],
)
def test_what_has_no_effect_is_an_error(settings: Settings, problem: str) -> None:
    """Two settings that do not go together, or a value that is not valid."""
    assert any(each.startswith(problem) for each in problems_of(settings))


BY_KEY = {"upsert": True, "state": STATE}
BY_ID = {"state": TRUST}


class TestWithAState:
    """A changed row whose record id is proved."""

    @pytest.mark.parametrize(("way", "call"), [(BY_KEY, "upsert"), (BY_ID, "update")])
    def test_it_takes_one_call(
        self, hubspot: Sandbox, around: Around, way: dict[str, Any], call: str
    ) -> None:
        """The next run believes what the write has proved."""
        sent(around, row("ada"), row("grace"), **way)
        assert calls(hubspot) == ["read", "update"]

        ended = sent(around, row("ada", "C"), row("grace"), **way)

        assert (calls(hubspot), ended.outcomes) == ([call], {"updated": 1, "up_to_date": 1})
        assert sent(around, row("ada", "C"), row("grace"), **way).outcomes == {"up_to_date": 2}
        assert (firstname(hubspot, "ada"), calls(hubspot)) == ("C", [])

    def test_record_ids_as_keys(self, hubspot: Sandbox, around: Around) -> None:
        """They need no look-up, and no trust."""
        way: dict[str, Any] = {"key": Key("id", "hs_object_id"), "state": STATE}
        contact = hubspot.portal.contact("ada@example.com")
        assert contact
        sent(around, {"id": contact.id, "firstname": "B"}, **way)
        calls(hubspot)

        ended = sent(around, {"id": contact.id, "firstname": "C"}, **way)

        assert (calls(hubspot), ended.outcomes) == (["update"], {"updated": 1})

    def test_updates_by_key_are_looked_up(self, hubspot: Sandbox, around: Around) -> None:
        """Nobody has said that the ids can be trusted."""
        sent(around, row("ada"), state=STATE)
        calls(hubspot)

        sent(around, row("ada", "C"), state=STATE)

        assert calls(hubspot) == ["read", "update"]

    def test_a_key_that_the_state_does_not_know_is_looked_up(self, hubspot: Sandbox, around: Around) -> None:
        """It may be another key of a contact that is proved."""
        sent(around, row("ada"), **BY_KEY)
        calls(hubspot)

        ended = sent(around, row("ada", "C"), row("grace"), row("new"), **BY_KEY)

        assert sorted(calls(hubspot)) == ["create", "read", "update", "upsert"]
        assert ended.outcomes == {"updated": 2, "created": 1}

    @pytest.mark.parametrize(
        "settings",
        [
            {"state": State("sql://db/hub", refresh=True)},
            {"writes": Writes(nulls="clear")},
            {"guards": Guards(changes=9)},
        ],
        ids=["refresh", "other settings", "guards"],
    )
    def test_what_is_to_be_compared_is_looked_up(
        self, hubspot: Sandbox, around: Around, settings: dict[str, Any]
    ) -> None:
        """The state knows the ids, and yet the contacts are read."""
        sent(around, row("ada"), **BY_KEY)
        calls(hubspot)

        ended = sent(around, row("ada", "C"), **{**BY_KEY, **settings})

        assert (set(calls(hubspot)), ended.outcomes) == ({"read", "update"}, {"updated": 1})

    def test_a_key_that_was_moved_to_a_proved_contact_is_looked_up(
        self, hubspot: Sandbox, around: Around
    ) -> None:
        """The state knows another contact by it, and the proof of the one that has it now must be void."""
        settings = {**BY_KEY, "key": Key("email", becomes="new_email")}
        sent(around, row("ada"), **settings)
        contact = hubspot.portal.contact("ada@example.com")
        assert contact is not None
        hubspot.portal.archive(contact)
        sent(around, row("grace", new_email="ada@example.com"), **settings)
        calls(hubspot)

        ended = sent(around, row("ada", "C"), **settings)

        assert (calls(hubspot), ended.outcomes) == (["read", "update"], {"updated": 1})

    def test_a_proof_that_is_void_is_looked_up(self, hubspot: Sandbox, around: Around) -> None:
        """Nobody knows what the contact has."""
        sent(around, row("ada"), **BY_KEY)
        assert around.state_file
        with closing(sqlite3.connect(around.state_file, isolation_level=None)) as db:
            db.execute("UPDATE hub SET content_digest = NULL")
        calls(hubspot)

        ended = sent(around, row("ada"), **BY_KEY)

        assert (calls(hubspot), ended.outcomes) == (["read"], {"unchanged": 1})

    def test_all_mapped_values_are_sent(self, hubspot: Sandbox, around: Around) -> None:
        """What somebody has changed by hand is written anew, as no look-up compares."""
        sent(around, row("ada", city="X"), **BY_KEY)
        contact = hubspot.portal.contact("ada@example.com")
        assert contact
        hubspot.portal.update(contact, {"city": "by hand"})

        sent(around, row("ada", "C", city="X"), **BY_KEY)

        assert contact.properties["city"] == "X"

    def test_a_trusted_id_that_hubspot_does_not_know(self, hubspot: Sandbox, around: Around) -> None:
        """The key is looked up, once: somebody has deleted the contact, and made another one."""
        sent(around, row("ada"), row("grace"), **BY_ID)
        for name in ("ada", "grace"):
            contact = hubspot.portal.contact(f"{name}@example.com")
            assert contact
            hubspot.portal.archive(contact)
        hubspot.portal.create({"email": "ada@example.com"})
        calls(hubspot)

        ended = sent(around, row("ada", "C"), row("grace", "C"), **BY_ID)

        assert calls(hubspot) == ["update", "read", "update"]
        assert ended.outcomes == {"updated": 1, "not_found": 1}
        assert firstname(hubspot, "ada") == "C"

    @pytest.mark.parametrize("merged_id", ["new", "kept"])
    @pytest.mark.parametrize("way", [BY_KEY, BY_ID])
    def test_contacts_that_were_merged_by_hand(
        self, tmp_path: Path, merged_id: Literal["new", "kept"], way: dict[str, Any]
    ) -> None:
        """The answer has another id, which is kept; a row of the other key is not up to date any more."""
        contacts = [row(name, "A") for name in NAMES]
        with Sandbox(contacts=contacts, switches=Switches(merged_id=merged_id)) as hubspot:
            around = Around(hubspot, [])
            around.state_file = tmp_path / "merged.db"
            sent(around, row("ada"), row("grace"), **way)
            ada, grace = (hubspot.portal.contact(f"{name}@example.com") for name in ("ada", "grace"))
            assert ada
            assert grace
            whole = hubspot.portal.merge(ada, grace)

            ended = sent(around, row("grace", "C"), row("ada"), **way)

            # With a new id nobody knows that the other key is the same contact's: it was merged by hand.
            assert ("up_to_date" in ended.outcomes, ended.error) == (merged_id == "new", None)
            assert firstname(hubspot, "ada") == "C" if merged_id == "new" else "B"
            with closing(sqlite3.connect(around.state_file)) as db:
                ids = {record_id for (record_id,) in db.execute("SELECT record_id FROM hub")}
            assert whole.id in ids

    @pytest.mark.parametrize("way", [BY_KEY, BY_ID])
    def test_a_contact_that_was_made_anew_between_read_and_write(
        self, hubspot: Sandbox, around: Around, tmp_path: Path, way: dict[str, Any]
    ) -> None:
        """The run has written it, or has found nobody by its old id; ledger and undo know that."""
        sent(around, row("ada"), **way)
        made_anew(hubspot, "ada")

        ended = sent(around, row("ada", "C"), ledger=LEDGER, **way)

        assert (ended.outcomes, firstname(hubspot, "ada")) == ({"updated": 1}, "C")
        (line,) = around.books.lines
        is_read = way is BY_ID  # nobody has its old id, so that it is looked up before it is written
        assert line["contact"] == id_of(hubspot, "ada")
        assert (line["changed"], line["changes"]) == (
            ["firstname"],
            {"firstname": ["anew", "C"]} if is_read else {},
        )
        undone = undo(around, tmp_path / "plan")
        told = "not_attempted" if is_read else "invalid"
        assert undone.outcomes == {told: 1}
        assert is_read or "firstname was not read before the run wrote it" in undone.reasons
        assert sent(around, row("ada", "C"), **way).outcomes == {"up_to_date": 1}

    def test_a_contact_that_was_made_anew_and_leaves_the_source(
        self, hubspot: Sandbox, around: Around
    ) -> None:
        """The state knows that the sync has written it."""
        way: dict[str, Any] = {
            "upsert": True,
            "state": State("sql://db/hub", on_removed={"firstname": "left"}),
            "guards": Guards(removals=1),
        }
        sent(around, row("ada", "A"), row("grace", "A"), **way)
        made_anew(hubspot, "ada")
        sent(around, row("ada", "C"), row("grace", "A"), **way)

        for night in range(2):
            around.run_id = f"dag/night {night}"
            ended = sent(around, row("grace", "A"), **way)

        assert (ended.error, ended.report["removals"]) == (None, 1)
        assert firstname(hubspot, "ada") == "left"

    def test_a_contact_that_was_made_anew_comes_into_its_list(self, hubspot: Sandbox, around: Around) -> None:
        """By its new record id."""
        way: dict[str, Any] = {**BY_KEY, "lists": Lists("Customers", create=True)}
        sent(around, row("ada"), **way)
        made_anew(hubspot, "ada")

        ended = sent(around, row("ada", "C"), **way)

        (of_list,) = hubspot.portal.lists.all()
        assert ended.outcomes == {"updated": 1}
        assert id_of(hubspot, "ada") in of_list.members

    def test_a_refused_row_ends_as_without_a_state(self, hubspot: Sandbox, around: Around) -> None:
        """A look-up follows, so that only what differs counts."""
        sent(around, row("ada"), row("grace"), **BY_KEY)
        rule = {"kind": "status", "status": 400, "on": "POST */batch/upsert"}
        hubspot.use_faults({"rules": [rule]})
        calls(hubspot)

        ended = sent(around, row("ada", "C"), row("grace", "C"), **BY_KEY)

        assert (calls(hubspot), ended.outcomes) == (["upsert", "read", "update"], {"updated": 2})


ROWS = 1_000
START = 5
"""Calls before the first row: account, properties, rules, scopes, and one to spare."""


@pytest.mark.parametrize(
    ("way", "share", "calls_a_row"),
    [
        pytest.param({"upsert": True}, 0, 0.01, id="today, nothing changed"),
        pytest.param({"upsert": True}, 0.1, 0.011, id="today, some changed"),
        pytest.param({"upsert": True}, 1, 0.02, id="today, all changed"),
        pytest.param({"state": STATE}, 0, 0, id="updates, nothing changed"),
        pytest.param({"state": STATE}, 0.1, 0.002, id="updates, some changed"),
        pytest.param({"state": STATE}, 1, 0.02, id="updates, all changed"),
        pytest.param(BY_KEY, 0, 0, id="upserts, nothing changed"),
        pytest.param(BY_KEY, 0.1, 0.001, id="upserts, some changed"),
        pytest.param(BY_KEY, 1, 0.01, id="upserts, all changed"),
        pytest.param(BY_ID, 0.1, 0.001, id="trusted ids, some changed"),
        pytest.param(BY_ID, 1, 0.01, id="trusted ids, all changed"),
        pytest.param(BLIND, 0, 0.01, id="without comparing"),
    ],
)
def test_calls(way: dict[str, Any], share: float, calls_a_row: float, tmp_path: Path) -> None:
    """What 1,000 rows take; an audit comes on top."""
    with Sandbox(contacts=people(ROWS), tier="enterprise") as hubspot:
        around = Around(hubspot, people(ROWS))
        around.state_file = tmp_path / "state.db"
        if "state" in way:
            run(around, **way)
            assert run(around, **way).outcomes == {"up_to_date": ROWS}
        changed = round(share * ROWS)
        step = ROWS // max(changed, 1)
        rows = [row(f"p{n}", "Z" if changed and n % step == 0 else "A") for n in range(ROWS)]
        before = len(hubspot.requests)

        ended = sent(around, *rows, **way)

        assert ended.error is None
        assert len(hubspot.requests) - before <= START + round(calls_a_row * ROWS)


def test_trusted_ids_where_addresses_move(around: Around) -> None:
    """Nothing but a look-up tells whose address it is by now."""
    for settings in ({"key": Key("email", becomes="new_email")}, {"guards": Guards(changes=9)}):
        problems = problems_of(Settings(state=TRUST, **settings))
        assert [each for each in problems if "state.trust_ids has no effect" in each]
