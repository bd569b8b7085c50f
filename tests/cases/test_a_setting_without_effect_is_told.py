# SPDX-License-Identifier: Apache-2.0
"""What a setting names is found or told, and a setting that can have no effect is an error."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("airflow")

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_hubcontact.operators.errors import HubSpotSyncFailed
from airflow_provider_hubcontact.operators.hubspot import HubSpotUpdateContactOperator
from airflow_provider_hubcontact.operators.options import FromLedger, Guards, Key, Ledger, Writes
from airflow_provider_hubcontact.operators.plans import HubSpotApplyPlanOperator, HubSpotPlanContactsOperator
from airflow_provider_hubcontact.sandbox import Sandbox
from airflow_provider_hubcontact.sync.model.outcome import Outcome
from airflow_provider_hubcontact.words import nearest
from tests.airflow.running import CONTACTS, connect, keep_variables, run, stored
from tests.airflow_release import DAG_TEST_GIVES_THE_ERROR

ADA = {"email": "ada@example.com", "first_name": "Augusta", "town": "London"}
TOWN = {"town": "city"}
SOURCES = pytest.mark.parametrize("source", [list, iter], ids=["list", "generator"])
Source = Callable[[list[Any]], Any]


@pytest.fixture
def hubspot(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Sandbox]:
    connection = {"conn_type": "sqlite", "host": str(tmp_path / "warehouse.db")}
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps(connection))
    keep_variables(monkeypatch)
    with Sandbox(CONTACTS) as hubspot:
        connect(monkeypatch, hubspot.url, hubspot.token)
        yield hubspot


def writes(**fields: Any) -> dict[str, Any]:
    return {"mapping": TOWN, "writes": Writes(**fields)}


NO_EFFECT: list[tuple[dict[str, Any], str]] = [
    ({"mapping": {}}, "mapping names no column"),
    (
        {"mapping": {"email": "email"}},
        "mapping sends nothing but the key, which changes nothing without upsert",
    ),
    ({"sql_conn_id": "warehouse"}, "sql_conn_id has no effect without sql"),
    ({"parameters": (1,)}, "parameters has no effect without sql"),
    ({"verify": True, "dry_run": True}, "verify has no effect with dry_run"),
    ({"guards": Guards(changes=9), "dry_run": True}, "guards has no effect with dry_run"),
    ({"guards": Guards(creates=0), "dry_run": "true"}, "guards has no effect with dry_run"),
    ({"guards": Guards(creates=9)}, r"guards\.creates has no effect without upsert=True"),
    ({"status_actions": {405: "skip"}}, "status_actions names 405, which has no effect"),
    ({"key": Key("id", "hs_object_id", becomes="new")}, "becomes has no effect on a record id"),
    (
        writes(properties={"phnoe": "fill_empty"}),
        r"writes\.properties names phnoe, which no column is sent as",
    ),
    (writes(properties=TOWN | {"town": "append"}), "names town, which .*: its column is sent as city"),
    (
        writes(create_properties={"shoe": {}}),
        r"writes\.create_properties names shoe, which no column is sent as",
    ),
    (writes(stages="reset"), r"writes\.stages='reset' is about lifecyclestage, which no column is sent as"),
    ({"records": FromLedger("l", ["superseded"])}, "a superseded record cannot be sent again"),
    ({"records": FromLedger("l"), "mapping": TOWN}, "mapping has no effect with FromLedger alone"),
    (
        {"records": FromLedger("l"), "writes": Writes(timestamp="at")},
        r"writes\.timestamp has no effect with From",
    ),
    ({"records": FromLedger("l"), "watermark": "at"}, "watermark has no effect with (FromLedger|a plan)"),
]
"""Settings that can have no effect, and what is said of them."""

NOT_VALID: list[tuple[dict[str, Any], str]] = [
    ({"max_failures": 1.0}, "max_failures must be a count or a share below 1, not 1.0"),
    ({"guards": Guards(changes=2.0)}, r"guards\.changes must be a count or a share below 1, not 2.0"),
    ({"guards": Guards(changes="{{ params.most }}")}, r"guards\.changes must be a count or a share"),  # type: ignore[arg-type]
    ({"ledger": Ledger("l", values="{{ params.keep }}")}, r"ledger\.values must be True or False"),  # type: ignore[arg-type]
    ({"ledger": Ledger("l", values=0)}, r"ledger\.values must be True or False"),  # type: ignore[arg-type]
    ({"verify": "False"}, "verify must be True or False"),
    ({"verify": 1}, "verify must be True or False"),
    ({"upsert": "{{ params.upsert }}"}, "upsert must be True or False"),
    ({"deferrable": "no"}, "deferrable must be True or False"),
    ({"dry_run": "maybe"}, "must be true or false, not 'maybe'"),
    ({"writes": Writes(nulls="{{ params.nulls }}")}, r"writes\.nulls must be one of ignore, clear"),
    ({"writes": Writes(timestamp="")}, r"writes\.timestamp must be the name of a column, not ''"),
    ({"writes": Writes(timestamp=5)}, r"writes\.timestamp must be the name of a column, not 5"),  # type: ignore[arg-type]
    (
        {"writes": Writes(create_properties={"shoe": {"typ": "number"}})},
        "a field must be one of label, type, .*'typ'",
    ),
    ({"writes": Writes(create_properties={"shoe": "number"})}, r"\['shoe'\] must be a definition"),  # type: ignore[dict-item]
    (
        {"writes": Writes(create_properties={"shoe": {"options": "S"}})},
        "options must be a list of texts, or of label and value",
    ),
    (
        {"writes": Writes(create_properties={"shoe": {"options": [{"label": "S"}]}})},
        "options must be a list of texts, or of label and value",
    ),
    (
        {"writes": {"nulls": "clear", "null": 1}},
        "writes has the fields nulls, .*, not null .the nearest is nulls.",
    ),
    ({"guards": 9}, r"guards must be Guards\(…\), or a mapping of its fields, not 9"),
    ({"records": FromLedger("l", ["rejcted"])}, "FromLedger: an outcome must be one of .*'rejcted'"),
    ({"records": FromLedger("l", [])}, r"FromLedger: outcomes must be a list of outcomes, not \[\]"),
    (
        {"records": FromLedger("l", "{{ params.outcomes }}")},
        "FromLedger: outcomes must be a list of outcomes",
    ),
]
"""Settings that are none of those that there are."""


@pytest.mark.parametrize(("settings", "says"), [*NO_EFFECT, *NOT_VALID], ids=str)
@pytest.mark.parametrize("make", [HubSpotUpdateContactOperator, HubSpotPlanContactsOperator])
def test_at_parse(make: Any, settings: dict[str, Any], says: str) -> None:
    """The DAG file does not load, and the message names the setting; a plan is asked for the same."""
    more: dict[str, Any] = {"plan": "folder"} if make is HubSpotPlanContactsOperator else {}
    is_of_update = more and "dry_run" in settings
    with pytest.raises(
        TypeError if is_of_update else ValueError, match="no dry_run" if is_of_update else says
    ):
        make(task_id="sync", **{"records": [ADA], **settings, **more})


@pytest.mark.parametrize(
    ("make", "settings", "says"),
    [
        (HubSpotPlanContactsOperator, {"watermark": "at"}, "watermark has no effect with a plan"),
        (HubSpotPlanContactsOperator, {"plan": ""}, "plan must be a folder, not ''"),
        (HubSpotPlanContactsOperator, {"plan": None}, "plan must be a folder, not None"),
        (HubSpotApplyPlanOperator, {"plan": None}, "plan must be a folder, not None"),
        (HubSpotApplyPlanOperator, {"sha256": ""}, "sha256 must be a plan's digest, not ''"),
        (HubSpotApplyPlanOperator, {"sha256": 5}, "sha256 must be a plan's digest, not 5"),
    ],
)
def test_at_parse_of_a_plan(make: Any, settings: dict[str, Any], says: str) -> None:
    """Where plans are made and applied."""
    records: dict[str, Any] = {} if make is HubSpotApplyPlanOperator else {"records": [ADA]}
    with pytest.raises(ValueError, match=says):
        make(task_id="plan", **{"plan": "folder", **records, **settings})


@pytest.mark.parametrize(
    "settings",
    [
        {"records": [ADA]},
        {"sql": "SELECT 1", "sql_conn_id": "db"},
        {"mapping": TOWN},
        {"upsert": True},
        {"guards": Guards(changes=9)},
        {"dry_run": True},
    ],
    ids=str,
)
def test_a_plan_is_applied_with_its_own_settings(settings: dict[str, Any]) -> None:
    """A second set of them, which would be ignored, is refused."""
    (name, *_) = settings
    says = (
        f"HubSpotApplyPlanOperator has no {name}: a plan is applied with the settings that it was made with"
    )
    with pytest.raises(TypeError, match=says):
        HubSpotApplyPlanOperator(task_id="apply", plan="folder", **settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"verify": True, "dry_run": "{{ params.dry }}"},
        {"guards": Guards(changes=9), "dry_run": "{{ params.dry }}"},
        {
            "mapping": "{{ params.mapping }}",
            "writes": Writes(properties={"city": "fill_empty"}, stages="keep"),
        },
        {"mapping": {"town": "{{ params.city }}"}, "writes": Writes(stages="keep")},
        {"mapping": {"mail": "email"}, "key": "{{ params.key }}"},
        {"mapping": {"mail": "email"}, "key": Key("{{ params.key }}", becomes="mail")},
        {"key": "{{ params.key }}", "writes": Writes(properties={"email": "fill_empty"})},
        {"writes": {"properties": "{{ params.modes }}", "create_properties": "{{ params.create }}"}},
        {"writes": Writes(stages="reset", properties={"phone": "fill_empty"})},
        {"ledger": Ledger("{{ params.ledger }}", values=True)},
        {"mapping": {"email": "email"}, "upsert": True},
        {"mapping": {}, "key": Key("old", becomes="new")},
        {"status_actions": {404: "skip", "503": "retry", 200: "skip"}},
        {"status_actions": dict.fromkeys(map(str, Outcome), "succeed")},
    ],
    ids=str,
)
def test_what_may_have_an_effect(settings: dict[str, Any]) -> None:
    """A template is not known at parse; neither are the columns of records without a mapping."""
    HubSpotUpdateContactOperator(task_id="update", records=[ADA], **settings)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"dry_run": "{{ params.dry }}", "verify": True}, "verify has no effect with dry_run"),
        (
            {"mapping": {"town": "{{ params.city }}"}, "writes": Writes(stages="keep")},
            "writes.stages='keep' is",
        ),
        (
            {"key": "{{ params.key }}", "mapping": {"email": "email"}},
            "mapping sends nothing but the key",
        ),
    ],
)
def test_of_a_template(run_dag: Any, hubspot: Sandbox, settings: dict[str, Any], says: str) -> None:
    """It is told once it is rendered, before anything is sent, and no retry follows."""
    told: list[str] = []
    params = {"dry": "true", "city": "city", "key": "email"}
    with DAG("templates", schedule=None, params=params) as dag:
        HubSpotUpdateContactOperator(
            task_id="update",
            records=[ADA],
            retries=2,
            on_failure_callback=lambda context: told.append(str(context["exception"])),
            **settings,
        )
    run_dag(dag)

    if DAG_TEST_GIVES_THE_ERROR:
        assert len(told) == 1
        assert says in told[0]
    assert not [each for each in hubspot.requests if "batch" in each.path]


@SOURCES
@pytest.mark.parametrize(
    "settings", [{}, {"upsert": True}, {"guards": Guards(changes=9)}, {"dry_run": True}], ids=str
)
def test_a_mapping_of_which_no_column_is_there(
    hubspot: Sandbox, source: Source, settings: dict[str, Any]
) -> None:
    """The task fails, and names what the rows have: nothing would be sent."""
    ended = run(records=source([ADA]), mapping={"frist_name": "firstname"}, **settings)

    assert isinstance(ended.error, HubSpotSyncFailed)
    assert "no row has a column frist_name (the nearest is first_name); the rows have" in str(ended.error)
    assert stored(hubspot, "ada@example.com", "firstname") == "Ada"


def test_a_mapping_that_names_the_key_too(hubspot: Sandbox) -> None:
    """The key's own column is not one that is sent."""
    ended = run(records=[ADA], mapping={"email": "email", "frist_name": "firstname"})

    assert "no row has a column frist_name (the nearest is first_name)" in str(ended.error)


