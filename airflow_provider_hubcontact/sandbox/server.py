# SPDX-License-Identifier: Apache-2.0
"""Runs the sandbox in a thread of a Python process."""

from __future__ import annotations

import asyncio
import importlib.util
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from airflow_provider_hubcontact.sandbox.access.limits import Allowance, Limits, RateLimit
from airflow_provider_hubcontact.sandbox.access.tokens import OAUTH_LIFETIME, SCOPES, Access, OAuthClient
from airflow_provider_hubcontact.sandbox.clock import Clock
from airflow_provider_hubcontact.sandbox.crm import seeds
from airflow_provider_hubcontact.sandbox.crm.owners import Owner
from airflow_provider_hubcontact.sandbox.crm.portal import Portal
from airflow_provider_hubcontact.sandbox.crm.properties.definitions import Definition
from airflow_provider_hubcontact.sandbox.crm.properties.requirements import Requirements
from airflow_provider_hubcontact.sandbox.crm.records.shared import Account
from airflow_provider_hubcontact.sandbox.faults.injector import Faults
from airflow_provider_hubcontact.sandbox.faults.plan import Plan, read_plan
from airflow_provider_hubcontact.sandbox.imports.runs import ImportPace
from airflow_provider_hubcontact.sandbox.switches import Switches
from airflow_provider_hubcontact.spelling import KnownKeywords

if TYPE_CHECKING:
    import uvicorn

    from airflow_provider_hubcontact.sandbox.http.request_log import Logged

TOKEN = "pat-na1-00000000-0000-0000-0000-000000000000"  # noqa: S105 - opens nothing but a sandbox
STOP_SECONDS = 5.0
SERVER_LIBRARIES = ("uvicorn", "httptools", "jinja2", "orjson")


