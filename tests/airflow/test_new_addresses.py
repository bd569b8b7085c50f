# SPDX-License-Identifier: Apache-2.0
"""Addresses that change: asked for with ``Key(…, becomes=…)``, and never by accident."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_hubcontact.operators.hubspot import HubSpotUpdateContactOperator
from airflow_provider_hubcontact.operators.options import FromLedger, Key, Ledger, Writes
from airflow_provider_hubcontact.sandbox import Definition, Sandbox
from tests.airflow.running import CONTACTS, connect, run, stored

BOTH_APIS = pytest.mark.parametrize("api", ["2026-09", "v1"])
MOVES = Key("old", becomes="new")
ROW = {"old": "Ada@example.com", "new": " Countess@Example.com", "firstname": "A"}


@pytest.fixture
def hubspot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(contacts=CONTACTS) as sandbox:
        connect(monkeypatch, sandbox.url, sandbox.token)
        yield sandbox


@BOTH_APIS
@pytest.mark.parametrize("upsert", [False, True], ids=["update", "upsert"])
@pytest.mark.parametrize(
    "mapping",
    [None, {"firstname": "firstname"}, {"firstname": "firstname", "new": "email"}],
    ids=["all columns", "mapped", "mapped too"],
)
class TestEachWay:
    def test_it_changes(
        self, hubspot: Sandbox, api: str, upsert: bool, mapping: dict[str, str] | None
    ) -> None:
        """The old address finds the contact, and the new one is given; a second run finds all of it done."""
        settings: dict[str, Any] = {"key": MOVES, "upsert": upsert, "mapping": mapping, "api_version": api}

        first, second = (run(records=[ROW], **settings) for _ in range(2))

        assert first.outcomes == {"updated": 1}
        assert second.outcomes == {"unchanged": 1}
        assert hubspot.portal.contact("ada@example.com") is None
        assert stored(hubspot, "countess@example.com", "firstname") == "A"
        assert len(hubspot.portal.contacts) == len(CONTACTS)

    def test_it_does_not(
        self, hubspot: Sandbox, api: str, upsert: bool, mapping: dict[str, str] | None
    ) -> None:
        """A row without a new one, or with the same, leaves the address alone."""
        settings: dict[str, Any] = {"key": MOVES, "upsert": upsert, "mapping": mapping, "api_version": api}
        rows = [ROW | {"new": None}, {"old": "alan@example.com", "new": "ALAN@example.com", "firstname": "A"}]

        ended = run(records=rows, **settings)

        assert ended.outcomes == {"updated": 2}
        assert stored(hubspot, "ada@example.com", "firstname") == "A"
        assert stored(hubspot, "alan@example.com", "firstname") == "A"

    def test_nobody_has_either(
        self, hubspot: Sandbox, api: str, upsert: bool, mapping: dict[str, str] | None
    ) -> None:
        """The contact is created with its new address, if contacts are."""
        settings: dict[str, Any] = {"key": MOVES, "upsert": upsert, "mapping": mapping, "api_version": api}

        ended = run(records=[ROW | {"old": "nobody@example.com"}], **settings)

        assert ended.outcomes == ({"created": 1} if upsert else {"not_found": 1})
        assert hubspot.portal.contact("nobody@example.com") is None
        assert (hubspot.portal.contact("countess@example.com") is not None) is upsert

    def test_somebody_else_has_it(
        self, hubspot: Sandbox, api: str, upsert: bool, mapping: dict[str, str] | None
    ) -> None:
        """That is a conflict, and neither contact changes."""
        settings: dict[str, Any] = {"key": MOVES, "upsert": upsert, "mapping": mapping, "api_version": api}

        ended = run(records=[ROW | {"new": "grace@example.com"}], **settings)

        assert ended.outcomes == {"conflict": 1}
        assert stored(hubspot, "ada@example.com", "firstname") == "Ada"
        assert stored(hubspot, "grace@example.com", "firstname") == "Grace"


@BOTH_APIS
@pytest.mark.parametrize("mapping", [None, {"firstname": "firstname"}])
def test_it_is_sent_again(hubspot: Sandbox, tmp_path: Path, api: str, mapping: dict[str, str] | None) -> None:
    """From the values that the ledger has kept: the change of address is not lost."""
    settings: dict[str, Any] = {
        "key": MOVES,
        "api_version": api,
        "ledger": Ledger(str(tmp_path), values=True),
    }
    on = "*/batch/update" if api == "2026-09" else "*/contact/email/*/profile"
    hubspot.use_faults({"rules": [{"kind": "status", "status": 400, "on": on}]})
    first = run(records=[ROW], mapping=mapping, **settings)
    hubspot.use_faults({"rules": []})

    again = run(records=FromLedger(str(tmp_path)), **settings)

    assert first.outcomes == {"rejected": 1}
    assert again.outcomes == {"updated": 1}
    assert stored(hubspot, "countess@example.com", "firstname") == "A"


def test_by_record_id(hubspot: Sandbox) -> None:
    """The address is an ordinary value then; the id itself never changes."""
    contact = hubspot.portal.contact("ada@example.com")
    assert contact is not None
    row = {"id": contact.id, "email": "countess@example.com"}

    assert run(records=[row], key=Key("id", property="hs_object_id")).outcomes == {"updated": 1}
    assert stored(hubspot, "countess@example.com", "firstname") == "Ada"
    with pytest.raises(ValueError, match="a record id, which never changes"):
        HubSpotUpdateContactOperator(
            task_id="x", records=[], key=Key("id", property="hs_object_id", becomes="email")
        )


def test_another_property(hubspot: Sandbox) -> None:
    """A unique property changes as an address does."""
    hubspot.portal.define(Definition("number", "Number", "string", "text", unique=True))
    hubspot.portal.create({"email": "n1@example.com", "number": "N1"})
    key = Key("from", property="number", becomes="to")

    first, second = (run(records=[{"from": "N1", "to": "N2", "city": "Rome"}], key=key) for _ in range(2))

    assert (first.outcomes, second.outcomes) == ({"updated": 1}, {"unchanged": 1})
    assert stored(hubspot, "n1@example.com", "number") == "N2"


@BOTH_APIS
def test_a_mode_for_the_address(hubspot: Sandbox, api: str) -> None:
    """It is a property that is written, like any other."""
    writes = Writes(properties={"email": "fill_empty"})

    ended = run(records=[ROW], key=MOVES, writes=writes, mapping={"firstname": "firstname"}, api_version=api)

    assert ended.outcomes == {"updated": 1}
    assert stored(hubspot, "ada@example.com", "firstname") == "A"


@BOTH_APIS
@pytest.mark.parametrize(
    ("row", "outcomes"),
    [
        ({"mail": "ada@example.com", "email": "countess@example.com", "firstname": "A"}, {"invalid": 1}),
        ({"mail": "ada@example.com", "email": "", "firstname": "A"}, {"invalid": 1}),
        ({"mail": "ada@example.com", "email": "ADA@example.com", "firstname": "A"}, {"updated": 1}),
        ({"mail": "ada@example.com", "email": None, "firstname": "A"}, {"updated": 1}),
    ],
)
def test_a_column_that_is_called_like_the_key(
    hubspot: Sandbox, api: str, row: dict[str, str], outcomes: dict[str, int]
) -> None:
    """Without a mapping every column is sent under its name: one with another address is told, not sent."""
    ended = run(records=[row], key="mail", api_version=api)

    assert ended.outcomes == outcomes
    assert stored(hubspot, "ada@example.com", "firstname") == ("A" if "updated" in outcomes else "Ada")
    if "invalid" in outcomes:
        assert "say key=Key('mail', property='email', becomes='email')" in ended.reasons


def test_a_mapping_to_the_key() -> None:
    """Another column that is mapped to it is told where the DAG is parsed."""
    with pytest.raises(ValueError, match=r"key=Key\('email', becomes='new'\)"):
        HubSpotUpdateContactOperator(task_id="x", records=[], mapping={"new": "email"})
