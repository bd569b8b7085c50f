"""Where a run's rows come from, and which of them it takes."""
