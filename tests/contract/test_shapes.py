# SPDX-License-Identifier: Apache-2.0
"""What is compared of two answers, what is taken out of them, and how the report shows it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contract.answers import Answer, Exchange, Request
from tests.contract.questions import Findings
from tests.contract.report import report
from tests.contract.scenario import Told
from tests.contract.scrubbing import NAME, SOMEBODY, UUID, Scrubber
from tests.contract.shapes import Difference, differences, masked, picked, shape

NUMBERS = st.integers(0, 10**20).map(str)
BEFORE = st.sampled_from(["", "id ", "[", '"', "/"])
SOMETHING = NUMBERS | st.sampled_from(["", "5ec2e7aa", "a@b.org", "o'b@b.org", "2026-11-26T06:27:25Z", "x"])
AFTER = st.sampled_from(["", *"0a_-.@ '\"/\\\n\x00\u0663\uff13\u00b2\u00e9\u0301\u200b\u6f22\U0001f600"])
"""One character of each kind: digits and letters of several scripts, marks, blanks, controls, signs."""

texts = st.tuples(BEFORE, SOMETHING, AFTER).map("".join)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(0, 10**19) | texts | st.lists(texts, max_size=3).map(" ".join),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(texts, children, max_size=3),
    max_leaves=8,
)


def exchange(body: Any, status: int = 200, values: tuple[str, ...] = (), **headers: str) -> Exchange:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = Answer.of(status, json.dumps(body).encode(), named)
    return Exchange("call", Request("GET", "/"), answer, values)


def found(one: Exchange, other: Exchange) -> list[tuple[str, str, str]]:
    """Return aspect, what only one has, what only the other has."""
    return [each[2:] for each in differences("scenario", [one], [other])]


class TestDifferences:
    def test_status(self) -> None:
        """A number and its place."""
        assert found(exchange({}), exchange({}, 207)) == [("status", "200", "207")]

    def test_keys(self) -> None:
        """A key more, and a value of another type; other values are no difference."""
        one = exchange({"id": "1", "properties": {"city": None}})
        other = exchange({"id": "2", "properties": {"city": "x", "zip": ""}})

        assert found(one, other) == [
            ("keys", "properties.city: null", "properties.city: text; properties.zip: text")
        ]

    def test_elements_have_their_keys_together(self) -> None:
        """The number and the order of results are no difference, an empty list is one."""
        one, other = exchange({"results": [{"a": 1}, {"b": 1}]}), exchange({"results": [{"b": 2, "a": 1}]})

        assert found(one, other) == []
        assert found(one, exchange({"results": []}))[0][0] == "keys"

    @pytest.mark.parametrize("name", ["category", "subCategory", "errorType", "code", "policyName"])
    def test_category(self, name: str) -> None:
        """What programs compare."""
        one, other = exchange({"errors": [{name: "A"}]}), exchange({"errors": [{name: "B"}]})

        assert found(one, other) == [("category", f"errors[].{name}=A", f"errors[].{name}=B")]

    def test_text(self) -> None:
        """Each sentence, without ids and without one portal's options."""
        one = exchange({"message": "No 900000000000001. x was not one of the allowed options: [a, b]"})
        other = exchange({"message": "No 900000000000002! x was not one of the allowed options: [c]"})

        assert masked(one.answer.body["message"]) == "No <id>. x was not one of the allowed options: […]"
        assert [aspect for aspect, *_ in found(one, other)] == ["text"]

    def test_headers(self) -> None:
        """The type with its value, others by their names."""
        one = exchange({}, content_type="application/json; charset=utf-8", x_hubspot_ratelimit_max="100")
        other = exchange({}, content_type="application/json;charset=UTF-8", x_hubspot_ratelimit_max="190")

        assert found(one, other) == []
        assert found(one, exchange({}, content_type="text/html"))[0] == (
            "headers",
            "content-type: application/json;charset=utf-8; x-hubspot-ratelimit-max",
            "content-type: text/html",
        )

    def test_values(self) -> None:
        """Those that the scenario names, in any order."""
        paths = ("results[].properties.city",)
        one, other = (
            exchange({"results": [{"properties": {"city": city}} for city in cities]}, values=paths)
            for cities in ("ab", "ba")
        )

        assert found(one, other) == []
        assert picked(one.answer.body, paths[0]) == ["a", "b"]
        assert picked(None, paths[0]) is None
        assert found(one, exchange({"results": []}, values=paths))[-1][0] == "values"

    def test_one_call_less(self) -> None:
        """Two that part company are compared as far as they go together."""
        assert list(differences("s", [exchange({})], [])) == [
            Difference("s", "call", "call", "call: 200", "—")
        ]

    def test_what_is_no_json(self) -> None:
        """A page is a text, and no body is null."""
        page = Exchange("call", Request("GET", "/"), Answer.of(404, b"<html>", {}))
        none = Exchange("call", Request("GET", "/"), Answer.of(404, b"", {}))

        assert shape(page).keys == {"body: text"}
        assert shape(none).keys == {"body: null"}


