# SPDX-License-Identifier: Apache-2.0
"""Runs whose source writes texts in its own way, against the sandbox: what HubSpot has in the end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_hubcontact.job.errors import PortalNotReady, PreflightError
from airflow_provider_hubcontact.job.settings.guards import Guards
from airflow_provider_hubcontact.job.settings.key import Key
from airflow_provider_hubcontact.job.settings.ledger import Ledger
from airflow_provider_hubcontact.job.settings.replay import Replay
from airflow_provider_hubcontact.job.settings.source import Source
from airflow_provider_hubcontact.job.settings.state import State
from airflow_provider_hubcontact.job.settings.values import Values
from airflow_provider_hubcontact.job.settings.writes import Writes
from airflow_provider_hubcontact.sandbox import Sandbox
from airflow_provider_hubcontact.sandbox.crm.properties.definitions import Definition, Option
from airflow_provider_hubcontact.sync.rows.texts.options import LABELS
from airflow_provider_hubcontact.sync.rows.texts.reading import NULL_TEXT
from tests.job.around import FROM_SQL, Around, apply, plan, run

ADA = "ada@example.com"
PROPERTIES = [
    Definition(
        "tier",
        "Tier",
        "enumeration",
        "select",
        options=(
            Option("Gold", "g1", 0),
            Option("Silver", "s1", 1),
            Option("Twin", "x", 2),
            Option("Twin", "y", 3),
        ),
    ),
    Definition(
        "hobbies",
        "Hobbies",
        "enumeration",
        "checkbox",
        options=(Option("Golf", "golf", 0), Option("Fine wine", "wine", 1), Option("Chess", "chess", 2)),
    ),
    Definition("points", "Points", "number", "number"),
    Definition("born", "Born", "date", "date"),
    Definition("seen", "Seen", "datetime", "date"),
    Definition(
        "vip",
        "VIP",
        "enumeration",
        "booleancheckbox",
        options=(Option("Yes", "true", 0), Option("No", "false", 1)),
    ),
]
EVERYTHING = Values(
    null_texts=["NULL", "N/A"],
    labels=True,
    decimal=",",
    dates=["%d.%m.%Y", "%d.%m.%Y %H:%M"],
    booleans={"ja": True, "nein": False},
    json_lists=True,
)
ROW = {
    "email": ADA,
    "firstname": "1,5 NULL",
    "city": "N/A",
    "tier": "gold",
    "hobbies": '["Golf","Fine wine"]',
    "points": "1.234,56",
    "born": "01.02.2000",
    "seen": "03.04.2026 12:30",
    "vip": "Ja",
}
HAS = {
    "firstname": "1,5 NULL",
    "city": "Rome",
    "tier": "g1",
    "hobbies": "golf;wine",
    "points": "1234.56",
    "born": "2000-02-01",
    "seen": "2026-04-03T12:30:00Z",
    "vip": "true",
}


@pytest.fixture
def hubspot() -> Iterator[Sandbox]:
    with Sandbox([{"email": ADA, "city": "Rome"}], properties=PROPERTIES) as sandbox:
        yield sandbox


def has(hubspot: Sandbox, *names: str) -> dict[str, str | None]:
    contact = hubspot.portal.contact(ADA)
    assert contact is not None
    return {name: contact.properties.get(name) for name in names or HAS}


@pytest.mark.parametrize("source", [Source(), FROM_SQL], ids=["records", "query"])
@pytest.mark.parametrize("version", ["2026-09", "v3", "v1"])
def test_everything(hubspot: Sandbox, source: Source, version: str) -> None:
    """Each text is read as its property's type says, in each version of the API; then nothing changes."""
    around = Around(hubspot, [ROW], api_version=version)

    ended = run(around, source=source, values=EVERYTHING)
    again = run(around, source=source, values=EVERYTHING)

    assert (ended.outcomes, ended.error) == ({"updated": 1}, None)
    assert has(hubspot) == HAS
    assert again.outcomes == ({"updated": 1} if version == "v1" else {"unchanged": 1})
    counts = ended.report["coercions"]["counts"]
    assert (counts[NULL_TEXT], counts[LABELS]) == (1, 2)
    assert sum(counts.values()) == 7
    sampled = {each["property"]: (each["from"], each["to"]) for each in ended.report["coercions"]["sample"]}
    assert sampled["points"] == ("1.234,56", "1234.56")
    assert sampled["city"] == ("N/A", "")


