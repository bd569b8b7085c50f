# SPDX-License-Identifier: Apache-2.0
"""What is handed in as records is taken as rows, or one error says what it is and what to do instead."""

from __future__ import annotations

import re
from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_hubcontact.job.errors import SourceError
from airflow_provider_hubcontact.operators.options import Guards
from airflow_provider_hubcontact.operators.sources.records import LOOKED_AT, records_of
from airflow_provider_hubcontact.operators.sources.redacted import withhold
from airflow_provider_hubcontact.operators.sources.tables import SLICE
from airflow_provider_hubcontact.sandbox import Sandbox
from tests.airflow_home import RunDag
from tests.airflow_release import DAG_TEST_GIVES_THE_ERROR

ROW = {"email": "ada@example.com", "city": "Rome"}
WAYS_OUT = ('.to_dict("records")', "sql=", ".expand(records=…)")


class Polars:
    """Has the methods of polars' DataFrame."""

    def __init__(self, columns: Mapping[str, list[Any]]) -> None:
        self._columns = columns

    @property
    def columns(self) -> list[str]:
        return list(self._columns)

    def __len__(self) -> int:
        return len(next(iter(self._columns.values()), []))

    def iter_rows(self, *, named: bool) -> Iterator[dict[str, Any]]:
        assert named
        for row in zip(*self._columns.values(), strict=True):
            yield dict(zip(self._columns, row, strict=True))


class LazyFrame:
    """Has the methods of polars' LazyFrame."""

    columns = ("email",)

    def collect(self) -> None:
        raise AssertionError("it may take any time")


class Dask:
    """Has the methods of Dask's DataFrame, which iterates over the names of its columns."""

    columns = ("email",)
    iloc = to_dict = None

    def compute(self) -> None:
        raise AssertionError("it may take any time")

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)


class Arrow:
    """Has the methods of an Arrow table."""

    def __init__(self, names: list[str], rows: list[tuple[Any, ...]]) -> None:
        self._names = names
        self._rows = rows
        self.sliced: list[int] = []

    @property
    def schema(self) -> SimpleNamespace:
        return SimpleNamespace(names=self._names)

    @property
    def num_rows(self) -> int:
        return len(self._rows)

    def slice(self, start: int, length: int) -> Arrow:
        self.sliced.append(length)
        return Arrow(self._names, self._rows[start : start + length])

    def to_pylist(self) -> list[dict[str, Any]]:
        assert len(self._rows) <= SLICE
        return [dict(zip(self._names, row, strict=True)) for row in self._rows]


Pair = namedtuple("Pair", ["email", "city"])  # noqa: PYI024 - what drivers return

MISTAKES: dict[str, Any] = {
    "lists": lambda: [["ada@example.com", "Rome"]],
    "lists of records": lambda: [[ROW], [ROW]],
    "empty lists": lambda: [[], []],
    "tuples": lambda: [("ada@example.com", "Rome")],
    "named tuples": lambda: [Pair("ada@example.com", "Rome")],
    "a generator of tuples": lambda: (("ada@example.com", "Rome") for _ in range(3)),
    "a generator of texts": lambda: iter(["ada@example.com", "Rome"]),
    "texts": lambda: ["email", "city"],
    "a set": lambda: {"ada@example.com"},
    "text": lambda: "ada@example.com",
    "json": lambda: '[{"email": "ada@example.com"}]',
    "bytes": lambda: b"ada@example.com",
    "a bytearray": lambda: bytearray(b"ada@example.com"),
    "bytes in a list": lambda: [b"ada@example.com"],
    "a number": lambda: 5,
    "an object": object,
    "a function's cells": lambda: [1, 2.5, None],
    "outputs that are None": lambda: [None, None],
    "columns": lambda: {"email": ["ada@example.com"], "city": ["Rome"]},
    "columns by index": lambda: {"email": {"0": "ada@example.com"}, "city": {"0": "Rome"}},
    "records by id": lambda: {"1": ROW, "2": ROW},
    "a page of an API": lambda: {"results": [ROW], "paging": {"next": {}}},
    "frames": lambda: [Polars({"email": ["ada@example.com"]})],
    "more than are looked at": lambda: (("ada@example.com",) for _ in range(LOOKED_AT * 2)),
}


@pytest.mark.parametrize("name", MISTAKES)
@pytest.mark.parametrize("wrap", [lambda value: value, withhold], ids=["bare", "withheld"])
def test_mistakes(name: str, wrap: Callable[[object], object]) -> None:
    """One error names all ways out, and nothing of the data."""
    with pytest.raises(SourceError) as raised:
        list(records_of(wrap(MISTAKES[name]())))

    told = str(raised.value)
    assert told.startswith("records ")
    assert all(way in told for way in WAYS_OUT)
    assert "ada@" not in told
    assert "Rome" not in told


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ([None], "records holds None: the tasks that it comes from returned nothing"),
        ([[ROW]], "records holds lists, as the outputs of a mapped task do: run a task for each of them"),
        ([("a",)], "dict(zip(columns, row))"),
        (["a"], "csv.DictReader"),
        ([Polars({"a": [1]})], "records holds a Polars where a record should be: yield from its rows"),
        (LazyFrame(), "records is a LazyFrame, which is lazy: call .collect() or .compute() first"),
        (Dask(), "records is a Dask, which is lazy"),
        (Polars({"email": [1], 5: [1]}), "a column whose name is a int"),  # type: ignore[dict-item]
        (Arrow(["email", "a", "a"], []), "two columns called a"),
        ({"email": ["a"]}, "records is one mapping whose values are all lists"),
    ],
)
def test_reasons(value: object, told: str) -> None:
    """The error says what it was."""
    with pytest.raises(SourceError, match=re.escape(told)):
        records_of(value)