class TestScrubber:
    @pytest.mark.parametrize(
        ("text", "scrubbed"),
        [
            ("Existing ID: 171591000001", "Existing ID: 900000000000000"),
            ("[171591000001, 171591000002]", "[900000000000000, 900000000000001]"),
            ("/contacts/891936587/record/0-1/17159", "/contacts/900000000000000/record/0-1/17159"),
            ("5ec2e7aa-1234-2222-3333-444455556666", UUID),
            ("pat-na1-5ec2e7aa-1234-2222-3333-444455556666", "<token>"),
            ("2026-11-26T06:27:25.123Z", "2026-01-01T00:00:00.000Z"),
            ("1795435200123", "1767225600000"),
            ("to ada@elsewhere.example.net.", f"to {SOMEBODY}."),
            ("o.o'hara@elsewhere.example.net", SOMEBODY),
            ("a.b.run@hubcontact-contract.example.com", "a.b.run@hubcontact-contract.example.com"),
            ("The maximum is 100, 65,536 or 10000", "The maximum is 100, 65,536 or 10000"),
        ],
    )
    def test_texts(self, text: str, scrubbed: str) -> None:
        """Ids, tokens, moments and addresses have stand-ins; a rule's numbers stay."""
        assert Scrubber().text(text) == scrubbed

    def test_names(self) -> None:
        """Names of owners, their teams, apps and the portal's own labels have a stand-in, others stay."""
        owner = {
            "firstName": "Olga",
            "lastName": "",
            "teams": [{"id": "7", "name": "Sales", "primary": True}],
        }
        made_by = {"properties": {"hs_object_source_detail_1": "Olga's app", "firstname": "Ada"}}
        types = [{"category": kind, "label": "Chief"} for kind in ("USER_DEFINED", "HUBSPOT_DEFINED")]

        assert Scrubber().json([owner, made_by, types]) == [
            {"firstName": NAME, "lastName": "", "teams": [{"id": "7", "name": NAME, "primary": True}]},
            {"properties": {"hs_object_source_detail_1": NAME, "firstname": "Ada"}},
            [{"category": "USER_DEFINED", "label": NAME}, {"category": "HUBSPOT_DEFINED", "label": "Chief"}],
        ]

    def test_the_same_id_has_the_same_stand_in(self) -> None:
        """As a text, as a number, in a key."""
        scrub = Scrubber()

        assert scrub.json({"vid": 171591000001, "171591000002": ["171591000001"], "isNew": True, "n": 7}) == {
            "vid": 900000000000000,
            "900000000000001": ["900000000000000"],
            "isNew": True,
            "n": 7,
        }

    def test_what_is_known_of_a_portal(self) -> None:
        """The longest is looked for first."""
        scrub = Scrubber({"run1": "run", "run1a2b": "RUN", "12345": "9"})

        assert scrub.text("a.run1a2b@x run1 12345") == "a.RUN@x run 9"

    def test_a_portal_whose_id_is_in_a_longer_number(self) -> None:
        """The longer number is an id of its own."""
        assert Scrubber({"12345": "9"}).text("12345 and 1123456") == "9 and 900000000000000"
        assert Scrubber({"12345": "9"}).json([12345, 123450, -1, True]) == [9, 900000000000000, -1, True]

    @given(json_values)
    def test_twice_is_once(self, value: Any) -> None:
        """A recording compares as the answer of which it was made."""
        once = Scrubber().json(value)

        assert Scrubber().json(once) == once


class TestReport:
    def test_a_table_for_an_issue(self) -> None:
        """Nothing in an answer is Markdown or HTML; a long text is cut."""
        bad = Difference("archive", "a|b", "text", "`x`\n<script>|" + "y" * 400, "—")
        text = report(
            [Told("archive"), Told("create", trouble="no <b>")],
            Findings({"old_email": "secondary"}),
            [bad],
            7,
        )
        (row,) = [line for line in text.splitlines() if line.startswith("| `archive`")]

        assert row.startswith("| `archive` | `a\\|b` | `text` | `'x' <script>\\|yyy")
        assert row.endswith("…` | `—` |")
        assert len(row) < 400
        assert "`--switch old_email=secondary`" in text
        assert "- `create`: `no <b>`" in text
        assert "2 scenarios, 7 calls, 1 differences." in text

    def test_defaults(self) -> None:
        """Nothing to set is said in words."""
        text = report([], Findings({"old_email": "dropped"}, open={"result_order": "why"}), [], 0)

        assert "--switch" not in text
        assert "as the sandbox has it by default" in text
        assert "| `result_order` | still open: `why` |" in text
