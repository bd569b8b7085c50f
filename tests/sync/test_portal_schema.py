# SPDX-License-Identifier: Apache-2.0
"""What a portal's property definitions allow."""

from __future__ import annotations

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_hubcontact.sandbox.crm.properties.definitions import Definition
from airflow_provider_hubcontact.sandbox.crm.properties.of_contacts import PROPERTIES
from airflow_provider_hubcontact.sandbox.crm.properties.values import InvalidValue, accept
from airflow_provider_hubcontact.sync.model.outcome import Outcome
from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.sync.rows.admin_rules import AdminRule
from airflow_provider_hubcontact.sync.rows.comparison import Kind, kind_of
from airflow_provider_hubcontact.sync.rows.portal_schema import DRAFT, PortalSchema, Property


def rules(*given: tuple[str, str]) -> tuple[AdminRule, ...]:
    """Make rules of the portal's admins."""
    made = [AdminRule.of(type_, (argument,)) for type_, argument in given]
    return tuple(rule for rule in made if rule)


STAGE = Property(
    "stage", Kind.OPTION, "Stage", {"lead": "Lead", "mql": "Marketing Qualified Lead", "x": "Other"}
)
ROLES = Property("roles", Kind.OPTIONS, "Roles", {"BUYER": "Buyer", "END_USER": "End user", "a.b": "Dots"})
PORTAL = PortalSchema(
    [
        Property("firstname", label="First name"),
        Property("email", Kind.EMAIL, "Email"),
        Property("seats", Kind.NUMBER),
        Property("vip", Kind.BOOLEAN),
        Property("birthday", Kind.DATE),
        Property("seen", Kind.DATETIME),
        Property("owner", Kind.OPTION),
        Property("score", Kind.NUMBER, "HubSpot Score", read_only=True),
        Property("code", rules=rules(("MIN_LENGTH", "3"), ("ALPHANUMERIC", "ALPHABETIC_ONLY"))),
        Property("age", Kind.NUMBER, rules=rules(("MIN_NUMBER", "18"), ("MAX_NUMBER", "120.5"))),
        STAGE,
        ROLES,
    ]
)


def reason(name: str, value: str) -> str:
    result = PORTAL.check(Record(1, "k", {name: value}), {name: value})
    if result is None:
        return ""
    assert (result.outcome, result.category, result.properties) == (Outcome.INVALID, "PORTAL_SCHEMA", (name,))
    return result.reason


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("firstname", " any\ntext 😀"),
        ("email", "o'neil+x@bücher.example"),
        *(("seats", value) for value in ("1", "-1.5", "+.5", "007", "2.")),
        ("vip", "true"),
        *(("birthday", value) for value in ("2000-02-29", "951782400000", "-86400000")),
        *(
            ("seen", value)
            for value in ("2026-01-02T03:04:05.678+01:00", "2026-01-02", "0", "2026-01-02T03:04Z")
        ),
        ("owner", "4711"),
        ("stage", "mql"),
        *(("roles", value) for value in ("BUYER", "BUYER;END_USER", ";BUYER", "a.b;")),
        ("code", "abcß"),
        *(("age", value) for value in ("18", "18.0", "120.5")),
        *(
            (name, "")
            for name in ("firstname", "email", "seats", "vip", "birthday", "seen", "stage", "roles", "code")
        ),
    ],
)
def test_what_is_allowed(name: str, value: str) -> None:
    """What HubSpot takes passes; an empty text clears any property that can be written."""
    assert reason(name, value) == ""


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("stage", "Lead", "stage: `Lead` is a label; the value is `lead`"),
        (
            "stage",
            " marketing qualified lead",
            "stage: ` marketing qualified lead` is a label; the value is `mql`",
        ),
        ("stage", "laed", "stage: `laed` is not an option; the nearest is `lead`"),
        ("stage", "gold", "stage: `gold` is not an option; the options are `lead`, `mql`, `x`"),
        ("roles", "BUYER;End user", "roles: `End user` is a label; the value is `END_USER`"),
        ("roles", "axb", "roles: `axb` is not an option; the nearest is `a.b`"),
        ("seats", "many", "seats: `many` is not a number"),
        ("seats", "1,5", "seats: `1,5` is not a number"),
        ("vip", "yes", "vip: `yes` is not true or false"),
        ("birthday", "2026-02-30", "birthday: `2026-02-30` is not a date"),
        ("seen", "yesterday", "seen: `yesterday` is not a time"),
        ("email", "ada", "email: `ada` is not an e-mail address"),
        ("firstname", "x" * 65_537, f"firstname: `{'x' * 80}…` is not a text that a property can hold"),
        ("score", "7", "HubSpot sets score itself: it cannot be written"),
        ("score", "", "HubSpot sets score itself: it cannot be written"),
        ("frstname", "Ada", "the portal has no property frstname; the nearest is firstname"),
        ("first name", "Ada", "the portal has no property first name; the nearest is firstname"),
        ("zzz", "Ada", "the portal has no property zzz"),
        ("code", "abc1", "code: `abc1` breaks the portal's rule: letters only"),
        ("age", "17.9", "age: `17.9` breaks the portal's rule: 18 or more"),
        ("age", "121", "age: `121` breaks the portal's rule: 120.5 or less"),
        ("age", "x", "age: `x` is not a number"),
        ("code", "ab", "code: `ab` breaks the portal's rule: at least 3 characters"),
    ],
)
def test_what_is_not(name: str, value: str, says: str) -> None:
    """The reason names property and value, and what was probably meant."""
    assert reason(name, value) == says


