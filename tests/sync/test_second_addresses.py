# SPDX-License-Identifier: Apache-2.0
"""What is decided about the second addresses of a row, and which rows wait for each other because of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_hubcontact.sync.decide.plan import plan
from airflow_provider_hubcontact.sync.decide.rules import Rules, addresses_given, is_of, keys_of
from airflow_provider_hubcontact.sync.decide.second_addresses import for_new, unwritable
from airflow_provider_hubcontact.sync.flow.stations.dry_writes import DryWrites
from airflow_provider_hubcontact.sync.flow.stations.look_ups import NOTHING_FOUND
from airflow_provider_hubcontact.sync.flow.sync import Sync
from airflow_provider_hubcontact.sync.flow.waiting.creations import Creations
from airflow_provider_hubcontact.sync.flow.waiting.in_flight import InFlight
from airflow_provider_hubcontact.sync.model.change import Change, Stored, Write
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result
from airflow_provider_hubcontact.sync.model.ports import Found, Lost, Refused
from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.sync.rows.coercion import Coercer
from airflow_provider_hubcontact.sync.rows.comparison import Kind
from airflow_provider_hubcontact.sync.rows.portal_schema import PortalSchema, Property
from airflow_provider_hubcontact.sync.rows.record_mapping import RecordMapping
from tests.sync.fakes import FakePortal, ShuffledWorkers, refused, results_of

OTHERS = "hs_additional_emails"
KINDS = {OTHERS: Kind.ADDRESSES}
RULES = Rules(create=True, gives_addresses=True, kinds=KINDS)
BY_NUMBER = Rules("number", create=True, gives_addresses=True, kinds={**KINDS, "number": Kind.NUMBER})


def record(key: str, others: str, row: int = 1, **more: str) -> Record:
    return Record(row, key, {**more, OTHERS: others})


def stored(number: str, email: str, others: str | None = None) -> Stored:
    return Stored(number, number, {"email": email, OTHERS: others})


@pytest.mark.parametrize(
    ("each", "rules", "keys"),
    [
        (record("a", "b;A; c;b"), RULES, ("a", "b", "c")),
        (record("a", "b;n", email="n"), RULES, ("a", "n", "b")),
        (record("a", ""), RULES, ("a",)),
        (record("a", "b"), Rules(create=True), ("a",)),
        (record("a", "b"), Rules("number", create=True, gives_addresses=True), ("a",)),
        (Record(1, "a", {"email": "a"}), RULES, ("a",)),
    ],
)
def test_the_keys_of_a_record(each: Record, rules: Rules, keys: tuple[str, ...]) -> None:
    """Its own, its new one, and its second addresses if a new contact gets them and keys are addresses."""
    assert keys_of(each, rules) == keys


@pytest.mark.parametrize(
    ("values", "sent"),
    [
        ({"email": "a", OTHERS: "B;a;c"}, {"email": "a", OTHERS: "b;c"}),
        ({"email": "a", OTHERS: "A"}, {"email": "a"}),
        ({"email": "a", OTHERS: ""}, {"email": "a"}),
        ({"number": "7", OTHERS: "a"}, {"number": "7", OTHERS: "a"}),
        ({"email": "a"}, {"email": "a"}),
    ],
)
def test_what_a_new_contact_gets(values: dict[str, str], sent: dict[str, str]) -> None:
    """Not its own address a second time, nor an empty list of them."""
    assert for_new(values) == sent


@pytest.mark.parametrize(
    ("text", "new", "lacks"),
    [
        ("a;b", None, None),
        ("b;x", None, "does not get x"),
        ("a", "n", "does not get a"),
        ("n;b", "n", None),
        ("", None, "keeps b"),
        ("z", None, "does not get z (which the contact 9 has)"),
        ("1;2;3;4;5;6;7", None, "does not get 1, 2, 3, 4, 5, and 2 more"),
    ],
)
def test_what_a_contact_that_exists_lacks(text: str, new: str | None, lacks: str | None) -> None:
    """Its first address is one of its own, unless it gets another one."""
    found = {"z": stored("9", "z"), "x": stored("1", "a")}

    reason = unwritable(text, stored("1", "a", "b"), new, found)

    assert (reason or "").partition("so this one ")[2] == (lacks or "")
    assert unwritable("", stored("1", "a"), None, {}) is None


def test_an_address_that_is_taken() -> None:
    """Nothing is created; the reason has each of them with its contact."""
    found = {"b": stored("7", "b"), "c": stored("8", "d", "c")}

    ended = plan(record("a", "b;x;c"), found, RULES)

    reason = f"{OTHERS}: b belongs to another contact (7), c belongs to another contact (8)"
    assert ended == Result(1, "a", Outcome.CONFLICT, 409, "ADDRESS_TAKEN", reason, (OTHERS,))


def test_the_contact_is_looked_up() -> None:
    """Whether it is new decides."""
    assert RULES.needs_current(record("a", "b"))
    assert not RULES.needs_current(Record(1, "a", {"city": "Rome"}))


def test_they_are_checked_although_nobody_knows_the_portals_properties() -> None:
    """Contacts are looked up by them."""
    coercer = Coercer({}, lambda _: None, "email")

    fit, wrong = (coercer.coerce(record("a@x.org", text)) for text in ("B@x.org; b@x.org", "b@x.org;n/a"))

    assert isinstance(fit, Record)
    assert fit.properties == {OTHERS: "b@x.org"}
    assert isinstance(wrong, Result)
    assert wrong.reason == f"{OTHERS}: 'n/a' is not an e-mail address"


@pytest.mark.parametrize(
    ("text", "creates", "says"),
    [
        ("b@x.org;c@x.org", True, None),
        ("b@x.org;n/a", True, f"{OTHERS}: 'n/a' is not an e-mail address"),
        ("b@x.org", False, f"HubSpot takes {OTHERS} of new contacts only: it cannot be written"),
        ("", True, None),
    ],
)
@pytest.mark.parametrize("read_only", [True, False])
def test_what_the_portal_allows(text: str, creates: bool, says: str | None, read_only: bool) -> None:
    """Addresses of a new contact, whatever the definition says."""
    portal = PortalSchema([Property(OTHERS, Kind.ADDRESSES, read_only=read_only)])

    ended = portal.check(record("a", text), {OTHERS: text}, creates=creates)

    assert (ended and ended.reason) == says


def test_keys_that_look_like_addresses() -> None:
    """A contact with such a number has no address of the row."""
    rules = Rules("number", create=True, gives_addresses=True, kinds=KINDS)

    assert isinstance(plan(record("a", "b"), {"b": stored("7", "b")}, rules), Change)


def test_a_run_that_creates_nobody() -> None:
    """The addresses stay among the values, which the portal's schema refuses."""
    contact = {"a": stored("1", "a", "b")}

    same, more = (plan(record("a", text), contact, Rules(kinds=KINDS)) for text in ("B", "b;c"))

    assert isinstance(same, Result)
    assert same.outcome is Outcome.UNCHANGED
    assert isinstance(more, Change)
    assert more.outcome == {OTHERS: "b;c"}


