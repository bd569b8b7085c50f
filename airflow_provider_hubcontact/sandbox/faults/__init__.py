# SPDX-License-Identifier: Apache-2.0
"""What goes wrong, by a plan. Knows no HTTP."""
