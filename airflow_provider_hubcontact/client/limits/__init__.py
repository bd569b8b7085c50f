# SPDX-License-Identifier: Apache-2.0
"""How many calls may be made, and when each may start."""
