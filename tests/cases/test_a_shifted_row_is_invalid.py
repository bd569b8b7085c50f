# SPDX-License-Identifier: Apache-2.0
"""A row whose cells stand under other headings is never sent."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_hubcontact.cli import files
from airflow_provider_hubcontact.cli.files import records_in
from airflow_provider_hubcontact.job.errors import SourceError
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result
from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.sync.rows.columns import MAX_COLUMNS
from airflow_provider_hubcontact.sync.rows.record_mapping import RecordMapping

KEY = "ada@example.com"
SHIFTED = f"email,lastname,firstname,city\n{KEY},Smith, Jr.,Ada,Rome\n"
MAPPINGS = [None, {"firstname": "firstname"}]


def rows_of(path: Path, text: str) -> list[object]:
    """Read a CSV file as the command line does."""
    path.write_text(text, encoding="utf-8")
    with records_in(str(path)) as source:
        return list(source)


def invalid(row: object, mapping: dict[str, str] | None = None) -> Result:
    result = RecordMapping(mapping=mapping).record(1, row)
    assert isinstance(result, Result), result
    assert (result.outcome, result.category) == (Outcome.INVALID, "ROW")
    return result


@pytest.mark.parametrize("mapping", MAPPINGS)
def test_more_cells_than_headings_for_who_reads_with_csv(mapping: dict[str, str] | None) -> None:
    """``csv.DictReader`` puts them under None, which makes the row invalid, with or without a mapping."""
    (row,) = csv.DictReader(io.StringIO(SHIFTED))

    result = invalid(row, mapping)

    assert result.reason == "the row has values without a column: more cells than headings"
    assert result.key == KEY


@pytest.mark.parametrize("mapping", MAPPINGS)
@pytest.mark.parametrize("column", [None, 0, 1.5, b"city", ("a", "b"), True], ids=repr)
def test_a_column_that_is_not_text(column: Any, mapping: dict[str, str] | None) -> None:
    """Whatever the column's name is: if it is not text, nobody knows what its value is."""
    assert invalid({"email": KEY, "firstname": "Ada", column: "x"}, mapping).key == KEY


@pytest.mark.parametrize("mapping", MAPPINGS)
def test_more_columns_than_any_database_has(mapping: dict[str, str] | None) -> None:
    """They are not looked at, even of a row that never ends."""

    class Endless(dict[str, str]):
        def __iter__(self) -> Iterator[str]:
            number = 0
            while True:
                yield f"column{(number := number + 1)}"

    wide = {"email": KEY} | dict.fromkeys(map(str, range(MAX_COLUMNS)), "x")
    for row in (wide, Endless(email=KEY)):
        assert invalid(row, mapping).reason == "the row has more than 10,000 columns"


def test_a_name_that_is_too_long() -> None:
    """No property has it; the row is invalid at once."""
    result = RecordMapping().record(1, {"email": KEY, "x" * 1_000_000: "y"})

    assert isinstance(result, Result)
    assert result.reason.endswith("…: a name of 1,000,000 characters; a property's name has at most 250")
    assert len(result.properties[0]) == 250


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (f"{KEY},Smith, Jr.,Ada,Rome", "5 cells, but 4 headings (line 2)"),
        (f"{KEY},Smith,Ada", "3 cells, but 4 headings (line 2)"),
        (KEY, "1 cell, but 4 headings (line 2)"),
        (f'{KEY},Smith,"Ada\nRome"', "3 cells, but 4 headings (line 3)"),
    ],
)
def test_a_line_of_a_file_that_is_not_as_long_as_its_headings(tmp_path: Path, line: str, reason: str) -> None:
    """The line is told; a cell that is missing may be any of them."""
    (row,) = rows_of(tmp_path / "rows.csv", f"email,lastname,firstname,city\n{line}")

    assert invalid(row).reason == reason


def test_the_lines_around_it_go_on(tmp_path: Path) -> None:
    """One line is invalid, and blank lines are none."""
    text = f"email,city\n{KEY},Rome\n\nx@example.com,a,b\ny@example.com,\n"

    rows = rows_of(tmp_path / "rows.csv", text)

    records = [RecordMapping().record(number, row) for number, row in enumerate(rows, 1)]
    assert [type(each) for each in records] == [Record, Result, Record]
    assert rows[2] == {"email": "y@example.com", "city": None}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (
            f'{KEY},"Rome\nb@example.com,Bonn\nc@example.com,Köln\n',
            "unexpected end of data, in the row of lines 2 to 4$",
        ),
        (
            f'{KEY},"Rome\nb@example.com,Bonn\nc@example.com,"Köln"\n',
            "'\"', in the row of lines 2 to 4$",
        ),
        (f'{KEY},"Rome" (old)\n', "'\"', in the row of line 2$"),
    ],
)
def test_a_quotation_mark_that_nobody_closes(tmp_path: Path, line: str, reason: str) -> None:
    """The file is refused: the rows behind the mark would be a part of one cell."""
    with pytest.raises(SourceError, match=reason):
        rows_of(tmp_path / "rows.csv", f"email,city\n{line}")


