# SPDX-License-Identifier: Apache-2.0
"""Plans without Airflow: made, kept, checked, and applied as they were made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import orjson
import pytest

from airflow_provider_hubcontact.job.errors import GuardExceeded, PlanError, PreflightError
from airflow_provider_hubcontact.job.minutes import about, minutes_in_words
from airflow_provider_hubcontact.job.plans.kept_settings import are_settings, kept, settings_of
from airflow_provider_hubcontact.job.plans.lines import checked_line, spooled_lines
from airflow_provider_hubcontact.job.plans.manifest import Manifest
from airflow_provider_hubcontact.job.settings.guards import Guards
from airflow_provider_hubcontact.job.settings.key import Key
from airflow_provider_hubcontact.job.settings.ledger import Ledger
from airflow_provider_hubcontact.job.settings.settings import Settings
from airflow_provider_hubcontact.job.settings.writes import Writes
from airflow_provider_hubcontact.sandbox import Sandbox
from tests.job.around import Around, Told, apply, plan

CONTACTS = [
    {"email": "ada@example.com", "firstname": "Ada", "lifecyclestage": "customer"},
    {"email": "grace@example.com", "firstname": "Grace"},
    {"email": "alan@example.com", "firstname": "Alan"},
]
RECORDS = [
    {"email": "ada@example.com", "firstname": "Augusta"},
    {"email": "grace@example.com", "firstname": "Grace B."},
    {"email": "alan@example.com", "firstname": "Alan"},
]


@pytest.fixture
def hubspot() -> Iterator[Sandbox]:
    with Sandbox(contacts=CONTACTS) as sandbox:
        yield sandbox


def stored(hubspot: Sandbox, email: str, name: str) -> str | None:
    contact = hubspot.portal.contact(email)
    assert contact is not None
    return contact.properties.get(name)


def test_a_plan_has_no_lines_in_the_ledger(hubspot: Sandbox, tmp_path: Path) -> None:
    """It is opened, since a wrong one is better told now; its lines come when the plan is applied."""
    around = Around(hubspot, RECORDS)

    made = plan(around, tmp_path, ledger=Ledger("l"), verify=True)
    before = list(around.books.lines)
    applied = apply(around, tmp_path)

    assert (made.error, made.report["ledger"], made.report["verified"]) == (None, None, None)
    assert (before, len(around.books.lines)) == ([], 2)
    assert (applied.report["ledger"], applied.report["verified"]) == ("l", {"records": 2, "calls": 1})


PORTAL = 12_345_678
MADE = Settings(
    key=Key("mail", "number"),
    upsert=True,
    writes=Writes(nulls="clear", stages="reset", properties={"city": "append"}),
    status_actions={404: "skip", "invalid": "succeed"},
    max_failures=0.5,
    guards=Guards(changes=5, creates=0.1),
    ledger=Ledger("l", values=True),
    verify=True,
)


def test_what_is_kept() -> None:
    """What applying it needs, and not where the records came from."""
    document = kept(MADE, "2026-09", PORTAL)

    again = settings_of(document)

    assert orjson.loads(orjson.dumps(document)) == document
    assert again == Settings(
        key=Key("number", property="number"),
        upsert=True,
        writes=Writes(stages="reset", properties={"city": "append"}),
        status_actions={"404": "skip", "invalid": "succeed"},
        max_failures=0.5,
        guards=Guards(changes=5, creates=0.1),
        ledger=Ledger("l", values=True),
        verify=True,
    )
    assert again.policy == MADE.policy
    assert kept(again, "2026-09", PORTAL) == document
    assert settings_of(document, {"tier": {}}).writes.create_properties == {"tier": {}}
    assert settings_of(document, {}).writes.create_properties is False


@pytest.mark.parametrize("settings", [Settings(), MADE, MADE.replace(ledger=None, guards=Guards())])
@pytest.mark.parametrize("portal", [PORTAL, None])
def test_settings_of_a_plan(settings: Settings, portal: int | None) -> None:
    """They are known as such."""
    assert are_settings(kept(settings, "v1", portal))


@pytest.mark.parametrize(
    "changed",
    [
        {"portal": "1"},
        {"portal": -1},
        {"portal": True},
        {"api_version": None},
        {"api_version": 3},
        {"key": ""},
        {"key": 5},
        {"key": None},
        {"key": "hs_object_id"},  # nothing can be created with it
        {"upsert": "yes"},
        {"upsert": None},
        {"upsert": False},  # guards.creates would have no effect
        {"stages": "force"},
        {"stages": None},
        {"properties": None},
        {"properties": ["city"]},
        {"properties": {"city": "add"}},
        {"guards": None},
        {"guards": {}},
        {"guards": {"changes": 1}},
        {"guards": {"changes": 1, "creates": 1, "more": 1}},
        {"guards": {"changes": "1", "creates": None}},
        {"guards": {"changes": -1, "creates": None}},
        {"guards": [["changes", 1], ["creates", 1]]},
        {"status_actions": None},
        {"status_actions": [404]},
        {"status_actions": {"404": "ignore"}},
        {"max_failures": None},
        {"max_failures": -1},
        {"max_failures": "1"},
        {"max_failures": True},
        {"ledger": "l"},
        {"ledger": {"path": "l"}},
        {"ledger": {"path": "", "values": True}},
        {"ledger": {"path": "l", "values": "yes"}},
        {"ledger": {"path": "l", "values": True, "more": 1}},
        {"ledger": []},
        {"verify": None},
        {"verify": 1},
        {"more": 1},
    ],
    ids=str,
)
def test_what_no_plan_has(changed: dict[str, Any]) -> None:
    """A manifest with it is refused as a whole, whatever its digest says."""
    document = {**kept(MADE, "2026-09", PORTAL), **changed}

    assert not are_settings(document)


@pytest.mark.parametrize("document", [None, [], {}, "settings", [*kept(MADE, "v3", None)]])
def test_no_settings(document: object) -> None:
    """Neither is another thing."""
    assert not are_settings(document)


@pytest.mark.parametrize("name", [*kept(MADE, "v3", None)])
def test_settings_that_lack_one(name: str) -> None:
    """All of them are there."""
    document = kept(MADE, "v3", None)
    del document[name]

    assert not are_settings(document)


def manifest(folder: Path, **changed: Any) -> None:
    """Change a plan's manifest, with the digest that then fits."""
    path = folder / "plan.json"
    document = Manifest.parse(path.read_bytes())
    settings = {**document.settings, **changed}
    path.write_bytes(encoded({**orjson.loads(path.read_bytes()), "settings": settings}))
    forged = Manifest(document.totals, settings, document.parts)
    path.write_bytes(path.read_bytes().replace(document.sha256.encode(), forged.sha256.encode()))


