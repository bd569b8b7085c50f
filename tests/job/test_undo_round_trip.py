# SPDX-License-Identifier: Apache-2.0
"""A run, its undo, and the portal is as it was: whatever the rows, the settings, and HubSpot's answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from airflow_provider_hubcontact.job.settings.guards import Guards
from airflow_provider_hubcontact.job.settings.key import Key
from airflow_provider_hubcontact.job.settings.ledger import Ledger
from airflow_provider_hubcontact.job.settings.writes import Writes
from airflow_provider_hubcontact.sandbox import Sandbox
from airflow_provider_hubcontact.sync.model.outcome import SUCCESSES
from tests.job.around import Around, apply, run, undo

NAMES = ("email", "firstname", "city", "hs_buying_role", "lifecyclestage")
ADDRESSES = [f"{name}@example.com" for name in ("ada", "grace", "alan", "edsger")]
FREE = [f"{name}@example.com" for name in ("new", "newer")]
CONTACTS = [
    {"email": ADDRESSES[0], "firstname": "Ada", "lifecyclestage": "lead", "hs_buying_role": "BLOCKER"},
    {"email": ADDRESSES[1], "city": "Arlington", "lifecyclestage": "customer"},
    {"email": ADDRESSES[2], "firstname": "Alan", "city": "London"},
    {"email": ADDRESSES[3]},
]
LEDGER = Ledger("l", values=True)

VALUES = st.fixed_dictionaries(
    {},
    optional={
        "firstname": st.sampled_from(["Ada", "Bob", None]),
        "city": st.sampled_from(["London", "Rome", " Oslo", None]),
        "hs_buying_role": st.sampled_from(["BLOCKER", "BUDGET_HOLDER;BLOCKER", None]),
        "lifecyclestage": st.sampled_from(["lead", "opportunity", "customer"]),
    },
)
ROWS = st.lists(
    st.tuples(
        st.sampled_from([*ADDRESSES, *FREE]),
        st.sampled_from([None, None, None, *ADDRESSES, *FREE]),
        VALUES,
    ),
    min_size=1,
    max_size=9,
)
WRITES = st.builds(
    Writes,
    nulls=st.sampled_from(["ignore", "clear"]),
    stages=st.sampled_from(["reset", "keep", "reject"]),
    properties=st.sampled_from(
        [None, {"firstname": "fill_empty"}, {"hs_buying_role": "append"}, {"city": "fill_empty"}]
    ),
)
FAULTS = st.sampled_from(
    [
        [],
        [],
        [{"on": "*/batch/update", "kind": "reset", "applied": True, "count": 1}],
        [{"on": "*/batch/update", "kind": "status", "status": 503, "applied": True, "count": 1}],
        [{"on": "*/batch/create", "kind": "reset", "applied": True, "count": 1}],
    ]
)


@pytest.fixture(scope="module")
def hubspot() -> Iterator[Sandbox]:
    with Sandbox(contacts=CONTACTS) as sandbox:
        yield sandbox


def portal(hubspot: Sandbox) -> dict[str, dict[str, str]]:
    """Return the values that count of each contact; the order of options does not."""
    return {
        contact.id: {
            name: ";".join(sorted(value.split(";")))
            for name in NAMES
            if (value := contact.properties.get(name))
        }
        for contact in hubspot.portal.contacts.values()
    }


def rows_of(drawn: list[Any], *, moves: bool) -> list[dict[str, Any]]:
    return [{"email": key, **({"new": new} if moves else {}), **values} for key, new, values in drawn]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=ROWS, writes=WRITES, upsert=st.booleans(), moves=st.booleans(), faults=FAULTS)
def test_the_portal_is_as_before(  # noqa: PLR0917 - hypothesis draws them
    hubspot: Sandbox, drawn: list[Any], writes: Writes, upsert: bool, moves: bool, faults: list[Any]
) -> None:
    """Each contact has its old values, and those that the run created are archived.

    Among what is undone are addresses that move, rows of one contact, modes, stages, and answers that are
    lost and tried again. Where nobody was archived, undoing the undo brings back what the run wrote.
    """
    hubspot.reset()
    around = Around(hubspot, rows_of(drawn, moves=moves))
    asked: dict[str, Any] = {
        "writes": writes,
        "upsert": upsert,
        "ledger": LEDGER,
        "key": Key(becomes="new" if moves else None),
    }
    before = portal(hubspot)
    hubspot.use_faults({"rules": faults})

    first = run(around, **asked)
    hubspot.use_faults({"rules": []})
    if set(first.outcomes) & {"unknown", "unavailable"}:
        event("tried again")
        around.try_number = 2
        run(around, **asked)
        around.try_number = 1
    between = portal(hubspot)
    event("changed" if between != before else "nothing changed")
    with TemporaryDirectory() as folder:
        made = undo(
            around,
            Path(folder),
            archive_created=True,
            guards=Guards(removals=None),
            writes=Writes(stages="reset"),
            ledger=LEDGER,
        )
        assert made.error is None
        assert portal(hubspot) == between, "a plan writes nothing"
        around.run_id = "dag/undo"
        applied = apply(around, Path(folder))

        assert applied.error is None
        assert portal(hubspot) == before
        assert set(made.outcomes) <= {"not_attempted", "unchanged"}
        assert set(applied.outcomes) <= set(map(str, SUCCESSES))

        again = apply(around, Path(folder))
        assert set(again.outcomes) <= {"unchanged"}
        if applied.outcomes.keys() == {"updated"}:
            around.run_id = "dag/redo"
            made = undo(around, Path(folder), run="dag/undo", writes=Writes(stages="reset"))
            assert made.error is None
            assert apply(around, Path(folder)).error is None
            assert portal(hubspot) == between
