# SPDX-License-Identifier: Apache-2.0
"""The records under way."""

from __future__ import annotations

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_hubcontact.sync.decide.rules import Rules
from airflow_provider_hubcontact.sync.flow.waiting.in_flight import InFlight
from airflow_provider_hubcontact.sync.model.choices import WriteMode
from airflow_provider_hubcontact.sync.model.record import Record

RULES = Rules()
ADA = "901"
BOB = "902"


def record(row: int, key: str, **properties: str) -> Record:
    return Record(row, key, properties)


def in_flight_of(*records: Record, rules: Rules = RULES) -> InFlight:
    in_flight = InFlight(rules)
    for each in records:
        in_flight.admit(each)
    return in_flight


def rows(records: tuple[Record, ...]) -> list[int]:
    return [record.row for record in records]


NAMED = {"firstname": "x"}


def test_rows_of_one_key_are_taken_as_one() -> None:
    """The later value wins, what only an earlier row has is kept, and the first row gives the number."""
    first, second = record(1, "a", city="1"), record(2, "a", city="2", zip="1")
    other, third = record(3, "b", city="9"), record(4, "a", state="3", zip="1")
    in_flight = in_flight_of(first, second, other, third)

    whole, alone = in_flight.take(10)

    assert whole == Record(1, "a", {"city": "2", "zip": "1", "state": "3"}, parts=(first, second, third))
    assert (alone, len(in_flight)) == (other, 4)
    in_flight.release("b")
    assert in_flight.merged("a") == whole
    in_flight.release("a")
    assert (len(in_flight), in_flight.merged("a")) == (0, None)
    assert in_flight.admit(third), "nobody is before it any more"


@pytest.mark.parametrize(
    "second",
    [
        record(2, "a", lifecyclestage="lead"),
        record(2, "a", email="n"),
        record(2, "a", hs_additional_emails="n"),
        record(2, "a", hs_color="x"),
        record(2, "a"),
        Record(2, "a", NAMED, timestamp=5),
        Record(2, "a", NAMED, before={"firstname": "y"}),
        Record(2, "a", NAMED, digest="d"),
    ],
    ids=["stage", "address", "second address", "mode", "no value", "time", "planned", "planned create"],
)
@pytest.mark.parametrize("later_first", [False, True])
def test_rows_that_are_not_merged(second: Record, later_first: bool) -> None:
    """They go one after the other, in their order."""
    rules = Rules(modes={"hs_color": WriteMode.APPEND})
    one = record(1, "a", firstname="x")
    pair = (second._replace(row=1), one._replace(row=second.row)) if later_first else (one, second)
    in_flight = in_flight_of(*pair, rules=rules)

    assert in_flight.take(10) == (pair[0],)
    assert in_flight.take(10) == ()
    in_flight.release("a")
    assert in_flight.take(10) == (pair[1],)
    in_flight.release("a")
    assert len(in_flight) == 0
    assert in_flight.admit(record(3, "a")), "nobody is before it any more"


def test_a_row_of_which_some_values_are_overwritten_is_not_merged() -> None:
    """HubSpot would judge only the others."""
    in_flight = in_flight_of(
        record(1, "a", city="1", zip="1"), record(2, "a", city="2"), record(3, "a", city="3")
    )

    assert rows(in_flight.take(10)) == [1]
    in_flight.release("a")
    (whole,) = in_flight.take(10)
    assert rows(whole.parts) == [2, 3]


def test_a_merged_record_is_taken_apart() -> None:
    """Its rows begin anew, one by one and in order, before any later row of the key."""
    in_flight = in_flight_of(*(record(row, "a", city=str(row)) for row in (1, 2, 3)))
    (whole,) = in_flight.take(10)
    in_flight.claim(whole, ADA)
    in_flight.admit(record(4, "a", city="4"))

    assert in_flight.part(whole) == ADA

    for row in (1, 2):
        assert rows(in_flight.take(10)) == [row]
        in_flight.release("a")
    in_flight.admit(record(5, "a", city="5"))
    assert rows(in_flight.take(10)) == [3]
    in_flight.release("a")
    (rest,) = in_flight.take(10)
    assert rows(rest.parts) == [4, 5]
    in_flight.release("a")
    assert len(in_flight) == 0


