# SPDX-License-Identifier: Apache-2.0
"""A file of settings has the operator's keywords; what is wrong with one is told in a sentence."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_hubcontact.cli.main import parser
from airflow_provider_hubcontact.cli.settings import Asked, asked_of
from airflow_provider_hubcontact.cli.settings_file import read_settings
from airflow_provider_hubcontact.job.errors import PreflightError, SetupError
from airflow_provider_hubcontact.job.settings.guards import Guards
from airflow_provider_hubcontact.job.settings.key import Key
from airflow_provider_hubcontact.job.settings.ledger import Ledger
from airflow_provider_hubcontact.job.settings.settings import Settings
from airflow_provider_hubcontact.job.settings.source import Query
from airflow_provider_hubcontact.job.settings.values import Values
from airflow_provider_hubcontact.job.settings.writes import Writes

TOML = """
mapping = { mail = "email", title = "jobtitle", stage = "lifecyclestage" }
key = { column = "mail", property = "email" }
json_schema = "parts/contact.json"
upsert = true
max_failures = 0.1
verify = true

[writes]
nulls = "clear"
stages = "reset"
properties = { jobtitle = "fill_empty" }

[writes.create_properties.jobtitle]
type = "enumeration"
options = ["Lady", { label = "Lord", value = "lord" }]

[values]
null_texts = ["NULL", ""]
decimal = ","
booleans = { ja = true, nein = false }

[status_actions]
404 = "skip"
invalid = "succeed"

[guards]
changes = 0.5
creates = 10

