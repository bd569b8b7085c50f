# SPDX-License-Identifier: Apache-2.0
"""Keys, which identify contacts: their normal form, and which texts cannot be one."""

from __future__ import annotations

import re
from decimal import Decimal

from airflow_provider_hubcontact.sync.rows.values import MAX_DIGITS, MAX_TEXT_LENGTH

EMAIL = "email"


RECORD_ID = "hs_object_id"


SECOND_ADDRESSES = "hs_additional_emails"
"""The property with a contact's further addresses. Each finds the contact, and is nobody else's. Only a new
contact can be given them (contacts guide; a live scenario)."""


MAX_EMAIL_LENGTH = 320
"""Characters of the longest address: 64 before the @, 255 after it (RFC 3696)."""


MAX_ADDRESSES = 98
"""Second addresses of a row: a look-up takes 100 keys, among them the contact's own and its new one."""


MAX_ADDRESSES_NAMED = 5
"""The most addresses that a reason names."""


LARGEST_EXACT_FLOAT = 2**53
"""A float may have lost digits of a larger whole number."""


LOOKALIKES = "\u0130\u212a"
"""The only letters beyond ASCII whose lower case is ASCII: İ, and K for Kelvin."""


ADDRESS = (
    r'^("[^"]+"|[^\s@()<>,;:\\"\[\]]+)@'
    r"(\[[0-9A-Za-z.:]+\]|[^\s@()<>,;:\\\"\[\].]+(\.[^\s@()<>,;:\\\"\[\].]+)+)$"
)
"""Matches all that HubSpot accepts as an address, and some more ("Error handling", INVALID_EMAIL)."""


_ADDRESS = re.compile(ADDRESS)


_USUAL_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII)  # many times faster


_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)


_RECORD_ID = re.compile(r"\d{1,19}", re.ASCII)


_PARTS = re.compile(f"([{LOOKALIKES}])")


def normalized_key(name: str, value: str, *, is_number: bool = False) -> str:
    """Return the normal form of a key, wherever it comes from: a row, HubSpot, a ledger.

    :param name: the property that the key is a value of.
    :param value: the key.
    :param is_number: whether the property holds numbers, so that ``7`` and ``7.0`` are the same key.
    """
    value = value.strip()
    if name == EMAIL:
        return lower_case(value)
    return _normalized_number(value) if is_number or name == RECORD_ID else value


def addresses(text: str) -> tuple[str, ...]:
    """Return the addresses of a text, which has semicolons between them: as keys, each once.

    :param text: a value of :data:`SECOND_ADDRESSES`.
    """
    return tuple(dict.fromkeys(filter(None, (normalized_key(EMAIL, each) for each in text.split(";")))))


def addresses_problem(text: str) -> str | None:
    """Return why a text cannot be the second addresses of a contact; None if it can.

    :param text: with semicolons between the addresses.
    """
    found = addresses(text)
    wrong = [problem for each in found if (problem := key_problem(EMAIL, each))]
    if wrong:
        more = len(wrong) - MAX_ADDRESSES_NAMED
        return "; ".join([*wrong[:MAX_ADDRESSES_NAMED], *([f"and {more:,} more"] if more > 0 else [])])
    if len(found) > MAX_ADDRESSES:
        return f"{len(found):,} second addresses; a row may have at most {MAX_ADDRESSES}"
    return None


def lower_case(address: str) -> str:
    """Return an address in lower case, as HubSpot stores it.

    No letter beyond ASCII becomes an ASCII one, since that could be the address of somebody else. For the
    same reason it is not case-folded, which turns ``ß`` into ``ss``.
    """
    if address.isascii() or not any(letter in address for letter in LOOKALIKES):
        return address.lower()
    return "".join(part if part in LOOKALIKES else part.lower() for part in _PARTS.split(address))


def key_problem(name: str, key: str, *, is_number: bool = False) -> str | None:
    """Return why no contact can have a key.

    :param name: the property that the key is a value of.
    :param key: what :func:`normalized_key` returned.
    :param is_number: whether the property holds numbers.
    :return: None if a contact can have it.
    """
    return text_problem(name, key) or form_problem(name, key, is_number=is_number)


def text_problem(name: str, key: str) -> str | None:
    """Return why a text cannot be a key, whatever its property holds; None if it can."""
    if not key:
        return "the key is empty"
    if not key.isprintable():
        return f"the key has a character that is not printable: {_shorten(key)}"
    limit = MAX_EMAIL_LENGTH if name == EMAIL else MAX_TEXT_LENGTH
    if len(key) > limit:
        return f"the key has {len(key):,} characters; at most {limit:,} are allowed"
    return None


def form_problem(name: str, key: str, *, is_number: bool = False) -> str | None:
    """Return why a key is not a valid value of its property; None if it is."""
    if name == EMAIL:
        return None if _USUAL_ADDRESS.fullmatch(key) else _address_problem(key)
    if not is_number and name != RECORD_ID:
        return None
    if _NUMBER.fullmatch(key) and Decimal(key).as_tuple().exponent > 0:  # type: ignore[operator] # a number of digits has an int
        return f"{_shorten(key)} has lost digits: write the number without exponent"
    if name == RECORD_ID:
        return (
            None
            if _RECORD_ID.fullmatch(key)
            else f"{_shorten(key)} is not a record id, which is a whole number"
        )
    return None if _NUMBER.fullmatch(key) else f"{_shorten(key)} is not a number"


def _address_problem(key: str) -> str | None:
    if not _ADDRESS.fullmatch(key):
        return f"{_shorten(key)} is not an e-mail address"
    if letter := next((each for each in LOOKALIKES if each in key), None):
        return (
            f"{_shorten(key)} has the letter U+{ord(letter):04X}, which HubSpot may read as an ASCII letter"
        )
    return None


def _normalized_number(value: str) -> str:
    if len(value) > MAX_DIGITS or not _NUMBER.fullmatch(value):
        return value
    exact = Decimal(value)
    exponent = exact.as_tuple().exponent
    if not isinstance(exponent, int) or exponent > 0:  # digits are missing, whatever they were
        return value
    if exact == exact.to_integral_value():
        return str(int(exact))
    return format(exact.normalize(), "f")


def _shorten(value: str, length: int = 80) -> str:
    return repr(value if len(value) <= length else value[:length] + "…")
