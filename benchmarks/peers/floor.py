# SPDX-License-Identifier: Apache-2.0
"""No library at all: validated rows, look-ups and updates of 100 over one connection of ``urllib3``."""

import json

import jsonschema_rs
import urllib3

from benchmarks.contestant import Task, compete, properties
from benchmarks.population import PROPERTIES, SCHEMA

PATH = "/crm/objects/2026-09/contacts/batch"


def sync(task: Task) -> None:
    """Read, validate, look up, write."""
    is_valid = jsonschema_rs.validator_for(SCHEMA).is_valid
    headers = {"Authorization": f"Bearer {task.token}", "Content-Type": "application/json"}
    with urllib3.PoolManager() as pool:

        def post(path: str, body: object) -> urllib3.BaseHTTPResponse:
            return pool.request("POST", task.url + PATH + path, body=json.dumps(body), headers=headers)

        for batch in task.batches():
            good = [row for row in batch if is_valid(row)]
            asked = {"idProperty": "email", "properties": ["email", *PROPERTIES]}
            found = post("/read", {**asked, "inputs": [{"id": row["email"]} for row in good]}).json()[
                "results"
            ]
            ids = {each["properties"]["email"]: each["id"] for each in found}
            inputs = [{"id": ids[row["email"]], "properties": properties(row)} for row in good]
            answer = post("/update", {"inputs": inputs})
            answer.json()
            task.tell(batch, written=answer.status == 200)


if __name__ == "__main__":
    compete(sync)
