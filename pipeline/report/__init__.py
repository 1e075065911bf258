"""Pages to look at: one for a run, and one for each reading, the inspector."""
