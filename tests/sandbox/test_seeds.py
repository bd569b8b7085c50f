# SPDX-License-Identifier: Apache-2.0
"""Contacts to begin with: made up, or from a file."""

from __future__ import annotations

import io
import sys
import unicodedata
from pathlib import Path

import pytest

from airflow_provider_hubcontact.sandbox import Sandbox
from airflow_provider_hubcontact.sandbox.crm.seeds import made_up, read_file
from tests.sandbox.conftest import PROPERTIES


class TestMadeUp:
    def test_they_are_the_same_each_time(self) -> None:
        """The same seed makes the same contacts, another seed others with the same addresses."""
        one, again, other = list(made_up(50)), list(made_up(50)), list(made_up(50, seed=1))

        assert one == again
        assert one != other
        assert [contact["email"] for contact in one] == [contact["email"] for contact in other]
        assert one[0]["email"] == "contact-000001@example.com"

    def test_a_portal_takes_all_of_them(self) -> None:
        """Every value is valid, and no address comes twice."""
        assert len(Sandbox(made_up(500)).portal.contacts) == 500

    def test_they_come_from_many_scripts(self) -> None:
        """Names are in Latin, Cyrillic, Arabic, Hebrew, Devanagari, Thai, Han, Kana and Hangul."""
        names = "".join(contact["firstname"] + contact["lastname"] for contact in made_up(500))
        scripts = {unicodedata.name(letter).split()[0] for letter in names if letter.isalpha()}

        assert {
            "LATIN",
            "CYRILLIC",
            "ARABIC",
            "HEBREW",
            "DEVANAGARI",
            "THAI",
            "CJK",
            "HIRAGANA",
            "HANGUL",
        } <= scripts


