# SPDX-License-Identifier: Apache-2.0
"""Contacts as a dry run would leave them."""

from __future__ import annotations

from airflow_provider_hubcontact.sync.flow.stations.dry_writes import MAX_RECENT, DryWrites
from airflow_provider_hubcontact.sync.flow.stations.look_ups import NOTHING_FOUND
from airflow_provider_hubcontact.sync.model.change import Change, Stored, Write
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result
from airflow_provider_hubcontact.sync.model.ports import Found
from airflow_provider_hubcontact.sync.model.record import Record

MANY = 2 * MAX_RECENT + 1


def change(n: int, write: Write = Write.UPDATE, *steps: dict[str, str]) -> Change:
    return Change(Record(1, f"k{n}", {}), write, str(n), steps or ({"city": "new"},), {"topics": "x"})


def test_what_was_written_long_ago_is_shown() -> None:
    """The last value of each property counts, and what was not written is as HubSpot has it."""
    writes = DryWrites("email")
    for n in range(MANY):
        writes.note(change(n), NOTHING_FOUND)
    writes.note(change(0, Write.UPDATE, {"city": "newer"}), NOTHING_FOUND)
    for n in range(MANY, 2 * MANY):
        writes.note(change(n), NOTHING_FOUND)

    keys = ("k0", "k1", "other", "nobody")
    stored = {
        key: Stored(key.removeprefix("k"), key.removeprefix("k"), {"city": "old", "zip": "1"}) for key in keys
    }
    del stored["nobody"]
    shown = writes.seen(Found(stored, frozenset({"nobody"})), keys)

    assert {key: dict(each.properties) for key, each in shown.contacts.items()} == {
        "k0": {"city": "newer", "zip": "1"},
        "k1": {"city": "new", "zip": "1"},
        "other": {"city": "old", "zip": "1"},
    }
    assert shown.missing == {"nobody"}


def test_steps_and_options_add_up() -> None:
    """A stage is what the last step sets, and options come after those that are there."""
    writes = DryWrites("email")
    writes.note(change(1, Write.UPDATE, {"stage": "", "topics": ";y"}, {"stage": "lead"}), NOTHING_FOUND)
    writes.note(change(1, Write.UPDATE, {"topics": ";z"}), NOTHING_FOUND)

    shown = writes.seen(Found({"k": Stored("1", "1", {"stage": "old", "topics": "x"})}, frozenset()), ("k",))

    assert shown.contacts["k"].properties == {"stage": "lead", "topics": "x;y;z"}


def test_a_contact_that_would_be_created_is_there() -> None:
    """The next row of its key is compared with it."""
    writes = DryWrites("email")
    writes.note(change(7, Write.CREATE, {"email": "7", "city": "x"}), NOTHING_FOUND)

    shown = writes.seen(Found({}, frozenset({"7"})), ("7",))

    assert shown == Found({"7": Stored("new 7", "new 7", {"email": "7", "city": "x"})}, frozenset())


def test_a_contact_whose_second_address_becomes_its_first() -> None:
    """It is found by that one as before, and by its first one not any more."""
    writes = DryWrites("email")
    found = Found({"second": Stored("1", "1", {"email": "first"})}, frozenset({"old"}))
    change = Change(Record(1, "old", {}), Write.UPDATE, "1", ({"email": "second"},), {"email": "first"})

    writes.note(change, writes.seen(found, ("old", "second")))

    keys = ("first", "second")
    assert writes.asked(keys) == keys
    stored = Stored("1", "1", {"email": "first"})
    shown = writes.seen(Found(dict.fromkeys(keys, stored), frozenset()), keys)
    assert shown == Found({"second": stored._replace(properties={"email": "second"})}, frozenset({"first"}))


def test_a_contact_that_would_be_created_and_gets_another_key() -> None:
    """It is found by that one, and nobody by the first one."""
    writes = DryWrites("email")
    writes.note(change(7, Write.CREATE, {"email": "7"}), NOTHING_FOUND)
    found = writes.seen(Found({}, frozenset({"7", "8"})), ("7", "8"))
    moved = Change(Record(2, "7", {}), Write.UPDATE, "new 7", ({"email": "8"},), {"email": "7"})

    writes.note(moved, found)

    assert writes.asked(("8",)) == ("7",)
    shown = writes.seen(Found({}, frozenset({"7"})), ("7", "8"))
    assert shown == Found({"8": Stored("new 7", "new 7", {"email": "8"})}, frozenset({"7"}))


def test_why_a_contact_is_not_found() -> None:
    """It is there, and would not be found by this key any more."""
    writes = DryWrites("email")
    change = Change(Record(1, "a", {}), Write.UPDATE, "1", ({"email": "b"},), {"email": "a"})
    writes.note(change, Found({"a": Stored("1", "1", {})}, frozenset({"b"})))
    missing = Result(2, "a", Outcome.NOT_FOUND, 404, "OBJECT_NOT_FOUND", "no contact has the email a")

    reason = "no contact would have the email a: an earlier row changes it"
    assert writes.told(missing) == missing._replace(reason=reason)
    for other in (missing._replace(key="c"), missing._replace(outcome=Outcome.UNCHANGED), change):
        assert writes.told(other) is other


def test_a_key_that_looks_like_the_record_id_of_another_contact() -> None:
    """What would be written to that contact tells nothing about the key."""
    writes = DryWrites("number")
    nobody = Found({}, frozenset({"7"}))
    writes.note(change(7), NOTHING_FOUND)

    assert writes.seen(nobody, ("7",)) == nobody

    writes.note(Change(Record(2, "7", {}), Write.CREATE, "7", ({"number": "7"},)), nobody)
    assert writes.seen(nobody, ("7",)).contacts["7"].properties == {"number": "7"}
    stored = Stored("7", "7", {"number": "1"})
    shown = writes.seen(Found({"1": stored}, frozenset()), ("1",))
    assert shown.contacts["1"].properties == {"number": "1", "city": "new"}
