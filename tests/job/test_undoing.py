# SPDX-License-Identifier: Apache-2.0
"""Which lines of a ledger are of one contact, and what they come to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from airflow_provider_hubcontact.job.errors import SourceError
from airflow_provider_hubcontact.job.settings.replay import Replay
from airflow_provider_hubcontact.job.source.undoing import undone_run
from airflow_provider_hubcontact.sync.keep.ledger import Line
from airflow_provider_hubcontact.sync.model.record import Record

REPLAY = Replay("l", undo=True)


class Lines:
    """Makes lines, each a second later than the one before."""

    def __init__(self) -> None:
        self.made: list[Line] = []

    def __call__(
        self,
        key: str,
        contact: str | None = None,
        outcome: str = "updated",
        **changes: tuple[str | None, str],
    ) -> Lines:
        self.made.append(
            {
                "run": "dag/run",
                "task": "t",
                "try": 1,
                "row": len(self.made) + 1,
                "digest": f"{key} {len(self.made)}",
                "key": key,
                "contact": contact,
                "outcome": outcome,
                "changed": [*changes],
                "changes": {name: list(both) for name, both in changes.items()},
                "time": f"2026-11-01T00:00:{len(self.made):02}.000+00:00",
            }
        )
        return self


def records(lines: Sequence[Line], **replay: Any) -> list[tuple[str, Record]]:
    """Return the key or id, and the record, of each contact."""
    with undone_run(lines, Replay("l", undo=True, **replay), "email") as run:
        return [(record.key, record) for _, record, _ in run.records()]


def values(lines: Sequence[Line]) -> list[tuple[str, dict[str, str]]]:
    return [(key, dict(record.properties)) for key, record in records(lines)]


def unidentified(lines: Sequence[Line]) -> list[str]:
    with undone_run(lines, REPLAY, "email") as run:
        return [each.key for each in run.unidentified()]


def test_the_record_id_decides() -> None:
    """Whatever the contact's key was at the time, and whatever the order in which parts are read."""
    lines = Lines()("a", "1", city=("x", "y"), email=("a", "b"))("a", "2", city=("p", "q"))(
        "b", "1", city=("y", "z")
    )

    for order in (lines.made, lines.made[::-1]):
        assert values(order) == [("1", {"city": "x", "email": "a"}), ("2", {"city": "p"})]
    ((_, first), _) = records(lines.made)
    assert first.undoes is not None
    assert first.undoes.written["city"] == [("y", "z")]


def test_another_line_knows_the_record_id() -> None:
    """Such as that of the try after the one that got no answer; not if it could be one of two."""
    lost = Lines()("a", None, "unknown", city=(None, "y"))

    assert values(lost("a", "1", "unchanged").made) == [("1", {"city": ""})]
    assert values(lost("a", "2", "unchanged").made) == [("a", {"city": ""})]


def test_without_record_ids() -> None:
    """A contact is known by the key that it has then, and by those that it had."""
    lines = Lines()("a", city=("x", "y"))("a", email=("a", "b"))("b", city=("y", "z"))("a", city=("z", "w"))
    lines("c", city=("1", "2"))

    assert values(lines.made) == [("b", {"city": "x", "email": "a"}), ("c", {"city": "1"})]
    assert unidentified(lines.made) == ["b", "c"]


@pytest.mark.parametrize(
    "lines",
    [
        Lines()("a", email=("a", "b"))("b", email=("b", "a")),
        Lines()("b", city=("1", "2"))("a", email=("a", "b")),
    ],
    ids=["moved twice, or swapped", "onto a key of another contact"],
)
def test_who_is_who_is_not_clear(lines: Lines) -> None:
    """Such a contact is not looked up: it could be another one."""
    assert set(unidentified(lines.made)) <= {"b"}
    assert len(unidentified(lines.made)) < 2
    assert [key for key, _ in values(lines.made)] != unidentified(lines.made)


def test_a_key_that_was_given_up_may_be_anothers() -> None:
    lines = Lines()("b", email=("b", "c"))("a", email=("a", "b"))

    assert unidentified(lines.made) == ["c", "b"]


def test_two_parts_of_one_contact_are_not_joined() -> None:
    """Lines with and without the record id of one contact do not tell which came last."""
    with undone_run(Lines()("a", city=("x", "y"))("b", "1", city=("y", "z")).made, REPLAY, "email") as run:
        (each,) = run.unidentified()

        assert not run.identify(each.number, "1")
        assert run.identify(each.number, "2")


