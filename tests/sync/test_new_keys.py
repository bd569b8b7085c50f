# SPDX-License-Identifier: Apache-2.0
"""A row that gives its contact another key: an address that changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from airflow_provider_hubcontact.sync.model.choices import Nulls
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result
from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.sync.rows.record_mapping import RecordMapping

OLD = "ada@example.com"
NEW = "countess@example.com"
MOVES = {"key": "old", "becomes": "new"}
MAPPED = {**MOVES, "mapping": {"first": "firstname", "new": "email"}}


class Row(Mapping[str, object]):
    """A row of a class of its own."""

    def __init__(self, values: Mapping[str, object]) -> None:
        self._values = values

    def __getitem__(self, name: str) -> object:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


class Text(str):
    """A text of a class of its own."""

    __slots__ = ()


def of(row: Mapping[str, object], **mapping: Any) -> Record | Result:
    return RecordMapping(**mapping).record(1, row)


@pytest.mark.parametrize("kind", [dict, Row])
@pytest.mark.parametrize(
    ("mapping", "row", "sent", "seen"),
    [
        (MOVES, {"old": OLD, "new": NEW}, {"email": NEW}, {"old": OLD, "email": NEW}),
        (MOVES, {"old": OLD, "new": f" {NEW.upper()} "}, {"email": NEW}, None),
        (MOVES, {"old": OLD, "new": Text(f" {NEW.upper()} ")}, {"email": NEW}, None),
        (MOVES, {"old": OLD, "new": OLD.upper()}, {}, None),
        (MOVES, {"old": OLD, "new": None}, {}, {"old": OLD}),
        ({**MOVES, "nulls": Nulls.CLEAR}, {"old": OLD, "new": None}, {}, {"old": OLD}),
        (MOVES, {"old": OLD, "new": ""}, {"email": ""}, None),  # an empty text is meant
        (MOVES, {"old": OLD}, {}, {"old": OLD}),
        (MOVES, {"old": OLD, "new": NEW, "city": "Rome"}, {"email": NEW, "city": "Rome"}, None),
        ({"key": "email", "becomes": "new"}, {"email": OLD, "new": NEW}, {"email": NEW}, {"email": NEW}),
        ({"key": "email", "becomes": "new"}, {"email": OLD}, {}, {"email": OLD}),
        ({"key": "old", "becomes": "email"}, {"old": OLD, "email": NEW}, {"email": NEW}, None),
        (MAPPED, {"old": OLD, "new": NEW, "first": "A", "x": 1}, {"email": NEW, "firstname": "A"}, None),
        (MAPPED, {"old": OLD, "new": NEW, "email": "x"}, {"email": NEW}, {"old": OLD, "email": NEW}),
        (
            {"key": "no", "id_property": "number", "becomes": "next"},
            {"no": "1", "next": "2", "email": NEW},
            {"number": "2", "email": NEW},
            {"no": "1", "number": "2", "email": NEW},
        ),
    ],
)
def test_what_a_row_becomes(
    kind: type[Any],
    mapping: Mapping[str, Any],
    row: Mapping[str, object],
    sent: Mapping[str, str],
    seen: Mapping[str, object] | None,
) -> None:
    """The old key finds the contact, the new one is sent; without a new one, the contact keeps its own."""
    record = of(kind(row), **mapping)

    assert isinstance(record, Record)
    assert record.key == (OLD if "no" not in row else "1")
    assert record.properties == sent
    assert seen is None or record.document == seen


@pytest.mark.parametrize(
    ("mapping", "row", "says"),
    [
        (
            {"key": "mail"},
            {"mail": OLD, "email": NEW},
            "the column email would change the contact's email, by which the column mail finds it",
        ),
        (
            {"key": "mail"},
            {"mail": OLD, "email": NEW},
            "finds it: if it is to, say key=Key('mail', property='email', becomes='email')",
        ),
        ({"key": "mail"}, {"mail": OLD, "email": ""}, "the column email would change the contact's email"),
        ({"key": "mail"}, {"mail": OLD, "email": " "}, "the column email would change the contact's email"),
        (
            {"key": "no", "id_property": "number"},
            {"no": "1", "number": "2"},
            "if it is to, say key=Key('no', property='number', becomes='number')",
        ),
        (
            {"key": "id", "id_property": "hs_object_id"},
            {"id": "1", "hs_object_id": "2"},
            "and a record id never changes: leave the column out",
        ),
        (
            MOVES,
            {"old": OLD, "new": NEW, "email": "third@example.com"},
            "the columns new and email both have a new email: leave one out",
        ),
        (MOVES, {"old": OLD, "email": NEW}, "the columns new and email both have a new email: leave one out"),
    ],
)
@pytest.mark.parametrize("kind", [dict, Row])
def test_what_nobody_asked_for(
    kind: type[Any], mapping: Mapping[str, Any], row: Mapping[str, object], says: str
) -> None:
    """A column that happens to be called like the key's property changes no contact's key."""
    result = of(kind(row), **mapping)

    assert isinstance(result, Result)
    assert (result.outcome, result.category) == (Outcome.INVALID, "KEY")
    assert says in result.reason
    assert OLD not in result.reason
    assert NEW not in result.reason


@pytest.mark.parametrize(
    ("mapping", "row"),
    [
        ({"key": "mail"}, {"mail": OLD, "email": f" {OLD.upper()}"}),
        ({"key": "mail"}, {"mail": OLD, "email": None}),
        ({"key": "id", "id_property": "hs_object_id"}, {"id": "1", "hs_object_id": "1.0"}),
    ],
)
def test_the_same_key_twice(mapping: Mapping[str, Any], row: Mapping[str, object]) -> None:
    """It says nothing new."""
    record = of(row, **mapping)

    assert isinstance(record, Record)
    assert record.properties == {}
