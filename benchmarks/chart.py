"""Draw the picture: rows a second, a bar for each contestant."""

from __future__ import annotations

from html import escape
from pathlib import Path

from benchmarks.contest import OURS
from benchmarks.quota import USUAL, Case, title
from benchmarks.table import Result, number

WIDTH, LINE, TOP, LABEL, BAR = 820, 30, 62, 300, 420
STYLE = "font-family: system-ui, sans-serif; font-size: 14px"


def draw(file: Path, results: list[Result]) -> None:
    """Write the picture as SVG.

    :param results: of the benchmark ``quota``; nothing is drawn without any.
    """
    chosen = [each for each in results if Case(*each["case"]) == USUAL and "rate" in each]
    if not chosen:
        return
    chosen.sort(key=lambda each: -each["rate"])
    most = chosen[0]["rate"]
    height = TOP + LINE * len(chosen) + 12
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" style="{STYLE}">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        '<text x="16" y="28" font-size="17" font-weight="600">Contacts updated in a second</text>',
        f'<text x="16" y="48" fill="#555555">{escape(USUAL.title)}; all rows changed</text>',
        *(_bar(place, each, most) for place, each in enumerate(chosen)),
        "</svg>",
    ]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _bar(place: int, result: Result, most: float) -> str:
    top, rate, name = TOP + LINE * place, result["rate"], escape(title(result["contestant"]))
    length = max(1.5, BAR * rate / most)
    color = "#ff5c35" if result["contestant"] == OURS else "#7c98b6"
    return (
        f'<text x="{LABEL - 10}" y="{top + 17}" text-anchor="end">{name}</text>'
        f'<rect x="{LABEL}" y="{top + 3}" width="{length:.1f}" height="20" fill="{color}"/>'
        f'<text x="{LABEL + length + 8:.1f}" y="{top + 17}">{number(rate)}</text>'
    )
