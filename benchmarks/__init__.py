# SPDX-License-Identifier: Apache-2.0
"""What a sync costs, measured against a local HubSpot and beside other ways to do it."""
