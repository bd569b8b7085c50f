"""``dlt``: a custom destination that gets 100 rows at a time and updates by record id."""

import tempfile

import dlt
import requests
from dlt.pipeline.exceptions import PipelineStepFailed

from benchmarks.contestant import Row, Task, compete, properties


def sync(task: Task) -> None:
    """Run a pipeline from the rows into the sink."""
    headers = {"Authorization": f"Bearer {task.token}"}

    def hubspot(items: list[Row], table: object) -> None:  # noqa: ARG001 - dlt's signature
        inputs = [{"id": row["id"], "properties": properties(row)} for row in items]
        url = f"{task.url}/crm/objects/2026-09/contacts/batch/update"
        response = requests.post(url, json={"inputs": inputs}, headers=headers, timeout=30)
        task.tell(items, written=response.ok)
        response.raise_for_status()

    sink = dlt.destination(hubspot, batch_size=100, skip_dlt_columns_and_tables=True)
    with tempfile.TemporaryDirectory() as folder:
        pipeline = dlt.pipeline("bench", pipelines_dir=folder, destination=sink)
        try:
            pipeline.run(dlt.resource(task.rows(), name="contacts"))
        except PipelineStepFailed:
            # What is left of the load package stays pending.
            for row in task.rows():
                task.told.setdefault(row["email"], False)


if __name__ == "__main__":
    compete(sync)
