# SPDX-License-Identifier: Apache-2.0
"""Draw pictures: a bar for each of some numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import NamedTuple

from benchmarks.table import number

WIDTH, LINE, TOP, LABEL, BAR = 820, 30, 62, 300, 420
STYLE = "font-family: system-ui, sans-serif; font-size: 14px"


class Bar(NamedTuple):
    """A number.

    :param title: stands before the bar.
    :param value: its length.
    :param is_ours: whether it is drawn in this provider's colour.
    """

    title: str
    value: float
    is_ours: bool


@dataclass(frozen=True)
class Picture:
    """What a picture shows.

    :param heading: what the bars count.
    :param note: under which conditions.
    :param bars: from top to bottom, at least one.
    """

    heading: str
    note: str
    bars: Sequence[Bar]

    def draw(self, file: Path) -> None:
        """Write the picture as SVG."""
        most = max(bar.value for bar in self.bars)
        height = TOP + LINE * len(self.bars) + 12
        lines = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" style="{STYLE}">',
            f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
            f'<text x="16" y="28" font-size="17" font-weight="600">{escape(self.heading)}</text>',
            f'<text x="16" y="48" fill="#555555">{escape(self.note)}</text>',
            *(_drawn(bar, TOP + LINE * place, most) for place, bar in enumerate(self.bars)),
            "</svg>",
        ]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _drawn(bar: Bar, top: int, most: float) -> str:
    length = max(1.5, BAR * bar.value / most)
    color = "#ff5c35" if bar.is_ours else "#7c98b6"
    return (
        f'<text x="{LABEL - 10}" y="{top + 17}" text-anchor="end">{escape(bar.title)}</text>'
        f'<rect x="{LABEL}" y="{top + 3}" width="{length:.1f}" height="20" fill="{color}"/>'
        f'<text x="{LABEL + length + 8:.1f}" y="{top + 17}">{number(bar.value)}</text>'
    )
