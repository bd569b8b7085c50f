# SPDX-License-Identifier: Apache-2.0
"""A folder of this machine behaves as the port says."""

from __future__ import annotations

from pathlib import Path

import pytest

from airflow_provider_hubcontact.job.files.local_folder import LocalFolder
from airflow_provider_hubcontact.job.files.private import is_local, make_folder, open_private
from airflow_provider_hubcontact.job.ports import Folder


def test_files_of_a_folder(tmp_path: Path) -> None:
    """They are written, found, read and removed."""
    folder: Folder = LocalFolder(tmp_path / "new")
    part = folder / "a" / "part-1"

    assert not folder.exists()
    make_folder(folder / "a")
    with open_private(part) as file:
        file.write(b"1\n")

    assert is_local(folder)
    assert folder.exists()
    assert (part.name, part.path, str(part)) == ("part-1", *[str(tmp_path / "new" / "a" / "part-1")] * 2)
    assert [found.path for found in folder.glob("**/part-*")] == [part.path]
    assert part.read_bytes() == b"1\n"
    with part.open("rb") as file:
        assert file.read() == b"1\n"
    part.unlink()
    assert not part.exists()


def test_a_folder_can_be_there(tmp_path: Path) -> None:
    """As ``pathlib`` has it."""
    folder = LocalFolder(tmp_path / "a" / "b")

    folder.mkdir(0o700, parents=True, exist_ok=True)
    folder.mkdir(exist_ok=True)

    assert (tmp_path / "a" / "b").is_dir()
    with pytest.raises(FileExistsError):
        folder.mkdir()


def test_a_path_begins_where_the_process_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And stays there: the process may go elsewhere."""
    monkeypatch.chdir(tmp_path)
    folder = LocalFolder("ledger")
    monkeypatch.chdir("/")

    assert folder.path == str(tmp_path / "ledger")