class Sandbox(KnownKeywords):
    """A local HubSpot over real HTTP, for tests, demos and continuous integration.

    ::

        with Sandbox(contacts=[{"email": "ada@example.com", "lifecyclestage": "lead"}]) as hubspot:
            ...  # calls to hubspot.url with hubspot.token
            assert hubspot.portal.contact("ada@example.com").properties["lifecyclestage"] == "customer"

    :param contacts: the contacts of the start, as property → value, or a CSV or JSON file of them.
    :param properties: property definitions besides HubSpot's own.
    :param token: a service key, or a private app's token.
    :param scopes: what the token may do.
    :param oauth_clients: the installed OAuth apps, with their refresh tokens.
    :param oauth_lifetime: seconds that an OAuth access token lives.
    :param latency: seconds that each answer is delayed.
    :param more_tokens: the tokens of further private apps. Each has its own rate limit; all share the day's.
    :param tier: ``free``, ``pro``, ``enterprise`` or ``oauth``, each with its limits; None for no limit in
        ten seconds.
    :param rate_limit: calls of each app in a rolling window; the tier's if None.
    :param daily_limit: calls a day of all private apps together; the tier's if None.
    :param portal_id: the account's id.
    :param time_zone: the account's IANA zone; the day of the limits begins at its midnight.
    :param account_type: ``STANDARD``, ``DEVELOPER_TEST``, ``SANDBOX`` or ``APP_DEVELOPER``.
    :param faults: a fault plan, or the file of one; see ``fault_plan``.
    :param import_pace: how long imports take; half a second and 5,000 rows a second if None.
    :param v1_batch_delay: seconds until a batch of v1 is written.
    :param database: a SQLite file that keeps the state; None to keep it only in memory. The contacts and
        properties given here are only for a new file.
    :param switches: what the sandbox does where HubSpot's behaviour is not known.
    :param requirements: properties that a write by 2026-09 must have.
    :param search_lag: seconds by which the search lags behind.
    :param owners: whom contacts can belong to; two people, a queue and a removed user if None.
    :param clock: seconds since 1970; :meth:`advance` adds to it.
    :param host: the address to listen on.
    :param port: the port; 0 for a free one.
    :raises ValueError: if HubSpot could not have such a contact (the message names its line and property),
        or for a wrong file, tier, zone or fault plan.
    :raises OSError: if the contacts or the fault plan cannot be read, or the database cannot be used.
    :raises ImportError: if the extra ``sandbox`` is not installed.
    """

    def __init__(
        self,
        contacts: Iterable[Mapping[str, str]] | str | Path = (),
        *,
        properties: Iterable[Definition] = (),
        token: str = TOKEN,
        scopes: Iterable[str] = SCOPES,
        oauth_clients: Sequence[OAuthClient] = (),
        oauth_lifetime: float = OAUTH_LIFETIME,
        latency: float = 0.0,
        more_tokens: Sequence[str] = (),
        tier: str | None = None,
        rate_limit: RateLimit | None = None,
        daily_limit: int | None = None,
        portal_id: int = 12_345_678,
        time_zone: str = "America/New_York",
        account_type: str = "STANDARD",
        faults: str | Path | Mapping[str, Any] | None = None,
        import_pace: ImportPace | None = None,
        v1_batch_delay: float = 0.5,
        database: str | Path | None = None,
        switches: Switches | None = None,
        requirements: Requirements | None = None,
        search_lag: float = 0.0,
        owners: Iterable[Owner] | None = None,
        clock: Callable[[], float] = time.time,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        _require_server_libraries()
        from airflow_provider_hubcontact.sandbox.app import Application  # noqa: PLC0415 - needs the extra

        self.token = token
        self.clock = Clock(clock)
        account = Account(portal_id, time_zone, account_type=account_type)
        self.portal = Portal(
            seeds.read_file(Path(contacts)) if isinstance(contacts, str | Path) else contacts,
            properties,
            switches,
            account,
            self.clock,
            requirements=requirements,
            search_lag=search_lag,
            owners=owners,
        )
        self.access = Access(
            token, scopes, oauth_clients, oauth_lifetime, self.clock, more_tokens=more_tokens
        )
        self.limits = Limits(Allowance.of(tier, rate_limit, daily_limit), time_zone, self.clock)
        self.faults = Faults(Plan() if faults is None else read_plan(faults), self.clock)
        self.application = Application(
            self.portal,
            self.access,
            self.limits,
            self.faults,
            latency,
            import_pace or ImportPace(),
            v1_batch_delay,
            None if database is None else Path(database),
            clock=self.clock,
        )
        self._host, self._port = host, port
        self._running: tuple[uvicorn.Server, threading.Thread] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def url(self) -> str:
        """The base URL, without a slash at the end."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    @property
    def requests(self) -> list[Logged]:
        """The requests so far, the oldest first; each is among them before its answer arrives."""
        return list(self.application.log)

    def start(self) -> Self:
        """Start to answer calls, in a new thread.

        :raises OSError: if the sandbox cannot listen on the address.
        """
        import uvicorn  # noqa: PLC0415 - needs the extra

        from airflow_provider_hubcontact.sandbox.http.connections import Connection  # noqa: PLC0415 - same

        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        listener = socket.create_server((self._host, self._port), family=family, backlog=2048)
        # Connections inherit it; without it the second packet of an answer waits 40 ms to be acknowledged.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._port = listener.getsockname()[1]
        self.application.open()
        config = uvicorn.Config(
            self.application,
            interface="asgi3",
            http=Connection,
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=0,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(
            target=self._run, args=(server, listener), name="hubspot-sandbox", daemon=True
        )
        self._running = server, thread
        thread.start()
        return self

    def stop(self) -> None:
        """Stop at once. Calls that are not answered yet are dropped."""
        if self._running is None:
            return
        server, thread = self._running
        server.should_exit = True
        thread.join(STOP_SECONDS)
        self._running = None
        self.application.close()

    def use_faults(self, faults: str | Path | Mapping[str, Any]) -> None:
        """Use another fault plan from now on.

        :param faults: a plan, or the file of one; ``{}`` for no faults.
        :raises ValueError: if the plan is not valid.
        :raises OSError: if the file cannot be read.
        """
        self.faults.use(read_plan(faults))

    def reset(self) -> None:
        """Go back to the start: contacts, properties, tokens, limits, requests, the clock."""
        self._between_calls(self.application.reset)

    def advance(self, seconds: float) -> None:
        """Move the clock forward: limits, tokens, waiting batches, imports and dates see the later time.

        :param seconds: 0 or more.
        :raises ValueError: for less, or for more than ten years in all.
        """
        self._between_calls(partial(self.application.advance, seconds))

    def snapshot(self, name: str) -> None:
        """Keep the contacts, properties and imports as they are now, in memory.

        :param name: what :meth:`restore` calls it; a snapshot that has the name is replaced.
        :raises ValueError: if there are too many.
        """
        self._between_calls(partial(self.application.snapshots.take, name))

    def restore(self, name: str) -> None:
        """Go back to a snapshot, as often as wanted; tokens, limits, faults and the clock stay.

        :param name: what :meth:`snapshot` called it.
        :raises KeyError: if no snapshot has this name.
        """
        self._between_calls(partial(self.application.restore, name))

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _between_calls(self, do: Callable[[], None]) -> None:
        """Do something with the state where nothing else touches it: in the thread that answers calls."""
        if self._loop is None or not self._loop.is_running():
            do()
            return

        async def done() -> None:
            do()

        asyncio.run_coroutine_threadsafe(done(), self._loop).result(STOP_SECONDS)

    def _run(self, server: uvicorn.Server, listener: socket.socket) -> None:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner, listener:
            self._loop = runner.get_loop()
            runner.run(server.serve(sockets=[listener]))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return uvloop's factory if it is installed, as it is beside Airflow: each call costs less."""
    try:
        import uvloop  # noqa: PLC0415 - no need of the sandbox's
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


def _require_server_libraries() -> None:
    missing = [name for name in SERVER_LIBRARIES if importlib.util.find_spec(name) is None]
    if missing:
        raise ImportError(
            f"The sandbox cannot serve HTTP without {', '.join(missing)}: "
            "pip install 'airflow-provider-hubcontact[sandbox]'"
        )
