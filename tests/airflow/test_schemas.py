# SPDX-License-Identifier: Apache-2.0
"""A JSON Schema on its way through Airflow: template files, validators, mapped tasks."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG, task
from jsonschema import Draft202012Validator, FormatChecker

from airflow_provider_hubcontact.cli.main import main
from airflow_provider_hubcontact.operators.hubspot import HubSpotUpdateContactOperator
from airflow_provider_hubcontact.operators.options import Guards
from airflow_provider_hubcontact.sandbox import Sandbox
from tests.airflow.running import CONTACTS, connect, run, shown_fields, stored
from tests.airflow_home import RunDag

START = datetime(2026, 1, 1, tzinfo=UTC)
GOOD = {"email": "ada@example.com", "jobtitle": "Lady"}
BAD = {"email": "alan@example.com", "jobtitle": "Mathematician"}
EMAIL = FormatChecker(formats=())
EMAIL.checks("email")(lambda value: value.endswith("@example.com"))
VALIDATOR = Draft202012Validator(
    {"$id": "contact.json", "properties": {"jobtitle": {"maxLength": 5}, "email": {"format": "email"}}},
    format_checker=EMAIL,
)
SHOWN = "<Draft202012Validator "


@pytest.fixture
def hubspot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(contacts=CONTACTS) as sandbox:
        connect(monkeypatch, sandbox.url, sandbox.token)
        yield sandbox


def shown(run: Any) -> set[str]:
    return {str(fields["json_schema"]) for fields in shown_fields(run).values() if "json_schema" in fields}


def reports(run: Any) -> list[dict[str, int]]:
    return [
        each.xcom_pull(task_ids=each.task_id, map_indexes=each.map_index)["outcomes"]
        for each in run.get_task_instances()
    ]


POLICY = {"invalid": "succeed"}


@pytest.mark.parametrize("kind", ["operator", "decorator", "partial", "expand", "expand_kwargs"])
def test_a_validator_in_a_dag(hubspot: Sandbox, run_dag: RunDag, kind: str) -> None:
    """It gets through rendering, copies and mapping as it is, and the task's page shows what it is."""
    settings: dict[str, Any] = {"status_actions": POLICY}
    with DAG(f"validator_{kind}", start_date=START, schedule=None) as dag:
        if kind == "operator":
            HubSpotUpdateContactOperator(
                task_id="sync", records=[GOOD, BAD], json_schema=VALIDATOR, **settings
            )
        elif kind == "decorator":

            @task.hubspot_update_contact(task_id="sync", json_schema=VALIDATOR, **settings)
            def records() -> list[dict[str, str]]:
                return [GOOD, BAD]

            records()
        elif kind == "partial":
            HubSpotUpdateContactOperator.partial(task_id="sync", json_schema=VALIDATOR, **settings).expand(
                records=[[GOOD, BAD]]
            )
        elif kind == "expand":
            HubSpotUpdateContactOperator.partial(task_id="sync", records=[GOOD, BAD], **settings).expand(
                json_schema=[VALIDATOR]
            )
        else:
            HubSpotUpdateContactOperator.partial(task_id="sync", **settings).expand_kwargs(
                [{"records": [GOOD, BAD], "json_schema": VALIDATOR}]
            )

    ended = run_dag(dag)

    assert str(ended.state) == "success"
    assert reports(ended) == [{"updated": 1, "invalid": 1}]
    assert stored(hubspot, "ada@example.com", "jobtitle") == "Lady"
    assert stored(hubspot, "alan@example.com", "jobtitle") != "Mathematician"
    (text,) = shown(ended)
    assert text.startswith(SHOWN)


def test_a_validator_is_shown_and_copied() -> None:
    """Copies are the same validator; the text tells schemas apart, and is the same in every process."""
    one, same, other = (
        HubSpotUpdateContactOperator(task_id="sync", records=[], json_schema=schema).json_schema
        for schema in (VALIDATOR, VALIDATOR.evolve(), Draft202012Validator({}))
    )

    assert copy.deepcopy(one) is one
    assert str(one) == str(same) != str(other)
    assert str(one).startswith(SHOWN)
    assert " at 0x" not in str(one)