def test_a_look_up_has_room_for_all_keys() -> None:
    """A record with many of them leaves less for others; one record is always taken."""
    in_flight = InFlight(RULES)
    for row, key in enumerate("abc", 1):
        in_flight.admit(record(key, f"{key}1;{key}2", row))

    assert [each.key for each in in_flight.take(7)] == ["a", "b"]
    assert [each.key for each in in_flight.take(1)] == ["c"]


KEYS = st.sampled_from("abcd")


@given(st.lists(st.tuples(KEYS, st.sets(KEYS, max_size=3)), max_size=12), st.randoms(use_true_random=False))
def test_rows_with_a_key_in_common_keep_their_order(rows: list[tuple[str, set[str]]], random: object) -> None:
    """None is taken before the earlier ones that have or give one of its keys have ended."""
    records = [record(key, ";".join(sorted(others)), row) for row, (key, others) in enumerate(rows, 1)]
    in_flight, ended = InFlight(RULES), set[int]()
    under_way: list[Record] = []
    for each in records:
        in_flight.admit(each)
    while len(in_flight):
        under_way += in_flight.take(random.randint(1, 9))  # type: ignore[attr-defined]
        for each in under_way:
            mine = {*keys_of(each, RULES)}
            before = (other for other in records[: each.row - 1] if mine & {*keys_of(other, RULES)})
            assert ended >= {other.row for other in before}
        assert under_way, "nothing can go on"
        done = under_way.pop(random.randrange(len(under_way)))  # type: ignore[attr-defined]
        ended.add(done.row)
        in_flight.release(done.key)

    assert ended == {each.row for each in records}


