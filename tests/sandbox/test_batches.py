# SPDX-License-Identifier: Apache-2.0
"""Up to a hundred contacts a call: what is done, what is refused, and when all of it is."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_hubcontact.sandbox import Sandbox, Switches
from tests.sandbox.calling import CONTACTS, Api
from tests.sandbox.conftest import SEEDS
from tests.sandbox.test_contacts import ROOTS

DUPLICATES = "Duplicate IDs found in batch input: [{}]. IDs must be unique"
NOT_FOUND = "Could not get some CONTACT objects, they may be deleted or not exist. Check that ids are valid."


def an_input(
    key: str = "", trace: str | None = None, id_property: str | None = None, **values: str
) -> dict[str, Any]:
    """Build an input, leaving out what is empty."""
    fields = {"id": key, "objectWriteTraceId": trace, "idProperty": id_property}
    return {name: value for name, value in fields.items() if value} | {"properties": values}


class TestRead:
    @pytest.mark.parametrize("root", ROOTS)
    def test_contacts_are_found_by_address(self, api: Api, root: str) -> None:
        """200 with the properties asked for, the addresses in lower case, in an order of its own."""
        emails = ["Ada@Example.com", "grace@example.com", "turing@example.org"]
        inputs = [{"id": email} for email in emails]

        answer = api.batch("read", *inputs, root=root, idProperty="email", properties=["email", "phone"])

        assert answer.status == 200
        assert answer.body["status"] == "COMPLETE"
        assert list(answer.results) == [api.id(email) for email in reversed(emails)]
        assert answer.results[api.id("ada@example.com")]["properties"]["email"] == "ada@example.com"
        assert answer.results[api.id("ada@example.com")]["properties"]["phone"] is None
        assert "numErrors" not in answer.body

    def test_ids_before_a_merge(self) -> None:
        """They answer with the contact that they were merged into, once."""
        with Sandbox([{"email": "ada@example.com", "hs_merged_object_ids": "101;102"}]) as sandbox:
            api = Api(sandbox)
            own = api.id("ada@example.com")

            answer = api.batch("read", {"id": "101"}, {"id": own}, {"id": "102"})

        assert answer.status == 200
        assert list(answer.results) == [own]

    def test_unknown_ids_are_named_together(self, api: Api) -> None:
        """207: those that exist in ``results``, the others in one error."""
        answer = api.batch("read", *[{"id": each} for each in (api.id("ada@example.com"), "5", "x@y.z")])

        assert answer.status == 207
        assert list(answer.results) == [api.id("ada@example.com")]
        assert answer.body["numErrors"] == 1
        assert answer.body["errors"] == [
            {
                "status": "error",
                "category": "OBJECT_NOT_FOUND",
                "message": NOT_FOUND,
                "context": {"ids": ["5", "x@y.z"]},
            }
        ]

    def test_a_contact_asked_for_twice_comes_once(self, api: Api) -> None:
        """Two addresses of one contact give one result."""
        answer = api.batch(
            "read", {"id": "alan@example.com"}, {"id": "turing@example.org"}, idProperty="email"
        )

        assert len(answer.body["results"]) == 1

    def test_fifty_are_the_most_with_history(self, api: Api) -> None:
        """History is told for fifty contacts at most; without it a hundred are allowed."""
        inputs = [{"id": str(number)} for number in range(51)]

        answer = api.batch("read", *inputs, propertiesWithHistory=["email"])

        assert answer.status == 400
        assert answer.message == (
            "The maximum number of inputs supported in a batch request for property histories is 50. "
            "Please reduce the number of items and try again"
        )
        assert api.batch("read", *inputs).status == 207


class TestSize:
    @pytest.mark.parametrize("action", ["read", "create", "update", "upsert"])
    def test_a_hundred_inputs_are_the_most(self, api: Api, action: str) -> None:
        """101 inputs are a 400, and nothing is written."""
        inputs = [an_input(f"c{n}@x.org", id_property="email", email=f"c{n}@x.org") for n in range(101)]

        answer = api.batch(action, *inputs)

        assert answer.status == 400
        assert answer.message == (
            "The maximum number of inputs supported in a batch is 100. "
            "Please reduce the number of items and try again"
        )
        assert answer.body["category"] == "VALIDATION_ERROR"
        assert api.sandbox.portal.contact("c1@x.org") is None

    @pytest.mark.parametrize("action", ["read", "create", "update", "upsert", "archive"])
    def test_a_batch_without_inputs_is_a_400(self, api: Api, action: str) -> None:
        """The missing field is named, with HubSpot's full stop after the column."""
        answer = api.post(f"{CONTACTS}/batch/{action}", {})

        assert answer.status == 400
        assert answer.message == (
            "Invalid input JSON on line 1, column 2. Some required fields were not set: [inputs]"
        )
        assert answer.body["category"] == "VALIDATION_ERROR"

    @pytest.mark.parametrize(("action", "status"), [("create", 201), ("update", 200), ("upsert", 200)])
    def test_no_inputs(self, api: Api, action: str, status: int) -> None:
        """An empty batch does nothing."""
        assert api.batch(action).status == status

    def test_the_log_counts_inputs(self, api: Api) -> None:
        """The log says of each request how many records it was about."""
        api.batch("create", *[an_input(email=f"c{n}@x.org") for n in range(7)])

        assert [(each.method, each.path, each.status, each.inputs) for each in api.sandbox.requests] == [
            ("POST", f"{CONTACTS}/batch/create", 201, 7)
        ]


