# SPDX-License-Identifier: Apache-2.0
"""What holds for every test."""

from __future__ import annotations

from hypothesis import settings

# A slow machine is no failure; pytest-timeout ends what hangs.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")
