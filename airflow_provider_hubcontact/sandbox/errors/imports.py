# SPDX-License-Identifier: Apache-2.0
"""Refusals about imports."""

from __future__ import annotations

from airflow_provider_hubcontact.sandbox.errors.refusal import Refused


class ImportNotFound(Refused):
    """No import has this id, or another app started it (U)."""

    status = 404

    def __init__(self, import_id: str) -> None:
        super().__init__("resource not found", "OBJECT_NOT_FOUND", {"id": [import_id]})


class ImportNotActive(Refused):
    """An import that has ended cannot be canceled (U)."""

    def __init__(self, import_id: str, state: str) -> None:
        super().__init__(
            f"The import cannot be canceled, its state is {state}.", "VALIDATION_ERROR", {"id": [import_id]}
        )


class ImportTooLarge(Refused):
    """A file is too large for an import (D: the status; U: the text).

    :param most: how large it may be.
    """

    status = 429

    def __init__(self, most: str) -> None:
        super().__init__(f"The file of an import holds {most} at most.", "RATE_LIMITS")
