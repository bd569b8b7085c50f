# SPDX-License-Identifier: Apache-2.0
"""A plan: its lines, its manifest, and its files."""
