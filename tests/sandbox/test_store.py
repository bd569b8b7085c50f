# SPDX-License-Identifier: Apache-2.0
"""A portal in a file: what survives a restart, a kill, and what the file may be."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_hubcontact.sandbox import Definition, OAuthClient, Sandbox
from airflow_provider_hubcontact.sandbox.crm.state import dump
from airflow_provider_hubcontact.sandbox.database import StoreError
from airflow_provider_hubcontact.sandbox.imports.runs import ImportPace
from tests.sandbox.calling import CONTACTS, Answer, Api, Clock

ROOT = Path(__file__).parents[2]
COMPANIES = "/crm/objects/2026-09/companies"
SEEDS = [
    {"email": "ada@example.com", "firstname": "Ada", "hs_additional_emails": "a@b.org"},
    {"email": "grace@example.com"},
]
OAUTH = OAuthClient("id", "secret", "refresh")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "portal.sqlite"


def rename(api: Api, name: str) -> Answer:
    return api.batch(
        "upsert", {"id": "ada@example.com", "idProperty": "email", "properties": {"firstname": name}}
    )


class TestRestart:
    def test_contacts_properties_and_history_are_kept(self, file: Path) -> None:
        """Another sandbox on the same file has the same state, whatever contacts it is given."""
        with Sandbox(
            SEEDS, properties=[Definition("member", "Member", unique=True)], database=file
        ) as sandbox:
            api = Api(sandbox)
            rename(api, "Countess")
            rename(api, "Augusta")
            api.post(CONTACTS, {"properties": {"email": "new@example.com", "member": "M-1"}})
            api.post(
                "/crm/v3/properties/contacts",
                {
                    "name": "color",
                    "label": "C",
                    "type": "enumeration",
                    "fieldType": "select",
                    "groupName": "contactinformation",
                    "options": [{"label": "Red", "value": "r"}],
                },
            )
            before = dump(sandbox.portal)

        with Sandbox([{"email": "other@example.com"}], database=file) as sandbox:
            api = Api(sandbox)
            assert dump(sandbox.portal) == before
            assert sandbox.portal.contact("a@b.org") is sandbox.portal.contact("ada@example.com")
            assert sandbox.portal.find("m-1", "member") is sandbox.portal.contact("new@example.com")
            assert sandbox.portal.contact("other@example.com") is None
            assert api.get("/crm/v3/properties/contacts/color").body["options"][0]["value"] == "r"
            history = api.get(f"{CONTACTS}/a@b.org?idProperty=email&propertiesWithHistory=firstname").body
            created = api.post(CONTACTS, {"properties": {"email": "later@example.com"}})

        versions = history["propertiesWithHistory"]["firstname"]
        assert [version["value"] for version in versions] == ["Augusta", "Countess", "Ada"]
        assert int(created.body["id"]) > max(int(each["id"]) for each in before["contacts"])

    def test_a_contact_without_a_value_is_kept(self, file: Path) -> None:
        """A record that was only made is in the file, too."""
        with Sandbox(database=file) as sandbox:
            created = Api(sandbox).post(CONTACTS, {"properties": {}}).body["id"]
        with Sandbox(database=file) as sandbox:
            assert list(sandbox.portal.contacts) == [created]

    def test_many_restarts(self, file: Path) -> None:
        """The history goes on from one to the next, and is forgotten where a contact forgets it."""
        for restart in range(3):
            with Sandbox(SEEDS, database=file) as sandbox:
                for change in range(100):
                    rename(Api(sandbox), f"{restart}-{change}")
        with Sandbox(database=file) as sandbox:
            contact = sandbox.portal.contact("ada@example.com")
            assert contact is not None
            names = [write.values["firstname"] for write in contact.writes]
        with sqlite3.connect(file) as connection:
            kept = connection.execute("SELECT count(*) FROM change").fetchone()[0]
        connection.close()

        assert (len(names), names[0], names[-1]) == (200, "1-0", "2-99")
        assert kept == 201  # with the one of the other contact

    def test_what_was_refused_is_not_kept(self, file: Path) -> None:
        """A 400 leaves no trace."""
        with Sandbox(SEEDS, database=file) as sandbox:
            rename(Api(sandbox), "x" * 70_000)
            before = dump(sandbox.portal)
        with Sandbox(database=file) as sandbox:
            assert dump(sandbox.portal)["contacts"] == before["contacts"]

    def test_a_change_without_a_call_is_kept(self, file: Path) -> None:
        """What a test writes into the portal itself is in the file when it stops."""
        with Sandbox(database=file) as sandbox:
            sandbox.portal.create({"email": "b@example.com"})
        with Sandbox(database=file) as sandbox:
            assert sandbox.portal.contact("b@example.com") is not None

    def test_a_reset_is_kept(self, file: Path) -> None:
        """The start's contacts are back, and nothing else."""
        with Sandbox(SEEDS, database=file) as sandbox:
            rename(Api(sandbox), "New")
            sandbox.reset()
            before = dump(sandbox.portal)
            rename(Api(sandbox), "Newer")
        with Sandbox(database=file) as sandbox:
            after = dump(sandbox.portal)

        assert [len(each["writes"]) for each in before["contacts"]] == [1, 1]
        assert [len(each["writes"]) for each in after["contacts"]] == [2, 1]

    def test_oauth_tokens_are_kept(self, file: Path) -> None:
        """An access token is good until it expires, a revoked refresh token is not good again."""
        clock = Clock()
        form = {"grant_type": "refresh_token", "client_id": "id", "client_secret": "secret"}
        with Sandbox(oauth_clients=[OAUTH], database=file, clock=clock) as sandbox:
            token = (
                Api(sandbox, "").form("/oauth/v1/token", **form, refresh_token="refresh").body["access_token"]
            )
            Api(sandbox, "").call("DELETE", "/oauth/v1/refresh-tokens/refresh")
        with Sandbox(oauth_clients=[OAUTH], database=file, clock=clock) as sandbox:
            good = Api(sandbox, token).get(f"{CONTACTS}/1")
            revoked = Api(sandbox, "").form("/oauth/v1/token", **form, refresh_token="refresh")
            clock.now += 1_800
            expired = Api(sandbox, token).get(f"{CONTACTS}/1")
        with Sandbox(database=file, clock=clock) as sandbox:
            forgotten = Api(sandbox, token).get(f"{CONTACTS}/1")

        assert (good.status, revoked.status, expired.status) == (404, 400, 401)
        assert expired.body["category"] == "EXPIRED_AUTHENTICATION"
        assert forgotten.body["category"] == "INVALID_AUTHENTICATION"

    def test_the_clock_is_kept(self, file: Path) -> None:
        """It is as far ahead as before: what was accepted is due when it was, and no date goes back."""
        day, batch = 86_400, "/contacts/v1/contact/batch"
        entry = {"email": "new@example.com", "properties": [{"property": "city", "value": "Rome"}]}
        with Sandbox(database=file, clock=Clock(), v1_batch_delay=60) as sandbox:
            Api(sandbox).call("PUT", "/sandbox/clock", {"advanceSeconds": day})
            early = Api(sandbox).post(CONTACTS, {"properties": {"email": "ada@example.com"}}).body
            assert Api(sandbox).post(batch, [entry]).status == 202
        with Sandbox(database=file, clock=Clock(), v1_batch_delay=60) as sandbox:
            api = Api(sandbox)
            told = api.get("/sandbox/clock").body["aheadSeconds"]
            changed = api.patch(f"{CONTACTS}/{early['id']}", {"properties": {"city": "Paris"}}).body
            sandbox.advance(59)
            assert sandbox.portal.contact("new@example.com") is None
            sandbox.advance(1)
            assert api.stored("new@example.com", "city") == "Rome"

        assert told == day
        assert changed["createdAt"] == changed["updatedAt"] == early["createdAt"]

    def test_a_reset_takes_the_clock_back(self, file: Path) -> None:
        """It is the machine's time after the restart, too."""
        with Sandbox(database=file) as sandbox:
            sandbox.advance(86_400)
            sandbox.reset()
        with Sandbox(database=file) as sandbox:
            assert sandbox.clock.ahead == 0

    def test_associations_and_lists_are_kept(self, file: Path) -> None:
        """What was added and what was taken out, by each call that does it, also with a second restart."""
        lists = "/crm/lists/2026-09"
        with Sandbox(SEEDS, database=file) as sandbox:
            api = Api(sandbox)
            ada, grace = (sandbox.portal.contact(seed["email"]).id for seed in SEEDS)  # type: ignore[union-attr]
            one, two = (make(api, COMPANIES, name=name) for name in ("One", "Two"))
            for contact, company in [(ada, one), (ada, two), (grace, one)]:
                associate(api, contact, company)
            whole, part, emptied, copy = (new_list(api, name) for name in ("W", "P", "E", "C"))
            for each in (whole, part, emptied):
                api.call("PUT", f"{lists}/{each}/memberships/add", [ada, grace])
            before = dump(sandbox.portal)
        with Sandbox(database=file) as sandbox:
            api = Api(sandbox)
            assert dump(sandbox.portal) == before
            api.call("DELETE", f"/crm/v4/objects/contacts/{grace}/associations/companies/{one}")
            label = {"label": "Manages", "name": "manages"}
            api.post("/crm/v4/associations/contacts/companies/labels", label)
            api.call("PUT", f"{lists}/{part}/memberships/remove", [grace])
            api.call("DELETE", f"{lists}/{emptied}/memberships")
            api.call("PUT", f"{lists}/{copy}/memberships/add-from/{whole}")
            api.call("PUT", f"{lists}/{copy}/update-list-name?listName=Copy")
            api.post(f"{COMPANIES}/merge", {"primaryObjectId": two, "objectIdToMerge": one})
            api.post(f"{CONTACTS}/merge", {"primaryObjectId": grace, "objectIdToMerge": ada})
            after = dump(sandbox.portal)
        with Sandbox(database=file) as sandbox:
            assert dump(sandbox.portal) == after
            sandbox.portal.erase(sandbox.portal.contact("ada@example.com"))  # type: ignore[arg-type]
            erased = dump(sandbox.portal)
        with Sandbox(database=file) as sandbox:
            assert dump(sandbox.portal) == erased

        assert [len(each["members"]) for each in before["lists"]] == [2, 2, 2, 0]
        assert [len(each["members"]) for each in after["lists"]] == [1, 1, 0, 1]
        assert [len(state["associations"]["links"]) for state in (before, after, erased)] == [3, 1, 0]

    def test_what_changes_no_record_is_kept(self, file: Path) -> None:
        """A second company, a label and a membership alone are worth writing, too."""
        with Sandbox(SEEDS, database=file) as sandbox:
            api = Api(sandbox)
            ada, (one, two) = api.id("ada@example.com"), [make(api, COMPANIES, name=name) for name in "12"]
            associate(api, ada, one)
            associate(api, ada, two)
            before = deepcopy(dump(sandbox.portal))
        with Sandbox(database=file) as sandbox:
            assert dump(sandbox.portal) == before
            label = {"label": "Manages", "name": "manages"}
            api = Api(sandbox)
            whole, copy = new_list(api, "Whole"), new_list(api, "Copy")
            api.call("PUT", f"/crm/lists/2026-09/{whole}/memberships/add", [ada])
            api.post("/crm/v4/associations/contacts/companies/labels", label)
        with Sandbox(database=file) as sandbox:
            assert len(dump(sandbox.portal)["associations"]["labels"]) == 2
            Api(sandbox).call("PUT", f"/crm/lists/2026-09/{copy}/memberships/add-from/{whole}")
        with Sandbox(database=file) as sandbox:
            assert [list(each["members"]) for each in dump(sandbox.portal)["lists"]] == [[ada], [ada]]

    def test_a_restored_snapshot_is_kept_whole(self, file: Path) -> None:
        """Its associations and members are in the file, and no later ones."""
        with Sandbox(SEEDS, database=file) as sandbox:
            api = Api(sandbox)
            ada, grace = (sandbox.portal.contact(seed["email"]).id for seed in SEEDS)  # type: ignore[union-attr]
            company, members = make(api, COMPANIES, name="One"), new_list(api, "L")
            associate(api, ada, company)
            api.call("PUT", f"/crm/lists/2026-09/{members}/memberships/add", [ada])
            sandbox.application.snapshots.take("s")
            before = deepcopy(dump(sandbox.portal))
            associate(api, grace, company)
            api.call("PUT", f"/crm/lists/2026-09/{members}/memberships/add", [grace])
            sandbox.application.restore("s")
        with Sandbox(database=file) as sandbox:
            assert dump(sandbox.portal) == before

    def test_one_change_is_one_row(self, file: Path) -> None:
        """However many members and associations there are, what stays is not written again."""
        seeds = [{"email": f"c{number}@x.org"} for number in range(300)]
        with Sandbox(seeds, database=file) as sandbox:
            api = Api(sandbox)
            ids = list(sandbox.portal.contacts)
            company, members = make(api, COMPANIES, name="One"), new_list(api, "L")
            pairs = [{"from": {"id": each}, "to": {"id": company}} for each in ids[1:]]
            path = "/crm/v4/associations/contacts/companies/batch/associate/default"
            assert api.post(path, {"inputs": pairs}).status == 200
            api.call("PUT", f"/crm/lists/2026-09/{members}/memberships/add", ids[1:])
        with sqlite3.connect(file) as connection:
            connection.executescript(WATCH)
        connection.close()
        with Sandbox(database=file) as sandbox:
            api = Api(sandbox)
            associate(api, ids[0], company)
            api.call("PUT", f"/crm/lists/2026-09/{members}/memberships/add", ids[:1])
        with sqlite3.connect(file) as connection:
            written = connection.execute("SELECT name FROM written ORDER BY name").fetchall()
        connection.close()

        assert written == [("association",), ("member",)]

    def test_an_import_goes_on(self, file: Path) -> None:
        """An import that was at its second row goes on with the third; its file is dropped at the end."""
        clock = Clock()
        pace = ImportPace(delay=0, rows_a_second=1)
        with Sandbox(database=file, clock=clock, import_pace=pace) as sandbox:
            started = start_import(
                Api(sandbox), "email,firstname\n" + "".join(f"c{n}@x.org,N\n" for n in range(4))
            )
            clock.now += 2
            Api(sandbox).get(f"/crm/v3/imports/{started.body['id']}")
            assert len(sandbox.portal.contacts) == 2
        with Sandbox(database=file, clock=clock, import_pace=pace) as sandbox:
            assert len(sandbox.portal.contacts) == 2
            clock.now += 1
            running = Api(sandbox).get(f"/crm/v3/imports/{started.body['id']}").body
            third = max(sandbox.portal.contacts.values(), key=lambda contact: contact.id).email
            clock.now += 60
            done = Api(sandbox).get(f"/crm/v3/imports/{started.body['id']}").body
        with Sandbox(database=file, clock=clock) as sandbox:
            again = Api(sandbox).get(f"/crm/v3/imports/{started.body['id']}").body
            second = start_import(Api(sandbox), "email\nz@x.org\n").body
        with sqlite3.connect(file) as connection:
            files = connection.execute("SELECT count(*) FROM import_file").fetchone()[0]
        connection.close()

        assert (running["state"], third) == ("PROCESSING", "c2@x.org")
        assert done["state"] == "DONE"
        assert done["metadata"]["counters"]["CREATED_OBJECTS"] == 4
        assert again == done
        assert second["id"] > started.body["id"]
        assert files == 1  # the second one's


