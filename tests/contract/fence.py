# SPDX-License-Identifier: Apache-2.0
"""Keeps a run to what it made: a call that names anything else is not sent."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

from tests.contract.answers import Answer, Request, Target
from tests.contract.operations import OPERATIONS, PARTS, QUERY, Operation
from tests.contract.ours import CONTACT, LIST, Ours
from tests.contract.scenario import NOBODY, Surroundings


class NotOurs(Exception):
    """A call would touch what the run did not make."""


class Fence(Target):
    """A target that sends only the calls of :data:`OPERATIONS`, about what the run made.

    :param target: whom the calls go to.
    :ivar ours: what the run made.
    """

    def __init__(self, target: Target, surroundings: Surroundings) -> None:
        self._target = target
        self.ours = Ours(surroundings)

    def send(self, request: Request) -> Answer:
        """Send a call, unless it would touch what is not ours.

        :raises NotOurs: if it would.
        """
        for operation in OPERATIONS:
            parts = operation.parts(request.method, request.plain_path)
            if parts is not None and self._may(operation, parts, request):
                answer = self._target.send(request)
                self._learn(operation, parts, request, answer)
                return answer
        raise NotOurs(
            f"{request.method} {request.plain_path} is about more than what this run made, "
            "so that it was not sent."
        )

    def _may(self, operation: Operation, parts: dict[str, str], request: Request) -> bool:
        query = parse_qs(request.path.partition("?")[2], keep_blank_values=True)
        if not query.keys() <= QUERY or query.get("idProperty", ["email"]) != ["email"]:
            return False
        reads = request.method == "GET"
        if not all(self._may_name(*part, reads=reads) for part in parts.items()):
            return False
        try:
            return operation.check(self.ours, request.body)
        except (AttributeError, KeyError, TypeError, ValueError):  # a body of a shape that nobody foresaw
            return False

    def _may_name(self, name: str, value: str, *, reads: bool) -> bool:
        part = PARTS[name]
        if reads and part.kind and value == NOBODY:
            return True
        return part.check is None or part.check(self.ours, value)

    def _learn(self, operation: Operation, parts: dict[str, str], request: Request, answer: Answer) -> None:
        """Note what is ours from now on, what no longer, and which id nobody has."""
        if request.method == "GET" and answer.status == 404:
            for name, value in parts.items():
                if (kind := PARTS[name].kind) and value == NOBODY:
                    self.ours.nobody[kind].add(value)
        if answer.status >= 300 or NOBODY in parts.values():
            return
        if request.method == "DELETE" and "list" in parts:
            self.ours.made[LIST].discard(parts["list"])
        if operation.makes:
            self.ours.made[operation.makes] |= set(_ids(answer.body))
        if operation.makes == CONTACT:
            self.ours.note_addresses(request.body)


def _ids(body: Any) -> list[str]:
    """Return the ids of the records in an answer."""
    if not isinstance(body, dict):
        return []
    every = [body, body.get("list"), *(body.get("results") or ())]
    names = ("id", "vid", "listId")
    return [str(each[name]) for each in every if isinstance(each, dict) for name in names if name in each]
