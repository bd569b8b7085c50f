"""Days and times that a source writes in formats of its own, without names of months or days."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import date, datetime

from airflow_provider_hubcontact.sync.rows.dates import day_of
from airflow_provider_hubcontact.sync.rows.values import TimeForm, UnsupportedValue, changed, text

Read = tuple[str, str]
"""The text as HubSpot takes it, and what was done to the source's."""


HOW = "a date is read in the format that the task names"


Moment = date | datetime


def day_reader(formats: Sequence[str], *, is_kept: bool = False) -> Callable[[str], Read]:
    """Return what reads the texts of properties that hold days.

    :param formats: of ``strptime``, numbers alone.
    :param is_kept: whether a text may also be a date that a ledger has kept, as ISO 8601.
    """
    moment = _moment_reader(formats, is_kept=is_kept)

    def read(given: str) -> Read:
        found = moment(given)
        if not isinstance(found, datetime):
            return found.isoformat(), HOW
        day, how = day_of(found)
        return day.isoformat(), how or HOW

    return read


def time_reader(
    formats: Sequence[str], time_form: TimeForm, *, is_kept: bool = False
) -> Callable[[str], Read]:
    """Return what reads the texts of properties that hold times; a day stays a day.

    :param formats: of ``strptime``, numbers alone.
    :param time_form: how a time is written.
    :param is_kept: whether a text may also be a date that a ledger has kept, as ISO 8601.
    """
    moment = _moment_reader(formats, is_kept=is_kept)

    def read(given: str) -> Read:
        found = moment(given)
        return text(found, time_form), changed(found) or HOW

    return read


def _moment_reader(formats: Sequence[str], *, is_kept: bool) -> Callable[[str], Moment]:
    expected = " or ".join(formats)

    def read(given: str) -> Moment:
        value = given.strip()
        found = list(dict.fromkeys(_all(value, formats, is_kept=is_kept)))
        if not found:
            raise UnsupportedValue(f"`{value:.80}` is not a date in the format {expected}")
        if len(found) > 1:
            meanings = " or ".join(each.isoformat() for each in found)
            raise UnsupportedValue(f"`{value:.80}` may be {meanings}: it fits several formats")
        return found[0]

    return read


def _all(value: str, formats: Sequence[str], *, is_kept: bool) -> Iterator[Moment]:
    for form in formats:
        with suppress(ValueError):
            moment = datetime.strptime(value, form)  # noqa: DTZ007 - a zone is the format's business
            if not _JOINED.search(form) or moment.strftime(form) == value:
                yield moment if "%H" in form else moment.date()
    if is_kept and _ISO.match(value):
        with suppress(ValueError):
            yield (
                datetime.fromisoformat(value) if len(value) > len("2026-01-02") else date.fromisoformat(value)
            )


_JOINED = re.compile("%[a-zA-Z]%[a-yA-Z]")
"""Parts with nothing between them must have all their digits: 1122026 may be two days. A zone has a sign."""


_ISO = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
