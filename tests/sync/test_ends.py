# SPDX-License-Identifier: Apache-2.0
"""Runs that are told to end, that remember, and that read back what they wrote."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_hubcontact.refusal import Refusal
from airflow_provider_hubcontact.sync.decide.rules import Rules
from airflow_provider_hubcontact.sync.flow.calls import Answer, Call
from airflow_provider_hubcontact.sync.flow.engine import FLUSH_EVERY, INTERRUPTED
from airflow_provider_hubcontact.sync.flow.stations.ends import MAX_LOGGED
from airflow_provider_hubcontact.sync.flow.sync import Sync
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result, Stop
from airflow_provider_hubcontact.sync.model.ports import Answers, Refused, Written
from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.sync.rows.record_mapping import RecordMapping
from tests.sync.fakes import FakePortal, Odd, ShuffledWorkers, refused, results_of

MANY = 40
ROWS = [{"email": f"p{number}@x.y", "firstname": "new"} for number in range(MANY)]


def portal(**options: Any) -> FakePortal:
    return FakePortal.of(*({"email": row["email"], "firstname": "old"} for row in ROWS), **options)


def sync_of(contacts: FakePortal, **options: Any) -> Sync:
    return Sync(RecordMapping(), Rules(), contacts, contacts, **options)


class Interrupted(ShuffledWorkers):
    """Workers of a run that is told to end.

    :param after: answers that come before that.
    :param answers: whether the calls under way still end.
    """

    def __init__(self, seed: int, after: int, *, answers: bool) -> None:
        super().__init__(seed)
        self._left = after
        self._told = False
        self._answers = answers

    def finished(self) -> tuple[Call, Answer] | None:
        if self._left > 0:
            self._left -= 1
            return super().finished()
        if not self._told or not self._answers:
            self._told = True
            return None
        return super().finished()


@pytest.mark.parametrize("answers", [True, False], ids=["calls end", "calls do not end"])
@pytest.mark.parametrize("verify", [True, False], ids=["verified", "believed"])
@pytest.mark.parametrize("after", [0, 1, 3, 7, 15, 22])
def test_a_run_that_is_told_to_end(after: int, verify: bool, answers: bool) -> None:
    """Every row has one outcome: what was written, what is not known, and what was not sent."""
    for seed in range(10):
        contacts = portal()
        sync = sync_of(contacts, verifier=contacts if verify else None)

        results = results_of(sync, ROWS, Interrupted(seed, after, answers=answers))

        assert list(results) == list(range(1, MANY + 1))
        for row, result in results.items():
            is_new = contacts.contacts[str(row)]["firstname"] == "new"
            assert is_new or result.outcome is not Outcome.UPDATED
            if is_new:
                assert result.outcome in {Outcome.UPDATED, Outcome.UNKNOWN}
        assert any("stopped" in result.reason for result in results.values())


def test_why_it_ended() -> None:
    """The run says that it was told to."""
    stop = sync_of(portal()).run(ROWS, Interrupted(0, 2, answers=True), lambda _: None)

    assert stop == Stop(INTERRUPTED)


class Journal:
    """Remembers in memory.

    :param known: rows that have ended before.
    :param broken_after: results after which it cannot be kept.
    """

    def __init__(self, known: frozenset[int] = frozenset(), broken_after: int | None = None) -> None:
        self.known = known
        self.broken_after = broken_after
        self.results: list[Result] = []
        self.kept = 0

    def earlier(self, record: Record, /) -> Result | None:
        if record.row not in self.known:
            return None
        return Result(record.row, record.key, Outcome.CREATED, 201, earlier=1)

    def settled(self, result: Result, /) -> None:
        self.results.append(result)

    def flush(self) -> None:
        if self.broken_after is not None and len(self.results) > self.broken_after:
            raise OSError("no space left")
        self.kept = len(self.results)


def run(sync: Sync, journal: Journal, rows: list[dict[str, str]]) -> dict[int, Result]:
    results: dict[int, Result] = {}
    sync.run(rows, ShuffledWorkers(), lambda result: results.update({result.row: result}), journal)
    return results


def test_what_has_ended_before_is_not_sent() -> None:
    """Its contact is neither read nor written; its result is given."""
    contacts, known = portal(), frozenset(range(1, 31))

    results = run(sync_of(contacts), journal := Journal(known), ROWS)

    assert {row for row, result in results.items() if result.earlier == 1} == known
    assert sum(len(keys) for keys in contacts.reads) == MANY - len(known)
    assert contacts.contacts["1"]["firstname"] == "old"
    assert contacts.contacts["40"]["firstname"] == "new"
    assert journal.kept == MANY


def test_a_journal_that_cannot_be_kept() -> None:
    """The run ends with what the journal raised, once every row read has its outcome."""
    results: dict[int, Result] = {}
    contacts = portal()
    sync = sync_of(contacts, max_in_flight=9)

    with pytest.raises(OSError, match="no space"):
        sync.run(
            ROWS, ShuffledWorkers(), lambda each: results.update({each.row: each}), Journal(broken_after=5)
        )

    assert sorted(results) == list(range(1, len(results) + 1))
    assert len(results) < MANY
    assert any("results cannot be recorded: OSError" in result.reason for result in results.values())


def test_a_run_that_never_waits_keeps_its_journal() -> None:
    """However many rows end at once."""
    seen: list[int] = []

    class Counting(Journal):
        def flush(self) -> None:
            super().flush()
            seen.append(self.kept)

    run(sync_of(portal()), Counting(), [{"email": ""}] * (3 * FLUSH_EVERY + 1))

    assert seen[:3] == [FLUSH_EVERY, 2 * FLUSH_EVERY, 3 * FLUSH_EVERY]


@pytest.mark.parametrize("seed", range(5))
def test_verified_in_any_order(seed: int) -> None:
    """What was written is read back, in batches; the same contact's next row waits for it."""
    contacts = portal()
    rows = [*ROWS, *({**row, "firstname": "newer"} for row in ROWS)]
    sync = sync_of(contacts, verifier=contacts, max_in_flight=20)

    results = results_of(sync, rows, ShuffledWorkers(seed))

    assert {result.outcome for result in results.values()} <= {Outcome.UPDATED, Outcome.SUPERSEDED}
    assert {contact["firstname"] for contact in contacts.contacts.values()} == {"newer"}


