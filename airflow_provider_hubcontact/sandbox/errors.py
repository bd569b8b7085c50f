"""HubSpot's refusals: status, texts and envelopes. Those that concern a token or a limit are in ``denials``.

A letter says how reliable a text is: **D** documented by HubSpot, **F** recorded from HubSpot, **T** told by
others, **U** unknown, so that the text is ours.

::

    Refused
    ├── InvalidJson, MissingFields, PropertyMissing, InvalidInput,
    │   UnknownObjectType, NothingToUpdate, InvalidProperties, MissingProperties, InvalidSearch,
    │   DuplicateIds, TooManyInputs, NonUniqueIdProperty,
    │   PropertyInUse, GroupInUse, BatchRefused, ImportNotActive, NotMergeable,
    │   ListExists, NotAListsType,
    │   ValueTaken (a RecordExists)                                        400
    ├── ListNotFound, NoAssociations (in a 207), RecordNotFound,
    │   LegacyContactNotFound, OwnerNotFound,
    │   IdNotNumeric, PropertyNotFound, RecordsNotFound,
    │   GroupNotFound, RuleNotFound, ImportNotFound                        404
    ├── RecordExists, LegacyContactExists, PropertyExists, GroupExists    409
    ├── TooLarge                                                           413
    ├── ImportTooLarge                                                     429
    ├── Broken                                                             500
    └── NotEmulated                            501, or 405 by a switch
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

Json = dict[str, Any]

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


class PropertyMissing(Refused):
    """An entry of v1's ``properties`` does not say which property it is (F)."""

    def __init__(self) -> None:
        super().__init__("property cannot be missing or null")


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


class RecordNotFound(Refused):
    """No record has this id, or this value of the ``idProperty`` (F)."""

    status = 404
    is_page = True

    def __init__(self) -> None:
        super().__init__("resource not found")


class LegacyContactNotFound(Refused):
    """v1 is asked for a contact that it does not have (F).

    :param older: whether it is told as it was until 2020, without a category and ``errors``.
    """

    status = 404

    def __init__(self, *, older: bool) -> None:
        sentence = "contact does not exist"
        if older:
            super().__init__(sentence)
        else:
            super().__init__(sentence, "OBJECT_NOT_FOUND", errors=[{"message": sentence}])


class OwnerNotFound(Refused):
    """No owner has this id (U)."""

    status = 404
    is_page = True

    def __init__(self) -> None:
        super().__init__("resource not found")


class IdNotNumeric(Refused):
    """The id is not a number, and ``idProperty`` is missing; the two blanks are HubSpot's (F)."""

    status = 404

    def __init__(self, value: str) -> None:
        super().__init__(
            "Object not found.  objectId are usually numeric.", "OBJECT_NOT_FOUND", {"id": [value]}
        )


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


class NotMergeable(Refused):
    """A contact of a v1 merge is unknown, or both are the same (F; U for the same)."""

    def __init__(self) -> None:
        super().__init__("vid to merge is not a valid contact or is already in the process of being merged")


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


class PropertyNotFound(Refused):
    """No property has this name (T)."""

    status = 404

    def __init__(self, name: str) -> None:
        super().__init__(f"No property named '{name}' exists.", "OBJECT_NOT_FOUND")


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


class Failure(NamedTuple):
    """Why one contact prevents a batch of v1 from being accepted.

    :param place: the contact's place in the batch, from 0.
    :param problem: what is wrong with a property; None if the problem is another one.
    :param invalid_email: an address that is not valid.
    """

    place: int
    message: str
    problem: Problem | None = None
    invalid_email: str = ""

    @property
    def entry(self) -> Json:
        """The failure as an entry of ``failureMessages``; an invalid address has no property result (C)."""
        if self.problem is None or self.invalid_email:
            return {"index": self.place, "error": {"status": "error", "message": self.message}}
        return {"index": self.place, "propertyValidationResult": self.problem.result}


class BatchRefused(Refused):
    """A batch of v1 has contacts that cannot be written, so that none is written (C, F)."""

    def __init__(self, failures: Sequence[Failure]) -> None:
        super().__init__(
            "Errors found processing batch update",
            invalidEmails=[failure.invalid_email for failure in failures if failure.invalid_email],
            failureMessages=[failure.entry for failure in failures],
        )


