# SPDX-License-Identifier: Apache-2.0
"""Contacts that are removed or archived: their rows left the source, a plan says so, or a run is undone."""
