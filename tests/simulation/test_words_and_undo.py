# SPDX-License-Identifier: Apache-2.0
"""What is broken of words, owners and undo on purpose is found, each by the oracle meant to find it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from airflow_provider_hubcontact.job.source import undoing
from airflow_provider_hubcontact.job.source.undoing import folded
from airflow_provider_hubcontact.sync.decide.plan import plan
from airflow_provider_hubcontact.sync.decide.rules import Rules
from airflow_provider_hubcontact.sync.decide.undo import Undoing
from airflow_provider_hubcontact.sync.flow.record_reader import RecordReader
from airflow_provider_hubcontact.sync.flow.stations import look_ups
from airflow_provider_hubcontact.sync.model.change import Change, Stored
from airflow_provider_hubcontact.sync.model.outcome import Result
from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.sync.rows.texts.numbers import number_reader
from airflow_provider_hubcontact.sync.rows.texts.owners import OwnerIds
from airflow_provider_hubcontact.sync.rows.values import UnsupportedValue
from tests.simulation.test_simulation import aside, stories
from tests.simulation.world import World, features_of


def found(*features: str, first: int = 0) -> str:
    """Return what is wrong first in worlds with some features.

    :param first: seed, to be sooner where it is.
    """

    def look() -> str:
        for seed in range(first, first + 3_000):
            if not {*features} <= features_of(seed):
                continue
            world = World(seed)
            world.run()
            if world.oracles.violations:
                return world.oracles.violations[0]
        return "nothing"

    return aside(look)


def test_a_word_that_is_read_in_another_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """A decimal comma is dropped."""
    monkeypatch.setattr(
        "airflow_provider_hubcontact.sync.rows.texts.reading.number_reader",
        lambda mark: lambda text: (number_reader(mark)(text)[0].replace(".", ""), "read"),
    )

    assert "never had followercount=" in found("own words")


def test_an_address_that_keeps_its_capitals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that spell an address in two ways are rows of two keys."""
    monkeypatch.setattr(
        "airflow_provider_hubcontact.sync.rows.record_mapping.normalized_key",
        lambda _, value, **__: value.strip(),
    )

    assert "and a row before it has its key" in found("letter case", "duplicates", first=58)


def test_an_owner_who_is_archived(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row gets one all the same."""
    read = OwnerIds.read

    def anybody(self: OwnerIds, text: str) -> str:
        try:
            return read(self, text)
        except UnsupportedValue:
            return "4711"

    monkeypatch.setattr(OwnerIds, "read", anybody)

    assert "of which a word means nothing" in found("owner addresses")


def test_a_row_whose_owner_cannot_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """It leaves its key to the next one."""
    monkeypatch.setattr(RecordReader, "_note_key", lambda *_: None)

    assert "and a row before it has its key" in found(
        "owner addresses", "one row a key", "loose guard", first=1_473
    )


def test_edits_that_an_undo_overwrites(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks whether a contact still has the run's values."""
    monkeypatch.setattr(Undoing, "_edited", lambda *_: None)

    assert "and the run has not written that" in found("undo", "others edit")


def test_an_undo_that_archives_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    """It archives whatever the run has created."""
    created = Undoing._creation  # noqa: SLF001 - nothing public decides it alone

    def archives(self: Undoing, *about: Any) -> Any:
        object.__setattr__(self, "archive_created", True)
        return created(self, *about)

    monkeypatch.setattr(Undoing, "_creation", archives)

    assert "and is to archive nobody" in found("undo", "absent")


def test_an_undo_of_contacts_that_are_merged(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a contact was merged into is taken for it, by the plan and when that is applied."""
    plan_undo = Undoing.plan

    def undone(self: Undoing, record: Record, stored: Stored | None) -> Change | Result:
        return plan_undo(self, record, stored and stored._replace(id=record.key))

    def planned(record: Record, contacts: Mapping[str, Stored], rules: Rules) -> Change | Result:
        found = {key: stored._replace(id=key) for key, stored in contacts.items()}
        return plan(record, found if record.undoes else contacts, rules)

    monkeypatch.setattr(Undoing, "plan", undone)
    monkeypatch.setattr(look_ups, "plan", planned)

    assert "which people have merged since the run" in found("another key with all", "undo")


def test_an_undo_that_forgets_a_contact(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of each contact, only the last value before the run's is known."""

    def last(lines: Any, *more: Any) -> Any:
        return folded(lines[-1:], *more)

    monkeypatch.setattr(undoing, "folded", last)

    assert " after the undo, and had " in found("undo", "duplicates")


def test_a_seed_decides_everything() -> None:
    """The story of a world with words, owners or an undo is the same twice."""
    seeds = ["21978", "1473", "5434"]
    first = stories(seeds, 1)

    assert b"starts undo 1" in first
    assert b"GET owners/2026-09" in first
    assert stories(seeds, 2) == first
