# SPDX-License-Identifier: Apache-2.0
"""The values that go through the ports."""

from __future__ import annotations

from airflow_provider_hubcontact.sync.model.change import Change, Write
from airflow_provider_hubcontact.sync.model.ports import Step
from airflow_provider_hubcontact.sync.model.record import Record


def test_steps_follow_each_other() -> None:
    """The steps of a change come in their order, each with its values and an id of its own."""
    change = Change(Record(12, "ada@x.y", {}), Write.UPDATE, "901", ({"a": "1"}, {"b": "2"}))

    first = Step(change)
    second = first.next

    assert second == Step(change, 1)
    assert second.next is None
    assert [step.properties for step in (first, second)] == [{"a": "1"}, {"b": "2"}]
    assert [step.trace_id for step in (first, second)] == ["12-0", "12-1"]
