# SPDX-License-Identifier: Apache-2.0
"""Properties that change: definitions, deletion, batches, groups, rules of the portal's admins."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_hubcontact.sandbox import Definition, Rule, Sandbox
from airflow_provider_hubcontact.sandbox.crm.state import dump
from tests.sandbox.calling import CONTACTS, Api, Clock

ROOTS = [
    "/crm/v3/properties/contacts",
    "/crm/v3/properties/0-1",
    "/crm/properties/2026-03/contacts",
    "/crm/properties/2026-09/0-1",
]
ROOT = ROOTS[-1]
V1 = "/properties/v1/contacts/properties/named"
RULES = "/crm/property-validations/2026-09/0-1"


def color(name: str = "color") -> dict[str, Any]:
    return {
        "name": name,
        "label": "Color",
        "type": "enumeration",
        "fieldType": "select",
        "groupName": "contactinformation",
        "options": [{"label": "Red", "value": "red"}, {"label": "Blue", "value": "blue"}],
    }


def write(api: Api, **values: str) -> int:
    return api.patch(f"{CONTACTS}/{api.id('ada@example.com')}", {"properties": values}).status


class TestUpdate:
    @pytest.mark.parametrize("root", ROOTS)
    def test_options_are_replaced(self, api: Api, root: str) -> None:
        """200 with the new list; an option that is not in it is no option any more."""
        api.post(ROOT, color())

        answer = api.patch(
            f"{root}/color", {"options": [{"label": "Green", "value": "green"}], "label": "Hue"}
        )

        assert answer.status == 200
        assert answer.body["label"] == "Hue"
        assert [option["value"] for option in answer.body["options"]] == ["green"]
        assert (write(api, color="green"), write(api, color="red")) == (200, 400)

    def test_v1_changes_by_put(self, api: Api) -> None:
        """200 with the property in v1's form."""
        api.post(ROOT, color())

        answer = api.call("PUT", f"{V1}/color", {"description": "of the car", "hidden": True})

        assert answer.status == 200
        assert (answer.body["description"], answer.body["hidden"]) == ("of the car", True)
        assert [option["value"] for option in answer.body["options"]] == ["red", "blue"]

    def test_hubspots_own_take_other_options_only(self, api: Api) -> None:
        """Stages can be set; a label of HubSpot's cannot."""
        options = [{"label": name.title(), "value": name} for name in ("lead", "customer", "champion")]

        assert api.patch(f"{ROOT}/lifecyclestage", {"options": options}).status == 200
        assert write(api, lifecyclestage="champion") == 200
        assert api.patch(f"{ROOT}/firstname", {"label": "Given name"}).status == 400

    def test_a_stage_that_is_gone_is_behind_all(self, api: Api) -> None:
        """A contact that has it can go to any stage, the first one as well."""
        options = [{"label": "Lead", "value": "lead"}, {"label": "Fan", "value": "fan"}]
        api.patch(f"{ROOT}/lifecyclestage", {"options": options})

        assert api.stored("ada@example.com", "lifecyclestage") == "customer"
        assert write(api, lifecyclestage="lead") == 200
        assert api.stored("ada@example.com", "lifecyclestage") == "lead"

    @pytest.mark.parametrize(
        "change",
        [
            {"type": "string"},
            {"type": ["number"]},
            {"fieldType": "number"},
            {"groupName": "nowhere"},
            {"options": [{"label": "A", "value": "a"}] * 2},
            {"options": "red"},
            {"label": []},
        ],
        ids=str,
    )
    def test_a_change_that_is_none(self, api: Api, change: dict[str, Any]) -> None:
        """400, and the definition is as it was."""
        before = api.post(ROOT, color()).body

        assert api.patch(f"{ROOT}/color", change).status == 400
        assert api.get(f"{ROOT}/color").body == before

    def test_an_unknown_name(self, api: Api) -> None:
        """404, deleted or not."""
        assert api.patch(f"{ROOT}/nope", {"label": "X"}).status == 404
        assert api.call("DELETE", f"{ROOT}/nope").status == 404


