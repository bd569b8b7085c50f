# SPDX-License-Identifier: Apache-2.0
"""The one table of reason codes: why a record, or a task, ended as it did.

A code follows from outcome, category and status, so that ledgers and plans of any version have codes. A code
never changes its meaning, and is never used again. ``ui/reasons.md`` says what each means and what to do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from airflow_provider_hubcontact.sync.model.outcome import (
    ADDRESSES_STAY,
    DRIFT,
    DUPLICATE,
    INTERNAL_ERROR,
    LIST,
    Outcome,
    Result,
)


class Code(NamedTuple):
    """A reason, and what identifies it.

    :param code: its name.
    :param outcome: of the records that ended for this reason; None if only a task can end for it.
    :param category: the package's own category. HubSpot's are an open set: the status stands for them.
    :param statuses: HTTP statuses of the refusals; None for a call that got no answer.
    :param errors: names of the exceptions that end a task or a command for this reason.
    """

    code: str
    outcome: Outcome | None = None
    category: str | None = None
    statuses: tuple[int | None, ...] = ()
    errors: tuple[str, ...] = ()


EMPTY_SOURCE = "HC-030"
"""The source has no records, so that the task is skipped."""


SETTING = "HC-510"
"""A setting is not valid."""


CODES: tuple[Code, ...] = (
    Code("HC-001", Outcome.UPDATED),
    Code("HC-002", Outcome.CREATED),
    Code("HC-003", Outcome.ARCHIVED),
    Code("HC-004", Outcome.UNCHANGED),
    Code("HC-005", Outcome.UP_TO_DATE),
    Code("HC-006", Outcome.SUPERSEDED),
    Code("HC-010", Outcome.UP_TO_DATE, DRIFT),
    Code("HC-011", Outcome.UNCHANGED, "NO_CONTACT"),
    Code("HC-012", Outcome.UNCHANGED, "MERGED"),
    Code("HC-013", Outcome.UNCHANGED, "RENAMED"),
    Code("HC-014", Outcome.UNCHANGED, "OTHER_KEY"),
    Code("HC-015", Outcome.UNCHANGED, "CREATED_BY_RUN"),
    Code("HC-016", Outcome.UNCHANGED, "ARCHIVED_BY_RUN"),
    Code("HC-017", Outcome.UNCHANGED, "STAYS"),
    Code("HC-018", Outcome.UNCHANGED, ADDRESSES_STAY),
    Code("HC-019", Outcome.UPDATED, ADDRESSES_STAY),
    Code("HC-020", Outcome.NOT_ATTEMPTED, "WOULD_UPDATE"),
    Code("HC-021", Outcome.NOT_ATTEMPTED, "WOULD_CREATE"),
    Code("HC-022", Outcome.NOT_ATTEMPTED, "WOULD_REMOVE"),
    Code("HC-023", Outcome.NOT_ATTEMPTED, "WOULD_ARCHIVE"),
    Code(EMPTY_SOURCE),
    Code("HC-100", Outcome.INVALID),
    Code("HC-101", Outcome.INVALID, "KEY"),
    Code("HC-102", Outcome.INVALID, "VALUE"),
    Code("HC-103", Outcome.INVALID, "PORTAL_SCHEMA"),
    Code("HC-104", Outcome.INVALID, "JSON_SCHEMA"),
    Code("HC-105", Outcome.INVALID, "STAGE_REGRESSION"),
    Code("HC-106", Outcome.INVALID, DUPLICATE),
    Code("HC-107", Outcome.INVALID, "ROW"),
    Code("HC-108", Outcome.INVALID, "NOT_A_MAPPING"),
    Code("HC-109", Outcome.INVALID, INTERNAL_ERROR),
    Code("HC-110", Outcome.INVALID, LIST),
    Code("HC-111", Outcome.INVALID, "UNREAD"),
    Code("HC-200", Outcome.REJECTED, errors=("BadRequest",)),
    Code("HC-201", Outcome.REJECTED, statuses=(413, 414), errors=("TooLarge",)),
    Code("HC-202", Outcome.REJECTED, LIST),
    Code("HC-210", Outcome.NOT_FOUND, errors=("NotFound",)),
    Code("HC-211", Outcome.NOT_FOUND, "ABSENT"),
    Code("HC-212", Outcome.NOT_FOUND, "ARCHIVED_BY_RUN"),
    Code("HC-220", Outcome.CONFLICT, errors=("Conflict",)),
    Code("HC-221", Outcome.CONFLICT, "KEY_TAKEN"),
    Code("HC-222", Outcome.CONFLICT, "PLAN_OUTDATED"),
    Code("HC-223", Outcome.CONFLICT, "EDITED"),
    Code("HC-224", Outcome.CONFLICT, "AMBIGUOUS"),
    Code("HC-225", Outcome.CONFLICT, "MERGED"),
    Code("HC-226", Outcome.CONFLICT, "ADDRESS_TAKEN"),
    Code("HC-300", Outcome.UNAUTHORIZED, errors=("Unauthorized",)),
    Code("HC-301", Outcome.UNAUTHORIZED, statuses=(403,), errors=("Forbidden",)),
    Code("HC-302", Outcome.UNAUTHORIZED, LIST),
    Code("HC-303", Outcome.UNAUTHORIZED, "OWNERS"),
    Code("HC-310", Outcome.THROTTLED, errors=("RateLimited",)),
    Code("HC-311", Outcome.THROTTLED, LIST),
    Code("HC-312", Outcome.THROTTLED, "OWNERS"),
    Code("HC-320", Outcome.UNAVAILABLE, errors=("ServerError",)),
    Code("HC-321", Outcome.UNAVAILABLE, statuses=(None,), errors=("NotSent",)),
    Code("HC-322", Outcome.UNAVAILABLE, statuses=(423,), errors=("Locked",)),
    Code("HC-323", Outcome.UNAVAILABLE, statuses=(477,), errors=("Migrating",)),
    Code("HC-324", Outcome.UNAVAILABLE, "STAGES"),
    Code("HC-325", Outcome.UNAVAILABLE, LIST),
    Code("HC-326", Outcome.UNAVAILABLE, "OWNERS"),
    Code("HC-400", Outcome.UNKNOWN, errors=("HubSpotError",)),
    Code("HC-401", Outcome.UNKNOWN, "NOT_VERIFIED"),
    Code("HC-402", Outcome.UNKNOWN, LIST),
    Code("HC-500", Outcome.NOT_ATTEMPTED, errors=("Cancelled",)),
    Code("HC-501", Outcome.NOT_ATTEMPTED, "GUARD", errors=("GuardExceeded",)),
    Code("HC-502", Outcome.NOT_ATTEMPTED, "PREFLIGHT", errors=("PreflightError",)),
    Code("HC-503", Outcome.NOT_ATTEMPTED, "STATE", errors=("StateError",)),
    Code("HC-504", Outcome.NOT_ATTEMPTED, LIST),
    Code(SETTING, errors=("SetupError",)),
    Code("HC-511", errors=("SourceError",)),
    Code("HC-512", errors=("HubSpotSyncIncomplete",)),
    Code("HC-513", errors=("PlanError",)),
    Code("HC-514", errors=("ConfigurationError",)),
    Code("HC-515", errors=("WrongAddress", "RunStopped")),
    Code("HC-516", errors=("InvalidSchema",)),
    Code("HC-517", errors=("StateDatabaseError",)),
    Code("HC-518", errors=("ClaimLost",)),
    Code("HC-519", errors=("PortalNotReady",)),
    Code("HC-520", errors=("LedgerError",)),
)
"""The hundreds group the codes: 0 no problem, 1 the row is not valid, 2 HubSpot refused the record, 3 HubSpot
accepts no calls, 4 the result is not known, 5 the run did not begin, or broke off."""


def code_of(outcome: str, category: str | None, status: int | None) -> str:
    """Return why a record ended as it did.

    :param outcome: how it ended.
    :param category: of its result, the package's own or HubSpot's.
    :param status: HTTP status that stands for the outcome.
    :return: the code; empty if there is no such outcome.
    """
    own = _BY_CATEGORY.get((outcome, category)) or _BY_STATUS.get((outcome, status))
    return own or _BY_OUTCOME.get(outcome, "")


def code_of_result(result: Result) -> str:
    """Return why a record ended as it did.

    :param result: of the record.
    :return: the code.
    """
    return code_of(result.outcome, result.category, result.status)


def code_of_line(line: Mapping[str, Any]) -> str:
    """Return why a record ended as it did.

    :param line: of a ledger, or of a report.
    :return: the code.
    """
    return code_of(line["outcome"], line.get("category"), line.get("status"))


def code_of_error(error: BaseException) -> str | None:
    """Return why a task or a command ended with an exception: the code of its nearest class that has one.

    :param error: the exception.
    :return: None if it is not one of the package's exceptions.
    """
    names = (each.__name__ for each in type(error).__mro__)
    return next((_BY_ERROR[name] for name in names if name in _BY_ERROR), None)


def coded(error: BaseException) -> str:
    """Return the text of an exception, after its code if it has one.

    :param error: the exception.
    """
    code = code_of_error(error)
    return f"{code}: {error}" if code else str(error)


def is_own(outcome: Outcome, category: str | None) -> bool:
    """Check whether a category is the package's own; HubSpot may use the same word for something else."""
    return (outcome, category) in _BY_CATEGORY


_BY_CATEGORY: Mapping[tuple[str, str | None], str] = {
    (each.outcome, each.category): each.code for each in CODES if each.outcome and each.category
}


_BY_STATUS: Mapping[tuple[str, int | None], str] = {
    (each.outcome, status): each.code for each in CODES if each.outcome for status in each.statuses
}


_BY_OUTCOME: Mapping[str, str] = {
    each.outcome: each.code for each in CODES if each.outcome and not each.category and not each.statuses
}


_BY_ERROR: Mapping[str, str] = {name: each.code for each in CODES for name in each.errors}
