# SPDX-License-Identifier: Apache-2.0
"""Reason codes: whatever ends, there is one code for it, and a section that says what to do."""

from __future__ import annotations

import inspect
import re
from collections import Counter
from pathlib import Path

import pytest

from airflow_provider_hubcontact.client import errors as client_errors
from airflow_provider_hubcontact.job import errors as job_errors
from airflow_provider_hubcontact.operators.errors import HubSpotSyncIncomplete
from airflow_provider_hubcontact.status import status_of
from airflow_provider_hubcontact.sync.model.change import DRY_RUN_CATEGORIES
from airflow_provider_hubcontact.sync.model.codes import (
    CODES,
    EMPTY_SOURCE,
    SETTING,
    code_of,
    code_of_error,
    code_of_line,
    code_of_result,
    coded,
)
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result
from airflow_provider_hubcontact.sync.model.reasons import SENTENCES
from airflow_provider_hubcontact.sync.rows.schema_files import InvalidSchema
from airflow_provider_hubcontact.ui.reasons import sections
from tests.sync.test_reasons import categories, pairs

ROOT = Path(__file__).parent.parent
PAGE = "airflow_provider_hubcontact/ui/reasons.md"
ERRORS = [
    each
    for module in (client_errors, job_errors)
    for _, each in inspect.getmembers(module, inspect.isclass)
    if issubclass(each, Exception) and each.__module__ == module.__name__
]
OWN = {(each.outcome, each.category) for each in CODES if each.category}

PINNED = {
    "HC-001": "updated",
    "HC-002": "created",
    "HC-003": "archived",
    "HC-004": "unchanged",
    "HC-005": "up_to_date",
    "HC-006": "superseded",
    "HC-010": "DRIFT",
    "HC-011": "NO_CONTACT",
    "HC-012": "MERGED",
    "HC-013": "RENAMED",
    "HC-014": "OTHER_KEY",
    "HC-015": "CREATED_BY_RUN",
    "HC-016": "ARCHIVED_BY_RUN",
    "HC-017": "STAYS",
    "HC-018": "ADDRESSES_STAY",
    "HC-019": "ADDRESSES_STAY",
    "HC-020": "WOULD_UPDATE",
    "HC-021": "WOULD_CREATE",
    "HC-022": "WOULD_REMOVE",
    "HC-023": "WOULD_ARCHIVE",
    "HC-030": "",
    "HC-100": "invalid",
    "HC-101": "KEY",
    "HC-102": "VALUE",
    "HC-103": "PORTAL_SCHEMA",
    "HC-104": "JSON_SCHEMA",
    "HC-105": "STAGE_REGRESSION",
    "HC-106": "DUPLICATE",
    "HC-107": "ROW",
    "HC-108": "NOT_A_MAPPING",
    "HC-109": "INTERNAL_ERROR",
    "HC-110": "LIST",
    "HC-111": "UNREAD",
    "HC-200": "rejected",
    "HC-201": "rejected",
    "HC-202": "LIST",
    "HC-210": "not_found",
    "HC-211": "ABSENT",
    "HC-212": "ARCHIVED_BY_RUN",
    "HC-220": "conflict",
    "HC-221": "KEY_TAKEN",
    "HC-222": "PLAN_OUTDATED",
    "HC-223": "EDITED",
    "HC-224": "AMBIGUOUS",
    "HC-225": "MERGED",
    "HC-226": "ADDRESS_TAKEN",
    "HC-300": "unauthorized",
    "HC-301": "unauthorized",
    "HC-302": "LIST",
    "HC-303": "OWNERS",
    "HC-310": "throttled",
    "HC-311": "LIST",
    "HC-312": "OWNERS",
    "HC-320": "unavailable",
    "HC-321": "unavailable",
    "HC-322": "unavailable",
    "HC-323": "unavailable",
    "HC-324": "STAGES",
    "HC-325": "LIST",
    "HC-326": "OWNERS",
    "HC-400": "unknown",
    "HC-401": "NOT_VERIFIED",
    "HC-402": "LIST",
    "HC-500": "not_attempted",
    "HC-501": "GUARD",
    "HC-502": "PREFLIGHT",
    "HC-503": "STATE",
    "HC-504": "LIST",
    "HC-510": "SetupError",
    "HC-511": "SourceError",
    "HC-512": "HubSpotSyncIncomplete",
    "HC-513": "PlanError",
    "HC-514": "ConfigurationError",
    "HC-515": "WrongAddress",
    "HC-516": "InvalidSchema",
    "HC-517": "StateDatabaseError",
    "HC-518": "ClaimLost",
    "HC-519": "PortalNotReady",
    "HC-520": "LedgerError",
}
"""Every code that there ever was, and what it stands for. Lines are added; none is changed or taken away."""


def test_a_code_keeps_its_meaning() -> None:
    """A code that is gone stays in this list, so that it cannot come back with another meaning."""
    told = {each.code: each.category or each.outcome or next(iter(each.errors), "") for each in CODES}

    assert told.items() <= PINNED.items()
    assert len(told) == len(CODES)


def test_no_reason_has_two_codes() -> None:
    """What a code is told by is told by no other one."""
    outcomes = Counter(
        (each.outcome, each.category, status)
        for each in CODES
        if each.outcome
        for status in each.statuses or ("any",)
    )
    errors = Counter(name for each in CODES for name in each.errors)

    assert max(outcomes.values()) == max(errors.values()) == 1
    assert EMPTY_SOURCE in PINNED
    assert SETTING in PINNED


