# SPDX-License-Identifier: Apache-2.0
"""What HubSpot says when it refuses is one value from its answer to the record's result."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest

from airflow_provider_hubcontact.client.contacts import BatchInput, Contacts
from airflow_provider_hubcontact.client.errors import Conflict
from airflow_provider_hubcontact.job.portal.contacts_port import ContactsPort
from airflow_provider_hubcontact.refusal import Detail, Refusal
from airflow_provider_hubcontact.sync.decide.settle import settle
from airflow_provider_hubcontact.sync.model.change import Change, Write
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result
from airflow_provider_hubcontact.sync.model.ports import Answers, Refused, Step
from airflow_provider_hubcontact.sync.model.record import Record
from tests.client.scripted import reply, wire

BODY: dict[str, Any] = {
    "status": "error",
    "message": "Some values are in the way",
    "category": "CONFLICT",
    "subCategory": "ObjectsError.UNIQUE",
    "context": {
        "ids": ["901"],
        "objectWriteTraceId": ["1-0"],
        "propertyName": ["nick"],
        "existingId": ["17"],
        "requiredGranularScopes": ["crm.lists.read"],
    },
    "policyName": "SOME_LIMIT",
    "errors": [{"message": "is taken", "code": "TAKEN", "context": {"propertyName": ["city"]}}],
}
SAID = Refusal(
    409,
    "is taken",
    "CONFLICT",
    "call-7",
    ("nick", "city"),
    subcategory="ObjectsError.UNIQUE",
    details=(Detail("is taken", "TAKEN", ("city",)),),
    ids=("901",),
    trace_ids=("1-0",),
    existing_id="17",
    missing_scopes=("crm.lists.read",),
    policy="SOME_LIMIT",
)
OUR_OWN = {"is_hubspots", "why"}
"""Fields that the client decides: no answer has them."""

STEP = Step(Change(Record(1, "a@x.y", {"city": "Rome"}), Write.UPDATE, "901", ({"city": "Rome"},)))
WHOLE = reply(409, json.dumps(BODY), X_HubSpot_Correlation_Id="call-7")
INSIDE = reply(207, json.dumps({"results": [], "errors": [BODY]}), X_HubSpot_Correlation_Id="call-7")


def test_every_field_is_in_this_test() -> None:
    """A new field is added to the answer above, and to what is expected of it."""
    plain = {each.name for each in fields(Refusal) if getattr(SAID, each.name) == each.default}

    assert plain == OUR_OWN


def test_the_error_of_a_whole_call_has_all() -> None:
    """The client's exception carries it."""
    with wire(WHOLE) as to, pytest.raises(Conflict) as raised:
        Contacts(to.transport).batch_update([BatchInput({"city": "Rome"}, "901", "1-0")])

    assert raised.value.refusal == SAID


def test_an_error_inside_an_answer_has_all() -> None:
    """The same value stands in the answer to a batch."""
    with wire(INSIDE) as to:
        answer = Contacts(to.transport).batch_update([BatchInput({"city": "Rome"}, "901", "1-0")])

    assert answer.refusals == (SAID,)


@pytest.mark.parametrize("answer", [WHOLE, INSIDE], ids=["whole call", "inside"])
def test_all_of_it_reaches_the_result(answer: bytes) -> None:
    """The port and the decision pass the value on as it is; files get what they always had."""
    with wire(answer) as to:
        said = ContactsPort(Contacts(to.transport), "email").write(Write.UPDATE, [STEP])
    assert isinstance(said, Answers | Refused)

    (result,) = settle([STEP], said).results

    assert result.refusal == SAID
    assert result.to_dict() == {
        "row": 1,
        "key": "a@x.y",
        "outcome": "conflict",
        "status": 409,
        "category": "CONFLICT",
        "reason": "is taken",
        "properties": ["nick", "city"],
        "correlation_id": "call-7",
    }


def test_a_result_of_a_document() -> None:
    """What a result writes of itself makes the same result again."""
    result = Result.refused(1, "a@x.y", Outcome.CONFLICT, SAID)

    assert Result.from_dict(result.to_dict() | {"more": 1}) == result._replace(refusal=None)


def test_a_change_as_json_values() -> None:
    """What was written is told apart from how the record ended: its values are personal data."""
    result = Result(1, "a@x.y", Outcome.UPDATED, changes={"city": (None, "Rome")})

    assert result.changes_to_dict() == {"city": [None, "Rome"]}
    assert "Rome" not in json.dumps(result.to_dict())
