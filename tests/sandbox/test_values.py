# SPDX-License-Identifier: Apache-2.0
"""Which values a property takes, and how they are kept."""

from __future__ import annotations

import pytest

from tests.sandbox.calling import CONTACTS, Answer, Api

OLD = "/crm/objects/2026-03/contacts"


def write(api: Api, name: str, value: str, root: str = CONTACTS) -> Answer:
    """Set one property of one contact."""
    return api.patch(f"{root}/{api.id('ada@example.com')}", {"properties": {name: value}})


class TestTaken:
    @pytest.mark.parametrize(
        ("name", "value", "kept"),
        [
            ("firstname", " ÅŻ\n😀 ", " ÅŻ\n😀 "),
            ("message", "x" * 65_536, "x" * 65_536),
            ("points", "-1.5", "-1.5"),
            ("points", ".5", ".5"),
            ("points", "007", "007"),
            ("vip", "true", "true"),
            ("hs_lead_status", "OPEN_DEAL", "OPEN_DEAL"),
            ("hs_buying_role", "CHAMPION;END_USER", "CHAMPION;END_USER"),
            ("hubspot_owner_id", "4711", "4711"),
            ("birthday", "2000-02-29", "2000-02-29"),
            ("birthday", "951782400000", "2000-02-29"),
            ("birthday", "-86400000", "1969-12-31"),
            ("closedate", "2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"),
            ("closedate", "2026-01-02T03:04:05.678+01:00", "2026-01-02T02:04:05.678Z"),
            ("closedate", "2026-01-02", "2026-01-02T00:00:00Z"),
            ("closedate", "1767323045678", "2026-01-02T03:04:05.678Z"),
            ("email", "O'Neil+x/y@Sub.Example.co", "o'neil+x/y@sub.example.co"),
            ("email", "jürgen@bücher.example", "jürgen@bücher.example"),
        ],
    )
    def test_a_good_value_is_kept(self, api: Api, name: str, value: str, kept: str) -> None:
        """Dates and times are kept in one form, addresses in lower case, everything else as it was sent."""
        ada = api.id("ada@example.com")

        answer = write(api, name, value, OLD)

        assert answer.status == 200
        assert answer.body["properties"][name] == kept
        assert api.sandbox.portal.contacts[ada].properties[name] == kept

    def test_a_leading_semicolon_adds_options(self, api: Api) -> None:
        """``;c`` adds to the options, ``a;b`` replaces them."""
        for value, kept in [
            ("BLOCKER;CHAMPION", "BLOCKER;CHAMPION"),
            (";CHAMPION;OTHER", "BLOCKER;CHAMPION;OTHER"),
            ("END_USER", "END_USER"),
        ]:
            assert write(api, "hs_buying_role", value).status == 200
            assert api.stored("ada@example.com", "hs_buying_role") == kept

    @pytest.mark.parametrize(
        "name", ["points", "vip", "hs_lead_status", "birthday", "closedate", "lifecyclestage"]
    )
    def test_any_type_can_be_cleared(self, api: Api, name: str) -> None:
        """An empty text clears, whatever the type."""
        assert write(api, name, "").status == 200

    def test_a_bool_needs_no_options(self, api: Api) -> None:
        """Its two values go without saying."""
        definition = {"name": "flag", "label": "Flag", "type": "bool", "fieldType": "booleancheckbox"}
        api.post("/crm/properties/2026-09/contacts", {**definition, "groupName": "contactinformation"})

        assert write(api, "flag", "true").status == 200
        assert "[false, true]" in write(api, "flag", "yes").body["message"]


