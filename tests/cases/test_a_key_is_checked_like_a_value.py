# SPDX-License-Identifier: Apache-2.0
"""A key is checked as a value of its property is, and has one text, wherever it comes from."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_hubcontact.sandbox import Sandbox
from airflow_provider_hubcontact.sandbox.crm.properties.definitions import Definition
from airflow_provider_hubcontact.sandbox.crm.properties.values import InvalidValue, accept
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result
from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.sync.rows.coercion import Coercer
from airflow_provider_hubcontact.sync.rows.comparison import Kind, same
from airflow_provider_hubcontact.sync.rows.keys import LOOKALIKES, key_problem, lower_case, normalized_key
from airflow_provider_hubcontact.sync.rows.record_mapping import RecordMapping
from tests.cases.syncing import synced

KELVIN = "\u212a"
EMAIL = Definition("email", "Email")


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    contacts = [
        {"email": "ada@example.com", "firstname": "Ada"},
        {"email": "kate@example.com", "firstname": "Kate"},
        {"email": "ibrahim@example.com", "firstname": "Ibrahim"},
        {"email": "seven@example.com", "member": "7", "firstname": "Seven"},
    ]
    member = Definition("member", "Member", "number", "number", unique=True)
    with Sandbox(contacts, properties=[member]) as running:
        yield running


def name_of(sandbox: Sandbox, key: str) -> str:
    contact = sandbox.portal.contact(key)
    assert contact is not None
    return contact.properties["firstname"]


NO_ADDRESSES = [
    "Ada <ada@example.com>",
    "<ada@example.com>",
    "ada@example.com;grace@example.com",
    "ada@example.com, grace@example.com",
    "ada@example.com,grace@example.com",
    "mailto:ada@example.com",
    "n/a",
    "NULL",
    "-",
    "ada",
    "ada@",
    "@example.com",
    "ada@example",
    "ada@@example.com",
    "ada @example.com",
    "12",
]
ADDRESSES = [
    "ada+tag@example.com",
    "o'neil@example.com",
    "ünïcödé@bücher.example",
    "a@b.co",
    "ada_lovelace-1815@mail.sub.example.museum",
    "!#$%&'*+-/=?^_`{|}~@example.com",
    '"ada lovelace"@example.com',
    "ada@[127.0.0.1]",
    "田中@例え.テスト",
    "ada.@example.com",
]


@pytest.mark.parametrize("api_version", ["2026-09", "v1"])
@pytest.mark.parametrize("create", [False, True])
def test_what_is_no_address(sandbox: Sandbox, api_version: str, create: bool) -> None:
    """Its row is invalid before it is looked up; the row beside it is written."""
    rows = [{"email": key, "firstname": "x"} for key in [*NO_ADDRESSES, "ada@example.com"]]

    results = synced(sandbox, rows, api_version=api_version, create=create)

    for key, result in zip(NO_ADDRESSES, results, strict=False):
        assert (result.outcome, result.category, result.properties) == (
            Outcome.INVALID, "VALUE", ("email",),
        ), key  # fmt: skip
        assert result.reason.endswith("is not an e-mail address")
    assert results[-1].outcome is Outcome.UPDATED
    assert name_of(sandbox, "ada@example.com") == "x"


@pytest.mark.parametrize("new", ["n/a", "Ada <ada@new.example>", "a\nb@example.com"])
def test_a_new_address_is_checked_too(sandbox: Sandbox, new: str) -> None:
    """It would be looked up as well."""
    shape: dict[str, Any] = {"key": "old", "mapping": {"new": "email"}}

    (result,) = synced(sandbox, [{"old": "ada@example.com", "new": new}], **shape)

    assert (result.outcome, result.properties) == (Outcome.INVALID, ("email",))


def test_a_new_key_that_is_not_printable() -> None:
    """A text property holds it, and yet it is no key."""
    shape = RecordMapping(key="old", id_property="code", mapping={"new": "code"})
    record = shape.record(1, {"old": "c1", "new": "a\nb"})
    assert isinstance(record, Record)

    result = Coercer({}, lambda _: None, "code").coerce(record)

    assert isinstance(result, Result)
    assert (result.outcome, result.properties) == (Outcome.INVALID, ("code",))
    assert "a character that is not printable" in result.reason


@pytest.mark.parametrize("address", ADDRESSES)
def test_what_is_an_address(address: str) -> None:
    """Letters of any script, all signs that an address may have, quotes: HubSpot decides."""
    assert key_problem("email", address) is None


@given(st.emails() | st.from_regex(r"\A[^\s@]{1,8}@[a-z.\-]{1,8}\.(com|de)\Z") | st.text(max_size=12))
def test_nothing_is_refused_that_hubspot_takes(address: str) -> None:
    """An address that the check refuses, HubSpot refuses too."""
    key = normalized_key("email", address)
    try:
        accept(EMAIL, key)
    except InvalidValue:
        return
    assert key_problem("email", key) is None or any(each in key for each in LOOKALIKES)


WHOLE = [7, 7.0, Decimal(7), Decimal("7.00"), "7", " 7 ", "7.0", "7.", "+7", "007", "0.7E1"]


@pytest.mark.parametrize("name", ["hs_object_id", "member"])
@pytest.mark.parametrize("value", WHOLE, ids=repr)
def test_a_whole_number_has_one_text(name: str, value: object) -> None:
    """Whatever its type, as a record id and as a unique number."""
    record = RecordMapping("id", name, kinds={"member": Kind.NUMBER}).record(1, {"id": value})

    assert isinstance(record, Record)
    assert record.key == "7"


def test_numpys_numbers() -> None:
    """They are no others."""
    numpy = pytest.importorskip("numpy")

    for value in (numpy.int64(7), numpy.float64(7.0), numpy.uint8(7), numpy.str_("7.0")):
        record = RecordMapping("id", "hs_object_id").record(1, {"id": value})
        assert isinstance(record, Record)
        assert record.key == "7"


def test_a_unique_number_is_found(sandbox: Sandbox) -> None:
    """In every form, also of HubSpot's own answer."""
    contact = sandbox.portal.contact("seven@example.com")
    assert contact is not None
    for stored in ("7", "7.0"):
        contact.properties["member"] = stored
        for value in WHOLE[:4]:
            rows = [{"id": value, "firstname": f"{stored} {value!r}"}]
            (result,) = synced(sandbox, rows, key="id", id_property="member")
            assert result.outcome is Outcome.UPDATED, result


