# SPDX-License-Identifier: Apache-2.0
"""The contacts of the portal and the rows of the source: made up, the same in every run."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

PROPERTIES = ("firstname", "lastname", "city", "phone", "jobtitle")

BAD_VALUE = {"hs_lead_status": "NO_SUCH_STATUS"}
"""What HubSpot refuses, and with it the whole batch; no schema of ours knows of it."""

SCHEMA = {
    "type": "object",
    "required": ["email"],
    "properties": {
        "email": {"type": "string", "format": "email", "maxLength": 254},
        "firstname": {"type": "string", "minLength": 1, "maxLength": 100},
        "lastname": {"type": "string", "minLength": 1, "maxLength": 100},
        "city": {"type": "string", "maxLength": 100},
        "phone": {"type": "string", "pattern": "^[+0-9 ]+$"},
        "jobtitle": {"type": "string", "maxLength": 100},
    },
}
"""The JSON Schema that those validate against who validate."""

Row = dict[str, str]


def email(number: int) -> str:
    """Give the address of a contact."""
    return f"contact-{number:07}@example.com"


def row(number: int, version: int = 0) -> Row:
    """Give what the source says of a contact.

    :param version: 0 is what the portal begins with; every other one differs in five properties.
    """
    return {
        "email": email(number),
        "firstname": f"First {number} v{version}",
        "lastname": f"Last {number} v{version}",
        "city": f"City {number % 1000} v{version}",
        "phone": f"+49 30 {number:07} {version}",
        "jobtitle": f"Role {number % 50} v{version}",
    }


def rows(count: int, changed_percent: int = 100, version: int = 1) -> Iterator[Row]:
    """Give rows, of which so many in each 100 differ from what the portal begins with.

    :param count: how many rows, for contacts 0, 1 and so on.
    """
    for number in range(count):
        # 37 and 100 have no common divisor: the changed rows are spread over each 100.
        yield row(number, version if number * 37 % 100 < changed_percent else 0)


def spoilt(count: int, bad_in_100: int, kind: str) -> Iterator[Row]:
    """Give changed rows, of which so many in each 100 are bad.

    :param kind: ``missing`` for a contact that HubSpot does not have, else for a value that it refuses.
    """
    for number, good in enumerate(rows(count)):
        if number * 37 % 100 >= bad_in_100:
            yield good
        elif kind == "missing":
            yield {**good, "email": f"missing-{number:07}@example.com"}
        else:
            yield {**good, **BAD_VALUE}


def write_contacts(path: Path, count: int) -> None:
    """Write the contacts that the portal begins with."""
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, ("email", *PROPERTIES))
        table.writeheader()
        table.writerows(row(number) for number in range(count))


def write_rows(path: Path, source: Iterator[Row], ids: dict[str, str]) -> int:
    """Write rows as JSON lines, with the record ids for those who cannot look them up.

    :return: how many.
    """
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for each in source:
            number = ids.get(each["email"], str(9_000_000_000 + count))
            file.write(json.dumps({"id": number, **each}) + "\n")
            count += 1
    return count
