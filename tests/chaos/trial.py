# SPDX-License-Identifier: Apache-2.0
"""One trial: a task that is tried until it ends while things go wrong, and what must hold then."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any

from airflow_provider_hubcontact.operators.options import Guards, Key, State, Writes
from tests.airflow.postgres import serve
from tests.chaos import statuses
from tests.chaos.checks import Checks, Contacts, Totals, contacts_of
from tests.chaos.outside import QUERY, fill, redis, terminate_queries
from tests.chaos.task import execute
from tests.chaos.world import MAPPING, SCHEMA, World, make

OAUTH = ("chaos-app", "chaos-secret", "chaos-refresh-token")
TOKEN = "pat-na1-0c4a0500-0000-4000-8000-0000c4a05000"
MOST_TRIES = 12
SECRETS = (TOKEN, *OAUTH[1:])
ROWS = 1_200
UNREAD = {"name": "unread", "kind": "status", "status": 403, "on": "/crm/properties/*"}
"""Fault: the token may not read the portal's definitions, so that HubSpot alone checks the values."""

USUAL = {"unread", "usual"}
"""Rules that are no trouble."""

EDITS = 5
"""Contacts that people edit between two tries of a task that has a state."""

LEGACY_ROWS = 80
"""Rows of a trial of the legacy API at most: each takes a call of its own."""


@dataclass(frozen=True)
class Trouble:
    """What goes wrong in a trial.

    :param name: for people.
    :param rules: of a fault plan.
    :param kill: signal that ends a try at a random moment.
    :param daily_limit: calls that the day has for the first try.
    :param oauth: whether the app has tokens that expire.
    :param store: whether the rate limit is in a Redis that goes away during the first try.
    :param statuses: share of the calls that any status answers.
    :param legacy: whether the calls are the legacy API's.
    :param strangers: whether some keys are another contact's for who takes a letter for another one.
    :param database: whether the rows are in a Postgres that breaks off the first try's query.
    :param lists: whether the contacts are to be in lists; see :class:`tests.chaos.list_trial.ListTrial`.
    """

    name: str
    rules: tuple[dict[str, Any], ...] = ()
    kill: int = 0
    daily_limit: int | None = None
    oauth: bool = False
    store: bool = False
    database: bool = False
    statuses: float = 0.0
    legacy: bool = False
    strangers: bool = False
    lists: bool = False


