# SPDX-License-Identifier: Apache-2.0
"""Rows are checked as a run checks them, and nothing is asked about their contacts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from tempfile import TemporaryFile
from typing import Any

import pytest

from airflow_provider_hubcontact.client.properties import Option, PropertyDefinition
from airflow_provider_hubcontact.job.errors import PreflightError, SourceError
from airflow_provider_hubcontact.job.files.spool import Spool
from airflow_provider_hubcontact.job.portal.definitions import Portal
from airflow_provider_hubcontact.job.settings.guards import Guards
from airflow_provider_hubcontact.job.settings.key import Key
from airflow_provider_hubcontact.job.settings.settings import Settings
from airflow_provider_hubcontact.job.settings.source import Query, Source
from airflow_provider_hubcontact.job.settings.writes import Writes
from airflow_provider_hubcontact.job.validate import Validation
from airflow_provider_hubcontact.sync.decide.lifecycle import Stages
from airflow_provider_hubcontact.sync.keep.report import Report
from airflow_provider_hubcontact.sync.rows.comparison import Kind

DEFINITIONS = (
    PropertyDefinition("email", "Email", "string", "text"),
    PropertyDefinition("firstname", "First name", "string", "text"),
    PropertyDefinition("age", "Age", "number", "number"),
    PropertyDefinition("tier", "Tier", "enumeration", "select", options=(Option("Gold", "gold", 0),)),
    PropertyDefinition("member", "Member", "string", "text", has_unique_value=True),
)
PORTAL = Portal(
    Stages.default(),
    {"firstname": Kind.TEXT, "age": Kind.NUMBER, "email": Kind.EMAIL, "tier": Kind.OPTION},
    {each.name: each for each in DEFINITIONS},
)
NO_PORTAL = Portal(Stages.default())
ADA = {"email": "ada@example.com", "firstname": "Ada"}


def reasons(
    *rows: Mapping[str, object], portal: Portal = PORTAL, version: str = "2026-09", **settings: Any
) -> list[str | None]:
    """Return why each row is not valid; None for one that is."""
    checked = Validation(Settings(**settings), portal, rows, Report(), version)
    return [result and result.reason for result in checked.results()]


@pytest.mark.parametrize(
    ("portal", "settings", "says"),
    [
        (PORTAL, {"key": Key("email", "nope")}, "key: the portal has no property nope"),
        (PORTAL, {"key": Key("email", "age")}, "age is not a unique property"),
        (PORTAL, {"mapping": {"firstname": "frstname"}}, "frstname (the nearest is firstname)"),
        (PORTAL, {"writes": Writes(timestamp="at")}, "only the legacy API carries a timestamp"),
        (NO_PORTAL, {"json_schema": "{"}, "the schema is not JSON"),
        (NO_PORTAL, {"json_schema": {"required": ["city"]}, "mapping": {"f": "firstname"}}, "requires city"),
        (NO_PORTAL, {"guards": Guards(creates=1)}, "guards.creates has no effect without upsert"),
        (NO_PORTAL, {"max_failures": 1.5}, "max_failures must be a count or a share below 1"),
    ],
)
def test_settings(portal: Portal, settings: dict[str, Any], says: str) -> None:
    """What keeps a run from its work is told before the first row is read."""

    def rows() -> Iterator[object]:
        raise AssertionError
        yield

    with pytest.raises(PreflightError) as error:
        Validation(Settings(**settings), portal, rows(), Report(), "2026-09")

    (problem,) = error.value.problems
    assert says in problem


def test_settings_for_the_legacy_api() -> None:
    """The API's version is the connection's."""
    with pytest.raises(PreflightError, match="finds contacts by email only"):
        reasons(ADA, version="v1", key=Key("email", "member"))

    assert reasons({**ADA, "at": 1_767_225_600_000}, version="v1", writes=Writes(timestamp="at")) == [None]


@pytest.mark.parametrize(("version", "text"), [("v1", "1767225600000"), ("v3", "2026-01-01T00:00:00")])
def test_values_have_the_form_of_the_api(version: str, text: str) -> None:
    """A reason quotes the value that would be sent."""
    (reason,) = reasons({**ADA, "tier": datetime(2026, 1, 1, tzinfo=UTC)}, version=version)

    assert reason is not None
    assert f"`{text}" in reason


def test_without_a_version_nothing_is_said_of_it() -> None:
    """Nobody knows which API a run will use if the portal is not asked."""
    settings = Settings(writes=Writes(timestamp="at"))

    assert list(Validation(settings, NO_PORTAL, [ADA], Report()).results()) == [None]


def test_rows() -> None:
    """A row that a run would refuse is refused with the same words."""
    found = reasons(ADA, {"email": "", "firstname": "x"}, {**ADA, "age": "old"}, {**ADA, "frstname": "x"})

    assert found[0] is None
    assert found[1] == "the key is empty"
    assert found[2] is not None
    assert "`old` is not a number" in found[2]
    assert found[3] == "the portal has no property frstname; the nearest is firstname"


def test_a_later_row_with_the_key() -> None:
    """It is not valid if the settings say so."""
    assert reasons(ADA, ADA) == [None, None]
    assert reasons(ADA, ADA, writes=Writes(duplicates="reject")) == [
        None,
        "an earlier row already has the key ada@example.com",
    ]


@pytest.mark.parametrize(
    ("created", "allowed"), [(False, False), (True, True), ({"city": {}}, True), ({"zip": {}}, False)]
)
def test_properties_that_are_to_be_created(created: Any, *, allowed: bool) -> None:
    """They are allowed, since a run creates them first."""
    (reason,) = reasons({**ADA, "city": "London"}, writes=Writes(create_properties=created))

    assert (reason is None) is allowed


def test_a_new_address() -> None:
    """It is checked as an address, under the key's property."""
    rows = [{"old": "ada@example.com", "new": new} for new in ("a@example.com", "nobody")]

    found = reasons(*rows, key=Key("old", becomes="new"))

    assert found[0] is None
    assert found[1] is not None
    assert "nobody" in found[1]


