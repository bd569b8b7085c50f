# SPDX-License-Identifier: Apache-2.0
"""The sandbox as a process, a context manager and a pytest fixture."""

from __future__ import annotations

import asyncio
import http.client
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_hubcontact.sandbox import Definition, Sandbox, Switches
from airflow_provider_hubcontact.sandbox.access.tokens import OAuthClient
from airflow_provider_hubcontact.sandbox.errors.properties import PropertyExists
from airflow_provider_hubcontact.sandbox.http.routing import MAX_BODY
from tests.sandbox.calling import CONTACTS, Api

pytest_plugins = ["airflow_provider_hubcontact.sandbox.pytest_plugin"]

COMMAND = [sys.executable, "-m", "airflow_provider_hubcontact.sandbox"]
ROOT = Path(__file__).parents[2]


@contextmanager
def a_process(*options: str) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """Run the command line on a free port; give the process, its first line and its host and port."""
    command = [*COMMAND, "--port", "0", *options]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            yield process, line, line.split("http://", 1)[-1].split(" ")[0].strip()
        finally:
            process.kill()


def ended(*options: str) -> subprocess.CompletedProcess[str]:
    """Run a command line that ends by itself."""
    return subprocess.run(
        [*COMMAND, *options], capture_output=True, text=True, cwd=ROOT, timeout=30, check=False
    )


class TestContextManager:
    def test_it_listens_only_inside_of_the_block(self) -> None:
        """The address answers inside of ``with``, and nobody listens there afterwards."""
        before = threading.active_count()
        with Sandbox() as sandbox:
            assert Api(sandbox).get(f"{CONTACTS}/1").status == 404

        with pytest.raises(ConnectionRefusedError):
            Api(sandbox).get(f"{CONTACTS}/1")
        assert threading.active_count() == before

    def test_two_know_nothing_of_each_other(self) -> None:
        """Each has its own port and its own contacts."""
        with Sandbox([{"email": "a@x.org"}]) as one, Sandbox() as two:
            assert one.url != two.url
            assert (len(one.portal.contacts), len(two.portal.contacts)) == (1, 0)

    def test_it_stops_at_once(self) -> None:
        """A call that still waits for its answer does not keep the sandbox from stopping."""
        with Sandbox(latency=30) as sandbox:
            waiting = http.client.HTTPConnection(sandbox.url.removeprefix("http://"))
            waiting.request("GET", f"{CONTACTS}/1", headers={"Authorization": f"Bearer {sandbox.token}"})
            time.sleep(0.3)
            started = time.monotonic()

        assert time.monotonic() - started < 2
        waiting.close()

    def test_reset(self, api: Api) -> None:
        """Contacts, properties, tokens and the log are as they were at the start."""
        properties = {"name": "x", "label": "X", "type": "string", "fieldType": "text"}
        api.post("/crm/v3/properties/contacts", properties | {"groupName": "contactinformation"})
        api.patch(f"{CONTACTS}/{api.id('ada@example.com')}", {"properties": {"email": "b@x.org", "x": "1"}})
        api.sandbox.access.revoke(api.sandbox.token)

        api.sandbox.reset()

        assert api.sandbox.requests == []
        assert api.stored("ada@example.com", "firstname") == "Ada"
        assert api.sandbox.portal.contact("b@x.org") is None
        assert api.get("/crm/v3/properties/contacts/x").status == 404

    def test_latency_does_not_block(self) -> None:
        """Ten calls at once take as long as one."""
        with Sandbox(latency=0.3) as sandbox:
            threads = [threading.Thread(target=Api(sandbox).get, args=(f"{CONTACTS}/1",)) for _ in range(10)]
            started = time.monotonic()
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            took = time.monotonic() - started

        assert 0.3 <= took < 1.5
        assert len(sandbox.requests) == 10

    def test_the_log_has_a_call_before_its_answer_arrives(self) -> None:
        """So that whoever has all answers can count the calls: the log never comes after them."""
        sandbox = Sandbox()
        logged: list[list[int]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b""}

        async def send(_: object) -> None:
            logged.append([each.status for each in sandbox.requests])

        call = {"method": "GET", "raw_path": f"{CONTACTS}/1".encode(), "query_string": b"", "headers": []}
        asyncio.run(sandbox.application(call, receive, send))

        assert logged == [[401], [401]]  # at the head, and at the body

    def test_answers_do_not_wait_to_be_acknowledged(self, api: Api) -> None:
        """Answers of several packets on one connection come at once, not 40 ms later each."""
        started = time.monotonic()
        for _ in range(25):
            api.get("/crm/v3/properties/contacts")

        assert time.monotonic() - started < 0.8

    def test_a_taken_port_is_an_error(self) -> None:
        """Two cannot listen on one port."""
        with Sandbox() as sandbox, pytest.raises(OSError, match="in use"):
            Sandbox(port=int(sandbox.url.rpartition(":")[2])).start()

    @pytest.mark.parametrize(
        ("contact", "says"),
        [
            ({"email": "nonsense"}, "Email address nonsense is invalid"),
            ({"email": "a@x.org", "nope": "1"}, "does not exist"),
            ({"email": "A@b.org"}, "Contact already exists"),
            ({"email": "c@x.org", "hs_additional_emails": "a@b.org"}, "Contact already exists"),
        ],
    )
    def test_contacts_that_hubspot_could_not_have(self, contact: dict[str, str], says: str) -> None:
        """A contact of the start breaks no rule, and the error says which one does."""
        with pytest.raises(ValueError, match=f"contact 2: .*{says}"):
            Sandbox([{"email": "a@b.org"}, contact])

    @pytest.mark.parametrize("settings", [{"old_email": "lost"}, {"nope": "1"}])
    def test_a_switch_that_is_none(self, settings: dict[str, str]) -> None:
        """An unknown switch or value is refused with those that exist."""
        with pytest.raises(ValueError, match=r"old_email|batch_update_by_email"):
            Switches().flipped(settings)


