# SPDX-License-Identifier: Apache-2.0
"""Refusals about lists of records."""

from __future__ import annotations

from airflow_provider_hubcontact.sandbox.errors.refusal import Refused


class ListNotFound(Refused):
    """No list has this id or name, or it is deleted (U: the text)."""

    status = 404

    def __init__(self, key: str) -> None:
        super().__init__(f"List does not exist: {key[:100]}", "OBJECT_NOT_FOUND")


class ListExists(Refused):
    """A list already has this name (T: status and sub-category; U: the text)."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"A list with the name {name[:100]} already exists.",
            "VALIDATION_ERROR",
            subCategory="ILS.DUPLICATE_LIST_NAMES",
        )


class NotAListsType(Refused):
    """Lists cannot be of this object type (F)."""

    def __init__(self, type_id: str) -> None:
        super().__init__(
            f"The objectTypeId {type_id[:100]} provided for the list is not valid for this portal.",
            "VALIDATION_ERROR",
            subCategory="ListError.INVALID_OBJECT_TYPE_FOR_LIST",
        )
