# SPDX-License-Identifier: Apache-2.0
"""Compares rows with what HubSpot was proved to have, and keeps the proofs true."""
