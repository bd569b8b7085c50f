# SPDX-License-Identifier: Apache-2.0
"""A report as a file to download. Knows no Airflow."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

from airflow_provider_hubcontact.printable import printable
from airflow_provider_hubcontact.ui.figures import code

PROBLEM_COLUMNS = (
    "row",
    "key",
    "outcome",
    "status",
    "category",
    "reason",
    "properties",
    "correlation_id",
    "earlier_try",
    "code",
    "contact",
)

MAX_LENGTH = 10_000
"""The most characters of a cell."""

FORMULA = frozenset("=+-@\uff1d\uff0b\uff0d\uff20")
"""What a formula begins with, also as East Asian keyboards write it."""


def problems_csv(report: Mapping[str, Any]) -> str:
    """Return the sample of problems as CSV, with each cell in quotation marks."""
    file = io.StringIO()
    writer = csv.writer(file, quoting=csv.QUOTE_ALL)
    writer.writerow(PROBLEM_COLUMNS)
    for problem in report["problems"]:
        told = {**problem, "code": code(problem)}
        writer.writerow([_cell(told.get(name)) for name in PROBLEM_COLUMNS])
    return file.getvalue()


def _cell(value: object) -> object:
    """Return the text of a cell, in one line that no spreadsheet reads as a formula."""
    text = "; ".join(map(str, value)) if isinstance(value, list) else value
    if not isinstance(text, str):
        return text
    shown = printable(text, MAX_LENGTH)
    return f"'{shown}" if shown.lstrip()[:1] in FORMULA else shown
