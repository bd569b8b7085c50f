# SPDX-License-Identifier: Apache-2.0
"""Validates records against a JSON Schema, which is compiled before the first of them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema_rs

from airflow_provider_hubcontact.printable import printable
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result
from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.sync.rows.own_validator import is_validator
from airflow_provider_hubcontact.sync.rows.schema_files import InvalidSchema, SchemaFiles, broken, checked
from airflow_provider_hubcontact.sync.rows.schema_problems import (
    NOT_ALLOWED,
    Problem,
    of_compiled,
    of_interpreted,
)

__all__ = ["InvalidSchema", "Schema"]

MAX_PROBLEMS = 5


MAX_PROBLEM_LENGTH = 300


class Schema:
    """A checked and compiled JSON Schema, of draft 2020-12 unless its ``$schema`` says otherwise.

    ``format`` is checked. A reference may lead to a file in the folder of the schema's own file, or below it.
    No host is ever called.

    :param schema: the schema document; or a validator of ``jsonschema``, which then decides alone.
    :param folder: the folder of the schema's file; None if the schema does not come from a file.
    :raises InvalidSchema: if the schema is not valid, or refers to something that is not there.
    """

    def __init__(self, schema: Any, folder: Path | None = None) -> None:
        try:
            if is_validator(schema):
                _check_own(schema)
                self._document = schema.schema
                self._engine: _Compiled | _Own = _Own(schema)
            else:
                self._document = _json(schema, "$")
                self._engine = _Compiled(self._document, folder)
        except RecursionError:
            raise InvalidSchema("the JSON Schema is nested too deeply") from None

    @property
    def required(self) -> tuple[str, ...]:
        """Names that every record must have, according to the top level of the schema."""
        named = self._top.get("required")
        return tuple(map(str, named)) if isinstance(named, list) else ()

    @property
    def properties(self) -> Mapping[str, Mapping[str, Any]]:
        """Name → what the top level of the schema says of it."""
        told = self._top.get("properties")
        return {name: each for name, each in dict(told or {}).items() if isinstance(each, Mapping)}

    @property
    def _top(self) -> Mapping[str, Any]:
        return self._document if isinstance(self._document, Mapping) else {}

    @classmethod
    def of(cls, source: Any, folder: Path | None = None) -> Schema:
        """Compile a schema that may also be JSON text, or the path of a file.

        :param source: a path, JSON text, a document, or a validator of ``jsonschema``.
        :param folder: the folder that the text comes from; None if it does not come from a file.
        :raises InvalidSchema: if it cannot be read, is not JSON, or is not a valid schema.
        """
        if isinstance(source, Path):
            path = source
            try:
                source, folder = path.read_text(encoding="utf-8"), path.parent
            except (OSError, UnicodeDecodeError) as error:
                raise InvalidSchema(f"the schema {path} cannot be read: {error}") from error
        if not isinstance(source, str):
            return cls(source, folder)
        try:
            document = json.loads(source)
        except json.JSONDecodeError as error:
            is_name = "{" not in source and "\n" not in source
            odd = f": {printable(source, 100)!r} is not the name of a .json file either" if is_name else ""
            raise InvalidSchema(f"the schema is not JSON: {error}{odd}") from error
        except RecursionError:
            raise InvalidSchema("the JSON Schema is nested too deeply") from None
        return cls(document, folder)

    def check(self, record: Record) -> Result | None:
        """Validate a record after its mapping.

        :param record: the record; its ``document`` is what the schema sees.
        :return: None if it is valid, else an ``invalid`` result that lists the first problems.
        """
        found = dict.fromkeys(self._engine.problems(record.document))
        if not found:
            return None
        told = list(map(_told, list(found)[:MAX_PROBLEMS]))
        return Result(
            record.row,
            record.key,
            Outcome.INVALID,
            category="JSON_SCHEMA",
            reason="; ".join(told),
            properties=tuple(dict.fromkeys(name for problem in found for name in problem.properties)),
        )


class _Compiled:
    """Validates with ``jsonschema_rs``, in a few microseconds."""

    def __init__(self, document: dict[str, Any] | bool, folder: Path | None) -> None:
        checked(document)
        files = SchemaFiles(document, folder)
        try:
            self._validator = jsonschema_rs.validator_for(
                document, validate_formats=True, retriever=files.retrieve, base_uri=files.base
            )
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
            files.check_references()
            raise InvalidSchema(_broken(error, document)) from error

    def problems(self, document: Mapping[str, Any]) -> Iterator[Problem]:
        if self._validator.is_valid(document):
            return
        found = [
            problem
            for error in self._validator.iter_errors(document)
            for problem in of_compiled(error, document)
        ]
        yield from found or [Problem((), NOT_ALLOWED)]


class _Own:
    """Validates with a ``jsonschema`` validator that was given to the task."""

    def __init__(self, validator: Any) -> None:
        self._validator = validator

    def problems(self, document: Mapping[str, Any]) -> Iterator[Problem]:
        document = dict(document)  # an object is just a dict here
        for error in self._validator.iter_errors(document):
            yield from of_interpreted(error, document)


def _check_own(validator: Any) -> None:
    from jsonschema.exceptions import SchemaError

    try:
        validator.check_schema(validator.schema)
    except SchemaError as error:
        raise broken(error, validator.schema) from None


def _told(problem: Problem) -> str:
    path = ".".join(map(str, problem.path))
    return printable(f"{path}: {problem.says}" if path else problem.says, MAX_PROBLEM_LENGTH)


def _broken(error: Exception, document: object) -> str:
    if isinstance(error, jsonschema_rs.ValidationError) and (place := _place(error, document)):
        path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)
        return f"the JSON Schema is broken at ${path}: {next(of_compiled(error, document)).says}"
    return f"the JSON Schema is not valid: {str(error).splitlines()[0]}"


def _json(value: object, path: str) -> Any:
    """Return a schema as plain JSON values.

    :raises InvalidSchema: if JSON has no such name or value; the message says where.
    """
    if isinstance(value, Mapping):
        if odd := [name for name in value if not isinstance(name, str)]:
            raise InvalidSchema(f"the JSON Schema is broken at {path}: {odd[0]!r:.80} is not a name in JSON")
        return {name: _json(each, f"{path}.{name}") for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_json(each, f"{path}[{index}]") for index, each in enumerate(value)]
    if _is_json_scalar(value):
        return value
    raise InvalidSchema(f"the JSON Schema is broken at {path}: a {type(value).__name__} is not a JSON value")


def _is_json_scalar(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, int | str)


def _place(error: jsonschema_rs.ValidationError, schema: Any) -> list[str | int]:
    """Return the path of what is broken in a schema; some versions have that of a pattern elsewhere."""
    if error.instance_path:
        return list(error.instance_path)
    found = schema
    for step in error.schema_path:
        try:
            found = found[step]
        except (LookupError, TypeError):
            return []
    return list(error.schema_path) if found == error.instance else []
