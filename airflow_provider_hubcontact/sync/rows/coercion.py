# SPDX-License-Identifier: Apache-2.0
"""Normalises texts to the formats of their properties, where they can mean only one thing."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from types import MappingProxyType

from airflow_provider_hubcontact.clock import SYSTEM_CLOCK
from airflow_provider_hubcontact.printable import printable
from airflow_provider_hubcontact.sync.model.outcome import Result
from airflow_provider_hubcontact.sync.model.record import JSON, Coercion, Record
from airflow_provider_hubcontact.sync.rows.comparison import Kind
from airflow_provider_hubcontact.sync.rows.dates import (
    WHOLE,
    check_day,
    check_day_number,
    check_moment_number,
    day_of,
)
from airflow_provider_hubcontact.sync.rows.keys import (
    SECOND_ADDRESSES,
    addresses,
    addresses_problem,
    form_problem,
    key_problem,
)
from airflow_provider_hubcontact.sync.rows.record_mapping import invalid
from airflow_provider_hubcontact.sync.rows.texts.owners import HOW as OWNERS
from airflow_provider_hubcontact.sync.rows.texts.owners import OwnerIds, OwnersUnread
from airflow_provider_hubcontact.sync.rows.values import UnsupportedValue, iso, number

Coerced = tuple[str, str]
"""The normalised text, and what was done to it."""


TRIMMED = "blanks around a value are dropped"


ADDRESSES = "second addresses are written in lower case, each once"


class Coercer:
    """Normalises the texts of records to what the portal's properties accept.

    :param kinds: property → what its values are.
    :param told: called with every record of which a value was changed.
    :param key: the property that keys are values of; they are checked like its values. None for no check.
    :param padded: property → those of its options that begin or end with a blank.
    :param this_year: the year from which the bounds of dates are counted; the machine's if None.
    :param owners: knows the ids of owners; None if addresses are left as they are.
    """

    def __init__(
        self,
        kinds: Mapping[str, Kind],
        told: Callable[[Record], None],
        key: str | None = None,
        padded: Mapping[str, Collection[str]] = MappingProxyType({}),
        this_year: int | None = None,
        *,
        owners: OwnerIds | None = None,
    ) -> None:
        self._told = told
        self._key = key
        self._key_is_number = kinds.get(key or "") is Kind.NUMBER
        year = this_year or SYSTEM_CLOCK.now().year
        self._by_property = {
            name: _coercion(kind, padded.get(name, ()), year)
            for name, kind in {SECOND_ADDRESSES: Kind.ADDRESSES, **kinds}.items()
            if kind in _OF_KIND or kind in {Kind.DATE, Kind.OPTION, Kind.OPTIONS}
        }
        if owners:
            several = {name for name in owners.properties if kinds.get(name) is Kind.OPTIONS}
            self._by_property |= {
                name: partial(_owner, owners, name in several) for name in owners.properties
            }

    def coerce(self, record: Record) -> Record | Result:
        """Normalise the texts of a record. A text that cannot be normalised is left as it is.

        :return: the record; an ``invalid`` result if no contact can have the key, or if a value may mean more
            than one thing; another one if it depends on the portal's owners, and these cannot be listed.
        """
        changed: dict[str, str] = {}
        coercions: list[Coercion] = []
        problems = self._key_problems(record) if self._key else {}
        for name in self._by_property.keys() & record.properties.keys():
            text = record.properties[name]
            try:
                written, how = self._by_property[name](text, record.document.get(name, text))
            except UnsupportedValue as error:
                problems[name] = f"{printable(name)}: {error}"
                continue
            except OwnersUnread as error:
                return error.result(record, name)
            if written != text:
                changed[name] = written
                coercions.append(Coercion(name, how, text, written))
        if problems:
            return invalid(record.row, record.key, "VALUE", problems)
        if changed:
            record = record._replace(
                properties={**record.properties, **changed}, coercions=(*record.coercions, *coercions)
            )
        if record.coercions:
            self._told(record)
        return record

    def _key_problems(self, record: Record) -> dict[str, str]:
        """Check the key, and the new key that the contact is to get."""
        name, is_number = str(self._key), self._key_is_number
        problem = form_problem(name, record.key, is_number=is_number)
        if not problem and (key := record.properties.get(name)):
            problem = key_problem(name, key, is_number=is_number)
        return {name: problem} if problem else {}


Coercing = Callable[[str, JSON], Coerced]
"""Normalises a text; it is given the text, and the value that the text comes from."""


def _coercion(kind: Kind, padded: Collection[str], this_year: int) -> Coercing:
    if kind is Kind.DATE:
        return partial(_date, this_year)
    if kind is Kind.OPTION:
        return partial(_option, padded)
    return partial(_options, padded) if kind is Kind.OPTIONS else _OF_KIND[kind]


def _trimmed(text: str) -> Coerced:
    return text.strip(), TRIMMED


def _addresses(text: str, _: JSON) -> Coerced:
    """Bring second addresses into the form of keys, since contacts are looked up by them."""
    if problem := addresses_problem(text):
        raise UnsupportedValue(problem)
    return ";".join(addresses(text)), ADDRESSES


def _boolean(text: str, _: JSON) -> Coerced:
    word = text.strip().lower()
    word = {"1": "true", "0": "false"}.get(word, word)
    return (word, "a boolean is written as true or false") if word in {"true", "false"} else _trimmed(text)


def _number(text: str, _: JSON) -> Coerced:
    if _EXPONENT.fullmatch(text.strip()):
        with suppress(UnsupportedValue):
            return number(Decimal(text.strip())), "a number is written without exponent"
    return _trimmed(text)


def _date(this_year: int, text: str, _: JSON) -> Coerced:
    value = text.strip()
    if WHOLE.fullmatch(value):
        check_day_number(int(value), this_year)
    elif _DAY.fullmatch(value):
        with suppress(ValueError):  # no such day: the portal's schema says so
            check_day(date.fromisoformat(value), this_year)
    elif moment := _moment(value):
        day, how = day_of(moment)
        check_day(day, this_year)
        return day.isoformat(), how or "a midnight is written as its day"
    return _trimmed(text)


def _datetime(text: str, source: JSON) -> Coerced:
    value = text.strip()
    if WHOLE.fullmatch(value):
        if not isinstance(source, str) or WHOLE.fullmatch(source.strip()):  # else it was a datetime
            check_moment_number(int(value))
        return _trimmed(text)
    moment = _moment(value)
    if moment is None or _HUBSPOTS.fullmatch(value):
        return _trimmed(text)
    try:
        return iso(moment), "a time is written in HubSpot's form, in UTC"
    except UnsupportedValue:
        return _trimmed(text)


def _option(padded: Collection[str], text: str, _: JSON) -> Coerced:
    return _trimmed(text) if text not in padded else (text, TRIMMED)


def _options(padded: Collection[str], text: str, _: JSON) -> Coerced:
    parts = text.split(";")
    return ";".join(part if part in padded else part.strip() for part in parts), TRIMMED


def _owner(owners: OwnerIds, has_several: bool, text: str, _: JSON) -> Coerced:
    if "@" in text:
        parts = text.split(";") if has_several else [text]
        return ";".join(owners.read(part) if part.strip() else part for part in parts), OWNERS
    return _trimmed(owners.read(text))


def _moment(text: str) -> datetime | None:
    """Read a day with a time, in the forms of ISO 8601 and of databases; None if the text is not one."""
    if not _DAY_AND_TIME.match(text):
        return None
    with suppress(ValueError):
        return datetime.fromisoformat(text)
    return None


_EXPONENT = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)[eE][+-]?\d{1,3}", re.ASCII)


_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


_DAY_AND_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", re.ASCII)


_HUBSPOTS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?", re.ASCII)


_OF_KIND: Mapping[Kind, Coercing] = {
    Kind.ADDRESSES: _addresses,
    Kind.BOOLEAN: _boolean,
    Kind.NUMBER: _number,
    Kind.DATETIME: _datetime,
}
"""Kind → what normalises its texts, if only the kind matters. Texts and addresses are left as they are."""
