# SPDX-License-Identifier: Apache-2.0
"""What other DAGs, OpenLineage and the metrics learn of a sync."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from airflow.providers.common.compat.sdk import DAG

from airflow_provider_hubcontact.assets import can_be_named, contacts_asset, sanitize_uri
from airflow_provider_hubcontact.operators.hubspot import HubSpotUpdateContactOperator
from airflow_provider_hubcontact.operators.lineage import assertions_of
from airflow_provider_hubcontact.operators.options import Key
from airflow_provider_hubcontact.operators.plans import HubSpotApplyPlanOperator, HubSpotPlanContactsOperator
from airflow_provider_hubcontact.sandbox import Sandbox
from airflow_provider_hubcontact.sync.keep.report import Report
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result
from tests.airflow.running import CONTACTS, TaskInstance, connect
from tests.airflow_home import RunDag
from tests.ports import free_port

ROWS = [("ada@example.com", "London"), ("grace@example.com", "New York"), ("alan@example.com", "X")]

CONTEXT: Any = {"ti": TaskInstance()}

IS_AIRFLOW_3 = int(version("apache-airflow").split(".")[0]) >= 3

DAG_FILE = """
from datetime import UTC, datetime

from airflow.providers.common.compat.sdk import DAG
from airflow_provider_hubcontact.operators.hubspot import HubSpotUpdateContactOperator

with DAG("told", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)) as dag:
    HubSpotUpdateContactOperator(
        task_id="contacts",
        sql_conn_id="warehouse",
        sql="SELECT email, city FROM customers",
        mapping={"city": "city"},
        json_schema={"properties": {"city": {"minLength": 3}}},
        status_actions={"invalid": "skip"},
    )
"""

RUN = """
import logging, os, sys
from airflow.utils.db import initdb
initdb()
try:
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
except ImportError: # before 3.2
    from airflow.models.dagbag import DagBag, sync_bag_to_db
from airflow.dag_processing.bundles.manager import DagBundlesManager
DagBundlesManager().sync_bundles_to_db()
bag = DagBag(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
sync_bag_to_db(bag, "dags-folder", None)
run = bag.get_dag("told").test()
sys.exit(run.state != "success")
"""


@pytest.fixture
def hubspot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(CONTACTS) as sandbox:
        connect(monkeypatch, sandbox.url, sandbox.token)
        yield sandbox


@pytest.fixture
def warehouse(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Three customers, of whom one is invalid."""
    path = tmp_path / "warehouse.db"
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE customers (email, city)")
        db.executemany("INSERT INTO customers VALUES (?, ?)", ROWS)
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps({"conn_type": "sqlite", "host": str(path)}))
    return path


