# SPDX-License-Identifier: Apache-2.0
"""Numbers for people: Markdown tables, ratios, goals."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

WIDTH = 120
"""Characters of a line of the page."""

Result = dict[str, Any]
"""One measurement: JSON values by name."""


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Give a Markdown table; all columns but the first are numbers."""
    lines = [head, [":---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines) + "\n"


def paragraph(text: str, indent: str = "") -> str:
    """Break a text into lines."""
    return textwrap.fill(text.strip(), WIDTH, subsequent_indent=indent, break_on_hyphens=False) + "\n"


def number(value: float | None) -> str:
    """Write a number with as many digits as matter."""
    if value is None:
        return "–"
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def percent(value: float) -> str:
    """Write a share."""
    return f"{100 * value:.1f} %"


def ratio(value: float, baseline: float) -> str:
    """Write a number as a multiple of a baseline."""
    return f"{number(value / baseline)}×" if baseline else "–"


def goal(text: str, measured: str, *, met: bool, why: str = "") -> str:
    """Write a goal and whether it was met.

    :param why: the reason if it was not.
    """
    said = "met." if met else f"**missed**. {why}"
    return paragraph(f"- {text}: **{measured}**, {said}", indent="  ")
