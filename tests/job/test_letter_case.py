# SPDX-License-Identifier: Apache-2.0
"""Columns in another letter case than the settings and the portal have them."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import pytest

from airflow_provider_hubcontact.job.errors import PreflightError
from airflow_provider_hubcontact.job.files.spool import Spool
from airflow_provider_hubcontact.job.portal.definitions import Portal
from airflow_provider_hubcontact.job.settings.key import Key
from airflow_provider_hubcontact.job.settings.ledger import Ledger
from airflow_provider_hubcontact.job.settings.replay import Replay
from airflow_provider_hubcontact.job.settings.settings import Settings
from airflow_provider_hubcontact.job.settings.source import Query, Source
from airflow_provider_hubcontact.job.settings.state import State
from airflow_provider_hubcontact.job.settings.writes import Writes
from airflow_provider_hubcontact.job.source.letter_case import MOST_KINDS, LetterCase
from airflow_provider_hubcontact.job.validate import Validation
from airflow_provider_hubcontact.sandbox import Sandbox
from airflow_provider_hubcontact.sync.decide.lifecycle import Stages
from airflow_provider_hubcontact.sync.keep.report import Report
from tests.job.around import FROM_SQL, Around, run

PROPERTIES = {"email", "firstname", "city", "phone", "createdate"}
ADA = "ada@example.com"
GRACE = "grace@example.com"


@pytest.fixture
def hubspot() -> Iterator[Sandbox]:
    with Sandbox([{"email": ADA}, {"email": GRACE}]) as sandbox:
        yield sandbox


def has(hubspot: Sandbox, name: str, key: str = ADA) -> str | None:
    contact = hubspot.portal.contact(key)
    assert contact is not None
    return contact.properties.get(name)


@pytest.mark.parametrize(
    ("settings", "columns", "read_as"),
    [
        ({}, ["email", "city"], {}),
        ({}, ["EMAIL", "CITY", "OTHER"], {"EMAIL": "email", "CITY": "city"}),
        ({}, ["EMAIL", "email"], {}),
        ({}, ["email", "CITY", "city"], {}),
        ({}, ["email", "CITY", "City"], {}),
        ({"mapping": {"town": "city"}}, ["EMAIL", "TOWN", "CITY"], {"EMAIL": "email", "TOWN": "town"}),
        ({"mapping": {"TOWN": "city"}}, ["email", "town"], {"town": "TOWN"}),
        ({"mapping": {"town": "city"}}, ["email", "TOWN", "town"], {}),
        ({"mapping": {"town": "city", "TOWN": "phone"}}, ["email", "TOWN"], {}),
        ({"mapping": {"town": "city"}}, ["email", "TWON"], {}),
        (
            {"key": Key("Mail", becomes="New")},
            ["MAIL", "NEW", "CITY"],
            {"MAIL": "Mail", "NEW": "New", "CITY": "city"},
        ),
        ({"writes": Writes(timestamp="at")}, ["email", "AT"], {"AT": "at"}),
        ({"source": Source(watermark="at")}, ["email", "AT"], {"AT": "at"}),
        ({"writes": Writes(create_properties={"CITY": {}})}, ["email", "CITY"], {}),
        (
            {"writes": Writes(create_properties=True)},
            ["email", "CITY", "NEW"],
            {"CITY": "city", "NEW": "new"},
        ),
        ({"writes": Writes(create_properties=True)}, ["email", "new", "NEW", "OLD", "Old"], {}),
        ({"writes": Writes(create_properties={"new": {}})}, ["email", "NEW", "OLD"], {"NEW": "new"}),
        ({"key": Key("id", "hs_object_id")}, ["ID", "EMAIL"], {"ID": "id", "EMAIL": "email"}),
    ],
)
def test_what_a_column_is_read_as(
    settings: dict[str, Any], columns: list[str], read_as: Mapping[str, str]
) -> None:
    """By the only name that it can mean, if no column has exactly this name."""
    names = LetterCase(Settings(**settings), PROPERTIES)
    rows = [dict.fromkeys(columns, "x")]

    found = [*names.fitted(rows)]

    assert names.read_as == read_as
    assert names.problems == []
    assert (names.told is None) is (not read_as)
    assert found == [{read_as.get(column, column): "x" for column in columns}]
    assert (names.fitted(rows) is rows) is (not read_as)


@pytest.mark.parametrize(
    ("settings", "columns", "says"),
    [
        (
            {},
            ["EMAIL", "Email", "city"],
            "email fits the columns EMAIL and Email if upper and lower case are ignored: write it",
        ),
        ({"mapping": {"town": "city"}}, ["email", "TOWN", "Town"], "town fits the columns TOWN and Town if "),
        (
            {"mapping": {"town": "city", "Town": "phone"}},
            ["email", "TOWN"],
            "Town fits the column TOWN if upper and lower case are ignored, and so does town: ",
        ),
    ],
)
def test_what_may_be_several_columns(settings: dict[str, Any], columns: list[str], says: str) -> None:
    """It is told, with all of them."""
    names = LetterCase(Settings(**settings), PROPERTIES)

    names.fitted([dict.fromkeys(columns, "x")])

    (problem,) = names.problems
    assert says in problem


def test_without_the_properties_of_the_portal() -> None:
    """Only names of the settings are known."""
    names = LetterCase(Settings(), None)

    assert [*names.fitted([{"EMAIL": "x", "CITY": "x"}])] == [{"email": "x", "CITY": "x"}]


class TestRows:
    """Kinds of sources."""

    def names(self) -> LetterCase:
        return LetterCase(Settings(), PROPERTIES)

    def test_rows_that_need_nothing_are_the_same(self) -> None:
        """A list stays the list that it is."""
        rows = [{"email": "x"}, {"EMAIL": "y"}]

        assert self.names().fitted(rows) is rows

    def test_a_list(self) -> None:
        """It can be counted, and read again; rows with other columns are read likewise."""
        rows: Any = self.names().fitted(
            [None, {"EMAIL": "x"}, {"email": "y"}, {"Email": "z", "City": "w"}, 5, {}]
        )

        assert len(rows) == 6
        assert [*rows] == [*rows]
        assert [*rows] == [None, {"email": "x"}, {"email": "y"}, {"email": "z", "city": "w"}, 5, {}]

    def test_rows_that_cannot_be_counted(self) -> None:
        """They stay so, and can be read again."""

        class Rows:
            def __iter__(self) -> Iterator[object]:
                return iter([{"EMAIL": "x"}])

        rows = self.names().fitted(Rows())

        assert not hasattr(rows, "__len__")
        assert [*rows] == [*rows] == [{"email": "x"}]

    @pytest.mark.parametrize(
        ("given", "read"),
        [
            ([5, {"EMAIL": "x"}, {"Email": "y"}], [5, {"email": "x"}, {"email": "y"}]),
            ([{"email": "x"}, {"EMAIL": "y"}], [{"email": "x"}, {"EMAIL": "y"}]),
            ([], []),
        ],
    )
    def test_an_iterator(
        self, given: list[object], read: list[object], caplog: pytest.LogCaptureFixture
    ) -> None:
        """Its first row with columns decides; it is not read ahead."""
        taken: list[object] = []

        def rows() -> Iterator[object]:
            for row in given:
                taken.append(row)
                yield row

        with caplog.at_level(logging.INFO):
            found: Any = self.names().fitted(rows())
            assert taken == []
            assert iter(found) is found
            assert [*found] == read
        assert ("columns are read under names in another letter case: EMAIL as email." in caplog.text) is (
            5 in given
        )

    def test_a_query(self) -> None:
        """Its columns and its examples get the names; the rows are as fast as before."""
        with TemporaryFile() as file:
            spool = Spool(file)
            spool.fill(["EMAIL", "CITY", "OTHER"], [[("x", "Rome", 1)]])

            assert self.names().fitted(spool) is spool
            assert spool.columns == ("email", "city", "OTHER")
            assert spool.examples == {"email": "x", "city": "Rome", "OTHER": 1}
            assert [*spool] == [{"email": "x", "city": "Rome", "OTHER": 1}]

    def test_many_kinds_of_rows(self) -> None:
        """Memory is bounded."""
        rows = [{"EMAIL": "x", f"c{number}": 1} for number in range(MOST_KINDS + 5)]

        names = self.names()
        found = [*names.fitted(rows)]

        assert all(isinstance(each, dict) and "email" in each for each in found)

    def test_rows_that_fail(self) -> None:
        """They are left to what reads them."""

        class Failing(dict[str, object]):
            def __getitem__(self, _: object) -> object:
                raise RuntimeError

        class Endless(dict[str, object]):
            def __iter__(self) -> Iterator[str]:
                raise RuntimeError

        odd = [Failing(EMAIL=1), Endless(EMAIL=1), {5: 1}, {None: 1}]
        rows: Iterable[object] = [{"EMAIL": "x"}, *odd]

        assert [*self.names().fitted(rows)][1:] == odd


@pytest.mark.parametrize("source", [Source(), FROM_SQL], ids=["records", "query"])
@pytest.mark.parametrize(
    ("row", "settings"),
    [
        ({"EMAIL": ADA, "FIRSTNAME": "Ada", "CITY": "Rome"}, {}),
        ({"EMAIL": ADA, "FIRST": "Ada", "TOWN": "Rome"}, {"mapping": {"first": "firstname", "Town": "city"}}),
        (
            {"MAIL": ADA, "FIRSTNAME": "Ada", "CITY": "Rome"},
            {"key": Key("mail"), "writes": Writes(properties={"city": "fill_empty"})},
        ),
    ],
)
def test_runs(
    hubspot: Sandbox,
    source: Source,
    row: dict[str, object],
    settings: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """As Snowflake writes columns; the log says what was read as what."""
    with caplog.at_level(logging.INFO):
        ended = run(Around(hubspot, [row]), source=source, **settings)

    assert (ended.outcomes, ended.error) == ({"updated": 1}, None)
    assert (has(hubspot, "firstname"), has(hubspot, "city")) == ("Ada", "Rome")
    assert "columns are read under names in another letter case: " in caplog.text
    assert ended.ended is not None
    assert ended.ended.warnings == []


@pytest.mark.parametrize("created", [True, {"shirt_size": {}}])
@pytest.mark.parametrize("source", [Source(), FROM_SQL], ids=["records", "query"])
def test_properties_that_are_created(
    hubspot: Sandbox, source: Source, created: bool | dict[str, dict[str, str]]
) -> None:
    """Their names are in lower case, as HubSpot's are, and their columns are read under these at once."""
    around = Around(hubspot, [{"EMAIL": ADA, "SHIRT_SIZE": "M"}])
    first, second = (run(around, source=source, writes=Writes(create_properties=created)) for _ in range(2))

    assert (first.outcomes, second.outcomes) == ({"updated": 1}, {"unchanged": 1})
    assert has(hubspot, "shirt_size") == "M"


