# SPDX-License-Identifier: Apache-2.0
"""Targets that are paced. Over HTTP, certificates are checked, redirects not followed, and calls counted."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from airflow_provider_hubcontact.clock import SYSTEM_CLOCK, Clock
from tests.contract.answers import Answer, Request, Target

MOST_CALLS = 1_000
SEARCH_SECONDS = 0.26
"""Seconds between two searches: HubSpot takes five a second."""

TIMEOUTS = (10, 60)
"""Seconds to connect, and to wait for bytes."""

PAUSES = (1.5, 10.5, 10.5)
"""Seconds before a call that was refused with 429 is sent again."""


class Trouble(Exception):
    """A call got no answer. The message holds no token."""


class TooManyCalls(Exception):
    """The next call would be one too many."""


class Token:
    """A token that shows itself nowhere but in :attr:`secret`."""

    def __init__(self, secret: str) -> None:
        self.secret = secret

    def __repr__(self) -> str:
        return "Token(...)"


class Bearer(AuthBase):
    """Puts the token on a request; as ``auth`` it comes before what a file ``.netrc`` holds."""

    def __init__(self, token: Token) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token.secret}"
        return request


class Counting(HTTPAdapter):
    """Counts what is really sent, and refuses what is too much.

    :param most: calls that may be sent.
    """

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most, self.calls = most, 0

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Send a request.

        :raises TooManyCalls: if there have been enough.
        """
        if self.calls >= self.most:
            raise TooManyCalls(f"After {self.calls:,} calls no more is sent.")
        self.calls += 1
        return super().send(request, *args, **kwargs)


class Paced(Target):
    """A target that is not called sooner than it allows.

    :param clock: passes between two calls.
    :param spacing: the least seconds between two calls.
    """

    def __init__(self, clock: Clock, spacing: float = 0.0) -> None:
        self._spacing, self._clock = spacing, clock
        self._next = self._next_search = 0.0

    def send(self, request: Request) -> Answer:
        """Send a call, again after a pause if it is refused for coming too soon."""
        for pause in PAUSES:
            answer = self._send_in_time(request)
            if answer.status != 429:
                return answer
            self._clock.sleep(pause)
        return self._send_in_time(request)

    @abstractmethod
    def _send_once(self, request: Request) -> Answer:
        """Send a call now."""

    def _send_in_time(self, request: Request) -> Answer:
        self._pace(search=request.path.endswith("/search"))
        return self._send_once(request)

    def _pace(self, *, search: bool) -> None:
        """Wait until the next call may go."""
        wait = max(self._next, self._next_search if search else 0.0) - self._clock.monotonic()
        if wait > 0:
            self._clock.sleep(wait)
        self._next = self._clock.monotonic() + self._spacing
        if search:
            self._next_search = self._clock.monotonic() + SEARCH_SECONDS


class Http(Paced):
    """A portal over HTTP.

    :param base_url: ``https://…``; without TLS only on this machine.
    :param spacing: the least seconds between two calls.
    :param most: calls that may be sent.
    :param clock: paces the calls.
    :raises ValueError: for an address that would show the token to others.
    """

    def __init__(
        self,
        base_url: str,
        token: Token,
        *,
        spacing: float = 0.0,
        most: int = MOST_CALLS,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        parts = urlsplit(base_url)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname == "127.0.0.1"):
            raise ValueError("The base URL begins with https://, or with http://127.0.0.1.")
        self._base_url = base_url.rstrip("/")
        super().__init__(clock, spacing)
        self._token = token
        self.counting = Counting(most)
        self._session = requests.Session()
        self._session.auth = Bearer(token)
        self._session.trust_env = parts.scheme == "https"  # a proxy would see a token without TLS
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, self.counting)

    def _send_once(self, request: Request) -> Answer:
        """Send a call.

        :raises Trouble: if no answer comes.
        :raises TooManyCalls: if there have been enough calls.
        """
        try:
            response = self._session.request(
                request.method,
                self._base_url + request.path,
                data=request.content,
                headers=request.headers,
                timeout=TIMEOUTS,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            said = str(error).replace(self._token.secret, "<token>")
            raise Trouble(f"{request.method} got no answer: {type(error).__name__}: {said}") from None
        return Answer.of(response.status_code, response.content, response.headers)
