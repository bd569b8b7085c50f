# SPDX-License-Identifier: Apache-2.0
"""The addresses that are blocked, because a record with them was deleted for good.

HubSpot docs: knowledge base (deletion for good).
"""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable, Iterator

from airflow_provider_hubcontact.sandbox.crm.records.pending_writes import PendingWrite
from airflow_provider_hubcontact.sandbox.errors.values import Problem


def digest(address: str) -> str:
    """Return what is kept of an address."""
    return hashlib.sha256(address.lower().encode(errors="replace")).hexdigest()


def problems(draft: PendingWrite, names: Iterable[str], blocked: Container[str]) -> Iterator[Problem]:
    """Yield what is wrong with a draft that adds blocked addresses: a code of imports (S), our texts (U).

    The record may have one already: then another record's with the same address was deleted for good.

    :param draft: the draft.
    :param names: the properties with addresses.
    :param blocked: the digests of the blocked addresses.
    """
    present = draft.record.properties
    for name in names:
        own = present.get(name, "").lower().split(";")
        for address in draft.values.get(name, "").split(";"):
            if address and digest(address) in blocked and address.lower() not in own:
                text = f"{address} was deleted for good, and stays so."
                yield Problem(name, "GDPR_BLACKLISTED_EMAIL", text)
