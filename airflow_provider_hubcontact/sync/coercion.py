"""A text becomes one that its property takes, where it can mean one thing only."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal

from airflow_provider_hubcontact.sync.comparison import Kind
from airflow_provider_hubcontact.sync.record import Coercion, Record
from airflow_provider_hubcontact.sync.values import Unholdable, iso, number

Coerced = tuple[str, str]
"""A text, and what was done to it."""

TRIMMED = "blanks around a value are dropped"


class Coercer:
    """Knows the kinds of the portal's properties.

    :param kinds: property → what its values are.
    :param told: called with every record that has a value which was changed.
    """

    def __init__(self, kinds: Mapping[str, Kind], told: Callable[[Record], None]) -> None:
        self._told = told
        self._by_property = {name: _OF_KIND[kind] for name, kind in kinds.items() if kind in _OF_KIND}

    def coerce(self, record: Record) -> Record:
        """Give the record with texts that its properties take; others are left alone."""
        changed: dict[str, str] = {}
        coercions: list[Coercion] = []
        for name in self._by_property.keys() & record.properties.keys():
            text = record.properties[name]
            written, how = self._by_property[name](text)
            if written != text:
                changed[name] = written
                coercions.append(Coercion(name, how, text, written))
        if changed:
            record = record._replace(
                properties={**record.properties, **changed}, coercions=(*record.coercions, *coercions)
            )
        if record.coercions:
            self._told(record)
        return record


def _trimmed(text: str) -> Coerced:
    return text.strip(), TRIMMED


def _boolean(text: str) -> Coerced:
    word = text.strip().lower()
    word = {"1": "true", "0": "false"}.get(word, word)
    return (word, "a yes or no is written as true or false") if word in {"true", "false"} else _trimmed(text)


def _number(text: str) -> Coerced:
    if _EXPONENT.fullmatch(text.strip()):
        with suppress(Unholdable):
            return number(Decimal(text.strip())), "a number is written without exponent"
    return _trimmed(text)


def _date(text: str) -> Coerced:
    moment = _moment(text)
    if moment is None:
        return _trimmed(text)
    return moment.date().isoformat(), "the time of day is dropped from a date"


def _datetime(text: str) -> Coerced:
    moment = _moment(text)
    if moment is None or _HUBSPOTS.fullmatch(text.strip()):
        return _trimmed(text)
    try:
        return iso(moment), "a time is written in HubSpot's form, in UTC"
    except Unholdable:
        return _trimmed(text)


def _options(text: str) -> Coerced:
    return ";".join(option.strip() for option in text.split(";")), TRIMMED


def _moment(text: str) -> datetime | None:
    """Read a day with a time, as databases write it too; None if it is none."""
    if not _DAY_AND_TIME.match(text.strip()):
        return None
    with suppress(ValueError, OverflowError):
        moment = datetime.fromisoformat(text.strip())
        return moment if moment.tzinfo is None else moment.astimezone(UTC)
    return None


_EXPONENT = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)[eE][+-]?\d{1,3}", re.ASCII)
_DAY_AND_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", re.ASCII)
_HUBSPOTS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?", re.ASCII)

_OF_KIND: Mapping[Kind, Callable[[str], Coerced]] = {
    Kind.BOOLEAN: _boolean,
    Kind.NUMBER: _number,
    Kind.DATE: _date,
    Kind.DATETIME: _datetime,
    Kind.OPTION: _trimmed,
    Kind.OPTIONS: _options,
}
"""Texts and addresses are left as they are."""
