"""How many calls may be made, and when each may start."""
