"""Training, of any of the networks."""
