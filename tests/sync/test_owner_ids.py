# SPDX-License-Identifier: Apache-2.0
"""Ids of owners by their addresses: what is asked for, and when."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from airflow_provider_hubcontact.refusal import Refusal
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result
from airflow_provider_hubcontact.sync.model.ports import Lost, Owner, Refused
from airflow_provider_hubcontact.sync.model.record import Coercion, Record
from airflow_provider_hubcontact.sync.rows.coercion import Coercer
from airflow_provider_hubcontact.sync.rows.comparison import Kind
from airflow_provider_hubcontact.sync.rows.texts.owners import HOW, MOST_COMPARED, OwnerIds
from airflow_provider_hubcontact.sync.rows.values import UnsupportedValue

KINDS = {"owner": Kind.OPTION, "owners": Kind.OPTIONS, "city": Kind.TEXT}
ADA = Owner("1", "Ada@Example.com ", "9")
GRACE = Owner("9", "grace@example.com", "7")
QUEUE = Owner("3")
OTTO = Owner("4", "otto@example.com")


class Reader:
    """Lists the owners of a test, and remembers that it was asked."""

    def __init__(self, active: Any = (ADA, GRACE, QUEUE), archived: Any = (OTTO,)) -> None:
        self._lists = {False: active, True: archived}
        self.asked: list[bool] = []

    def read(self, *, archived: bool) -> Sequence[Owner] | Refused | Lost:
        self.asked.append(archived)
        found: Sequence[Owner] | Refused | Lost = self._lists[archived]
        return found


def coerced(reader: Reader, *rows: dict[str, str]) -> list[Record | Result]:
    coercer = Coercer(KINDS, lambda _: None, owners=OwnerIds(reader, {"owner", "owners", "unknown"}))
    return [coercer.coerce(Record(number, "key", row, dict(row))) for number, row in enumerate(rows, 1)]


def test_an_owner_that_is_listed_twice() -> None:
    """A page may begin with those of the one before: they are one."""
    (made,) = coerced(Reader(active=(ADA, GRACE, ADA)), {"owner": "ada@example.com"})

    assert isinstance(made, Record)
    assert made.properties == {"owner": "1"}


def test_addresses() -> None:
    """Whatever their case is, and blanks around them; one list for all rows."""
    reader = Reader()

    made = coerced(
        reader, {"owner": "ADA@example.com"}, {"owner": " grace@example.com "}, {"unknown": "ada@example.com"}
    )

    assert [isinstance(each, Record) and dict(each.properties) for each in made] == [
        {"owner": "1"},
        {"owner": "9"},
        {"unknown": "1"},
    ]
    assert made[0].coercions == (Coercion("owner", HOW, "ADA@example.com", "1"),)  # type: ignore[union-attr]
    assert reader.asked == [False]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("ada@example.com; grace@example.com", "1;9"),
        ("3;ada@example.com", "3;1"),
        (";ada@example.com", ";1"),
        ("3; 9", "3; 9"),
    ],
)
def test_several_owners(value: str, written: str) -> None:
    """Each for itself; ids stay as they are."""
    (made,) = coerced(Reader(), {"owners": value})

    assert isinstance(made, Record)
    assert made.properties["owners"] == written


@pytest.mark.parametrize(
    "row", [{"owner": "1"}, {"owner": " 7 "}, {"owner": ""}, {"city": "ada@example.com"}, {}]
)
def test_what_costs_no_call(row: dict[str, str]) -> None:
    """Ids, no value, and addresses in other properties."""
    reader = Reader()

    (made,) = coerced(reader, row)

    assert isinstance(made, Record)
    assert reader.asked == []


def test_ids_once_the_list_is_there() -> None:
    """That of a user is told, unless it is that of an owner; an unknown one may be a removed owner's."""
    address = {"owner": "ada@example.com"}

    _, user, both, unknown = coerced(Reader(), address, {"owner": "7"}, {"owner": "9"}, {"owner": "44"})

    assert isinstance(user, Result)
    assert user.reason == "owner: 7 is the user id of grace@example.com: send the owner id, 9"
    assert isinstance(both, Record)
    assert isinstance(unknown, Record)


