# SPDX-License-Identifier: Apache-2.0
"""What the benchmarks make of what they measured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import lists
from benchmarks.__main__ import measured
from benchmarks.bad_rows import account
from benchmarks.contest import Outcome
from benchmarks.contestant import Task
from benchmarks.page import write
from benchmarks.population import BAD_VALUE, email, row, rows, spoilt, write_rows
from benchmarks.portal import Count
from benchmarks.quota import share, steady
from benchmarks.table import goal, number, ratio, table


@pytest.mark.parametrize("changed", [0, 10, 100])
def test_that_many_rows_of_each_hundred_differ_from_the_portal(changed: int) -> None:
    """Of each 100 rows, as many as asked for are not what the portal begins with."""
    source = list(rows(300, changed))

    differing = [place for place, each in enumerate(source) if each != row(place)]

    assert [changed] * 3 == [sum(place // 100 == hundred for place in differing) for hundred in range(3)]


@pytest.mark.parametrize("kind", ["value", "missing"])
def test_that_many_rows_of_each_hundred_are_bad(kind: str) -> None:
    """Of each 100 rows, as many as asked for have a bad value, or no contact."""
    bad = [
        each
        for place, each in enumerate(spoilt(200, 10, kind))
        if BAD_VALUE.items() <= each.items() or each["email"] != email(place)
    ]

    assert len(bad) == 20


def test_rows_survive_the_file(tmp_path: Path) -> None:
    """What a contestant reads is what was written, with the record id."""
    file = tmp_path / "rows.jsonl"

    write_rows(file, rows(3), {email(1): "77"})

    read = list(Task("", "", file).rows())
    assert read[1]["id"] == "77"
    assert list(rows(3)) == [{name: each[name] for name in each if name != "id"} for each in read]


def test_what_a_contestant_says_is_held_against_the_portal(tmp_path: Path) -> None:
    """A record that is said to be written and is not counts as told wrongly, and a good one as unwritten."""
    file = tmp_path / "rows.jsonl"
    write_rows(file, rows(4), {})
    stored = {email(number): row(number, 1) for number in (0, 1)}
    told = {email(0): True, email(1): False, email(2): True, email(3): False}

    counted = account(file, Outcome(4, 1.0, 1.0, 1.0, Count(4, 0, {}), told), stored, 0)

    assert (counted["wrong"], counted["unwritten"]) == (500.0, 500.0)


def test_refused_calls_are_no_use_of_the_quota() -> None:
    """The share counts the calls that were let through, against the limit for the time."""
    assert share({"case": [100, 0.3, 1.2], "calls": 210, "refused": 10, "seconds": 40.0}) == 0.5


def test_the_steady_use_leaves_out_start_and_end() -> None:
    """The first ten seconds and the last ones of a run are not in the mean."""
    used = [0, 0, *range(1, 21), *[100] * 20, *[3] * 8]

    assert steady(used, 24.0) == 100.0


def test_a_short_run_has_no_steady_use() -> None:
    """Without a window that lies within the run, nothing is said."""
    assert steady([1, 2, 3], 2.0) is None


@pytest.mark.parametrize(
    ("value", "text"), [(1234.5, "1,234"), (12.34, "12.3"), (1.234, "1.23"), (2.0, "2"), (None, "–")]
)
def test_numbers_have_the_digits_that_matter(value: float | None, text: str) -> None:
    """Small numbers have two decimals, large ones none."""
    assert text == number(value)


def test_a_missed_goal_says_why() -> None:
    """The page names the reason of a goal that was missed, and not of one that was met."""
    assert goal("So fast", "3×", met=False, why="Since.") == "- So fast: **3×**, **missed**. Since.\n"
    assert goal("So fast", ratio(9, 1), met=True, why="Since.") == "- So fast: **9×**, met.\n"


def test_a_table_is_markdown() -> None:
    """Names are left, numbers right."""
    assert table(("a", "b"), [("x", 1)]) == "| a | b |\n| :--- | ---: |\n| x | 1 |\n"


def test_what_could_not_run_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A section says why it is not measured, and the others are written; without the peers, too."""
    monkeypatch.setattr("benchmarks.page.RESULTS", tmp_path)
    monkeypatch.setattr("benchmarks.page.PEERS", tmp_path / "no-python")
    told = {"quick": True, "date": "2026-01-01", "processes": 2}
    alone = {"seconds": 10.0, "calls": 100, "refused": 1, "rates": [10.0, 12.0]}
    results = [{**told, "shared": True, "error": "no Redis"}, {**told, "shared": False, **alone}]
    (tmp_path / "workers.jsonl").write_text("\n".join(map(json.dumps, results)), encoding="utf-8")

    write(tmp_path / "new" / "folder")

    page = (tmp_path / "new" / "folder" / "benchmarks.md").read_text(encoding="utf-8")
    assert "**One limit, shared by a store**\n\nNot measured: no Redis.\n" in page
    assert "| 2 | 52.1 % | 1.0 % | 22 | 1× | 0.91 |" in page
    assert "Not measured yet: `make bench ARGS=cpu`." in page
    assert "The peers ran with" not in page


def test_what_breaks_off_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A benchmark that cannot run ends in a sentence, and its older results stay."""
    monkeypatch.setattr("benchmarks.__main__.RESULTS", tmp_path)
    (tmp_path / "nothing.jsonl").write_text("older", encoding="utf-8")

    assert not measured("nothing", quick=True)
    assert "nothing did not run: ModuleNotFoundError: " in capsys.readouterr().out
    assert (tmp_path / "nothing.jsonl").read_text(encoding="utf-8") == "older"


def test_calls_of_a_run_that_goes_on_where_another_ended() -> None:
    """Only what came after the earlier count is its own."""
    earlier, later = (
        Count(5, 1, {"lists.search": 1, "contacts.read": 4}),
        Count(8, 1, {"lists.search": 4, "contacts.read": 4}),
    )

    assert later.since(earlier) == Count(3, 0, {"lists.search": 3})


def test_what_a_list_costs() -> None:
    """A run that makes too many calls about the list says why; how many depends on the contacts."""
    results = [
        {
            "run": name,
            "rows": 20_000,
            "seconds": 10.0,
            "calls": 200,
            "of_lists": 41 if name == "again" else 40,
        }
        for name in lists.RUNS
    ]

    said = " ".join(lists.page(results).split())

    assert "a list that gets them all, and a state: at most 40 calls about it: **40**, met." in said.lower()
    assert "where all are members: at most 40 calls about it: **41**, **missed**." in said


def test_slices_end(tmp_path: Path) -> None:
    """A contestant whose time is over gets no further row."""
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps(row(0)) + "\n", encoding="utf-8")

    assert list(Task("", "", file, seconds=-1).rows()) == []
