"""Files of a run: those that only their owner may read, and those without a name."""