def encoded(document: dict[str, Any]) -> bytes:
    return orjson.dumps(document, option=orjson.OPT_INDENT_2)


@pytest.mark.parametrize(("field", "value"), [("more", 1), ("rows", None)])
def test_the_fields_of_a_manifest(hubspot: Sandbox, tmp_path: Path, field: str, value: object) -> None:
    """A field too many or too few is told by its name: another version may have meant something by it."""
    plan(Around(hubspot, RECORDS), tmp_path)
    document = orjson.loads((tmp_path / "plan.json").read_bytes()) | {field: value}
    if value is None:
        del document[field]

    with pytest.raises(ValueError, match=f"lacks a field or has one too many: '{field}'"):
        Manifest.parse(encoded(document))


@pytest.mark.parametrize("document", [[], 5, {}, {"format": None}, {"format": 1}, {"format": True}])
def test_a_manifest_of_another_format(document: object) -> None:
    """Which one is needed is told before anything else: a newer one may look otherwise."""
    with pytest.raises(ValueError, match="its format is not 3"):
        Manifest.parse(orjson.dumps(document))


def made(definition: object) -> Manifest:
    """Return the manifest of a plan without lines, which creates a property."""
    totals: dict[str, Any] = dict.fromkeys(("rows", "changes", "creates", "removals", "calls"), 0)
    totals |= {"made": "", "others": {}, "stage_moves": {}, "minutes": 0.0}
    totals["properties"] = {"tier": definition}
    return Manifest(totals, kept(MADE, "2026-09", PORTAL), ())


