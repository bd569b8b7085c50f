# SPDX-License-Identifier: Apache-2.0
"""A sent batch and its answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_hubcontact.refusal import Detail, Refusal
from airflow_provider_hubcontact.sync.decide.lifecycle import STAGE
from airflow_provider_hubcontact.sync.decide.results import halfway, still_absent, unread
from airflow_provider_hubcontact.sync.decide.settle import Retry, Settled, halves, settle
from airflow_provider_hubcontact.sync.model.change import Change, Write
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result
from airflow_provider_hubcontact.sync.model.ports import Answers, Lost, Refused, Step, Written
from airflow_provider_hubcontact.sync.model.record import Record

NAME = {"firstname": "Ada"}
CLEARING = {"firstname": "Ada", STAGE: ""}
RESET = (CLEARING, {STAGE: "lead"})


def step(row: int = 1, write: Write = Write.UPDATE, *values: dict[str, str], index: int = 0) -> Step:
    """Row n updates contact 900 + n, or creates k<n>."""
    key = f"k{row}"
    address = key if write is Write.CREATE else str(900 + row)
    return Step(Change(Record(row, key, {}), write, address, values or (NAME,)), index)


def outcomes(settled: Settled) -> dict[int, Outcome]:
    return {result.row: result.outcome for result in settled.results}


def rows(batches: Sequence[Sequence[Step]]) -> list[list[int]]:
    return [[step.change.record.row for step in batch] for batch in batches]


def again(settled: Settled) -> list[list[int]]:
    """Give the rows of the batches to send again, in their order."""
    return rows([batch for retry in settled.again for batch in retry if batch])


THREE = (step(1), step(2), step(3))


def test_answers_match_by_id_in_any_order() -> None:
    """Inputs are matched by id; what HubSpot says first need not have been sent first."""
    answer = Answers(200, (Written("903"), Written("901"), Written("902")), correlation_id="c-1")

    settled = settle(THREE, answer)

    assert outcomes(settled) == dict.fromkeys((1, 2, 3), Outcome.UPDATED)
    assert {(result.status, result.correlation_id) for result in settled.results} == {(200, "c-1")}
    assert settled.results[0].changes == {"firstname": (None, "Ada")}
    assert settled.results[0].reason == ""


@pytest.mark.parametrize(
    ("answer", "written"),
    [
        (Lost("no answer", sent=True), {"firstname": (None, "Ada")}),
        (Lost("not sent", sent=False), {}),
        (Refused(Refusal(503, "down")), {"firstname": (None, "Ada")}),
        (Refused(Refusal(429, "slow down", category="RATE_LIMITS")), {}),
    ],
    ids=["lost", "not sent", "503", "429"],
)
def test_what_may_have_been_written(
    answer: Lost | Refused, written: dict[str, tuple[str | None, str]]
) -> None:
    """It is told with the old values: whoever undoes the run can compare."""
    first, *_ = settle(THREE, answer).results

    assert first.changes == written


def test_silence_is_unknown() -> None:
    """An input that a successful answer does not mention is neither a success nor a failure."""
    settled = settle(THREE, Answers(200, (Written("902"), Written("999"))))

    assert outcomes(settled) == {1: Outcome.UNKNOWN, 2: Outcome.UPDATED, 3: Outcome.UNKNOWN}
    silent = next(result for result in settled.results if result.row == 1)
    assert silent.reason == "HubSpot accepted the call, but its answer does not mention this record"
    assert silent.changes == {"firstname": (None, "Ada")}, "it may have been written: an undo is to know"


@pytest.mark.parametrize(
    "refusal",
    [
        pytest.param(Refusal(409, "no", "CONFLICT", trace_ids=("2-0",)), id="by trace id"),
        pytest.param(Refusal(409, "no", "CONFLICT", ids=("902",)), id="by id"),
        pytest.param(
            Refusal(409, "no", "CONFLICT", trace_ids=("2-0",), ids=("901",)),
            id="its other ids are bystanders",
        ),
    ],
)
def test_faults_name_their_inputs(refusal: Refusal) -> None:
    """An input that an error names has that error, the others have theirs."""
    settled = settle(THREE, Answers(207, (Written("901"), Written("903")), (refusal,)))

    assert outcomes(settled) == {1: Outcome.UPDATED, 2: Outcome.CONFLICT, 3: Outcome.UPDATED}


def test_fault_in_full() -> None:
    """A refusal's status, category, reason and properties end up in the result."""
    refusal = Refusal(400, "is bad", "VALIDATION_ERROR", "c-1", ("firstname",), trace_ids=("1-0",))

    (result,) = settle([step(1)], Answers(207, (), (refusal,), "c-1")).results

    assert (result.outcome, result.status, result.category) == (Outcome.REJECTED, 400, "VALIDATION_ERROR")
    assert (result.reason, result.properties, result.correlation_id) == ("is bad", ("firstname",), "c-1")
    assert result.changes == {}


