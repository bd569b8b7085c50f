# SPDX-License-Identifier: Apache-2.0
"""Refusals of a request as such: its form, its size, its ids, what it asks for."""

from __future__ import annotations

from collections.abc import Sequence

from airflow_provider_hubcontact.sandbox.errors.refusal import Refused


class InvalidJson(Refused):
    """The body is not JSON, or has the wrong shape (F: issues of HubSpot.NET and hubspot-api-python)."""

    def __init__(self, problem: str, line: int = 1, column: int = 1) -> None:
        super().__init__(f"Invalid input JSON on line {line}, column {column}: {problem}")


class MissingFields(Refused):
    """A required field of the body is missing (F)."""

    def __init__(self, names: Sequence[str], line: int = 1, column: int = 2) -> None:
        super().__init__(
            f"Invalid input JSON on line {line}, column {column}. "
            f"Some required fields were not set: [{', '.join(names)}]",
            "VALIDATION_ERROR",
        )


class NothingToUpdate(Refused):
    """An update names no property (F)."""

    def __init__(self) -> None:
        super().__init__(
            "No properties found to update, please provide at least one.",
            "VALIDATION_ERROR",
            {"properties": ["{}"]},
        )


class UnknownObjectType(Refused):
    """The path names an object type that HubSpot does not have; the answer has no category (F)."""


class InvalidInput(Refused):
    """The request is wrong in another way (U)."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "VALIDATION_ERROR")


class InvalidSearch(Refused):
    """A search is not possible (U: the texts).

    :param problem: what is wrong.
    """

    def __init__(self, problem: str) -> None:
        super().__init__(
            f"There was a problem with the request. {problem}",
            "VALIDATION_ERROR",
            errors=[{"message": problem}],
        )


class DuplicateIds(Refused):
    """A batch names a record twice (F)."""

    def __init__(self, ids: Sequence[str]) -> None:
        super().__init__(
            f"Duplicate IDs found in batch input: [{', '.join(ids)}]. IDs must be unique",
            "VALIDATION_ERROR",
            {"ids": list(ids)},
        )


class TooManyInputs(Refused):
    """A batch is too large (F).

    :param most: how many inputs are allowed.
    :param what: what is asked for, as the sentence has it.
    """

    def __init__(self, most: int, what: str = "") -> None:
        super().__init__(
            f"The maximum number of inputs supported in a batch{what} is {most}. "
            "Please reduce the number of items and try again",
            "VALIDATION_ERROR",
        )


class NonUniqueIdProperty(Refused):
    """A batch identifies records by a property that does not identify them (T; U for a read).

    :param what: what the batch does, as the sentence has it: ``update/upsert`` or ``read``.
    """

    def __init__(self, what: str, type_id: str, name: str) -> None:
        super().__init__(
            f"Unable to perform {what} by non-unique {type_id} property {name}", "VALIDATION_ERROR"
        )


class TooLarge(Refused):
    """The body of the request is larger than the sandbox accepts (U)."""

    status = 413

    def __init__(self, most: int) -> None:
        super().__init__(f"The request body is larger than {most:,} bytes.", "VALIDATION_ERROR")
