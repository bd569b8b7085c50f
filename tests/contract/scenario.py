# SPDX-License-Identifier: Apache-2.0
"""A scenario: some calls, each with a name, and the values of the answers that are compared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from airflow_provider_hubcontact.clock import SYSTEM_CLOCK, Clock
from tests.contract.answers import JSON, Answer, Exchange, Request, Target
from tests.contract.http_target import TooManyCalls, Trouble
from tests.contract.scrubbing import FAMILY, RUN, Scrubber

CONTACTS = "/crm/objects/2026-09/contacts"
COMPANIES = "/crm/objects/2026-09/companies"
LISTS = "/crm/lists/2026-09"
PROPERTIES = "/crm/v3/properties/contacts"
V3 = "/crm/v3/objects/contacts"
V1 = "/contacts/v1/contact"
NOBODY = "987654321987654"
"""An id that no contact has; :meth:`Ask.nobody` makes sure of it."""

MOST_TROUBLES = 3
"""Scenarios in a row without an answer, after which no more are asked."""


class SetUpFailed(Exception):
    """What a scenario needs could not be prepared, so that it says nothing."""


@dataclass(frozen=True)
class Surroundings:
    """What a scenario is told of the target and of its run.

    :param run: part of every address of the run's contacts.
    :param family: their last name, and the domain of their addresses.
    :param patience: seconds that an answer may need to become what is waited for.
    :param pause: seconds between two looks.
    :param clock: passes while an answer is waited for.
    """

    run: str = RUN
    family: str = FAMILY
    patience: float = 10.0
    pause: float = 0.05
    clock: Clock = SYSTEM_CLOCK


class Ask:
    """Calls a target for one scenario, and keeps what was said."""

    def __init__(self, target: Target, scenario: str, surroundings: Surroundings) -> None:
        self._target, self._scenario, self._surroundings = target, scenario, surroundings
        self.exchanges: list[Exchange] = []

    def __call__(
        self,
        name: str,
        method: str,
        path: str,
        body: Any = None,
        *,
        accept: str = JSON,
        values: Iterable[str] = (),
    ) -> Answer:
        """Send a call that is compared; the parameters without a word here are those of :class:`Request`.

        :param name: what the report calls it.
        :param values: paths of the values that are compared.
        :raises SetUpFailed: if the token may not send such a call at all.
        """
        request = Request(method, path, body, accept)
        answer = self._target.send(request)
        if answer.status == 403 and answer.get("category") == "MISSING_SCOPES":
            raise SetUpFailed(f"The token has no scope for {method} {request.plain_path}.")
        self.exchanges.append(Exchange(name, request, answer, tuple(values)))
        return answer

    def prepare(self, method: str, path: str, body: Any = None) -> Answer:
        """Send a call that only prepares.

        :raises SetUpFailed: if it is refused.
        """
        request = Request(method, path, body)
        answer = self._not_compared(request)
        if answer.status >= 300:
            raise SetUpFailed(f"{method} {request.plain_path}: {answer.status} {answer.get('message')}")
        return answer

    def until(
        self,
        name: str,
        good: Callable[[Answer], bool],
        method: str,
        path: str,
        body: Any = None,
        *,
        values: Iterable[str] = (),
    ) -> Answer:
        """Send a call again and again until its answer is good; the last one is compared."""
        request, waited = Request(method, path, body), 0.0
        answer = self._target.send(request)
        while not good(answer) and waited < self._surroundings.patience:
            self._surroundings.clock.sleep(self._surroundings.pause)
            waited += self._surroundings.pause
            answer = self._target.send(request)
        self.exchanges.append(Exchange(name, request, answer, tuple(values)))
        return answer

    def address(self, who: str = "ada") -> str:
        """Return an address that only this scenario of this run uses."""
        plain = self._scenario.replace("_", "-")
        return f"{who}.{plain}.{self._surroundings.run}@{self._surroundings.family}.example.com"

    def properties(self, who: str = "ada", **more: str) -> dict[str, str]:
        """Return the properties of a contact that can be told from all others."""
        mine = {"email": self.address(who), "firstname": who.title(), "lastname": self._surroundings.family}
        return {**mine, **more}

    def contact(self, who: str = "ada", **more: str) -> str:
        """Create a contact, and return its id."""
        answer = self.prepare("POST", CONTACTS, {"properties": self.properties(who, **more)})
        return str(answer.get("id"))

    def domain(self, who: str = "acme") -> str:
        """Return a domain that only this scenario of this run uses."""
        name, domain = self.address(who).split("@")
        return f"{name}.{domain}"

    def firm(self, who: str = "acme", **more: str) -> dict[str, str]:
        """Return the properties of a company that can be told from all others."""
        return {"name": self._surroundings.family, "domain": self.domain(who), **more}

    def company(self, who: str = "acme", **more: str) -> str:
        """Create a company, and return its id."""
        return str(self.prepare("POST", COMPANIES, {"properties": self.firm(who, **more)}).get("id"))

    def nobody(self, root: str = CONTACTS) -> str:
        """Return an id of which the target has just said that no record has it.

        :param root: the path of the object type.
        :raises SetUpFailed: if a record has it.
        """
        if self._not_compared(Request("GET", f"{root}/{NOBODY}")).status != 404:
            raise SetUpFailed(f"{root}/{NOBODY} exists.")
        return NOBODY

    def _not_compared(self, request: Request) -> Answer:
        answer = self._target.send(request)
        self.exchanges.append(Exchange("prepare", request, answer, compared=False))
        return answer

    def property_name(self, name: str) -> str:
        """Return the name of a property that only this run has."""
        return f"{self._surroundings.family}_{self._surroundings.run}_{name}".replace("-", "_")

    def list_name(self, name: str = "list") -> str:
        """Return the name of a list that only this scenario of this run has."""
        return self.property_name(f"{self._scenario}_{name}")

    @property
    def mark(self) -> str:
        """The last name of all contacts of the tests."""
        return self._surroundings.family


Body = Callable[[Ask], None]


@dataclass(frozen=True)
class Scenario:
    """Calls that show a rule of HubSpot.

    :param rule: the rule, in a sentence.
    """

    name: str
    rule: str
    body: Body


@dataclass
class Told:
    """What a target answered to a scenario, scrubbed.

    :param trouble: why it says nothing, or not everything; empty if it does.
    """

    scenario: str
    exchanges: list[Exchange] = field(default_factory=list)
    trouble: str = ""


SCENARIOS: dict[str, Scenario] = {}


def scenario(body: Body) -> Body:
    """Register a function, whose docstring is the rule, as a scenario."""
    rule = " ".join((body.__doc__ or "").split())
    SCENARIOS[body.__name__] = Scenario(body.__name__, rule, body)
    return body


def tell(
    scenarios: Iterable[Scenario],
    target: Target,
    surroundings: Surroundings,
    scrubber: Callable[[], Scrubber] = Scrubber,
) -> Iterator[Told]:
    """Run scenarios against a target, one after another.

    :param scrubber: makes one for each scenario.
    :raises Trouble: if several scenarios in a row get no answer.
    """
    in_a_row = 0
    for each in scenarios:
        ask = Ask(target, each.name, surroundings)
        trouble = ""
        try:
            each.body(ask)
            in_a_row = 0
        except (SetUpFailed, TooManyCalls) as failed:
            trouble = str(failed)
        except Trouble as failed:
            trouble = str(failed)
            in_a_row += 1
            if in_a_row == MOST_TROUBLES:
                raise
        scrub = scrubber()
        yield Told(each.name, [scrub.exchange(one) for one in ask.exchanges], scrub.text(trouble))


def email_path(root: str, address: str, query: str = "") -> str:
    """Return the path of a contact by its address."""
    return f"{root}/{quote(address, safe='@')}?idProperty=email{query}"
