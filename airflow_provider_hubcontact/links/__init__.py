# SPDX-License-Identifier: Apache-2.0
"""Links on a task."""