def test_the_fields_that_are_told_are_few() -> None:
    """A file may have anything in it."""
    document = orjson.loads(made({**DEFINITION, "options": []}).encode())

    with pytest.raises(ValueError, match=r"too many: 'a0', 'a1', 'a2', 'a3', 'a4'$"):
        Manifest.parse(encoded(document | {f"a{n}": 1 for n in range(9)}))


DEFINITION = {"label": "Tier", "type": "string", "fieldType": "text", "groupName": "g", "description": ""}


@pytest.mark.parametrize(
    ("definition", "is_one"),
    [
        ({**DEFINITION, "options": []}, True),
        ({**DEFINITION, "options": [{"label": "A", "value": "a"}]}, True),
        ({**DEFINITION, "label": None, "options": []}, False),
        ({**DEFINITION, "options": {}}, False),
        ({**DEFINITION, "options": ["a"]}, False),
        ({**DEFINITION, "options": [{"label": "A"}]}, False),
        ({**DEFINITION, "options": [{"label": "A", "value": 1}]}, False),
        ({**DEFINITION, "options": [], "more": ""}, False),
        (DEFINITION, False),
        ("text", False),
    ],
)
def test_a_property_that_a_plan_creates(definition: object, is_one: bool) -> None:
    """Its definition has the fields that a plan writes, each of its type."""
    expected = nullcontext() if is_one else pytest.raises(ValueError, match="properties of the manifest")
    with expected:
        assert Manifest.parse(made(definition).encode()) == made(definition)


def test_a_manifest_that_was_forged(hubspot: Sandbox, tmp_path: Path) -> None:
    """Whoever can write it can make another plan: the digest that was approved tells; types are checked."""
    around = Around(hubspot, RECORDS)
    plan(around, tmp_path)
    approved = Manifest.parse((tmp_path / "plan.json").read_bytes()).sha256

    manifest(tmp_path, verify="yes")
    wrong = apply(around, tmp_path)
    manifest_of = (tmp_path / "plan.json").read_bytes()
    assert isinstance(wrong.error, PlanError)
    assert "settings of the manifest has a wrong type or value" in wrong.says
    (tmp_path / "plan.json").write_bytes(manifest_of.replace(b'"yes"', b"true"))
    assert "the manifest does not match its own hash" in apply(around, tmp_path).says
    plan(around, tmp_path)
    manifest(tmp_path, verify=True)

    assert "was approved: nothing was written" in apply(around, tmp_path, approved).says
    assert apply(around, tmp_path).outcomes == {"updated": 2}


@pytest.mark.parametrize(
    ("timestamp", "is_one"),
    [
        (None, True),
        (0, True),
        (-1, True),
        (1_700_000_000_000, True),
        (True, False),
        ("1", False),
        (1.5, False),
    ],
)
def test_the_time_of_a_line(timestamp: object, is_one: bool) -> None:
    """A whole number, or none."""
    line = {
        "row": 1,
        "key": "a@x.y",
        "write": "update",
        "changes": {"city": ["Rome", "Oslo"]},
        "digest": None,
        "timestamp": timestamp,
        "new_key": None,
    }
    expected = nullcontext() if is_one else pytest.raises(ValueError, match="a value of a wrong type")

    with expected:
        assert checked_line(orjson.dumps(line) + b"\n") == line


@pytest.mark.parametrize(
    ("change", "is_one"),
    [
        (["Rome", "Oslo"], True),
        ([None, "Oslo"], True),
        ([1, "Oslo"], False),
        (["Rome", None], False),
        (["Rome", 1], False),
        ([1, 2], False),
        (["Oslo"], False),
        (["Rome", "Oslo", "Bonn"], False),
        ("ab", False),
    ],
)
def test_a_change_of_a_line(change: object, is_one: bool) -> None:
    """What the contact has, if anything, and the text that it gets."""
    line = {
        "row": 1,
        "key": "a@x.y",
        "write": "update",
        "changes": {"city": change},
        "digest": None,
        "timestamp": None,
        "new_key": None,
    }
    expected = nullcontext() if is_one else pytest.raises(ValueError, match="a value of a wrong type")

    with expected:
        assert checked_line(orjson.dumps(line) + b"\n") == line


