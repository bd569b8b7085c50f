# SPDX-License-Identifier: Apache-2.0
"""The standard streams of a command, whatever it was started with."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path


def make_ready() -> None:
    """Make sure that there are three streams, and that standard output takes any text.

    Python has None for a stream that was closed before it started, as services do. A terminal or a log may
    be in an encoding that lacks a character of a record: it is then shown as an escape.
    """
    nothing = Path(os.devnull)
    sys.stdin = sys.stdin or nothing.open(encoding="utf-8")
    sys.stdout = sys.stdout or nothing.open("w", encoding="utf-8")
    sys.stderr = sys.stderr or nothing.open("w", encoding="utf-8")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def leave() -> None:
    """Let nothing more be written to a pipe that nobody reads: Python would complain at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
