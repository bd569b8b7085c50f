# SPDX-License-Identifier: Apache-2.0
"""A run against a portal that stands in for HubSpot: what it finds, and how it leaves the portal."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_hubcontact.sandbox import Sandbox
from tests.contract.__main__ import TOKEN, main
from tests.contract.answers import Answer, Request
from tests.contract.http_target import MOST_CALLS, Http, Token, TooManyCalls, Trouble
from tests.contract.live import CALLS_TO_TIDY_UP, ask_portal, chosen
from tests.contract.portals import OTHER_WAY, PORTAL_ID, SECRET, STRANGERS, Ran, http, ours, portal, run
from tests.contract.questions import QUESTIONS
from tests.contract.sandbox_clock import SandboxClock
from tests.contract.scenario import CONTACTS, NOBODY, Surroundings
from tests.contract.scenarios import SCENARIOS
from tests.contract.scrubbing import FAMILY, FIRST_NUMBER, MILLISECONDS, MOMENT, NAME, PORTAL, RUN, SOMEBODY

ROOT = Path(__file__).parents[2]
SOME = ["patch_address", "batch_create", "v1_create", "create_property"]
HERE = Surroundings("run0000000a")


OWN_ADDRESSES = f".{RUN}@{FAMILY}.example.com"


def is_stand_in(number: str) -> bool:
    """Check whether a number is one that scrubbing puts in the place of others, or a scenario's own."""
    known = {MILLISECONDS, NOBODY, "1641038400000"}
    return number in known or FIRST_NUMBER <= int(number) <= int(PORTAL)


def strangers(hubspot: Sandbox) -> list[dict[str, str]]:
    """Return all that the portal knows of contacts that are not the tests'."""
    found = map(hubspot.portal.contact, (each["email"] for each in STRANGERS))
    return [dict(contact.properties) for contact in found if contact is not None]


class TestWithoutToken:
    def test_nothing_is_tested(self, capsys: pytest.CaptureFixture[str]) -> None:
        """It says so as the other targets do, and is no failure."""
        assert main([], {}) == 0
        assert capsys.readouterr().out.startswith("NOT TESTED")
        with pytest.raises(SystemExit, match="0"):
            main(["--help"], {})
        assert capsys.readouterr().out.startswith("usage")


@pytest.fixture(scope="module")
def left() -> dict[str, Any]:
    return {}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, left: dict[str, Any]) -> Ran:
    """Run everything, once, against a portal that answers all questions otherwise."""
    folder = tmp_path_factory.mktemp("ran")
    with portal(OTHER_WAY) as hubspot:
        before = strangers(hubspot)
        done = run(hubspot, folder, "--record", "--recordings", str(folder / "recordings"))
        left |= {"before": before, "after": strangers(hubspot), "ours": ours(hubspot)}
        left |= {"properties": set(hubspot.portal.definitions), "calls": len(hubspot.requests)}
        left["recordings"] = [file.read_text() for file in sorted((folder / "recordings").iterdir())]
    return done


