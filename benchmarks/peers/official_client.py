# SPDX-License-Identifier: Apache-2.0
"""``hubspot-api-client``: batches of 100 in a loop, by record ids that somebody else looked up."""

from typing import Any

from hubspot import HubSpot
from hubspot.crm.contacts import (
    ApiException,
    BatchInputSimplePublicObjectBatchInput,
    BatchReadInputSimplePublicObjectId,
    BatchResponseSimplePublicObjectWithErrors,
    SimplePublicObjectBatchInput,
    SimplePublicObjectId,
)

from benchmarks.contestant import Row, Task, compete, properties


def sync(task: Task) -> None:
    """Update batch after batch; look the ids up before, if asked to."""
    client = HubSpot(access_token=task.token)
    api = client.crm.contacts.batch_api
    api.api_client.configuration.host = task.url
    for batch in task.batches():
        ids = (
            look_up(api, batch) if task.options.get("look_up") else {row["email"]: row["id"] for row in batch}
        )
        inputs = [
            SimplePublicObjectBatchInput(id=ids[row["email"]], properties=properties(row))
            for row in batch
            if row["email"] in ids
        ]
        try:
            answer = api.update(BatchInputSimplePublicObjectBatchInput(inputs=inputs))
        except ApiException:
            task.tell(batch, written=False)
            continue
        done = {result.id for result in answer.results}
        partial = isinstance(answer, BatchResponseSimplePublicObjectWithErrors)
        for row in batch:
            task.told[row["email"]] = not partial or ids.get(row["email"]) in done


def look_up(api: Any, batch: list[Row]) -> dict[str, str]:
    """Find the record ids of a batch."""
    answer = api.read(
        BatchReadInputSimplePublicObjectId(
            id_property="email",
            properties=["email"],
            properties_with_history=[],
            inputs=[SimplePublicObjectId(id=row["email"]) for row in batch],
        )
    )
    return {result.properties["email"]: result.id for result in answer.results}


if __name__ == "__main__":
    compete(sync)
