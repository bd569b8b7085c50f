# SPDX-License-Identifier: Apache-2.0
"""Writes without a look-up: what their answers decide, and what they leave to a look-up."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from airflow_provider_hubcontact.refusal import Refusal
from airflow_provider_hubcontact.sync.decide.lifecycle import STAGE
from airflow_provider_hubcontact.sync.decide.rules import LookUp, Rules
from airflow_provider_hubcontact.sync.decide.settle import Settled, settle
from airflow_provider_hubcontact.sync.flow.proofs import proof_gate
from airflow_provider_hubcontact.sync.flow.sync import Sync
from airflow_provider_hubcontact.sync.model.change import Change, Write
from airflow_provider_hubcontact.sync.model.choices import WriteMode
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result
from airflow_provider_hubcontact.sync.model.ports import (
    Answers,
    Found,
    Lost,
    Proof,
    Refused,
    Step,
    Written,
)
from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.sync.rows.comparison import Kind
from airflow_provider_hubcontact.sync.rows.portal_schema import PortalSchema, Property
from airflow_provider_hubcontact.sync.rows.record_mapping import RecordMapping
from tests.sync.fakes import (
    BAD,
    STOP,
    FakePortal,
    FakeProofs,
    Fate,
    Odd,
    ShuffledWorkers,
    content_of,
    refused,
    results_of,
)

U, C, N = Outcome.UPDATED, Outcome.CREATED, Outcome.UNCHANGED
BY_KEY = Rules(create=True, look_up=LookUp.NONE)
BY_PROVED_KEY = Rules(create=True, look_up=LookUp.UNPROVED)
BY_PROVED_ID = Rules(look_up=LookUp.UNPROVED)


def upsert(row: int, contact: str | None = None, **values: str) -> Step:
    """Row n is about the key k<n>."""
    change = Change(Record(row, f"k{row}", values), Write.UPSERT, f"k{row}", (values,))
    return Step(change._replace(is_direct=True, contact=contact))


def by_id(row: int, contact: str, **values: str) -> Step:
    change = Change(Record(row, f"k{row}", values), Write.UPDATE, contact, (values,))
    return Step(change._replace(is_direct=True, contact=contact))


def came_to(settled: Settled) -> dict[int, str]:
    """Return row → its outcome, ``met`` or ``unclear``."""
    told = {each.row: str(each.outcome) for each in settled.results}
    told |= {step.change.record.row: "met" for step in settled.met}
    return dict(sorted({**told, **{step.change.record.row: "unclear" for step in settled.unclear}}.items()))


class TestWhichResultIsWhose:
    """HubSpot promises no order, and may show neither trace id nor key."""

    def test_names_come_first(self) -> None:
        """A trace id, a key, or the record id that was proved before."""
        steps = [upsert(1, a="x"), upsert(2, a="x"), upsert(3, "903", a="x"), by_id(4, "904", a="x")]
        shown = {"a": "x"}
        answer = Answers(
            200,
            (
                Written("904", None, shown),
                Written("903", None, shown),
                Written("9", "k2", shown, created=True),
                Written("7", None, shown, trace_id="1-0"),
            ),
        )

        settled = settle(steps, answer)

        assert settled.contacts == {1: "7", 2: "9", 3: "903", 4: "904"}
        assert came_to(settled) == {1: "updated", 2: "created", 3: "updated", 4: "updated"}

    def test_values_tell(self) -> None:
        """A result is that of a step with its values; of several that want the same, any one's."""
        steps = [upsert(1, a="x", b="1"), upsert(2, a="y"), upsert(3, a="y"), upsert(4, a="z")]
        results = ({"a": "y", "c": "0"}, {"a": "x", "b": "1"}, {"a": "y"}, {"a": "other"})
        answer = Answers(200, tuple(Written(str(n), None, shown) for n, shown in enumerate(results)))

        assert came_to(settle(steps, answer)) == {1: "updated", 2: "updated", 3: "updated", 4: "unclear"}

    def test_values_in_a_form_of_hubspots(self) -> None:
        """The kind of the property says what is the same."""
        answer = Answers(200, (Written("1", None, {"n": "a;b"}), Written("2", None, {"n": None})))
        steps = [upsert(1, n=""), upsert(2, n="b;a")]

        assert came_to(settle(steps, answer, {"n": Kind.OPTIONS})) == {1: "updated", 2: "updated"}
        assert came_to(settle(steps, answer, {"n": Kind.TEXT})) == {1: "updated", 2: "unclear"}

    def test_another_value_is_not_taken_first(self) -> None:
        """A result is left to the step whose values it shows, although another one has the same property."""
        answer = Answers(200, (Written("1", None, {"n": "a;b"}),))
        steps = [upsert(1, n="c"), upsert(2, n="b;a")]

        assert came_to(settle(steps, answer, {"n": Kind.OPTIONS})) == {1: "unclear", 2: "updated"}

    def test_what_was_created_shows_its_key(self) -> None:
        """A new contact with the same values is somebody else's."""
        answer = Answers(200, (Written("1", "k9", {"a": "x"}, created=True),))

        assert came_to(settle([upsert(1, a="x")], answer)) == {1: "unclear"}

    def test_a_proved_contact_is_not_told_by_values(self) -> None:
        """Its record id would be a guess: a look-up tells which of the results is its own."""
        results = ("7", {"a": "x"}), ("8", {"a": "y"}), ("9", {"a": "x", "b": "y"})
        answer = Answers(200, tuple(Written(id_, None, shown) for id_, shown in results))

        settled = settle([upsert(1, "901", a="x"), by_id(2, "902", a="y"), by_id(3, "903", a="z")], answer)

        assert came_to(settled) == dict.fromkeys((1, 2, 3), "unclear")
        assert {row: [*shown] for row, shown in settled.shown.items()} == {1: ["7", "9"], 2: ["8"], 3: []}
        told = settled.shown[1]["7"]
        assert (told.outcome, told.status, told.contact, told.unread) == (U, 200, "7", ("a",))

    @pytest.mark.parametrize("other", [upsert(2, "902", a="x"), upsert(2, a="x")])
    def test_a_proved_contact_that_was_refused_and_shown(self, other: Step) -> None:
        """If nobody else wants the same, the result may be its own: the answer contradicts itself."""
        refusal = Refusal(400, "bad", trace_ids=("1-0",))
        answer = Answers(207, (Written("7", None, {"a": "x"}),), (refusal,))

        alone = settle([upsert(1, "901", a="x")], answer)

        assert (came_to(alone), alone.shown) == ({1: "unclear"}, {})
        assert came_to(settle([upsert(1, "901", a="x"), other], answer))[1] == "met"

    def test_what_was_written_with_more_values(self) -> None:
        """It is not taken for what was written with few of them."""
        results = (Written("1", None, {"a": "x"}), Written("2", None, {"a": "x", "b": "y"}))

        settled = settle([upsert(1, a="x"), upsert(2, a="x", b="y")], Answers(200, results))

        assert settled.contacts == {1: "1", 2: "2"}

    def test_a_result_is_of_one_step(self) -> None:
        """Whatever values other steps have."""
        results = (Written("1", None, {"a": "x", "b": "y"}), Written("2", None, {"a": "x"}))

        settled = settle([upsert(1, a="x"), upsert(2, b="y"), upsert(3, a="x")], Answers(200, results))

        assert settled.contacts == {1: "2", 2: "1"}
        assert came_to(settled)[3] == "unclear"

    def test_a_record_id_is_not_a_key(self) -> None:
        """Another contact may have the number as its key."""
        results = (Written("901"), Written("902", "901"))

        settled = settle([by_id(1, "901", a="x"), by_id(2, "902", a="x")], Answers(200, results))

        assert came_to(settled) == {1: "updated", 2: "unclear"}

    def test_what_was_refused_has_no_result(self) -> None:
        """The one with its values is that of another step."""
        answer = Answers(207, (Written("7", None, {"a": "x"}),), (Refusal(400, "bad", trace_ids=("1-0",)),))

        assert came_to(settle([upsert(1, a="x"), upsert(2, a="x")], answer)) == {1: "met", 2: "updated"}

    @pytest.mark.parametrize("shown", [Written("7", None, {"a": "x"}), Written("7", "k1")])
    def test_what_was_refused_and_is_the_only_one_with_a_result(self, shown: Written) -> None:
        """It may have been written: no other step has its values, or its key."""
        answer = Answers(207, (shown,), (Refusal(400, "bad", trace_ids=("1-0",)),))

        assert came_to(settle([upsert(1, a="x"), upsert(2, a="y")], answer)) == {1: "unclear", 2: "unclear"}

    @pytest.mark.parametrize("step", [by_id(1, "901", a="x"), upsert(1, "901", a="x")])
    def test_what_was_refused_and_written(self, step: Step) -> None:
        """If the answer shows its contact besides, it may have been written, whatever a look-up comes to."""
        answer = Answers(207, (Written("901", None, {"a": "x"}),), (Refusal(400, "bad", trace_ids=("1-0",)),))

        assert came_to(settle([step], answer)) == {1: "unclear"}

    def test_a_result_is_the_one_of_a_step(self) -> None:
        """Those of contacts that were looked up are not taken for others."""
        looked_up = Step(Change(Record(2, "k2", {}), Write.UPDATE, "902", ({"a": "x"},)))
        answer = Answers(200, (Written("902", None, {"a": "x"}),))

        assert came_to(settle([upsert(1, a="x"), looked_up], answer)) == {1: "unclear", 2: "updated"}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answers(207, (), (Refusal(400, "bad", trace_ids=("1-0",)),)), "met"),
        (Answers(207, (), (Refusal(404, "gone", ids=("k1",)),)), "met"),
        (Answers(207, (), (Refusal(409, "taken", trace_ids=("1-0",), existing_id="7"),)), "met"),
        (Answers(207, (), (Refusal(429, "later", trace_ids=("1-0",)),)), "throttled"),
        (Answers(207, (), (Refusal(400, "somebody is bad"),)), "unclear"),
        (Answers(200), "unclear"),
        (Answers(200, (Written("9", "k1", {"a": "y"}),)), "unclear"),
        (
            Answers(
                207,
                (Written("9", None, {"a": "x"}, trace_id="1-0"),),
                (Refusal(400, "b", trace_ids=("1-0",)),),
            ),
            "unclear",
        ),
        (Refused(Refusal(400, "bad", properties=("a",))), "met"),
        (Refused(Refusal(409, "exists", existing_id="7")), "met"),
        (Refused(Refusal(413, "too large")), "met"),
        (Refused(Refusal(503, "down")), "unavailable"),
        (Refused(Refusal(401, "who?")), "unauthorized"),
        (Lost("no answer", sent=True), "unknown"),
        (Lost("no connection", sent=False), "unavailable"),
    ],
)
@pytest.mark.parametrize("others", [0, 2])
def test_what_an_answer_decides(answer: Answers | Refused | Lost, expected: str, others: int) -> None:
    """That a contact was written, or that HubSpot is in trouble; a look-up decides everything else.

    A batch that is refused as a whole is not sent again in parts.
    """
    steps = [upsert(1, a="x"), *(upsert(n, a="x") for n in range(2, 2 + others))]
    if isinstance(answer, Answers):
        written = tuple(Written(str(n), f"k{n}", {"a": "x"}) for n in range(2, 2 + others))
        settled = settle(steps, Answers(answer.status, (*answer.written, *written), answer.refusals))
        assert came_to(settled) == {1: expected, **dict.fromkeys(range(2, 2 + others), "updated")}
    else:
        settled = settle(steps, answer)
        assert came_to(settled) == dict.fromkeys(range(1, 2 + others), expected)
    assert (settled.again, settled.onward, settled.blocked) == ((), (), ())