def test_a_contact_that_was_to_be_created_was_not_met_before() -> None:
    """A row before it may have found another contact, by its new key."""
    lines = Lines()("new", "1", "unchanged")("new", None, "unknown", email=(None, "new"))
    lines("new", "5", city=("x", "y"))

    ((contact, record),) = records(lines.made)

    assert contact == "5"
    assert record.undoes
    assert record.undoes.created
    assert unidentified(lines.made[:2]) == ["new"]


def test_a_write_without_a_look_up_may_be_anothers() -> None:
    """What it wrote of the contact that has its key, as another line tells, was not read before the run."""
    lines = Lines()("a", "2")("c", "1")("a", "1", city=("x", "y"), phone=("7", "8"))
    lines.made[0]["changed"], lines.made[1]["changed"] = ["city"], ["zip"]

    found = {key: (dict(record.properties), record.undoes) for key, record in records(lines.made)}

    assert {key: properties for key, (properties, _) in found.items()} == {"1": {"phone": "7"}, "2": {}}
    assert {key: {*undone.unread} for key, (_, undone) in found.items() if undone} == {
        "1": {"city", "zip"},
        "2": {"city"},
    }


def test_many_are_read_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their record ids are written meanwhile."""
    monkeypatch.setattr("airflow_provider_hubcontact.job.source.undoing.SOME", 2)
    lines = Lines()
    for number in range(5):
        lines(f"k{number}", city=("x", "y"))
    with undone_run(lines.made, REPLAY, "email") as run:
        found = [each.key for each in run.unidentified() if run.identify(each.number, each.key.upper())]

        assert found == [f"k{number}" for number in range(5)]
        assert [contact for *_, contact in run.records()] == [each.upper() for each in found]


def test_what_does_not_count() -> None:
    """Lines of other runs and tasks, and those that wrote nothing."""
    lines = Lines()("a", "1", "unchanged")("b", "2", "rejected")("c", "3", "not_attempted", city=("x", "y"))
    other = [{**Lines()("d", "4", city=("x", "y")).made[0], "run": "dag/other", "changes": None}]
    third = [{**Lines()("e", "5", city=("x", "y")).made[0], "task": "u"}]

    assert values(lines.made) == []
    assert values(third) == [("5", {"city": "x"})]
    assert records([*lines.made, *other, *third], run="dag/run", task="t") == []


def test_records_without_old_values_are_counted() -> None:
    """They may have been written."""
    lines = Lines()("a", None, "unknown")("b", None, "unavailable")("c", None, "unknown", city=("x", "y"))

    with undone_run(lines.made, REPLAY, "email") as run:
        assert run.unclear == 1


def test_a_contact_that_may_lack_its_list_was_not_written() -> None:
    """If only the call about its list got no answer, the line says all that was written."""
    lines = Lines()("a", "1", "unknown")("b", "2", "unknown", city=("x", "y"))

    with undone_run([{**line, "category": "LIST"} for line in lines.made], REPLAY, "email") as run:
        assert run.unclear == 0
        assert [record.key for _, record, _ in run.records()] == ["2"]


def test_what_a_killed_try_may_have_written_is_counted() -> None:
    """A later try finds such records unchanged, and no earlier one has a line of them."""
    first, second = (
        Lines()("a", "1", city=("x", "y")).made,
        Lines()("a", "1", "unchanged")("b", "2", "unchanged").made,
    )
    lines = [*first, *({**line, "try": 2} for line in second)]
    lines += [{**line, "digest": None, "try": 2} for line in second]

    with undone_run(lines, REPLAY, "email") as run:
        assert run.untold == 1
    with undone_run(second, REPLAY, "email") as run:
        assert run.untold == 0


def test_a_line_of_an_earlier_version_has_no_values() -> None:
    """Its fields may be missing."""
    line = {**Lines()("a", city=("x", "y")).made[0]}
    del line["contact"], line["changes"]

    with pytest.raises(SourceError, match="does not have the values, so the run cannot be undone"):
        records([line])


@pytest.mark.parametrize(
    "changes", [{"city": "xy"}, {"city": ["x"]}, {"city": ["x", None]}, {"city": [1, "y"]}, []]
)
def test_changes_that_nobody_has_written_so(changes: object) -> None:
    """Nothing is undone by a line that was edited."""
    line = {**Lines()("a", city=("x", "y")).made[0], "row": 7, "changes": changes}

    with pytest.raises(SourceError, match="has been edited: the changes of row 7 are no pairs"):
        records([line])
