# SPDX-License-Identifier: Apache-2.0
"""HubSpot's contacts: what they are, and how they change. Knows no HTTP."""
