# SPDX-License-Identifier: Apache-2.0
"""This provider, as its operator puts it together, without Airflow around it."""

from __future__ import annotations

from airflow_provider_hubcontact.client import AccessToken, HubSpot, RateLimit
from airflow_provider_hubcontact.client.limits.shared_quota import SharedSlots
from airflow_provider_hubcontact.job.portal.contacts_port import port_of
from airflow_provider_hubcontact.sync.decide.rules import Rules
from airflow_provider_hubcontact.sync.flow.calls import Answer, Call
from airflow_provider_hubcontact.sync.flow.sync import Sync
from airflow_provider_hubcontact.sync.flow.workers import ThreadWorkers
from airflow_provider_hubcontact.sync.keep.report import Report
from airflow_provider_hubcontact.sync.model.outcome import DECIDES_VALUES, Result
from airflow_provider_hubcontact.sync.rows.json_schema import Schema
from airflow_provider_hubcontact.sync.rows.record_mapping import RecordMapping
from benchmarks.contestant import Task, compete
from benchmarks.population import BAD_VALUE, PROPERTIES, SCHEMA


def sync(task: Task) -> None:
    """Validate, look up, write what differs; at the limit that a store shares, if there is one."""
    report = Report()

    def settled(result: Result) -> None:
        report.add(result)
        task.told[str(result.key)] = result.outcome in DECIDES_VALUES

    mapping = {name: name for name in ("email", *PROPERTIES, *BAD_VALUE)}
    store = task.options.get("store")
    slots = SharedSlots(store, "bench") if store else None
    with HubSpot(task.url, AccessToken(task.token), rate_limit=RateLimit(slots=slots)) as hubspot:
        port = port_of(hubspot, "email")
        run = Sync(RecordMapping(mapping=mapping), Rules(), port, port, schema=Schema.of(SCHEMA))
        with ThreadWorkers[Call, Answer](lambda: hubspot.at_once, hubspot.cancel) as workers:
            run.run(task.rows(), workers, settled)
    task.ended = report.rows


if __name__ == "__main__":
    compete(sync)
