"""The commands."""

from __future__ import annotations

from argparse import Namespace
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from airflow_provider_hubcontact.cli.output import Output, counts
from airflow_provider_hubcontact.cli.sources import mapping_of, source_of
from airflow_provider_hubcontact.client import REQUIRED_SCOPES, HubSpot
from airflow_provider_hubcontact.client.errors import Forbidden, Unauthorized
from airflow_provider_hubcontact.hooks.hubspot import HubSpotHook
from airflow_provider_hubcontact.job.errors import SourceError
from airflow_provider_hubcontact.job.portal.definitions import Portal, portal_of
from airflow_provider_hubcontact.job.source.replay import last_lines
from airflow_provider_hubcontact.operators.hubspot import HubSpotUpdateContactOperator
from airflow_provider_hubcontact.operators.stores.ledger_files import all_lines
from airflow_provider_hubcontact.sync.decide.lifecycle import Stages
from airflow_provider_hubcontact.sync.flow.record_reader import RecordReader
from airflow_provider_hubcontact.sync.keep.report import DIGEST_SHOWN, Report
from airflow_provider_hubcontact.sync.model.outcome import SUCCESSES, Result
from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.sync.rows.coercion import Coercer
from airflow_provider_hubcontact.sync.rows.json_schema import Schema
from airflow_provider_hubcontact.sync.rows.portal_schema import PortalSchema
from airflow_provider_hubcontact.sync.rows.record_mapping import RecordMapping

OK, PROBLEMS = 0, 1

MOST_SHOWN = 100
"""Records that a table shows."""


def check(chosen: Namespace, output: Output) -> int:
    """Try a connection."""
    with HubSpotHook(chosen.conn_id).get_conn() as hubspot:
        try:
            access = hubspot.account.access()
        except (Unauthorized, Forbidden) as error:
            output.error(error)
            return PROBLEMS
        details = hubspot.account.details()
        missing = sorted(REQUIRED_SCOPES - access.scopes)
        facts = {
            "portal": details.portal_id,
            "account": details.account_type,
            "time_zone": details.time_zone,
            "api_version": hubspot.api_version,
            "scopes": sorted(access.scopes),
            "missing_scopes": missing,
            "calls_in_10_seconds": hubspot.rate_limit.limit,
            "calls_left_today": hubspot.rate_limit.daily_remaining,
        }
    if output.as_json:
        output.json(facts)
    else:
        shown = {name.replace("_", " "): value for name, value in facts.items()}
        scopes = {"scopes": " ".join(sorted(access.scopes)), "missing scopes": " ".join(missing) or "none"}
        output.facts(shown | scopes)
    return PROBLEMS if missing else OK


def schema(chosen: Namespace, output: Output) -> int:
    """Print the portal's schema."""
    with HubSpotHook(chosen.conn_id).get_conn() as hubspot:
        document = _portal(hubspot)[1].document
    known = document["properties"]
    if unknown := [name for name in chosen.properties if name not in known]:
        raise SourceError(f"the portal has no property {', '.join(unknown)}")
    if chosen.properties:
        document["properties"] = {name: known[name] for name in chosen.properties}
    output.json(document)
    return OK


def validate(chosen: Namespace, output: Output) -> int:
    """Check records."""
    mapping = mapping_of(chosen)
    required = Schema.of(Path(chosen.schema)) if chosen.schema else None
    report = Report()
    found, portal = Portal(Stages.default()), None
    if not chosen.no_portal:
        with HubSpotHook(chosen.conn_id).get_conn() as hubspot:
            found, portal = _portal(hubspot)
    shape = RecordMapping(chosen.key, chosen.id_property, mapping, kinds=found.kinds)
    coercer = Coercer(found.kinds, report.coerced, chosen.id_property, found.padded)
    rows = 0
    problems: list[Result] = []
    reasons: Counter[str] = Counter()
    with source_of(chosen) as source:
        for rows, row in enumerate(output.progress(source), 1):
            result = _checked(rows, row, shape, coercer, required, portal)
            if result is None:
                continue
            reasons.update(result.properties or (result.category or "",))
            if len(problems) < MOST_SHOWN:
                problems.append(result)
            report.add(result)
    invalid = report.rows
    if output.as_json:
        told = report.to_dict()
        shown = [_told(result) for result in problems]
        document = {"rows": rows, "valid": rows - invalid, "invalid": invalid, "by_property": dict(reasons)}
        output.json({**document, "coercions": told["coercions"], "problems": shown})
        return PROBLEMS if invalid else OK
    if problems:
        output.table(
            ("row", "key", "properties", "reason"),
            ((each.row, each.key, " ".join(each.properties), each.reason) for each in problems),
        )
        output.line()
    if invalid > len(problems):
        output.line(f"… and {invalid - len(problems):,} more")
    output.line(f"{rows:,} records: {rows - invalid:,} valid, {invalid:,} invalid.")
    if reasons:
        output.line(f"By property: {counts(reasons)}.")
    return PROBLEMS if invalid else OK


