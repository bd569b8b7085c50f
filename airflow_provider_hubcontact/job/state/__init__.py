# SPDX-License-Identifier: Apache-2.0
"""What HubSpot was last proved to have, kept between runs."""
