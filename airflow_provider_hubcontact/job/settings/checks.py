# SPDX-License-Identifier: Apache-2.0
"""Checks that several settings share. What is wrong is a sentence that names the setting."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any


def flag(name: str, value: object) -> Iterator[str]:
    """Check whether a setting is True or False."""
    if not isinstance(value, bool):
        yield f"{name} must be True or False, not {value!r:.100}"


def one_of(name: str, value: object, allowed: Iterable[str]) -> Iterator[str]:
    """Check whether a setting is one of some words."""
    if not isinstance(value, str) or value not in set(allowed):
        from airflow_provider_hubcontact.words import closest, named

        meant = closest(value, allowed) if isinstance(value, str) else None
        yield f"{name} must be one of {', '.join(allowed)}, not {named(f'{value!r:.100}', meant)}"


def is_mapping_of_names(mapping: Any) -> bool:
    """Check whether this is a mapping of texts to texts."""
    return isinstance(mapping, Mapping) and all(
        isinstance(name, str) and isinstance(value, str) for name, value in mapping.items()
    )


def place(name: str, path: object) -> Iterator[str]:
    """Check where a ledger is: a folder, or a table."""
    if not isinstance(path, str) or not path.strip():
        yield f"{name} must be a path, or sql://conn_id/table, not {path!r:.100}"
        return
    try:
        table_of(path, name)
    except ValueError as error:
        yield str(error)
    else:
        if problem := url_problem(name, path):
            yield problem


def url_problem(name: str, path: str) -> str | None:
    """Return a sentence if a path is a URL that is not whole, such as ``s3:/bucket`` or ``s3://``; else None.

    With one slash it would be a folder of the worker's own.

    :param name: of the setting.
    """
    scheme, _, rest = path.partition(":")
    if not scheme.isalnum() or not rest.startswith("/"):
        return None
    if not rest.strip("/"):
        return f"{name} must name a folder after the slashes, as in s3://bucket, not {path!r:.100}"
    if rest.startswith("//"):
        return None
    from airflow_provider_hubcontact.printable import printable_address

    shown = printable_address(path, 100)
    return f"{name} must have two slashes after the colon to be a URL, as in s3://bucket, not {shown!r}"


def table_of(path: str, name: str = "a ledger table") -> tuple[str, str] | None:
    """Return connection and table of ``sql://conn_id/table``; None for a folder.

    :param name: what has this address.
    :raises ValueError: if the table is more than a name.
    """
    scheme, is_url, address = path.partition("://")
    if not is_url or scheme.lower() != "sql":
        return None
    conn_id, _, table = address.partition("/")
    table = table.removesuffix("/")
    if conn_id and "@" not in conn_id and is_table(table):  # which a database's own address has
        return conn_id, table
    from airflow_provider_hubcontact.printable import printable_address

    raise ValueError(
        f"{name} must be sql://conn_id/table or sql://conn_id/schema.table (of letters, digits, _ and $), "
        f"not {printable_address(path, 100)!r}"
    )


def is_table(name: str) -> bool:
    """Check whether a text is a table's name: up to three identifiers of letters, digits, _ and $."""
    return re.fullmatch(_IDENTIFIERS, name) is not None


_IDENTIFIERS = r"[^\W\d][\w$]*(?:\.[^\W\d][\w$]*){0,2}"  # compiled when a ledger is a table
