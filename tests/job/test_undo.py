# SPDX-License-Identifier: Apache-2.0
"""A run is undone: planned against the sandbox, and applied."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from airflow_provider_hubcontact.job.errors import GuardExceeded, PreflightError, SourceError, StateError
from airflow_provider_hubcontact.job.settings.guards import Guards
from airflow_provider_hubcontact.job.settings.key import Key
from airflow_provider_hubcontact.job.settings.ledger import Ledger
from airflow_provider_hubcontact.job.settings.lists import Lists
from airflow_provider_hubcontact.job.settings.problems import problems_of
from airflow_provider_hubcontact.job.settings.replay import Replay
from airflow_provider_hubcontact.job.settings.settings import Settings
from airflow_provider_hubcontact.job.settings.source import Source
from airflow_provider_hubcontact.job.settings.state import State
from airflow_provider_hubcontact.job.settings.writes import Writes
from airflow_provider_hubcontact.sandbox import Sandbox
from tests.job.around import Around, Told, apply, run, undo

ADA, GRACE, ALAN = (f"{name}@example.com" for name in ("ada", "grace", "alan"))
CONTACTS = [
    {"email": ADA, "firstname": "Ada", "city": "London", "lifecyclestage": "lead"},
    {"email": GRACE, "firstname": "Grace"},
    {"email": ALAN, "firstname": "Alan"},
]
LEDGER = Ledger("l", values=True)


@pytest.fixture
def hubspot() -> Iterator[Sandbox]:
    with Sandbox(contacts=CONTACTS) as sandbox:
        yield sandbox


def wrote(hubspot: Sandbox, *rows: dict[str, Any], **settings: Any) -> Around:
    """Run once, with a ledger."""
    around = Around(hubspot, rows)
    ended = run(around, **{"ledger": LEDGER, **settings})
    assert ended.error is None
    around.run_id = "dag/undo"
    return around


def test_rows_of_one_key_in_several_lists(hubspot: Sandbox, tmp_path: Path) -> None:
    """A row that waits for its list ends after a later one of its key: the later one was written last."""
    for name in ("First", "Second"):
        hubspot.portal.lists.create(name, "0-1", "MANUAL", hubspot.portal.now())
    names = (("A", "First"), ("B", "Second"), ("C", "First"))
    stage = {"lifecyclestage": "lead"}  # with which rows are not merged
    rows = [{"email": ADA, "firstname": name, "segment": segment, **stage} for name, segment in names]
    around = wrote(hubspot, *rows, lists=Lists(column="segment"))
    assert [line["row"] for line in around.books.lines] == [1, 3, 2]

    undo(around, tmp_path)
    apply(around, tmp_path)

    contact = hubspot.portal.contact(ADA)
    assert contact is not None
    assert contact.properties["firstname"] == "Ada"


def edit(hubspot: Sandbox, email: str, /, **values: str) -> None:
    """Let somebody edit a contact."""
    contact = hubspot.portal.contact(email)
    assert contact is not None
    hubspot.portal.update(contact, values)


def has(hubspot: Sandbox, email: str, *names: str) -> list[str]:
    contact = hubspot.portal.contact(email)
    assert contact is not None, f"nobody has {email}"
    return [contact.properties.get(name) or "" for name in names]


def id_of(hubspot: Sandbox, email: str) -> str:
    contact = hubspot.portal.contact(email)
    assert contact is not None
    return contact.id


def lines(folder: Path) -> list[dict[str, Any]]:
    return [orjson.loads(text) for part in folder.glob("part-*") for text in part.read_bytes().splitlines()]


def others(folder: Path) -> list[tuple[str, str | None, str]]:
    """Outcome, category and reason of the lines that write nothing."""
    return [
        (each["outcome"], each["category"], each["reason"]) for each in lines(folder) if "write" not in each
    ]


def warnings(told: Told) -> str:
    assert told.error is None
    assert told.ended is not None
    return "\n".join(told.ended.warnings)


def test_a_contact_whose_list_was_not_reached(hubspot: Sandbox, tmp_path: Path) -> None:
    """It was written, whatever its record has ended as for its list."""
    hubspot.portal.lists.create("Customers", "0-1", "MANUAL", hubspot.portal.now())
    hubspot.use_faults({"rules": [{"kind": "status", "status": 403, "on": "lists.add_and_remove"}]})
    around = Around(hubspot, [{"email": each, "city": "Rome"} for each in (ADA, GRACE, ALAN)])
    ended = run(around, ledger=LEDGER, lists=Lists("Customers", batch_size=1))
    around.run_id = "dag/undo"

    undo(around, tmp_path)
    apply(around, tmp_path)

    assert ended.outcomes == {"unauthorized": 1, "not_attempted": 2}
    assert [has(hubspot, each, "city") for each in (ADA, GRACE, ALAN)] == [["London"], [""], [""]]


@pytest.mark.parametrize("status", [403, 503])
def test_a_created_contact_whose_list_was_not_reached(hubspot: Sandbox, tmp_path: Path, status: int) -> None:
    """It is left alone or archived as a created one; it does not lose its values and its address."""
    hubspot.portal.lists.create("Customers", "0-1", "MANUAL", hubspot.portal.now())
    hubspot.use_faults({"rules": [{"kind": "status", "status": status, "on": "lists.add_and_remove"}]})
    new = "new@example.com"
    around = Around(hubspot, [{"email": new, "firstname": "New"}, {"email": GRACE, "website": GRACE}])
    run(around, ledger=LEDGER, upsert=True, lists=Lists("Customers"))
    around.run_id = "dag/undo"

    kept = undo(around, tmp_path / "kept")
    undo(around, tmp_path / "archived", archive_created=True)

    assert kept.outcomes == {"unchanged": 1, "not_attempted": 1}
    assert {line["write"] for line in lines(tmp_path / "archived")} == {"archive", "update"}
    apply(around, tmp_path / "kept")
    assert has(hubspot, new, "firstname") == ["New"]


class TestEditedSince:
    """Nobody's later work is lost."""

    def test_a_property_is_left_alone(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """The others of its contact go back; the plan's line says what stays, and the run counts it."""
        around = wrote(hubspot, {"email": ADA, "firstname": "Augusta", "city": "Rome"})
        edit(hubspot, ADA, city="Paris")

        made = undo(around, tmp_path)
        (line,) = lines(tmp_path)
        applied = apply(around, tmp_path)

        assert line["changes"] == {"firstname": ["Augusta", "Ada"]}
        assert line["left_alone"] == ["city"]
        assert "city is 'Paris' now, the run wrote 'Rome'" in line["reason"]
        assert (
            "Contacts that are not undone in full: 1. These properties are left alone: city of 1. "
            in warnings(made)
        )
        assert made.report["plan"]["left_alone"] == {"city": 1}
        assert applied.outcomes == {"updated": 1}
        assert has(hubspot, ADA, "firstname", "city") == ["Ada", "Paris"]

    def test_nothing_is_left_to_undo(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """A contact with other values is a conflict, which fails a task unless it is told not to."""
        around = wrote(hubspot, {"email": ADA, "city": "Rome"}, {"email": GRACE, "city": "Rome"})
        edit(hubspot, ADA, city="Paris")

        made = undo(around, tmp_path)

        assert made.outcomes == {"not_attempted": 1, "conflict": 1}
        assert others(tmp_path) == [("conflict", "EDITED", "city is 'Paris' now, the run wrote 'Rome'")]

    def test_it_is_back_already(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """Somebody was first."""
        around = wrote(hubspot, {"email": ADA, "city": "Rome"})
        edit(hubspot, ADA, city="London")

        assert undo(around, tmp_path).outcomes == {"unchanged": 1}

    def test_between_plan_and_apply(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """The plan is checked again, as any other is."""
        around = wrote(hubspot, {"email": ADA, "city": "Rome"}, {"email": GRACE, "city": "Rome"})
        undo(around, tmp_path)
        edit(hubspot, ADA, city="Paris")

        applied = apply(around, tmp_path)

        assert applied.outcomes == {"updated": 1, "conflict": 1}
        assert "the plan is out of date" in applied.reasons
        assert has(hubspot, ADA, "city") == ["Paris"]
        assert has(hubspot, GRACE, "city") == [""]

    def test_a_contact_that_is_gone(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """Deleted, or merged into another one: both are told."""
        around = wrote(hubspot, {"email": ADA, "city": "Rome"}, {"email": GRACE, "city": "Rome"})
        ada, grace, alan = (hubspot.portal.contact(each) for each in (ADA, GRACE, ALAN))
        assert ada
        assert grace
        assert alan
        hubspot.portal.archive(ada)
        hubspot.portal.merge(alan, grace)

        made = undo(around, tmp_path)

        assert made.outcomes == {"not_found": 1, "conflict": 1}
        assert [each[:2] for each in others(tmp_path)] == [
            ("not_found", "OBJECT_NOT_FOUND"),
            ("conflict", "MERGED"),
        ]

    @pytest.mark.parametrize("archives", [False, True])
    def test_a_contact_that_is_merged_after_the_plan(
        self, hubspot: Sandbox, tmp_path: Path, *, archives: bool
    ) -> None:
        """The contact that is left is another one, also if it has what the run wrote."""
        row = {"email": "new@example.com" if archives else ADA, "city": "Rome"}
        around = wrote(hubspot, row, upsert=archives)
        edit(hubspot, ALAN, city="Rome")
        undo(around, tmp_path, archive_created=archives)
        alan, other = (hubspot.portal.contact(each) for each in (ALAN, row["email"]))
        assert alan
        assert other
        hubspot.portal.merge(alan, other)

        applied = apply(around, tmp_path)

        assert applied.outcomes == {"unchanged" if archives else "conflict": 1}
        assert applied.report["removals"] == archives
        assert has(hubspot, ALAN, "city") == ["Rome"]

    def test_a_property_that_cannot_be_written_any_more(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """A read-only one, or an option that is gone, is left alone and told."""
        definition = hubspot.portal.definitions["city"]
        around = wrote(
            hubspot, {"email": ADA, "firstname": "Augusta", "city": "Rome"}, {"email": GRACE, "city": "Rome"}
        )
        hubspot.portal.redefine(replace(definition, read_only=True))

        undo(around, tmp_path)

        (written,) = (each for each in lines(tmp_path) if "write" in each)
        assert (written["changes"], written["left_alone"]) == ({"firstname": ["Augusta", "Ada"]}, ["city"])
        assert others(tmp_path) == [
            ("invalid", "PORTAL_SCHEMA", "HubSpot sets city itself: it cannot be written")
        ]


class TestStages:
    """A stage goes back as ``writes.stages`` says."""

    def moved(self, hubspot: Sandbox) -> Around:
        return wrote(hubspot, {"email": ADA, "city": "Rome", "lifecyclestage": "customer"})

    def test_reset(self, hubspot: Sandbox, tmp_path: Path) -> None:
        around = self.moved(hubspot)

        made = undo(around, tmp_path, writes=Writes(stages="reset"))
        apply(around, tmp_path)

        assert made.report["plan"]["stage_moves"] == {"customer → lead": 1}
        assert has(hubspot, ADA, "city", "lifecyclestage") == ["London", "lead"]

    def test_keep(self, hubspot: Sandbox, tmp_path: Path) -> None:
        around = self.moved(hubspot)

        undo(around, tmp_path, writes=Writes(stages="keep"))
        apply(around, tmp_path)

        assert lines(tmp_path)[0]["left_alone"] == ["lifecyclestage"]
        assert has(hubspot, ADA, "city", "lifecyclestage") == ["London", "customer"]

    def test_reject(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """That is the default: the record is not valid, and nothing of it is undone."""
        around = self.moved(hubspot)

        made = undo(around, tmp_path)

        assert made.outcomes == {"invalid": 1}
        assert others(tmp_path)[0][1] == "STAGE_REGRESSION"

    def test_none_before(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """It is cleared."""
        around = wrote(hubspot, {"email": GRACE, "lifecyclestage": "lead"})

        undo(around, tmp_path)
        apply(around, tmp_path)

        assert has(hubspot, GRACE, "lifecyclestage") == [""]


class TestCreated:
    """Contacts that the run created."""

    NEW = "new@example.com"

    def made(self, hubspot: Sandbox) -> Around:
        return wrote(
            hubspot, {"email": self.NEW, "city": "Rome"}, {"email": self.NEW, "phone": "1"}, upsert=True
        )

    def test_they_are_left_alone(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """They are told, and later rows of them are not undone either."""
        around = self.made(hubspot)

        made = undo(around, tmp_path)
        apply(around, tmp_path)

        assert made.outcomes == {"unchanged": 1}
        assert "Contacts that the run created, and that are left alone: 1. " in warnings(made)
        assert has(hubspot, self.NEW, "city", "phone") == ["Rome", "1"]

    def test_they_are_archived(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """If that is asked for; the second time there is nobody to archive."""
        around = self.made(hubspot)
        contact = id_of(hubspot, self.NEW)

        made = undo(around, tmp_path, archive_created=True, ledger=LEDGER)
        applied = apply(around, tmp_path)
        line = around.books.lines[-1]
        again = apply(around, tmp_path)

        assert (made.report["plan"]["removals"], made.report["plan"]["changes"]) == (1, 0)
        assert (applied.outcomes, again.outcomes) == ({"archived": 1}, {"unchanged": 1})
        assert applied.report["removals"] == 1
        assert contact in hubspot.portal.archived
        assert (line["contact"], line["outcome"]) == (contact, "archived")
        assert line["changes"]["city"] == ["Rome", ""]

    def test_an_edited_one_is_not_archived(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """Somebody works with it."""
        around = self.made(hubspot)
        edit(hubspot, self.NEW, city="Oslo")

        made = undo(around, tmp_path, archive_created=True)

        assert made.outcomes == {"conflict": 1}

    def test_one_that_is_edited_before_the_plan_is_applied(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """Likewise."""
        around = self.made(hubspot)
        undo(around, tmp_path, archive_created=True)
        edit(hubspot, self.NEW, city="Oslo")

        applied = apply(around, tmp_path)

        assert applied.outcomes == {"conflict": 1}
        assert hubspot.portal.contact(self.NEW)

    def test_one_that_is_gone(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """There is nothing to undo."""
        around = self.made(hubspot)
        contact = hubspot.portal.contact(self.NEW)
        assert contact
        hubspot.portal.archive(contact)

        assert undo(around, tmp_path, archive_created=True).outcomes == {"unchanged": 1}

    def test_their_addresses_are_free_for_those_that_had_them(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """They are archived first."""
        around = Around(hubspot, [{"email": ADA, "new": "ada@b.example"}])
        run(around, ledger=LEDGER, key=Key(becomes="new"))
        around.given = [{"email": ADA, "city": "Rome"}]
        around.try_number = 2
        run(around, ledger=LEDGER, upsert=True)
        around.run_id = "dag/undo"

        undo(around, tmp_path, archive_created=True)
        applied = apply(around, tmp_path)

        assert applied.outcomes == {"updated": 1, "archived": 1}
        assert has(hubspot, ADA, "firstname") == ["Ada"]

    def test_an_archive_breaks_off(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """Then nothing else is sent, and each record has its outcome."""
        around = wrote(
            hubspot, {"email": ADA, "city": "Rome"}, {"email": self.NEW, "city": "Rome"}, upsert=True
        )
        undo(around, tmp_path, archive_created=True)
        hubspot.use_faults({"rules": [{"kind": "status", "status": 401, "on": "*/batch/archive"}]})

        applied = apply(around, tmp_path)

        assert applied.outcomes == {"unauthorized": 1, "not_attempted": 1}
        assert has(hubspot, ADA, "city") == ["Rome"]


class TestWhichContact:
    """Contacts are found by their record ids."""

    def test_an_address_goes_back(self, hubspot: Sandbox, tmp_path: Path) -> None:
        around = wrote(hubspot, {"email": ADA, "new": "ada@b.example"}, key=Key(becomes="new"))
        contact = id_of(hubspot, "ada@b.example")

        undo(around, tmp_path)
        apply(around, tmp_path)

        assert id_of(hubspot, ADA) == contact

    def test_rows_of_one_contact_are_undone_as_one(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """The first old value, the last new one; a row under the new address is of the same contact."""
        around = wrote(
            hubspot,
            {"email": ADA, "city": "Rome"},
            {"email": ADA, "city": "Oslo", "new": "ada@b.example"},
            {"email": "ada@b.example", "city": "Bonn"},
            key=Key(becomes="new"),
        )

        made = undo(around, tmp_path)

        assert made.report["rows"] == 1
        assert lines(tmp_path)[0]["changes"]["city"] == ["Bonn", "London"]

    @pytest.mark.parametrize("row", [{"email": ADA, "new": "ada@b.example"}, {"email": ADA, "new": None}])
    def test_an_older_ledger(self, hubspot: Sandbox, tmp_path: Path, row: dict[str, Any]) -> None:
        """Without a record id, the contact is found by the key that the run has left it with."""
        around = wrote(
            hubspot, {"email": ADA, "city": "Oslo"}, {**row, "city": "Rome"}, key=Key(becomes="new")
        )
        for line in around.books.lines:
            del line["contact"]

        undo(around, tmp_path)
        applied = apply(around, tmp_path)

        assert applied.outcomes == {"updated": 1}
        assert has(hubspot, ADA, "firstname", "city") == ["Ada", "London"]

    def test_an_older_ledger_does_not_tell_who_is_who(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """One contact that moved twice may be two that have changed their addresses: it is not touched."""
        around = wrote(
            hubspot, {"email": ADA, "new": "b@x.yz"}, {"email": "b@x.yz", "new": ADA}, key=Key(becomes="new")
        )
        for line in around.books.lines:
            line["contact"] = None

        made = undo(around, tmp_path)

        assert set(made.outcomes) == {"conflict"}
        assert {each[1] for each in others(tmp_path)} == {"AMBIGUOUS"}

    def test_nobody_has_the_key(self, hubspot: Sandbox, tmp_path: Path) -> None:
        around = wrote(hubspot, {"email": ADA, "city": "Rome"})
        around.books.lines[0]["contact"] = None
        edit(hubspot, ADA, email="ada@b.example")

        assert undo(around, tmp_path).outcomes == {"not_found": 1}

    def test_another_key(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """The property that keys are values of is asked for."""
        around = wrote(
            hubspot,
            {"id": id_of(hubspot, ADA), "city": "Rome"},
            key=Key("id", "hs_object_id"),
            mapping={"city": "city"},
        )
        around.books.lines[0]["contact"] = None

        assert undo(around, tmp_path, key=Key("hs_object_id", "hs_object_id")).outcomes == {
            "not_attempted": 1
        }

    def test_the_look_up_breaks_off(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """There is no plan, and what is known has its outcome."""
        around = wrote(hubspot, {"email": ADA, "city": "Rome"})
        around.books.lines[0]["contact"] = None
        hubspot.use_faults({"rules": [{"kind": "status", "status": 401, "on": "*/batch/read"}]})

        made = undo(around, tmp_path)

        assert made.outcomes == {"unauthorized": 1}
        assert made.ended is not None
        assert made.ended.stop is not None
        assert not (tmp_path / "plan.json").exists()


class TestTheLedger:
    """What an undo asks of it."""

    def test_its_values(self, hubspot: Sandbox, tmp_path: Path) -> None:
        around = wrote(hubspot, {"email": ADA, "city": "Rome"}, ledger=Ledger("l"))

        made = undo(around, tmp_path)

        assert isinstance(made.error, SourceError)
        assert "needs ledger=Ledger(path, values=True)" in made.says

    def test_it_is_there(self, hubspot: Sandbox, tmp_path: Path) -> None:
        made = undo(Around(hubspot), tmp_path)

        assert "there is no ledger at l, or it is empty" in made.says

    def test_one_run(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """Several runs are not undone at once; one of them, or a task of it, can be named."""
        around = wrote(hubspot, {"email": ADA, "city": "Rome"})
        around.run_id = "dag/second"
        run(around, ledger=LEDGER)
        around.given = [{"email": GRACE, "city": "Bonn"}]
        run(around, ledger=LEDGER)

        assert "has several runs, such as dag/run and dag/second" in undo(around, tmp_path).says
        assert undo(around, tmp_path, run="dag/second").report["rows"] == 1
        assert undo(around, tmp_path, run="dag/second", task="task").report["rows"] == 1
        none = "there is no ledger of this run at l; the ledger has "
        assert undo(around, tmp_path, run="dag/third").says == f"{none}dag/run, dag/second"
        told = undo(around, tmp_path, run="dag/run", task="x").says
        assert told == f"{none}dag/run (task task), dag/second (task task)"

    def test_a_dry_run_is_not_undone(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """It has changed nothing, though its lines say what it would have changed."""
        around = wrote(hubspot, {"email": ADA, "city": "Rome"}, dry_run=True)
        assert around.books.lines[0]["changed"] == ["city"]
        edit(hubspot, ADA, city="Rome")

        assert undo(around, tmp_path).report["rows"] == 0

    def test_several_tries_are_one_run(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """A write whose answer was lost is known by its first try: the second one finds it unchanged."""
        around = Around(hubspot, [{"email": ADA, "city": "Rome"}, {"email": GRACE, "city": "Rome"}])
        hubspot.use_faults({"rules": [{"kind": "reset", "applied": True, "on": "*/batch/update"}]})
        first = run(around, ledger=LEDGER)
        hubspot.use_faults({"rules": []})
        around.try_number = 2
        second = run(around, ledger=LEDGER)
        around.run_id = "dag/undo"

        undo(around, tmp_path)
        applied = apply(around, tmp_path)

        assert (first.outcomes, second.outcomes) == ({"unknown": 2}, {"unchanged": 2})
        assert first.report["changes"] == [], "the report has what was written, not what may have been"
        assert applied.outcomes == {"updated": 2}
        assert has(hubspot, ADA, "city") == ["London"]

    def test_what_a_try_wrote_before_it_was_killed(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """It has no line: that is told."""
        around = wrote(hubspot, {"email": ADA, "city": "Rome"})
        around.books.lines.clear()
        around.run_id, around.try_number = "dag/run", 2
        run(around, ledger=LEDGER)

        made = undo(around, tmp_path)

        assert "no earlier try has a line: 1. If an earlier try was killed" in warnings(made)

    def test_a_write_that_was_not_carried_out(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """The contact has its old value still, or the one before: nothing, or that, is undone."""
        around = Around(hubspot, [{"email": ADA, "city": "Rome"}])
        run(around, ledger=LEDGER)
        around.given = [{"email": ADA, "city": "Oslo"}, {"email": GRACE, "city": "Oslo"}]
        hubspot.use_faults({"rules": [{"kind": "status", "status": 503, "on": "*/batch/update"}]})
        around.try_number = 2
        assert run(around, ledger=LEDGER).outcomes == {"unavailable": 2}
        hubspot.use_faults({"rules": []})

        made = undo(around, tmp_path)

        assert made.outcomes == {"not_attempted": 1, "unchanged": 1}
        assert lines(tmp_path)[0]["changes"] == {"city": ["Rome", "London"]}

    def test_a_creation_whose_answer_was_lost(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """It is known by its key."""
        around = Around(hubspot, [{"email": "new@example.com", "city": "Rome"}])
        hubspot.use_faults({"rules": [{"kind": "reset", "applied": True, "on": "*/batch/create"}]})
        assert run(around, ledger=LEDGER, upsert=True).outcomes == {"unknown": 1}
        hubspot.use_faults({"rules": []})

        undo(around, tmp_path, archive_created=True)

        assert apply(around, tmp_path).outcomes == {"archived": 1}

    def test_a_creation_that_was_not_carried_out(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """Nobody has the key, and nothing is to be undone."""
        around = Around(hubspot, [{"email": "new@example.com", "city": "Rome"}])
        hubspot.use_faults({"rules": [{"kind": "reset", "on": "*/batch/create"}]})
        assert run(around, ledger=LEDGER, upsert=True).outcomes == {"unknown": 1}
        hubspot.use_faults({"rules": []})

        assert undo(around, tmp_path, archive_created=True).outcomes == {"unchanged": 1}

    def test_what_nobody_has_read(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """A contact that was written without a look-up keeps its values: nobody knows the old ones."""
        around = wrote(hubspot, {"email": ADA, "city": "Rome"}, upsert=True, writes=Writes(compare=False))

        made = undo(around, tmp_path)

        assert (around.books.lines[0]["changed"], around.books.lines[0]["changes"]) == (["city"], {})
        assert made.outcomes == {"invalid": 1}
        assert others(tmp_path) == [("invalid", "UNREAD", "city was not read before the run wrote it")]

    def test_an_archived_contact(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """The API restores none: that is told. One that somebody has restored needs nothing."""
        around = wrote(hubspot, {"email": "new@example.com", "city": "Rome"}, upsert=True)
        undo(around, tmp_path, archive_created=True, ledger=LEDGER)
        apply(around, tmp_path)

        made = undo(around, tmp_path, run="dag/undo")

        assert made.outcomes == {"not_found": 1}
        assert "restore it in HubSpot" in made.reasons


def test_an_undo_is_undone(hubspot: Sandbox, tmp_path: Path) -> None:
    """By its own ledger: then the contacts have again what the run wrote."""
    around = wrote(hubspot, {"email": ADA, "new": "ada@b.example", "city": "Rome"}, key=Key(becomes="new"))
    undo(around, tmp_path / "first", ledger=LEDGER)
    apply(around, tmp_path / "first")
    assert has(hubspot, ADA, "city") == ["London"]
    around.run_id = "dag/redo"

    undo(around, tmp_path / "second", run="dag/undo")
    applied = apply(around, tmp_path / "second")

    assert applied.outcomes == {"updated": 1}
    assert has(hubspot, "ada@b.example", "city") == ["Rome"]


def test_the_guards_of_an_undo(hubspot: Sandbox, tmp_path: Path) -> None:
    """They are in the plan, as of any other one."""
    around = wrote(hubspot, {"email": ADA, "city": "Rome"}, {"email": GRACE, "city": "Rome"})

    undo(around, tmp_path, guards=Guards(changes=1))
    applied = apply(around, tmp_path)

    assert isinstance(applied.error, GuardExceeded)
    assert applied.report["limits"] == {"changes": 1}
    assert has(hubspot, ADA, "city") == ["Rome"]


def made(hubspot: Sandbox, count: int, changed: int) -> Around:
    """Let a run create some contacts, and change some."""
    for number in range(changed):
        hubspot.portal.create({"email": f"old{number}@example.com"})
    rows = [{"email": f"new{number}@example.com", "city": "Rome"} for number in range(count)]
    rows += [{"email": f"old{number}@example.com", "city": "Rome"} for number in range(changed)]
    return wrote(hubspot, *rows, upsert=True)


@pytest.mark.parametrize(
    ("some", "removals", "is_too_much"),
    [
        ((2, 1), 0.1, True),
        ((1, 1), 0.1, False),
        ((2, 18), 0.1, False),
        ((3, 17), 0.1, True),
        ((2, 1), 1, True),
        ((2, 1), 2, False),
        ((2, 1), None, False),
        ((1, 0), 0, True),
    ],
)
def test_how_many_contacts_may_be_archived(
    hubspot: Sandbox, tmp_path: Path, some: tuple[int, int], removals: float | None, is_too_much: bool
) -> None:
    """A count, or a share of the contacts of the run; nothing is written, also no old value."""
    created, changed = some
    around = made(hubspot, created, changed)

    planned = undo(around, tmp_path, archive_created=True, guards=Guards(removals=removals))
    applied = apply(around, tmp_path)

    noun = "contact" if created == 1 else "contacts"
    told = (
        f"{created} {noun} of the {created + changed} of the run would be archived, which is more than "
        f"guards.removals={removals:g} allows"
        if removals is not None
        else "nothing"
    )
    assert (f"{told}: the plan cannot be applied" in warnings(planned)) is is_too_much
    assert planned.report["limits"] == ({} if removals is None else {"removals": removals})
    assert applied.report["limits"] == planned.report["limits"]
    assert isinstance(applied.error, GuardExceeded) is is_too_much
    if is_too_much:
        assert f"{told}: nothing was written. If all that the run created is to be archived" in applied.says
        assert applied.outcomes == {"not_attempted": created + changed}
    else:
        assert applied.outcomes["archived"] == created
    left = [each for each in hubspot.portal.contacts.values() if each.email.startswith("new")]
    assert len(left) == (created if is_too_much else 0)


def test_a_guard_of_archives_where_none_is_archived() -> None:
    """It has no effect, and is an error."""
    replay = Replay("l", undo=True)
    settings = Settings(source=Source(has_records=False, replay=replay), guards=Guards(removals=5))

    assert problems_of(settings) == ["guards.removals has no effect without archive_created"]


def test_the_legacy_api(hubspot: Sandbox, tmp_path: Path) -> None:
    """It knows no record ids; what it has written can be undone by another one."""
    around = Around(hubspot, [{"email": ADA, "lifecyclestage": "customer"}], api_version="v1")
    assert run(around, ledger=LEDGER).outcomes == {"updated": 1}

    told = undo(around, tmp_path)
    around.api_version = "2026-09"
    undo(around, tmp_path, writes=Writes(stages="reset"))
    apply(around, tmp_path)

    assert isinstance(told.error, PreflightError)
    assert "an undo finds contacts by their record ids" in told.says
    assert has(hubspot, ADA, "lifecyclestage") == ["lead"]


class TestState:
    """A state proves what the run wrote; an undo voids that."""

    STATE = State("sql://db/hub")

    def test_the_proofs_are_void(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """The next run looks up what was undone, and nothing else."""
        around = Around(hubspot, [{"email": ADA, "city": "Rome"}, {"email": GRACE, "firstname": "Grace"}])
        around.state_file = tmp_path / "state.db"
        run(around, ledger=LEDGER, state=self.STATE)
        assert run(around, state=self.STATE).outcomes == {"up_to_date": 2}

        undo(around, tmp_path / "plan", state=self.STATE)
        applied = apply(around, tmp_path / "plan")

        assert applied.outcomes == {"updated": 1}
        assert run(around, state=self.STATE).outcomes == {"updated": 1, "up_to_date": 1}

    def test_those_of_archived_contacts_too(self, hubspot: Sandbox, tmp_path: Path) -> None:
        around = Around(hubspot, [{"email": "new@example.com", "city": "Rome"}])
        around.state_file = tmp_path / "state.db"
        run(around, ledger=LEDGER, state=self.STATE, upsert=True)

        undo(around, tmp_path / "plan", state=self.STATE, archive_created=True)
        apply(around, tmp_path / "plan")

        assert run(around, state=self.STATE, upsert=True).outcomes == {"created": 1}

    def test_contacts_whose_rows_left_the_source(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """They get back what they had before ``on_removed`` wrote its values."""
        state = State("sql://db/hub", on_removed={"city": "gone"}, grace=0)
        around = Around(hubspot, [{"email": ADA, "firstname": "A"}, {"email": GRACE, "firstname": "G"}])
        around.state_file = tmp_path / "state.db"
        run(around, state=state)
        around.given, around.run_id = [{"email": GRACE, "firstname": "G"}], "dag/second"
        run(around, state=state, ledger=LEDGER)
        assert has(hubspot, ADA, "city") == ["gone"]

        undo(around, tmp_path / "plan", state=State("sql://db/hub"))
        apply(around, tmp_path / "plan")

        assert has(hubspot, ADA, "city") == ["London"]

    def test_one_that_cannot_be_used(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """It is told before the plan is made."""
        around = Around(hubspot, [{"email": ADA, "city": "Rome"}])
        around.state_file = tmp_path / "state.db"
        run(around, ledger=LEDGER, state=self.STATE)
        with closing(sqlite3.connect(around.state_file)) as db:
            db.execute("UPDATE hub_meta SET portal = 1")
            db.commit()

        assert isinstance(undo(around, tmp_path / "plan", state=self.STATE).error, StateError)
