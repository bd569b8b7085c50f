# SPDX-License-Identifier: Apache-2.0
"""The write modes: what becomes of the value that a contact has, and which properties a mode is for."""

from __future__ import annotations

from typing import NamedTuple, assert_never

from airflow_provider_hubcontact.sync.model.choices import WriteMode
from airflow_provider_hubcontact.sync.rows.comparison import Kind


def written_over(has: str, new: str, mode: WriteMode) -> str:
    """Return what is written over a value; the value itself to leave it as it is.

    HubSpot docs: "Properties" guide, a leading semicolon adds to what is there.

    :param has: the value that the contact has.
    :param new: the value of the record.
    :param mode: of the property.
    """
    match mode:
        case WriteMode.OVERWRITE:
            return new
        case WriteMode.FILL_EMPTY:
            return has
        case WriteMode.APPEND:
            more = [option for option in new.split(";") if option and option not in has.split(";")]
            return f";{';'.join(more)}" if more else has
        case _:
            assert_never(mode)


class Needs(NamedTuple):
    """The properties that a mode is for.

    :param kinds: what their values are.
    :param called: what people call such a property.
    """

    kinds: frozenset[Kind]
    called: str


def needs_of(mode: WriteMode) -> Needs | None:
    """Return which properties a mode is for, as far as their kinds can be read; the preflight refuses others.

    :param mode: of a property.
    :return: None for properties of all kinds.
    """
    match mode:
        case WriteMode.OVERWRITE | WriteMode.FILL_EMPTY:
            return None
        case WriteMode.APPEND:
            return Needs(frozenset({Kind.OPTIONS}), "a multiple-checkbox property")
        case _:
            assert_never(mode)
