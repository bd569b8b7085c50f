# SPDX-License-Identifier: Apache-2.0
"""Refusals about records that do not exist, or that have what is asked for."""

from __future__ import annotations

from collections.abc import Sequence

from airflow_provider_hubcontact.sandbox.errors.refusal import Json, Refused


class RecordNotFound(Refused):
    """No record has this id, or this value of the ``idProperty`` (F)."""

    status = 404
    is_page = True

    def __init__(self) -> None:
        super().__init__("resource not found")


class RecordsNotFound(Refused):
    """Some ids of a batch are unknown; one entry names them all (F).

    :param singular: name of the object type.
    """

    status = 404

    def __init__(self, singular: str, ids: Sequence[str]) -> None:
        super().__init__(
            f"Could not get some {singular.upper()} objects, they may be deleted or not exist. "
            "Check that ids are valid.",
            "OBJECT_NOT_FOUND",
            {"ids": list(ids)},
        )


class IdNotNumeric(Refused):
    """The id is not a number, and ``idProperty`` is missing; the two blanks are HubSpot's (F)."""

    status = 404

    def __init__(self, value: str) -> None:
        super().__init__(
            "Object not found.  objectId are usually numeric.", "OBJECT_NOT_FOUND", {"id": [value]}
        )


class OwnerNotFound(Refused):
    """No owner has this id (U)."""

    status = 404
    is_page = True

    def __init__(self) -> None:
        super().__init__("resource not found")


class NoAssociations(Refused):
    """No record of a type belongs to a record, or that record is unknown (F).

    :param singular: the name of the record's object type.
    :param record_id: the record.
    :param other: the name of the other object type.
    """

    status = 404

    def __init__(self, singular: str, record_id: str, other: str) -> None:
        super().__init__(
            f"No {other} is associated with {singular} {record_id}.",
            "OBJECT_NOT_FOUND",
            {"fromObjectId": [record_id], "fromObjectType": [singular], "toObjectType": [other]},
            subCategory="crm.associations.NO_ASSOCIATIONS_FOUND",
        )


class RecordExists(Refused):
    """Another record has this address (F).

    :param singular: name of the object type.
    :param existing_id: that record's id; None if the same batch creates it.
    :param value: the address.
    :param name: the property; an address unless it is another unique one.
    :param holder_id: the id of the record that has it, which may be another one of the batch.
    """

    status = 409

    def __init__(
        self,
        singular: str,
        existing_id: str | None,
        value: str,
        name: str = "email",
        holder_id: str | None = None,
    ) -> None:
        known = f". Existing ID: {existing_id}" if existing_id else ""
        super().__init__(f"{singular.capitalize()} already exists{known}", "CONFLICT")
        self.singular = singular
        self.existing_id = existing_id
        self.value = value
        self.name = name
        self.holder_id = holder_id or existing_id

    def part(self, trace_id: str | None = None) -> Json:
        """Return the entry, with the existing record in its context (F)."""
        part = super().part(trace_id)
        if self.existing_id:
            part["context"] = {**part.get("context", {}), "existingId": [self.existing_id]}
        return part


class ValueTaken(RecordExists):
    """Another record has this value of a unique property: a conflict, told as a 400 (F).

    :param taken: what is taken, and who has it.
    :param value: the value as it was to be kept.
    :param record_id: the record that was to get it; a new one has an id by then.
    """

    status = 400

    def __init__(self, taken: RecordExists, value: str, record_id: str, portal_id: int) -> None:
        super().__init__(taken.singular, None, taken.value, taken.name, taken.holder_id)
        self.message = (
            f"Cannot set PropertyValueCoordinates{{portalId={portal_id}, "
            f"objectTypeId=ObjectTypeId{{legacyObjectType={taken.singular.upper()}}}, "
            f"propertyName={taken.name}, value={value}}} on {record_id}. "
            f"{taken.holder_id} already has that value."
        )
        self.category = "VALIDATION_ERROR"