[ledger]
path = "s3://bucket/ledger"
values = true
"""

DOCUMENT: dict[str, Any] = {
    "mapping": {"mail": "email", "title": "jobtitle", "stage": "lifecyclestage"},
    "key": {"column": "mail", "property": "email"},
    "json_schema": "parts/contact.json",
    "upsert": True,
    "max_failures": 0.1,
    "verify": True,
    "writes": {
        "nulls": "clear",
        "stages": "reset",
        "properties": {"jobtitle": "fill_empty"},
        "create_properties": {
            "jobtitle": {"type": "enumeration", "options": ["Lady", {"label": "Lord", "value": "lord"}]}
        },
    },
    "values": {"null_texts": ["NULL", ""], "decimal": ",", "booleans": {"ja": True, "nein": False}},
    "status_actions": {"404": "skip", "invalid": "succeed"},
    "guards": {"changes": 0.5, "creates": 10},
    "ledger": {"path": "s3://bucket/ledger", "values": True},
}


def asked(*arguments: str) -> Asked:
    """Return what a command's arguments ask for."""
    return asked_of(parser().parse_args(["plan", "rows.csv", "--out", "plan", *arguments]))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder beside the current one."""
    (tmp_path / "here").mkdir()
    (tmp_path / "there").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "there"


def file(folder: Path, text: str, name: str = "settings.toml") -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("name", ["settings.toml", "settings.json", "SETTINGS.TOML"])
def test_every_setting(folder: Path, name: str) -> None:
    """Either language; a file that is named is beside the file of settings."""
    text = json.dumps(DOCUMENT) if name.endswith("json") else TOML

    found = asked("--settings", file(folder, text, name))

    assert found == Asked(
        Settings(
            mapping={"mail": "email", "title": "jobtitle", "stage": "lifecyclestage"},
            key=Key("mail", "email"),
            json_schema=folder / "parts/contact.json",
            upsert=True,
            writes=Writes(
                nulls="clear",
                stages="reset",
                properties={"jobtitle": "fill_empty"},
                create_properties=DOCUMENT["writes"]["create_properties"],
            ),
            values=Values(null_texts=["NULL", ""], decimal=",", booleans={"ja": True, "nein": False}),
            status_actions={"404": "skip", "invalid": "succeed"},
            max_failures=0.1,
            guards=Guards(0.5, 10),
            ledger=Ledger("s3://bucket/ledger", values=True),
            verify=True,
        ),
        None,
        "hubspot_default",
    )


def test_the_page_of_the_command_line(folder: Path) -> None:
    """Its example is a file of settings that are valid."""
    page = (Path(__file__).parents[2] / "docs/command-line.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)

    assert asked("--settings", file(folder, text)).settings.guards == Guards(0.2, 1000)


def test_options_beside_a_file(folder: Path) -> None:
    """Settings of both."""
    path = file(folder, "upsert = true")

    found = asked("--settings", path, "--key", "mail", "--map", "first=firstname", "--conn-id", "portal")

    assert found.settings == Settings(upsert=True, key=Key("mail"), mapping={"first": "firstname"})
    assert found.conn_id == "portal"


def test_options_alone() -> None:
    """A file that an option names is where the command is."""
    found = asked(
        *("--key", "old", "--key-property", "number", "--becomes", "new", "--upsert"),
        *("--json-schema", "schema.json", "--map", "a=b", "--map", "c=d=e"),
    )

    assert found.settings == Settings(
        key=Key("old", "number", "new"),
        upsert=True,
        json_schema=Path("schema.json"),
        mapping={"a": "b", "c": "d=e"},
    )


def test_a_query(folder: Path) -> None:
    """It may stand in the file, with its parameters, or in a file beside that."""
    (folder / "customers.sql").write_text("SELECT 1", encoding="utf-8")
    text = 'sql = "customers.sql"\nsql_conn_id = "db"\nparameters = [1]\nhubspot_conn_id = "portal"\n'
    chosen = parser().parse_args(["validate", "--settings", file(folder, text)])

    assert asked_of(chosen) == Asked(Settings(), Query("SELECT 1", "db", [1]), "portal")


def test_a_schema_in_the_file(folder: Path) -> None:
    """A table is the JSON Schema itself; a mark of templates in it is its own."""
    found = asked("--settings", file(folder, 'json_schema = { pattern = "{{" }'))

    assert found.settings.json_schema == {"pattern": "{{"}


@pytest.mark.parametrize(
    ("arguments", "text", "says"),
    [
        (["--upsert"], "upsert = true", "upsert is given twice: by --upsert, and in "),
        (["--map", "a=b"], "mapping = {}", "mapping is given twice: by --map, and in "),
        (["--key", "a"], 'key = "a"', "key is given twice: by --key, and in "),
        (["--key-property", "a"], 'key = "a"', "key is given twice: by --key-property, and in "),
        (["--becomes", "a"], 'key = "a"', "key is given twice: by --becomes, and in "),
        (["--json-schema", "a"], 'json_schema = "a"', "json_schema is given twice: by --json-schema"),
        (["--conn-id", "a"], 'hubspot_conn_id = "a"', "hubspot_conn_id is given twice: by --conn-id"),
        (["--map", "a=b", "--map", "a=c"], "", "--map names the column a twice"),
        ([], "upsert = true\nupsert = false", "settings.toml is not TOML: "),
        ([], "upsert true", "settings.toml is not TOML: "),
        ([], "a = " + "[" * 100_000, "settings.toml is not TOML: "),
        ([], "upsrt = true", "settings.toml: there is no setting upsrt (the nearest is upsert)"),
        ([], "zzz = true", "settings.toml: there is no setting zzz"),
        ([], "schema = 'a.json'", "settings.toml has no schema: use json_schema=…"),
        ([], "records = []", "settings.toml cannot have records: the command's FILE has the records"),
        ([], "plan = 'a'", "settings.toml cannot have plan: --out names the folder of a plan"),
        ([], "dry_run = true", "settings.toml cannot have dry_run: no command writes a contact"),
        ([], "[writes]\nnull = 'clear'", "writes has the fields nulls,"),
        ([], "[writes]\nnull = 'clear'", "not null (the nearest is nulls)"),
        (
            [],
            "json_schema = 5",
            "settings.toml: json_schema must be a file's name, or a JSON Schema as a table",
        ),
        ([], "json_schema = ''", "json_schema must be a file's name"),
        ([], "ledger = '/ledgers/{{ ds }}'", "ledger has a template, which only an Airflow task renders"),
        ([], "[ledger]\npath = '{{ ds }}'", "ledger has a template"),
        ([], "mapping = { a = 'b', '{% x %}' = 'c' }", "mapping has a template"),
        ([], "parameters = ['{{ ds }}']", "parameters has a template"),
        ([], "sql = 'SELECT 1'\nsql_conn_id = 'db'", "give either a file or --sql, not both"),
    ],
)
def test_what_cannot_be_read(folder: Path, arguments: list[str], text: str, says: str) -> None:
    """A sentence that says what to do."""
    with pytest.raises(SetupError) as error:
        asked("--settings", file(folder, text), *arguments)

    assert not isinstance(error.value, PreflightError)
    assert says in str(error.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("upsert = 'yes'", "upsert must be True or False, not 'yes'"),
        (
            "mapping = ['a']",
            "mapping must map columns to properties, such as {'first_name': 'firstname'}, not ['a']",
        ),
        ("max_failures = nan", "max_failures must be a count or a share below 1, not nan"),
        ("guards = { changes = 'all' }", "guards.changes must be a count or a share below 1, not 'all'"),
        ("guards = { creates = 1 }", "guards.creates has no effect without upsert=True"),
        ("status_actions = { 404 = 'ignore' }", "status_actions['404'] must be one of succeed, skip"),
        ("writes = { nulls = 'drop' }", "writes.nulls must be one of ignore, clear, not 'drop'"),
        ("parameters = [1]", "parameters has no effect without sql"),
        ("hubspot_conn_id = 5", "hubspot_conn_id must be text, not 5"),
        ("key = 5", "key.column must be a name, not 5"),
    ],
)
def test_what_is_not_valid(folder: Path, text: str, says: str) -> None:
    """The settings say so themselves."""
    with pytest.raises(PreflightError) as error:
        asked("--settings", file(folder, text))

    (problem,) = error.value.problems
    assert says in problem


def test_all_that_is_not_valid_is_told_at_once(folder: Path) -> None:
    """A sentence each."""
    with pytest.raises(PreflightError) as error:
        asked("--settings", file(folder, "upsert = 1\nverify = 1\nparameters = 1"))

    assert len(error.value.problems) == 3


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("settings.yaml", b"upsert: true", "settings.yaml: the suffix must be one of .toml, .json"),
        ("settings", b"", "settings: the suffix must be one of .toml, .json"),
        ("settings.toml", b"\xff", "settings.toml is not TOML: "),
        ("settings.json", b"\xff", "settings.json is not JSON: "),
        ("settings.json", b"[]", "settings.json: settings must be a JSON object, not a list"),
        ("settings.json", b"{", "settings.json is not JSON: "),
        ("settings.json", b'{"upsert": true, "upsert": false}', "upsert occurs twice"),
        ("settings.json", b'{"writes": {"nulls": "clear", "nulls": "ignore"}}', "nulls occurs twice"),
        ("settings.toml", b"sql = 'latin.sql'", "settings.toml: 'utf-8' codec can't decode"),
    ],
)
def test_a_file_of_another_kind(folder: Path, name: str, content: bytes, says: str) -> None:
    """It is told which file, and why."""
    (folder / "latin.sql").write_bytes(b"SELECT '\xe9'")
    (folder / name).write_bytes(content)

    with pytest.raises(SetupError) as error:
        read_settings(folder / name)

    assert says in str(error.value)


def test_a_file_that_begins_with_a_mark(folder: Path) -> None:
    """Windows writes a byte order mark before the text."""
    (folder / "settings.toml").write_bytes(b"\xef\xbb\xbfupsert = true")

    assert read_settings(folder / "settings.toml") == {"upsert": True}


def test_a_connection_without_a_name_is_not_another_one() -> None:
    """A shell's variable that is empty must not lead to the default portal."""
    assert asked("--conn-id", "").conn_id == ""