def test_without_values(hubspot: Sandbox) -> None:
    """As ever: the texts are checked, and nothing is guessed."""
    ended = run(Around(hubspot, [ROW]))

    assert ended.outcomes == {"invalid": 1}
    assert has(hubspot, "firstname", "points") == {"firstname": None, "points": None}


def test_what_is_wrong_is_told_of_each_value(hubspot: Sandbox) -> None:
    """With the property, what was given and what was expected."""
    rows = [
        {"email": ADA, "tier": "Twin"},
        {"email": ADA, "points": "1.5"},
        {"email": ADA, "born": "2000-02-01"},
        {"email": "N/A", "tier": "Gold"},
    ]

    ended = run(Around(hubspot, rows), values=EVERYTHING)

    assert ended.outcomes == {"invalid": 4}
    for part in (
        "tier: `Twin` is the label of several options, such as `x` and `y`",
        "points: `1.5` is not a number with a decimal comma",
        "born: `2000-02-01` is not a date in the format %d.%m.%Y or %d.%m.%Y %H:%M",
        "the key is empty",
    ):
        assert part in ended.reasons


def test_texts_that_mean_no_value_clear_properties(hubspot: Sandbox) -> None:
    """With ``nulls="clear"``, as None does."""
    ended = run(
        Around(hubspot, [{"email": ADA, "city": "NULL"}]),
        values=Values(null_texts=["NULL"]),
        writes=Writes(nulls="clear"),
    )

    assert ended.outcomes == {"updated": 1}
    assert has(hubspot, "city") == {"city": ""}


def test_write_modes(hubspot: Sandbox) -> None:
    """What a label means is appended, and what a text means fills an empty value only."""
    around = Around(hubspot, [{"email": ADA, "hobbies": "Golf", "points": "1,5"}])
    writes = Writes(properties={"hobbies": "append", "points": "fill_empty"})

    first = run(around, values=EVERYTHING, writes=writes)
    around.given = [{"email": ADA, "hobbies": ["Chess"], "points": "7,0"}]
    second = run(around, values=EVERYTHING, writes=writes)

    assert first.outcomes == second.outcomes == {"updated": 1}
    assert has(hubspot, "hobbies", "points") == {"hobbies": "golf;chess", "points": "1.5"}


def test_a_lifecycle_stage_by_its_label(hubspot: Sandbox) -> None:
    """It is the stage that is meant, and cannot go back any more than by its value."""
    around = Around(hubspot, [{"email": ADA, "lifecyclestage": "Customer"}])

    first = run(around, values=Values(labels=True))
    around.given = [{"email": ADA, "lifecyclestage": "Lead"}]
    second = run(around, values=Values(labels=True))

    assert (first.outcomes, second.outcomes) == ({"updated": 1}, {"invalid": 1})
    assert has(hubspot, "lifecyclestage") == {"lifecyclestage": "customer"}


@pytest.mark.parametrize(
    ("schema", "outcomes"),
    [
        ({"properties": {"points": {"pattern": "^[0-9.]+,[0-9]+$"}}, "required": ["points"]}, {"updated": 1}),
        ({"properties": {"points": {"type": "number"}}}, {"invalid": 1}),
        ({"properties": {"city": {"type": "null"}}}, {"updated": 1}),
        ({"required": ["city"]}, {"invalid": 1}),
    ],
)
def test_a_json_schema(hubspot: Sandbox, schema: dict[str, Any], outcomes: dict[str, int]) -> None:
    """It sees the texts of the source, and no value where a text means none."""
    ended = run(Around(hubspot, [ROW]), values=EVERYTHING, json_schema=schema)

    assert ended.outcomes == outcomes


@pytest.mark.parametrize("values", [Values(labels=True), Values(decimal=","), Values(dates="%d.%m.%Y")])
@pytest.mark.parametrize("status", [403, 503])
def test_properties_that_cannot_be_read(hubspot: Sandbox, values: Values, status: int) -> None:
    """Nothing is sent as it is: the run fails, or is tried again if the definitions may be there later."""
    hubspot.use_faults({"rules": [{"kind": "status", "status": status, "on": "GET */crm/properties/*"}]})

    ended = run(Around(hubspot, [ROW]), values=values)

    name = values.need_properties
    assert isinstance(ended.error, PreflightError if status == 403 else PortalNotReady)
    assert not isinstance(ended.error, PortalNotReady) or ended.error.may_pass
    assert f"values.{name} needs the" in ended.says
    assert ended.outcomes == {"not_attempted": 1}
    assert has(hubspot, "points", "tier") == {"points": None, "tier": None}


