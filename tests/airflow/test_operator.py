# SPDX-License-Identifier: Apache-2.0
"""The operator as a worker runs it, over real HTTP."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, AirflowSkipException

from airflow_provider_hubcontact.client import RateLimit
from airflow_provider_hubcontact.operators.errors import HubSpotSyncFailed, HubSpotSyncIncomplete
from airflow_provider_hubcontact.operators.hubspot import HubSpotUpdateContactOperator
from airflow_provider_hubcontact.operators.options import Guards, Key, Writes
from airflow_provider_hubcontact.sandbox import Definition, Sandbox, Switches
from tests.airflow import hostile
from tests.airflow.running import CONTACTS, connect, run, stored
from tests.ports import free_port

SEATS = Definition("seats", "Seats", "number", "number")
BOTH_APIS = pytest.mark.parametrize("api", ["2026-09", "v1"])
UNREADABLE = {"rules": [{"kind": "status", "status": 403, "on": "*/properties/*"}]}
"""The token may not read the definitions, so that HubSpot alone judges the values."""
MOVES = Key("email", becomes="new")


@pytest.fixture
def hubspot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(contacts=CONTACTS, properties=[SEATS]) as sandbox:
        connect(monkeypatch, sandbox.url, sandbox.token)
        yield sandbox


class TestAtParse:
    @pytest.mark.parametrize(
        ("settings", "says"),
        [
            ({}, "either records or sql"),
            ({"records": [], "sql": "SELECT 1", "sql_conn_id": "db"}, "either records or sql"),
            ({"sql": "SELECT 1"}, "sql_conn_id"),
            ({"records": [], "writes": Writes(nulls="drop")}, "nulls must be one of ignore, clear"),
            ({"records": [], "writes": Writes(duplicates="first")}, "duplicates must be one of last, reject"),
            ({"records": [], "writes": Writes(stages="force")}, "reject, keep, reset"),
            ({"records": [], "writes": Writes(properties={"a": "merge"})}, "overwrite, fill_empty, append"),
            ({"records": [], "upsert": "yes"}, "upsert must be True or False"),
            ({"records": [], "deferrable": "yes"}, "deferrable must be True or False"),
            (
                {"records": [], "guards": Guards(changes=1.5)},
                "guards.changes must be a count or a share below 1",
            ),
            ({"records": [], "dry_run": "maybe"}, "dry_run must be true or false, not 'maybe'"),
            ({"records": [], "status_actions": {"lost": "skip"}}, "'lost'"),
            ({"records": [], "status_actions": {404: "ignore"}}, "'ignore'"),
            ({"records": [], "max_failures": -1}, "max_failures"),
        ],
    )
    def test_what_needs_no_rendering_is_checked(self, settings: dict[str, Any], says: str) -> None:
        """A wrong keyword breaks the DAG's import with a sentence that names it."""
        with pytest.raises(ValueError, match=says):
            HubSpotUpdateContactOperator(task_id="update", **settings)

    def test_the_operator_imports_nothing_heavy(self) -> None:
        """Parsing a DAG with the operator loads no HTTP library, hook, engine, link or pandas."""
        code = (
            "import sys; import airflow.providers.common.compat.sdk as sdk; sdk.BaseOperator; sdk.BaseHook; "
            "before = set(sys.modules); import airflow_provider_hubcontact.operators.hubspot as hubspot; "
            "hubspot.HubSpotUpdateContactOperator(task_id='first', records=[]); "
            "print('\\n'.join(set(sys.modules) - before))"
        )
        loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

        package = "airflow_provider_hubcontact"
        heavy = (
            *("requests", "urllib3", "pandas", "jsonschema_rs", "concurrent.futures.thread"),
            *(f"{package}.{name}" for name in ("hooks", "client", "sync", "links", "printable")),
        )
        assert f"{package}.operators.hubspot" in loaded.stdout.split()
        assert [name for name in loaded.stdout.split() if name.startswith(heavy)] == []


