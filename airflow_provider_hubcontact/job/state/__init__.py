"""What HubSpot was last proved to have, kept between runs."""
