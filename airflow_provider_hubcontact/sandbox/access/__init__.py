"""Who may do what, and how often: tokens, OAuth, limits."""
