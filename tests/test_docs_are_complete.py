# SPDX-License-Identifier: Apache-2.0
"""Whatever a user can name has its place in the documentation, as the site shows it."""

from __future__ import annotations

import argparse
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from airflow_provider_hubcontact import CONN_FIELDS
from airflow_provider_hubcontact.cli.main import parser
from airflow_provider_hubcontact.notifications import hubspot as notifications
from airflow_provider_hubcontact.operators import hubspot as operators
from airflow_provider_hubcontact.operators.plans import HubSpotApplyPlanOperator, HubSpotPlanContactsOperator
from airflow_provider_hubcontact.sandbox.options import parser as sandbox_parser
from airflow_provider_hubcontact.sync.keep.report import Report, fold
from airflow_provider_hubcontact.sync.model.codes import CODES
from airflow_provider_hubcontact.sync.model.outcome import Outcome
from scripts.docs_hooks import on_page_content, on_page_markdown

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
_SNIPPET = re.compile(r'^--8<-- "([^":]+)"$', re.MULTILINE)


def shown(page: str) -> str:
    """Return a page with what it takes from elsewhere."""
    text = (DOCS / page).read_text(encoding="utf-8")
    text = on_page_markdown(text, SimpleNamespace(file=SimpleNamespace(src_uri=page)))
    return _SNIPPET.sub(lambda found: (ROOT / found[1]).read_text(encoding="utf-8"), text)


def options_of(program: argparse.ArgumentParser) -> Iterator[tuple[str, str]]:
    """Yield each command of a program with each of its options."""
    for action in program._actions:  # noqa: SLF001 - argparse has no other way to ask
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            for name, command in action.choices.items():
                for each in command._actions:  # noqa: SLF001
                    yield name, (each.option_strings or [each.dest])[-1]


COMMANDS = [
    (command, option)
    for command, option in options_of(parser())
    if option != "--help" and (command, option) != ("sandbox", "arguments")
]


def section(command: str) -> str:
    (found,) = re.findall(
        rf"^## hubcontact {command}\n(.*?)(?=^## |\Z)", shown("commands.md"), re.DOTALL | re.MULTILINE
    )
    return str(found)


@pytest.mark.parametrize(("command", "option"), COMMANDS, ids=" ".join)
def test_each_option_of_a_command(command: str, option: str) -> None:
    """The page of commands has a row for it, with a sentence."""
    assert re.search(rf"^\| `{option}[ `].*\| .*\w", section(command), re.MULTILINE)


def test_each_command() -> None:
    """The page of commands has a section for each, and the page that shows their output an example."""
    names = {command for command, _ in COMMANDS} | {"sandbox"}
    page = shown("command-line.md")

    assert set(re.findall(r"^## hubcontact (\w+)$", shown("commands.md"), re.MULTILINE)) == names
    assert {name for name in names if f"hubcontact {name}" in page} == names


def test_each_option_of_the_sandbox() -> None:
    """They are in its help, which the page of commands shows."""
    text = section("sandbox")

    for action in sandbox_parser("hubcontact sandbox")._actions:  # noqa: SLF001
        assert action.option_strings[-1] in text


@pytest.mark.parametrize(
    "operator",
    [operators.HubSpotUpdateContactOperator, HubSpotPlanContactsOperator, HubSpotApplyPlanOperator],
)
def test_each_parameter_of_an_operator(operator: type) -> None:
    """Its docstring, which the reference shows, says what the parameter is for."""
    told = set(re.findall(r":param (\w+): *\S", operator.__doc__ or ""))

    assert set(inspect.signature(operator).parameters) - {"kwargs"} <= told
    assert f"::: {operator.__module__}.{operator.__name__}\n" in shown("reference.md")


@pytest.mark.parametrize("outcome", Outcome)
def test_each_outcome(outcome: Outcome) -> None:
    """The table of outcomes has a row that begins with it."""
    rows = [line.split("|")[1] for line in shown("outcomes.md").splitlines() if line.startswith("| `")]

    assert any(f"`{outcome}`" in row for row in rows)