def test_first_of_two_faults() -> None:
    """The first error about an input counts."""
    refusals = (
        Refusal(400, "first", "A", trace_ids=("1-0",)),
        Refusal(409, "second", "B", trace_ids=("1-0",)),
    )

    (result,) = settle([step(1)], Answers(207, (), refusals)).results

    assert result.reason == "first"


@pytest.mark.parametrize("status", [400, 404, 409, 503, 207])
def test_an_answer_that_contradicts_itself(status: int) -> None:
    """An input that an answer both confirms and refuses is neither a success nor a failure."""
    answer = Answers(207, (Written("901"),), (Refusal(status, "no", "A", trace_ids=("1-0",)),))

    (result,) = settle([step(1)], answer).results

    assert result.outcome is Outcome.UNKNOWN
    assert result.reason == (
        "HubSpot's answer says both that the contact was written and that it was refused: no"
    )


@pytest.mark.parametrize(
    ("status", "written", "outcome", "told"),
    [
        (201, Written("5", "k1", created=True), Outcome.CREATED, 201),
        (207, Written("5", "k1", created=True), Outcome.CREATED, 201),
        (200, Written("5", "k1", created=False), Outcome.UPDATED, 200),
        (207, Written("5", "k1", created=False), Outcome.UPDATED, 200),
        (201, Written("k1", "other", created=True), Outcome.UNKNOWN, 201),
        (201, Written("k1", None, created=True), Outcome.UNKNOWN, 201),
    ],
    ids=[
        "created",
        "created beside faults",
        "was there",
        "was there, beside faults",
        "another",
        "nameless",
    ],
)
def test_creation(status: int, written: Written, outcome: Outcome, told: int) -> None:
    """A create is proved by the key of the new contact, whose id nobody knew before."""
    (result,) = settle([step(1, Write.CREATE)], Answers(status, (written,))).results

    assert (result.outcome, result.status) == (outcome, told)


ANONYMOUS = Refusal(400, "one is wrong", "VALIDATION_ERROR")


def test_anonymous_fault_splits_the_silent() -> None:
    """When an error names nobody, the updates that the answer does not mention are sent in halves."""
    settled = settle(THREE, Answers(207, (Written("902"),), (ANONYMOUS,)))

    assert outcomes(settled) == {2: Outcome.UPDATED}
    assert again(settled) == [[1], [3]]


def test_a_contact_that_was_not_there() -> None:
    """When HubSpot was asked last is told, if anybody knows."""
    asked = datetime(2026, 1, 15, 12, 30, tzinfo=UTC)

    known, unknown = (still_absent(Record(1, "k1", {}), since) for since in (asked, None))

    assert (known.outcome, known.status) == (Outcome.NOT_FOUND, 404)
    assert (
        known.reason == "HubSpot had no contact with the key k1, which was asked on 2026-01-15 at 12:30 UTC"
    )
    assert unknown.reason == "HubSpot had no contact with the key k1"


