# SPDX-License-Identifier: Apache-2.0
"""All scenarios."""

from tests.contract.scenario import SCENARIOS
from tests.contract.scenarios import (
    addresses,
    associations,
    batches,
    companies,
    contacts,
    legacy,
    lists,
    others,
    records,
    searches,
    spellings,
)

__all__ = [
    "SCENARIOS",
    "addresses",
    "associations",
    "batches",
    "companies",
    "contacts",
    "legacy",
    "lists",
    "others",
    "records",
    "searches",
    "spellings",
]
