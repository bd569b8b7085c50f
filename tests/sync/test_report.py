# SPDX-License-Identifier: Apache-2.0
"""What a run came to."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from airflow_provider_hubcontact.refusal import Detail, Refusal
from airflow_provider_hubcontact.sync.keep.report import Report, fold
from airflow_provider_hubcontact.sync.keep.samples import (
    MAX_CHANGED_VALUES,
    MAX_CHANGES,
    MAX_REASON_LENGTH,
    MAX_REASONS,
    MAX_SAMPLES,
    MAX_SAMPLES_OF_A_KIND,
    MAX_VALUE_LENGTH,
)
from airflow_provider_hubcontact.sync.model.choices import Membership
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result
from airflow_provider_hubcontact.sync.model.record import Coercion, Record


def test_report_in_full() -> None:
    """The report is JSON, and holds the counts, a sample of problems, and a sample of changes."""
    report = Report(api_version="2026-09", seconds=2.0004, calls={"total": 3}, stopped="why")
    report.limits = {"changes": 5}
    report.add(Result(1, "a", Outcome.UPDATED, 200, changes={"firstname": ("A", "Ada")}, contact="7"))
    report.add(Result(2, "b", Outcome.UPDATED, 204))
    report.add(Result(3, "c", Outcome.REJECTED, 400, "VALIDATION_ERROR", "is bad", ("firstname",), "c-1"))
    report.add(Result(4, "", Outcome.INVALID, None, "KEY", "no key"))

    assert json.loads(json.dumps(report.to_dict())) == {
        "report": "hubspot-sync-1",
        "rows": 4,
        "outcomes": {"updated": 2, "invalid": 1, "rejected": 1},
        "statuses": {"200": 1, "204": 1, "400": 1},
        "calls": {"total": 3},
        "verified": None,
        "plan": None,
        "planned": None,
        "decision": None,
        "limits": {"changes": 5},
        "from_earlier_tries": 0,
        "removals": 0,
        "seconds": 2.0,
        "rows_per_second": 2.0,
        "api_version": "2026-09",
        "dry_run": False,
        "stopped": "why",
        "ledger": None,
        "state": None,
        "portal": None,
        "quota": None,
        "timeline": [],
        "properties_created": [],
        "lists": {},
        "more_lists": {},
        "lists_created": [],
        "more_lists_created": 0,
        "upsert_refused": None,
        "without_values": 0,
        "reasons": [
            {
                "code": "HC-200",
                "row": 3,
                "key": "c",
                "outcome": "rejected",
                "status": 400,
                "category": "VALIDATION_ERROR",
                "reason": "is bad",
                "properties": ["firstname"],
                "correlation_id": "c-1",
                "contact": None,
                "earlier_try": None,
                "cause": "HubSpot refused it (VALIDATION_ERROR)",
                "count": 1,
            },
            {
                "code": "HC-101",
                "row": 4,
                "key": "",
                "outcome": "invalid",
                "status": None,
                "category": "KEY",
                "reason": "no key",
                "properties": [],
                "correlation_id": None,
                "contact": None,
                "earlier_try": None,
                "cause": "the key is missing or not valid (KEY)",
                "count": 1,
            },
        ],
        "problems": [
            {
                "code": "HC-200",
                "row": 3,
                "key": "c",
                "outcome": "rejected",
                "status": 400,
                "category": "VALIDATION_ERROR",
                "reason": "is bad",
                "properties": ["firstname"],
                "correlation_id": "c-1",
                "contact": None,
                "earlier_try": None,
            },
            {
                "code": "HC-101",
                "row": 4,
                "key": "",
                "outcome": "invalid",
                "status": None,
                "category": "KEY",
                "reason": "no key",
                "properties": [],
                "correlation_id": None,
                "contact": None,
                "earlier_try": None,
            },
        ],
        "coercions": {"counts": {}, "sample": []},
        "changes": [
            {
                "row": 1,
                "key": "a",
                "contact": "7",
                "outcome": "updated",
                "properties": {"firstname": ["A", "Ada"]},
            }
        ],
    }


def test_what_a_dry_run_would_do() -> None:
    """It is counted by what would be done, and is no problem; several reports are added up."""
    report = Report(dry_run=True)
    for row, category in enumerate(
        ("WOULD_UPDATE", "WOULD_UPDATE", "WOULD_CREATE", "WOULD_REMOVE", "WOULD_ARCHIVE"), 1
    ):
        report.add(Result(row, "7", Outcome.NOT_ATTEMPTED, category=category))
    report.add(Result(6, "8", Outcome.NOT_ATTEMPTED, reason="the run stopped"))
    told = report.to_dict()

    assert told["planned"] == {"changes": 2, "creates": 1, "removals": 2}
    assert [problem["key"] for problem in told["problems"]] == ["8"]
    assert fold([told, told])["planned"] == {"changes": 4, "creates": 2, "removals": 4}
    assert fold([Report().to_dict()])["planned"] is None


@pytest.mark.parametrize(
    "result",
    [
        Result(1, "7", Outcome.ARCHIVED, changes={"city": ("Rome", "")}),
        Result(1, "7", Outcome.NOT_ATTEMPTED, category="WOULD_ARCHIVE", changes={"city": ("Rome", "")}),
    ],
)
def test_a_contact_that_is_archived(result: Result) -> None:
    """It is told from one whose properties are cleared."""
    report = Report()
    report.add(result)

    (change,) = report.to_dict()["changes"]
    assert change["archived"] is True


def test_reasons_are_counted() -> None:
    """By outcome, category and properties, the most frequent first; as many kinds as a reader takes in."""
    report = Report()
    for row in range(600):
        report.add(Result(row, "k", Outcome.REJECTED, 400, "A", f"is {row}", ("zip",)))
        report.add(Result(row, "k", Outcome.INVALID, None, "B", "is bad", (f"p{row}",)))

    first, *others = report.to_dict()["reasons"]

    assert (first["count"], first["reason"], first["properties"]) == (600, "is 0", ["zip"])
    assert len(others) == MAX_REASONS - 1


def test_empty_report() -> None:
    """A run without rows and time has no speed."""
    report = Report()

    assert (report.rows, report.problems) == (0, ())
    assert report.to_dict()["rows_per_second"] is None


def test_samples_are_bounded_by_kind() -> None:
    """The first records of each kind of problem are kept; good ones are none."""
    report = Report()
    for row in range(1, 101):
        report.add(Result(row, "k", Outcome.UPDATED, 200))
        report.add(Result(row + 100, "k", Outcome.REJECTED, 400, "A"))
        report.add(Result(row + 200, "k", Outcome.REJECTED, 400, "B"))

    firsts = range(1, MAX_SAMPLES_OF_A_KIND + 1)
    assert {result.row for result in report.problems} == {n + k for n in firsts for k in (100, 200)}
    assert report.rows == 300


def test_a_sample_keeps_no_whole_refusal() -> None:
    """HubSpot's answer may be of any length; what is kept of it is what the report shows."""
    report = Report()
    report.add(Result.refused(1, "k", Outcome.REJECTED, Refusal(400, "no", details=(Detail("x"),) * 1_000)))

    assert [result.refusal for result in report.problems] == [None]
    assert [reason.example.refusal for reason in report.reasons] == [None]


