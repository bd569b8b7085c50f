# SPDX-License-Identifier: Apache-2.0
"""HTTP: the exchange with the server, the router, and the routes."""
