# SPDX-License-Identifier: Apache-2.0
"""The table of states says where records are, no more and no less."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from airflow_provider_hubcontact.sync.decide.lifecycle import STAGE
from airflow_provider_hubcontact.sync.decide.rules import LookUp, Rules
from airflow_provider_hubcontact.sync.flow.engine import Engine
from airflow_provider_hubcontact.sync.flow.proofs.held_rows import HeldRows, Unidentified
from airflow_provider_hubcontact.sync.flow.record_reader import RecordReader
from airflow_provider_hubcontact.sync.flow.states import NOTES, PLACES, State
from airflow_provider_hubcontact.sync.flow.sync import Sync
from airflow_provider_hubcontact.sync.flow.waiting import write_queue
from airflow_provider_hubcontact.sync.flow.waiting.key_swaps import KeySwaps
from airflow_provider_hubcontact.sync.model.choices import OnRegression
from airflow_provider_hubcontact.sync.model.ports import Found, Lost, Refused
from airflow_provider_hubcontact.sync.rows.keys import SECOND_ADDRESSES
from airflow_provider_hubcontact.sync.rows.portal_schema import PortalSchema, Property
from airflow_provider_hubcontact.sync.rows.record_mapping import RecordMapping
from scripts.states import PAGE, drawn
from tests.sync.fakes import (
    BAD,
    LOST_AFTER,
    STOP,
    FakeLists,
    FakePortal,
    FakeProofs,
    Fate,
    Odd,
    ShuffledWorkers,
    refused,
    results_of,
)
from tests.sync.observed import ALLOWED, FLOW, Move, observed

SHAPE = RecordMapping(
    mapping={"firstname": "firstname", "city": "city", "stage": STAGE, "new_email": "email"}
)
BY_NUMBER = RecordMapping(key="number", id_property="other", mapping={"email": "email"})
NUMBERED = replace(BY_NUMBER, mapping={"email": "email", "others": SECOND_ADDRESSES})
ALLOWS = PortalSchema([Property("email"), Property("firstname"), Property(STAGE)])
"""The portal has no property ``city``."""

UPDATE = Rules()
UPSERT = Rules(create=True)
RESET = Rules(on_regression=OnRegression.RESET)
SWAP = Rules(id_property="other")
BY_NUMBER_WITH_ADDRESSES = Rules(id_property="other", create=True, gives_addresses=True)
BY_KEY = Rules(create=True, look_up=LookUp.NONE)
BY_PROVED_KEY = Rules(create=True, look_up=LookUp.UNPROVED)
BY_PROVED_ID = Rules(look_up=LookUp.UNPROVED)


def test_the_page_is_drawn_from_the_table() -> None:
    """``python scripts/states.py`` has been run since the table changed."""
    assert PAGE.read_text(encoding="utf-8") == drawn()


def parts() -> dict[str, object]:
    """Each part of a run that may hold records, by the name of its class."""
    portal = FakePortal.of()
    reader = RecordReader(iter(()), SHAPE, None, None, None)
    sync = Sync(SHAPE, UPSERT, portal, portal, proofs=FakeProofs(), lists=FakeLists())
    made = sync.parts(reader, ShuffledWorkers())
    engine = Engine(made, 1, lambda _: None, None)
    others = (reader, made.direct, made.creations, KeySwaps(), HeldRows(), Unidentified())
    held = (engine, *vars(engine).values(), *others)
    return {type(each).__name__: each for each in held if type(each).__module__.startswith(FLOW)}


def test_each_collection_is_a_place_or_a_note() -> None:
    """No part of a run holds records of which the table does not know."""
    collections = {
        f"{owner}.{name}"
        for owner, part in parts().items()
        for name, value in vars(part).items()
        if isinstance(value, dict | list | set | deque | Iterator)
    }
    told = {name.partition(":")[0] for place in PLACES.values() for name in place.held_in} | NOTES.keys()

    assert collections == told
    assert set(PLACES) == set(State)


def test_the_code_of_each_transition_is_there() -> None:
    """The functions that the table names are those of the engine, its stations, and where records wait."""
    known = {name: type(part) for name, part in parts().items()}

    for _, _, code in ALLOWED:
        owner, name = code.split(".")
        assert name in vars(known[owner])


class Taken(FakePortal):
    """Somebody else creates the contacts after the first look-up."""

    def read(self, keys: Sequence[str], properties: Collection[str], /) -> Found | Refused | Lost:
        answer = super().read(keys, properties)
        for key in keys if len(self.reads) == 1 else ():
            self.contacts[str(len(self.contacts) + 1)] = {"email": key}
        return answer


def people(*fates: Fate, always: bool = True, size: int = 3, takes_upserts: bool = True) -> FakePortal:
    """Five contacts, of which the first has two addresses."""
    contacts: list[Mapping[str, str]] = [{"email": f"p{n}@x.y", "firstname": "a"} for n in range(1, 5)]
    first = {"email": "p0@x.y", "other": "s0@x.y", STAGE: "customer"}
    return FakePortal.of(
        first, *contacts, always=always, batch_size=size, fates=fates, takes_upserts=takes_upserts
    )


def row(name: str, **values: str) -> dict[str, str]:
    return {"email": f"{name}@x.y", **values}


def renamed(*names: str, to: str = "b") -> list[dict[str, str]]:
    return [row(name, firstname=to) for name in names]


def plain(seed: int) -> None:
    """Rows that are written, unchanged, unknown, invalid, refused, or come twice."""
    rows: list[object] = [5, *renamed("p1", "p1", "p2", "nobody"), *renamed("p3", to="a")]
    rows += [row("p4", city="X"), *renamed("p4"), *renamed("p4", to=BAD), *renamed("p1")]
    run(people(), rows, seed, portal=ALLOWS, max_in_flight=4 + seed % 7)


def poor_look_ups(seed: int) -> None:
    """Look-ups that are refused, lost, or silent about a key."""
    for fate in (refused(400), LOST_AFTER, Odd.FORGETFUL):
        run(people(fate), renamed("p1", "p2", "p3", "p1"), seed)


def one_contact(seed: int) -> None:
    """Two addresses of one contact, and a stage that goes back in two steps."""
    run(people(size=1 + seed % 2), [row("p0", stage="lead"), *renamed("s0", "p0", "s0", "p1")], seed, RESET)


def refused_writes(seed: int) -> None:
    """Batches that are refused as a whole, with merged rows among theirs."""
    for fate in (refused(400), Odd.ANONYMOUS):
        rows = renamed("p1", "p2", "p3", "p4", "p1", "p1")
        run(people(None, None, fate, fate, fate), rows, seed, max_in_flight=9)


def met_creations(seed: int) -> None:
    """Contacts that somebody else creates meanwhile."""
    run(Taken.of(batch_size=2), renamed("n1", "n2", "n3"), seed, UPSERT)


def without_a_look_up(seed: int) -> None:
    """Rows of the legacy API that wait for one whose contact gets their key; some have a wrong value."""
    moved = row("p0", new_email="n0@x.y")
    for values in ({"firstname": "b"}, {"firstname": "b", "city": "X"}):
        rows = [moved, *renamed("p1", "p1"), row("n0", **values), row("n0", **values)]
        legacy([], rows, seed, max_in_flight=3)
        legacy([refused(503)], [row("n0", stage="lead"), row("n0", **values), moved], seed)
    legacy([], [row("p1", city="X"), row("p2", city="X"), row("p2", city="Y")], seed)


def legacy(fates: Sequence[Fate], rows: Sequence[object], seed: int, **options: Any) -> None:
    run(people(*fates, always=False, size=1), rows, seed, portal=ALLOWS, **options)


def directly(seed: int) -> None:
    """Rows that are written by key or proved id, some of which a look-up has to decide about."""
    rows = [row("p0", stage="lead"), *renamed("p1", "p2", "n1", "p1"), *renamed("p3", to=BAD)]
    rows += [row("p4", city="X"), row("p4", city="Y"), row("n2", city="X")]
    run(people(size=1, takes_upserts=False), renamed("p1", "p2", "p3", "p4", "n1", "n2"), seed, BY_KEY)
    fates = (None, Odd.SILENT, Odd.FORGETFUL, Odd.ANONYMOUS, refused(400), refused(503), LOST_AFTER)
    for fate in (fates[seed % len(fates)], None):
        run(people(None, fate, size=1 + seed % 3), rows, seed, BY_KEY, portal=ALLOWS)
        proofs = FakeProofs()
        run(people(), renamed("p0", "p1", "p2", "p3", "s0"), seed, BY_PROVED_KEY, proofs=proofs)
        rules = BY_PROVED_KEY if seed % 2 else BY_PROVED_ID
        again = [*renamed("p0", "p1", "p2", "p1", "n1", "s0", to="c"), *renamed("p3")]
        run(people(fate), again, seed, rules, proofs=proofs, max_in_flight=2 + seed % 5)


def directly_behind_a_claim(seed: int) -> None:
    """The same, while another address of the contact is looked up, or written."""
    values = {"firstname": "c"} if seed % 2 else {"city": "X"}
    later = [row("p0", **values)] * (1 + seed % 3)
    other, same = row("s0", stage="customer", firstname="z"), row("p0", stage="customer")
    for always in (True, False):
        proofs = FakeProofs()
        run(people(always=always), [row("p0", stage="customer", firstname="q")], seed, proofs=proofs)
        for size in (1, 2, 3):
            for first in (renamed("p1", "p1"), [same]):
                again = FakeProofs()
                again.kept = dict(proofs.kept)
                options = {"proofs": again, "portal": ALLOWS, "max_in_flight": 2 + size}
                rows = [*first, other, *later, *renamed("p2", "p0")]
                run(people(always=always, size=size), rows, seed, BY_PROVED_ID, **options)


def swapped_addresses(seed: int) -> None:
    """Contacts that take over each other's addresses, in rows and circles; some never free theirs."""
    for wanted in ("bca", "bcd", "bac", "bcx", "bbb"):
        fates = [*[None] * (2 + seed % 4), *([LOST_AFTER] if seed % 3 else [])]
        swap(wanted, fates, seed, size=1 + seed % 3)


