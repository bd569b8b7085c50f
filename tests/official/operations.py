# SPDX-License-Identifier: Apache-2.0
"""The operations of HubSpot's Python clients, read from their sources, and the table of them in the docs.

``python -m tests.official.operations`` writes the table anew.
"""

from __future__ import annotations

import ast
import importlib.util
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from airflow_provider_hubcontact.sandbox import Sandbox
from airflow_provider_hubcontact.sandbox.http.routes import router
from tests.sandbox.calling import Api

DOCS = Path(__file__).parents[2] / "docs" / "sandbox.md"
BEGIN, END = "<!-- operations: begin -->", "<!-- operations: end -->"
OLDER = ("hubspot", ("communication_preferences", "crm", "oauth"))
NEWER = ("hubspot_sdk", ("account", "auth", "communication_preferences", "crm"))
SAMPLES = {"fromObjectType": "contacts", "from_object_type": "contacts"}
SAMPLES |= {"toObjectType": "companies", "to_object_type": "companies"}
SAMPLES |= {"objectType": "contacts", "object_type": "contacts", "object_type_id": "contacts"}
"""Parameter of a path → what stands for it; ``1`` for any other."""

_VERBS = {"_get": "GET", "_post": "POST", "_patch": "PATCH", "_put": "PUT", "_delete": "DELETE"}


class Operation(NamedTuple):
    """One call of a client.

    :param client: the client's package.
    :param area: where the client has it, such as ``crm.contacts.basic_api``.
    :param name: the method of the client.
    """

    client: str
    area: str
    name: str
    method: str
    path: str

    @property
    def sample(self) -> str:
        """The path with its parameters filled in."""
        return re.sub(r"\{(\w+)\}", lambda match: SAMPLES.get(match[1], "1"), self.path)


def operations() -> list[Operation]:
    """Return the operations of both clients.

    :raises ImportError: if a client is not installed.
    """
    return [*_of(*OLDER, _older_calls), *_of(*NEWER, _newer_calls)]


def misread(found: Iterable[Operation]) -> list[Operation]:
    """Return the operations of which a word is taken for a parameter, such as ``folders`` for a list's id."""
    routes = router()
    wrong = []
    for each in found:
        route, _ = routes.find(each.method, each.sample) or (None, {})
        if route is not None:
            pairs = zip(each.path.strip("/").split("/"), route.path.strip("/").split("/"), strict=True)
            if any(there.startswith("{") and not here.startswith("{") for here, there in pairs):
                wrong.append(each)
    return wrong


def emulated(found: Iterable[Operation]) -> set[Operation]:
    """Call a sandbox, and return the operations to which it does not answer that it lacks them."""
    found = list(found)
    assert misread(found) == [], "the sandbox takes a word of a client's path for a parameter"
    with Sandbox() as sandbox:
        api = Api(sandbox)
        answers = {each: api.call(each.method, each.sample, {}) for each in found}
    unknown = [each for each, answer in answers.items() if "object type" in str(answer.body)]
    assert unknown == [], "the sandbox takes a client's object type for a typo"
    return {each for each, answer in answers.items() if answer.status != 501}


def table(found: Iterable[Operation], works: set[Operation]) -> str:
    """Return the table: a row for each area of which something works, and how many the others have."""
    by_area: dict[tuple[str, str], list[Operation]] = defaultdict(list)
    for each in found:
        by_area[each.client, each.area].append(each)
    rows, without = [], defaultdict(list)
    for (client, area), those in by_area.items():
        good = [each.name for each in those if each in works]
        bad = [each.name for each in those if each not in works]
        if good:
            rows.append(f"| {client} | `{area}` | {', '.join(good)} | {', '.join(bad)} |")
        else:
            without[client].append(f"`{area}` {len(bad)}")
    lines = ["| Client | Area | Works | 501 |", "|---|---|---|---|", *rows]
    total = {client: [each for each in found if each.client == client] for client in without}
    for client, areas in without.items():
        score = f"{sum(each in works for each in total[client])} of {len(total[client])}"
        lines += ["", f"{client}: {score} operations work. All are 501 in: {', '.join(areas)}."]
    return "\n".join(lines)


def in_docs(text: str) -> str:
    """Return the table that a text has."""
    return text[text.index(BEGIN) + len(BEGIN) : text.index(END)].strip()


def _of(client: str, parts: Iterable[str], calls: object) -> Iterator[Operation]:
    spec = importlib.util.find_spec(client)
    if spec is None or spec.origin is None:
        raise ImportError(client)
    root = Path(spec.origin).parent
    base = root if client == "hubspot" else root / "resources"
    for part in parts:
        for file in sorted((base / part).rglob("*.py")):
            if client == "hubspot" and file.parent.name != "api":
                continue
            area = ".".join(file.relative_to(base).with_suffix("").parts).replace(".api.", ".")
            tree = ast.parse(file.read_text(encoding="utf-8"))
            for name, method, path in calls(tree):  # type: ignore[operator]
                yield Operation(client, area, name, method, path)


def _older_calls(tree: ast.Module) -> Iterator[tuple[str, str, str]]:
    for function in _functions(tree):
        for call in _calls_of(function, {"call_api"}):
            path, method = (each.value for each in call.args[:2] if isinstance(each, ast.Constant))
            yield function.name.removesuffix("_with_http_info"), str(method), str(path)


def _newer_calls(tree: ast.Module) -> Iterator[tuple[str, str, str]]:
    for function in _functions(tree):
        for call in _calls_of(function, {*_VERBS, "_get_api_list"}):
            assert isinstance(call.func, ast.Attribute)
            given = [each.value for each in call.keywords if each.arg == "method"]
            post = any(isinstance(each, ast.Constant) and each.value == "post" for each in given)
            first = call.args[0]
            path = first.args[0] if isinstance(first, ast.Call) else first
            assert isinstance(path, ast.Constant)
            yield function.name, "POST" if post else _VERBS.get(call.func.attr, "GET"), str(path.value)


def _functions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    """Yield the methods of a module that do not need ``await``."""
    for each in tree.body:
        if isinstance(each, ast.ClassDef) and not each.name.startswith("Async"):
            yield from (method for method in each.body if isinstance(method, ast.FunctionDef))


def _calls_of(function: ast.FunctionDef, names: set[str]) -> Iterator[ast.Call]:
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in names:
            yield node


def main() -> None:
    """Write the table into the docs."""
    found = operations()
    text = DOCS.read_text(encoding="utf-8")
    before, after = text[: text.index(BEGIN)], text[text.index(END) :]
    DOCS.write_text(f"{before}{BEGIN}\n{table(found, emulated(found))}\n{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