@pytest.mark.parametrize(
    "written", [Written("77", None, {"a": "x"}, trace_id="1-0"), Written("901", "k7", {"a": "x"})]
)
def test_a_trusted_id_of_another_contact(written: Written) -> None:
    """The contact has another id by now, or another key: which contact has the key, a look-up tells."""
    settled = settle([by_id(1, "901", a="x")], Answers(200, (written,)))

    assert (came_to(settled), settled.contacts) == ({1: "unclear"}, {})
    assert {name: each.outcome for name, each in settled.shown[1].items()} == {written.id: U}


def test_a_trusted_id_of_another_contact_that_has_another_value() -> None:
    """HubSpot has kept it: nothing shows that the step was carried out."""
    written = Written("77", None, {"a": "y"}, trace_id="1-0")

    assert settle([by_id(1, "901", a="x")], Answers(200, (written,))).shown == {1: {}}


def test_a_trusted_id_that_takes_an_address() -> None:
    """It does not wait for the contact that has the address: first it is looked up."""
    refusal = Refusal(409, "taken", trace_ids=("1-0",), existing_id="7", properties=("email",))

    assert came_to(settle([by_id(1, "901", email="n@x.y")], Answers(207, (), (refusal,)))) == {1: "met"}


def test_a_batch_of_both_kinds() -> None:
    """If it is refused as a whole, the contacts that were looked up are sent again."""
    looked_up = Step(Change(Record(2, "k2", {}), Write.UPDATE, "902", ({"a": "x"},)))

    settled = settle([by_id(1, "901", a="x"), looked_up], Refused(Refusal(400, "bad")))

    assert came_to(settled) == {1: "met"}
    assert [each.steps for each in settled.again] == [(looked_up,)]