class TestFile:
    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("c.csv", "\ufeffemail,city\r\na@x.org,Łódź\r\nb@x.org,\r\n"),
            ("c.csv", 'email,city\n"a@x.org","Łódź"\nb@x.org\n'),
            ("c.json", '[{"email": "a@x.org", "city": "Łódź"}, {"email": "b@x.org", "city": null}]'),
        ],
        ids=["CSV of a spreadsheet", "CSV with quotes", "JSON"],
    )
    def test_contacts_are_read(self, tmp_path: Path, name: str, content: str) -> None:
        """A contact for each line or object; what is empty is left out."""
        file = tmp_path / name
        file.write_text(content, encoding="utf-8", newline="")

        assert read_file(file) == [{"email": "a@x.org", "city": "Łódź"}, {"email": "b@x.org"}]

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
    def test_encodings(self, tmp_path: Path, encoding: str) -> None:
        """Spreadsheets write UTF-8 and UTF-16, with their marks."""
        file = tmp_path / "c.csv"
        mark = "\ufeff" if encoding in {"utf-16-le", "utf-16-be"} else ""
        file.write_bytes(f"{mark}email,city\r\na@x.org,Łódź\r\n".encode(encoding))

        assert read_file(file) == [{"email": "a@x.org", "city": "Łódź"}]

    @pytest.mark.parametrize(
        "content", [b"email,city\na@x.org,Rome\n", b'\n[{"email": "a@x.org", "city": "Rome"}]']
    )
    def test_standard_input(self, monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
        """CSV, or JSON if it begins as an array does."""
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))

        assert read_file(Path("-")) == [{"email": "a@x.org", "city": "Rome"}]

    @pytest.mark.parametrize("mark", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\x1e"])
    def test_only_a_line_break_ends_a_line(self, tmp_path: Path, mark: str) -> None:
        """What Unicode calls a separator is a part of the value."""
        file = tmp_path / "c.csv"
        file.write_text(f"email,city\na@x.org,New{mark}York\n", encoding="utf-8")

        assert read_file(file) == [{"email": "a@x.org", "city": f"New{mark}York"}]

    def test_another_encoding(self, tmp_path: Path) -> None:
        """It is refused with the line, rather than guessed."""
        file = tmp_path / "c.csv"
        file.write_bytes("email,city\na@x.org,Rome\nb@x.org,Köln\n".encode("latin-1"))

        with pytest.raises(ValueError, match=r"c\.csv, line 3: this is not UTF-8"):
            read_file(file)

    def test_lines_without_values_are_no_contacts(self, tmp_path: Path) -> None:
        """Spreadsheets leave such lines at the end."""
        file = tmp_path / "c.csv"
        file.write_text("email,city\na@x.org,Rome\n,\n\n")

        assert read_file(file) == [{"email": "a@x.org", "city": "Rome"}]

    @pytest.mark.parametrize(
        ("row", "says"),
        [
            ("nonsense,true,,", "c.csv, line 4: email: Email address nonsense is invalid"),
            ("b@x.org,yes,,", "line 4: vip: yes was not one of the allowed options"),
            ('b@x.org,,"1,000",', "line 4: points: 1,000 was not a valid number"),
            ("b@x.org,,,tomorrow", "line 4: birthday: "),
            ("nonsense,yes,,", "line 4: email: .*; vip: "),
            ("b@x.org,,,,4714", None),
            ("b@x.org,,,,900001", "line 4: hubspot_owner_id: 900001 was not a valid owner id"),
            ("b@x.org,,,,,7", "line 4: hs_object_id: HubSpot sets it itself"),
            ("b@x.org,,,,,,2026-01-01", "line 4: createdate: HubSpot sets it itself"),
            ("A@x.org,,,", r"line 4: email: Contact already exists.* \(a@x.org\)"),
        ],
    )
    def test_values_are_as_hubspot_has_them(self, tmp_path: Path, row: str, says: str | None) -> None:
        """A value that HubSpot could not have is refused with its line and column."""
        file = tmp_path / "c.csv"
        names = "email,vip,points,birthday,hubspot_owner_id,hs_object_id,createdate"
        file.write_text(f'{names}\na@x.org,true,"7",2026-01-01\n\n{row}\n')

        if says is None:
            assert len(Sandbox(file, properties=PROPERTIES).portal.contacts) == 2
            return
        with pytest.raises(ValueError, match=says):
            Sandbox(file, properties=PROPERTIES)

    @pytest.mark.parametrize(
        ("rows", "says"),
        [
            ("a@x.org,7;x", "line 2: hs_merged_object_ids: x cannot be"),
            ("a@x.org,7\nb@x.org,8;7", "line 3: hs_merged_object_ids: 7 cannot be"),
        ],
    )
    def test_ids_before_a_merge(self, tmp_path: Path, rows: str, says: str) -> None:
        """They are numbers, and no two contacts were the same one."""
        file = tmp_path / "c.csv"
        file.write_text(f"email,hs_merged_object_ids\n{rows}\n")

        with pytest.raises(ValueError, match=says):
            Sandbox(file)

    def test_an_option_that_is_not_there(self, tmp_path: Path) -> None:
        """The error is one line, with the values that there are."""
        file = tmp_path / "c.csv"
        file.write_text("email,lifecyclestage\na@x.org,nope\n")

        with pytest.raises(ValueError, match=r"nope was not one of the allowed options: .*lead") as error:
            Sandbox(file)
        assert "\n" not in str(error.value)

    def test_a_contact_of_a_json_file(self, tmp_path: Path) -> None:
        """It is known by its place."""
        file = tmp_path / "c.json"
        file.write_text('[{"email": "a@x.org"}, {"email": "b@x.org", "vip": 1}]')

        with pytest.raises(ValueError, match=r"c\.json, contact 2: vip: 1 was not one"):
            Sandbox(file, properties=PROPERTIES)

    def test_a_sandbox_reads_it(self, tmp_path: Path) -> None:
        """By its path or its name."""
        file = tmp_path / "c.csv"
        file.write_text("email,vip\na@x.org,true\n")

        for given in (file, str(file)):
            contact = Sandbox(given, properties=PROPERTIES).portal.contact("a@x.org")
            assert contact is not None
            assert contact.properties["vip"] == "true"

    def test_json_values_become_text(self, tmp_path: Path) -> None:
        """Numbers and booleans are taken as HubSpot's text."""
        file = tmp_path / "c.json"
        file.write_text('[{"points": 1, "share": 1.5, "vip": true}]', encoding="utf-8")

        assert read_file(file) == [{"points": "1", "share": "1.5", "vip": "true"}]

    @pytest.mark.parametrize(
        ("name", "content", "says"),
        [
            ("c.csv", "email\na@x.org,b\n", "line 2: more values than names"),
            ("c.csv", 'email\n"a@x.org\n', "unexpected end"),
            ("c.csv", 'email,city\na@x.org,"Rome\nItaly"\nb@x.org,c,d\n', "line 4: more values"),
            ("c.csv", "email,,city\n", "line 1, column 2: there is no name"),
            (
                "c.csv",
                "email;city\na@x.org;Rome\n",
                "line 1, column 1: a comma separates names, not 'email;city'",
            ),
            ("c.csv", "email\tcity\na@x.org\tRome\n", "line 1, column 1: a comma separates names"),
            ("c.csv", "email,city,email\n", "line 1, column 3: email is there twice"),
            ("c.json", "{", "is not JSON"),
            ("c.json", "{}", "is not an array of objects"),
            ("c.json", "[1]", "is not an array of objects"),
        ],
    )
    def test_a_file_that_holds_something_else(
        self, tmp_path: Path, name: str, content: str, says: str
    ) -> None:
        """The error names the file, and the place if there is one."""
        file = tmp_path / name
        file.write_text(content, encoding="utf-8")

        with pytest.raises(ValueError, match=says) as error:
            read_file(file)
        assert name in str(error.value)
