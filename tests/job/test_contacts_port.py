# SPDX-License-Identifier: Apache-2.0
"""The joint of client and sync: each answer of a call has its value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from airflow_provider_hubcontact.client import errors
from airflow_provider_hubcontact.client.contacts import BatchAnswer, BatchInput, Contact
from airflow_provider_hubcontact.client.errors import HubSpotError, StatusError
from airflow_provider_hubcontact.job.portal.contacts_port import (
    MIGRATION_PAUSE,
    ContactsPort,
    LegacyContactsPort,
)
from airflow_provider_hubcontact.refusal import Detail, Refusal
from airflow_provider_hubcontact.sync.model.change import Change, Write
from airflow_provider_hubcontact.sync.model.ports import Answers, Found, Lost, Refused, Step, Written
from airflow_provider_hubcontact.sync.model.record import Record


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
        (errors.UnusableToken("a page", 200), Lost("a page", sent=False)),
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


class Noting:
    """A client that notes its calls, and sends none."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any, Any]] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(inputs: Any, *, id_property: Any = "none given", **_: Any) -> Any:
            self.calls.append((name, [*inputs], id_property))
            raise errors.NotSent("noted")

        return call


@pytest.mark.parametrize(("by", "told"), [("email", "email"), ("number", "number"), ("hs_object_id", None)])
def test_by_what_contacts_are_looked_up(by: str, told: str | None) -> None:
    """HubSpot takes record ids only where no property is named."""
    client: Any = Noting()

    ContactsPort(client, by).read(["7"], ())

    assert client.calls == [("batch_read", ["7"], told)]


@pytest.mark.parametrize(
    ("kind", "name", "address"),
    [
        (Write.CREATE, "batch_create", None),
        (Write.UPDATE, "batch_update", "7"),
        (Write.REMOVE, "batch_update", "7"),
    ],
)
def test_only_a_contact_that_exists_has_an_address(kind: Write, name: str, address: str | None) -> None:
    """A creation names nobody."""
    client: Any = Noting()
    step = Step(Change(Record(1, "a@x.y", {}), kind, "7", ({"city": "Rome"},)))

    ContactsPort(client, "email").write(kind, [step])

    assert client.calls == [(name, [BatchInput({"city": "Rome"}, address, step.trace_id)], "none given")]


def test_details_and_names_are_kept() -> None:
    """A refusal keeps all that is wrong, with the properties."""
    detail = Detail("bad", "INVALID_OPTION", ("city",))
    error: StatusError = errors.BadRequest(Refusal(400, "bad", details=(detail,)))
    client: Any = Raising(error)

    answer = ContactsPort(client, "email").read(["a"], ())

    assert isinstance(answer, Refused)
    assert answer.refusal.details == (detail,)


ARCHIVE = [Step(Change(Record(row, str(row), {}), Write.ARCHIVE, str(row), ({},))) for row in (7, 8)]


def test_an_archive_is_answered_for_each_contact() -> None:
    """HubSpot answers once for all; each is known by its record id."""

    class Archiving:
        def batch_archive(self, ids: list[str]) -> BatchAnswer:
            assert ids == ["7", "8"]
            return BatchAnswer(204, (), (), "c", after_loss=True)

    client: Any = Archiving()

    answer = ContactsPort(client, "hs_object_id").write(Write.ARCHIVE, ARCHIVE)

    assert answer == Answers(204, (Written("7"), Written("8")), (), "c", after_loss=True)


@pytest.mark.parametrize("kind", [Write.REMOVE, Write.ARCHIVE])
def test_the_legacy_api_removes_nobody(kind: Write) -> None:
    """It would create who is not there."""
    client: Any = None

    with pytest.raises(ValueError, match="the legacy API removes no contacts"):
        LegacyContactsPort(client).write(kind, ARCHIVE[:1])


@pytest.mark.parametrize(("new", "created"), [(True, True), (False, False), (None, False)])
def test_the_legacy_api_creates_or_updates(new: bool | None, created: bool) -> None:
    """The address is not sent twice: a contact that has it beside its first one would get it as that."""

    class Writing:
        def create_or_update_by_email(self, address: str, values: Any, **times: Any) -> Contact:
            assert (address, values, times) == ("a@x.y", {"city": "Rome"}, {"timestamps": None})
            return Contact("7", {}, new)

    client: Any = Writing()
    values = {"email": "a@x.y", "city": "Rome"}
    step = Step(Change(Record(1, "a@x.y", {}), Write.UPSERT, "a@x.y", (values,)))

    answer = LegacyContactsPort(client).write(Write.UPSERT, [step])

    assert answer == Answers(200, (Written("7", "a@x.y", created=created),))


class Refusing:
    def __init__(self, refusal: Refusal) -> None:
        self._refusal = refusal

    def batch_upsert(self, *_: Any, **__: Any) -> BatchAnswer:
        raise StatusError(self._refusal)


@pytest.mark.parametrize(
    ("refusal", "goes_on"),
    [
        (Refusal(400, "by non-unique 0-1 property email", "VALIDATION_ERROR", properties=("email",)), False),
        (Refusal(400, "Partial upserts are not supported.", properties=("email",)), False),
        (Refusal(400, "something else"), False),
        (Refusal(400, "Email address x is invalid", properties=("email",)), True),
        (Refusal(400, "Duplicate IDs", ids=("7",)), True),
        (Refusal(400, "a proxy's page", is_hubspots=False), True),
        (Refusal(409, "exists", existing_id="7"), True),
        (Refusal(503, "down"), True),
    ],
)
def test_a_key_by_which_hubspot_does_not_upsert(refusal: Refusal, goes_on: bool) -> None:
    """HubSpot says so, or names nothing that any input has."""
    client: Any = Refusing(refusal)
    port = ContactsPort(client, "email")
    step = Step(Change(Record(1, "a", {}), Write.UPSERT, "a", ({"city": "x"},)))

    assert isinstance(port.write(Write.UPSERT, [step]), Refused)
    assert port.upserts is goes_on
