# SPDX-License-Identifier: Apache-2.0
"""What MkDocs does to a page of ``docs`` before it reads it."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from posixpath import relpath
from typing import Protocol

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT)]  # MkDocs is started in another environment, and loads this file by its path

from scripts.docs_commands import commands  # noqa: E402

COMMANDS = '--8<-- "commands"'
"""Where a page shows all commands."""

_ROLE = re.compile(r":(?:class|func|meth|mod):(?=<code>)")
_LITERAL = re.compile(r"<p>::</p>\n?")
"""What docstrings have for Sphinx, and Markdown shows as it stands."""

_SNIPPET = re.compile(r'^--8<-- "((?:README|CHANGELOG)\.md)(?::(\w+))?"$', re.MULTILINE)


class File(Protocol):
    """Where a page lies."""

    src_uri: str


class Page(Protocol):
    """A page of MkDocs."""

    file: File


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Put in what the page shows of the README and the changelog, with links that hold from the page.

    Both lie beside ``docs``, so their links begin with ``docs/``. The extension for snippets leaves links as
    they are.

    :param markdown: text of the page.
    :param page: the page; its file says where it lies.
    :return: the text with these snippets.
    """
    here = Path(page.file.src_uri).parent.as_posix()

    def snippet(found: re.Match[str]) -> str:
        text = (ROOT / found[1]).read_text(encoding="utf-8")
        if found[2]:
            text = text.partition(f"[start:{found[2]}] -->\n")[2].partition("<!-- --8<-- [end:")[0]
            if not text:
                raise ValueError(f"{found[1]} has no section {found[2]}, which {page.file.src_uri} shows")
        return re.sub(r"\]\(docs/([^)#]+)", lambda link: f"]({relpath(link[1], here)}", text)

    return _SNIPPET.sub(snippet, markdown).replace(COMMANDS, commands() if COMMANDS in markdown else "")


def on_page_content(html: str, **_: object) -> str:
    """Take out of a page what docstrings say to Sphinx alone: roles, and the marks of literal blocks.

    :param html: of the page.
    :return: the same without them.
    """
    return _LITERAL.sub("", _ROLE.sub("", html))
