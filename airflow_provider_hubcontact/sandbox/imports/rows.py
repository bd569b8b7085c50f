# SPDX-License-Identifier: Apache-2.0
"""Carries out one row of an import: writes a contact, or returns what is wrong.

HubSpot docs: "Imports" guide (error types); knowledge base, "Troubleshoot import errors".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from airflow_provider_hubcontact.sandbox.crm.record import Record
from airflow_provider_hubcontact.sandbox.crm.records.collection import Collection
from airflow_provider_hubcontact.sandbox.crm.records.pending_writes import Dialect, PendingWrite
from airflow_provider_hubcontact.sandbox.errors.records import RecordExists
from airflow_provider_hubcontact.sandbox.errors.values import InvalidProperties, Problem
from airflow_provider_hubcontact.sandbox.imports.file import Row, moment
from airflow_provider_hubcontact.sandbox.imports.request import OBJECT_ID, ImportRequest

IMPORT = Dialect(source="IMPORT", keeps_stage=True)
"""An import does not set a lifecycle stage back, either (D)."""

ERROR_TYPES: Mapping[str, str] = {
    "INVALID_EMAIL": "INVALID_EMAIL",
    "GDPR_BLACKLISTED_EMAIL": "GDPR_BLACKLISTED_EMAIL",
    "INVALID_OPTION": "INVALID_ENUMERATION_OPTION",
    "INVALID_INTEGER": "COULD_NOT_PARSE_NUMBER",
    "INVALID_DATE": "COULD_NOT_PARSE_DATE",
    "INVALID_LONG": "COULD_NOT_PARSE_DATE",
}
"""Code of an invalid value → error type of an import; the pairs are our reading (U)."""

OTHER_ERROR = "FAILED_VALIDATION"


class RowError(NamedTuple):
    """An error in a row.

    :param kind: HubSpot's ``errorType`` (S).
    :param message: a sentence about it.
    :param line: number of the row's line.
    :param cells: the row's cells.
    :param column: the place of the column that is wrong; None for the whole row.
    :param value: the value that is wrong.
    """

    kind: str
    message: str
    line: int
    cells: list[str]
    column: int | None = None
    value: str | None = None


class Refusal(Exception):
    """The row cannot be written."""

    def __init__(self, kind: str, message: str, column: int | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.column = column


class Written(NamedTuple):
    """A contact that was written for a row.

    :param draft: what was written.
    :param emitted: number of the row's values that were accepted.
    :param errors: the errors in its other values.
    """

    draft: PendingWrite
    emitted: int
    errors: list[RowError]


def write(contacts: Collection, request: ImportRequest, row: Row, seen: set[str]) -> Written | RowError:
    """Write a row's contact, without the values that are invalid.

    :param contacts: the portal's contacts.
    :param request: the request for the import.
    :param row: the row.
    :param seen: keys and records of the rows before; those of the row are added.
    :return: what was written, or why nothing was written.
    """
    try:
        return _write(contacts, request, row, seen)
    except Refusal as refusal:
        return _error(row, refusal.kind, refusal.message, refusal.column)


def _write(contacts: Collection, request: ImportRequest, row: Row, seen: set[str]) -> Written:
    if len(row.cells) != len(request.columns):
        raise Refusal("INCORRECT_NUMBER_OF_COLUMNS", f"The row has {len(row.cells)} columns.")
    contact = _contact(contacts, request, row, seen)
    values, errors = _values(contacts, request, row)
    if contact is not None and request.key is not None:
        values.pop(request.columns[request.key].property_name, None)  # it may be a secondary address
    while True:
        try:
            draft = contacts.draft(contact, values, IMPORT)
        except RecordExists as taken:
            raise Refusal("DUPLICATE_UNIQUE_PROPERTY_VALUE", taken.message) from taken
        except InvalidProperties as invalid:
            errors += [_invalid(request, row, problem) for problem in invalid.problems]
            _drop(contacts, request, values, invalid.problems)
        else:
            contacts.apply(draft)
            return Written(draft, len(values), errors)


def _contact(contacts: Collection, request: ImportRequest, row: Row, seen: set[str]) -> Record | None:
    """Find a row's contact; None if it is to be created."""
    place = request.key
    contact, key = (None, "") if place is None else _identified(contacts, request, row, seen, place)
    if contact is None and request.operation == "UPDATE":
        raise Refusal("UPDATE_ONLY_IMPORT", f"No contact {key} exists, and the import only updates.", place)
    if contact is not None and request.operation == "CREATE":
        raise Refusal("CREATE_ONLY_IMPORT", f"The contact {key} exists, and the import only creates.", place)
    return contact