# Whole runs


def row(name: str, firstname: str = "b", **values: str) -> dict[str, str]:
    return {"email": f"{name}@x.y", "firstname": firstname, **values}


def people(*fates: Fate, **options: Any) -> FakePortal:
    """Three contacts, of which the first has two addresses, s0 and p0."""
    first = {"email": "p0@x.y", "other": "s0@x.y", "firstname": "a", STAGE: "customer"}
    others = ({"email": f"p{n}@x.y", "firstname": "a", STAGE: "lead"} for n in (1, 2))
    return FakePortal.of(first, *others, fates=fates, **options)


def proofs_of(ids: Mapping[str, str]) -> FakeProofs:
    """Return what is proved of keys with these record ids: the first name ``a``."""
    proofs = FakeProofs()
    for name, record_id in ids.items():
        record = RecordMapping().record(1, row(name, "a"))
        assert isinstance(record, Record)
        proofs.kept[record.key] = Proof(record.key, "", content_of(record), record_id, N)
    return proofs


def run(
    contacts: FakePortal, rows: Sequence[object], rules: Rules, seed: int = 0, **options: Any
) -> list[Outcome]:
    sync = Sync(RecordMapping(), rules, contacts, contacts, **options)
    return [each.outcome for each in results_of(sync, rows, ShuffledWorkers(seed, 4)).values()]


