"""Links on a task."""
