# SPDX-License-Identifier: Apache-2.0
"""How many of HubSpot's refusals the portal's definitions catch before they are sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from airflow_provider_hubcontact.client import AccessToken, HubSpot, PropertyDefinition
from airflow_provider_hubcontact.job.portal.contacts_port import port_of
from airflow_provider_hubcontact.job.portal.definitions import portal_of
from airflow_provider_hubcontact.sandbox import Sandbox
from airflow_provider_hubcontact.sandbox.crm.properties.rules import Rule
from airflow_provider_hubcontact.sandbox.switches import Switches
from airflow_provider_hubcontact.sync.decide.rules import Rules
from airflow_provider_hubcontact.sync.flow.calls import Answer, Call
from airflow_provider_hubcontact.sync.flow.sync import Sync
from airflow_provider_hubcontact.sync.flow.workers import ThreadWorkers
from airflow_provider_hubcontact.sync.keep.report import Report
from airflow_provider_hubcontact.sync.model.outcome import Outcome
from airflow_provider_hubcontact.sync.rows.coercion import Coercer
from airflow_provider_hubcontact.sync.rows.record_mapping import RecordMapping
from benchmarks.population import Row, email, row, rows
from benchmarks.table import Result, goal, number, paragraph, percent, table

BAD_IN_100 = 5

BAD: dict[str, Row] = {
    "an option that does not exist": {"hs_lead_status": "NO_SUCH_STATUS"},
    "a label instead of the value": {"hs_lead_status": "Open Deal"},
    "one wrong option of several": {"hs_buying_role": "CHAMPION;BOSS"},
    "not a number": {"seats": "many"},
    "not a date": {"born": "02.01.1990"},
    "not a time": {"seen": "yesterday"},
    "neither yes nor no": {"vip": "perhaps"},
    "a text that is too long": {"message": "x" * 65_537},
    "a property that HubSpot sets": {"hubspotscore": "99"},
    "a property that does not exist": {"favourite_colour": "red"},
    "a rule of the admins": {"zip": "D-10115"},
    "a limit of the admins": {"seats": "1000"},
}
"""What is wrong → the value."""

OURS = (
    PropertyDefinition("seats", "Seats", "number", "number"),
    PropertyDefinition("born", "Born", "date", "date"),
    PropertyDefinition("seen", "Seen", "datetime", "date"),
    PropertyDefinition("vip", "VIP", "bool", "booleancheckbox"),
)

RULES = (("zip", "ALPHANUMERIC", "NUMERIC_ONLY"), ("seats", "MAX_NUMBER", "100"))


def run(*, quick: bool) -> Iterator[Result]:
    """Measure."""
    count = 2_400 if quick else 24_000
    for whole in (False, True):
        switches = Switches(batch_update_with_trace_ids="400" if whole else "207")
        for checks in (False, True):
            with Sandbox((row(number_) for number_ in range(count)), switches=switches) as sandbox:
                yield {"whole": whole, "checks": checks, **_measure(sandbox, count, checks=checks)}


def _measure(sandbox: Sandbox, count: int, *, checks: bool) -> Result:
    report = Report()
    with HubSpot(sandbox.url, AccessToken(sandbox.token)) as hubspot:
        for definition in OURS:
            hubspot.properties.create(definition)
        for name, rule, argument in RULES:
            known = sandbox.portal.definitions[name]
            sandbox.portal.redefine(replace(known, rules=(*known.rules, Rule(rule, (argument,)))))
        made = hubspot.calls.to_dict()["total"]
        found = portal_of(hubspot.properties, rules=True)
        port = port_of(hubspot, "email")
        sync = Sync(
            RecordMapping(),
            Rules(kinds=found.kinds),
            port,
            port,
            Coercer(found.kinds, report.samples.coerced),
            portal=found.schema() if checks else None,
        )
        with ThreadWorkers[Call, Answer](lambda: hubspot.at_once, hubspot.cancel) as workers:
            sync.run(bad_rows(count), workers, report.add)
        calls = hubspot.calls.to_dict()["total"] - made
    outcomes = report.to_dict()["outcomes"]
    return {
        "rows": report.rows,
        "bad": sum(1 for number_ in range(count) if _is_bad(number_)),
        "caught": outcomes.get(Outcome.INVALID, 0),
        "refused": outcomes.get(Outcome.REJECTED, 0),
        "written": outcomes.get(Outcome.UPDATED, 0),
        "calls": calls,
    }


def bad_rows(count: int) -> Iterator[Row]:
    """Give changed rows, of which five in each 100 have a fault; all kinds of fault come as often."""
    kinds = list(BAD.values())
    faults = 0
    for number_, good in enumerate(rows(count)):
        if _is_bad(number_):
            yield {**good, "email": email(number_), **kinds[faults % len(kinds)]}
            faults += 1
        else:
            yield good


def page(results: list[Result]) -> str:
    """Show."""
    text = paragraph(
        f"{BAD_IN_100} in 100 rows have a value that HubSpot refuses, of {len(BAD)} kinds: {', '.join(BAD)}. "
        "The operator checks values against the portal's definitions and the rules of its admins before "
        "it sends them. *Not checked* is the same sync without that, as with a token that may not read the "
        "definitions."
    )
    head = ("", "rows", "bad", "caught", "refused by HubSpot", "written", "calls")
    for whole, title in WHOLE.items():
        chosen = [each for each in results if each["whole"] == whole]
        without, checked = sorted(chosen, key=lambda each: bool(each["checks"]))
        share, saved = checked["caught"] / checked["bad"], 1 - checked["calls"] / without["calls"]
        text += f"\n**{title}**\n\n" + table(head, map(_line, (without, checked)))
        text += "\n" + goal("All bad values caught before they are sent", percent(share), met=share == 1)
        text += paragraph(f"- Calls saved: **{percent(saved)}**")
    return text


WHOLE = {
    False: "HubSpot names the records that it refuses",
    True: "HubSpot refuses batches whole",
}


def _line(result: Result) -> tuple[str, ...]:
    names = ("rows", "bad", "caught", "refused", "written", "calls")
    return ("checked" if result["checks"] else "not checked", *(number(result[name]) for name in names))


def _is_bad(number_: int) -> bool:
    return number_ * 37 % 100 < BAD_IN_100
