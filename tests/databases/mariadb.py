# SPDX-License-Identifier: Apache-2.0
"""A MariaDB server for one test session."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.ports import free_port

SERVER = "mariadbd"
UNPRIVILEGED = "mysql"


class MariaDB(NamedTuple):
    """A server that runs.

    :param port: on loopback.
    :param ca: certificate of the authority that its own certificate is signed by.
    """

    port: int
    ca: Path

    def admin(self, sql: str) -> str:
        """Run statements as root, and return what they print."""
        command = ["mariadb", "--no-defaults", "--protocol=tcp", "--host=127.0.0.1", f"--port={self.port}"]
        command += ["--user=root", "--skip-ssl", "--batch", "--skip-column-names"]
        done = subprocess.run([*command, "--execute", sql], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


@contextmanager
def serve() -> Iterator[MariaDB]:
    """Serve an empty database ``warehouse`` on loopback, and stop and forget it in the end."""
    with tempfile.TemporaryDirectory(prefix="hubcontact-mariadb-") as name:
        folder = Path(name)
        data, log, port = folder / "data", folder / "log", free_port()
        ca = _certificates(folder)
        user = []
        if os.geteuid() == 0:
            user = [f"--user={UNPRIVILEGED}"]
            shutil.chown(folder, UNPRIVILEGED)
        common = ["--no-defaults", f"--datadir={data}", *user]
        install = [
            "mariadb-install-db",
            *common,
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
        ]
        subprocess.run(install, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
        command = [SERVER, *common, f"--port={port}", "--bind-address=127.0.0.1", f"--log-error={log}"]
        command += [f"--socket={folder / 'socket'}", f"--pid-file={folder / 'pid'}", "--skip-name-resolve"]
        command += [f"--ssl-{part}={folder / part}.pem" for part in ("ca", "cert", "key")]
        command += ["--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=64M"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            server = MariaDB(port, ca)
            try:
                _wait_for(server, process, log)
                yield server
            finally:
                process.kill()  # nothing of it is kept
                process.wait(timeout=60)


def _wait_for(server: MariaDB, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(300):
        try:
            server.admin("CREATE DATABASE IF NOT EXISTS warehouse CHARACTER SET utf8mb4")
        except AssertionError:
            assert process.poll() is None, log.read_text()
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"the server does not answer: {log.read_text()}")


def _certificates(folder: Path) -> Path:
    """Make an authority, and a certificate of 127.0.0.1 that it has signed."""

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, check=True)

    request = ("req", "-newkey", "rsa:2048", "-nodes")
    openssl(
        *request, "-x509", "-days", "2", "-subj", "/CN=authority", "-keyout", "ca-key.pem", "-out", "ca.pem"
    )
    openssl(*request, "-subj", "/CN=127.0.0.1", "-keyout", "key.pem", "-out", "request.pem")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1")
    sign = ("x509", "-req", "-days", "2", "-in", "request.pem", "-CA", "ca.pem", "-CAkey", "ca-key.pem")
    openssl(*sign, "-CAcreateserial", "-extfile", "names", "-out", "cert.pem")
    for file in folder.iterdir():
        file.chmod(0o644)
    return folder / "ca.pem"
