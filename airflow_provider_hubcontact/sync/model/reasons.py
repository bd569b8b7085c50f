# SPDX-License-Identifier: Apache-2.0
"""Why records ended as they did, in words without their values, so that logs may show them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from airflow_provider_hubcontact.printable import printable
from airflow_provider_hubcontact.sync.model.codes import is_own
from airflow_provider_hubcontact.sync.model.outcome import LIST, Outcome, Result

MAX_PROPERTIES = 5


MAX_NAME_LENGTH = 60


MAX_WHY_LENGTH = 300


SENTENCES: Mapping[str, str] = {
    "ABSENT": "HubSpot had no such contact when it was asked last",
    "ADDRESSES_STAY": "the contact exists, so that it gets no second addresses",
    "ADDRESS_TAKEN": "another contact has an address of the row",
    "AMBIGUOUS": "the ledger does not say clearly what the run did to the contact",
    "ARCHIVED_BY_RUN": "the run archived the contact, which only people can restore",
    "CREATED_BY_RUN": "the run created the contact, which is left alone",
    "DRIFT": "somebody has edited the contact since it was proved to have the row's values",
    "DUPLICATE": "an earlier row has the same key",
    "EDITED": "the contact does not have the values any more that the run wrote",
    "GUARD": "the run stopped before it wrote",
    "INTERNAL_ERROR": "code raised an exception over the record",
    "JSON_SCHEMA": "the task's JSON Schema does not allow the record",
    "KEY": "the key is missing or not valid",
    "KEY_TAKEN": "another contact has the new key",
    "LIST": "it is not confirmed that the contact is in its list, or has left it",
    "MERGED": "the contact was merged into another one, which is left alone",
    "NOT_A_MAPPING": "the row does not map columns to values",
    "NOT_VERIFIED": "HubSpot accepted the write, but the contact does not have the values",
    "OWNERS": "the record has an owner's address, and the portal's owners cannot be listed",
    "PLAN_OUTDATED": "the contact has changed since the plan was made",
    "PORTAL_SCHEMA": "the portal's properties do not allow the value",
    "PREFLIGHT": "the run did not start",
    "ROW": "the row cannot be read as a record",
    "STAGES": "the portal's lifecycle stages could not be read",
    "STAGE_REGRESSION": "the lifecycle stage would go back",
    "STATE": "the run did not start, since its state cannot be used",
    "UNREAD": "the contact was not read before the run wrote it",
    "VALUE": "the property cannot hold the value",
}
"""Category → what it means. HubSpot's own categories are explained by the outcome."""


NO_SUCH_LIST = "the row names a list that the portal does not have, or that cannot be used"
"""What ``LIST`` means of a row that is not valid: its contact was not written."""


BY_OUTCOME: Mapping[Outcome, str] = {
    Outcome.UPDATED: "the contact was updated",
    Outcome.CREATED: "the contact was created",
    Outcome.ARCHIVED: "the contact was archived",
    Outcome.UNCHANGED: "the contact had the values already",
    Outcome.UP_TO_DATE: "the row equals what the state proves, so the contact was not read",
    Outcome.SUPERSEDED: "later rows with the same key overwrite all its values",
    Outcome.INVALID: "the record is not valid",
    Outcome.REJECTED: "HubSpot refused it",
    Outcome.NOT_FOUND: "the portal has no such contact",
    Outcome.CONFLICT: "another contact is in the way",
    Outcome.UNAUTHORIZED: "HubSpot does not accept the token, or the token lacks a scope",
    Outcome.THROTTLED: "HubSpot accepts no more calls for now",
    Outcome.UNAVAILABLE: "HubSpot was not available",
    Outcome.UNKNOWN: "it is not known whether it was written",
    Outcome.NOT_ATTEMPTED: "the run stopped first",
}
"""Outcome → what it means where the category says nothing."""


_WORD = re.compile(r"[A-Za-z0-9_.-]{1,60}")
"""What a server's word must look like to be shown; anything else may be a value."""


def word(text: str | None) -> str:
    """Return a category, a code or an id as HubSpot writes them; empty if the text looks different."""
    return text if text and _WORD.fullmatch(text) else ""


def cause(result: Result) -> str:
    """Return why a record ended as it did, without a value of the record.

    HubSpot's own sentences quote values, so that only its category and codes are told.

    :param result: of the record.
    """
    category = word(result.category)
    own = SENTENCES.get(category) if is_own(result.outcome, category) else None
    if category == LIST and result.outcome is Outcome.INVALID:
        own = NO_SUCH_LIST
    sentence = own or BY_OUTCOME[result.outcome]
    if result.why:
        sentence += f": {printable(result.why, MAX_WHY_LENGTH)}"
    return f"{sentence} ({category})" if category else sentence


def names(properties: tuple[str, ...]) -> str:
    """Return the names of properties as a part of a sentence, bounded."""
    shown = [printable(name, MAX_NAME_LENGTH) for name in properties[:MAX_PROPERTIES]]
    more = len(properties) - len(shown)
    return ", ".join([*shown, *([f"and {more} more"] if more else [])])
