# SPDX-License-Identifier: Apache-2.0
"""Reads days and times in the formats that the user gives, which have no names of months or weekdays."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import date, datetime

from airflow_provider_hubcontact.sync.rows.dates import day_of
from airflow_provider_hubcontact.sync.rows.values import TimeForm, UnsupportedValue, changed, text

Read = tuple[str, str]
"""The text in the form that HubSpot takes, and what was done to the source's text."""


HOW = "a date is read in a format of values.dates"


Moment = date | datetime


def day_reader(formats: Sequence[str], *, is_kept: bool = False) -> Callable[[str], Read]:
    """Return a reader of texts for date properties.

    :param formats: of ``strptime``, numbers alone.
    :param is_kept: whether a text may also be a date in ISO 8601, as a ledger keeps it.
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
    """Return a reader of texts for datetime properties; a day without a time stays a day.

    :param formats: of ``strptime``, numbers alone.
    :param time_form: how a time is written.
    :param is_kept: whether a text may also be a date in ISO 8601, as a ledger keeps it.
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
            raise UnsupportedValue(f"`{value:.80}` can mean {meanings}: it fits several formats")
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
"""Parts with nothing between them must have all their digits, since 1122026 can mean two days. A time zone
begins with a sign."""


_ISO = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
