# SPDX-License-Identifier: Apache-2.0
"""What is checked before a call is spent: the settings against the portal, and each row."""
