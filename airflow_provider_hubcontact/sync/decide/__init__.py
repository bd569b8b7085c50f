"""What becomes of a record: pure functions over frozen values."""