def start_import(api: Api, content: str) -> Answer:
    names = content.split("\n", 1)[0].split(",")
    kinds = {"email": "HUBSPOT_ALTERNATE_ID"}
    columns: list[dict[str, Any]] = [
        {
            "columnObjectTypeId": "0-1",
            "columnName": name,
            "propertyName": name,
            "columnType": kinds.get(name, "STANDARD"),
        }
        for name in names
    ]
    request = {
        "name": "import",
        "importOperations": {"0-1": "UPSERT"},
        "files": [
            {
                "fileName": "a.csv",
                "fileFormat": "CSV",
                "fileImportPage": {"hasHeader": True, "columnMappings": columns},
            }
        ],
    }
    body = (
        '--b\r\nContent-Disposition: form-data; name="importRequest"\r\n\r\n'
        f"{json.dumps(request)}\r\n"
        '--b\r\nContent-Disposition: form-data; name="files"; filename="a.csv"\r\n\r\n'
        f"{content}\r\n--b--\r\n"
    )
    return api.call(
        "POST", "/crm/v3/imports", body.encode(), {"Content-Type": "multipart/form-data; boundary=b"}
    )


def make(api: Api, root: str, **properties: str) -> str:
    new: str = api.post(root, {"properties": properties}).body["id"]
    return new


