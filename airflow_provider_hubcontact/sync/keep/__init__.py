# SPDX-License-Identifier: Apache-2.0
"""What is kept of a run, and what is told of it."""