class TestArchive:
    @pytest.mark.parametrize("path", [f"{ROOT}/color", f"{V1}/color"])
    def test_a_deleted_property_is_unknown(self, api: Api, path: str) -> None:
        """204; contacts can neither be written nor read by it, and it is listed apart."""
        api.post(ROOT, color())
        write(api, color="red")

        answer = api.call("DELETE", path)

        assert (answer.status, answer.body) == (204, None)
        assert write(api, color="blue") == 400
        ada = api.id("ada@example.com")
        assert "color" not in api.get(f"{CONTACTS}/{ada}?properties=color").body["properties"]
        assert "color" not in api.get(f"/contacts/v1/contact/vid/{ada}/profile").body["properties"]
        assert api.get(f"{ROOT}/color").status == 404
        assert api.get(f"{ROOT}/color?archived=true").body["archived"] is True
        assert [each["name"] for each in api.get(f"{ROOT}?archived=true").body["results"]] == ["color"]

    def test_it_comes_back_with_its_values(self, api: Api) -> None:
        """201 for the name that was deleted; contacts have what they had."""
        api.post(ROOT, color())
        write(api, color="red")
        api.call("DELETE", f"{ROOT}/color")

        answer = api.post(ROOT, color() | {"label": "Hue"})

        assert (answer.status, answer.body["label"], answer.body["archived"]) == (201, "Hue", False)
        assert api.stored("ada@example.com", "color") == "red"
        assert api.get(f"{ROOT}?archived=true").body["results"] == []

    def test_it_is_as_old_as_before(self) -> None:
        """``createdAt`` is that of the first time, ``updatedAt`` is now."""
        clock = Clock()
        with Sandbox(clock=clock) as sandbox:
            api = Api(sandbox)
            first = api.post(ROOT, color()).body
            api.call("DELETE", f"{ROOT}/color")
            clock.now += 60
            second = api.post(ROOT, color()).body

        assert first["createdAt"] == second["createdAt"] == first["updatedAt"] < second["updatedAt"]

    def test_it_keeps_its_type(self, api: Api) -> None:
        """A deleted property does not come back as another type."""
        api.post(ROOT, color())
        api.call("DELETE", f"{ROOT}/color")

        text = color() | {"type": "string", "fieldType": "text", "options": []}

        assert api.post(ROOT, text).status == 400

    def test_a_unique_one_identifies_nobody_while_it_is_gone(self, api: Api) -> None:
        """And does again when it is back."""
        definition = api.get(f"{ROOT}/member_number").body
        path = f"{CONTACTS}/M-1?idProperty=member_number"
        api.call("DELETE", f"{ROOT}/member_number")
        gone = api.get(path).status
        api.post(ROOT, definition)

        assert (gone, api.get(path).status) == (400, 200)

    def test_hubspots_own_stay(self, api: Api) -> None:
        """400 for a property that every portal has."""
        assert api.call("DELETE", f"{ROOT}/firstname").status == 400

    def test_state(self, tmp_path: Path) -> None:
        """Deleted properties, groups and rules survive a restart."""
        with Sandbox([{"email": "ada@example.com"}], database=tmp_path / "portal") as sandbox:
            api = Api(sandbox)
            api.post(ROOT, color())
            write(api, color="red")
            api.call("DELETE", f"{ROOT}/color")
            api.post(f"{ROOT}/groups", {"name": "ours", "label": "Ours"})
            api.call("PUT", f"{RULES}/zip/rule-type/MAX_LENGTH", {"ruleArguments": ["5"]})
            before = dump(sandbox.portal)

        with Sandbox(database=tmp_path / "portal") as sandbox:
            assert dump(sandbox.portal) == before
            assert Api(sandbox).post(ROOT, color()).status == 201
            assert Api(sandbox).stored("ada@example.com", "color") == "red"


class TestInUse:
    FORMULA = color("twice") | {
        "type": "number",
        "fieldType": "calculation_equation",
        "calculationFormula": "points * 2 + color",
    }

    @pytest.mark.parametrize("root", ROOTS)
    @pytest.mark.parametrize("many", [False, True], ids=["alone", "in a batch"])
    def test_a_property_that_a_formula_uses_stays(self, api: Api, root: str, many: bool) -> None:
        """400 naming the formula's property, until that is deleted; others of the batch stay, too."""
        api.post(root, color())
        calculated = api.post(root, self.FORMULA)

        refused = (
            api.batch("archive", {"name": "color"}, root=root)
            if many
            else api.call("DELETE", f"{root}/color")
        )

        assert calculated.body["calculated"] is True
        assert refused.status == 400
        assert refused.message == (
            "Property: color of object type 0-1 is currently used in 1 places and cannot be deleted"
        )
        assert refused.body["category"] == "VALIDATION_ERROR"
        assert refused.body["subCategory"] == "PropertyValidationError.CANNOT_DELETE_PROPERTY_IN_USE"
        assert refused.body["errors"][0]["context"]["parentName"] == ["0-1/twice"]
        assert api.call("DELETE", f"{root}/twice").status == 204
        assert api.call("DELETE", f"{root}/color").status == 204

    def test_what_a_formula_computes_cannot_be_written(self, api: Api) -> None:
        """It is read-only, and says so."""
        created = api.post(ROOT, self.FORMULA)

        refused = write(api, twice="4")

        assert created.body["modificationMetadata"]["readOnlyValue"] is True
        assert created.body["calculationFormula"] == "points * 2 + color"
        assert refused == 400


