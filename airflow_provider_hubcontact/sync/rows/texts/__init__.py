# SPDX-License-Identifier: Apache-2.0
"""Reads the texts of a source in the forms that the user describes."""