def associate(api: Api, contact: str, company: str) -> None:
    path = f"/crm/v4/objects/contacts/{contact}/associations/default/companies/{company}"
    assert api.call("PUT", path).status == 200


def new_list(api: Api, name: str) -> str:
    body = {"name": name, "objectTypeId": "0-1", "processingType": "MANUAL"}
    new: str = api.post("/crm/lists/2026-09", body).body["list"]["listId"]
    return new


WATCH = """
CREATE TABLE written (name);
CREATE TRIGGER of_contact AFTER INSERT ON association BEGIN INSERT INTO written VALUES ('association'); END;
CREATE TRIGGER of_list AFTER INSERT ON member BEGIN INSERT INTO written VALUES ('member'); END;
"""
"""Lets a file note each row that is written into these tables."""


class TestKill:
    def test_what_was_answered_survives_sigkill(self, file: Path) -> None:
        """A process that is killed in the middle of many writes has kept all that it answered."""
        answered: dict[int, int] = {}
        process, url = a_process(file)
        writers = [threading.Thread(target=write_on, args=(url, worker, answered)) for worker in range(4)]
        for writer in writers:
            writer.start()
        while len(answered) < 4 or min(answered.values()) < 20:
            assert process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
        for writer in writers:
            writer.join()

        with Sandbox(database=file) as sandbox:
            kept = {
                worker: int(Api(sandbox).stored(f"w{worker}@x.org", "firstname") or 0) for worker in answered
            }

        assert all(kept[worker] in {last, last + 1} for worker, last in answered.items())

    def test_the_file_is_free_after_a_kill(self, file: Path) -> None:
        """Nothing has to be mended or deleted before the next start."""
        process, _ = a_process(file)
        process.kill()
        process.wait()

        with Sandbox(database=file) as sandbox:
            assert sandbox.portal.contacts == {}


