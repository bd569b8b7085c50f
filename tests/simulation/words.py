# SPDX-License-Identifier: Apache-2.0
"""Words that a source writes in its own way, and what they mean: by a table, so that nothing reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_hubcontact.job.settings.values import Values
from airflow_provider_hubcontact.sandbox.crm.owners import Owner
from airflow_provider_hubcontact.sandbox.crm.properties.definitions import Definition
from tests.simulation.chooser import Chooser

OWNER = "hubspot_owner_id"
NUMBER, FLAG, BORN, ROLE = "followercount", "hs_facebook_ad_clicked", "born", "hs_buying_role"

LOGIN = "login"
"""A unique property, by whose values rows name contacts in some worlds."""

OWN_PROPERTIES = (Definition(BORN, "Born", "date", "date"), Definition(LOGIN, "Login", unique=True))
"""Properties that the portal has made."""

OWNERS = (
    Owner("4711", "olivia@example.com", user_id=900_001),
    Owner("4712", "oscar@example.com", user_id=900_002),
    Owner("4713", kind="QUEUE"),
    Owner("4714", "otto@example.com", user_id=900_004, archived=True),
    Owner("4715", "twin@example.com", user_id=900_005),
    Owner("4716", "Twin@example.com", kind="QUEUE"),
)

USER = "900001"
"""Id of a user, which HubSpot refuses as an owner's."""

UNREADABLE = "?"
"""What a word means that its row cannot be written with."""

NULL = "N/A"

VALUES = Values(
    null_texts=[NULL],
    labels=True,
    decimal=",",
    dates=["%d.%m.%Y", "%Y/%m/%d"],
    booleans={"ja": True, "nein": False},
    json_lists=True,
)

MEANINGS: Mapping[str, Mapping[str, str]] = {
    "lifecyclestage": {
        "Subscriber": "subscriber",
        "LEAD": "lead",
        " Opportunity": "opportunity",
        "Customer": "customer",
    },
    "hs_lead_status": {"New": "NEW"},
    NUMBER: {"1.234,5": "1234.5", "12": "12", "-7,25": "-7.25", "1.5": UNREADABLE},
    FLAG: {"ja": "true", " Nein ": "false", "true": "true", "oui": UNREADABLE},
    BORN: {"02.01.2026": "2026-01-02", "2026/01/03": "2026-01-03", "2026-01-02": UNREADABLE},
    ROLE: {
        '["BLOCKER", null]': "BLOCKER",
        "Budget Holder;BLOCKER": "BUDGET_HOLDER;BLOCKER",
        '["CHAMPION", "N/A"]': "CHAMPION",
        "CHAMPION": "CHAMPION",
        '[["BLOCKER"]]': UNREADABLE,
    },
}
"""Column → word → its meaning."""

OF_OWNERS: Mapping[str, str] = {
    "olivia@example.com": "4711",
    " Oscar@Example.com": "4712",
    "4713": "4713",
    "otto@example.com": UNREADABLE,
    "twin@example.com": UNREADABLE,
    "nobody@example.com": UNREADABLE,
    "900001": USER,
}
"""Address or id → the owner's id."""

JUDGED = frozenset({OWNER, NUMBER, FLAG, BORN, ROLE})
"""Properties for which a row is not valid only if its word cannot be read."""


def dressed(row: Mapping[str, Any], chooser: Chooser) -> dict[str, Any]:
    """Return a row as a source writes it that has words of its own.

    :param row: with the values that HubSpot takes.
    """
    made = dict(row)
    for name, value in row.items():
        words = [word for word, meaning in MEANINGS.get(name, {}).items() if meaning == value]
        if words and chooser.chance(0.6):
            made[name] = words[0]
        elif value is None and chooser.chance(0.7):
            made[name] = NULL
    if "city" in made and chooser.chance(0.2):
        made["city"] = f" {NULL}"
    for name in (NUMBER, FLAG, BORN, ROLE):
        if chooser.chance(0.4):
            made[name] = _drawn(MEANINGS[name], chooser)
    return made


def owned(row: Mapping[str, Any], chooser: Chooser) -> dict[str, Any]:
    """Return a row that may name an owner."""
    return {**row, OWNER: _drawn(OF_OWNERS, chooser)} if chooser.chance(0.7) else dict(row)


def _drawn(words: Mapping[str, str], chooser: Chooser) -> str:
    """Choose a word; seldom one that cannot be read."""
    good = [word for word, meaning in words.items() if meaning not in {UNREADABLE, USER}]
    return chooser.one_of([word for word in words if word not in good] if chooser.chance(0.15) else good)


def meant(row: Mapping[str, Any], *, has_words: bool) -> dict[str, Any]:
    """Return a row with what its words mean.

    :param has_words: whether the task says how they are written.
    """
    return {name: _meaning(name, value, has_words=has_words) for name, value in row.items()}


def _meaning(name: str, value: Any, *, has_words: bool) -> Any:
    if name == OWNER and value in OF_OWNERS:
        return OF_OWNERS[value]
    if not has_words or not isinstance(value, str):
        return value
    return None if value.strip() == NULL else MEANINGS.get(name, {}).get(value, value)
