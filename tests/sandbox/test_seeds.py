"""Contacts to begin with: made up, or from a file."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from airflow_provider_hubcontact.sandbox import Sandbox
from airflow_provider_hubcontact.sandbox.crm.seeds import made_up, read_file


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
