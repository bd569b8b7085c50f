"""Each guard of operators and hooks that a run reaches seldom, as a table."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_hubcontact.client import errors
from airflow_provider_hubcontact.client.contacts import BatchAnswer, Contact
from airflow_provider_hubcontact.client.errors import HubSpotError, StatusError
from airflow_provider_hubcontact.client.properties import PropertyDefinition
from airflow_provider_hubcontact.job.errors import SourceError
from airflow_provider_hubcontact.job.plans.guards import check_guards, guard_pass
from airflow_provider_hubcontact.job.portal.contacts_port import (
    MIGRATION_PAUSE,
    ContactsPort,
    LegacyContactsPort,
)
from airflow_provider_hubcontact.job.portal.definitions import Portal, create_missing, missing, portal_of
from airflow_provider_hubcontact.job.preflight import Preflight
from airflow_provider_hubcontact.job.progress import _duration
from airflow_provider_hubcontact.job.settings import is_true
from airflow_provider_hubcontact.operators import metrics
from airflow_provider_hubcontact.operators.errors import HubSpotSyncFailed
from airflow_provider_hubcontact.operators.options import Key, Writes
from airflow_provider_hubcontact.operators.stores import task_state
from airflow_provider_hubcontact.refusal import Detail, Refusal
from airflow_provider_hubcontact.sync.decide.lifecycle import Stages
from airflow_provider_hubcontact.sync.decide.policy import Policy
from airflow_provider_hubcontact.sync.keep import checkpoint
from airflow_provider_hubcontact.sync.keep.checkpoint import MOST_AHEAD, NAME, Checkpoint
from airflow_provider_hubcontact.sync.keep.report import Report
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result
from airflow_provider_hubcontact.sync.model.ports import Found, Lost, Refused
from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.sync.rows.comparison import Kind
from tests.airflow.running import run
from tests.fake_clock import FakeClock

# Preflight

TASK: dict[str, Any] = {
    "key": Key("email", property="email"),
    "writes": Writes(properties=None, create_properties=False, timestamp=None),
    "mapping": None,
    "watermark": None,
    "json_schema": None,
    "schema_folder": None,
    "is_dry_run": False,
}
CITY = PropertyDefinition("city", "City", "string", "text")
UNIQUE = PropertyDefinition("number", "Number", "string", "text", has_unique_value=True)
GOLF = PropertyDefinition("golf", "Golf", "enumeration", "checkbox")
PORTAL = Portal(
    Stages.default(),
    {"city": Kind.TEXT, "golf": Kind.OPTIONS},
    {each.name: each for each in (CITY, UNIQUE, GOLF)},
)
UNREAD = Portal(Stages.default())
ALL_SCOPES = frozenset({"crm.objects.contacts.read", "crm.objects.contacts.write"})


def hubspot(
    version: str = "v3", scopes: frozenset[str] | HubSpotError = ALL_SCOPES, left: int | None = None
) -> Any:
    """A client that only knows its token and its quota."""

    def access() -> Any:
        if isinstance(scopes, HubSpotError):
            raise scopes
        return SimpleNamespace(scopes=scopes)

    limit = SimpleNamespace(daily_remaining=left, time_zone="UTC")
    return SimpleNamespace(api_version=version, account=SimpleNamespace(access=access), rate_limit=limit)


def problems(
    task: Mapping[str, Any],
    *,
    client: Any = None,
    portal: Portal = PORTAL,
    columns: tuple[str, ...] | None = None,
    total: int | None = None,
) -> list[str]:
    given: Any = SimpleNamespace(**{**TASK, **task})
    return Preflight(given, client or hubspot(), portal, columns, total).problems()


@pytest.mark.parametrize(
    ("task", "more", "says"),
    [
        pytest.param({}, {}, None, id="nothing"),
        pytest.param(
            {"key": Key("email", property="number")},
            {"client": hubspot("v1")},
            "by email only",
            id="v1 by number",
        ),
        pytest.param({}, {"client": hubspot("v1")}, None, id="v1 by email"),
        pytest.param(
            {"writes": Writes(timestamp="at")}, {}, "only the legacy API carries a timestamp", id="timestamp"
        ),
        pytest.param(
            {"writes": Writes(timestamp="at")}, {"client": hubspot("v1")}, None, id="timestamp on v1"
        ),
        pytest.param(
            {"upsert": True, "key": Key("email", property="hs_object_id")},
            {},
            "cannot be created",
            id="by id",
        ),
        pytest.param({"upsert": True}, {}, None, id="upsert by email"),
        pytest.param({"key": Key("email", property="hs_object_id")}, {}, None, id="update by id"),
        pytest.param({"mapping": ["city"]}, {}, "mapping is column → property", id="no mapping"),
        pytest.param({"mapping": {"a": 1}}, {}, "mapping is column → property", id="no name"),
        pytest.param({"mapping": {"a": "city", "b": "city"}}, {}, "two columns for city", id="twice"),
        pytest.param({"mapping": {"a": "city"}}, {"columns": ("email",)}, "returns no column a", id="lacks"),
        pytest.param({"watermark": "at"}, {"columns": ("email",)}, "returns no column at", id="watermark"),
        pytest.param({}, {"columns": ("city",)}, "returns no column email", id="lacks the key"),
        pytest.param({"mapping": {"a": "city"}}, {"columns": ("email", "a")}, None, id="all there"),
        pytest.param(
            {"key": Key("email", property="nr")}, {}, "the portal has no property nr", id="key unknown"
        ),
        pytest.param(
            {"key": Key("email", property="city")}, {}, "must be a unique property", id="key not unique"
        ),
        pytest.param({"key": Key("email", property="number")}, {}, None, id="key unique"),
        pytest.param({"key": Key("email", property="nr")}, {"portal": UNREAD}, None, id="portal not read"),
        pytest.param({"mapping": {"a": "ctiy"}}, {}, "no property ctiy (the nearest is city)", id="misspelt"),
        pytest.param({"mapping": {"a": "ctiy"}}, {"portal": UNREAD}, None, id="misspelt, portal not read"),
        pytest.param({"mapping": {"a": "ctiy"}}, {}, None, id="misspelt, unchecked"),
        pytest.param(
            {"mapping": {"a": "new"}, "writes": Writes(create_properties=True)}, {}, None, id="created"
        ),
        pytest.param(
            {"mapping": {"a": "new", "b": "other"}, "writes": Writes(create_properties={"new": {}})},
            {},
            "no property other",
            id="another one is created",
        ),
        pytest.param({}, {"columns": ("email", "zzz")}, "no property zzz", id="unmapped column"),
        pytest.param(
            {"watermark": "zzz"}, {"columns": ("email", "zzz")}, None, id="the watermark is not sent"
        ),
        pytest.param({"writes": Writes(properties=["city"])}, {}, "write_modes is property →", id="no modes"),
        pytest.param(
            {"writes": Writes(properties={"city": "add"})}, {}, "write_modes is property →", id="no such mode"
        ),
        pytest.param(
            {"writes": Writes(properties={"city": "append"})}, {}, "multiple checkboxes", id="append to text"
        ),
        pytest.param({"writes": Writes(properties={"golf": "append"})}, {}, None, id="append to checkboxes"),
        pytest.param({"json_schema": "{"}, {}, "JSON", id="no schema"),
        pytest.param(
            {"json_schema": '{"required": ["x"]}', "mapping": {"a": "city"}},
            {},
            "requires x",
            id="never there",
        ),
        pytest.param(
            {"json_schema": '{"required": ["email"]}', "mapping": {"a": "city"}},
            {},
            None,
            id="the key is there",
        ),
        pytest.param({"json_schema": '{"required": ["x"]}'}, {}, None, id="any column may come"),
        pytest.param(
            {},
            {"client": hubspot(scopes=frozenset({"crm.objects.contacts.read"}))},
            "lacks the scopes",
            id="scope",
        ),
        pytest.param(
            {"is_dry_run": "true"},
            {"client": hubspot(scopes=frozenset({"crm.objects.contacts.read"}))},
            None,
            id="a dry run only reads",
        ),
        pytest.param({}, {"client": hubspot(scopes=frozenset())}, None, id="scopes not told"),
        pytest.param(
            {"writes": Writes(create_properties=True)}, {}, "crm.schemas.contacts.write", id="scope to create"
        ),
        pytest.param(
            {},
            {"client": hubspot(scopes=errors.Unauthorized(Refusal(401, "no")))},
            None,
            id="no token, alone",
        ),
        pytest.param(
            {"mapping": {"a": "ctiy"}},
            {"client": hubspot(scopes=errors.Unauthorized(Refusal(401, "wrong token")))},
            "wrong token",
            id="no token, beside something else",
        ),
    ],
)
def test_preflight(task: Mapping[str, Any], more: Mapping[str, Any], says: str | None) -> None:
    """Each thing that keeps a run from its work is told, and nothing else is."""
    if task.get("create_missing_properties") and more == {} and says is None:
        scopes = ALL_SCOPES | {"crm.schemas.contacts.write"}
        more = {"client": hubspot(scopes=scopes)}

    found = problems(task, **more)

    assert (found == []) if says is None else any(says in each for each in found), found


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot be read"),
        (b"\xff", "cannot be read"),
        (b"{", "JSON"),
        (b'{"required": ["x"]}', "requires x"),
    ],
)
def test_a_schema_of_a_file(tmp_path: Path, content: bytes | None, says: str) -> None:
    """A file is read, and told if it cannot be."""
    path = tmp_path / "schema.json"
    if content is not None:
        path.write_bytes(content)

    (told,) = problems({"json_schema": path, "mapping": {"a": "city"}})

    assert says in told


@pytest.mark.parametrize(
    ("version", "left", "total", "warns"),
    [
        ("v3", 3, 200, True),
        ("v3", 4, 200, False),
        ("v3", None, 200, False),
        ("v3", 3, None, False),
        ("v1", 199, 200, True),
        ("v1", 200, 200, False),
    ],
)
def test_the_quota(
    caplog: pytest.LogCaptureFixture, version: str, left: int | None, total: int | None, warns: bool
) -> None:
    """More calls than are left today are told, and are no problem."""
    with caplog.at_level(logging.WARNING):
        assert problems({}, client=hubspot(version, left=left), total=total) == []

    assert ("the rest has to wait" in caplog.text) is warns


# The joint of client and sync


class Raising:
    """A client whose calls all end in one way."""

    def __init__(self, error: HubSpotError) -> None:
        self._error = error

    def __getattr__(self, _: str) -> Callable[..., Any]:
        def call(*_: Any, **__: Any) -> Any:
            raise self._error

        return call


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (errors.NotSent("no way"), Lost("no way", sent=False)),
        (errors.Cancelled("stop"), Lost("stop", sent=False)),
        (errors.ConfigurationError("no certificates"), Lost("no certificates", sent=False, setup=True)),
        (errors.AnswerLost("gone"), Lost("gone", sent=True)),
        (errors.UnusableAnswer("a page", 200), Lost("a page", sent=True)),
        (errors.BadRequest(Refusal(400, "bad", "C", "id")), Refused(Refusal(400, "bad", "C", "id"))),
        (errors.Unauthorized(Refusal(401, "no")), Refused(Refusal(401, "no"), stops=True)),
        (errors.Forbidden(Refusal(403, "no")), Refused(Refusal(403, "no"), stops=True)),
        (errors.ServerError(Refusal(503, "no")), Refused(Refusal(503, "no"))),
        (
            errors.RateLimited(Refusal(429, "slow"), retry_after=3),
            Refused(Refusal(429, "slow"), retry_after=3),
        ),
        (
            errors.DailyLimitReached(Refusal(429, "theirs", policy="DAILY"), 9),
            Refused(Refusal(429, "theirs", policy="DAILY"), stops=True, retry_after=9),
        ),
        (
            errors.DailyLimitReached(Refusal(429, "ours", why="ours"), 9),
            Refused(Refusal(429, "ours", why="ours"), stops=True, retry_after=9),
        ),
        (
            errors.Migrating(Refusal(477, "moves")),
            Refused(Refusal(477, "moves"), stops=True, retry_after=MIGRATION_PAUSE),
        ),
        (
            errors.Migrating(Refusal(477, "moves"), retry_after=5),
            Refused(Refusal(477, "moves"), stops=True, retry_after=5),
        ),
        (
            errors.Conflict(Refusal(409, "taken", existing_id="7")),
            Refused(Refusal(409, "taken", existing_id="7")),
        ),
    ],
)
def test_what_a_call_comes_to(error: HubSpotError, answer: Lost | Refused) -> None:
    """Each error of the client has its value in sync, for reads and writes."""
    client: Any = Raising(error)

    assert ContactsPort(client, "email").read(["a"], ()) == answer
    assert LegacyContactsPort(client).read(["a"], ()) == answer


class Answering:
    def __init__(self, *contacts: Contact) -> None:
        self._answer = BatchAnswer(200, contacts, (), None)

    def batch_read(self, *_: Any, **__: Any) -> BatchAnswer:
        return self._answer


@pytest.mark.parametrize(
    ("by", "properties", "keys"),
    [
        ("email", {"email": " Ada@X.y "}, {"ada@x.y"}),
        ("email", {"email": "a@x", "hs_additional_emails": "B@x; c@x;"}, {"a@x", "b@x", "c@x"}),
        ("email", {"email": None, "hs_additional_emails": "b@x"}, {"b@x"}),
        ("email", {}, set()),
        ("number", {"number": "N1", "hs_additional_emails": "b@x"}, {"N1"}),
        ("number", {"number": ""}, set()),
        ("hs_object_id", {"hs_object_id": "7"}, {"7"}),
        ("hs_object_id", {}, {"7"}),
    ],
)
def test_the_keys_of_a_contact(by: str, properties: Mapping[str, str | None], keys: set[str]) -> None:
    """A contact is found under each of its addresses, its unique value, or its record id."""
    client: Any = Answering(Contact("7", properties))

    found = ContactsPort(client, by).read(["a"], ())

    assert isinstance(found, Found)
    assert set(found.contacts) == keys


# Guards, flags, metrics, times


@pytest.mark.parametrize(
    ("changes", "creates", "most", "trips"),
    [
        (5, 5, (None, None), False),
        (5, 5, (5, 5), False),
        (6, 0, (5, None), True),
        (0, 6, (None, 5), True),
        (6, 0, (None, 5), False),
        (1, 0, (0, None), True),
        (5, 0, (0.5, None), False),
        (6, 0, (0.5, None), True),
        (1, 0, (1, None), False),
    ],
)
def test_check_guards(
    changes: int, creates: int, most: tuple[float | None, float | None], trips: bool
) -> None:
    """A guard trips by more than its count, or its share of the rows."""
    totals = {"rows": 10, "changes": changes, "creates": creates}
    expected = pytest.raises(SourceError, match="nothing was written") if trips else nullcontext()
    with expected:
        check_guards(totals, *most)


class Known:
    """A ledger that knows of the record of row 2."""

    def __init__(self) -> None:
        self.forgotten: list[int] = []
        self.flushes = 0

    def earlier(self, record: Record) -> Result | None:
        return ended(record.row) if record.row == 2 else None

    def forget(self, row: int) -> None:
        self.forgotten.append(row)

    def flush(self) -> None:
        self.flushes += 1


@pytest.mark.parametrize("has_ledger", [True, False])
def test_a_guard_pass(has_ledger: bool) -> None:
    """No row ends in the pass: the run gets every row, the ledger no line, and a stop all that was found."""
    ledger = Known()
    record, would = Record(2, "k", {"city": "Rome"}), ended(2, Outcome.NOT_ATTEMPTED)
    with guard_pass(ledger if has_ledger else None) as counted:  # type: ignore[arg-type]
        counted.settled(ended(1, Outcome.INVALID))  # it made no record
        known = [counted.earlier(record), counted.earlier(Record(3, "l", {}))]
        for result in (would._replace(category="WOULD_UPDATE"), ended(3, Outcome.NOT_FOUND)):
            counted.settled(result)
        counted.flush()
        rows, given_up = list(counted.rows), list(counted.given_up("too many"))

    assert known == ([ended(2), None] if has_ledger else [None, None])
    assert rows == [ended(1, Outcome.INVALID), record, Record(3, "l", {})]
    assert given_up == [
        ended(1, Outcome.INVALID),
        would._replace(status=None, category="GUARD", reason="too many"),
        ended(3, Outcome.NOT_FOUND),
    ]
    assert counted.totals.to_dict()["changes"] == 1
    assert (ledger.forgotten, ledger.flushes) == (([2, 3], 0) if has_ledger else ([], 0))


@pytest.mark.parametrize(
    ("value", "flag"),
    [(True, True), (False, False), ("True", True), (" false ", False), ("1", True), (0, False), ("", False)],
)
def test_a_flag(value: object, flag: bool) -> None:
    """A template's text is a flag, too."""
    assert is_true(value) is flag


