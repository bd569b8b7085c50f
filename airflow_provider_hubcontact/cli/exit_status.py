# SPDX-License-Identifier: Apache-2.0
"""The exit statuses of a command."""

from __future__ import annotations

OK = 0
"""All is well."""

PROBLEMS = 1
"""The command did its work, and found a problem."""

CANNOT = 2
"""The command could not do its work; argparse ends with it too."""

INTERRUPTED = 130
"""Somebody pressed Ctrl-C."""

NOBODY_READS = 141
"""The pipe behind the command was closed, as by ``head``; shells have this status for it."""
