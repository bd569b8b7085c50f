# SPDX-License-Identifier: Apache-2.0
"""The part of BigQuery's REST API that a query takes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from tests.databases.standins.http import Answering, served

Pages = Sequence[Sequence[Sequence[object]]]
"""Pages of rows of values, as the REST API writes them."""


def field(name: str, kind: str, mode: str = "NULLABLE", *fields: dict[str, Any]) -> dict[str, Any]:
    """Return a column of a result's schema."""
    return {"name": name, "type": kind, "mode": mode, "fields": list(fields)}


class Service:
    """Answers queries.

    :param answers: text in a query → columns and pages; or the status, reason and message of an error.
    """

    def __init__(
        self, answers: Mapping[str, tuple[Sequence[dict[str, Any]], Pages] | tuple[int, str, str]]
    ) -> None:
        self.queries: list[dict[str, Any]] = []
        self.pages = 0
        self._answers = answers
        self._jobs: dict[str, Any] = {}

    def begin(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Answer ``jobs.query``, or ``jobs.insert``."""
        self.queries.append(body)
        configuration = body.get("configuration")
        text = configuration["query"]["query"] if configuration else body["query"]
        found: Any = next(each for part, each in self._answers.items() if part in text)
        if isinstance(found[0], int):
            status, reason, message = found
            error = {"code": status, "message": message, "errors": [{"reason": reason, "message": message}]}
            return status, {"error": error}
        job = body["jobReference"]["jobId"] if configuration else uuid4().hex
        self._jobs[job] = found
        return 200, self.job(job) if configuration else self.page(job, 0)

    def job(self, job: str) -> dict[str, Any]:
        """Answer ``jobs.get``."""
        table = {"projectId": "p", "datasetId": "results", "tableId": job}
        return {
            "jobReference": {"projectId": "p", "jobId": job, "location": "EU"},
            "status": {"state": "DONE"},
            "configuration": {"jobType": "QUERY", "query": {"query": "", "destinationTable": table}},
            "statistics": {"query": {"statementType": "SELECT"}},
        }

    def page(self, job: str, number: int) -> dict[str, Any]:
        """Answer ``jobs.getQueryResults``: a page without rows has no ``rows``."""
        self.pages += 1
        columns, pages = self._jobs[job]
        done: dict[str, Any] = {
            "schema": {"fields": columns}, "jobReference": self.job(job)["jobReference"],
            "jobComplete": True, "totalRows": str(sum(map(len, pages))),
        }  # fmt: skip
        if pages[number]:
            done["rows"] = [{"f": [{"v": value} for value in row]} for row in pages[number]]
        if number + 1 < len(pages):
            done["pageToken"] = str(number + 1)
        return done


@contextmanager
def serve(service: Service) -> Iterator[str]:
    """Serve the API, and return its address."""

    class Handler(Answering):
        def do_POST(self) -> None:  # noqa: N802 - the server's name
            status, body = service.begin(json.loads(self.body()))
            self.answer(json.dumps(body).encode(), "application/json", status)

        def do_GET(self) -> None:  # noqa: N802 - the server's name
            url = urlsplit(self.path)
            job = url.path.split("/")[6]
            asked = parse_qs(url.query)
            if url.path.split("/")[5] == "jobs":
                body = service.job(job)
            else:
                body = service.page(job, int(asked.get("pageToken", ["0"])[0]))
                if asked.get("maxResults") == ["0"]:
                    body = {name: each for name, each in body.items() if name not in {"rows", "pageToken"}}
            self.answer(json.dumps(body).encode(), "application/json")

    with served(Handler) as address:
        yield address
