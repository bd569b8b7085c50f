# SPDX-License-Identifier: Apache-2.0
"""What is wrong with settings: with each by itself, and between two of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path

from airflow_provider_hubcontact.job.settings.checks import flag, is_mapping_of_names
from airflow_provider_hubcontact.job.settings.frozen import Frozen
from airflow_provider_hubcontact.job.settings.guards import Guards
from airflow_provider_hubcontact.job.settings.key import Key
from airflow_provider_hubcontact.job.settings.settings import Settings
from airflow_provider_hubcontact.job.settings.values import Values
from airflow_provider_hubcontact.job.settings.writes import Writes


def problems_of(settings: Settings) -> list[str]:
    """Return what is wrong, a sentence each."""
    of_key = list(settings.key.problems())
    return [
        *flag("upsert", settings.upsert),
        *flag("verify", settings.verify),
        *flag("dry_run", settings.dry_run),
        *settings.source.problems(),
        *of_key,
        *settings.writes.problems(),
        *(() if settings.values == Values() else settings.values.problems()),
        *settings.guards.problems(),
        *(settings.ledger.problems() if settings.ledger else ()),
        *(settings.state.problems() if settings.state else ()),
        *(settings.lists.problems() if settings.lists else ()),
        *_of_removals(settings),
        *(() if of_key else _of_mapping(settings)),  # what a mapping may say depends on the key
        *_of_schema(settings.json_schema),
        *settings.policy_problems(),
        *_without_effect(settings),
        *_of_undo(settings),
    ]


def can_be_opened(settings: Settings) -> bool:
    """Check whether source and ledger can be opened, so that every record can have an outcome."""
    kept = [each.problems() for each in (settings.ledger, settings.state) if each]
    return not [*settings.source.problems(), *chain(*kept), *settings.policy_problems()]


def _of_mapping(settings: Settings) -> Iterator[str]:
    mapping = settings.mapping
    if mapping is None:
        return
    if not is_mapping_of_names(mapping):
        example = "such as {'first_name': 'firstname'}"
        yield f"mapping must map columns to properties, {example}, not {mapping!r:.200}"
        return
    if not mapping and settings.key.becomes is None:
        yield "mapping names no column, so nothing would be sent: leave it out to send every column"
    if nameless := [column for column, name in mapping.items() if not name.strip()]:
        yield f"mapping names no property for {', '.join(map(repr, nameless)):.200}"
        return
    yield from _twice(mapping, settings.key)
    if _sends_the_key_alone(settings) and settings.upsert is False:
        yield "mapping sends nothing but the key, which changes nothing without upsert=True"
    if is_mapping_of_names(settings.writes.properties or {}):
        yield from settings.unsent()


def _of_schema(schema: object) -> Iterator[str]:
    if schema is None or isinstance(schema, str | Path | Mapping):
        return
    from airflow_provider_hubcontact.sync.rows.own_validator import is_validator

    if not is_validator(schema):
        yield (
            "json_schema must be a JSON Schema as a dict, such as {'required': ['email']}, the name of a "
            f".json file, or a validator of jsonschema, not {schema!r:.100}"
        )


def _sends_the_key_alone(settings: Settings) -> bool:
    return settings.mapping == {settings.key.column: settings.key.property} and settings.key.becomes is None


def _twice(mapping: Mapping[str, str], key: Key) -> Iterator[str]:
    """Look for properties that two columns are sent as, and for an unnamed change of the key."""
    if twice := sorted({name for name in mapping.values() if [*mapping.values()].count(name) > 1}):
        yield f"mapping has two columns for {', '.join(twice)}"
        return
    for column, name in mapping.items():
        if name == key.property and column not in {key.column, key.becomes}:
            yield f"mapping sends {column} as {name}, which is the key: {key.change_of(column)}"
        if name != key.property and column == key.becomes:
            yield f"mapping sends {column} as {name}, and key as the new {key.property}: name it once"


def _of_removals(settings: Settings) -> Iterator[str]:
    """Look for what cannot be done for the contacts of rows that left the source."""
    state = settings.state
    asked = state.on_removed if state else None
    if asked is None and not _mirrors(settings):
        yield from _of_nobody(settings)
    elif state and state.lets_leave and settings.lists is None:
        yield f"state.on_removed={asked!r} has no effect without lists"
    elif state and state.archives and settings.upsert is False:
        yield f"state.on_removed={asked!r} has no effect {_CREATES_NONE}, and no other is archived"
    elif isinstance(asked, Mapping) and (odd := [key for key in _keys(settings.key) if key in asked]):
        yield f"state.on_removed names {odd[0]}, by which contacts are found: it cannot change"


def _mirrors(settings: Settings) -> bool:
    return settings.lists is not None and settings.lists.mirror is True


def _of_nobody(settings: Settings) -> Iterator[str]:
    """Look for settings about removals where nobody is removed."""
    state = settings.state
    archives = settings.source.archives
    for name, is_given in (
        ("guards.removals", settings.guards.removals != Guards.removals and not archives),
        ("state.grace", state is not None and state.grace != type(state).grace),
    ):
        if is_given:
            yield f"{name} has no effect without {_REMOVING[settings.source.undoes]}"


_REMOVING = {False: "state.on_removed or lists.mirror", True: "archive_created"}
"""Whether a run is undone → what lets contacts be removed."""


def _keys(key: Key) -> tuple[str, ...]:
    """Return the properties by which the contacts of a run are found."""
    return (key.property, "hs_object_id")


def _without_effect(settings: Settings) -> Iterator[str]:
    """Look for settings that can have no effect, and so are mistakes."""
    if settings.upsert and settings.key.property == "hs_object_id":
        yield "a contact cannot be created with a record id: upsert by email"
    is_kept = settings.source.is_ledger_alone
    remembers = settings.state is not None and settings.state.remembers_absence
    is_blind = settings.writes.compare is False
    trusts_ids = settings.state is not None and settings.state.trust_ids is True
    is_by_id = settings.key.property == "hs_object_id"
    list_column = settings.lists.column if settings.lists else None
    undoes = settings.source.undoes
    for name, is_given, is_useless, why in (
        ("guards.creates", settings.guards.creates is not None, settings.upsert is False, _CREATES_NONE),
        ("mapping", settings.mapping is not None, is_kept, _KEPT),
        ("writes.timestamp", settings.writes.timestamp is not None, is_kept, _KEPT),
        ("lists.column", list_column is not None, is_kept, _NOT_KEPT),
        (
            "lists.mirror",
            settings.lists is not None and settings.lists.mirror,
            settings.state is None,
            _NO_STATE,
        ),
        ("watermark", settings.source.watermark is not None, settings.state is not None, _STATE_KNOWS),
        ("writes.compare=False", is_blind, settings.upsert is False, _NO_ID),
        ("writes.compare=False", is_blind, settings.state is not None, _STATE_COMPARES),
        ("writes.compare=False", is_blind, settings.lists is not None, _WHOSE),
        ("state.trust_ids", trusts_ids, settings.upsert is True, _BY_KEY),
        ("state.trust_ids", trusts_ids, is_by_id, "with record ids as keys, which need no look-up"),
        ("state.trust_ids", trusts_ids, settings.key.becomes is not None, _LOOKED_UP),
        ("state.trust_ids", trusts_ids, settings.guards.are_set, "with guards, which look all contacts up"),
        ("state", settings.state is not None, settings.source.replay is not None and not undoes, _CHOSEN),
        ("state.absent", remembers, settings.upsert is True, _CREATED),
        ("state.absent", remembers, settings.key.becomes is not None, _MOVES),
        ("state.absent", remembers and settings.upsert is False, not _accepts_absence(settings), _NOT_GOOD),
        ("verify", settings.verify, settings.dry_run is True, "with dry_run, which writes nothing"),
        ("guards", settings.guards.are_set, settings.dry_run is True, "with dry_run, which writes nothing"),
    ):
        if is_given and is_useless:
            yield f"{name} has no effect {why}"


def _accepts_absence(settings: Settings) -> bool:
    """Whether it is a good end that nobody has a key; True if ``status_actions`` is not valid."""
    if not settings.status_actions:
        return False
    from airflow_provider_hubcontact.sync.decide.policy import Action
    from airflow_provider_hubcontact.sync.model.outcome import Outcome

    if [*settings.policy_problems()]:
        return True
    return settings.policy.action(Outcome.NOT_FOUND, 404) in {Action.SUCCEED, Action.SKIP}


def _of_undo(settings: Settings) -> Iterator[str]:
    """Look for settings that can have no effect on an undo: it writes values that HubSpot has had."""
    if not settings.source.undoes:
        return
    chosen = [f"writes.{name}" for name in _changed(settings.writes, Writes(), but="stages")]
    if settings.state is not None:
        usual = type(settings.state)("")
        chosen += [f"state.{name}" for name in _changed(settings.state, usual, but="path")]
    chosen += [f"values.{name}" for name in _changed(settings.values, Values())]
    if settings.key.becomes is not None:
        chosen.append("key.becomes")
    if settings.key.column not in {Key.column, settings.key.property}:
        chosen.append("key.column")
    chosen += ["upsert"] if settings.upsert else []
    chosen += ["lists"] if settings.lists is not None else []
    chosen += ["json_schema"] if settings.json_schema is not None else []
    yield from (f"{name} has no effect with undo=True, {_AS_THEY_WERE}" for name in chosen)


def _changed(setting: Frozen, usual: Frozen, *, but: str = "") -> list[str]:
    """Return the names of the fields that are not as usual.

    :param but: a field that may be.
    """
    had = usual.fields()
    return [name for name, value in setting.fields().items() if name != but and value != had[name]]


_AS_THEY_WERE = "which gives contacts the values back that they had"


_CREATES_NONE = "without upsert=True: no contact is created"


_CREATED = "with upsert=True: a contact that is not there is created"


_MOVES = "with key.becomes, by which a contact can get a key in the same run"


_NOT_GOOD = "unless not_found is a good end, as by status_actions={404: 'skip'}: else it is asked each time"


_NO_ID = "without upsert=True: an update needs the record id, which only a look-up tells"


_STATE_COMPARES = "with state, which compares: only rows that have changed are sent"


_WHOSE = "with lists: the answer to writes by keys does not say which of several equal ones is whose"


_LOOKED_UP = "with key.becomes: where addresses move, all contacts are looked up"


_BY_KEY = "with upsert=True, which writes contacts by their keys"


_STATE_KNOWS = "with state, which knows each row that has changed"


_CHOSEN = "with FromLedger, which sends rows whether they have changed or not"


_NOT_KEPT = "with FromLedger alone: a ledger keeps no columns; give the records again with among=…"


_NO_STATE = "without state, which knows whom this sync has added"


_KEPT = "with FromLedger alone: the ledger has kept the values under the names of their properties"