@pytest.mark.parametrize("value", ["yes", "None", 2, None, "{{ x }}"])
def test_no_flag(value: object) -> None:
    """Anything else is refused."""
    with pytest.raises(ValueError, match="a flag is true or false"):
        is_true(value)


@pytest.mark.parametrize(
    ("latency", "left", "sent"),
    [
        (None, None, set()),
        (0.2, None, {"hubcontact.call_latency"}),
        (None, 0, {"hubcontact.calls_left_today"}),
        (0.0, 7, {"hubcontact.call_latency", "hubcontact.calls_left_today"}),
    ],
)
def test_metrics_that_are_not_known(
    monkeypatch: pytest.MonkeyPatch, latency: float | None, left: int | None, sent: set[str]
) -> None:
    """What is not known is not sent as a number."""
    names: list[str] = []

    def note(name: str, *_: Any, **__: Any) -> None:
        names.append(name)

    monkeypatch.setattr(metrics, "Stats", SimpleNamespace(incr=note, timing=note, gauge=note))

    metrics.emit(
        Report(calls={"latency": latency}, quota={"calls_left_today": left}), dag_id="dag", task_id="task"
    )

    assert set(names) - {"hubcontact.duration"} == sent


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1, "0 s"), (59, "59 s"), (60, "1 min 0 s"), (3_599, "59 min 59 s"), (7_260, "2 h 1 min")],
)
def test_a_duration(seconds: float, text: str) -> None:
    """Seconds, minutes, hours."""
    assert _duration(seconds) == text


