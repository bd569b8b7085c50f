# SPDX-License-Identifier: Apache-2.0
"""The validation rules of the portal's admins: read and set.

HubSpot docs: "Property validations" guide.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from airflow_provider_hubcontact.sandbox.crm.properties.definitions import Definition
from airflow_provider_hubcontact.sandbox.crm.properties.rules import NOT_EMULATED, Rule
from airflow_provider_hubcontact.sandbox.errors.own import NotEmulated
from airflow_provider_hubcontact.sandbox.errors.properties import PropertyNotFound, RuleNotFound
from airflow_provider_hubcontact.sandbox.errors.refusal import Json
from airflow_provider_hubcontact.sandbox.errors.requests import InvalidInput
from airflow_provider_hubcontact.sandbox.http.routes.properties import roots
from airflow_provider_hubcontact.sandbox.http.routing import (
    Reply,
    Request,
    Route,
    array,
    required,
    text,
)


def routes() -> Iterator[Route]:
    """Yield the routes of this family."""
    for root, kind in roots("property-validations"):
        yield Route("GET", root, list_all, kind.read_schema, kind=kind)
        yield Route("GET", f"{root}/{{name}}", list_of_property, kind.read_schema, kind=kind)
        yield Route("GET", f"{root}/{{name}}/rule-type/{{type}}", get, kind.read_schema, kind=kind)
        yield Route("PUT", f"{root}/{{name}}/rule-type/{{type}}", put, kind.write_schema, kind=kind)


def list_all(request: Request) -> Reply:
    """Answer 200 with the properties that have rules."""
    results = [
        {"propertyName": each.name, "propertyValidationRules": [_shown(rule) for rule in each.rules]}
        for each in request.collection.definitions.values()
        if each.rules
    ]
    return Reply(200, {"results": results})


def list_of_property(request: Request) -> Reply:
    """Answer 200 with the rules of one property."""
    return Reply(200, {"results": [_shown(rule) for rule in _definition(request).rules]})


def get(request: Request) -> Reply:
    """Answer 200 with one rule, or 404."""
    wanted = request.params["type"]
    rule = next((rule for rule in _definition(request).rules if rule.type == wanted), None)
    if rule is None:
        raise RuleNotFound(request.params["name"], wanted)
    return Reply(200, _shown(rule))


def put(request: Request) -> Reply:
    """Answer 204. The rule replaces another one of its type (D). Existing values stay."""
    definition = _definition(request)
    required(request.json, "ruleArguments")
    arguments = tuple(text(each) for each in array(request.json["ruleArguments"]))
    wanted = request.params["type"]
    if wanted in NOT_EMULATED:
        raise NotEmulated(f"rules of the type {wanted}", "a rule about length, numbers or letters")
    if request.json.get("shouldApplyNormalization") is True:
        raise NotEmulated("shouldApplyNormalization", "a rule that only checks values")
    try:
        rule = Rule(wanted, arguments)
        others = tuple(each for each in definition.rules if each.type != rule.type)
        changed = replace(definition, rules=(*others, rule))
    except ValueError as error:
        raise InvalidInput(str(error)) from error
    request.collection.redefine(changed)
    return Reply(204)


def _definition(request: Request) -> Definition:
    definition = request.collection.definitions.get(request.params["name"])
    if definition is None:
        raise PropertyNotFound(request.params["name"])
    return definition


def _shown(rule: Rule) -> Json:
    return {
        "ruleType": rule.type,
        "ruleArguments": list(rule.arguments),
        "shouldApplyNormalization": False,
    }
