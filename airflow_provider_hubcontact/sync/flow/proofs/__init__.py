"""Compares rows with what HubSpot was proved to have, and keeps the proofs true."""
