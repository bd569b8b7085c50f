# SPDX-License-Identifier: Apache-2.0
"""The manifest of a plan: its totals, and what its parts must be for it to be whole."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from types import MappingProxyType
from typing import Any, NamedTuple

import orjson

from airflow_provider_hubcontact.job.plans.kept_settings import are_settings
from airflow_provider_hubcontact.job.plans.lines import is_count

FORMAT = 3
"""Of a plan's files; raised when a field is added or means something else."""


LINES_IN_A_PART = 50_000


_SHA256 = re.compile(r"[0-9a-f]{64}")


class Part(NamedTuple):
    """One file of lines.

    :param name: of the file.
    :param lines: how many it has.
    :param sha256: of its bytes.
    """

    name: str
    lines: int
    sha256: str


class Manifest(NamedTuple):
    """What a plan's manifest says.

    :param totals: its counts, its cost, when it was made, and the properties to create before it is applied.
    :param settings: with which it is applied.
    :param parts: its files, in their order.
    """

    totals: Mapping[str, Any]
    settings: Mapping[str, Any]
    parts: Sequence[Part]

    @classmethod
    def parse(cls, text: bytes) -> Manifest:
        """Read a manifest.

        :raises ValueError: if it is not exactly as a plan writes it.
        """
        document = orjson.loads(text)
        if not isinstance(document, dict) or not _is_format(document.get("format")):
            raise ValueError(f"its format is not {FORMAT}, which this version of the provider needs")
        # Two fields of one name, and NaN, do not survive being written again.
        if _encoded(document) != text:
            raise ValueError("the manifest was not written by a plan")
        check(document)
        parts = tuple(Part(**part) for part in document["parts"])
        manifest = cls({name: document[name] for name in _TOTALS}, document["settings"], parts)
        if document["sha256"] != manifest.sha256:
            raise ValueError("the manifest does not match its own hash")
        return manifest

    def encode(self) -> bytes:
        """Return the manifest as it stands in its file.

        :raises ValueError: if a value has a type that no manifest has.
        """
        document = {**self._document(), "sha256": self.sha256}
        check(document)
        return _encoded(document)

    @property
    def sha256(self) -> str:
        """The digest of the whole plan: of its totals, its settings, and the hashes of its parts."""
        return sha256(orjson.dumps(self._document(), option=orjson.OPT_SORT_KEYS)).hexdigest()

    def told(self) -> dict[str, Any]:
        """Return what a report has of it: the totals and the digest."""
        return {**self.totals, "sha256": self.sha256}

    def _document(self) -> dict[str, Any]:
        parts = [part._asdict() for part in self.parts]
        return {"format": FORMAT, **self.totals, "settings": self.settings, "parts": parts}


def check(document: Mapping[str, Any]) -> None:
    """Check the fields of a manifest and their types.

    :raises ValueError: if one is missing, unknown or of a wrong type.
    """
    if document.keys() != _FIELDS.keys():
        odd = sorted(document.keys() ^ _FIELDS.keys())
        raise ValueError(f"the manifest lacks a field or has one too many: {', '.join(map(repr, odd[:5]))}")
    for name, fits in _FIELDS.items():
        if not fits(document[name]):
            raise ValueError(f"{name} of the manifest has a wrong type or value")


def part_name(number: int) -> str:
    """Return the name of a plan's file, by its number from 1."""
    return f"part-{number:06}.jsonl"


def _encoded(document: Mapping[str, Any]) -> bytes:
    return orjson.dumps(document, option=orjson.OPT_INDENT_2)


def _is_format(value: object) -> bool:
    return is_count(value) and value == FORMAT


def _are_counts(value: object) -> bool:
    return isinstance(value, dict) and all(map(is_count, value.values()))


def _are_parts(value: object) -> bool:
    return isinstance(value, list) and all(_is_part(part, number) for number, part in enumerate(value, 1))


def _is_part(part: object, number: int) -> bool:
    return (
        isinstance(part, dict)
        and part.keys() == set(Part._fields)
        and part["name"] == part_name(number)
        and is_count(part["lines"])
        and 0 < part["lines"] <= LINES_IN_A_PART
        and _is_sha256(part["sha256"])
    )


def _is_sha256(value: object) -> bool:
    return isinstance(value, str) and _SHA256.fullmatch(value) is not None


def _are_definitions(value: object) -> bool:
    return isinstance(value, dict) and all(map(_is_definition, value.values()))


def _is_definition(value: object) -> bool:
    """Check a property's definition: texts, and options of texts."""
    if not isinstance(value, dict) or value.keys() != _DEFINITION | {"options"}:
        return False
    options = value["options"]
    return _are_texts(value, _DEFINITION) and (
        isinstance(options, list)
        and all(
            isinstance(each, dict) and each.keys() == _OPTION and _are_texts(each, _OPTION)
            for each in options
        )
    )


def _are_texts(value: Mapping[str, object], names: frozenset[str]) -> bool:
    return all(isinstance(value[name], str) for name in names)


_DEFINITION = frozenset({"label", "type", "fieldType", "groupName", "description"})


_OPTION = frozenset({"label", "value"})


_TOTALS: Mapping[str, Callable[[object], bool]] = MappingProxyType(
    {
        "made": lambda value: isinstance(value, str),
        "rows": is_count,
        "changes": is_count,
        "creates": is_count,
        "removals": is_count,
        "others": _are_counts,
        "stage_moves": _are_counts,
        "properties": _are_definitions,
        "calls": is_count,
        "minutes": lambda value: isinstance(value, float) and value >= 0,
    }
)


_FIELDS: Mapping[str, Callable[[object], bool]] = MappingProxyType(
    {"format": _is_format, **_TOTALS, "settings": are_settings, "parts": _are_parts, "sha256": _is_sha256}
)