class TestUpdate:
    def test_all_are_written(self, api: Api) -> None:
        """200, and each contact has its values."""
        ada, alan = api.id("ada@example.com"), api.id("alan@example.com")

        answer = api.batch("update", an_input(ada, city="London"), an_input(alan, city="Wilmslow"))

        assert answer.status == 200
        assert list(answer.results) == [alan, ada]
        assert answer.results[ada]["properties"]["city"] == "London"
        assert "email" not in answer.results[ada]["properties"]
        assert api.stored("alan@example.com", "city") == "Wilmslow"

    @pytest.mark.parametrize("traced", [True, False], ids=["traced", "untraced"])
    def test_unknown_ids_keep_nobody_from_being_written(self, api: Api, traced: bool) -> None:
        """207: one error names all unknown ids; the others are updated."""
        ids = [api.id("ada@example.com"), "999", "nobody@example.com"]
        inputs = [an_input(each, f"t{each}" if traced else None, city="Rome") for each in ids]

        answer = api.batch("update", *inputs)

        assert answer.status == 207
        assert answer.body["numErrors"] == 1
        assert answer.body["errors"][0]["context"] == {"ids": ["999", "nobody@example.com"]}
        assert api.stored("ada@example.com", "city") == "Rome"

    def test_a_bad_value_refuses_all_without_trace_ids(self, api: Api) -> None:
        """400 with the problems of all inputs, and nothing is written."""
        ids = [api.id(f"{name}@example.com") for name in ("ada", "grace", "alan")]
        inputs = [an_input(ids[0], points="a"), an_input(ids[1], city="Rome"), an_input(ids[2], points="b")]

        answer = api.batch("update", *inputs)

        assert answer.status == 400
        assert answer.message.count('"error":"INVALID_INTEGER"') == 2
        assert api.stored("grace@example.com", "city") is None

    def test_a_bad_value_is_named_by_its_trace_id(self, api: Api) -> None:
        """207 when each input has a trace id of its own: the others are written."""
        ada, grace = api.id("ada@example.com"), api.id("grace@example.com")

        answer = api.batch("update", an_input(ada, "one", points="a"), an_input(grace, "two", city="Rome"))

        assert answer.status == 207
        assert list(answer.results) == [grace]
        (error,) = answer.body["errors"]
        assert error["category"] == "VALIDATION_ERROR"
        assert error["context"] == {"objectWriteTraceId": ["one"]}
        assert error["errors"][0]["context"] == {"propertyName": ["points"]}
        assert api.stored("grace@example.com", "city") == "Rome"

    @pytest.mark.parametrize(
        "traces", [("one", None), ("one", "one")], ids=["one lacks it", "twice the same"]
    )
    def test_trace_ids_count_only_if_all_are_different(
        self, api: Api, traces: tuple[str, str | None]
    ) -> None:
        """A trace id that is missing or used twice makes the batch one of all or nothing."""
        ada, grace = api.id("ada@example.com"), api.id("grace@example.com")

        answer = api.batch(
            "update", an_input(ada, traces[0], points="a"), an_input(grace, traces[1], city="R")
        )

        assert answer.status == 400
        assert api.stored("grace@example.com", "city") is None

    def test_trace_ids_can_be_of_no_use(self) -> None:
        """With the switch ``batch_update_with_trace_ids=400`` a bad value refuses all."""
        with Sandbox(SEEDS[:2], switches=Switches(batch_update_with_trace_ids="400")) as sandbox:
            api = Api(sandbox)
            inputs = [an_input(api.id("ada@example.com"), "1", nope="x"), an_input("999", "2", city="R")]

            assert api.batch("update", *inputs).status == 400

    @pytest.mark.parametrize("trace", [None, "t"], ids=["untraced", "traced"])
    @pytest.mark.parametrize("action", ["update", "upsert"])
    def test_an_id_twice_refuses_all(self, api: Api, action: str, trace: str | None) -> None:
        """400 with or without trace ids, naming the id."""
        ada = api.id("ada@example.com")
        inputs = [an_input(ada, trace and f"{trace}{n}", city="Rome") for n in range(2)]

        answer = api.batch(action, *inputs)

        assert answer.status == 400
        assert answer.message == DUPLICATES.format(ada)
        assert answer.body["context"] == {"ids": [ada]}
        assert answer.body["category"] == "VALIDATION_ERROR"

    def test_an_address_is_no_id(self, api: Api) -> None:
        """``idProperty: email`` is refused; a unique property is not."""
        by_email = an_input("ada@example.com", id_property="email", city="Rome")
        by_number = an_input("m-1", id_property="member_number", city="Rome")

        refused = api.batch("update", by_email)

        assert refused.status == 400
        assert refused.message == "Unable to perform update/upsert by non-unique 0-1 property email"
        assert api.batch("update", by_number).status == 200
        assert api.stored("alan@example.com", "city") == "Rome"

    def test_an_address_can_be_an_id(self) -> None:
        """With the switch ``batch_update_by_email=allowed`` it is one."""
        with Sandbox(SEEDS[:1], switches=Switches(batch_update_by_email="allowed")) as sandbox:
            api = Api(sandbox)

            answer = api.batch("update", an_input("Ada@example.com", id_property="email", city="Rome"))

            assert answer.status == 200
            assert api.stored("ada@example.com", "city") == "Rome"

    def test_an_address_that_another_contact_has(self, api: Api) -> None:
        """409 for all without trace ids; with them 207, and the other contact's id in the context."""
        ada, grace = api.id("ada@example.com"), api.id("grace@example.com")

        whole = api.batch("update", an_input(ada, email="grace@example.com"))
        part = api.batch("update", an_input(ada, "a", email="grace@example.com"))

        assert (whole.status, whole.body["category"]) == (409, "CONFLICT")
        assert part.status == 207
        assert part.body["errors"][0]["category"] == "CONFLICT"
        assert part.body["errors"][0]["context"] == {"objectWriteTraceId": ["a"], "existingId": [grace]}

    @pytest.mark.parametrize("traced", [True, False], ids=["traced", "untraced"])
    def test_two_inputs_take_the_same_address(self, api: Api, traced: bool) -> None:
        """The first may have it; the second is a conflict."""
        ids = [api.id("ada@example.com"), api.id("grace@example.com")]
        inputs = [an_input(each, f"t{each}" if traced else None, email="same@x.org") for each in ids]

        answer = api.batch("update", *inputs)

        assert answer.status == (207 if traced else 409)
        assert (api.sandbox.portal.contact("same@x.org") is not None) == traced

    def test_a_stage_that_goes_back_stays(self, api: Api) -> None:
        """200 with the old stage."""
        ada = api.id("ada@example.com")

        answer = api.batch("update", an_input(ada, lifecyclestage="lead"))

        assert answer.status == 200
        assert answer.results[ada]["properties"]["lifecyclestage"] == "customer"