@pytest.mark.parametrize(
    "refusal",
    [replace(ANONYMOUS, trace_ids=("1-0",)), replace(ANONYMOUS, ids=("901",))],
    ids=["trace id", "id"],
)
def test_a_fault_of_another_says_nothing_of_the_silent(refusal: Refusal) -> None:
    """An error that names its input, in whichever way, is about that one only."""
    settled = settle(THREE, Answers(207, (), (refusal,)))

    assert outcomes(settled) == {1: Outcome.REJECTED, 2: Outcome.UNKNOWN, 3: Outcome.UNKNOWN}
    assert again(settled) == []


def test_anonymous_fault_of_one() -> None:
    """An error that names nobody is about the only input that is left."""
    settled = settle(THREE[:2], Answers(207, (Written("902"),), (ANONYMOUS,)))

    assert outcomes(settled) == {1: Outcome.REJECTED, 2: Outcome.UPDATED}
    assert settled.again == ()


def test_anonymous_fault_of_nobody() -> None:
    """An error that names nobody takes no success away."""
    settled = settle([step(1)], Answers(207, (Written("901"),), (ANONYMOUS,)))

    assert outcomes(settled) == {1: Outcome.UPDATED}


def test_anonymous_fault_never_repeats_a_create() -> None:
    """A create that may have happened is not sent again."""
    creates = (step(1, Write.CREATE), step(2, Write.CREATE))

    settled = settle(creates, Answers(207, (), (ANONYMOUS,)))

    assert outcomes(settled) == {1: Outcome.UNKNOWN, 2: Outcome.UNKNOWN}
    assert settled.results[0].reason.endswith("does not mention this record; it says: one is wrong")


@pytest.mark.parametrize("status", [400, 404, 409, 414])
def test_refused_batch_is_split(status: int) -> None:
    """A batch that some of its records spoiled is sent again in halves."""
    settled = settle(THREE, Refused(Refusal(status, "no")))

    assert settled == Settled(again=(Retry(THREE[:1], THREE[1:]),))


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (400, Outcome.REJECTED),
        (404, Outcome.NOT_FOUND),
        (409, Outcome.CONFLICT),
        (503, Outcome.UNAVAILABLE),
        (302, Outcome.UNKNOWN),
    ],
)
def test_refusal_of_one(status: int, outcome: Outcome) -> None:
    """A refusal of a single input is its result."""
    (result,) = settle([step(1)], Refused(Refusal(status, "no", "CATEGORY", "c-1", ("firstname",)))).results

    assert (result.outcome, result.status, result.category) == (outcome, status, "CATEGORY")
    assert (result.reason, result.properties, result.correlation_id) == ("no", ("firstname",), "c-1")


def test_the_clients_own_words_may_be_logged() -> None:
    """They hold no value of a record; of HubSpot's answer only its codes may be logged."""
    ours = Refusal(429, "the day is over", details=(Detail("x", "CODE"),), why="the day is over")
    theirs = Refusal(429, "Ada is too long", details=(Detail("Ada is too long", "CODE"),))

    whys = [settle([step(1)], Refused(each)).results[0].why for each in (ours, theirs)]

    assert whys == ["the day is over", "CODE"]


def test_an_address_that_is_put_back_waits_for_nobody() -> None:
    """Another contact has taken it meanwhile: that is told, and not waited for."""
    cleared = step(1, Write.UPDATE, {"email": ""}, {"email": "new@x.y"}, {"email": "old@x.y"}, index=2)
    ending = Result(1, "k1", Outcome.REJECTED)
    putting_back = cleared._replace(change=cleared.change._replace(ending=ending))
    taken = Refusal(409, "is taken", "CONFLICT", existing_id="7")

    settled = settle([putting_back], Refused(taken))

    assert (settled.blocked, outcomes(settled)) == ((), {1: Outcome.CONFLICT})


@pytest.mark.parametrize("sent", [1, 3])
def test_a_creation_that_meets_a_contact_is_looked_up_again(sent: int) -> None:
    """Also where HubSpot tells it with a 400."""
    steps = [step(n, Write.CREATE, {"email": f"{n}@x.y"}, index=0) for n in range(1, sent + 1)]
    taken = Refusal(400, "already has that value", "VALIDATION_ERROR", properties=("email",), existing_id="7")

    settled = settle(steps, Refused(taken))

    assert (settled.met, settled.results) == (tuple(steps), ())
    of_each = [replace(taken, trace_ids=(each.trace_id,)) for each in steps]
    assert settle(steps, Answers(207, (), tuple(of_each))).met == tuple(steps)