def test_what_goes_on_goes_before_what_waits() -> None:
    """Rows that waited for others are taken first, in the order of the source."""
    in_flight = in_flight_of(record(1, "a"), record(2, "b"), record(3, "a"))
    one, two = in_flight.take(2)
    in_flight.claim(one, ADA)
    in_flight.claim(two, ADA)
    in_flight.admit(record(4, "c"))
    in_flight.release("a")

    assert rows(in_flight.take(10)) == [2, 3, 4]


def test_same_key_waits_for_the_one_that_is_taken() -> None:
    """A row whose key is under way is taken only when that one has ended."""
    in_flight = in_flight_of(record(1, "a"))
    in_flight.take(10)
    in_flight.admit(record(2, "a"))
    in_flight.admit(record(3, "a"))

    assert in_flight.take(10) == ()
    in_flight.release("a")
    assert rows(in_flight.take(10)) == [2]
    assert in_flight.take(10) == ()
    in_flight.release("a")
    assert rows(in_flight.take(10)) == [3]


def test_row_behind_a_blocked_one() -> None:
    """A row never overtakes an earlier one of its key that had to wait twice."""
    in_flight = in_flight_of(record(1, "a"), record(2, "b"))
    first, second = in_flight.take(10)
    in_flight.claim(first, ADA)
    in_flight.claim(second, ADA)
    in_flight.admit(record(3, "b"))
    in_flight.release("a")

    in_flight.admit(record(4, "b"))

    for row in (2, 3, 4):
        assert rows(in_flight.take(10)) == [row]
        in_flight.release("b")


def test_one_contact_at_a_time() -> None:
    """Two keys of one contact go one after the other."""
    in_flight = in_flight_of(record(1, "a"), record(2, "b"), record(3, "c"))
    first, second, third = in_flight.take(10)

    assert in_flight.claim(first, ADA)
    assert not in_flight.claim(second, ADA)
    assert in_flight.claim(third, BOB)
    assert in_flight.waiting == 0
    assert in_flight.release("a") == ADA
    assert rows(in_flight.take(10)) == [2]
    assert in_flight.claim(second, ADA)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(record(1, "a", email="n"), record(2, "b", email="n"), id="two that get one key"),
        pytest.param(record(1, "a", email="b"), record(2, "b"), id="one that gets another's key"),
        pytest.param(record(1, "a"), record(2, "b", email="a"), id="one that gets an earlier one's key"),
    ],
)
def test_one_key_at_a_time(one: Record, other: Record) -> None:
    """Records that have or get one key go one after the other, though no contact has it yet."""
    in_flight = in_flight_of(one, other)

    assert rows(in_flight.take(10)) == [1]
    assert in_flight.waiting == 0
    in_flight.release("a")
    assert rows(in_flight.take(10)) == [2]
    in_flight.release("b")
    assert (len(in_flight), in_flight.drain()) == (0, ())


def test_a_record_that_changes_its_key_waits_for_both_of_its_keys() -> None:
    """It goes when neither is in use, and no earlier record waits for one of them."""
    in_flight = in_flight_of(
        *(record(1, "a"), record(2, "b"), record(3, "c", email="b"), record(4, "a", email="c")),
        *(record(5, "b"), record(6, "a"), record(7, "d", email="e")),
    )

    assert rows(in_flight.take(10)) == [1, 2, 7]
    in_flight.release("a")
    assert in_flight.take(10) == ()  # row 4 waits for row 3, which has the key that it gets
    in_flight.release("b")
    assert rows(in_flight.take(10)) == [3]
    in_flight.release("c")
    assert rows(in_flight.take(10)) == [4, 5]
    assert in_flight.take(10) == ()
    in_flight.release("a")
    assert rows(in_flight.take(10)) == [6]
    for key in "abd":
        in_flight.release(key)
    assert (len(in_flight), in_flight.drain()) == (0, ())


def test_rows_that_a_change_of_key_stands_between_are_not_merged() -> None:
    """The earlier one is about another contact than the later one."""
    in_flight = in_flight_of(record(1, "b", city="1"), record(2, "a", email="b"), record(3, "b", city="2"))

    for row, key in ((1, "b"), (2, "a"), (3, "b")):
        assert rows(in_flight.take(10)) == [row]
        in_flight.release(key)


