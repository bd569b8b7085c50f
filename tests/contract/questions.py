# SPDX-License-Identifier: Apache-2.0
"""The open questions: which scenario asks about a switch of the sandbox, and what its answer means."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_hubcontact.sandbox import Requirements, Switches
from tests.contract.answers import LIMITS, Answer, Exchange
from tests.contract.scenario import Told

Answers = Mapping[str, Answer]
"""Name of a call → its answer."""

DAY = f"{LIMITS}daily-remaining"
IMPORT_CALLS = 3
"""Calls of the imports API between two other ones."""


@dataclass(frozen=True)
class Question:
    """What a scenario's answers say about a switch.

    :param decide: returns the switch's value; "" if the answers do not tell.
    :param needs: what the portal needs to have, so that its answers tell.
    """

    scenario: str
    decide: Callable[[Answers], str]
    needs: str = "the calls of the scenario to be answered"


@dataclass
class Findings:
    """What a portal's answers say about the switches.

    :param settings: switch → value.
    :param required: properties that the portal demands of a new contact.
    :param open: switch → why nothing is known of it.
    """

    settings: dict[str, str] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    open: dict[str, str] = field(default_factory=dict)

    @property
    def switches(self) -> Switches:
        """The switches that make a sandbox answer as the portal does."""
        return Switches().flipped(self.settings)

    @property
    def requirements(self) -> Requirements:
        """What a sandbox demands of a new contact as the portal does."""
        return Requirements(self.required)

    @property
    def options(self) -> str:
        """The options of the sandbox's command line; empty if its defaults are right."""
        defaults = {name: values[0] for name, values in Switches.choices().items()}
        return " ".join(
            f"--switch {name}={value}" for name, value in self.settings.items() if value != defaults[name]
        )


def find(told: Iterable[Told]) -> Findings:
    """Read the settings of the switches from what a portal answered."""
    by_name = {each.scenario: each for each in told}
    findings = Findings()
    for switch, question in QUESTIONS.items():
        asked = by_name.get(question.scenario)
        value = "" if asked is None or asked.trouble else question.decide(_answers(asked.exchanges))
        if value:
            findings.settings[switch] = value
        else:
            findings.open[switch] = (asked and asked.trouble) or f"{question.scenario} needs {question.needs}"
    if "create_without_required" in by_name:
        findings.required = _required(_answers(by_name["create_without_required"].exchanges))
    return findings


def _answers(exchanges: Iterable[Exchange]) -> dict[str, Answer]:
    return {each.name: each.answer for each in exchanges if each.compared}


def _by_status(call: str, **values: str) -> Callable[[Answers], str]:
    """Return a decision by the status of one call, ``s200="allowed"``; others do not tell."""

    def decide(answers: Answers) -> str:
        return values.get(f"s{answers[call].status}", "") if call in answers else ""

    return decide


def _result_order(answers: Answers) -> str:
    cities = [each["properties"]["city"] for each in _results(answers, "write")]
    if sorted(cities) != ["Aachen", "Bonn", "Celle"]:
        return ""
    return "input" if cities == ["Bonn", "Aachen", "Celle"] else "reversed"


def _new_contact_stage(answers: Answers) -> str:
    stage = (answers["read"].get("properties") or {}).get("lifecyclestage", "?") if "read" in answers else "?"
    return {"lead": "lead", None: "none", "": "none"}.get(stage, "")


def _write_rules(answers: Answers) -> str:
    if not _required(answers) or "v3" not in answers:
        return ""
    return {201: "2026-09", 400: "every"}.get(answers["v3"].status, "")


def _required(answers: Answers) -> tuple[str, ...]:
    """Return the properties that a refusal names as required."""
    errors = answers["2026-09"].get("errors") if "2026-09" in answers else None
    missing = [each for each in errors or () if each.get("code") == "MISSING_REQUIRED_PROPERTY"]
    return tuple(name for each in missing for name in each.get("context", {}).get("propertyName", ()))


