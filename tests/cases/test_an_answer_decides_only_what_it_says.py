# SPDX-License-Identifier: Apache-2.0
"""An answer decides only about the records that it is about, and only what HubSpot says in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_hubcontact.client import AccessToken, HubSpot, RateLimit
from airflow_provider_hubcontact.job.portal.contacts_port import port_of
from airflow_provider_hubcontact.refusal import Refusal
from airflow_provider_hubcontact.sandbox import Sandbox
from airflow_provider_hubcontact.status import status_of
from airflow_provider_hubcontact.sync.decide.rules import Rules
from airflow_provider_hubcontact.sync.decide.settle import Settled, settle
from airflow_provider_hubcontact.sync.flow.circuit_breaker import CircuitBreaker
from airflow_provider_hubcontact.sync.flow.sync import Sync
from airflow_provider_hubcontact.sync.model.change import Change, Write
from airflow_provider_hubcontact.sync.model.outcome import (
    ABOUT_A_RECORD,
    MAY_PASS,
    Outcome,
    Result,
    Stop,
    refused_as,
)
from airflow_provider_hubcontact.sync.model.ports import Answers, Lost, Step, Written
from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.sync.rows.comparison import Kind, kept
from airflow_provider_hubcontact.sync.rows.record_mapping import RecordMapping
from tests.client.scripted import reply, wire
from tests.fake_clock import FakeClock
from tests.sync.fakes import ShuffledWorkers

PEOPLE = [{"email": f"c{number}@example.com", "firstname": "old"} for number in range(200)]


@pytest.mark.parametrize("status", [207, *range(400, 600)])
def test_a_row_of_the_table_agrees_with_itself(status: int) -> None:
    """The client repeats what no record caused, and takes for a record's fault what sync does."""
    meaning, outcome = status_of(status), refused_as(status)
    about_a_record = {"BadRequest", "NotFound", "Conflict", "TooLarge"}

    assert meaning.passes or outcome not in MAY_PASS
    assert (meaning.error in about_a_record) is (outcome in ABOUT_A_RECORD)
    assert (meaning.error in {"Unauthorized", "Forbidden"}) is (outcome is Outcome.UNAUTHORIZED)
    assert (meaning.error == "StatusError") is (outcome is Outcome.UNKNOWN)


class Ended:
    """A run against a sandbox: results by row, why it stopped, and what it cost."""

    def __init__(
        self,
        sandbox: Sandbox,
        api: str,
        *,
        create: bool = False,
        rows: int = 5,
        source: list[dict[str, str]] | None = None,
    ) -> None:
        clock = FakeClock()
        self.results: dict[int, Result] = {}
        if source is None:
            source = [{"email": f"c{number}@example.com", "firstname": "new"} for number in range(rows)]
        if create:
            source = [each | {"email": f"new-{each['email']}"} for each in source]
        limit = RateLimit(1_000_000, clock=clock)
        with HubSpot(sandbox.url, AccessToken(sandbox.token), api_version=api, rate_limit=limit) as hubspot:
            port = port_of(hubspot, "email")
            sync = Sync(RecordMapping(), Rules(create=create), port, port)
            self.stop: Stop | None = sync.run(source, ShuffledWorkers(size=1), self._settled)
            self.calls: int = hubspot.calls.to_dict()["total"]
        self.rows = len(source)

    def _settled(self, result: Result) -> None:
        assert result.row not in self.results
        self.results[result.row] = result

    @property
    def outcomes(self) -> set[Outcome]:
        if self.stop is None:
            assert len(self.results) == self.rows
        return {result.outcome for result in self.results.values()}


@contextmanager
def troubled(**rule: object) -> Iterator[Sandbox]:
    with Sandbox(PEOPLE, faults={"rules": [rule]}) as sandbox:
        yield sandbox


CALLS = {
    "2026-09": ["batches.read", "batches.update", "batches.create"],
    "v1": ["contacts_v1.*"],
}
HUBSPOT_SAYS_SO = {400, 409, 413, 414, 422}
"""Statuses that decide about a record if HubSpot itself answers so."""


