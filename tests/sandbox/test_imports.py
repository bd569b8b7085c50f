# SPDX-License-Identifier: Apache-2.0
"""Imports: what is asked, what becomes of each row, and which states an import goes through."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_provider_hubcontact.sandbox import Definition, OAuthClient, Requirements, Sandbox, Switches
from airflow_provider_hubcontact.sandbox.http.multipart import NoForm, parse
from airflow_provider_hubcontact.sandbox.imports.runs import ImportPace
from tests.sandbox.calling import CONTACTS, Answer, Api, Clock
from tests.sandbox.conftest import PROPERTIES, SEEDS

ROOT = "/crm/imports/2026-09"
ROOTS = ["/crm/v3/imports", "/crm/v3/imports/", "/crm/imports/2026-03", ROOT, f"{ROOT}/"]
TYPE = {"Content-Type": "multipart/form-data; boundary=xyz"}
EMAIL = {"columnName": "Mail", "propertyName": "email", "columnType": "HUBSPOT_ALTERNATE_ID"}
NAME = {"columnName": "Name", "propertyName": "firstname", "columnType": "STANDARD"}
ID = {"columnName": "Id", "columnType": "HUBSPOT_OBJECT_ID"}


def column(name: str) -> dict[str, str]:
    return {"columnName": name, "propertyName": name, "columnType": "STANDARD"}


def asked(*columns: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Fill ``importRequest``."""
    mappings = [{"columnObjectTypeId": "0-1", **each} for each in columns or (EMAIL, NAME)]
    page = {"hasHeader": True, "columnMappings": mappings}
    file = {"fileName": "c.csv", "fileFormat": "CSV", "fileImportPage": page}
    return {"name": "Customers", "importOperations": {"0-1": "UPSERT"}, "files": [file], **changes}


def form(content: str | bytes, request: Any, name: str = "c.csv") -> bytes:
    content = content.encode() if isinstance(content, str) else content
    return (
        b'--xyz\r\nContent-Disposition: form-data; name="importRequest"\r\n\r\n'
        + (request if isinstance(request, bytes) else json.dumps(request).encode())
        + f'\r\n--xyz\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n'.encode()
        + b"Content-Type: text/csv\r\n\r\n"
        + content
        + b"\r\n--xyz--\r\n"
    )


def start(api: Api, content: str | bytes, request: Any = None, root: str = ROOT) -> Answer:
    return api.call("POST", root, form(content, asked() if request is None else request), TYPE)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def hubspot(clock: Clock) -> Iterator[Sandbox]:
    pace = ImportPace(delay=10, rows_a_second=1, max_rows=100, max_bytes=10_000)
    with Sandbox(SEEDS, properties=PROPERTIES, clock=clock, import_pace=pace) as sandbox:
        yield sandbox


def finish(api: Api, clock: Clock, answer: Answer, root: str = ROOT) -> dict[str, Any]:
    """Wait for the end, and give the import."""
    assert answer.status == 200, answer.body
    clock.now += 1_000
    found: dict[str, Any] = api.get(f"{root.rstrip('/')}/{answer.body['id']}").body
    return found