def test_a_record_id_is_found(sandbox: Sandbox) -> None:
    """In every form."""
    contact = sandbox.portal.contact("ada@example.com")
    assert contact is not None
    for value in (contact.id, f"{contact.id}.0", float(contact.id), int(contact.id), Decimal(contact.id)):
        rows = [{"id": value, "firstname": repr(value)}]
        (result,) = synced(sandbox, rows, key="id", id_property="hs_object_id")
        assert result.outcome is Outcome.UPDATED, result
        assert result.key == contact.id


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("1.71591E+11", "has lost digits"),
        ("1e3", "has lost digits"),
        ("12a", "is not a record id"),
        ("12.5", "is not a record id"),
        ("-12", "is not a record id"),
        ("ada@example.com", "is not a record id"),
    ],
)
def test_what_is_no_record_id(sandbox: Sandbox, value: str, says: str) -> None:
    """It is invalid before it is looked up."""
    (result,) = synced(sandbox, [{"id": value, "firstname": "x"}], key="id", id_property="hs_object_id")

    assert (result.outcome, result.properties) == (Outcome.INVALID, ("hs_object_id",))
    assert says in result.reason


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (Decimal("1E+1000000"), "more than 400 digits"),
        (Decimal("1E-1000000"), "more than 400 digits"),
        pytest.param(10**100_000, "more than 400 digits", id="large int"),
        (2.0**60, "may have lost digits"),
        (1.5, "must be text or a whole number"),
        (float("inf"), "not a finite number"),
        (True, "must be text or a whole number"),
        pytest.param("9" * 70_000, "70,000 characters", id="long text"),
    ],
)
def test_numbers_that_are_no_keys(value: object, says: str) -> None:
    """They are refused at once, however long they would be."""
    result = RecordMapping("id", "hs_object_id").record(1, {"id": value})

    assert isinstance(result, Result)
    assert says in result.reason


def test_a_text_keeps_its_form() -> None:
    """A unique property that is a text may tell 1.0 from 1."""
    for value in ("1.0", "007", "AB-12", str(UUID(int=7))):
        record = RecordMapping("id", "customer_no").record(1, {"id": value})
        assert isinstance(record, Record)
        assert record.key == value


@pytest.mark.parametrize("api_version", ["2026-09", "v3", "v1"])
@pytest.mark.parametrize("create", [False, True])
@pytest.mark.parametrize("key", [f"{KELVIN}ate@example.com", "\u0130brahim@example.com"])
def test_nobody_elses_contact_is_written(sandbox: Sandbox, api_version: str, create: bool, key: str) -> None:
    """A letter beyond ASCII that lower case turns into an ASCII one is told, and nothing is sent."""
    (result,) = synced(sandbox, [{"email": key, "firstname": "x"}], api_version=api_version, create=create)

    assert (result.outcome, result.properties) == (Outcome.INVALID, ("email",))
    assert "which HubSpot may read as an ASCII letter" in result.reason
    assert name_of(sandbox, "kate@example.com") == "Kate"
    assert name_of(sandbox, "ibrahim@example.com") == "Ibrahim"


def test_lower_case() -> None:
    """It is Python's, but for the letters beyond ASCII that would become ASCII ones: these are all."""
    letters = [chr(number) for number in range(128, sys.maxunicode + 1)]

    assert {each for each in letters if any(char.isascii() for char in each.lower())} == set(LOOKALIKES)
    assert all(lower_case(each) == (each if each in LOOKALIKES else each.lower()) for each in letters)


@given(st.text(alphabet=st.characters() | st.sampled_from(LOOKALIKES + "kKiI")))
def test_lower_case_of_any_text(text: str) -> None:
    """Twice is once, and only what is ASCII becomes it."""
    lower = lower_case(text)

    assert lower_case(lower) == lower
    assert sum(map(str.isascii, lower)) == sum(map(str.isascii, text))


def test_a_comparison() -> None:
    """What a contact has is compared in the same way."""
    assert same(Kind.EMAIL, "K@B.c", "k@b.c")
    assert not same(Kind.EMAIL, f"{KELVIN}@b.c", "k@b.c")