@settings(max_examples=60, deadline=None)
@given(
    st.integers(400, 599),
    st.sampled_from(["status", "html"]),
    st.sampled_from([(api, call) for api, calls in CALLS.items() for call in calls]),
    st.integers(0, 2),
)
def test_any_status_of_a_whole_call(status: int, kind: str, about: tuple[str, str], after: int) -> None:
    """A whole call's status makes no good record rejected, not found or written, unless HubSpot says so."""
    api, call = about
    create = call == "batches.create"
    with troubled(kind=kind, on=call, status=status, after=after if api == "v1" else 0) as sandbox:
        ended = Ended(sandbox, api, create=create)
        written = sum(
            contact.properties.get("firstname") == "new" for contact in sandbox.portal.page(0, 1_000)
        )

    allowed = {
        Outcome.UNKNOWN,
        Outcome.UNAVAILABLE,
        Outcome.THROTTLED,
        Outcome.UNAUTHORIZED,
        Outcome.NOT_ATTEMPTED,
    }
    if kind == "status" and status in HUBSPOT_SAYS_SO:
        allowed |= {Outcome.REJECTED, Outcome.CONFLICT}
    if api == "v1":
        allowed |= {Outcome.UPDATED}  # those before the trouble
    assert ended.outcomes <= allowed
    proved = {Outcome.UPDATED, Outcome.CREATED}
    assert sum(result.outcome in proved for result in ended.results.values()) == written


@pytest.mark.parametrize("status", [404, 405, 406, 410, 415, 418, 421, 426, 451, 499])
@pytest.mark.parametrize("about", [(api, call) for api, calls in CALLS.items() for call in calls])
@pytest.mark.parametrize("kind", ["status", "html"])
def test_a_status_that_is_about_no_record_stops_the_run(
    kind: str, status: int, about: tuple[str, str]
) -> None:
    """No further call can succeed where HubSpot's API is not; nothing is said of the records."""
    api, call = about
    with troubled(kind=kind, on=call, status=status) as sandbox:
        ended = Ended(sandbox, api, create=call == "batches.create")

    assert ended.stop is not None
    assert ended.stop.setup
    assert f"answered {status}" in ended.stop.reason
    assert "@" not in ended.stop.reason
    assert ended.outcomes == {Outcome.NOT_ATTEMPTED}
    assert ended.calls <= 2


@pytest.mark.parametrize("api", ["2026-09", "v1"])
def test_a_contact_that_is_missing(api: str) -> None:
    """HubSpot's own word that nobody has a key is about its record alone; the others are written."""
    with Sandbox(PEOPLE[:3]) as sandbox:
        ended = Ended(sandbox, api)

    outcomes = [ended.results[row].outcome for row in sorted(ended.results)]
    assert ended.stop is None
    assert outcomes == [Outcome.UPDATED] * 3 + [Outcome.NOT_FOUND] * 2


@pytest.mark.parametrize("status", [408, 425, 503])
@pytest.mark.parametrize("about", [(api, call) for api, calls in CALLS.items() for call in calls])
def test_what_a_proxy_gave_up_is_unavailable(status: int, about: tuple[str, str]) -> None:
    """408 and 425 are as 503: repeated, never halved, and at last ``unavailable``."""
    api, call = about
    with troubled(kind="html", on=call, status=status) as sandbox:
        ended = Ended(sandbox, api, create=call == "batches.create", rows=200)

    assert ended.outcomes <= {Outcome.UNAVAILABLE, Outcome.NOT_ATTEMPTED}
    assert Outcome.UNAVAILABLE in ended.outcomes
    assert ended.calls <= 30
    with troubled(kind="html", on=call, status=status, count=3) as sandbox:
        ended = Ended(sandbox, api, create=call == "batches.create")
    if call != "batches.create":
        assert ended.outcomes == {Outcome.UPDATED}