def a_process(file: Path) -> tuple[subprocess.Popen[str], str]:
    command = [sys.executable, "-m", "airflow_provider_hubcontact.sandbox", "--port", "0", "--token", "t"]
    process = subprocess.Popen(
        [*command, "--rate-limit", "off", "--db", str(file)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    return process, process.stdout.readline().split()[2].removeprefix("http://")


def write_on(address: str, worker: int, answered: dict[int, int]) -> None:
    """Count up in a contact until nobody answers."""
    import http.client  # noqa: PLC0415

    connection = http.client.HTTPConnection(address, timeout=5)
    email = f"w{worker}@x.org"
    for number in range(1, 100_000):
        body = {"inputs": [{"id": email, "idProperty": "email", "properties": {"firstname": str(number)}}]}
        try:
            connection.request(
                "POST", f"{CONTACTS}/batch/upsert", json.dumps(body), {"Authorization": "Bearer t"}
            )
            if connection.getresponse().read():
                answered[worker] = number
        except OSError:
            return
        except http.client.HTTPException:
            return


def execute(file: Path, statement: str) -> None:
    """Change a file as another process would, without waiting for one that holds it."""
    with sqlite3.connect(file, timeout=0) as connection:
        connection.execute(statement)
    connection.close()


class TestFile:
    def test_it_is_the_owners_alone(self, file: Path) -> None:
        """It holds tokens: nobody else may read it."""
        with Sandbox(SEEDS, database=file):
            assert {each.stat().st_mode & 0o077 for each in file.parent.iterdir()} == {0}

    def test_two_cannot_have_it(self, file: Path) -> None:
        """A second sandbox says that the file is in use."""
        with Sandbox(database=file), pytest.raises(StoreError, match=r"portal\.sqlite: database is locked"):
            Sandbox(database=file)

    @pytest.mark.parametrize(
        ("content", "says"),
        [
            (b"email,firstname\n" * 99, "not a database"),
            (None, "another program"),
        ],
        ids=["no database", "another database"],
    )
    def test_it_must_be_a_sandboxs(self, file: Path, content: bytes | None, says: str) -> None:
        """Another file is refused, and left alone."""
        if content is None:
            with sqlite3.connect(file) as connection:
                connection.execute("CREATE TABLE mine (x)")
            connection.close()
        else:
            file.write_bytes(content)

        with pytest.raises(StoreError, match=says):
            Sandbox(SEEDS, database=file)

        assert content is None or file.read_bytes() == content

    def test_a_damaged_state_is_refused(self, file: Path) -> None:
        """A contact that is none is named."""
        with Sandbox(SEEDS, database=file):
            pass
        execute(file, "UPDATE record SET body = json_set(body, '$.created_at', 'soon')")

        with pytest.raises(StoreError, match="'soon' is not of type int"):
            Sandbox(database=file)

    def test_a_file_that_is_refused_is_let_go(self, file: Path) -> None:
        """Another process can mend it while the error is still looked at."""
        with Sandbox(SEEDS, database=file):
            pass
        execute(file, "UPDATE part SET name = 'watch' WHERE name = 'clock'")

        with pytest.raises(StoreError, match="clock is missing") as refused:
            Sandbox(database=file)

        execute(file, "UPDATE part SET name = 'clock' WHERE name = 'watch'")
        with Sandbox(database=file) as sandbox:
            assert len(sandbox.portal.contacts) == len(SEEDS)
        assert "portal.sqlite" in str(refused.value)

    def test_a_directory_that_is_not_there(self, tmp_path: Path) -> None:
        """The error names the file."""
        with pytest.raises(StoreError, match="none/portal"):
            Sandbox(database=tmp_path / "none" / "portal")
