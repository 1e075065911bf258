"""EGD to tables."""
