# SPDX-License-Identifier: Apache-2.0
"""The sentences that many messages share: the nearest name, a count with its noun."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from airflow_provider_hubcontact.words import MOST_NAMED, closest, counted, nearest, several

PACKAGE = Path(__file__).parent.parent / "airflow_provider_hubcontact"
SOURCES = [path for path in PACKAGE.rglob("*.py") if "sandbox" not in path.relative_to(PACKAGE).parts]


@pytest.mark.parametrize(
    ("name", "known", "told"),
    [
        ("frstname", ["firstname", "lastname"], "frstname (the nearest is firstname)"),
        ("EMAIL", ["email"], "EMAIL (the nearest is email)"),
        ("zzz", ["firstname"], "zzz"),
        ("zzz", [], "zzz"),
        ("a\nb", ["a\nc"], "a b (the nearest is a c)"),
    ],
)
def test_the_nearest_name(name: str, known: list[str], told: str) -> None:
    """A name that does not exist is told with the one that may be meant, and printable."""
    assert nearest(name, known) == told


def test_how_alike_names_must_be() -> None:
    """It can be asked for more likeness."""
    assert closest("secret", ["client_secret"]) == "client_secret"
    assert closest("secret", ["client_secret"], likeness=0.8) is None


def test_several_names() -> None:
    """The first ones of many, printable."""
    assert several([]) == ""
    assert several(["a\tb", "c"]) == "a b, c"
    assert several(map(str, range(MOST_NAMED))).endswith(f", {MOST_NAMED - 1}")
    assert several(map(str, range(MOST_NAMED + 5))).endswith(f", {MOST_NAMED - 1}, …")


def test_a_count_with_its_noun() -> None:
    """One record, two records."""
    told = [counted(number, "record") for number in (0, 1, 2_000)]
    assert told == ["0 records", "1 record", "2,000 records"]
    assert counted(2, "property", "properties") == "2 properties"


def test_names_are_compared_in_one_place() -> None:
    """Which name is the nearest, and how it is told, is the same everywhere."""
    assert [path.name for path in SOURCES if "difflib" in path.read_text(encoding="utf-8")] == ["words.py"]


TEMPLATES = [*PACKAGE.glob("ui/**/*.html"), *PACKAGE.glob("notifications/*.py")]
PLURALS = (
    "calls|cells|changes|columns|contacts|creates|headings|keys|lines|minutes|proofs|records|removals|rows|"
    "scopes"
)


def test_a_count_has_its_noun_from_one_place() -> None:
    """No message can say "1 records": a number is not followed by a plural that is written out."""
    odd = [
        f"{path.relative_to(PACKAGE)}: {found[0]}"
        for path in SOURCES
        for found in re.finditer(
            rf"(\{{[^{{}}A-Z]*:,\}}|\{{len\([^{{}}]*\)[^{{}}]*\}}|\b1|%s) ({PLURALS})\b",
            path.read_text(encoding="utf-8"),
        )
    ]

    assert odd == []


def test_a_count_in_a_template_has_its_noun() -> None:
    """Nor can a page or a notifier's text."""
    assert TEMPLATES
    odd = [
        f"{path.name}: {found[0]}"
        for path in TEMPLATES
        for found in re.finditer(rf"\}}\}} ({PLURALS})\b", path.read_text(encoding="utf-8"))
    ]

    assert odd == []
