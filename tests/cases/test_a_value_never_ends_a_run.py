# SPDX-License-Identifier: Apache-2.0
"""Whatever a row holds, it has one outcome, and the rows beside it are written."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from enum import Enum, StrEnum
from importlib import import_module
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_provider_hubcontact.sandbox import Sandbox
from airflow_provider_hubcontact.sync.decide.rules import Rules
from airflow_provider_hubcontact.sync.flow.stations.ends import MAX_LOGGED
from airflow_provider_hubcontact.sync.flow.sync import Sync
from airflow_provider_hubcontact.sync.model.outcome import INTERNAL_ERROR, Outcome, Result
from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.sync.rows.coercion import Coercer
from airflow_provider_hubcontact.sync.rows.comparison import Kind
from airflow_provider_hubcontact.sync.rows.portal_schema import PortalSchema, Property
from airflow_provider_hubcontact.sync.rows.record_mapping import RecordMapping
from tests.cases.syncing import synced
from tests.sync.fakes import FakePortal, ShuffledWorkers, results_of

FIRST, LAST = "first@example.com", "last@example.com"
SECONDS = 10.0
"""Of CPU: more than any single row may take, also on a busy machine. One without end would take for ever."""


class Markup(str):
    """A text as templates have it: what is added to it is escaped, and its methods return its own class."""

    __slots__ = ()

    def __add__(self, other: str) -> Markup:
        return Markup(f"{self!s}<{other}>")

    def strip(self, *_: Any) -> Markup:
        return self

    def lower(self) -> Markup:
        return self


class Color(Enum):
    RED = "red"


class Size(StrEnum):
    LARGE = "large"


class Nested(Enum):
    COLOR = Color.RED


def broken(name: str, *bases: type) -> type:
    """Make a class of which a method raises."""

    def fails(*_: Any, **__: Any) -> Any:
        raise RuntimeError("a secret value")

    return type(f"No{name.strip('_').title()}", bases, {name: fails})


METHODS = ["__str__", "__repr__", "__eq__", "__ne__", "__hash__", "__bool__", "__len__", "__iter__"]
ATTRIBUTES = ["__getattr__", "__getattribute__", "__format__", "__contains__", "__getitem__", "__index__"]


class EndlessList(list[Any]):
    def __iter__(self) -> Iterator[Any]:
        while True:
            yield "x"

    def __len__(self) -> int:
        return 10**12


class EndlessStr(str):
    __slots__ = ()

    def __iter__(self) -> Iterator[str]:
        while True:
            yield "x"

    def __len__(self) -> int:
        return 2**62


def _text(_: object) -> type:
    return str


Spoofed = type("Spoofed", (), {"__class__": property(_text)})
"""Its values say that they are texts, and are not."""


class Array:
    """Like a numpy array whose length is a lie."""

    ndim, dtype, shape = 1, type("T", (), {"kind": "i"})(), (10**9,)

    def tolist(self) -> list[int]:
        raise MemoryError


def deep(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


def doubled(times: int) -> list[Any]:
    """Make lists that hold the same list twice: few of them, and billions to who walks through them."""
    found: list[Any] = []
    for _ in range(times):
        found = [found, found]
    return found


def itself() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


def odd_values() -> list[Any]:
    """Give objects that have ended runs, or could."""
    found: list[Any] = [
        Markup("x"), Markup(" X@y.de "), Color.RED, Size.LARGE, Nested.COLOR, EndlessList(["a"]),
        EndlessStr("a"), Spoofed(), Array(), deep(100_000), itself(), ["x"] * 1_000_000, "x" * 10_000_000,
        10**100_000, -(10**100_000), Decimal("1E+1000000"), Decimal("1E-1000000"), Decimal("-0E+999999"),
        1e308, -0.0, 5e-324, float("inf"), "\ud83d", "a\udc80", "\x00", "\u202e", "\ud83d\ude00", b"\xff",
        {"a": {"b": None}}, range(10**12), iter("ab"), (each for each in "ab"), type, len, ..., 1j, object(),
    ]  # fmt: skip
    found += [broken(name)() for name in (*METHODS, *ATTRIBUTES)]
    found += [broken(name, str)("x") for name in ("__str__", "__repr__", "__len__", "encode", "__format__")]
    found += [
        broken(name, base)() for name in ("__eq__", "__ne__", "__bool__") for base in (list, int, float)
    ]
    found += [broken(name, list)() for name in ("__len__", "__iter__", "__getitem__")]
    try:
        np, pd = import_module("numpy"), import_module("pandas")
    except ImportError:
        return found
    return [
        *found, np.str_("x"), np.int64(7), np.float16(0.1), np.longdouble(1) / 3, np.bool_(True),
        np.bytes_(b"x"), np.datetime64("300000-01-01"), np.array([["a"]]), np.array(["a", None]),
        np.zeros(10**6), np.void(b"x"), pd.Timestamp("2026-01-01T00:00:00.123456789"), pd.Series(["a"]),
        pd.Categorical(["a"]), pd.Period("2026"), pd.Interval(0, 1), pd.DataFrame({"a": [1]}),
    ]  # fmt: skip


def can_be_shown(value: Any) -> bool:
    """Check whether hypothesis can show a value."""
    try:
        return len(repr(value)) < 1_000
    except Exception:  # noqa: BLE001 - that is what they are for
        return False


ODD = odd_values()
SHOWN = [value for value in ODD if can_be_shown(value)]
KINDS = {kind.value: kind for kind in Kind}
PORTAL = PortalSchema(Property(name, kind) for name, kind in [*KINDS.items(), ("email", Kind.EMAIL)])


def fake_sync(portal: FakePortal, **shape: Any) -> Sync:
    kinds = {**KINDS, "email": Kind.EMAIL}
    return Sync(
        RecordMapping(kinds=kinds, **shape),
        Rules(kinds=kinds),
        portal,
        portal,
        coercer=Coercer(kinds, lambda _: None, "email"),
        portal=PORTAL,
    )


def outcome_of(row: object, sync: Callable[[FakePortal], Sync] = fake_sync) -> Result:
    """Sync a row between two others; give its result once theirs are seen to be good."""
    portal = FakePortal.of({"email": FIRST}, {"email": LAST}, {"email": "odd@example.com"})
    rows = [{"email": FIRST, "text": "a"}, row, {"email": LAST, "text": "b"}]
    started = time.process_time()

    results = results_of(sync(portal), rows, ShuffledWorkers())

    assert time.process_time() - started < SECONDS
    assert list(results) == [1, 2, 3]
    assert (results[1].outcome, results[3].outcome) == (Outcome.UPDATED, Outcome.UPDATED)
    return results[2]


def test_lists_that_hold_each_other() -> None:
    """They are refused at the first of them: to walk through all would take a time that doubles with each."""
    result = outcome_of({"email": "odd@example.com", "options": doubled(40)})

    assert result.reason == "options: a property cannot hold a list within a list"


@pytest.mark.parametrize("place", range(len(ODD)))
class TestOddObjects:
    """Each of them, in each place of a row."""

    def test_as_a_value(self, place: int) -> None:
        """Of a property of any kind, alone and in a list."""
        for name in KINDS.keys() - {"email"}:
            for value in (ODD[place], [ODD[place]], (ODD[place], None)):
                result = outcome_of({"email": "odd@example.com", name: value})
                assert result.outcome in {Outcome.UPDATED, Outcome.UNCHANGED, Outcome.INVALID}

    def test_as_a_key(self, place: int) -> None:
        """Of any property."""
        assert outcome_of({"email": ODD[place], "text": "x"}).outcome in {Outcome.INVALID, Outcome.NOT_FOUND}
        for name in ("hs_object_id", "number", "text"):
            shaped = RecordMapping("id", name, kinds=KINDS).record(1, {"id": ODD[place]})
            assert isinstance(shaped, Record | Result)

    def test_as_a_timestamp(self, place: int) -> None:
        """It is one, or the row is invalid."""
        result = outcome_of(
            {"email": "odd@example.com", "text": "x", "at": ODD[place]},
            lambda portal: fake_sync(portal, timestamp="at"),
        )
        assert result.outcome in {Outcome.UPDATED, Outcome.INVALID}

    def test_as_a_column(self, place: int) -> None:
        """Only a text is one."""
        try:
            row: dict[Any, Any] = {"email": "odd@example.com", "text": "x", ODD[place]: "y"}
        except Exception:  # noqa: BLE001 - not every object can be a key of a dict
            return
        result = outcome_of(row)
        assert result.outcome is Outcome.INVALID

    def test_as_a_row(self, place: int) -> None:
        """It is no mapping."""
        assert outcome_of(ODD[place]).outcome is Outcome.INVALID


class Row(dict[str, Any]):
    """A row whose methods can be broken."""


@pytest.mark.parametrize(
    "name", ["keys", "items", "__iter__", "__getitem__", "__contains__", "__len__", "get"]
)
@pytest.mark.parametrize("mapping", [None, {"text": "text"}])
def test_a_row_whose_method_raises(name: str, mapping: dict[str, str] | None) -> None:
    """It is read all the same, or it is invalid; so is one that never ends."""

    def forever(*_: Any) -> Any:
        while True:
            yield "x"

    for method in (broken(name).__dict__[name], forever):
        row = type("Odd", (Row,), {name: method})({"email": "odd@example.com", "text": "x"})
        result = outcome_of(row, lambda portal: fake_sync(portal, mapping=mapping))
        assert result.outcome in {Outcome.UPDATED, Outcome.INVALID}
        assert "secret" not in result.reason


def test_what_our_own_code_stumbles_over_is_loud(caplog: pytest.LogCaptureFixture) -> None:
    """A line of the log at ERROR has row, class and column, and never a value; the category is its own."""
    result = outcome_of({"email": "odd@example.com", "text": broken("__getattr__")()})

    assert (result.outcome, result.category, result.properties) == (
        Outcome.INVALID,
        INTERNAL_ERROR,
        ("text",),
    )
    assert result.key == "odd@example.com"
    (line,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert line.getMessage().startswith("Row 2: RuntimeError while the record was read (text)")
    assert "secret" not in line.getMessage() + result.reason


def test_many_of_them_do_not_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """Each has its outcome, the first have a line."""
    row = {"email": FIRST, "text": broken("__getattr__")()}
    portal = FakePortal.of({"email": FIRST})

    results = results_of(fake_sync(portal), [row] * (MAX_LOGGED + 50))

    assert {each.category for each in results.values()} == {INTERNAL_ERROR}
    assert len([each for each in caplog.records if each.levelno == logging.ERROR]) == MAX_LOGGED


@pytest.mark.parametrize(
    ("station", "outcome"),
    [
        ("sync.flow.record_reader.Coercer.coerce", Outcome.INVALID),
        ("sync.flow.stations.look_ups.plan", Outcome.INVALID),
        ("sync.rows.portal_schema.PortalSchema.check", Outcome.INVALID),
        ("sync.flow.stations.decisions.settle", Outcome.UNKNOWN),
        ("sync.rows.record_mapping.RecordMapping._of_mapping", Outcome.INVALID),
    ],
)
def test_each_station_has_the_net(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, station: str, outcome: Outcome
) -> None:
    """If our own code raises for a record there, the others go on; once it was sent, nothing is proved."""
    path, _, name = station.rpartition(".")
    owner: Any = import_or_class(f"airflow_provider_hubcontact.{path}")
    real = getattr(owner, name)

    def stumbles(*arguments: Any, **named: Any) -> Any:
        if "odd@example.com" in repr(arguments):
            raise ZeroDivisionError("a secret value")
        return real(*arguments, **named)

    monkeypatch.setattr(owner, name, stumbles)
    portal = FakePortal.of({"email": FIRST}, {"email": LAST}, {"email": "odd@example.com"}, batch_size=1)
    rows = [{"email": each, "text": "x"} for each in (FIRST, "odd@example.com", LAST)]

    results = results_of(fake_sync(portal), rows)

    assert [each.outcome for each in results.values()] == [Outcome.UPDATED, outcome, Outcome.UPDATED]
    assert results[2].category == INTERNAL_ERROR
    assert "ZeroDivisionError" in results[2].reason
    assert "secret" not in caplog.text + results[2].reason


def import_or_class(path: str) -> Any:
    try:
        return import_module(path)
    except ImportError:
        module, _, name = path.rpartition(".")
        return getattr(import_module(module), name)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.decimals() | st.text() | st.binary()
    | st.text(st.characters()) | st.datetimes(timezones=st.none() | st.timezones()) | st.dates() | st.times()
    | st.timedeltas() | st.uuids() | st.complex_numbers() | st.fractions()
    | st.integers(0, len(SHOWN) - 1).map(lambda place: SHOWN[place]),
    lambda inner: st.lists(inner, max_size=4) | st.tuples(inner, inner)
    | st.lists(inner, max_size=3).map(iter) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
NAMES = st.sampled_from([*KINDS, "email", "lifecyclestage"]) | st.text(st.characters(), max_size=12)
COLUMNS = NAMES | NAMES.map(Markup) | st.none() | st.integers() | st.sampled_from([Size.LARGE])
ROWS = st.dictionaries(COLUMNS, ANYTHING, max_size=5) | ANYTHING


@settings(suppress_health_check=list(HealthCheck), max_examples=150)
@given(ROWS, st.booleans(), st.sampled_from([None, {"text": "text", "email": "email", "date": "date"}]))
def test_any_row(row: Any, with_key: bool, mapping: dict[str, str] | None) -> None:
    """One outcome a row, its neighbours are updated, nothing raises, in bounded time."""
    if with_key and isinstance(row, dict):
        row = {**row, "email": "odd@example.com"}

    result = outcome_of(row, lambda portal: fake_sync(portal, mapping=mapping))

    assert result.outcome in {
        Outcome.UPDATED, Outcome.UNCHANGED, Outcome.INVALID, Outcome.NOT_FOUND, Outcome.CONFLICT,
    }  # fmt: skip


@settings(suppress_health_check=list(HealthCheck), max_examples=5)
@given(st.lists(ROWS, min_size=10, max_size=40), st.sampled_from(["2026-09", "v1"]))
def test_any_rows_in_the_sandbox(rows: list[Any], api_version: str) -> None:
    """The same with real calls and a ledger, which has a line for each."""
    with Sandbox([{"email": FIRST}, {"email": LAST}]) as sandbox:
        around = [{"email": FIRST, "firstname": "a"}, *rows, {"email": LAST, "firstname": "b"}]

        results = synced(sandbox, around, api_version=api_version)

    assert [each.row for each in results] == list(range(1, len(around) + 1))
    assert (results[0].outcome, results[-1].outcome) == (Outcome.UPDATED, Outcome.UPDATED)


@pytest.mark.parametrize("api_version", ["2026-09", "v1"])
def test_half_characters_everywhere(api_version: str) -> None:
    """As a value, a key, a column or a property's name, they spoil their own row only, ledger or not."""
    half = "\ud83d"
    odd: list[Any] = [
        {"email": LAST, "firstname": half},
        {"email": f"{half}@example.com"},
        {"email": LAST, half: "x"},
        {"email": LAST, Markup(half): "x"},
        {"email": LAST, "firstname": [half]},
        {"email": LAST, "firstname": Markup(half)},
        {"email": Markup(half)},
    ]
    with Sandbox([{"email": FIRST}, {"email": LAST}]) as sandbox:
        results = synced(sandbox, [{"email": FIRST, "firstname": "a"}, *odd], api_version=api_version)

    assert [each.outcome for each in results] == [Outcome.UPDATED] + [Outcome.INVALID] * len(odd)