def test_nothing_is_read() -> None:
    """The answer says what was created."""
    portal = people()

    assert run(portal, [row("p0"), row("n1"), row("p1", "a")], BY_KEY) == [U, C, U]
    assert (portal.reads, portal.writes) == ([], [(Write.UPSERT, 3)])


def test_a_call_waits_until_it_is_full() -> None:
    """As long as others are under way, and the source has more rows."""
    portal = people(batch_size=3)

    run(portal, [row(f"n{n}") for n in range(30)], BY_KEY, max_in_flight=4)

    assert portal.writes == [(Write.UPSERT, 3)] * 10


@pytest.mark.parametrize(
    ("values", "rules"),
    [
        ({STAGE: "lead"}, BY_KEY),
        ({"email": "n@x.y"}, BY_KEY),
        ({"city": "x"}, Rules(create=True, look_up=LookUp.NONE, modes={"city": WriteMode.APPEND})),
        ({"city": "x"}, Rules(create=True, look_up=LookUp.ALL)),
        ({"city": "x"}, BY_PROVED_KEY),
    ],
)
def test_what_has_to_be_read_is_read(values: dict[str, str], rules: Rules) -> None:
    """A stage, a new key, a write mode; or nothing is proved of the key."""
    portal = people()
    mapping = RecordMapping("key", mapping={name: name for name in values})

    results_of(Sync(mapping, rules, portal, portal), [{"key": "p0@x.y", **values}])

    assert len(portal.reads) == 1