@pytest.mark.parametrize("status", [408, 425])
def test_a_create_that_a_proxy_gave_up_is_not_repeated(status: int) -> None:
    """It may have been carried out: the next try looks the contact up first."""
    with troubled(kind="html", on="batches.create", status=status, applied=True) as sandbox:
        ended = Ended(sandbox, "2026-09", create=True)
        created = [each for each in sandbox.portal.page(0, 1_000) if each.properties["firstname"] == "new"]

    assert len(created) == 5
    assert ended.outcomes == {Outcome.UNAVAILABLE}
    assert ended.calls == 2


@pytest.mark.parametrize("status", [413, 414])
def test_a_proxy_that_takes_small_calls_only(status: int) -> None:
    """A batch that is too large is sent in parts; a proxy's word makes no record rejected."""
    with troubled(kind="html", on="batches.update", status=status, count=3) as sandbox:
        assert Ended(sandbox, "2026-09").outcomes == {Outcome.UPDATED, Outcome.UNKNOWN}


# An attempt that may have been carried out


def after_a_loss(api: str, *rules: dict[str, object], rows: list[dict[str, str]] | None = None) -> Ended:
    """Run against a HubSpot that writes at the first attempt, answers 503, and has other trouble later."""
    call = "batches.update" if api == "2026-09" else "contacts_v1.*"
    first = {"kind": "status", "status": 503, "nth": [1], "applied": True}
    every = [
        {"name": f"trouble {number}", "kind": "status", "on": call, **rule}
        for number, rule in enumerate((first, *rules))
    ]
    with Sandbox(PEOPLE, faults={"rules": every}) as sandbox:
        return Ended(sandbox, api, source=rows)


@pytest.mark.parametrize("status", [400, 401, 403, 409, 413, 414, 422, 423, 429, 477])
@pytest.mark.parametrize("api", ["2026-09", "v1"])
def test_no_later_refusal_undoes_a_write(api: str, status: int) -> None:
    """An attempt without a clear answer may have written what a later one refuses: it is ``unknown``."""
    ended = after_a_loss(api, {"status": status, "after": 1})

    told = ended.results[1]
    assert told.outcome in {Outcome.UNKNOWN, Outcome.UNAVAILABLE}
    assert "an attempt that got no clear answer may have written it" in told.reason or told.status == status
    if api == "2026-09":  # all rows were in that call
        assert ended.outcomes <= {Outcome.UNKNOWN, Outcome.UNAVAILABLE}


def test_records_that_can_be_written_are_written_after_a_loss() -> None:
    """A refusal of a record is looked for as ever; what HubSpot accepts then is proved."""
    assert after_a_loss("2026-09", {"status": 400, "nth": [2]}).outcomes == {Outcome.UPDATED}


def test_no_status_action_makes_a_lost_attempt_good() -> None:
    """``status_actions`` that skip a 400 do not skip a record that may be written."""
    ended = after_a_loss("2026-09", {"status": 400, "after": 1})

    assert {result.status for result in ended.results.values()} == {None}


@pytest.mark.parametrize("stopped", [True, False])
def test_rows_of_one_key_after_a_loss(stopped: bool) -> None:
    """Rows that a call may have written are looked up again, and ``unknown`` if the run stops before.

    What that call has sent for them is told.
    """
    key = {"email": "c0@example.com"}
    rows = [key | {"firstname": "new"}, key | {"lastname": "new"}]
    second_look_up = {"on": "batches.read", "status": 401, "after": 1, "enabled": stopped}

    ended = after_a_loss("2026-09", {"status": 400, "nth": [2]}, second_look_up, rows=rows)

    assert (ended.stop is not None) is stopped
    assert ended.outcomes == {Outcome.UNKNOWN if stopped else Outcome.UNCHANGED}
    changes = {
        row: {name: new for name, (_, new) in each.changes.items()} for row, each in ended.results.items()
    }
    assert changes == {1: {"firstname": "new"}, 2: {"lastname": "new"}}


