# SPDX-License-Identifier: Apache-2.0
"""From a row of the source to a record: names, values, and what the portal allows."""
