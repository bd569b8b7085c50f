"""Columns that settings name, looked for in rows that may leave columns out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from airflow_provider_hubcontact.job.settings import Key, Settings, Writes
from airflow_provider_hubcontact.job.source.columns import MOST_NAMED, SourceColumns


class Broken(Mapping[str, object]):
    """A row whose columns cannot be read."""

    def __getitem__(self, name: str) -> object:
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError

    def __len__(self) -> int:
        return 1


@pytest.mark.parametrize(
    ("settings", "rows", "problem", "warning"),
    [
        ({}, [{"email": "a"}], "no row has a column to send besides the key email", None),
        ({}, [{"email": "a", "city": None}], None, None),
        ({"mapping": {"a": "city"}}, [{"email": "x", "a": 1}], None, None),
        ({"mapping": {"a": "city"}}, [{"email": "x"}], "no row has a column a; the rows have email", None),
        ({"mapping": {"a": "city"}}, [{"email": "x"}, {"a": 1}], None, None),
        ({"mapping": {"a": "city"}}, [], None, None),
        ({"mapping": {"a": "city"}}, ["no row", Broken()], None, None),
        ({"mapping": {"a": "city"}}, ["no row", {"email": "x"}], "no row has a column a", None),
        ({"mapping": {"a": "city"}}, [{5: "x", "b": 1}], "no row has a column a; the rows have b", None),
        (
            {"mapping": {"a": "city", "b": "zip"}},
            [{"email": "x", "a": 1}],
            None,
            "no row has a column b; the rows have email, a",
        ),
        (
            {"mapping": {"a": "city", "b": "zip"}},
            [{"email": "x"}],
            "no row has a column a, b; the rows have email",
            None,
        ),
        ({"mapping": {"email": "email", "a": "city"}}, [{"email": "x"}], "no row has a column a", None),
        ({"mapping": {"email": "email"}}, [{"mail": "x"}], None, None),
        ({"writes": Writes(timestamp="at")}, [{"email": "x", "city": "y"}], None, "no row has a column at"),
        ({"key": Key(becomes="new")}, [{"email": "x", "city": "y"}], None, "no row has a column new"),
        ({"key": Key(becomes="new")}, [{"email": "x", "new": "y"}], None, None),
        (
            {"key": Key("old", becomes="new"), "mapping": {"a": "city"}},
            [{"old": "x"}],
            "no row has a column a, new; the rows have old",
            None,
        ),
        (
            {"key": Key("old", becomes="new"), "mapping": {"a": "city"}},
            [{"old": "x", "a": 1}],
            None,
            "no row has a column new; the rows have old, a",
        ),
    ],
)
@pytest.mark.parametrize("is_iterator", [True, False])
def test_what_is_found(
    settings: Mapping[str, Any],
    rows: list[object],
    problem: str | None,
    warning: str | None,
    is_iterator: bool,
) -> None:
    """A run that would send nothing has a problem; one that sends something has a warning."""
    columns = SourceColumns(Settings(**settings))
    if is_iterator:
        assert list(columns.watched(rows)) == rows
    else:
        columns.look(rows)

    for told, says in ((columns.problems(), problem), (columns.warnings(), warning)):
        assert len(told) == (says is not None)
        assert says is None or told[0].startswith(says)


def test_no_more_is_read_than_it_takes() -> None:
    """Rows that can be read again are read to the first that tells."""
    read = []

    def rows() -> Iterator[dict[str, int]]:
        for number in range(9):
            read.append(number)
            yield {"a": number} if number == 3 else {}

    SourceColumns(Settings(mapping={"a": "city"})).look(rows())

    assert read == [0, 1, 2, 3]


def test_a_message_names_some_columns() -> None:
    """However many there are."""
    columns = SourceColumns(Settings(mapping={"a": "city"}))
    columns.look([{f"c{number}": 1} for number in range(100)])

    (told,) = columns.problems()

    assert f"c{MOST_NAMED - 1}" in told
    assert f"c{MOST_NAMED}" not in told
