# SPDX-License-Identifier: Apache-2.0
"""A run without Airflow: what it finds, what it writes, and what becomes of its records."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any, Self

import pytest

from airflow_provider_hubcontact.job.errors import GuardExceeded, PreflightError, SourceError
from airflow_provider_hubcontact.job.settings.guards import Guards
from airflow_provider_hubcontact.job.settings.key import Key
from airflow_provider_hubcontact.job.settings.ledger import Ledger
from airflow_provider_hubcontact.job.settings.replay import Replay
from airflow_provider_hubcontact.job.settings.source import Query, Source
from airflow_provider_hubcontact.job.settings.writes import Writes
from airflow_provider_hubcontact.job.signals import StopSignal
from airflow_provider_hubcontact.sandbox import Sandbox
from airflow_provider_hubcontact.sync.flow.calls import Answer, Call
from tests.job.around import FROM_SQL, Around, State, run

CONTACTS = [
    {"email": "ada@example.com", "firstname": "Ada", "lifecyclestage": "customer"},
    {"email": "grace@example.com", "firstname": "Grace"},
]
RECORDS = [
    {"email": "ada@example.com", "firstname": "Augusta"},
    {"email": "grace@example.com", "firstname": "Grace"},
    {"email": "new@example.com", "firstname": "New"},
]


@pytest.fixture
def hubspot() -> Iterator[Sandbox]:
    with Sandbox(contacts=CONTACTS) as sandbox:
        yield sandbox


def written(hubspot: Sandbox) -> list[str]:
    """Paths of the calls that wrote something."""
    return [each.path for each in hubspot.requests if each.path.endswith(("/update", "/create"))]


def test_a_query_says_how_many_rows_it_returned(hubspot: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    """In the log, before the first of them is sent."""
    with caplog.at_level(logging.INFO):
        run(Around(hubspot, RECORDS), source=FROM_SQL)

    assert "The query returned 3 rows." in caplog.text


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (
            {"mapping": "firstname"},
            ["mapping must map columns to properties, such as {'first_name': 'firstname'}, not 'firstname'"],
        ),
        ({"mapping": {"a": "city", "b": "city"}}, ["mapping has two columns for city"]),
        ({"mapping": {"a": "b"}, "key": Key(["email"])}, ["key.column must be a name, not ['email']"]),  # type: ignore[arg-type]
        (
            {"mapping": ["a"], "key": Key(becomes="new")},
            ["mapping must map columns to properties, such as {'first_name': 'firstname'}, not ['a']"],
        ),
        (
            {"writes": Writes(nulls="drop", properties="x"), "upsert": "yes"},  # type: ignore[arg-type]
            [
                "upsert must be True or False",
                "writes.nulls must be one of",
                "writes.properties must map properties",
            ],
        ),
    ],
)
@pytest.mark.parametrize("source", [Source(), FROM_SQL], ids=["records", "query"])
def test_settings_that_are_not_valid(
    hubspot: Sandbox, settings: dict[str, Any], says: list[str], source: Source
) -> None:
    """A template may give anything: all is told, every record is accounted for, and none is sent."""
    around = Around(hubspot, RECORDS)

    ended = run(around, source=source, ledger=Ledger("l"), **settings)

    assert isinstance(ended.error, PreflightError)
    assert len(ended.error.problems) == len(says)
    assert all(told.startswith(part) for told, part in zip(ended.error.problems, says, strict=True))
    assert ended.outcomes == {"not_attempted": 3}
    assert [(line["row"], line["category"]) for line in around.books.lines] == [
        (1, "PREFLIGHT"),
        (2, "PREFLIGHT"),
        (3, "PREFLIGHT"),
    ]
    assert says[0] in ended.reasons
    assert written(hubspot) == []


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"source": Source(has_records=False)}, "give either records or sql"),
        ({"source": Source(has_records=False, query=Query("SELECT 1"))}, "sql needs sql_conn_id"),
        ({"ledger": Ledger("")}, "ledger must be a path"),
        ({"max_failures": -1}, "max_failures must be a count"),
        ({"max_failures": -1, "mapping": {}}, "mapping names no column"),
    ],
)
def test_settings_that_nothing_can_be_opened_with(
    hubspot: Sandbox, settings: dict[str, Any], says: str
) -> None:
    """They are told before anything is asked."""
    around = Around(hubspot, RECORDS)

    ended = run(around, **settings)

    assert isinstance(ended.error, PreflightError)
    assert says in ended.says
    assert (ended.outcomes, around.opened, hubspot.requests) == ({}, [], [])


class TestUpdate:
    def test_it_writes(self, hubspot: Sandbox) -> None:
        """Each record has its outcome; the report says what it took, and where."""
        around = Around(hubspot, RECORDS)

        ended = run(around, upsert=True, ledger=Ledger("l", values=True), verify=True)

        assert ended.error is None
        assert ended.outcomes == {"updated": 1, "created": 1, "unchanged": 1}
        assert around.portals == [hubspot.portal.account.portal_id]
        assert around.opened == ["l"]
        assert len(around.books.lines) == 3
        assert ended.report["api_version"] == "2026-09"
        assert ended.report["portal"]["id"] == hubspot.portal.account.portal_id
        assert ended.report["calls"]["total"] == len(hubspot.requests)
        assert ended.report["seconds"] > 0
        assert ended.report["quota"]["calls_in_10_seconds"] > 0
        assert ended.report["verified"] == {"records": 2, "calls": 1}
        assert ended.report["ledger"] == "l"

    @pytest.mark.parametrize(
        ("guards", "says"),
        [
            (Guards(changes=0), "1 change of 3 rows is more than guards.changes=0 allows"),
            (Guards(creates=0), "1 create of 3 rows is more than guards.creates=0 allows"),
            (Guards(changes=0.1, creates=9), "more than guards.changes=0.1 allows"),
        ],
        ids=str,
    )
    def test_guards(self, hubspot: Sandbox, guards: Guards, says: str) -> None:
        """Nothing is written, and each row that would have been is accounted for, in the ledger too."""
        around = Around(hubspot, RECORDS)

        ended = run(around, upsert=True, guards=guards, ledger=Ledger("l"))

        assert isinstance(ended.error, GuardExceeded)
        assert says in ended.says
        assert ended.outcomes == {"unchanged": 1, "not_attempted": 2}
        assert says in ended.reasons
        assert sorted(line["row"] for line in around.books.lines) == [1, 2, 3]
        assert written(hubspot) == []

    @pytest.mark.parametrize("has_ledger", [True, False])
    def test_rows_that_could_not_be_counted(self, hubspot: Sandbox, has_ledger: bool) -> None:
        """They are not written, even if their contacts can be looked up by then: a retry counts them."""
        hubspot.use_faults({"rules": [{"on": "*/batch/read", "kind": "status", "count": 1}]})
        around = Around(hubspot, RECORDS)
        ledger = Ledger("l") if has_ledger else None

        ended = run(around, guards=Guards(changes=0), ledger=ledger)

        assert ended.outcomes == {"unavailable": 3}
        assert written(hubspot) == []
        assert [line["digest"] is not None for line in around.books.lines] == [True] * 3 * has_ledger

        around.try_number = 2
        assert isinstance(run(around, guards=Guards(changes=0), ledger=ledger).error, GuardExceeded)

    def test_guards_that_hold(self, hubspot: Sandbox) -> None:
        """The run goes on as it would without, and its totals are in the report."""
        around = Around(hubspot, RECORDS)

        ended = run(around, upsert=True, guards=Guards(changes=1, creates=1), ledger=Ledger("l"))

        assert ended.error is None
        assert ended.outcomes == {"updated": 1, "created": 1, "unchanged": 1}
        totals = ended.report["plan"]
        assert (totals["changes"], totals["creates"], totals["sha256"]) == (1, 1, None)
        assert len(around.books.lines) == 3

    @pytest.mark.parametrize(("api", "calls"), [("2026-09", 3), ("v1", 4)])
    def test_what_a_guarded_run_costs(self, hubspot: Sandbox, api: str, calls: int) -> None:
        """The legacy API takes one contact a call: it reads and writes two of them."""
        around = Around(hubspot, RECORDS, api_version=api)

        ended = run(around, upsert=True, guards=Guards(changes=9))

        assert ended.report["plan"]["calls"] == calls

    def test_a_dry_run(self, hubspot: Sandbox) -> None:
        """It tells what would be written, and writes nothing."""
        ended = run(Around(hubspot, RECORDS), upsert=True, dry_run=True)

        assert ended.error is None
        assert ended.outcomes == {"unchanged": 1, "not_attempted": 2}
        assert written(hubspot) == []

    def test_a_source_that_breaks_off_while_it_is_counted(self, hubspot: Sandbox) -> None:
        """What was read is accounted for, and nothing is written."""

        def source() -> Iterator[dict[str, str]]:
            yield RECORDS[0]
            raise ConnectionResetError

        ended = run(Around(hubspot, source()), guards=Guards(changes=9))

        assert isinstance(ended.error, ConnectionResetError)
        assert ended.outcomes == {"not_attempted": 1}
        assert "the run stopped before it wrote: its source failed" in ended.reasons
        assert written(hubspot) == []

    def test_a_token_that_is_refused_while_it_is_counted(self, hubspot: Sandbox) -> None:
        """The run ends as it would without guards; what was read and not sent is accounted for."""
        hubspot.use_faults({"rules": [{"kind": "status", "status": 401, "on": "*/batch/read"}]})

        ended = run(Around(hubspot, RECORDS), guards=Guards(changes=9))

        assert ended.error is None
        assert ended.ended is not None
        assert ended.ended.stop is not None
        assert ended.outcomes == {"unauthorized": 3}
        assert written(hubspot) == []

    def test_a_pass_that_stops_with_too_much(self) -> None:
        """It ends for the reason that stopped it, not for a guard, which it has not counted to the end."""
        contacts = [{"email": f"c{number}@example.com"} for number in range(250)]
        faults = {"rules": [{"kind": "status", "status": 401, "on": "*/batch/read", "after": 1}]}
        with Sandbox(contacts=contacts, faults=faults) as hubspot:
            around = Around(hubspot, [{**contact, "city": "Rome"} for contact in contacts])
            ended = run(around, guards=Guards(changes=9), ledger=Ledger("l"))

            assert ended.error is None
            assert ended.ended is not None
            assert ended.ended.stop is not None
            assert ended.report["plan"]["changes"] == 100
            assert ended.outcomes.keys() == {"not_attempted", "unauthorized"}
            assert "the run stopped before it wrote" in ended.reasons
            assert written(hubspot) == []

    def test_a_guarded_retry(self, hubspot: Sandbox) -> None:
        """What an earlier try has written counts as ended in the pass and in the run, once each."""
        around = Around(hubspot, RECORDS)
        hubspot.use_faults({"rules": [{"kind": "status", "status": 503, "on": "*/batch/create"}]})
        guarded: dict[str, Any] = {"upsert": True, "guards": Guards(changes=1), "ledger": Ledger("l")}
        first = run(around, **guarded)
        hubspot.use_faults({"rules": []})
        around.try_number = 2

        second = run(around, **guarded)

        assert first.outcomes == {"updated": 1, "unchanged": 1, "unavailable": 1}
        assert second.outcomes == {"updated": 1, "unchanged": 1, "created": 1}
        assert second.report["from_earlier_tries"] == 2
        assert second.report["plan"]["changes"] == 0

    def test_a_guarded_retry_of_a_source_that_has_grown(self, hubspot: Sandbox) -> None:
        """The pass sends nothing: a row that it saw before another one of its key has ended all the same."""
        ada = RECORDS[0]
        around = Around(hubspot, [ada])
        run(around, guards=Guards(changes=1), ledger=Ledger("l"))
        around.given, around.try_number = [ada, {**ada, "firstname": "Countess"}], 2

        second = run(around, guards=Guards(changes=1), ledger=Ledger("l"))

        assert second.outcomes == {"updated": 2}
        assert second.report["from_earlier_tries"] == 1

    def test_a_signal_that_came_before(self, hubspot: Sandbox) -> None:
        """No call that writes is made."""
        signal = StopSignal()
        signal.stop()

        ended = run(Around(hubspot, RECORDS), signal)

        assert ended.ended is not None
        assert ended.ended.stop is not None
        assert written(hubspot) == []

    def test_a_connection_that_does_not_lead_to_hubspot(self, hubspot: Sandbox) -> None:
        """Such as one with a wrong base URL: no retry can mend it, and all records are accounted for."""
        around = Around(hubspot, RECORDS)
        around.url = "https://api..hubapi.com"

        ended = run(around)

        assert isinstance(ended.error, PreflightError)
        assert "The base URL" in ended.says
        assert ended.outcomes == {"not_attempted": 3}
        assert around.portals == []


def test_a_portal_that_says_nothing_of_itself(hubspot: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    """Its time zone is not known then, which is told; nothing else needs it."""
    hubspot.use_faults({"rules": [{"kind": "status", "status": 500, "on": "/account-info/*"}]})

    ended = run(Around(hubspot, RECORDS[:2]))

    assert (ended.error, ended.outcomes) == (None, {"updated": 1, "unchanged": 1})
    assert ended.report["portal"] is None
    assert "The portal's time zone cannot be read: " in caplog.text


class TestColumns:
    @pytest.mark.parametrize("source", [list, iter], ids=["list", "iterator"])
    def test_columns_that_no_row_has(self, hubspot: Sandbox, source: Any) -> None:
        """A run that would send nothing ends; of an iterator that is known when it has been read."""
        ended = run(Around(hubspot, source(RECORDS)), mapping={"name": "firstname"})

        assert (
            "no row has a column name (the nearest is firstname); the rows have email, firstname"
            in ended.says
        )
        assert isinstance(ended.error, PreflightError if source is list else SourceError)
        assert written(hubspot) == []

    @pytest.mark.parametrize(
        ("rows", "mapping", "says"),
        [
            (
                RECORDS,
                {"name": "firstname"},
                "the query returns no column name (the nearest is firstname); it returns",
            ),
            ([{"email": "a@x.y"}], None, "no row has a column to send besides the key email"),
        ],
    )
    def test_columns_that_a_query_does_not_return(
        self, hubspot: Sandbox, rows: Any, mapping: dict[str, str] | None, says: str
    ) -> None:
        """They are known before its first row is sent, and told once."""
        ended = run(Around(hubspot, rows), source=FROM_SQL, mapping=mapping)

        assert isinstance(ended.error, PreflightError)
        (problem,) = ended.error.problems
        assert problem.startswith(says)
        assert ended.outcomes == {"not_attempted": len(rows)}

    def test_one_of_several_columns(self, hubspot: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
        """Rows may leave columns out: that is told in the log."""
        mapping = {"name": "city", "firstname": "firstname"}

        ended = run(Around(hubspot, RECORDS[:1]), mapping=mapping, key=Key(becomes="new"))

        assert ended.outcomes == {"updated": 1}
        assert (
            "no row has a column name (the nearest is firstname), new; the rows have email, firstname"
            in caplog.text
        )


def test_a_created_property_has_the_type_of_the_first_value_of_a_query(hubspot: Sandbox) -> None:
    """However many rows before it have none."""
    rows = [{"email": f"c{n}@example.com", "visits": None} for n in range(300)]
    around = Around(hubspot, [*rows, {"email": "c@example.com", "visits": 7}])

    ended = run(around, source=FROM_SQL, writes=Writes(create_properties=True))

    assert list(ended.report["properties_created"]) == ["visits"]
    assert hubspot.portal.definitions["visits"].type == "number"


class TestCheckpoint:
    """What a retry finds of the try before it, where nothing else knows."""

    MANY = tuple({"email": f"c{n}@example.com", "firstname": "New"} for n in range(250))

    def around(self, hubspot: Sandbox, records: Any = MANY) -> Around:
        around = Around(hubspot, records)
        around.state = State()
        return around

    @pytest.fixture
    def many(self) -> Iterator[Sandbox]:
        faults = {"rules": [{"kind": "status", "status": 503, "on": "*/batch/update", "after": 1}]}
        with Sandbox(contacts=[{"email": each["email"]} for each in self.MANY], faults=faults) as sandbox:
            yield sandbox

    def test_a_retry_goes_on(self, many: Sandbox) -> None:
        """Rows before the checkpoint are not sent again, and are counted."""
        around = self.around(many)
        run(around)
        many.use_faults({"rules": []})

        second = run(around)

        assert second.report["from_earlier_tries"] > 0
        assert second.outcomes["updated"] == 250

    @pytest.mark.parametrize(
        "changed",
        [
            {"mapping": {"firstname": "city"}},
            {"writes": Writes(nulls="clear")},
            {"writes": Writes(stages="keep")},
            {"upsert": True},
            {"json_schema": "{}"},
            {"key": Key(property="hs_object_id")},
        ],
        ids=str,
    )
    def test_other_settings(self, many: Sandbox, changed: dict[str, Any]) -> None:
        """What is done with the rows now was not done with those before it."""
        around = self.around(many)
        run(around)

        assert run(around, **changed).report["from_earlier_tries"] == 0

    def test_another_mark(self, many: Sandbox) -> None:
        """The rows from it on are others than those of the try before."""
        around = self.around(many, tuple({**row, "at": at} for at, row in enumerate(self.MANY)))
        around.mark.set({"type": "int", "value": "0"})
        how: dict[str, Any] = {"source": Source(watermark="at")}
        run(around, **how)
        many.use_faults({"rules": []})
        around.mark.set({"type": "int", "value": "100"})

        second = run(around, **how)

        assert (second.report["rows"], second.report["from_earlier_tries"]) == (150, 0)

    @pytest.mark.parametrize(
        "settings",
        [{"ledger": Ledger("l")}, {"dry_run": True}, {"source": Source(has_records=True), "iterator": True}],
        ids=["ledger", "dry run", "iterator"],
    )
    def test_when_there_is_none(self, many: Sandbox, settings: dict[str, Any]) -> None:
        """A ledger knows more; a dry run ends nothing; an iterator is read once."""
        records: Any = iter(self.MANY) if settings.pop("iterator", False) else self.MANY
        around = self.around(many, records)

        run(around, **settings)

        assert around.state == {}


class TestWatermark:
    ROWS: tuple[dict[str, Any], ...] = tuple({**each, "at": at} for at, each in enumerate(RECORDS, 1))

    def test_it_is_moved_when_the_outcomes_are_final(self, hubspot: Sandbox) -> None:
        """Not by the run: whoever runs it knows whether there is another try."""
        around = Around(hubspot, self.ROWS)

        ended = run(around, source=Source(watermark="at"), upsert=True)
        before = around.mark.kept
        assert ended.ended is not None
        assert ended.ended.watermark is not None
        ended.ended.watermark.move()

        assert before is None
        assert around.mark.kept == {"type": "int", "value": "3"}
        assert run(around, source=Source(watermark="at")).report["rows"] == 1

    @pytest.mark.parametrize("guards", [Guards(), Guards(changes=9)], ids=["", "guarded"])
    def test_a_row_that_failed_holds_it(self, hubspot: Sandbox, guards: Guards) -> None:
        """By the outcome that it has in the end, not by what a guard's pass found."""
        around = Around(hubspot, [{**row, "at": 4 - row["at"]} for row in self.ROWS])

        ended = run(around, source=Source(watermark="at"), guards=guards)
        assert ended.ended is not None
        assert ended.ended.watermark is not None
        ended.ended.watermark.move()

        assert ended.outcomes == {"updated": 1, "unchanged": 1, "not_found": 1}
        assert around.mark.kept == {"type": "int", "value": "1"}

    def test_a_run_that_does_not_begin(self, hubspot: Sandbox) -> None:
        """It accounts for the rows from the mark on, and for no other."""
        around = Around(hubspot, self.ROWS)
        around.mark.set({"type": "int", "value": str(max(row["at"] for row in self.ROWS))})

        ended = run(around, source=Source(watermark="at"), mapping={"firstname": "no_such_property"})

        assert isinstance(ended.error, PreflightError)
        assert ended.outcomes == {"not_attempted": 1}

    def test_a_query_is_rewritten(self, hubspot: Sandbox) -> None:
        """The database leaves older rows out."""
        around = Around(hubspot, self.ROWS)
        source = FROM_SQL.replace(watermark="at")

        run(around, source=FROM_SQL)
        plain = around.rewritten
        run(around, source=source)

        assert plain == ("SELECT 1", None)
        assert around.rewritten is not None
        assert "ORDER BY at" in around.rewritten[0]