# The place of a try


class State:
    """Airflow's store, which counts."""

    def __init__(self, kept: object = None) -> None:
        self.kept: Any = kept
        self.writes = self.deletions = 0

    def get(self, key: str, default: Any = None, /) -> Any:
        assert key == NAME
        return default if self.kept is None else self.kept

    def set(self, key: str, value: Any, /) -> None:
        self.kept = value
        self.writes += 1

    def delete(self, key: str, /) -> None:
        self.kept = None
        self.deletions += 1


def ended(row: int, outcome: Outcome = Outcome.UPDATED) -> Result:
    return Result(row, "k", outcome, 200)


@pytest.mark.parametrize(
    ("kept", "rows"),
    [
        (None, 0),
        ("nonsense", 0),
        ({"source": "other", "rows": 5, "tally": [["updated", 200, 5]]}, 0),
        ({"source": "digest", "rows": 5, "tally": [["updated", 200, 5]]}, 5),
    ],
)
def test_a_place_counts_in_its_own_rows_only(kept: object, rows: int) -> None:
    """Another source's place, or what is no place, is left alone."""
    found = Checkpoint(State(kept), "digest", Policy.of({}))

    assert found.rows == found.tally.total() == rows


@pytest.mark.parametrize(
    ("results", "rows"),
    [
        ([ended(1), ended(2)], 2),
        ([ended(2), ended(1)], 2),
        ([ended(1), ended(3)], 1),
        ([ended(1), ended(2, Outcome.UNAVAILABLE), ended(3)], 1),
        ([ended(1), ended(2, Outcome.UNAUTHORIZED), ended(3)], 1),
        ([ended(2, Outcome.THROTTLED), ended(1), ended(3)], 1),
        ([ended(1), ended(2, Outcome.INVALID), ended(3)], 3),
    ],
)
def test_a_place_stops_where_a_retry_is_needed(results: list[Result], rows: int) -> None:
    """Rows after one that needs a retry do not move it, in whatever order they end."""
    found = Checkpoint(State(), "digest", Policy.of({}))
    for result in results:
        found.settled(result)

    assert found.rows == found.tally.total() == rows