def test_a_planned_contact_is_created_with_its_key_alone() -> None:
    """The line of a creation names its key; the record asks for another key only if that differs."""
    line = {"row": 1, "key": "a@x.y", "digest": None, "timestamp": None, "new_key": None, "write": "create"}
    changes = {"city": [None, "Rome"]}
    with spooled_lines() as lines:
        for address in ("a@x.y", "b@x.y"):
            lines.add({**line, "changes": {**changes, "email": [None, address]}})

        plain, moved = lines.records("email", checked=True)

    assert (plain.properties, plain.before) == ({"city": "Rome"}, {"city": None, "email": None})
    assert moved.properties == {"city": "Rome", "email": "b@x.y"}


@pytest.mark.parametrize(("new_key", "is_one"), [(None, True), ("b@x.y", True), (1, False), ([], False)])
def test_the_new_key_of_a_line(new_key: object, is_one: bool) -> None:
    """A text, or none."""
    written = {"row": 1, "key": "a@x.y", "write": "update", "changes": {"city": ["Rome", "Oslo"]}}
    line = {**written, "digest": None, "timestamp": None, "new_key": new_key}
    expected = nullcontext() if is_one else pytest.raises(ValueError, match="a value of a wrong type")

    with expected:
        assert checked_line(orjson.dumps(line) + b"\n") == line


class TestPortal:
    @pytest.mark.parametrize(
        ("made_for", "leads_to", "is_refused"),
        [(1, 1, False), (1, 2, True), (None, 2, False), (1, None, False), (None, None, False)],
    )
    def test_another_portal(
        self, tmp_path: Path, made_for: int | None, leads_to: int | None, is_refused: bool
    ) -> None:
        """It is refused if both are known: a token need not be able to tell its portal."""
        told = [
            self.applied(tmp_path, number, made=place == 0)
            for place, number in enumerate((made_for, leads_to))
        ]

        assert told[0].error is None
        assert isinstance(told[1].error, PlanError) is is_refused
        assert told[1].outcomes == {"not_attempted" if is_refused else "updated": 2}
        if is_refused:
            assert "the plan was made for the portal 1, but the connection leads to 2" in told[1].says

    def applied(self, folder: Path, portal: int | None, *, made: bool) -> Told:
        """Make a plan in a portal, or apply it; without a number, the token may not know which one it is."""
        with Sandbox(contacts=CONTACTS, portal_id=portal or 1) as hubspot:
            if portal is None:
                hubspot.use_faults({"rules": [{"kind": "status", "status": 403, "on": "/account-info/*"}]})
            around = Around(hubspot, RECORDS)
            return plan(around, folder) if made else apply(around, folder)

    @pytest.mark.parametrize(
        ("made", "applied", "is_refused"),
        [
            ("2026-09", "2026-09", False),
            ("2026-09", "2026-03", False),
            ("v3", "2026-09", False),
            ("v1", "v1", False),
            ("v1", "v3", True),
            ("2026-09", "v1", True),
        ],
    )
    def test_another_api(
        self, hubspot: Sandbox, tmp_path: Path, made: str, applied: str, is_refused: bool
    ) -> None:
        """The legacy API has other forms of values, and no batches."""
        plan(Around(hubspot, RECORDS, api_version=made), tmp_path)

        ended = apply(Around(hubspot, api_version=applied), tmp_path)

        assert isinstance(ended.error, PlanError) is is_refused
        if is_refused:
            assert f"made with the API version {made}, but the connection has {applied}" in ended.says


def test_guards_of_a_plan(hubspot: Sandbox, tmp_path: Path) -> None:
    """Its records end ``not_attempted``, in the ledger with what they are, so that a retry knows them."""
    around = Around(hubspot, RECORDS)
    plan(around, tmp_path, guards=Guards(changes=1), ledger=Ledger("l"))

    ended = apply(around, tmp_path)

    assert isinstance(ended.error, GuardExceeded)
    assert ended.outcomes == {"not_attempted": 2}
    assert ended.report["plan"]["changes"] == 2
    assert [(line["row"], line["category"]) for line in around.books.lines] == [(1, "GUARD"), (2, "GUARD")]
    assert all(line["digest"] for line in around.books.lines)


