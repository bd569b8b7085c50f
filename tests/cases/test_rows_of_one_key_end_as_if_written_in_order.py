# SPDX-License-Identifier: Apache-2.0
"""What a run leaves in HubSpot is what its rows leave if they are written one after another, each alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, assert_never

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_hubcontact.sandbox import Sandbox
from airflow_provider_hubcontact.sync.decide.lifecycle import DEFAULT_STAGES, STAGE
from airflow_provider_hubcontact.sync.decide.rules import Rules
from airflow_provider_hubcontact.sync.flow.sync import Sync
from airflow_provider_hubcontact.sync.model.choices import Nulls, OnRegression, WriteMode
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result
from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.sync.rows.record_mapping import RecordMapping
from tests.cases.syncing import synced
from tests.sync.fakes import BAD, FakePortal, ShuffledWorkers, results_of

KEYS = ["p0@x.y", "p1@x.y", "u@x.y"]
ADDRESSES = [*KEYS, "n@x.y"]
"""What a contact may be moved to: a row's key before or after that row, or one of several rows."""

STAGES = DEFAULT_STAGES[:3]
COLUMNS = {name: name for name in ("firstname", "city", "zip", "language", "topics", STAGE)} | {
    "new_email": "email"
}
MODES = {"language": WriteMode.FILL_EMPTY, "topics": WriteMode.APPEND}
DRAWN: dict[str, st.SearchStrategy[str]] = {
    "firstname": st.sampled_from(["a", "b", BAD]),
    "language": st.sampled_from(["de", "en", BAD]),
    "topics": st.sampled_from(["x", "y", "x;y", "z"]),
    STAGE: st.sampled_from(STAGES),
    "new_email": st.sampled_from(ADDRESSES),
}
"""Values that need what the contact has, or that no later row overwrites."""

WORKED = frozenset({Outcome.UPDATED, Outcome.CREATED, Outcome.UNCHANGED})

START = [{"email": key, "firstname": "a", STAGE: STAGES[1]} for key in KEYS[:2]]

Portal = dict[str, dict[str, str]]
"""Address → the contact's values."""


def rows_of_few_keys() -> st.SearchStrategy[list[Any]]:
    """Many rows of few keys, in runs and apart, with values that are refused."""
    plain = st.fixed_dictionaries(
        {},
        optional={
            "firstname": st.sampled_from(["a", "b", "c", BAD, None]),
            "city": st.sampled_from(["a", "b", None]),
            "zip": st.sampled_from(["1", "2"]),
        },
    )
    others = st.fixed_dictionaries({}, optional=DRAWN)
    row = st.tuples(st.sampled_from([*ADDRESSES, KEYS[0]]), st.one_of(plain, plain, others)).map(_row)
    return st.lists(row, max_size=14)


