# SPDX-License-Identifier: Apache-2.0
"""A run against a portal that is not ours to break: checked, fenced, counted, tidied up, and compared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from airflow_provider_hubcontact.sandbox import Sandbox
from airflow_provider_hubcontact.sandbox.imports.runs import ImportPace
from tests.contract.answers import Target
from tests.contract.fence import Fence
from tests.contract.http_target import Http, Token, Trouble
from tests.contract.in_process import InProcess
from tests.contract.questions import QUESTIONS, Findings, find
from tests.contract.sandbox_clock import SandboxClock
from tests.contract.scenario import Scenario, Surroundings, Told, tell
from tests.contract.scenarios import SCENARIOS
from tests.contract.scrubbing import FAMILY, PORTAL, RUN, Scrubber
from tests.contract.shapes import Difference, differences
from tests.contract.tidying import Refused, Tidying

CALLS_TO_TIDY_UP = 60
"""Calls that are kept for what comes after the scenarios."""

DEVELOPER_TEST = "DEVELOPER_TEST"
DETAILS = "/account-info/v3/details"


@dataclass(frozen=True)
class Outcome:
    """What a run found.

    :param told: what the portal answered.
    """

    told: list[Told]
    findings: Findings
    differences: list[Difference]


def check_account(target: Target, *, force: bool) -> str:
    """Check that a portal is a developer test account.

    :param force: whether another one will do.
    :return: the portal's id.
    :raises Refused: if it is another one, or does not say.
    """
    answer = target.call("GET", DETAILS)
    if answer.status != 200:
        raise Refused(f"HubSpot does not say what account this is: {answer.status} {answer.get('message')}")
    kind = answer.get("accountType")
    if kind != DEVELOPER_TEST and not force:
        raise Refused(
            f"The account is of the type {kind}, not {DEVELOPER_TEST}, so that nothing was sent to it. "
            "--force takes it all the same."
        )
    return str(answer.get("portalId"))


def ask_portal(
    http: Http,
    token: Token,
    surroundings: Surroundings,
    scenarios: Iterable[Scenario],
    *,
    force: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> list[Told]:
    """Ask a portal everything, and leave it as it was, also if that is interrupted.

    :param say: is told what is going on.
    :return: what it answered, scrubbed; the open questions first.
    :raises Refused: if the portal does not allow it.
    :raises Trouble: if the portal cannot be reached.
    """
    portal_id = check_account(http, force=force)
    fence = Fence(http, surroundings)
    tidying = Tidying(http, fence.ours)
    if left := tidying.sweep():
        say(f"Removed {left} contacts, companies, lists and properties that an earlier run had left.")
    stand_ins = {token.secret: "<token>", portal_id: PORTAL, surroundings.run: RUN}
    stand_ins |= {
        surroundings.family: FAMILY,
        surroundings.family.replace("-", "_"): FAMILY.replace("-", "_"),
    }
    http.counting.most -= CALLS_TO_TIDY_UP
    told: list[Told] = []
    try:
        for each in tell(in_order(scenarios), fence, surroundings, lambda: Scrubber(stand_ins)):
            say(f"{each.scenario}: {each.trouble or 'answered'}")
            told.append(each)
    finally:
        http.counting.most += CALLS_TO_TIDY_UP
        _tidy_up(tidying, say)
    return told


def ask_sandbox(findings: Findings, scenarios: Iterable[Scenario]) -> list[Told]:
    """Ask a sandbox of our own.

    :param findings: what it shall do where HubSpot is not known.
    """
    sandbox = Sandbox(
        switches=findings.switches,
        requirements=findings.requirements,
        import_pace=ImportPace(0.0),
        v1_batch_delay=0.0,
    )
    surroundings = Surroundings(clock=SandboxClock(sandbox))
    return list(tell(in_order(scenarios), InProcess(sandbox), surroundings))


def compared(told: Sequence[Told], scenarios: Sequence[Scenario]) -> Outcome:
    """Compare what a portal answered with a sandbox whose switches are set as the answers say."""
    findings = find(told)
    return Outcome(list(told), findings, all_differences(ask_sandbox(findings, scenarios), told))


def all_differences(ours: Iterable[Told], theirs: Iterable[Told]) -> list[Difference]:
    """Return in what two portals differ, but for scenarios that the second one did not answer in full.

    :param ours: what the first one answered to the same scenarios, in any order.
    """
    by_name = {each.scenario: each for each in ours}
    return [
        difference
        for each in theirs
        if not each.trouble
        for difference in differences(each.scenario, by_name[each.scenario].exchanges, each.exchanges)
    ]


def in_order(scenarios: Iterable[Scenario]) -> list[Scenario]:
    """Put the scenarios that ask about switches first."""
    asking = {question.scenario for question in QUESTIONS.values()}
    return sorted(scenarios, key=lambda each: each.name not in asking)


def chosen(only: Sequence[str]) -> list[Scenario]:
    """Return the scenarios of these names, all if there are none.

    :raises ValueError: if there is no such scenario.
    """
    unknown = [name for name in only if name not in SCENARIOS]
    if unknown:
        raise ValueError(f"There is no scenario {unknown[0]}; there are {', '.join(SCENARIOS)}.")
    return [SCENARIOS[name] for name in only or SCENARIOS]


def _tidy_up(tidying: Tidying, say: Callable[[str], None]) -> None:
    """Remove what the run made; what cannot be removed now is the next run's."""
    try:
        tidying.remove()
        tidying.sweep()
    except (Refused, Trouble) as failed:
        say(f"Not everything could be removed; the next run does it: {failed}")
