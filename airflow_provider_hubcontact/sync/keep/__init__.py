"""What is kept of a run, and what is told of it."""
