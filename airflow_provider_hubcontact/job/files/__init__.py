# SPDX-License-Identifier: Apache-2.0
"""Files of a run: those that only their owner may read, and those without a name."""