def test_samples_are_bounded_in_all() -> None:
    """However many kinds of problems there are, the sample stays small."""
    report = Report()
    for row in range(1_000):
        report.add(Result(row, "k", Outcome.REJECTED, 400, f"CATEGORY_{row}", "x" * 10_000))

    problems = report.to_dict()["problems"]

    assert len(problems) == MAX_SAMPLES
    assert {len(problem["reason"]) for problem in problems} == {MAX_REASON_LENGTH}


def test_changes_are_bounded() -> None:
    """The sample of changes is the first of them, written or not."""
    report = Report(dry_run=True)
    for row in range(100):
        changes = {"firstname": ("A", "B")} if row % 2 else {}
        report.add(Result(row, "k", Outcome.NOT_ATTEMPTED, None, "DRY_RUN", changes=changes))

    changes_told = report.to_dict()["changes"]

    assert [change["row"] for change in changes_told] == list(range(1, 2 * MAX_CHANGES, 2))


def test_changes_of_many_properties_are_bounded() -> None:
    """The report goes into Airflow's database, however wide the records are."""
    report = Report()
    wide = {f"property_{number}": (None, "new") for number in range(MAX_CHANGED_VALUES - 1)}
    for row in range(1, 5):
        report.add(Result(row, "k", Outcome.UPDATED, 200, changes=wide))

    assert [change["row"] for change in report.to_dict()["changes"]] == [1, 2]