def test_a_place_waits_for_no_row_for_ever() -> None:
    """Once too many rows have ended before the next one, the place stays where it is."""
    found = Checkpoint(State(), "digest", Policy.of({}))
    for row in range(2, MOST_AHEAD + 3):
        found.settled(ended(row))
    found.settled(ended(1))

    assert found.rows == 0


def test_a_place_is_written_seldom() -> None:
    """Not before its time, and not when it has not moved."""
    clock, state = FakeClock(), State()
    found = Checkpoint(state, "digest", Policy.of({}), clock)
    found.keep()
    found.settled(ended(1))
    before = state.writes
    clock.sleep(checkpoint.EVERY)
    found.settled(ended(2))
    after = state.writes
    found.keep()

    assert (before, after, state.writes, state.kept["rows"]) == (0, 1, 1, 2)


@pytest.mark.parametrize("kept", [None, {"source": "x"}])
def test_a_place_is_forgotten_once(kept: object) -> None:
    """Where there is a store, and a place in it."""
    state = State(kept)
    task_state.forget({"task_state_store": state})  # type: ignore[typeddict-item]
    task_state.forget({})

    assert state.kept is None
    assert state.deletions == (kept is not None)


# The portal's properties


class Definitions:
    """The properties of a portal, or what comes instead."""

    def __init__(
        self, listed: list[PropertyDefinition] | HubSpotError, rules: HubSpotError | None = None
    ) -> None:
        self._listed, self._rules = listed, rules
        self.created: list[str] = []

    def list(self) -> list[PropertyDefinition]:
        if isinstance(self._listed, HubSpotError):
            raise self._listed
        return self._listed

    def rules(self) -> dict[str, Any]:
        if self._rules:
            raise self._rules
        return {"city": ()}

    def create(self, definition: PropertyDefinition) -> None:
        if definition.name == "city":
            raise errors.Conflict(Refusal(409, "there is one"))
        self.created.append(definition.name)


