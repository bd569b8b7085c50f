# SPDX-License-Identifier: Apache-2.0
"""What becomes of a record: pure functions over frozen values."""
