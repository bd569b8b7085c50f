"""The records under way."""

from __future__ import annotations

import pytest

from airflow_provider_hubcontact.sync.decide.plan import Rules
from airflow_provider_hubcontact.sync.flow.in_flight import InFlight
from airflow_provider_hubcontact.sync.model.change import Stored
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result
from airflow_provider_hubcontact.sync.model.record import Record

RULES = Rules()
ADA = Stored("901", "901", {})
BOB = Stored("902", "902", {})


def record(row: int, key: str, **properties: str) -> Record:
    return Record(row, key, properties)


def window_of(*records: Record, fold: bool = True) -> InFlight:
    window = InFlight(fold=fold)
    for each in records:
        window.admit(each)
    return window


def rows(records: tuple[Record, ...]) -> list[int]:
    return [record.row for record in records]


def test_last_row_wins() -> None:
    """Of several waiting rows with a key the last stays, and each earlier one is told which row won."""
    window = InFlight()

    results = [window.admit(record(row, "a")) for row in (1, 2, 3)]

    assert results == [
        None,
        Result(1, "a", Outcome.SUPERSEDED, reason="row 2 has the same key and wins"),
        Result(2, "a", Outcome.SUPERSEDED, reason="row 3 has the same key and wins"),
    ]
    assert rows(window.take(10, RULES)) == [3]


def test_later_row_takes_a_later_turn() -> None:
    """A row that wins does not jump the queue: two keys may be of one contact."""
    window = window_of(record(1, "a"), record(2, "b"), record(3, "a"))

    assert rows(window.take(10, RULES)) == [2, 3]


@pytest.mark.parametrize("taken", [False, True], ids=["waiting", "taken"])
def test_duplicates_are_refused(taken: bool) -> None:
    """Without folding the first row of a key stays, and later ones are invalid."""
    window = window_of(record(1, "a"), fold=False)
    if taken:
        window.take(1, RULES)

    result = window.admit(record(2, "a"))

    assert result == Result(2, "a", Outcome.INVALID, None, "DUPLICATE", "an earlier row has the key a too")
    assert len(window) == 1


def test_key_comes_again_without_folding() -> None:
    """A key whose record has ended is forgotten, so it may come again."""
    window = window_of(record(1, "a"), fold=False)
    window.take(1, RULES)
    window.release("a")

    assert window.admit(record(2, "a")) is None


def test_same_key_waits_for_the_one_that_is_taken() -> None:
    """A row whose key is under way is taken only when that one has ended; the last such row wins."""
    window = window_of(record(1, "a"))
    window.take(10, RULES)

    assert window.admit(record(2, "a")) is None
    superseded = window.admit(record(3, "a"))

    assert superseded is not None
    assert (superseded.row, superseded.outcome) == (2, Outcome.SUPERSEDED)
    assert window.take(10, RULES) == ()
    window.release("a")
    assert rows(window.take(10, RULES)) == [3]


def test_row_behind_a_blocked_one() -> None:
    """A row never overtakes an earlier one of its key that had to wait twice."""
    window = window_of(record(1, "a"), record(2, "b"))
    first, second = window.take(10, RULES)
    window.claim(first, ADA, RULES)
    window.claim(second, ADA, RULES)
    window.admit(record(3, "b"))
    window.release("a")

    superseded = window.admit(record(4, "b"))

    assert superseded is not None
    assert superseded.row == 3
    assert rows(window.take(10, RULES)) == [2]
    window.release("b")
    assert rows(window.take(10, RULES)) == [4]


def test_one_contact_at_a_time() -> None:
    """Two keys of one contact go one after the other."""
    window = window_of(record(1, "a"), record(2, "b"), record(3, "c"))
    first, second, third = window.take(10, RULES)

    assert window.claim(first, ADA, RULES)
    assert not window.claim(second, ADA, RULES)
    assert window.claim(third, BOB, RULES)
    assert window.waiting == 0
    assert window.release("a") == {"key a", "contact 901"}
    assert rows(window.take(10, RULES)) == [2]
    assert window.claim(second, ADA, RULES)


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
    window = window_of(one, other)
    window.take(10, RULES)

    assert window.claim(one, None, RULES)
    assert not window.claim(other, None, RULES)
    window.release("a")
    assert rows(window.take(10, RULES)) == [2]


def test_outdated_look_up() -> None:
    """A record whose contact was written since its look-up began waits to be looked up again."""
    window = window_of(record(1, "a"))
    (taken,) = window.take(1, RULES)

    assert not window.claim(taken, ADA, RULES, {"contact 901"})
    assert rows(window.take(1, RULES)) == [1]
    assert window.claim(taken, ADA, RULES, {"contact 902"})


def test_size_of_a_look_up() -> None:
    """A look-up has no more keys than fit; a record that changes its key needs two."""
    window = window_of(
        record(1, "a"), record(2, "b", email="n"), record(3, "c"), record(4, "d"), record(5, "e", email="m")
    )

    assert [rows(window.take(3, RULES)) for _ in range(4)] == [[1, 2], [3, 4], [5], []]


def test_one_record_always_fits() -> None:
    """A record with two keys is looked up even where one key is the limit."""
    window = window_of(record(1, "a", email="n"))

    assert rows(window.take(1, RULES)) == [1]


def test_take_known() -> None:
    """Only records that can be written unread are taken without a look-up."""
    window = window_of(
        record(1, "a", firstname="A"), record(2, "b", lifecyclestage="lead"), record(3, "c", firstname="C")
    )

    assert rows(window.take_known(RULES)) == [1, 3]
    assert rows(window.take(10, RULES)) == [2]


def test_everything_counts() -> None:
    """Waiting, blocked, taken and claimed records count; those that have ended do not."""
    window = window_of(record(1, "a"), record(2, "b"), record(3, "c"))
    first, second = window.take(2, RULES)
    window.admit(record(4, "a"))
    window.claim(first, ADA, RULES)
    window.claim(second, ADA, RULES)

    assert (len(window), window.waiting) == (4, 1)
    window.release("a")
    assert (len(window), window.waiting) == (3, 3)


def test_drain() -> None:
    """Draining gives up all records that wait, and leaves those that are being looked up or written."""
    window = window_of(record(1, "a"), record(2, "b"), record(3, "c"), record(4, "d"))
    first, second, _ = window.take(3, RULES)
    window.claim(first, ADA, RULES)
    window.claim(second, ADA, RULES)
    window.admit(record(5, "c"))

    drained = window.drain()

    assert sorted(rows(drained)) == [2, 4, 5]
    assert len(window) == 2
    window.release("a")
    window.release("c")
    assert (len(window), window.drain()) == (0, ())
