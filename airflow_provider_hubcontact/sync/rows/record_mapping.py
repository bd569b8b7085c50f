# SPDX-License-Identifier: Apache-2.0
"""Turns a row of the source into a record: mapping, key, and HubSpot's text forms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import lru_cache, partial
from itertools import islice
from typing import Any, NamedTuple

from airflow_provider_hubcontact.printable import printable
from airflow_provider_hubcontact.sync.model.choices import Nulls
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result, internal_error
from airflow_provider_hubcontact.sync.model.record import JSON, Coercion, Record
from airflow_provider_hubcontact.sync.rows.columns import (
    MAX_COLUMNS,
    MAX_NAME_LENGTH,
    Stumbled,
    checked_name,
    columns_problem,
    key_text,
)
from airflow_provider_hubcontact.sync.rows.comparison import Kind
from airflow_provider_hubcontact.sync.rows.dates import check_moment_number, day_of
from airflow_provider_hubcontact.sync.rows.keys import EMAIL, RECORD_ID, normalized_key, text_problem
from airflow_provider_hubcontact.sync.rows.texts.reading import NULL_TEXT, Texts
from airflow_provider_hubcontact.sync.rows.values import (
    TimeForm,
    UnsupportedValue,
    changed,
    checked,
    json,
    millis,
    number,
    plain,
    text,
    type_of,
)
from airflow_provider_hubcontact.words import MOST_NAMED, closest, named, several

NO_VALUE = "NaN, NaT or NA is read as None"


MAX_PROBLEMS = 20
"""The most problems that the reason of a record names."""


class BadRow(NamedTuple):
    """Stands for a row that could not be read from its source; the other rows go on.

    :param reason: what is wrong with the row.
    """

    reason: str


class Taken(NamedTuple):
    """The values of a row, while a record is made of them.

    :param properties: property → text.
    :param document: property → JSON value.
    :param problems: column → what is wrong with its value.
    :param coercions: how values were changed.
    """

    properties: dict[str, str]
    document: dict[str, JSON]
    problems: dict[str, str]
    coercions: list[Coercion]

    def note(self, column: str, problem: str) -> None:
        """Note what is wrong with a value."""
        self.problems[column] = f"{printable(str(column), MAX_NAME_LENGTH)}: {problem}"


@dataclass(frozen=True, slots=True)
class RecordMapping:
    """How rows become records.

    :param key: column whose value identifies the contact.
    :param id_property: HubSpot property that the key is a value of.
    :param mapping: column → property; only the columns listed here are sent.
        None sends every column under its own name.
    :param becomes: column with the value that the key's property is to get instead.
    :param nulls: what None does to the property.
    :param time_form: how datetimes are written.
    :param timestamp: column with the time when the row's values were set.
    :param unsent: columns that are sent only if the mapping names them.
    :param kinds: property → what its values are, as far as it is known.
    :param list_name: the list in which each contact is to be; empty for none.
    :param list_column: column that names it instead; None if none does.
    :param document_key: name under which a record's document has the key; the property that the mapping
        sends the key's column as, or the column, unless given.
    :param texts: reads texts that are written in the source's own way; None if they are read as ever.
    """

    key: str = "email"
    id_property: str = "email"
    mapping: Mapping[str, str] | None = None
    becomes: str | None = None
    nulls: Nulls = Nulls.IGNORE
    time_form: TimeForm = TimeForm.ISO
    timestamp: str | None = None
    unsent: frozenset[str] = frozenset()
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    document_key: str | None = None
    list_name: str = ""
    list_column: str | None = None
    texts: Texts | None = None

    def record(self, row: int, source: object) -> Record | Result:
        """Make a record of a row.

        :param row: its number, from 1.
        :param source: the row, a mapping of column names to values.
        :return: the record, or an ``invalid`` result that names all that is wrong with the row.
        """
        try:
            return self._record(row, source)
        except Stumbled as error:
            return stumbled_over(error, row, "")
        except Exception as error:  # noqa: BLE001 - a row may be of any class, with any defect
            return internal_error(row, "", error, "read")

    def key_of(self, source: object) -> str | None:
        """Return the key of a row; None if it has none that is valid."""
        try:
            return self._key(source) if isinstance(source, Mapping) else None
        except Exception:  # noqa: BLE001 - a row may be of any class, with any defect
            return None

    def list_of(self, source: object) -> str:
        """Return the name or id of the list that a row has; empty if it has none that is valid."""
        if self.list_column is None:
            return self.list_name
        try:
            return self._named_list(source, Taken({}, {}, {}, [])) if isinstance(source, Mapping) else ""
        except Exception:  # noqa: BLE001 - same
            return ""

    @property
    def key_property(self) -> str:
        """The name of the key in the document of a record."""
        return self.document_key or (self.mapping or {}).get(self.key, self.key)

    def columns(self, source: Mapping[Any, object]) -> list[tuple[str, object]]:
        """Return the values of a row, each with the name of its property."""
        if self.mapping is not None:
            return [(name, source[column]) for column, name in self.mapping.items() if column in source]
        own = {self.key, self.timestamp, self.list_column, *self.unsent}
        return [
            (self.id_property if column == self.becomes else column, value)
            for column, value in source.items()
            if column not in own
        ]

    def _record(self, row: int, source: object) -> Record | Result:
        if type(source) is not dict and not isinstance(source, Mapping):
            return source if isinstance(source, Record | Result) else _no_mapping(row, source)
        if reason := columns_problem(source):
            return invalid(row, self.key_of(source) or "", "ROW", {"": reason})
        return self._of_mapping(row, source if type(source) is dict else self._copied(source))

    def _of_mapping(self, row: int, source: Mapping[Any, object]) -> Record | Result:
        try:
            key = self._key(source)
        except UnsupportedValue as error:
            return invalid(row, "", "KEY", {self.key: str(error)})
        except Exception as error:
            raise Stumbled(self.key, error) from error
        try:
            return self._properties(row, key, source)
        except Stumbled as error:
            return stumbled_over(error, row, key)

    def _copied(self, source: Mapping[Any, object]) -> dict[Any, object]:
        """Copy what is needed of a row of any class, since its methods may do anything."""
        if self.mapping is None or self.key not in source:  # a row without its key is told with its columns
            columns = list(islice(source, MAX_COLUMNS))
        else:
            others = filter(None, (self.timestamp, self.list_column))
            named = dict.fromkeys((self.key, *self.mapping, *others))
            columns = [column for column in named if column in source]
        row: dict[Any, object] = {}
        for column in columns:
            try:
                row[column] = source[column]
            except Exception as error:
                raise Stumbled(column, error) from error
        return row

    def _key(self, source: Mapping[Any, object]) -> str:
        if self.key not in source:
            raise UnsupportedValue(_without_key(self.key, tuple(islice(map(str, source), MOST_NAMED + 1))))
        value = source[self.key]
        if self.texts is not None:
            value = self.texts.key(self.id_property, value)
        key = normalized_key(self.id_property, key_text(value), is_number=self._key_is_number)
        if problem := text_problem(self.id_property, key):
            raise UnsupportedValue(problem)
        return key

    @property
    def _key_is_number(self) -> bool:
        return self.id_property != EMAIL and self.kinds.get(self.id_property) is Kind.NUMBER

    def _properties(self, row: int, key: str, source: Mapping[Any, object]) -> Record | Result:
        taken = Taken({}, {}, {}, [])
        columns = self.columns(source)
        if self.texts is None:
            stumbled = [each for name, value in columns if (each := self._take(name, value, taken))]
        else:
            take = partial(self._take_text, self.texts)
            stumbled = [each for name, value in columns if (each := take(name, value, taken))]
        timestamp = self._timestamp(source, taken)
        named = self.list_name if self.list_column is None else self._named_list(source, taken)
        if stumbled:
            raise stumbled[0]
        if taken.problems:
            return invalid(row, key, "VALUE", taken.problems)
        if problem := self._take_new_key(key, source, taken.properties):
            return invalid(row, key, "KEY", {self.id_property: problem})
        taken.document.setdefault(self.key_property, key)
        coercions = tuple(taken.coercions)
        return Record(row, key, taken.properties, taken.document, timestamp, coercions=coercions, list=named)

    def _named_list(self, source: Mapping[Any, object], taken: Taken) -> str:
        """Return the name or id of a list that a row has; empty if it has none."""
        column = str(self.list_column)
        try:
            value = plain(self._meant(column, source.get(column), taken), [])
            name = "" if value is None else _list_name(value)
            if name is not None:
                return name
            advice = ": pass a row for each list" if isinstance(value, list) else ""
            taken.note(column, f"a list must be a name or an id, not a {type_of(value)}{advice}")
        except UnsupportedValue as error:
            taken.note(column, str(error))
        except Exception as error:
            raise Stumbled(column, error) from error
        return ""

    def _take_new_key(self, key: str, source: Mapping[Any, object], properties: dict[str, str]) -> str | None:
        """Keep the key's new value in the one form of keys, and drop one that is not new.

        :return: why it cannot be sent, if so.
        """
        if self._is_ambiguous(source):
            name = self.id_property
            return f"the columns {self.becomes} and {name} both have a new {name}: leave one out"
        if self.id_property not in properties:
            return None
        new_key = properties[self.id_property]
        if self.id_property != EMAIL:  # an address is in that form already
            new_key = normalized_key(self.id_property, new_key, is_number=self._key_is_number)
            properties[self.id_property] = new_key
        if new_key == key:
            del properties[self.id_property]
        elif self.mapping is None and self.becomes is None:
            return self._unasked_change()
        return None

    def _unasked_change(self) -> str:
        name = self.id_property
        told = f"the column {name} would change the contact's {name}, by which the column {self.key} finds it"
        if name == RECORD_ID:
            return f"{told}, and a record id never changes: leave the column out"
        return f"{told}: if it is to, say key=Key({self.key!r}, property={name!r}, becomes={name!r})"

    def _is_ambiguous(self, source: Mapping[Any, object]) -> bool:
        """Check whether two columns would be sent as the key's property."""
        is_named_otherwise = self.becomes is not None and self.id_property not in {self.key, self.becomes}
        return self.mapping is None and is_named_otherwise and self.id_property in source

    def _take(self, name: str, value: object, taken: Taken) -> Stumbled | None:
        """Take a value, or note what is wrong with it.

        :return: the exception that it caused, if any: a value may be of any class, with any defect.
        """
        try:
            if type(name) is not str or not name.isascii() or len(name) > MAX_NAME_LENGTH:
                name = checked_name(name)
            if type(value) is str:  # most values are such, and need no more
                written = checked(value)
                taken.properties[name] = normalized_key(name, written) if name == EMAIL else written
                taken.document[name] = value
            elif (cell := self._cell(name, value, taken.coercions)) is not None:
                taken.properties[name], taken.document[name] = cell
        except UnsupportedValue as error:
            taken.note(name, str(error))
        except Exception as error:  # noqa: BLE001 - one record never ends a run
            return Stumbled(name, error)
        return None

    def _take_text(self, texts: Texts, name: str, value: object, taken: Taken) -> Stumbled | None:
        """Take a value of a source whose texts are written in its own way, or note what is wrong with it.

        The document keeps the text as it is in the source, unless it means no value.

        :return: the exception that it caused, if any.
        """
        try:
            value = self._meant(name, value, taken)
            if (stumbled := self._take(name, value, taken)) or value is None:
                return stumbled
            if (text := taken.properties.get(name)) is not None:
                written, how = texts.read(name, value, text)
                if written != text:
                    taken.properties[name] = checked(written)
                    taken.coercions.append(Coercion(name, how, text, written))
        except UnsupportedValue as error:
            taken.note(name, str(error))
        except Exception as error:  # noqa: BLE001 - one record never ends a run
            return Stumbled(name, error)
        return None

    def _meant(self, name: str, value: object, taken: Taken) -> object:
        """Return a value without the texts that mean no value, and note the first of these."""
        if self.texts is None:
            return value
        value, null = self.texts.without_nulls(value)
        if null is not None:
            taken.coercions.append(Coercion(name, NULL_TEXT, null, ""))
        return value

    def _cell(self, name: str, source: object, coercions: list[Coercion]) -> tuple[str, JSON] | None:
        """Return the text and the JSON form of a value, or None if it is left out."""
        missing: list[str] = []
        value = plain(source, missing)
        cell: tuple[str, JSON] | None
        if value is None:
            # A source that knows no new key does not take the contact's key away.
            cell = ("", None) if self.nulls is Nulls.CLEAR and name != self.id_property else None
        elif type(value) is datetime and self.kinds.get(name) is Kind.DATE:
            day, how = day_of(value)
            cell = (day.isoformat(), day.isoformat())
            if how:
                coercions.append(Coercion(name, how, str(value), cell[0]))
        else:
            written = text(value, self.time_form)
            cell = (normalized_key(name, written) if name == EMAIL else written), json(value)
            if how := changed(value):
                coercions.append(Coercion(name, how, str(value), written))
        if missing:
            coercions.append(Coercion(name, NO_VALUE, missing[0], cell[0] if cell else ""))
        return cell

    def _timestamp(self, source: Mapping[Any, object], taken: Taken) -> int | None:
        if self.timestamp is None:
            return None
        missing: list[str] = []
        try:
            given = source.get(self.timestamp)
            value = plain(self._meant(self.timestamp, given, taken), missing)
            if missing:
                taken.coercions.append(Coercion(self.timestamp, NO_VALUE, missing[0], ""))
            if value is None:
                return None
            if type(value) is int and abs(value) < 2**63:
                check_moment_number(value)
                return value
            if isinstance(value, datetime):
                return millis(value)
            taken.note(
                self.timestamp, f"a timestamp must be a datetime or milliseconds, not a {type_of(value)}"
            )
        except UnsupportedValue as error:
            taken.note(self.timestamp, str(error))
        except Exception as error:
            raise Stumbled(self.timestamp, error) from error
        return None