class TestReplay:
    def test_a_new_address(self, hubspot: Sandbox) -> None:
        """It is sent again, from the values that the ledger has kept."""
        row = {"old": "grace@example.com", "new": "hopper@example.com", "firstname": "G."}
        around = Around(hubspot, [row])
        hubspot.use_faults({"rules": [{"kind": "status", "status": 400, "on": "*/batch/update"}]})
        settings: dict[str, Any] = {"key": Key("old", becomes="new"), "ledger": Ledger("l", values=True)}
        first = run(around, **settings)
        hubspot.use_faults({"rules": []})

        again = run(around, source=Source(has_records=False, replay=Replay("l")), **settings)

        assert first.outcomes == {"rejected": 1}
        assert again.outcomes == {"updated": 1}
        contact = hubspot.portal.contact("hopper@example.com")
        assert contact is not None
        assert contact.properties["firstname"] == "G."

    def test_rows_to_choose_among(self, hubspot: Sandbox) -> None:
        """With a query, its rows are; only those that the ledger names are sent."""
        around = Around(hubspot, RECORDS)
        run(around, ledger=Ledger("l"))
        hubspot.portal.create({"email": "new@example.com"})

        again = run(around, source=FROM_SQL.replace(replay=Replay("l")))

        assert again.outcomes == {"updated": 1}

    def test_a_run_that_does_not_begin(self, hubspot: Sandbox) -> None:
        """It accounts for the rows that were to be sent again, and for no other."""
        around = Around(hubspot, RECORDS)
        run(around, ledger=Ledger("l"))
        settings: dict[str, Any] = {"ledger": Ledger("l"), "mapping": {"firstname": "no_such_property"}}

        again = run(around, source=Source(replay=Replay("l")), **settings)

        assert isinstance(again.error, PreflightError)
        assert again.outcomes == {"not_attempted": 1}
        assert [line["key"] for line in around.books.lines[3:]] == ["new@example.com"]

    def test_no_ledger(self, hubspot: Sandbox) -> None:
        """A wrong path is told."""
        ended = run(Around(hubspot), source=Source(has_records=False, replay=Replay("nowhere")))

        assert isinstance(ended.error, SourceError)
        assert "there is no ledger at nowhere" in ended.says