def test_an_error_inside_an_answer_after_a_loss() -> None:
    """A 207 names a record as refused, which the attempt before may have written."""
    found = [{"id": str(900 + row), "properties": {"email": f"c{row}@example.com"}} for row in (1, 2)]
    looked_up = reply(200, json.dumps({"status": "COMPLETE", "results": found}))
    error = {"status": "error", "category": "VALIDATION_ERROR", "message": "odd"}
    named = error | {"context": {"objectWriteTraceId": ["2-0"]}}
    results: dict[int, Result] = {}
    with (
        wire(looked_up, reply(503), batch([named], "901")) as to,
        HubSpot(
            to.server.url, AccessToken("pat-na1-x"), rate_limit=RateLimit(9, clock=FakeClock())
        ) as hubspot,
    ):
        port = port_of(hubspot, "email")
        rows = [{"email": f"c{row}@example.com", "firstname": "new"} for row in (1, 2)]
        sync = Sync(RecordMapping(), Rules(), port, port)
        sync.run(rows, ShuffledWorkers(), lambda result: results.update({result.row: result}))

    assert results[1].outcome is Outcome.UPDATED
    assert results[2].outcome is Outcome.UNKNOWN
    assert results[2].reason.endswith("may have written it; then: odd")


# Errors inside a 207


def batch(errors: list[dict[str, Any]], *written: str) -> bytes:
    results = [{"id": each, "properties": {}} for each in written]
    return reply(207, json.dumps({"status": "COMPLETE", "results": results, "errors": errors}))


def outcome_inside(error: dict[str, Any]) -> Result:
    """Let an answer confirm one of two inputs, and say this of the other."""
    changes = [
        Change(Record(row, f"k{row}", {}), Write.UPDATE, str(900 + row), ({"firstname": "new"},))
        for row in (1, 2)
    ]
    error = {"status": "error", "message": "odd", "context": {"objectWriteTraceId": ["2-0"]}} | error
    with wire(batch([error], "901")) as to, HubSpot(to.server.url, AccessToken("pat-na1-x")) as hubspot:
        answer = port_of(hubspot, "email").write(Write.UPDATE, [Step(change) for change in changes])
    settled = settle([Step(change) for change in changes], answer)
    first, second = sorted(settled.results)
    assert first.outcome is Outcome.UPDATED
    return second


@pytest.mark.parametrize("category", ["", "NEW_CATEGORY", "INTERNAL", "validation_error", "X" * 5_000])
def test_a_category_that_nobody_knows(category: str) -> None:
    """An error whose category says nothing decides nothing: its record is tried again."""
    result = outcome_inside({"category": category})

    assert (result.outcome, result.status, result.reason) == (Outcome.UNKNOWN, 207, "odd")


@given(st.integers(400, 599), st.booleans())
@settings(max_examples=25, deadline=None)
def test_a_category_that_nobody_knows_with_a_status(status: int, as_text: bool) -> None:
    """An error that says its own status is judged by it."""
    result = outcome_inside({"category": "NEW_CATEGORY", "status": str(status) if as_text else status})

    assert result.outcome is refused_as(status)
    assert result.status == status


@pytest.mark.parametrize(
    "status", ["error", None, True, 200, "99999999999999999999", "٤٠٤", -400, 404.0, [404]]
)
def test_a_status_that_is_not_valid(status: object) -> None:
    """What is no status of a refusal says nothing."""
    assert outcome_inside({"category": "NEW_CATEGORY", "status": status}).outcome is Outcome.UNKNOWN


def test_a_known_category_outranks_a_status() -> None:
    """HubSpot documents categories; a number beside one changes nothing."""
    result = outcome_inside({"category": "VALIDATION_ERROR", "status": 503})

    assert (result.outcome, result.status) == (Outcome.REJECTED, 400)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503])
def test_trouble_that_names_nobody_is_not_hunted_for(status: int) -> None:
    """An error that passes is nobody's fault: the records that it may be about are not halved."""
    changes = [
        Change(Record(row, f"k{row}", {}), Write.UPDATE, str(900 + row), ({"firstname": "new"},))
        for row in range(1, 9)
    ]

    settled = settle(
        [Step(change) for change in changes], Answers(207, (Written("901"),), (Refusal(status, "busy", "X"),))
    )

    assert settled.again == ()
    assert [result.outcome for result in settled.results].count(refused_as(status)) == 7


# An answer that contradicts itself, or the write