@pytest.mark.parametrize("mapping", [None, {}, {"town": "city"}], ids=str)
def test_a_new_address_alone(hubspot: Sandbox, mapping: dict[str, str] | None) -> None:
    """Is something to send, and may have a mode."""
    row = {"email": "ada@example.com", "new": "ada@lovelace.example"}
    more: dict[str, Any] = {} if mapping is None else {"mapping": mapping}
    key, modes = Key("email", becomes="new"), Writes(properties={"email": "overwrite"})

    assert run(records=[row], key=key, writes=modes, **more).outcomes == {"updated": 1}


@SOURCES
def test_a_column_that_no_row_has(hubspot: Sandbox, source: Source, caplog: pytest.LogCaptureFixture) -> None:
    """Rows may leave columns out, so that it is a warning beside columns that are sent."""
    mapping = {"first_name": "firstname", "twon": "city"}
    with caplog.at_level(logging.WARNING):
        ended = run(records=source([ADA]), mapping=mapping, guards=Guards(changes=1))

    assert ended.outcomes == {"updated": 1}
    assert caplog.text.count("no row has a column twon (the nearest is town); the rows have") == 1


@SOURCES
@pytest.mark.parametrize(
    ("settings", "column"),
    [
        ({"key": Key("email", becomes="new_email")}, "new_email"),
        ({"key": Key("email", becomes="new_email"), "mapping": {"city": "city"}}, "new_email"),
        ({"api_version": "v1", "writes": Writes(timestamp="changed_at")}, "changed_at"),
        ({"writes": Writes(properties={"phone": "fill_empty"})}, "phone"),
        ({"writes": Writes(create_properties={"shoe": {}})}, "shoe"),
        ({"writes": Writes(stages="reset")}, "lifecyclestage"),
    ],
    ids=str,
)
def test_a_column_of_another_setting(
    hubspot: Sandbox,
    source: Source,
    caplog: pytest.LogCaptureFixture,
    settings: dict[str, Any],
    column: str,
) -> None:
    """With a mapping or without: each column that a setting is about is looked for."""
    rows: list[Any] = [{"email": "ada@example.com", "city": "London"}]
    with caplog.at_level(logging.WARNING):
        ended = run(records=source(rows), **settings)
        assert ended.outcomes == {"updated": 1}
        assert f"no row has a column {nearest(column, rows[0])}; the rows have email, city" in caplog.text
        caplog.clear()
        run(records=source([*rows, {"email": "grace@example.com", column: None}]), **settings)

    assert "no row has a column" not in caplog.text


