# SPDX-License-Identifier: Apache-2.0
"""The value objects of the operators' keywords: what they take, what they show, and that they are copied."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_hubcontact.operators.fields import Options
from airflow_provider_hubcontact.operators.options import (
    FromLedger,
    Guards,
    Key,
    Ledger,
    Lists,
    State,
    Values,
    Writes,
)
from airflow_provider_hubcontact.words import nearest

EACH = [
    Key("mail", "number", becomes="new"),
    Writes(nulls="clear", properties={"city": "append"}),
    Values(null_texts=["NULL"], booleans={"ja": True}),
    Guards(changes=5, creates=0.1),
    Ledger("s3://bucket/ledger", values=True),
    Lists(column="segment", create=True, batch_size=500),
    FromLedger("s3://bucket/ledger", outcomes=["rejected"], among=[{"email": "ada@example.com"}]),
]
each = pytest.mark.parametrize("given", EACH, ids=lambda given: type(given).__name__)


@pytest.mark.parametrize(
    ("given", "shown", "fields"),
    [
        (Key(), "Key()", {"column": "email", "property": "email", "becomes": None}),
        (Key("mail"), "Key(column='mail')", {"column": "mail"}),
        (Key(becomes="new"), "Key(becomes='new')", {"becomes": "new"}),
        (Writes(), "Writes()", Writes().fields()),
        (Writes(nulls="clear"), "Writes(nulls='clear')", {"nulls": "clear"}),
        (
            Writes(properties={"a": "append"}),
            "Writes(properties={'a': 'append'})",
            {"properties": {"a": "append"}},
        ),
        (Values(decimal=","), "Values(decimal=',')", {"decimal": ","}),
        (Guards(creates=0), "Guards(creates=0)", {"creates": 0}),
        (Ledger("l"), "Ledger(path='l')", {"path": "l"}),
        (Ledger("l", values=True), "Ledger(path='l', values=True)", {"path": "l", "values": True}),
        (Lists("Customers"), "Lists(name='Customers')", {"name": "Customers"}),
        (
            Lists(column="segment", mirror=True),
            "Lists(column='segment', mirror=True)",
            {"column": "segment", "mirror": True},
        ),
        (FromLedger("l"), "FromLedger(path='l')", {"path": "l"}),
        (FromLedger("l", among=[{"email": "ada@example.com"}]), "FromLedger(path='l')", {"path": "l"}),
        (
            FromLedger("l", ["invalid"]),
            "FromLedger(path='l', outcomes=['invalid'])",
            {"path": "l", "outcomes": ["invalid"]},
        ),
    ],
    ids=repr,
)
def test_what_is_shown(given: Options, shown: str, fields: dict[str, Any]) -> None:
    """The fields that say something; the records never."""
    assert repr(given) == str(given) == shown
    assert given.serialize() == fields


@each
def test_copies_are_equal_and_apart(given: Options) -> None:
    """However they are made; a change of one is none of another."""
    copies = [
        given.copy(),
        copy.copy(given),
        copy.deepcopy(given),
        pickle.loads(pickle.dumps(given)),  # noqa: S301 - of this process
        type(given).of("keyword", given),
        type(given).of("keyword", given.fields()),
    ]
    fields = given.fields()
    first = next(iter(fields))

    assert all(made == given and made is not given for made in copies)
    for made in copies:
        setattr(made, first, "another")
        assert made != given
    assert given.fields() == fields


@each
def test_where_a_copy_comes_from(given: Options) -> None:
    """However often it is copied: what the DAG file has is a template, and what looks like it is not."""
    fields = given.fields()

    assert given.origin is None
    assert type(given).of("keyword", given).origin is given
    assert type(given).of("keyword", given).copy().origin is given
    assert type(given).of("keyword", fields).origin is fields
    assert type(given).of("keyword", fields).copy().origin is fields


@each
def test_equality(given: Options) -> None:
    """Fields and class count; what stands in a DAG's ``default_args`` may be compared with anything."""
    assert given == given.copy()
    assert given != given.fields()
    assert given is not None
    assert [other == given for other in EACH].count(True) == 1
    with pytest.raises(TypeError, match="unhashable"):
        hash(given)


@pytest.mark.parametrize(
    ("kind", "value", "says"),
    [
        (
            Ledger,
            {"path": "l", "valuse": True},
            "ledger has the fields path, values, not valuse (the nearest is values)",
        ),
        (Ledger, {5: "l"}, "ledger has the fields path, values, not 5"),
        (Ledger, {"values": True}, "ledger needs the field path"),
        (Ledger, 5, "ledger must be Ledger(…), or a mapping of its fields, not 5"),
        (Ledger, Writes(), "ledger must be Ledger(…), or a mapping of its fields, not Writes()"),
        (
            Lists,
            {"nane": "Customers"},
            "ledger has the fields name, column, create, mirror, batch_size, not nane (the nearest is name)",
        ),
        (
            Guards,
            {"change": 1},
            "ledger has the fields changes, creates, removals, not change (the nearest is changes)",
        ),
    ],
)
def test_what_is_not_one(kind: type[Options], value: object, says: str) -> None:
    """A misspelt field, or another thing, is told with the keyword that it was given for."""
    with pytest.raises(ValueError, match=r"^ledger ") as raised:
        kind.of("ledger", value)

    assert str(raised.value) == says


def test_a_misspelt_field() -> None:
    """It is told with the nearest one; type checkers and editors tell it before."""
    makers: dict[str, Callable[[], object]] = {
        "Writes has no nuls (the nearest is nulls)": lambda: Writes(nuls="clear"),  # type: ignore[call-arg]
        "Key has no colum (the nearest is column)": lambda: Key(colum="mail"),  # type: ignore[call-arg]
        "Guards has no change (the nearest is changes)": lambda: Guards(change=1),  # type: ignore[call-arg]
        "Ledger has no pth (the nearest is path)": lambda: Ledger(pth="x"),  # type: ignore[call-arg]
        "FromLedger has no pth (the nearest is path)": lambda: FromLedger(pth="x"),  # type: ignore[call-arg]
        "State has no drfit (the nearest is drift)": lambda: State("s", drfit="tell"),  # type: ignore[call-arg]
        "Values has no labells (the nearest is labels)": lambda: Values(labells=True),  # type: ignore[call-arg]
        "Lists has no colum (the nearest is column)": lambda: Lists(colum="segment"),  # type: ignore[call-arg]
    }
    for says, make in makers.items():
        with pytest.raises(TypeError) as raised:
            make()
        assert str(raised.value) == says


def test_value_objects_of_a_users_own() -> None:
    """One without an ``__init__`` has the fields of its class; copies and pickles are what they were."""

    class Usual(Writes):
        pass

    usual = Usual(nulls="clear")
    with pytest.raises(TypeError, match=r"Usual has no nuls \(the nearest is nulls\)"):
        Usual(nuls="clear")  # type: ignore[call-arg]

    assert usual.copy() == copy.deepcopy(usual) == usual
    assert usual.serialize() == {"nulls": "clear"}
    assert pickle.loads(pickle.dumps(Writes(nulls="clear"))) == Writes(nulls="clear")  # noqa: S301 - our own


def test_a_name_that_is_none_is_shown_in_a_line() -> None:
    """As long as a name may be, with the nearest one if one is near."""
    assert nearest("chnage\n" + "x" * 300, ["changes"]) == "chnage " + "x" * 92 + "…"
    assert nearest("x" * 100, ["changes"]) == "x" * 100
    assert nearest("chnages", ["creates", "change", "changes"]) == "chnages (the nearest is changes)"
