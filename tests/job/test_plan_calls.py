# SPDX-License-Identifier: Apache-2.0
"""A plan tells how many calls it takes to apply it; the sandbox counts those that come."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest

from airflow_provider_hubcontact.job.plans.calls import PlannedCalls
from airflow_provider_hubcontact.job.plans.files import totals_of
from airflow_provider_hubcontact.job.plans.lines import Line, Totals
from airflow_provider_hubcontact.job.settings.guards import Guards
from airflow_provider_hubcontact.job.settings.key import Key
from airflow_provider_hubcontact.job.settings.state import State
from airflow_provider_hubcontact.job.settings.writes import Writes
from airflow_provider_hubcontact.sandbox import Sandbox
from airflow_provider_hubcontact.sync.decide.rules import Rules
from airflow_provider_hubcontact.sync.model.choices import OnRegression
from tests.job.around import Around, Told, apply, plan, run

STAGE = "lifecyclestage"
STAGES = ("lead", "opportunity", "customer", "evangelist")
RESET = Writes(stages="reset")


def calls(hubspot: Sandbox) -> int:
    """Calls about contacts that the sandbox got."""
    paths = [each.path for each in hubspot.requests]
    return sum("/contacts/batch/" in path or "/contacts/v1/contact/" in path for path in paths)


def compared(hubspot: Sandbox, around: Around, folder: Path, **settings: Any) -> tuple[int, int, Told]:
    """Make a plan, and apply it; return the calls that were told and made, and how it ended."""
    made = plan(around, folder, **settings)
    before = calls(hubspot)
    ended = apply(around, folder)
    return made.report["plan"]["calls"], calls(hubspot) - before, ended


def world(random: Random, size: int) -> tuple[list[dict[str, str]], list[dict[str, str | None]]]:
    """Make up contacts, and rows: of contacts and of others, with stages, new addresses, and neither."""
    contacts, rows = [], []
    for number in range(size):
        email = f"c{number}@example.com"
        if random.random() < 0.8:
            contacts.append({"email": email, "firstname": "A", STAGE: random.choice(["", *STAGES])})
        rows.append(
            {
                "email": email,
                "firstname": random.choice(["A", "B"]),
                STAGE: random.choice([None, *STAGES]),
                "becomes": random.choice([None, None, f"n{number}@example.com"]),
            }
        )
    random.shuffle(rows)
    return contacts, rows


@pytest.mark.parametrize("verify", [False, True])
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("api", "size"), [("v1", 40), ("2026-09", 40), ("2026-09", 350)])
def test_what_applying_a_plan_takes(tmp_path: Path, api: str, size: int, seed: int, *, verify: bool) -> None:
    """As many calls as it says, resets and what is read back among them.

    Where one call does not take all contacts, it need not be full, since it does not wait for long.
    """
    contacts, rows = world(Random(seed), size)
    with Sandbox(contacts=contacts) as hubspot:
        told, made, ended = compared(
            hubspot,
            Around(hubspot, rows, api_version=api),
            tmp_path,
            key=Key("email", becomes="becomes"),
            upsert=bool(seed % 2),
            verify=verify,
            writes=RESET,
        )

    assert ended.outcomes.keys() == ({"updated", "created"} if seed % 2 else {"updated"})
    assert sum(ended.outcomes.values()) > size / 2
    assert 0 <= made - told <= (2 if size > 100 else 0)


@pytest.mark.parametrize("verify", [False, True])
@pytest.mark.parametrize(
    ("on_removed", "sent"),
    [({"city": "left", STAGE: "lead"}, (3, 4)), ("archive", (2, 2))],
    ids=["values", "archive"],
)
def test_what_removals_take(tmp_path: Path, on_removed: Any, sent: tuple[int, int], verify: bool) -> None:
    """A look-up, the writes of values one after the other, and the reading back of these."""
    rows = [{"email": f"c{number}@example.com", STAGE: "customer"} for number in range(5)]
    state = State("sql://db/hub", on_removed=on_removed)
    how: dict[str, Any] = {"state": state, "upsert": True, "writes": RESET, "verify": verify}
    with Sandbox() as hubspot:
        around = Around(hubspot, rows)
        around.state_file = tmp_path / "state.db"
        for number, there in enumerate((rows, rows[:3])):
            around.given, around.run_id = there, f"dag/run {number}"
            assert run(around, **how, guards=Guards(removals=2)).error is None
        around.run_id = "dag/plan"
        told, made, ended = compared(hubspot, around, tmp_path / "plan", **how, guards=Guards(removals=2))

    assert ended.outcomes == {"archived" if on_removed == "archive" else "updated": 2}
    assert told == made == sent[verify]


BACK: Line = {"key": "k", "new_key": None, "write": "update", "changes": {STAGE: ["customer", "lead"]}}
MOVED: Line = {
    "key": "k",
    "new_key": None,
    "write": "update",
    "changes": {"email": ["k", "new"], "city": ["", "Rome"]},
}


GIVES: Line = {
    "key": "k",
    "new_key": None,
    "write": "create",
    "changes": {"email": [None, "k"], "hs_additional_emails": [None, "a;b"]},
}


def written(kind: str, count: int) -> list[Line]:
    return [{"key": "k", "new_key": None, "write": kind, "changes": {"city": ["", "Rome"]}}] * count


@pytest.mark.parametrize(
    ("lines", "batch_size", "read_back", "calls"),
    [
        ([], 100, (), 0),
        ([{"key": "k", "outcome": "invalid"}], 100, None, 0),
        (written("update", 1), 100, (), 2),
        (written("create", 1), 100, (), 2),
        (written("update", 1) + written("create", 1), 100, (), 3),
        (written("update", 100), 100, (), 2),
        (written("update", 101), 100, (), 4),
        (written("update", 100) + written("create", 100), 100, (), 4),
        (written("update", 60) + written("create", 60), 100, (), 4),
        (written("update", 3) + written("create", 2), 1, (), 10),
        (written("update", 101), 100, None, 6),
        ([BACK], 100, (), 3),
        ([BACK] * 101, 100, (), 6),
        ([BACK], 1, (STAGE,), 4),
        ([{**BACK, "changes": {STAGE: ["lead", "customer"]}}], 1, (STAGE,), 3),
        ([{**BACK, "changes": {STAGE: ["lead", ""]}}], 1, (STAGE,), 3),
        ([{**BACK, "write": "create", "changes": {STAGE: [None, "lead"], "email": [None, "k"]}}], 1, (), 2),
        ([MOVED], 1, (STAGE,), 3),
        ([MOVED] * 51, 100, (), 3),
        ([{**MOVED, "changes": {"email": ["k", ""]}}], 1, (), 2),
        ([{**written("update", 1)[0], "new_key": "n"}], 1, (), 3),
        ([GIVES], 1, (), 4),
        ([GIVES] * 34, 100, (), 3),
        ([{**MOVED, "changes": {**MOVED["changes"], **BACK["changes"]}}], 1, (STAGE,), 6),
    ],
)  # fmt: skip
def test_the_calls_of_lines(lines: list[Line], batch_size: int, read_back: Any, calls: int) -> None:
    """A contact is looked up, by all of its addresses, and written; twice if its stage is reset."""
    rules = Rules(create=True, gives_addresses=True, on_regression=OnRegression.RESET)
    planned = PlannedCalls(rules, batch_size, read_back)
    for line in lines:
        planned.add(line)

    told = totals_of(Totals(), planned, 100, {"tier": {}})

    assert planned.total == calls
    assert told["calls"] == calls + 1  # the property is created
    assert told["minutes"] == round((calls + 1) / 600, 1)
