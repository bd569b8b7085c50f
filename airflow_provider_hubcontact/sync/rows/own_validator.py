# SPDX-License-Identifier: Apache-2.0
"""A ``jsonschema`` validator as the setting of a task: Airflow copies, renders and shows settings."""

from __future__ import annotations

import json
from collections.abc import Iterable
from hashlib import blake2b
from typing import Any


class OwnValidator:
    """Wraps a validator, so that Airflow shows only its class and a digest of its schema.

    Airflow would show a bare validator with its schema, its registry, and addresses of memory.

    :param validator: a validator of ``jsonschema``.
    """

    def __init__(self, validator: Any) -> None:
        self._validator = validator

    @property
    def schema(self) -> Any:
        """Return the validator's schema."""
        return self._validator.schema

    def iter_errors(self, document: object) -> Iterable[Any]:
        """Return the errors that the validator finds."""
        errors: Iterable[Any] = self._validator.iter_errors(document)
        return errors

    def check_schema(self, schema: object) -> None:
        """Check a schema with the validator's class."""
        self._validator.check_schema(schema)

    def __deepcopy__(self, _: object) -> OwnValidator:
        """Return the validator itself, since nothing changes it."""
        return self

    def __repr__(self) -> str:
        """Return what the page of the task shows. It differs for another schema."""
        text = json.dumps(self.schema, sort_keys=True, default=lambda value: type(value).__name__)
        digest = blake2b(text.encode(errors="surrogatepass"), digest_size=4).hexdigest()
        return f"<{type(self._validator).__name__} {digest}>"


def is_validator(schema: object) -> bool:
    """Check whether a schema is a validator of ``jsonschema``, without an import of that library."""
    has = (callable(getattr(schema, name, None)) for name in ("iter_errors", "check_schema"))
    return not isinstance(schema, type) and all(has)
