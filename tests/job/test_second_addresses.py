# SPDX-License-Identifier: Apache-2.0
"""Second addresses of rows, against the sandbox: a new contact gets them, and nobody loses one to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest

from airflow_provider_hubcontact.client.contacts import BatchAnswer, Contacts
from airflow_provider_hubcontact.job.errors import PreflightError
from airflow_provider_hubcontact.job.settings.guards import Guards
from airflow_provider_hubcontact.job.settings.key import Key
from airflow_provider_hubcontact.job.settings.ledger import Ledger
from airflow_provider_hubcontact.job.settings.replay import Replay
from airflow_provider_hubcontact.job.settings.source import Source
from airflow_provider_hubcontact.job.settings.state import State
from airflow_provider_hubcontact.job.settings.values import Values
from airflow_provider_hubcontact.job.settings.writes import Writes
from airflow_provider_hubcontact.sandbox import Definition, Sandbox
from airflow_provider_hubcontact.sandbox.switches import Switches
from tests.job.around import FROM_SQL, Around, Told, apply, plan, run, undo

OTHERS = "hs_additional_emails"
ADA = {"email": "ada@x.org", "firstname": "Ada", OTHERS: "countess@x.org;byron@x.org"}
NEW = {"email": "new@x.org", "firstname": "New"}
STATE = State("sql://db/hub")


@pytest.fixture
def hubspot() -> Iterator[Sandbox]:
    with Sandbox([ADA, {"email": "grace@x.org", "firstname": "Grace"}]) as sandbox:
        yield sandbox


@pytest.fixture
def around(hubspot: Sandbox, tmp_path: Path) -> Around:
    made = Around(hubspot)
    made.state_file = tmp_path / "state.db"
    return made


def sent(around: Around, *rows: dict[str, Any], **settings: Any) -> Told:
    """Run an upsert."""
    around.given = rows
    return run(around, **{"upsert": True, **settings})


def has(hubspot: Sandbox, email: str, name: str = OTHERS) -> str | None:
    """Return what the contact of an address has; None if there is no contact."""
    contact = hubspot.portal.contact(email)
    return None if contact is None else contact.properties.get(name, "")


def identity(hubspot: Sandbox, email: str) -> str:
    contact = hubspot.portal.contact(email)
    assert contact is not None
    return contact.id


def gone(hubspot: Sandbox, email: str) -> None:
    """Let somebody archive the contact of an address."""
    contact = hubspot.portal.contact(email)
    assert contact is not None
    hubspot.portal.archive(contact)


def create_just_before(hubspot: Sandbox, monkeypatch: pytest.MonkeyPatch, email: str) -> None:
    """Let somebody create a contact just before the run creates its first ones."""
    real, late = Contacts.batch_create, [{"email": email}]

    def created(contacts: Contacts, inputs: Any) -> BatchAnswer:
        while late:
            hubspot.portal.create(late.pop())
        return real(contacts, inputs)

    monkeypatch.setattr(Contacts, "batch_create", created)


def calls(hubspot: Sandbox) -> list[str]:
    """Return the calls about contacts."""
    return [each.path.rpartition("/")[2] for each in hubspot.requests if "/objects/" in each.path]


def codes(ended: Told) -> dict[str, int]:
    """Return code → records that ended with it, of those that are told."""
    return {each["code"]: each["count"] for each in ended.report["reasons"]}


class TestANewContact:
    """It is created with its second addresses."""

    @pytest.mark.parametrize(
        "text",
        [" One@x.org; two@x.org;;one@X.org ;NEW@x.org", ["two@x.org", None, "ONE@x.org", "new@x.org"]],
        ids=["a text", "a list"],
    )
    def test_it_gets_each_once(self, hubspot: Sandbox, around: Around, text: Any) -> None:
        """In lower case, and without its own address; the row beside it is created in the same call."""
        ended = sent(around, {**NEW, OTHERS: text}, {"email": "other@x.org"})

        assert (ended.outcomes, calls(hubspot)) == ({"created": 2}, ["read", "create"])
        assert {*str(has(hubspot, "new@x.org")).split(";")} == {"one@x.org", "two@x.org"}
        assert has(hubspot, "two@x.org", "firstname") == "New"

    @pytest.mark.parametrize("text", ["", "  ", ";", "new@x.org", None])
    def test_none_are_left_out(self, hubspot: Sandbox, around: Around, text: str | None) -> None:
        """Nor is an empty list of them sent."""
        ended = sent(around, {**NEW, OTHERS: text}, writes=Writes(nulls="clear"))

        assert ended.outcomes == {"created": 1}
        assert set(ended.report["changes"][0]["properties"]) == {"email", "firstname"}

    def test_they_are_read_back(self, hubspot: Sandbox, around: Around) -> None:
        """``verify`` compares them, in any order."""
        ended = sent(around, {**NEW, OTHERS: "b@x.org;a@x.org"}, verify=True)

        assert ended.outcomes == {"created": 1}
        assert ended.report["verified"] == {"records": 1, "calls": 1}

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("a@x.org;b;n/a", "'b' is not an e-mail address; 'n/a' is not an e-mail address"),
            ("a@x.org, b@x.org", "'a@x.org, b@x.org' is not an e-mail address"),
            (";".join(map(str, range(9))), "and 4 more"),
            (";".join(f"a{n}@x.org" for n in range(99)), "99 second addresses; a row may have at most 98"),
            ("\u212aate@x.org", "U+212A"),
        ],
    )
    def test_each_is_checked_like_an_address(
        self, hubspot: Sandbox, around: Around, text: str, says: str
    ) -> None:
        """Each that is not valid is named, before any call; the other rows go on."""
        ended = sent(around, {**NEW, OTHERS: text}, {"email": "other@x.org"})

        assert ended.outcomes == {"created": 1, "invalid": 1}
        assert f"{OTHERS}: " in ended.reasons
        assert says in ended.reasons
        assert codes(ended) == {"HC-102": 1}
        assert has(hubspot, "new@x.org") is None

    def test_as_many_as_a_look_up_takes(self, hubspot: Sandbox, around: Around) -> None:
        """Each row has its look-up then."""
        rows = [
            {"email": f"p{p}@x.org", OTHERS: ";".join(f"p{p}-{n}@x.org" for n in range(98))} for p in range(2)
        ]

        ended = sent(around, *rows)

        assert (ended.outcomes, calls(hubspot)) == ({"created": 2}, ["read", "read", "create"])
        assert has(hubspot, "p1-97@x.org", "email") == "p1@x.org"

    def test_the_json_text_of_a_list(self, hubspot: Sandbox, around: Around) -> None:
        """Is read as one where that is asked for."""
        sent(around, {**NEW, OTHERS: '["a@x.org", "b@x.org"]'}, values=Values(json_lists=True))

        assert has(hubspot, "new@x.org") == "a@x.org;b@x.org"

    def test_by_another_key(self) -> None:
        """Its own address is no second one then, either."""
        number = Definition("number", "Number", unique=True)
        with Sandbox([ADA], properties=[number]) as hubspot:
            row = {**NEW, "number": "7", OTHERS: "new@x.org;a@x.org"}
            ended = sent(Around(hubspot), row, key=Key("number", property="number"))

            assert ended.outcomes == {"created": 1}
            assert has(hubspot, "new@x.org") == "a@x.org"


class TestAContactThatExists:
    """It gets none, and loses none."""

    @pytest.mark.parametrize("key", ["ada@x.org", "byron@x.org"])
    def test_what_it_has_costs_nothing(self, hubspot: Sandbox, around: Around, key: str) -> None:
        """Its first address among them; that it has more is no matter."""
        ended = sent(around, {"email": key, "firstname": "Ada", OTHERS: "Byron@x.org;ada@x.org"})

        assert (ended.outcomes, calls(hubspot)) == ({"unchanged": 1}, ["read"])
        assert codes(ended) == {}

    @pytest.mark.parametrize(
        ("firstname", "outcome", "code"), [("Ada", "unchanged", "HC-018"), ("Augusta", "updated", "HC-019")]
    )
    def test_what_it_does_not_have_is_told(
        self, hubspot: Sandbox, around: Around, firstname: str, outcome: str, code: str
    ) -> None:
        """The record ends as without it, with the reason; the address of another contact is named."""
        row = {"email": "ada@x.org", "firstname": firstname, OTHERS: "more@x.org;byron@x.org;grace@x.org"}
        ended = sent(around, row, ledger=Ledger("l"))

        (line,) = around.books.lines
        assert (ended.outcomes, codes(ended)) == ({outcome: 1}, {code: 1})
        assert ended.error is None
        grace = identity(hubspot, "grace@x.org")
        assert line["reason"] == (
            f"HubSpot takes {OTHERS} of new contacts only, so this one does not get more@x.org, "
            f"grace@x.org (which the contact {grace} has)"
        )
        assert has(hubspot, "ada@x.org") == ADA[OTHERS]
        assert has(hubspot, "ada@x.org", "firstname") == firstname

    @pytest.mark.parametrize(("key", "told"), [("ada@x.org", {"HC-018": 1}), ("grace@x.org", {})])
    def test_they_are_not_cleared(
        self, hubspot: Sandbox, around: Around, key: str, told: dict[str, int]
    ) -> None:
        """A row that clears them is told so, if there are any."""
        ended = sent(around, {"email": key, OTHERS: None}, writes=Writes(nulls="clear"))

        assert (ended.outcomes, codes(ended)) == ({"unchanged": 1}, told)
        assert has(hubspot, "ada@x.org") == ADA[OTHERS]

    @pytest.mark.parametrize(("key", "told"), [("ada@x.org", {}), ("grace@x.org", {"HC-018": 1})])
    def test_fill_empty(self, hubspot: Sandbox, around: Around, key: str, told: dict[str, int]) -> None:
        """Asks for nothing where the contact has some."""
        ended = sent(
            around, {"email": key, OTHERS: "x@x.org"}, writes=Writes(properties={OTHERS: "fill_empty"})
        )

        assert (ended.outcomes, codes(ended)) == ({"unchanged": 1}, told)

    def test_append_is_for_options(self, around: Around) -> None:
        """The preflight says so."""
        ended = sent(around, {**NEW, OTHERS: "x@x.org"}, writes=Writes(properties={OTHERS: "append"}))

        assert "needs a multiple-checkbox property" in ended.says

    def test_a_first_address_that_moves(self, hubspot: Sandbox, around: Around) -> None:
        """It is not promised that the old one stays as a second one."""
        row = {"email": "ada@x.org", "new": "augusta@x.org", OTHERS: "ada@x.org;augusta@x.org;byron@x.org"}
        ended = sent(around, row, key=Key("email", becomes="new"))

        assert (ended.outcomes, codes(ended)) == ({"updated": 1}, {"HC-019": 1})
        assert has(hubspot, "byron@x.org", "email") == "augusta@x.org"

    def test_by_another_key(self) -> None:
        """Its first address is read for it."""
        number = Definition("number", "Number", unique=True)
        with Sandbox([{**ADA, "number": "7"}], properties=[number]) as hubspot:
            row = {"number": "7", OTHERS: "ada@x.org;byron@x.org"}
            ended = sent(Around(hubspot), row, key=Key("number", property="number"))

            assert (ended.outcomes, codes(ended)) == ({"unchanged": 1}, {})

    def test_it_is_looked_up_although_nothing_is_compared(self, hubspot: Sandbox, around: Around) -> None:
        """``compare=False`` does not send what HubSpot would refuse."""
        row = {"email": "ada@x.org", "firstname": "Augusta", OTHERS: "x@x.org"}
        ended = sent(around, row, {"email": "grace@x.org", "city": "Rome"}, writes=Writes(compare=False))

        assert ended.outcomes == {"updated": 2}
        assert sorted(calls(hubspot)) == ["read", "update", "upsert"]


class TestAnAddressOfAnother:
    """It is told before anything is sent, as a conflict."""

    @pytest.mark.parametrize("taken", ["grace@x.org", "byron@x.org"])
    def test_nothing_is_sent(self, hubspot: Sandbox, around: Around, taken: str) -> None:
        """In the look-up that the contact takes anyway; the reason has the other contact's record id."""
        ended = sent(around, {**NEW, OTHERS: f"x@x.org;{taken}"}, {"email": "other@x.org"})

        assert (ended.outcomes, codes(ended)) == ({"created": 1, "conflict": 1}, {"HC-226": 1})
        assert f"{taken} belongs to another contact ({identity(hubspot, taken)})" in ended.reasons
        assert calls(hubspot) == ["read", "create"]
        assert has(hubspot, "new@x.org") is None

    def test_nobody_waits_for_the_other_contact(self, hubspot: Sandbox, around: Around) -> None:
        """The row is not about that one, whose own row is written meanwhile."""
        rows = [{"email": "ada@x.org", "city": "Rome"}, {**NEW, OTHERS: "byron@x.org"}]
        ended = sent(around, *rows, state=STATE)

        assert ended.outcomes == {"updated": 1, "conflict": 1}
        assert calls(hubspot) == ["read", "update"]
        assert sent(around, *rows, state=STATE).outcomes == {"up_to_date": 1, "conflict": 1}

    @pytest.mark.parametrize("told", ["409", "400"])
    def test_one_that_was_created_meanwhile(
        self, told: Literal["409", "400"], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """HubSpot's refusal leads to another look-up, which tells."""
        with Sandbox([ADA], switches=Switches(taken_email=told)) as hubspot:
            create_just_before(hubspot, monkeypatch, "late@x.org")
            ended = sent(Around(hubspot), {**NEW, OTHERS: "late@x.org"})

            assert (ended.outcomes, codes(ended)) == ({"conflict": 1}, {"HC-226": 1})
            assert calls(hubspot) == ["read", "create", "read"]


BY_NUMBER = Key("number", property="number")


def by_number(around: Around, *rows: dict[str, Any], **settings: Any) -> Told:
    """Run an upsert by number."""
    return sent(around, *rows, key=BY_NUMBER, **settings)


class TestByAnotherKey:
    """Who has the addresses of a new contact is looked up once it is known that it is new."""

    @pytest.fixture
    def hubspot(self) -> Iterator[Sandbox]:
        number = Definition("number", "Number", unique=True)
        with Sandbox([{**ADA, "number": "1"}, {"email": "grace@x.org"}], properties=[number]) as sandbox:
            yield sandbox

    @pytest.mark.parametrize("taken", ["grace@x.org", "byron@x.org"])
    def test_nothing_is_sent(self, hubspot: Sandbox, around: Around, taken: str) -> None:
        """It is a conflict with the other contact, whose record id the reason has; other rows go on."""
        rows = [{**NEW, "number": "7", OTHERS: f"x@x.org;{taken}"}, {"number": "8", OTHERS: "y@x.org"}]
        ended = by_number(around, *rows)

        assert (ended.outcomes, codes(ended)) == ({"created": 1, "conflict": 1}, {"HC-226": 1})
        assert f"{OTHERS}: {taken} belongs to another contact ({identity(hubspot, taken)})" in ended.reasons
        assert calls(hubspot) == ["read", "read", "create"]
        assert has(hubspot, "new@x.org") is None

    def test_a_first_address_beside_them(self, hubspot: Sandbox, around: Around) -> None:
        """It is looked up in the same call."""
        row = {"number": "7", "email": " Byron@x.org", OTHERS: "x@x.org;grace@x.org"}
        ended = by_number(around, row)

        ada, grace = (identity(hubspot, each) for each in ("ada@x.org", "grace@x.org"))
        assert codes(ended) == {"HC-226": 1}
        assert (
            f"email: byron@x.org belongs to another contact ({ada}); {OTHERS}: grace@x.org" in ended.reasons
        )
        assert f"({grace})" in ended.reasons
        assert calls(hubspot) == ["read", "read"]

    def test_a_first_address_alone(self, hubspot: Sandbox, around: Around) -> None:
        """It is looked up once HubSpot has refused the creation, which then is not sent a second time."""
        rows = [{"number": "7", "email": "byron@x.org"}, {"number": "8", "email": "free@x.org"}]
        ended = by_number(around, *rows)

        assert (ended.outcomes, codes(ended)) == ({"created": 1, "conflict": 1}, {"HC-226": 1})
        assert f"({identity(hubspot, 'ada@x.org')})" in ended.reasons
        assert calls(hubspot) == ["read", "create", "read", "read"]

    @pytest.mark.parametrize("is_first", [True, False])
    def test_a_first_address_that_is_a_second_one_of_another_row(
        self, hubspot: Sandbox, around: Around, *, is_first: bool
    ) -> None:
        """It does not wait for that row: HubSpot's answer decides which of them is the conflict."""
        rows = [{"number": "7", "email": "a@x.org", OTHERS: "b@x.org"}, {"number": "8", "email": "b@x.org"}]
        ended = by_number(around, *(rows if is_first else rows[::-1]))

        holder = hubspot.portal.contact("b@x.org")
        assert holder is not None
        assert (ended.outcomes, codes(ended)) == ({"created": 1, "conflict": 1}, {"HC-226": 1})
        assert f"b@x.org belongs to another contact ({holder.id})" in ended.reasons
        assert (has(hubspot, "a@x.org") is None) == (holder.properties["number"] == "8")

    @pytest.mark.parametrize(
        ("row", "paid"),
        [
            ({"number": "7", "email": "new@x.org"}, ["read", "create"]),
            ({"number": "7", OTHERS: ""}, ["read", "create"]),
            ({"number": "1", "email": "ada@x.org", OTHERS: "byron@x.org"}, ["read"]),
            ({"number": "1", "city": "Rome", OTHERS: "grace@x.org"}, ["read", "update"]),
        ],
    )
    def test_others_pay_nothing(
        self, hubspot: Sandbox, around: Around, row: dict[str, Any], paid: list[str]
    ) -> None:
        """A row without second addresses, and a contact that exists, cost no further call."""
        ended = by_number(around, row)

        assert ended.error is None
        assert calls(hubspot) == paid

    def test_as_many_as_a_look_up_takes(self, hubspot: Sandbox, around: Around) -> None:
        """Each row has a look-up of its own then, with its first address."""
        rows = [
            {"number": str(p), "email": f"p{p}@x.org", OTHERS: ";".join(f"p{p}-{n}@x.org" for n in range(98))}
            for p in (7, 8)
        ]
        ended = by_number(around, *rows)

        assert (ended.outcomes, calls(hubspot)) == (
            {"created": 2},
            ["read", "read", "read", "create"],
        )

    def test_new_contacts_among_others(self, hubspot: Sandbox, around: Around) -> None:
        """Those of several look-ups by key share one by address, as long as it has room."""
        for n in range(0, 240, 4):
            hubspot.portal.create({"number": f"n{n}"})
        ended = by_number(around, *({"number": f"n{n}", OTHERS: f"s{n}@x.org"} for n in range(0, 240, 2)))

        assert ended.outcomes == {"created": 60, "unchanged": 60}
        assert calls(hubspot) == ["read", "read", "read", "create"]

    def test_one_address_for_several_rows(self, hubspot: Sandbox, around: Around) -> None:
        """The first row gets it, also as its first address; the later ones are conflicts with its contact."""
        rows = [
            {"number": "7", "email": "shared@x.org", OTHERS: "own@x.org"},
            {"number": "8", OTHERS: "shared@x.org"},
            {"number": "9", "email": "nine@x.org", OTHERS: "own@x.org"},
        ]
        ended = by_number(around, *rows)

        assert (ended.outcomes, codes(ended)) == ({"created": 1, "conflict": 2}, {"HC-226": 2})
        assert has(hubspot, "own@x.org", "number") == "7"
        assert ended.reasons.count(identity(hubspot, "own@x.org")) == 2
        assert calls(hubspot).count("create") == 1

    def test_rows_of_one_key(self, hubspot: Sandbox, around: Around) -> None:
        """The later row finds the contact of the first one, whose addresses are its own."""
        row = {"number": "7", "email": "new@x.org", OTHERS: "a@x.org"}
        ended = by_number(around, row, {**row, "city": "Rome"})

        assert (ended.outcomes, codes(ended)) == ({"created": 1, "updated": 1}, {})

    def test_an_address_that_an_earlier_row_gives_up(self) -> None:
        """The row waits for the one that writes the contact which has it, and is looked up again."""
        number, contact = Definition("number", "Number", unique=True), {"email": "old@x.org", "number": "1"}
        with Sandbox([contact], properties=[number], switches=Switches(old_email="dropped")) as hubspot:
            rows = [{"number": "1", "email": "moved@x.org"}, {"number": "7", OTHERS: "old@x.org"}]
            ended = by_number(Around(hubspot), *rows)

            assert ended.outcomes == {"created": 1, "updated": 1}
            assert has(hubspot, "old@x.org", "number") == "7"

    def test_keys_that_are_spelt_like_addresses(self, hubspot: Sandbox, around: Around) -> None:
        """A contact with such a key does not have the address."""
        rows = [{"number": "a@x.org"}, {"number": "7", OTHERS: "a@x.org"}]
        ended = by_number(around, *rows)

        assert ended.outcomes == {"created": 2}

    def test_one_that_was_taken_meanwhile(
        self, hubspot: Sandbox, around: Around, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """HubSpot's refusal leads to another look-up, which tells."""
        create_just_before(hubspot, monkeypatch, "late@x.org")
        ended = by_number(around, {"number": "7", OTHERS: "late@x.org"})

        assert codes(ended) == {"HC-226": 1}
        assert calls(hubspot) == ["read", "read", "create", "read", "read"]

    def test_its_own_contact_that_was_created_meanwhile(
        self, hubspot: Sandbox, around: Around, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It is no other contact's address: the row ends as if the contact had been there at first."""
        real, late = Contacts.batch_read, [{"number": "7", OTHERS: "late@x.org"}]

        def read(contacts: Contacts, keys: Any, *, id_property: Any, properties: Any) -> BatchAnswer:
            while id_property == "email" and late:
                hubspot.portal.create(late.pop())
            return real(contacts, keys, id_property=id_property, properties=properties)

        monkeypatch.setattr(Contacts, "batch_read", read)
        ended = by_number(around, {"number": "7", "city": "Rome", OTHERS: "late@x.org"})

        assert (ended.outcomes, codes(ended)) == ({"updated": 1}, {})
        assert has(hubspot, "late@x.org", "city") == "Rome"

    @pytest.mark.parametrize("guards", [None, Guards(changes=99)])
    def test_in_a_dry_run_and_with_guards(
        self, hubspot: Sandbox, around: Around, guards: Guards | None
    ) -> None:
        """What would be created counts as if it were there, and so does an address that is given up."""
        rows = [
            {"number": "7", "email": "new@x.org", OTHERS: "two@x.org"},
            {"number": "8", OTHERS: "two@x.org"},
            {"number": "9", OTHERS: "New@x.org"},
            {"number": "1", "email": "moved@x.org"},
            {"number": "10", OTHERS: "moved@x.org"},
            {"number": "11", OTHERS: "ada@x.org"},
        ]
        settings: dict[str, Any] = {"dry_run": True} if guards is None else {"guards": guards}
        ended = by_number(around, *rows, **settings)

        assert ended.outcomes["conflict"] == 3
        assert codes(ended) == {"HC-226": 3}
        assert (has(hubspot, "two@x.org") is None) is (guards is None)

    def test_a_plan(self, hubspot: Sandbox, around: Around, tmp_path: Path) -> None:
        """It tells what is taken, and counts its calls; what was taken since is told before it is sent."""
        around.given = [
            {"number": "7", "email": "new@x.org", OTHERS: "one@x.org"},
            {"number": "8", OTHERS: "grace@x.org"},
            {"number": "9", OTHERS: "late@x.org"},
        ]
        made = plan(around, tmp_path / "plan", upsert=True, key=BY_NUMBER)
        hubspot.portal.create({"email": "late@x.org"})
        before = len(calls(hubspot))
        ended = apply(around, tmp_path / "plan")

        assert (made.outcomes, codes(made)) == ({"not_attempted": 2, "conflict": 1}, {"HC-226": 1})
        assert (ended.outcomes, codes(ended)) == ({"created": 1, "conflict": 1}, {"HC-226": 1})
        assert calls(hubspot)[before:] == ["read", "read", "create"]
        assert made.report["plan"]["calls"] == 3

    def test_later_tries(self, hubspot: Sandbox, around: Around) -> None:
        """A conflict is sent again from the ledger once the address is free; a retry writes nothing twice."""
        rows = [{"number": "7", OTHERS: "grace@x.org"}, {"number": "8", OTHERS: "eight@x.org"}]
        by_number(around, *rows, ledger=Ledger("l", values=True))
        before = len(calls(hubspot))
        around.try_number = 2
        again = by_number(around, *rows, ledger=Ledger("l", values=True))

        assert again.outcomes == {"created": 1, "conflict": 1}
        assert "create" not in calls(hubspot)[before:]

        gone(hubspot, "grace@x.org")
        around.run_id, around.try_number = "dag/again", 1
        source = Source(has_records=False, replay=Replay("l"))
        assert run(around, upsert=True, key=BY_NUMBER, source=source).outcomes["created"] == 1
        assert has(hubspot, "grace@x.org", "number") == "7"

    def test_a_state(self, hubspot: Sandbox, around: Around) -> None:
        """What was created is up to date; a conflict is looked up again."""
        rows = [{"number": "7", OTHERS: "grace@x.org"}, {"number": "8", OTHERS: "eight@x.org"}]
        first = by_number(around, *rows, state=STATE)
        before = len(calls(hubspot))
        second = by_number(around, *rows, state=STATE)

        assert first.outcomes == {"created": 1, "conflict": 1}
        assert second.outcomes == {"up_to_date": 1, "conflict": 1}
        assert calls(hubspot)[before:] == ["read", "read"]


class TestRowsOfOneRun:
    """They end as if they were written one after the other."""

    def test_one_address_for_two(self, hubspot: Sandbox, around: Around) -> None:
        """The first row gets it, and the second one is a conflict with the contact of the first."""
        rows = [{"email": f"p{n}@x.org", OTHERS: "shared@x.org"} for n in range(3)]

        ended = sent(around, *rows)

        assert ended.outcomes == {"created": 1, "conflict": 2}
        assert has(hubspot, "shared@x.org", "email") == "p0@x.org"
        assert ended.reasons.count(identity(hubspot, "p0@x.org")) == 2

    def test_a_later_row_by_it(self, hubspot: Sandbox, around: Around) -> None:
        """It is about the contact that was created."""
        ended = sent(around, {**NEW, OTHERS: "two@x.org"}, {"email": "two@x.org", "city": "Rome"})

        assert ended.outcomes == {"created": 1, "updated": 1}
        assert has(hubspot, "new@x.org", "city") == "Rome"

    def test_an_earlier_row_by_it(self, hubspot: Sandbox, around: Around) -> None:
        """It creates a contact of its own, so that the later one is a conflict."""
        ended = sent(around, {"email": "two@x.org", "city": "Rome"}, {**NEW, OTHERS: "two@x.org"})

        assert ended.outcomes == {"created": 1, "conflict": 1}
        assert has(hubspot, "new@x.org") is None

    def test_a_row_that_gives_it_as_a_first_one(self, hubspot: Sandbox, around: Around) -> None:
        """A new address and a second one are alike."""
        moves = {"email": "grace@x.org", "becomes": "two@x.org"}
        ended = sent(around, moves, {**NEW, OTHERS: "two@x.org"}, key=Key("email", becomes="becomes"))

        assert ended.outcomes == {"updated": 1, "conflict": 1}
        assert has(hubspot, "two@x.org", "firstname") == "Grace"

    def test_rows_of_one_key_are_not_merged(self, hubspot: Sandbox, around: Around) -> None:
        """The second row finds the contact of the first one, which gets no more addresses."""
        ended = sent(around, {**NEW, OTHERS: "a@x.org"}, {**NEW, "city": "Rome", OTHERS: "b@x.org"})

        assert (ended.outcomes, codes(ended)) == ({"created": 1, "updated": 1}, {"HC-019": 1})
        assert has(hubspot, "new@x.org") == "a@x.org"

    @pytest.mark.parametrize("guards", [None, Guards(changes=99)])
    def test_in_a_dry_run_and_with_guards(
        self, hubspot: Sandbox, around: Around, guards: Guards | None
    ) -> None:
        """What would be created counts as if it were there."""
        rows = [
            {**NEW, OTHERS: "two@x.org"},
            {"email": "two@x.org", "city": "Rome"},
            {"email": "third@x.org", OTHERS: "two@x.org"},
            {"email": "ada@x.org", OTHERS: "two@x.org"},
        ]
        if guards is None:
            ended = sent(around, *rows, dry_run=True)
            assert ended.outcomes == {"not_attempted": 2, "unchanged": 1, "conflict": 1}
            assert has(hubspot, "new@x.org") is None
        else:
            ended = sent(around, *rows, guards=guards)
            assert ended.outcomes == {"created": 1, "updated": 1, "unchanged": 1, "conflict": 1}
            assert has(hubspot, "new@x.org", "city") == "Rome"
        assert codes(ended) == {"HC-018": 1, "HC-226": 1}


class TestBeforeTheFirstRecord:
    """What can have no effect is told."""

    SQL = pytest.mark.parametrize(
        "named", [{"source": FROM_SQL}, {"mapping": {"others": OTHERS}}], ids=["sql", "a mapping"]
    )

    @SQL
    def test_without_upsert(self, hubspot: Sandbox, around: Around, named: dict[str, Any]) -> None:
        """No contact is created, so that none gets them."""
        ended = sent(around, {**NEW, OTHERS: "a@x.org", "others": "a@x.org"}, upsert=False, **named)

        assert isinstance(ended.error, PreflightError)
        assert (
            f"HubSpot takes {OTHERS} of new contacts only, and without upsert none is created" in ended.says
        )
        assert calls(hubspot) == []

    @SQL
    def test_the_legacy_api(self, hubspot: Sandbox, around: Around, named: dict[str, Any]) -> None:
        """Nobody has seen that it takes them."""
        around.api_version = "v1"
        ended = sent(around, {**NEW, OTHERS: "a@x.org", "others": "a@x.org"}, **named)

        assert isinstance(ended.error, PreflightError)
        assert f"the legacy API does not take {OTHERS}" in ended.says

    @pytest.mark.parametrize(
        ("api_version", "upsert", "key"),
        [("2026-09", False, "ada@x.org"), ("v1", True, "ada@x.org"), ("v1", True, "new@x.org")],
    )
    def test_rows_whose_columns_nobody_knows_before(
        self, hubspot: Sandbox, around: Around, api_version: str, upsert: bool, key: str
    ) -> None:
        """Each is invalid; nothing of it is written."""
        around.api_version = api_version
        row = {"email": key, "city": "Rome", OTHERS: "more@x.org"}
        ended = sent(around, row, upsert=upsert)

        assert (ended.outcomes, codes(ended)) == ({"invalid": 1}, {"HC-103": 1})
        assert f"HubSpot takes {OTHERS} of new contacts only" in ended.reasons
        assert not has(hubspot, key, "city")

    def test_a_removal(self, around: Around) -> None:
        """Contacts whose rows left the source exist."""
        ended = sent(around, NEW, state=State("sql://db/hub", on_removed={OTHERS: ""}))

        assert f"state.on_removed: HubSpot takes {OTHERS} of new contacts only" in ended.says


class TestPlans:
    """A plan has what a creation needs, and its calls are counted."""

    def test_made_and_applied(self, hubspot: Sandbox, around: Around, tmp_path: Path) -> None:
        """An update leaves them alone, and the plan says so."""
        around.given = [
            {**NEW, OTHERS: "One@x.org;two@x.org"},
            {"email": "ada@x.org", "city": "Rome", OTHERS: "more@x.org"},
            {"email": "late@x.org", OTHERS: "grace@x.org"},
        ]
        made = plan(around, tmp_path / "plan", upsert=True)
        text = "".join(each.read_text() for each in (tmp_path / "plan").rglob("*.jsonl"))
        before = len(calls(hubspot))
        ended = apply(around, tmp_path / "plan")

        assert made.outcomes == {"not_attempted": 2, "conflict": 1}
        assert '"left_alone":["hs_additional_emails"]' in text
        assert ended.outcomes == {"created": 1, "updated": 1}
        assert has(hubspot, "new@x.org") == "one@x.org;two@x.org"
        assert has(hubspot, "ada@x.org") == ADA[OTHERS]
        assert len(calls(hubspot)) - before == 3

    def test_an_address_that_was_taken_since(self, hubspot: Sandbox, around: Around, tmp_path: Path) -> None:
        """It is told before anything is sent."""
        around.given = [{**NEW, OTHERS: "one@x.org"}]
        plan(around, tmp_path / "plan", upsert=True)
        hubspot.portal.create({"email": "one@x.org"})
        before = len(calls(hubspot))
        ended = apply(around, tmp_path / "plan")

        assert (ended.outcomes, codes(ended)) == ({"conflict": 1}, {"HC-226": 1})
        assert calls(hubspot)[before:] == ["read"]

    def test_a_plan_that_was_carried_out_before(
        self, hubspot: Sandbox, around: Around, tmp_path: Path
    ) -> None:
        """Nothing is left to write."""
        around.given = [{**NEW, OTHERS: "one@x.org;two@x.org"}]
        plan(around, tmp_path / "plan", upsert=True)
        apply(around, tmp_path / "plan")
        again = apply(around, tmp_path / "plan")

        assert (again.outcomes, codes(again)) == ({"unchanged": 1}, {})

    def test_undone(self, hubspot: Sandbox, around: Around, tmp_path: Path) -> None:
        """A contact that was created is archived, if nobody has edited it since."""
        sent(around, {**NEW, OTHERS: "one@x.org"}, ledger=Ledger("l", values=True))
        kept = around.books
        around.run_id = "dag/undo"
        undo(around, tmp_path / "plan", archive_created=True)
        around.books = type(kept)()
        ended = apply(around, tmp_path / "plan")

        assert ended.outcomes == {"archived": 1}
        assert has(hubspot, "one@x.org") is None


class TestLaterTries:
    """A ledger and a state know second addresses."""

    def test_a_retry_writes_nothing_twice(self, hubspot: Sandbox, around: Around) -> None:
        """The ledger ends the row."""
        row = {**NEW, OTHERS: "one@x.org"}
        sent(around, row, ledger=Ledger("l"))
        before = len(calls(hubspot))
        around.try_number = 2
        again = sent(around, row, ledger=Ledger("l"))

        assert again.outcomes == {"created": 1}
        assert calls(hubspot)[before:] == []

    def test_a_replay(self, hubspot: Sandbox, around: Around) -> None:
        """A conflict is sent again from the ledger, once the other contact has gone."""
        sent(around, {**NEW, OTHERS: "One@x.org;grace@x.org"}, ledger=Ledger("l", values=True))
        gone(hubspot, "grace@x.org")
        around.run_id = "dag/again"
        again = run(around, upsert=True, source=Source(has_records=False, replay=Replay("l")))

        assert again.outcomes == {"created": 1}
        assert has(hubspot, "new@x.org") == "one@x.org;grace@x.org"

    def test_a_row_that_equals_its_proof_costs_nothing(self, hubspot: Sandbox, around: Around) -> None:
        """Also one whose addresses the contact could not get: that was told when it was looked up."""
        rows = [{**NEW, OTHERS: "one@x.org"}, {"email": "ada@x.org", OTHERS: "more@x.org"}]
        first = sent(around, *rows, state=STATE)
        before = len(calls(hubspot))
        second = sent(around, *rows, state=STATE)

        assert (first.outcomes, codes(first)) == ({"created": 1, "unchanged": 1}, {"HC-018": 1})
        assert second.outcomes == {"up_to_date": 2}
        assert calls(hubspot)[before:] == []

    def test_other_addresses_are_another_row(self, hubspot: Sandbox, around: Around) -> None:
        """The digest of a row has them."""
        sent(around, {**NEW, OTHERS: "one@x.org"}, state=STATE)
        second = sent(around, {**NEW, OTHERS: "two@x.org"}, state=STATE)

        assert (second.outcomes, codes(second)) == ({"unchanged": 1}, {"HC-018": 1})

    def test_a_key_that_a_contact_gets(self, hubspot: Sandbox, around: Around) -> None:
        """A row that equals its proof is sent if a row before it gives its key to another contact."""
        later = {"email": "two@x.org", "city": "Rome"}
        sent(around, later, state=STATE)
        gone(hubspot, "two@x.org")
        ended = sent(around, {**NEW, OTHERS: "two@x.org"}, later, state=STATE)

        assert ended.outcomes["created"] == 1
        assert "up_to_date" not in ended.outcomes
        assert has(hubspot, "new@x.org", "city") == "Rome"
