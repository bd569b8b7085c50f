# SPDX-License-Identifier: Apache-2.0
"""Rows that HubSpot is proved to have are not sent, and no proof outlives what it proves."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import pairwise
from typing import Any

import pytest

from airflow_provider_hubcontact.sync.decide.rules import LookUp, Rules
from airflow_provider_hubcontact.sync.flow.proofs import proof_gate
from airflow_provider_hubcontact.sync.flow.proofs.audit import Audit
from airflow_provider_hubcontact.sync.flow.proofs.open_keys import OpenKey
from airflow_provider_hubcontact.sync.flow.proofs.proof_gate import ProofGate
from airflow_provider_hubcontact.sync.flow.record_reader import RecordReader
from airflow_provider_hubcontact.sync.flow.sync import Sync
from airflow_provider_hubcontact.sync.model.change import Write
from airflow_provider_hubcontact.sync.model.choices import Drift
from airflow_provider_hubcontact.sync.model.outcome import VALUES, Outcome, Result, Values
from airflow_provider_hubcontact.sync.model.ports import Answers, Found, Lost, Proof, Refused, Step
from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.sync.rows.record_mapping import RecordMapping
from tests.sync.fakes import (
    BAD,
    LOST_AFTER,
    LOST_ANSWER,
    FakePortal,
    FakeProofs,
    Fate,
    ShuffledWorkers,
    content_of,
    refused,
    results_of,
)

U, C, N, T = Outcome.UPDATED, Outcome.CREATED, Outcome.UNCHANGED, Outcome.UP_TO_DATE


class Watched(FakePortal):
    """A portal before whose calls something is looked at."""

    before_read: Callable[[], object] | None = None
    before_write: Callable[[], object] | None = None

    def __init__(self, **options: Any) -> None:
        super().__init__(people().contacts, **options)
        self.seen: list[object] = []

    def read(self, keys: Sequence[str], properties: Collection[str], /) -> Found | Refused | Lost:
        if self.before_read:
            self.seen.append(self.before_read())
        return super().read(keys, properties)

    def write(self, kind: Write, steps: Sequence[Step], /) -> Answers | Refused | Lost:
        if self.before_write:
            self.seen.append(self.before_write())
        return super().write(kind, steps)


def row(name: str, firstname: str = "b", **values: str) -> dict[str, str]:
    return {"email": f"{name}@x.y", "firstname": firstname, **values}


def people(*fates: Fate, **options: Any) -> FakePortal:
    """Three contacts, of which the first has two addresses, s0 and p0."""
    first = {"email": "p0@x.y", "other": "s0@x.y", "firstname": "a"}
    return FakePortal.of(
        first, *({"email": f"p{n}@x.y", "firstname": "a"} for n in (1, 2)), fates=fates, **options
    )


def proved(name: str, firstname: str = "a", record_id: str | None = None, **more: Any) -> Proof:
    """Return the proof of a row."""
    record = RecordMapping().record(1, row(name, firstname))
    assert isinstance(record, Record)
    return Proof(record.key, "", content_of(record), record_id or str(int(name[1]) + 1), N)._replace(**more)


def absent(name: str, at: int | None = None) -> Proof:
    """Return what is kept of a key that nobody had."""
    return proved(name, record_id="x", origin=Outcome.NOT_FOUND, at=at)._replace(id=None)


def proofs_of(*known: Proof, fails: Sequence[int] = ()) -> FakeProofs:
    proofs = FakeProofs(*fails)
    proofs.kept = {proof.key: proof for proof in known}
    return proofs


def run(
    portal: FakePortal, proofs: FakeProofs, *rows: object, create: bool = False, **options: Any
) -> list[Outcome]:
    """Run a sync, and return the outcomes in the order of the rows."""
    results: dict[int, Result] = {}
    proofs.ends = []
    sync = Sync(RecordMapping(), Rules(create=create), portal, portal, proofs=proofs, **options)
    try:
        sync.run(rows, ShuffledWorkers(size=1), lambda result: results.__setitem__(result.row, result))
    finally:
        proofs.ends = [results[number].outcome for number in sorted(results)]
    return proofs.ends


def content(proofs: FakeProofs, name: str) -> str | None:
    """Return the first name that is proved of a key; None if nothing is."""
    proof = proofs.kept.get(f"{name}@x.y")
    return None if proof is None or proof.proved is None else proof.proved.partition("', '")[2][:1]


def test_a_row_that_is_proved_takes_no_call() -> None:
    """The others are looked up, and proved then."""
    portal, proofs = people(), proofs_of(proved("p1"), proved("p2", "b"))

    ended = run(portal, proofs, row("p1"), row("p2"), row("p0", "a"), row("nobody"), 5)

    assert ended == [U, T, N, Outcome.NOT_FOUND, Outcome.INVALID]
    assert portal.reads == [("p1@x.y", "p0@x.y", "nobody@x.y")]
    assert [content(proofs, name) for name in ("p0", "p1", "p2", "nobody")] == ["a", "b", "b", None]
    assert [proofs.kept[f"p{n}@x.y"].origin for n in range(3)] == [N, U, N]
    assert [proofs.kept[f"p{n}@x.y"].id for n in range(3)] == ["1", "2", "3"]


def test_all_is_void_before_it_is_sent() -> None:
    """The proofs of the key, and of all keys that the state has for its contact."""
    portal, proofs = Watched(), proofs_of(proved("p1"), proved("q1", "z"))
    portal.before_read = lambda: [content(proofs, each) for each in ("p1", "q1")]

    assert run(portal, proofs, row("p1")) == [U]

    assert portal.seen == [[None, None]]
    assert [content(proofs, each) for each in ("p1", "q1")] == ["b", None]


def test_other_keys_of_a_contact_are_void_before_it_is_written() -> None:
    """The look-up tells whose they are."""
    portal, proofs = Watched(), proofs_of(proved("p0"))
    portal.before_write = lambda: content(proofs, "p0")

    assert run(portal, proofs, row("s0")) == [U]

    assert (portal.seen, content(proofs, "p0"), content(proofs, "s0")) == ([None], None, "b")


@pytest.mark.parametrize("chunk", [1, 1_000])
def test_the_last_row_of_a_key_wins(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that was sent is sent again, though the row equals what was proved before."""
    monkeypatch.setattr(proof_gate, "CHUNK", chunk)
    portal, proofs = people(), proofs_of(proved("p1"))

    ended = run(portal, proofs, row("p1", "a"), row("p1", "b", city="X"), row("p1", "a"), max_in_flight=1)

    assert ended == [T, U, U]
    assert portal.contacts["2"]["firstname"] == "a"
    assert content(proofs, "p1") == "a"


