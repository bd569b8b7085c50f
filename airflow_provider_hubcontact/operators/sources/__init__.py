# SPDX-License-Identifier: Apache-2.0
"""What a user hands over becomes rows."""
