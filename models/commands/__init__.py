"""The commands that need a network."""