class TestWire:
    def test_the_correlation_id_is_in_header_and_body(self, api: Api) -> None:
        """Every answer has one of its own, and an error repeats it."""
        answers = [api.get(f"{CONTACTS}/1") for _ in range(2)]

        ids = [answer.headers["x-hubspot-correlation-id"] for answer in answers]
        assert [answer.body["correlationId"] for answer in answers] == ids
        assert ids[0] != ids[1]
        assert answers[0].headers["content-type"] == "application/json;charset=utf-8"

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "/nothing?token=secret"),
            ("PUT", CONTACTS),
            ("POST", "/crm/objects/2026-09/deals"),
            ("POST", "/crm/objects/2030-03/contacts"),
            ("GET", f"{CONTACTS}/{{}}/x"),
            ("POST", "//"),
        ],
    )
    def test_what_is_not_emulated_says_so(self, api: Api, method: str, path: str) -> None:
        """501 with the method and the path, without the query."""
        answer = api.call(method, path)

        assert answer.status == 501
        assert "x-hubspot-ratelimit-max" in answer.headers
        sentence = f"The sandbox does not emulate {method} {path.split('?', maxsplit=1)[0]}."
        assert answer.message.startswith(f"{sentence} ")
        assert answer.body["category"] == "NOT_EMULATED"

    def test_a_body_that_is_too_large(self, api: Api) -> None:
        """413 for more than anybody sends; the sandbox lives on."""
        assert api.call("POST", CONTACTS, b" " * (MAX_BODY + 1)).status == 413
        assert api.get(f"{CONTACTS}/{api.id('ada@example.com')}").status == 200

    def test_a_bug_of_the_sandbox_is_a_500(self, api: Api, caplog: pytest.LogCaptureFixture) -> None:
        """It is answered and logged with its traceback, and the sandbox lives on."""
        api.sandbox.portal.collections.clear()

        answer = api.get(f"{CONTACTS}/1")

        assert answer.status == 500
        assert answer.body["correlationId"] == answer.headers["x-hubspot-correlation-id"]
        assert "KeyError" in caplog.text
        assert api.get("/account-info/v3/details").status == 200


