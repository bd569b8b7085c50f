# SPDX-License-Identifier: Apache-2.0
"""The command line of the sandbox: its options, how they are read, and a ``--help`` that explains."""

from __future__ import annotations

import argparse
import re
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from airflow_provider_hubcontact.arguments import GivenOnce
from airflow_provider_hubcontact.sandbox.access.limits import TIERS, RateLimit
from airflow_provider_hubcontact.sandbox.access.tokens import OAUTH_LIFETIME, OAuthClient
from airflow_provider_hubcontact.sandbox.crm.owners import Owner
from airflow_provider_hubcontact.sandbox.crm.properties.requirements import Condition
from airflow_provider_hubcontact.sandbox.faults import plan as fault_plan
from airflow_provider_hubcontact.sandbox.imports.runs import ImportPace
from airflow_provider_hubcontact.sandbox.server import TOKEN
from airflow_provider_hubcontact.sandbox.switches import Switches

Parsed = TypeVar("Parsed")
Number = TypeVar("Number", int, float)

DESCRIPTION = """\
Run a local HubSpot over real HTTP: contacts, search, properties, imports, OAuth, with HubSpot's rules
and limits.
Nothing leaves this machine. Nothing is kept either, unless in a file that you name with --db: each start
begins with the contacts that you give.
"""

EXAMPLES = f"""\
examples:
  A portal with 5,000 contacts, contact-000001@example.com and so on, from many languages:
    python -m airflow_provider_hubcontact.sandbox --contacts-count 5000

  Your own contacts; the first line of the CSV file holds property names (email, firstname, ...):
    python -m airflow_provider_hubcontact.sandbox --contacts customers.csv

  A slow portal with little quota, whose token may only read:
    python -m airflow_provider_hubcontact.sandbox --latency 0.2 --rate-limit 20/10s \\
      --scope crm.objects.contacts.read

  A portal of the free tier where one call in ten meets a 503, the same ones each time:
    echo '{{"seed": 7, "rules": [{{"kind": "status", "status": 503, "share": 0.1}}]}}' > plan.json
    python -m airflow_provider_hubcontact.sandbox --tier free --faults plan.json

  A portal that is still there tomorrow; the contacts go into it the first time only:
    python -m airflow_provider_hubcontact.sandbox --db portal.sqlite --contacts-count 5000

  Ask it:
    curl -H 'Authorization: Bearer {TOKEN}' \\
      'http://127.0.0.1:8042/crm/objects/2026-09/contacts/contact-000001@example.com?idProperty=email'

  Ask it about itself: its requests, limits, faults, a snapshot of its state (all of it: /sandbox):
    curl 'http://127.0.0.1:8042/sandbox/requests?last=20'

  An Airflow connection to it: type hubspot, host http://127.0.0.1:8042, the token as the password.

switches, for what is not known about HubSpot, the default first:
"""

FAULTS = "\n\nfaults:\n" + textwrap.indent((fault_plan.__doc__ or "").replace("::\n\n", "\n"), "  ").replace(
    "``", ""
)


