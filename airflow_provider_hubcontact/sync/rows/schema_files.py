# SPDX-License-Identifier: Apache-2.0
"""The documents that a JSON Schema refers to: files beside it, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import jsonschema_rs
import orjson

from airflow_provider_hubcontact.sync.rows.schema_problems import of_interpreted

if TYPE_CHECKING:
    from referencing import Resource

MAX_FILE_BYTES = 4 * 1024 * 1024
"""Size of a file that a schema may refer to."""


PLACE = "https://schema.invalid/folder/schema.json"
"""The base of relative references if the schema has no ``$id``. No host can have this name."""


_DRAFTS = frozenset(
    f"{draft}{end}"
    for draft in (
        "http://json-schema.org/draft-04/schema",
        "http://json-schema.org/draft-06/schema",
        "http://json-schema.org/draft-07/schema",
        "https://json-schema.org/draft/2019-09/schema",
        "https://json-schema.org/draft/2020-12/schema",
    )
    for end in ("", "#")
)
"""What ``$schema`` says in the drafts whose metaschemas the compiled engine has."""


_VALUES = frozenset({"const", "default", "enum", "examples"})
"""Keywords that hold values, not schemas."""


class InvalidSchema(ValueError):
    """The schema itself is not valid, so nothing can be validated with it."""


class SchemaFiles:
    """Finds the documents that a schema refers to, in its own folder or below it. No host is ever called.

    :param document: the schema.
    :param folder: the folder of its file; None if the schema does not come from a file.
    :raises InvalidSchema: if its ``$id`` is not valid.
    """

    def __init__(self, document: Mapping[str, Any] | bool, folder: Path | None) -> None:
        self._folder = folder
        self._read: dict[str, Any] = {}
        self._document = document
        try:
            self.base = urljoin(PLACE, urldefrag(_id_of(document) or "").url)
        except ValueError as error:
            raise InvalidSchema(f"the JSON Schema is broken at $.$id: {error}") from None

    def retrieve(self, uri: str) -> Any:
        """Return the document that a URI names, from a file.

        :param uri: the URI, with or without a fragment.
        :raises InvalidSchema: if no file of the folder has it, or if it is not a valid schema.
        """
        uri = urldefrag(uri).url
        if uri not in self._read:
            path = self._path(uri)
            if path is None:
                name = uri.removeprefix(urljoin(PLACE, "."))
                raise InvalidSchema(
                    f"the schema refers to {name}, which it does not contain; put it under $defs, or into a "
                    ".json file in the folder of the schema's file"
                )
            self._read[uri] = self._load(path)
        return self._read[uri]

    def _path(self, uri: str) -> Path | None:
        """Return the file that a URI names; None if no file may be read for it."""
        if self._folder is None:
            return None
        beside = urljoin(self.base, ".")
        if not uri.startswith(beside) or urlsplit(uri).query:
            return None
        name = unquote(uri.removeprefix(beside))
        if "\0" in name or not name.endswith(".json"):
            return None
        folder = self._folder.resolve()
        try:
            path = (folder / name).resolve()
            is_there = path.suffix == ".json" and path.is_relative_to(folder) and path.is_file()
        except (OSError, RuntimeError):  # a name that is too long, links in a circle
            return None
        return path if is_there else None

    def _load(self, path: Path) -> Any:
        try:
            with path.open("rb") as file:
                content = file.read(MAX_FILE_BYTES + 1)
            if len(content) > MAX_FILE_BYTES:
                raise InvalidSchema(f"the schema refers to {path.name}, which has more than 4 MiB")
            document = json.loads(content)
        except (OSError, ValueError, RecursionError) as error:
            if isinstance(error, InvalidSchema):
                raise
            raise InvalidSchema(
                f"the schema refers to {path.name}, which is not JSON or cannot be read: {error}"
            ) from None
        try:
            checked(document, f"the JSON Schema {path.name}")
        except RecursionError:
            raise InvalidSchema(f"the JSON Schema {path.name} is nested too deeply") from None
        return document

    def check_references(self) -> None:
        """Check that every reference leads to something.

        :raises InvalidSchema: if one does not; the message says which.
        """
        from referencing import Registry
        from referencing.exceptions import Unresolvable

        told = [""]

        def retrieve(uri: str) -> Resource[Any]:
            try:
                return _resource(self.retrieve(uri))
            except InvalidSchema as error:
                told[0] = str(error)
                raise

        registry: Registry[Any] = Registry(retrieve=retrieve)  # type: ignore[call-arg]  # attrs names it so
        documents = {self.base: self._document, **self._read}
        registry = registry.with_resources((uri, _resource(each)) for uri, each in documents.items())
        for uri, document in documents.items():
            file = "" if uri == self.base else f" {Path(urlsplit(uri).path).name}"
            for path, reference, resolver in _references(document, registry.resolver(uri), "$"):
                told[0] = "it leads to nothing"
                try:
                    resolver.lookup(reference)
                except (Unresolvable, ValueError):  # ValueError: the reference is not a URI
                    raise InvalidSchema(
                        f"the JSON Schema{file} is broken at {path}: {told[0]} ({path.rpartition('.')[2]})"
                    ) from None


def _id_of(document: Any) -> str | None:
    has_id = isinstance(document, Mapping) and not document.keys().isdisjoint({"$id", "id"})
    return _resource(document).id() if has_id else None  # which loads a library


def _resource(document: Any) -> Resource[Any]:
    from referencing import Resource
    from referencing.jsonschema import DRAFT202012

    if isinstance(document, Mapping) and not isinstance(document.get("$schema"), str):
        return DRAFT202012.create_resource(document)
    return Resource.from_contents(document, default_specification=DRAFT202012)


def _references(node: Any, resolver: Any, path: str) -> Iterator[tuple[str, str, Any]]:
    if isinstance(node, list):
        for index, each in enumerate(node):
            yield from _references(each, resolver, f"{path}[{index}]")
    if not isinstance(node, dict):
        return
    if path != "$" and isinstance(node.get("$id"), str):
        try:
            resolver = resolver.in_subresource(_resource(node))
        except ValueError:  # the $id is not a URI
            return
    for name, each in node.items():
        if name in {"$ref", "$dynamicRef"} and isinstance(each, str):
            yield f"{path}.{name}", each, resolver
        elif name not in _VALUES:
            yield from _references(each, resolver, f"{path}.{name}")


def checked(document: Any, name: str = "the JSON Schema") -> None:
    """Check a document against the metaschema of its draft.

    :param document: the document.
    :param name: its name in the message.
    :raises InvalidSchema: if it is not valid; the message says where, by which rule, and what was expected.
    """
    if _is_known_to_be_valid(document):
        return
    from jsonschema.exceptions import best_match
    from jsonschema.validators import Draft202012Validator, validator_for

    if not isinstance(document, dict | bool):
        raise InvalidSchema(f"{name} must be an object, not a {type(document).__name__}")
    if isinstance(document, dict) and not isinstance(document.get("$schema", ""), str):
        raise InvalidSchema(f"{name} is broken at $.$schema: must be of type string (type)")
    try:
        metaschema = validator_for(document, default=Draft202012Validator).META_SCHEMA
    except ValueError as wrong:
        raise InvalidSchema(f"{name} is broken at $.$schema: {wrong}") from None
    # Patterns are checked by the engine that runs them: Python's own accepts others.
    errors = validator_for(metaschema, default=Draft202012Validator)(metaschema).iter_errors(document)
    if (error := best_match(errors)) is not None:
        raise broken(error, document, name)


def _is_known_to_be_valid(document: Any) -> bool:
    """Check whether the compiled engine finds nothing wrong, which takes a hundredth of the time.

    It asks a host for a metaschema that it does not have, so it gets documents of well-known drafts only.
    """
    if isinstance(document, dict) and "$schema" in document:
        draft = document["$schema"]
        if not isinstance(draft, str) or draft not in _DRAFTS:
            return False
    try:
        orjson.dumps(document)  # half of a surrogate pair breaks older versions of that engine
        return isinstance(document, dict | bool) and jsonschema_rs.meta.is_valid(document)
    except (TypeError, ValueError):  # it is nested too deeply, for one
        return False


def broken(error: Any, document: object, name: str = "the JSON Schema") -> InvalidSchema:
    """Return the exception that says where a schema is broken.

    :param error: the error of ``jsonschema``, which has validated the schema.
    :param document: the schema.
    :param name: its name in the message.
    """
    while closer := [each for each in error.context if each.validator != "type"]:
        error = max(closer, key=lambda each: len(each.absolute_path))  # of alternatives, what nearly fits
    problem = next(of_interpreted(error, document))
    return InvalidSchema(f"{name} is broken at {error.json_path}: {problem.says}")
