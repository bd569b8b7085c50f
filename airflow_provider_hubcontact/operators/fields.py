# SPDX-License-Identifier: Apache-2.0
"""What the value objects of the operators' keywords share: how their fields are taken, shown and copied.

Airflow renders the templates in them, and shows them in its pages. A task keeps a copy of what it was given:
one object may stand in the ``default_args`` of many tasks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from inspect import Parameter, signature
from os import PathLike
from typing import Any, Self

from airflow_provider_hubcontact.spelling import KnownKeywords, keywords_of


def _as_json(value: Any) -> Any:
    """Return a value as JSON has it: what JSON does not know, such as another task's output, by its text."""
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(name): _as_json(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_as_json(each) for each in value]
    if isinstance(value, set | frozenset):
        # In one order, so that it does not look like another DAG each time the file is parsed.
        return sorted(map(_as_json, value), key=str)
    return str(value)


class Options(KnownKeywords):
    """What a keyword has to say, field by field."""

    template_fields: Sequence[str] = ()
    origin: object = None
    """What the DAG file has, of which this is a copy."""

    @classmethod
    def of(cls, keyword: str, value: object) -> Self:
        """Return a copy of the value of a keyword.

        :param keyword: of the operator.
        :param value: an object of this class, or a mapping of its fields.
        :raises ValueError: if it is neither, has an unknown field, or lacks one.
        """
        if isinstance(value, cls):
            return value.copy()
        if isinstance(value, Mapping):
            return cls._of_fields(keyword, value)
        raise ValueError(
            f"{keyword} must be {cls.__name__}(…), or a mapping of its fields, not {value!r:.100}"
        )

    @classmethod
    def _of_fields(cls, keyword: str, value: Mapping[str, Any]) -> Self:
        fields = _parameters(cls)
        if odd := [f"{name:.100}" for name in map(str, value) if name not in fields]:
            from airflow_provider_hubcontact.words import nearest

            raise ValueError(f"{keyword} has the fields {', '.join(fields)}, not {nearest(odd[0], fields)}")
        needed = [name for name, field in fields.items() if field.default is field.empty]
        if lacking := [name for name in needed if name not in value]:
            raise ValueError(f"{keyword} needs the field {lacking[0]}")
        made = cls(**value)
        made.origin = value
        return made

    def copy(self) -> Self:
        """Return an object with the same fields."""
        copied = type(self)(**self.fields())
        copied.origin = self if self.origin is None else self.origin
        return copied

    def fields(self) -> dict[str, Any]:
        """Return the fields by their names."""
        return {name: getattr(self, name) for name in keywords_of(type(self))}

    def serialize(self) -> dict[str, Any]:
        """Return the fields that differ from their defaults, or all if none does: for Airflow's pages.

        :return: JSON values, since Airflow 3.1 stores them with the DAG as they are.
        """
        return {name: _as_json(value) for name, value in (self._chosen() or self.fields()).items()}

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in self._chosen().items())
        return f"{type(self).__name__}({fields})"

    def _chosen(self) -> dict[str, Any]:
        """Return the fields that differ from their defaults."""
        usual = _parameters(type(self))
        return {name: value for name, value in self.fields().items() if value != usual[name].default}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Options) and type(self) is type(other) and self.fields() == other.fields()

    __hash__ = None  # type: ignore[assignment]


def _parameters(cls: Any) -> Mapping[str, Parameter]:
    """Return the fields of a class of value objects, with their defaults."""
    known = signature(cls.__init__).parameters
    return {name: known[name] for name in keywords_of(cls)}


def as_text(path: Any) -> Any:
    """Return a path as its text, which is a template like any other; anything else as it is.

    :param path: what was given for one: text, a ``Path``, Airflow's ``ObjectStoragePath``, or another task's
        output.
    """
    return str(path) if isinstance(path, PathLike) or hasattr(path, "joinpath") else path
