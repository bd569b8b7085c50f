# SPDX-License-Identifier: Apache-2.0
"""Recordings: of HubSpot, where there are any, and how they are made and replayed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.contract.live import all_differences, compared
from tests.contract.portals import OTHER_WAY
from tests.contract.questions import find
from tests.contract.recordings import FOLDER, Replay, Stale, load, save
from tests.contract.scenario import Surroundings, Told, tell
from tests.contract.scenarios import SCENARIOS

KEPT = sorted(FOLDER.glob("*.json"))


def replayed(files: list[Path]) -> list[Told]:
    """Run each scenario against its recording."""
    return [
        told
        for file in files
        for told in tell([SCENARIOS[file.stem]], Replay(load(file)), Surroundings(patience=0.0))
    ]


@pytest.mark.skipif(not KEPT, reason="NOT TESTED against recordings: nobody has recorded HubSpot yet")
def test_the_sandbox_answers_as_hubspot_did() -> None:
    """With the switches that the recordings tell, each answer is HubSpot's."""
    told = replayed(KEPT)
    outcome = compared(told, [SCENARIOS[each.scenario] for each in told])

    assert [each.trouble for each in told if each.trouble] == []
    assert outcome.differences == []


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, told_otherwise: dict[str, Told]) -> Path:
    """Record a portal that answers all questions otherwise."""
    folder = tmp_path_factory.mktemp("recordings")
    save(told_otherwise.values(), folder)
    return folder


class TestRecording:
    def test_a_replay_says_what_the_portal_said(self, folder: Path, told_otherwise: dict[str, Told]) -> None:
        """The same switches are found, and nothing differs."""
        told = replayed(sorted(folder.iterdir()))

        assert len(told) == len(SCENARIOS)
        assert [each.trouble for each in told if each.trouble] == []
        assert find(told).settings == OTHER_WAY
        assert all_differences(told_otherwise.values(), told) == []

    def test_a_recording_of_a_replay_is_the_recording(self, folder: Path, tmp_path: Path) -> None:
        """Nothing is scrubbed that was scrubbed before."""
        files = sorted(folder.iterdir())
        save(replayed(files), tmp_path)

        assert [(tmp_path / file.name).read_text() for file in files] == [file.read_text() for file in files]

    def test_what_differs_is_told(self, folder: Path, tmp_path: Path) -> None:
        """A recording that says something else is a difference."""
        exchanges = json.loads((folder / "get_unknown.json").read_text())
        exchanges[1]["answer"]["body"]["message"] = "Nobody"
        file = tmp_path / "get_unknown.json"
        file.write_text(json.dumps(exchanges))
        (found,) = compared(replayed([file]), [SCENARIOS["get_unknown"]]).differences

        assert (found.call, found.aspect, found.there) == ("id", "text", "message: Nobody")

    def test_another_call_than_recorded(self, folder: Path) -> None:
        """A scenario that has changed must be recorded again."""
        replay = Replay(load(folder / "create.json"))

        with pytest.raises(Stale, match="record it again"):
            replay.call("GET", "/x")

    def test_what_was_not_answered_is_not_kept(self, tmp_path: Path) -> None:
        """Half a recording would be taken for a whole one."""
        assert save([Told("create", trouble="no")], tmp_path) == []
