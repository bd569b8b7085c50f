# SPDX-License-Identifier: Apache-2.0
"""How the write of an earlier run is undone."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_hubcontact.sync.decide.lifecycle import STAGE, Stages
from airflow_provider_hubcontact.sync.decide.plan import unwritten
from airflow_provider_hubcontact.sync.decide.rules import Rules
from airflow_provider_hubcontact.sync.decide.undo import Undoing
from airflow_provider_hubcontact.sync.model.change import Change, Stored, Write
from airflow_provider_hubcontact.sync.model.choices import OnRegression
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result
from airflow_provider_hubcontact.sync.model.record import Record, Undone
from airflow_provider_hubcontact.sync.rows.comparison import Kind

ID = "901"
KINDS = {
    "phone": Kind.TEXT,
    "city": Kind.TEXT,
    "size": Kind.NUMBER,
    "roles": Kind.OPTIONS,
    "day": Kind.DATE,
    "note": Kind.TEXT,
}


def record(*, created: Any = False, archived: Any = False, **written: Any) -> Record:
    """Return the record of a contact to which a run wrote values: property → (old, new)."""
    values = {name: old or "" for name, (old, _) in written.items()}
    done = {name: (both,) for name, both in written.items()}
    return Record(3, ID, values, undoes=Undone(done, created=created, archived=archived))


def stored(id_: Any = ID, **values: Any) -> Stored:
    return Stored(id_, id_, values)


def planned(given: Record, has: Stored | None, **rules: Any) -> Change | Result:
    return Undoing(Rules("hs_object_id", kinds=KINDS, **rules)).plan(given, has)


@pytest.mark.parametrize(
    ("name", "old", "new", "has"),
    [
        ("city", "Rome", "Oslo", "Oslo"),
        ("city", "Rome", " Oslo ", "Oslo"),
        ("city", "Rome", "", None),
        ("phone", None, "+39 06 1234567", "+39061234567"),
        ("size", "1", "2.0", "2"),
        ("roles", "A;B", "C;D", "D;C"),
        ("roles", "A;B", ";C", "C;B;A"),
        ("roles", None, ";C", "C"),
        ("note", "Rome", ";)", ";)"),
        ("day", "2026-01-01", "2026-01-02", "2026-01-02"),
    ],
)
def test_what_the_run_wrote_goes_back(name: str, old: str | None, new: str, has: str | None) -> None:
    """In HubSpot's own form, too; what was added to is known in full."""
    change = planned(record(**{name: (old, new)}), stored(**{name: has}))

    assert isinstance(change, Change)
    assert (change.write, change.address, change.contact) == (Write.UPDATE, ID, ID)
    assert change.steps == ({name: old or ""},)
    assert change.before == {name: has}


@pytest.mark.parametrize(
    ("name", "old", "new", "has"),
    [
        ("city", "Rome", "oslo", "Oslo"),
        ("city", "Rome", "Oslo", "Bonn"),
        ("city", "Rome", "Oslo", None),
        ("city", "Rome", "", "Bonn"),
        ("size", "1", "2", "3"),
        ("roles", "A;B", ";C", "A;B;C;D"),
        ("roles", None, ";C", "C;D"),
        ("phone", None, "0612345", "0612346"),
    ],
)
def test_what_somebody_has_edited_stays(name: str, old: str | None, new: str, has: str | None) -> None:
    """Even if it is a capital letter alone, or one more option."""
    result = planned(record(**{name: (old, new)}), stored(**{name: has}))

    assert isinstance(result, Result)
    assert (result.outcome, result.category, result.properties) == (Outcome.CONFLICT, "EDITED", (name,))
    assert f"{name} is {has or ''!r} now, the run wrote " in result.reason


def test_what_is_back_already() -> None:
    """Nothing is to be done; a value that is there in another form is the same."""
    result = planned(record(size=("1", "2"), city=("Rome", "Oslo")), stored(size="1.0", city="Rome"))

    assert isinstance(result, Result)
    assert (result.outcome, result.category, result.reason) == (Outcome.UNCHANGED, None, "")


def test_any_of_the_last_writes() -> None:
    """One without an answer may not have been carried out: then the contact has what the one before wrote."""
    undone = Undone({"city": (("Rome", "Oslo"), ("Oslo", "Bonn"))})
    given = Record(3, ID, {"city": "Rome"}, undoes=undone)

    for has in ("Oslo", "Bonn"):
        assert isinstance(planned(given, stored(city=has)), Change)
    assert isinstance(planned(given, stored(city="Paris")), Result)


