# SPDX-License-Identifier: Apache-2.0
"""Prepares contacts, limits and faults for the templates of the pages."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from airflow_provider_hubcontact.sandbox.access.limits import UNLIMITED, Limits
from airflow_provider_hubcontact.sandbox.crm.record import MAX_WRITES, Record
from airflow_provider_hubcontact.sandbox.crm.times import iso
from airflow_provider_hubcontact.sandbox.faults.injector import Faults

MAX_CHANGES = 500
"""The most changes that the page of a contact shows: the latest."""

MAX_NAME = 200
MAX_CHANGE = 300
"""The most characters of a value in the history."""

MAX_VALUE = 2_000
"""The most characters of a value elsewhere."""

Fields = Mapping[str, Any]


def name(contact: Record) -> str:
    """Return the name of a contact, else its address, else its id."""
    properties = contact.properties
    whole = " ".join(filter(None, (properties.get("firstname"), properties.get("lastname"))))
    return cut(whole or contact.email or f"Contact {contact.id}", MAX_NAME)


def line(contact: Record) -> Fields:
    """Return what a list shows of a contact."""
    return {
        "id": contact.id,
        "name": name(contact),
        "email": contact.email,
        "stage": contact.properties.get("lifecyclestage", ""),
        "changed": contact.properties["lastmodifieddate"],
    }


def history(contact: Record) -> Sequence[Fields]:
    """Return the changes of all properties, the latest first.

    :return: the changes; ``before`` is None if the earlier value is forgotten.
    """
    before: dict[str, str] = {}
    first = None if len(contact.writes) >= MAX_WRITES else ""
    changes = []
    for write in contact.writes:
        for property_name, value in write.values.items():
            changes.append(
                {
                    "when": iso(write.timestamps.get(property_name, write.timestamp)),
                    "who": " ".join(filter(None, (write.source, write.source_id))),
                    "name": property_name,
                    "before": before.get(property_name, first),
                    "after": cut(value, MAX_CHANGE),
                }
            )
            before[property_name] = cut(value, MAX_CHANGE)
    return changes[::-1]


def gauges(limits: Limits, oauth_apps: Collection[str]) -> Iterator[Fields]:
    """Return what is used and left: of each app's window, of the day, of the searches.

    :param limits: the limits.
    :param oauth_apps: the ids of the OAuth apps, which have another limit.
    """
    usage = limits.usage()
    apps, day, search = usage["apps"], usage["daily"], usage["search"]
    window = _last(apps["seconds"])
    for app, used in apps["used"].items() or [("1", 0)]:
        limit = apps["oauthLimit"] if app in oauth_apps else apps["limit"]
        yield _gauge(f"Calls of app {app}", used, None if limit == UNLIMITED.calls else limit, window)
    midnight = iso(int(limits.resets_at) * 1000)[11:16]
    yield _gauge("Calls of the day", day["used"], day["limit"], f"from zero at {midnight} UTC")
    yield _gauge("Searches", search["used"], search["limit"], _last(search["seconds"]))


def _last(seconds: float) -> str:
    return "in the last second" if seconds == 1 else f"in the last {seconds:g} seconds"


def _gauge(title: str, used: int, limit: int | None, note: str) -> Fields:
    percent = 0 if limit is None else min(100, round(100 * used / limit)) if limit else 100
    level = "full" if percent >= 95 else "high" if percent >= 75 else "low"
    left = None if limit is None else max(0, limit - used)
    return {
        "name": title,
        "used": used,
        "limit": limit,
        "left": left,
        "percent": percent,
        "level": level,
        "note": note,
    }


def fault_rules(faults: Faults) -> Sequence[Fields]:
    """Return the rules of the fault plan, and how often each struck."""
    rules = {rule.name: rule for rule in faults.plan.rules}
    return [
        {
            "name": each["name"],
            "path": quote(each["name"], safe="", errors="replace"),
            "kind": rules[each["name"]].kind,
            "on": f"{rules[each['name']].method} {rules[each['name']].pattern}".strip(),
            "struck": each["strikes"],
            "enabled": each["enabled"],
        }
        for each in faults.counts()
    ]


def cut(text: str, most: int = MAX_VALUE) -> str:
    """Shorten a text, with its full length at the end."""
    return text if len(text) <= most else f"{text[:most]}… ({len(text):,} characters)"
