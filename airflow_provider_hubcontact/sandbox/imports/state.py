# SPDX-License-Identifier: Apache-2.0
"""Turns imports into JSON values and back, so that they go on after a restart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import fields
from typing import Any
from zoneinfo import ZoneInfo

from airflow_provider_hubcontact.sandbox.imports.request import Column, ImportRequest
from airflow_provider_hubcontact.sandbox.imports.rows import RowError
from airflow_provider_hubcontact.sandbox.imports.runs import Import

Json = dict[str, Any]

_PLAIN = ("id", "app_id", "total", "created_at", "updated_at", "begins_at", "state", "handled")
_REQUEST = tuple(field.name for field in fields(ImportRequest) if field.name not in {"zone", "columns"})


def mark(each: Import) -> object:
    """Return a value that changes whenever the import changes."""
    return each.state, each.handled, len(each.errors), each.begins_at, each.updated_at


def dump(each: Import) -> Json:
    """Return an import as JSON values, without its file."""
    request = each.request
    return {
        **{name: getattr(each, name) for name in _PLAIN},
        "counters": dict(each.counters),
        "errors": [list(error) for error in each.errors],
        "seen": sorted(each.seen),
        "request": {name: getattr(request, name) for name in _REQUEST}
        | {"zone": request.zone.key, "columns": [list(column) for column in request.columns]},
    }


def load(values: Mapping[str, Any], content: bytes) -> Import:
    """Make an import of what :func:`dump` returned.

    :param content: the content of its file.
    """
    asked = values["request"]
    columns = tuple(Column(*column) for column in asked["columns"])
    request = ImportRequest(**{**asked, "zone": ZoneInfo(asked["zone"]), "columns": columns})
    return Import(
        **{name: values[name] for name in _PLAIN},
        request=request,
        rows=iter(()),
        content=content,
        counters=Counter(values["counters"]),
        errors=[RowError(*error) for error in values["errors"]],
        seen=set(values["seen"]),
    )
