# SPDX-License-Identifier: Apache-2.0
"""Who must not leave a mirrored list."""

from __future__ import annotations

from typing import Any

from airflow_provider_hubcontact.job.settings.guards import Guards
from airflow_provider_hubcontact.job.settings.lists import Lists
from airflow_provider_hubcontact.sandbox import Sandbox
from tests.job.around import Around, run
from tests.job.test_lists import NAMES, ROWS, STATE, around, hubspot, kept, made, members, nights

__all__ = ["around", "hubspot", "kept"]


def named(rows: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [{**row, "segment": name} for row in rows]


def test_a_mirrored_list_that_is_created_keeps_its_members(hubspot: Sandbox, kept: Around) -> None:
    """The row names it by its name, and it has an id by the time that others leave lists."""
    made(hubspot, "Old")
    mirror = Lists(column="segment", create=True, mirror=True)

    nights(kept, named(ROWS, "Old"), named(ROWS, "New"), lists=mirror, guards=Guards(removals=None))

    (new,) = [each for each in hubspot.portal.lists.all() if each.name == "New"]
    assert members(hubspot, new.id) == set(NAMES)


def test_a_contact_that_another_one_was_merged_into_stays(hubspot: Sandbox, kept: Around) -> None:
    """The row of the other one is gone, and its record id stands for a contact whose row names the list."""
    list_id = made(hubspot)
    settings: dict[str, Any] = {"lists": Lists("Customers", mirror=True), "guards": Guards(removals=None)}
    nights(kept, ROWS, ROWS, **settings)
    ada, grace = (hubspot.portal.contact(f"{name}@example.com") for name in ("ada", "grace"))
    assert ada
    assert grace
    hubspot.portal.merge(ada, grace)

    rows = [row for row in ROWS if row["email"] != "grace@example.com"]
    nights(kept, rows, rows, rows, **settings)

    assert "ada" in members(hubspot, list_id)


def test_a_contact_that_a_look_up_does_not_mention_stays(hubspot: Sandbox, kept: Around) -> None:
    """Nobody knows whom its record id stands for by now."""
    list_id = made(hubspot)
    settings: dict[str, Any] = {"lists": Lists("Customers", mirror=True), "guards": Guards(removals=None)}
    nights(kept, ROWS, ROWS[:1], **settings)
    hubspot.use_faults({"rules": [{"kind": "no_results", "on": "batches.read"}]})
    kept.run_id = "dag/night 9"

    ended = run(kept, state=STATE, upsert=True, **settings)

    assert ended.outcomes == {"up_to_date": 1, "unknown": 3}
    assert members(hubspot, list_id) == set(NAMES)