OWN = Stages.default()
NO_STAGES = Stages.of(())


@pytest.mark.parametrize(
    ("listed", "stages", "is_known"),
    [
        (errors.Forbidden(Refusal(403, "no")), OWN, False),
        (errors.NotFound(Refusal(404, "no")), NO_STAGES, False),
        (errors.ServerError(Refusal(503, "no")), NO_STAGES, False),
        (errors.NotSent("no"), NO_STAGES, False),
        ([], NO_STAGES, False),
        ([CITY], OWN, True),
    ],
)
def test_portal_of(listed: Any, stages: Stages, is_known: bool) -> None:
    """What may not be read is HubSpot's own; what cannot be read now is judged by no order."""
    client: Any = Definitions(listed)

    found = portal_of(client, rules=True)

    assert found.stages == stages
    assert (found.definitions is not None) is is_known


def test_rules_that_cannot_be_read() -> None:
    """HubSpot then checks them itself."""
    client: Any = Definitions([CITY], errors.ServerError(Refusal(503, "no")))

    assert portal_of(client, rules=True).rules == {}


@pytest.mark.parametrize("dry_run", [True, False])
def test_create_missing(dry_run: bool) -> None:
    """A dry run creates nothing; what another worker has created meanwhile is not ours."""
    client = Definitions([])
    fake: Any = client

    named = create_missing(fake, [CITY, UNIQUE], dry_run=dry_run)

    assert named == (["city", "number"] if dry_run else ["number"])
    assert client.created == ([] if dry_run else ["number"])


