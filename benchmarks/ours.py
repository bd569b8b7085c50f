"""This provider, as its operator puts it together, without Airflow around it."""

from __future__ import annotations

from airflow_provider_hubcontact.client import AccessToken, HubSpot, RateLimit
from airflow_provider_hubcontact.client.shared_slots import SharedSlots
from airflow_provider_hubcontact.operators.contacts_port import port_of
from airflow_provider_hubcontact.sync.engine import Sync
from airflow_provider_hubcontact.sync.jobs import Answer, Job
from airflow_provider_hubcontact.sync.outcome import Outcome, Result
from airflow_provider_hubcontact.sync.plan import Rules
from airflow_provider_hubcontact.sync.record import Shape
from airflow_provider_hubcontact.sync.report import Report
from airflow_provider_hubcontact.sync.validation import Schema
from airflow_provider_hubcontact.sync.workers import ThreadWorkers
from benchmarks.contestant import Task, compete
from benchmarks.population import BAD_VALUE, PROPERTIES, SCHEMA

WRITTEN = {Outcome.UPDATED, Outcome.UNCHANGED}


def sync(task: Task) -> None:
    """Validate, look up, write what differs; at the limit that a store shares, if there is one."""
    report = Report()

    def settled(result: Result) -> None:
        report.add(result)
        task.told[str(result.key)] = result.outcome in WRITTEN

    mapping = {name: name for name in ("email", *PROPERTIES, *BAD_VALUE)}
    store = task.options.get("store")
    slots = SharedSlots(store, "bench") if store else None
    with HubSpot(task.url, AccessToken(task.token), rate_limit=RateLimit(slots=slots)) as hubspot:
        port = port_of(hubspot, "email")
        run = Sync(Shape(mapping=mapping), Rules(), port, port, schema=Schema.of(SCHEMA))
        with ThreadWorkers[Job, Answer](lambda: hubspot.at_once, hubspot.cancel) as workers:
            run.run(task.rows(), workers, settled)
    task.ended = report.rows


if __name__ == "__main__":
    compete(sync)
