"""The page of a sync's report."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.providers.common.compat.sdk import DAG

from airflow_provider_hubcontact.links.hubspot import HubSpotSyncReportLink
from airflow_provider_hubcontact.operators.hubspot import HubSpotUpdateContactOperator
from airflow_provider_hubcontact.sandbox import Sandbox
from airflow_provider_hubcontact.sync.keep.report import Report
from airflow_provider_hubcontact.sync.model.outcome import LIST, Outcome, Result
from airflow_provider_hubcontact.ui.masking import HIDDEN, masked
from airflow_provider_hubcontact.ui.page import (
    Heading,
    _percent,
    bars,
    chart,
    is_report,
    problems_csv,
    render,
    render_reasons,
    render_run,
)
from tests.airflow.running import CONTACTS, connect
from tests.airflow_home import RunDag

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

HEADING = Heading("<dag>", "run&1", "task", 3, "failed", 2)
HOSTILE = "<script>alert('x')</script>"


def a_report(**settings: Any) -> dict[str, Any]:
    report = Report(api_version="2026-09", seconds=75.0, calls={"total": 12}, **settings)
    report.add(Result(1, "a@example.com", Outcome.UPDATED, 200, changes={"city": (None, HOSTILE)}))
    report.add(
        Result(2, "b@example.com", Outcome.REJECTED, 400, "VALIDATION_ERROR", HOSTILE, ("city",), "c-1")
    )
    report.add(Result(3, "=cmd|'/c calc'!A1@example.com", Outcome.INVALID, None, "KEY", "no", ("email",)))
    told: dict[str, Any] = json.loads(json.dumps(report.to_dict()))
    return told


def shown(report: dict[str, Any] | None, *, is_masked: bool = False) -> str:
    return render(HEADING, report, is_masked=is_masked, downloads={"CSV": "/hubcontact/report.csv?a=1&b=2"})


class TestPage:
    def test_what_others_wrote_is_text(self) -> None:
        """Nothing of a record, a run or HubSpot becomes markup."""
        page = shown(a_report(ledger="javascript:alert(1)"))

        assert HOSTILE not in page
        assert "&lt;script&gt;" in page
        assert "&lt;dag&gt;" in page
        assert 'href="javascript' not in page
        assert "<script" not in page

    def test_what_it_says(self) -> None:
        """Numbers, outcomes, reasons, problems, changes."""
        page = " ".join(shown(a_report()).split())

        for said in ("failed", "2 tries", "<b>1</b> updated", "33.3 %", "VALIDATION_ERROR", "c-1", "0:01:15"):
            assert said in page

    def test_a_code_leads_to_what_it_means(self) -> None:
        """Of a reason and of a problem; also in a report of a version that had no codes, and without keys."""
        report = a_report()
        older = json.loads(json.dumps(report))
        for each in (*older["reasons"], *older["problems"]):
            del each["code"]

        for told in (report, older, masked(report)):
            assert shown(told).count('<a href="reasons#hc-200">HC-200</a>') == 2
            assert shown(told).count('<a href="reasons#hc-101">HC-101</a>') == 2

    def test_what_the_codes_mean(self) -> None:
        """A page of their own has a place for each."""
        page = render_reasons()

        assert '<h2 id="hc-101">HC-101</h2>' in page
        assert "outcome <code>invalid</code>, category <code>KEY</code>" in page.replace("Outcome", "outcome")
        assert "`" not in page

    def test_rows_that_had_nothing_to_send(self) -> None:
        """Whoever may not read XComs sees the count, too; a report of an older version has none."""
        report = a_report(without_values=1_200)
        older = {name: value for name, value in report.items() if name != "without_values"}

        for told in (report, masked(report)):
            assert "Rows with nothing to send but their key: 1,200." in shown(told)
        assert "nothing to send" not in shown(older)
        assert "nothing to send" not in shown(a_report())

    def test_the_figures_of_a_state(self) -> None:
        """What was audited, has drifted and is overdue; why all rows were read, if they were."""
        state = {"table": "hub", "read_anew": "refresh=True", "audited": 34, "drifted": 2, "overdue": 1_500}
        page = " ".join(shown(a_report(state=state)).split())

        for said in (
            "<h2>State <code>hub</code></h2>",
            "All rows were looked up: refresh=True",
            '<tr><th>rows in the source</th><td class="count">3</td></tr>',
            '<tr><th>audited</th><td class="count">34</td></tr>',
            '<tr><th>overdue for an audit</th><td class="count">1,500</td></tr>',
        ):
            assert said in page
        assert "overdue for an audit" in shown(masked(a_report(state=state)), is_masked=True)
        gone = {"gone": 3, "left_alone": 1, "nobody_because": "a row is not valid"}
        page = " ".join(shown(a_report(state={**state, **gone})).split())
        assert '<tr><th>gone, and left alone</th><td class="count">1</td></tr>' in page
        assert "Nobody was removed: a row is not valid" in page
        removed = {**a_report(state=state), "removals": 1}
        for told in (removed, masked(removed)):
            assert '<tr><th>rows in the source</th><td class="count">2</td></tr>' in shown(told)
        older = {name: value for name, value in a_report().items() if name not in ("state", "removals")}
        assert '<td class="count">3</td>' in shown({**older, "state": state})
        for none in (a_report(state={"table": "hub", "read_anew": None}), older):
            assert "rows in the source" not in shown(none)

    def test_what_became_of_lists(self) -> None:
        """How many contacts came in, were in, and left; those of the most contacts first, and as text."""
        told = {
            "7": {"name": "Small", "removed": 1, "absent": 1},
            "101": {"name": HOSTILE, "added": 1_200, "member": 3},
        }
        report = {**a_report(), "lists": told, "lists_created": ["New"]}
        page = " ".join(shown(report).split())

        assert page.index(">101<") < page.index(">7<")
        assert (
            '<td class="count" data-label="added">1,200</td><td class="count" data-label="members">3' in page
        )
        assert '<td class="count" data-label="left">1</td><td class="count" data-label="not in it">1' in page
        assert HOSTILE not in page
        assert "Lists created: New" in page
        assert "objectLists" not in page  # without a portal

        told.pop("7")
        page = shown(report)
        assert "not in it" not in page
        for none in (a_report(), {name: each for name, each in a_report().items() if "lists" not in name}):
            assert "Lists" not in shown(none)

    def test_where_lists_are(self) -> None:
        """The portal's address of them, as text: Airflow's tab opens no window."""
        portal = {"id": 5, "url": "https://app-eu1.hubspot.com/contacts/5/objects/0-1/views/all/list"}
        report = {**a_report(portal=portal), "lists": {"7": {"name": "Small", "added": 1}}}

        page = shown(report)

        assert "<code>https://app-eu1.hubspot.com/contacts/5/objectLists/</code>" in page
        assert "objectLists" not in shown({**report, "portal": {"id": 5, "url": "https://example.com"}})

    def test_records_without_their_list(self) -> None:
        """They are counted where the lists are, whatever they ended as; their reasons are below."""
        report = Report()
        for row, outcome in enumerate((Outcome.UNAVAILABLE, Outcome.REJECTED, Outcome.REJECTED), 1):
            report.add(Result(row, f"{row}@example.com", outcome, 503, LIST, "the list: no"))

        assert "where their rows have their list: 3 records" in shown(report.to_dict())
        assert "where their rows have their list" not in shown(a_report())

    def test_many_lists(self) -> None:
        """A page has a hundred, and says how many more there are."""
        told = {str(number): {"name": f"n{number}", "added": 1} for number in range(1_130)}

        page = shown({**a_report(), "lists": told})

        assert page.count('data-label="id"') == 100
        assert "And 1,030 more lists" in page

    def test_names_of_lists_can_be_hidden(self) -> None:
        """A column of the records may have given them; their ids and counts are shown."""
        report = {**a_report(), "lists": {"7": {"name": "Patients of B", "added": 2}, "a b": {"name": "x"}}}
        report["lists_created"] = ["Patients of B"]

        told = masked(report)

        assert told["lists"] == {"7": {"name": HIDDEN, "added": 2}, HIDDEN: {"name": HIDDEN}}
        assert told["lists_created"] == [HIDDEN]
        assert "Patients" not in shown(told, is_masked=True).partition("<body>")[2]

    def test_in_which_try_a_record_ended(self) -> None:
        """Once there were several."""
        report = Report()
        report.add(Result(1, "a@example.com", Outcome.REJECTED, 400, earlier=1))
        report.add(Result(2, "b@example.com", Outcome.REJECTED, 400))

        page = shown(report.to_dict())

        assert [each.split("<")[0] for each in page.split('data-label="try">')[1:]] == ["1", "2"]

    def test_keys_and_values_can_be_hidden(self) -> None:
        """What is left are counts, outcomes, categories and names of properties."""
        page = shown(masked(a_report()), is_masked=True)

        for value in ("a@example.com", "b@example.com", "alert", "=cmd"):
            assert value not in page
        assert "VALIDATION_ERROR" in page
        assert HIDDEN in page
        assert "you may not read" in page

    def test_nothing_to_show(self) -> None:
        """No report, and a report of no record."""
        assert "There is no report." in shown(None)
        assert "The source had no records." in shown(Report(api_version="v1").to_dict())

    def test_a_run_of_many(self) -> None:
        """Each with its picture and a link."""
        report = a_report()
        page = render_run(HEADING, [(HEADING, report, "/hubcontact/report?x=1&y=2")])

        assert 'href="/hubcontact/report?x=1&amp;y=2"' in page
        assert "task [3]" in page

    def test_a_table_that_opens_in_a_spreadsheet(self) -> None:
        """No cell is a formula."""
        rows = list(csv.reader(io.StringIO(problems_csv(a_report()))))

        assert rows[0][:3] == ["row", "key", "outcome"]
        assert rows[2][1] == "'=cmd|'/c calc'!A1@example.com"
        assert [row[-1] for row in rows] == ["code", "HC-200", "HC-101"]

    def test_charts(self) -> None:
        """Two points make a line; a limit above it gives the height."""
        assert chart([(1.0, 5.0)]) is None
        drawn = chart([(1.0, 5.0), (2.0, 10.0)], limit=20.0)
        assert drawn is not None
        assert (drawn.line, drawn.most, drawn.limit) == ("300.0,90.0 600.0,60.0", 20.0, 0.0)
        assert drawn.area == "300.0,120 300.0,90.0 600.0,60.0 600.0,120"

    def test_successes_come_first(self) -> None:
        """And only they are no problems."""
        report = a_report()
        report["outcomes"] = {"rejected": 1, "updated": 2, "invalid": 3, "unchanged": 4}

        told = [(bar.outcome, bar.is_well) for bar in bars(report)]

        assert told == [("updated", True), ("unchanged", True), ("rejected", False), ("invalid", False)]

    def test_a_window_begins_with_a_point_that_is_late(self) -> None:
        """Each point but the first has a rate, over ten seconds, or a little more if it is late."""
        timeline = [(0.0, 0, 0), (0.3, 30, 3), (10.0, 224, 100)]
        page = shown({**a_report(), "timeline": timeline})

        rates = [30 / 0.3, (224 - 30) / (10 - 0.3)]
        drawn = chart([(0.3, rates[0]), (10.0, rates[1])])
        assert drawn is not None
        assert f'<polyline points="{drawn.line}">' in page

    @pytest.mark.parametrize(("limit", "is_drawn"), [(9_999, True), (10_000, False), (None, False)])
    def test_a_limit_that_is_none(self, limit: int | None, is_drawn: bool) -> None:
        """The sandbox's way to have no limit is no line."""
        timeline = [(0.0, 0, 0), (5.0, 10, 10), (10.0, 20, 20)]
        page = shown({**a_report(), "timeline": timeline, "quota": {"calls_in_10_seconds": limit}})

        assert ("and HubSpot&#39;s limit" in page) is is_drawn

    @pytest.mark.parametrize(("left", "said"), [(12_345, "12,345"), (0, "0"), (None, "unknown")])
    def test_what_is_left_of_the_day(self, left: int | None, said: str) -> None:
        """As HubSpot told it, if it did."""
        page = shown({**a_report(), "quota": {"calls_left_today": left}})

        assert f'<b>{said}</b><span class="quiet">calls left today</span>' in page

    @pytest.mark.parametrize("every", [1, 10, 20])
    def test_calls_are_counted_as_hubspot_does(self, every: int) -> None:
        """In windows of ten seconds: a burst of one is no rate of ten, in a long run as in a short one."""
        seconds = [0.0, *(at + 0.1 for at in range(every, 121, every)), 127.9]
        steps = [(at, 100 * int(at), 190 * int(at / 10) + min(190, 100 * int(at % 10))) for at in seconds]
        report = {**a_report(), "timeline": steps, "quota": {"calls_in_10_seconds": 190}}

        page = render(HEADING, report, is_masked=False, downloads={})

        assert "calls in 10 seconds, and HubSpot&#39;s limit" in page
        assert "up to 190" in page
        assert "up to 100" in page

    def test_other_xcoms_are_no_reports(self) -> None:
        """Whatever they are."""
        assert not any(map(is_report, (None, 1, "report", [], {}, {"report": "other"})))
        assert is_report(Report().to_dict())


