# SPDX-License-Identifier: Apache-2.0
"""Desired against current."""

from __future__ import annotations

from dataclasses import replace

import pytest

from airflow_provider_hubcontact.sync.decide.lifecycle import STAGE, Stages
from airflow_provider_hubcontact.sync.decide.plan import MERGED, NO_CONTACT, RENAMED, blind, plan, unwritten
from airflow_provider_hubcontact.sync.decide.rules import Rules, Spared, new_key
from airflow_provider_hubcontact.sync.model.change import Change, Stored, Write
from airflow_provider_hubcontact.sync.model.choices import OnRegression, WriteMode
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result
from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.sync.rows.comparison import Kind

KEY, NEW = "ada@x.y", "ada@new.y"


def record(**properties: str) -> Record:
    return Record(4, KEY, properties)


def stored(contact_id: str = "901", /, **properties: str | None) -> Stored:
    return Stored(contact_id, contact_id, properties)


def changed(desired: Record, contact: Stored, rules: Rules | None = None) -> Change:
    planned = plan(desired, {KEY: contact}, rules or Rules())
    assert isinstance(planned, Change), planned
    return planned


def test_only_differences_are_written() -> None:
    """A change holds the values that differ, and what they were."""
    desired = record(firstname="Ada", lastname="Byron", city="", phone="1", note="")
    contact = stored(firstname="Ada", lastname="Lovelace", city="London", note=None)

    change = changed(desired, contact)

    steps = ({"lastname": "Byron", "city": "", "phone": "1"},)
    before = {"lastname": "Lovelace", "city": "London", "phone": None}
    assert change == Change(desired, Write.UPDATE, "901", steps, before, contact="901")
    assert change.diff() == {"lastname": ("Lovelace", "Byron"), "city": ("London", ""), "phone": (None, "1")}


@pytest.mark.parametrize(
    "properties",
    [{}, {"firstname": "Ada"}, {"note": ""}, {"firstname": "Ada", "note": ""}],
    ids=["no values", "equal", "empty is the same as never set", "both"],
)
def test_unchanged(properties: dict[str, str]) -> None:
    """A record whose values the contact has needs no write."""
    planned = plan(record(**properties), {KEY: stored(firstname="Ada", note=None)}, Rules())

    assert planned == Result(4, KEY, Outcome.UNCHANGED, contact="901")


def test_not_found() -> None:
    """A contact that nobody has is not created by an update."""
    planned = plan(record(firstname="Ada"), {}, Rules())

    assert isinstance(planned, Result)
    assert (planned.outcome, planned.status, planned.category) == (Outcome.NOT_FOUND, 404, "OBJECT_NOT_FOUND")
    assert planned.reason == "no contact has the email ada@x.y"


@pytest.mark.parametrize(
    ("properties", "key"),
    [({"firstname": "Ada"}, KEY), ({"email": NEW}, NEW), ({"email": ""}, KEY), ({}, KEY)],
    ids=["by its key", "with its new key", "never without a key", "without values"],
)
def test_creation(properties: dict[str, str], key: str) -> None:
    """An upsert creates who is missing, with the key that it is to have."""
    desired = record(**properties)

    planned = plan(desired, {}, Rules(create=True))

    assert planned == Change(desired, Write.CREATE, key, ({**properties, "email": key},))
    assert planned.diff() == {name: (None, value) for name, value in {**properties, "email": key}.items()}


def test_new_key_of_another_contact() -> None:
    """A key that another contact has is a conflict, which is told before anything is written."""
    found = {KEY: stored("901"), NEW: stored("902")}

    planned = plan(record(email=NEW, firstname="Ada"), found, Rules(create=True))

    assert isinstance(planned, Result)
    assert (planned.outcome, planned.status, planned.properties) == (Outcome.CONFLICT, 409, ("email",))
    assert planned.reason == f"the new email {NEW} belongs to another contact (902)"


@pytest.mark.parametrize(
    ("found", "steps"),
    [
        pytest.param({KEY: stored(email=KEY)}, ({"email": NEW},), id="not moved yet"),
        pytest.param({NEW: stored(email=NEW)}, None, id="moved before"),
        pytest.param(
            {KEY: stored(email=KEY), NEW: stored(email=KEY)}, ({"email": NEW},), id="from its second address"
        ),
        pytest.param({KEY: stored(email=NEW), NEW: stored(email=NEW)}, None, id="the old one is kept beside"),
    ],
)
def test_change_of_key(found: dict[str, Stored], steps: tuple[dict[str, str], ...] | None) -> None:
    """A change of key is written once, and a repetition finds that it is done."""
    planned = plan(record(email=NEW), found, Rules())

    assert (planned.steps if isinstance(planned, Change) else None) == steps
    assert isinstance(planned, Change) or planned.outcome is Outcome.UNCHANGED


