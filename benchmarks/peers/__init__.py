# SPDX-License-Identifier: Apache-2.0
"""Other ways to update contacts, each used as its documentation says; a program each, run by ``contest``."""