def test_a_generator(hubspot: Sandbox) -> None:
    """Rows that come one by one."""
    rows = ({"EMAIL": key, "CITY": "Rome"} for key in (ADA, GRACE))

    assert run(Around(hubspot, rows)).outcomes == {"updated": 2}
    assert (has(hubspot, "city"), has(hubspot, "city", GRACE)) == ("Rome", "Rome")


@pytest.mark.parametrize("source", [Source(), FROM_SQL], ids=["records", "query"])
def test_two_columns_that_a_name_may_mean(hubspot: Sandbox, source: Source) -> None:
    """The run does not begin, and says which they are."""
    ended = run(Around(hubspot, [{"EMAIL": ADA, "Email": GRACE, "city": "Rome"}]), source=source)

    assert isinstance(ended.error, PreflightError)
    assert (
        "email fits the columns EMAIL and Email if upper and lower case are ignored: write it" in ended.says
    )
    assert ended.outcomes == {"not_attempted": 1}


def test_two_columns_for_one_property(hubspot: Sandbox) -> None:
    """Neither is taken for it, so that both are told as properties that the portal lacks."""
    ended = run(Around(hubspot, [{"email": ADA, "CITY": "Rome", "City": "Bonn"}]), source=FROM_SQL)

    assert "the portal has no property CITY (the nearest is city), City (the nearest is city)" in ended.says


