# SPDX-License-Identifier: Apache-2.0
"""What a task says about its end in its log and its exception: counts and rows, but no key and no value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from airflow_provider_hubcontact.printable import printable
from airflow_provider_hubcontact.sync.decide.policy import DEFAULT, Action, Group, Verdict
from airflow_provider_hubcontact.sync.keep.report import Report
from airflow_provider_hubcontact.sync.keep.samples import MAX_SAMPLES_OF_A_KIND, Reason
from airflow_provider_hubcontact.sync.model.codes import code_of_result
from airflow_provider_hubcontact.sync.model.outcome import SUCCESSES, Outcome, Stop, by_outcome
from airflow_provider_hubcontact.sync.model.reasons import cause, names, word

MAX_LENGTH = 4_000
"""Characters of an explanation: it becomes an exception's text, which is stored and sent."""


MAX_GROUPS = 12


MAX_REASONS = 10


MAX_LINE_LENGTH = 500


_TITLES = {
    Action.SUCCEED: "The task succeeds:",
    Action.SKIP: "The task is skipped:",
    Action.FAIL: "The task fails:",
    Action.FAIL_NOW: "The task fails, without another try:",
    Action.RETRY: "The task needs another try:",
}


def explain(report: Report, verdict: Verdict, stop: Stop | None, places: Sequence[str], now: datetime) -> str:
    """Return why the task ends as it does.

    :param report: what became of the records.
    :param verdict: what the task does.
    :param stop: why the run ended before its source, if it did.
    :param places: where more can be found.
    :param now: the time.
    :return: the counts; why the run stopped; the rules that decided; the reasons with their rows; the places.
    """
    lines = [verdict.sentence, *_stopped(stop, now)]
    if rules := rules_of(report, verdict):
        lines.append(_TITLES[verdict.action])
        lines.extend(f"- {rule}" for rule in rules)
    lines.extend(reasons_of(report))
    lines.extend(f"More: {place}" for place in places)
    return bounded(lines)


def rules_of(report: Report, verdict: Verdict) -> list[str]:
    """Return which outcomes ask for what, and by which rule, a sentence each.

    :param report: what became of the records.
    :param verdict: what the task does.
    """
    told = [group for group in verdict.groups if _is_told(group, report)]
    return [_group(group, verdict) for group in told[:MAX_GROUPS]]


def sentence_of_a_dry_run(report: Report) -> str:
    """Return what would be written, and what became of the other records, as a sentence."""
    planned = report.planned
    others = by_outcome(report.tally)
    others[Outcome.NOT_ATTEMPTED] = others.get(Outcome.NOT_ATTEMPTED, 0) - sum(planned.values())
    noun = "record" if report.rows == 1 else "records"
    parts = [
        f"{planned['changes']:,} to change",
        f"{planned['creates']:,} to create",
        f"{planned['removals']:,} to remove",
        *(f"{count:,} {outcome}" for outcome, count in others.items() if count),
    ]
    return f"Nothing was written. {report.rows:,} {noun}: {', '.join(parts)}."


def reasons_of(report: Report) -> Iterator[str]:
    """Yield the most frequent reasons, one a line."""
    reasons = report.reasons
    if not reasons:
        return
    yield "Reasons:"
    for reason in reasons[:MAX_REASONS]:
        yield f"- {_reason(reason)}"
    if others := reasons[MAX_REASONS:]:
        yield f"- {sum(each.count for each in others):,} for {len(others):,} other reasons"


def bounded(lines: Sequence[str]) -> str:
    """Return lines as one text of bounded length."""
    text = "\n".join(printable(line, MAX_LINE_LENGTH) for line in lines)
    return text if len(text) <= MAX_LENGTH else text[: MAX_LENGTH - 1] + "…"


def _stopped(stop: Stop | None, now: datetime) -> Iterator[str]:
    if stop is None:
        return
    yield f"Stopped: {stop.reason}"
    if stop.retry_after is not None:
        at = now + timedelta(seconds=stop.retry_after)
        yield f"Another try can succeed from {at:%Y-%m-%d %H:%M %Z} on, in {_duration(stop.retry_after)}."


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60} min" if seconds >= 60 else f"{seconds:.0f} s"


def _is_told(group: Group, report: Report) -> bool:
    if report.dry_run and group.action is Action.SUCCEED:
        return False
    return group.outcome not in SUCCESSES or group.rule != DEFAULT


def _group(group: Group, verdict: Verdict) -> str:
    status = f" ({group.status})" if group.status else ""
    text = f"{group.records:,} {group.outcome}{status}: {group.action.replace('_', ' ')}, by {group.rule}"
    if group.action is Action.FAIL and verdict.action in {Action.SUCCEED, Action.SKIP}:
        return f"{text}; tolerated, since {verdict.tolerance}"
    if not group.decides or verdict.action in {Action.SUCCEED, Action.SKIP}:
        return text
    if group.action is Action.FAIL:
        return f"{text}; decides, since {verdict.tolerance}"
    return f"{text}; decides"


def _reason(reason: Reason) -> str:
    example = reason.example
    status = f" ({example.status})" if example.status else ""
    about = f", {names(example.properties)}" if example.properties else ""
    rows = ", ".join(map(str, sorted(reason.rows)))
    more = ", …" if reason.count > MAX_SAMPLES_OF_A_KIND else ""
    call = f"; correlation id {word(example.correlation_id)}" if word(example.correlation_id) else ""
    which = "row" if reason.count == 1 else "rows"
    ended = f"{code_of_result(example)}: {reason.count:,} {example.outcome}{status}{about}"
    return f"{ended}: {cause(example)}; {which} {rows}{more}{call}"
