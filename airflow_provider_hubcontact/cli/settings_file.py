# SPDX-License-Identifier: Apache-2.0
"""A file of settings: the operator's keywords, as TOML or JSON."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from airflow_provider_hubcontact.job.errors import SetupError
from airflow_provider_hubcontact.operators.given import KEYWORDS, is_open
from airflow_provider_hubcontact.operators.keywords import replaced
from airflow_provider_hubcontact.words import nearest

KNOWN = frozenset({*KEYWORDS, "hubspot_conn_id"})

NOT_HERE: Mapping[str, str] = {
    "records": "the command's FILE has the records",
    "plan": "--out names the folder of a plan",
    "dry_run": "no command writes a contact",
    "deferrable": "only an Airflow task can be deferred",
}
"""Keyword of an operator that no file has → what is so instead."""


def read_settings(path: Path) -> dict[str, Any]:
    """Read a file of settings.

    :param path: of the file; its suffix tells whether it is TOML or JSON.
    :return: keyword → value. Files that it names are beside it: ``json_schema``, and ``sql`` that ends in
        ``.sql``.
    :raises SetupError: if it cannot be read, or has something that is not a setting.
    :raises OSError: if it is not there.
    """
    document = _parsed(path)
    _check_names(path, document)
    try:
        return {name: _resolved(name, value, path.parent) for name, value in document.items()}
    except ValueError as error:
        raise SetupError(f"{path}: {error}") from None


def _parsed(path: Path) -> dict[str, Any]:
    """Read the document.

    :raises SetupError: if it is not one.
    """
    suffix = path.suffix.lower()
    if suffix not in _PARSERS:
        raise SetupError(f"{path}: the suffix must be one of {', '.join(_PARSERS)}")
    language, parse = _PARSERS[suffix]
    try:
        document = parse(path.read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise SetupError(f"{path} is not {language}: {error}") from None
    if not isinstance(document, dict):
        raise SetupError(f"{path}: settings must be a JSON object, not a {type(document).__name__}")
    return document


def _check_names(path: Path, document: Mapping[str, object]) -> None:
    """Check whether all settings exist.

    :raises SetupError: if one does not.
    """
    for name in document:
        if name in NOT_HERE:
            raise SetupError(f"{path} cannot have {name}: {NOT_HERE[name]}")
    if problem := replaced(str(path), document):
        raise SetupError(problem)
    for name in document:
        if name not in KNOWN:
            raise SetupError(f"{path}: there is no setting {nearest(name, KNOWN)}")


def _resolved(name: str, value: object, folder: Path) -> object:
    """Return a setting's value, with what a file has that it names.

    :raises ValueError: if it cannot be used here.
    """
    if name == "json_schema":
        return _schema(value, folder)
    if name == "sql" and isinstance(value, str) and value.endswith(".sql"):
        value = (folder / value).read_text(encoding="utf-8")
    if is_open(value):
        raise ValueError(f"{name} has a template, which only an Airflow task renders")
    return value


def _schema(value: object, folder: Path) -> object:
    if isinstance(value, str) and value:
        return folder / value
    if isinstance(value, Mapping):
        return value
    raise ValueError(f"json_schema must be a file's name, or a JSON Schema as a table, not {value!r:.100}")


def _json(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_object)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object, as TOML has it: each of its names stands there once.

    :raises ValueError: if one occurs twice.
    """
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)} occurs twice")
    return found


_PARSERS: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    ".toml": ("TOML", tomllib.loads),
    ".json": ("JSON", _json),
}