class TestRun:
    def test_exactly_the_switches_are_found(self, ran: Ran) -> None:
        """The options to start a sandbox with are printed, and with them nothing differs."""
        options = " ".join(f"--switch {name}={value}" for name, value in OTHER_WAY.items())

        assert ran.status == 0
        assert options in ran.output
        assert options in ran.report
        assert "0 differences" in ran.report
        assert "still open" not in ran.report

    def test_the_questions_are_asked_first(self, ran: Ran) -> None:
        """A run that is cut short has asked what is open."""
        asked = re.findall(r"^(\w+): answered$", ran.output, re.MULTILINE)
        questions = {each.scenario for each in QUESTIONS.values()}

        assert len(asked) == len(SCENARIOS)
        assert set(asked[: len(questions)]) == questions

    def test_nothing_is_left(self, ran: Ran, left: dict[str, Any]) -> None:
        """All contacts and properties of the run are gone, and the others are as they were."""
        assert left["ours"] == set()
        assert left["after"] == left["before"]
        assert [name for name in left["properties"] if "contract" in name] == []

    def test_calls_are_few(self, ran: Ran, left: dict[str, Any]) -> None:
        """All scenarios together stay far below what a run may send, and the report says how many it sent."""
        assert left["calls"] < 500
        assert f"{left['calls']} calls" in ran.report

    def test_the_pages_say_how_much(self, left: dict[str, Any]) -> None:
        """Numbers and names of the pages are those of a run."""
        contributing = " ".join((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split())
        sandbox = " ".join((ROOT / "docs" / "sandbox.md").read_text(encoding="utf-8").split())
        (calls,) = map(int, re.findall(r"A run takes about (\d+)", contributing))
        (scenarios,) = map(int, re.findall(r"sends about (\d+) scenarios", sandbox))

        assert abs(calls - left["calls"]) <= 10
        assert abs(scenarios - len(SCENARIOS)) <= 5
        assert f"{MOST_CALLS:,} calls at most, {CALLS_TO_TIDY_UP} of them for tidying up" in contributing
        assert f"the last name `{FAMILY}` and an address below `{FAMILY}.example.com`" in contributing
        assert f"begins with `{FAMILY.replace('-', '_')}_{RUN}`" in contributing

    @pytest.mark.parametrize(
        "portals",
        [
            *(SECRET, SECRET.removeprefix("pat-eu1-"), str(PORTAL_ID)),
            *("51234567", "98765432", "Olga", "Ownerova", "hara", "owners.example.net"),
            *("stranger", "17159100"),
        ],
    )
    def test_nothing_of_the_portal_is_kept(self, ran: Ran, left: dict[str, Any], portals: str) -> None:
        """No token, portal id, record id, owner or stranger is in the report, the output or a recording."""
        for text in (ran.report, ran.output, *left["recordings"]):
            assert portals not in text

    def test_nothing_of_the_run_is_kept(self, ran: Ran, left: dict[str, Any]) -> None:
        """Another run makes the same recordings: they have no id of the run, no date and no other address."""
        for text in (ran.report, *left["recordings"]):
            assert re.findall(r"run[0-9a-f]{8}", text) == []
            assert set(re.findall(r"\d{4}-\d\d-\d\dT[\d:.]+Z", text)) <= {MOMENT, "2022-01-01T12:00:00Z"}
            found = set(re.findall(r"[\w.'+-]+@[\w-]+(?:\.[\w-]+)+", text))
            assert [each for each in found if not each.lower().endswith((OWN_ADDRESSES, SOMEBODY))] == []
            assert [
                each for each in re.findall(r"(?<![\d.])[1-9]\d{10,}(?!\d)", text) if not is_stand_in(each)
            ] == []

    def test_recordings_are_whole(self, left: dict[str, Any]) -> None:
        """Each scenario has one, so that the tests above look at all that is kept."""
        assert len(left["recordings"]) == len(SCENARIOS)
        assert any(SOMEBODY in text and NAME in text for text in left["recordings"])


class TestDifferences:
    def test_an_answer_that_differs_is_a_row(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """What the portal answers otherwise is in the report, and the run does not end well."""
        hubspot.use_faults({"rules": [{"on": "DELETE /crm/*", "kind": "status", "status": 418}]})
        ran = run(hubspot, tmp_path, "--only", "archive")

        rows = [line.split("|")[2:6] for line in ran.report.splitlines() if line.startswith("| `archive`")]
        assert ran.status == 1
        assert ["`delete`", "`status`", "`204`", "`418`"] in [[cell.strip() for cell in row] for row in rows]
        assert "- `archive`: Delete archives" in ran.report
        assert ours(hubspot) == set()

    def test_what_cannot_be_prepared_is_not_compared(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """The scenario is told with the reason, and it leaves its question open."""
        hubspot.use_faults({"rules": [{"on": f"POST {CONTACTS}", "kind": "status", "status": 500}]})
        ran = run(hubspot, tmp_path, "--only", "patch_address", "--only", "oauth_parameters")

        assert "- `patch_address`: `POST /crm/objects/2026-09/contacts: 500" in ran.report
        assert "| `old_email` | still open: `POST" in ran.report
        assert "| `oauth_json` | `415` |" in ran.report

    def test_a_portal_that_goes_silent(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """After three scenarios without an answer no more are asked."""
        hubspot.use_faults({"rules": [{"kind": "reset", "on": "POST /crm/objects/*/contacts", "after": 3}]})
        ran = run(hubspot, tmp_path)

        assert ran.status == 2
        assert "got no answer: ConnectionError" in ran.output
        assert ours(hubspot) == set()

    def test_an_index_that_is_behind(self, tmp_path: Path) -> None:
        """A search is repeated until it finds, so that a slow one is no difference."""
        with portal(search_lag=1.0) as hubspot:
            ran = run(hubspot, tmp_path, "--only", "search")

        assert ran.status == 0, ran.report


class TestAccount:
    @pytest.mark.parametrize("kind", ["STANDARD", "SANDBOX", "APP_DEVELOPER"])
    def test_another_account_is_refused(self, tmp_path: Path, kind: str) -> None:
        """Nothing but the question what it is was sent to it."""
        with portal(account_type=kind) as hubspot:
            ran = run(hubspot, tmp_path)

            assert ran.status == 2
            assert f"the type {kind}" in ran.output
            assert [request.path for request in hubspot.requests] == ["/account-info/v3/details"]

    def test_unless_forced(self, tmp_path: Path) -> None:
        """Who insists may ask any account."""
        with portal(account_type="STANDARD") as hubspot:
            assert run(hubspot, tmp_path, "--force", "--only", "create").status == 0

    def test_a_bad_token(self, tmp_path: Path) -> None:
        """It is a refusal that does not show it."""
        with portal(token="pat-eu1-another") as hubspot:
            ran = run(hubspot, tmp_path)

        assert ran.status == 2
        assert "401" in ran.output
        assert SECRET not in ran.output

    def test_a_token_that_may_not_search(self, tmp_path: Path) -> None:
        """Who cannot tidy up does not begin."""
        with portal(scopes=["crm.objects.contacts.write"]) as hubspot:
            ran = run(hubspot, tmp_path)

            assert ran.status == 2
            assert "does not let this token search contacts: 403" in ran.output
            assert ours(hubspot) == set()

    def test_a_token_with_few_scopes(self, tmp_path: Path) -> None:
        """What it may not ask is told as not compared, and is no failure."""
        scopes = ["crm.objects.contacts.read", "crm.objects.contacts.write"]
        with portal(scopes=scopes) as hubspot:
            names = ["create", "owners", "company", "first_company", "list_of_contacts", "import_bad_value"]
            ran = run(hubspot, tmp_path, *(part for name in names for part in ("--only", name)))
            left = ours(hubspot)

        assert ran.status == 0, ran.output
        assert set(re.findall(r"^- `(\w+)`: `", ran.report, re.MULTILINE)) == set(names) - {"create"}
        assert "the others stay open" in ran.output
        assert left == set()


class TestCalls:
    def test_one_too_many_is_not_sent(self, hubspot: Sandbox) -> None:
        """A thousand calls are the most, whoever asks for more."""
        target = http(hubspot)
        target.counting.calls = 999
        target.call("GET", "/account-info/v3/details")

        with pytest.raises(TooManyCalls):
            target.call("GET", "/account-info/v3/details")
        assert len(hubspot.requests) == 1

    def test_calls_that_are_sent_again_count(self, hubspot: Sandbox) -> None:
        """A 429 is waited out, four calls in all."""
        hubspot.use_faults({"rules": [{"kind": "status", "status": 429}]})
        clock = SandboxClock(hubspot)
        target = Http(hubspot.url, Token(SECRET), clock=clock)

        assert target.call("GET", "/account-info/v3/details").status == 429
        assert target.counting.calls == 4
        assert clock.slept == [1.5, 10.5, 10.5]

    def test_a_run_that_may_send_no_more_tidies_up(self, hubspot: Sandbox) -> None:
        """The last calls are kept for it, and what was asked until then is told."""
        told = ask_portal(http(hubspot, most=90), Token(SECRET), HERE, chosen([]))

        assert ours(hubspot) == set()
        assert len(hubspot.requests) <= 90
        assert told[0].trouble == ""
        assert "no more is sent" in told[-1].trouble


class Crash(BaseException):
    """What nobody expects."""


class TestInterrupted:
    @pytest.mark.parametrize(
        ("call", "what"), [*((call, KeyboardInterrupt) for call in range(4, 22)), (9, Crash)]
    )
    def test_what_was_made_is_removed(
        self, hubspot: Sandbox, monkeypatch: pytest.MonkeyPatch, call: int, what: type[BaseException]
    ) -> None:
        """Wherever it strikes, the answer to a call that was carried out may be lost."""
        send = Http._send_once  # noqa: SLF001 - where a signal strikes
        calls = iter(range(1, 10_000))

        def interrupted(target: Http, request: Request) -> Answer:
            answer = send(target, request)
            if next(calls) == call:
                raise what
            return answer

        monkeypatch.setattr(Http, "_send_once", interrupted)
        with pytest.raises(what):
            ask_portal(http(hubspot), Token(SECRET), HERE, chosen(SOME))
        assert ours(hubspot) == set()

    @pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 130)])
    def test_a_signal(self, hubspot: Sandbox, tmp_path: Path, number: int, status: int) -> None:
        """Ctrl-C and SIGTERM end the run in order."""
        ended, output = self.stopped(hubspot, tmp_path, number)

        assert ended == status, output
        assert "Interrupted" in output
        assert SECRET not in output
        assert ours(hubspot) == set()

    def test_an_index_that_knows_nothing_yet(self, tmp_path: Path) -> None:
        """What the run has made is removed by id, without a search."""
        with portal(search_lag=3_600) as hubspot:
            run(hubspot, tmp_path, "--only", "create", "--only", "first_company")

            assert ours(hubspot) == set()

    def test_a_kill_is_swept_by_the_next_run(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """What a run could not remove, the next one of its family does, whatever it runs."""
        before = strangers(hubspot)
        self.stopped(hubspot, tmp_path, signal.SIGKILL)
        assert ours(hubspot) != set()

        ran = run(hubspot, tmp_path, "--only", "oauth_parameters")

        assert "that an earlier run had left" in ran.output
        assert ours(hubspot) == set()
        assert strangers(hubspot) == before

    def stopped(self, hubspot: Sandbox, folder: Path, number: int) -> tuple[int, str]:
        """Send a signal to a run that has just made contacts; return its status and what it printed."""
        command = [sys.executable, "-m", "tests.contract", "--base-url", hubspot.url, "--spacing", "0.05"]
        command += ["--report", str(folder / "r.md")]
        with subprocess.Popen(
            command,
            cwd=ROOT,
            env=os.environ | {TOKEN: SECRET, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            deadline = time.monotonic() + 60
            while not ours(hubspot) and time.monotonic() < deadline:
                time.sleep(0.01)
            process.send_signal(number)
            output, _ = process.communicate(timeout=60)
        return process.returncode, output


class TestToken:
    @pytest.mark.parametrize(
        "url", ["http://api.hubapi.com", "http://127.0.0.1.example.org", "ftp://127.0.0.1"]
    )
    def test_it_is_not_sent_in_the_clear(self, url: str, capsys: pytest.CaptureFixture[str]) -> None:
        """Without TLS only this machine is called."""
        assert main(["--base-url", url], {TOKEN: SECRET}) == 2
        assert "https://" in capsys.readouterr().out

    def test_a_proxy_does_not_see_it_in_the_clear(
        self, hubspot: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """This machine is called without a proxy, whatever the environment says."""
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
        monkeypatch.delenv("no_proxy", raising=False)

        assert http(hubspot).call("GET", "/account-info/v3/details").status == 200

    def test_it_is_in_no_error(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Not even where somebody has written it into the address."""
        assert main(["--base-url", f"http://127.0.0.1:9/{SECRET}"], {TOKEN: SECRET}) == 2
        assert "<token>" in capsys.readouterr().out
        with pytest.raises(Trouble, match="<token>") as failed:
            Http(f"http://127.0.0.1:9/{SECRET}", Token(SECRET)).call("GET", "/x")
        assert SECRET not in str(failed.getrepr())

    def test_a_portal_that_does_not_answer(self, capsys: pytest.CaptureFixture[str]) -> None:
        """The reason is told in a line, and the token in none."""
        assert main(["--base-url", "http://127.0.0.1:9"], {TOKEN: SECRET}) == 2
        printed = capsys.readouterr()
        assert "GET got no answer: ConnectionError" in printed.out
        assert SECRET not in printed.out + printed.err
        assert "Traceback" not in printed.out + printed.err

    def test_it_does_not_show_itself(self) -> None:
        """Neither in a representation nor in what a request remembers."""
        target = Http("https://api.hubapi.com", Token(SECRET))
        headers = dict(target._session.headers)  # noqa: SLF001 - what a log would show

        assert SECRET not in repr(vars(target)) + repr(Token(SECRET)) + json.dumps(headers)

    def test_a_redirect_is_an_answer(self, server: HTTPServer) -> None:
        """It is not followed, so that the token goes nowhere else."""
        answer = Http(f"http://127.0.0.1:{server.server_port}", Token(SECRET)).call("GET", "/away")

        assert answer.status == 302
        assert asked == ["/away"]

    @pytest.mark.skipif(shutil.which("openssl") is None, reason="a certificate is made with openssl")
    def test_a_certificate_that_nobody_knows(self, server: HTTPServer, tmp_path: Path) -> None:
        """Nothing is sent to whoever shows it."""
        files = ["-keyout", str(tmp_path / "key"), "-out", str(tmp_path / "cert")]
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1"]
        subprocess.run([*command, *files], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tmp_path / "cert", tmp_path / "key")
        server.socket = context.wrap_socket(server.socket, server_side=True)

        with pytest.raises(Trouble, match="SSLError"):
            Http(f"https://127.0.0.1:{server.server_port}", Token(SECRET)).call("GET", "/x")
        assert asked == []


asked: list[str] = []
"""What :class:`Away` was asked."""


class Away(BaseHTTPRequestHandler):
    """Leads everybody to another path of its own."""

    def do_GET(self) -> None:
        asked.append(self.path)
        self.send_response(302)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    asked.clear()
    with HTTPServer(("127.0.0.1", 0), Away) as listening:
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield listening
        listening.shutdown()
        thread.join()