class TestState:
    def test_a_test_can_change_the_portal_itself(self, api: Api) -> None:
        """Contacts can be created, changed, looked at and deleted without a call."""
        portal = api.sandbox.portal
        contact = portal.create({"email": "b@x.org", "city": "Rome"})
        portal.update(contact, {"city": "Oslo"})

        assert portal.contact("B@x.org") is portal.contact(contact.id) is contact
        assert [version.value for version in contact.history["city"]] == ["Oslo", "Rome"]
        assert api.get(f"{CONTACTS}/{contact.id}?properties=city").body["properties"]["city"] == "Oslo"
        portal.archive(contact)
        assert api.get(f"{CONTACTS}/{contact.id}").status == 404

    def test_a_definition_can_be_given(self, api: Api) -> None:
        """A property can be defined without a call, once."""
        api.sandbox.portal.define(Definition("shoe_size", "Shoe size", "number", "number"))

        assert api.get("/crm/v3/properties/contacts/shoe_size").status == 200
        with pytest.raises(PropertyExists):
            api.sandbox.portal.define(Definition("shoe_size", "Shoe size"))


class TestPlugin:
    def test_a_fixture_is_a_sandbox(self, hubspot_sandbox: Sandbox) -> None:
        """``hubspot_sandbox`` is empty when a test begins."""
        assert hubspot_sandbox.portal.contacts == {}
        hubspot_sandbox.portal.create({"email": "left@over.org"})

    def test_it_is_new_for_each_test(self, hubspot_sandbox: Sandbox) -> None:
        """Nothing of the test before is left."""
        assert hubspot_sandbox.portal.contacts == {}
        assert Api(hubspot_sandbox).get(f"{CONTACTS}/1").status == 404


SIGNAL_IN_THE_WAIT = """
import os, signal, sys, threading
from airflow_provider_hubcontact.sandbox.__main__ import main

def end():
    os.kill(os.getpid(), signal.SIGTERM)

def with_the_lock(frame, event, argument):
    if frame.f_locals["self"]._cond._is_owned():
        sys.settrace(None)
        end()
        return None
    return with_the_lock

def of_main(frame, event, argument):
    waits = frame.f_code is threading.Event.wait.__code__ and frame.f_back.f_code is main.__code__
    return with_the_lock if waits else None

later = threading.Timer(2, end)
later.daemon = True
later.start()
sys.settrace(of_main)
sys.exit(main(["--port", "0"]))
"""
"""Sends the signal while an event's lock is held; if there is no event, when the server has begun."""


