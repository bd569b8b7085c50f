"""Records against a JSON Schema that is compiled before the first of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

import jsonschema_rs

from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result
from airflow_provider_hubcontact.sync.model.record import Record

MAX_PROBLEMS = 5


MAX_PROBLEM_LENGTH = 300


class InvalidSchema(ValueError):
    """The schema itself is broken; nothing can be validated with it."""


class Schema:
    """A compiled JSON Schema, draft 2020-12 unless its ``$schema`` says otherwise.

    ``format`` is checked. References outside the schema are refused: validating must not read
    files or call hosts that a schema names.

    :param schema: the schema document.
    :raises InvalidSchema: if it is no JSON Schema, or refers to something that it does not hold.
    """

    def __init__(self, schema: Mapping[str, Any] | bool) -> None:
        if not isinstance(schema, Mapping | bool):
            raise InvalidSchema(f"a JSON Schema is an object, this is a {type(schema).__name__}")
        try:
            self._validator = jsonschema_rs.validator_for(
                schema if isinstance(schema, bool) else dict(schema),
                validate_formats=True,
                retriever=_refuse,
            )
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
            raise InvalidSchema(f"no valid JSON Schema: {str(error).splitlines()[0]}") from error
        self._document = schema if isinstance(schema, Mapping) else {}

    @property
    def required(self) -> tuple[str, ...]:
        """Names that every record must have, as far as the schema says so at its top."""
        named = self._document.get("required")
        return tuple(map(str, named)) if isinstance(named, list) else ()

    @property
    def properties(self) -> Mapping[str, Mapping[str, Any]]:
        """Name → what the schema says of it, at its top."""
        told = self._document.get("properties")
        return {name: each for name, each in dict(told or {}).items() if isinstance(each, Mapping)}

    @classmethod
    def of(cls, source: Mapping[str, Any] | bool | str) -> Schema:
        """Compile a schema that may be JSON text.

        :raises InvalidSchema: if it is no JSON, or no JSON Schema.
        """
        if not isinstance(source, str):
            return cls(source)
        try:
            return cls(json.loads(source))
        except json.JSONDecodeError as error:
            raise InvalidSchema(f"the schema is no JSON: {error}") from error

    def check(self, record: Record) -> Result | None:
        """Validate a record as it looks after mapping.

        :param record: the record; its ``document`` is what the schema sees.
        :return: None if it is valid, else an ``invalid`` result that lists the first problems.
        """
        if self._validator.is_valid(record.document):
            return None
        problems: list[str] = []
        properties: dict[str, None] = {}
        for error in self._validator.iter_errors(record.document):
            path = ".".join(map(str, error.instance_path))
            properties.update(dict.fromkeys(_properties(error)))
            if len(problems) < MAX_PROBLEMS:
                message = error.message[:MAX_PROBLEM_LENGTH]
                problems.append(f"{path}: {message}" if path else message)
        return Result(
            record.row,
            record.key,
            Outcome.INVALID,
            category="JSON_SCHEMA",
            reason="; ".join(problems),
            properties=tuple(properties),
        )


def _properties(error: jsonschema_rs.ValidationError) -> list[str]:
    if error.instance_path:
        return [str(error.instance_path[0])]
    missing = getattr(error.kind, "property", None)
    return [missing] if isinstance(missing, str) else []


def _refuse(uri: str) -> NoReturn:
    raise ValueError(f"the schema refers to {uri}, which it does not hold; put it under $defs")
