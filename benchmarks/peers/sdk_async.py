# SPDX-License-Identifier: Apache-2.0
"""``hubspot-sdk``, async: ten batches of 100 at a time, by record ids that somebody else looked up."""

import asyncio

from hubspot_sdk import APIStatusError, AsyncHubSpot

from benchmarks.contestant import Row, Task, compete, properties

AT_ONCE = 10


async def gather(task: Task) -> None:
    """Update batches, as many at once as there are workers."""
    batches = task.batches()
    async with AsyncHubSpot(access_token=task.token, base_url=task.url) as client:

        async def work() -> None:
            for batch in batches:
                await update(client, task, batch)

        await asyncio.gather(*(work() for _ in range(AT_ONCE)))


async def update(client: AsyncHubSpot, task: Task, batch: list[Row]) -> None:
    """Update a batch."""
    inputs = [{"id": row["id"], "properties": properties(row)} for row in batch]
    try:
        await client.crm.objects.contacts.batch.update(inputs=inputs)
    except APIStatusError:
        task.tell(batch, written=False)
    else:
        task.tell(batch, written=True)


def sync(task: Task) -> None:
    """Run it."""
    asyncio.run(gather(task))


if __name__ == "__main__":
    compete(sync)
