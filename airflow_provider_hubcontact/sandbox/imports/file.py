# SPDX-License-Identifier: Apache-2.0
"""Reads the file of an import: its rows and dates.

HubSpot docs: "Imports" guide.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

_MOMENT = re.compile(
    r"(\d{1,4})[-/.](\d{1,2})[-/.](\d{1,4})(?:[ T](\d{1,2}):(\d\d)(?::(\d\d))?)?(Z)?", re.ASCII
)
_YEAR_PLACES = {"MONTH_DAY_YEAR": (2, 0, 1), "DAY_MONTH_YEAR": (2, 1, 0), "YEAR_MONTH_DAY": (0, 1, 2)}
"""Date format → the places of year, month and day."""


class Row(NamedTuple):
    """A row of the file.

    :param line: number of its line, from 1.
    :param cells: its cells.
    """

    line: int
    cells: list[str]


class UnreadableFile(Exception):
    """The file is not CSV in UTF-8.

    :param line: number of the line that is wrong; 0 for the whole file.
    """

    def __init__(self, line: int = 0) -> None:
        super().__init__(f"The file cannot be read as CSV in UTF-8 (line {line}).")
        self.line = line


def rows(content: bytes, *, has_header: bool) -> Iterator[Row]:
    """Yield the rows, without the header and blank lines.

    :raises UnreadableFile: at a line that is not CSV.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableFile from error
    reader = csv.reader(io.StringIO(text, newline=""))
    line, skip = 1, has_header
    try:
        for cells in reader:
            if cells and not skip:
                yield Row(line, cells)
            skip = skip and not cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise UnreadableFile(line) from error


def moment(value: str, date_format: str, zone: ZoneInfo) -> datetime | None:
    """Read a date, or a date and a time.

    :param date_format: the order of day, month and year.
    :param zone: the zone of a time without a ``Z``.
    :return: the time in UTC, or midnight of a day; None if the text is neither.
    """
    match = _MOMENT.fullmatch(value)
    if match is None:
        return None
    year, month, day = (match[place + 1] for place in _YEAR_PLACES[date_format])
    if len(year) != 4:
        return None
    try:
        read = datetime(int(year), int(month), int(day), tzinfo=UTC)
        if match[4] is None:
            return read
        local = read.replace(
            hour=int(match[4]),
            minute=int(match[5]),
            second=int(match[6] or 0),
            tzinfo=UTC if match[7] else zone,
        )
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