@pytest.mark.parametrize("settings", [{}, {"dry_run": True}, {"guards": Guards(changes=5)}])
def test_a_validator_decides(hubspot: Sandbox, settings: dict[str, Any]) -> None:
    """Its reasons are as those of any schema."""
    ended = run(records=[GOOD, BAD], json_schema=VALIDATOR, status_actions=POLICY, **settings)

    assert ended.outcomes["invalid"] == 1
    assert ended.reasons == "jobtitle: must be at most 5 characters (maxLength)"


def test_a_validator_that_stumbles(hubspot: Sandbox) -> None:
    """What it raises for a record makes that record invalid; the others go on."""
    formats = FormatChecker(formats=())
    formats.checks("risky")(lambda value: 1 / (value != "boom"))
    schema = {"properties": {"jobtitle": {"format": "risky"}}}
    records = [{**GOOD, "jobtitle": "boom"}, {**BAD, "jobtitle": "fine"}]

    ended = run(records=records, json_schema=Draft202012Validator(schema, format_checker=formats))

    assert ended.outcomes == {"invalid": 1, "updated": 1}
    assert ended.report["problems"][0]["category"] == "INTERNAL_ERROR"


def test_a_broken_validator(hubspot: Sandbox) -> None:
    """Its schema is checked before the first record."""
    ended = run(records=[GOOD], json_schema=Draft202012Validator({"properties": {"p": {"type": "x"}}}))

    assert "broken at $.properties.p.type: must be one of" in str(ended.error)


def test_the_class_of_a_validator() -> None:
    """It is refused in the DAG file, where Airflow would call it."""
    with pytest.raises(ValueError, match=r"pass Draft202012Validator\(…\)"):
        HubSpotUpdateContactOperator(task_id="sync", records=[], json_schema=Draft202012Validator)


def files(folder: Path) -> Path:
    (folder / "parts").mkdir()
    (folder / "parts/title.json").write_text('{"maxLength": 5}')
    (folder / "contact.json").write_text('{"properties": {"jobtitle": {"$ref": "parts/title.json"}}}')
    return folder / "contact.json"


@pytest.mark.parametrize("kind", ["beside the DAG", "mapped", "whole path"])
def test_files_beside_the_schema(hubspot: Sandbox, run_dag: RunDag, tmp_path: Path, kind: str) -> None:
    """References in a template file lead to the files beside it."""
    path = files(tmp_path)
    settings: dict[str, Any] = {"task_id": "sync", "status_actions": POLICY, "json_schema": "contact.json"}
    if kind == "whole path":
        settings["json_schema"] = str(path)
    name = f"files_{kind.replace(' ', '_')}"
    with DAG(name, start_date=START, schedule=None, template_searchpath=str(tmp_path)) as dag:
        if kind == "mapped":
            HubSpotUpdateContactOperator.partial(**settings).expand(records=[[GOOD, BAD]])
        else:
            HubSpotUpdateContactOperator(records=[GOOD, BAD], **settings)

    ended = run_dag(dag)

    assert str(ended.state) == "success"
    assert reports(ended) == [{"updated": 1, "invalid": 1}]


def test_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``--json-schema`` takes a file with others beside it, and tells where one is broken."""
    path = files(tmp_path)
    (tmp_path / "rows.csv").write_text(
        "email,jobtitle\nada@example.com,Lady\nalan@example.com,Mathematician\n"
    )
    arguments = ["validate", str(tmp_path / "rows.csv"), "--no-portal", "--json", "--json-schema", str(path)]

    assert main(arguments) == 1
    (problem,) = json.loads(capsys.readouterr().out)["problems"]
    assert problem["reason"] == "jobtitle: must be at most 5 characters (maxLength)"

    (tmp_path / "parts/title.json").write_text('{"maxLength": "5"}')
    assert main(arguments) == 2
    assert "title.json is broken at $.maxLength" in " ".join(capsys.readouterr().err.split())


def test_without_a_schema_no_engine_is_imported() -> None:
    """Neither a DAG file nor the modules of a run cost the import of ``jsonschema``."""
    program = (
        "import sys, airflow_provider_hubcontact.sync.rows.json_schema, "
        "airflow_provider_hubcontact.sync.rows.own_validator; "
        "print({'jsonschema', 'referencing'} & set(sys.modules))"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert ended.stdout.strip() == "set()"
