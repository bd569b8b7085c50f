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
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.airflow.postgres import serve
from tests.chaos.outside import QUERY, fill, redis, terminate_queries
from tests.chaos.task import execute
from tests.chaos.world import MAPPING, SCHEMA, make

OAUTH = ("chaos-app", "chaos-secret", "chaos-refresh-token")
TOKEN = "pat-na1-0c4a0500-0000-4000-8000-0000c4a05000"
MOST_TRIES = 12
ROWS = 1_200
SENT = {"updated", "created", "unchanged"}


@dataclass(frozen=True)
class Trouble:
    """What goes wrong in a trial.

    :param name: for people.
    :param rules: of a fault plan.
    :param kill: signal that ends a try at a random moment.
    :param daily_limit: calls that the day has for the first try.
    :param oauth: whether the app has tokens that expire.
    :param store: whether the rate limit is in a Redis that goes away during the first try.
    :param database: whether the rows are in a Postgres that breaks off the first try's query.
    """

    name: str
    rules: tuple[dict[str, Any], ...] = ()
    kill: int = 0
    daily_limit: int | None = None
    oauth: bool = False
    store: bool = False
    database: bool = False


@dataclass
class Totals:
    """What trials came to."""

    trials: int = 0
    tries: int = 0
    rows: int = 0
    kills: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def add(self, other: Totals) -> None:
        """Take in those of other trials."""
        self.trials += other.trials
        self.tries += other.tries
        self.rows += other.rows
        self.kills += other.kills
        self.faults += other.faults
        self.lost += other.lost
        self.wrong += other.wrong