@pytest.mark.parametrize("outcome", Outcome)
def test_each_outcome_has_a_code(outcome: Outcome) -> None:
    """Whatever HubSpot's category is; they are an open set."""
    code = code_of(outcome, "WHATEVER", 599)

    assert PINNED[code] == outcome
    assert code_of_line({"outcome": str(outcome), "category": "WHATEVER", "status": 599}) == code


def test_an_outcome_that_there_is_not() -> None:
    """What somebody has put into a ledger or an XCom has none."""
    assert code_of_line({"outcome": "eaten"}) == ""


def test_each_category_has_a_code() -> None:
    """Every word that the package gives a result, and every one that is explained."""
    known = {category for _, category in OWN}

    assert set(categories()) - {"OBJECT_NOT_FOUND"} <= known  # HubSpot's own word, which we repeat
    assert set(SENTENCES) <= known
    assert set(DRY_RUN_CATEGORIES) <= known
    for outcome, category in OWN:
        assert PINNED[code_of(str(outcome), category, 404)] == category


def test_each_category_has_a_code_with_each_outcome_that_has_it() -> None:
    """A category that another outcome has, too, is another reason: the outcome's own code would say less."""
    found = set(pairs())

    assert len(found) > 20
    assert found - OWN - {(Outcome.NOT_FOUND, "OBJECT_NOT_FOUND")} == set()


@pytest.mark.parametrize(
    ("result", "code"),
    [
        (Result(1, "k", Outcome.REJECTED, 400, "VALIDATION_ERROR"), "HC-200"),
        (Result(1, "k", Outcome.REJECTED, 413), "HC-201"),
        (Result(1, "k", Outcome.NOT_FOUND, 404, "OBJECT_NOT_FOUND"), "HC-210"),
        (Result(1, "k", Outcome.UNAUTHORIZED, 401), "HC-300"),
        (Result(1, "k", Outcome.UNAUTHORIZED, 403, "MISSING_SCOPES"), "HC-301"),
        (Result(1, "k", Outcome.UNAVAILABLE, 502), "HC-320"),
        (Result(1, "k", Outcome.UNAVAILABLE), "HC-321"),
        (Result(1, "k", Outcome.UNAVAILABLE, 423), "HC-322"),
        (Result(1, "k", Outcome.UNAVAILABLE, 477), "HC-323"),
        (Result(1, "k", Outcome.UNAVAILABLE, None, "STAGES"), "HC-324"),
        # HubSpot may use a word of ours for something else.
        (Result(1, "k", Outcome.UNAVAILABLE, 500, "INTERNAL_ERROR"), "HC-320"),
        (Result(1, "k", Outcome.INVALID, None, "INTERNAL_ERROR"), "HC-109"),
        (Result(1, "k", Outcome.REJECTED, 400, "KEY"), "HC-200"),
    ],
)
def test_the_code_of_a_result(result: Result, code: str) -> None:
    """The package's own category decides, then the status, then the outcome."""
    assert code_of_result(result) == code


@pytest.mark.parametrize("kind", [*ERRORS, InvalidSchema, HubSpotSyncIncomplete])
def test_each_error_has_a_code(kind: type[Exception]) -> None:
    """Whatever keeps a run from its work."""
    assert code_of_error(kind.__new__(kind)) in PINNED


def test_an_error_of_a_status_has_the_code_of_its_records() -> None:
    """What a command says of a refusal is what a report says of it."""
    for status in (400, 401, 403, 404, 409, 413, 423, 429, 477, 500):
        kind = getattr(client_errors, status_of(status).error)
        assert code_of_error(kind.__new__(kind)) == code_of(status_of(status).outcome, None, status)


def test_somebody_elses_error_has_none() -> None:
    """It is told in its own words."""
    assert code_of_error(KeyError("k")) is None
    assert coded(ValueError("no")) == "no"
    assert coded(job_errors.SourceError("no rows")) == "HC-511: no rows"


def test_each_code_has_its_section() -> None:
    """In the order of the table, each with what it means and what to do; and there is no other section."""
    text = (ROOT / PAGE).read_text(encoding="utf-8")

    assert [each.code for each in sections()] == [each.code for each in CODES]
    assert re.findall("^### (.+)$", text, re.MULTILINE) == [each.code for each in CODES]
    for each in sections():
        assert each.means.endswith(".")
        assert each.to_do.endswith(".")


def test_each_section_says_what_its_code_is_told_by() -> None:
    """Outcome, category, statuses and errors, as the table has them."""
    for each, section in zip(CODES, sections(), strict=True):
        parts = (each.outcome, each.category, *(each.errors if not each.outcome or each.category else ()))
        named = re.findall("<code>(.+?)</code>", section.told_by)
        assert named == [part for part in parts if part]
        numbers = [int(number) for number in re.findall(r"\b\d{3}\b", section.told_by)]
        assert numbers == [status for status in each.statuses if status]


def test_the_documentation_shows_the_sections() -> None:
    """The page is in the navigation, and has the sections that Airflow's page has."""
    assert f'--8<-- "{PAGE}"' in (ROOT / "docs/reasons.md").read_text(encoding="utf-8")
    assert "Reason codes: reasons.md" in (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