def swap(wanted: str, fates: Sequence[Fate], seed: int, size: int) -> None:
    contacts = [{"email": each, "other": f"k{each}"} for each in "abcd"]
    rows = [{"number": f"k{old}", "email": new} for old, new in zip("abcd", wanted, strict=False)]
    portal = FakePortal.of(*contacts, batch_size=size, fates=fates)
    results_of(Sync(BY_NUMBER, SWAP, portal, portal), rows, ShuffledWorkers(seed))


def given_addresses(seed: int) -> None:
    """New contacts with second addresses, where keys are other values; some addresses are taken."""
    rows = [{"number": f"n{n}", "others": f"s{n};t{n}"} for n in range(3)]
    rows += [
        {"number": "ka", "email": "z"},
        {"number": "n8", "others": "a"},
        {"number": "n9", "others": "s0"},
    ]
    for calls in range(7):
        for fate in (None, refused(400), LOST_AFTER, Odd.SILENT, STOP):
            portal = FakePortal.of(
                {"email": "a", "other": "ka"}, fates=[*[None] * calls, fate], batch_size=1 + seed % 4
            )
            options = {"by_address": portal, "max_in_flight": 2 + seed}
            sync = Sync(NUMBERED, BY_NUMBER_WITH_ADDRESSES, portal, portal, **options)  # type: ignore[arg-type]
            results_of(sync, rows, ShuffledWorkers(seed))


