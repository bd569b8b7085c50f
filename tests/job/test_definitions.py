# SPDX-License-Identifier: Apache-2.0
"""The portal's properties: what cannot be read, what is missing, and what is created."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from airflow_provider_hubcontact.client import errors
from airflow_provider_hubcontact.client.errors import HubSpotError
from airflow_provider_hubcontact.client.properties import PropertyDefinition
from airflow_provider_hubcontact.job.portal.definitions import create_missing, missing, portal_of
from airflow_provider_hubcontact.refusal import Refusal
from airflow_provider_hubcontact.sync.decide.lifecycle import Stages

CITY = PropertyDefinition("city", "City", "string", "text")
UNIQUE = PropertyDefinition("number", "Number", "string", "text", has_unique_value=True)


class Definitions:
    """The properties of a portal, or what comes instead."""

    def __init__(
        self, listed: list[PropertyDefinition] | HubSpotError, rules: HubSpotError | None = None
    ) -> None:
        self._listed, self._rules = listed, rules
        self.created: list[str] = []

    def list(self) -> list[PropertyDefinition]:
        if isinstance(self._listed, HubSpotError):
            raise self._listed
        return self._listed

    def rules(self) -> dict[str, Any]:
        if self._rules:
            raise self._rules
        return {"city": ()}

    def create(self, definition: PropertyDefinition) -> None:
        if definition.name == "city":
            raise errors.Conflict(Refusal(409, "there is one"))
        self.created.append(definition.name)


OWN = Stages.default()
NO_STAGES = Stages.of(())


@pytest.mark.parametrize(
    ("listed", "stages", "is_known"),
    [
        (errors.Forbidden(Refusal(403, "no")), OWN, False),
        (errors.NotFound(Refusal(404, "no")), NO_STAGES, False),
        (errors.ServerError(Refusal(503, "no")), NO_STAGES, False),
        (errors.NotSent("no"), NO_STAGES, False),
        ([], NO_STAGES, False),
        ([CITY], OWN, True),
    ],
)
def test_portal_of(listed: Any, stages: Stages, is_known: bool) -> None:
    """What may not be read is HubSpot's own; what cannot be read now is judged by no order."""
    client: Any = Definitions(listed)

    found = portal_of(client, rules=True)

    assert found.stages == stages
    assert (found.definitions is not None) is is_known


def test_rules_that_cannot_be_read() -> None:
    """HubSpot then checks them itself."""
    client: Any = Definitions([CITY], errors.ServerError(Refusal(503, "no")))

    assert portal_of(client, rules=True).rules == {}


@pytest.mark.parametrize("dry_run", [True, False])
def test_create_missing(dry_run: bool) -> None:
    """A dry run creates nothing; what another worker has created meanwhile is not ours."""
    client = Definitions([])
    fake: Any = client

    named = create_missing(fake, [CITY, UNIQUE], dry_run=dry_run)

    assert named == (["city", "number"] if dry_run else ["number"])
    assert client.created == ([] if dry_run else ["number"])


def columns() -> Iterator[tuple[Any, object]]:
    yield from [("a", None), ("a", 5), ("a", "text"), (None, "x"), ("city", "Rome"), ("b", True)]


def test_missing() -> None:
    """The first value that is one tells a column's type; a column without a name is left out."""
    found = missing(columns(), True, ["city"])

    assert {name: each.field_type for name, each in found.items()} == {"a": "number", "b": "booleancheckbox"}


@pytest.mark.parametrize(
    ("told", "kind", "label"),
    [
        ({"type": "string"}, "string", "A"),
        ({"type": "string", "title": "Ah"}, "string", "Ah"),
        ({"type": "boolean", "title": "Ah"}, "enumeration", "Ah"),
        ({"enum": ["x", 5, ""]}, "enumeration", "A"),
        ({"type": "array", "items": {"enum": ["x"]}}, "enumeration", "A"),
        ({"title": 5}, "number", "A"),
    ],
)
def test_a_schema_defines_a_property(told: Mapping[str, Any], kind: str, label: str) -> None:
    """What the JSON Schema says comes before the value."""
    (found,) = missing([("a", 7)], True, (), {"a": told}).values()

    assert (found.type, found.label) == (kind, label)