def parser(program: str) -> argparse.ArgumentParser:
    """Return the parser of the command line.

    :param program: the command that started the sandbox.
    """
    switches = "\n".join(f"  {name}={'|'.join(values)}" for name, values in Switches.choices().items())
    made = argparse.ArgumentParser(
        program,
        usage="%(prog)s [options]",
        description=DESCRIPTION,
        epilog=EXAMPLES + switches + FAULTS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.register("action", None, GivenOnce)  # of an option that names no other
    add = made.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    add("--port", type=_port, default=8042, help="port to listen on, 0 for a free one (%(default)s)")
    add(
        "--token",
        action="append",
        metavar="T",
        help=f"a service key, or a private app's token; repeat it for more ({TOKEN})",
    )
    add("--scope", action="append", metavar="S", help="what the token may do; repeat it (all that are known)")
    add(
        "--contacts",
        type=Path,
        metavar="FILE",
        help="contacts to begin with, .csv (UTF-8, or UTF-16 with a mark) or .json; - reads standard input",
    )
    add(
        "--contacts-count",
        type=_count,
        default=0,
        metavar="N",
        help="how many contacts to make up (%(default)s)",
    )
    add("--seed", type=int, default=0, metavar="N", help="for other made-up contacts (%(default)s)")
    add(
        "--latency",
        type=_seconds,
        default=0.0,
        metavar="S",
        help="seconds that each answer takes longer (%(default)s)",
    )
    add("--tier", choices=TIERS, default="enterprise", help=f"{_tiers()} (%(default)s)")
    add(
        "--rate-limit",
        type=_parsed(RateLimit.parse),
        metavar="N/10s",
        help="calls in a rolling window for each app, or off (the tier's)",
    )
    add("--daily-limit", type=_count, metavar="N", help="calls a day of all private apps (the tier's)")
    add(
        "--db",
        type=Path,
        metavar="FILE",
        help="keep the state in a SQLite file, made if it is not there; what was answered survives a kill",
    )
    add("--faults", type=Path, metavar="FILE", help="a fault plan in JSON, see below")
    add("--portal-id", type=_count, default=12_345_678, metavar="N", help="the account's id (%(default)s)")
    add("--time-zone", default="America/New_York", metavar="TZ", help="where its day begins (%(default)s)")
    add(
        "--import-delay",
        type=_seconds,
        default=ImportPace().delay,
        metavar="S",
        help="seconds before an import writes its first row (%(default)s)",
    )
    add(
        "--v1-batch-delay",
        type=_seconds,
        default=0.5,
        metavar="S",
        help="seconds until a batch of v1 is written (%(default)s)",
    )
    add(
        "--search-lag",
        type=_seconds,
        default=0.0,
        metavar="S",
        help="seconds that the search is behind (%(default)s)",
    )
    add(
        "--required",
        action="append",
        default=[],
        metavar="PROPERTY",
        help="2026-09 demands it of a new contact; repeat it",
    )
    add(
        "--required-if",
        action="append",
        type=_parsed(Condition.parse),
        default=[],
        metavar="PROPERTY:OTHER[=VALUE]",
        help="2026-09 demands it of contacts whose other property has the value, or any; repeat it",
    )
    add(
        "--owner",
        action="append",
        type=_parsed(Owner.parse),
        metavar="ID:EMAIL[:USER_ID]",
        help="whom contacts can belong to; repeat it (two people, a queue and a removed user)",
    )
    add(
        "--oauth-client",
        action="append",
        type=_parsed(OAuthClient.parse),
        default=[],
        metavar="ID:SECRET:REFRESH_TOKEN",
        help="an OAuth app that is installed; repeat it",
    )
    add(
        "--oauth-lifetime",
        type=_seconds,
        default=OAUTH_LIFETIME,
        metavar="S",
        help="seconds that an OAuth access token lives (%(default)s)",
    )
    add(
        "--switch",
        action="append",
        type=_parsed(_switch),
        default=[],
        metavar="NAME=VALUE",
        help="take the other way where HubSpot is not known, see below; repeat it",
    )
    return made


def flags(made: argparse.ArgumentParser) -> list[str]:
    """Return the names of all options, as the help has them.

    :param made: what :func:`parser` has made.
    """
    return re.findall(r"^  (--[\w-]+)", made.format_help(), re.MULTILINE)


def _tiers() -> str:
    """Return a text with the limits of each tier."""
    days = {name: "no" if tier.daily is None else f"{tier.daily:,}" for name, tier in TIERS.items()}
    return "calls in ten seconds, and a day: " + "; ".join(
        f"{name} {tier.rate_limit.calls}, {days[name]}" for name, tier in TIERS.items()
    )


def _parsed(parse: Callable[[str], Parsed]) -> Callable[[str], Parsed]:
    """Turn the error of a parser into one that argparse shows."""

    def read(text: str) -> Parsed:
        try:
            return parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return read


def _switch(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    Switches().flipped({name: value})
    return name, value


def _port(text: str) -> int:
    return _number(text, int, 0, 65_535)


def _count(text: str) -> int:
    return _number(text, int, 0, 2**53)


def _seconds(text: str) -> float:
    return _number(text, float, 0, 86_400)


def _number(text: str, kind: Callable[[str], Number], least: float, most: float) -> Number:
    try:
        number = kind(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None
    if not least <= number <= most:
        raise argparse.ArgumentTypeError(f"{text} is not between {least:,} and {most:,}")
    return number