def verified(seed: int) -> None:
    """What was written is read back."""
    portal = people()
    run(portal, renamed("p1", "p2", "p3", "p4", "p1"), seed, verifier=portal)


def dry(seed: int) -> None:
    """Nothing is written."""
    contacts = people()
    results_of(Sync(SHAPE, UPSERT, contacts, None), renamed("p1", "new", "p1"), ShuffledWorkers(seed))


def with_a_state(seed: int) -> None:
    """Rows that are proved, or differ, or are about the same contact as another one; or the state is lost."""
    proofs, portal = FakeProofs(), people()
    rows: list[object] = [5, *renamed("p1", "p2", "p3", "p0", "p1", to="c")]
    run(portal, rows, seed, proofs=proofs)
    rows = [*renamed("s0"), *renamed("p1", "p0", to="c"), *renamed("p2"), *rows, *renamed("p2")]
    for fails in range(12):
        again = FakeProofs(fails)
        again.kept = dict(proofs.kept)
        with suppress(ConnectionError):
            run(people(), rows, seed, proofs=again, max_in_flight=1 + seed)
    stop = people(*[None] * (seed % 4), STOP)
    run(stop, rows, seed, proofs=proofs, max_in_flight=1 + seed % 3)


LISTED = replace(SHAPE, list_column="list")


