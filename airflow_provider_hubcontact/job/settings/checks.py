# SPDX-License-Identifier: Apache-2.0
"""Checks that several settings share. What is wrong is a sentence that names the setting."""

from __future__ import annotations

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
    """Check where a ledger is; an address with one slash would be a folder of the worker's own."""
    if not isinstance(path, str) or not path.strip():
        yield f"{name} must be a path, or sql://conn_id/table, not {path!r:.100}"
    elif problem := half_a_url(name, path):
        yield problem


def half_a_url(name: str, path: str) -> str | None:
    """Return a sentence if a path is a URL that lacks a slash, such as ``s3:/bucket``; else None.

    :param name: of the setting.
    """
    scheme, _, rest = path.partition(":")
    if not scheme.isalnum() or not rest.startswith("/") or rest.startswith("//"):
        return None
    return f"{name} must have two slashes after the colon to be a URL, as in s3://bucket, not {path!r:.100}"