def test_an_address_of_several_owners() -> None:
    """Nobody knows whose it is: two of their ids are told."""
    twins = Reader([Owner(each, "team@example.com") for each in ("5", "6", "7")])

    (made,) = coerced(twins, {"owner": "team@example.com"})

    assert isinstance(made, Result)
    assert made.reason == (
        "owner: `team@example.com` is the address of several owners, such as 5 and 6: send the id"
    )
    assert twins.asked == [False]


def test_removed_owners_are_listed_once() -> None:
    """Only when an address is nobody else's."""
    reader = Reader()

    made = coerced(
        reader, *({"owner": each} for each in ("otto@example.com", "ott@example.com", "grce@example.com"))
    )

    assert [isinstance(each, Result) and each.reason for each in made] == [
        "owner: `otto@example.com` is the address of an archived owner, 4",
        "owner: `ott@example.com` is not the address of an owner",
        "owner: `grce@example.com` is not the address of an owner; the nearest is `grace@example.com`",
    ]
    assert reader.asked == [False, True]


@pytest.mark.parametrize(
    ("answer", "outcome", "reason"),
    [
        (Lost("no route", sent=False), Outcome.UNAVAILABLE, "no route"),
        (Refused(Refusal(403, "no")), Outcome.UNAUTHORIZED, "needs the scope crm.objects.owners.read: no"),
        (Refused(Refusal(401, "no")), Outcome.UNAUTHORIZED, "listed: no"),
        (Refused(Refusal(429, "slow")), Outcome.THROTTLED, "slow"),
        (Refused(Refusal(500, "ouch")), Outcome.UNAVAILABLE, "ouch"),
        (Refused(Refusal(404, "what")), Outcome.UNAVAILABLE, "what"),
        (Refused(Refusal(409, "what")), Outcome.UNAVAILABLE, "what"),
    ],
)
def test_a_list_that_cannot_be_read(answer: Refused | Lost, outcome: Outcome, reason: str) -> None:
    """The record is not sent; the list is not asked for by each row."""
    reader = Reader(answer)

    first, second, other = coerced(reader, *[{"owner": "ada@example.com"}] * 2, {"owner": "7"})

    assert isinstance(first, Result)
    assert isinstance(second, Result)
    assert (first.outcome, first.category, first.properties) == (outcome, "OWNERS", ("owner",))
    assert first.reason.startswith("owner has an address, and the owners cannot be listed: ")
    assert first.reason.endswith(reason)
    assert second == first._replace(row=2)
    assert isinstance(other, Record)
    assert reader.asked == [False]


def test_removed_owners_that_cannot_be_listed() -> None:
    """Nobody knows then whether the address is one."""
    (made,) = coerced(Reader(archived=Lost("no route", sent=False)), {"owner": "otto@example.com"})

    assert isinstance(made, Result)
    assert made.outcome is Outcome.UNAVAILABLE


def test_why_an_id_was_refused() -> None:
    """Known if the list can be read."""
    assert OwnerIds(Reader(), ()).why_refused(" 7 ") is not None
    assert OwnerIds(Reader(), ()).why_refused("9") is None
    assert OwnerIds(Reader(), ()).why_refused("5") is None
    assert OwnerIds(Reader(Lost("x", sent=False)), ()).why_refused("7") is None


def test_many_unknown_addresses() -> None:
    """Only so many are compared with all others; the rest are told without the nearest one."""
    ids = OwnerIds(Reader(), ())
    reasons = []
    for number in [*range(MOST_COMPARED + 1), 0]:
        with pytest.raises(UnsupportedValue) as raised:
            ids.read(f"grace{number}@example.com")
        reasons.append(str(raised.value))

    assert [each.endswith("the nearest is `grace@example.com`") for each in reasons] == [
        *[True] * MOST_COMPARED,
        False,
        True,
    ]