class Trial:
    """A trial.

    :param seed: decides everything but the order of threads.
    :param trouble: what goes wrong.
    :param rows: of the source, about.
    """

    def __init__(self, seed: int, trouble: Trouble, rows: int) -> None:
        self.trouble = trouble
        self.run_id = "chaos"
        self._in_file = not trouble.database and random.Random(f"{seed} in the DAG file").random() < 0.3
        self._has_state = not trouble.legacy and random.Random(f"{seed} with a state").random() < 1 / 3
        self.world = self._make(seed, min(rows, LEGACY_ROWS) if trouble.legacy else rows)
        self.totals = Totals(1, 0, len(self.world.rows), self.world.by_other, self.world.hostile)
        self._checks = Checks(self.world, self.totals, f"seed {seed}, {trouble.name}", legacy=trouble.legacy)
        self._dice = random.Random(seed)
        self._reads_definitions = self._dice.random() < 0.5
        self._settings = self._operator_settings()

    def _make(self, seed: int, rows: int) -> World:
        texts = self.trouble.database or self._in_file
        return make(seed, rows, texts=texts, strangers=self.trouble.strangers)

    def run(self) -> Totals:
        """Try until the task ends, then twice more without trouble, and check."""
        with tempfile.TemporaryDirectory(prefix="hubcontact-chaos-") as name, ExitStack() as self._outside:
            self._folder = Path(name)
            self._store = self._outside.enter_context(redis()) if self.trouble.store else None
            self._postgres = self._outside.enter_context(serve()) if self.trouble.database else None
            if self._postgres:
                fill(self._postgres, self.world.rows)
            daily = ("--daily-limit", str(self.trouble.daily_limit)) if self.trouble.daily_limit else ()
            with self._hubspot(*daily) as url:
                first = self._try(url, 1)
                if not self.trouble.daily_limit:
                    self._go_on(url, first)
            if self.trouble.daily_limit:
                with self._hubspot() as url:  # the next day
                    self._go_on(url, first)
            self._look_for_secrets()
        return self.totals

    def _go_on(self, url: str, ended: dict[str, Any] | None) -> None:
        self._to_the_end(url, ended)
        self._check_all(url)

    def _to_the_end(self, url: str, ended: dict[str, Any] | None) -> dict[str, Any] | None:
        """Try a task again until it ends.

        :param ended: how its first try ended.
        :return: how its last one did.
        """
        number = 1
        while number < MOST_TRIES and self._goes_on(ended):
            number += 1
            if self._has_state:
                self._edit(url, number)
            if number > MOST_TRIES // 2:
                self._count_faults(url)
                call(url, "DELETE", "/sandbox/faults")
            ended = self._try(url, number)
        self._count_faults(url)
        call(url, "DELETE", "/sandbox/faults")
        return ended

    def _goes_on(self, ended: dict[str, Any] | None) -> bool:
        """Check whether Airflow tries again, or a person who sees that it was not HubSpot that answered."""
        if ended is None or ended["end"] == "retry":
            return True
        whole = ended["report"] is not None and ended["report"]["stopped"] is None
        return bool(self.trouble.statuses) and ended["end"] == "fail" and not whole

    # Trying

    def _try(self, url: str, number: int, run: str = "") -> dict[str, Any] | None:
        """Try the task in a process of its own.

        :param run: a run without trouble.
        :return: how it ended; None if it was killed.
        """
        self.totals.tries += 1
        is_troubled, run = not run, run or self.run_id
        out = self._folder / f"{run}-{number}.json"
        child = os.fork()
        if child == 0:
            self._work(url, number, run, out)
        if is_troubled and number == 1:
            self._blow()
        if is_troubled and self.trouble.kill and number <= 3:
            time.sleep(self._dice.uniform(0.02, 0.8))
            os.kill(child, self.trouble.kill)
            self.totals.kills += 1
        os.waitpid(child, 0)
        if not out.exists():
            return None
        ended: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
        self._checks.account(ended, number, self._lines(run) if self._ledger(run) else None)
        outside = self.trouble.store or self.trouble.database
        raised = ended["end"] == "retry" and ended["error"] and not outside
        self._checks.hold(not raised, f"try {number} ended raw: {ended['error'][:200]!a}")
        return ended

    def _blow(self) -> None:
        """Take away what the first try needs besides HubSpot."""
        if self._store and not self.totals.faults["Redis lost"]:
            time.sleep(self._dice.uniform(0.05, 0.6))
            self._store.stop()
            self.totals.faults["Redis lost"] += 1
        if self._postgres:
            time.sleep(0.5)
            self.totals.faults["query broken off"] += terminate_queries(self._postgres)

    def _work(self, url: str, number: int, run: str, out: Path) -> None:
        """Be the task's process."""
        log = os.open(self._folder / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(log, 1)
        os.dup2(log, 2)
        code = 1
        try:
            connection = self._connection(url)
            os.environ["AIRFLOW_CONN_WAREHOUSE"] = self._postgres or ""
            books = {"conn_type": "sqlite", "host": str(self._folder / "state.db")}
            os.environ["AIRFLOW_CONN_STATE_DB"] = json.dumps(books)
            own = {"ledger": self._ledger(run), "state": self._state(run)}
            ended = execute(self._settings | own, connection, number, run)
            partial = out.with_suffix(".partial")
            partial.write_text(json.dumps(ended), encoding="utf-8")
            partial.rename(out)
            code = 0
        finally:
            os._exit(code)

    def _ledger(self, run: str) -> str | None:
        """Return the ledger of a run; None if it has none."""
        return str(self._folder / "ledger") if run == self.run_id else None

    def _state(self, run: str) -> State | None:
        """Return the state of a run, which trusts it unless what people edited is to be found."""
        return State("sql://state_db/hub", refresh=run == "refresh") if self._has_state else None

    def _edit(self, url: str, number: int) -> None:
        """Edit some contacts as people do in HubSpot; the task notices when it reads them."""
        dice = random.Random(f"{self.world.rows[0]} before try {number}")
        own = [entry for entry in self.world.entries if self._checks.can_be_edited(entry)]
        for entry in dice.sample(own, min(EDITS, len(own))):
            contact = self._contacts(url)[entry.contact]
            body = {"properties": {"firstname": f"edited before try {number}"}}
            path = f"/crm/objects/2026-09/contacts/{contact.values['hs_object_id']}"
            self._checks.edited.add(entry.contact)  # also if the answer is lost
            with suppress(OSError, HTTPException):  # the faults are everybody's
                call(url, "PATCH", path, json.dumps(body).encode())
                self.totals.edits += 1

    def _operator_settings(self) -> dict[str, Any]:
        query = {"sql": QUERY, "sql_conn_id": "warehouse"}
        return {
            **(query if self.trouble.database else {"records": self.world.rows}),
            "in_file": self._in_file,
            "key": Key("email", becomes="new_email"),
            "mapping": MAPPING,
            "json_schema": SCHEMA,
            "upsert": self.world.upsert,
            "writes": Writes(stages="reset"),
            "verify": self._dice.random() < 0.3,
            # A guard that stops nothing makes the run find out first what it would write.
            "guards": Guards(changes=ROWS) if self._dice.random() < 0.5 else None,
        }

    def _connection(self, url: str) -> dict[str, Any]:
        extra = {"api_version": "v1"} if self.trouble.legacy else {}
        if not self.trouble.oauth:
            extra |= {"rate_limit_store": self._store.url} if self._store else {}
            return {"conn_type": "hubspot", "host": url, "password": TOKEN, "extra": extra}
        extra |= zip(("client_id", "client_secret", "refresh_token"), OAUTH, strict=True)
        return {"conn_type": "hubspot", "host": url, "extra": extra}

    def _calls(self) -> Sequence[str]:
        """Return patterns of the calls that any status may answer."""
        return statuses.LEGACY_CALLS if self.trouble.legacy else statuses.CALLS

    def _rules(self) -> Sequence[Mapping[str, Any]]:
        """Return the rules of the fault plan that are trouble."""
        return self.trouble.rules

    @contextmanager
    def _hubspot(self, *options: str) -> Iterator[str]:
        contacts, plan = self._folder / "contacts.json", self._folder / "faults.json"
        contacts.write_text(json.dumps(self.world.contacts), encoding="utf-8")
        drawn = statuses.drawn(self._dice, self.trouble.statuses, self._calls())
        rules = [
            *(() if self._reads_definitions else (UNREAD,)),
            *self._rules(),
            *(drawn if self.trouble.statuses else []),
            {"name": "usual", "kind": "latency", "seconds": 0.02, "spread": 0.05},
        ]
        plan.write_text(json.dumps({"seed": self._dice.randrange(1_000), "rules": rules}), encoding="utf-8")
        command = [
            sys.executable,
            "-m",
            "airflow_provider_hubcontact.sandbox",
            "--port",
            "0",
            "--token",
            TOKEN,
        ]
        files = ("--contacts", str(contacts), "--faults", str(plan), "--db", str(self._folder / "portal.db"))
        process = subprocess.Popen(
            [*command, *files, "--oauth-client", ":".join(OAUTH), *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            line = process.stdout.readline() if process.stdout else ""
            match = re.search(r"http://[^\s/]+", line)
            if match is None:
                raise RuntimeError(f"the sandbox did not start: {line!r}")
            yield match[0]
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()

    # Checking

    def _check_all(self, url: str) -> None:
        """Look at what the tries have left; then at a run without trouble, and at another one."""
        log = self._log(url)
        self._checks.ledger(self._lines(), self._contacts(url), log)
        if self._has_state:
            self._edit(url, MOST_TRIES + 1)
        self._try(url, 1, "rerun")
        contacts = self._contacts(url)
        self._checks.rerun(contacts)
        if self._has_state:  # what people edited is found
            self._try(url, 1, "refresh")
            self._checks.edited.clear()
            contacts = self._contacts(url)
            self._checks.rerun(contacts)
        call(url, "DELETE", "/sandbox/requests")
        ended = self._try(url, 1, "second")
        self._checks.second(contacts, self._contacts(url), self._log(url))
        if self._has_state:
            self._checks.up_to_date(ended and ended["report"])
        self._checks.unspoken("the portal", call(url, "GET", "/sandbox/state").decode(), SECRETS)

    def _look_for_secrets(self) -> None:
        for file in self._folder.rglob("*"):
            if file.suffix in {".jsonl", ".json"} or file.name == "log":
                text = file.read_text(encoding="utf-8", errors="replace")
                self._checks.unspoken(file.name, text, SECRETS)

    def _count_faults(self, url: str) -> None:
        rules = json.loads(call(url, "GET", "/sandbox/faults"))["rules"]
        self.totals.count((rule["name"], rule["strikes"]) for rule in rules if rule["name"] not in USUAL)

    def _lines(self, run: str = "") -> list[dict[str, Any]]:
        parts = sorted(Path(self._ledger(run or self.run_id) or os.devnull).rglob("*.jsonl"))
        texts = [text for part in parts for text in part.read_bytes().splitlines(keepends=True)]
        return [json.loads(text) for text in texts if text.endswith(b"\n")]

    def _contacts(self, url: str) -> Contacts:
        return contacts_of(json.loads(call(url, "GET", "/sandbox/state")))

    def _log(self, url: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in call(url, "GET", "/sandbox/requests").splitlines()]


def call(url: str, method: str, path: str, body: bytes | None = None) -> bytes:
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    request = urllib.request.Request(url + path, body, headers, method=method)  # noqa: S310 - our own sandbox
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - same
        read: bytes = answer.read()
        return read