class TestCreate:
    def test_all_are_created(self, api: Api) -> None:
        """201 with the new contacts."""
        answer = api.batch("create", an_input(email="One@x.org"), an_input(firstname="Nameless"))

        assert answer.status == 201
        assert answer.results[api.id("one@x.org")]["properties"]["email"] == "one@x.org"

    def test_taken_addresses_refuse_all_without_trace_ids(self, api: Api) -> None:
        """409: one taken address comes with its id, several without."""
        one = api.batch("create", an_input(email="new@x.org"), an_input(email="ada@example.com"))
        two = api.batch("create", an_input(email="grace@example.com"), an_input(email="ada@example.com"))

        assert one.status == two.status == 409
        assert one.message == f"Contact already exists. Existing ID: {api.id('ada@example.com')}"
        assert two.message == "Contact already exists"
        assert api.sandbox.portal.contact("new@x.org") is None

    def test_trace_ids_name_the_refused(self, api: Api) -> None:
        """207: good rows are created; a conflict and a bad value are named."""
        answer = api.batch(
            "create",
            an_input(trace="0", email="ada@example.com"),
            an_input(trace="1", email="new@x.org"),
            an_input(trace="2", email="no address"),
        )

        assert answer.status == 207
        assert answer.body["numErrors"] == 2
        conflict, invalid = answer.body["errors"]
        ada = api.id("ada@example.com")
        assert conflict["message"] == f"Contact already exists. Existing ID: {ada}"
        assert conflict["context"] == {"objectWriteTraceId": ["0"], "existingId": [ada]}
        assert invalid["context"] == {"objectWriteTraceId": ["2"]}
        assert list(answer.results) == [api.id("new@x.org")]


