# SPDX-License-Identifier: Apache-2.0
"""Reasons without a value of a record."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_hubcontact.sync.model import reasons
from airflow_provider_hubcontact.sync.model.change import DRY_RUN_CATEGORIES
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result
from airflow_provider_hubcontact.sync.model.reasons import (
    BY_OUTCOME,
    MAX_PROPERTIES,
    SENTENCES,
    cause,
    names,
    word,
)

PACKAGE = Path(reasons.__file__).parent.parent.parent
MAKERS = {"Result", "invalid", "_replace", "replace"}


def categories() -> Iterator[str]:
    """Every category that the package itself gives a result."""
    for path in [path for room in ("sync", "job", "operators") for path in PACKAGE.glob(f"{room}/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            given = [*node.args, *(each.value for each in node.keywords if each.arg == "category")]
            for each in given if _called(node) in MAKERS else ():
                if isinstance(each, ast.Constant) and re.fullmatch("[A-Z][A-Z_]+", str(each.value)):
                    yield str(each.value)


def pairs() -> Iterator[tuple[Outcome, str]]:
    """Every outcome with a category that the package gives it, as far as one call has both."""
    for path in [path for room in ("sync", "job") for path in PACKAGE.glob(f"{room}/**/*.py")]:
        known = vars(
            import_module(".".join([PACKAGE.name, *path.relative_to(PACKAGE).with_suffix("").parts]))
        )
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and _called(node) in MAKERS:
                given = [inner for each in _given(node) for inner in getattr(each, "elts", [each])]
                outcomes = [
                    Outcome[each.attr]
                    for each in given
                    if isinstance(each, ast.Attribute) and _is_outcome(each)
                ]
                yield from product(outcomes, filter(None, (_category(each, known) for each in given)))


def _called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def _given(node: ast.Call) -> list[ast.expr]:
    """Return what is given for an outcome and a category, by place or by name."""
    by_place = [each.value if isinstance(each, ast.Starred) else each for each in node.args]
    return [*by_place, *(each.value for each in node.keywords if each.arg in {"outcome", "category"})]


def _is_outcome(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id == "Outcome"


def _category(node: ast.expr, known: Mapping[str, object]) -> str | None:
    value = node.value if isinstance(node, ast.Constant) else known.get(getattr(node, "id", ""))
    return value if isinstance(value, str) and re.fullmatch("[A-Z][A-Z_]+", value) else None


def test_each_category_of_ours_has_a_sentence() -> None:
    """No result that the package makes is left without an explanation."""
    found = set(categories()) - set(DRY_RUN_CATEGORIES) - {"OBJECT_NOT_FOUND"}  # HubSpot's own

    assert len(found) > 8
    assert found <= set(SENTENCES)


def test_each_outcome_has_a_sentence() -> None:
    """What HubSpot's own categories leave open, the outcome says."""
    assert set(BY_OUTCOME) == set(Outcome)


@pytest.mark.parametrize(
    ("result", "says"),
    [
        (Result(1, "k", Outcome.INVALID, None, "PORTAL_SCHEMA"), "the portal's properties do not allow "),
        (Result(1, "k", Outcome.REJECTED, 400, "VALIDATION_ERROR"), "HubSpot refused it (VALID"),
        (Result(1, "k", Outcome.UNAVAILABLE, 500, "INTERNAL_ERROR"), "HubSpot was not available (INT"),
        (Result(1, "k", Outcome.INVALID, None, "INTERNAL_ERROR"), "code raised an exception over"),
        (
            Result(1, "k", Outcome.REJECTED, 400, "VALIDATION_ERROR", why="INVALID_OPTION"),
            "HubSpot refused it: INVALID_OPTION (VALIDATION_ERROR)",
        ),
        (Result(1, "k", Outcome.UNAVAILABLE, why="no\nroute"), "HubSpot was not available: no route"),
        (Result(1, "k", Outcome.REJECTED, 400, "has a k"), "HubSpot refused it"),
        (Result(1, "k", Outcome.INVALID, None, "LIST"), "the row names a list that the portal does not have"),
        (
            Result(1, "k", Outcome.REJECTED, 400, "LIST"),
            "it is not confirmed that the contact is in its list",
        ),
        (Result(1, "k", Outcome.CONFLICT, None, "MERGED"), "the contact was merged into another one"),
    ],
)
def test_cause(result: Result, says: str) -> None:
    """The category decides, else the outcome; what looks like a sentence of a server is left out."""
    assert cause(result).startswith(says)


@given(st.sampled_from(Outcome), st.sampled_from([None, *SENTENCES, "VALIDATION_ERROR"]), st.text())
def test_a_cause_is_made_of_fixed_words(outcome: Outcome, category: str | None, text: str) -> None:
    """Whatever key, reason and values a result has, its cause is the same."""
    plain = Result(1, "", outcome, 400, category)

    assert cause(plain) == cause(plain._replace(key=text, reason=text, changes={"city": (text, text)}))


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("VALIDATION_ERROR", True),
        ("1c8e-4f.x", True),
        ("two words", False),
        ("a@b", False),
        ("x" * 61, False),
        ("", False),
        (None, False),
    ],
)
def test_word(text: str | None, is_one: bool) -> None:
    """Only what looks like a category, a code or an id is shown."""
    assert word(text) == (text if is_one else "")


def test_names() -> None:
    """Names are printable, short and few."""
    given = ("a\nb", "x" * 99, *(f"p{number}" for number in range(6)))

    assert names(given) == f"a b, {'x' * 59}…, p0, p1, p2, and {len(given) - MAX_PROPERTIES} more"