class Again(Iterable[object]):
    """An iterable that is no sequence and has a size."""

    def __init__(self, rows: list[object]) -> None:
        self._rows = rows

    def __iter__(self) -> Iterator[object]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


@given(
    st.lists(
        st.one_of(
            st.just(ROW), st.none(), st.text(max_size=3), st.tuples(st.integers()), st.lists(st.none())
        ),
        max_size=6,
    )
)
def test_one_record_among_the_first_makes_them_records(rows: list[object]) -> None:
    """Then each of them is handed on, in order, to get an outcome of its own; else none is."""
    are_records = not rows or any(isinstance(row, Mapping) for row in rows)
    for source in (rows, tuple(rows), iter(rows), Again(rows), withhold(rows)):
        if are_records:
            assert list(records_of(source)) == rows
        else:
            with pytest.raises(SourceError):
                list(records_of(source))


def test_what_can_be_read_again_stays_so() -> None:
    """A retry that goes on where it was reads the source twice; an iterator cannot be read twice."""
    once = iter([ROW])
    taken = records_of(once)
    again: Any = records_of(Again([ROW]))

    assert iter(taken) is taken
    assert list(again) == list(again) == [ROW]
    assert len(again) == 1


def test_a_source_that_breaks_off_early() -> None:
    """Rows that were read before get an outcome, whatever they are."""

    def rows() -> Iterator[object]:
        yield "no record"
        raise RuntimeError("the source broke off")

    taken = iter(records_of(rows()))

    assert next(taken) == "no record"
    with pytest.raises(RuntimeError, match="broke off"):
        next(taken)


@pytest.mark.parametrize("size", [0, 1, SLICE, SLICE + 1])
def test_tables(size: int) -> None:
    """A table's rows are records, in its order, made in slices; it can be read again."""
    rows = [(f"c{number}@example.com", number) for number in range(size)]
    expected = [{"email": email, "number": number} for email, number in rows]
    arrow = Arrow(["email", "number"], list(rows))
    polars = Polars({"email": [row[0] for row in rows], "number": [row[1] for row in rows]})

    for table in (arrow, polars):
        taken: Any = records_of(withhold(table))
        assert len(taken) == size
        assert list(taken) == list(taken) == expected
    assert max(arrow.sliced, default=0) <= SLICE
    assert "example.com" not in repr(withhold(polars))


@pytest.mark.parametrize("size", [0, 1, SLICE + 1])
def test_pandas(size: int) -> None:
    """A DataFrame's rows have the values of its columns; what means no value is handed on as it is."""
    pandas = pytest.importorskip("pandas")
    emails = [f"c{number}@example.com" for number in range(size)]
    frame = pandas.DataFrame(
        {"email": emails, "collect": range(size), "at": pandas.NaT, "share": float("nan")},
        index=range(size, 0, -1),
    )

    taken: Any = records_of(frame)

    assert len(taken) == size
    assert [(row["email"], row["collect"]) for row in taken] == list(zip(emails, range(size), strict=True))
    assert all(row["at"] is pandas.NaT and row["share"] != row["share"] for row in taken)
    assert all(type(row["collect"]) is int for row in taken)


def test_what_pandas_and_numpy_have_beside() -> None:
    """A Series, an array, a doubled column, an index of columns, chunks."""
    pandas = pytest.importorskip("pandas")
    numpy = pytest.importorskip("numpy")
    frame = pandas.DataFrame([ROW])
    doubled = pandas.concat([frame, frame], axis="columns")
    levels = pandas.DataFrame([[1]], columns=pandas.MultiIndex.from_tuples([("email", "x")]))

    for value in (
        frame["email"],
        frame.iloc[0],
        frame.to_numpy(),
        numpy.array(["ada@example.com"]),
        numpy.array(5),
        frame.to_dict(),
        frame.to_dict("list"),
        frame.to_dict("series"),
        frame.to_dict("split"),
        frame.to_dict("index"),
        frame.itertuples(),
        iter([frame, frame]),
        frame.groupby("city"),
    ):
        with pytest.raises(SourceError) as raised:
            list(records_of(value))
        assert all(way in str(raised.value) for way in WAYS_OUT)
        assert "ada@" not in str(raised.value)
    with pytest.raises(SourceError, match="two columns called city, email"):
        records_of(doubled)
    with pytest.raises(SourceError, match="a column whose name is a tuple"):
        records_of(levels)
    assert list(records_of(frame.to_dict("records"))) == [ROW]


