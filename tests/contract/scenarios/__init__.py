"""All scenarios."""

from tests.contract.scenario import SCENARIOS
from tests.contract.scenarios import batches, contacts, legacy, lists, others, records, searches

__all__ = ["SCENARIOS", "batches", "contacts", "legacy", "lists", "others", "records", "searches"]
