# SPDX-License-Identifier: Apache-2.0
"""What a property is, which values it takes, and what every portal has."""