class LegacyContactExists(Refused):
    """Another contact has this address, in the words of v1 (F).

    :param profile: the other contact's ``identityProfile``.
    :param older: whether the sentence has the other contact's id, as it had until 2024.
    """

    status = 409

    def __init__(self, existing_id: str | None, value: str, profile: Json, *, older: bool) -> None:
        text = f"A contact with email {value} already exists. Existing ID: {existing_id}"
        super().__init__(
            f"Contact already exists. Existing ID: {existing_id}" if older else "Contact already exists",
            "OBJECT_ALREADY_EXISTS",
            identityProfile=profile,
            errors=[{"message": text, "in": "email"}],
            error="CONTACT_EXISTS",
        )


class PropertyExists(Refused):
    """A property already has this name (T, observed in September 2026)."""

    status = 409

    def __init__(self, name: str) -> None:
        super().__init__(
            f"A property named '{name}' already exists.",
            "OBJECT_ALREADY_EXISTS",
            subCategory="Properties.PROPERTY_WITH_NAME_EXISTS",
        )


class PropertyInUse(Refused):
    """A property that a formula uses cannot be deleted (P: a live probe of October 2026).

    :param name: the property.
    :param users: the calculated properties.
    """

    def __init__(self, name: str, users: Sequence[str]) -> None:
        super().__init__(
            f"Property: {name} of object type 0-1 is currently used in {len(users)} places "
            "and cannot be deleted",
            "VALIDATION_ERROR",
            {"usageCount": [str(len(users))]},
            subCategory="PropertyValidationError.CANNOT_DELETE_PROPERTY_IN_USE",
            errors=[
                {
                    "message": f"{user} uses {name}.",
                    "subCategory": "PropertyValidationError.PROPERTY_USAGE",
                    "context": {"parentType": ["CALCULATED_PROPERTY"], "parentName": [f"0-1/{user}"]},
                }
                for user in users
            ],
        )


class GroupInUse(Refused):
    """A group with properties cannot be deleted; the sentence is a whole refusal in JSON (P)."""

    def __init__(self) -> None:
        super().__init__("Can't delete or purge a group with active properties")

    def body(self, correlation_id: str) -> Json:
        """Return the body of a whole answer."""
        inner = super().body(correlation_id) | {
            "category": "VALIDATION_ERROR",
            "subCategory": "PropertyGroupError.GROUP_WITH_ACTIVE_PROPERTIES",
        }
        return super().body(correlation_id) | {"message": json.dumps(inner, separators=(",", ":"))}


class GroupExists(Refused):
    """A group of properties already has this name (U)."""

    status = 409

    def __init__(self, name: str) -> None:
        super().__init__(f"A property group named '{name}' already exists.", "OBJECT_ALREADY_EXISTS")


class GroupNotFound(Refused):
    """No group of properties has this name (U)."""

    status = 404

    def __init__(self, name: str) -> None:
        super().__init__(f"No property group named '{name}' exists.", "OBJECT_NOT_FOUND")


class RuleNotFound(Refused):
    """A property has no rule of this type (U)."""

    status = 404

    def __init__(self, name: str, rule: str) -> None:
        super().__init__(f"The property '{name}' has no rule of the type {rule[:50]}.", "OBJECT_NOT_FOUND")


class TooLarge(Refused):
    """The body of the request is larger than the sandbox accepts (U)."""

    status = 413

    def __init__(self, most: int) -> None:
        super().__init__(f"The request body is larger than {most:,} bytes.", "VALIDATION_ERROR")


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


class Broken(Refused):
    """The sandbox has a bug (U: what HubSpot says then)."""

    status = 500

    def __init__(self) -> None:
        super().__init__("The sandbox failed; its log says where.", "INTERNAL_ERROR")


class NoSuchFault(Refused):
    """The sandbox's fault plan has no such rule."""

    status = 404

    def __init__(self, name: str) -> None:
        super().__init__(f"No rule of the fault plan is called {name!r}.")


class NoSuchSnapshot(Refused):
    """The sandbox has no such snapshot."""

    status = 404

    def __init__(self, name: str) -> None:
        super().__init__(f"No snapshot is called {name!r}.")


class NotEmulated(Refused):
    """The sandbox does not emulate the call; HubSpot may know it.

    :param what: what is not emulated.
    :param instead: the nearest that is; empty if nothing is near.
    """

    status = 501

    def __init__(self, what: str, instead: str = "") -> None:
        near = f"The nearest that it emulates is {instead}." if instead else "It emulates nothing like it."
        super().__init__(
            f"The sandbox does not emulate {what}. {near} docs/sandbox.md lists what works.",
            "NOT_EMULATED",
            {"nearest": [instead]} if instead else None,
        )