def test_a_dry_run_finds_by_second_addresses_who_would_be_created() -> None:
    """Also once that contact would have another first address."""
    writes, nobody = DryWrites("email"), Found({}, frozenset("abn"))
    creation = Change(record("a", "b"), Write.CREATE, "a", ({"email": "a", OTHERS: "b"},))
    writes.note(creation, NOTHING_FOUND)

    shown = writes.seen(nobody, ("a", "b"))
    assert shown.contacts["a"] == shown.contacts["b"]
    assert not shown.missing

    moved = Change(Record(2, "b", {"email": "n"}), Write.UPDATE, "new a", ({"email": "n"},), {"email": "a"})
    writes.note(moved, shown)
    shown = writes.seen(nobody, ("a", "b", "n"))
    assert {*shown.contacts} == {"b", "n"}
    assert shown.missing == {"a"}


def test_keys_of_a_dry_run_that_are_no_addresses() -> None:
    """A second address is no key then."""
    writes = DryWrites("number")
    values = {"number": "1", OTHERS: "2"}
    writes.note(Change(Record(1, "1", values), Write.CREATE, "1", (values,)), NOTHING_FOUND)

    assert {*writes.seen(Found({}, frozenset("2")), ("2",)).contacts} == set()


@pytest.mark.parametrize(
    ("each", "rules", "met", "given"),
    [
        (record("7", "b;A;b"), BY_NUMBER, False, ("b", "a")),
        (record("7", "b", email=" N "), BY_NUMBER, False, ("n", "b")),
        (record("7", "", email="n"), BY_NUMBER, False, ()),
        (Record(1, "7", {"email": "n"}), BY_NUMBER, False, ()),
        (Record(1, "7", {"email": "n"}), BY_NUMBER, True, ("n",)),
        (record("7", "b"), Rules("number", create=True), True, ()),
        (record("a", "b", email="n"), RULES, True, ()),
    ],
)
def test_the_addresses_that_are_looked_up_besides(
    each: Record, rules: Rules, met: bool, given: tuple[str, ...]
) -> None:
    """Those of a row with second ones, where keys are other values; a first one alone after a refusal."""
    assert addresses_given(each, rules, met=met) == given


@pytest.mark.parametrize(("has", "is_it"), [("7.0", True), ("70", False), (None, False)])
def test_a_contact_that_has_the_key_of_the_record(has: str | None, is_it: bool) -> None:
    """In its normal form."""
    assert is_of(record("7", "b"), Stored("1", "1", {"number": has}), BY_NUMBER) is is_it


def test_rows_that_give_one_address_wait_for_each_other() -> None:
    """Whatever keys are."""
    in_flight = InFlight(BY_NUMBER)

    admitted = [
        in_flight.admit(record(str(row), f"{row};{others}", row, email=first))
        for row, (others, first) in enumerate([("a", "f"), ("b", "g"), ("A", "h"), ("f", "i")], 1)
    ]

    assert admitted == [True, True, False, False]


def test_a_record_waits_for_the_contact_that_has_its_address() -> None:
    """Only if another record has claimed it, or has just written it; it claims none itself."""
    in_flight = InFlight(BY_NUMBER)
    for row in (1, 2):
        in_flight.admit(record(str(row), f"a{row}", row))
    first, second = in_flight.take(2)
    in_flight.claim(first, "1")

    assert not in_flight.waits_for(second, ["5"], {"6"})
    assert in_flight.waits_for(second, ["5", "1"], ())
    assert in_flight.release("1") == "1"
    assert in_flight.take(2) == (second,)
    assert in_flight.waits_for(second, ["5", "6"], {"6"})
    assert in_flight.take(2) == (second,)
    in_flight.release("2")
    assert len(in_flight) == 0


