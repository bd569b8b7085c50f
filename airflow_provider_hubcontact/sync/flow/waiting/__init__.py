"""Where records wait between two calls, and which of them comes next."""
