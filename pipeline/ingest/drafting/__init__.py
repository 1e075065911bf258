"""A first manifest of files that nobody has described: what is guessed, why, and what is asked."""