def test_a_look_up_by_address_has_room_for_all_of_a_creation() -> None:
    """It waits for more if more may come; one creation is always taken."""
    creations = Creations(BY_NUMBER)
    for row, others in enumerate(("a;b;c", "d", "e;f"), 1):
        creations.add(Change(record(str(row), others, row), Write.CREATE, str(row), ({},)))

    def taken(size: int, *, more_to_come: bool = False) -> list[int]:
        return [each.record.row for each in creations.take(size, more_to_come=more_to_come)]

    assert taken(7, more_to_come=True) == []
    assert taken(2, more_to_come=True) == [1]
    assert taken(3, more_to_come=True) == [2, 3]
    assert (taken(9), len(creations)) == ([], 0)


def test_a_dry_run_knows_who_would_have_an_address() -> None:
    """One that a contact would get or lose, where keys are other values."""
    writes, there = DryWrites("number"), {each: stored("1", each) for each in ("old", "kept")}
    values = {"number": "7", "email": "first", OTHERS: "a;b"}
    writes.note(Change(Record(1, "7", values), Write.CREATE, "7", (values,)), NOTHING_FOUND)
    moved = Change(Record(2, "1", {}), Write.UPDATE, "1", ({"email": "a"},), {"email": "old"})
    writes.note(moved, NOTHING_FOUND)

    given = ("first", "a", "b", "old", "kept", "nobody")
    shown = writes.seen_by_address(Found(there, frozenset({"first", "a", "b", "nobody"})), given)

    holders = {each: contact.id for each, contact in shown.contacts.items()}
    assert holders == {"first": "new 7", "a": "1", "b": "new 7", "kept": "1"}
    assert shown.missing == {"old", "nobody"}


NUMBERED = RecordMapping(key="number", id_property="other", mapping={"others": OTHERS})
BY_OTHER = Rules("other", create=True, gives_addresses=True, kinds=KINDS)


class ByNumber(FakePortal):
    """Answers with the numbers of contacts, which are their keys."""

    def key_of(self, contact_id: str, contact: Mapping[str, str]) -> str | None:
        del contact_id
        return contact.get("other")


class ByAddress(FakePortal):
    """Refuses each look-up by a bad address, and is silent about another one."""

    def read(self, keys: Sequence[str], properties: Collection[str], /) -> Found | Refused | Lost:
        found = super().read(keys, properties)
        if "bad" in keys:
            return refused(400).answer
        return Found(found.contacts, found.missing - {"unseen"}) if isinstance(found, Found) else found


def outcomes(by_address: FakePortal, portal: FakePortal, rows: Mapping[str, str], seed: int) -> list[Outcome]:
    """Return how new contacts end: number → second addresses."""
    sources = [{"number": number, "others": others} for number, others in rows.items()]
    sync = Sync(NUMBERED, BY_OTHER, portal, portal, by_address=by_address)
    return [each.outcome for each in results_of(sync, sources, ShuffledWorkers(seed)).values()]


@pytest.mark.parametrize("seed", range(5))
def test_a_look_up_by_address_that_is_refused(seed: int) -> None:
    """It is halved, so that only the row whose address was refused ends with it."""
    portal, by_address = ByNumber.of(batch_size=4), ByAddress.of(batch_size=4)

    ended = outcomes(by_address, portal, {"n1": "a", "n2": "b", "n3": "bad", "n4": "c"}, seed)

    assert ended == [Outcome.CREATED, Outcome.CREATED, Outcome.REJECTED, Outcome.CREATED]
    assert len(portal.reads) == 1
    assert len(by_address.reads) == 5


def test_a_look_up_that_is_silent_about_an_address() -> None:
    """Nobody knows whether it is taken, so nothing is sent."""
    portal = ByNumber.of()

    ended = outcomes(ByAddress.of(), portal, {"n1": "unseen", "n2": "b"}, 1)

    assert ended == [Outcome.UNKNOWN, Outcome.CREATED]
    assert portal.writes == [(Write.CREATE, 1)]


@pytest.mark.parametrize("seed", range(9))
def test_a_look_up_by_address_waits_for_those_by_key(seed: int) -> None:
    """As long as one is under way, more new contacts may come."""
    portal, by_address = FakePortal.of({"other": "k1"}, {"other": "k2"}, batch_size=2), FakePortal.of()

    outcomes(by_address, portal, {"k1": "", "n1": "a", "k2": "", "n2": "b"}, seed)

    assert len(by_address.reads) == 1
