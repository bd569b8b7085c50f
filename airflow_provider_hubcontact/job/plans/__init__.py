"""A plan: its lines, its manifest, and its files."""