class Trial:
    """A trial.

    :param seed: decides everything but the order of threads.
    :param trouble: what goes wrong.
    :param rows: of the source, about.
    """

    def __init__(self, seed: int, trouble: Trouble, rows: int) -> None:
        self.world = make(seed, rows)
        self.trouble = trouble
        self.totals = Totals(trials=1, rows=len(self.world.rows))
        self._dice = random.Random(seed)
        self._name = f"seed {seed}, {trouble.name}"
        self._settings = self._operator_settings(checks=self._dice.random() < 0.5)

    def run(self) -> Totals:
        """Try until the task ends, then twice more without trouble, and check."""
        with tempfile.TemporaryDirectory(prefix="hubcontact-chaos-") as name, ExitStack() as self._outside:
            self._folder = Path(name)
            self._ledger = self._folder / "ledger"
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
        number = 1
        while number < MOST_TRIES and (ended is None or ended["end"] == "retry"):
            number += 1
            if number > MOST_TRIES // 2:
                _call(url, "DELETE", "/sandbox/faults")
            ended = self._try(url, number)
        self._count_faults(url)
        _call(url, "DELETE", "/sandbox/faults")
        self._check_ledger(self._contacts(url))
        self._check_rerun(url)

    # Trying

    def _try(self, url: str, number: int, run: str = "chaos") -> dict[str, Any] | None:
        """Try the task in a process of its own.

        :return: how it ended; None if it was killed.
        """
        self.totals.tries += 1
        out = self._folder / f"{run}-{number}.json"
        child = os.fork()
        if child == 0:
            self._work(url, number, run, out)
        if run == "chaos" and number == 1:
            self._blow()
        if run == "chaos" and self.trouble.kill and number <= 3:
            time.sleep(self._dice.uniform(0.02, 0.8))
            os.kill(child, self.trouble.kill)
            self.totals.kills += 1
        os.waitpid(child, 0)
        if not out.exists():
            return None
        ended: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
        self._check_account(ended, number, run)
        return ended

    def _blow(self) -> None:
        """Take away what the first try needs besides HubSpot."""
        if self._store:
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
            ledger = str(self._ledger) if run == "chaos" else None
            os.environ["AIRFLOW_CONN_WAREHOUSE"] = self._postgres or ""
            ended = execute(self._settings | {"ledger": ledger}, connection, number, run)
            partial = out.with_suffix(".partial")
            partial.write_text(json.dumps(ended), encoding="utf-8")
            partial.rename(out)
            code = 0
        finally:
            os._exit(code)

    def _operator_settings(self, *, checks: bool) -> dict[str, Any]:
        query = {"sql": QUERY, "sql_conn_id": "warehouse"}
        return {
            **(query if self.trouble.database else {"records": self.world.rows}),
            "mapping": MAPPING,
            "schema": SCHEMA,
            "mode": "upsert" if self.world.upsert else "update",
            "on_stage_regression": "reset",
            "validate_against_portal": checks,
            "verify": self._dice.random() < 0.3,
            # A guard that stops nothing makes the run find out first what it would write.
            "max_changes": ROWS if self._dice.random() < 0.5 else None,
        }

    def _connection(self, url: str) -> dict[str, Any]:
        if not self.trouble.oauth:
            store = {"rate_limit_store": self._store.url} if self._store else {}
            return {"conn_type": "hubspot", "host": url, "password": TOKEN, "extra": store}
        names = ("client_id", "client_secret", "refresh_token")
        return {"conn_type": "hubspot", "host": url, "extra": dict(zip(names, OAUTH, strict=True))}

    @contextmanager
    def _hubspot(self, *options: str) -> Iterator[str]:
        contacts, plan = self._folder / "contacts.json", self._folder / "faults.json"
        contacts.write_text(json.dumps(self.world.contacts), encoding="utf-8")
        rules = [*self.trouble.rules, {"name": "usual", "kind": "latency", "seconds": 0.02, "spread": 0.05}]
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

    def _check(self, holds: bool, what: str, found: list[str] | None = None) -> None:
        if not holds:
            (self.totals.wrong if found is None else found).append(f"{self._name}: {what}")

    def _check_account(self, ended: dict[str, Any], number: int, run: str) -> None:
        report = ended["report"]
        if report is None:
            return
        counted = sum(report["outcomes"].values())
        self._check(report["rows"] == counted, f"{report['rows']} rows, {counted} outcomes", self.totals.lost)
        if report["stopped"] is None and ended["end"] != "error":
            rows = len(self.world.rows)
            self._check(
                report["rows"] == rows, f"try {number}: {report['rows']} of {rows} rows", self.totals.lost
            )
        if run == "chaos":
            lines = [line["row"] for line in self._lines() if line["try"] == number]
            self._check(len(lines) == len(set(lines)), f"try {number} has two lines of a row")
            known = len(lines) + report["from_earlier_tries"]
            self._check(
                known == report["rows"],
                f"try {number}: {report['rows']} rows, {known} known",
                self.totals.lost,
            )

    def _check_ledger(self, contacts: dict[str, dict[str, str]]) -> None:
        """Compare what the last line of each key says with what the portal has."""
        last = {line["key"]: line for line in self._lines()}
        keys = Counter(row["email"] for row in self.world.rows)
        rows = {row["email"]: row for row in self.world.rows}
        before = {contact["email"]: contact for contact in self.world.contacts}
        for key, line in last.items():
            if keys[key] > 1:
                continue
            row = rows[key]
            has = contacts.get(row.get("new_email") or key, {})
            wanted = {name: value for name, value in row.items() if name not in {"email", "new_email"}}
            if line["outcome"] in SENT:
                same = all(has.get(name) == value for name, value in wanted.items())
                self._check(same, f"{key} is {line['outcome']}, but has {has}")
            elif line["outcome"] in {"invalid", "rejected", "not_found"}:
                now = contacts.get(key, {})
                old = before.get(key, {})
                kept = all(now.get(name) == old[name] for name in old.keys() - set(line["changed"]))
                self._check(kept, f"{key} is {line['outcome']}, but has {now}")

    def _check_rerun(self, url: str) -> None:
        """A run without trouble brings the source's values; another one writes nothing."""
        self._try(url, 1, "rerun")
        contacts = self._contacts(url)
        for key, values in self.world.expected.items():
            has = contacts.get(key, {})
            same = all(has.get(name) == value for name, value in values.items())
            self._check(same, f"after a rerun {key} has {has}, not {values}")
        blank = [
            key for key, has in contacts.items() if key in self._staged() and not has.get("lifecyclestage")
        ]
        self._check(not blank, f"blank stages: {blank[:3]}")
        self._check(len(contacts) == self.world.size, f"{len(contacts)} contacts, not {self.world.size}")
        _call(url, "DELETE", "/sandbox/requests")
        self._try(url, 1, "second")
        log = _call(url, "GET", "/sandbox/requests").decode().splitlines()
        written = [
            line for line in map(json.loads, log) if line["status"] in {200, 201} and _writes(line["path"])
        ]
        self._check(not written, f"a second rerun writes: {written[:1]}")

    def _staged(self) -> set[str]:
        return {contact["email"] for contact in self.world.contacts}

    def _look_for_secrets(self) -> None:
        for file in self._folder.rglob("*"):
            if file.suffix in {".jsonl", ".json"} or file.name == "log":
                text = file.read_text(encoding="utf-8", errors="replace")
                self._check(
                    not any(secret in text for secret in (TOKEN, *OAUTH[1:])), f"{file.name} has a secret"
                )

    def _count_faults(self, url: str) -> None:
        for rule in json.loads(_call(url, "GET", "/sandbox/faults"))["rules"]:
            if rule["name"] != "usual":
                self.totals.faults[rule["name"]] += rule["strikes"]

    def _lines(self) -> list[dict[str, Any]]:
        parts = sorted(self._ledger.rglob("*.jsonl"))
        texts = [text for part in parts for text in part.read_bytes().splitlines(keepends=True)]
        return [json.loads(text) for text in texts if text.endswith(b"\n")]

    def _contacts(self, url: str) -> dict[str, dict[str, str]]:
        state = json.loads(_call(url, "GET", "/sandbox/state"))
        return {each["properties"]["email"]: each["properties"] for each in state["contacts"]}


def run_trial(seed: int, trouble: Trouble) -> Totals:
    """Run a trial of the usual size."""
    return Trial(seed, trouble, ROWS).run()


def _writes(path: str) -> bool:
    return path.endswith(("/batch/update", "/batch/create"))


def _call(url: str, method: str, path: str) -> bytes:
    request = urllib.request.Request(url + path, method=method)  # noqa: S310 - our own sandbox
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - same
        body: bytes = answer.read()
        return body
