# SPDX-License-Identifier: Apache-2.0
"""Which APIs of HubSpot can be used stands in one place."""

from __future__ import annotations

import re
from pathlib import Path

import airflow_provider_hubcontact
from airflow_provider_hubcontact import API_VERSIONS, CONN_FIELDS, DEFAULT_API_VERSION, LEGACY_API_VERSION
from airflow_provider_hubcontact.client.contacts import OBJECT_VERSIONS

PACKAGE = Path(airflow_provider_hubcontact.__file__).parent
README = (PACKAGE.parent / "README.md").read_text(encoding="utf-8")


def test_a_dated_version_is_named_once() -> None:
    """A new version is one line; the sandbox is another program, which shares no code."""
    named = [
        f"{path.relative_to(PACKAGE)}: {line.strip()}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if "sandbox" not in path.relative_to(PACKAGE).parts
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r"(?<!draft/)\b20\d\d-0[39]\b(?!-)", line)  # JSON Schema dates its drafts, too
    ]

    assert named == [f"__init__.py: API_VERSIONS = {str(API_VERSIONS).replace(chr(39), chr(34))}"]


def test_the_versions_are_those_of_the_form_and_of_the_readme() -> None:
    """The connection's form offers them, the README's table names them in the same order."""
    (row,) = re.findall(r"^\| Extra `api_version` \|(.*)\|$", README, re.MULTILINE)

    assert tuple(CONN_FIELDS["api_version"]["schema"]["enum"]) == API_VERSIONS
    assert tuple(re.findall(r"`(.*?)`", row)) == API_VERSIONS
    assert f"`{DEFAULT_API_VERSION}` (default)" in row


def test_the_legacy_api_has_no_objects() -> None:
    """All versions but the legacy one have contacts as objects."""
    assert (*OBJECT_VERSIONS, LEGACY_API_VERSION) == API_VERSIONS
