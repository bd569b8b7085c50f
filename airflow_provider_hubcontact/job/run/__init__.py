# SPDX-License-Identifier: Apache-2.0
"""One try of a job: how it opens, what it looks at first, and how rows are driven through a sync."""
