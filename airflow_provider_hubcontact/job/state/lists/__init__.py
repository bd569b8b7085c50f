# SPDX-License-Identifier: Apache-2.0
"""Whom this sync has put into lists, and who leaves them."""