def _no_mapping(row: int, source: object) -> Result:
    if isinstance(source, BadRow):
        return invalid(row, "", "ROW", {"": source.reason})
    reason = f"a row must map columns to values, not a {type_of(source)}"
    return invalid(row, "", "NOT_A_MAPPING", {"": reason})


def stumbled_over(error: Stumbled, row: int, key: str) -> Result:
    """Return the result of a record with a value that caused an exception."""
    return internal_error(row, key, error.error, "read", (printable(error.column, MAX_NAME_LENGTH),))


def _list_name(value: object) -> str | None:
    """Return the name or id of a list; None if a value is neither.

    An id may be a whole number of any class, as databases and DataFrames have it.
    """
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    whole, _, fraction = number(value).partition(".")
    return None if fraction.strip("0") else whole


def invalid(row: int, key: str, category: str, problems: Mapping[str, str]) -> Result:
    """Return the result of a record that is not valid.

    :param row: number of the row.
    :param key: the record's key; empty if it has none.
    :param category: the kind of the problems.
    :param problems: column or property → what is wrong with it; ``""`` for the whole row.
    """
    reason = "; ".join(islice(problems.values(), MAX_PROBLEMS))
    if len(problems) > MAX_PROBLEMS:
        reason += f"; and {len(problems) - MAX_PROBLEMS:,} more"
    names = tuple(printable(name, MAX_NAME_LENGTH) for name in problems if name)
    return Result(row, key, Outcome.INVALID, category=category, reason=reason, properties=names)


@lru_cache(maxsize=100)
def _without_key(key: str, columns: tuple[str, ...]) -> str:
    """Return what is wrong with a row that lacks the key's column; it may be each row of a source."""
    told = named(repr(key), closest(key, columns))
    return f"the row has no column {told}, which is the key; it has {several(columns) or 'no columns'}"