def test_columns_that_are_not_sent() -> None:
    """The watermark's column need not be a property."""
    row = {**ADA, "changed_at": "2026-01-01"}

    assert reasons(row, source=Source(watermark="changed_at")) == [None]


@pytest.mark.parametrize(
    ("upsert", "version", "is_valid"),
    [(True, "2026-09", True), (False, "2026-09", False), (True, "v1", False)],
)
def test_second_addresses(upsert: bool, version: str, is_valid: bool) -> None:
    """They are valid where a run would give them to new contacts, whatever the definition says."""
    name = "hs_additional_emails"
    others = PropertyDefinition(name, "Others", "enumeration", "checkbox", read_only=True)
    portal = Portal(
        PORTAL.stages, {**PORTAL.kinds, name: Kind.ADDRESSES}, {"email": DEFINITIONS[0], name: others}
    )
    row = {"email": "ada@example.com", name: "a@x.org; b@x.org"}

    (reason,) = reasons(row, portal=portal, version=version, upsert=upsert)

    assert (reason is None) is is_valid
    assert is_valid or "of new contacts only" in str(reason)


def test_a_column_that_no_row_has() -> None:
    """It is told: as an error if nothing is left to send, else as a warning."""
    with pytest.raises(
        SourceError, match=r"no row has a column first \(the nearest is firstname\); the rows have"
    ):
        reasons(ADA, mapping={"first": "firstname"})

    settings = Settings(mapping={"years": "age", "firstname": "firstname"})
    checked = Validation(settings, PORTAL, [ADA], Report())
    assert list(checked.results()) == [None]
    assert checked.warnings == ["no row has a column years; the rows have email, firstname"]


def test_a_query() -> None:
    """Its columns are known before its rows are read, and its first values tell what is to be created."""
    with TemporaryFile() as file:
        spool = Spool(file)
        spool.fill(["email", "city"], [[("ada@example.com", None)] * 200, [("ada@example.com", "London")]])
        source = Source(has_records=False, query=Query("SELECT …", "db"))

        with pytest.raises(PreflightError, match="the query returns no column zip; it returns email, city"):
            Validation(Settings(source=source, mapping={"zip": "zip"}), NO_PORTAL, spool, Report())
        with pytest.raises(PreflightError, match="the portal has no property city"):
            Validation(Settings(source=source), PORTAL, spool, Report())


def test_what_a_query_creates() -> None:
    """The first value of a column, however far down it is, tells the type of its property."""
    with TemporaryFile() as file:
        spool = Spool(file)
        rows = [("ada@example.com", number) for number in (*[None] * 200, 7, "seven")]
        spool.fill(["email", "points"], [rows])
        checked = Validation(Settings(writes=Writes(create_properties=True)), PORTAL, spool, Report())

        *others, last = checked.results()

    assert set(others) == {None}
    assert last is not None
    assert "`seven`" in last.reason


def test_a_source_that_breaks_off() -> None:
    """The rows before have been checked; then it is told."""

    def rows() -> Iterator[object]:
        yield ADA
        raise OSError("the disk is gone")

    results = Validation(Settings(), PORTAL, rows(), Report()).results()

    assert next(results) is None
    with pytest.raises(OSError, match="the disk is gone"):
        next(results)


def test_what_was_made_fit_is_counted() -> None:
    """As a run counts it."""
    report = Report()
    checked = Validation(Settings(), PORTAL, [{**ADA, "age": " 7 "}], report)

    assert list(checked.results()) == [None]
    assert sum(report.to_dict()["coercions"]["counts"].values()) == 1