def errors(api: Api, done: dict[str, Any], query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get(f"{ROOT}/{done['id']}/errors{query}").body["results"]
    return found


class TestStart:
    @pytest.mark.parametrize("root", ROOTS)
    def test_contacts_are_updated_and_created(self, api: Api, clock: Clock, root: str) -> None:
        """Rows are matched by address whatever its letter case; counters tell what was done."""
        answer = start(api, "Mail,Name\nADA@example.com,Augusta\nnew@example.com,Newton\n", root=root)
        done = finish(api, clock, answer, root)

        assert answer.body["state"] == "STARTED"
        assert done["state"] == "DONE"
        assert done["importName"] == "Customers"
        assert done["metadata"]["counters"] == {
            "TOTAL_ROWS": 2,
            "MAPPED_COLUMNS": 2,
            "CREATED_OBJECTS": 1,
            "UPDATED_OBJECTS": 1,
            "UNIQUE_OBJECTS_WRITTEN": 2,
            "PROPERTY_VALUES_EMITTED": 3,
        }
        assert api.stored("ada@example.com", "firstname") == "Augusta"
        assert api.stored("new@example.com", "firstname") == "Newton"

    @pytest.mark.parametrize(
        ("change", "status"),
        [
            ({"name": None}, 400),
            ({"files": []}, 400),
            ({"files": "c.csv"}, 400),
            ({"importOperations": {"0-1": "DELETE"}}, 400),
            ({"importOperations": []}, 400),
            ({"dateFormat": "YYYY"}, 400),
            ({"timeZone": "Mars/Base"}, 400),
            ({"timeZone": ["UTC"]}, 400),
            ({"importOperations": {"0-9999": "UPSERT"}}, 400),
            ({"importOperations": {"contcats": "UPSERT"}}, 400),
            ({"importOperations": {"0-1": "UPSERT", "contacts": "UPDATE"}}, 400),
            ({"importOperations": {"0-2": "UPSERT"}}, 501),
            ({"importOperations": {"DEAL": "UPSERT"}}, 501),
            ({"createContactListFromImport": True}, 501),
        ],
        ids=str,
    )
    def test_a_request_that_is_wrong(self, api: Api, change: dict[str, Any], status: int) -> None:
        """400 before anything is imported; 501 for what is not emulated."""
        answer = start(api, "Mail,Name\n", asked(**change))

        assert answer.status == status
        assert api.get(ROOT).body == {"results": []}

    @pytest.mark.parametrize(
        ("change", "status"),
        [
            ({"propertyName": "nope"}, 400),
            ({"propertyName": "firstname", "columnType": "HUBSPOT_ALTERNATE_ID"}, 400),
            ({"columnType": "NOPE"}, 400),
            ({"columnObjectTypeId": None}, 400),
            ({"columnObjectTypeId": ["0-1"]}, 400),
            ({"columnObjectTypeId": ""}, 400),
            ({"columnObjectTypeId": "0-9999"}, 400),
            ({"columnObjectTypeId": None, "columnObjectType": "CONTCAT"}, 400),
            ({"columnObjectTypeId": "companies"}, 501),
            ({"columnType": "ASSOCIATION_KEYS"}, 501),
        ],
        ids=str,
    )
    def test_a_column_that_is_wrong(self, api: Api, change: dict[str, Any], status: int) -> None:
        """400, or 501 for what is not emulated."""
        assert start(api, "", asked({**NAME, **change})).status == status

    @pytest.mark.parametrize("spelling", ["contacts", "contact", "CONTACT", "0-1", "Contacts"])
    def test_every_spelling_of_contacts(self, api: Api, clock: Clock, spelling: str) -> None:
        """Operations and columns take what a path takes."""
        mail = {**EMAIL, "columnObjectTypeId": spelling}
        older = {**NAME, "columnObjectTypeId": None, "columnObjectType": spelling}
        request = asked(mail, older, importOperations={spelling: "UPDATE"})
        done = finish(api, clock, start(api, "Mail,Name\nada@example.com,Augusta\nnew@x.org,N\n", request))

        assert done["importRequestJson"]["importOperations"] == {spelling: "UPDATE"}
        assert api.stored("ada@example.com", "firstname") == "Augusta"
        assert [each["errorType"] for each in errors(api, done)] == ["UPDATE_ONLY_IMPORT"]

    def test_an_unknown_object_type(self, api: Api) -> None:
        """The sentence is that of a path."""
        answer = start(api, "Mail\n", asked(EMAIL, importOperations={"0-9999": "UPDATE"}))

        assert answer.message == "Invalid object or event type id: 0-9999"

    @pytest.mark.parametrize(
        ("body", "headers"),
        [
            (b"{}", {"Content-Type": "application/json"}),
            (b"", TYPE),
            (b"--xyz--", TYPE),
            (form("", asked(), "other.csv"), TYPE),
            (form("", b"{"), TYPE),
            (form("", b"[]"), TYPE),
            (form("", asked()), {}),
            (form("", asked()), {"Content-Type": "multipart/form-data"}),
        ],
        ids=["JSON", "empty", "no parts", "another file", "no JSON", "array", "no type", "no boundary"],
    )
    def test_a_form_that_is_wrong(self, api: Api, body: bytes, headers: dict[str, str]) -> None:
        """400."""
        assert api.call("POST", ROOT, body, headers).status == 400

    def test_a_long_name_of_a_file(self, api: Api) -> None:
        """Its first hundred characters are told."""
        request = asked()
        request["files"][0]["fileName"] = "x" * 300

        assert start(api, "", request).message == f"The form has no file {'x' * 100!r} among its files."

    def test_it_needs_its_scope(self, hubspot: Sandbox) -> None:
        """403 without ``crm.import``."""
        hubspot.access.allow("narrow", ["crm.objects.contacts.write"])

        assert start(Api(hubspot, "narrow"), "").status == 403

    @pytest.mark.parametrize("content", ["x\n" * 102, "x" * 10_001], ids=["rows", "bytes"])
    def test_a_file_that_is_too_large(self, api: Api, content: str) -> None:
        """429, for rows and for bytes."""
        assert start(api, content, asked(NAME)).status == 429


class TestColumns:
    def test_by_record_id(self, api: Api, clock: Clock) -> None:
        """``HUBSPOT_OBJECT_ID`` finds a contact; an unknown id is an error of its row."""
        ada = api.id("ada@example.com")
        done = finish(api, clock, start(api, f"Id,Name\n{ada},Augusta\n999,Nobody\n", asked(ID, NAME)))

        assert api.stored("ada@example.com", "firstname") == "Augusta"
        assert [each["errorType"] for each in errors(api, done)] == ["INVALID_OBJECT_ID"]

    def test_rows_without_a_record_id(self, api: Api, clock: Clock) -> None:
        """They create contacts, each one of its own."""
        done = finish(api, clock, start(api, "Id,Name\n,First\n,Second\n", asked(ID, NAME)))

        assert errors(api, done) == []
        assert done["metadata"]["counters"]["CREATED_OBJECTS"] == 2

    def test_by_a_unique_property_and_older_names(self, api: Api, clock: Clock) -> None:
        """Older samples write ``idColumnType`` and ``columnObjectType``."""
        key = {
            "columnObjectType": "CONTACT",
            "columnName": "No",
            "propertyName": "member_number",
            "idColumnType": "HUBSPOT_ALTERNATE_ID",
        }
        request = asked()
        request["files"][0]["fileImportPage"]["columnMappings"] = [key, {**NAME, "columnObjectTypeId": "0-1"}]

        finish(api, clock, start(api, "No,Name\nM-1,Mathison\n", request))

        assert api.stored("alan@example.com", "firstname") == "Mathison"

    def test_a_secondary_address_stays_one(self, api: Api, clock: Clock) -> None:
        """A row found by a secondary address does not change the primary one."""
        finish(api, clock, start(api, "Mail,Name\nturing@example.org,Mathison\n"))

        assert api.stored("turing@example.org", "email") == "alan@example.com"
        assert api.stored("alan@example.com", "firstname") == "Mathison"

    def test_an_empty_cell_leaves_the_value(self, api: Api, clock: Clock) -> None:
        """Only filled cells are written."""
        finish(api, clock, start(api, "Mail,Name\nada@example.com,\n"))

        assert api.stored("ada@example.com", "firstname") == "Ada"

    def test_a_stage_does_not_go_back(self, api: Api, clock: Clock) -> None:
        """The old stage stays, and no error tells."""
        request = asked(EMAIL, column("lifecyclestage"))
        done = finish(api, clock, start(api, "Mail,Stage\nada@example.com,lead\n", request))

        assert api.stored("ada@example.com", "lifecyclestage") == "customer"
        assert errors(api, done) == []

    @pytest.mark.parametrize(
        ("date_format", "written"),
        [
            (None, "12/31/1990"),
            ("MONTH_DAY_YEAR", "12-31-1990"),
            ("DAY_MONTH_YEAR", "31.12.1990"),
            ("YEAR_MONTH_DAY", "1990-12-31"),
        ],
    )
    def test_dates(self, api: Api, clock: Clock, date_format: str | None, written: str) -> None:
        """A date is read in the import's form, month first if none is named."""
        request = asked(EMAIL, column("birthday"), dateFormat=date_format)
        finish(api, clock, start(api, f"Mail,Born\nada@example.com,{written}\n", request))

        assert api.stored("ada@example.com", "birthday") == "1990-12-31"

    @pytest.mark.parametrize(
        ("written", "kept"),
        [
            ("01/02/2026 09:30", "2026-01-02T08:30:00Z"),
            ("01/02/2026 09:30:15", "2026-01-02T08:30:15Z"),
            ("01/02/2026 09:30:15Z", "2026-01-02T09:30:15Z"),
            ("01/02/2026", "2026-01-02T00:00:00Z"),
        ],
    )
    def test_times(self, api: Api, clock: Clock, written: str, kept: str) -> None:
        """A time is in the import's zone, unless it says UTC; a day is midnight in UTC."""
        request = asked(EMAIL, column("closedate"), timeZone="Europe/Paris")
        finish(api, clock, start(api, f"Mail,Closed\nada@example.com,{written}\n", request))

        assert api.stored("ada@example.com", "closedate") == kept


class TestRows:
    @pytest.mark.parametrize(
        ("operation", "row", "kind"),
        [
            ("UPDATE", "new@example.com,New", "UPDATE_ONLY_IMPORT"),
            ("CREATE", "ada@example.com,Ada", "CREATE_ONLY_IMPORT"),
            ("UPSERT", "nope,New", "INVALID_EMAIL"),
            ("UPSERT", ",New", "INVALID_ALTERNATE_ID"),
            ("UPSERT", "new@example.com", "INCORRECT_NUMBER_OF_COLUMNS"),
        ],
    )
    def test_a_row_that_is_refused(self, api: Api, clock: Clock, operation: str, row: str, kind: str) -> None:
        """The error names line and cells; other rows are written."""
        request = asked(importOperations={"0-1": operation})
        good = "ada@example.com" if operation != "CREATE" else "other@example.com"
        done = finish(api, clock, start(api, f"Mail,Name\n{row}\n{good},Good\n", request))

        (error,) = errors(api, done, "?includeErrorMessage=true&includeRowData=true")
        assert done["state"] == "DONE"
        assert done["metadata"]["counters"]["ERRORS"] == 1
        assert error["errorType"] == kind
        assert error["errorMessage"]
        assert error["sourceData"]["lineNumber"] == 2
        assert error["sourceData"]["rowData"] == row.split(",")
        assert api.stored(good, "firstname") == "Good"
        assert len(api.sandbox.portal.contacts) == len(SEEDS) + (operation == "CREATE")

    def test_messages_and_cells_are_told_if_wanted(self, api: Api, clock: Clock) -> None:
        """Without the parameters neither is told."""
        (error,) = errors(api, finish(api, clock, start(api, "Mail,Name\nnope,New\n")))

        assert "errorMessage" not in error
        assert error["sourceData"]["rowData"] == []
        assert error["knownColumnNumber"] == 1

    @pytest.mark.parametrize(
        ("name", "value", "kind"),
        [
            ("birthday", "31/12/1990", "COULD_NOT_PARSE_DATE"),
            ("points", "many", "COULD_NOT_PARSE_NUMBER"),
            ("lifecyclestage", "nope", "INVALID_ENUMERATION_OPTION"),
            ("hubspotscore", "5", "FAILED_VALIDATION"),
        ],
    )
    @pytest.mark.parametrize("keeps", ["value", "row"])
    def test_a_value_that_is_refused(
        self, clock: Clock, name: str, value: str, kind: str, keeps: Any
    ) -> None:
        """An invalid value keeps out itself, or by the switch its row."""
        switches = Switches(import_invalid_value=keeps)
        with Sandbox(SEEDS, properties=PROPERTIES, clock=clock, switches=switches) as hubspot:
            api = Api(hubspot)
            request = asked(EMAIL, NAME, column(name))
            done = finish(api, clock, start(api, f"a,b,c\nada@example.com,Augusta,{value}\n", request))

            (error,) = errors(api, done)
            assert (error["errorType"], error["invalidValue"]) == (kind, value)
            assert api.stored("ada@example.com", name) != value
            expected = "Augusta" if keeps == "value" else "Ada"
            assert api.stored("ada@example.com", "firstname") == expected

    @pytest.mark.parametrize("keeps", ["value", "row"])
    def test_a_row_without_a_required_property(self, clock: Clock, keeps: Any) -> None:
        """The row is refused, whatever an invalid value keeps out; the file has no column to name."""
        switches = Switches(write_rules="every", import_invalid_value=keeps)
        required = Requirements(("jobtitle",))
        with Sandbox(switches=switches, requirements=required, clock=clock) as hubspot:
            api = Api(hubspot)
            done = finish(api, clock, start(api, "Mail,Name\nnew@example.com,Newton\n"))

            assert done["metadata"]["counters"]["TOTAL_ROWS"] == 1
            assert [each["errorType"] for each in errors(api, done)] == ["FAILED_VALIDATION"]
            assert hubspot.portal.contact("new@example.com") is None

    def test_a_contact_twice(self, api: Api, clock: Clock) -> None:
        """The first row of a contact counts."""
        done = finish(api, clock, start(api, "Mail,Name\nada@example.com,One\nADA@example.com,Two\n"))

        assert [each["errorType"] for each in errors(api, done)] == ["DUPLICATE_ALTERNATE_ID"]
        assert api.stored("ada@example.com", "firstname") == "One"

    def test_a_contact_by_two_addresses(self, api: Api, clock: Clock) -> None:
        """A row by another address of the same contact is its second one, too."""
        done = finish(api, clock, start(api, "Mail,Name\nturing@example.org,One\nalan@example.com,Two\n"))

        assert [each["errorType"] for each in errors(api, done)] == ["DUPLICATE_ALTERNATE_ID"]
        assert api.stored("alan@example.com", "firstname") == "One"

    def test_quotes_blank_lines_and_a_byte_order_mark(self, api: Api, clock: Clock) -> None:
        """Cells may hold commas and line ends; line numbers are the file's."""
        content = '\ufeff\r\nMail,Name\r\n\r\nada@example.com,"A,\r\nB"\r\nnope,C\r\n'
        done = finish(api, clock, start(api, content))

        assert done["metadata"]["counters"]["TOTAL_ROWS"] == 2
        assert api.stored("ada@example.com", "firstname") == "A,\r\nB"
        assert errors(api, done)[0]["sourceData"]["lineNumber"] == 6

    def test_a_file_without_a_header(self, api: Api, clock: Clock) -> None:
        """``hasHeader: false`` makes the first line a row."""
        request = asked()
        request["files"][0]["fileImportPage"]["hasHeader"] = False

        finish(api, clock, start(api, "ada@example.com,Augusta", request))

        assert api.stored("ada@example.com", "firstname") == "Augusta"

    def test_errors_come_in_pages(self, api: Api, clock: Clock) -> None:
        """``after`` goes on where a page ended; no error is missing or doubled."""
        done = finish(api, clock, start(api, "Mail,Name\n" + "nope,x\n" * 5))
        path = f"{ROOT}/{done['id']}/errors"
        found, after = [], "0"
        while after:
            page = api.get(f"{path}?limit=2&after={after}").body
            found += [each["sourceData"]["lineNumber"] for each in page["results"]]
            after = page.get("paging", {}).get("next", {}).get("after", "")

        assert found == [2, 3, 4, 5, 6]
        assert api.get(f"{path}?after=x").status == 400

    def test_a_property_that_disappears(self, hubspot: Sandbox, api: Api, clock: Clock) -> None:
        """A property that is gone when its row is due is that row's error."""
        hubspot.portal.define(Definition("shortlived", "Short-lived"))
        answer = start(api, "Mail,S\nada@example.com,x\n", asked(EMAIL, column("shortlived")))
        del hubspot.portal.definitions["shortlived"]

        done = finish(api, clock, answer)

        assert [each["errorType"] for each in errors(api, done)] == ["PROPERTY_DEFINITION_NOT_FOUND"]


class TestStates:
    @staticmethod
    def states(api: Api, *ids: str) -> list[str]:
        return [api.get(f"{ROOT}/{each}").body["state"] for each in ids]

    def test_from_started_to_done(self, api: Api, clock: Clock) -> None:
        """Rows are written at the pace of the clock, also when nobody asks for the import."""
        started = start(api, "Mail,Name\nada@example.com,A\ngrace@example.com,G\n").body["id"]
        assert self.states(api, started) == ["STARTED"]

        clock.now += 11
        assert self.states(api, started) == ["PROCESSING"]
        assert api.stored("ada@example.com", "firstname") == "A"
        assert api.stored("grace@example.com", "firstname") == "Grace"

        clock.now += 10
        assert api.get(f"{CONTACTS}/{api.id('grace@example.com')}").body["properties"]["firstname"] == "G"
        assert self.states(api, started) == ["DONE"]

    def test_the_pace_is_kept(self, clock: Clock) -> None:
        """So many rows a second are written, and no fewer."""
        content = "Mail,Name\n" + "".join(f"c{number}@example.com,x\n" for number in range(3_000))
        with Sandbox(clock=clock, import_pace=ImportPace(0, 1_000)) as hubspot:
            started = start(Api(hubspot), content).body["id"]
            clock.now += 2
            self.states(Api(hubspot), started)

            assert len(hubspot.portal.contacts) == 2_000

    def test_the_fourth_waits(self, api: Api, clock: Clock) -> None:
        """Three run at once; a deferred one starts when another ends."""
        rows = "Mail,Name\n" + "ada@example.com,x\n" * 5
        ids = [start(api, rows).body["id"] for _ in range(4)]
        assert self.states(api, *ids) == ["STARTED"] * 3 + ["DEFERRED"]

        clock.now += 12
        assert self.states(api, *ids) == ["PROCESSING"] * 3 + ["DEFERRED"]
        clock.now += 12
        assert self.states(api, *ids) == ["DONE"] * 3 + ["STARTED"]
        clock.now += 9.999
        assert self.states(api, ids[3]) == ["STARTED"]
        clock.now += 0.001
        assert self.states(api, ids[3]) == ["PROCESSING"]
        clock.now += 30
        assert self.states(api, ids[3]) == ["DONE"]

    def test_cancel(self, api: Api, clock: Clock) -> None:
        """What is written stays, what is not is left; a deferred one takes the place."""
        rows = "Mail,Name\nada@example.com,A\ngrace@example.com,G\n"
        ids = [start(api, rows).body["id"] for _ in range(4)]
        clock.now += 11
        self.states(api, ids[0])

        answers = [api.post(f"{ROOT}/{each}/cancel", {}) for each in ids[:3]]
        clock.now += 5

        assert [answer.body["status"] for answer in answers] == ["COMPLETE"] * 3
        assert self.states(api, *ids) == ["CANCELED"] * 3 + ["STARTED"]
        assert api.stored("ada@example.com", "firstname") == "A"
        assert api.stored("grace@example.com", "firstname") == "Grace"
        assert api.post(f"{ROOT}/{ids[0]}/cancel", {}).status == 400

    @pytest.mark.parametrize(
        ("content", "line"),
        [(b"Mail,Name\n\xff\xfe,x\n", 0), (b"Mail,Name\nada@example.com,A\n" + b"x" * 140_000, 3)],
        ids=["no UTF-8", "no CSV"],
    )
    def test_a_file_that_cannot_be_read(self, clock: Clock, content: bytes, line: int) -> None:
        """The import is FAILED, and one error says where."""
        with Sandbox(SEEDS, properties=PROPERTIES, clock=clock) as hubspot:
            api = Api(hubspot)
            done = finish(api, clock, start(api, content))

            assert done["state"] == "FAILED"
            (error,) = errors(api, done)
            assert (error["errorType"], error["sourceData"]["lineNumber"]) == ("COULD_NOT_PARSE_ROW", line)

    def test_a_large_file_lets_others_in(self, clock: Clock) -> None:
        """So many rows are written at once that the next caller need not wait for all."""
        content = "Mail,Name\n" + "".join(f"c{number}@example.com,x\n" for number in range(15_000))
        with Sandbox(clock=clock) as hubspot:
            api = Api(hubspot)
            first = finish(api, clock, start(api, content))
            second = finish(api, clock, Answer(200, first, {}))

            assert (first["state"], first["metadata"]["counters"]["CREATED_OBJECTS"]) == (
                "PROCESSING",
                10_000,
            )
            assert (second["state"], second["metadata"]["counters"]["CREATED_OBJECTS"]) == ("DONE", 15_000)


class TestList:
    def test_pages(self, api: Api) -> None:
        """The last import first, ``after`` for the next page."""
        ids = [start(api, "Mail,Name\n").body["id"] for _ in range(3)]

        page = api.get(f"{ROOT}?limit=2").body
        rest = api.get(f"{ROOT}?limit=2&after={page['paging']['next']['after']}").body

        assert [each["id"] for each in page["results"] + rest["results"]] == ids[::-1]
        assert "paging" not in rest

    def test_an_app_sees_its_own(self, api: Api, clock: Clock) -> None:
        """Another app's import is unknown, and in no list."""
        with Sandbox(clock=clock, oauth_clients=[OAuthClient("i", "s", "r")]) as hubspot:
            started = start(Api(hubspot), "Mail,Name\n").body["id"]
            other = Api(hubspot, hubspot.access.refresh("i", "s", "r")[0])

            assert other.get(f"{ROOT}/{started}").status == 404
            assert other.get(ROOT).body == {"results": []}

    @pytest.mark.parametrize("path", ["/1", "/x", "/1/errors"])
    def test_an_unknown_import(self, api: Api, path: str) -> None:
        """404."""
        assert api.get(ROOT + path).status == 404

    def test_reset_forgets(self, hubspot: Sandbox, api: Api, clock: Clock) -> None:
        """After a reset no import goes on."""
        start(api, "Mail,Name\nada@example.com,A\n")
        hubspot.reset()
        clock.now += 100

        assert api.get(ROOT).body == {"results": []}
        assert api.stored("ada@example.com", "firstname") == "Ada"


leaves = (
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["0-1", "CSV", "UTC"])
)
anything = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
)
mappings = st.fixed_dictionaries(
    {},
    optional={
        "columnObjectTypeId": st.just("0-1") | anything,
        "columnName": st.just("a") | anything,
        "propertyName": st.sampled_from(["email", "birthday", "points", "closedate"]) | anything,
        "columnType": st.sampled_from(["HUBSPOT_OBJECT_ID", "HUBSPOT_ALTERNATE_ID", "STANDARD"]) | anything,
    },
)
cells = st.sampled_from(
    ["ada@example.com", "171591000001", "", "1/2/2020", "99/99/0000", "1/1/0001 00:00", '"']
)
lines = st.lists(st.lists(cells | st.text(max_size=4), min_size=1, max_size=3).map(",".join), max_size=4)


