# SPDX-License-Identifier: Apache-2.0
"""The sections of the reason codes, which the documentation shows as well. Knows no Airflow."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from markupsafe import Markup, escape


class Section(NamedTuple):
    """What is said of a code.

    :param code: such as ``HC-101``.
    :param told_by: outcome, category, status or error that have it.
    :param means: what it means.
    :param to_do: what to do.
    """

    code: str
    told_by: Markup
    means: Markup
    to_do: Markup


@cache
def sections() -> tuple[Section, ...]:
    """Return all sections, in their order."""
    text = files("airflow_provider_hubcontact.ui").joinpath("reasons.md").read_text(encoding="utf-8")
    found = re.findall(_SECTION, text, re.MULTILINE)
    return tuple(Section(code, *map(_marked_up, said)) for code, *said in found)


_SECTION = r"^### (\S+)\n\n(.+)\n\n\*\*What it means\.\*\* (.+)\n\n\*\*What to do\.\*\* (.+)$"


def _marked_up(text: str) -> Markup:
    """Return a sentence of the page as HTML: backticks are all that it has of Markdown."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped before
