# SPDX-License-Identifier: Apache-2.0
"""Drawings of a run's speed. Knows no Airflow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

WIDTH, HEIGHT = 600, 120
"""Size of a chart, in its own units."""

WINDOW = 10.0
"""Seconds over which a rate is measured, as HubSpot counts calls."""

SLACK = 0.3
"""Seconds by which a point of the timeline may be late."""

UNLIMITED = 10_000
"""A limit of so many calls in ten seconds is the sandbox's way to have none; it is not drawn."""

WORTH_DRAWING = 30.0
"""Seconds from which on a run has a chart: a shorter one has three points, and they say nothing."""


class Chart(NamedTuple):
    """The drawing of a rate over time.

    :param line: the points of its line, in SVG's form.
    :param area: the points of the area below the line.
    :param most: the value at the top edge.
    :param limit: the height at which the limit is drawn, if there is one.
    """

    line: str
    area: str
    most: float
    limit: float | None = None


def chart(points: Sequence[tuple[float, float]], limit: float | None = None) -> Chart | None:
    """Draw a rate over time.

    :param points: pairs of seconds and rate.
    :param limit: a value at which a line is drawn.
    :return: None for fewer than two points.
    """
    if len(points) < 2:
        return None
    end = points[-1][0] or 1.0
    most = max([rate for _, rate in points] + ([limit] if limit else [])) or 1.0
    places = [(round(WIDTH * at / end, 1), round(HEIGHT - HEIGHT * rate / most, 1)) for at, rate in points]
    line = " ".join(f"{x},{y}" for x, y in places)
    area = f"{places[0][0]},{HEIGHT} {line} {places[-1][0]},{HEIGHT}"
    return Chart(line, area, most, round(HEIGHT - HEIGHT * limit / most, 1) if limit else None)


def charts(report: Mapping[str, Any]) -> dict[str, Chart | None]:
    """Draw the rates of records and calls of a report, if the run was long enough to show something."""
    timeline = report["timeline"]
    if not timeline or timeline[-1][0] < WORTH_DRAWING:
        return {"rows_chart": None, "calls_chart": None}
    longest = max(WINDOW, timeline[1][0] - timeline[0][0] if len(timeline) > 1 else 0.0) + SLACK
    rows: list[tuple[float, float]] = []
    calls: list[tuple[float, float]] = []
    begins = 0
    for now, has, makes in timeline[1:]:
        while begins + 1 < len(timeline) and timeline[begins + 1][0] <= now - WINDOW + SLACK:
            begins += 1
        before, had, made = timeline[begins]
        if 0 < (passed := now - before) <= longest:  # the last point may have no whole window behind it
            rows.append((now, (has - had) / passed))
            calls.append((now, (makes - made) * WINDOW / max(passed, WINDOW)))
    limit = (report["quota"] or {}).get("calls_in_10_seconds")
    is_limited = limit is not None and limit < UNLIMITED
    return {"rows_chart": chart(rows), "calls_chart": chart(calls, limit if is_limited else None)}