def test_what_was_confirmed_and_not_done() -> None:
    """HubSpot's word alone is not taken."""
    contacts = portal(fates=[None, Odd.DEAF])
    believed = results_of(sync_of(contacts), ROWS[:3], ShuffledWorkers(size=1))
    lying = portal()
    lying.write = _confirm_only(lying)  # type: ignore[method-assign]

    results = results_of(sync_of(lying, verifier=lying), ROWS[:3], ShuffledWorkers(size=1))

    assert {result.outcome for result in believed.values()} == {Outcome.UNKNOWN}
    assert {result.outcome for result in results.values()} == {Outcome.UNKNOWN}
    assert "firstname is 'old', not 'new'" in results[1].reason


def _confirm_only(contacts: FakePortal) -> Any:
    def write(_kind: object, steps: Any, /) -> Answers:
        return Answers(200, tuple(Written(step.change.address, None, step.properties) for step in steps))

    return write


def test_a_call_that_raises() -> None:
    """What no call should raise ends the run, once every row that was read has its outcome."""
    contacts = portal()
    results: dict[int, Result] = {}

    class Broken:
        batch_size, always = 10, True

        def read(self, *_: object) -> Any:
            raise AttributeError("a defect")

    with pytest.raises(AttributeError, match="a defect"):
        Sync(RecordMapping(), Rules(), Broken(), contacts).run(
            ROWS, ShuffledWorkers(), lambda each: results.update({each.row: each})
        )

    assert sorted(results) == list(range(1, MANY + 1))
    assert {each.outcome for each in results.values()} <= {Outcome.UNAVAILABLE, Outcome.NOT_ATTEMPTED}


def test_a_value_that_cannot_be_read() -> None:
    """Its row is invalid; the others go on."""

    class Hostile(dict[str, str]):
        def __getitem__(self, column: str) -> Any:
            raise RuntimeError("no")

    contacts = portal()
    key = Decimal("123456789012345678901234567890.5")

    results = results_of(sync_of(contacts), [ROWS[0], Hostile(ROWS[1]), {"email": key}, ROWS[3]])

    assert [results[row].outcome for row in (1, 2, 3, 4)] == [
        Outcome.UPDATED, Outcome.INVALID, Outcome.INVALID, Outcome.UPDATED,
    ]  # fmt: skip
    assert (results[2].category, results[2].properties) == ("INTERNAL_ERROR", ("email",))
    assert "RuntimeError" in results[2].reason


def test_errors_of_the_code_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    """The first of them, each with its row; other rows that are not valid are not."""

    class Hostile(dict[str, str]):
        def __getitem__(self, column: str) -> Any:
            raise RuntimeError("no")

    results_of(sync_of(portal()), [{"email": ""}, *[Hostile(ROWS[0])] * (MAX_LOGGED + 2), {"email": ""}])

    errors = [each.getMessage() for each in caplog.records if each.levelname == "ERROR"]
    assert [each.partition(": ")[0] for each in errors] == [f"Row {row + 2}" for row in range(MAX_LOGGED)]


