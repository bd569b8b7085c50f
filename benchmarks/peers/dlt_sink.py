# SPDX-License-Identifier: Apache-2.0
"""``dlt``: a custom destination that gets 100 rows at a time and updates by record id."""

import tempfile
from itertools import islice

import dlt
import requests
from dlt.pipeline.exceptions import PipelineStepFailed

from benchmarks.contestant import Row, Task, compete, properties

A_SECOND = 100
"""Rows for each second of a slice: it extracts all rows before it loads the first."""


def sync(task: Task) -> None:
    """Run a pipeline from the rows into the sink."""
    headers = {"Authorization": f"Bearer {task.token}"}

    def hubspot(items: list[Row], table: object) -> None:  # noqa: ARG001 - dlt's signature
        inputs = [{"id": row["id"], "properties": properties(row)} for row in items]
        url = f"{task.url}/crm/objects/2026-09/contacts/batch/update"
        response = requests.post(url, json={"inputs": inputs}, headers=headers, timeout=30)
        task.tell(items, written=response.ok)
        response.raise_for_status()

    rows = list(islice(task.rows(), None if task.seconds is None else int(task.seconds * A_SECOND)))
    sink = dlt.destination(hubspot, batch_size=100, skip_dlt_columns_and_tables=True)
    with tempfile.TemporaryDirectory() as folder:
        pipeline = dlt.pipeline("bench", pipelines_dir=folder, destination=sink)
        try:
            pipeline.run(dlt.resource(rows, name="contacts"))
        except PipelineStepFailed:
            # What is left of the load package stays pending.
            for row in rows:
                task.told.setdefault(row["email"], False)


if __name__ == "__main__":
    compete(sync)
