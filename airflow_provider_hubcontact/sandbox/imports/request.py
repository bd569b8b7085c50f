# SPDX-License-Identifier: Apache-2.0
"""Reads the request for an import: which column goes where, and how dates are written.

HubSpot docs: "Imports" guide. The texts of the refusals are ours (U).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from airflow_provider_hubcontact.sandbox.crm.object_types import CONTACTS
from airflow_provider_hubcontact.sandbox.crm.type_names import recognised
from airflow_provider_hubcontact.sandbox.errors.own import NotEmulated
from airflow_provider_hubcontact.sandbox.errors.requests import InvalidInput

OPERATIONS = ("UPDATE", "CREATE", "UPSERT")
DATE_FORMATS = ("MONTH_DAY_YEAR", "DAY_MONTH_YEAR", "YEAR_MONTH_DAY")
OBJECT_ID = "HUBSPOT_OBJECT_ID"
ALTERNATE_ID = "HUBSPOT_ALTERNATE_ID"
STANDARD = "STANDARD"
OTHER_COLUMNS = ("FLEXIBLE_ASSOCIATION_LABEL", "ASSOCIATION_KEYS", "EVENT_TIMESTAMP")


class Column(NamedTuple):
    """A column of the file, and where it goes.

    :param name: its heading.
    :param property_name: the property; empty for the record id.
    :param kind: ``HUBSPOT_OBJECT_ID``, ``HUBSPOT_ALTERNATE_ID`` or ``STANDARD``.
    """

    name: str
    property_name: str
    kind: str = STANDARD


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """The request for an import.

    :param operation: whether contacts are updated, created, or both.
    :param zone: the zone of times without one.
    :param json: the request as it was sent.
    """

    name: str
    file_name: str
    columns: tuple[Column, ...]
    operation: str
    date_format: str
    has_header: bool
    zone: ZoneInfo
    json: Mapping[str, Any]

    @property
    def key(self) -> int | None:
        """The place of the column that identifies contacts: the record id, or else the alternate id."""
        for kind in (OBJECT_ID, ALTERNATE_ID):
            for place, column in enumerate(self.columns):
                if column.kind == kind:
                    return place
        return None


def read(body: object, properties: Collection[str], identifies: Callable[[str], bool]) -> ImportRequest:
    """Read ``importRequest``.

    :param properties: the names of the portal's contact properties.
    :param identifies: checks whether a property identifies contacts.
    :raises InvalidInput: if something is missing or wrong.
    :raises NotEmulated: if it asks for more than contacts from one CSV file.
    """
    request = _object(body, "importRequest")
    file = _file(request)
    page = _object(file.get("fileImportPage"), "fileImportPage")
    mappings = _list(page.get("columnMappings"), "columnMappings")
    return ImportRequest(
        name=_text(request, "name"),
        file_name=_text(file, "fileName"),
        columns=_columns(mappings, properties, identifies),
        operation=_operation(request),
        date_format=_one_of(request, "dateFormat", DATE_FORMATS, "MONTH_DAY_YEAR"),
        has_header=page.get("hasHeader") is not False,
        zone=_zone(request),
        json=request,
    )


def _file(request: Mapping[str, Any]) -> Mapping[str, Any]:
    files = _list(request.get("files"), "files")
    if len(files) > 1:
        raise NotEmulated("imports of several files", "an import of one CSV file")
    if request.get("createContactListFromImport") is True:
        raise NotEmulated("lists of imported contacts", "an import without createContactListFromImport")
    file = _object(files[0], "files")
    if _one_of(file, "fileFormat", ("CSV", "SPREADSHEET"), "CSV") != "CSV":
        raise NotEmulated("imports of spreadsheets", "an import of one CSV file")
    return file


def _operation(request: Mapping[str, Any]) -> str:
    operations = request.get("importOperations")
    if operations is None:
        return "UPSERT"
    operations = _object(operations, "importOperations")
    for spelling in operations:
        _check_type(spelling)
    if len(operations) > 1:
        raise InvalidInput("importOperations names contacts more than once.")
    return _one_of(operations, next(iter(operations), ""), OPERATIONS, "UPSERT")


def _check_type(spelling: str) -> None:
    """Check that an object type, in whatever spelling, is the contacts.

    :raises UnknownObjectType: if HubSpot has no such type (U: that it is refused as in a path).
    :raises NotEmulated: if it is another one.
    """
    if recognised(spelling) != CONTACTS.plural:
        raise NotEmulated("imports of other objects than contacts", "an import of contacts (0-1)")


def _columns(
    mappings: list[Any], properties: Collection[str], identifies: Callable[[str], bool]
) -> tuple[Column, ...]:
    columns = tuple(_column(_object(each, "columnMappings"), properties) for each in mappings)
    for column in columns:
        if column.kind == ALTERNATE_ID and not identifies(column.property_name):
            raise InvalidInput(f"The property {column.property_name} does not identify contacts.")
    return columns


def _column(mapping: Mapping[str, Any], properties: Collection[str]) -> Column:
    """Read the mapping of a column. Older samples have ``columnObjectType`` and ``idColumnType`` (D)."""
    type_key = "columnObjectType" if mapping.get("columnObjectTypeId") is None else "columnObjectTypeId"
    if mapping.get(type_key) is None:
        raise InvalidInput("A column mapping has no columnObjectTypeId.")
    _check_type(_text(mapping, type_key))
    kind_key = "columnType" if mapping.get("columnType") is not None else "idColumnType"
    kind = _one_of(mapping, kind_key, (OBJECT_ID, ALTERNATE_ID, STANDARD, *OTHER_COLUMNS), STANDARD)
    if kind in OTHER_COLUMNS:
        raise NotEmulated(f"columns of the type {kind}", "a column of the type STANDARD")
    name = _text(mapping, "columnName")
    if kind == OBJECT_ID:
        return Column(name, "", kind)
    property_name = _text(mapping, "propertyName")
    if property_name not in properties:
        raise InvalidInput(f"There is no contact property {property_name[:100]!r}.")
    return Column(name, property_name, kind)


def _zone(request: Mapping[str, Any]) -> ZoneInfo:
    name = request.get("timeZone") or "UTC"
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError, TypeError) as error:
        raise InvalidInput(f"There is no time zone {str(name)[:100]!r}.") from error


def _object(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise InvalidInput(f"{name} is not an object.")
    return value


def _list(value: object, name: str) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise InvalidInput(f"{name} is not a list, or is empty.")
    return value


def _text(mapping: Mapping[str, Any], name: str) -> str:
    value = mapping.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidInput(f"{name} is not a text, or is empty.")
    return value


def _one_of(mapping: Mapping[str, Any], name: str, allowed: tuple[str, ...], default: str) -> str:
    value = mapping.get(name)
    if value is None:
        return default
    if value not in allowed:
        raise InvalidInput(f"{name} is one of {', '.join(allowed)}.")
    return str(value)