def test_everything_that_is_wrong_is_told() -> None:
    """A record with several bad values has one result that names them all."""
    values = {"seats": "many", "firstname": "Ada", "stage": "Lead"}

    result = PORTAL.check(Record(7, "k", values), values)

    assert result is not None
    assert (result.row, result.properties) == (7, ("seats", "stage"))
    assert result.reason == "seats: `many` is not a number; stage: `Lead` is a label; the value is `lead`"


def test_the_document_is_a_json_schema() -> None:
    """Any validator can use it."""
    document = PORTAL.document

    jsonschema_rs.meta.validate(document)
    assert document["$schema"] == DRAFT
    assert document["properties"]["score"]["readOnly"] is True
    assert document["properties"]["stage"]["title"] == "Stage"


def test_names_that_are_missing() -> None:
    """Each with the closest one, by name or by label."""
    assert PORTAL.missing(["firstname", "Email", "zzz", "HubSpot score"]) == {
        "Email": "email",
        "zzz": None,
        "HubSpot score": "score",
    }


DEFINITIONS: list[Definition] = [
    each
    for each in PROPERTIES
    if each.type in {"string", "number", "enumeration", "bool", "date", "datetime"}
]
BY_SANDBOX = PortalSchema(
    Property(
        each.name,
        kind_of(each.name, each.type, each.field_type),
        each.label,
        {} if each.external_options else {option.value: option.label for option in each.options},
        each.read_only,
    )
    for each in DEFINITIONS
)
TEXTS = st.one_of(
    st.text(min_size=1, max_size=12),
    st.sampled_from(
        ["1", "-0", "1e5", "1.", "true", "TRUE", "2026-01-01", "2026-1-1", "0", "2026-01-01T00:00:00Z"]
    ),
    st.sampled_from(["a@b.c", "a@b", "lead", "Lead", "OPEN;NEW", ";NEW", "NEW;", ";", "x" * 70]),
    st.integers().map(str),
    st.floats(allow_nan=False).map(str),
)


@given(st.sampled_from(DEFINITIONS), TEXTS)
def test_nothing_is_refused_that_hubspot_takes(definition: Definition, value: str) -> None:
    """A value that the check refuses, HubSpot refuses too."""
    if definition.read_only:
        return
    values = {definition.name: value}
    if BY_SANDBOX.check(Record(1, "k", values), values) is None:
        return
    with pytest.raises(InvalidValue):
        accept(definition, value)


def test_thousands_of_options() -> None:
    """No pattern holds them; they are checked all the same, and so is everything else."""
    names = [f"option-{number:05}-of-a-very-long-list" for number in range(5_000)]
    many = Property("interests", Kind.OPTIONS, options=dict.fromkeys(names, "x"))
    schema = PortalSchema([many, Property("age", Kind.NUMBER)])

    assert schema.check(Record(1, "k", {}), {"interests": f";{names[7]};{names[4_999]}", "age": "7"}) is None
    refused = schema.check(Record(1, "k", {}), {"interests": f"{names[7]};nope", "age": "7"})
    assert refused is not None
    assert refused.properties == ("interests",)