def test_long_values_are_cut() -> None:
    """A sample of changes stays small, whatever the properties hold."""
    report = Report()
    report.add(Result(1, "a", Outcome.UPDATED, 200, changes={"message": (None, "x" * 65_536)}))

    assert report.to_dict()["changes"][0]["properties"]["message"] == [None, "x" * MAX_VALUE_LENGTH + "…"]


def test_what_others_wrote_is_one_line() -> None:
    """A report gets into logs, and into databases that have no zero character in JSON."""
    report = Report()
    report.add(Result(1, "k\n[ERROR] x", Outcome.REJECTED, 400, "A\x1b[31m", "a\nb", ("p\r\nq",)))
    report.add(Result(2, "k", Outcome.UPDATED, 200, changes={"note": ("a\0b", "c\nd")}))

    told = report.to_dict()

    (problem,), (change,) = told["problems"], told["changes"]
    assert (problem["key"], problem["reason"], problem["properties"]) == ("k [ERROR] x", "a b", ["p  q"])
    assert problem["category"] == "A [31m"
    assert change["properties"] == {"note": ["a\ufffdb", "c d"]}


def test_the_speed_has_one_digit() -> None:
    """Of what comes after the point."""
    report = Report(seconds=3.0)
    report.add(Result(1, "a", Outcome.UPDATED, 200))

    assert report.to_dict()["rows_per_second"] == 0.3


def test_what_an_earlier_try_has_ended() -> None:
    """It counts, but not for the speed, nor for the metrics of this try."""
    report = Report(seconds=2.0)
    report.resume(Counter({(Outcome.UPDATED, 200): 5}))
    report.add(Result(6, "a", Outcome.REJECTED, 400, earlier=1))
    report.add(Result(7, "b", Outcome.UPDATED, 200))

    told = report.to_dict()

    assert (told["rows"], told["from_earlier_tries"], told["rows_per_second"]) == (7, 6, 0.5)
    assert report.ended_now == {Outcome.UPDATED: 1}