@pytest.mark.parametrize(
    "fate", [Odd.SILENT, Odd.FORGETFUL, Odd.ANONYMOUS, Odd.DEAF, refused(400), refused(409)]
)
@pytest.mark.parametrize("is_terse", [True, False])
def test_a_poor_answer_is_made_up_for(fate: Fate, is_terse: bool) -> None:
    """Each row ends well, and its contact has the values."""
    portal = people(fate, is_terse=is_terse)

    ended = run(portal, [row("p0"), row("p1"), row("n1")], BY_KEY)

    assert set(ended) <= {U, C, N}
    assert all(
        (found := portal.by_address(f"{name}@x.y")) and found[1]["firstname"] == "b"
        for name in ("p0", "p1", "n1")
    )


@pytest.mark.parametrize(
    ("name", "fate", "outcome", "old", "unread"),
    [
        ("p0", Odd.SILENT, N, None, ("firstname",)),
        ("p0", Odd.DEAF, U, "a", ()),
        ("p0", refused(400), U, "a", ()),
        ("n0", Odd.DEAF, C, None, ()),
    ],
)
def test_what_may_have_been_written_before_a_look_up(
    name: str, fate: Fate, outcome: Outcome, old: str | None, unread: tuple[str, ...]
) -> None:
    """It is told, without old values: nobody has read them. What was not written has those of the look-up."""
    sync = Sync(RecordMapping(), BY_KEY, portal := people(fate), portal)

    (ended,) = results_of(sync, [row(name)]).values()

    assert (ended.outcome, ended.changes["firstname"], ended.unread) == (outcome, (old, "b"), unread)


@pytest.mark.parametrize("after_loss", [True, False])
def test_somebody_edits_what_was_written_before_the_look_up(after_loss: bool) -> None:
    """What is written again has the edit as its old value; the rest may have been written before.

    That holds if the later write was sent twice, too.
    """

    class Edited(FakePortal):
        def read(self, keys: Sequence[str], properties: Collection[str], /) -> Found | Refused | Lost:
            self.contacts["1"]["firstname"] = "edited"
            return super().read(keys, properties)

        def write(self, kind: Write, steps: Sequence[Step], /) -> Answers | Refused | Lost:
            answer = super().write(kind, steps)
            if kind is Write.UPDATE and isinstance(answer, Answers):
                return replace(answer, after_loss=after_loss)
            return answer

    portal = Edited(people().contacts, fates=iter([Odd.SILENT]))
    mapping = RecordMapping(mapping={"firstname": "firstname", "city": "city"})

    (ended,) = results_of(Sync(mapping, BY_KEY, portal, portal), [row("p0", city="x")]).values()

    assert ended.outcome is U
    assert ended.changes == {"firstname": ("edited", "b"), "city": (None, "x")}
    assert ended.unread == ("city",)


def test_what_merged_rows_may_have_written_before_they_are_sent_one_by_one() -> None:
    """It is told for the row whose value it was, although the look-up after it finds nothing to write."""

    class Edited(FakePortal):
        def read(self, keys: Sequence[str], properties: Collection[str], /) -> Found | Refused | Lost:
            self.contacts["2"]["firstname"] = "edited"
            return super().read(keys, properties)

    portal = Edited(people().contacts, fates=iter([Odd.SILENT, None, refused(400)]))
    mapping = RecordMapping(mapping={"firstname": "firstname", "city": "city"})
    sync = Sync(mapping, BY_PROVED_KEY, portal, portal, proofs=proofs_of({"p1": "9"}))

    first, second = results_of(sync, [{"email": "p1@x.y", "city": "x"}, row("p1")]).values()

    assert (first.outcome, first.changes, first.unread) == (N, {"city": (None, "x")}, ("city",))
    assert (second.outcome, second.changes) == (U, {"firstname": ("edited", "b")})