def _identified(
    contacts: Collection, request: ImportRequest, row: Row, seen: set[str], place: int
) -> tuple[Record | None, str]:
    """Find a contact by the column that identifies it.

    :param place: of this column.
    :return: the contact, None if no contact has the key; and the key.
    """
    column, key = request.columns[place], row.cells[place].strip()
    by_id = column.kind == OBJECT_ID
    if not key:
        if by_id:
            return None, ""
        raise Refusal("INVALID_ALTERNATE_ID", f"The column {column.name} is empty.", place)
    contact = contacts.find(key, None if by_id else column.property_name)
    names = {key.lower(), *({f"record {contact.id}"} if contact else ())}
    if not names.isdisjoint(seen):
        kind = "DUPLICATE_OBJECT_ID" if by_id else "DUPLICATE_ALTERNATE_ID"
        raise Refusal(kind, f"The file has another row for {key}.", place)
    seen |= names
    if by_id and contact is None:
        raise Refusal("INVALID_OBJECT_ID", f"No contact has the id {key}.", place)
    return contact, key


def _values(contacts: Collection, request: ImportRequest, row: Row) -> tuple[dict[str, str], list[RowError]]:
    """Read a row's values; an empty cell leaves the property as it is (U)."""
    values: dict[str, str] = {}
    errors: list[RowError] = []
    for place, (column, cell) in enumerate(zip(request.columns, row.cells, strict=True)):
        value = cell.strip()
        if not value or column.kind == OBJECT_ID:
            continue
        try:
            values[column.property_name] = _value(contacts, request, column.property_name, value)
        except Refusal as refusal:
            errors.append(_error(row, refusal.kind, refusal.message, place))
    if errors and contacts.shared.switches.import_invalid_value == "row":
        raise Refusal(errors[0].kind, errors[0].message, errors[0].column)
    return values, errors


def _value(contacts: Collection, request: ImportRequest, name: str, value: str) -> str:
    """Read a cell; dates are in the form that the import names."""
    definition = contacts.definitions.get(name)
    if definition is None:
        raise Refusal("PROPERTY_DEFINITION_NOT_FOUND", f"There is no contact property {name!r} any more.")
    if definition.type not in {"date", "datetime"}:
        return value
    read = moment(value, request.date_format, request.zone)
    if read is None:
        raise Refusal("COULD_NOT_PARSE_DATE", f"{value} is not a date of the form {request.date_format}.")
    return read.date().isoformat() if definition.type == "date" else f"{read:%Y-%m-%dT%H:%M:%SZ}"


def _drop(
    contacts: Collection, request: ImportRequest, values: dict[str, str], problems: tuple[Problem, ...]
) -> None:
    """Drop invalid values, unless they make the whole row invalid, as a required one that is missing does."""
    key = request.columns[request.key].property_name if request.key is not None else ""
    for problem in problems:
        whole = problem.name == key or problem.name not in values
        if whole or contacts.shared.switches.import_invalid_value == "row":
            raise Refusal(
                ERROR_TYPES.get(problem.code, OTHER_ERROR), problem.message, _place(request, problem.name)
            )
        del values[problem.name]


def _invalid(request: ImportRequest, row: Row, problem: Problem) -> RowError:
    kind = ERROR_TYPES.get(problem.code, OTHER_ERROR)
    return _error(row, kind, problem.message, _place(request, problem.name))


def _place(request: ImportRequest, property_name: str) -> int | None:
    """Return the place of a property's column; None if the file has none."""
    return next(
        (place for place, column in enumerate(request.columns) if column.property_name == property_name), None
    )


def _error(row: Row, kind: str, message: str, column: int | None) -> RowError:
    value = row.cells[column] if column is not None else None
    return RowError(kind, message, row.line, row.cells, column, value)
