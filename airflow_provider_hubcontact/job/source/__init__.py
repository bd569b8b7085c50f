# SPDX-License-Identifier: Apache-2.0
"""Where a run's rows come from, and which of them it takes."""