class TestFold:
    def test_counts_add_up(self) -> None:
        """One report for all, in the same shape, and the number of those that are missing."""
        one, two = Report(api_version="2026-09", seconds=2.0), Report(api_version="2026-09", seconds=4.0)
        one.calls = {"total": 3, "by_status": {"200": 3}}
        two.calls = {"total": 2, "by_status": {"200": 1, "503": 1}}
        one.verified = {"records": 1, "calls": 1}
        one.without_values, two.without_values = 2, 3
        one.add(Result(1, "a", Outcome.UPDATED, 200, changes={"firstname": ("A", "Ada")}))
        two.add(Result(1, "b", Outcome.UPDATED, 200, earlier=1))
        two.add(Result(2, "c", Outcome.REJECTED, 400, "BAD", "is bad"))

        newer = {"without_values", "lists", "lists_created", "more_lists", "more_lists_created"}
        older = {name: value for name, value in one.to_dict().items() if name not in newer}
        folded = fold([older])
        assert [folded[name] for name in sorted(newer)] == [{}, [], {}, 0, 0]
        folded = fold([one.to_dict(), None, two.to_dict()])

        assert folded.pop("missing") == 1
        assert folded["without_values"] == 5
        assert folded.keys() == one.to_dict().keys()
        assert folded["rows"] == 3
        assert folded["outcomes"] == {"updated": 2, "rejected": 1}
        assert folded["statuses"] == {"200": 2, "400": 1}
        assert folded["calls"] == {"total": 5, "by_status": {"200": 4, "503": 1}}
        assert (folded["seconds"], folded["rows_per_second"], folded["from_earlier_tries"]) == (4.0, 0.5, 1)
        assert folded["verified"] == {"records": 1, "calls": 1}
        assert [each["key"] for each in folded["problems"]] == ["c"]
        assert [each["key"] for each in folded["changes"]] == ["a"]

    def test_a_part_that_has_pushed_nothing(self) -> None:
        """Airflow leaves it out, so that only its number tells."""
        assert fold([Report().to_dict()], expected=3)["missing"] == 2

    def test_samples_stay_small(self) -> None:
        """However many reports there are."""
        report = Report()
        for row in range(MAX_SAMPLES):
            report.add(Result(row, "k", Outcome.REJECTED, 400, f"KIND {row}", changes={"a": (None, "b")}))

            report.samples.coerced(Record(row, "k", {}, coercions=(Coercion("a", f"way {row}", "1", "2"),)))

        folded = fold([report.to_dict()] * 50)

        assert len(folded["problems"]) == MAX_SAMPLES
        assert len(folded["coercions"]["sample"]) == MAX_SAMPLES
        assert len(folded["changes"]) == MAX_CHANGES

    def test_nothing(self) -> None:
        """No report at all is one without rows."""
        assert fold([])["rows"] == 0
        assert fold([None, None])["missing"] == 2


def many_lists(first: int, count: int) -> Report:
    """Return the report of a run with a list a row, but for the last list, which has two."""
    report = Report()
    for number in range(first, first + count):
        row = Result(
            number, f"{number}@x.y", Outcome.UPDATED, list_id=str(number), membership=Membership.ADDED
        )
        report.add(row)
    report.add(row._replace(row=first + count, membership=Membership.MEMBER))
    report.name_lists(lambda list_id: "n" * 300 + list_id, [f"new {number}" for number in range(count)])
    return report


def test_lists_are_bounded() -> None:
    """A report names those of the most contacts, and has the sums of all others, also of several tasks."""
    told = many_lists(1, 50_000).to_dict()

    assert len(json.dumps(told)) < 60_000
    assert told["lists"]["50000"] == {"name": "n" * 200 + "…", "added": 1, "member": 1}
    assert (len(told["lists"]), told["more_lists"]) == (100, {"count": 49_900, "added": 49_900})
    assert (len(told["lists_created"]), told["more_lists_created"]) == (100, 49_900)

    whole = fold([told, many_lists(50_000, 150).to_dict(), many_lists(1, 1).to_dict()])

    assert whole["lists"]["50000"] == {"name": "n" * 200 + "…", "added": 2, "member": 1}
    assert len(whole["lists"]) == 100
    sums = Counter(
        {each: whole["more_lists"][each] for each in ("added", "member") if each in whole["more_lists"]}
    )
    for each in whole["lists"].values():
        sums.update({name: each[name] for name in ("added", "member") if name in each})
    assert sums == {"added": 50_151, "member": 3}
    assert whole["more_lists_created"] == 49_900 + 50 + 101


def test_a_report_of_few_lists_names_them_all() -> None:
    """Nothing is left out."""
    told = many_lists(1, 100).to_dict()

    assert (len(told["lists"]), told["more_lists"], told["more_lists_created"]) == (100, {}, 0)


def test_changes_that_may_not_have_been_made() -> None:
    """A sample of changes has what was written."""
    report = Report()
    for outcome in (Outcome.UNCHANGED, Outcome.UNKNOWN, Outcome.UPDATED):
        report.add(Result(1, "a", outcome, changes={"city": ("Rome", str(outcome))}))

    (change,) = report.to_dict()["changes"]
    assert "updated" in str(change)
