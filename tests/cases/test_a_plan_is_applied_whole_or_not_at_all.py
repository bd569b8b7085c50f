# SPDX-License-Identifier: Apache-2.0
"""A plan is applied exactly as it was made, or nothing of it is written."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("airflow")

from airflow_provider_hubcontact.job.errors import PlanError
from airflow_provider_hubcontact.job.plans.files import verified
from airflow_provider_hubcontact.job.plans.lines import SpooledLines, encoded, spooled_lines
from airflow_provider_hubcontact.job.plans.manifest import FORMAT, Manifest
from airflow_provider_hubcontact.operators.errors import HubSpotSyncFailed
from airflow_provider_hubcontact.operators.options import Guards, Writes
from airflow_provider_hubcontact.operators.plans import HubSpotApplyPlanOperator, HubSpotPlanContactsOperator
from airflow_provider_hubcontact.operators.stores.folders import folder_of
from airflow_provider_hubcontact.sandbox import Sandbox
from tests.airflow.running import Run, TaskInstance, connect, run, stored

CONTACTS = [
    {"email": "ada@example.com", "firstname": "Ada", "lifecyclestage": "customer"},
    {"email": "grace@example.com", "firstname": "Grace"},
    {"email": "alan@example.com", "firstname": "Alan"},
]
RECORDS = [
    {"email": "ada@example.com", "firstname": "Augusta", "lifecyclestage": "lead", "loyalty": 7},
    {"email": "grace@example.com", "firstname": "Grace B."},
    {"email": "alan@example.com", "firstname": "Alan"},
    {"email": "new@example.com", "firstname": "New"},
    {"email": "bad@example.com", "lifecyclestage": "no such stage"},
]
SETTINGS: dict[str, Any] = {
    "upsert": True,
    "writes": Writes(stages="reset", create_properties=True),
    "guards": Guards(changes=9, creates=9),
}
LINES_IN_A_PART = 2


@pytest.fixture(scope="module")
def hubspot() -> Iterator[Sandbox]:
    with pytest.MonkeyPatch.context() as monkeypatch, Sandbox(contacts=CONTACTS) as sandbox:
        connect(monkeypatch, sandbox.url, sandbox.token)
        yield sandbox


@pytest.fixture(scope="module")
def made(hubspot: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plan of three parts."""
    folder = tmp_path_factory.mktemp("plan")
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr("airflow_provider_hubcontact.job.plans.files.LINES_IN_A_PART", LINES_IN_A_PART)
        run(records=RECORDS, operator=HubSpotPlanContactsOperator, plan=str(folder), **SETTINGS)
    assert len(list(folder.glob("part-*"))) == 3
    return folder


@pytest.fixture
def plan(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "copy"))


def applied(folder: Path, **more: Any) -> Run:
    return run(operator=HubSpotApplyPlanOperator, plan=str(folder), **more)


def nothing_was_written(hubspot: Sandbox, ended: Run) -> bool:
    """Check that no call could have written, and that there was one clear error that no retry follows."""
    written = [
        each.path
        for each in hubspot.requests
        if each.path.endswith(("/batch/update", "/batch/create", "/batch/upsert"))
        or (each.method == "POST" and each.path.rstrip("/").endswith("/properties/contacts"))
    ]
    return not written and isinstance(ended.error, HubSpotSyncFailed) and "\n" not in str(ended.error)


def parts(folder: Path) -> list[Path]:
    return sorted(folder.glob("part-*"))