@given(st.sampled_from([207, *range(400, 600)]), st.booleans(), st.sampled_from(Write))
def test_a_contact_among_results_and_errors(status: int, by_trace: bool, write: Write) -> None:
    """Neither fact is believed: ``unknown``, with both."""
    address = "k1" if write is Write.CREATE else "901"
    change = Change(Record(1, "k1", {}), write, address, ({"firstname": "new"},))
    refusal = Refusal(
        status, "it is wrong", "X", trace_ids=("1-0",) if by_trace else (), ids=() if by_trace else (address,)
    )

    settled = settle([Step(change)], Answers(207, (Written("901", "k1"),), (refusal,)))

    (result,) = settled.results
    assert result.outcome is Outcome.UNKNOWN
    assert "written" in result.reason
    assert "it is wrong" in result.reason
    assert settled == Settled((result,))


def test_a_key_that_is_found_and_missing() -> None:
    """A look-up that finds a key and says that nobody has it proves neither."""
    error = {"category": "OBJECT_NOT_FOUND", "message": "x", "context": {"ids": ["c0@example.com"]}}
    found = {"id": "901", "properties": {"email": "c0@example.com", "firstname": "new"}}
    body = {"status": "COMPLETE", "results": [found], "errors": [error]}
    results: list[Result] = []
    with (
        wire(reply(207, json.dumps(body))) as to,
        HubSpot(to.server.url, AccessToken("pat-na1-x")) as hubspot,
    ):
        port = port_of(hubspot, "email")
        sync = Sync(RecordMapping(), Rules(), port, port)
        sync.run([{"email": "c0@example.com", "firstname": "new"}], ShuffledWorkers(), results.append)

    (result,) = results
    assert result.outcome is Outcome.UNKNOWN
    assert len(to.server.requests) == 1


def echoed(kind: Kind, wanted: str, old: str | None, shown: str | None, *earlier: dict[str, str]) -> Outcome:
    """Write a value, and let the answer show another one."""
    steps = (*earlier, {"p": wanted})
    change = Change(Record(1, "k1", {}), Write.UPDATE, "901", steps, {"p": old})
    answer = Answers(200, (Written("901", properties={"p": shown}),))
    (result,) = settle([Step(change, len(earlier))], answer, {"p": kind}).results
    if result.outcome is Outcome.UNKNOWN:
        assert repr(shown or "")[:20] in result.reason
        assert repr(wanted)[:20] in result.reason
    return result.outcome


@pytest.mark.parametrize(
    ("kind", "wanted", "old", "shown"),
    [
        (Kind.TEXT, "new", "old", "old"),
        (Kind.TEXT, "new", None, None),
        (Kind.TEXT, "new", None, ""),
        (Kind.TEXT, "", "old", "old"),
        (Kind.TEXT, "Anna", "Ann", "Ann"),
        (Kind.TEXT, "+49 30 99", "+49 30 98", "+49 30 98"),
        (Kind.EMAIL, "new@x.de", "old@x.de", "OLD@x.de"),
        (Kind.NUMBER, "15", "1.5", "1.5"),
        (Kind.NUMBER, "2", "1", "1.0"),
        (Kind.BOOLEAN, "true", "false", "false"),
        (Kind.DATE, "2026-01-02", "2026-01-01", "1767225600000"),
        (Kind.DATETIME, "2026-01-01T10:00:00Z", "2026-01-01T09:00:00Z", "2026-01-01T09:00:00Z"),
        (Kind.OPTION, "b", "a", "a"),
        (Kind.OPTIONS, ";golf", "wine", "wine"),
        (Kind.OPTIONS, "a;b", "a", "a"),
        (Kind.UNKNOWN, "new", "old", "old"),
    ],
)
def test_an_echo_of_the_old_value(kind: Kind, wanted: str, old: str | None, shown: str | None) -> None:
    """A write that HubSpot confirms with the value of before is not proved."""
    assert echoed(kind, wanted, old, shown) is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("kind", "wanted", "old", "shown"),
    [
        (Kind.TEXT, "new", "old", "new"),
        (Kind.TEXT, "new", "old", "somebody else's"),
        (Kind.TEXT, "  new ", "new", "new"),
        (Kind.TEXT, "   ", None, ""),
        (Kind.TEXT, "+49 (0)30 123456", "+4930123456", "+4930123456"),
        (Kind.TEXT, "030 123456", "+4930123456", "+4930123456"),
        (Kind.TEXT, "(555) 010-9999", "5550109999", "5550109999"),
        (Kind.EMAIL, "NEW@x.de", "new@x.de", "new@x.de"),
        (Kind.NUMBER, "1.50", "1.5", "1.5"),
        (Kind.NUMBER, "0.1234567890123456789", "0.12345678901234568", "0.12345678901234568"),
        (Kind.BOOLEAN, "true", "false", "TRUE"),
        (Kind.DATE, "2026-01-01T12:00:00Z", "2026-01-01", "2026-01-01"),
        (Kind.OPTIONS, ";golf", "wine", "wine;golf"),
        (Kind.OPTIONS, "b;a", "a;b", "a;b"),
        (Kind.TEXT, "", "old", None),
        (Kind.UNKNOWN, "1.50", "1.5", "1.5"),
        (Kind.UNKNOWN, "030 123456", "+4930123456", "+4930123456"),
    ],
)
def test_an_echo_that_only_looks_different(
    kind: Kind, wanted: str, old: str | None, shown: str | None
) -> None:
    """HubSpot trims, lower-cases, rounds and formats; somebody else may write meanwhile."""
    assert echoed(kind, wanted, old, shown) is Outcome.UPDATED


