# SPDX-License-Identifier: Apache-2.0
"""One HTTP exchange: its deadline, what went wrong, and what no text may repeat."""
