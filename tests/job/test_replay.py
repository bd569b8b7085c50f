"""Which rows of a ledger are sent again."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from airflow_provider_hubcontact.job.settings import Replay
from airflow_provider_hubcontact.job.source.replay import KEY, replayed
from airflow_provider_hubcontact.sync.keep.ledger import Line
from airflow_provider_hubcontact.sync.rows.record_mapping import RecordMapping

OLD, NEW = "2026-11-01T00:00:00.000+00:00", "2026-11-02T00:00:00.000+00:00"


def line(outcome: str, time: str, name: str) -> Line:
    return {"key": "a@x.y", "outcome": outcome, "time": time, "values": {"firstname": name}}


@pytest.mark.parametrize(
    ("lines", "sent"),
    [
        ([line("rejected", OLD, "A"), line("updated", NEW, "B")], []),
        ([line("updated", NEW, "B"), line("rejected", OLD, "A")], []),
        ([line("updated", OLD, "A"), line("rejected", NEW, "B")], ["B"]),
        ([line("rejected", NEW, "B"), line("updated", OLD, "A")], ["B"]),
        ([line("rejected", NEW, "A"), line("rejected", NEW, "B")], ["B"]),
        ([line("rejected", NEW, "A"), line("superseded", NEW, "B")], ["A"]),
    ],
    ids=["done", "done, read first", "failed", "failed, read first", "at one time", "superseded"],
)
def test_the_last_line_of_a_key_decides(lines: Sequence[Line], sent: Sequence[str]) -> None:
    """By its time: parts of a ledger may be read in any order."""
    rows = list(replayed(lines, Replay("ledger"), None, RecordMapping()))

    assert rows == [{"firstname": name, KEY: "a@x.y"} for name in sent]
