# SPDX-License-Identifier: Apache-2.0
"""The vocabulary of a sync: values, and what a run asks of the outside. Imports nothing else of sync."""