class TestBatch:
    @pytest.mark.parametrize("root", ROOTS)
    def test_create(self, api: Api, root: str) -> None:
        """201 with all, 207 if some were refused."""
        good = api.batch("create", color("a"), color("b"), root=root)
        mixed = api.batch("create", color("a"), color("c"), root=root)

        assert good.status == 201
        assert [each["name"] for each in good.body["results"]] == ["a", "b"]
        assert mixed.status == 207
        assert [each["name"] for each in mixed.body["results"]] == ["c"]
        assert mixed.body["errors"][0]["subCategory"] == "Properties.PROPERTY_WITH_NAME_EXISTS"
        assert mixed.body["errors"][0]["context"] == {"name": ["a"]}
        assert not {"createdAt", "updatedAt", "archived"} & mixed.body["results"][0].keys()

    def test_read(self, api: Api) -> None:
        """200 with the named ones, 207 if some are unknown; deleted ones if asked for."""
        both = api.batch("read", {"name": "email"}, {"name": "nope"}, root=ROOT, archived=False)
        api.post(ROOT, color())
        api.call("DELETE", f"{ROOT}/color")

        assert both.status == 207
        assert [each["name"] for each in both.body["results"]] == ["email"]
        assert api.batch("read", {"name": "email"}, root=ROOT, archived=False).status == 200
        assert api.batch("read", {"name": "color"}, root=ROOT, archived=True).status == 200

    def test_archive(self, api: Api) -> None:
        """204 whether they are there or not; not for HubSpot's own."""
        api.post(ROOT, color())

        assert (
            api.batch("archive", {"name": "color"}, {"name": "color"}, {"name": "x"}, root=ROOT).status == 204
        )
        assert api.get(f"{ROOT}/color").status == 404
        assert api.batch("archive", {"name": "email"}, root=ROOT).status == 400

    @pytest.mark.parametrize("action", ["create", "read", "archive"])
    def test_a_hundred_at_most(self, api: Api, action: str) -> None:
        """101 inputs are a 400."""
        assert api.batch(action, *[color()] * 101, root=ROOT).status == 400


class TestGroups:
    @pytest.mark.parametrize("root", ROOTS)
    def test_a_group_has_a_life(self, api: Api, root: str) -> None:
        """Create 201, get, change 200, list, delete 204."""
        path = f"{root}/groups"

        created = api.post(path, {"name": "ours", "label": "Ours", "displayOrder": 3})
        again = api.post(path, {"name": "ours", "label": "Ours"})
        changed = api.patch(f"{path}/ours", {"label": "Our own"})

        assert (created.status, again.status, changed.status) == (201, 409, 200)
        assert api.get(f"{path}/ours").body == {
            "name": "ours",
            "label": "Our own",
            "displayOrder": 3,
            "archived": False,
        }
        assert "ours" in [each["name"] for each in api.get(path).body["results"]]
        assert api.call("DELETE", f"{path}/ours").status == 204
        assert api.get(f"{path}/ours").status == 404

    def test_a_property_can_be_in_it(self, api: Api) -> None:
        """And as long as one is, it cannot be deleted; HubSpot's own never."""
        api.post(f"{ROOT}/groups", {"name": "ours", "label": "Ours"})

        assert api.post(ROOT, color() | {"groupName": "ours"}).status == 201
        refused = api.call("DELETE", f"{ROOT}/groups/ours")
        assert refused.status == 400
        assert json.loads(refused.message) == {
            "status": "error",
            "message": "Can't delete or purge a group with active properties",
            "correlationId": refused.body["correlationId"],
            "category": "VALIDATION_ERROR",
            "subCategory": "PropertyGroupError.GROUP_WITH_ACTIVE_PROPERTIES",
        }
        assert api.call("DELETE", f"{ROOT}/groups/contactinformation").status == 400
        assert api.call("DELETE", f"{ROOT}/groups/conversioninformation").status == 400

    @pytest.mark.parametrize(
        "body", [{}, {"name": "x"}, {"name": "A b", "label": "L"}, {"name": [], "label": "L"}]
    )
    def test_what_is_no_group(self, api: Api, body: Any) -> None:
        """400 without a name and a label."""
        assert api.post(f"{ROOT}/groups", body).status == 400


