# SPDX-License-Identifier: Apache-2.0
"""Errors from HubSpot's bodies, and from bodies that are not HubSpot's."""

from __future__ import annotations

import ast
import inspect
import json
import pickle
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_hubcontact.client import errors
from airflow_provider_hubcontact.client.error_body import error_of
from airflow_provider_hubcontact.client.errors import (
    AnswerLost,
    BadRequest,
    Conflict,
    DailyLimitReached,
    Forbidden,
    HubSpotError,
    NotSent,
    RateLimited,
    StatusError,
    UnusableAnswer,
)

EMBEDDED = [
    {
        "isValid": False,
        "message": f'Property "{name}" does not exist',
        "error": "PROPERTY_DOESNT_EXIST",
        "name": name,
    }
    for name in ("one", "two", "three", "four")
]
CUT_SHORT = {
    "status": "error",
    "message": f"Property values were not valid: {json.dumps(EMBEDDED)}",
    "correlationId": "c-1",
    "errors": [
        {"message": "x", "code": "PROPERTY_DOESNT_EXIST", "context": {"propertyName": [name]}}
        for name in ("one", "two", "three")
    ],
    "category": "VALIDATION_ERROR",
}
LEGACY = {
    "validationResults": [
        {
            "isValid": False,
            "message": "Email address x is invalid",
            "error": "INVALID_EMAIL",
            "name": "email",
        },
        {"isValid": False, "message": "y was not a valid number.", "error": "INVALID_INTEGER", "name": "age"},
    ],
    "status": "error",
    "message": "Property values were not valid",
    "correlationId": "c-2",
    "requestId": "r-2",
}
LEGACY_CONFLICT = {
    "message": "Contact already exists",
    "identityProfile": {"vid": 2926551, "identity": [{"value": "a@b", "type": "EMAIL"}]},
    "errors": [{"message": "A contact with email a@b already exists.", "in": "email"}],
    "category": "OBJECT_ALREADY_EXISTS",
    "error": "CONTACT_EXISTS",
}
SCOPES = {
    "message": "This app hasn't been granted all required scopes.",
    "errors": [{"message": "x", "context": {"requiredGranularScopes": ["crm.objects.contacts.write"]}}],
    "category": "MISSING_SCOPES",
}


def test_a_list_that_is_cut_short_is_completed_from_the_message() -> None:
    """``errors`` holds three of four refused properties; all four are told, each once."""
    error = error_of(400, CUT_SHORT)

    assert isinstance(error, BadRequest)
    assert error.refusal.properties == ("one", "two", "three", "four")
    assert (error.refusal.category, error.refusal.correlation_id) == ("VALIDATION_ERROR", "c-1")


def test_all_validation_results_of_the_legacy_api_are_told() -> None:
    """Each validation result becomes a detail with its property, code and sentence."""
    error = error_of(400, LEGACY)

    assert [(detail.code, detail.properties) for detail in error.refusal.details] == [
        ("INVALID_EMAIL", ("email",)),
        ("INVALID_INTEGER", ("age",)),
    ]
    assert "Email address x is invalid" in str(error)
    assert "y was not a valid number." in str(error)


@pytest.mark.parametrize(
    ("body", "existing"),
    [
        (
            {"message": "Contact already exists. Existing ID: 37765128953", "category": "CONFLICT"},
            "37765128953",
        ),
        ({"message": "x", "context": {"existingId": ["17"]}}, "17"),
        (LEGACY_CONFLICT, "2926551"),
        ({"message": "Contact already exists"}, None),
    ],
    ids=["sentence", "context", "legacy", "unnamed"],
)
def test_the_contact_that_is_in_the_way(body: dict[str, Any], existing: str | None) -> None:
    """The existing contact's id is found wherever HubSpot puts it."""
    error = error_of(409, body)

    assert isinstance(error, Conflict)
    assert error.refusal.existing_id == existing


TAKEN = (
    "Cannot set PropertyValueCoordinates{portalId=1, objectTypeId=ObjectTypeId{legacyObjectType=CONTACT}, "
    "propertyName=%s, value=%s} on 552148386511. 552239500007 already has that value."
)


@pytest.mark.parametrize(
    ("name", "value"), [("email", "ada@example.com"), ("member_number", "a, propertyName=b} on 1. 2")]
)
def test_a_unique_value_that_is_taken_is_a_conflict(name: str, value: str) -> None:
    """HubSpot tells it with a 400; the contact in the way is the second that the sentence names."""
    error = error_of(
        400, {"status": "error", "message": TAKEN % (name, value), "category": "VALIDATION_ERROR"}
    )

    assert isinstance(error, Conflict)
    assert (error.status, error.refusal.existing_id) == (400, "552239500007")
    assert (error.refusal.properties, error.refusal.is_conflict) == ((name,), True)


def test_a_400_that_only_quotes_the_sentence_is_no_conflict() -> None:
    """Without a contact that is in the way nothing is."""
    error = error_of(400, {"status": "error", "message": "Cannot set PropertyValueCoordinates{} on 1."})

    assert not isinstance(error, Conflict)
    assert not error.refusal.is_conflict