def test_address_of_a_write() -> None:
    """A write goes where the reader says that writes go."""
    contact = Stored("901", KEY, {})

    assert changed(record(firstname="Ada"), contact).address == KEY


BACK = record(**{STAGE: "lead", "firstname": "Ada"})
CUSTOMER = stored(**{STAGE: "customer", "firstname": "A"})


def test_stage_back_is_rejected() -> None:
    """By default nothing of a record is written that moves its contact's stage back."""
    planned = plan(BACK, {KEY: CUSTOMER}, Rules())

    assert isinstance(planned, Result)
    assert (planned.outcome, planned.status, planned.category) == (Outcome.INVALID, None, "STAGE_REGRESSION")
    assert planned.reason == "lifecyclestage would go back from customer to lead"
    assert planned.properties == (STAGE,)


@pytest.mark.parametrize(
    ("on_regression", "steps"),
    [
        (OnRegression.KEEP, ({"firstname": "Ada"},)),
        (OnRegression.RESET, ({"firstname": "Ada", STAGE: ""}, {STAGE: "lead"})),
    ],
)
def test_stage_back(on_regression: OnRegression, steps: tuple[dict[str, str], ...]) -> None:
    """The stage is kept, or cleared together with the other values and then set."""
    assert changed(BACK, CUSTOMER, Rules(on_regression=on_regression)).steps == steps


def test_stage_back_alone_is_kept() -> None:
    """With nothing but a stage to keep, nothing is written."""
    rules = Rules(on_regression=OnRegression.KEEP)

    planned = plan(record(**{STAGE: "lead"}), {KEY: CUSTOMER}, rules)

    assert planned == Result(4, KEY, Outcome.UNCHANGED, contact="901")


def test_diff_of_a_reset() -> None:
    """The difference of a reset is from the stage before to the stage after, not by way of none."""
    change = changed(BACK, CUSTOMER, Rules(on_regression=OnRegression.RESET))

    assert change.diff() == {"firstname": ("A", "Ada"), STAGE: ("customer", "lead")}


def test_reset_with_a_new_key() -> None:
    """A new key goes last, so that every step of a reset finds the contact by its old one."""
    desired = record(**{STAGE: "lead", "email": NEW, "firstname": "Ada"})
    rules = Rules(on_regression=OnRegression.RESET)

    change = changed(desired, CUSTOMER, rules)

    assert change.steps == ({"firstname": "Ada", STAGE: ""}, {STAGE: "lead"}, {"email": NEW})


@pytest.mark.parametrize("on_regression", OnRegression)
@pytest.mark.parametrize(
    ("current", "desired"),
    [("lead", "customer"), (None, "lead"), ("", "lead"), ("customer", ""), ("71", "lead"), ("lead", "71")],
)
def test_stage_that_does_not_go_back(on_regression: OnRegression, current: str | None, desired: str) -> None:
    """Any other move of the stage is written in one step, whatever the rule for going back."""
    change = changed(
        record(**{STAGE: desired}), stored(**{STAGE: current}), Rules(on_regression=on_regression)
    )

    assert change.steps == ({STAGE: desired},)


def test_order_of_the_portal() -> None:
    """What goes back is decided by the portal's own stages."""
    rules = Rules(stages=Stages.of(["customer", "lead"]))

    assert changed(BACK, CUSTOMER, rules).steps == ({"firstname": "Ada", STAGE: "lead"},)


@pytest.mark.parametrize(
    ("properties", "needed"),
    [
        ({"firstname": "Ada"}, False),
        ({"email": ""}, False),
        ({}, True),
        ({STAGE: "lead"}, True),
        ({STAGE: ""}, True),
        ({"email": NEW}, True),
    ],
    ids=["values", "cleared key", "no values", "stage", "cleared stage", "new key"],
)
def test_needs_current(properties: dict[str, str], needed: bool) -> None:
    """A record that could do silent harm is not written unread."""
    assert Rules().needs_current(record(**properties)) is needed


def test_blind() -> None:
    """A record that is not read is written whole, under its key."""
    desired = record(firstname="Ada")

    assert blind(desired, Rules()) == Change(
        desired, Write.UPDATE, KEY, ({"firstname": "Ada"},), is_blind=True
    )
    assert blind(desired, Rules(create=True)) == Change(
        desired, Write.CREATE, KEY, ({"firstname": "Ada"},), is_blind=True, key={"email": KEY}
    )


