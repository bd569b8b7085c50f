# SPDX-License-Identifier: Apache-2.0
"""What a task's log says while it runs."""

from __future__ import annotations

import logging

import pytest

from airflow_provider_hubcontact.sandbox import Sandbox
from tests.airflow.running import connect, run


def test_a_run_tells_how_far_it_is(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Every few seconds, with what is left of the day; no value of a record is in it."""
    monkeypatch.setattr("airflow_provider_hubcontact.job.run.progress.EVERY", 0.1)
    monkeypatch.setattr("airflow_provider_hubcontact.job.run.progress.SAMPLE_EVERY", 0.05)
    contacts = [{"email": f"c{n}@example.com"} for n in range(300)]
    with Sandbox(contacts, latency=0.15, tier="free") as hubspot:
        connect(monkeypatch, hubspot.url, hubspot.token)
        records = [{"email": f"c{n}@example.com", "city": "Secret City"} for n in range(300)]
        with caplog.at_level(logging.INFO):
            run(records=records)

    lines = [record.getMessage() for record in caplog.records if record.name.endswith("progress")]
    assert lines
    assert "of 300 rows" in lines[0]
    assert "calls left today" in lines[-1]
    assert not any("Secret" in line or "example.com" in line for line in lines)
