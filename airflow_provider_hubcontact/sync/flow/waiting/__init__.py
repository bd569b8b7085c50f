# SPDX-License-Identifier: Apache-2.0
"""Where records wait between two calls, and which of them comes next."""