@pytest.mark.parametrize(
    ("id_property", "properties", "key"),
    [
        ("email", {"email": NEW}, NEW),
        ("email", {"email": ""}, None),
        ("email", {}, None),
        ("customer_no", {"email": NEW}, None),
    ],
)
def test_new_key(id_property: str, properties: dict[str, str], key: str | None) -> None:
    """Only a value of the property that keys are values of changes the key."""
    assert new_key(record(**properties), Rules(id_property=id_property)) == key


@pytest.mark.parametrize(
    ("wanted", "stored", "same"),
    [
        ("2026-01-02T03:04:05.000Z", "2026-01-02T03:04:05Z", True),
        ("2026-01-02T03:04:05.100Z", "2026-01-02T03:04:05Z", False),
        ("x.0Z", "xZ", False),
    ],
)
def test_instants_without_a_fraction(wanted: str, stored: str, same: bool) -> None:
    """An instant is the same with a zero fraction or without one; other texts are compared as they are."""
    found = {"k": Stored("1", "1", {"when": stored})}

    planned = plan(Record(1, "k", {"when": wanted}), found, Rules())

    assert isinstance(planned, Result) is same


def test_stages_that_cannot_be_read() -> None:
    """Without the portal's order a change of stage is not judged, and can be tried again."""
    found = {"k": Stored("1", "1", {STAGE: "lead"})}

    planned = plan(Record(1, "k", {STAGE: "customer"}), found, Rules(stages=Stages.of(())))

    assert isinstance(planned, Result)
    assert planned.outcome is Outcome.UNAVAILABLE


MODES = Rules(kinds={"roles": Kind.OPTIONS}, modes={"phone": WriteMode.FILL_EMPTY, "roles": WriteMode.APPEND})


@pytest.mark.parametrize(
    ("properties", "has", "written"),
    [
        ({"phone": "1"}, {"phone": "2"}, None),
        ({"phone": ""}, {"phone": "2"}, None),
        ({"phone": "1"}, {"phone": None}, {"phone": "1"}),
        ({"phone": "1"}, {"phone": ""}, {"phone": "1"}),
        ({"phone": "1", "city": "Rome"}, {"phone": "2", "city": "Oslo"}, {"city": "Rome"}),
        ({"roles": "a;b"}, {"roles": "b;c"}, {"roles": ";a"}),
        ({"roles": ";a;b;d"}, {"roles": "b"}, {"roles": ";a;d"}),
        ({"roles": "b"}, {"roles": "c;b"}, None),
        ({"roles": ""}, {"roles": "b"}, None),
        ({"roles": "a;b"}, {"roles": None}, {"roles": "a;b"}),
    ],
)
def test_modes_of_writing(
    properties: dict[str, str], has: dict[str, str | None], written: dict[str, str] | None
) -> None:
    """``fill_empty`` leaves alone what is there, ``append`` adds what is not."""
    planned = plan(record(**properties), {KEY: stored("901", **has)}, MODES)

    if written is None:
        assert planned == Result(4, KEY, Outcome.UNCHANGED, contact="901")
    else:
        assert isinstance(planned, Change)
        assert planned.steps == (written,)


def test_a_mode_needs_what_is_there() -> None:
    """Nothing with a mode is written blindly; a new contact gets all of it."""
    assert MODES.needs_current(record(phone="1"))
    assert not MODES.needs_current(record(city="Rome"))

    created = plan(record(phone="1", roles="a"), {}, replace(MODES, create=True))

    assert isinstance(created, Change)
    assert created.steps == ({"phone": "1", "roles": "a", "email": KEY},)


def test_a_planned_reset_that_broke_off() -> None:
    """The stage that it cleared is set, not taken for another's doing."""
    desired = Record(4, KEY, {STAGE: "lead"}, before={STAGE: "customer"})

    change = changed(desired, stored(**{STAGE: ""}), Rules(on_regression=OnRegression.RESET))
    kept = plan(desired, {KEY: stored(**{STAGE: ""})}, Rules())

    assert change.steps == ({STAGE: "lead"},)
    assert isinstance(kept, Result)
    assert kept.category == "PLAN_OUTDATED"


def test_a_planned_creation_that_got_no_answer() -> None:
    """The contact that it has made is no other one."""
    desired = Record(4, KEY, {"firstname": "Ada"}, before={"email": None, "firstname": None})
    rules = Rules(create=True)

    again = plan(desired, {KEY: stored(email=KEY, firstname="Ada")}, rules)
    other = plan(desired, {KEY: stored(email=KEY, firstname="Eve")}, rules)

    assert isinstance(again, Result)
    assert isinstance(other, Result)
    assert (again.outcome, other.category) == (Outcome.UNCHANGED, "PLAN_OUTDATED")