@pytest.mark.parametrize(("named", "waits"), [((), True), (("email",), True), (("number",), False)])
def test_only_an_address_waits_for_another_contact(named: tuple[str, ...], waits: bool) -> None:
    """A change of address waits for the contact that has it; another unique value ends as a conflict."""
    moving = step(1, Write.UPDATE, {"email": "new@x.y", "number": "1"})
    taken = Refusal(400, "already has that value", "VALIDATION_ERROR", properties=named, existing_id="7")

    settled = settle([moving], Refused(taken))

    assert bool(settled.blocked) is waits
    assert outcomes(settled) == ({} if waits else {1: Outcome.CONFLICT})


@pytest.mark.parametrize("status", [413, 414])
def test_a_proxys_word_decides_about_no_record(status: int) -> None:
    """A proxy that finds one record's call too large does not make it wrong."""
    (result,) = settle([step(1)], Refused(Refusal(status, "too large", is_hubspots=False))).results

    assert (result.outcome, result.status) == (Outcome.UNKNOWN, status)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (401, Outcome.UNAUTHORIZED),
        (403, Outcome.UNAUTHORIZED),
        (423, Outcome.UNAVAILABLE),
        (429, Outcome.THROTTLED),
        (477, Outcome.UNAVAILABLE),
        (500, Outcome.UNAVAILABLE),
    ],
)
def test_refusal_that_no_record_caused(status: int, outcome: Outcome) -> None:
    """A refusal that has nothing to do with the records is not sent again, whole or in parts."""
    settled = settle(THREE, Refused(Refusal(status, "no")))

    assert outcomes(settled) == dict.fromkeys((1, 2, 3), outcome)
    assert settled.again == ()


@pytest.mark.parametrize(("sent", "outcome"), [(True, Outcome.UNKNOWN), (False, Outcome.UNAVAILABLE)])
def test_lost(sent: bool, outcome: Outcome) -> None:
    """A call without an answer proves nothing if it was sent, and did nothing if it was not."""
    settled = settle(THREE, Lost("timeout", sent=sent))

    assert outcomes(settled) == dict.fromkeys((1, 2, 3), outcome)
    assert {result.reason for result in settled.results} == {"timeout"}


def test_next_step_only_after_proof() -> None:
    """The second step of a reset follows only a proved first one."""
    resets = [step(row, Write.UPDATE, *RESET) for row in (1, 2, 3)]
    answer = Answers(
        207,
        (Written("901"), Written("903", properties={STAGE: None})),
        (Refusal(400, "no", trace_ids=("2-0",)),),
    )

    settled = settle(resets, answer)

    assert settled.onward == (resets[0].next, resets[2].next)
    assert outcomes(settled) == {2: Outcome.REJECTED}


@pytest.mark.parametrize(
    ("index", "kept", "outcome"),
    [
        pytest.param(0, "customer", Outcome.UNKNOWN, id="not cleared"),
        pytest.param(1, "customer", Outcome.UNKNOWN, id="not set"),
        pytest.param(1, None, Outcome.UNKNOWN, id="still blank"),
        pytest.param(1, "lead", Outcome.UPDATED, id="set"),
    ],
)
def test_stage_that_hubspot_keeps(index: int, kept: str | None, outcome: Outcome) -> None:
    """An accepted write whose answer shows another stage is no success, and leads to no next step."""
    answer = Answers(200, (Written("901", properties={STAGE: kept}),))

    settled = settle([step(1, Write.UPDATE, *RESET, index=index)], answer)

    assert outcomes(settled) == {1: outcome}
    assert settled.onward == ()


def test_an_address_that_stays_blank() -> None:
    """An answer that shows what an earlier step has cleared contradicts the step that sets it."""
    sent = step(1, Write.UPDATE, {"email": ""}, {"email": "new@x.y"}, index=1)
    sent = Step(sent.change._replace(before={"email": "old@x.y"}), 1)

    (result,) = settle([sent], Answers(200, (Written("901", properties={"email": ""}),))).results

    assert result.outcome is Outcome.UNKNOWN
    assert result.reason.endswith("HubSpot accepted the write, but email is '', not 'new@x.y'")


