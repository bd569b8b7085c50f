# SPDX-License-Identifier: Apache-2.0
"""The page of all commands, as the parsers have them."""

from __future__ import annotations

import os
from unittest.mock import patch

from airflow_provider_hubcontact.cli.definition import COMMANDS, Command, Option
from airflow_provider_hubcontact.sandbox.options import parser as sandbox_parser

WIDTH = "110"
"""Columns of the sandbox's help."""


def commands() -> str:
    """Return a section for each command: what it is for, examples, its arguments."""
    return "\n\n".join(_section(command) for command in COMMANDS)


def _section(command: Command) -> str:
    head = f"## hubcontact {command.name}\n\n{_plain(command.description)}"
    if command.name == "sandbox":
        with patch.dict(os.environ, {"COLUMNS": WIDTH}):
            return f"{head}\n\n```text\n{sandbox_parser('hubcontact sandbox').format_help()}```"
    examples = "\n".join(f"$ hubcontact {line}  # {what}" for line, what in command.examples)
    rows = "\n".join(map(_row, command.options))
    return f"{head}\n\n```console\n{examples}\n```\n\n| argument | |\n|---|---|\n{rows}"


def _row(option: Option) -> str:
    settings = option.settings
    told = _plain(settings.get("help", "").replace("%(default)s", str(settings.get("default"))))
    if choices := settings.get("choices"):
        told = f"{', '.join(f'`{choice}`' for choice in choices)}: {told}"
    value = f" {settings['metavar']}" if "metavar" in settings and option.flags[0].startswith("-") else ""
    return f"| `{', '.join(option.flags)}{value}` | {told} |"


def _plain(text: str) -> str:
    """Return a text of a parser as Markdown: one line of a table, with nothing that it would mark."""
    for mark in "\\`*_<|[":
        text = text.replace(mark, f"\\{mark}")
    return " ".join(text.split())
