"""Contacts as a dry run would leave them."""

from __future__ import annotations

from airflow_provider_hubcontact.sync.flow.dry_writes import MAX_RECENT, DryWrites
from airflow_provider_hubcontact.sync.model.change import Change, Stored, Write
from airflow_provider_hubcontact.sync.model.ports import Found
from airflow_provider_hubcontact.sync.model.record import Record

MANY = 2 * MAX_RECENT + 1


def change(n: int, write: Write = Write.UPDATE, *steps: dict[str, str]) -> Change:
    return Change(Record(1, f"k{n}", {}), write, str(n), steps or ({"city": "new"},), {"topics": "x"})


def test_what_was_written_long_ago_is_shown() -> None:
    """The last value of each property counts, and what was not written is as HubSpot has it."""
    writes = DryWrites("email")
    for n in range(MANY):
        writes.note(change(n))
    writes.note(change(0, Write.UPDATE, {"city": "newer"}))
    for n in range(MANY, 2 * MANY):
        writes.note(change(n))

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
    writes.note(change(1, Write.UPDATE, {"stage": "", "topics": ";y"}, {"stage": "lead"}))
    writes.note(change(1, Write.UPDATE, {"topics": ";z"}))

    shown = writes.seen(Found({"k": Stored("1", "1", {"stage": "old", "topics": "x"})}, frozenset()), ("k",))

    assert shown.contacts["k"].properties == {"stage": "lead", "topics": "x;y;z"}


def test_a_contact_that_would_be_created_is_there() -> None:
    """The next row of its key is compared with it."""
    writes = DryWrites("email")
    writes.note(change(7, Write.CREATE, {"email": "7", "city": "x"}))

    shown = writes.seen(Found({}, frozenset({"7"})), ("7",))

    assert shown == Found({"7": Stored("7", "7", {"email": "7", "city": "x"})}, frozenset())