@given(st.sampled_from(Kind), st.text(max_size=20), st.none() | st.text(max_size=20))
def test_an_echo_of_what_was_written(kind: Kind, wanted: str, old: str | None) -> None:
    """A value that comes back as it was sent never contradicts, trimmed or in capitals neither."""
    assert not kept(kind, wanted, old, wanted)
    if kind is Kind.TEXT:
        assert not kept(kind, wanted, old, wanted.strip())


@given(st.sampled_from(Kind), st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_only_the_old_value_contradicts(kind: Kind, wanted: str, old: str, shown: str) -> None:
    """Any other value may be what HubSpot makes of the written one."""
    if shown != old and kept(kind, wanted, old, shown):
        assert kept(kind, wanted, old, old)


def test_what_an_answer_does_not_mention_contradicts_nothing() -> None:
    """Answers hold some of the values only, and the old value may not be known."""
    change = Change(Record(1, "k1", {}), Write.UPDATE, "901", ({"p": "new", "q": "new"},), {"p": "old"})
    answer = Answers(200, (Written("901", properties={"q": "old"}),))

    (result,) = settle([Step(change)], answer).results

    assert result.outcome is Outcome.UPDATED


def test_the_old_value_of_a_second_step_is_the_first_steps() -> None:
    """A value that is cleared, and then set, is compared with what it was in between."""
    assert echoed(Kind.TEXT, "new", "old", "", {"p": ""}) is Outcome.UNKNOWN
    assert echoed(Kind.TEXT, "new", "old", "old", {"p": ""}) is Outcome.UPDATED


def test_a_long_value_is_cut_short_in_a_reason() -> None:
    """A reason is one line of bounded length, whatever the value is."""
    wanted = "n\x1b[31m" * 30_000
    change = Change(Record(1, "k1", {}), Write.UPDATE, "901", ({"p": wanted},), {"p": "old"})

    (result,) = settle([Step(change)], Answers(200, (Written("901", properties={"p": "old"}),))).results

    assert result.outcome is Outcome.UNKNOWN
    assert len(result.reason) < 1_000
    assert result.reason.isprintable()


@pytest.mark.parametrize("sent", [True, False])
def test_a_wrong_address_stops_the_run_once(sent: bool) -> None:
    """``setup`` alone stops it, whether or not something was sent."""
    breaker = CircuitBreaker()
    breaker.observe(Lost("nobody is there", sent=sent, setup=True))
    breaker.observe(Lost("later", sent=sent))

    assert breaker.stop == Stop("nobody is there", None, setup=True)
