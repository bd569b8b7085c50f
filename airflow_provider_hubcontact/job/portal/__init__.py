# SPDX-License-Identifier: Apache-2.0
"""What a run asks of HubSpot: its definitions, and its contacts."""
