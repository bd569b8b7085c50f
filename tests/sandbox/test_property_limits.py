# SPDX-License-Identifier: Apache-2.0
"""What a definition needs, and what of definitions is not emulated."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.calling import Api

ROOTS = ["/crm/v3/properties/contacts", "/crm/properties/2026-03/0-1", "/crm/properties/2026-09/0-1"]
ROOT = ROOTS[-1]
ZIP = "/crm/property-validations/2026-09/0-1/zip/rule-type"


def choice(**more: Any) -> dict[str, Any]:
    return {
        "name": "choice",
        "label": "Choice",
        "type": "enumeration",
        "fieldType": "select",
        "groupName": "contactinformation",
        **more,
    }


@pytest.mark.parametrize("options", [None, []], ids=["none", "empty"])
def test_an_enumeration_needs_options(api: Api, options: list[Any] | None) -> None:
    """400 without, and 201 if the options live elsewhere."""
    assert api.post(ROOT, choice(options=options)).status == 400
    assert api.get(f"{ROOT}/choice").status == 404
    assert api.post(ROOT, choice(externalOptions=True, referencedObjectType="OWNER")).status == 201


@pytest.mark.parametrize("root", ROOTS)
def test_no_property_is_sensitive(api: Api, root: str) -> None:
    """``dataSensitivity`` is ``non_sensitive`` by default, and of the others there is none."""
    every = api.get(root).body["results"]
    read = {"archived": False, "dataSensitivity": "sensitive"}

    assert api.get(f"{root}?dataSensitivity=non_sensitive").body["results"] == every
    assert api.get(f"{root}?dataSensitivity=sensitive").body["results"] == []
    assert api.get(f"{root}/email?dataSensitivity=highly_sensitive").status == 404
    assert api.batch("read", {"name": "email"}, root=root, **read).status == 207


@pytest.mark.parametrize("sensitivity", ["sensitive", "highly_sensitive", [], {}], ids=str)
def test_sensitive_properties_are_not_emulated(api: Api, sensitivity: object) -> None:
    """501, rather than a property that everyone can read."""
    definition = choice(type="string", fieldType="text", dataSensitivity=sensitivity)

    assert api.post(ROOT, definition).status == 501
    assert api.get(f"{ROOT}/choice").status == 404


@pytest.mark.parametrize(
    ("rule", "more"),
    [("REGEX", {}), ("FORMAT", {}), ("MAX_LENGTH", {"shouldApplyNormalization": True})],
    ids=["REGEX", "FORMAT", "normalising"],
)
def test_rules_that_are_not_emulated(api: Api, rule: str, more: dict[str, Any]) -> None:
    """501 for a rule that HubSpot has and the sandbox would not keep; and there is none."""
    assert api.call("PUT", f"{ZIP}/{rule}", {"ruleArguments": ["5"], **more}).status == 501
    assert api.get(f"{ZIP}/{rule}").status == 404


def test_a_rule_that_does_not_normalise(api: Api) -> None:
    """204 if that is said, too."""
    body = {"ruleArguments": ["5"], "shouldApplyNormalization": False}

    assert api.call("PUT", f"{ZIP}/MAX_LENGTH", body).status == 204
    assert api.get(f"{ZIP}/MAX_LENGTH").body == {"ruleType": "MAX_LENGTH", **body}
