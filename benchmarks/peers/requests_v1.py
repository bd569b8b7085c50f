# SPDX-License-Identifier: Apache-2.0
"""``requests``, one call a contact by the legacy endpoint: the usual script."""

import requests

from benchmarks.contestant import Task, compete, properties


def sync(task: Task) -> None:
    """Update contact after contact."""
    headers = {"Authorization": f"Bearer {task.token}"}
    for row in task.rows():
        body = {"properties": [{"property": name, "value": value} for name, value in properties(row).items()]}
        url = f"{task.url}/contacts/v1/contact/email/{row['email']}/profile"
        response = requests.post(url, json=body, headers=headers, timeout=30)
        task.told[row["email"]] = response.ok


if __name__ == "__main__":
    compete(sync)
