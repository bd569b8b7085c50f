# SPDX-License-Identifier: Apache-2.0
"""Plans: made, read, applied, refused; and guards."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from airflow.providers.common.compat.sdk import DAG, AirflowSkipException

from airflow_provider_hubcontact.assets import contacts_asset
from airflow_provider_hubcontact.operators.errors import HubSpotSyncFailed, HubSpotSyncIncomplete
from airflow_provider_hubcontact.operators.options import Guards, Key, Ledger, Writes
from airflow_provider_hubcontact.operators.plans import HubSpotApplyPlanOperator, HubSpotPlanContactsOperator
from airflow_provider_hubcontact.operators.stores.ledger_files import all_lines
from airflow_provider_hubcontact.sandbox import Definition, Sandbox
from tests.airflow.running import Run, TaskInstance, connect, run, stored

CONTEXT: Any = {"ti": TaskInstance()}
CONTACTS = [
    {"email": "ada@example.com", "firstname": "Ada", "lifecyclestage": "customer"},
    {"email": "grace@example.com", "firstname": "Grace"},
    {"email": "alan@example.com", "firstname": "Alan"},
]
RECORDS: list[dict[str, Any]] = [
    {"email": "ada@example.com", "firstname": "Augusta", "lifecyclestage": "lead", "n": 1},
    {"email": "grace@example.com", "firstname": "Grace B."},
    {"email": "alan@example.com", "firstname": "Alan"},
    {"email": "new@example.com", "firstname": "New"},
    {"email": "bad@example.com", "hs_lead_status": "no such option"},
]
SETTINGS: dict[str, Any] = {
    "mapping": {
        "firstname": "firstname",
        "lifecyclestage": "lifecyclestage",
        "hs_lead_status": "hs_lead_status",
    },
    "upsert": True,
    "writes": Writes(stages="reset"),
}


@pytest.fixture
def hubspot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(contacts=CONTACTS) as sandbox:
        connect(monkeypatch, sandbox.url, sandbox.token)
        yield sandbox


def make(folder: Path, records: list[dict[str, Any]], **settings: Any) -> Run:
    return run(operator=HubSpotPlanContactsOperator, plan=str(folder), records=records, **settings)


def apply(folder: Path, **settings: Any) -> Run:
    return run(operator=HubSpotApplyPlanOperator, plan=str(folder), **settings)


@pytest.fixture
def plan(hubspot: Sandbox, tmp_path: Path) -> Path:
    made = make(tmp_path, RECORDS, **SETTINGS)
    assert made.outcomes == {"unchanged": 1, "invalid": 1, "not_attempted": 3}
    return tmp_path


def writes(hubspot: Sandbox) -> list[str]:
    return [each.path for each in hubspot.requests if each.path.endswith(("/update", "/create"))]


def test_what_a_plan_says(hubspot: Sandbox, plan: Path) -> None:
    """Totals, and a line for each record with its old and new values; nothing is written."""
    totals = json.loads((plan / "plan.json").read_text(encoding="utf-8"))
    lines = [
        json.loads(line)
        for part in plan.glob("part-*.jsonl")
        for line in part.read_text("utf-8").splitlines()
    ]

    assert totals.pop("made").startswith("20")
    assert totals.pop("format") == 3
    assert [(part["name"], part["lines"]) for part in totals.pop("parts")] == [("part-000001.jsonl", 5)]
    assert len(totals.pop("sha256")) == 64
    settings = totals.pop("settings")
    assert totals == {
        "rows": 5,
        "changes": 2,
        "creates": 1,
        "removals": 0,
        "others": {"invalid": 1, "unchanged": 1},
        "properties": {},
        "stage_moves": {"customer → lead": 1},
        "calls": 4,
        "minutes": 0.0,
    }
    assert settings == {
        "portal": hubspot.portal.account.portal_id,
        "api_version": "2026-09",
        "undo": False,
        "key": "email",
        "upsert": True,
        "stages": "reset",
        "properties": {},
        "guards": {"changes": None, "creates": None, "removals": 0.1},
        "status_actions": {},
        "max_failures": 0,
        "ledger": None,
        "state": None,
        "verify": False,
    }
    by_row = {line["row"]: line for line in lines}
    assert by_row[1]["changes"] == {"firstname": ["Ada", "Augusta"], "lifecyclestage": ["customer", "lead"]}
    assert (by_row[4]["write"], by_row[4]["key"]) == ("create", "new@example.com")
    assert by_row[5]["outcome"] == "invalid"
    assert writes(hubspot) == []


def test_a_plan_is_applied(hubspot: Sandbox, plan: Path) -> None:
    """Just what it has is written, and a second time nothing is left to do."""
    first, second = apply(plan), apply(plan)

    assert first.error is None
    assert first.outcomes == {"updated": 2, "created": 1}
    assert stored(hubspot, "ada@example.com", "lifecyclestage") == "lead"
    assert stored(hubspot, "new@example.com", "firstname") == "New"
    assert second.outcomes == {"unchanged": 3}


@pytest.mark.parametrize("api", ["2026-09", "v1"])
def test_what_has_changed_since_is_refused(hubspot: Sandbox, tmp_path: Path, api: str) -> None:
    """A contact with other values is a conflict that names them; the others are written."""
    make(tmp_path, RECORDS, api_version=api, **SETTINGS)
    ada = hubspot.portal.contact("ada@example.com")
    assert ada is not None
    ada.properties["firstname"] = "Countess"
    hubspot.portal.create({"email": "new@example.com", "firstname": "Somebody else"})

    ended = apply(tmp_path, api_version=api)

    assert ended.outcomes == {"updated": 1, "conflict": 2}
    assert "firstname is 'Countess' now, it was 'Ada'" in ended.reasons
    assert {each["category"] for each in ended.report["problems"]} == {"PLAN_OUTDATED"}
    assert stored(hubspot, "ada@example.com", "firstname") == "Countess"
    assert stored(hubspot, "new@example.com", "firstname") == "Somebody else"


def test_missing_properties_are_created_when_it_is_applied(hubspot: Sandbox, tmp_path: Path) -> None:
    """With the types that the source's values had."""
    records = [{"email": "ada@example.com", "loyalty_points": 7}]
    made = make(tmp_path, records, writes=Writes(create_properties=True))
    before = "loyalty_points" in hubspot.portal.definitions
    ended = apply(tmp_path)

    assert not before
    assert made.report["plan"]["calls"] == 3  # one of them creates the property
    assert ended.outcomes == {"updated": 1}
    assert ended.report["properties_created"] == ["loyalty_points"]
    assert hubspot.portal.definitions["loyalty_points"].type == "number"