def test_a_stage_that_is_refused_is_put_back_before_all_else() -> None:
    """Steps that would have come after the refused one are left out."""
    steps = (CLEARING, {STAGE: "lead"}, {"email": "new@x.y"})
    reset = step(1, Write.UPDATE, *steps, index=1)
    reset = Step(reset.change._replace(before={STAGE: "customer"}), 1)

    (onward,) = settle([reset], refused()).onward

    assert (onward.properties, onward.next) == ({STAGE: "customer"}, None)


def test_contradiction_in_words() -> None:
    """The reason says which stage HubSpot has and which it should have."""
    answer = Answers(200, (Written("901", properties={STAGE: "customer"}),))

    (result,) = settle([step(1, Write.UPDATE, {STAGE: "lead"})], answer).results

    assert result.reason == "HubSpot accepted the write, but lifecyclestage is 'customer', not 'lead'"


def test_a_long_value_is_not_quoted_whole() -> None:
    """A reason has at most 200 characters of each value."""
    answer = Answers(200, (Written("901", properties={STAGE: "x" * 300}),))

    (result,) = settle([step(1, Write.UPDATE, {STAGE: "lead"})], answer).results

    assert len(result.reason.partition(" is ")[2].partition(", not ")[0]) == 200


@pytest.mark.parametrize(
    "answer",
    [
        Answers(200, (Written("901", properties={"firstname": "Ada"}),)),
        Answers(204, (Written("901"),)),
        Answers(200, (Written("901", properties={"firstname": "ADA", STAGE: "customer"}),)),
    ],
    ids=["no stage in the answer", "no values at all", "a stage that was not written"],
)
def test_no_contradiction(answer: Answers) -> None:
    """Only the stage that was written can contradict."""
    assert outcomes(settle([step(1)], answer)) == {1: Outcome.UPDATED}


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Refused(Refusal(503, "down")), Outcome.UNAVAILABLE),
        (Refused(Refusal(400, "down")), Outcome.REJECTED),
        (Lost("down", sent=False), Outcome.UNKNOWN),
        (Lost("down", sent=True), Outcome.UNKNOWN),
        (Answers(207, (), (Refusal(400, "down", trace_ids=("1-1",)),)), Outcome.REJECTED),
    ],
    ids=["unavailable", "rejected", "lost before", "lost after", "refusal"],
)
def test_halfway_is_told(answer: Answers | Refused | Lost, outcome: Outcome) -> None:
    """A second step that fails says what the first one did."""
    (result,) = settle([step(1, Write.UPDATE, *RESET, index=1)], answer).results

    assert (result.outcome, result.reason) == (outcome, "lifecyclestage was cleared but not set again: down")


@pytest.mark.parametrize(
    ("index", "text"),
    [
        (0, ""),
        (1, "lifecyclestage was cleared but not set again: "),
        (2, "all but email was written: "),
    ],
)
def test_halfway(index: int, text: str) -> None:
    """Each step knows what was written before it."""
    assert halfway(step(1, Write.UPDATE, *RESET, {"email": "new@x.y"}, index=index)) == text


@pytest.mark.parametrize(
    ("size", "sizes"), [(2, (1, 1)), (3, (1, 2)), (4, (2, 2)), (99, (49, 50)), (100, (50, 50))]
)
def test_halves(size: int, sizes: tuple[int, int]) -> None:
    """Both halves are smaller than the whole, and together they are the whole."""
    first, second = halves(range(size))

    assert (len(first), len(second)) == sizes
    assert [*first, *second] == list(range(size))


