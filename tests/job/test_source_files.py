# SPDX-License-Identifier: Apache-2.0
"""A file of rows on the command line: what it may be, and what is told of one that is something else."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from airflow_provider_hubcontact.cli.files import UNSAID, Form, records_in
from airflow_provider_hubcontact.cli.looks import other_delimiter, other_encoding
from airflow_provider_hubcontact.cli.main import main
from airflow_provider_hubcontact.job.errors import SourceError

ROWS = [{"email": "ada@example.com", "firstname": "André"}, {"email": "b@example.com", "firstname": None}]
TEXT = "email,firstname\nada@example.com,André\nb@example.com,\n"


def read(file: Path | str, form: Form = UNSAID) -> list[object]:
    """Read all records."""
    with records_in(str(file), form) as rows:
        return [*rows]


def wrong(file: Path | str, form: Form = UNSAID) -> str:
    """Return what is told of a file that cannot be read."""
    with pytest.raises(SourceError) as raised:
        read(file, form)
    return str(raised.value)


def feed(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    """Let standard input have a content."""
    stream = io.BufferedReader(io.BytesIO(content))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(stream, encoding="ascii"))


@pytest.mark.parametrize(
    ("content", "form"),
    [
        (TEXT.encode(), Form()),
        (TEXT.encode("utf-8-sig"), Form("csv")),
        (TEXT.encode("utf-8-sig"), Form(encoding="UTF-8")),
        (TEXT.replace("\n", "\r\n").encode(), Form()),
        (b"\r\n\n" + TEXT.encode(), Form()),
        (TEXT.replace(",", ";").encode(), Form(delimiter=";")),
        (TEXT.replace(",", "\t").encode(), Form(delimiter="tab")),
        (TEXT.replace(",", "\t").encode(), Form(delimiter="\\t")),
        (TEXT.encode("cp1252"), Form(encoding="cp1252")),
        (TEXT.encode("utf-16"), Form(encoding="utf-16")),
        (TEXT.encode("utf-16-le"), Form(encoding="utf-16-le")),
        (json.dumps(ROWS).encode(), Form("json")),
        (json.dumps(ROWS).encode("utf-16"), Form("json", encoding="utf-16")),
        ("\n".join(map(json.dumps, ROWS)).encode(), Form("jsonl")),
    ],
    ids=str,
)
@pytest.mark.parametrize("is_input", [False, True])
def test_the_same_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, form: Form, *, is_input: bool
) -> None:
    """In each format, with each delimiter and encoding, from a file and from standard input."""
    path = tmp_path / "rows.txt"
    path.write_bytes(content)
    feed(monkeypatch, content)

    assert read("-" if is_input else path, form._replace(format=form.format or "csv")) == ROWS


@pytest.mark.parametrize("name", ["rows.csv", "rows.json", "rows.jsonl"])
@pytest.mark.parametrize("content", [b"", b"\n", b"\r\n\r\n"])
def test_an_empty_file(tmp_path: Path, name: str, content: bytes) -> None:
    """It is told, and does not end well with nothing checked."""
    (tmp_path / name).write_bytes(content)

    assert "rows" in wrong(tmp_path / name)
    assert "is empty" in wrong(tmp_path / name)


def test_an_empty_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """As of a command before in the pipe that has failed."""
    feed(monkeypatch, b"")
    assert wrong("-") == "standard input is empty"


@pytest.mark.parametrize(
    ("content", "form", "told"),
    [
        (TEXT.encode("utf-16"), Form(), "not text in utf-8; it looks like utf-16: say --encoding utf-16"),
        (TEXT.encode("utf-16-le"), Form(), "it looks like utf-16-le"),
        (TEXT.encode("utf-16-be"), Form(), "it looks like utf-16-be"),
        (TEXT.encode("utf-32"), Form(), "it looks like utf-32"),
        (TEXT.encode("cp1252"), Form(), "not text in utf-8: .*; it looks like cp1252: say --encoding cp1252"),
        (TEXT.encode(), Form(encoding="cp1252"), "not text in cp1252; it looks like utf-8"),
        (TEXT.encode(), Form(encoding="latin-1"), "it looks like utf-8"),
        (TEXT.encode(), Form(encoding="utf-16"), "it looks like utf-8"),
        (b"email\na@b.co\n", Form(encoding="utf-16"), "it looks like utf-8"),
        (TEXT.encode("utf-16"), Form(encoding="cp1252"), "it looks like utf-16"),
        (b"email\n" + b"a@b.co\n" * 20_000 + b"\xe9@b.co\n", Form(), "it looks like cp1252"),
        (b"email\n\x81\xe9\n", Form(), "not text in utf-8: [^;]*$"),
        (TEXT.encode(), Form(encoding="utf9"), "--encoding: there is no encoding utf9"),
        (TEXT.encode(), Form(encoding="base64"), "--encoding: there is no encoding base64"),
        (
            TEXT.replace(",", ";").encode(),
            Form(),
            "one column, 'email;firstname': .* like ;: say --delimiter ';'",
        ),
        (TEXT.replace(",", "\t").encode(), Form(), "it looks like tab: say --delimiter tab"),
        (TEXT.encode(), Form(delimiter=";"), "it looks like ,: say --delimiter ','"),
        (b'"email";"name"\n', Form(), "it looks like ;"),
        (TEXT.encode(), Form(delimiter=", "), "--delimiter must be one character, or tab, not ', '"),
        (TEXT.encode(), Form(delimiter='"'), "--delimiter must be one character"),
        (TEXT.encode(), Form("json", delimiter=";"), "no effect on json: --delimiter"),
        (TEXT.encode(), Form("parquet", encoding="cp1252"), "no effect on parquet: --encoding"),
    ],
    ids=str,
)
def test_what_it_looks_like(tmp_path: Path, content: bytes, form: Form, told: str) -> None:
    """A wrong delimiter or encoding is told, with the one that it seems to be; none is taken in silence."""
    path = tmp_path / "rows.csv"
    path.write_bytes(content)

    with pytest.raises(SourceError, match=told):
        read(path, form)


def test_a_guess_is_certain() -> None:
    """Texts that may be in the encoding, and headings that have the delimiter, are no reason to complain."""
    assert other_encoding(b"", "utf-16") is None
    assert other_encoding(b"email", "cp1252") is None
    assert other_encoding("André".encode("cp1252"), "latin-1") is None
    assert other_encoding("Андрей".encode("koi8-r"), "koi8-r") is None
    assert other_encoding("Ж".encode()[:1], "utf-8") is None  # the end of the head cuts a letter
    assert other_delimiter("email", ",") is None
    assert other_delimiter("email,a;b;c", ",") is None
    assert other_delimiter('"a;b"', ",") is None  # a heading of its own


def test_parquet_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its directory is at its end."""
    feed(monkeypatch, b"PAR1")
    assert "name a file" in wrong("-", Form("parquet"))


