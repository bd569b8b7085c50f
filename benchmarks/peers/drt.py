# SPDX-License-Identifier: Apache-2.0
"""``drt-core``: its HubSpot destination, which writes one row a call; its own limiter is on."""

import os

from drt.config.models import HubSpotDestinationConfig, SyncOptions
from drt.destinations import hubspot

from benchmarks.contestant import Task, compete

SLICE = 10
"""Rows that are handed over together unless asked for otherwise; it makes no difference to calls and pace."""


def sync(task: Task) -> None:
    """Load the rows as its engine does, batch after batch."""
    # The destination has no setting for its address.
    hubspot._HUBSPOT_API = f"{task.url}/crm/v3/objects"  # noqa: SLF001 - it has no setting for the address
    os.environ["HUBSPOT_TOKEN"] = task.token
    config = HubSpotDestinationConfig.model_validate(
        {
            "type": "hubspot",
            "object_type": "contacts",
            "id_property": "email",
            "auth": {"type": "bearer", "token_env": "HUBSPOT_TOKEN"},
        }
    )
    options = SyncOptions.model_validate({"match_policy": "update_only", "on_error": "skip"})
    destination = hubspot.HubSpotDestination()
    for batch in task.batches(task.options.get("batch", SLICE)):
        rows = [{name: value for name, value in row.items() if name != "id"} for row in batch]
        result = destination.load(rows, config, options)
        # Which rows it skipped it does not say, only how many: one at a time tells.
        task.tell(batch, written=result.success == len(batch))


if __name__ == "__main__":
    compete(sync)
