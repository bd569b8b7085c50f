"""Settings that can have no effect, and so are mistakes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def without_effect(task: Any) -> Iterator[str]:
    """Return a sentence for each setting of a task that can have no effect, as far as its DAG file tells.

    :param task: the operator, or anything with its settings.
    """
    if isinstance(task.mapping, Mapping) and not task.mapping:
        yield "mapping names no column, so nothing would be sent: leave it out to send every column"
    for name, needed in NEEDS.items():
        if _is_given(getattr(task, name)) and getattr(task, needed) is None:
            yield f"{name} has no effect without {needed}, which is not given"
    if task.is_dry_run is False and task.plan is not None and (task.records, task.sql) != (None, None):
        yield "a plan is applied as it was made: give records or sql with dry_run=True, to make one"
    for name in OF_WRITES:
        if task.is_dry_run is True and _is_given(getattr(task, name)):
            yield f"{name} has no effect with dry_run, which writes nothing"


NEEDS = {
    "sql_conn_id": "sql",
    "parameters": "sql",
    "outcomes": "records_from_ledger",
    "ledger_values": "ledger",
}
"""Setting → the one without which it has no effect."""

OF_WRITES = ("verify", "max_changes", "max_creates")
"""Settings of runs that write."""


def not_flags(task: Any) -> Iterator[str]:
    """Return a sentence for each flag that is not one; those that may be templates are not looked at."""
    for name in ("validate_against_portal", "verify", "ledger_values"):
        if not isinstance(getattr(task, name), bool):
            yield f"{name} is True or False, not {getattr(task, name)!r:.100}"
    if task.deferrable is not None and not isinstance(task.deferrable, bool):
        yield f"deferrable is True or False, not {task.deferrable!r:.100}"


def _is_given(value: object) -> bool:
    return value is not None and value is not False