def _row(drawn: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    key, values = drawn
    return {"email": key, **values}


def written_alone(contacts: Portal, record: Record, rules: Rules, *, blind: bool) -> Outcome:
    """Write one record as the documentation says; return its outcome."""
    wanted = dict(record.properties)
    contact, holder = contacts.get(record.key), contacts.get(wanted.get("email", ""))
    if contact and holder and contact is not holder:
        return Outcome.CONFLICT
    contact = contact or holder
    if contact is None:
        is_read = not blind or rules.needs_current(record)
        return _created(contacts, record.key, wanted, creates=rules.create, is_read=is_read)
    if _goes_back(contact.get(STAGE), wanted.get(STAGE)):
        if rules.on_regression is OnRegression.REJECT:
            return Outcome.INVALID
        if rules.on_regression is OnRegression.KEEP:
            del wanted[STAGE]
    differing = {
        name: value for name, value in _left_of(wanted, contact).items() if value != contact.get(name, "")
    }
    if BAD in differing.values():
        return Outcome.REJECTED
    contacts.pop(contact["email"])
    contact |= differing
    contacts[contact["email"]] = contact
    return Outcome.UPDATED if differing else Outcome.UNCHANGED


def _created(contacts: Portal, key: str, wanted: dict[str, str], *, creates: bool, is_read: bool) -> Outcome:
    if BAD in wanted.values() and (creates or not is_read):
        return Outcome.REJECTED
    if not creates:
        return Outcome.NOT_FOUND
    address = wanted.get("email", key)
    contacts[address] = {**wanted, "email": address}
    return Outcome.CREATED


def _goes_back(stage: str | None, new: str | None) -> bool:
    return bool(stage and new) and STAGES.index(str(new)) < STAGES.index(str(stage))


def _left_of(wanted: dict[str, str], contact: dict[str, str]) -> dict[str, str]:
    """Return what the contact has once the values are written by the modes of the properties."""
    return {
        name: _by_mode(MODES.get(name, WriteMode.OVERWRITE), old, value)
        if (old := contact.get(name))
        else value
        for name, value in wanted.items()
    }


def _by_mode(mode: WriteMode, old: str, new: str) -> str:
    match mode:
        case WriteMode.OVERWRITE:
            return new
        case WriteMode.FILL_EMPTY:
            return old
        case WriteMode.APPEND:
            return ";".join(dict.fromkeys([*old.split(";"), *new.split(";")]))
        case _:
            assert_never(mode)


def _check(row: int, result: Result, alone: Outcome, records: Mapping[int, Record]) -> None:
    if result.outcome is Outcome.SUPERSEDED:
        later = {
            name
            for n, each in records.items()
            if n > row and each.key == result.key
            for name in each.properties
        }
        assert records[row].properties.keys() <= later, f"{result} is needed"
    elif alone in WORKED:
        assert result.outcome in WORKED, f"{result}, alone {alone}"
    else:
        assert result.outcome is alone, f"{result}, alone {alone}"


@pytest.mark.parametrize("addresses", ["ids", "emails"])
@given(
    rows_of_few_keys(),
    st.builds(Rules, create=st.booleans(), on_regression=st.sampled_from(OnRegression), modes=st.just(MODES)),
    st.builds(ShuffledWorkers, seed=st.integers(0, 10**6), size=st.integers(1, 4)),
    st.data(),
)
@settings(max_examples=4 * settings().max_examples)
def test_a_run_leaves_what_its_rows_leave_one_by_one(
    addresses: str,
    rows: list[Any],
    rules: Rules,
    workers: ShuffledWorkers,
    data: st.DataObject,
) -> None:
    """Whatever the rows, the rules and how far apart rows of a key are; each row has one true outcome."""
    nulls = data.draw(st.sampled_from(Nulls), label="nulls")
    batch = data.draw(st.integers(1, 4), label="batch")
    max_in_flight = data.draw(st.sampled_from([1, 2, 8, 100]), label="max_in_flight")
    is_blind = addresses == "emails"
    portal = FakePortal.of(*START, batch_size=batch, always=not is_blind)
    sync = Sync(
        RecordMapping(mapping=COLUMNS, nulls=nulls), rules, portal, portal, max_in_flight=max_in_flight
    )

    _compare(sync, portal, rows, workers)


FIRST, SECOND, THIRD = STAGES
RUNS = {
    "a refused value that is overwritten": [{"firstname": BAD, "city": "b"}, {"firstname": "b"}],
    "a refused value that is not": [{"city": "b"}, {"firstname": BAD, "zip": "2"}, {"zip": "1"}],
    "a stage that goes back": [{STAGE: THIRD}, {STAGE: FIRST, "city": "b"}, {STAGE: SECOND, "zip": "1"}],
    "the first value stays": [{"language": "de"}, {"language": "en"}],
    "options": [{"topics": "x"}, {"topics": "y"}, {"topics": "x;z"}],
    "an address": [{"city": "b"}, {"new_email": "n@x.y", "zip": "2"}, {"zip": "1"}],
    "there and back": [{"firstname": "b"}, {"firstname": "a"}],
}


@pytest.mark.parametrize("on_regression", OnRegression)
@pytest.mark.parametrize("create", [False, True], ids=["update", "upsert"])
@pytest.mark.parametrize("key", [KEYS[0], KEYS[2]], ids=["known", "unknown"])
@pytest.mark.parametrize("values", RUNS.values(), ids=RUNS)
@pytest.mark.parametrize("always", [True, False], ids=["ids", "emails"])
def test_rows_that_follow_each_other(
    values: list[dict[str, str]], key: str, create: bool, on_regression: OnRegression, always: bool
) -> None:
    """Each way in which one row's values bear on another's."""
    portal = FakePortal.of(*START, always=always)
    rules = Rules(create=create, on_regression=on_regression, modes=MODES)
    sync = Sync(RecordMapping(mapping=COLUMNS), rules, portal, portal)

    _compare(sync, portal, [{"email": key, **each} for each in values], ShuffledWorkers())


def _compare(sync: Sync, portal: FakePortal, rows: list[Any], workers: ShuffledWorkers) -> None:
    is_blind, shape, rules = not portal.always, sync.shape, sync.rules
    contacts: Portal = {each["email"]: dict(each) for each in START}
    shaped = {number: shape.record(number, row) for number, row in enumerate(rows, 1)}
    records = {number: record for number, record in shaped.items() if isinstance(record, Record)}
    assert len(records) == len(rows)

    results = results_of(sync, rows, workers)

    alone = {row: written_alone(contacts, each, rules, blind=is_blind) for row, each in records.items()}
    assert results.keys() == records.keys()
    assert _values(portal.contacts.values()) == _values(contacts.values())
    for row, result in results.items():
        _check(row, result, alone[row], records)
    if not is_blind:
        created = [each.outcome for each in results.values()].count(Outcome.CREATED)
        assert created == list(alone.values()).count(Outcome.CREATED)


@given(
    rows_of_few_keys(),
    st.builds(Rules, create=st.booleans(), on_regression=st.sampled_from(OnRegression), modes=st.just(MODES)),
    st.sampled_from([1, 2, 8, 100]),
    st.builds(ShuffledWorkers, seed=st.integers(0, 10**6)),
)
def test_a_dry_run_tells_what_its_rows_would_leave(
    rows: list[Any], rules: Rules, max_in_flight: int, workers: ShuffledWorkers
) -> None:
    """What it says of a row holds after the rows before it: a plan of it can be applied."""
    _compare_dry([row for row in rows if BAD not in row.values()], rules, max_in_flight, workers)


P0, P1, U, N = ADDRESSES
MOVES: dict[str, list[tuple[str, str | None]]] = {
    "to a key, which is used then": [(P0, U), (U, None)],
    "to a key that was used": [(U, None), (P0, U), (U, None)],
    "from a key, which is used then": [(P0, N), (P0, None), (N, None)],
    "there and back": [(P0, N), (N, P0), (P0, None), (N, None)],
    "on": [(P0, N), (N, U), (U, None)],
    "after each other": [(P0, N), (P1, P0), (P0, None), (P1, None)],
    "to a key that somebody has": [(P0, P1), (P1, P0), (P1, None)],
    "a new contact": [(U, N), (U, None), (N, P0), (N, U)],
    "two new contacts of one key": [(U, None), (U, N), (U, None), (U, P1), (N, U), (U, None)],
    "twice": [(P0, N), (P0, N), (N, None)],
}


@pytest.mark.parametrize("create", [False, True], ids=["update", "upsert"])
@pytest.mark.parametrize("moves", MOVES.values(), ids=MOVES)
def test_a_dry_run_knows_who_has_a_key(moves: list[tuple[str, str | None]], create: bool) -> None:
    """A row that comes after a change of its key is about the contact that has the key by then."""
    rows = [
        {"email": key, "city": str(row), **({"new_email": new} if new else {})}
        for row, (key, new) in enumerate(moves)
    ]
    _compare_dry(rows, Rules(create=create), 100, ShuffledWorkers())


def _compare_dry(rows: list[Any], rules: Rules, max_in_flight: int, workers: ShuffledWorkers) -> None:
    portal = FakePortal.of(*START)
    contacts: Portal = {each["email"]: dict(each) for each in START}
    told: Portal = {each["email"]: dict(each) for each in START}
    shape = RecordMapping(mapping=COLUMNS)

    results = results_of(Sync(shape, rules, portal, None, max_in_flight=max_in_flight), rows, workers)

    for row, result in results.items():
        record = shape.record(row, rows[row - 1])
        assert isinstance(record, Record)
        written_alone(contacts, record, rules, blind=False)
        old_and_new = (result.key, record.properties.get("email"))
        contact = next((told[each] for each in old_and_new if each in told), {})
        for name, (old, new) in result.changes.items():
            assert (old or "") == contact.get(name, "")
            contact[name] = contact.get(name, "") + new if new.startswith(";") else new
        if result.changes:
            told.pop(result.key, None)
            told[contact["email"]] = contact
    assert portal.writes == []
    assert _values(told.values()) == _values(contacts.values())
    created = [each.category for each in results.values()].count("WOULD_CREATE")
    assert created == len(contacts) - len(START)


def _values(contacts: Any) -> list[dict[str, str]]:
    return sorted(
        ({name: value for name, value in contact.items() if value} for contact in contacts),
        key=lambda contact: contact["email"],
    )


ADA, NEW = "ada@example.com", "new@example.com"
SEQUENCES = {
    "columns of the earlier row": [{"firstname": "A", "city": "Bonn"}, {"firstname": "B"}],
    "columns of their own": [{"firstname": "A"}, {"city": "Bonn"}, {"zip": "1"}],
    "a refused row beside a good one": [{"firstname": "A", "numemployees": "?"}, {"firstname": "B"}],
    "a refused row before a good one": [{"numemployees": "?", "city": "Bonn"}, {"numemployees": "1-5"}],
    "a good row before a refused one": [{"city": "Bonn"}, {"numemployees": "?", "zip": "1"}, {"zip": "2"}],
    "stages": [{"lifecyclestage": "customer"}, {"lifecyclestage": "lead", "city": "X"}, {"city": "Y"}],
    "back to what it was": [{"firstname": "B"}, {"firstname": "old"}],
    "a new address": [{"email_new": NEW, "city": "X"}, {"city": "Y"}],
    "a row by an address that was given before": [{"email_new": NEW}, {"address": NEW, "city": "Y"}],
    "a row by an address that is given after": [{"address": NEW, "city": "Y"}, {"email_new": NEW}],
    "rows by both addresses": [
        {"city": "X"},
        {"email_new": NEW},
        {"address": NEW, "city": "Y"},
        {"zip": "1"},
    ],
}


@pytest.mark.parametrize("api_version", ["2026-09", "v1"])
@pytest.mark.parametrize("create", [False, True], ids=["update", "upsert"])
@pytest.mark.parametrize("values", SEQUENCES.values(), ids=SEQUENCES)
def test_against_hubspot(values: Sequence[dict[str, str]], create: bool, api_version: str) -> None:
    """A run over all rows, and runs over one row each, leave the same contacts."""
    rows = [{"address": ADA, **each} for each in values]
    columns = {name: "email" if name == "email_new" else name for row in rows for name in row}
    del columns["address"]
    how: dict[str, Any] = {
        "api_version": api_version, "create": create, "key": "address", "mapping": columns
    }  # fmt: skip
    with _sandbox() as together, _sandbox() as apart:
        results = synced(together, rows, **how)
        alone = [synced(apart, [row], **how)[0] for row in rows]

        assert _left(together, columns.values()) == _left(apart, columns.values())
    for result, one in zip(results, alone, strict=True):
        if result.outcome is not Outcome.SUPERSEDED:
            assert (result.outcome in WORKED) == (one.outcome in WORKED)
            assert result.outcome in WORKED or result.outcome is one.outcome


def _sandbox() -> Sandbox:
    return Sandbox(contacts=[{"email": ADA, "firstname": "old"}])


def _left(sandbox: Sandbox, names: Any) -> list[list[str | None]]:
    wanted = sorted({"email", *names})
    return [[contact.properties.get(name) for name in wanted] for contact in sandbox.portal.contacts.values()]