def test_the_last_row_of_a_key_wins_wherever_its_address_has_gone() -> None:
    """The state knows another contact's id for it."""
    portal, proofs = people(), proofs_of(proved("p1", record_id="77"))

    run(portal, proofs, row("p1"), row("p1", "a"), max_in_flight=1)

    assert portal.contacts["2"]["firstname"] == "a"
    assert (content(proofs, "p1"), proofs.kept["p1@x.y"].id) == ("a", "2")


@pytest.mark.parametrize("chunk", [1, 1_000])
def test_the_last_row_of_a_contact_wins(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A contact of which the state knows two keys: a row that is proved comes after one that is not."""
    monkeypatch.setattr(proof_gate, "CHUNK", chunk)
    portal, proofs = people(), proofs_of(proved("p0"), proved("s0", "z", record_id="1"))

    ended = run(portal, proofs, row("p0", "a"), row("s0"), row("p0", "a"), max_in_flight=1)

    assert ended == [T, U, U]
    assert portal.contacts["1"]["firstname"] == "a"
    assert (content(proofs, "p0"), content(proofs, "s0")) == (None, None)


def test_a_row_waits_for_the_look_ups_before_it() -> None:
    """Only the look-up of the second address tells that it is the same contact's."""
    portal, proofs = people(), proofs_of(proved("p0"), proved("p1"))

    ended = run(portal, proofs, row("p1", "a"), row("s0"), row("p1", "a"), row("p0", "a"))

    assert ended == [T, U, T, U]
    assert portal.contacts["1"]["firstname"] == "a"
    assert (content(proofs, "p0"), content(proofs, "s0")) == (None, None)


def test_a_row_waits_for_those_of_its_key_that_wait() -> None:
    """The second row is sent since the first one is the same contact's; the third comes after it."""
    portal, proofs = people(), proofs_of(proved("p0"))

    run(portal, proofs, row("s0"), row("p0", "a"), row("p0", "c"))

    assert portal.contacts["1"]["firstname"] == "c"


@pytest.mark.parametrize("chunk", [1, 1_000])
@pytest.mark.parametrize("known", [True, False])
def test_a_pass_that_writes_nothing_shows_the_same(
    chunk: int, known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It voids nothing, and yet remembers which contacts would be written before."""
    monkeypatch.setattr(proof_gate, "CHUNK", chunk)
    portal, proofs = people(), proofs_of(proved("p0"))
    if known:
        proofs.kept |= {"s0@x.y": proved("s0", "z", record_id="1")}
    monkeypatch.setattr(proofs, "void", lambda *_: None)
    sync = Sync(RecordMapping(), Rules(), portal, None, proofs=proofs, max_in_flight=1)
    ended: list[Outcome] = []

    sync.run(
        [row("s0"), row("p0", "a")], ShuffledWorkers(size=1), lambda result: ended.append(result.outcome)
    )

    assert ended == [Outcome.NOT_ATTEMPTED] * 2


@pytest.mark.parametrize("chunk", [1, 1_000])
def test_a_pass_that_writes_nothing_shows_who_would_be_created(
    chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second row's contact was not there; when rows are written, it is, once the first one is."""
    monkeypatch.setattr(proof_gate, "CHUNK", chunk)
    proofs = proofs_of(absent("new"))
    monkeypatch.setattr(proofs, "void", lambda *_: None)
    sync = Sync(RecordMapping(), Rules(create=True), people(), None, proofs=proofs)
    ended: list[Result] = []

    sync.run([row("new"), row("new", "a")], ShuffledWorkers(size=1), ended.append)

    assert [each.outcome for each in ended] == [Outcome.SUPERSEDED, Outcome.NOT_ATTEMPTED]


def test_an_earlier_row_does_not_go_after_a_later_one() -> None:
    """It was up to date, and what was written after it is what its contact has."""
    portal, proofs = people(), proofs_of(proved("p0"))

    assert run(portal, proofs, row("nobody"), row("p0", "a"), row("s0")) == [Outcome.NOT_FOUND, T, U]

    assert portal.contacts["1"]["firstname"] == "b"
    assert content(proofs, "p0") is None


@pytest.mark.parametrize(
    ("fate", "outcome"),
    [
        (refused(400), Outcome.REJECTED),
        (refused(503), Outcome.UNAVAILABLE),
        (refused(429), Outcome.THROTTLED),
        (LOST_AFTER, Outcome.UNKNOWN),
        (LOST_ANSWER, Outcome.UNKNOWN),
    ],
)
def test_only_a_good_end_proves(fate: Fate, outcome: Outcome) -> None:
    """What is not known to be there is not proved; the next run looks it up."""
    portal, proofs = people(None, fate), proofs_of(proved("p1"))

    ended = run(portal, proofs, row("p1"))

    assert (ended[0] in {outcome, Outcome.UNKNOWN}, content(proofs, "p1")) == (True, None)
    assert run(people(), proofs, row("p1")) == [U]


@pytest.mark.parametrize("outcome", Outcome)
def test_each_end_says_what_it_proves(outcome: Outcome) -> None:
    """Values that are there are proved; what was not written, or may have been, leaves nothing proved."""
    entry = OpenKey(Proof("key", "new"), rows={1: "new"}, id="7", proved="old", origin=Outcome.UNCHANGED)

    entry.end(Result(1, "k", outcome), remembers_absence=False)

    says, proof = VALUES[outcome], entry.closed()
    if says in {Values.WRITTEN, Values.FOUND} or outcome in {Outcome.ARCHIVED, Outcome.UP_TO_DATE}:
        assert proof
        assert (proof.proved, proof.origin) == ("new", N if outcome is T else outcome)
    elif says is Values.NOT_DUE:
        assert proof is None or proof.proved == "old"
    else:
        assert proof is None


@pytest.mark.parametrize(
    ("first", "fate", "outcome", "is_proved"),
    [
        (row("p1"), LOST_AFTER, Outcome.UNKNOWN, False),
        (row("p1"), refused(503), Outcome.UNAVAILABLE, False),
        (row("p1"), refused(400), Outcome.REJECTED, True),
        (row("p1", lifecyclestage="lead"), None, Outcome.INVALID, True),
    ],
)
def test_what_may_still_be_carried_out_proves_nothing(
    monkeypatch: pytest.MonkeyPatch,
    first: dict[str, str],
    fate: Fate,
    outcome: Outcome,
    *,
    is_proved: bool,
) -> None:
    """A write without an answer may arrive after the one of a later row; one that was refused may not."""
    monkeypatch.setattr(proof_gate, "CHUNK", 1)
    portal, proofs = people(None, fate), proofs_of()
    portal.contacts["2"]["lifecyclestage"] = "customer"

    ended = run(portal, proofs, first, row("p1", "c", city="X"), max_in_flight=1)

    assert ended == [outcome, U]
    assert (content(proofs, "p1") is not None) is is_proved


def test_a_later_row_that_ends_badly_leaves_nothing_proved() -> None:
    """The first row ends before the second is written."""
    portal, proofs = people(), proofs_of()

    ended = run(portal, proofs, row("p1"), row("p1", BAD))

    assert (ended, content(proofs, "p1")) == ([U, Outcome.REJECTED], None)


def test_a_row_proves_nothing_while_another_one_of_its_key_is_under_way() -> None:
    """A run that is killed before the second row ends has proved neither."""
    portal, proofs = people(), proofs_of()

    run(portal, proofs, row("p1", lifecyclestage="lead"), row("p1", "c"), max_in_flight=2)

    assert [about for name, about in proofs.log if name == "prove"] == [["p1@x.y"]]
    assert content(proofs, "p1") == "c"


def test_a_created_contact_is_known_by_its_id() -> None:
    """The answer tells it. Without an id nothing is proved: nobody would know whose proof it is."""
    portal, proofs = people(), proofs_of()

    assert run(portal, proofs, row("new"), create=True) == [C]

    assert proofs.kept["new@x.y"]._replace(content="", proved="") == Proof("new@x.y", "", "", "4", C)


def test_it_is_remembered_who_was_created() -> None:
    """Whatever is written later; but a contact with another id is another contact."""
    portal = people()
    proofs = proofs_of(proved("p1", "z", origin=C), proved("p2", "z", record_id="77", origin=C))

    assert run(portal, proofs, row("p1"), row("p2")) == [U, U]

    assert [proofs.kept[f"p{n}@x.y"].origin for n in (1, 2)] == [C, U]


def test_a_row_waits_for_all_that_have_to_do_with_it() -> None:
    """Of its own key none waits any more, but a row of its contact does, which may have to be sent first."""
    proofs = proofs_of(proved("p0"), proved("s0", "z", record_id="1"))
    gate = gate_of(proofs, row("q1"), row("p0", "a"), row("q2"), row("s0", "z"), row("p0", "c"))
    first, third = taken(gate), taken(gate)

    gate.identified([(first, None)])
    passed = gate.next()
    assert (passed and passed.row, third.row, gate.next()) == (2, 3, None)

    gate.identified([(third, "1")])
    assert [taken(gate).row, taken(gate).row] == [4, 5]


def test_a_proof_that_waits_to_be_kept_is_dropped() -> None:
    """Another key of its contact is sent before that."""
    proofs = FakeProofs()
    gate = gate_of(proofs, row("p0"), row("s0"))
    for record in (taken(gate), taken(gate)):
        assert gate.identified([(record, "1")])
        gate.ended(Result(record.row, record.key, U))

    assert gate.flush()
    assert proofs.kept == {}


def test_a_proof_is_kept_before_its_key_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else it would be kept while the later row is under way."""
    monkeypatch.setattr(proof_gate, "CHUNK", 1)
    proofs = FakeProofs()
    gate = gate_of(proofs, row("p1"), row("p1", "c"))
    first = taken(gate)
    gate.identified([(first, "2")])
    gate.ended(Result(1, first.key, U))

    assert taken(gate).row == 2
    assert gate.flush()
    assert content(proofs, "p1") is None


@pytest.mark.parametrize("is_kept", [True, False])
def test_that_nobody_has_a_key_is_kept_if_it_is_asked_for(is_kept: bool) -> None:
    """The next run then need not look it up."""
    proofs = FakeProofs()

    for _ in range(2):
        portal = people()
        assert run(portal, proofs, row("nobody"), audit=Audit(absent=is_kept)) == [Outcome.NOT_FOUND]

    assert (len(portal.reads), content(proofs, "nobody")) == ((0, "b") if is_kept else (1, None))


MOVES = RecordMapping(mapping={"firstname": "firstname", "new_email": "email"})


@pytest.mark.parametrize("chunk", [1, 1_000])
@pytest.mark.parametrize("is_dry", [False, True])
def test_that_nobody_has_a_key_ends_when_a_contact_gets_it(
    chunk: int, is_dry: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row of the key that comes after the one which gives it to a contact is about that contact."""
    monkeypatch.setattr(proof_gate, "CHUNK", chunk)
    proofs, portal = proofs_of(absent("new")), people()
    if is_dry:
        monkeypatch.setattr(proofs, "void", lambda *_: None)
    audit = Audit(absent=True)
    sync = Sync(MOVES, Rules(), portal, None if is_dry else portal, proofs=proofs, audit=audit)
    rows = [row("new", "a"), {"email": "p0@x.y", "new_email": "new@x.y"}, row("new", "a"), row("p1", "a")]

    results = results_of(sync, rows, ShuffledWorkers(size=1))

    written = Outcome.NOT_ATTEMPTED if is_dry else U
    assert [results[row].outcome for row in sorted(results)] == [Outcome.NOT_FOUND, written, N, N]


def test_the_next_run_does_not_believe_that_nobody_has_a_key_which_a_contact_got() -> None:
    """Though no row of the key came after the one that gave it to the contact."""
    proofs, portal = proofs_of(absent("new")), people()
    rows = [{"email": "p0@x.y", "new_email": "new@x.y"}]
    results_of(Sync(MOVES, Rules(), portal, portal, proofs=proofs), rows)

    assert run(portal, proofs, row("new", "a"), audit=Audit(absent=True)) == [N]


@pytest.mark.parametrize("chunk", [1, 2, 3])
@pytest.mark.parametrize("full", [1, 3])
def test_a_row_that_found_nobody_proves_nothing_once_another_one_gives_its_key_to_a_contact(
    chunk: int, full: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it ended before that row is read, or later, and whether its proof was kept by then."""
    monkeypatch.setattr(proof_gate, "CHUNK", chunk)
    proofs, portal = FakeProofs(), people(batch_size=full)
    sync = Sync(MOVES, Rules(), portal, portal, proofs=proofs, audit=Audit(absent=True), max_in_flight=full)
    rows = [row("new", "b"), row("p1"), {"email": "p0@x.y", "new_email": "new@x.y"}]
    first = results_of(sync, rows, ShuffledWorkers(size=1))

    second = results_of(sync, rows, ShuffledWorkers(size=1))

    assert [each.outcome for each in first.values()] == [Outcome.NOT_FOUND, U, U]
    assert [each.outcome for each in second.values()] == [U, T, N]
    assert portal.contacts["1"]["firstname"] == "b"


@pytest.mark.parametrize("chunk", [1, 1_000])
def test_a_row_of_a_key_that_a_contact_got_is_looked_up(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its proof is of the contact that had the key before somebody took it away."""
    monkeypatch.setattr(proof_gate, "CHUNK", chunk)
    proofs, portal = proofs_of(proved("lost", record_id="3")), people()
    sync = Sync(MOVES, Rules(), portal, portal, proofs=proofs)
    rows = [{"email": "p0@x.y", "new_email": "lost@x.y"}, row("p1"), row("lost", "a")]

    results = results_of(sync, rows, ShuffledWorkers(size=1))

    assert [results[row].outcome for row in sorted(results)] == [U, U, N]


def test_a_row_that_gives_a_key_to_a_contact_waits_for_rows_of_the_key_that_are_held_back() -> None:
    """The contact that was proved to have the key has lost it; the row that is held back is about nobody."""
    proofs, portal = proofs_of(proved("1lost", record_id="1")), people()
    sync = Sync(MOVES, Rules(), portal, portal, proofs=proofs)
    rows = [row("s0"), row("1lost", "a"), {"email": "p1@x.y", "new_email": "1lost@x.y"}]

    results = results_of(sync, rows, ShuffledWorkers(size=1))

    assert [results[row].outcome for row in sorted(results)] == [U, Outcome.NOT_FOUND, U]


def test_a_contact_that_is_gone_is_not_one_that_never_was() -> None:
    """It was there when it was looked up, and could not be written."""
    portal, proofs = people(None, refused(404)), FakeProofs()

    assert run(portal, proofs, row("p1"), audit=Audit(absent=True)) == [Outcome.NOT_FOUND]

    assert content(proofs, "p1") is None


def test_who_is_not_there_is_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many rows have the key."""
    monkeypatch.setattr(proof_gate, "CHUNK", 1)
    portal, proofs = people(), FakeProofs()

    ended = run(portal, proofs, *[row("nobody")] * 3, max_in_flight=1, audit=Audit(absent=True))

    assert ended == [Outcome.NOT_FOUND] * 3
    assert portal.reads == [("nobody@x.y",)]


def test_nothing_is_proved_of_a_contact_without_an_id() -> None:
    """Nobody could void it when the contact is written by another key."""
    proofs = FakeProofs()
    gate = gate_of(proofs, row("new"))

    gate.ended(Result(1, taken(gate).key, C))

    assert gate.flush()
    assert proofs.kept == {}


def gate_of(proofs: FakeProofs, *rows: object, audit: Audit | None = None) -> ProofGate:
    return gate_over(iter(rows), proofs, audit)


def gate_over(rows: Iterator[object], proofs: FakeProofs, audit: Audit | None = None) -> ProofGate:
    return ProofGate(RecordReader(enumerate(rows, 1), RecordMapping(), None, None, None), proofs, audit)


def taken(gate: ProofGate) -> Record:
    """Take a row that is to be sent."""
    record = gate.next()
    assert isinstance(record, Record)
    return record


def test_a_row_waits_no_longer_than_those_before_it() -> None:
    """One of them may end before it is known whose contact it is about."""
    gate = gate_of(proofs_of(proved("p1")), row("nobody"), row("p1", "a"))
    first = taken(gate)
    assert gate.next() is None

    gate.ended(Result(first.row, first.key, Outcome.REJECTED))

    assert gate.next() == Result(2, "p1@x.y", T)


@pytest.mark.parametrize("chunk", [2, 1_000])
def test_a_row_is_sent_once_no_row_of_its_key_waits(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether it was read before the other one could go, or afterwards."""
    monkeypatch.setattr(proof_gate, "CHUNK", chunk)
    gate = gate_of(proofs_of(proved("p1")), row("nobody"), row("p1", "a"), row("p1", "c"))
    first = taken(gate)

    gate.identified([(first, None)])

    assert gate.next() == Result(2, "p1@x.y", T)
    assert taken(gate).row == 3


def test_rows_that_may_go_are_taken_before_the_source_is_read_further(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A source may have more rows than memory."""
    monkeypatch.setattr(proof_gate, "CHUNK", 2)
    left = [row("p2", "a"), row("p2", "a"), row("p1", "a"), row("nobody")]
    gate = gate_over(iter(left.pop, None), proofs_of(proved("p1"), proved("p2")))
    first = taken(gate)

    gate.identified([(first, None)])

    passed = gate.next()
    assert (passed and passed.row, len(left)) == (2, 2)


def test_rows_that_are_not_sent_are_counted() -> None:
    """Those that are up to date, and those whose contact was not there: the state saves their look-ups."""
    audit = Audit()
    proofs = proofs_of(proved("p1"), absent("nobody", at=1_788_000_000), absent("gone"))
    rows = [row(name, "a") for name in ("p1", "nobody", "gone")]
    gate = gate_of(proofs, *rows, audit=audit)

    ended = [each for _ in rows if isinstance(each := gate.next(), Result)]

    assert [each.outcome for each in ended] == [T, Outcome.NOT_FOUND, Outcome.NOT_FOUND]
    assert [each.reason for each in ended] == [
        "",
        "HubSpot had no contact with the key nobody@x.y, which was asked on 2026-08-29 at 10:40 UTC",
        "HubSpot had no contact with the key gone@x.y",
    ]
    assert audit.figures(1) == {
        **dict.fromkeys(("changed", "audited", "drifted", "contested"), 0),
        "up_to_date": 1,
        "still_absent": 2,
        "calls_saved": 3,
    }


class TestAStop:
    """No row that was read is left without an outcome, or has two."""

    def gate(self) -> ProofGate:
        """The first row is under way. The second one may be about its contact, and the third is invalid."""
        return gate_of(proofs_of(proved("p0")), row("s0"), row("p0", "a"), 5)

    def test_rows_end_once(self) -> None:
        """A run may be told to stop again while its last calls end."""
        gate = self.gate()
        taken(gate)

        assert sorted(each.row for each in gate.drain()) == [2, 3]
        assert (gate.drain(), gate.exhausted) == ((), True)

    def test_calls_under_way_still_end(self) -> None:
        """What their contacts are is noted, and nothing waits for it any more."""
        gate = self.gate()
        first = taken(gate)
        gate.drain()

        assert gate.identified([(first, "1")])

    def test_nothing_is_sent_once_the_state_has_failed(self) -> None:
        """The rows that were read wait for their outcome."""
        gate = gate_of(FakeProofs(1), row("p1"), 5)

        assert gate.next() is None
        assert isinstance(gate.failed, ConnectionError)
        assert gate.next() is None
        assert [each.row for each in gate.drain()] == [1, 2]


class TestAStateThatFails:
    """Nothing is sent that could make a proof wrong, each row has its outcome, and the error is raised."""

    @pytest.mark.parametrize(("call", "name"), [(1, "compare"), (2, "void"), (3, "keys_of"), (4, "confirm")])
    def test_before_the_write(self, call: int, name: str) -> None:
        """Nothing is written."""
        portal, proofs = people(), proofs_of(proved("p1"), fails=[call])

        with pytest.raises(ConnectionError, match=name):
            run(portal, proofs, row("p1"), row("p2"), row("p0"), 5)

        assert portal.writes == []
        assert proofs.ends == [Outcome.NOT_ATTEMPTED] * 3 + [Outcome.INVALID]

    def test_after_the_write(self) -> None:
        """What was written is told, and looked up by the next run."""
        portal, proofs = people(), proofs_of(proved("p1"), fails=[5])

        with pytest.raises(ConnectionError, match="prove"):
            run(portal, proofs, row("p1"))

        assert (proofs.ends, content(proofs, "p1")) == ([U], None)

    def test_in_later_rows(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Rows that wait end, too."""
        monkeypatch.setattr(proof_gate, "CHUNK", 2)
        portal, proofs = people(batch_size=1), proofs_of(proved("p1"), proved("p2"), fails=[6])

        with pytest.raises(ConnectionError):
            run(portal, proofs, row("nobody"), row("p1", "a"), row("p1"), row("p2", "a"), row("p0"))

        assert len(proofs.ends) == 5
        assert portal.writes == []


def test_many_rows_that_wait_do_not_fill_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """The source is read no further while so many rows are held back."""
    monkeypatch.setattr(proof_gate, "CHUNK", 2)
    monkeypatch.setattr(proof_gate, "MAX_HELD", 4)
    portal, proofs = Watched(), proofs_of(proved("p1"))
    left = [row("p1", "a") for _ in range(50)]
    left.append(row("p2"))
    portal.before_read = lambda: len(left)

    def source() -> Any:
        while left:
            yield left.pop()

    sync = Sync(RecordMapping(), Rules(), portal, portal, proofs=proofs)
    ended: list[Outcome] = []
    sync.run(source(), ShuffledWorkers(size=1), lambda result: ended.append(result.outcome))

    assert portal.seen == [51 - 6]
    assert (ended.count(T), ended.count(U)) == (50, 1)


class TestRowsFarApart:
    """Among many rows that are up to date few have changed: their calls are full all the same."""

    def sent(self, monkeypatch: pytest.MonkeyPatch, **known: Any) -> tuple[FakePortal, list[Result]]:
        """Change each tenth of 120 rows, with calls for three.

        :param known: what is different about what is known of the first three of these.
        """
        monkeypatch.setattr(proof_gate, "CHUNK", 2)
        monkeypatch.setattr(proof_gate, "MAX_HELD", 8)
        names = [f"n{number}" for number in range(120)]
        portal = FakePortal.of(*({"email": f"{name}@x.y", "firstname": "a"} for name in names), batch_size=3)
        proofs = proofs_of(*(proved(name, record_id=str(number)) for number, name in enumerate(names, 1)))
        for name in names[:30:10]:
            proofs.kept[f"{name}@x.y"] = proofs.kept[f"{name}@x.y"]._replace(**known)
        rows = [row(name, "a" if number % 10 else "b") for number, name in enumerate(names)]
        ended: list[Result] = []
        sync = Sync(RecordMapping(), Rules(), portal, portal, proofs=proofs)
        sync.run(rows, ShuffledWorkers(size=1), ended.append)
        assert sorted(each.row for each in ended) == [*range(1, 121)]
        assert [each.outcome for each in ended].count(U) == 12
        assert [contact["firstname"] for contact in portal.contacts.values()][::10] == ["b"] * 12
        return portal, ended

    def test_those_with_a_proof(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Each call is made as soon as it is full: the source is not read to its end before."""
        portal, ended = self.sent(monkeypatch)

        assert [len(keys) for keys in portal.reads] == [3] * 4
        assert [steps for _, steps in portal.writes] == [3] * 4
        places = [place for place, each in enumerate(ended) if each.outcome is U]
        assert [later - earlier for earlier, later in pairwise(places[::3])] == [30, 30, 30]

    @pytest.mark.parametrize(
        "known",
        [
            {"proved": None, "id": None, "origin": None},
            {"proved": None},
            {"id": None, "origin": Outcome.NOT_FOUND},
        ],
        ids=["not in the state", "void", "nobody had the key"],
    )
    def test_those_without(self, known: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
        """Rows of their contacts may come behind them, and have to be sent then."""
        portal, _ = self.sent(monkeypatch, **known)

        assert [len(keys) for keys in portal.reads][:3] == [1, 1, 1]


class TestAudit:
    """A row that equals its proof is looked up like any other one."""

    def audited(self, name: str, **more: Any) -> Proof:
        return proved(name, is_audited=True, **more)

    def test_other_rows_do_not_wait_for_it(self) -> None:
        """Its contact is that of its proof; but a row of that contact does."""
        proofs = proofs_of(self.audited("p1"), proved("p2"), proved("q1", "z", record_id="2"))
        gate = gate_of(proofs, row("p1", "a"), row("p2", "a"), row("q1", "z"))

        assert taken(gate).row == 1
        passed = gate.next()
        assert (isinstance(passed, Result), passed and passed.row) == (True, 2)
        assert taken(gate).row == 3

    @pytest.mark.parametrize("firstname", ["a", "hand"])
    @pytest.mark.parametrize("drift", Drift)
    def test_drift(self, firstname: str, drift: Drift) -> None:
        """It is counted, and how often it was found in a row; the proof is new."""
        audit, has = Audit(drift), firstname != "a"
        portal, proofs = people(), proofs_of(self.audited("p1", drifts=1))
        portal.contacts["2"]["firstname"] = firstname

        (ended,) = run(portal, proofs, row("p1", "a"), audit=audit)

        assert ended is (N if not has else U if drift is Drift.WRITE else T)
        assert portal.contacts["2"]["firstname"] == ("hand" if has and drift is Drift.TELL else "a")
        assert (audit.audited, audit.drifted, audit.contested) == (1, has, has)
        assert proofs.kept["p1@x.y"].drifts == (2 if has else 0)
        assert content(proofs, "p1") == "a"

    def test_a_key_with_several_rows_is_counted_once(self) -> None:
        """All of them want what was proved, so that its contact has drifted or not for all."""
        audit = Audit()

        ended = run(
            people(), proofs_of(self.audited("p1")), *[row("p1", "a")] * 3, max_in_flight=1, audit=audit
        )

        assert (ended, audit.audited) == ([N, N, N], 1)

    @pytest.mark.parametrize("look_up", LookUp)
    def test_it_is_looked_up_even_if_others_are_written_directly(self, look_up: LookUp) -> None:
        """Nobody could tell else whether the contact has drifted."""
        audit = Audit()
        portal, proofs = people(), proofs_of(self.audited("p1"), proved("p2"))
        rules = Rules(create=look_up is LookUp.NONE, look_up=look_up)
        sync = Sync(RecordMapping(), rules, portal, portal, proofs=proofs, audit=audit)
        ended: list[Outcome] = []

        sync.run(
            [row("p1", "a"), row("p2")], ShuffledWorkers(size=1), lambda each: ended.append(each.outcome)
        )

        assert sorted(ended) == [N, U]
        assert any("p1@x.y" in keys for keys in portal.reads)
        assert (audit.audited, audit.drifted) == (1, 0)

    def test_a_write_that_is_no_audit_keeps_the_count(self) -> None:
        """The source has changed between two audits."""
        portal, proofs = people(), proofs_of(proved("p1", drifts=1))

        run(portal, proofs, row("p1"))

        assert proofs.kept["p1@x.y"].drifts == 1

    def test_a_contact_that_this_run_has_written_by_another_key(self) -> None:
        """Its values are this run's own: nothing has drifted, and the later row wins."""
        audit = Audit(Drift.TELL)
        portal, proofs = people(), proofs_of(self.audited("p0"))

        assert run(portal, proofs, row("s0"), row("p0", "a"), max_in_flight=1, audit=audit) == [U, U]

        assert (portal.contacts["1"]["firstname"], audit.drifted) == ("a", 0)

    def test_a_contact_that_was_made_anew(self) -> None:
        """Whom the state knows by another id is told of; with ``tell``, nobody is created either."""
        audit = Audit(Drift.TELL)
        portal, proofs = people(), proofs_of(self.audited("p7"))

        assert run(portal, proofs, row("p7", "a"), create=True, audit=audit) == [T]

        assert (len(portal.contacts), audit.drifted, content(proofs, "p7")) == (3, 1, "a")
        assert proofs.kept["p7@x.y"].id == "8"

    def test_an_end_that_is_not_good(self) -> None:
        """The proof is void, and nothing is counted."""
        audit = Audit()
        portal, proofs = people(LOST_AFTER), proofs_of(self.audited("p1"))

        assert run(portal, proofs, row("p1", "a"), audit=audit) == [Outcome.UNAVAILABLE]

        assert (content(proofs, "p1"), audit.audited) == (None, 0)

    @pytest.mark.parametrize("chunk", [1, 1_000])
    @pytest.mark.parametrize("stage", [{}, {"lifecyclestage": "lead"}])
    def test_a_key_that_is_left_alone_in_all_its_rows(
        self, chunk: int, stage: dict[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Until one of them wants something else."""
        monkeypatch.setattr(proof_gate, "CHUNK", chunk)
        audit, rows = Audit(Drift.TELL), [row("p1", "a", **stage)] * 2
        record = RecordMapping().record(1, rows[0])
        assert isinstance(record, Record)
        portal = people()
        proofs = proofs_of(self.audited("p1", proved=content_of(record)))
        portal.contacts["2"]["firstname"] = "hand"

        ended = run(portal, proofs, *rows, max_in_flight=1, audit=audit)
        assert (ended, portal.writes, audit.audited) == ([T, T], [], 1)

        proofs.kept["p1@x.y"] = proofs.kept["p1@x.y"]._replace(is_audited=True)
        run(portal, proofs, rows[0], row("p1", "c", **stage), rows[0], max_in_flight=1, audit=audit)
        assert portal.contacts["2"]["firstname"] == "a"