def run_elsewhere(folder: Path, **settings: str) -> None:
    """Run the DAG in a process of its own, with settings that Airflow reads when it is first imported."""
    (folder / "dags").mkdir()
    (folder / "dags" / "told.py").write_text(DAG_FILE)
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(folder / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(folder / "dags"),
        **settings,
    }
    done = subprocess.run(
        [sys.executable, "-c", RUN], env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(not IS_AIRFLOW_3, reason="the run is set up as Airflow 3 asks")
class TestRealRuns:
    def test_openlineage(
        self, hubspot: Sandbox, postgres_uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A file transport gets what was read, what was written, and what was wrong with it."""
        pytest.importorskip("airflow.providers.openlineage")
        psycopg = pytest.importorskip("psycopg")
        with psycopg.connect(postgres_uri) as db:
            db.execute("CREATE TABLE customers (email text, city text)")
            for row in ROWS:
                db.execute("INSERT INTO customers VALUES (%s, %s)", row)
        monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", postgres_uri)
        events = tmp_path / "events.jsonl"
        transport = {"type": "file", "log_file_path": str(events), "append": True}
        run_elsewhere(
            tmp_path,
            AIRFLOW__OPENLINEAGE__TRANSPORT=json.dumps(transport),
            AIRFLOW__OPENLINEAGE__DISABLED="False",
            AIRFLOW__OPENLINEAGE__NAMESPACE="test",
        )

        told = [json.loads(line) for line in events.read_text().splitlines()]
        (complete,) = [
            each
            for each in told
            if each["eventType"] == "COMPLETE" and each["job"]["name"] == "told.contacts"
        ]
        (output,) = complete["outputs"]
        assert (output["namespace"], output["name"]) == ("hubspot://hubspot_default", "contacts")
        assert output["outputFacets"]["outputStatistics"]["rowCount"] == 2
        assert [field["name"] for field in output["facets"]["schema"]["fields"]] == ["city"]
        (read,) = complete["inputs"]
        assert read["name"].endswith("customers")
        assertions = read["inputFacets"]["dataQualityAssertions"]["assertions"]
        assert {each["assertion"]: (each["success"], each.get("column")) for each in assertions} == {
            "json_schema": (False, "city"),
            "portal_schema": (True, None),
        }
        assert "ada@example.com" not in events.read_text()

    def test_statsd(self, hubspot: Sandbox, warehouse: Path, tmp_path: Path) -> None:
        """A socket gets counts of outcomes and calls, tagged with DAG and task."""
        pytest.importorskip("statsd")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
            server.bind(("127.0.0.1", 0))
            server.settimeout(5)
            run_elsewhere(
                tmp_path,
                AIRFLOW__METRICS__STATSD_ON="True",
                AIRFLOW__METRICS__STATSD_HOST="127.0.0.1",
                AIRFLOW__METRICS__STATSD_PORT=str(server.getsockname()[1]),
                AIRFLOW__METRICS__STATSD_INFLUXDB_ENABLED="True",
            )
            server.settimeout(0.5)
            lines = []
            try:
                while True:
                    lines += server.recv(65_536).decode().splitlines()
            except TimeoutError:
                pass

        ours = sorted(line for line in lines if "hubcontact" in line)
        tags = "dag_id=told,task_id=contacts"
        assert f"airflow.hubcontact.records,{tags},outcome=updated:2|c" in ours
        assert f"airflow.hubcontact.records,{tags},outcome=invalid:1|c" in ours
        assert any(line.startswith(f"airflow.hubcontact.calls,{tags},status=200:") for line in ours)
        assert any(line.startswith(f"airflow.hubcontact.call_latency,{tags}:") for line in ours)
        assert any(line.startswith(f"airflow.hubcontact.calls_left_today,{tags}:") for line in ours)


class TestLineage:
    @pytest.mark.parametrize(
        ("settings", "properties"),
        [
            ({}, None),
            ({"mapping": {"name": "firstname"}}, {"firstname"}),
            ({"mapping": {"name": "firstname"}, "key": Key(becomes="new")}, {"firstname", "email"}),
            ({"mapping": {"name": "firstname"}, "key": Key(property="email")}, {"firstname"}),
        ],
    )
    def test_what_an_update_writes(
        self, hubspot: Sandbox, settings: dict[str, Any], properties: set[str] | None
    ) -> None:
        """As far as the mapping tells it: a new address is a value, too."""
        pytest.importorskip("airflow.providers.openlineage")
        task = HubSpotUpdateContactOperator(
            task_id="x", records=[{"email": "ada@example.com", "name": "A"}], max_failures=1, **settings
        )
        begun = task.get_openlineage_facets_on_start()
        task.execute(CONTEXT)

        ended = task.get_openlineage_facets_on_complete(None)

        assert begun is not None
        assert ended is not None
        (written,) = ended.outputs
        fields: Any = (written.facets or {}).get("schema")
        assert (begun.inputs, begun.outputs) == ([], [])
        assert (fields and {each.name for each in fields.fields}) == properties

    def test_what_a_plan_writes(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """The task that applies it tells, as an update does."""
        pytest.importorskip("airflow.providers.openlineage")
        records = [{"email": "ada@example.com", "firstname": "A"}]
        made = HubSpotPlanContactsOperator(task_id="x", plan=str(tmp_path), records=records)
        applied = HubSpotApplyPlanOperator(task_id="x", plan=str(tmp_path))
        begun = applied.get_openlineage_facets_on_start()
        counts = []
        for task in (made, applied):
            task.execute(CONTEXT)
            ended: Any = task.get_openlineage_facets_on_complete(None)
            (written,) = ended.outputs
            counts.append(written.outputFacets["outputStatistics"].rowCount)

        assert (written.namespace, written.name) == ("hubspot://hubspot_default", "contacts")
        assert begun is not None
        assert counts == [0, 1]


class TestAsset:
    def test_an_event_with_counts(self, hubspot: Sandbox, run_dag: RunDag) -> None:
        """Other DAGs can be scheduled on the contacts, and see what became of them."""
        from sqlalchemy import select  # noqa: PLC0415 - with Airflow's database

        if not IS_AIRFLOW_3:
            pytest.skip("looks into Airflow 3's tables")
        from airflow.models.asset import AssetEvent  # noqa: PLC0415 - same
        from airflow.utils.session import create_session  # noqa: PLC0415 - same

        with DAG("event", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)) as dag:
            HubSpotUpdateContactOperator(
                task_id="contacts", records=[{"email": "ada@example.com", "firstname": "A"}]
            )
        run_dag(dag)

        with create_session() as session:
            query = select(AssetEvent.extra).where(AssetEvent.source_dag_id == "event")
            (extra,) = session.scalars(query).all()
        assert extra["rows"] == 1
        assert extra["outcomes"] == {"updated": 1}

    def test_its_address(self) -> None:
        """A connection whose id is a template has none."""
        assert contacts_asset("hubspot_default").uri == "hubspot://hubspot_default/contacts"
        assert can_be_named("crm.eu-1")
        assert not can_be_named("{{ params.conn }}")
        assert HubSpotUpdateContactOperator(task_id="x", records=[], hubspot_conn_id="{{ x }}").outlets == []

    def test_a_dry_run_has_none(self, hubspot: Sandbox) -> None:
        """No DAG runs for contacts that nobody has changed."""
        other = contacts_asset("other")
        task = HubSpotUpdateContactOperator(
            task_id="contacts",
            records=[{"email": "ada@example.com", "firstname": "A"}],
            dry_run=True,
            outlets=[other],
        )
        before = list(task.outlets)
        task.execute({"ti": TaskInstance()})  # type: ignore[typeddict-item]

        assert before == [other, contacts_asset("hubspot_default")]
        assert task.outlets == [other]

    @pytest.mark.parametrize("uri", ["hubspot://x/deals", "hubspot:///contacts", "hubspot://x/contacts?a=1"])
    def test_an_address_that_is_none(self, uri: str) -> None:
        """It is told."""
        from urllib.parse import urlsplit  # noqa: PLC0415 - here alone

        with pytest.raises(ValueError, match="hubspot://<connection>/contacts"):
            sanitize_uri(urlsplit(uri))


@pytest.mark.parametrize(
    ("results", "told"),
    [
        (
            [Result(1, "", Outcome.INVALID, category="NOT_A_MAPPING", reason="no")],
            {"not_a_mapping": False, "json_schema": True},
        ),
        (
            [Result(1, "a", Outcome.INVALID, category="JSON_SCHEMA", properties=("city",))],
            {"json_schema": False},
        ),
        ([Result(1, "a", Outcome.REJECTED, 400, "VALIDATION_ERROR")], {"json_schema": True}),
        ([], {}),
    ],
    ids=["no record", "invalid", "valid", "nothing"],
)
def test_quality(results: list[Result], told: dict[str, bool]) -> None:
    """What was invalid is told as such; what was not checked is not said to hold."""
    report = Report()
    for result in results:
        report.add(result)

    found = {name: holds for name, holds, _ in assertions_of(report.to_dict(), ["JSON_SCHEMA"])}
    unchecked = {name for name, holds, _ in assertions_of(report.to_dict(), []) if holds}

    assert found == told
    assert not unchecked


class TestNotifier:
    @pytest.mark.parametrize("fails", [True, False])
    def test_the_texts(self, hubspot: Sandbox, run_dag: RunDag, tmp_path: Path, fails: bool) -> None:
        """An Airflow notifier renders them, after a success and after a failure; no key is in them."""
        from airflow.providers.common.compat.sdk import BaseNotifier  # noqa: PLC0415 - here alone

        from airflow_provider_hubcontact.notifications.hubspot import (  # noqa: PLC0415 - same
            SYNC_HTML,
            SYNC_SUBJECT,
            SYNC_TEXT,
        )

        class Keeping(BaseNotifier):
            """As Slack's and the mail's do, it renders its texts with the task's context."""

            template_fields = ("subject", "text", "html")

            def __init__(self) -> None:
                super().__init__()
                self.subject, self.text, self.html = SYNC_SUBJECT, SYNC_TEXT, SYNC_HTML

            def notify(self, context: Any) -> None:
                (tmp_path / "told.json").write_text(json.dumps([self.subject, self.text, self.html]))

        with DAG("notified", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)) as dag:
            HubSpotUpdateContactOperator(
                task_id="contacts",
                records=[{"email": "ada@example.com", "firstname": "A"}, {"email": "nobody@example.com"}],
                status_actions={} if fails else {404: "skip"},
                on_failure_callback=Keeping(),
                on_success_callback=Keeping(),
            )
        run_dag(dag)

        subject, text, html = json.loads((tmp_path / "told.json").read_text())
        assert subject == "HubSpot sync notified.contacts" + (": degraded" if fails else "")
        assert "2 records, 1 updated, 1 not_found;" in text
        assert "- HC-210: 1 not_found (404): OBJECT_NOT_FOUND" in text
        assert "<td>not_found</td>" in html
        assert "example.com" not in text + html

    def test_a_mail(self, hubspot: Sandbox, run_dag: RunDag, monkeypatch: pytest.MonkeyPatch) -> None:
        """As the documentation has it: Airflow's own notifier brings it to a mail server."""
        from airflow.providers.smtp.notifications.smtp import SmtpNotifier  # noqa: PLC0415 - here alone

        from airflow_provider_hubcontact.notifications.hubspot import (  # noqa: PLC0415 - same
            SYNC_HTML,
            SYNC_SUBJECT,
        )

        mails = Mailbox()
        server = Controller(mails, hostname="127.0.0.1", port=free_port())
        server.start()
        try:
            address = {
                "conn_type": "smtp",
                "host": "127.0.0.1",
                "port": server.port,
                "extra": {"disable_ssl": True, "disable_tls": True, "from_email": "airflow@example.com"},
            }
            monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(address))
            with DAG("mailed", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)) as dag:
                HubSpotUpdateContactOperator(
                    task_id="contacts",
                    records=[{"email": "nobody@example.com", "city": "Rome"}],
                    on_failure_callback=SmtpNotifier(
                        to="team@example.com", subject=SYNC_SUBJECT, html_content=SYNC_HTML
                    ),
                )
            run_dag(dag)
        finally:
            server.stop()

        (mail,) = mails.received
        assert (mail["To"], mail["Subject"]) == ("team@example.com", "HubSpot sync mailed.contacts: degraded")
        body = mail.get_body(("html",))
        assert body is not None
        assert "<td>not_found</td>" in body.get_content()


class Mailbox:
    """Keeps the mails that a server takes."""

    def __init__(self) -> None:
        self.received: list[EmailMessage] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Take one."""
        mail = message_from_bytes(envelope.content, _class=EmailMessage, policy=policy.default)
        self.received.append(mail)
        return "250 OK"
