"""Airflow's state of a task: the checkpoint of a run is kept there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from airflow_provider_hubcontact.printable import printable_logger
from airflow_provider_hubcontact.sync.keep.checkpoint import NAME, Checkpoint, digest

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_hubcontact.sync.keep.report import Report

log = printable_logger(__name__)


def forget(context: Context) -> None:
    """Let the next try begin anew: this one is the last that goes on by itself."""
    if (store := context.get("task_state_store")) is not None and store.get(NAME, None) is not None:
        store.delete(NAME)


@contextmanager
def checkpoint_of(
    task: Any, context: Context, rows: Iterable[object] | None, report: Report, since: object = None
) -> Iterator[Checkpoint | None]:
    """Return the checkpoint of a task; None if it cannot have one. It is kept when the block ends.

    It can where Airflow has a store for it, no ledger knows more, and the rows can be read twice.

    :param task: the operator.
    :param context: Airflow's.
    :param rows: the source.
    :param report: gets the tally of the rows before the checkpoint.
    :param since: value before which rows of the source are left out.
    """
    store = context.get("task_state_store")
    readable = rows is not None and iter(rows) is not rows
    is_one_try = not task.retries and not task.may_defer
    if store is None or task.ledger or is_one_try or not readable or report.dry_run:
        yield None
        return
    settings = (
        task.mapping,
        task.key,
        task.id_property,
        task.nulls,
        task.mode,
        task.duplicates,
        task.schema,
        since,
    )
    try:
        source = digest(rows or (), *settings)
    except Exception:  # noqa: BLE001 - a row may be of any class, and hold anything
        log.info("A row cannot be told from others, so that a retry begins with the first one.")
        yield None
        return
    checkpoint = Checkpoint(store, source, task.policy)
    report.resume(checkpoint.tally)
    try:
        yield checkpoint
    finally:
        checkpoint.keep()
