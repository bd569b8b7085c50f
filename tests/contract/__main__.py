# SPDX-License-Identifier: Apache-2.0
"""Compare the sandbox with a developer test account of HubSpot, whose token is in ``HUBSPOT_TEST_TOKEN``."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType

from airflow_provider_hubcontact.clock import SYSTEM_CLOCK, Clock
from tests.contract import recordings
from tests.contract.fence import NotOurs
from tests.contract.http_target import Http, Token, TooManyCalls, Trouble
from tests.contract.live import ask_portal, chosen, compared
from tests.contract.report import report
from tests.contract.scenario import Surroundings
from tests.contract.scrubbing import FAMILY, RUN
from tests.contract.tidying import Refused

TOKEN = "HUBSPOT_TEST_TOKEN"
HUBSPOT = "https://api.hubapi.com"
SPACING = 0.12
"""Seconds between two calls: HubSpot's smallest limit is a hundred in ten seconds."""

AS_FOUND, DIFFERENT, REFUSED, INTERRUPTED = 0, 1, 2, 130


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    made = argparse.ArgumentParser("python -m tests.contract", description=__doc__)
    made.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="SCENARIO",
        help="ask only this scenario; can be repeated",
    )
    made.add_argument(
        "--record", action="store_true", help="keep the answers, scrubbed, for make test-contract"
    )
    made.add_argument(
        "--recordings",
        type=Path,
        default=recordings.FOLDER,
        help="the folder of the recordings (%(default)s)",
    )
    made.add_argument(
        "--report", type=Path, default=Path("build/contract.md"), help="the file of the report (%(default)s)"
    )
    made.add_argument(
        "--force", action="store_true", help="ask a portal that is not a developer test account, too"
    )
    made.add_argument(
        "--family",
        default=FAMILY,
        help="last name of the run's contacts (%(default)s); runs at the same time need different ones",
    )
    made.add_argument("--base-url", default=HUBSPOT, help="base URL of the API (%(default)s)")
    made.add_argument(
        "--spacing", type=float, default=SPACING, help="seconds between two calls (%(default)s)"
    )
    return made


def main(
    arguments: Sequence[str] | None = None,
    environment: Mapping[str, str] = os.environ,
    clock: Clock = SYSTEM_CLOCK,
) -> int:
    """Ask HubSpot, compare, and write the report.

    :param clock: paces the calls, and passes while an answer is waited for.
    :return: the exit status: 0 if no answer differs or there is no token, 1 if one differs, 2 if HubSpot
        cannot be asked, 130 if the run was interrupted.
    """
    options = parser().parse_args(arguments)
    secret = environment.get(TOKEN, "").strip()
    if not secret:
        _say(f"NOT TESTED against HubSpot: that needs the token of a developer test account in {TOKEN}")
        return AS_FOUND
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell lets what it starts in the background ignore one
        signal.signal(number, _interrupt)
    try:
        return _run(options, Token(secret), clock)
    except (Refused, NotOurs, Trouble, TooManyCalls, ValueError) as failed:
        _say(str(failed).replace(secret, "<token>"))
        return REFUSED
    except KeyboardInterrupt:
        _say("Interrupted; what the run had made is removed, or the next run does it.")
        return INTERRUPTED


def _run(options: argparse.Namespace, token: Token, clock: Clock) -> int:
    asked = chosen(options.only)
    http = Http(options.base_url, token, spacing=options.spacing, clock=clock)
    run = f"{RUN}{uuid.uuid4().hex[:8]}"
    surroundings = Surroundings(run, options.family, patience=90.0, pause=2.0, clock=clock)
    told = ask_portal(http, token, surroundings, asked, force=options.force, say=_say)
    outcome = compared(told, asked)
    text = report(told, outcome.findings, outcome.differences, http.counting.calls)
    options.report.parent.mkdir(parents=True, exist_ok=True)
    options.report.write_text(text.replace(token.secret, "<token>"), encoding="utf-8")
    if options.record:
        _say(f"Recorded {len(recordings.save(told, options.recordings))} scenarios in {options.recordings}")
    found = len(outcome.findings.settings)
    _say(f"\n{outcome.findings.options or 'No switch that was asked about differs from its default.'}")
    if outcome.findings.open:
        _say(f"{found} open questions are answered, the others stay open.")
    _say(f"{len(outcome.differences)} differences; the report is {options.report}")
    return DIFFERENT if outcome.differences else AS_FOUND


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