def test_a_long_cell(tmp_path: Path) -> None:
    """Its own row is invalid if it is sent, and no other; Python's reader stops at 131,072 characters."""
    usual = csv.field_size_limit()
    rows = rows_of(tmp_path / "rows.csv", f'email,notes\n{KEY},"{"x" * 200_000}"\nb@example.com,short\n')

    ends = [RecordMapping().record(number, row) for number, row in enumerate(rows, 1)]
    assert [type(each) for each in ends] == [Result, Record]
    assert isinstance(ends[0], Result)
    assert ends[0].reason == "notes: 200,000 characters; a property holds at most 65,536"
    unsent = RecordMapping(mapping={"email": "email"})
    assert [type(unsent.record(number, row)) for number, row in enumerate(rows, 1)] == [Record, Record]
    assert csv.field_size_limit() == usual


def test_a_cell_that_does_not_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told where it begins, before the rest of a large file is in memory."""
    monkeypatch.setattr(files, "LONGEST_CELL", 1_000)
    told = "rows.csv is not CSV: a cell has more than .* characters: its quotation mark may not be closed, "
    with pytest.raises(SourceError, match=rf"{told}in the row of lines 3 to \d+$"):
        rows_of(tmp_path / "rows.csv", f'email,city\na@example.com,Bonn\n{KEY},"Rome\n' + "b,c\n" * 1_000)


def test_a_quotation_mark_inside_of_a_cell(tmp_path: Path) -> None:
    """It is a part of the cell, as two of them are in one between such marks."""
    rows = rows_of(tmp_path / "rows.csv", f'email,city\n{KEY},5" of "Rome"\n{KEY},"5"" of Rome"\n')

    assert [row["city"] for row in rows if isinstance(row, dict)] == ['5" of "Rome"', '5" of Rome']


@pytest.mark.parametrize("text", ["", "\n\n", "\ufeff"], ids=repr)
def test_a_file_without_headings(tmp_path: Path, text: str) -> None:
    """It is refused: a file with headings alone is what has nothing to do."""
    with pytest.raises(SourceError, match="is empty"):
        rows_of(tmp_path / "rows.csv", text)
    assert rows_of(tmp_path / "rows.csv", "\nemail,city\n\n") == []


@pytest.mark.parametrize("headings", ["email,city,city", "email,,", "email, city,email"])
def test_a_doubled_heading(tmp_path: Path, headings: str) -> None:
    """The file is refused, as a query with two columns of one name is."""
    with pytest.raises(SourceError, match="has two columns called"):
        rows_of(tmp_path / "rows.csv", f"{headings}\n{KEY},Rome,Bonn\n")


HEADINGS = st.lists(st.text(), min_size=1, max_size=6, unique=True).filter(
    lambda them: any(map(str.strip, them))
)


@given(HEADINGS, st.lists(st.text(), max_size=8))
def test_any_line(tmp_path_factory: pytest.TempPathFactory, headings: list[str], cells: list[str]) -> None:
    """Each cell is under its own heading, or the row is invalid."""
    file = io.StringIO()
    csv.writer(file, quoting=csv.QUOTE_ALL).writerows([headings, cells])
    path = tmp_path_factory.mktemp("csv") / "rows.csv"
    try:
        path.write_bytes(file.getvalue().encode())
    except UnicodeEncodeError:
        return
    with records_in(str(path)) as source:
        rows = list(source)

    if not cells:
        assert rows == []
    elif len(cells) == len(headings):
        assert rows == [{name: cell or None for name, cell in zip(headings, cells, strict=True)}]
    else:
        invalid(rows[0])


@pytest.mark.parametrize(("name", "frame"), [("rows.json", "[{}]"), ("rows.jsonl", "{}\n")])
def test_json(tmp_path: Path, name: str, frame: str) -> None:
    """An object that has a name twice is invalid, a mark of UTF-8 is not part of it, depth has an end."""
    doubled = '{"email": "ada@example.com", "city": "Rome", "city": "Bonn"}'

    (row,) = rows_of(tmp_path / name, frame.replace("{}", doubled))
    (good,) = rows_of(tmp_path / name, "\ufeff" + frame.replace("{}", '{"email": "ada@example.com"}'))

    assert invalid(row).reason == "an object that has a name twice"
    assert good == {"email": KEY}
    with pytest.raises(SourceError, match="not JSON"):
        rows_of(tmp_path / name, "[" * 100_000)


def test_parquet_is_read_from_its_own_file_alone(tmp_path: Path) -> None:
    """A file's name is not a pattern for others, and a folder's name is not a column."""
    duckdb = pytest.importorskip("duckdb")
    folder = tmp_path / "city=Rome"
    folder.mkdir()
    for name, city in (("rows[1]?.parquet", "Bonn"), ("rows1x.parquet", "wrong")):
        duckdb.sql(f"SELECT '{city}' AS town").write_parquet(str(folder / name))

    with records_in(str(folder / "rows[1]?.parquet")) as source:
        assert list(source) == [{"town": "Bonn"}]