class TestRules:
    @pytest.mark.parametrize(
        ("rule", "good", "bad", "code"),
        [
            ("firstname/rule-type/ALPHANUMERIC=ALPHABETIC_ONLY", "Ádá", "R2-D2", "INVALID_ALPHA"),
            ("zip/rule-type/ALPHANUMERIC=NUMERIC_ONLY", "1010", "A-1010", "INVALID_NUMERIC"),
            ("zip/rule-type/MIN_LENGTH=4", "1010", "101", "VALUE_TOO_SHORT"),
            ("zip/rule-type/MAX_LENGTH=4", "1010", "10100", "VALUE_TOO_LONG"),
            ("points/rule-type/MIN_NUMBER=-1", "-1.0", "-1.5", "NUMBER_TOO_SMALL"),
            ("points/rule-type/MAX_NUMBER=10", "10", "10.1", "NUMBER_TOO_LARGE"),
        ],
    )
    def test_a_rule_holds(self, api: Api, rule: str, good: str, bad: str, code: str) -> None:
        """204 for the rule; then every version, v1 too, refuses what breaks it, and nothing else."""
        path, argument = rule.split("=")
        name = path.split("/")[0]
        contact = f"/crm/v3/objects/contacts/{api.id('ada@example.com')}"
        profile = "/contacts/v1/contact/email/ada@example.com/profile"

        answer = api.call("PUT", f"{RULES}/{path}", {"ruleArguments": [argument]})
        statuses = [write(api, **{name: value}) for value in (good, bad, "")]
        legacy = api.post(profile, {"properties": [{"property": name, "value": bad}]})

        assert answer.status == 204
        assert statuses == [200, 400, 200]
        assert [each["error"] for each in legacy.body["validationResults"]] == [code]
        assert code in api.patch(contact, {"properties": {name: bad}}).message

    @pytest.mark.parametrize("root", ["/crm/v3/property-validations/0-1", RULES])
    def test_rules_are_told(self, api: Api, root: str) -> None:
        """Of all properties, of one, and one rule; a rule takes the place of one of its type."""
        for argument in ("4", "9"):
            api.call("PUT", f"{root}/zip/rule-type/MAX_LENGTH", {"ruleArguments": [argument]})
        rule = {"ruleType": "MAX_LENGTH", "ruleArguments": ["9"], "shouldApplyNormalization": False}

        assert api.get(root).body == {"results": [{"propertyName": "zip", "propertyValidationRules": [rule]}]}
        assert api.get(f"{root}/zip").body == {"results": [rule]}
        assert api.get(f"{root}/zip/rule-type/MAX_LENGTH").body == rule
        assert api.get(f"{root}/zip/rule-type/MIN_LENGTH").status == 404
        assert api.get(f"{root}/city").body == {"results": []}
        assert api.get(f"{root}/nope").status == 404

    @pytest.mark.parametrize(
        ("path", "arguments"),
        [
            ("zip/rule-type/NONE", [".*"]),
            ("zip/rule-type/MAX_LENGTH", []),
            ("zip/rule-type/MAX_LENGTH", ["many"]),
            ("zip/rule-type/MAX_LENGTH", ["9" * 50]),
            ("zip/rule-type/MAX_LENGTH", "4"),
            ("zip/rule-type/ALPHANUMERIC", ["SOME"]),
            ("zip/rule-type/MAX_NUMBER", ["4"]),
            ("lifecyclestage/rule-type/MAX_LENGTH", ["4"]),
        ],
    )
    def test_a_rule_that_is_none(self, api: Api, path: str, arguments: Any) -> None:
        """400, and the property has no rule."""
        assert api.call("PUT", f"{RULES}/{path}", {"ruleArguments": arguments}).status == 400
        assert api.get(RULES).body == {"results": []}

    def test_rules_from_the_start(self) -> None:
        """A definition may come with rules."""
        rule = Rule("MAX_LENGTH", ("3",))
        with Sandbox(
            [{"email": "ada@example.com"}], properties=[Definition("code", "C", rules=(rule,))]
        ) as sandbox:
            assert (write(Api(sandbox), code="abc"), write(Api(sandbox), code="abcd")) == (200, 400)


@pytest.mark.parametrize("version", ["v3", "2026-03", "2026-09"])
def test_the_calls_of_the_day(version: str) -> None:
    """How many, of how many, and when the next day begins in the portal's time zone."""
    clock = Clock(1_795_435_200.0)  # 2026-11-23 at noon in UTC
    with Sandbox(tier="pro", time_zone="Europe/Paris", clock=clock) as sandbox:
        api = Api(sandbox)
        api.get(f"{CONTACTS}/1")
        (usage,) = api.get(f"/account-info/{version}/api-usage/daily/private-apps").body["results"]

    assert (usage["currentUsage"], usage["usageLimit"]) == (2, 625_000)
    assert (usage["name"], usage["fetchStatus"]) == ("private-apps-api-calls-daily", "SUCCESS")
    assert usage["resetsAt"] == "2026-11-23T23:00:00Z"