@pytest.mark.parametrize("code", [each.code for each in CODES])
def test_each_reason_code(code: str) -> None:
    """It has a section, and exactly one row of the table that says where to look first."""
    begins = [
        prefix
        for line in shown("how-to/why-did-it-fail.md").splitlines()
        if line.startswith("| [`HC-")
        for prefix in re.findall(r"`(HC-\d+)`", line.split("|")[1])
    ]

    assert f"### {code}\n" in shown("reasons.md")
    assert len([prefix for prefix in begins if code.startswith(prefix)]) == 1


def test_each_metric() -> None:
    """The table of metrics has those that are sent, and no other."""
    code = (ROOT / "airflow_provider_hubcontact/operators/metrics.py").read_text(encoding="utf-8")
    sent = set(re.findall(r'f"\{PREFIX\}\.(\w+)"', code))

    assert len(sent) > 5
    assert set(re.findall(r"^\| `hubcontact\.(\w+)` \|", shown("airflow.md"), re.MULTILINE)) == sent


def test_each_key_of_a_report() -> None:
    """The reference has the keys of a task's report, and no other."""
    table = shown("reference.md").partition("| key | value |")[2].partition("\n\n")[0]
    rows = [line.split("|")[1:3] for line in table.splitlines() if line.startswith("| `")]
    named = [name for keys, _ in rows for name in re.findall(r"`(\w+)`", keys)]
    report = Report().to_dict()

    assert {*named, "removals"} == report.keys() == fold([report]).keys() - {"missing"}
    assert len(named) == len(set(named))


def test_the_reference_has_no_module_whole() -> None:
    """A module has names that are nobody else's business: the page says which ones it shows."""
    shows = re.findall(
        r"^::: ([\w.]+)\n(    options:\n(?:      .+\n)*)?", shown("reference.md"), re.MULTILINE
    )
    whole = [name for name, options in shows if "members: " not in options and name.split(".")[-1].islower()]

    assert len(shows) > 40
    assert {name.rpartition(".")[2] for name in whole} == {
        "hubspot_update_contact_task",
        "fold",
        "contacts_asset",
    }


@pytest.mark.parametrize(
    ("html", "read"),
    [
        ("<p>as :class:<code>X</code></p>", "<p>as <code>X</code></p>"),
        ("<p>after :meth:<code>stop</code></p>", "<p>after <code>stop</code></p>"),
        ('<p>::</p>\n<div class="highlight">', '<div class="highlight">'),
        ("<p>a class: <code>X</code></p>", "<p>a class: <code>X</code></p>"),
    ],
)
def test_a_docstring_reads_as_text(html: str, read: str) -> None:
    """Roles and the marks of literal blocks, which are for Sphinx, are not shown."""
    assert on_page_content(html) == read


def test_each_name_for_notifiers() -> None:
    """The page about Airflow has the class, the texts and the conditions."""
    names = {name for name in vars(notifications) if name.startswith(("SYNC_", "HubSpot"))}
    page = shown("airflow.md")

    assert len(names) > 3
    assert {name for name in names | notifications.CONDITIONS if f"`{name}`" in page} == (
        names | notifications.CONDITIONS
    )


def test_each_field_of_a_connection() -> None:
    """The page about Airflow has them, as the README does."""
    page = shown("airflow.md")

    assert {name for name in CONN_FIELDS if f"`{name}`" in page} == set(CONN_FIELDS)


def test_each_page_is_in_the_navigation() -> None:
    """Nobody finds a page that is not."""
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")[2]
    named = re.findall(r": (\S+\.md)$", navigation, re.MULTILINE)

    assert sorted(named) == sorted(str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md"))


def test_each_picture_is_shown() -> None:
    """None is left behind by a page that no longer shows it, since nobody would look whether it is right."""
    texts = [path.read_text(encoding="utf-8") for path in (*DOCS.rglob("*.md"), ROOT / "README.md")]
    shown_somewhere = {name for text in texts for name in re.findall(r"images/([\w-]+\.\w+)", text)}

    assert shown_somewhere == {path.name for path in (DOCS / "images").iterdir()}
