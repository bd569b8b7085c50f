# SPDX-License-Identifier: Apache-2.0
"""``hubspot-sdk``: batches of 100 in a loop, by record ids that somebody else looked up."""

from hubspot_sdk import APIStatusError, HubSpot

from benchmarks.contestant import Task, compete, properties


def sync(task: Task) -> None:
    """Update batch after batch."""
    with HubSpot(access_token=task.token, base_url=task.url) as client:
        for batch in task.batches():
            inputs = [{"id": row["id"], "properties": properties(row)} for row in batch]
            try:
                client.crm.objects.contacts.batch.update(inputs=inputs)
            except APIStatusError:
                task.tell(batch, written=False)
            else:
                task.tell(batch, written=True)


if __name__ == "__main__":
    compete(sync)