class OneByOne:
    """Makes a call when its answer is asked for."""

    size = 1

    def __init__(self) -> None:
        self.calls: list[tuple[Call, Callable[[], Answer]]] = []
        self.made = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Hold nothing."""

    def start(self, job: Call, call: Callable[[], Answer], /) -> None:
        self.calls.append((job, call))

    def finished(self) -> tuple[Call, Answer] | None:
        job, call = self.calls.pop()
        self.made += 1
        return job, call()

    def cancel(self) -> None:
        """Hold nothing back."""

    def interrupt(self) -> None:
        """Know nothing that could be interrupted."""


@pytest.mark.parametrize("order", [1, -1])
def test_a_retry_refuses_the_second_row_of_a_key_again(hubspot: Sandbox, order: int) -> None:
    """Also if it is the equal of the first, and whichever of their lines the ledger has last."""
    around, twice = Around(hubspot, [RECORDS[0], RECORDS[0]]), Writes(duplicates="reject")
    asked: dict[str, Any] = {"writes": twice, "ledger": Ledger("l"), "status_actions": {"unknown": "retry"}}
    first = run(around, **asked)
    other = {**around.books.lines[0], "row": 3, "key": "x@example.com", "digest": "d", "outcome": "unknown"}
    around.books.lines = [*around.books.lines[::order], other]
    around.try_number = 2

    again = run(around, **asked)

    assert first.outcomes == again.outcomes == {"updated": 1, "invalid": 1}
    assert again.report["from_earlier_tries"] == 1


def test_the_surroundings_supply_the_workers(hubspot: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """All calls that look contacts up and write them are made by what the surroundings supply."""
    around, workers = Around(hubspot, RECORDS), OneByOne()
    monkeypatch.setattr(around, "workers", lambda _: workers)

    told = run(around)

    assert told.outcomes == {"updated": 1, "unchanged": 1, "not_found": 1}
    assert workers.made == 2
