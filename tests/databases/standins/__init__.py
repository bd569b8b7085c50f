# SPDX-License-Identifier: Apache-2.0
"""Servers that answer as warehouses do that cannot be run here, below their real drivers."""