class TestRefused:
    @pytest.mark.parametrize(
        ("name", "value", "code", "says"),
        [
            ("nope", "x", "PROPERTY_DOESNT_EXIST", 'Property "nope" does not exist'),
            (
                "hubspotscore",
                "7",
                "READ_ONLY_VALUE",
                '"hubspotscore" is a read only property; its value cannot be set.',
            ),
            ("hs_additional_emails", "", "READ_ONLY_VALUE", "its value cannot be set."),
            ("points", "1,000", "INVALID_INTEGER", "1,000 was not a valid number."),
            ("points", "1.2.3", "INVALID_INTEGER", "1.2.3 was not a valid number."),
            ("points", "NaN", "INVALID_INTEGER", "NaN was not a valid number."),
            ("points", "1e3", "INVALID_INTEGER", "1e3 was not a valid number."),
            ("points", "٣", "INVALID_INTEGER", "٣ was not a valid number."),
            ("vip", "True", "INVALID_OPTION", "True was not one of the allowed options: ["),
            ("hs_lead_status", "open", "INVALID_OPTION", 'value: "OPEN"'),
            ("hs_lead_status", "NEW;OPEN", "INVALID_OPTION", "NEW;OPEN was not one of"),
            ("hs_buying_role", "CHAMPION;nope", "INVALID_OPTION", "nope was not one of"),
            ("birthday", "1641038400000", "INVALID_DATE", "1641038400000 is at 12:0:0.0 UTC, not midnight!"),
            ("birthday", "1579179660000", "INVALID_DATE", "1579179660000 is at 13:1:0.0 UTC, not midnight!"),
            (
                "birthday",
                "1579179661234",
                "INVALID_DATE",
                "1579179661234 is at 13:1:1.234 UTC, not midnight!",
            ),
            ("birthday", "2001-02-29", "INVALID_DATE", "2001-02-29"),
            (
                "birthday",
                "0001-01-01",
                "INVALID_DATE",
                "is more than 1,000 years ago or 1,000 years from now.",
            ),
            ("birthday", "9" * 18, "INVALID_DATE", "99"),
            ("birthday", "01/02/2026", "INVALID_DATE", "01/02/2026"),
            ("closedate", "yesterday", "INVALID_LONG", "yesterday was not a valid long."),
            ("closedate", "2026-13-01T00:00:00Z", "INVALID_LONG", "was not a valid long."),
            ("closedate", "9" * 18, "INVALID_LONG", "was not a valid long."),
            ("email", "nonsense", "INVALID_EMAIL", "Email address nonsense is invalid"),
            ("email", " a@x.org", "INVALID_EMAIL", "Email address  a@x.org is invalid"),
            ("email", "a@x", "INVALID_EMAIL", "is invalid"),
            ("email", "a@x.1", "INVALID_EMAIL", "is invalid"),
            ("email", "a@example.con", "INVALID_EMAIL", "Email address a@example.con is invalid"),
            ("email", "a@x.org\n", "INVALID_EMAIL", "is invalid"),
            ("email", "a;b@x.org", "INVALID_EMAIL", "is invalid"),
            ("email", "a@" + "x" * 300 + ".org", "INVALID_EMAIL", "is invalid"),
            ("message", "x" * 65_537, "INVALID_STRING", "65536"),
        ],
    )
    def test_a_bad_value_is_a_400(self, api: Api, name: str, value: str, code: str, says: str) -> None:
        """The error names the property, the code and what was wrong."""
        answer = write(api, name, value, OLD)

        assert answer.status == 400
        (error,) = answer.body["errors"]
        assert error["code"] == code
        assert error["context"] == {"propertyName": [name]}
        assert says in error["message"]


class TestNormalisedDates:
    @pytest.mark.parametrize(
        ("value", "kept"),
        [
            ("1641038400000", "2022-01-01"),
            ("1641038400", "2022-01-01"),
            ("32503680000", "3000-01-01"),
            ("200000000001", "1976-05-03"),
            ("2022-01-01T23:30:00-02:00", "2022-01-02"),
        ],
        ids=["not midnight", "seconds", "the most seconds", "few milliseconds", "a time"],
    )
    def test_the_newest_version_mends_dates(self, api: Api, value: str, kept: str) -> None:
        """2026-09 takes a date in another form and warns; the versions before refuse it."""
        assert write(api, "birthday", value, OLD).status == 400

        answer = write(api, "birthday", value)

        assert answer.status == 200
        assert api.stored("ada@example.com", "birthday") == kept
        (warning,) = answer.body["warnings"]
        assert warning["category"] == "PROPERTY_VALUE_NORMALIZED"
        assert warning["context"] == {"propertyName": "birthday", "rawValue": value, "normalizedValue": kept}

    def test_what_is_no_date_is_refused_by_it_too(self, api: Api) -> None:
        """A word is no date in any version."""
        assert write(api, "birthday", "tomorrow").status == 400
