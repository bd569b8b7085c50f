# SPDX-License-Identifier: Apache-2.0
"""What a command reads on this machine needs no Airflow."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import airflow_provider_hubcontact
from airflow_provider_hubcontact.operators.stores.ledger_files import store_of
from airflow_provider_hubcontact.sync.keep.ledger import Attempt

PROGRAM = """
import sys
from airflow_provider_hubcontact.cli.main import main
try:
    status = main(sys.argv[1:])
except SystemExit as ended:
    status = ended.code
found = {"airflow", "pandas", "sqlalchemy", "rich.progress"} & sys.modules.keys()
print(status, sorted(found), file=sys.stderr)
"""

SETTINGS = 'key = "mail"\njson_schema = "schema.json"\nupsert = true\n\n[guards]\ncreates = 5\n'


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files of records, settings and a ledger in the current folder."""
    rows = [{"email": "ada@example.com", "city": "London"}, {"email": "nobody", "city": None}]
    (tmp_path / "rows.csv").write_text("email,city\nada@example.com,London\nnobody,\n", encoding="utf-8")
    (tmp_path / "mails.csv").write_text("mail,city\nada@example.com,London\n", encoding="utf-8")
    (tmp_path / "rows.json").write_text(json.dumps(rows), encoding="utf-8")
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    (tmp_path / "settings.toml").write_text(SETTINGS, encoding="utf-8")
    (tmp_path / "schema.json").write_text('{"properties": {"city": {"maxLength": 3}}}', encoding="utf-8")
    line = {"run": "r", "task": "t", "map_index": -1, "try": 1, "row": 1, "key": "a", "digest": "d"}
    with store_of(str(tmp_path / "ledger"), Attempt("r", "t", -1, 1)) as store:
        more = {"status": None, "category": None, "reason": "gone"}
        store.write([{**line, **more, "outcome": "not_found"}, {**line, "row": 2, "outcome": "updated"}])
    monkeypatch.chdir(tmp_path)
    # Where Airflow is missing, the package is not installed either.
    monkeypatch.setenv("PYTHONPATH", str(Path(airflow_provider_hubcontact.__file__).parent.parent))
    return tmp_path


@pytest.mark.parametrize(
    ("command", "status", "says"),
    [
        ("--help", 0, "inspect a HubSpot portal"),
        ("--version", 0, "hubcontact "),
        ("validate --help", 0, "--settings FILE"),
        ("validate rows.csv --no-portal", 1, "2 records: 1 valid, 1 invalid."),
        ("validate rows.json --no-portal", 1, "2 records: 1 valid, 1 invalid."),
        ("validate rows.jsonl --no-portal --json", 1, '"invalid": 1'),
        ("validate mails.csv --no-portal --settings settings.toml", 1, "city: must be at most 3 characters"),
        ("validate gone.csv --no-portal", 2, "error: "),
        ("ledger summary ledger", 1, "not_found"),
        ("ledger failures ledger", 1, "1 record."),
        ("ledger summary gone", 2, "there is no ledger at gone"),
        ("sandbox --help", 0, "--port"),
    ],
)
def test_a_command_imports_no_airflow(files: Path, command: str, status: int, says: str) -> None:
    """Airflow takes seconds to import, and is not needed for a file."""
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, *command.split()], capture_output=True, text=True, check=True
    )

    assert says in ended.stdout + ended.stderr
    assert ended.stderr.splitlines()[-1] == f"{status} []"


def test_parquet_too(files: Path) -> None:
    """A file of DuckDB's is one of this machine."""
    duckdb = pytest.importorskip("duckdb")
    duckdb.sql("COPY (SELECT 'ada@example.com' AS email, 'London' AS city) TO 'rows.parquet'")

    command = [sys.executable, "-c", PROGRAM, "validate", "rows.parquet", "--no-portal"]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)

    assert ended.stdout == "1 record: 1 valid, 0 invalid.\n"
    assert "airflow" not in ended.stderr
