# SPDX-License-Identifier: Apache-2.0
"""What the portal, or the source, would keep from its work: each guard as a row of a table."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_hubcontact.client import errors
from airflow_provider_hubcontact.client.errors import HubSpotError
from airflow_provider_hubcontact.client.properties import PropertyDefinition
from airflow_provider_hubcontact.job.checks.preflight import Preflight
from airflow_provider_hubcontact.job.portal.definitions import Portal
from airflow_provider_hubcontact.job.settings.key import Key
from airflow_provider_hubcontact.job.settings.settings import Settings
from airflow_provider_hubcontact.job.settings.source import Source
from airflow_provider_hubcontact.job.settings.state import State
from airflow_provider_hubcontact.job.settings.writes import Writes
from airflow_provider_hubcontact.refusal import Refusal
from airflow_provider_hubcontact.sync.decide.lifecycle import Stages
from airflow_provider_hubcontact.sync.decide.modes import needs_of
from airflow_provider_hubcontact.sync.model.choices import WriteMode
from airflow_provider_hubcontact.sync.rows.comparison import Kind

EMAIL = PropertyDefinition("email", "Email", "string", "text")
CITY = PropertyDefinition("city", "City", "string", "text")
UNIQUE = PropertyDefinition("number", "Number", "string", "text", has_unique_value=True)
GOLF = PropertyDefinition("golf", "Golf", "enumeration", "checkbox")
PORTAL = Portal(
    Stages.default(),
    {"city": Kind.TEXT, "golf": Kind.OPTIONS},
    {each.name: each for each in (EMAIL, CITY, UNIQUE, GOLF)},
)
UNREAD = Portal(Stages.default())
READ, WRITE, CREATE = "crm.objects.contacts.read", "crm.objects.contacts.write", "crm.schemas.contacts.write"


def hubspot(
    version: str = "v3", *, scopes: set[str] | HubSpotError | None = None, left: int | None = None
) -> Any:
    """A client that only knows its token and its quota."""

    def access() -> Any:
        if isinstance(scopes, HubSpotError):
            raise scopes
        return SimpleNamespace(scopes=frozenset({READ, WRITE} if scopes is None else scopes))

    limit = SimpleNamespace(daily_remaining=left, time_zone="UTC")
    return SimpleNamespace(api_version=version, account=SimpleNamespace(access=access), rate_limit=limit)


def problems(settings: Mapping[str, Any], portal: Portal = PORTAL, **more: Any) -> list[str]:
    client = more.pop("client", None) or hubspot()
    return Preflight(Settings(**settings), client, portal, **more).problems()


MAY_CREATE = {"client": hubspot(scopes={READ, WRITE, CREATE})}
AT = Writes(timestamp="at")
ALL = Writes(compare=False)
KEPT = State("sql://db/hub")
MARKED = Source(watermark="at")
MOVES = Key("old", becomes="new")


@pytest.mark.parametrize("mode", WriteMode)
def test_a_mode_is_for_some_properties(mode: WriteMode) -> None:
    """A property that a mode is not for is named before the run begins."""
    needs = needs_of(mode)
    for kind in Kind:
        portal = PORTAL._replace(kinds={"city": kind})
        told = (
            [f"`{mode}` needs {needs.called}; city is not one"] if needs and kind not in needs.kinds else []
        )

        assert problems({"writes": Writes(properties={"city": str(mode)})}, portal) == told


@pytest.mark.parametrize(
    ("settings", "more", "says"),
    [
        pytest.param({}, {}, None, id="nothing"),
        pytest.param(
            {"key": Key(property="number")}, {"client": hubspot("v1")}, "by email only", id="v1 by number"
        ),
        pytest.param({}, {"client": hubspot("v1")}, None, id="v1 by email"),
        pytest.param({"state": KEPT}, {"client": hubspot("v1")}, "nothing can be proved", id="state on v1"),
        pytest.param({"state": KEPT}, {}, None, id="state"),
        pytest.param({"writes": ALL}, {"client": hubspot("v1")}, "without a look-up anyway", id="all on v1"),
        pytest.param({"writes": ALL}, {}, None, id="all"),
        pytest.param({"writes": AT}, {}, "only the legacy API carries a timestamp", id="timestamp"),
        pytest.param({"writes": AT}, {"client": hubspot("v1")}, None, id="timestamp on v1"),
        pytest.param({"key": Key(property="hs_object_id")}, {}, None, id="by id"),
        pytest.param({"mapping": {"a": "city"}}, {"columns": ("email",)}, "returns no column a", id="lacks"),
        pytest.param({"source": MARKED}, {"columns": ("email",)}, "returns no column at", id="watermark"),
        pytest.param(
            {"writes": AT},
            {"columns": ("email",), "client": hubspot("v1")},
            "returns no column at",
            id="lacks the timestamp",
        ),
        pytest.param({}, {"columns": ("city",)}, "returns no column email", id="lacks the key"),
        pytest.param({"key": MOVES}, {"columns": ("old",)}, "returns no column new", id="lacks the new key"),
        pytest.param({"mapping": {"a": "city"}}, {"columns": ("email", "a")}, None, id="all there"),
        pytest.param({"key": Key(property="nr")}, {}, "the portal has no property nr", id="key unknown"),
        pytest.param(
            {"key": Key(property="numbr")}, {}, "property numbr (the nearest is number)", id="key misspelt"
        ),
        pytest.param({"key": Key(property="city")}, {}, "is not a unique property", id="key not unique"),
        pytest.param({"key": Key(property="number")}, {}, None, id="key unique"),
        pytest.param({"key": Key(property="nr")}, {"portal": UNREAD}, None, id="portal not read"),
        pytest.param({"mapping": {"a": "ctiy"}}, {}, "no property ctiy (the nearest is city)", id="misspelt"),
        pytest.param({"mapping": {"a": "ctiy"}}, {"portal": UNREAD}, None, id="misspelt, portal not read"),
        pytest.param(
            {"mapping": {"a": "new"}, "writes": Writes(create_properties=True)},
            MAY_CREATE,
            None,
            id="created",
        ),
        pytest.param(
            {"mapping": {"a": "new"}, "writes": Writes(create_properties={"new": {}})},
            MAY_CREATE,
            None,
            id="created as defined",
        ),
        pytest.param(
            {"mapping": {"a": "new", "b": "other"}, "writes": Writes(create_properties={"new": {}})},
            MAY_CREATE,
            "no property other",
            id="another one is created",
        ),
        pytest.param({}, {"columns": ("email", "zzz")}, "no property zzz", id="unmapped column"),
        pytest.param({"source": MARKED}, {"columns": ("email", "at")}, None, id="the watermark is not sent"),
        pytest.param(
            {"key": Key("number", "number", becomes="renumbered")},
            {"columns": ("number", "renumbered")},
            None,
            id="the new key is no property of its own",
        ),
        pytest.param(
            {"writes": Writes(properties={"golf": "append"})},
            {"columns": ("email", "city")},
            "writes.properties names golf, which no column is sent as",
            id="no column to append",
        ),
        pytest.param(
            {"writes": Writes(create_properties={"golf": {}})},
            {"columns": ("email", "city"), **MAY_CREATE},
            "writes.create_properties names golf, which no column is sent as",
            id="no column to create",
        ),
        pytest.param(
            {"writes": Writes(properties={"golf": "append"})},
            {"columns": ("email", "golf")},
            None,
            id="a column to append",
        ),
        pytest.param(
            {"writes": Writes(properties={"city": "append"})},
            {},
            "`append` needs a multiple-checkbox property; city is not one",
            id="append to text",
        ),
        pytest.param({"writes": Writes(properties={"golf": "append"})}, {}, None, id="append to checkboxes"),
        pytest.param(
            {"writes": Writes(properties={"golf": "append"})},
            {"portal": UNREAD},
            None,
            id="append, portal not read",
        ),
        pytest.param({"writes": Writes(properties={"city": "fill_empty"})}, {}, None, id="fill text"),
        pytest.param({"json_schema": "{"}, {}, "JSON", id="no schema"),
        pytest.param(
            {"json_schema": '{"required": ["x"]}', "mapping": {"a": "city"}},
            {},
            "the schema requires x, which no column is mapped to",
            id="never there",
        ),
        pytest.param(
            {"json_schema": '{"required": ["city"]}', "mapping": {"a": "city"}}, {}, None, id="always there"
        ),
        pytest.param(
            {"json_schema": '{"required": ["email"]}', "mapping": {"a": "city"}},
            {},
            None,
            id="the key is there",
        ),
        pytest.param(
            {"json_schema": '{"required": ["email"]}', "mapping": {"a": "city"}, "key": Key("old")},
            {},
            "the schema requires email",
            id="the key has another name",
        ),
        pytest.param(
            {"json_schema": '{"required": ["email"]}', "mapping": {"a": "city"}, "key": MOVES},
            {},
            None,
            id="the new key is there",
        ),
        pytest.param({"json_schema": '{"required": ["x"]}'}, {}, None, id="any column may come"),
        pytest.param({}, {"client": hubspot(scopes={READ})}, f"lacks the scopes {WRITE}", id="scope"),
        pytest.param({}, {"client": hubspot(scopes={WRITE})}, f"lacks the scopes {READ}", id="scope to read"),
        pytest.param(
            {}, {"client": hubspot(scopes={READ}), "writes": False}, None, id="a dry run only reads"
        ),
        pytest.param(
            {}, {"client": hubspot(scopes={WRITE}), "writes": False}, READ, id="a dry run reads all the same"
        ),
        pytest.param({}, {"client": hubspot(scopes=set())}, None, id="scopes not told"),
        pytest.param({}, {"client": hubspot(scopes={"contacts"})}, None, id="a scope of old"),
        pytest.param({"writes": Writes(create_properties=True)}, {}, CREATE, id="scope to create"),
        pytest.param(
            {"writes": Writes(create_properties=True)},
            {"client": hubspot(scopes={READ}), "writes": False},
            None,
            id="a dry run creates nothing",
        ),
        pytest.param(
            {},
            {"client": hubspot(scopes=errors.Unauthorized(Refusal(401, "no")))},
            None,
            id="no token, alone",
        ),
        pytest.param(
            {"mapping": {"a": "ctiy"}},
            {"client": hubspot(scopes=errors.Unauthorized(Refusal(401, "wrong token")))},
            "wrong token",
            id="no token, beside something else",
        ),
    ],
)
def test_preflight(settings: Mapping[str, Any], more: Mapping[str, Any], says: str | None) -> None:
    """Each thing that keeps a run from its work is told, and nothing else is."""
    found = problems(settings, **more)

    assert (found == []) if says is None else any(says in each for each in found), found


def test_what_is_told_is_printable() -> None:
    """A column's name is the source's, and may hold anything."""
    (told,) = problems({}, UNREAD, columns=("e\nmail",))

    assert "\n" not in told


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot be read"),
        (b"\xff", "cannot be read"),
        (b"{", "JSON"),
        (b'{"required": ["x"]}', "requires x"),
    ],
)
def test_a_schema_of_a_file(tmp_path: Path, content: bytes | None, says: str) -> None:
    """A file is read, and told if it cannot be."""
    path = tmp_path / "schema.json"
    if content is not None:
        path.write_bytes(content)

    (told,) = problems({"json_schema": path, "mapping": {"a": "city"}})

    assert says in told


@pytest.mark.parametrize(
    ("version", "left", "total", "warns"),
    [
        ("v3", 3, 200, True),
        ("v3", 4, 200, False),
        ("v3", None, 200, False),
        ("v3", 3, None, False),
        ("v1", 199, 200, True),
        ("v1", 200, 200, False),
    ],
)
def test_the_quota(
    caplog: pytest.LogCaptureFixture, version: str, left: int | None, total: int | None, warns: bool
) -> None:
    """More calls than are left today are told, and are no problem."""
    with caplog.at_level(logging.WARNING):
        assert problems({}, client=hubspot(version, left=left), total=total) == []

    assert ("left until midnight in UTC: the rest must wait" in caplog.text) is warns


def test_the_quota_of_a_portal_whose_time_zone_is_not_known(caplog: pytest.LogCaptureFixture) -> None:
    """It is named, at least."""
    client = hubspot(left=3)
    client.rate_limit.time_zone = None
    with caplog.at_level(logging.WARNING):
        problems({}, client=client, total=200)

    assert "until midnight in the portal's time zone: the rest must wait" in caplog.text