def test_a_bad_value_ends_as_with_a_look_up() -> None:
    """It is refused once more, and only that row."""
    portal = people()

    assert run(portal, [row("p0"), row("p1", BAD), row("p2")], BY_KEY) == [U, Outcome.REJECTED, U]


def test_a_value_that_the_portal_does_not_allow() -> None:
    """A look-up tells whether it need be written at all."""
    portal = people()
    portal.contacts["1"]["city"] = "X"
    allows = PortalSchema([Property("email"), Property("firstname")])

    ended = run(portal, [row("p0", city="X"), row("p1", city="X")], BY_KEY, portal=allows)

    assert ended == [U, Outcome.INVALID]
    assert portal.contacts["1"]["firstname"] == "b"


def test_a_row_that_may_have_been_written_is_not_called_untouched() -> None:
    """The answer was silent, and the look-up after it finds nobody, or stops the run."""
    stopped = people(Odd.SILENT, refused(401, stops=True))
    portal = people(Odd.SILENT, refused(400))

    assert run(stopped, [row("p0")], BY_KEY) == [Outcome.UNKNOWN]
    assert run(portal, [row("p0")], BY_KEY) == [Outcome.UNKNOWN]


@pytest.mark.parametrize("rows", [[row("p0")], [row("p0"), row("p0", "c")]])
def test_what_may_have_been_written_before_the_run_stopped(rows: list[dict[str, str]]) -> None:
    """It is told for each row, wherever the record was when the run stopped; merged rows are one record."""
    ended: list[Result] = []
    for seed in range(40):
        portal = people(Odd.SILENT, STOP, batch_size=1)
        results = results_of(
            Sync(RecordMapping(), BY_KEY, portal, portal), [*rows, row("p1")], ShuffledWorkers(seed, 2)
        )
        ended += [each for each in results.values() if each.reason.startswith("an attempt that got no clear")]

    assert {each.outcome for each in ended} == {Outcome.UNKNOWN}
    assert {(*each.changes, *each.unread) for each in ended} == {("firstname", "firstname")}


@pytest.mark.parametrize("most", [5, 50])
def test_upserts_that_are_refused(most: int) -> None:
    """What waits to be written is looked up, too, as are all rows that follow: no further call is tried."""
    portal = people(takes_upserts=False, batch_size=1)

    ended = run(portal, [row(f"n{n}") for n in range(20)], BY_KEY, max_in_flight=most)

    assert ended == [C] * 20
    assert sum(kind is Write.UPSERT for kind, _ in portal.writes) <= 4


@pytest.mark.parametrize("rules", [BY_PROVED_KEY, BY_PROVED_ID])
@pytest.mark.parametrize("size", [1, 3])
def test_one_contact_is_never_in_two_writes(rules: Rules, size: int) -> None:
    """Two keys are proved to be the same contact's; the later row wins."""
    for seed in range(20):
        portal, proofs = people(batch_size=size, is_terse=True), proofs_of({"p0": "1", "s0": "1", "p1": "2"})

        ended = run(portal, [row("p0"), row("p1"), row("s0", "c")], rules, seed, proofs=proofs)

        assert (ended, portal.contacts["1"]["firstname"], portal.reads) == ([U] * 3, "c", [])
        assert [proofs.kept[f"{name}@x.y"].proved for name in ("p0", "s0")] == [None, None]


def test_a_look_up_is_outdated_by_a_write_of_an_unknown_contact() -> None:
    """No row is unchanged because its contact was read before another key's row was written."""
    for seed in range(60):
        portal = people(batch_size=1)
        late: list[str] = []

        def settled(result: Result, portal: FakePortal = portal, late: list[str] = late) -> None:
            if result.outcome is N and portal.contacts["1"]["firstname"] != "a":
                late.append(result.key)

        rows = [row("s0"), row("p0", "a", lifecyclestage="customer")]
        Sync(RecordMapping(), BY_KEY, portal, portal).run(rows, ShuffledWorkers(seed, 2), settled)

        assert not late


