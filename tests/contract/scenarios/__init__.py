"""All scenarios."""

from tests.contract.scenario import SCENARIOS
from tests.contract.scenarios import batches, contacts, legacy, others, records, searches

__all__ = ["SCENARIOS", "batches", "contacts", "legacy", "others", "records", "searches"]