@given(data=st.data())
def test_records_that_share_a_key_never_overlap_or_overtake(data: st.DataObject) -> None:
    """Whatever is taken, ended or let begin anew in between, and all of them are taken in the end."""
    keys = st.sampled_from("abcd")
    drawn = data.draw(st.lists(st.tuples(keys, st.none() | keys), max_size=12))
    to_admit = deque(
        record(row, key, **({"email": new} if new else {"city": str(row)}))
        for row, (key, new) in enumerate(drawn, 1)
    )
    choice = st.integers(0, 4)
    in_flight, taken, ended = InFlight(RULES), list[Record](), list[int]()
    while to_admit or len(in_flight):
        chosen = data.draw(choice)
        if to_admit and chosen < 2:
            in_flight.admit(to_admit.popleft())
        elif taken and (chosen < 4 or not in_flight.waiting):
            done = taken.pop(data.draw(choice) % len(taken))
            fate = data.draw(choice)
            if fate == 0:
                in_flight.resume(done)
            elif fate < 3 and done.parts:
                in_flight.part(done)
            else:
                in_flight.release(done.key)
                ended.extend(part.row for part in done.parts or (done,))
        else:
            taken.extend(in_flight.take(1 + data.draw(choice)))
        under_way = [key for each in taken for key in {each.key, each.properties.get("email", each.key)}]
        assert len(under_way) == len(set(under_way))

    assert sorted(ended) == [*range(1, len(drawn) + 1)]
    used = {row: {key, new or key} for row, (key, new) in enumerate(drawn, 1)}
    for place, row in enumerate(ended):
        assert not any(later < row and used[later] & used[row] for later in ended[place + 1 :])


def test_outdated_look_up() -> None:
    """A record whose contact was written since its look-up began waits to be looked up again."""
    in_flight = in_flight_of(record(1, "a"))
    (taken,) = in_flight.take(1)

    assert not in_flight.claim(taken, ADA, {ADA})
    assert rows(in_flight.take(1)) == [1]
    assert in_flight.claim(taken, ADA, {BOB})


def test_size_of_a_look_up() -> None:
    """A look-up has no more keys than fit; a record that changes its key needs two."""
    in_flight = in_flight_of(
        record(1, "a"), record(2, "b", email="n"), record(3, "c"), record(4, "d"), record(5, "e", email="m")
    )

    assert [rows(in_flight.take(3)) for _ in range(4)] == [[1, 2], [3, 4], [5], []]


def test_one_record_always_fits() -> None:
    """A record with two keys is looked up even where one key is the limit."""
    in_flight = in_flight_of(record(1, "a", email="n"))

    assert rows(in_flight.take(1)) == [1]


def test_some_are_taken_without_a_look_up() -> None:
    """Those that have just come and those that are first in line; what waited before keeps waiting."""
    first, second, third = (record(row, key) for row, key in enumerate("abc", 1))
    in_flight = in_flight_of(first, second)
    in_flight.take(1)
    in_flight.resume(first)

    assert in_flight.admit(third)
    assert not in_flight.admit(record(4, "c"))
    chosen = in_flight.chosen([third], lambda each: each.key != "x")

    assert (rows(in_flight.pick(chosen)), in_flight.waiting) == ([1, 3], 1)
    assert rows(in_flight.take(10)) == [2]


def test_everything_counts() -> None:
    """Waiting, blocked, taken and claimed records count; those that have ended do not."""
    in_flight = in_flight_of(record(1, "a"), record(2, "b"), record(3, "c"))
    first, second = in_flight.take(2)
    in_flight.admit(record(4, "a"))
    in_flight.claim(first, ADA)
    in_flight.claim(second, ADA)

    assert (len(in_flight), in_flight.waiting) == (4, 1)
    in_flight.release("a")
    assert (len(in_flight), in_flight.waiting) == (3, 3)


def test_drain() -> None:
    """Draining gives up all records that wait, and leaves those that are being looked up or written."""
    in_flight = in_flight_of(record(1, "a"), record(2, "b"), record(3, "c"), record(4, "d"))
    first, second, _ = in_flight.take(3)
    in_flight.claim(first, ADA)
    in_flight.claim(second, ADA)
    in_flight.admit(record(5, "c"))

    drained = in_flight.drain()

    assert sorted(rows(drained)) == [2, 4, 5]
    assert len(in_flight) == 2
    in_flight.release("a")
    in_flight.release("c")
    assert (len(in_flight), in_flight.drain()) == (0, ())