def test_what_keeps_a_plan_from_being_applied(hubspot: Sandbox, tmp_path: Path) -> None:
    """The token's scopes are those of the task that applies it."""
    around = Around(hubspot, RECORDS)
    plan(around, tmp_path)
    with Sandbox(contacts=CONTACTS, scopes=["crm.objects.contacts.read"]) as reader:
        ended = apply(Around(reader), tmp_path)

    assert isinstance(ended.error, PreflightError)
    assert "lacks the scopes crm.objects.contacts.write" in ended.says
    assert ended.outcomes == {"not_attempted": 2}


def test_a_reader_may_make_a_plan(tmp_path: Path) -> None:
    """It writes no contact."""
    with Sandbox(contacts=CONTACTS, scopes=["crm.objects.contacts.read"]) as reader:
        made = plan(Around(reader, RECORDS), tmp_path)

    assert made.error is None
    assert made.report["plan"]["changes"] == 2


def test_a_plan_that_was_not_finished(hubspot: Sandbox, tmp_path: Path) -> None:
    """A source that breaks off leaves none, not even the one before."""

    def source() -> Iterator[dict[str, str]]:
        yield from RECORDS
        raise ConnectionResetError

    plan(Around(hubspot, RECORDS), tmp_path)
    broken = plan(Around(hubspot, source()), tmp_path)

    assert isinstance(broken.error, ConnectionResetError)
    assert "there is no complete plan at" in apply(Around(hubspot), tmp_path).says


def test_a_plan_that_stopped(hubspot: Sandbox, tmp_path: Path) -> None:
    """Neither does a run that HubSpot ends."""
    hubspot.use_faults({"rules": [{"kind": "status", "status": 401, "on": "*/batch/read"}]})

    made = plan(Around(hubspot, RECORDS), tmp_path)

    assert made.report["plan"] is None
    assert "there is no complete plan at" in apply(Around(hubspot), tmp_path).says


def test_settings_that_no_plan_can_have(hubspot: Sandbox, tmp_path: Path) -> None:
    """They are told before a contact is read."""
    made = plan(Around(hubspot, RECORDS), tmp_path, guards=Guards(changes=-1))

    assert isinstance(made.error, PreflightError)
    assert "guards.changes must be a count" in made.says
    assert not (tmp_path / "plan.json").exists()


@pytest.mark.parametrize("api", ["2026-09", "v1"])
def test_a_new_address(hubspot: Sandbox, tmp_path: Path, api: str) -> None:
    """Its contact is found by the old one when the plan is applied, and by the new one afterwards."""
    around = Around(hubspot, [{"old": "grace@example.com", "new": "hopper@example.com"}], api_version=api)
    plan(around, tmp_path, key=Key("old", becomes="new"))

    assert apply(around, tmp_path).outcomes == {"updated": 1}
    assert apply(around, tmp_path).outcomes == {"unchanged": 1}
    assert stored(hubspot, "hopper@example.com", "firstname") == "Grace"


@pytest.mark.parametrize(
    ("fewest", "limit", "says"),
    [
        (5, 190, "less than a minute"),
        (550, 190, "about 0.5 to 1 minutes"),
        (1_000, 100, "about 1.7 to 3.3 minutes"),
    ],
)
def test_how_long_calls_take(fewest: int, limit: int, says: str) -> None:
    """From a minute on, it is told how many there are."""
    assert minutes_in_words(fewest, 2 * fewest, limit) == says


@pytest.mark.parametrize(
    ("minutes", "says"),
    [
        (0.0, "less than a minute"),
        (0.9, "less than a minute"),
        (1.0, "about 1 minute"),
        (2.5, "about 2.5 minutes"),
    ],
)
def test_how_long_a_plan_takes(minutes: float, says: str) -> None:
    """In the words of the page and of the command line."""
    assert about(minutes) == says
