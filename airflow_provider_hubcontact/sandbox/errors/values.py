# SPDX-License-Identifier: Apache-2.0
"""Refusals of the values of a record."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

from airflow_provider_hubcontact.sandbox.errors.refusal import Json, Refused

MAX_ERRORS = 3
"""The most entries in the ``errors`` of a refusal; its message holds all problems (F)."""


class Problem(NamedTuple):
    """What is wrong with one property of one contact."""

    name: str
    code: str
    message: str

    @property
    def result(self) -> Json:
        """The problem as an entry of v1's ``validationResults``, and of the newer APIs' message (F)."""
        return {"isValid": False, "message": self.message, "error": self.code, "name": self.name}

    @property
    def error(self) -> Json:
        """The problem as an entry of the newer APIs' ``errors`` (F)."""
        return {"message": self.message, "code": self.code, "context": {"propertyName": [self.name]}}


class InvalidProperties(Refused):
    """Some values are not valid. All of them are listed, and nothing is written (F).

    :param problems: at least one.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(
            self._sentence(), "VALIDATION_ERROR", errors=[problem.error for problem in problems[:MAX_ERRORS]]
        )

    def _sentence(self) -> str:
        results = [problem.result for problem in self.problems]
        listed = json.dumps(results, ensure_ascii=False, separators=(",", ":"))
        return f"Property values were not valid: {listed}"

    def legacy_body(self, correlation_id: str) -> Json:
        """Return the body of v1, which lists all problems as JSON (F)."""
        return {
            "validationResults": [problem.result for problem in self.problems],
            "status": "error",
            "message": "Property values were not valid",
            "correlationId": correlation_id,
        }


class MissingProperties(InvalidProperties):
    """Required properties are missing (T)."""

    def _sentence(self) -> str:
        return "The property values provided are invalid"
