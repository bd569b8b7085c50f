"""What goes wrong, by a plan. Knows no HTTP."""