def test_a_body_that_cannot_be_sent() -> None:
    """Text that no JSON can hold ends its own row, before a batch is made of it."""
    results = results_of(sync_of(portal()), [{**ROWS[0], "firstname": "\ud800"}, ROWS[1]])

    assert [each.outcome for each in results.values()] == [Outcome.INVALID, Outcome.UPDATED]


def test_a_write_that_raises() -> None:
    """Nobody knows whether it was carried out; what came after it was not sent."""
    contacts = portal()
    results: dict[int, Result] = {}

    def write(*_: object) -> Any:
        raise AttributeError("a defect")

    contacts.write = write  # type: ignore[method-assign]
    with pytest.raises(AttributeError, match="a defect"):
        sync_of(contacts, max_in_flight=3).run(
            ROWS, ShuffledWorkers(size=1), lambda each: results.update({each.row: each})
        )

    assert sorted(results) == [1, 2, 3]
    assert {(each.outcome, each.reason) for each in results.values()} == {
        (Outcome.UNKNOWN, "the call ended with AttributeError")
    }


def test_a_stop_before_what_was_written_is_read_back() -> None:
    """It is not read back any more: nobody knows whether it is there."""
    contacts = portal(fates=[None, refused(401, stops=True)])
    writer, verifier = FakePortal(contacts.contacts), FakePortal(contacts.contacts, batch_size=9)
    sync = Sync(RecordMapping(), Rules(), contacts, writer, verifier=verifier, max_in_flight=6)

    results = results_of(sync, ROWS[:6], ShuffledWorkers(1, size=2))

    assert (len(writer.writes), verifier.reads) == (1, [])
    assert {results[row].outcome for row in (1, 2, 3)} == {Outcome.UNKNOWN}
    assert "could not be read back: the run stopped: HubSpot answered 401" in results[1].reason


def test_a_stop_before_a_check_is_sent() -> None:
    """What was to be read back is as if it had not been asked for."""
    for seed in range(40):
        contacts = portal(fates=[None, None, refused(401, stops=True)])
        writer, verifier = FakePortal(contacts.contacts), FakePortal(contacts.contacts)
        sync = Sync(RecordMapping(), Rules(), contacts, writer, verifier=verifier)

        results = results_of(sync, ROWS[:9], ShuffledWorkers(seed, size=3))

        read = {key for keys in verifier.reads for key in keys}
        assert [*results] == [*range(1, 10)]
        for row, _ in writer.applied:
            is_read = results[row].key in read
            assert results[row].outcome is (Outcome.UPDATED if is_read else Outcome.UNKNOWN), seed


@pytest.mark.parametrize("after_loss", [False, True])
def test_a_refusal_after_an_attempt_without_an_answer(after_loss: bool) -> None:
    """It does not prove that the record was not written; what may have been written is told."""
    contacts = portal()
    answer = Refused(Refusal(404, "no such contact", "OBJECT_NOT_FOUND"), after_loss=after_loss)
    contacts.write = lambda *_: answer  # type: ignore[method-assign]

    results = results_of(sync_of(contacts), ROWS[:1])

    assert results[1].outcome is (Outcome.UNKNOWN if after_loss else Outcome.NOT_FOUND)
    assert results[1].changes == ({"firstname": ("old", "new")} if after_loss else {})
    assert (results[1].contact, results[1].unread) == ("1", ())


def test_a_row_that_an_earlier_try_has_ended_counts() -> None:
    """A key of such a row is a duplicate in this try, too, where each may come only once."""
    sync = sync_of(portal(), once=True)
    results: dict[int, Result] = {}

    sync.run(
        [ROWS[0], ROWS[2]],
        ShuffledWorkers(),
        lambda each: results.update({each.row: each}),
        ended=ROWS[:2],
        first=3,
    )

    assert {row: each.outcome for row, each in results.items()} == {3: Outcome.INVALID, 4: Outcome.UPDATED}


def test_a_signal_during_a_stop() -> None:
    """Answers that still come are waited for, as without it."""
    contacts = portal()
    workers = Interrupted(3, 4, answers=True)
    sync = sync_of(contacts)
    expired = Refused(Refusal(401, "expired"), stops=True)
    reads = iter(range(100))

    class Expiring:
        batch_size, always = contacts.batch_size, True

        def read(self, keys: Any, properties: Any, /) -> Any:
            return expired if next(reads) == 3 else contacts.read(keys, properties)

    results = results_of(replace(sync, reader=Expiring()), ROWS, workers)

    assert list(results) == list(range(1, MANY + 1))
    assert not any("before HubSpot answered" in each.reason for each in results.values())
