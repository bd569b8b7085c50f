# SPDX-License-Identifier: Apache-2.0
"""``python -m airflow_provider_hubcontact.sandbox``: a HubSpot on this machine."""

from __future__ import annotations

import argparse
import errno
import gc
import ipaddress
import signal
import sys
from collections.abc import Sequence
from queue import SimpleQueue

from airflow_provider_hubcontact.sandbox import options
from airflow_provider_hubcontact.sandbox.access.tokens import SCOPES
from airflow_provider_hubcontact.sandbox.crm import seeds
from airflow_provider_hubcontact.sandbox.crm.properties.requirements import Requirements
from airflow_provider_hubcontact.sandbox.imports.runs import ImportPace
from airflow_provider_hubcontact.sandbox.server import TOKEN, Sandbox
from airflow_provider_hubcontact.sandbox.switches import Switches
from airflow_provider_hubcontact.words import counted, nearest

GC_THRESHOLD = 100_000
"""New objects after which Python looks for garbage."""


def main(
    arguments: Sequence[str] | None = None, program: str = "python -m airflow_provider_hubcontact.sandbox"
) -> int:
    """Serve until SIGINT or SIGTERM.

    :param arguments: the command line's, if None.
    :param program: what it was started as.
    :return: the exit status.
    """
    parser = options.parser(program)
    chosen, more = parser.parse_known_args(arguments)
    if more:
        known = options.flags(parser)
        odd = (nearest(name.partition("=")[0], known) if name.startswith("-") else name for name in more)
        parser.error(f"it does not take {', '.join(odd)}")
    names = [name for name, _ in chosen.switch]
    if twice := next((name for name in names if names.count(name) > 1), None):
        parser.error(f"argument --switch: {twice} is given twice: only one value has an effect")
    # A handler may run in the midst of waiting: an event would wait for the lock that the wait holds.
    told = SimpleQueue[int]()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: told.put(number))
    try:
        sandbox = _sandbox(chosen).start()
    except (ImportError, OSError, ValueError) as error:
        parser.exit(2, f"{parser.prog}: {_why(error, chosen)}\n")
    gc.freeze()  # the contacts live as long as the process: no need to look for garbage among them
    gc.set_threshold(GC_THRESHOLD)
    try:
        contacts = counted(len(sandbox.portal.contacts), "contact")
        _say(f"HubSpot sandbox: {sandbox.url} with {contacts}; Ctrl-C stops it.")
        if not _is_loopback(chosen.host):
            _warn(f"Warning: {chosen.host} is not a loopback address; whoever reaches it can read and write.")
        told.get()
    finally:
        sandbox.stop()
    return 0


def _sandbox(chosen: argparse.Namespace) -> Sandbox:
    contacts = seeds.read_file(chosen.contacts) if chosen.contacts else []
    tokens = chosen.token or [TOKEN]
    contacts += seeds.made_up(chosen.contacts_count, chosen.seed)
    return Sandbox(
        contacts,
        token=tokens[0],
        more_tokens=tokens[1:],
        scopes=chosen.scope or SCOPES,
        oauth_clients=chosen.oauth_client,
        oauth_lifetime=chosen.oauth_lifetime,
        latency=chosen.latency,
        tier=chosen.tier,
        rate_limit=chosen.rate_limit,
        daily_limit=chosen.daily_limit,
        portal_id=chosen.portal_id,
        time_zone=chosen.time_zone,
        faults=chosen.faults,
        database=chosen.db,
        import_pace=ImportPace(chosen.import_delay),
        v1_batch_delay=chosen.v1_batch_delay,
        switches=Switches().flipped(dict(chosen.switch)),
        requirements=Requirements(tuple(chosen.required), tuple(chosen.required_if)),
        search_lag=chosen.search_lag,
        owners=chosen.owner,
        host=chosen.host,
        port=chosen.port,
    )


def _why(error: Exception, chosen: argparse.Namespace) -> str:
    """Return why the sandbox does not start; of a taken port, what to do about it."""
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return f"Port {chosen.port} is in use. Name another one with --port; --port 0 takes a free one."
    return str(error)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _warn(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