def test_texts_that_mean_no_value_need_no_properties(hubspot: Sandbox) -> None:
    """They mean so whatever the property is."""
    hubspot.use_faults({"rules": [{"kind": "status", "status": 403, "on": "GET */crm/properties/*"}]})

    ended = run(
        Around(hubspot, [{"email": ADA, "city": "NULL", "firstname": "Ada"}]),
        values=Values(null_texts=["NULL"]),
    )

    assert ended.outcomes == {"updated": 1}
    assert has(hubspot, "city", "firstname") == {"city": "Rome", "firstname": "Ada"}


def test_properties_that_are_created(hubspot: Sandbox) -> None:
    """Their first values are read in the same run, and tell the type of a column."""
    rows = [
        {"email": ADA, "size": "NULL", "level": "High", "rate": "NULL"},
        {"email": ADA, "size": "1,5", "level": "High", "rate": 2},
    ]
    created: dict[str, Any] = {
        "size": {"type": "number"},
        "level": {"type": "enumeration", "options": [{"label": "High", "value": "h"}]},
    }

    ended = run(
        Around(hubspot, rows),
        values=EVERYTHING,
        writes=Writes(create_properties=created | {"rate": {"type": "number"}}),
    )

    assert ended.outcomes == {"superseded": 1, "updated": 1}
    assert has(hubspot, "size", "level", "rate") == {"size": "1.5", "level": "h", "rate": "2"}


def test_the_type_of_a_created_property(hubspot: Sandbox) -> None:
    """It is that of the first value, which a text that means none is not."""
    rows = [{"email": ADA, "rate": "NULL"}, {"email": ADA, "rate": 2}]

    ended = run(
        Around(hubspot, rows), values=Values(null_texts=["NULL"]), writes=Writes(create_properties=True)
    )

    assert ended.outcomes == {"unchanged": 1, "updated": 1}
    assert hubspot.portal.definitions["rate"].type == "number"


@pytest.mark.parametrize(
    "fault",
    [{"kind": "status", "status": 503, "on": "GET */crm/properties/*"}, {"kind": "html", "on": "GET *"}],
)
def test_rows_that_are_not_attempted_have_their_keys(hubspot: Sandbox, fault: dict[str, Any]) -> None:
    """As the run would have found them, so that they can be sent again: by their ledger."""
    hubspot.use_faults({"rules": [fault]})
    around = Around(hubspot, [{"EMAIL": " Ada@Example.com", "points": "1,5"}, {"EMAIL": "N/A"}])

    first = run(around, values=EVERYTHING, ledger=Ledger("l"))
    hubspot.use_faults({"rules": []})
    again = run(around, values=EVERYTHING, source=Source(replay=Replay("l")))

    assert first.outcomes == {"not_attempted": 2}
    assert [line["key"] for line in around.books.lines] == [ADA, ""]
    assert again.outcomes == {"updated": 1}
    assert has(hubspot, "points") == {"points": "1.5"}


