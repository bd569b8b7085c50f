# SPDX-License-Identifier: Apache-2.0
"""What HubSpot's refusals have in common: status, texts and envelopes.

HubSpot docs: "Error handling".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

Json = dict[str, Any]


class Refused(Exception):
    """HubSpot refuses a call.

    :param message: HubSpot's sentence.
    :param category: HubSpot's machine-readable reason; None in some answers.
    :param context: the ids or values that it concerns.
    :param details: further keys of the envelope.
    :cvar is_page: whether callers that do not ask for JSON get a page instead.

    HubSpot docs: "Error handling".
    """

    status: ClassVar[int] = 400
    is_page: ClassVar[bool] = False

    def __init__(
        self,
        message: str,
        category: str | None = None,
        context: Mapping[str, list[str]] | None = None,
        **details: Any,  # noqa: ANN401 - any JSON
    ) -> None:
        super().__init__(message)
        self.message = message
        self.category = category
        self.context = dict(context or {})
        self.details = details

    def body(self, correlation_id: str) -> Json:
        """Return the body of a whole answer."""
        return {"status": "error", "message": self.message, "correlationId": correlation_id, **self._rest()}

    def legacy_body(self, correlation_id: str) -> Json:
        """Return the body of a whole answer of v1, which may differ."""
        return self.body(correlation_id)

    def part(self, trace_id: str | None = None) -> Json:
        """Return an entry of ``errors`` in a 207 (F)."""
        part = {"status": "error", "category": self.category, "message": self.message, **self._rest()}
        if trace_id is not None:
            part["context"] = {"objectWriteTraceId": [trace_id], **self.context}
        return part

    def _rest(self) -> Json:
        rest = dict(self.details)
        if self.context:
            rest["context"] = self.context
        if self.category is not None:
            rest["category"] = self.category
        return rest
