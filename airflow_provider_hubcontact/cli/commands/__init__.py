# SPDX-License-Identifier: Apache-2.0
"""The commands: a module each, imported when its command runs, with what it needs."""