def test_what_is_gone_is_not_created(hubspot: Sandbox, plan: Path) -> None:
    """An update that was planned is no creation, though the plan may create contacts."""
    grace = hubspot.portal.contact("grace@example.com")
    assert grace is not None
    hubspot.portal.archive(grace)

    assert apply(plan).outcomes == {"updated": 1, "created": 1, "not_found": 1}


def test_half_a_plan(hubspot: Sandbox, plan: Path) -> None:
    """Without its manifest it is not a plan."""
    (plan / "plan.json").unlink()

    ended = apply(plan)

    assert isinstance(ended.error, HubSpotSyncFailed)
    assert "there is no complete plan at" in str(ended.error)


def test_a_new_plan_replaces_the_old(hubspot: Sandbox, plan: Path) -> None:
    """Nothing of it is left."""
    make(plan, RECORDS[1:2], **SETTINGS)

    assert apply(plan).outcomes == {"updated": 1}


class TestGuards:
    @pytest.mark.parametrize(
        "guards",
        [
            {"guards": Guards(changes=1)},
            {"guards": Guards(changes=0.3)},
            {"guards": Guards(creates=0)},
            {"guards": Guards(changes=9, creates=0.1)},
        ],
    )
    def test_too_much(self, hubspot: Sandbox, guards: dict[str, Any]) -> None:
        """Nothing is written, and every row has its outcome."""
        ended = run(records=RECORDS, **SETTINGS, **guards)

        assert isinstance(ended.error, HubSpotSyncFailed)
        assert "nothing was written" in str(ended.error)
        assert ended.outcomes == {"unchanged": 1, "invalid": 1, "not_attempted": 3}
        assert writes(hubspot) == []

    def test_not_too_much(self, hubspot: Sandbox) -> None:
        """The run goes on, and each row is counted once."""
        ended = run(records=RECORDS, guards=Guards(changes=0.4, creates=1), **SETTINGS)

        assert ended.outcomes == {"updated": 2, "created": 1, "unchanged": 1, "invalid": 1}
        assert ended.report["plan"]["changes"] == 2
        assert stored(hubspot, "grace@example.com", "firstname") == "Grace B."

    @pytest.mark.parametrize("guards", [Guards(changes=1), Guards(changes=0.3), Guards(creates=0)], ids=repr)
    def test_a_plan_that_is_too_much(self, hubspot: Sandbox, tmp_path: Path, guards: Guards) -> None:
        """It is made, so that people see it, and is not applied."""
        made = make(tmp_path, RECORDS, guards=guards, **SETTINGS)

        ended = apply(tmp_path)

        assert made.report["plan"]["changes"] == 2
        assert "nothing was written" in str(ended.error)

        assert isinstance(ended.error, HubSpotSyncFailed)
        assert writes(hubspot) == []
        assert ended.outcomes == {"not_attempted": 3}

    @pytest.mark.parametrize(
        ("most", "outcomes"),
        [
            (9, {"updated": 2, "created": 1, "unchanged": 1, "invalid": 1}),
            (0, {"unchanged": 1, "invalid": 1, "not_attempted": 3}),
        ],
        ids=["allowed", "refused"],
    )
    def test_the_ledger_has_every_row(
        self, hubspot: Sandbox, tmp_path: Path, most: int, outcomes: dict[str, int]
    ) -> None:
        """Those whose outcome stood before anything was written, too."""
        ended = run(records=RECORDS, guards=Guards(changes=most), ledger=str(tmp_path), **SETTINGS)
        lines = list(all_lines(str(tmp_path)))

        assert ended.outcomes == outcomes
        assert Counter(line["outcome"] for line in lines) == outcomes
        assert sorted(line["row"] for line in lines) == [1, 2, 3, 4, 5]
        assert all(line["digest"] for line in lines)

    def test_a_retry_goes_on_with_what_has_not_ended(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """The ledger knows the source's records, though their plan was carried out."""
        guarded: dict[str, Any] = {
            "guards": Guards(changes=9),
            "ledger": str(tmp_path),
            "retries": 1,
            **SETTINGS,
        }
        hubspot.use_faults({"rules": [{"kind": "status", "status": 400, "on": "*/batch/create"}]})
        first = run(records=RECORDS, status_actions={400: "retry"}, **guarded)
        hubspot.use_faults({"rules": []})
        second = run(records=RECORDS, try_number=2, status_actions={400: "retry"}, **guarded)

        assert first.outcomes == {"updated": 2, "rejected": 1, "unchanged": 1, "invalid": 1}
        assert second.outcomes == {"updated": 2, "created": 1, "unchanged": 1, "invalid": 1}
        assert second.report["from_earlier_tries"] == 4

    def test_a_rehearsal_that_stops(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """What it would have written has an outcome, too."""
        hubspot.use_faults({"rules": [{"kind": "status", "status": 401, "on": "*/batch/read", "after": 1}]})
        records = [{"email": f"c{n}@example.com", "firstname": "New"} for n in range(250)]

        ended = run(records=records, upsert=True, guards=Guards(changes=9), ledger=str(tmp_path))

        assert set(ended.outcomes) == {"not_attempted", "unauthorized"}
        assert ended.report["rows"] >= 200
        assert len(list(all_lines(str(tmp_path)))) == ended.report["rows"]
        assert "the run stopped before it wrote" in ended.reasons
        assert writes(hubspot) == []

    def test_the_last_row_of_a_key_wins(self, hubspot: Sandbox) -> None:
        """However far it is from the first."""
        others = [{"email": f"nobody{n}@example.com"} for n in range(8_100)]
        ada = [{"email": "ada@example.com", "firstname": name} for name in ("First", "Last")]

        ended = run(records=[ada[0], *others, ada[1]], guards=Guards(changes=9), status_actions={404: "skip"})

        assert ended.outcomes == {"updated": 2, "not_found": 8_100}  # too far apart to be folded
        assert stored(hubspot, "ada@example.com", "firstname") == "Last"

    def test_a_source_that_breaks_off(self, hubspot: Sandbox) -> None:
        """Its error is told, and what was read has an outcome."""

        def source() -> Iterator[dict[str, str]]:
            yield from RECORDS[1:4]
            raise ConnectionError("the cursor is gone")

        ended = run(records=source(), guards=Guards(changes=9), **SETTINGS)

        assert isinstance(ended.error, ConnectionError)
        assert ended.outcomes == {"unchanged": 1, "not_attempted": 2}
        assert writes(hubspot) == []

    @pytest.mark.parametrize(("most", "created"), [(0, False), (9, True)])
    def test_missing_properties(self, hubspot: Sandbox, most: int, created: bool) -> None:
        """They are created only if the guard lets the run go on."""
        records = [{"email": "ada@example.com", "loyalty_points": 7}]

        ended = run(records=records, guards=Guards(changes=most), writes=Writes(create_properties=True))

        assert ("loyalty_points" in hubspot.portal.definitions) is created
        assert ended.outcomes == ({"updated": 1} if created else {"not_attempted": 1})

    @pytest.mark.parametrize("most", [-1, 1.5, True, "2"])
    def test_guards_that_cannot_be(self, most: object) -> None:
        """A guard is a count, or a share below 1."""
        with pytest.raises(ValueError, match=r"guards\.changes must be a count or a share below 1"):
            run(records=[], guards=Guards(changes=most))  # type: ignore[arg-type]


class TestAtParse:
    @pytest.mark.parametrize("plan", ["", " ", None, "None", 5])
    @pytest.mark.parametrize("kind", [HubSpotPlanContactsOperator, HubSpotApplyPlanOperator])
    def test_a_plan_is_in_a_folder(self, kind: Any, plan: object) -> None:
        """Where a DAG is parsed, and once a template is rendered; else it would be in the worker's own."""
        settings: dict[str, Any] = {"records": []} if kind is HubSpotPlanContactsOperator else {}
        task = kind(task_id="x", plan="{{ params.plan }}", **settings)
        task.plan = plan

        with pytest.raises(ValueError, match="plan must be a folder, not"):
            kind(task_id="x", plan=plan, **settings)
        with pytest.raises(HubSpotSyncFailed, match="plan must be a folder, not"):
            task.execute(CONTEXT)

    def test_a_path_is_one(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """As Python has it."""
        made = run(operator=HubSpotPlanContactsOperator, plan=tmp_path, records=RECORDS[1:2])

        assert made.error is None
        assert run(operator=HubSpotApplyPlanOperator, plan=tmp_path).outcomes == {"updated": 1}

    def test_a_plan_moves_no_watermark(self) -> None:
        """So it has no effect, since no other task has this one's."""
        with pytest.raises(ValueError, match="watermark has no effect with a plan"):
            HubSpotPlanContactsOperator(task_id="x", plan="folder", records=[], watermark="updated_at")

    def test_a_plan_writes_nothing(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """Whatever the DAG's ``default_args`` say of it; a keyword of its own is told."""
        with pytest.raises(TypeError, match="has no dry_run: a plan writes no contact"):
            HubSpotPlanContactsOperator(task_id="x", plan="folder", records=[], dry_run=True)
        defaults = {"default_args": {"dry_run": True}, "guards": Guards(changes=9), "verify": True}
        made = make(tmp_path, RECORDS[1:2], **defaults)

        assert made.error is None
        assert made.report["dry_run"] is True
        assert apply(tmp_path).outcomes == {"updated": 1}

    def test_the_asset(self) -> None:
        """A plan changes no contact, and applying it does."""
        asset = contacts_asset("hubspot_default")

        assert HubSpotPlanContactsOperator(task_id="x", plan="folder", records=[]).outlets == []
        assert HubSpotApplyPlanOperator(task_id="x", plan="folder").outlets == [asset]


class TestKeptSettings:
    """A plan is applied as it was made: the task that applies it has no settings of its own."""

    def test_all_of_them(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """Creations, a stage that goes back, modes, the ledger with values, verification, the policy."""
        grace = hubspot.portal.contact("grace@example.com")
        assert grace is not None
        grace.properties["hs_buying_role"] = "CHAMPION"
        folder, ledger = tmp_path / "plan", tmp_path / "ledger"
        made = make(
            folder,
            [
                {"mail": "ada@example.com", "firstname": "Augusta", "lifecyclestage": "lead"},
                {"mail": "grace@example.com", "firstname": "G.", "hs_buying_role": "END_USER"},
                {"mail": "new@example.com", "firstname": "New"},
                {"mail": "taken@example.com", "firstname": "Taken"},
            ],
            key="mail",
            upsert=True,
            writes=Writes(stages="reset", properties={"firstname": "fill_empty", "hs_buying_role": "append"}),
            guards=Guards(changes=5, creates=0.5),
            status_actions={"conflict": "skip", 404: "skip"},
            max_failures=1,
            ledger=Ledger(str(ledger), values=True),
            verify=True,
        )
        hubspot.portal.create({"email": "taken@example.com", "firstname": "Somebody else"})

        ended = apply(folder)

        assert made.error is None
        assert made.report["plan"]["creates"] == 2
        assert ended.error is None
        assert ended.outcomes == {"updated": 2, "created": 1, "conflict": 1}
        assert stored(hubspot, "ada@example.com", "lifecyclestage") == "lead"
        assert stored(hubspot, "ada@example.com", "firstname") == "Ada"
        assert stored(hubspot, "grace@example.com", "hs_buying_role") == "CHAMPION;END_USER"
        assert stored(hubspot, "new@example.com", "firstname") == "New"
        assert ended.report["ledger"] == str(ledger)
        assert ended.report["verified"]["records"] == 3
        kept = {line["key"]: line for line in all_lines(str(ledger))}
        assert kept["new@example.com"]["values"]["firstname"] == "New"
        assert len(kept) == 4

    @pytest.mark.parametrize(
        ("settings", "told"),
        [
            ({"status_actions": {"conflict": "succeed"}}, None),
            ({"status_actions": {"conflict": "skip"}}, AirflowSkipException),
            ({"status_actions": {"conflict": "retry"}}, HubSpotSyncIncomplete),
            ({"max_failures": 0.5}, None),
            ({}, HubSpotSyncFailed),
        ],
    )
    def test_the_policy(
        self, hubspot: Sandbox, tmp_path: Path, settings: dict[str, Any], told: type[Exception] | None
    ) -> None:
        """What the task that made the plan says of outcomes, the one that applies it does."""
        records = RECORDS[1:2] if told else [*RECORDS[1:2], {"email": "alan@example.com", "firstname": "A"}]
        make(tmp_path, records, **settings)
        grace = hubspot.portal.contact("grace@example.com")
        assert grace is not None
        grace.properties["firstname"] = "Another"

        ended = apply(tmp_path)

        assert type(ended.error) is (told or type(None))
        assert ended.outcomes["conflict"] == 1

    def test_without_upsert(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """A contact that was to be created is not looked for in another way."""
        make(tmp_path, RECORDS[3:4])

        assert apply(tmp_path).outcomes == {}
        assert hubspot.portal.contact("new@example.com") is None

    def test_a_key_of_its_own(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """The plan knows by which property its contacts are found."""
        hubspot.portal.define(Definition("number", "Number", "string", "text", unique=True))
        hubspot.portal.create({"email": "n1@example.com", "number": "N1"})
        records = [{"n": "N1", "mail": "hopper@example.com", "firstname": "G."}]
        mapping = {"mail": "email", "firstname": "firstname"}
        make(tmp_path, records, key=Key("n", property="number"), mapping=mapping)

        assert apply(tmp_path).outcomes == {"updated": 1}
        assert stored(hubspot, "hopper@example.com", "firstname") == "G."
        assert apply(tmp_path).outcomes == {"unchanged": 1}

    @pytest.mark.parametrize("api", ["2026-09", "v1"])
    @pytest.mark.parametrize("upsert", [True, False])
    def test_a_new_address(self, hubspot: Sandbox, tmp_path: Path, api: str, upsert: bool) -> None:
        """It is planned with the old one, and given; a plan that was applied finds all of it done."""
        records = [{"old": "grace@example.com", "new": "Hopper@example.com", "firstname": "G."}]
        made = make(tmp_path, records, key=Key("old", becomes="new"), upsert=upsert, api_version=api)
        first, second = apply(tmp_path), apply(tmp_path)

        (change,) = made.report["changes"]
        assert change["properties"]["email"] == ["grace@example.com", "hopper@example.com"]
        assert first.outcomes == {"updated": 1}
        assert second.outcomes == {"unchanged": 1}
        assert stored(hubspot, "hopper@example.com", "firstname") == "G."

    def test_the_time_of_a_value(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """The legacy API gets the time that the row says."""
        records = [{"email": "grace@example.com", "firstname": "G.", "at": 1_700_000_000_000}]
        make(tmp_path, records, writes=Writes(timestamp="at"), api_version="v1")

        assert apply(tmp_path).outcomes == {"updated": 1}
        contact = hubspot.portal.contact("grace@example.com")
        assert contact is not None
        assert contact.history["firstname"][0].timestamp == 1_700_000_000_000

    @pytest.mark.parametrize(("api", "calls"), [("2026-09", 4), ("v1", 8)])
    def test_what_it_costs(self, hubspot: Sandbox, tmp_path: Path, api: str, calls: int) -> None:
        """The legacy API takes contacts one by one, and reads stages back; a stage is reset by two writes."""
        made = make(tmp_path, RECORDS, api_version=api, **SETTINGS)
        before = len(hubspot.requests)
        apply(tmp_path)
        sent = [each.path for each in hubspot.requests[before:] if "/contacts/" in each.path]

        assert made.report["plan"]["calls"] == calls
        assert len([path for path in sent if "/batch/" in path or "/contact/" in path]) == calls

    def test_records_are_not_judged_again(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """They were judged as the source had them; what is written may break the schema."""
        hubspot.portal.define(Definition("born_at", "Born at", "datetime", "date"))
        # The legacy API gets a number, which nobody could tell from a day's had a row had it.
        record = {
            "email": "grace@example.com",
            "born_at": datetime(1970, 1, 2, tzinfo=UTC),
            "annualrevenue": 5,
        }
        schema = {"properties": {"annualrevenue": {"type": "integer"}}, "required": ["annualrevenue"]}
        made = make(tmp_path, [record], json_schema=schema, api_version="v1")

        assert made.error is None
        assert apply(tmp_path).outcomes == {"updated": 1}
        assert stored(hubspot, "grace@example.com", "born_at") is not None

    def test_values_that_the_portal_has_forbidden_since(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """The portal's definitions are those of now."""
        make(tmp_path, RECORDS[1:2])
        hubspot.portal.definitions["firstname"] = Definition("firstname", "Number", "number", "number")

        assert apply(tmp_path).outcomes == {"invalid": 1}

    def test_another_token(self, hubspot: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Who makes the plan need not be able to write, and who applies it has a connection of its own."""
        make(tmp_path, RECORDS[1:2])
        connection = {"conn_type": "hubspot", "host": hubspot.url, "password": hubspot.token}
        monkeypatch.setenv("AIRFLOW_CONN_WRITER", json.dumps(connection))
        connect(monkeypatch, hubspot.url, "pat-na1-wrong")

        assert apply(tmp_path, hubspot_conn_id="writer").outcomes == {"updated": 1}


class TestRefused:
    def test_another_portal(self, plan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """It has other contacts, though their addresses may be the same."""
        with Sandbox(contacts=CONTACTS, portal_id=99) as other:
            connect(monkeypatch, other.url, other.token)
            ended = apply(plan)

            assert isinstance(ended.error, HubSpotSyncFailed)
            assert "made for the portal 12345678, but the connection leads to 99" in str(ended.error)
            assert writes(other) == []

    @pytest.mark.parametrize(("made", "applied"), [("2026-09", "v1"), ("v1", "2026-09")])
    def test_another_api(self, hubspot: Sandbox, tmp_path: Path, made: str, applied: str) -> None:
        """The legacy one writes dates and times in another form."""
        make(tmp_path, RECORDS[1:2], api_version=made)

        ended = apply(tmp_path, api_version=applied)

        assert isinstance(ended.error, HubSpotSyncFailed)
        assert f"made with the API version {made}, but the connection has {applied}" in str(ended.error)
        assert writes(hubspot) == []

    def test_another_version_of_the_api(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """The others have one form."""
        make(tmp_path, RECORDS[1:2], api_version="2026-09")

        assert apply(tmp_path, api_version="v3").outcomes == {"updated": 1}

    def test_the_digest_that_was_approved(self, hubspot: Sandbox, plan: Path) -> None:
        """It binds the task to the plan that people saw."""
        digest = json.loads((plan / "plan.json").read_bytes())["sha256"]

        assert apply(plan, sha256=digest).outcomes == {"updated": 2, "created": 1}

    @pytest.mark.parametrize("sha256", ["0" * 64, "None", "{{ x }}", "short"])
    def test_another_digest(self, hubspot: Sandbox, plan: Path, sha256: str) -> None:
        """So is one that a template has rendered to nothing."""
        ended = apply(plan, sha256=sha256)

        assert isinstance(ended.error, HubSpotSyncFailed)
        assert "was approved: nothing was written" in str(ended.error)
        assert writes(hubspot) == []

    @pytest.mark.parametrize("rendered", [None, "", 0])
    def test_a_digest_that_a_template_did_not_find(
        self, hubspot: Sandbox, plan: Path, rendered: object
    ) -> None:
        """The task is bound all the same."""
        task = HubSpotApplyPlanOperator(task_id="x", plan=str(plan), sha256="{{ ti.xcom_pull('p') }}")
        vars(task)["sha256"] = rendered

        with pytest.raises(HubSpotSyncFailed, match="was approved: nothing was written"):
            task.execute(CONTEXT)
        assert writes(hubspot) == []

    def test_a_plan_that_was_made_anew(self, hubspot: Sandbox, plan: Path) -> None:
        """What is in the folder now is not what was approved."""
        digest = json.loads((plan / "plan.json").read_bytes())["sha256"]
        make(plan, RECORDS[:1], **SETTINGS)

        assert "was approved: nothing was written" in str(apply(plan, sha256=digest).error)
        assert writes(hubspot) == []

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("guards", {"changes": 10**9, "creates": None, "removals": 0.1}),
            ("stages", "keep"),
            ("upsert", False),
            ("portal", 99),
            ("portal", None),
            ("api_version", "v1"),
            ("verify", False),
        ],
    )
    def test_settings_that_were_changed(self, hubspot: Sandbox, plan: Path, name: str, value: object) -> None:
        """The digest is of the settings, too."""
        path = plan / "plan.json"
        document = json.loads(path.read_bytes())
        if document["settings"][name] == value:
            value = not value
        document["settings"][name] = value
        path.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))

        ended = apply(plan)

        assert isinstance(ended.error, HubSpotSyncFailed)
        assert "the manifest does not match its own hash" in str(ended.error)
        assert writes(hubspot) == []


def test_another_task_may_tell_the_folder() -> None:
    """Its output is not a folder before it is rendered, and that task comes first."""
    with DAG("plans", schedule=None):
        choose = HubSpotPlanContactsOperator(task_id="choose", plan="folder", records=RECORDS)
        output: Any = choose.output
        applied = HubSpotApplyPlanOperator(task_id="apply", plan=output)

    assert applied.upstream_task_ids == {"choose"}
