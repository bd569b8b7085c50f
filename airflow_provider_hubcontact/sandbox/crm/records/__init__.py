# SPDX-License-Identifier: Apache-2.0
"""The records of one object type: how they are found, checked, written and merged."""