@pytest.mark.parametrize(
    ("answer", "outcome", "status"),
    [
        (Lost("timeout", sent=True), Outcome.UNAVAILABLE, None),
        (Lost("timeout", sent=False), Outcome.UNAVAILABLE, None),
        (Refused(Refusal(400, "timeout")), Outcome.REJECTED, 400),
        (Refused(Refusal(404, "timeout")), Outcome.UNKNOWN, 404),
        (Refused(Refusal(409, "timeout")), Outcome.UNKNOWN, 409),
        (Refused(Refusal(401, "timeout")), Outcome.UNAUTHORIZED, 401),
        (Refused(Refusal(429, "timeout")), Outcome.THROTTLED, 429),
        (Refused(Refusal(503, "timeout")), Outcome.UNAVAILABLE, 503),
    ],
)
def test_unread(answer: Refused | Lost, outcome: Outcome, status: int | None) -> None:
    """A look-up that fails as a whole says nothing about one contact, and nothing was written."""
    result = unread(Record(5, "k5", {}), answer)

    assert (result.row, result.key, result.outcome, result.status) == (5, "k5", outcome, status)
    assert result.reason == "not looked up: timeout"


UNKNOWN_PROPERTY = Detail('Property "firstname" does not exist', "PROPERTY_DOESNT_EXIST", ("firstname",))


def refused(*details: Detail, status: int = 400) -> Refused:
    return Refused(
        Refusal(status, "Property values were not valid", "VALIDATION_ERROR", "c-1", details=details)
    )


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("INVALID_INTEGER", "many was not a valid number."),
        ("INVALID_DATE", "many is at 12:0:0.0 UTC, not midnight!"),
        ("INVALID_EMAIL", "Email address many is invalid"),
    ],
)
def test_a_refusal_that_quotes_a_value_is_about_its_records(code: str, message: str) -> None:
    """They end with HubSpot's own reason; the others are sent again together."""
    points = [{"points": "1"}, {"points": "many"}, {"points": "2"}, {"points": "many", "city": "X"}]
    sent = [step(row, Write.UPDATE, values) for row, values in enumerate(points, 1)]

    settled = settle(sent, refused(Detail(message, code, ("points",))))

    assert outcomes(settled) == {2: Outcome.REJECTED, 4: Outcome.REJECTED}
    assert {(each.reason, each.properties, each.correlation_id) for each in settled.results} == {
        (message, ("points",), "c-1")
    }
    assert again(settled) == [[1, 3]]


def test_a_property_that_is_unknown_is_so_for_everybody() -> None:
    """Whatever the values are, records with the property are refused; those that clear it are not known."""
    values = {"firstname": "Ada"}, {"city": "X"}, {"firstname": ""}, {"firstname": "Eve"}
    sent = [step(row, Write.UPDATE, each) for row, each in enumerate(values, 1)]

    settled = settle(sent, refused(UNKNOWN_PROPERTY))

    assert outcomes(settled) == {1: Outcome.REJECTED, 4: Outcome.REJECTED}
    assert again(settled) == [[2, 3]]


def test_a_record_with_two_wrong_values_hears_of_both() -> None:
    """All reasons, all properties."""
    wrong = step(1, Write.UPDATE, {"points": "many", "born": "soon"})
    details = (
        Detail("many was not a valid number.", "INVALID_INTEGER", ("points",)),
        Detail("soon was not a valid date.", "INVALID_DATE", ("born",)),
    )

    (result,) = settle([wrong, step(2)], refused(*details)).results

    assert result.reason == "many was not a valid number.; soon was not a valid date."
    assert result.properties == ("points", "born")


@pytest.mark.parametrize(
    "detail",
    [
        Detail("man was not a valid number.", "INVALID_INTEGER", ("points",)),
        Detail("many was not a valid number.", "INVALID_INTEGER", ("other",)),
        Detail("1 was not one of the allowed options: [many was not ]", "INVALID_OPTION", ("points",)),
        Detail("something else", None, ("points",)),
        Detail("many was not a valid number.", "INVALID_INTEGER"),
    ],
)
def test_nobody_is_blamed_without_proof(detail: Detail) -> None:
    """A refusal that does not quote a record's value of the property is halved."""
    sent = [step(row, Write.UPDATE, {"points": "many"}) for row in (1, 2, 3)]

    settled = settle(sent, refused(detail))

    assert settled.results == ()
    assert again(settled) == [[1], [2, 3]]


