# SPDX-License-Identifier: Apache-2.0
"""The tutorial, done as a reader does it: each file written, each command typed, in the order of the page."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

PAGE = Path(__file__).parent.parent / "docs" / "tutorial.md"
INSTALLS = ("mkdir hubspot-sync", "python -m venv", "CONSTRAINTS=", "pip install")
"""Done by the environment of the tests."""
STAYS = ("hubcontact sandbox", "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS=True")
"""Commands that go on until Ctrl-C: the first is started beside, the second has ``tests/browser``."""
_BLOCK = re.compile(r'^( *)```(\w+)(?: title="(.+?)")?\n(.*?)^ *```$', re.DOTALL | re.MULTILINE)


class Step(NamedTuple):
    """What the reader does.

    :param file: to write, or empty.
    :param text: of the file, or a command.
    :param shown: lines that the command prints, among others.
    """

    file: str
    text: str
    shown: list[str]


def steps() -> Iterator[Step]:
    """Read the page."""
    for indent, language, title, body in _BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        text = re.sub(f"^{indent}", "", body, flags=re.MULTILINE)
        if language == "console":
            for command in text.split("$ ", 1)[1].split("\n$ "):
                line, *shown = command.strip().splitlines()
                yield Step("", line, shown)
        else:
            assert title, f"a reader cannot know where this goes:\n{text}"
            yield Step(title, text, [])


@pytest.mark.timeout(600)
def test_the_tutorial(tmp_path: Path) -> None:
    """Every file and command of the page, in one shell, prints what the page says."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment["PYTHONPATH"] = str(PAGE.parent.parent)
    exports: list[str] = []
    served: list[subprocess.Popen[str]] = []
    try:
        for step in steps():
            text = step.text.replace("8042", port)
            if step.file:
                (tmp_path / step.file).write_text(text, encoding="utf-8")
            elif text.startswith(STAYS[0]):
                served.append(_serve(f"{text} --port {port}", tmp_path, environment))
            elif text.startswith("export "):
                exports.append(text)
            elif not text.startswith((*INSTALLS, STAYS[1])):
                _type("\n".join([*exports, text]), step, tmp_path, environment)
    finally:
        for each in served:
            os.killpg(each.pid, signal.SIGTERM)
            each.wait()
            if each.stdout:
                each.stdout.close()

    assert len(served) == 1


def _serve(command: str, folder: Path, environment: dict[str, str]) -> subprocess.Popen[str]:
    server = subprocess.Popen(
        ["bash", "-c", command],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert server.stdout
    assert "http://127.0.0.1" in server.stdout.readline()
    return server


def _type(script: str, step: Step, folder: Path, environment: dict[str, str]) -> None:
    ended = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    printed = [" ".join(line.split()) for line in ended.stdout.splitlines()]
    rest = iter(printed)
    for line in step.shown:
        wanted = " ".join(line.split())
        assert any(wanted in each for each in rest), f"{step.text}: {wanted} is missing in:\n{ended.stdout}"
    finds = any(" HC-" in line or line.startswith("- HC-") for line in step.shown)
    assert ended.returncode == finds, f"{step.text}:\n{ended.stdout}"