def test_a_watermark(hubspot: Sandbox) -> None:
    """It moves by the column that the query returns in another letter case."""
    around = Around(hubspot, [{"EMAIL": ADA, "CITY": "Rome", "AT": 5}])
    source = Source(has_records=False, query=Query("SELECT 1", "db"), watermark="at")

    ended = run(around, source=source)

    assert ended.outcomes == {"updated": 1}
    assert ended.ended is not None
    assert ended.ended.watermark is not None


def test_a_state(hubspot: Sandbox, tmp_path: Path) -> None:
    """A row is the same whatever the case of its columns is."""
    around = Around(hubspot, [{"EMAIL": ADA, "CITY": "Rome"}])
    around.state_file = tmp_path / "state.db"
    state = State("sql://db/hub", audit=None)

    assert run(around, state=state).outcomes == {"updated": 1}
    around.given = [{"email": ADA, "city": "Rome"}]
    assert run(around, state=state).outcomes == {"up_to_date": 1}


def test_a_ledger_chooses(hubspot: Sandbox) -> None:
    """Rows are found again by their key."""
    around = Around(hubspot, [{"EMAIL": "nobody@example.com", "CITY": "Rome"}])
    run(around, ledger=Ledger("l"))
    hubspot.portal.create({"email": "nobody@example.com"})

    again = run(around, source=Source(replay=Replay("l")))

    assert again.outcomes == {"updated": 1}


def test_a_validation() -> None:
    """It says what is read as what, and what cannot be told apart."""
    portal = Portal(Stages.default())

    checked = Validation(
        Settings(mapping={"first": "firstname"}), portal, [{"EMAIL": ADA, "FIRST": "A"}], Report()
    )
    assert [*checked.results()] == [None]
    assert checked.warnings == [
        "columns are read under names in another letter case: EMAIL as email, FIRST as first"
    ]
    with pytest.raises(PreflightError, match="email fits the columns EMAIL and Email"):
        Validation(Settings(), portal, [{"EMAIL": ADA, "Email": ADA}], Report())