@pytest.mark.skipif(not version("apache-airflow").startswith("3."), reason="Airflow 3's API server")
class TestServer:
    """The application, as Airflow's API server mounts it, with its own users and tokens."""

    @pytest.fixture
    def address(self, monkeypatch: pytest.MonkeyPatch, run_dag: RunDag) -> str:
        """Of the report of a run."""
        with Sandbox(CONTACTS) as hubspot:
            connect(monkeypatch, hubspot.url, hubspot.token)
            with DAG("reported", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)) as dag:
                HubSpotUpdateContactOperator(
                    task_id="contacts",
                    records=[
                        {"email": "ada@example.com", "firstname": "Augusta"},
                        {"email": "nobody@example.com"},
                    ],
                )
            run = run_dag(dag)
        (instance,) = run.get_task_instances()
        return HubSpotSyncReportLink().get_link(None, ti_key=instance.key)  # type: ignore[arg-type]

    @pytest.fixture
    def client(self, airflow_database: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
        from airflow.api_fastapi.app import create_app, purge_cached_app  # noqa: PLC0415 - heavy
        from fastapi.testclient import TestClient  # noqa: PLC0415 - heavy

        monkeypatch.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS", "viewer:viewer,guest:")
        monkeypatch.setenv("AIRFLOW__API_AUTH__JWT_SECRET", "of the tests " * 8)
        purge_cached_app()
        with TestClient(create_app(apps="core"), follow_redirects=False) as client:
            yield client
        purge_cached_app()

    def log_in(self, client: TestClient, name: str, role: str | None) -> None:
        from airflow.api_fastapi.app import get_auth_manager  # noqa: PLC0415 - heavy
        from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser  # noqa: PLC0415 - same

        token = get_auth_manager().generate_jwt(SimpleAuthManagerUser(username=name, role=role))
        client.cookies.set("_token", token)

    def test_who_may_read_the_dag(self, client: TestClient, address: str) -> None:
        """Sees the page, and nothing is loaded from elsewhere or kept."""
        self.log_in(client, "viewer", "viewer")

        answer = client.get(address)

        assert answer.status_code == 200
        assert "ada@example.com" in answer.text
        assert "OBJECT_NOT_FOUND" in answer.text
        assert answer.headers["cache-control"] == "no-store"
        assert "default-src 'none'" in answer.headers["content-security-policy"]

    def test_downloads(self, client: TestClient, address: str) -> None:
        """As a table and as JSON."""
        self.log_in(client, "viewer", "viewer")

        table = client.get(address.replace("/report?", "/report.csv?"))
        document = client.get(address.replace("/report?", "/report.json?"))

        assert "nobody@example.com" in table.text
        assert "attachment" in table.headers["content-disposition"]
        assert document.json()["outcomes"] == {"updated": 1, "not_found": 1}

    def test_who_may_not_read_xcoms(
        self, client: TestClient, address: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Sees no key and no value, in downloads either."""
        from airflow.api_fastapi.app import get_auth_manager  # noqa: PLC0415 - heavy

        self.log_in(client, "viewer", "viewer")
        manager = get_auth_manager()
        may = manager.is_authorized_dag

        def but_xcoms(**asked: Any) -> bool:
            return "XCOM" not in str(asked.get("access_entity")) and may(**asked)

        monkeypatch.setattr(manager, "is_authorized_dag", but_xcoms)

        for path in ("/report?", "/report.json?", "/report.csv?"):
            answer = client.get(address.replace("/report?", path))
            assert answer.status_code == 200
            assert "example.com" not in answer.text

    def test_who_may_not_read_the_dag(self, client: TestClient, address: str) -> None:
        """Gets 403."""
        self.log_in(client, "guest", None)

        for path in ("/report?", "/report.json?", "/report.csv?", "/run?"):
            answer = client.get(address.replace("/report?", path))
            assert answer.status_code == 403
            assert "No access" in answer.text
            assert "example.com" not in answer.text

    def test_who_is_not_logged_in(self, client: TestClient, address: str) -> None:
        """Gets the login, and comes back."""
        answer = client.get(address)

        assert answer.status_code == 307
        assert "/auth/login" in answer.headers["location"]
        assert "next=" in answer.headers["location"]

    def test_other_tasks(self, client: TestClient, address: str) -> None:
        """One that has no report, and one that is none."""
        self.log_in(client, "viewer", "viewer")
        other = address.replace("task_id=contacts", "task_id=other").replace(
            "map_index=-1", "map_index={MAP_INDEX}"
        )

        assert "There is no report." in client.get(other).text
        assert "other [7]" in client.get(other.replace("{MAP_INDEX}", "7")).text
        assert client.get(other.replace("/report?", "/report.csv?")).status_code == 404

    def test_the_codes(self, client: TestClient, address: str) -> None:
        """The link of a code leads to its place, for whoever is logged in."""
        assert client.get("/hubcontact/reasons").status_code == 307

        self.log_in(client, "viewer", "viewer")
        assert 'href="reasons#hc-210"' in client.get(address).text
        assert 'id="hc-210"' in client.get("/hubcontact/reasons").text

    def test_a_run(self, client: TestClient, address: str) -> None:
        """Links to each report of it."""
        self.log_in(client, "viewer", "viewer")

        page = client.get(address.replace("/report?", "/run?")).text

        assert 'href="/hubcontact/report?dag_id=reported&amp;' in page


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0.0 %"),
        (0.0004, "< 0.1 %"),
        (0.001, "0.1 %"),
        (0.5, "50.0 %"),
        (0.9995, "> 99.9 %"),
        (1.0, "100.0 %"),
    ],
)
def test_a_share(share: float, text: str) -> None:
    """What is there is never 0 %, and what is not all never 100 %."""
    assert _percent(share) == text


@pytest.mark.parametrize(
    "raised",
    [ValueError("no JSON"), ImportError("a class that is gone"), RuntimeError("a store that is away")],
)
def test_an_xcom_that_cannot_be_read(raised: Exception) -> None:
    """It is no report, and no error of the page."""

    def deserialize(_: Any) -> Any:
        raise raised

    from airflow_provider_hubcontact.ui.reports import _value  # noqa: PLC0415 - it needs Airflow's database

    assert _value(SimpleNamespace(deserialize_value=deserialize), None) is None
    assert _value(SimpleNamespace(deserialize_value=lambda _: "{"), None) is None
    assert _value(SimpleNamespace(deserialize_value=lambda _: '{"a": 1}'), None) == {"a": 1}
