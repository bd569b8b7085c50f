# SPDX-License-Identifier: Apache-2.0
"""What a run was asked to do: frozen, and checked, each setting by itself and against the others."""