class TestCommands:
    """What the commands that take a file of rows make of this."""

    def test_standard_input(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Rows of a pipe."""
        feed(monkeypatch, TEXT.replace(",", ";").encode("cp1252"))
        arguments = ["validate", "-", "--no-portal", "--delimiter", ";", "--encoding", "cp1252"]

        assert main(arguments) == 0
        assert capsys.readouterr().out == "2 records: 2 valid, 0 invalid.\n"

    @pytest.mark.parametrize(("name", "content"), [("rows.csv", "email\n"), ("rows.json", "[]")])
    def test_no_rows(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, content: str
    ) -> None:
        """Headings alone are no error, and are told."""
        (tmp_path / name).write_text(content)

        assert main(["validate", str(tmp_path / name), "--no-portal"]) == 0
        assert "warning: the source has no records" in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("name", "told"),
        [
            ("rwos.csv", "rwos.csv (the nearest is rows.csv)"),
            ("zzz.csv", "zzz.csv\n"),
            ("gone/rows.csv", "there is no folder"),
            (".", "is a folder, not a file"),
        ],
    )
    def test_a_missing_file(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        name: str,
        told: str,
    ) -> None:
        """The nearest file of the folder is named."""
        monkeypatch.chdir(tmp_path)
        Path("rows.csv").write_text(TEXT)

        assert main(["validate", name, "--no-portal"]) == 2
        assert told in capsys.readouterr().err

    @pytest.mark.parametrize("option", ["--settings", "--json-schema"])
    def test_another_missing_file(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str
    ) -> None:
        """Of whatever option."""
        (tmp_path / "rows.csv").write_text(TEXT)
        gone = str(tmp_path / "gone.json")

        assert main(["validate", str(tmp_path / "rows.csv"), "--no-portal", option, gone]) == 2
        assert "gone.json" in capsys.readouterr().err

    def test_a_query_has_no_delimiter(self, capsys: pytest.CaptureFixture[str]) -> None:
        """An option without effect is an error."""
        query = ["--sql", "SELECT 1", "--sql-conn-id", "warehouse"]

        assert main(["validate", "--no-portal", *query, "--delimiter", ";"]) == 2
        assert "no effect on a query: --delimiter" in capsys.readouterr().err