def test_missing_scopes() -> None:
    """A 403 tells the scopes that are missing."""
    error = error_of(403, SCOPES)

    assert isinstance(error, Forbidden)
    assert error.refusal.missing_scopes == ("crm.objects.contacts.write",)


@pytest.mark.parametrize(
    ("status", "kind", "retryable"),
    [
        (400, "BadRequest", False),
        (401, "Unauthorized", False),
        (403, "Forbidden", False),
        (404, "NotFound", False),
        (408, "ServerError", True),
        (409, "Conflict", False),
        (413, "TooLarge", False),
        (414, "TooLarge", False),
        (418, "StatusError", False),
        (422, "BadRequest", False),
        (423, "Locked", True),
        (425, "ServerError", True),
        (429, "RateLimited", True),
        (477, "Migrating", True),
        (500, "ServerError", True),
        (524, "ServerError", True),
    ],
)
def test_each_status_has_its_class(status: int, kind: str, retryable: bool) -> None:
    """The class tells what a caller can do."""
    error = error_of(status, {})

    assert type(error) is getattr(errors, kind)
    assert error.retryable is retryable
    assert error.status == status


def test_the_daily_limit_is_a_class_of_its_own() -> None:
    """A used-up day is no burst, and waiting in place does not help."""
    error = error_of(429, {"message": "x", "policyName": "DAILY"})

    assert isinstance(error, DailyLimitReached)
    assert (error.retryable, error.refusal.policy) == (False, "DAILY")


@pytest.mark.parametrize(
    ("body", "policy"),
    [({"policyName": "TEN_SECONDLY_ROLLING"}, "TEN_SECONDLY_ROLLING"), ({"policyName": 5}, None), ({}, None)],
    ids=["named", "odd", "unnamed"],
)
def test_a_burst_tells_its_limit(body: dict[str, Any], policy: str | None) -> None:
    """A 429 says which limit was reached, if HubSpot does."""
    error = error_of(429, body)

    assert isinstance(error, RateLimited)
    assert (error.retryable, error.refusal.policy) == (True, policy)


@pytest.mark.parametrize(
    "error",
    [
        NotSent("x"),
        AnswerLost("x"),
        UnusableAnswer("x", 302, "text/html"),
        error_of(400, CUT_SHORT, "c", 1.5),
        error_of(409, LEGACY_CONFLICT),
        error_of(429, {"policyName": "DAILY"}, None, 3.0),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_cross_processes(error: HubSpotError) -> None:
    """An error is the same after pickling, attributes included."""
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301

    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)


def test_a_message_is_one_printable_line() -> None:
    """Control characters and length of a foreign message do not reach a log."""
    odd = "a\nb\x1b[31m\u202e\ud800" + "x" * 100_000
    detail = {"message": odd, "code": odd}
    for body in ({"message": odd, "category": odd, "correlationId": odd}, {"errors": [detail]}):
        error = error_of(400, body)

        assert str(error).isprintable()
        assert len(str(error)) < 3_100
    assert str(error_of(400, {}, odd)).isprintable()


@pytest.mark.parametrize(
    "message",
    [
        "a: [",
        'a: [{"message":',
        "a: [" + "[" * 100_000,
        "a: [5, null]",
        'a: [{"name": 5, "error": [], "message": {}}]',
    ],
    ids=["bracket", "cut", "deep", "no objects", "odd fields"],
)
def test_a_list_in_a_message_that_is_none(message: str) -> None:
    """What looks like HubSpot's list and is none stays a message."""
    error = error_of(400, {"message": message})

    assert error.refusal.properties == ()
    assert error.refusal.message.startswith("a: [")


def test_the_errors_need_no_http() -> None:
    """The errors need the standard library, the table of statuses, and what a refusal says."""
    nodes = list(ast.walk(ast.parse(inspect.getsource(errors))))
    imported = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}

    others = {name for name in imported if name.split(".")[0] not in sys.stdlib_module_names}
    assert others == {"airflow_provider_hubcontact.status", "airflow_provider_hubcontact.refusal"}


@pytest.mark.parametrize(
    ("body", "is_own"),
    [
        ({"status": "error"}, True),
        ({"status": "error", "correlationId": "c"}, True),
        ({"correlationId": "c"}, True),
        ({"status": "BAD_REQUEST", "message": "no"}, False),
        ({}, False),
    ],
)
def test_whose_words_a_refusal_has(body: dict[str, Any], is_own: bool) -> None:
    """One sign of HubSpot's is enough: it leaves out the others at times."""
    assert error_of(400, body).refusal.is_hubspots is is_own


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "message",
                    "errors",
                    "context",
                    "validationResults",
                    "category",
                    "name",
                    "ids",
                    "identityProfile",
                ]
            )
            | st.text(),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(st.integers(400, 599), JSON)
def test_no_body_is_too_odd(status: int, body: object) -> None:
    """Whatever JSON an error has, it becomes an error of the status's class that can be printed."""
    error = error_of(status, body)

    assert isinstance(error, StatusError)
    assert str(status) in str(error)
    assert all(isinstance(name, str) for name in error.refusal.properties)