def plan(chosen: Namespace, output: Output) -> int:
    """Write a plan."""
    with source_of(chosen) as source:
        operator = HubSpotUpdateContactOperator(
            task_id="plan",
            records=output.progress(source),
            hubspot_conn_id=chosen.conn_id,
            mapping=mapping_of(chosen),
            key=chosen.key,
            id_property=chosen.id_property,
            schema=Path(chosen.schema) if chosen.schema else None,
            mode=chosen.mode,
            plan=chosen.out,
            dry_run=True,
        )
        report = Report(dry_run=True)
        stop = Execution(operator, {}).run(report)
    if stop:
        raise SourceError(f"the plan is not whole: {stop.reason}")
    told = report.to_dict()
    if output.as_json:
        output.json(told)
    else:
        totals = told["plan"]
        output.facts(
            {
                "rows": f"{totals['rows']:,}",
                "changes": f"{totals['changes']:,}",
                "creates": f"{totals['creates']:,}",
                "others": counts(totals["others"]),
                "stage moves": counts(totals["stage_moves"]),
                "calls to apply it": f"{totals['calls']:,}, about {totals['minutes']:g} minutes",
                "digest": totals["sha256"][:DIGEST_SHOWN],
                "kept in": chosen.out,
            }
        )
        if told["changes"]:
            output.line()
            output.table(("row", "key", "property", "has", "gets"), _changes(told["changes"]))
        if told["problems"]:
            output.line()
            output.table(
                ("row", "key", "outcome", "reason"),
                ((each["row"], each["key"], each["outcome"], each["reason"]) for each in told["problems"]),
            )
    return PROBLEMS if told["problems"] else OK


def ledger(chosen: Namespace, output: Output) -> int:
    """Sum a ledger up, or list its failures."""
    if chosen.what == "summary":
        return _summary(chosen.ledger, output)
    failures = [
        line
        for line in last_lines(all_lines(chosen.ledger), chosen.ledger)
        if line["outcome"] not in SUCCESSES
    ]
    if output.as_json:
        output.json(failures)
    else:
        columns = ("row", "key", "outcome", "status", "category", "reason")
        output.table(columns, ([line[name] for name in columns] for line in failures))
        output.line(f"{len(failures):,} records.")
    return PROBLEMS if failures else OK


def sandbox(chosen: Namespace, _: Output) -> int:
    """Serve the sandbox."""
    from airflow_provider_hubcontact.sandbox.__main__ import main

    return main(chosen.arguments, "hubcontact sandbox")


def _summary(path: str, output: Output) -> int:
    outcomes: Counter[str] = Counter()
    categories: Counter[tuple[str, str]] = Counter()
    tasks: Counter[tuple[str, str]] = Counter()
    for line in last_lines(all_lines(path), path):
        outcomes[line["outcome"]] += 1
        tasks[line["run"], line["task"]] += 1
        if line["outcome"] not in SUCCESSES:
            categories[line["outcome"], line["category"] or "none"] += 1
    problems = sum(count for outcome, count in outcomes.items() if outcome not in SUCCESSES)
    if output.as_json:
        output.json(
            {
                "records": outcomes.total(),
                "outcomes": dict(outcomes.most_common()),
                "problems": [
                    {"outcome": outcome, "category": category, "records": count}
                    for (outcome, category), count in categories.most_common()
                ],
                "tasks": [
                    {"run": run, "task": task, "records": count} for (run, task), count in tasks.items()
                ],
            }
        )
        return PROBLEMS if problems else OK
    output.table(("outcome", "records"), ((name, f"{count:,}") for name, count in outcomes.most_common()))
    if categories:
        output.line()
        output.table(
            ("outcome", "category", "records"),
            ((*names, f"{count:,}") for names, count in categories.most_common()),
        )
    return PROBLEMS if problems else OK


def _portal(hubspot: HubSpot) -> tuple[Portal, PortalSchema]:
    found = portal_of(hubspot.properties, rules=True)
    schema = found.schema()
    if schema is None:
        _say_why_there_are_none(hubspot)
        raise SourceError("HubSpot lists no properties at all")
    return found, schema


def _say_why_there_are_none(hubspot: HubSpot) -> None:
    """Ask for the portal's properties once more, and raise what is wrong."""
    try:
        hubspot.properties.list()
    except Forbidden as error:
        raise SourceError(
            "the portal's properties cannot be read: the token needs crm.schemas.contacts.read"
        ) from error


def _checked(
    number: int,
    row: object,
    shape: RecordMapping,
    coercer: Coercer,
    required: Schema | None,
    portal: PortalSchema | None,
) -> Result | None:
    record = RecordReader(iter([(number, row)]), shape, coercer, required, None).next()
    if not isinstance(record, Record):
        return record
    return portal.check(record, record.properties) if portal else None


def _told(result: Result) -> dict[str, Any]:
    return {
        "row": result.row,
        "key": result.key,
        "category": result.category,
        "reason": result.reason,
        "properties": list(result.properties),
    }


def _changes(changes: Iterable[dict[str, Any]]) -> Iterator[tuple[object, ...]]:
    for change in changes:
        for name, (old, new) in change["properties"].items():
            yield change["row"], change["key"], name, old, new