class TestOddInput:
    @settings(
        max_examples=150,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(
        columns=st.lists(mappings | anything, max_size=3) | anything,
        changes=st.dictionaries(
            st.sampled_from(["name", "importOperations", "dateFormat", "timeZone", "files"]),
            anything,
            max_size=2,
        ),
        content=lines.map("\n".join).map(str.encode) | st.binary(max_size=30),
    )
    def test_whatever_is_asked(
        self, api: Api, clock: Clock, columns: Any, changes: dict[str, Any], content: bytes
    ) -> None:
        """Every import ends, and nothing is a 500."""
        request = asked()
        request["files"][0]["fileImportPage"]["columnMappings"] = columns

        answer = start(api, content, request | changes)

        assert answer.status in {200, 400, 501}, answer.body
        if answer.status == 200:
            assert finish(api, clock, answer)["state"] in {"DONE", "FAILED"}
            assert api.get(f"{ROOT}/{answer.body['id']}/errors").status == 200

    @settings(max_examples=300, deadline=None)
    @given(
        body=st.lists(
            st.sampled_from(
                [
                    b"--xyz",
                    b"--xyz--",
                    b"\r\n",
                    b'Content-Disposition: form-data; name="files"',
                    b"filename*=x''%ff",
                ]
            )
            | st.binary(max_size=8)
        ).map(b"".join),
        content_type=st.sampled_from([TYPE["Content-Type"], "multipart/form-data; boundary*=x''y"])
        | st.text(max_size=20),
    )
    def test_whatever_form(self, body: bytes, content_type: str) -> None:
        """A form is read, or is none."""
        try:
            parts = parse(content_type, body)
        except NoForm:
            return
        assert all(isinstance(part.content, bytes) for part in parts)
