# SPDX-License-Identifier: Apache-2.0
"""What is done about a record on its way: it is looked up, written, read back, put into lists, and ends."""
