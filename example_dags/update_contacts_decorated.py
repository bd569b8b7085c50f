# SPDX-License-Identifier: Apache-2.0
"""Update contacts from what a function yields.

The function is read no faster than HubSpot accepts its records. So a source of any size needs constant
memory.

Needs the connection ``hubspot_default``.

In ``make up`` it succeeds; its first run creates two contacts.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from airflow.providers.common.compat.sdk import DAG, task

with DAG(
    dag_id="update_contacts_decorated",
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    tags=["hubspot", "example"],
    doc_md=__doc__,
):
    # [START howto_decorated]
    @task.hubspot_update_contact(mapping={"name": "firstname"}, upsert=True)
    def contacts() -> Iterator[dict[str, str]]:
        """Stand for a source that returns pages, such as an API."""
        for name in ("Alan", "Barbara", "Edsger"):
            yield {"email": f"{name.lower()}@example.com", "name": name}

    # [END howto_decorated]

    contacts()
