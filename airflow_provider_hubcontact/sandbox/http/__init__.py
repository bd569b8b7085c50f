"""HTTP: the exchange with the server, the router, and the routes."""
