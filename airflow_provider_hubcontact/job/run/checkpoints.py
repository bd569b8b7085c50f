# SPDX-License-Identifier: Apache-2.0
"""Where a try begins, if an earlier one has stopped and nothing else knows what it did."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from airflow_provider_hubcontact.job.run.parts import RunParts
from airflow_provider_hubcontact.printable import printable_logger
from airflow_provider_hubcontact.sync.keep.checkpoint import Checkpoint, digest

log = printable_logger(__name__)


@contextmanager
def checkpoint_of(parts: RunParts, rows: Iterable[object] | None) -> Iterator[Checkpoint | None]:
    """Open the checkpoint of a task; None if it cannot have one.

    It can if something outlives a try, no ledger or state knows more, and the rows can be read again.

    :param parts: of the run; its report goes on with what an earlier try has counted.
    :param rows: of the source; None if they cannot be read again.
    """
    settings, report = parts.settings, parts.report
    store = parts.around.task_state()
    is_readable = rows is not None and iter(rows) is not rows
    knows_more = settings.ledger or settings.state
    if store is None or knows_more or not is_readable or report.dry_run:
        yield None
        return
    since = parts.watermark.since if parts.watermark else None
    try:
        source = digest(
            rows or (),
            settings.mapping,
            settings.key,
            settings.upsert,
            settings.writes,
            settings.values,
            settings.json_schema,
            settings.lists,
            since,
        )
    except Exception:  # noqa: BLE001 - a row may be of any class, and hold anything
        log.info("The rows cannot be hashed, so a retry starts with the first one.")
        yield None
        return
    checkpoint = Checkpoint(store, source, settings.policy, parts.hubspot.clock)
    report.resume(checkpoint.tally)
    try:
        yield checkpoint
    finally:
        checkpoint.keep()