@pytest.mark.parametrize(
    ("written", "unread", "outcome", "category"),
    [
        ({"city": ("Rome", "Oslo"), "phone": ("1", "2")}, ("size",), Outcome.CONFLICT, "EDITED"),
        ({"phone": ("1", "2")}, ("size",), Outcome.INVALID, "UNREAD"),
        ({"phone": ("1", "2")}, (), Outcome.INVALID, "PORTAL_SCHEMA"),
        ({STAGE: ("lead", "customer")}, (), Outcome.UNCHANGED, "STAYS"),
    ],
    ids=["somebody's work first", "unread", "not writable", "a stage that is kept"],
)
def test_nothing_is_left_to_undo(
    written: dict[str, tuple[str, str]], unread: tuple[str, ...], outcome: Outcome, category: str
) -> None:
    """The gravest reason decides, and all are told."""
    undone = Undone({name: (both,) for name, both in written.items()}, unread)
    given = Record(3, ID, {name: old for name, (old, _) in written.items()}, undoes=undone)
    rules = Rules("hs_object_id", kinds=KINDS, on_regression=OnRegression.KEEP)
    undoing = Undoing(rules, refused=lambda name, _: f"{name} is read-only" if name == "phone" else None)

    result = undoing.plan(given, stored(city="Bonn", phone="2", size="9", **{STAGE: "customer"}))

    assert isinstance(result, Result)
    assert (result.outcome, result.category) == (outcome, category)
    assert {*result.properties} == {*written, *unread}


def test_a_stage_that_cannot_be_checked() -> None:
    """It is not written, and neither is the rest."""
    given = record(**{STAGE: ("lead", "customer")})
    result = planned(given, stored(**{STAGE: "customer"}), stages=Stages({}))

    assert isinstance(result, Result)
    assert result.category == "STAGES"


def test_what_is_left_alone_is_told_with_the_change() -> None:
    """Names and reasons are in the result of a dry run, and so in the plan."""
    given = record(city=("Rome", "Oslo"), note=("a", "b"))

    change = planned(given, stored(city="Oslo", note="c"))
    assert isinstance(change, Change)
    told = unwritten(change)

    assert told.properties == ("note",)
    assert told.reason == "dry run: would update; left alone: note is 'c' now, the run wrote 'b'"


@pytest.mark.parametrize(
    ("given", "has", "outcome", "category"),
    [
        (record(city=("a", "b")), None, Outcome.NOT_FOUND, "OBJECT_NOT_FOUND"),
        (record(city=("a", "b")), stored("7", city="b"), Outcome.CONFLICT, "MERGED"),
        (record(city=(None, "b"), created=True), None, Outcome.UNCHANGED, "NO_CONTACT"),
        (record(city=(None, "b"), created=True), stored(city="b"), Outcome.UNCHANGED, "CREATED_BY_RUN"),
        (record(archived=True), None, Outcome.NOT_FOUND, "ARCHIVED_BY_RUN"),
        (record(archived=True), stored(), Outcome.UNCHANGED, "ARCHIVED_BY_RUN"),
    ],
)
def test_contacts_that_are_left_alone(
    given: Record, has: Stored | None, outcome: Outcome, category: str
) -> None:
    result = planned(given, has)

    assert isinstance(result, Result)
    assert (result.outcome, result.category) == (outcome, category)
    assert result.reason


@pytest.mark.parametrize("archive", [True, False])
def test_a_creation_that_was_written_again_without_a_look_up(archive: bool) -> None:
    """Nobody can tell whether what it has now is the run's: it is not archived."""
    given = Record(3, ID, {"city": ""}, undoes=Undone({"city": ((None, "Oslo"),)}, ("phone",), created=True))
    undoing = Undoing(Rules("hs_object_id", kinds=KINDS), archive)

    result = undoing.plan(given, stored(city="Oslo", phone="7"))

    assert isinstance(result, Result)
    assert result.outcome is (Outcome.INVALID if archive else Outcome.UNCHANGED)
    assert result.category == ("UNREAD" if archive else "CREATED_BY_RUN")