class TestPlan:
    """A plan has the values as they are written, so that no one reads them a second time."""

    def test_it_is_applied(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """1.234 was a thousand, and stays so."""
        row = {**ROW, "points": "1.234"}
        made = plan(Around(hubspot, [row]), tmp_path / "plan", values=EVERYTHING, guards=Guards(changes=5))
        assert made.report["plan"]["changes"] == 1

        ended = apply(Around(hubspot), tmp_path / "plan")

        assert ended.outcomes == {"updated": 1}
        assert has(hubspot) == {**HAS, "points": "1234"}


class TestLedger:
    """A ledger keeps the values of the source, which are read again when they are sent again."""

    def test_values_are_sent_again(self, hubspot: Sandbox) -> None:
        """With the same settings they mean the same."""
        hubspot.use_faults({"rules": [{"kind": "status", "status": 500, "on": "*/batch/update"}]})
        around = Around(hubspot, [ROW])
        first = run(around, values=EVERYTHING, ledger=Ledger("l", values=True))
        assert first.outcomes == {"unavailable": 1}
        hubspot.use_faults({"rules": []})

        again = run(around, values=EVERYTHING, source=Source(has_records=False, replay=Replay("l")))

        assert again.outcomes == {"updated": 1}
        assert has(hubspot) == HAS

    def test_what_a_ledger_has_made_text(self) -> None:
        """A date is text in a ledger, and a key has its normal form: neither is read a second time."""
        member = Definition("member", "Member", "number", "number", unique=True)
        with Sandbox([{"email": ADA, "member": "1.234"}], properties=[*PROPERTIES, member]) as hubspot:
            hubspot.use_faults({"rules": [{"kind": "status", "status": 500, "on": "*/batch/update"}]})
            around = Around(hubspot, [{"no": "1,234", "born": date(2000, 2, 1), "seen": "01.02.2026"}])
            asked: dict[str, Any] = {"key": Key("no", "member"), "values": EVERYTHING}
            first = run(around, ledger=Ledger("l", values=True), **asked)
            assert first.outcomes == {"unavailable": 1}
            hubspot.use_faults({"rules": []})

            again = run(around, source=Source(has_records=False, replay=Replay("l")), **asked)

            assert again.outcomes == {"updated": 1}, again.reasons
            assert has(hubspot, "born") == {"born": "2000-02-01"}

    def test_keys_that_mean_none_choose_nothing(self, hubspot: Sandbox) -> None:
        """A row is chosen by its key as it is read."""
        around = Around(hubspot, [{"email": "N/A", "firstname": "A"}])
        run(around, values=EVERYTHING, ledger=Ledger("l"))

        again = run(around, values=EVERYTHING, source=Source(replay=Replay("l")))

        assert again.outcomes == {}


class TestState:
    """A state has digests of the texts that are written."""

    @pytest.fixture
    def around(self, hubspot: Sandbox, tmp_path: Path) -> Around:
        made = Around(hubspot, [ROW])
        made.state_file = tmp_path / "state.db"
        return made

    def sent(self, around: Around, values: Values, **row: object) -> dict[str, int]:
        around.given = [{**ROW, **row}]
        ended = run(around, values=values, state=State("sql://db/hub", audit=None))
        assert ended.error is None
        return ended.outcomes

    def test_equal_rows(self, around: Around) -> None:
        """A row that means the same is up to date, however it is written."""
        assert self.sent(around, EVERYTHING) == {"updated": 1}
        assert self.sent(around, EVERYTHING) == {"up_to_date": 1}
        assert self.sent(around, EVERYTHING, points="1234,56", tier="g1", hobbies=["golf", "wine"]) == {
            "up_to_date": 1
        }
        assert self.sent(around, EVERYTHING, points="1234,57") == {"updated": 1}

    def test_other_settings(self, hubspot: Sandbox, around: Around) -> None:
        """The same text may mean something else: it is looked up, and written if it does."""
        row = {"points": "1,234", "seen": None, "born": None, "tier": None, "hobbies": None, "vip": None}
        english = Values(decimal=".", null_texts=["N/A"])
        assert self.sent(around, EVERYTHING, **row) == {"updated": 1}
        assert has(hubspot, "points") == {"points": "1.234"}

        assert self.sent(around, english, **row) == {"updated": 1}
        assert has(hubspot, "points") == {"points": "1234"}
        assert self.sent(around, english, **row) == {"up_to_date": 1}

    def test_settings_that_are_gone(self, around: Around) -> None:
        """The report says that the rows were looked up, and why."""
        around.given = [{"email": ADA, "firstname": "Ada"}]
        state = State("sql://db/hub", audit=None)
        run(around, values=EVERYTHING, state=state)

        ended = run(around, state=state)

        assert ended.outcomes == {"unchanged": 1}
        assert ended.report["state"]["read_anew"] == "changed since the last completed run: values"


def test_keys_that_are_numbers() -> None:
    """A contact is found by the number that its text means."""
    member = Definition("member", "Member", "number", "number", unique=True)
    with Sandbox([{"email": ADA, "member": "1234"}], properties=[member]) as hubspot:
        ended = run(
            Around(hubspot, [{"no": "1.234", "city": "Rome"}]),
            key=Key("no", "member"),
            values=Values(decimal=","),
        )

        assert ended.outcomes == {"updated": 1}
        assert has(hubspot, "city") == {"city": "Rome"}
