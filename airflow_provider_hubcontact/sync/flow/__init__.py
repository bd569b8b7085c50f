"""Takes every row through its stations; the only room with threads."""