def listed(seed: int) -> None:
    """Contacts that come into lists, are there already, or stay out of them."""
    rows: list[object] = [row(f"p{n % 5}", firstname="b", list="AB"[n % 2]) for n in range(5)]
    rows += [
        row("p1", firstname="a", list="B"),
        row("p2"),
        row("p3", list="unknown"),
        row("nobody", list="A"),
    ]
    proofs = FakeProofs()
    members = {"A": ["1", "2"]}
    for fate in (None, Odd.SILENT, Odd.DEAF, refused(400), refused(503), LOST_AFTER):
        fates = (fate, *[refused(400)] * (seed % 3))
        for verifies in (False, True):
            portal = people()
            verifier = portal if verifies else None
            options = {
                "lists": FakeLists(members, fates=fates, batch_size=1 + seed % 4),
                "verifier": verifier,
            }
            results_of(
                Sync(LISTED, UPDATE, portal, portal, **options),  # type: ignore[arg-type]
                rows,
                ShuffledWorkers(seed),
            )
    for fails in range(5):
        portal, kept = people(), {"A": ["3"], "B": ["1"]}
        lists = FakeLists(members, kept=kept, fails=fails, contacts=["1", "2", "3"])
        with suppress(ConnectionError):
            results_of(
                Sync(LISTED, UPDATE, portal, portal, proofs=proofs, lists=lists), rows, ShuffledWorkers(seed)
            )


def stopped_amid_lists(seed: int) -> None:
    """The same when the run stops after any call."""
    rows = [row(f"p{n}", firstname="b", list="A") for n in range(5)]
    for calls in range(6):
        portal = people(size=1 + seed % 3)
        lists = FakeLists({"A": ["1"]}, fates=[*[None] * (calls // 2), STOP], batch_size=1 + calls % 2)
        sync = Sync(LISTED, UPDATE, portal, portal, lists=lists)
        results_of(sync, rows, ShuffledWorkers(seed))
        portal = people(*[None] * calls, STOP, size=1 + seed % 3)
        lists = FakeLists({"A": ["1"]}, batch_size=1 + calls % 3)
        sync = Sync(LISTED, UPDATE, portal, portal, lists=lists)
        results_of(sync, rows, ShuffledWorkers(seed))


def stopped(seed: int) -> None:
    """Runs that stop after any call."""
    rows = [*renamed("p1", "p2"), row("p0", stage="lead"), *renamed("s0", "p3", "p4", "p1", "p1", "nobody")]
    for calls in range(9):
        poor = [refused(400)] * (seed % 4)
        portal = people(*[None] * calls, *poor, STOP, size=1 + seed % 3)
        run(portal, rows, seed, RESET, max_in_flight=6, verifier=portal if seed % 2 else None)


def stopped_amid_swaps(seed: int) -> None:
    """The same while contacts wait for each other's addresses."""
    for calls in range(9):
        swap("bcda", [*[None] * calls, STOP], seed, size=1)


def stopped_amid_parts(seed: int) -> None:
    """The same while the parts of refused batches are sent."""
    run(people(None, *[refused(400)] * 3, STOP, size=5), renamed("p1", "p2", "p3", "p4"), seed)


def run(
    contacts: FakePortal, rows: Sequence[object], seed: int, rules: Rules = UPDATE, **options: Any
) -> None:
    results_of(Sync(SHAPE, rules, contacts, contacts, **options), rows, ShuffledWorkers(seed))


SCENES: tuple[Callable[[int], None], ...] = (
    plain,
    poor_look_ups,
    one_contact,
    refused_writes,
    met_creations,
    without_a_look_up,
    directly,
    directly_behind_a_claim,
    swapped_addresses,
    given_addresses,
    verified,
    dry,
    with_a_state,
    stopped,
    stopped_amid_swaps,
    stopped_amid_parts,
    listed,
    stopped_amid_lists,
)


def test_every_transition_is_walked(monkeypatch: pytest.MonkeyPatch) -> None:
    """In all these runs each record is in one place, goes only ways of the table, and they go them all."""
    monkeypatch.setattr(write_queue, "MAX_SWAPS", 1)
    walked: set[Move] = set()
    for scene in SCENES:
        for seed in range(10):
            with observed() as observer:
                scene(seed)
            walked |= observer.moves
    assert walked == ALLOWED