def test_rows_that_leave_columns_out(hubspot: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    """A column is found if any row has it, however late."""
    rows: list[Any] = [{"email": f"c{n}@example.com"} for n in range(250)] + [ADA, "no row", {"email": None}]
    with caplog.at_level(logging.WARNING):
        ended = run(
            records=rows, mapping={"first_name": "firstname", "town": "city"}, status_actions={404: "skip"}
        )

    assert ended.outcomes == {"updated": 1, "not_found": 250, "invalid": 2}
    assert "no row has a column" not in caplog.text


KEY_ALONE: list[tuple[list[Any], dict[str, Any], str]] = [
    ([{"email": "ada@example.com"}, {"email": "new@example.com"}], {}, "email; the rows have email"),
    ([{"email": "new@example.com", "at": 5}], {"watermark": "at"}, "email; the rows have email, at"),
    ([{"mail": "new@example.com"}, {}], {"key": "mail"}, "mail; the rows have mail"),
]
"""Rows, settings, and what is said of them."""


@SOURCES
@pytest.mark.parametrize("more", [{}, {"upsert": True}, {"dry_run": True}], ids=str)
@pytest.mark.parametrize("case", KEY_ALONE, ids=str)
def test_rows_with_a_key_alone(
    hubspot: Sandbox, source: Source, case: tuple[list[Any], dict[str, Any], str], more: dict[str, Any]
) -> None:
    """A run that has nothing to send fails, and a list creates no bare contact before."""
    rows, settings, says = case
    ended = run(records=source(rows), **settings, **more)

    assert isinstance(ended.error, HubSpotSyncFailed)
    assert f"no row has a column to send besides the key {says}" in str(ended.error)
    assert ("for contacts that have nothing else, say mapping={" in str(ended.error)) is ("upsert" in more)
    assert source is iter or hubspot.portal.contact("new@example.com") is None


def test_a_query_of_the_key_alone(hubspot: Sandbox) -> None:
    """Its columns are known before the first row, and tell."""
    sql = "SELECT 'new@example.com' AS email"
    ended = run(sql=sql, sql_conn_id="warehouse", upsert=True)

    assert isinstance(ended.error, HubSpotSyncFailed)
    assert "no row has a column to send besides the key email; the rows have email" in str(ended.error)
    assert ended.outcomes == {"not_attempted": 1}
    assert hubspot.portal.contact("new@example.com") is None


def test_contacts_that_have_a_key_alone(hubspot: Sandbox) -> None:
    """Whoever wants them says so, in a mapping that names the key."""
    records = [{"email": "new@example.com"}, {"email": "ada@example.com", "city": "London"}]
    ended = run(records=records, upsert=True, mapping={"email": "email"})

    assert ended.outcomes == {"created": 1, "unchanged": 1}
    assert stored(hubspot, "new@example.com", "email") == "new@example.com"
    assert stored(hubspot, "ada@example.com", "city") is None
    assert ended.report["without_values"] == 2


@pytest.mark.parametrize("guards", [{}, {"guards": Guards(changes=9)}], ids=str)
@pytest.mark.parametrize("ledger", [False, True], ids=["", "ledger"])
def test_rows_without_values(
    hubspot: Sandbox, caplog: pytest.LogCaptureFixture, tmp_path: Path, ledger: bool, guards: dict[str, Any]
) -> None:
    """A row that has nothing to send is counted, in the log and in the report, and the others go on."""
    rows: list[Any] = [
        ADA,
        {"email": "grace@example.com", "first_name": None, "town": float("nan")},
        {"email": "alan@example.com"},
        {"email": "", "town": None},
    ]
    kept = {"ledger": str(tmp_path / "ledger")} if ledger else {}
    with caplog.at_level(logging.WARNING):
        ended = run(records=rows, mapping={"first_name": "firstname", **TOWN}, **guards, **kept)

    assert ended.outcomes == {"updated": 1, "unchanged": 2, "invalid": 1}
    assert ended.report["without_values"] == 2
    assert "Rows with nothing to send but their key: 2 of 4." in caplog.text


def test_no_row_at_all(hubspot: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    """An empty source has nothing to be told of."""
    for source in (list, iter):
        ended = run(records=source([]), mapping={"frist_name": "firstname"})
        assert str(ended.error) == "HC-030: The source has no records."
    assert "no row has a column" not in caplog.text


@pytest.mark.parametrize(
    ("modes", "says"),
    [
        ({"phnoe": "fill_empty"}, "phnoe, a property that the portal does not have (the nearest is phone)"),
        ({"email": "fill_empty"}, "email, which no column is sent as"),
        ({"at": "fill_empty"}, "at, which no column is sent as"),
        ({"hs_object_id": "fill_empty"}, "hs_object_id, which no column is sent as"),
    ],
    ids=str,
)
def test_modes_of_rows_without_a_mapping(hubspot: Sandbox, modes: Mapping[str, str], says: str) -> None:
    """What people typed would be overwritten: it is told before the first write."""
    rows = [{"email": "ada@example.com", "id": "1", "phone": "+44", "at": 5}]
    key = Key("id", "hs_object_id") if "hs_object_id" in modes else "email"
    ended = run(records=rows, key=key, watermark="at", writes=Writes(properties=modes))

    assert isinstance(ended.error, HubSpotSyncFailed)
    assert f"writes.properties names {says}" in str(ended.error)
    assert ended.outcomes == {"not_attempted": 1}


def test_of_a_query(hubspot: Sandbox) -> None:
    """Without a mapping the query's columns are what is sent."""
    sql = "SELECT 'ada@example.com' AS email, 'Augusta' AS firstname"
    for fields, says in (
        ({"properties": {"first_name": "fill_empty"}}, "writes.properties names first_name"),
        ({"create_properties": {"shoe": {}}}, "writes.create_properties names shoe"),
        ({"stages": "reset"}, "writes.stages='reset' is about lifecyclestage"),
    ):
        ended = run(sql=sql, sql_conn_id="warehouse", writes=fields)

        assert f"{says}, which no column is sent as" in str(ended.error)
        assert ended.outcomes == {"not_attempted": 1}


def test_a_schema_of_columns(hubspot: Sandbox) -> None:
    """A JSON Schema sees properties: one that names a column would check nothing."""
    schema = {"properties": {"town": {"maxLength": 3}, "phone": {}, "email": {}, "country": {}}}
    ended = run(records=[{**ADA, "phone": "+44"}], mapping=TOWN | {"phone": "phone"}, json_schema=schema)

    assert "the schema names the column town, but it sees the property city" in str(ended.error)
    assert "country" not in str(ended.error)
    assert "phone" not in str(ended.error)
    assert ended.outcomes == {"not_attempted": 1}


@SOURCES
def test_rows_that_a_ledger_cannot_choose(hubspot: Sandbox, source: Source, tmp_path: Path) -> None:
    """Rows without the key's column would all be left out, and the task skipped."""
    rows = [{"mail": "nobody@example.com", "city": "Rome"}]
    run(records=rows, key="mail", ledger=str(tmp_path))

    ended = run(records=FromLedger(str(tmp_path), among=source(rows)))
    assert isinstance(ended.error, HubSpotSyncFailed)
    assert "no row has a column email (the nearest is mail), the key by which the ledger chooses;" in str(
        ended.error
    )
    assert run(records=FromLedger(str(tmp_path), among=source(rows)), key="mail").outcomes == {"not_found": 1}


def test_modes_of_values_that_a_ledger_has_kept(hubspot: Sandbox, tmp_path: Path) -> None:
    """They have the names of properties: the key's column is none of them."""
    ledger = str(tmp_path)
    run(
        records=[{"email": "late@example.com", "city": "Rome"}], key=Key("email"), ledger=Ledger(ledger, True)
    )
    late = hubspot.portal.create({"email": "late@example.com"})
    row = {"email": late.id, "phone": "+39"}
    run(
        records=[row],
        key=Key("email", "hs_object_id"),
        ledger=Ledger(ledger, True),
        status_actions={404: "skip"},
    )
    sent_again: dict[str, Any] = {
        "records": FromLedger(ledger, ["updated"]),
        "key": Key("email", "hs_object_id"),
    }
    hubspot.portal.contact("late@example.com").properties["phone"] = ""  # type: ignore[union-attr]
    ended = run(**sent_again, writes=Writes(properties={"email": "fill_empty", "phone": "fill_empty"}))

    assert ended.outcomes == {"updated": 1}


def test_records_that_are_not_in_the_source_any_more(
    hubspot: Sandbox, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """What was to be sent again, and is not among the rows, is counted in the log."""
    rows = [{"email": f"nobody{n}@example.com", "city": "Rome"} for n in range(3)]
    run(records=[*rows, {"email": "ada@example.com", "city": "London"}], ledger=str(tmp_path))
    with caplog.at_level(logging.WARNING):
        ended = run(records=FromLedger(str(tmp_path), among=rows[:1]))

    assert ended.outcomes == {"not_found": 1}
    assert "2 of 3 records to send again are not among the rows." in caplog.text


@pytest.mark.parametrize("by", ["email", "hs_object_id"])
def test_a_plan_keeps_what_its_settings_mean(hubspot: Sandbox, tmp_path: Path, by: str) -> None:
    """Modes of the key, or of a property that is one elsewhere, are no mistake when the plan is applied."""
    ada = hubspot.portal.contact("ada@example.com")
    assert ada is not None
    row = {"id": ada.id, "email": "ada@lovelace.example", "city": "London"}
    if by == "email":
        row = {"old": "ada@example.com", "new": row["email"], "city": "London"}
    key = Key("old", becomes="new") if by == "email" else Key("id", by)
    modes = {"email": "overwrite", "city": "fill_empty"}
    make: dict[str, Any] = {"operator": HubSpotPlanContactsOperator, "plan": str(tmp_path)}
    made = run(records=[row], key=key, writes=Writes(properties=modes), **make)

    assert made.report["plan"]["changes"] == 1
    assert run(operator=HubSpotApplyPlanOperator, plan=str(tmp_path)).outcomes == {"updated": 1}
    assert stored(hubspot, "ada@lovelace.example", "city") == "London"