class TestConflictOfACreation:
    def test_the_batch_is_looked_up_again(self) -> None:
        """Somebody else may have created the contact since: nobody is called a conflict yet."""
        settled = settle([step(1, Write.CREATE), step(2, Write.CREATE)], refused(status=409))

        assert rows([settled.met]) == [[1, 2]]
        assert (settled.results, settled.again) == ((), ())

    def test_one_input_is_looked_up_again(self) -> None:
        """The others of the batch are created."""
        creates = [step(1, Write.CREATE), step(2, Write.CREATE)]
        refusal = Refusal(409, "exists", "CONFLICT", trace_ids=("1-0",))

        settled = settle(creates, Answers(207, (Written("5", "k2", created=True),), (refusal,)))

        assert rows([settled.met]) == [[1]]
        assert outcomes(settled) == {2: Outcome.CREATED}

    def test_the_second_time_it_is_a_conflict(self) -> None:
        """A contact that the look-up does not find cannot be updated either."""
        second = Step(step(1, Write.CREATE).change._replace(met=True))

        settled = settle([second], refused(status=409))

        assert outcomes(settled) == {1: Outcome.CONFLICT}

    def test_an_updates_conflict_is_one_at_once(self) -> None:
        """Nothing is to be looked up again for an address that another contact has."""
        assert outcomes(settle([step(1)], refused(status=409))) == {1: Outcome.CONFLICT}


VALUES = st.lists(
    st.sampled_from(["1", "1 is", "1 is one", "1 was not", "1 was not 2", "2", " 1", "1 is one "])
)


@given(VALUES.filter(lambda values: len(values) > 1), st.data(), st.booleans())
def test_nobody_is_blamed_for_anothers_value(values: list[str], data: st.DataObject, trims: bool) -> None:
    """A sentence that may be about several values decides about none of them: halving finds out."""
    guilty = data.draw(st.sampled_from(values), label="guilty")
    quoted = guilty.strip() if trims else guilty
    end = data.draw(st.sampled_from(["was not a valid number.", "is at 12:0:0.0 UTC, not midnight!"]))
    sent = [step(row, Write.UPDATE, {"points": value}) for row, value in enumerate(values, 1)]

    settled = settle(sent, refused(Detail(f"{quoted} {end}", "INVALID_OPTION", ("points",))))

    assert {values[result.row - 1] for result in settled.results} <= {guilty}
    assert len(settled.results) + sum(map(len, again(settled))) == len(values)


def test_a_clear_sentence_decides_beside_an_unclear_one() -> None:
    """Each thing that is wrong is judged by itself."""
    sent = [step(row, Write.UPDATE, {"points": value}) for row, value in enumerate(["1", "1 is one", "x"], 1)]
    details = (
        Detail("1 is one was not one of the allowed options: []", "INVALID_OPTION", ("points",)),
        Detail("x was not one of the allowed options: []", "INVALID_OPTION", ("points",)),
    )

    settled = settle(sent, refused(*details))

    assert outcomes(settled) == {3: Outcome.REJECTED}
    assert again(settled) == [[1, 2]]


def test_an_archived_contact() -> None:
    """It has an outcome of its own, and tells what the contact had."""
    archived = Step(Change(Record(1, "901", {}), Write.ARCHIVE, "901", ({"city": ""},), {"city": "Rome"}))

    (result,) = settle([archived], Answers(204, (Written("901"),), correlation_id="c")).results

    assert (result.outcome, result.status, result.correlation_id) == (Outcome.ARCHIVED, 204, "c")
    assert result.changes == {"city": ("Rome", "")}


@pytest.mark.parametrize("write", [Write.UPDATE, Write.REMOVE])
def test_who_is_refused_is_found_by_halves(write: Write) -> None:
    """What writes contacts that exist can be sent again in parts; a creation cannot."""
    steps = [step(row, write) for row in (1, 2)]

    settled = settle(steps, Answers(207, (), (Refusal(400, "one is wrong", "CATEGORY"),)))

    assert again(settled) == [[1], [2]]