class TestCommand:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_it_serves_until_a_signal(self, number: signal.Signals) -> None:
        """One line tells the address; a signal ends it at once, with success."""
        with a_process("--contacts-count", "25", "--token", "t", "--portal-id", "7") as (
            process,
            line,
            address,
        ):
            assert "25 contacts" in line
            connection = http.client.HTTPConnection(address, timeout=10)
            connection.request("GET", "/account-info/v3/details", headers={"Authorization": "Bearer t"})
            response = connection.getresponse()
            assert response.status == 200
            assert b'"portalId":7' in response.read()
            assert response.headers["X-HubSpot-RateLimit-Max"] == "190"

            started = time.monotonic()
            process.send_signal(number)
            _, errors = process.communicate(timeout=10)

        assert process.returncode == 0
        assert time.monotonic() - started < 2
        assert errors == ""

    def test_a_signal_just_when_it_begins_to_wait(self) -> None:
        """The handler, which runs in the midst of the wait, needs no lock that the wait holds."""
        done = subprocess.run(
            [sys.executable, "-c", SIGNAL_IN_THE_WAIT],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

        assert (done.returncode, done.stderr) == (0, "")

    def test_everything_can_be_set(self, tmp_path: Path) -> None:
        """Contacts from a file, scopes, limits, latency, OAuth and switches."""
        file = tmp_path / "contacts.csv"
        file.write_text("email,firstname\nada@example.com,Ada\n", encoding="utf-8")
        options = ["--contacts", str(file), "--scope", "crm.objects.contacts.read", "--rate-limit", "5/10s"]
        options += [
            "--daily-limit",
            "9",
            "--latency",
            "0.01",
            "--oauth-client",
            "a:b:c",
            "--time-zone",
            "UTC",
        ]
        options += ["--switch", "result_order=input", "--switch", "old_email=secondary", "--token", "t"]
        options += ["--required", "firstname", "--required-if", "company:lifecyclestage=customer"]
        options += ["--search-lag", "3", "--v1-batch-delay", "1"]
        with a_process(*options) as (_, line, address):
            connection = http.client.HTTPConnection(address, timeout=10)
            connection.request("POST", CONTACTS, b"{}", {"Authorization": "Bearer t"})
            response = connection.getresponse()

            assert "with 1 contact;" in line
            assert response.status == 403
            assert response.headers["X-HubSpot-RateLimit-Max"] == "5"
            assert response.headers["X-HubSpot-RateLimit-Daily"] == "9"

    def test_other_machines_are_warned_of(self) -> None:
        """An address that is not loopback gets a warning."""
        with a_process("--host", "0.0.0.0") as (process, _, _):  # noqa: S104 - that is the point
            process.terminate()
            _, errors = process.communicate(timeout=10)

        assert "not a loopback address" in errors

    @pytest.mark.parametrize(
        ("options", "says"),
        [
            (["--rate-limit", "fast"], "190/10s, or off"),
            (["--switch", "nope=1"], "There is no switch 'nope'"),
            (["--switch", "old_email=lost"], "dropped, secondary"),
            (["--oauth-client", "a:hush"], "ID:SECRET:REFRESH_TOKEN"),
            (["--latency", "-1"], "not between 0 and 86,400"),
            (["--required-if", "company"], "company:lifecyclestage=customer"),
            (["--required", "shoe_size", "--port", "0"], "no property shoe_size"),
            (["--port", "x"], "is not a number"),
            (["--port", "99999"], "not between"),
            (["--contacts", "no/such.csv"], "no/such.csv"),
            (["--time-zone", "Moon/Base", "--port", "0"], "Moon/Base"),
            (["--host", "no.such.host.invalid"], "no.such.host.invalid"),
        ],
    )
    def test_a_wrong_option(self, options: list[str], says: str) -> None:
        """It ends with what is wrong, without a traceback, and without the secret."""
        result = ended(*options)

        assert result.returncode != 0
        assert says in result.stderr
        assert "Traceback" not in result.stderr
        assert "hush" not in result.stderr

    def test_a_taken_port(self) -> None:
        """It says which, and how to take another one."""
        with Sandbox() as sandbox:
            port = sandbox.url.rpartition(":")[2]
            result = ended("--port", port)

        assert result.returncode == 2
        assert f"Port {port} is in use" in result.stderr
        assert "--port 0" in result.stderr

    def test_help_teaches(self) -> None:
        """``--help`` has examples, every switch, and the address of the default token."""
        text = ended("--help").stdout

        assert "--contacts-count 5000" in text
        assert all(name in text for name in Switches.choices())

    @pytest.mark.parametrize("missing", ["uvicorn", "httptools", "orjson"])
    def test_without_its_libraries_it_says_how_to_install_them(self, missing: str) -> None:
        """A missing library is named, with the extra that brings it."""
        code = (
            "import importlib.util as util, sys; real = util.find_spec; "
            f"util.find_spec = lambda name, *rest: None if name == {missing!r} else real(name, *rest); "
            "from airflow_provider_hubcontact.sandbox.__main__ import main; main(['--port', '0'])"
        )

        result = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=30, check=False
        )

        assert result.returncode == 2
        assert f"without {missing}" in result.stderr
        assert "pip install 'airflow-provider-hubcontact[sandbox]'" in result.stderr
        assert "Traceback" not in result.stderr


def test_the_package_needs_no_server_library() -> None:
    """Importing the sandbox loads no server: only starting one does."""
    code = (
        "import sys, airflow_provider_hubcontact.sandbox; "
        "print({'uvicorn', 'orjson', 'httptools', 'airflow', 'requests'} & set(sys.modules))"
    )

    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )

    assert loaded.stdout.strip() == "set()"


def test_an_oauth_client_is_read() -> None:
    """The command line's form has the id, the secret and the refresh token."""
    assert OAuthClient.parse("a:b:c") == OAuthClient("a", "b", "c")