class Watched(FakePortal):
    """A portal before whose writes something is looked at."""

    look: Callable[[], object] = staticmethod(lambda: None)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.seen: list[object] = []

    def write(self, kind: Write, steps: Sequence[Step], /) -> Answers | Refused | Lost:
        if any(step.change.contact for step in steps):
            self.seen.append(self.look())
        return super().write(kind, steps)


class TestProofs:
    """No proof outlives what it proves."""

    @pytest.mark.parametrize("rules", [BY_PROVED_KEY, BY_PROVED_ID])
    def test_all_keys_of_the_contact_are_void_before_it_is_written(self, rules: Rules) -> None:
        """Also one that this run has proved before."""
        portal, proofs = Watched(people().contacts, is_terse=True), proofs_of({"p0": "1", "s0": "1"})
        names = ("p0@x.y", "s0@x.y")
        portal.look = lambda: [proofs.kept[name].proved for name in names]

        rows = [row("p0"), *(row(f"nobody{n}") for n in range(3)), row("s0", "c")]
        run(portal, rows, rules, proofs=proofs, max_in_flight=1)

        assert portal.seen == [[None, None]] * 2

    def test_the_answer_has_another_id(self) -> None:
        """Somebody has merged the contacts: the proofs of all keys of that id are void."""
        portal, proofs = people(), proofs_of({"s0": "9", "p0": "1", "p1": "2"})

        ended = run(portal, [row("s0"), row("p1", "a"), row("p0", "a")], BY_PROVED_KEY, proofs=proofs)

        assert ended == [U, Outcome.UP_TO_DATE, U]
        assert portal.reads == [("s0@x.y",)], "a look-up had to tell which contact was written"
        assert (proofs.kept["p0@x.y"].proved, proofs.kept["s0@x.y"].proved) == (None, None)
        assert portal.contacts["1"]["firstname"] == "a"

    def test_the_new_id_is_kept(self) -> None:
        """By it the contact is known from now on."""
        portal, proofs = people(), proofs_of({"p1": "9"})

        assert run(portal, [row("p1")], BY_PROVED_KEY, proofs=proofs) == [U]
        assert proofs.kept["p1@x.y"].id == "2"

    def test_an_id_that_has_changed_is_not_trusted_again(self) -> None:
        """Later rows of the key are looked up."""
        portal, proofs = people(), proofs_of({"p1": "9"})

        ended = run(
            portal,
            [row("p1"), row("p1", "c", lifecyclestage="lead"), row("p1", "d")],
            BY_PROVED_ID,
            proofs=proofs,
        )

        assert ended == [U, U, U]
        assert (portal.contacts["2"]["firstname"], proofs.kept["p1@x.y"].id) == ("d", "2")
        assert len(portal.writes) == 4, "the first one alone went to the old id"

    def test_what_is_read_back_is_read(self) -> None:
        """An audit looks up, though the row may be written without."""
        portal, proofs = people(), proofs_of({"p1": "2"})
        proofs.kept["p1@x.y"] = proofs.kept["p1@x.y"]._replace(is_audited=True)

        assert run(portal, [row("p1", "a")], BY_PROVED_KEY, proofs=proofs) == [N]
        assert portal.reads == [("p1@x.y",)]

    def test_a_state_that_fails_in_later_rows(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The rows before have been let in, and are not written any more."""
        monkeypatch.setattr(proof_gate, "CHUNK", 1)
        portal, proofs = people(), FakeProofs(3)
        proofs.kept = proofs_of({"p1": "2", "p2": "3"}).kept

        with pytest.raises(ConnectionError, match="compare"):
            run(portal, [row("p1"), row("p2")], BY_PROVED_KEY, proofs=proofs)

        assert portal.writes == []

    def test_a_state_that_fails(self) -> None:
        """No call is made."""
        portal, proofs = people(), FakeProofs(3)
        proofs.kept = proofs_of({"p1": "2"}).kept

        with pytest.raises(ConnectionError, match="keys_of"):
            run(portal, [row("p1")], BY_PROVED_KEY, proofs=proofs)

        assert portal.calls == 0