class State(dict[str, Any]):
    """Airflow's task state store."""

    set = dict.__setitem__
    delete = dict.__delitem__


@pytest.fixture
def hubspot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    pytest.importorskip("airflow")
    from tests.airflow.running import connect  # noqa: PLC0415 - it needs Airflow

    contacts = [{"email": f"c{number}@example.com"} for number in range(5)]
    with Sandbox(contacts=contacts) as sandbox:
        connect(monkeypatch, sandbox.url, sandbox.token)
        yield sandbox


@pytest.mark.parametrize("name", MISTAKES)
@pytest.mark.parametrize(
    "settings",
    [{}, {"dry_run": True}, {"guards": Guards(changes=1)}, {"retries": 2, "task_state": State()}],
    ids=str,
)
def test_a_task_is_told_once(hubspot: Sandbox, name: str, settings: dict[str, Any]) -> None:
    """It fails for good with that one error, no row gets a result, and nothing is written."""
    from tests.airflow.running import run  # noqa: PLC0415 - it needs Airflow

    ended = run(records=MISTAKES[name](), **settings)

    assert type(ended.error).__name__ == "HubSpotSyncFailed"
    assert str(ended.error).startswith("HC-511: records ")
    assert ended.report.get("rows", 0) == 0


def test_a_table_is_synced(hubspot: Sandbox) -> None:
    """Each of its rows has an outcome."""
    from tests.airflow.running import run, stored  # noqa: PLC0415 - it needs Airflow

    emails = [f"c{number}@example.com" for number in range(5)]
    tables: list[Any] = [
        Polars({"email": emails, "city": ["Rome"] * 5}),
        Arrow(["email", "city"], [(email, "Oslo") for email in emails]),
    ]
    for table, city in zip(tables, ("Rome", "Oslo"), strict=True):
        assert run(records=table).outcomes == {"updated": 5}
        assert run(records=table, guards=Guards(changes=10)).outcomes == {"unchanged": 5}
        assert stored(hubspot, "c4@example.com", "city") == city


def test_a_dataframe_is_synced(hubspot: Sandbox) -> None:
    """Each of its rows has an outcome; a retry may read it again."""
    from tests.airflow.running import run, stored  # noqa: PLC0415 - it needs Airflow

    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"email": [f"c{number}@example.com" for number in range(5)], "city": "Rome"})

    assert run(records=frame, retries=2, task_state=State()).outcomes == {"updated": 5}
    assert stored(hubspot, "c4@example.com", "city") == "Rome"


def test_outputs_of_several_tasks(hubspot: Sandbox, request: pytest.FixtureRequest) -> None:
    """Outputs that are mappings are records; outputs that are lists, or pairs, are told."""
    from airflow.providers.common.compat.sdk import DAG, task  # noqa: PLC0415 - it needs Airflow

    from airflow_provider_hubcontact.operators.hubspot import (  # noqa: PLC0415 - same
        HubSpotUpdateContactOperator,
    )

    run_dag: RunDag = request.getfixturevalue("run_dag")  # where there is Airflow
    told: dict[str, str] = {}

    def keep(context: Any) -> None:
        told[context["ti"].task_id] = str(context["exception"])

    with DAG(
        "several_outputs",
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        schedule=None,
        render_template_as_native_obj=True,
        default_args={"on_failure_callback": keep},
    ) as dag:

        @task
        def one(number: int) -> dict[str, str]:
            return {"email": f"c{number}@example.com", "city": "Rome"}

        @task
        def several(number: int) -> list[dict[str, str]]:
            return [{"email": f"c{number}@example.com", "city": "Oslo"}]

        ones: Any = one.expand(number=[0, 1])
        lists: Any = several.expand(number=[2, 3])
        update = HubSpotUpdateContactOperator
        update(task_id="mappings", records=ones)
        update(task_id="lists", records=lists)
        update(task_id="pairs", records=lists.zip(ones))
        update(task_id="parts", records=several.override(task_id="first")(4).concat(ones))
        update.partial(task_id="expanded").expand(records=lists)

    run: Any = run_dag(dag)

    failed = {each.task_id for each in run.get_task_instances() if str(each.state) == "failed"}
    assert failed == {"lists", "pairs"}
    if DAG_TEST_GIVES_THE_ERROR:
        assert told["lists"].startswith("HC-511: records holds lists, as the outputs of a mapped task do")
        assert told["pairs"].startswith("HC-511: records holds tuples")
    cities = [hubspot.portal.contact(f"c{number}@example.com") for number in range(5)]
    assert [each and each.properties.get("city") for each in cities] == ["Rome"] * 2 + ["Oslo"] * 3


def test_a_row_among_records_is_invalid(hubspot: Sandbox) -> None:
    """The others go on."""
    from tests.airflow.running import run  # noqa: PLC0415 - it needs Airflow

    ended = run(records=[None, ("c0@example.com",), {"email": "c1@example.com", "city": "Rome"}])

    assert ended.outcomes == {"invalid": 2, "updated": 1}