def test_a_planned_change_that_is_half_done() -> None:
    """A value that the contact has already is what the plan wants; the other one is as it was."""
    desired = Record(4, KEY, {"city": "Rome", "phone": "2"}, before={"city": "Oslo", "phone": "1"})

    change = changed(desired, stored(city="Rome", phone="1"))

    assert change.steps == ({"phone": "2"},)


@pytest.mark.parametrize("had", [KEY, "new@example.com"], ids=["to be moved", "moved before"])
def test_a_planned_change_of_a_key_creates_nobody(had: str) -> None:
    """The contact is gone when the plan is applied."""
    record = Record(4, KEY, {"email": "new@example.com"}, before={"email": had})

    planned = plan(record, {}, Rules(create=True))

    assert isinstance(planned, Result)
    assert planned.outcome is Outcome.NOT_FOUND


@pytest.mark.parametrize(("before", "creates"), [({"phone": None}, False), ({"email": None}, True)])
def test_a_planned_contact_that_is_gone(before: dict[str, None], creates: bool) -> None:
    """Only what was planned as a creation, of which the plan names the key, creates it."""
    planned = plan(Record(4, KEY, {"phone": "1"}, before=before), {}, Rules(create=True))

    assert isinstance(planned, Change) is creates
    assert isinstance(planned, Change) or planned.outcome is Outcome.NOT_FOUND


class TestRemovals:
    """A record whose row left the source, by its record id."""

    GONE = Record(4, "901", {"city": "gone"})
    VALUES = Rules(removes=Write.REMOVE)
    ARCHIVE = Rules(removes=Write.ARCHIVE)

    def test_values(self) -> None:
        """They are written where they differ."""
        change = plan(self.GONE, {"901": stored(city="Rome")}, self.VALUES)

        assert change == Change(
            self.GONE, Write.REMOVE, "901", ({"city": "gone"},), {"city": "Rome"}, contact="901"
        )
        assert plan(self.GONE, {"901": stored(city="gone")}, self.VALUES) == Result(
            4, "901", Outcome.UNCHANGED, contact="901"
        )

    def test_an_archive(self) -> None:
        """It tells the values that the contact has."""
        gone = self.GONE._replace(properties={"email": "", "city": "", "phone": ""})

        change = plan(gone, {"901": stored(city="Rome", email="a@x.y", phone=None)}, self.ARCHIVE)

        assert isinstance(change, Change)
        assert (change.write, change.address) == (Write.ARCHIVE, "901")
        assert change.diff() == {"city": ("Rome", ""), "email": ("a@x.y", "")}

    @pytest.mark.parametrize("rules", [VALUES, ARCHIVE])
    @pytest.mark.parametrize(
        ("found", "category"), [({}, NO_CONTACT), ({"901": stored("7", city="Rome")}, MERGED)]
    )
    def test_nobody(self, rules: Rules, found: dict[str, Stored], category: str) -> None:
        """Nobody is created, and nobody else's contact is written."""
        planned = plan(self.GONE, found, replace(rules, create=True))

        assert isinstance(planned, Result)
        assert (planned.outcome, planned.category) == (Outcome.UNCHANGED, category)

    @pytest.mark.parametrize("rules", [VALUES, ARCHIVE])
    def test_a_contact_that_has_a_row_again(self, rules: Rules) -> None:
        """It is left alone, whatever its key was."""
        contact = stored(city="Rome", email="new@x.y")
        because = Spared(RENAMED, "it has a row")
        known = replace(rules, spared=lambda _, values: because if values["email"] == "new@x.y" else None)

        planned = plan(self.GONE, {"901": contact}, known)

        assert isinstance(planned, Result)
        assert (planned.outcome, planned.category) == (Outcome.UNCHANGED, RENAMED)

    @pytest.mark.parametrize("rules", [VALUES, ARCHIVE])
    def test_a_plan_that_is_out_of_date(self, rules: Rules) -> None:
        """Nobody is removed who has changed since."""
        planned = plan(self.GONE._replace(before={"city": "Rome"}), {"901": stored(city="Oslo")}, rules)

        assert isinstance(planned, Result)
        assert (planned.outcome, planned.category) == (Outcome.CONFLICT, "PLAN_OUTDATED")

    @pytest.mark.parametrize(
        ("rules", "category", "reason"),
        [
            (VALUES, "WOULD_REMOVE", "dry run: would remove"),
            (ARCHIVE, "WOULD_ARCHIVE", "dry run: would archive"),
        ],
    )
    def test_a_dry_run(self, rules: Rules, category: str, reason: str) -> None:
        """It tells what would be done."""
        change = plan(self.GONE, {"901": stored(city="Rome")}, rules)
        assert isinstance(change, Change)

        result = unwritten(change)

        assert (result.outcome, result.category, result.reason) == (Outcome.NOT_ATTEMPTED, category, reason)
