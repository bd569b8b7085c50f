# SPDX-License-Identifier: Apache-2.0
"""Who may do what, and how often: tokens, OAuth, limits."""
