# SPDX-License-Identifier: Apache-2.0
"""What a mapped ``HttpOperator`` does: a session and one ``PATCH`` a contact, without Airflow's own cost."""

import requests

from benchmarks.contestant import Task, compete, properties


def sync(task: Task) -> None:
    """Update contact after contact."""
    headers = {"Authorization": f"Bearer {task.token}"}
    for row in task.rows():
        with requests.Session() as session:
            response = session.patch(
                f"{task.url}/crm/v3/objects/contacts/{row['email']}",
                params={"idProperty": "email"},
                json={"properties": properties(row)},
                headers=headers,
                timeout=30,
            )
        task.told[row["email"]] = response.ok


if __name__ == "__main__":
    compete(sync)