def forged(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the manifest, and give it the hash of what it says then."""
    manifest = json.loads((folder / "plan.json").read_text("utf-8"))
    change(manifest)
    manifest.pop("sha256", None)
    content = orjson.dumps(manifest, option=orjson.OPT_SORT_KEYS)
    manifest["sha256"] = sha256(content).hexdigest()
    (folder / "plan.json").write_bytes(orjson.dumps(manifest, option=orjson.OPT_INDENT_2))


def relisted(folder: Path) -> None:
    """Give the manifest the counts and hashes that the parts have now."""

    def change(manifest: dict[str, Any]) -> None:
        manifest["parts"] = [
            {
                "name": part.name,
                "lines": part.read_bytes().count(b"\n"),
                "sha256": sha256(part.read_bytes()).hexdigest(),
            }
            for part in parts(folder)
        ]

    forged(folder, change)


def rewritten(folder: Path, number: int, **changed: Any) -> None:
    """Change a line of the first part, so that counts and hashes fit."""
    part = parts(folder)[0]
    lines = [orjson.loads(text) for text in part.read_bytes().splitlines()]
    lines[number] |= changed
    part.write_bytes(b"".join(map(encoded, lines)))
    relisted(folder)


def test_a_plan_of_several_parts_is_applied(made: Path) -> None:
    """What nobody has touched is applied just as it is, and the report says which plan it was."""
    with pytest.MonkeyPatch.context() as monkeypatch, Sandbox(contacts=CONTACTS) as fresh:
        connect(monkeypatch, fresh.url, fresh.token)
        ended = applied(made)

        assert ended.error is None
        assert ended.outcomes == {"updated": 2, "created": 1}
        assert stored(fresh, "ada@example.com", "loyalty") == "7"
    assert ended.report["plan"]["sha256"] == json.loads((made / "plan.json").read_bytes())["sha256"]


def _append(part: Path, text: bytes) -> None:
    part.write_bytes(part.read_bytes() + text)


def _steps(*steps: Callable[[Path], object]) -> Callable[[Path], object]:
    """Do one after the other."""

    def damage(plan: Path) -> None:
        for step in steps:
            step(plan)

    return damage


def _of_settings(**changed: Any) -> Callable[[Path], object]:
    return lambda plan: forged(plan, lambda manifest: manifest["settings"].update(changed))


def _in_a_folder(plan: Path) -> None:
    moved = parts(plan)[0].rename(plan / "x")
    (plan / "part-000001.jsonl").mkdir()
    moved.rename(plan / "part-000001.jsonl" / "x")


DAMAGES: dict[str, Callable[[Path], object]] = {
    "no manifest": lambda plan: (plan / "plan.json").unlink(),
    "an empty manifest": lambda plan: (plan / "plan.json").write_bytes(b""),
    "a manifest cut short": lambda plan: (plan / "plan.json").write_bytes(
        (plan / "plan.json").read_bytes()[:-20]
    ),
    "a manifest that is a list": lambda plan: (plan / "plan.json").write_bytes(b"[]"),
    "a manifest with NaN": lambda plan: (plan / "plan.json").write_bytes(
        (plan / "plan.json").read_bytes().replace(b'"changes": 2', b'"changes": NaN')
    ),
    "a manifest with two counts": lambda plan: (plan / "plan.json").write_bytes(
        (plan / "plan.json").read_bytes().replace(b'"changes": 2', b'"changes": 1,\n  "changes": 2')
    ),
    "another count": lambda plan: (plan / "plan.json").write_bytes(
        (plan / "plan.json").read_bytes().replace(b'"changes": 2', b'"changes": 1')
    ),
    "another format": lambda plan: forged(plan, lambda manifest: manifest.update(format=FORMAT + 1)),
    "a format that is a float": lambda plan: forged(
        plan, lambda manifest: manifest.update(format=float(FORMAT))
    ),
    "no format": lambda plan: forged(plan, lambda manifest: manifest.pop("format")),
    "an unknown field": lambda plan: forged(plan, lambda manifest: manifest.update(upsert=True)),
    "counts that do not fit": lambda plan: forged(plan, lambda manifest: manifest.update(changes=1)),
    "rows that do not fit": lambda plan: forged(plan, lambda manifest: manifest.update(rows=6)),
    "others that do not fit": lambda plan: forged(plan, lambda manifest: manifest.update(others={})),
    "stages that do not fit": lambda plan: forged(plan, lambda manifest: manifest.update(stage_moves={})),
    "a count that is true": lambda plan: forged(plan, lambda manifest: manifest.update(creates=True)),
    "a count that is a text": lambda plan: forged(plan, lambda manifest: manifest.update(rows="5")),
    "parts that are a text": lambda plan: forged(plan, lambda manifest: manifest.update(parts="all")),
    "a part elsewhere": lambda plan: forged(
        plan, lambda manifest: manifest["parts"][0].update(name="../part-000001.jsonl")
    ),
    "definitions that are a list": lambda plan: forged(plan, lambda manifest: manifest.update(properties=[])),
    "a definition without a type": lambda plan: forged(
        plan, lambda manifest: manifest["properties"]["loyalty"].pop("type")
    ),
    "a label that is a number": lambda plan: forged(
        plan, lambda manifest: manifest["properties"]["loyalty"].update(label=1)
    ),
    "an option without a value": lambda plan: forged(
        plan, lambda manifest: manifest["properties"]["loyalty"].update(options=[{"label": "x"}])
    ),
    "another setting": lambda plan: (plan / "plan.json").write_bytes(
        (plan / "plan.json").read_bytes().replace(b'"upsert": true', b'"upsert": false')
    ),
    "settings that are a list": lambda plan: forged(plan, lambda manifest: manifest.update(settings=[])),
    "no settings": lambda plan: forged(plan, lambda manifest: manifest.pop("settings")),
    "an unknown setting": _of_settings(sql="SELECT 1"),
    "a flag that is a text": _of_settings(upsert="yes"),
    "a rule of stages that there is not": _of_settings(stages="force"),
    "a portal that is a text": _of_settings(portal="1"),
    "a guard that is a text": _of_settings(guards={"changes": "9", "creates": 9}),
    "a guard that there is not": _of_settings(guards={"changes": 9, "creates": 9, "deletes": 9}),
    "a ledger that is a text": _of_settings(ledger="ledger"),
    "an action that there is not": _of_settings(status_actions={"404": "ignore"}),
    "a tolerance that is a text": _of_settings(max_failures="all"),
    "another definition": lambda plan: (plan / "plan.json").write_bytes(
        (plan / "plan.json").read_bytes().replace(b'"label": "Loyalty"', b'"label": "Royalty"')
    ),
    "a part is missing": lambda plan: parts(plan)[1].unlink(),
    "the last part is missing": lambda plan: parts(plan)[-1].unlink(),
    "a part too many": lambda plan: shutil.copy(parts(plan)[0], plan / "part-000004.jsonl"),
    "a part of another name": lambda plan: parts(plan)[0].rename(plan / "part-000009.jsonl"),
    "a folder instead of a part": _in_a_folder,
    "two parts have changed places": lambda plan: (
        parts(plan)[0].rename(plan / "x"),
        parts(plan)[0].rename(plan / "part-000001.jsonl"),
        (plan / "x").rename(plan / "part-000002.jsonl"),
    ),
    "an empty part": lambda plan: parts(plan)[0].write_bytes(b""),
    "a line twice": lambda plan: _append(parts(plan)[0], parts(plan)[0].read_bytes().splitlines(True)[0]),
    "a line less": lambda plan: parts(plan)[0].write_bytes(parts(plan)[0].read_bytes().splitlines(True)[0]),
    "a last line that is cut": lambda plan: parts(plan)[-1].write_bytes(parts(plan)[-1].read_bytes()[:-1]),
    "another value": lambda plan: parts(plan)[0].write_bytes(
        parts(plan)[0].read_bytes().replace(b"Augusta", b"Agrippa")
    ),
    "no text": _steps(lambda plan: parts(plan)[0].write_bytes(b"\xff\n\xfe\n"), relisted),
    "NaN": _steps(
        lambda plan: parts(plan)[0].write_bytes(parts(plan)[0].read_bytes().replace(b'"Augusta"', b"NaN")),
        relisted,
    ),
    "two fields of one name": _steps(
        lambda plan: parts(plan)[0].write_bytes(
            parts(plan)[0].read_bytes().replace(b'{"row":1', b'{"row":2,"row":1')
        ),
        relisted,
    ),
    "an unknown verb": lambda plan: rewritten(plan, 0, write="delete"),
    "a verb that is a list": lambda plan: rewritten(plan, 0, write=["update"]),
    "another verb": lambda plan: rewritten(plan, 0, write="create"),
    "verb and outcome": lambda plan: rewritten(plan, 0, outcome="unchanged"),
    "a row twice": lambda plan: rewritten(plan, 0, row=2),
    "row 0": lambda plan: rewritten(plan, 0, row=0),
    "a row below 0": lambda plan: rewritten(plan, 0, row=-1),
    "a row that is not there": lambda plan: rewritten(plan, 0, row=6),
    "a row that is true": lambda plan: rewritten(plan, 0, row=True),
    "half a row": lambda plan: rewritten(plan, 0, row=1.5),
    "a row that is a float": lambda plan: rewritten(plan, 0, row=1.0),
    "a row that is a text": lambda plan: rewritten(plan, 0, row="1"),
    "a huge row": lambda plan: rewritten(plan, 0, row=2**63),
    "a key that is a number": lambda plan: rewritten(plan, 0, key=1),
    "a key that is empty": lambda plan: rewritten(plan, 0, key=""),
    "changes that are a list": lambda plan: rewritten(plan, 0, changes=[]),
    "no changes": lambda plan: rewritten(plan, 0, changes={}),
    "a change of one value": lambda plan: rewritten(plan, 0, changes={"firstname": ["Ada"]}),
    "a change that is a text": lambda plan: rewritten(plan, 0, changes={"firstname": "Ab"}),
    "a new value that is null": lambda plan: rewritten(plan, 0, changes={"firstname": ["Ada", None]}),
    "a new value that is a number": lambda plan: rewritten(plan, 0, changes={"firstname": ["Ada", 1e300]}),
    "an old value that is a number": lambda plan: rewritten(plan, 0, changes={"firstname": [1, "Ada"]}),
    "a time that is a text": lambda plan: rewritten(plan, 0, timestamp="1735689600000"),
    "a time that is true": lambda plan: rewritten(plan, 0, timestamp=True),
    "a digest that is a number": lambda plan: rewritten(plan, 0, digest=1),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_plan_is_refused(hubspot: Sandbox, plan: Path, damage: Callable[[Path], object]) -> None:
    """One error, before anything is written, properties included; guards do not let it through."""
    damage(plan)
    hubspot.requests.clear()

    assert nothing_was_written(hubspot, applied(plan))


@pytest.mark.parametrize("sha256", ["0" * 64, "", "None", None])
def test_only_the_plan_that_was_approved_is_applied(
    hubspot: Sandbox, made: Path, sha256: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A whole plan with another digest is refused; a template that gave nothing has approved none."""
    hubspot.requests.clear()
    task = HubSpotApplyPlanOperator(task_id="apply", plan=str(made), sha256="{{ ti.xcom_pull('make') }}")
    task.sha256 = sha256
    ti: Any = TaskInstance()

    with pytest.raises(HubSpotSyncFailed, match="was approved: nothing was written") as told:
        task.execute({"ti": ti})
    assert nothing_was_written(hubspot, Run(None, told.value))


def test_the_digest_in_the_report_is_the_one_to_approve(hubspot: Sandbox, tmp_path: Path) -> None:
    """What the task that makes a plan returns applies just that plan, and no later one in its folder."""
    digests = []
    for name in ("Alan", "A."):
        records = [{"email": "alan@example.com", "firstname": name}]
        made = run(records=records, operator=HubSpotPlanContactsOperator, plan=str(tmp_path))
        digests.append(made.report["plan"]["sha256"])

    assert isinstance(applied(tmp_path, sha256=digests[0]).error, HubSpotSyncFailed)
    assert applied(tmp_path, sha256=digests[1]).outcomes == {"updated": 1}


def test_a_line_of_another_outcome_is_checked_too(made: Path, tmp_path: Path) -> None:
    """It writes nothing, but the totals that people see are made of it."""
    for number, (name, wrong) in enumerate(
        [("outcome", "fine"), ("outcome", []), ("category", 1), ("reason", None), ("properties", "city")]
    ):
        plan = Path(shutil.copytree(made, tmp_path / str(number)))
        for part in parts(plan):
            lines = [orjson.loads(text) for text in part.read_bytes().splitlines()]
            for line in lines:
                if "outcome" in line:
                    line[name] = wrong
            part.write_bytes(b"".join(map(encoded, lines)))
        relisted(plan)
        with (
            spooled_lines() as lines_of_plan,
            pytest.raises(PlanError, match=r"part-\d+.jsonl, line \d"),
        ):
            verified(folder_of(str(plan)), lines_of_plan)


def test_what_is_applied_is_what_was_verified(made: Path, tmp_path: Path) -> None:
    """Whoever replaces a part after it was verified changes nothing."""
    plan = Path(shutil.copytree(made, tmp_path / "copy"))
    with spooled_lines() as lines:
        verified(folder_of(str(plan)), lines)
        for part in parts(plan):
            part.write_bytes(part.read_bytes().replace(b"Augusta", b"Agrippa"))

        values = [record.properties.get("firstname") for record in lines.records("email", checked=True)]

    assert values == ["Augusta", "Grace B.", "New"]


def test_a_change_while_it_is_read_is_noticed(made: Path, tmp_path: Path) -> None:
    """Count and hash are those of the very bytes that are taken over."""
    plan = Path(shutil.copytree(made, tmp_path / "copy"))
    with spooled_lines() as lines:
        add = lines.add

        def adding(line: dict[str, Any]) -> None:
            add(line)
            last = parts(plan)[-1]
            last.write_bytes(last.read_bytes().replace(b"invalid", b"unknown"))

        lines.add = adding  # type: ignore[method-assign]
        with pytest.raises(PlanError):
            verified(folder_of(str(plan)), lines)


def outcome_of(folder: Path) -> tuple[Manifest, list[Any]] | None:
    """Return what would be applied; None if the plan is refused."""
    with spooled_lines() as lines:
        try:
            manifest = verified(folder_of(str(folder)), lines)
        except PlanError:
            return None
        return manifest, list(lines.records("email", checked=True))


@st.composite
def mutations(draw: st.DrawFn) -> Callable[[Path], None]:
    """Draw a change of a plan's files: of bytes, of lines, of whole files."""
    kind = draw(st.sampled_from(["flip", "cut", "insert", "drop", "double", "swap", "move"]))
    file, place, other = draw(st.integers(0, 3)), draw(st.integers(0, 10_000)), draw(st.integers(0, 10_000))
    byte = draw(st.integers(1, 255))

    def change(folder: Path) -> None:
        files = sorted(folder.iterdir())  # one may have taken another's place
        path = files[file % len(files)]
        text = bytearray(path.read_bytes() or b"\n")
        at = place % len(text)
        lines = bytes(text).splitlines(keepends=True)
        one, two = place % len(lines), other % len(lines)
        if kind == "flip":
            text[at] ^= byte
        elif kind == "cut":
            del text[at : at + 1 + other % 50]
        elif kind == "insert":
            text.insert(at, byte)
        elif kind == "move":
            path.rename(folder / f"part-{other:06}.jsonl")
            return
        elif kind == "drop":
            del lines[one]
        elif kind == "double":
            lines.insert(two, lines[one])
        else:
            lines[one], lines[two] = lines[two], lines[one]
        path.write_bytes(b"".join(lines) if kind in {"drop", "double", "swap"} else bytes(text))

    return change


@given(changes=st.lists(mutations(), min_size=1, max_size=2))
@settings(deadline=None, max_examples=300)
def test_whatever_happens_to_its_files(made: Path, changes: list[Callable[[Path], None]]) -> None:
    """A plan is exactly what was made, or it is refused."""
    whole = outcome_of(made)
    with TemporaryDirectory() as name:
        folder = Path(shutil.copytree(made, Path(name) / "copy"))
        for change in changes:
            change(folder)

        assert outcome_of(folder) in (whole, None)
    assert whole is not None


def test_the_spool_gives_what_it_was_given(tmp_path: Path) -> None:
    """More lines than were added are not read, whatever stands in the file behind them."""
    with (tmp_path / "lines").open("w+b") as file:
        lines = SpooledLines(file)
        line = {"row": 1, "key": "a", "write": "update", "changes": {"city": [None, "x"]}}
        line |= {"digest": None, "timestamp": None, "new_key": None}
        lines.add(line)
        file.write(encoded({**line, "row": 2, "key": "b"}))

        assert [record.row for record in lines.records("email", checked=True)] == [1]
