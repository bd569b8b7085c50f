# SPDX-License-Identifier: Apache-2.0
"""Properties, values of dates, OAuth, imports, the account."""

from __future__ import annotations

import json
from typing import Any

from tests.contract.answers import Answer, Raw
from tests.contract.operations import UNKNOWN_APP
from tests.contract.scenario import CONTACTS, NOBODY, PROPERTIES, V3, Ask, email_path, scenario

IMPORTS = "/crm/v3/imports"


def definition(ask: Ask, **changes: Any) -> dict[str, Any]:
    made = {"name": ask.property_name("note"), "label": "Hubcontact contract", "type": "string"}
    return {**made, "fieldType": "text", "groupName": "contactinformation", **changes}


@scenario
def read_property(ask: Ask) -> None:
    """A property is read; an unknown one is a 404."""
    ask("known", "GET", f"{PROPERTIES}/firstname", values=["name", "type", "fieldType", "hubspotDefined"])
    ask("dated", "GET", "/crm/properties/2026-09/0-1/firstname", values=["name", "type", "fieldType"])
    ask("unknown", "GET", f"{PROPERTIES}/hubcontact_no_such_property")


@scenario
def create_property(ask: Ask) -> None:
    """A new property is a 201, a taken name a 409, a field that does not fit a 400; delete is a 204."""
    path = f"{PROPERTIES}/{ask.property_name('note')}"
    ask("field does not fit", "POST", PROPERTIES, definition(ask, fieldType="date"))
    ask("no group", "POST", PROPERTIES, definition(ask, groupName="hubcontact_no_such_group"))
    ask("create", "POST", PROPERTIES, definition(ask), values=["type", "fieldType", "groupName"])
    ask("again", "POST", PROPERTIES, definition(ask))
    ask("change", "PATCH", path, {"label": "Changed"}, values=["label"])
    ask("delete", "DELETE", path)
    ask("read", "GET", path)


@scenario
def dates(ask: Ask) -> None:
    """2026-09 mends dates and says so in ``warnings``; the versions before refuse them."""
    ada = ask.contact()
    day = ask.property_name("day")
    ask.prepare("POST", PROPERTIES, definition(ask, name=day, type="date", fieldType="date"))
    for value in ("1641038400000", "2022-01-01T12:00:00Z", "yesterday"):
        for version, root in (("2026-09", CONTACTS), ("v3", V3)):
            ask(f"{value} by {version}", "PATCH", f"{root}/{ada}", {"properties": {day: value}})
    ask.prepare("DELETE", f"{PROPERTIES}/{day}")


@scenario
def numbers(ask: Ask) -> None:
    """A number has no commas and no words."""
    ada = ask.contact()
    points = ask.property_name("points")
    ask.prepare("POST", PROPERTIES, definition(ask, name=points, type="number", fieldType="number"))
    for value in ("1,000", "many", "1e3", "-1.50"):
        ask(
            value,
            "PATCH",
            f"{CONTACTS}/{ada}",
            {"properties": {points: value}},
            values=[f"properties.{points}"],
        )
    ask.prepare("DELETE", f"{PROPERTIES}/{points}")


@scenario
def oauth_parameters(ask: Ask) -> None:
    """OAuth's parameters are a form; whether JSON is taken is open. No secret of anybody is sent."""
    made_up = {"grant_type": "refresh_token"}
    made_up |= dict.fromkeys(("client_id", "client_secret", "refresh_token"), UNKNOWN_APP)
    form = "&".join(f"{name}={value}" for name, value in made_up.items())
    for version in ("v1", "v3"):
        path = f"/oauth/{version}/token"
        ask(f"{version}, form", "POST", path, Raw("application/x-www-form-urlencoded", form))
        ask(f"{version}, JSON", "POST", path, made_up)


@scenario
def calls_of_the_day(ask: Ask) -> None:
    """The private apps' calls of the day can be read."""
    ask("read", "GET", "/account-info/v3/api-usage/daily/private-apps", values=["results[].name"])


@scenario
def calls_of_imports(ask: Ask) -> None:
    """Whether calls of the imports API count is open: the limit's headers before and after tell."""
    path = f"{CONTACTS}/{ask.contact()}"
    ask("before", "GET", path)
    for number in range(3):
        ask(f"import {number}", "GET", f"{IMPORTS}/{NOBODY}")
    ask("after", "GET", path)


@scenario
def import_bad_value(ask: Ask) -> None:
    """Whether an invalid value keeps its whole row out of an import is open."""
    row = {**ask.properties(), "numemployees": "many"}
    csv = f"{','.join(row)}\n{','.join(row.values())}\n"
    started = ask("start", "POST", IMPORTS, import_form(csv, *row))
    if started.status != 200:
        return
    path = f"{IMPORTS}/{started.get('id')}"

    def ended(answer: Answer) -> bool:
        return answer.get("state") not in {"STARTED", "PROCESSING", "DEFERRED"}

    ask.until("end", ended, "GET", path)
    ask("errors", "GET", f"{path}/errors", values=["results[].errorType"])
    ask("read", "GET", email_path(CONTACTS, ask.address(), "&properties=numemployees"))


def import_form(csv: str, *columns: str) -> Raw:
    """Return the form that starts an import of contacts."""
    mappings = [
        {
            "columnObjectTypeId": "0-1",
            "columnName": name,
            "propertyName": name,
            "columnType": "HUBSPOT_ALTERNATE_ID" if name == "email" else "STANDARD",
        }
        for name in columns
    ]
    request = {
        "name": "Hubcontact contract",
        "importOperations": {"0-1": "UPSERT"},
        "files": [
            {
                "fileName": "contacts.csv",
                "fileFormat": "CSV",
                "fileImportPage": {"hasHeader": True, "columnMappings": mappings},
            }
        ],
    }
    border = "hubcontactborder"
    fields = f'--{border}\r\nContent-Disposition: form-data; name="importRequest"\r\n'
    fields += f"Content-Type: application/json\r\n\r\n{json.dumps(request)}\r\n"
    file = f'--{border}\r\nContent-Disposition: form-data; name="files"; filename="contacts.csv"\r\n'
    file += f"Content-Type: text/csv\r\n\r\n{csv}\r\n--{border}--\r\n"
    return Raw(f"multipart/form-data; boundary={border}", fields + file)
