# SPDX-License-Identifier: Apache-2.0
"""Takes every row through its stations; the only room with threads."""