def _import_calls(answers: Answers) -> str:
    left = [answers[name].headers.get(DAY, "") for name in ("before", "after") if name in answers]
    if len(left) < 2 or not all(map(str.isdigit, left)) or answers["import 0"].status == 403:
        return ""
    used = int(left[0]) - int(left[1])
    return {1: "free", 1 + IMPORT_CALLS: "counted"}.get(used, "")


def _import_invalid_value(answers: Answers) -> str:
    if "end" not in answers or answers["end"].get("state") != "DONE" or not [*_results(answers, "errors")]:
        return ""
    return {200: "value", 404: "row"}.get(answers["read"].status, "")


def _merged_id(answers: Answers) -> str:
    read = answers.get("read by the first id")
    merged = ((read and read.get("properties")) or {}).get("hs_merged_object_ids")
    if not merged:
        return ""
    return "new" if len(merged.split(";")) > 1 else "kept"


def _v1_errors(answers: Answers) -> str:
    if "by address" not in answers or answers["by address"].status != 404:
        return ""
    return "newer" if answers["by address"].get("category") else "older"


def _v1_batch_limit(answers: Answers) -> str:
    answer = answers.get("1,001 contacts")
    if answer is None or answer.status != 400:
        return ""
    return "20000" if answer.get("failureMessages") else "1000"


def _first_company(answers: Answers) -> str:
    types = [each for result in _results(answers, "read") for each in result.get("associationTypes", ())]
    if not types:
        return ""
    return "primary" if any(each.get("label") == "Primary" for each in types) else "unlabeled"


def _results(answers: Answers, call: str) -> Iterator[dict[str, Any]]:
    return iter((answers[call].get("results") if call in answers else None) or ())


QUESTIONS: dict[str, Question] = {
    "batch_update_with_trace_ids": Question(
        "batch_update_bad_value", _by_status("with trace ids", s207="207", s400="400")
    ),
    "batch_update_by_email": Question(
        "batch_update_by_address", _by_status("idProperty", s200="allowed", s400="refused")
    ),
    "upsert_by_email": Question("batch_upsert_of_some", _by_status("write", s200="partial", s400="refused")),
    "write_rules": Question(
        "create_without_required",
        _write_rules,
        "a property, firstname say, that the portal's settings require of new contacts",
    ),
    "search_filters": Question("search_filters", _by_status("20 in four groups", s200="25", s400="18")),
    "import_calls": Question(
        "calls_of_imports", _import_calls, "the scope of imports, and no other app's calls at the same time"
    ),
    "stage_regression": Question("stage_goes_back", _by_status("write", s200="keep", s400="reject")),
    "taken_email": Question(
        "patch_taken_address", _by_status("write", s409="409", s400="400", s200="ignore")
    ),
    "taken_email_on_create": Question("create_taken_address", _by_status("2026-09", s409="409", s400="400")),
    "old_email": Question("patch_address", _by_status("by the old one", s404="dropped", s200="secondary")),
    "result_order": Question("batch_update", _result_order),
    "new_contact_stage": Question(
        "create_without_stage", _new_contact_stage, "lead or no stage as the portal's first one"
    ),
    "oauth_json": Question("oauth_parameters", _by_status("v1, JSON", s415="415", s400="accepted")),
    "v1_errors": Question("v1_unknown", _v1_errors),
    "v1_batch_limit": Question("v1_batch_of_many", _v1_batch_limit),
    "first_company": Question("first_company", _first_company, "the scopes of companies"),
    "merged_id": Question("merge", _merged_id),
    "gdpr_address": Question(
        "gdpr_delete", _by_status("the address again", s201="free", s400="blocked", s409="blocked")
    ),
    "import_invalid_value": Question(
        "import_bad_value", _import_invalid_value, "the scope of imports, and an import that ends in time"
    ),
}

NOT_ASKED: dict[str, str] = {"not_emulated": "it is about the sandbox alone"}
"""Switch → why no scenario can ask about it."""