def test_subclasses_of_text_are_written_as_text() -> None:
    """Columns and values of templates' and numpy's own classes are as good as Python's."""
    row = {Markup("email"): Markup(f" {FIRST} "), Markup("firstname"): Markup("Ada"), "city": Size.LARGE}
    with Sandbox([{"email": FIRST}]) as sandbox:
        (result,) = synced(sandbox, [row])
        contact = sandbox.portal.contact(FIRST)

    assert result.outcome is Outcome.UPDATED
    assert contact is not None
    assert (contact.properties["firstname"], contact.properties["city"]) == ("Ada", "large")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        pytest.param(["x"] * 3_000_000, "3,000,000 items; a property holds at most 5,000", id="items"),
        pytest.param(EndlessList(["x"] * 5_001), "5,001 items; a property holds at most 5,000", id="endless"),
        pytest.param(1 << 20_000_000, "a number of more than 400 digits", id="digits"),
        pytest.param(Decimal("1E+1000000"), "a number of more than 400 digits", id="exponent"),
        pytest.param(
            "x" * 50_000_000, "50,000,000 characters; a property holds at most 65,536", id="characters"
        ),
    ],
)
def test_limits_come_before_work(value: object, reason: str) -> None:
    """What is too much is not looked at."""
    started = time.process_time()

    result = RecordMapping().record(1, {"email": FIRST, "text": value})

    assert time.process_time() - started < 0.05
    assert isinstance(result, Result)
    assert result.reason == f"text: {reason}"