def columns() -> Iterator[tuple[Any, object]]:
    yield from [("a", None), ("a", 5), ("a", "text"), (None, "x"), ("city", "Rome"), ("b", True)]


def test_missing() -> None:
    """The first value that is one tells a column's type; a column without a name is left out."""
    found = missing(columns(), True, ["city"])

    assert {name: each.field_type for name, each in found.items()} == {"a": "number", "b": "booleancheckbox"}


@pytest.mark.parametrize(
    ("told", "kind", "label"),
    [
        ({"type": "string"}, "string", "A"),
        ({"type": "string", "title": "Ah"}, "string", "Ah"),
        ({"type": "boolean", "title": "Ah"}, "enumeration", "Ah"),
        ({"enum": ["x", 5, ""]}, "enumeration", "A"),
        ({"type": "array", "items": {"enum": ["x"]}}, "enumeration", "A"),
        ({"title": 5}, "number", "A"),
    ],
)
def test_a_schema_defines_a_property(told: Mapping[str, Any], kind: str, label: str) -> None:
    """What the JSON Schema says comes before the value."""
    (found,) = missing([("a", 7)], True, (), {"a": told}).values()

    assert (found.type, found.label) == (kind, label)


def test_details_and_names_are_kept() -> None:
    """A refusal keeps all that is wrong, with the properties."""
    detail = Detail("bad", "INVALID_OPTION", ("city",))
    error: StatusError = errors.BadRequest(Refusal(400, "bad", details=(detail,)))
    client: Any = Raising(error)

    answer = ContactsPort(client, "email").read(["a"], ())

    assert isinstance(answer, Refused)
    assert answer.refusal.details == (detail,)


@pytest.mark.parametrize("flag", ["maybe", "None", "{{ params.dry }}"])
def test_a_dry_run_that_is_no_flag(flag: str) -> None:
    """A template that gave something else fails the task before anything is asked."""
    ended = run(records=[{"email": "a@example.com"}], dry_run=flag)

    assert isinstance(ended.error, HubSpotSyncFailed)
    assert str(ended.error).startswith("dry_run: a flag is true or false")