class TestOutcomes:
    @BOTH_APIS
    def test_contacts_get_the_records_values(self, hubspot: Sandbox, api: str) -> None:
        """Each property of each record is in HubSpot afterwards, in HubSpot's text form."""
        records = [
            {"email": "Ada@Example.com ", "firstname": "Augusta", "annualrevenue": Decimal("1.50")},
            {"email": "alan@example.com", "firstname": "Älan", "seats": 3},
        ]

        ended = run(records=records, api_version=api)

        assert ended.error is None
        assert ended.outcomes == {"updated": 2}
        assert ended.report["statuses"] == ({"204": 2} if api == "v1" else {"200": 2})
        assert stored(hubspot, "ada@example.com", "firstname") == "Augusta"
        assert stored(hubspot, "alan@example.com", "firstname") == "Älan"

    def test_each_record_has_one_outcome(self, hubspot: Sandbox) -> None:
        """One run sorts good, equal, unknown, refused, invalid and repeated records apart."""
        records = [
            {"email": "ada@example.com", "firstname": "first"},
            {"email": "nobody@example.com", "firstname": "x"},
            {"email": "alan@example.com", "firstname": "Alan"},
            {"email": "grace@example.com", "hs_lead_status": "no such option"},
            {"email": "", "firstname": "x"},
            {"email": "ada@example.com", "firstname": "last"},
            ["no", "mapping"],
        ]
        hubspot.use_faults(UNREADABLE)

        ended = run(records=records)

        assert ended.outcomes == {
            "updated": 1,
            "unchanged": 1,
            "superseded": 1,
            "invalid": 2,
            "rejected": 1,
            "not_found": 1,
        }
        assert isinstance(ended.error, HubSpotSyncFailed)
        assert "- HC-200: 1 rejected (400), hs_lead_status: HubSpot refused it" in str(ended.error)
        assert "example.com" not in str(ended.error)
        assert stored(hubspot, "ada@example.com", "firstname") == "last"

    @BOTH_APIS
    def test_an_unknown_contact_is_not_found(self, hubspot: Sandbox, api: str) -> None:
        """A 404 fails the task by default, and does what ``status_actions`` says otherwise."""
        records = [{"email": "nobody@example.com", "firstname": "x"}]

        failed = run(records=records, api_version=api)
        skipped = run(records=records, api_version=api, status_actions={404: "skip"})
        tolerated = run(records=records, api_version=api, max_failures=1)

        assert failed.outcomes == skipped.outcomes == {"not_found": 1}
        assert isinstance(failed.error, AirflowFailException)
        assert isinstance(skipped.error, AirflowSkipException)
        assert tolerated.error is None

    @BOTH_APIS
    def test_all_reasons_of_a_refusal_are_told(self, hubspot: Sandbox, api: str) -> None:
        """A record with several bad values names each property that HubSpot refused."""
        record = {
            "email": "ada@example.com",
            "seats": "many",
            "no_such_property": "x",
            "firstname": "New",
        }

        checked = run(records=[record], api_version=api)
        hubspot.use_faults(UNREADABLE)
        sent = run(records=[record], api_version=api)

        assert (checked.outcomes, sent.outcomes) == ({"invalid": 1}, {"rejected": 1})
        for ended in (checked, sent):
            assert {"seats", "no_such_property"} <= set(ended.report["problems"][0]["properties"])
        assert stored(hubspot, "ada@example.com", "firstname") == "Ada"

    def test_no_records_skip_the_task(self, hubspot: Sandbox) -> None:
        """An empty source makes no call that writes, and the task is skipped."""
        ended = run(records=[])

        assert isinstance(ended.error, AirflowSkipException)

    def test_more_than_a_batch(self, hubspot: Sandbox) -> None:
        """250 contacts that all change cost three look-ups and three writes, and four calls at the start."""
        for number in range(250):
            hubspot.portal.create({"email": f"c{number}@example.com"})

        ended = run(
            records=[{"email": f"c{n}@example.com", "city": "Rome"} for n in range(250)],
            mapping={"city": "city"},
        )

        assert ended.outcomes == {"updated": 250}
        assert ended.report["calls"]["total"] == 10

    def test_upsert_creates_what_is_missing(self, hubspot: Sandbox) -> None:
        """With ``upsert`` an unknown contact is created, once."""
        records = [
            {"email": "new@example.com", "firstname": "New"},
            {"email": "ada@example.com", "firstname": "A"},
        ]

        ended = run(records=records, upsert=True)
        again = run(records=records, upsert=True)

        assert ended.outcomes == {"updated": 1, "created": 1}
        assert again.outcomes == {"unchanged": 2}
        assert stored(hubspot, "new@example.com", "firstname") == "New"

    def test_contacts_by_record_id(self, hubspot: Sandbox) -> None:
        """A record id finds a contact as well, but none can be created with it."""
        contact = hubspot.portal.contact("ada@example.com")
        assert contact is not None
        settings = {
            "records": [{"id": int(contact.id), "city": "London"}],
            "key": Key("id", property="hs_object_id"),
        }

        assert run(**settings).outcomes == {"updated": 1}
        with pytest.raises(ValueError, match="upsert by email"):
            run(upsert=True, **settings)
        assert stored(hubspot, "ada@example.com", "city") == "London"

    def test_upsert_by_the_legacy_api(self, hubspot: Sandbox) -> None:
        """The legacy create-or-update says whether a contact is new."""
        records = [
            {"email": "new@example.com", "firstname": "New"},
            {"email": "ada@example.com", "firstname": "A"},
        ]

        assert run(records=records, upsert=True, api_version="v1").outcomes == {"updated": 1, "created": 1}
        assert stored(hubspot, "new@example.com", "firstname") == "New"

    def test_the_legacy_upsert_leaves_the_first_address_alone(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A row that names a contact by another of its addresses does not make that one the first."""
        contact = {"email": "ada@example.com", "hs_additional_emails": "home@example.com"}
        with Sandbox(contacts=[contact]) as sandbox:
            connect(monkeypatch, sandbox.url, sandbox.token)
            records = [{"email": "home@example.com", "firstname": "A"}]

            assert run(records=records, upsert=True, api_version="v1").outcomes == {"updated": 1}
            assert stored(sandbox, "home@example.com", "email") == "ada@example.com"
            assert stored(sandbox, "home@example.com", "firstname") == "A"


class TestSeedRules:
    @BOTH_APIS
    def test_a_stage_that_goes_back_is_rejected(self, hubspot: Sandbox, api: str) -> None:
        """By default a record whose stage would go back is invalid, and nothing of it is written."""
        record = {"email": "ada@example.com", "lifecyclestage": "lead", "jobtitle": "Analyst"}

        ended = run(records=[record], api_version=api)

        assert ended.outcomes == {"invalid": 1}
        assert "lifecyclestage would go back from customer to lead" in ended.reasons
        assert stored(hubspot, "ada@example.com", "jobtitle") == "Countess"

    @BOTH_APIS
    def test_a_stage_that_goes_back_is_kept(self, hubspot: Sandbox, api: str) -> None:
        """``keep`` writes everything but the stage."""
        record = {"email": "ada@example.com", "lifecyclestage": "lead", "jobtitle": "Analyst"}

        assert run(records=[record], api_version=api, writes=Writes(stages="keep")).outcomes == {"updated": 1}
        assert stored(hubspot, "ada@example.com", "lifecyclestage") == "customer"
        assert stored(hubspot, "ada@example.com", "jobtitle") == "Analyst"

    @BOTH_APIS
    def test_a_stage_that_goes_back_is_reset(self, hubspot: Sandbox, api: str) -> None:
        """``reset`` clears the stage and then sets it."""
        record = {"email": "ada@example.com", "lifecyclestage": "lead", "jobtitle": "Analyst"}

        assert run(records=[record], api_version=api, writes=Writes(stages="reset")).outcomes == {
            "updated": 1
        }
        assert stored(hubspot, "ada@example.com", "lifecyclestage") == "lead"
        assert stored(hubspot, "ada@example.com", "jobtitle") == "Analyst"

    @BOTH_APIS
    def test_a_stage_goes_forward(self, hubspot: Sandbox, api: str) -> None:
        """A stage that goes forward is an ordinary value."""
        records = [{"email": "grace@example.com", "lifecyclestage": "opportunity"}]

        assert run(records=records, api_version=api).outcomes == {"updated": 1}
        assert stored(hubspot, "grace@example.com", "lifecyclestage") == "opportunity"

    @BOTH_APIS
    def test_the_score_is_read_only(self, hubspot: Sandbox, api: str) -> None:
        """HubSpot refuses its score; it is not even sent, and the reason names it."""
        records = [{"email": "ada@example.com", "hubspotscore": 7}]

        checked = run(records=records, api_version=api)
        hubspot.use_faults(UNREADABLE)
        sent = run(records=records, api_version=api)

        assert checked.outcomes == {"invalid": 1}
        assert checked.reasons == "HubSpot sets hubspotscore itself: it cannot be written"
        assert sent.outcomes == {"rejected": 1}
        assert sent.report["problems"][0]["status"] == 400
        assert "hubspotscore" in sent.reasons

    @BOTH_APIS
    def test_an_address_changes(self, hubspot: Sandbox, api: str) -> None:
        """The old address finds the contact, the new one is written; a second run finds it done."""
        records = [{"email": "ada@example.com", "new": "Countess@Example.com"}]

        first, second = (run(records=records, key=MOVES, api_version=api) for _ in range(2))

        assert first.outcomes == {"updated": 1}
        assert second.outcomes == {"unchanged": 1}
        assert stored(hubspot, "countess@example.com", "firstname") == "Ada"

    @BOTH_APIS
    def test_an_address_of_somebody_else_is_a_conflict(self, hubspot: Sandbox, api: str) -> None:
        """A new address that another contact has is a conflict, and both keys are named."""
        records = [{"email": "ada@example.com", "new": "grace@example.com"}]

        ended = run(records=records, key=MOVES, api_version=api)

        assert ended.outcomes == {"conflict": 1}
        assert ended.report["problems"][0]["key"] == "ada@example.com"
        assert "grace@example.com" in ended.reasons

    @BOTH_APIS
    @pytest.mark.parametrize(("value", "nulls"), [("", "ignore"), (None, "clear")])
    def test_a_value_is_cleared(self, hubspot: Sandbox, api: str, value: str | None, nulls: str) -> None:
        """An empty text clears a property; None does when ``writes.nulls`` says so."""
        records = [{"email": "ada@example.com", "jobtitle": value}]

        assert run(records=records, writes=Writes(nulls=nulls), api_version=api).outcomes == {"updated": 1}
        assert not stored(hubspot, "ada@example.com", "jobtitle")

    @BOTH_APIS
    def test_a_missing_property_is_created(self, hubspot: Sandbox, api: str) -> None:
        """A property that the portal lacks is created with a type that fits, and then written."""
        records = [{"email": "ada@example.com", "loyalty_points": 12, "is_vip": True, "nickname": "A."}]

        ended = run(records=records, writes=Writes(create_properties=True), api_version=api)

        assert ended.outcomes == {"updated": 1}
        assert sorted(ended.report["properties_created"]) == ["is_vip", "loyalty_points", "nickname"]
        assert stored(hubspot, "ada@example.com", "loyalty_points") == "12"
        assert stored(hubspot, "ada@example.com", "is_vip") == "true"

    def test_a_missing_property_is_created_as_defined(self, hubspot: Sandbox) -> None:
        """A definition that is given is taken; the others stay missing."""
        definition = {
            "type": "enumeration",
            "fieldType": "select",
            "options": [{"value": "gold"}, {"value": "tin"}],
        }

        ended = run(
            records=[
                {"email": "ada@example.com", "tier": "gold"},
                {"email": "alan@example.com", "tier": "lead"},
            ],
            writes=Writes(create_properties={"tier": definition}),
        )

        assert ended.report["properties_created"] == ["tier"]
        assert ended.outcomes == {"updated": 1, "invalid": 1}
        assert ended.reasons == "tier: `lead` is not an option; the options are `gold`, `tin`"

    def test_v1_keeps_the_time_of_a_value(self, hubspot: Sandbox) -> None:
        """The legacy API stores when a value was set."""
        records = [{"email": "ada@example.com", "jobtitle": "Analyst", "changed": 1_700_000_000_000}]

        assert run(records=records, api_version="v1", writes=Writes(timestamp="changed")).outcomes == {
            "updated": 1
        }
        contact = hubspot.portal.contact("ada@example.com")
        assert contact is not None
        assert contact.history["jobtitle"][0].timestamp == 1_700_000_000_000


class TestDay:
    def test_no_call_is_made_when_it_is_used_up(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """No call is refused, nearly all that are left are made; the task is retried, and says when."""
        contacts = [{"email": f"c{n}@example.com"} for n in range(900)]
        with Sandbox(contacts, daily_limit=8, time_zone="Asia/Tokyo") as hubspot:
            connect(monkeypatch, hubspot.url, hubspot.token)

            ended = run(records=[{"email": f"c{n}@example.com", "city": "Rome"} for n in range(900)])

            statuses = [each.status for each in hubspot.requests if "/oauth/" not in each.path]
            written = sum(
                contact.properties.get("city") == "Rome" for contact in hubspot.portal.contacts.values()
            )
        assert isinstance(ended.error, HubSpotSyncIncomplete)
        assert sum(ended.outcomes.values()) == 900
        assert ended.outcomes.get("updated", 0) == written
        assert ended.outcomes.keys() <= {"updated", "throttled", "not_attempted"}
        assert set(statuses) == {200}
        assert 5 <= len(statuses) <= 8
        assert "The daily quota is used up; HubSpot accepts no calls until 20" in str(ended.error)
        assert "00:00 JST" in str(ended.error) or "00:01 JST" in str(ended.error)


class TestAddressesThatGoRound:
    @pytest.mark.parametrize("trace_ids", ["207", "400"])
    def test_contacts_swap_addresses(self, monkeypatch: pytest.MonkeyPatch, trace_ids: Any) -> None:
        """Keyed by record id, two swap, three go round, and one takes what another gives up."""
        names = ("a", "b", "c", "d", "e", "f", "g")
        wanted = ("b", "a", "d", "e", "c", "g", "new")
        seeds = [{"email": f"{name}@example.com"} for name in names]
        switches = Switches(batch_update_with_trace_ids=trace_ids)
        with Sandbox(seeds, switches=switches) as hubspot:
            connect(monkeypatch, hubspot.url, hubspot.token)
            ids = list(hubspot.portal.contacts)
            records = [
                {"id": each, "mail": f"{name}@example.com"} for each, name in zip(ids, wanted, strict=True)
            ]
            settings = {"key": Key("id", property="hs_object_id"), "mapping": {"mail": "email"}}

            ended = run(records=records, **settings)
            again = run(records=records, **settings)

            emails = [contact.email.partition("@")[0] for contact in hubspot.portal.contacts.values()]
            assert tuple(emails) == wanted
            assert ended.outcomes == {"updated": 7}
            assert again.outcomes == {"unchanged": 7}

    def test_somebody_elses_address(self, hubspot: Sandbox) -> None:
        """A conflict that names both, and the rest of the batch is written."""
        ids = list(hubspot.portal.contacts)
        records = [
            {"id": ids[0], "mail": hubspot.portal.contacts[ids[1]].email},
            {"id": ids[2], "mail": "free@example.com"},
        ]

        ended = run(
            records=records, key=Key("id", property="hs_object_id"), mapping={"mail": "email"}, max_failures=1
        )

        assert ended.outcomes == {"conflict": 1, "updated": 1}
        (problem,) = ended.report["problems"]
        assert (problem["key"], problem["category"]) == (ids[0], "KEY_TAKEN")
        assert problem["reason"].endswith(f"belongs to another contact ({ids[1]})")


class TestDryRun:
    @BOTH_APIS
    def test_a_dry_run_reports_changes_and_writes_nothing(self, hubspot: Sandbox, api: str) -> None:
        """The report shows old and new values field by field, and HubSpot is as it was."""
        records = [
            {"email": "ada@example.com", "jobtitle": "Analyst"},
            {"email": "no@example.com", "jobtitle": "x"},
        ]

        ended = run(records=records, dry_run="True", api_version=api, status_actions={404: "succeed"})

        assert ended.error is None
        assert ended.report["dry_run"] is True
        assert ended.outcomes == {"not_found": 1, "not_attempted": 1}
        (change,) = ended.report["changes"]
        assert change["properties"] == {"jobtitle": ["Countess", "Analyst"]}
        assert stored(hubspot, "ada@example.com", "jobtitle") == "Countess"


class TestSchema:
    SCHEMA: dict[str, Any] = {
        "type": "object",
        "properties": {"seats": {"type": "integer", "minimum": 1}},
    }

    @pytest.mark.parametrize("form", ["dict", "text", "path"])
    def test_records_are_validated(self, hubspot: Sandbox, form: str, tmp_path: Path) -> None:
        """A record that breaks the schema is invalid and costs no call; the others go on."""
        path = tmp_path / "contact.schema.json"
        path.write_text(json.dumps(self.SCHEMA))
        schema = {"dict": self.SCHEMA, "text": json.dumps(self.SCHEMA), "path": str(path)}[form]
        records = [
            {"email": "ada@example.com", "seats": 0},
            {"email": "alan@example.com", "seats": 2},
        ]

        ended = run(records=records, json_schema=schema)

        assert ended.outcomes == {"updated": 1, "invalid": 1}
        assert "seats" in ended.reasons

    @pytest.mark.parametrize(
        "schema",
        [{"type": "nonsense"}, "{not json", {"$ref": "http://example.com/s.json"}, "/no/such/schema.json"],
    )
    def test_a_schema_that_is_none_fails_before_the_first_record(self, hubspot: Sandbox, schema: Any) -> None:
        """A broken schema fails the task without a retry, and nothing is written."""
        ended = run(records=[{"email": "ada@example.com", "firstname": "x"}], json_schema=schema)

        assert isinstance(ended.error, HubSpotSyncFailed)
        assert "schema" in str(ended.error).lower()
        assert stored(hubspot, "ada@example.com", "firstname") == "Ada"


def test_a_schema_with_an_id_is_no_path() -> None:
    """A dict whose texts look like files is a schema all the same, for Airflow's rendering too."""
    schema = {"$id": "https://example.com/customer.schema.json"}

    operator = HubSpotUpdateContactOperator(task_id="update", records=[], json_schema=schema)

    assert json.loads(str(operator.json_schema)) == schema
    assert not str(operator.json_schema).endswith(tuple(operator.template_ext))


@pytest.mark.parametrize(
    ("mapping", "says"),
    [
        ("firstname", "columns to properties"),
        ({"a": 5}, "columns to properties"),
        ({"a": "x", "b": "x"}, "two columns for x"),
    ],
)
def test_a_mapping_that_is_not_valid(mapping: Any, says: str) -> None:
    """A mapping that would lose values breaks the DAG's import with a clear error."""
    with pytest.raises(ValueError, match=says):
        HubSpotUpdateContactOperator(task_id="update", records=[], mapping=mapping)


def test_a_key_with_a_semicolon_is_its_own(hubspot: Sandbox) -> None:
    """Only secondary addresses are a list; another unique property is one value, whatever is in it."""
    hubspot.portal.define(Definition("ext", "External id", unique=True))
    for email, ext in (("a@example.com", "a"), ("b@example.com", "a;b")):
        hubspot.portal.create({"email": email, "ext": ext})

    ended = run(
        records=[{"ext": "a;b", "firstname": "B"}, {"ext": "a", "firstname": "A"}],
        key=Key("ext", property="ext"),
    )

    assert ended.outcomes == {"updated": 2}
    assert [stored(hubspot, f"{name}@example.com", "firstname") for name in "ab"] == ["A", "B"]


class TestBadRecords:
    @pytest.mark.parametrize(
        ("record", "says"),
        [
            ("text", "must map columns to values"),
            ({"firstname": "x"}, "no column 'email'"),
            ({"email": None}, "the key is empty"),
            ({"email": "  "}, "the key is empty"),
            ({"email": "a@b.c\nd"}, "not printable"),
            ({"email": "ada@example.com", "jobtitle": b"x"}, "jobtitle: a property cannot hold a bytes"),
            ({"email": "ada@example.com", "jobtitle": {"a": {}}}, "jobtitle: a property cannot hold a dict"),
            ({"email": "ada@example.com", "jobtitle": float("inf")}, "jobtitle: not a finite number"),
            ({"email": "ada@example.com", "jobtitle": "x" * 10_000_000}, "10,000,000 characters"),
        ],
        ids=[
            "no mapping",
            "no key",
            "null key",
            "empty key",
            "newline",
            "bytes",
            "dict",
            "infinite",
            "10 MB",
        ],
    )
    def test_a_bad_record_is_invalid_and_the_others_go_on(
        self, hubspot: Sandbox, record: object, says: str
    ) -> None:
        """What HubSpot cannot hold ends ``invalid`` with its reason; its neighbour is updated."""
        ended = run(records=[record, {"email": "alan@example.com", "firstname": "Alain"}])

        assert ended.outcomes == {"updated": 1, "invalid": 1}
        assert says in ended.reasons
        assert len(str(ended.error)) < 5_000

    def test_the_same_key_twice_can_be_refused(self, hubspot: Sandbox) -> None:
        """With ``writes.duplicates="reject"`` the first row wins and the second is invalid."""
        records = [{"email": "ada@example.com", "firstname": name} for name in ("one", "two")]

        assert run(records=records, writes=Writes(duplicates="reject")).outcomes == {
            "updated": 1,
            "invalid": 1,
        }
        assert stored(hubspot, "ada@example.com", "firstname") == "one"

    def test_the_same_key_far_apart_can_be_refused(self, hubspot: Sandbox) -> None:
        """However many rows are between the two, with guards and without."""
        others = [{"email": f"nobody{n}@example.com"} for n in range(9_000)]
        first, second = ({"email": "ada@example.com", "firstname": name} for name in ("one", "two"))

        for guards in ({}, {"guards": Guards(changes=5)}):
            ended = run(records=[first, *others, second], writes=Writes(duplicates="reject"), **guards)

            assert ended.outcomes["invalid"] == 1
            assert stored(hubspot, "ada@example.com", "firstname") == "one"

    @pytest.mark.parametrize(("value", "says"), [("[]", "is text"), (5, "is a int")])
    def test_a_source_that_is_none(self, hubspot: Sandbox, value: object, says: str) -> None:
        """Something that holds no records fails the task with a sentence that says what to pass."""
        ended = run(records=value)

        assert isinstance(ended.error, HubSpotSyncFailed)
        assert says in str(ended.error)


class TestBadConnections:
    RECORDS = [{"email": f"c{number}@example.com", "firstname": "x"} for number in range(150)]

    def test_an_unknown_connection(self) -> None:
        """A connection that does not exist is named in the error."""
        ended = run(records=self.RECORDS, hubspot_conn_id="no_such_connection")

        assert "no_such_connection" in str(ended.error)

    def test_an_api_key(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """An API key is refused with what to do instead."""
        connect(monkeypatch, "https://api.hubapi.com", hapikey="0" * 8)

        ended = run(records=self.RECORDS)

        assert isinstance(ended.error, HubSpotSyncFailed)
        assert "private app" in str(ended.error)

    @BOTH_APIS
    def test_a_wrong_token(self, hubspot: Sandbox, monkeypatch: pytest.MonkeyPatch, api: str) -> None:
        """A 401 stops the run, accounts for every row that was read, and is not retried."""
        connect(monkeypatch, hubspot.url, "pat-na1-wrong")

        ended = run(records=self.RECORDS, api_version=api)

        assert isinstance(ended.error, HubSpotSyncFailed)
        assert set(ended.outcomes) <= {"unauthorized", "not_attempted"}
        assert ended.outcomes["unauthorized"] >= 1
        assert sum(ended.outcomes.values()) == 150
        assert "pat-na1-wrong" not in str(ended.error) + json.dumps(ended.report)

    def test_a_host_that_does_not_answer(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Nobody listening makes the records unavailable, which a retry can mend."""
        monkeypatch.setattr(RateLimit, "wait", lambda *_: None)  # between the tries of a call
        connect(monkeypatch, f"http://127.0.0.1:{free_port()}", "pat-na1-token")

        ended = run(records=self.RECORDS[:3])

        assert isinstance(ended.error, HubSpotSyncIncomplete)
        assert ended.outcomes == {"unavailable": 3}


class TestHostileServers:
    """Whatever answers, each record has an outcome, and the token goes nowhere else."""

    @pytest.fixture(autouse=True)
    def no_waiting(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Wait between attempts for no time at all."""
        monkeypatch.setattr(RateLimit, "wait", lambda *_: None)  # between the tries of a call

    @BOTH_APIS
    @pytest.mark.parametrize(
        "reply",
        [
            hostile.answer(200, b"<html>Please log in</html>", Content_Type="text/html"),
            hostile.answer(200),
            hostile.answer(200, b"[]"),
            hostile.answer(200, b'{"results": [{"id": 5}], "errors": "none"}'),
            hostile.answer(502, b"<html>Bad gateway</html>"),
            hostile.truncate,
            hostile.hang_up,
        ],
        ids=["page", "empty", "list", "odd", "gateway", "truncated", "hang up"],
    )
    def test_an_answer_that_is_no_answer(
        self, monkeypatch: pytest.MonkeyPatch, reply: hostile.Reply, api: str
    ) -> None:
        """Nothing counts as updated that HubSpot did not confirm, and a retry can mend it."""
        with hostile.serving(reply) as (url, _):
            connect(monkeypatch, url, "pat-na1-token")

            ended = run(records=[{"email": "ada@example.com", "firstname": "x"}], api_version=api)

        assert isinstance(ended.error, HubSpotSyncIncomplete)
        assert set(ended.outcomes) <= {"unavailable", "unknown"}

    @BOTH_APIS
    def test_a_redirect_is_not_followed(self, monkeypatch: pytest.MonkeyPatch, api: str) -> None:
        """A redirect to another host ends there: that host gets no request, and so no token."""
        with (
            hostile.serving(hostile.answer(200)) as (elsewhere, asked),
            hostile.serving(hostile.answer(307, Location=elsewhere)) as (url, _),
        ):
            connect(monkeypatch, url, "pat-na1-token")

            ended = run(records=[{"email": "ada@example.com", "firstname": "x"}], api_version=api)

        assert asked == []
        assert set(ended.outcomes) <= {"unavailable", "unknown"}
        assert "redirect" in ended.reasons


class TestSql:
    def test_rows_of_a_query_are_records(
        self, hubspot: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """A query with parameters feeds the sync; columns that are not mapped are not sent."""
        import sqlite3  # noqa: PLC0415

        with sqlite3.connect(tmp_path / "w.db") as database:
            database.execute("CREATE TABLE c (mail TEXT, first TEXT, secret TEXT)")
            database.executemany(
                "INSERT INTO c VALUES (?, ?, 's')", [("ada@example.com", "A"), ("alan@example.com", "B")]
            )
        monkeypatch.setenv(
            "AIRFLOW_CONN_DB", json.dumps({"conn_type": "sqlite", "host": str(tmp_path / "w.db")})
        )
        settings = {"sql_conn_id": "db", "key": "mail", "mapping": {"first": "firstname"}}

        ended = run(sql="SELECT * FROM c WHERE first = ?", parameters=["A"], **settings)
        no_column = run(sql="SELECT mail FROM c", **settings)
        no_query = run(sql="CREATE TABLE d (a)", **settings)

        assert ended.outcomes == {"updated": 1}
        assert stored(hubspot, "ada@example.com", "firstname") == "A"
        assert "returns no column first" in str(no_column.error)
        assert "not a SELECT" in str(no_query.error)


class TestPortal:
    def test_a_mapping_to_nothing_fails_at_once(self, hubspot: Sandbox) -> None:
        """Before the first record, with the closest names that the portal has."""
        records = [{"email": "ada@example.com", "first": "Augusta", "x": 1}]
        mapping = {"first": "frstname", "x": "no_such_thing_at_all"}

        ended = run(records=records, mapping=mapping)

        assert isinstance(ended.error, HubSpotSyncFailed)
        assert "no property frstname (the nearest is firstname), no_such_thing_at_all:" in str(ended.error)
        assert ended.outcomes == {"not_attempted": 1}
        assert not [each for each in hubspot.requests if "/batch/" in each.path]

    def test_what_is_missing_may_be_created(self, hubspot: Sandbox) -> None:
        """A property that is created for the run is one that the portal has."""
        records = [{"email": "ada@example.com", "favourite_colour": "red"}]

        ended = run(
            records=records,
            mapping={"favourite_colour": "favourite_colour"},
            writes=Writes(create_properties=True),
        )

        assert ended.outcomes == {"updated": 1}
        assert ended.report["properties_created"] == ["favourite_colour"]

    def test_what_a_contact_has_is_not_judged(self, hubspot: Sandbox) -> None:
        """A value that the contact has already is no matter of the definitions."""
        contact = hubspot.portal.contact("ada@example.com")
        assert contact is not None
        contact.properties["hs_lead_status"] = "RETIRED_OPTION"

        ended = run(records=[{"email": "ada@example.com", "hs_lead_status": "RETIRED_OPTION"}])

        assert ended.outcomes == {"unchanged": 1}

    @pytest.mark.parametrize("mode", ["update", "upsert"])
    def test_no_write_is_spent_on_what_is_forbidden(self, hubspot: Sandbox, mode: str) -> None:
        """The good records are written, the others cost nothing."""
        records = [
            {"email": "ada@example.com", "seats": "many"},
            {"email": "alan@example.com", "seats": 4},
            {"email": "new@example.com", "hs_lead_status": "Open Deal"},
        ]

        ended = run(records=records, upsert=mode == "upsert")

        invalid = 2 if mode == "upsert" else 1
        assert ended.outcomes["invalid"] == invalid
        assert ended.outcomes["updated"] == 1
        assert [
            each.status for each in hubspot.requests if "update" in each.path or "create" in each.path
        ] == [200]
        if mode == "upsert":
            assert "`Open Deal` is a label; the value is `OPEN_DEAL`" in ended.reasons

    def test_modes_of_properties(self, hubspot: Sandbox) -> None:
        """What people typed stays, options add up; a second run changes nothing."""
        records = [
            {"email": "ada@example.com", "firstname": "Augusta", "hs_buying_role": "CHAMPION"},
            {"email": "grace@example.com", "city": "New York", "hs_buying_role": ["END_USER", "CHAMPION"]},
        ]
        for email, roles in (("ada@example.com", "BLOCKER"), ("grace@example.com", "CHAMPION")):
            contact = hubspot.portal.contact(email)
            assert contact is not None
            contact.properties["hs_buying_role"] = roles
        modes = {"firstname": "fill_empty", "city": "fill_empty", "hs_buying_role": "append"}

        first, second = (run(records=records, writes=Writes(properties=modes), verify=True) for _ in range(2))

        assert first.outcomes == {"updated": 2}
        assert second.outcomes == {"unchanged": 2}
        assert stored(hubspot, "ada@example.com", "firstname") == "Ada"
        assert stored(hubspot, "grace@example.com", "city") == "New York"
        assert stored(hubspot, "ada@example.com", "hs_buying_role") == "BLOCKER;CHAMPION"
        assert stored(hubspot, "grace@example.com", "hs_buying_role") == "CHAMPION;END_USER"

    @pytest.mark.parametrize(
        ("mode", "says"),
        [
            ("append", "`append` needs a multiple-checkbox property; firstname is not one"),
            ("fill_empty", None),
        ],
    )
    def test_a_mode_that_the_property_cannot_have(
        self, hubspot: Sandbox, mode: str, says: str | None
    ) -> None:
        """It is told before the first record."""
        record = {"email": "ada@example.com", "firstname": "x"}

        ended = run(records=[record], writes=Writes(properties={"firstname": mode}))

        assert isinstance(ended.error, HubSpotSyncFailed) is (says is not None)
        assert (says or "None") in str(ended.error)
        assert stored(hubspot, "ada@example.com", "firstname") == "Ada"