class TestUpsert:
    @pytest.mark.parametrize("root", ROOTS)
    def test_known_ones_are_updated_others_created(self, api: Api, root: str) -> None:
        """200; ``new`` tells which is which, and a new contact has the address that it was named by."""
        inputs = [
            an_input(each, id_property="email", city="Rome") for each in ("ADA@example.com", "New@x.org")
        ]

        answer = api.batch("upsert", *inputs, root=root)

        assert answer.status == 200
        assert answer.results[api.id("ada@example.com")]["new"] is False
        assert answer.results[api.id("new@x.org")]["new"] is True
        assert api.stored("new@x.org", "city") == "Rome"
        assert api.stored("ada@example.com", "city") == "Rome"

    def test_a_bad_value_is_named_by_its_trace_id(self, api: Api) -> None:
        """207 with trace ids, 400 without."""
        good = an_input("new@x.org", "a", "email", city="Rome")
        bad = an_input("ada@example.com", "b", "email", nope="x")

        traced = api.batch("upsert", good, bad)
        untraced = api.batch("upsert", good, bad | {"objectWriteTraceId": None})

        assert traced.status == 207
        assert traced.body["errors"][0]["context"] == {"objectWriteTraceId": ["b"]}
        assert untraced.status == 400

    def test_an_upsert_by_address_can_be_refused(self) -> None:
        """With the switch ``upsert_by_email=refused`` a known address is a 400, a new one is created."""
        with Sandbox(SEEDS[:1], switches=Switches(upsert_by_email="refused")) as sandbox:
            api = Api(sandbox)

            for email, status in (("ada@example.com", 400), ("new@example.com", 200)):
                assert api.batch("upsert", an_input(email, id_property="email", city="R")).status == status
            assert api.stored("ada@example.com", "city") is None

    def test_an_address_twice_refuses_all(self, api: Api) -> None:
        """Addresses that differ in case only are the same."""
        answer = api.batch("upsert", an_input("a@x.org", None, "email"), an_input("A@x.org", None, "email"))

        assert answer.status == 400
        assert answer.message == DUPLICATES.format("A@x.org")

    def test_an_id_cannot_be_chosen(self, api: Api) -> None:
        """An unknown id is not found; a contact cannot be created by it."""
        answer = api.batch("upsert", an_input("999", city="Rome"))

        assert answer.status == 207
        assert answer.body["errors"][0]["context"] == {"ids": ["999"]}

    def test_a_property_that_is_not_unique(self, api: Api) -> None:
        """400 for a property that does not identify contacts."""
        answer = api.batch("upsert", an_input("Ada", None, "firstname", city="Rome"))

        assert answer.status == 400
        assert answer.message == "Unable to perform update/upsert by non-unique 0-1 property firstname"


class TestBadBodies:
    @pytest.mark.parametrize("action", ["update", "upsert"])
    def test_associations_are_for_creations(self, api: Api, action: str) -> None:
        """501 where the sandbox would leave them out."""
        company = {"to": {"id": "1"}, "types": []}
        one = {"id": "ada@example.com", "idProperty": "email", "properties": {"firstname": "A"}}

        assert api.batch(action, {**one, "associations": [company]}).status == 501
        assert api.stored("ada@example.com", "firstname") == "Ada"

    @pytest.mark.parametrize("action", ["read", "create", "update", "upsert"])
    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"inputs": None},
            {"inputs": {}},
            {"inputs": ["x"]},
            {"inputs": [None]},
            {"inputs": 5},
            [],
            "x",
            None,
        ],
        ids=str,
    )
    def test_what_is_no_batch_is_a_400(self, api: Api, action: str, body: Any) -> None:
        """A body of the wrong shape is refused with a sentence."""
        answer = api.post(f"{CONTACTS}/batch/{action}", body)

        assert answer.status == 400
        assert answer.message.startswith("Invalid input JSON on line")
