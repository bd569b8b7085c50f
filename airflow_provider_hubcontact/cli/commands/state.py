# SPDX-License-Identifier: Apache-2.0
"""``hubcontact state``: look at a state, try its rights, or repair it."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from airflow_provider_hubcontact.cli.exit_status import OK, PROBLEMS
from airflow_provider_hubcontact.cli.files import STANDARD_INPUT, Form
from airflow_provider_hubcontact.cli.output import Output, counts
from airflow_provider_hubcontact.cli.settings import CONN_ID, Asked, keys_of
from airflow_provider_hubcontact.cli.sources import source_of
from airflow_provider_hubcontact.cli.surroundings import CommandSurroundings
from airflow_provider_hubcontact.job.checks.keys import SourceKeys, need_portal
from airflow_provider_hubcontact.job.errors import PreflightError, SetupError
from airflow_provider_hubcontact.job.portal.definitions import Portal
from airflow_provider_hubcontact.job.settings.state import State
from airflow_provider_hubcontact.job.state.care import Right, StateCare
from airflow_provider_hubcontact.sync.decide.lifecycle import Stages
from airflow_provider_hubcontact.words import counted

AUDIT_DAYS = 30.0
"""Days of an audit, unless ``--audit`` says otherwise; as those of a state that does not."""


def run(chosen: Namespace, output: Output) -> int:
    """Look at a state, or change it, over the Airflow connection that it names.

    :param chosen: the command's arguments.
    :param output: where it writes.
    :return: the exit status.
    :raises SetupError: if arguments are not valid, or a key is still in the source.
    :raises StateError: if the state is not there, or a run is at work.
    """
    state = State(chosen.state, audit=_days(chosen))
    if problems := [*state.problems(), *_misplaced(chosen)]:
        raise PreflightError(problems)
    conn_id, table = state.address
    with CommandSurroundings(CONN_ID, ()).state_database(conn_id) as database:
        return _ACTIONS[chosen.what](StateCare(database, table), chosen, output)


def _misplaced(chosen: Namespace) -> Iterable[str]:
    """Yield a sentence for each argument that has no effect."""
    given = {
        "KEY": chosen.keys,
        "--source": chosen.source,
        "--sql": chosen.sql,
        "--sql-conn-id": chosen.sql_conn_id,
        "--settings": chosen.settings,
        "--conn-id": chosen.conn_id,
        "--key": chosen.key,
        "--key-property": chosen.key_property,
        "--yes": chosen.yes,
        **dict.fromkeys(Form.of(chosen).options, True),
    }
    if chosen.what != "forget":
        yield from (f"{name} has no effect on {chosen.what}" for name, value in given.items() if value)
    for what, name, value in (("reset", "--table", chosen.table), ("show", "--audit", chosen.audit)):
        if chosen.what != what and value is not None:
            yield f"{name} has no effect on {chosen.what}"


def _days(chosen: Namespace) -> float:
    """Return the days after which a proof is overdue."""
    return AUDIT_DAYS if chosen.audit is None else float(chosen.audit)


def _show(state: StateCare, chosen: Namespace, output: Output) -> int:
    days = _days(chosen)
    told = state.told(days)
    if output.as_json:
        output.json(told)
    else:
        output.facts(_in_words(told, days))
    return PROBLEMS if told["overdue"] else OK


def _in_words(told: Mapping[str, Any], audit: float) -> dict[str, str]:
    at_work = told["at_work"]
    return {
        "table": told["table"],
        "portal": str(told["portal"]),
        "keys": f"{told['keys']:,}: {counts(told['origins'])}",
        "proofs": f"{told['proved']:,}, and {told['void']:,} void",
        "known to be absent": f"{told['absent']:,}",
        "drifted": f"{told['drifted']:,}, of them {told['contested']:,} contested",
        "oldest proof": _time(told["oldest_proof"]),
        "overdue for an audit": f"{told['overdue']:,} older than {audit:g} days",
        "settings": ", ".join(f"{name} {part}" for name, part in told["settings"].items()) or "none yet",
        "runs": f"{told['runs']:,}; the last completed one ended {_time(told['last_completed'])}",
        "at work": f"{at_work['holder']}, since {_time(at_work['since'])}, with its last sign of life "
        f"{at_work['silent']} s ago"
        if at_work
        else "nobody",
    }


def _time(seconds: int | None) -> str:
    return "never" if seconds is None else f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _check(state: StateCare, _: Namespace, output: Output) -> int:
    rights = state.rights()
    if output.as_json:
        output.json([each._asdict() for each in rights])
    else:
        output.table(("right", "needed", ""), (_right(each) for each in rights))
    return PROBLEMS if any(each.problem and each.is_needed for each in rights) else OK


def _right(right: Right) -> tuple[str, str, str]:
    return right.name, "yes" if right.is_needed else "no", right.problem or "granted"


def _void(state: StateCare, _: Namespace, output: Output) -> int:
    count = state.void()
    if output.as_json:
        output.json({"voided": count})
    else:
        output.line(f"Made void: {counted(count, 'proof')}. The next run looks their contacts up.")
    return OK


def _forget(state: StateCare, chosen: Namespace, output: Output) -> int:
    if chosen.source == STANDARD_INPUT and STANDARD_INPUT in chosen.keys:
        raise SetupError("- stands for both the keys and --source: standard input can only be one of them")
    asked = keys_of(chosen)
    known = _portal(asked.conn_id) if need_portal(asked.settings) else Portal(Stages.default())
    source = SourceKeys(asked.settings, known)
    keys = _keys(chosen.keys, source, asked.settings.key.property)
    if not chosen.yes:
        _check_source(chosen.source, Form.of(chosen), asked, source, set(keys))
    had = state.forget(keys)
    if output.as_json:
        output.json({"keys": len(keys), "forgotten": had})
    else:
        output.line(f"Forgotten: {had:,} of {counted(len(keys), 'key')}; no other was in the state.")
    return OK


def _portal(conn_id: str) -> Portal:
    """Ask a portal for its properties."""
    from airflow_provider_hubcontact.cli.portal import portal_with_schema
    from airflow_provider_hubcontact.hooks.hubspot import HubSpotHook

    with HubSpotHook(conn_id).get_conn() as hubspot:
        return portal_with_schema(hubspot)[0]


def _keys(given: Sequence[str], source: SourceKeys, name: str) -> list[str]:
    """Return keys in their normal form.

    :param name: of the property that they are values of.
    :raises SetupError: if there are none, or one is not valid; it quotes none of them.
    """
    if STANDARD_INPUT in given and len(given) > 1:
        raise SetupError("- reads all keys from standard input: give it alone, or the keys themselves")
    lines = [line.strip() for line in sys.stdin] if [*given] == [STANDARD_INPUT] else given
    keys = [source.of_text(line) for line in lines if line]
    if odd := [number for number, key in enumerate(keys, 1) if not key]:
        raise SetupError(f"key {odd[0]} is not a valid {name}: nothing was forgotten")
    if not keys:
        raise SetupError("forget needs keys, or - for those of standard input")
    return [*dict.fromkeys(filter(None, keys))]


def _check_source(file: str | None, form: Form, asked: Asked, source: SourceKeys, keys: set[str]) -> None:
    """Make sure that no row of the source has one of the keys.

    :param file: with the rows; None if a query has them.
    :raises SetupError: if one has, no source was named, or no row of it has any key.
    """
    if (file is None) == (asked.query is None):
        raise SetupError(
            "forget needs the source, as --source or --sql, to make sure that it does not have the keys any "
            "more; or --yes"
        )
    has_keys = False
    with source_of(file, asked.query, form) as rows:
        for number, key in enumerate(source.of_rows(rows), 1):
            if key in keys:
                raise SetupError(
                    f"row {number:,} of the source still has one of the keys: nothing was forgotten; --yes "
                    "does so all the same"
                )
            has_keys = has_keys or key is not None
    if not has_keys:  # it proves nothing: another column may have the keys, or the query is the wrong one
        named = asked.settings.key
        raise SetupError(
            f"no row of the source has a valid {named.property} in the column {named.column}: nothing was "
            "forgotten; --key names another column, and --yes forgets without a look at the source"
        )


def _reset(state: StateCare, chosen: Namespace, output: Output) -> int:
    table = State(chosen.state).address[1]
    name = chosen.table
    if name is None and sys.stdin.isatty():
        name = input(f"Type the table's name to drop all of its state ({table}): ")
    if name != table:
        raise SetupError(f"reset needs --table {table}, the table's name once more: nothing was dropped")
    state.reset()
    if output.as_json:
        output.json({"dropped": table})
    else:
        output.line(f"The state {table} is dropped: the next run begins a new one, and looks all rows up.")
    return OK


_ACTIONS: Mapping[str, Callable[[StateCare, Namespace, Output], int]] = {
    "show": _show,
    "check": _check,
    "void": _void,
    "forget": _forget,
    "reset": _reset,
}
