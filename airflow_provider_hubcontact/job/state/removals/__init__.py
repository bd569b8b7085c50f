# SPDX-License-Identifier: Apache-2.0
"""Rows that left the source: their keys, and how many of their contacts may be removed."""
