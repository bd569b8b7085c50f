# SPDX-License-Identifier: Apache-2.0
"""The report, as Markdown that can be pasted into an issue."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tests.contract.questions import Findings
from tests.contract.scenario import Told
from tests.contract.scenarios import SCENARIOS
from tests.contract.shapes import Difference

LONGEST = 300
"""The most characters of a cell."""


def report(told: Sequence[Told], findings: Findings, differences: Sequence[Difference], calls: int) -> str:
    """Write what a portal's answers tell of the sandbox.

    :param told: what the portal answered.
    :param differences: what a sandbox with the switches of ``findings`` answers otherwise.
    :param calls: calls that were sent to the portal.
    """
    return "\n".join(
        [
            "# The sandbox beside HubSpot",
            "",
            f"{len(told)} scenarios, {calls} calls, {len(differences)} differences.",
            "",
            *_switches(findings),
            *_differences(differences),
            *_troubles(told),
        ]
    )


def _switches(findings: Findings) -> Iterator[str]:
    yield "## Open questions"
    yield ""
    yield (
        f"This portal is a sandbox with `{findings.options}`."
        if findings.options
        else ("What could be asked is as the sandbox has it by default.")
    )
    yield ""
    yield "| switch | HubSpot's answer |"
    yield "|---|---|"
    for name, value in findings.settings.items():
        yield f"| `{name}` | `{value}` |"
    for name, why in findings.open.items():
        yield f"| `{name}` | still open: {_cell(why)} |"
    yield ""


def _differences(differences: Sequence[Difference]) -> Iterator[str]:
    yield "## Answers that differ"
    yield ""
    if not differences:
        yield "None."
    else:
        yield "| scenario | call | what | only the sandbox | only HubSpot |"
        yield "|---|---|---|---|---|"
    for each in differences:
        cells = (each.scenario, each.call, each.aspect, each.here, each.there)
        yield f"| {' | '.join(map(_cell, cells))} |"
    names = dict.fromkeys(each.scenario for each in differences)
    if names:
        yield ""
    for name in names:
        yield f"- `{name}`: {SCENARIOS[name].rule}"
    yield ""


def _troubles(told: Sequence[Told]) -> Iterator[str]:
    failed = [each for each in told if each.trouble]
    if failed:
        yield "## Not compared"
        yield ""
    for each in failed:
        yield f"- `{each.scenario}`: {_cell(each.trouble)}"


def _cell(text: str) -> str:
    """Write a text as code, so that nothing in it is Markdown or HTML."""
    shown = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    plain = " ".join(shown.split()).replace("`", "'").replace("|", "\\|")
    return f"`{plain}`"
